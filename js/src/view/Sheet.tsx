/** A panel under the top bar. */
import type { ComponentChildren } from "preact";
import { useApp } from "../app";

export function Sheet(props: { title: string; name: string; children: ComponentChildren }) {
  const { ui } = useApp();
  return (
    <section class="scrub-sheet" aria-label={props.title} data-testid={`panel-${props.name}`}>
      <div class="scrub-sheet-head">
        <h3>{props.title}</h3>
        <button
          type="button"
          class="scrub-button scrub-square"
          aria-label="Close"
          onClick={() => {
            ui.panel.value = null;
          }}
        >
          ✕
        </button>
      </div>
      {props.children}
    </section>
  );
}

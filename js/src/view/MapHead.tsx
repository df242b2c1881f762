/** Over the map: fold it, where new claims go, find, the window, and the menu of the selection. */
import { useApp } from "../app";
import { ROOT } from "../hypothesis";
import { fold, zoomIn, zoomOut } from "../mapActions";
import { plural } from "../text";
import { WHOLE } from "../zoom";
import { Find } from "./Find";
import { openMenu } from "./openMenu";
import { Under } from "./Under";

export function MapHead() {
  const { ui, store, map } = useApp();
  const open = ui.mapOpen.value;
  return (
    <div class={`scrub-section-head${map.many.value ? " scrub-many" : ""}`}>
      <button
        type="button"
        class="scrub-fold"
        aria-expanded={open}
        onClick={() => {
          ui.mapOpen.value = !open;
        }}
      >
        <span aria-hidden="true">{open ? "▾" : "▸"}</span> Model
      </button>
      <Under />
      {open && store.graph.value && (
        <div class="scrub-map-tools">
          <Find />
          <Zoom />
          <More />
        </div>
      )}
      {open && <Folded />}
    </div>
  );
}

function Zoom() {
  const app = useApp();
  const { zoom } = app.map.window.value;
  return (
    <span class="scrub-zoom" role="group" aria-label="Zoom">
      <button
        type="button"
        class="scrub-tool"
        title="Zoom out (key -)"
        aria-label="Zoom out"
        disabled={zoom <= 1}
        onClick={() => zoomOut(app)}
      >
        −
      </button>
      {zoom > 1 && (
        <button
          type="button"
          class="scrub-tool"
          title="Show the whole model"
          data-testid="zoom-reset"
          onClick={() => {
            app.map.window.value = WHOLE;
          }}
        >
          {Math.round(zoom * 100)} %
        </button>
      )}
      <button
        type="button"
        class="scrub-tool"
        title="Zoom in (key +; Ctrl and the wheel)"
        aria-label="Zoom in"
        data-testid="zoom-in"
        onClick={() => zoomIn(app)}
      >
        +
      </button>
    </span>
  );
}

/** "⋯": the menu for those without a right mouse button. */
function More() {
  const app = useApp();
  const { nodes } = app.store.selection.value;
  const what = nodes.length === 0 ? ROOT : plural(nodes.length, "component");
  return (
    <button
      type="button"
      class="scrub-tool"
      data-testid="more"
      title={`Actions for what is selected: ${what} (Shift+F10)`}
      aria-label={`Actions for what is selected: ${what}`}
      aria-haspopup="menu"
      onClick={(e) => openMenu(app, e.currentTarget, null)}
    >
      ⋯
    </button>
  );
}

/** What is folded away is said, in amber, and opens on click. */
function Folded() {
  const app = useApp();
  const folded = [...app.map.folded.value];
  if (folded.length === 0) return null;
  return (
    <button type="button" class="scrub-link scrub-amber" data-testid="unfold" onClick={() => fold(app, folded, false)}>
      {plural(folded.length, "layer")} folded: show
    </button>
  );
}

/** Inline panels under the top bar: export, import, help. */
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { useApp } from "../app";
import { Help } from "./Help";
import { LessonChooser } from "./LessonChooser";
import { PositionsSheet } from "./PositionsSheet";
import { RewriteSheet } from "./RewriteSheet";

export function Panels() {
  const { ui } = useApp();
  switch (ui.panel.value) {
    case "export":
      return <Export />;
    case "import":
      return <Import />;
    case "lesson":
      return <LessonChooser />;
    case "help":
      return (
        <Sheet title="What this is" name="help">
          <Help />
        </Sheet>
      );
    case "rewrite":
      return <RewriteSheet />;
    case "positions":
      return <PositionsSheet />;
    default:
      return null;
  }
}

/** A panel with a title and a way to close it. */
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

function Export() {
  const { ui, store } = useApp();
  const area = useRef<HTMLTextAreaElement>(null);
  const [copied, setCopied] = useState("");
  const text = ui.exported.value;

  const copy = async () => {
    area.current?.select();
    try {
      await navigator.clipboard.writeText(text);
      setCopied("Copied");
    } catch {
      // Pages not served over https have no clipboard: the text is selected, so the keys work.
      setCopied("Selected: press Ctrl+C");
    }
  };
  const download = (event: MouseEvent) => {
    const link = (event.currentTarget as HTMLElement).ownerDocument.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = `${store.task.value?.name ?? "session"}.scrub.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  };

  return (
    <Sheet title="Export JSON" name="export">
      <textarea
        ref={area}
        class="scrub-text"
        data-testid="export-text"
        aria-label="The session as JSON"
        readOnly
        rows={8}
        value={text}
        placeholder="Asking the kernel…"
      />
      <div class="scrub-row">
        <button type="button" class="scrub-button" data-testid="export-copy" disabled={!text} onClick={copy}>
          Copy
        </button>
        <button type="button" class="scrub-button" data-testid="export-download" disabled={!text} onClick={download}>
          Download
        </button>
        <span class="scrub-muted" role="status">
          {copied}
        </span>
      </div>
    </Sheet>
  );
}

function Import() {
  const { actions } = useApp();
  const [text, setText] = useState("");
  return (
    <Sheet title="Import JSON" name="import">
      <textarea
        class="scrub-text"
        data-testid="import-text"
        aria-label="JSON to load"
        rows={8}
        value={text}
        placeholder="Paste what Export wrote, or choose the file. It replaces the hypothesis; Undo brings it back."
        onInput={(e) => setText(e.currentTarget.value)}
      />
      <div class="scrub-row">
        <input
          type="file"
          accept=".json,application/json"
          aria-label="JSON file"
          data-testid="import-file"
          onChange={async (e) => {
            const file = e.currentTarget.files?.[0];
            if (file) setText(await file.text());
          }}
        />
        <button
          type="button"
          class="scrub-button scrub-primary"
          data-testid="import-load"
          disabled={!text.trim()}
          onClick={() => actions.importJson(text)}
        >
          Load
        </button>
      </div>
    </Sheet>
  );
}

/** What can be taken away from a session, each with its size, to copy or to download. */
import { useEffect, useRef, useState } from "preact/hooks";
import { useApp } from "../app";
import { copy, download, sizeWords } from "../files";
import type { FileKind, MadeFile } from "../wire";
import { Sheet } from "./Sheet";

const KINDS: { what: FileKind; name: string; words: string }[] = [
  { what: "json", name: "JSON", words: "The session: claims, settings, history, result. Import reads it" },
  { what: "script", name: "Python script", words: "Makes the hypothesis by hand and prints the same number" },
  {
    what: "page",
    name: "HTML page",
    words: "What you see, in one file that needs no kernel and no network; read-only",
  },
  { what: "figure", name: "Figure", words: "A picture drawn by matplotlib, as widget.figure() gives it" },
];
const FORMATS = ["png", "svg"] as const;

export function Export() {
  const { files } = useApp();
  useEffect(() => {
    for (const { what } of KINDS) files.make({ what });
  }, [files]);
  return (
    <Sheet title="Export" name="export">
      <ul class="scrub-exports">
        {KINDS.map((kind) => (
          <Row key={kind.what} {...kind} />
        ))}
      </ul>
      <Text />
    </Sheet>
  );
}

function Row({ what, name, words }: (typeof KINDS)[number]) {
  const { files } = useApp();
  const [said, setSaid] = useState("");
  const offered = files.offered[what].value;
  const file = typeof offered === "object" ? offered : null;
  const take = async (act: (made: MadeFile) => Promise<boolean> | undefined) => {
    if (file) setSaid((await act(file)) === false ? "No clipboard here: download it" : "");
  };
  return (
    <li class="scrub-export" data-testid={`export-row-${what}`} aria-busy={offered === null}>
      <span class="scrub-export-words">
        <strong>{name}</strong> <span class="scrub-muted">{words}</span>
      </span>
      {what === "figure" && file && <Choice file={file} />}
      <span class="scrub-number scrub-muted" data-testid={`export-size-${what}`}>
        {file ? sizeWords(file.size) : (offered ?? "…")}
      </span>
      <span class="scrub-row">
        <button
          type="button"
          class="scrub-button"
          data-testid={what === "json" ? "export-copy" : `export-copy-${what}`}
          aria-label={`Copy ${name}`}
          disabled={!file}
          onClick={() =>
            take(async (made) => {
              const done = await copy(made);
              if (done) setSaid("Copied");
              return done;
            })
          }
        >
          Copy
        </button>
        <button
          type="button"
          class="scrub-button"
          data-testid={what === "json" ? "export-download" : `export-download-${what}`}
          aria-label={`Download ${name}`}
          disabled={!file}
          onClick={(event) => {
            const button = event.currentTarget;
            take((made) => {
              download(made, button);
              return undefined;
            });
          }}
        >
          Download
        </button>
      </span>
      <span class="scrub-muted" role="status">
        {said}
      </span>
    </li>
  );
}

/** Which figure, in which format. */
function Choice({ file }: { file: MadeFile }) {
  const { files } = useApp();
  const ending = file.filename.slice(file.filename.lastIndexOf(".") + 1);
  const shown = file.figures.find((name) => file.filename.endsWith(`-${name}.${ending}`)) ?? file.figures[0] ?? "";
  const make = (name: string, format: string) =>
    files.make({ what: "figure", name, format: format === "svg" ? "svg" : "png" });
  return (
    <span class="scrub-row">
      <select
        data-testid="export-figure"
        aria-label="Which figure"
        value={shown}
        onChange={(e) => make(e.currentTarget.value, ending)}
      >
        {file.figures.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <select
        data-testid="export-format"
        aria-label="Format"
        value={ending}
        onChange={(e) => make(shown, e.currentTarget.value)}
      >
        {FORMATS.map((format) => (
          <option key={format} value={format}>
            {format.toUpperCase()}
          </option>
        ))}
      </select>
    </span>
  );
}

/** The JSON to look at, and to copy by hand where there is no clipboard. */
function Text() {
  const { files } = useApp();
  const area = useRef<HTMLTextAreaElement>(null);
  const json = files.offered.json.value;
  return (
    <details>
      <summary class="scrub-muted">Show the JSON</summary>
      <textarea
        ref={area}
        class="scrub-text"
        data-testid="export-text"
        aria-label="The session as JSON"
        readOnly
        rows={8}
        value={typeof json === "object" && json ? (json.text ?? "") : ""}
        onFocus={() => area.current?.select()}
      />
    </details>
  );
}

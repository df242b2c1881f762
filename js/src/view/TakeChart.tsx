/** Copy or save a chart as a picture or as its numbers. */
import type { RefObject } from "preact";
import { useRef, useState } from "preact/hooks";
import { useApp } from "../app";
import { pngOf, svgText, type Words } from "../charts/picture";
import { type ChartTable, csvText } from "../charts/table";
import { copyTo, FORMATS, type Format, fileName, save, type Taken } from "../charts/take";

type Props = { name: string; words: Words; table: ChartTable; drawing: RefObject<HTMLElement | null> };

export function TakeChart({ name, words, table, drawing }: Props) {
  const { store } = useApp();
  const [open, setOpen] = useState(false);
  const [told, setTold] = useState<Taken | null>(null);
  const button = useRef<HTMLButtonElement>(null);

  const made = (format: Format): string | Promise<Blob> => {
    const svg = drawing.current?.querySelector("svg");
    if (format === "csv") return csvText(table);
    if (!svg) throw new Error("nothing is drawn");
    const text = svgText(svg as SVGSVGElement, words);
    return format === "svg" ? text : pngOf(text, svg.ownerDocument);
  };
  const take = async (work: () => Promise<Taken>) => {
    try {
      setTold(await work());
    } catch (error) {
      setTold({ ok: false, words: `It could not be made: ${error instanceof Error ? error.message : error}.` });
    }
  };
  const copy = (format: Format) => take(() => copyTo(navigator.clipboard, format, () => made(format)));
  const keep = (format: Format) =>
    take(async () => {
      const page = drawing.current?.ownerDocument ?? document;
      return save(page, fileName(store.task.value?.name ?? "scrub", name), format, await made(format));
    });
  const close = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    setOpen(false);
    button.current?.focus();
  };

  return (
    <>
      <button
        ref={button}
        type="button"
        class="scrub-link"
        aria-expanded={open}
        data-testid={`take-${name}`}
        onClick={() => {
          setOpen(!open);
          setTold(null);
        }}
      >
        copy
      </button>
      {open && (
        <div class="scrub-take" role="group" aria-label={`Copy or save: ${words.title}`} onKeyDown={close}>
          {(["copy", "save"] as const).map((way) => (
            <div key={way} class="scrub-row">
              <span class="scrub-muted">{way === "copy" ? "Copy" : "Save"}</span>
              {FORMATS.map((format) => (
                <button
                  key={format}
                  type="button"
                  class={`scrub-button${way === "save" && told && !told.ok ? " scrub-primary" : ""}`}
                  data-testid={`${way}-${name}-${format}`}
                  aria-label={`${way} as ${format.toUpperCase()}`}
                  onClick={() => (way === "copy" ? copy(format) : keep(format))}
                >
                  {format.toUpperCase()}
                </button>
              ))}
            </div>
          ))}
          <p class="scrub-muted" role="status" data-testid={`told-${name}`}>
            {told?.words}
          </p>
        </div>
      )}
    </>
  );
}

/** Inputs of a preview, token by token: outlined what the rule reads, underlined what differs from the reference. */
import { useApp } from "../app";
import { visible } from "../text";
import type { Preview, PreviewExample } from "../wire";

export function PreviewExamples({ preview }: { preview: Preview }) {
  const { previews } = useApp();
  const { reference, same, other, at, n } = preview;
  const turn = (by: number) => previews.turn((reference.index + by + n) % Math.max(n, 1));
  return (
    <div class="scrub-examples">
      <div class="scrub-example-head">
        <span class="scrub-label">Reference</span>
        <span class="scrub-muted">class {visible(reference.label)}</span>
        <span class="scrub-turn">
          <button
            type="button"
            class="scrub-mini"
            data-testid="preview-previous"
            aria-label="Previous reference"
            title="Previous reference"
            onClick={() => turn(-1)}
          >
            ‹
          </button>
          <button
            type="button"
            class="scrub-mini"
            data-testid="preview-next"
            aria-label="Next reference"
            title="Next reference"
            onClick={() => turn(1)}
          >
            ›
          </button>
        </span>
      </div>
      <Tokens example={reference} reference={null} at={at} testid="preview-reference" />
      <div class="scrub-example-head">
        <span class="scrub-label">{same.length > 0 ? "May be swapped in" : "No other input has this class"}</span>
      </div>
      {same.map((example, i) => (
        <Tokens key={example.index} example={example} reference={reference} at={at} testid={`preview-same-${i}`} />
      ))}
      {other && (
        <>
          <div class="scrub-example-head">
            <span class="scrub-label">Never swapped in</span>
            <span class="scrub-muted">class {visible(other.label)}</span>
          </div>
          <Tokens example={other} reference={reference} at={at} testid="preview-other" />
        </>
      )}
      <p class="scrub-muted scrub-reading" data-testid="preview-way">
        {wayWords(preview)}
      </p>
    </div>
  );
}

/** What the outline means, and how it is known. */
export function wayWords({ way, reference, same, other }: Preview): string {
  const any = [reference, ...same, ...(other ? [other] : [])].some((e) => e.reads.length > 0);
  const differs = "Underlined: differs from the reference.";
  if (way === "unknown") return `What this function reads was not found: it raises on changed inputs. ${differs}`;
  if (!any && way === "swapped") return `No single token of these inputs changes the label when swapped. ${differs}`;
  if (!any) return `The rule reads none of the tokens here. ${differs}`;
  const outlined =
    way === "known" ? "what the rule reads" : "tokens that change the label when swapped for another input's";
  return `Outlined: ${outlined}. ${differs}`;
}

const WINDOW = 32;

export function Tokens(props: {
  example: Pick<PreviewExample, "index" | "tokens"> & Partial<PreviewExample>;
  reference: Pick<PreviewExample, "tokens"> | null;
  at: number | null;
  testid?: string;
}) {
  const { example, reference, at, testid } = props;
  const { tokens, reads = [] } = example;
  const middle = at ?? reads[0] ?? 0;
  const from = tokens.length <= WINDOW ? 0 : Math.min(Math.max(0, middle - WINDOW / 2), tokens.length - WINDOW);
  const part = tokens.slice(from, from + WINDOW);
  const spoken = reads.map((p) => `${tokens[p] ?? ""} at ${p}`).join(", ");
  return (
    <div class="scrub-example" data-testid={testid} title={example.label ? `class ${example.label}` : undefined}>
      <span class="scrub-muted scrub-number">#{example.index}</span>
      <p class="scrub-tokens">
        {from > 0 && <span class="scrub-muted">…</span>}
        {part.map((token, i) => {
          const equal = reference === null || reference.tokens[from + i] === token;
          const read = reads.includes(from + i);
          return (
            <span
              key={i}
              class={`scrub-token${equal ? "" : " scrub-differs"}${read ? " scrub-read" : ""}${from + i === at ? " scrub-at" : ""}`}
              data-read={read || undefined}
              title={`position ${from + i}`}
            >
              {visible(token)}
            </span>
          );
        })}
        {from + WINDOW < tokens.length && <span class="scrub-muted">…</span>}
        {spoken && <span class="scrub-hidden">; read: {spoken}</span>}
      </p>
    </div>
  );
}

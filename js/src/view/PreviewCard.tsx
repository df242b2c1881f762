/** What a rule would swap: its classes in numbers, and inputs that it holds equal. */
import { useApp } from "../app";
import type { RuleFace } from "../rules";
import { count, fixed, percent, plural, visible } from "../text";
import type { Preview, PreviewExample, RuleInfo } from "../wire";
import { Swatch } from "./Swatch";

export function PreviewCard({ rule, face }: { rule: RuleInfo; face: RuleFace }) {
  const { previews } = useApp();
  const shown = previews.shown.value;
  const fits = shown?.rule === rule.name;
  return (
    <section
      class="scrub-card scrub-preview"
      aria-label={`Preview of the rule ${rule.name}`}
      data-testid="preview"
      data-rule={fits && shown.data ? rule.name : ""}
      aria-busy={!fits || shown.waiting}
    >
      <div class="scrub-card-head">
        <Swatch face={face} />
        <span>
          <strong>{rule.name}</strong>
          <br />
          <span class="scrub-muted">{rule.doc}</span>
        </span>
      </div>
      {fits && shown.problem && <p class="scrub-tip-problem">{shown.problem}</p>}
      {fits && shown.data && <Facts preview={shown.data} hue={face.hue} />}
    </section>
  );
}

function Facts({ preview, hue }: { preview: Preview; hue: string | null }) {
  return (
    <>
      <div class="scrub-stats">
        <Stat name={preview.k === 1 ? "class" : "classes"} value={count(preview.k)} testid="preview-k" />
        <Stat name="smallest" value={count(preview.smallest)} />
        <Stat
          name="alone in class"
          value={percent(preview.singletons)}
          title="Inputs that are the only one of their class"
        />
        <Stat
          name="draws itself"
          value={percent(preview.self)}
          testid="preview-self"
          title="How often a draw gives the same input back: classes / inputs"
        />
        <Stat name="bits kept" value={fixed(preview.bits, 2)} title="Entropy of the classes" />
      </div>
      <Sizes preview={preview} hue={hue} />
      {preview.same_partition_as.length > 0 && (
        <p class="scrub-muted">
          Same partition as {preview.same_partition_as.join(", ")}: a run cannot tell them apart.
        </p>
      )}
      {preview.notes.map((note) => (
        <p key={note} class="scrub-note">
          {note}
        </p>
      ))}
      <Examples preview={preview} />
    </>
  );
}

function Stat(props: { name: string; value: string; testid?: string; title?: string }) {
  return (
    <div title={props.title}>
      <b data-testid={props.testid}>{props.value}</b> <span>{props.name}</span>
    </div>
  );
}

const BAR = 11;

function Sizes({ preview, hue }: { preview: Preview; hue: string | null }) {
  const { sizes, k } = preview;
  const largest = sizes[0] ?? 1;
  const rest = k - sizes.length;
  return (
    <div class="scrub-sizes">
      <svg
        width={Math.max(sizes.length, 1) * BAR}
        height="34"
        role="img"
        aria-label={`Class sizes, largest first: ${sizes.slice(0, 8).join(", ")}${sizes.length > 8 ? " and more" : ""}`}
      >
        {sizes.map((size, i) => {
          const h = Math.max(1.5, (size / largest) * 33);
          return (
            <rect
              key={i}
              class="scrub-size"
              style={hue ? { fill: hue } : undefined}
              x={i * BAR}
              y={34 - h}
              width={BAR - 2}
              height={h}
            />
          );
        })}
      </svg>
      <span class="scrub-muted">
        {`class sizes, largest ${count(largest)}`}
        {rest > 0 ? `; ${plural(rest, "more class", "more classes")}` : ""}
        {preview.at !== null ? `; at position ${preview.at}` : ""}
      </span>
    </div>
  );
}

function Examples({ preview }: { preview: Preview }) {
  const { previews } = useApp();
  const { reference, same, other, at } = preview;
  const next = () => previews.want(preview.rule, (reference.index + 1) % Math.max(preview.n, 1));
  return (
    <div class="scrub-examples">
      <div class="scrub-example-head">
        <span class="scrub-label">Reference</span>
        <span class="scrub-muted">class {reference.label}</span>
        <button type="button" class="scrub-link" data-testid="preview-next" onClick={next}>
          another
        </button>
      </div>
      <Tokens example={reference} reference={null} at={at} />
      <div class="scrub-example-head">
        <span class="scrub-label">{same.length > 0 ? "May be swapped in" : "No other input has this class"}</span>
      </div>
      {same.map((example) => (
        <Tokens key={example.index} example={example} reference={reference} at={at} />
      ))}
      {other && (
        <>
          <div class="scrub-example-head">
            <span class="scrub-label">Never swapped in</span>
            <span class="scrub-muted">class {other.label}</span>
          </div>
          <Tokens example={other} reference={reference} at={at} />
        </>
      )}
    </div>
  );
}

const WINDOW = 32;

/** Tokens as chips. The position that the rule reads is outlined; tokens equal to the reference's there stand out. */
function Tokens(props: { example: PreviewExample; reference: PreviewExample | null; at: number | null }) {
  const { example, reference, at } = props;
  const { tokens } = example;
  const from =
    tokens.length <= WINDOW || at === null ? 0 : Math.min(Math.max(0, at - WINDOW / 2), tokens.length - WINDOW);
  const part = tokens.slice(from, from + WINDOW);
  return (
    <div class="scrub-example" title={`Input ${example.index}, class ${example.label}`}>
      <span class="scrub-muted scrub-number">#{example.index}</span>
      <p class="scrub-tokens">
        {from > 0 && <span class="scrub-muted">…</span>}
        {part.map((token, i) => {
          const equal = reference === null || reference.tokens[from + i] === token;
          return (
            <span key={i} class={`scrub-token${equal ? "" : " scrub-differs"}${from + i === at ? " scrub-at" : ""}`}>
              {visible(token)}
            </span>
          );
        })}
        {from + WINDOW < tokens.length && <span class="scrub-muted">…</span>}
      </p>
    </div>
  );
}

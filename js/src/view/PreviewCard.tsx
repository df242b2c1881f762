/** What a rule would swap: its classes in numbers, and inputs that it holds equal. */
import type { ComponentChildren } from "preact";
import { useApp } from "../app";
import { type RuleFace, ruleFace } from "../rules";
import { count, fixed, percent, plural } from "../text";
import type { Preview } from "../wire";
import { PreviewExamples } from "./PreviewExamples";
import { Swatch } from "./Swatch";

type Props = { rule: string; title: string; doc: string; face: RuleFace; children?: ComponentChildren };

/** `rule`: what was asked for; `children`: what can be done with it. */
export function PreviewCard({ rule, title, doc, face, children }: Props) {
  const { previews } = useApp();
  const shown = previews.shown.value;
  const fits = shown?.rule === rule;
  return (
    <section
      class="scrub-card scrub-preview"
      aria-label={`Preview of the rule ${title}`}
      data-testid="preview"
      data-rule={fits && shown.data && !shown.waiting ? title : ""}
      aria-busy={!fits || shown.waiting}
    >
      <div class="scrub-card-head">
        <Swatch face={face} />
        <span>
          <strong>{title}</strong>
          <br />
          <span class="scrub-muted">{doc}</span>
        </span>
        {children}
      </div>
      {fits && shown.problem && (
        <p class="scrub-note" role="alert" data-testid="preview-problem">
          {shown.problem}
        </p>
      )}
      {fits && shown.data && !shown.problem && <Facts preview={shown.data} face={face} />}
    </section>
  );
}

function Facts({ preview, face }: { preview: Preview; face: RuleFace }) {
  const { k, matches, n, same_partition_as, notes } = preview;
  return (
    <>
      {matches !== null && (
        <p data-testid="preview-matches">
          Found in <b>{count(matches)}</b> of {plural(n, "input")}
          {matches < n ? "; the others are one class, “no match”." : "."}
        </p>
      )}
      <Stats preview={preview} />
      <Sizes preview={preview} hue={face.hue} />
      {same_partition_as.length > 0 && <Twins names={same_partition_as} k={k} />}
      {notes.map((note) => (
        <p key={note} class="scrub-note" data-testid="preview-note">
          {note}
        </p>
      ))}
      <PreviewExamples preview={preview} />
    </>
  );
}

function Stats({ preview }: { preview: Preview }) {
  const { n, k, at, back, chain, any_label, same_label } = preview;
  const where = at === null ? "" : `, at position ${at}`;
  return (
    <div class="scrub-stats">
      <Stat name={k === 1 ? "class" : "classes"} value={count(k)} testid="preview-k" title={`K${where}`} />
      <Stat name="smallest" value={count(preview.smallest)} testid="preview-smallest" title={`Inputs in it${where}`} />
      <Stat
        name="alone in class"
        value={percent(preview.singletons)}
        testid="preview-singletons"
        title="Inputs that are the only one of their class: they are never swapped"
      />
      <Stat
        name="draws itself"
        value={percent(preview.self)}
        testid="preview-self"
        title={`How often a draw gives the same input back: classes / inputs, here of ${plural(n, "input")}. References and donors come from the same inputs, when a number is confirmed from the held-out ones.`}
      />
      {back !== null && (
        <Stat
          name="back at reference"
          value={percent(back)}
          testid="preview-back"
          title={`How often the donor is the reference itself under the claims above (${chain.join(", then ")}), from 20 000 simulated draws`}
        />
      )}
      {same_label !== null && (
        <Stat
          name="same answer"
          value={percent(same_label)}
          testid="preview-label"
          title={`How often a draw has the reference's right answer, itself included; any input: ${percent(any_label)}`}
        />
      )}
      <Stat
        name="bits kept"
        value={fixed(preview.bits, 2)}
        testid="preview-bits"
        title="Entropy of the classes: what a draw must keep of its input"
      />
    </div>
  );
}

function Stat(props: { name: string; value: string; testid: string; title: string }) {
  return (
    <div title={props.title}>
      <b data-testid={props.testid}>{props.value}</b> <span>{props.name}</span>
    </div>
  );
}

function Twins({ names, k }: { names: string[]; k: number }) {
  const { store } = useApp();
  const rules = store.task.value?.rules ?? [];
  return (
    <p class="scrub-muted scrub-twins" data-testid="preview-twins">
      Same partition as{" "}
      {names.map((name) => (
        <span key={name} class="scrub-inline">
          <Swatch face={ruleFace(rules, name)} /> {name}
        </span>
      ))}
      {k > 1 ? ": no run can tell them apart." : ": all inputs are alike."}
    </p>
  );
}

const BAR = 11;
const NAMED = 6;

function Sizes({ preview, hue }: { preview: Preview; hue: string | null }) {
  const { sizes, k, at } = preview;
  const largest = sizes[0] ?? 1;
  const rest = k - Math.min(sizes.length, NAMED);
  const words = sizes.slice(0, NAMED).map(count).join(", ");
  return (
    <div class="scrub-sizes">
      <svg width={Math.max(sizes.length, 1) * BAR} height="34" aria-hidden="true">
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
        {k === 1 ? "class size " : "class sizes "}
        <span data-testid="preview-sizes">{words}</span>
        {rest > 0 ? ` and ${plural(rest, "smaller one")}` : ""}
        {at !== null ? `; at position ${at}` : ""}
      </span>
    </div>
  );
}

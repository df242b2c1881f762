/** The sheet in which a component is written as parts, or put together again. */
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app";
import { componentWords } from "../graph";
import { partName, rewriteSpec, splitOf, WAYS, type Way, type WayFields, waysOf } from "../rewriting";
import type { RewriteSpec, Rewriting } from "../wire";
import { RewriteFacts } from "./RewriteFacts";
import { RewriteFields } from "./RewriteFields";
import { Sheet } from "./Sheet";
import { Unsplit } from "./Unsplit";

const WAIT_MS = 300;

export function RewriteSheet() {
  const { store } = useApp();
  const graph = store.graph.value;
  const [chosen] = store.selection.value.nodes;
  const component = graph?.components.find((c) => c.id === chosen);
  const split = graph && chosen ? splitOf(graph, chosen) : null;
  return (
    <Sheet title="Rewrite a component" name="rewrite">
      {!graph || !chosen || (!component && !split) ? (
        <p class="scrub-muted">Select one component in the map: it can then be written as parts.</p>
      ) : (
        <div class="scrub-rewrite" key={chosen}>
          {split && <Unsplit key={split.component} component={split.component} parts={split.parts} />}
          {component && <Write component={chosen} />}
        </div>
      )}
    </Sheet>
  );
}

const START: WayFields = {
  ...{ way: "pca", name: "", first: "", second: "", k: "1", rule: "", a: "", b: "", vector: "", neurons: "" },
};

function Write({ component }: { component: string }) {
  const { store, ui, actions } = useApp();
  const index = store.index.value;
  const rules = store.task.value?.rules ?? [];
  const [fields, setFields] = useState<WayFields>(() => ({ ...START, rule: rules[2]?.name ?? rules[0]?.name ?? "" }));
  const [known, setKnown] = useState<Rewriting | null>(null);
  const [waiting, setWaiting] = useState(false);
  const [refused, setRefused] = useState("");
  const spec = rewriteSpec(component, fields);
  const ready = typeof spec !== "string";
  const asked = JSON.stringify([component, fields.way === "means" ? fields.rule : null, ready ? spec : null]);
  const rev = store.state.value?.rev;
  useEffect(() => {
    setRefused("");
    setWaiting(true);
    let newest = true;
    const [, rule, wanted] = JSON.parse(asked) as [string, string | null, RewriteSpec | null];
    const timer = setTimeout(() => {
      store.requests.send({ kind: "rewriting", component, rule, spec: wanted }, (answer) => {
        if (!newest) return;
        setWaiting(false);
        if (answer.kind === "rewriting") setKnown(answer);
        if (answer.kind === "rejected") setRefused(answer.message);
      });
    }, WAIT_MS);
    return () => {
      newest = false;
      clearTimeout(timer);
    };
  }, [asked, rev]);
  const ways = waysOf(known);
  const facts = waiting ? null : (known?.facts ?? null);
  const problem = refused || (waiting ? "" : (known?.problem ?? ""));
  const set = (change: Partial<WayFields>) => setFields({ ...fields, ...change });
  const make = () => {
    if (!ready) return;
    const close = () => {
      ui.panel.value = null;
    };
    actions.make({ op: "rewrite", spec }, close, setRefused);
  };
  return (
    <form
      class="scrub-rewrite-write"
      onSubmit={(e) => {
        e.preventDefault();
        make();
      }}
    >
      <p>
        Write <strong>{component}</strong>
        {index && <span class="scrub-muted"> ({componentWords(index, component)})</span>} as
      </p>
      <div class="scrub-segments scrub-ways" role="group" aria-label="Which part to take out">
        {WAYS.filter(([way]) => ways.includes(way)).map(([way, label, title]) => (
          <button
            key={way}
            type="button"
            class="scrub-segment"
            data-testid={`way-${way}`}
            aria-pressed={fields.way === way}
            title={title}
            onClick={() => set({ way: way as Way })}
          >
            {label}
          </button>
        ))}
      </div>
      <RewriteFields fields={fields} set={set} known={known} rules={rules} />
      <div class="scrub-row">
        <label class="scrub-field">
          <span>name of the part</span>
          <input
            data-testid="part-name"
            value={fields.name}
            placeholder={partName(fields)}
            onInput={(e) => set({ name: e.currentTarget.value })}
          />
        </label>
        <p class="scrub-sum">
          {component} = <b>{`${component}[${partName(fields)}]`}</b> + <b>{`${component}[rest]`}</b>
        </p>
      </div>
      {!ready && <p class="scrub-muted">{spec}</p>}
      {problem && (
        <p class="scrub-note" role="alert" data-testid="rewrite-problem">
          {problem}
        </p>
      )}
      {ready && !problem && <RewriteFacts facts={facts} />}
      <div class="scrub-row">
        <button
          type="submit"
          class="scrub-button scrub-primary"
          data-testid="rewrite-make"
          disabled={!ready || problem !== "" || facts === null}
          title="One step; Undo takes it back"
        >
          Rewrite {component}
        </button>
      </div>
    </form>
  );
}

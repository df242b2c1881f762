/** The Sample tab: one example of the shown result, what came out, and what each node saw. */
import { useApp } from "../app";
import { isFunctions } from "../graph";
import { feeding, rowWords } from "../sources";
import { count, lossWords, nats, percent, plural, visible } from "../text";
import type { Output, Outputs, Sample as SampleShape } from "../wire";
import { Attention } from "./Attention";
import { Chips } from "./Chips";
import { freshness } from "./RecoveredBar";
import { SampleTree } from "./SampleTree";

export function Sample() {
  const { store, samples } = useApp();
  const state = samples.shown.value;
  const result = store.result.value;
  const phase = store.status.value?.phase ?? "idle";
  const problem = samples.problem.value;
  if (!state)
    return (
      <div class="scrub-sample" data-testid="sample" data-fresh="none">
        <p class="scrub-muted" data-testid="no-sample">
          {problem ??
            (store.readOnly
              ? "This page keeps no examples."
              : phase === "running"
                ? "Measuring: examples can be opened when the run is done."
                : result?.complete
                  ? "Asking the kernel…"
                  : "No result yet. Press Run; then every example can be opened here.")}
        </p>
      </div>
    );
  const fresh = result && state.rev === result.rev ? freshness(result, store.state.value?.rev ?? 0, phase) : "stale";
  const { sample } = state;
  return (
    <div
      class="scrub-sample"
      data-testid="sample"
      data-fresh={fresh}
      data-example={sample.example}
      data-rev={state.rev}
    >
      <Chooser />
      {fresh === "stale" && (
        <p data-testid="sample-stale">
          <span class="scrub-badge scrub-badge-stale">stale</span> This example belongs to the result before your last
          edit.
        </p>
      )}
      {problem && (
        <p class="scrub-note" role="alert" data-testid="sample-problem">
          {problem}
        </p>
      )}
      <Reference />
      <CameOut outputs={state.outputs} losses={sample.losses} />
      <SampleTree sample={sample} />
      <Attention />
    </div>
  );
}

/** Which example: by number, one after the other, or by what scrubbing does to it. */
function Chooser() {
  const { samples, ui, store } = useApp();
  const example = samples.shown.value?.sample.example ?? 0;
  const n = samples.count.value;
  const kept = samples.kept.value;
  const brushed = ui.brushed.value?.length ?? 0;
  const link = (name: string, label: string, title: string, act: () => void, off = false) => (
    <button type="button" class="scrub-mini" data-testid={`sample-${name}`} title={title} disabled={off} onClick={act}>
      {label}
    </button>
  );
  return (
    <div class="scrub-row scrub-example-chooser">
      <span class="scrub-beside">
        <span class="scrub-label">Example</span>
        {kept ? (
          <select
            class="scrub-pick"
            data-testid="sample-number"
            aria-label="Example"
            value={String(example)}
            onChange={(e) => samples.open(Number(e.currentTarget.value))}
          >
            {kept.map((i) => (
              <option key={i} value={String(i)}>
                {i}
              </option>
            ))}
          </select>
        ) : (
          <input
            class="scrub-pick"
            type="number"
            min={0}
            max={Math.max(n - 1, 0)}
            data-testid="sample-number"
            aria-label="Example"
            value={example}
            onChange={(e) => {
              const wished = Number(e.currentTarget.value);
              if (Number.isInteger(wished) && wished >= 0 && wished < n) samples.open(wished);
              else e.currentTarget.value = String(example);
            }}
          />
        )}
        <span class="scrub-muted">
          {kept ? `of the ${kept.length} kept of ${count(n)}` : `of 0 to ${count(n - 1)}`}
        </span>
      </span>
      <span class="scrub-beside">
        <button
          type="button"
          class="scrub-button scrub-square"
          data-testid="sample-previous"
          aria-label="Previous example"
          onClick={() => samples.step(-1)}
        >
          ‹
        </button>
        <button
          type="button"
          class="scrub-button scrub-square"
          data-testid="sample-next"
          aria-label="Next example"
          onClick={() => samples.step(1)}
        >
          ›
        </button>
      </span>
      {link("random", "random", "Any example", () => samples.random())}
      {store.examples.value && (
        <>
          {link("worst", "worst", "Where scrubbing raises the loss most", () => samples.extreme("worst"))}
          {link("improved", "most improved", "Where scrubbing lowers the loss most", () => samples.extreme("improved"))}
        </>
      )}
      {brushed > 0 &&
        link("brushed", `next of ${brushed} brushed`, "The next one brushed in the chart", () => samples.nextBrushed())}
    </div>
  );
}

/** The reference's tokens, underlined by what feeds the node under the pointer or the focus. */
function Reference() {
  const { samples, store } = useApp();
  const sample = samples.shown.value?.sample;
  if (!sample) return null;
  const wished = samples.node.value;
  const row = sample.rows.find((r) => r.id === wished);
  const node = row ? row.id : "logits";
  const marks = sample.tokens.length > 0 ? feeding(sample, node) : [];
  const what = row ? rowWords(row) : "the output";
  return (
    <section class="scrub-reference" aria-label="Reference input">
      <div class="scrub-example-head">
        <span class="scrub-label scrub-nowrap">Reference: input #{sample.reference}</span>
        {store.index.value && !isFunctions(store.index.value.graph) && <Position sample={sample} />}
      </div>
      <p class="scrub-muted" data-testid="sample-feeds" data-node={node}>
        underlined: what feeds <strong>{what}</strong> at each position
      </p>
      <Chips
        tokens={sample.tokens}
        marks={marks}
        at={sample.at}
        label={`Tokens of the reference, and what feeds ${what} at each`}
        testid="sample-tokens"
        {...(samples.kept.value ? {} : { onPick: (p: number) => samples.at(p) })}
      />
    </section>
  );
}

/** The position that is looked at: of draws by position, and of the output where the loss reads several. */
function Position({ sample }: { sample: SampleShape }) {
  const { samples } = useApp();
  return (
    <label class="scrub-beside scrub-muted">
      position
      <select
        class="scrub-pick"
        data-testid="sample-at"
        disabled={samples.kept.value !== null}
        value={String(sample.at)}
        onChange={(e) => samples.at(Number(e.currentTarget.value))}
      >
        {sample.tokens.map((token, p) => (
          <option key={p} value={String(p)}>
            {p} {visible(token)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Loss and likeliest tokens, clean, scrubbed and, after redrawing, of this example only. */
function CameOut({ outputs, losses }: { outputs: Outputs | null; losses: number[] }) {
  const { store, samples } = useApp();
  const unit = store.task.value?.unit ?? "";
  const sample = samples.shown.value?.sample;
  if (!sample) return null;
  const again = Object.values(sample.again).some((times) => times > 0);
  const columns: [string, Output | null, number | null][] = [
    ["clean", outputs?.clean ?? null, losses[0] ?? null],
    ["scrubbed", outputs?.scrubbed ?? null, losses[1] ?? null],
  ];
  if (again) columns.push(["redrawn", outputs?.redrawn ?? null, outputs?.redrawn?.loss ?? null]);
  const rows = Math.max(0, ...columns.map(([, o]) => o?.top.length ?? 0));
  const values = columns.some(([, o]) => (o?.value.length ?? 0) > 0);
  const answer = outputs && sample.tokens.length > 1 ? ` after position ${outputs.position}` : "";
  return (
    <section class="scrub-came-out" aria-label="What came out" aria-busy={samples.waiting.value}>
      <table class="scrub-table scrub-outputs" data-testid="sample-outputs">
        <thead>
          <tr>
            <th scope="col">
              <span class="scrub-hidden">What came out</span>
            </th>
            {columns.map(([name]) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">{lossWords(unit)}</th>
            {columns.map(([name, , loss]) => (
              <td key={name} data-testid={`sample-loss-${name}`}>
                {nats(loss)}
              </td>
            ))}
          </tr>
          {values && (
            <tr>
              <th scope="row">output</th>
              {columns.map(([name, o]) => (
                <td key={name} data-testid={`sample-value-${name}`}>
                  {(o?.value ?? []).map((v) => nats(v)).join(", ")}
                </td>
              ))}
            </tr>
          )}
          {Array.from({ length: rows }, (_, i) => (
            <tr key={i}>
              <th scope="row">{i === 0 ? `likeliest${answer}` : <span class="scrub-hidden">number {i + 1}</span>}</th>
              {columns.map(([name, o]) => {
                const guess = o?.top[i];
                return (
                  <td key={name} data-testid={`sample-top-${name}-${i}`}>
                    {guess && (
                      <span class="scrub-guess" style={{ "--scrub-share": guess.probability }}>
                        <span class="scrub-token">{visible(guess.text)}</span> {percent(guess.probability, 1)}
                      </span>
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {samples.waiting.value && (
        <p class="scrub-muted" data-testid="sample-waiting">
          {store.status.value?.phase === "running" ? "Waiting for the run to finish a chunk…" : "Asking the kernel…"}
        </p>
      )}
      {again && (
        <p class="scrub-note" role="status" data-testid="sample-only">
          Redrawn, this example only; the score above is unchanged ({plural(Object.keys(sample.again).length, "draw")}{" "}
          drawn again).{" "}
          <button type="button" class="scrub-link" data-testid="sample-reset" onClick={() => samples.reset()}>
            back to the draws of the run
          </button>
        </p>
      )}
    </section>
  );
}

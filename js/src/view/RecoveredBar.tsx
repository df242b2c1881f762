/** The readout that is always in sight: loss recovered, between the baseline and the untouched model. */
import { useApp } from "../app";
import type { ChartTable } from "../charts/table";
import { count, nats, percent, percentBounds, plural } from "../text";
import { nullWords, spokenNull } from "../trust";
import type { Confirmed, Result } from "../wire";
import { Chart } from "./Chart";
import { ConfirmLine } from "./Confirm";
import { EmptyAxis, RawLosses, RecoveredAxis } from "./RecoveredAxis";
import { Warnings } from "./Warnings";

export type Freshness = "none" | "stale" | "running" | "fresh";

export function freshness(result: Result | null, rev: number, phase: string): Freshness {
  if (!result) return phase === "running" ? "running" : "none";
  if (result.rev < rev) return "stale";
  return result.complete ? "fresh" : phase === "running" ? "running" : "fresh";
}

const CHECKING =
  "Some checks, and what meaningless rules would recover, need runs of their own: they follow while nothing else runs";

export function RecoveredBar() {
  const { store } = useApp();
  const result = store.result.value;
  const phase = store.status.value?.phase ?? "loading";
  const fresh = freshness(result, store.state.value?.rev ?? 0, phase);
  return (
    <section class="scrub-recovered" data-fresh={fresh} aria-label="Loss recovered">
      <div class="scrub-readout">
        <span class="scrub-label">
          Loss recovered <Badge result={result} fresh={fresh} />
        </span>
        <Value result={result} fresh={fresh} />
        <span class="scrub-muted">{result ? <Terms result={result} /> : "not measured yet"}</span>
        {result?.above_null && (
          <span class="scrub-muted" data-testid="above-null">
            {nullWords(result)}
          </span>
        )}
        {result?.complete && !result.checked && fresh === "fresh" && (
          <span class="scrub-muted" data-testid="checking" title={CHECKING}>
            not all checks are in yet
          </span>
        )}
        <ConfirmLine />
      </div>
      <div class="scrub-bar" data-testid="bar-recovered">
        <Bar result={result} stale={fresh === "stale"} />
      </div>
      {result && <Warnings result={result} />}
    </section>
  );
}

function Badge({ result, fresh }: { result: Result | null; fresh: Freshness }) {
  if (fresh === "stale")
    return (
      <span
        class="scrub-badge scrub-badge-stale"
        data-testid="stale"
        title="The hypothesis or a setting has changed since"
      >
        stale
      </span>
    );
  if (fresh === "running") return <span class="scrub-badge">measuring</span>;
  if (result && !result.complete) return <span class="scrub-badge">stopped early</span>;
  return null;
}

function Value({ result, fresh }: { result: Result | null; fresh: Freshness }) {
  if (!result)
    return (
      <output class="scrub-value" data-testid="value-recovered">
        {fresh === "running" ? "…" : "–"}
      </output>
    );
  if (result.recovered.value === null)
    return (
      <output class="scrub-value scrub-value-words" data-testid="value-recovered">
        the baseline gap is not resolved
      </output>
    );
  return (
    <output class="scrub-value" data-testid="value-recovered">
      {percent(result.recovered.value)} <small>{percentBounds(result.recovered)}</small>
    </output>
  );
}

function Terms({ result }: { result: Result }) {
  const of = result.n < result.samples ? `${count(result.n)} of ${count(result.samples)} samples` : "";
  return <>{[of || plural(result.n, "sample"), `seed ${result.seed}`, "95 % interval"].join(" · ")}</>;
}

/** The bar in its frame; before the first result only what its two ends mean. */
function Bar({ result, stale }: { result: Result | null; stale: boolean }) {
  const { store } = useApp();
  const unit = store.task.value?.unit ?? "";
  if (!result)
    return (
      <Chart name="recovered" title="Loss recovered" says="Not measured yet" table={{ head: [], rows: [] }} quiet>
        {(width) => <EmptyAxis width={width} />}
      </Chart>
    );
  const confirmed = confirmedOf(store.confirm.value);
  const resolved = result.recovered.value !== null;
  const said = resolved
    ? `Loss recovered ${percent(result.recovered.value)}, 95 percent interval ${percentBounds(result.recovered)}${spokenNull(result.null)}`
    : (["baseline", "scrubbed", "model"] as const).map((k) => `${k} loss ${nats(result.loss[k].value)}`).join(", ");
  const says = stale ? `${said}; stale: the hypothesis has changed since` : said;
  return (
    <Chart name="recovered" title="Loss recovered" says={says} table={tableOf(result, confirmed, unit)} quiet>
      {(width) =>
        resolved ? (
          <RecoveredAxis {...{ result, confirmed, unit, width, says }} />
        ) : (
          <RawLosses {...{ loss: result.loss, unit, width, says }} />
        )
      }
    </Chart>
  );
}

/** The confirmed number of the present hypothesis. */
function confirmedOf(confirm: { present: number | null; recorded: Confirmed[] } | null): Confirmed | null {
  return confirm === null || confirm.present === null ? null : (confirm.recorded[confirm.present] ?? null);
}

function tableOf(result: Result, confirmed: Confirmed | null, unit: string): ChartTable {
  const share = (v: number | null) => (v === null ? null : 100 * v);
  const row = (name: string, i: Result["recovered"], of: (v: number | null) => number | null, u: string) => [
    ...[name, of(i.value), of(i.low), of(i.high), u],
  ];
  const rows = [
    row("loss recovered", result.recovered, share, "%"),
    ...(result.null ? [row("with random labels", result.null, share, "%")] : []),
    ...(result.above_null ? [row("above random labels", result.above_null, share, "points")] : []),
    ...(confirmed ? [row("confirmed on held-out inputs", confirmed.recovered, share, "%")] : []),
    ...(["model", "scrubbed", "baseline"] as const).map((k) => row(`${k} loss`, result.loss[k], (v) => v, unit)),
  ];
  return { head: ["measure", "value", "95 % low", "95 % high", "unit"], rows };
}

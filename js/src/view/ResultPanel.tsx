/** The result in detail: losses, measures beside the mean, how it settled, and each example. */
import { useApp } from "../app";
import { count, fixed, lossWords, nats, natsBounds, percent, percentBounds } from "../text";
import type { Interval, Result } from "../wire";
import { Confirmations } from "./Confirm";
import { ExamplesChart } from "./ExamplesChart";
import { PositionsChart } from "./PositionsChart";
import { freshness } from "./RecoveredBar";
import { TrailChart } from "./TrailChart";
import { WaterfallChart } from "./WaterfallChart";

export function ResultPanel() {
  const { store } = useApp();
  const result = store.result.value;
  const status = store.status.value;
  if (!result)
    return (
      <p class="scrub-muted" data-testid="no-result">
        {status?.phase === "running" ? "Measuring…" : "No result yet. Press Run."}
      </p>
    );
  const fresh = freshness(result, store.state.value?.rev ?? 0, status?.phase ?? "idle");
  const examples = store.examples.value;
  const charts = store.charts.value;
  return (
    <div class="scrub-results" data-testid="results" data-fresh={fresh}>
      <Sentence result={result} stale={fresh === "stale"} />
      <Losses result={result} unit={store.task.value?.unit ?? ""} />
      <Measures result={result} />
      <Confirmations />
      {charts && <PositionsChart charts={charts} />}
      {examples ? (
        <ExamplesChart examples={examples} result={result} />
      ) : (
        <p class="scrub-muted">Losses of the single examples come with each finished run.</p>
      )}
      {result.complete && <WaterfallChart stale={fresh === "stale"} />}
      <TrailChart result={result} />
      <Provenance result={result} />
    </div>
  );
}

function Sentence({ result, stale }: { result: Result; stale: boolean }) {
  const measured =
    result.recovered.value === null
      ? "the baseline gap is not resolved, so there is no percentage"
      : `${percent(result.recovered.value)} ${percentBounds(result.recovered)}`;
  return (
    <p>
      {stale && <span class="scrub-badge scrub-badge-stale">stale</span>} Your hypothesis predicts no change (100 %);
      measured: <strong class="scrub-nowrap">{measured}</strong>.
    </p>
  );
}

const ROWS: [keyof Result["loss"], string][] = [
  ["model", "untouched model"],
  ["scrubbed", "scrubbed"],
  ["baseline", "baseline"],
];

function Losses({ result, unit }: { result: Result; unit: string }) {
  return (
    <table class="scrub-table scrub-numbers">
      <thead>
        <tr>
          <th scope="col">{lossWords(unit)}</th>
          <th scope="col">mean</th>
          <th scope="col">95 % interval</th>
        </tr>
      </thead>
      <tbody>
        {ROWS.map(([key, label]) => (
          <tr key={key}>
            <th scope="row">{key === "baseline" ? `baseline: ${result.baseline}` : label}</th>
            <td>{nats(result.loss[key].value)}</td>
            <td>{natsBounds(result.loss[key])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Measures({ result }: { result: Result }) {
  const others = Object.entries(result.recovered_from).filter(([name]) => name !== result.baseline);
  const rows: [string, string, string, string][] = [
    ...(result.null
      ? [
          [
            "random labels",
            result.null.value === null ? "not resolved" : percent(result.null.value),
            percentBounds(result.null),
            "The matched null: what the same tree with the same class sizes recovers if its rules mean nothing",
          ] as [string, string, string, string],
        ]
      : []),
    ...(result.above_null && result.above_null.value !== null
      ? [
          [
            "above random labels",
            `${fixed(result.above_null.value * 100, 1)} points`,
            percentBounds(result.above_null),
            "Difference to the matched null, paired by sample",
          ] as [string, string, string, string],
        ]
      : []),
    ...others.map(([name, interval]): [string, string, string, string] => [
      `recovered from ${name}`,
      interval.value === null ? "–" : percent(interval.value),
      percentBounds(interval),
      "Loss recovered if this baseline is 0 %",
    ]),
    ["KL(model ‖ scrubbed)", nats(result.kl.value), natsBounds(result.kl), "Mean over the samples, nats"],
    [
      "pointwise score",
      percent(result.pointwise.value),
      percentBounds(result.pointwise),
      "1 − mean |scrubbed − model| / mean |baseline − model|: errors of opposite sign do not cancel here",
    ],
    [
      "examples better · worse",
      `${percent(result.better, 0)} · ${percent(result.worse, 0)}`,
      "",
      "Than the model's own loss",
    ],
  ];
  // Where the output is one number and no distribution, there is nothing to diverge.
  const rule = (interval: Interval, text: string) => (interval.value === null ? "not defined" : text);
  return (
    <table class="scrub-table scrub-numbers">
      <tbody>
        {rows.map(([name, value, bounds, title]) => (
          <tr key={name} title={title}>
            <th scope="row">{name}</th>
            <td>{name.startsWith("KL") ? rule(result.kl, value) : value}</td>
            <td>{bounds}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Provenance({ result }: { result: Result }) {
  const facts: [string, string | number][] = [
    ["samples", count(result.n)],
    ["seed", result.seed],
    ["unclaimed inputs", result.unclaimed],
    ["baseline", result.baseline],
    ["seconds", result.seconds.toFixed(2)],
    ...Object.entries(result.provenance).filter(([, value]) => value !== ""),
  ];
  return (
    <details class="scrub-details">
      <summary>How this was measured</summary>
      <table class="scrub-table scrub-facts">
        <tbody>
          {facts.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

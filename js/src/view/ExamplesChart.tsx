/** Each example's loss, untouched against scrubbed: a mean of 100 % with a wide cloud is not agreement. */
import { max, min } from "d3-array";
import { linear, ticksOn } from "../scale";
import type { ExampleLosses } from "../store";
import { fixed, nats, plural } from "../text";
import { Chart } from "./Chart";

const MOST = 1500;
const LISTED = 20;

export function ExamplesChart({ examples }: { examples: ExampleLosses }) {
  const { model, scrubbed, n } = examples;
  const low = Math.min(0, min(model) ?? 0, min(scrubbed) ?? 0);
  const high = Math.max(max(model) ?? 1, max(scrubbed) ?? 1);
  const scale = linear(low, high + (high - low) * 0.04);
  const stride = Math.max(1, Math.ceil(n / MOST));
  // One path for all points: zero-length strokes with round ends stay round however the plot is stretched.
  let cloud = "";
  for (let i = 0; i < n; i += stride)
    cloud += `M${scale.at(model[i] ?? 0).toFixed(2)} ${(100 - scale.at(scrubbed[i] ?? 0)).toFixed(2)}h0`;
  const worst = Array.from({ length: n }, (_, i) => i)
    .sort((a, b) => change(b) - change(a))
    .slice(0, LISTED);
  function change(i: number): number {
    return Math.abs((scrubbed[i] ?? 0) - (model[i] ?? 0));
  }
  const marks = ticksOn(scale, 4);
  return (
    <Chart
      title="Each example: scrubbed against untouched loss"
      name="examples"
      head={["sample", "model", "scrubbed", "baseline", "change"]}
      rows={worst.map((i) => [
        String(i),
        ...[model[i], scrubbed[i], examples.baseline[i]].map((v) => nats(v ?? null)),
        fixed((scrubbed[i] ?? 0) - (model[i] ?? 0), 3),
      ])}
    >
      <div
        class="scrub-plot scrub-plot-square"
        role="img"
        aria-label={`${n} examples, model loss against scrubbed loss`}
      >
        <svg class="scrub-plot-area" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
          {marks.map((t) => (
            <line key={t.value} class="scrub-grid" x1="0" x2="100" y1={100 - t.at} y2={100 - t.at} />
          ))}
          <line class="scrub-diagonal" x1="0" y1="100" x2="100" y2="0" />
          <path class="scrub-cloud" d={cloud} />
        </svg>
        {marks.map((t) => (
          <span key={`y${t.value}`} class="scrub-y" style={{ top: `${100 - t.at}%` }}>
            {fixed(t.value, high < 3 ? 1 : 0)}
          </span>
        ))}
        {marks.map((t) => (
          <span key={`x${t.value}`} class="scrub-x" style={{ left: `${t.at}%` }}>
            {fixed(t.value, high < 3 ? 1 : 0)}
          </span>
        ))}
      </div>
      <p class="scrub-muted">
        Up: scrubbed, right: untouched model; on the line nothing changed.{" "}
        {stride > 1 ? `Every ${stride}th of ${plural(n, "example")}.` : `${plural(n, "example")}.`} The table lists the{" "}
        {Math.min(LISTED, n)} with the largest change.
      </p>
    </Chart>
  );
}

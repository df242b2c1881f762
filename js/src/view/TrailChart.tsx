/** How the estimate settled as samples came, with its band. */
import { covering, linear } from "../scale";
import { count, fixed, percent, percentBounds } from "../text";
import type { Result, TrailPoint } from "../wire";
import { Axes, boxOf, Drawing } from "./Axes";
import { Chart } from "./Chart";

type Known = { n: number; value: number; low: number; high: number };

const known = (p: TrailPoint): Known[] =>
  p.value === null ? [] : [{ n: p.n, value: p.value, low: p.low ?? p.value, high: p.high ?? p.value }];

export function TrailChart({ result }: { result: Result }) {
  const points = result.trail.flatMap(known);
  const last = points.at(-1);
  if (!last || points.length < 2) return null;
  const says = `After ${count(last.n)} samples it stands at ${percent(last.value)} ${percentBounds(last)}; the band is the 95 % interval.`;
  return (
    <Chart
      title="Loss recovered as samples came"
      name="trail"
      says={says}
      table={{
        head: ["samples", "loss recovered (%)", "low (%)", "high (%)"],
        rows: points.map((p) => [p.n, 100 * p.value, 100 * p.low, 100 * p.high]),
      }}
      after={<p class="scrub-muted">{says}</p>}
    >
      {(width) => <Trail width={width} points={points} samples={Math.max(result.samples, last.n)} says={says} />}
    </Chart>
  );
}

const HEIGHT = 190;

function Trail({ width, points, samples, says }: { width: number; points: Known[]; samples: number; says: string }) {
  const box = boxOf(width, HEIGHT);
  // The first few samples swing wildly: the axis is made for the later ones, and what is beyond it is cut at its edges.
  const settled = points.slice(Math.floor(points.length / 4)).flatMap((p) => [p.low, p.high, p.value]);
  const { low, high } = covering(settled, 0.15);
  const y = linear(low, high, box.bottom, box.top);
  const x = linear(0, samples, box.left, box.right);
  const at = (n: number, v: number) => `${x.at(n).toFixed(1)} ${y.at(Math.min(high, Math.max(low, v))).toFixed(1)}`;
  const band = [...points.map((p) => at(p.n, p.high)), ...[...points].reverse().map((p) => at(p.n, p.low))];
  return (
    <Drawing width={width} height={HEIGHT} says={says}>
      <Axes
        {...{ box, x, y }}
        xName="samples"
        yName="loss recovered, %"
        xText={count}
        yText={(v) => fixed(v * 100, high - low < 0.06 ? 1 : 0)}
      />
      <path class="scrub-band" d={`M${band.join("L")}Z`} />
      <path class="scrub-line" d={`M${points.map((p) => at(p.n, p.value)).join("L")}`} />
    </Drawing>
  );
}

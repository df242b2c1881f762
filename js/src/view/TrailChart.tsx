/** How the estimate settled as samples came, with its band. */
import { covering, linear, ticksOn } from "../scale";
import { count, fixed, percent } from "../text";
import type { Result, TrailPoint } from "../wire";
import { Chart } from "./Chart";

type Known = { n: number; value: number; low: number; high: number };

const known = (p: TrailPoint): Known[] =>
  p.value === null ? [] : [{ n: p.n, value: p.value, low: p.low ?? p.value, high: p.high ?? p.value }];

export function TrailChart({ result }: { result: Result }) {
  const points = result.trail.flatMap(known);
  const last = points.at(-1);
  if (!last || points.length < 2) return null;
  // The first few samples swing wildly; the axis is made for the later ones, and the drawing is cut at its edges.
  const settled = points.slice(Math.floor(points.length / 4));
  const y = covering(
    settled.flatMap((p) => [p.low, p.high, p.value]),
    0.15,
  );
  const x = linear(0, Math.max(result.samples, last.n));
  const at = (n: number, v: number) => `${x.at(n)} ${100 - y.at(v)}`;
  const line = points.map((p) => at(p.n, p.value)).join("L");
  const band = [...points.map((p) => at(p.n, p.high)), ...[...points].reverse().map((p) => at(p.n, p.low))].join("L");
  return (
    <Chart
      title="Loss recovered as samples came"
      name="trail"
      head={["samples", "recovered", "low", "high"]}
      rows={points.map((p) => [count(p.n), percent(p.value), percent(p.low), percent(p.high)])}
    >
      <div class="scrub-plot" role="img" aria-label={`Settled at ${percent(last.value)} after ${last.n} samples`}>
        <svg class="scrub-plot-area" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
          {ticksOn(y, 4).map((t) => (
            <line key={t.value} class="scrub-grid" x1="0" x2="100" y1={100 - t.at} y2={100 - t.at} />
          ))}
          <path class="scrub-band" d={`M${band}Z`} />
          <path class="scrub-line" d={`M${line}`} />
        </svg>
        {ticksOn(y, 4).map((t) => (
          <span key={t.value} class="scrub-y" style={{ top: `${100 - t.at}%` }}>
            {fixed(t.value * 100, y.high - y.low < 0.06 ? 1 : 0)} %
          </span>
        ))}
        {ticksOn(x, 4).map((t) => (
          <span key={t.value} class="scrub-x" style={{ left: `${t.at}%` }}>
            {count(t.value)}
          </span>
        ))}
      </div>
    </Chart>
  );
}

/** What each claim costs or gains: in the order in which the claims were added, and if it is the last to be removed. */
import { useApp } from "../app";
import { pathWords } from "../hypothesis";
import { covering, linear, type Scale } from "../scale";
import { fixed, percent, plural } from "../text";
import type { Interval, Waterfall } from "../wire";
import { Axes, type Box, boxOf, Drawing } from "./Axes";
import { Chart } from "./Chart";
import { diamond } from "./RecoveredAxis";

const STEP = 34;
const MEASURING = "measuring the waterfall";

export function WaterfallChart({ stale }: { stale: boolean }) {
  const { store } = useApp();
  const found = store.charts.value?.waterfall;
  const claims = store.state.value?.claims ?? [];
  if (!found) return <Ask stale={stale} claims={claims.length} />;
  const says = `From ${percent(found.start.value)} with nothing claimed to ${percent(found.end.value)}: ${found.steps
    .map((s) => `${pathWords(s.claim)} ${points(s.change)}, removed last ${points(s.last)}`)
    .join("; ")}`;
  const share = (v: number | null) => (v === null ? null : 100 * v);
  return (
    <Chart
      title="What each claim costs or gains"
      name="waterfall"
      says={says}
      table={{
        head: [
          ...["claim", "in the order added (points)", "low", "high"],
          ...["removed last (points)", "removed last low", "removed last high", "loss recovered so far (%)"],
        ],
        rows: found.steps.map((s) => [
          ...[s.claim, share(s.change.value), share(s.change.low), share(s.change.high)],
          ...[share(s.last.value), share(s.last.low), share(s.last.high), share(s.level.value)],
        ]),
      }}
      after={
        <p class="scrub-muted">
          A bar is what the claim changed when it was added after those above it (●); ◇ is where the bar would end if
          the claim were added last of all. Where the two are apart, the order matters. Lines are 95 % intervals, on the
          same samples.
        </p>
      }
    >
      {(width) => <Bars {...{ width, found, says }} />}
    </Chart>
  );
}

const points = (i: Interval): string =>
  i.value === null ? "not resolved" : `${i.value > 0 ? "+" : ""}${fixed(i.value * 100, 1)}`;

/** Before it is measured: what it would take. */
function Ask({ stale, claims }: { stale: boolean; claims: number }) {
  const { store, actions } = useApp();
  const status = store.status.value;
  const measuring = status?.phase === "running" && status.message === MEASURING;
  if (store.readOnly) return null;
  return (
    <section class="scrub-chart" data-testid="waterfall-ask" aria-label="What each claim costs or gains">
      <h3 class="scrub-label">What each claim costs or gains</h3>
      {claims === 0 ? (
        <p class="scrub-muted">Claim a component first: a waterfall shows what each claim adds.</p>
      ) : (
        <div class="scrub-row">
          <button
            type="button"
            class="scrub-button"
            data-testid="waterfall-measure"
            disabled={stale || measuring || !store.charts.value}
            onClick={() => actions.waterfall()}
          >
            {measuring ? "Measuring…" : "Measure the waterfall"}
          </button>
          {measuring ? (
            <>
              <span class="scrub-muted" role="status" data-testid="waterfall-progress">
                {status.total > 0 ? `${status.done} of ${plural(status.total, "scrub")}` : "waiting for its turn"}
              </span>
              <button
                type="button"
                class="scrub-button"
                data-testid="waterfall-cancel"
                onClick={() => actions.cancel()}
              >
                Cancel
              </button>
            </>
          ) : (
            <span class="scrub-muted">
              {claims === 1 ? "one scrub" : `up to ${2 * claims - 1} scrubs`} on the same samples; remembered with the
              result
            </span>
          )}
        </div>
      )}
    </section>
  );
}

function Bars({ width, found, says }: { width: number; found: Waterfall; says: string }) {
  const { start, steps, end } = found;
  const height = (steps.length + 2) * STEP + 50;
  const names = steps.map((s) => pathWords(s.claim).replace(/^logits ▸ /, ""));
  const left = Math.min(width * 0.36, Math.max(118, ...names.map((n) => n.length * 6.3 + 14)));
  const box: Box = { ...boxOf(width, height, left), top: 8, right: width - 58 };
  const from = (i: number) => (i === 0 ? start.value : steps[i - 1]?.level.value) ?? 0;
  const values = steps.flatMap((s, i) => [
    ...[s.level.value, s.level.low, s.level.high],
    ...[s.last.low, s.last.high, s.last.value].map((v) => (v === null ? null : v + from(i))),
  ]);
  const { low, high } = covering([0, 1, ...values.filter((v) => v !== null)], 0.04);
  const x = linear(low, high, box.left, box.right);
  const row = (i: number) => box.top + (i + 0.5) * STEP;
  return (
    <Drawing width={width} height={height} says={says}>
      <Axes
        {...{ box, x, y: { low: 0, high: 0, at: () => -100 } }}
        xName="loss recovered, %"
        yName=""
        xText={(v) => fixed(v * 100, 0)}
        yText={() => ""}
        crossed
      />
      {[0, 1].map((v) => (
        <line key={v} class="scrub-anchor" x1={x.at(v)} x2={x.at(v)} y1={box.top - 4} y2={box.bottom} />
      ))}
      <Total name="nothing claimed" interval={start} {...{ x, box, y: row(0) }} />
      {steps.map((s, i) => (
        <Step key={s.claim} {...{ step: s, from: from(i), name: names[i] ?? s.claim, x, box, y: row(i + 1) }} />
      ))}
      <Total name="the hypothesis" interval={end} {...{ x, box, y: row(steps.length + 1) }} />
    </Drawing>
  );
}

function Name({ name, box, y }: { name: string; box: Box; y: number }) {
  const fit = Math.max(6, Math.floor((box.left - 12) / 6.2));
  return (
    <text class="scrub-strip-name" x={box.left - 8} y={y + 4}>
      {name.length > fit ? `…${name.slice(1 - fit)}` : name}
    </text>
  );
}

type TotalProps = { name: string; interval: Interval; x: Scale; box: Box; y: number };

function Total({ name, interval: { value, low, high }, x, box, y }: TotalProps) {
  if (value === null) return null;
  const [a, b] = [x.at(Math.min(0, value)), x.at(Math.max(0, value))];
  return (
    <g>
      <Name {...{ name, box, y }} />
      <rect class="scrub-fill" x={a} width={b - a} y={y - 7} height={14} />
      {low !== null && high !== null && low < high && (
        <line class="scrub-whisker-line" x1={x.at(low)} x2={x.at(high)} y1={y} y2={y} />
      )}
      <circle class="scrub-point" cx={x.at(value)} cy={y} r="4.5" />
      <text class="scrub-mark-text" x={box.right + 8} y={y + 4}>
        {percent(value)}
      </text>
    </g>
  );
}

type StepProps = { step: Waterfall["steps"][number]; from: number; name: string; x: Scale; box: Box; y: number };

/** One claim: its bar stands between what was recovered before it and with it. */
function Step({ step, from, name, x, box, y }: StepProps) {
  const { change, last } = step;
  const to = from + (change.value ?? 0);
  const [a, b] = [x.at(Math.min(from, to)), x.at(Math.max(from, to))];
  const range = (i: Interval, dy: number, kind: string) =>
    i.low === null || i.high === null ? null : (
      <line class={kind} x1={x.at(from + i.low)} x2={x.at(from + i.high)} y1={y + dy} y2={y + dy} />
    );
  return (
    <g>
      <Name {...{ name, box, y }} />
      <line class="scrub-fall-from" x1={x.at(from)} x2={x.at(from)} y1={y - STEP + 7} y2={y + 7} />
      <rect
        class={(change.value ?? 0) < 0 ? "scrub-fall-cost" : "scrub-fall-gain"}
        x={a}
        width={Math.max(1, b - a)}
        y={y - 7}
        height={14}
      />
      {range(change, -3, "scrub-whisker-line")}
      {range(last, 11, "scrub-fall-last-line")}
      {last.value !== null && <path class="scrub-fall-last" d={diamond(x.at(from + last.value), y + 11, 4)} />}
      {change.value !== null && <circle class="scrub-point" cx={x.at(to)} cy={y - 3} r="4" />}
      <text class="scrub-mark-text" x={box.right + 8} y={y + 1}>
        {points(change)}
      </text>
      <text class="scrub-tick-text scrub-start" x={box.right + 8} y={y + 13}>
        {points(last)}
      </text>
    </g>
  );
}

/** The readout that is always in sight: loss recovered, between the baseline and the untouched model. */
import { useApp } from "../app";
import { lossTicks, rawLossScale, recoveredScale, type Scale, ticksOn } from "../scale";
import { count, fixed, lossWords, nats, percent, percentBounds, plural } from "../text";
import { nullLabel, nullWords, spokenNull } from "../trust";
import type { Interval, Result } from "../wire";
import { ConfirmLine } from "./Confirm";
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
        {result ? <Bar result={result} unit={store.task.value?.unit ?? ""} /> : <EmptyBar />}
      </div>
      {result && <Warnings result={result} />}
    </section>
  );
}

function Badge({ result, fresh }: { result: Result | null; fresh: Freshness }) {
  if (fresh === "stale")
    return (
      <span class="scrub-badge scrub-badge-stale" title="The hypothesis or a setting has changed since">
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

/** Values stand at percents of the width, so the drawing follows every width without being measured. */
function Bar({ result, unit }: { result: Result; unit: string }) {
  const { recovered, loss } = result;
  if (recovered.value === null) return <RawLosses loss={loss} />;
  const scale = recoveredScale(recovered, result.null);
  const x = (v: number) => `${scale.at(v)}%`;
  const from = Math.min(0, recovered.value);
  const said = `Loss recovered ${percent(recovered.value)}, 95 percent interval ${percentBounds(recovered)}${spokenNull(result.null)}`;
  return (
    <svg class="scrub-axis" role="img" aria-label={said}>
      <rect class="scrub-track" x={x(0)} width={`${scale.at(1) - scale.at(0)}%`} y="26" height="12" />
      <rect
        class="scrub-fill"
        x={x(from)}
        width={`${scale.at(Math.max(0, recovered.value)) - scale.at(from)}%`}
        y="26"
        height="12"
      />
      <Anchors scale={scale} />
      {ticksOn(scale, 8)
        .filter((t) => t.value !== 0 && t.value !== 1)
        .map((t) => (
          <g key={t.value}>
            <line class="scrub-tick" x1={`${t.at}%`} x2={`${t.at}%`} y1="38" y2="42" />
            <text class="scrub-tick-text" x={`${t.at}%`} y="53">
              {fixed(t.value * 100, 0)}
            </text>
          </g>
        ))}
      <line class="scrub-axis-line" x1="0" x2="100%" y1="38" y2="38" />
      <NullTick interval={result.null} scale={scale} />
      {recovered.low !== null && recovered.high !== null && (
        <g class="scrub-whisker">
          <line x1={x(recovered.low)} x2={x(recovered.high)} y1="32" y2="32" />
          <line x1={x(recovered.low)} x2={x(recovered.low)} y1="26" y2="38" />
          <line x1={x(recovered.high)} x2={x(recovered.high)} y1="26" y2="38" />
        </g>
      )}
      <circle class="scrub-point" cx={x(recovered.value)} cy="32" r="5" />
      {/* The last stretch is where the unit stands. */}
      {lossTicks(scale, loss, 5)
        .filter((t) => t.at < 91)
        .map((t) => (
          <g key={t.value}>
            <line class="scrub-tick" x1={`${t.at}%`} x2={`${t.at}%`} y1="60" y2="64" />
            <text class="scrub-tick-text" x={`${t.at}%`} y="75">
              {fixed(t.value, 2)}
            </text>
          </g>
        ))}
      <line class="scrub-axis-line scrub-axis-minor" x1="0" x2="100%" y1="60" y2="60" />
      <text class="scrub-tick-text scrub-unit" x="100%" y="75">
        {lossWords(unit)}
      </text>
    </svg>
  );
}

/** What meaningless rules recover, with its interval, above the bar. */
function NullTick({ interval, scale }: { interval: Interval | null; scale: Scale }) {
  if (!interval || interval.value === null) return null;
  const at = scale.at(interval.value);
  const x = `${at}%`;
  return (
    <g class="scrub-null" data-testid="null-tick">
      {interval.low !== null && interval.high !== null && (
        <line
          class="scrub-null-range"
          x1={`${scale.at(interval.low)}%`}
          x2={`${scale.at(interval.high)}%`}
          y1="20"
          y2="20"
        />
      )}
      <line class="scrub-null-line" x1={x} x2={x} y1="15" y2="42" />
      <text x={x} y="9" text-anchor={at < 14 ? "start" : at > 86 ? "end" : "middle"}>
        {nullLabel(interval.value)}
      </text>
    </g>
  );
}

function Anchors({ scale }: { scale: Scale }) {
  const [zero, one] = [scale.at(0), scale.at(1)];
  // Close together, the two labels keep to their own sides and lose their words.
  const tight = one - zero < 34;
  return (
    <g>
      <line class="scrub-anchor" x1={`${zero}%`} x2={`${zero}%`} y1="-2" y2="44" />
      <line class="scrub-anchor" x1={`${one}%`} x2={`${one}%`} y1="-2" y2="44" />
      <text class="scrub-anchor-text" x={`${zero}%`} y="-7" text-anchor={zero > 20 ? "end" : "start"}>
        {tight && zero < 20 ? "0 %" : "0 % random input"}
      </text>
      <text class="scrub-anchor-text" x={`${one}%`} y="-7" text-anchor={one > 80 ? "end" : "start"}>
        {tight && one > 80 ? "100 %" : "100 % untouched model"}
      </text>
    </g>
  );
}

/** Before the first result: only what the two ends mean. */
function EmptyBar() {
  const scale = recoveredScale({ value: null, low: null, high: null });
  return (
    <svg class="scrub-axis" role="img" aria-label="Not measured yet">
      <rect class="scrub-track" x={`${scale.at(0)}%`} width={`${scale.at(1) - scale.at(0)}%`} y="26" height="12" />
      <Anchors scale={scale} />
      <line class="scrub-axis-line" x1="0" x2="100%" y1="38" y2="38" />
    </svg>
  );
}

const LOSSES = ["baseline", "scrubbed", "model"] as const;

/** Without a resolved gap there is no percentage: the three losses themselves, on their own axis. */
function RawLosses({ loss }: { loss: Result["loss"] }) {
  const scale = rawLossScale(loss);
  if (!scale) return null;
  return (
    <svg class="scrub-axis" role="img" aria-label={LOSSES.map((k) => `${k} loss ${nats(loss[k].value)}`).join(", ")}>
      {LOSSES.map((key, i) => {
        const { value, low, high } = loss[key];
        const y = 10 + i * 15;
        if (value === null) return null;
        // The words stand beside the whiskers, on the side that has room.
        const ends = [value, low ?? value, high ?? value].map(scale.at);
        const left = Math.max(...ends) > 80;
        const clear = left ? Math.min(...ends) : Math.max(...ends);
        return (
          <g key={key} class={key === "scrubbed" ? "" : "scrub-quiet"}>
            {low !== null && high !== null && (
              <line class="scrub-whisker-line" x1={`${scale.at(low)}%`} x2={`${scale.at(high)}%`} y1={y} y2={y} />
            )}
            <circle class="scrub-point" cx={`${scale.at(value)}%`} cy={y} r="4" />
            <text
              class="scrub-anchor-text"
              x={`${clear}%`}
              dx={left ? -9 : 9}
              y={y + 4}
              text-anchor={left ? "end" : "start"}
            >
              {key} {nats(value)}
            </text>
          </g>
        );
      })}
      <line class="scrub-axis-line" x1="0" x2="100%" y1="60" y2="60" />
      {ticksOn({ ...scale, low: Math.min(scale.low, scale.high), high: Math.max(scale.low, scale.high) }, 6).map(
        (t) => (
          <g key={t.value}>
            <line class="scrub-tick" x1={`${scale.at(t.value)}%`} x2={`${scale.at(t.value)}%`} y1="60" y2="64" />
            <text class="scrub-tick-text" x={`${scale.at(t.value)}%`} y="75">
              {nats(t.value)}
            </text>
          </g>
        ),
      )}
    </svg>
  );
}

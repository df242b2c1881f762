/** The drawing of loss recovered: a bar from 0 % to the value, its interval, what it is compared with, and the loss itself. */
import { type Label, placed } from "../charts/labels";
import { between, lossTicks, rawLossScale, recoveredScale, type Scale, ticksOn } from "../scale";
import { fixed, lossWords, nats, percent } from "../text";
import { nullLabel } from "../trust";
import type { Confirmed, Interval, Result } from "../wire";
import { Drawing } from "./Axes";

const HEIGHT = 96;
const SIDE = 6;
/** Lines from top to bottom: words of the anchors, words of the marks, the bar, its axis, the loss. */
const Y = { anchors: 11, marks: 27, top: 36, middle: 43, bottom: 50, percents: 64, losses: 71, loss: 86 };

type Props = { result: Result; confirmed: Confirmed | null; unit: string; width: number; says: string };

export function RecoveredAxis({ result, confirmed, unit, width, says }: Props) {
  const { recovered, loss } = result;
  const { value } = recovered;
  const marks = [result.null, confirmed?.recovered ?? null].filter(
    (i): i is Interval => i !== null && i.value !== null,
  );
  const scale = between(recoveredScale(recovered, ...marks), SIDE, width - SIDE);
  if (value === null) return <EmptyAxis width={width} />;
  const [from, to] = [Math.min(0, value), Math.max(0, value)].map(scale.at) as [number, number];
  return (
    <Drawing width={width} height={HEIGHT} says={says}>
      <Track scale={scale} />
      <rect class="scrub-fill" x={from} width={to - from} y={Y.top} height={Y.bottom - Y.top} />
      <Anchors scale={scale} width={width} baseline={result.baseline} />
      <Percents scale={scale} width={width} />
      <Marks scale={scale} width={width} null={result.null} confirmed={confirmed} value={value} />
      <Whisker interval={recovered} scale={scale} />
      <circle class="scrub-point" cx={scale.at(value)} cy={Y.middle} r="5" />
      <LossAxis scale={scale} loss={loss} unit={unit} width={width} />
    </Drawing>
  );
}

function Track({ scale }: { scale: Scale }) {
  const zero = scale.at(0);
  return <rect class="scrub-track" x={zero} width={scale.at(1) - zero} y={Y.top} height={Y.bottom - Y.top} />;
}

function Whisker({ interval: { low, high }, scale }: { interval: Interval; scale: Scale }) {
  if (low === null || high === null) return null;
  const [from, to] = [scale.at(low), scale.at(high)];
  return (
    <g class="scrub-whisker">
      <line x1={from} x2={to} y1={Y.middle} y2={Y.middle} />
      <line x1={from} x2={from} y1={Y.top + 1} y2={Y.bottom - 1} />
      <line x1={to} x2={to} y1={Y.top + 1} y2={Y.bottom - 1} />
    </g>
  );
}

function Percents({ scale, width }: { scale: Scale; width: number }) {
  return (
    <g>
      {ticksOn(scale, Math.max(3, width / 90)).map((t) => (
        <g key={t.value}>
          <line class="scrub-tick" x1={t.at} x2={t.at} y1={Y.bottom} y2={Y.bottom + 4} />
          <text class="scrub-tick-text" x={t.at} y={Y.percents}>
            {fixed(t.value * 100, 0)}
          </text>
        </g>
      ))}
      <line class="scrub-axis-line" x1={0} x2={width} y1={Y.bottom} y2={Y.bottom} />
    </g>
  );
}

/** What 0 % and 100 % are. */
function Anchors({ scale, width, baseline }: { scale: Scale; width: number; baseline: string }) {
  const zero = baseline === "shuffled" ? "0 % all inputs random" : `0 % ${baseline}`;
  const words: Label[] = [
    { at: scale.at(0), text: zero },
    { at: scale.at(1), text: "100 % untouched model" },
  ];
  const full = placed(words, width);
  const tight = full.some((l, i) => i > 0 && l.x < (full[i - 1]?.x ?? 0) + (full[i - 1]?.width ?? 0));
  const labels = tight
    ? placed(
        [
          { at: scale.at(0), text: "0 %" },
          { at: scale.at(1), text: "100 % model" },
        ],
        width,
      )
    : full;
  return (
    <g>
      {[scale.at(0), scale.at(1)].map((at) => (
        <line key={at} class="scrub-anchor" x1={at} x2={at} y1={Y.anchors + 4} y2={Y.bottom + 4} />
      ))}
      {labels.map((l) => (
        <text key={l.text} class="scrub-anchor-text scrub-start" x={l.x} y={Y.anchors}>
          {l.text}
        </text>
      ))}
    </g>
  );
}

type MarksProps = { scale: Scale; width: number; null: Interval | null; confirmed: Confirmed | null; value: number };

/** What stands beside the number: what meaningless rules recover, what held-out inputs gave, and how far it is outside. */
function Marks({ scale, width, null: none, confirmed, value }: MarksProps) {
  const held = confirmed?.recovered ?? null;
  const outside = value > 1 ? value - 1 : value < 0 ? -value : 0;
  const edge = value > 1 ? 1 : 0;
  const words: (Label & { key: string })[] = [
    ...(none?.value != null ? [{ key: "null", at: scale.at(none.value), text: nullLabel(none.value) }] : []),
    ...(held?.value != null
      ? [{ key: "held", at: scale.at(held.value), text: `◆ confirmed: ${percent(held.value, 0)}` }]
      : []),
    ...(outside > 0.02
      ? [
          {
            key: "out",
            at: scale.at((value + edge) / 2),
            text: `${fixed(outside * 100, 0)} points ${value > 1 ? "above the model" : "below the baseline"}`,
          },
        ]
      : []),
  ];
  const labels = placed(words, width);
  const word = (key: string) => {
    const text = words.find((w) => w.key === key)?.text;
    const label = labels.find((l) => l.text === text);
    return label ? (
      <text class="scrub-mark-text scrub-start" x={label.x} y={Y.marks}>
        {label.text}
      </text>
    ) : null;
  };
  return (
    <g>
      {none?.value != null && (
        <g class="scrub-null" data-testid="null-tick">
          <Range interval={none} scale={scale} />
          <line
            class="scrub-null-line"
            x1={scale.at(none.value)}
            x2={scale.at(none.value)}
            y1={Y.marks + 3}
            y2={Y.bottom + 4}
          />
          {word("null")}
        </g>
      )}
      {held?.value != null && (
        <g data-testid="confirmed-tick">
          <Range interval={held} scale={scale} />
          <path class="scrub-confirmed-mark" d={diamond(scale.at(held.value), Y.middle, 6)} />
          {word("held")}
        </g>
      )}
      {outside > 0.02 && (
        <g data-testid="outside-arrow">
          <path class="scrub-arrow" d={arrow(scale.at(edge), scale.at(value), Y.top - 4)} />
          {word("out")}
        </g>
      )}
    </g>
  );
}

function Range({ interval: { low, high }, scale }: { interval: Interval; scale: Scale }) {
  if (low === null || high === null) return null;
  return <line class="scrub-null-range" x1={scale.at(low)} x2={scale.at(high)} y1={Y.top - 3} y2={Y.top - 3} />;
}

export const diamond = (x: number, y: number, r: number): string =>
  `M${x - r} ${y}L${x} ${y - r}L${x + r} ${y}L${x} ${y + r}Z`;

function arrow(from: number, to: number, y: number): string {
  const back = to - Math.sign(to - from) * 6;
  return `M${from} ${y}H${to}M${back} ${y - 4}L${to} ${y}L${back} ${y + 4}`;
}

/** The loss that stands at each place of the bar. */
function LossAxis({ scale, loss, unit, width }: { scale: Scale; loss: Result["loss"]; unit: string; width: number }) {
  const ticks = lossTicks(scale, loss, Math.max(2, width / 110));
  // As many digits as tell neighbours apart.
  const step = Math.abs((ticks[1]?.value ?? 1) - (ticks[0]?.value ?? 0));
  const digits = Math.min(6, Math.max(0, Math.ceil(-Math.log10(step || 1) - 1e-9)));
  const words = lossWords(unit);
  const free = width - words.length * 6.2 - 22;
  return (
    <g>
      <line class="scrub-axis-line scrub-axis-minor" x1={0} x2={width} y1={Y.losses} y2={Y.losses} />
      {ticks
        .filter((t) => t.at < free)
        .map((t) => (
          <g key={t.value}>
            <line class="scrub-tick" x1={t.at} x2={t.at} y1={Y.losses} y2={Y.losses + 4} />
            <text class="scrub-tick-text" x={t.at} y={Y.loss}>
              {fixed(t.value, digits)}
            </text>
          </g>
        ))}
      <text class="scrub-tick-text scrub-end" x={width} y={Y.loss}>
        {words}
      </text>
      <text class="scrub-tick-text scrub-end" x={width} y={Y.percents}>
        %
      </text>
    </g>
  );
}

/** Before the first result: only what the two ends mean. */
export function EmptyAxis({ width }: { width: number }) {
  const scale = between(recoveredScale({ value: null, low: null, high: null }), SIDE, width - SIDE);
  return (
    <Drawing width={width} height={HEIGHT} says="Not measured yet">
      <Track scale={scale} />
      <Anchors scale={scale} width={width} baseline="shuffled" />
      <Percents scale={scale} width={width} />
    </Drawing>
  );
}

const LOSSES = ["baseline", "scrubbed", "model"] as const;
type RawProps = { loss: Result["loss"]; unit: string; width: number; says: string };

/** Without a resolved gap there is no percentage: the three losses themselves, on their own axis. */
export function RawLosses({ loss, unit, width, says }: RawProps) {
  const percents = rawLossScale(loss);
  if (!percents) return <EmptyAxis width={width} />;
  const scale = between(percents, SIDE, width - SIDE);
  const span = { ...scale, low: Math.min(scale.low, scale.high), high: Math.max(scale.low, scale.high) };
  return (
    <Drawing width={width} height={HEIGHT} says={says}>
      {LOSSES.map((key, i) => {
        const { value, low, high } = loss[key];
        const y = 10 + i * 18;
        if (value === null) return null;
        // The words stand beside the whiskers, on the side that has room.
        const ends = [value, low ?? value, high ?? value].map(scale.at);
        const left = Math.max(...ends) > width * 0.75;
        return (
          <g key={key} class={key === "scrubbed" ? "" : "scrub-quiet"}>
            {low !== null && high !== null && (
              <line class="scrub-whisker-line" x1={scale.at(low)} x2={scale.at(high)} y1={y} y2={y} />
            )}
            <circle class="scrub-point" cx={scale.at(value)} cy={y} r="4" />
            <text
              class={`scrub-anchor-text ${left ? "scrub-end" : "scrub-start"}`}
              x={left ? Math.min(...ends) - 9 : Math.max(...ends) + 9}
              y={y + 4}
            >
              {key} {nats(value)}
            </text>
          </g>
        );
      })}
      <line class="scrub-axis-line" x1={0} x2={width} y1="64" y2="64" />
      {ticksOn(span, Math.max(2, width / 110))
        .filter((t) => scale.at(t.value) < width - 80)
        .map((t) => (
          <g key={t.value}>
            <line class="scrub-tick" x1={scale.at(t.value)} x2={scale.at(t.value)} y1="64" y2="68" />
            <text class="scrub-tick-text" x={scale.at(t.value)} y="80">
              {nats(t.value)}
            </text>
          </g>
        ))}
      <text class="scrub-tick-text scrub-end" x={width} y="80">
        {lossWords(unit)}
      </text>
    </Drawing>
  );
}

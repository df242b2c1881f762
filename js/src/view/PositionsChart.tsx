/** The loss position by position: where in the input the hypothesis holds. A position that is chosen is a slice. */
import { useState } from "preact/hooks";
import { useApp } from "../app";
import { stacked } from "../charts/labels";
import { usePlace } from "../charts/slice";
import { covering, linear, type Scale } from "../scale";
import { fixed, lossWords, nats, natsBounds, percent, percentBounds } from "../text";
import type { Charts, Interval, Place } from "../wire";
import { Axes, type Box, boxOf, Drawing } from "./Axes";
import { Chart } from "./Chart";

const LINES = ["baseline", "scrubbed", "model"] as const;
type Line = (typeof LINES)[number];
const HEIGHT = 220;
/** Room on the right for the names of the lines. */
const NAMES = 62;

export function PositionsChart({ charts }: { charts: Charts }) {
  const { store, ui } = useApp();
  const [pointed, setPointed] = useState<Place | null>(null);
  const chosen = usePlace();
  const { positions: places } = charts;
  const unit = store.task.value?.unit ?? "";
  if (places.length === 0)
    return (
      <p class="scrub-muted" data-testid="no-positions">
        Loss by position: {charts.no_positions}
      </p>
    );
  const title = "Loss by position";
  const worst = places.reduce((a, b) => ((b.change.value ?? 0) > (a.change.value ?? 0) ? b : a));
  const says = `Mean loss of the untouched model, of the scrubbed model and of the baseline at ${places.length} places; scrubbing costs most at position ${worst.name}.`;
  const told = pointed ?? chosen;
  return (
    <Chart
      title={title}
      name="positions"
      says={says}
      table={tableOf(places, unit)}
      after={
        <div class="scrub-slice" data-testid="slice" data-position={chosen?.name ?? ""}>
          {told ? (
            <Numbers place={told} />
          ) : (
            <span class="scrub-muted">
              Click a position, or use the arrow keys on the chart, to see only that slice below.
            </span>
          )}
          {chosen && (
            <button
              type="button"
              class="scrub-link"
              data-testid="slice-none"
              onClick={() => {
                ui.position.value = null;
              }}
            >
              all positions
            </button>
          )}
        </div>
      }
    >
      {(width) => <Lines {...{ width, places, chosen, says, unit, onPoint: setPointed }} />}
    </Chart>
  );
}

function tableOf(places: Place[], unit: string) {
  const of = (name: string) =>
    [`${name}${unit && ` (${unit})`}`, "low", "high"].map((h, i) => (i === 0 ? h : `${name} ${h}`));
  return {
    head: [
      "position",
      ...LINES.flatMap((l) => of(`${l} loss`)),
      "loss recovered (%)",
      "recovered low",
      "recovered high",
    ],
    rows: places.map((p) => [
      p.name,
      ...LINES.flatMap((l) => [p[l].value, p[l].low, p[l].high]),
      ...[p.recovered.value, p.recovered.low, p.recovered.high].map((v) => (v === null ? null : 100 * v)),
    ]),
  };
}

const recoveredWords = (r: Interval): string =>
  r.value === null ? "gap not resolved here" : `recovered ${percent(r.value)} ${percentBounds(r)}`;
const wordsOf = (p: Place): string =>
  `position ${p.name}: ${recoveredWords(p.recovered)}; loss ${LINES.map((l) => `${l} ${nats(p[l].value)}`).join(", ")}`;

/** The numbers of one slice. */
function Numbers({ place }: { place: Place }) {
  return (
    <span data-testid="slice-numbers">
      <b>Position {place.name}</b>: {recoveredWords(place.recovered)} · scrubbed {nats(place.scrubbed.value)}{" "}
      {natsBounds(place.scrubbed)}, model {nats(place.model.value)}, baseline {nats(place.baseline.value)}
    </span>
  );
}

type LinesProps = {
  width: number;
  places: Place[];
  chosen: Place | null;
  says: string;
  unit: string;
  onPoint(place: Place | null): void;
};

function Lines({ width, places, chosen, says, unit, onPoint }: LinesProps) {
  const whole = boxOf(width, HEIGHT);
  const box: Box = { ...whole, right: whole.right - NAMES };
  const values = places
    .flatMap((p) => LINES.flatMap((l) => [p[l].value, p[l].low, p[l].high]))
    .filter((v) => v !== null);
  const { low, high } = covering(values, 0.06);
  const y = linear(Math.min(low, 0) < 0 && Math.min(...values) >= 0 ? 0 : low, high, box.bottom, box.top);
  const first = places[0]?.positions[0] ?? 0;
  const last = places.at(-1)?.positions.at(-1) ?? 1;
  const room = places.length > 1 ? 0.5 : 1;
  const x = linear(first - room, last + room, box.left, box.right);
  const at = (p: Place) => x.at(((p.positions[0] ?? 0) + (p.positions.at(-1) ?? 0)) / 2);
  const step = Math.max(1, Math.ceil(places.length / Math.max(2, (box.right - box.left) / 40)));
  return (
    <Drawing width={width} height={HEIGHT} says={says} parts>
      <Axes
        {...{ box, x, y }}
        xName="position"
        yName={lossWords(unit)}
        xTicks={places.filter((_, i) => i % step === 0).map((p) => p.positions[0] ?? 0)}
        xText={(v) => fixed(v, 0)}
        yText={(v) => fixed(v, y.high < 1 ? 2 : 1)}
      />
      {chosen && <line class="scrub-chosen-line" x1={at(chosen)} x2={at(chosen)} y1={box.top} y2={box.bottom} />}
      {LINES.map((line) => (
        <Curve key={line} {...{ line, places, at, y }} />
      ))}
      <Names {...{ places, y, box }} />
      <Chooser {...{ places, chosen, at, box, onPoint }} />
    </Drawing>
  );
}

function Curve({ line, places, at, y }: { line: Line; places: Place[]; at: (p: Place) => number; y: Scale }) {
  const known = places.filter((p) => p[line].value !== null);
  const point = (p: Place, v: number | null) => `${at(p).toFixed(1)} ${y.at(v ?? 0).toFixed(1)}`;
  const up = known.map((p) => point(p, p[line].high ?? p[line].value));
  const down = [...known].reverse().map((p) => point(p, p[line].low ?? p[line].value));
  return (
    <g class={`scrub-curve scrub-curve-${line}`}>
      <path class="scrub-curve-band" d={`M${[...up, ...down].join("L")}Z`} />
      <path class="scrub-curve-line" d={`M${known.map((p) => point(p, p[line].value)).join("L")}`} />
      {known.length <= 40 &&
        known.map((p) => (
          <circle
            key={p.name}
            class="scrub-curve-point"
            cx={at(p)}
            cy={y.at(p[line].value ?? 0)}
            r={line === "scrubbed" ? 3 : 2}
          />
        ))}
    </g>
  );
}

/** Each line's name at its end. */
function Names({ places, y, box }: { places: Place[]; y: Scale; box: Box }) {
  const end = places.at(-1);
  if (!end) return null;
  const ats = stacked(
    LINES.map((l) => y.at(end[l].value ?? 0)),
    14,
    box.top + 6,
    box.bottom - 2,
  );
  return (
    <g>
      {LINES.map((line, i) => (
        <text
          key={line}
          class={`scrub-curve-name${line === "scrubbed" ? " scrub-strong" : ""}`}
          x={box.right + 8}
          y={(ats[i] ?? 0) + 4}
        >
          {line}
        </text>
      ))}
    </g>
  );
}

type ChooserProps = {
  places: Place[];
  chosen: Place | null;
  at: (p: Place) => number;
  box: Box;
  onPoint(place: Place | null): void;
};

/** The plot as a slider over the positions: a click or the arrow keys choose one, Escape takes the choice back. */
function Chooser({ places, chosen, at, box, onPoint }: ChooserProps) {
  const { ui } = useApp();
  const index = chosen ? places.indexOf(chosen) : -1;
  const choose = (place: Place | undefined) => {
    if (place) ui.position.value = place.positions[0] ?? null;
  };
  const near = (event: MouseEvent): Place | null => {
    const svg = (event.currentTarget as SVGElement).ownerSVGElement;
    if (!svg) return null;
    const x = event.clientX - svg.getBoundingClientRect().left;
    return places.reduce((a, b) => (Math.abs(at(b) - x) < Math.abs(at(a) - x) ? b : a));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const to: Record<string, number> = {
      ...{ ArrowRight: index + 1, ArrowUp: index + 1, ArrowLeft: index < 0 ? places.length - 1 : index - 1 },
      ...{ ArrowDown: index - 1, Home: 0, End: places.length - 1 },
    };
    const next = to[event.key];
    if (event.key === "Escape" && chosen) ui.position.value = null;
    else if (next !== undefined) choose(places[Math.min(places.length - 1, Math.max(0, next))]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <rect
      data-live
      class="scrub-chooser"
      data-testid="positions-slider"
      role="slider"
      tabindex={0}
      aria-label="Position to slice by"
      aria-valuemin={0}
      aria-valuemax={places.length - 1}
      aria-valuenow={Math.max(0, index)}
      aria-valuetext={chosen ? wordsOf(chosen) : "all positions"}
      x={box.left}
      y={box.top}
      width={Math.max(0, box.right - box.left)}
      height={box.bottom - box.top}
      onMouseMove={(e) => onPoint(near(e))}
      onMouseLeave={() => onPoint(null)}
      onClick={(e) => {
        const place = near(e);
        if (place === chosen) ui.position.value = null;
        else choose(place ?? undefined);
      }}
      onKeyDown={onKeyDown}
    />
  );
}

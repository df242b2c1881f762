/** The change of loss, slice by slice: does the mean hold everywhere, or is it made of opposites? */
import { useState } from "preact/hooks";
import { useApp } from "../app";
import { changeOf, type Mark, meanOf } from "../charts/points";
import { covering, linear, type Scale } from "../scale";
import type { ExampleLosses } from "../store";
import { count, fixed, nats, plural } from "../text";
import type { Interval, Place } from "../wire";
import { Axes, type Box, boxOf, Drawing } from "./Axes";
import { Chart } from "./Chart";

/** One slice: its mean with its interval, and where single examples are known, their changes. */
type Row = { name: string; mean: Interval; changes: number[]; size: string; act(): void };
type By = "class" | "position" | "role";
const STEP = 26;
/** Single examples drawn in one row; more only make it darker. */
const DOTS = 600;

type Props = { losses: ExampleLosses; n: number; where: string; marks: Mark[] | null; rule: string };

export function SliceStrip({ losses, n, where, marks, rule }: Props) {
  const { store, ui } = useApp();
  const [wished, setBy] = useState<By>("class");
  const charts = store.charts.value;
  const unit = store.task.value?.unit ?? "";
  const choices: By[] = [
    "class",
    ...(charts?.positions.length ? (["position"] as const) : []),
    ...(charts?.roles.length ? (["role"] as const) : []),
  ];
  const by = choices.includes(wished) ? wished : "class";
  const brush = (members: number[]) => () => {
    ui.brushed.value = members;
    ui.example.value = members[0] ?? null;
  };
  const all = Array.from({ length: n }, (_, i) => i);
  const ofClass = (name: string, members: number[]): Row => {
    const changes = members.map((i) => changeOf(losses, i));
    return { name, changes, mean: meanOf(changes) ?? NONE, size: count(members.length), act: brush(members) };
  };
  const ofPlace = (p: Place): Row => ({
    ...{ name: by === "role" ? p.name : `position ${p.name}`, changes: [], mean: p.change, size: "" },
    act: () => {
      const at = p.positions[0] ?? null;
      ui.position.value = ui.position.value === at ? null : at;
    },
  });
  const rows: Row[] = [
    ...(by === "class" ? [ofClass("all examples", all)] : []),
    ...(by === "class" ? (marks ?? []).filter((m) => m.members.length > 0).map((m) => ofClass(m.name, m.members)) : []),
    ...(by === "position" ? (charts?.positions ?? []).map(ofPlace) : []),
    ...(by === "role" ? (charts?.roles ?? []).map(ofPlace) : []),
  ];
  const says = `Change of loss${where} by ${by}: ${rows
    .slice(0, 8)
    .map((r) => `${r.name} ${nats(r.mean.value)}`)
    .join(", ")}`;
  const words = { class: rule ? `classes of ${rule}` : "classes", position: "positions", role: "roles" };
  return (
    <Chart
      title={`Change of loss${by === "class" ? where : ""} by ${by}`}
      name="strip"
      says={says}
      table={{
        head: [by, `mean change${unit && ` (${unit})`}`, "95 % low", "95 % high", "examples"],
        rows: rows.map((r) => [r.name, r.mean.value, r.mean.low, r.mean.high, r.changes.length || n]),
      }}
      controls={
        <label class="scrub-chart-field">
          <span class="scrub-muted">Slices</span>
          <select
            class="scrub-select"
            data-testid="strip-by"
            value={by}
            onChange={(e) => setBy(e.currentTarget.value as By)}
          >
            {choices.map((c) => (
              <option key={c} value={c}>
                {words[c]}
              </option>
            ))}
          </select>
        </label>
      }
      after={
        <p class="scrub-muted">
          Scrubbed minus untouched loss: right of 0 is worse. {by === "class" ? "A tick is one example, " : ""}
          {by === "class" ? "the mark" : "The mark"} is the mean with its 95 % interval.{" "}
          {by === "class" && !marks ? "Choose a rule above to see its classes. " : ""}
          {by === "class" ? "A row selects its examples." : by === "position" ? "A row slices by that position." : ""}
        </p>
      }
    >
      {(width) => <Strip {...{ width, rows, unit, says }} />}
    </Chart>
  );
}

const NONE: Interval = { value: null, low: null, high: null };

function Strip({ width, rows, unit, says }: { width: number; rows: Row[]; unit: string; says: string }) {
  const height = rows.length * STEP + 56;
  const left = Math.min(width * 0.4, Math.max(90, ...rows.map((r) => r.name.length * 6.4 + 16)));
  const box: Box = { ...boxOf(width, height, left), top: 8 };
  const values = rows.flatMap((r) => [r.mean.value, r.mean.low, r.mean.high, ...r.changes]).filter((v) => v !== null);
  const { low, high } = covering([0, ...values], 0.04);
  const x = linear(low, high, box.left, box.right);
  const flat = linear(0, 0, 0, 0);
  const digits = high - low < 0.5 ? 2 : high - low < 5 ? 1 : 0;
  return (
    <Drawing width={width} height={height} says={says} parts>
      <Axes
        {...{ box, x, y: { ...flat, at: () => -100 } }}
        xName={`change of loss${unit && `, ${unit}`}`}
        yName=""
        xText={(v) => fixed(v, digits)}
        yText={() => ""}
        crossed
      />
      <line class="scrub-anchor" x1={x.at(0)} x2={x.at(0)} y1={box.top - 4} y2={box.bottom} />
      {rows.map((row, i) => (
        <StripRow key={row.name} {...{ row, x, box, y: box.top + (i + 0.5) * STEP }} />
      ))}
    </Drawing>
  );
}

function StripRow({ row, x, box, y }: { row: Row; x: Scale; box: Box; y: number }) {
  const { value, low, high } = row.mean;
  const fit = Math.max(4, Math.floor((box.left - 14) / 6.4));
  const short = row.name.length > fit ? `${row.name.slice(0, fit - 1)}…` : row.name;
  const ticks = row.changes.slice(0, DOTS).map((c) => `M${x.at(c).toFixed(1)} ${y - 7}v14`);
  return (
    <g
      class="scrub-strip-row"
      role="button"
      tabindex={0}
      aria-label={`${row.name}: mean change ${nats(value)}${row.size && `, ${plural(row.changes.length, "example")}`}`}
      onClick={row.act}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        event.stopPropagation();
        row.act();
      }}
    >
      <rect data-live class="scrub-strip-hit" x={0} y={y - STEP / 2} width={box.right} height={STEP} />
      <text class="scrub-strip-name" x={box.left - 8} y={y + 4}>
        {short}
      </text>
      <path
        class="scrub-strip-ticks"
        style={{ strokeOpacity: Math.min(0.5, 0.12 + 20 / ticks.length) }}
        d={ticks.join("")}
      />
      {low !== null && high !== null && (
        <line class="scrub-whisker-line" x1={x.at(low)} x2={x.at(high)} y1={y} y2={y} />
      )}
      {value !== null && <circle class="scrub-point" cx={x.at(value)} cy={y} r="4.5" />}
    </g>
  );
}

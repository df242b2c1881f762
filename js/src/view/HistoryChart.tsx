/** The numbers of the steps as a branching line: each dot a step with its interval, joined to the one it was made from. */
import { useEffect, useRef } from "preact/hooks";
import { useApp } from "../app";
import { numberWords, spokenStep, stepTitle } from "../history";
import { restore } from "../labels";
import { covering, linear, type Scale } from "../scale";
import { fixed, plural } from "../text";
import type { HistoryStep } from "../wire";
import { Axes, type Box, boxOf, Drawing } from "./Axes";
import { Chart } from "./Chart";

/** Least pixels from one dot to the next; beyond the panel's width the drawing scrolls. */
const PITCH = 24;
const MOST = 300;
const HEIGHT = 210;

const part = (value: number | null | undefined): number | null =>
  value === null || value === undefined ? null : 100 * value;

export function HistoryChart({ steps, at }: { steps: HistoryStep[]; at: number }) {
  const app = useApp();
  const recent = steps.slice(-MOST);
  const focus = app.steps.focus.value ?? at;
  const reached = recent.find((s) => s.id === focus) ?? recent.find((s) => s.id === at) ?? recent.at(-1);
  const here = recent.find((s) => s.id === at);
  const says = `${plural(recent.length, "step")}; the present one is step ${at}, ${numberWords(here?.recovered ?? null)}`;
  return (
    <Chart
      title="Loss recovered, step by step"
      name="history"
      says={says}
      terms={[app.store.task.value?.name, plural(recent.length, "step"), "95 % intervals"].filter(Boolean).join(" · ")}
      table={{
        head: ["step", "what", "loss recovered (%)", "low (%)", "high (%)", "samples", "seed", "from step"],
        rows: recent.map((s) => [
          ...[s.id, stepTitle(s), part(s.recovered?.value), part(s.recovered?.low), part(s.recovered?.high)],
          ...[s.samples, s.seed, s.parent],
        ]),
      }}
      after={
        reached && (
          <p class="scrub-muted scrub-told" aria-hidden="true">
            Step {reached.id} · {stepTitle(reached)} · {numberWords(reached.recovered)}
          </p>
        )
      }
    >
      {(width) => <Line {...{ width, steps: recent, at, says, reached: reached?.id ?? 0 }} />}
    </Chart>
  );
}

type LineProps = { width: number; steps: HistoryStep[]; at: number; reached: number; says: string };
type Placed = { step: HistoryStep; x: number; y: number };

function Line({ width, steps, at, reached, says }: LineProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const wide = Math.max(width, steps.length * PITCH + 68);
  const box = boxOf(wide, HEIGHT);
  const values = steps.flatMap((s) => [s.recovered?.value, s.recovered?.low, s.recovered?.high]);
  const { low, high } = covering([0, 1, ...values.filter((v): v is number => typeof v === "number")], 0.05);
  const y = linear(low, high, box.bottom, box.top);
  const x = linear(-0.5, steps.length - 0.5, box.left, box.right);
  const placed = place(steps, x, y, box);
  useEffect(() => {
    // The newest steps are at the right end.
    const node = scroller.current;
    if (node) node.scrollLeft = node.scrollWidth;
  }, [steps.length]);
  const every = Math.ceil(steps.length / Math.max(3, (box.right - box.left) / 44));
  const ticks = steps.flatMap((s, i) => (i % every === 0 ? [{ i, id: s.id }] : []));
  return (
    <div class="scrub-line-scroll" ref={scroller}>
      <Drawing width={wide} height={HEIGHT} says={says} parts>
        <Axes
          {...{ box, x, y }}
          xName="step"
          yName="loss recovered, %"
          xTicks={ticks.map((t) => t.i)}
          xText={(i) => String(steps[i]?.id ?? "")}
          yText={(v) => fixed(v * 100, 0)}
        />
        <Joins placed={placed} />
        <Dots placed={placed} y={y} at={at} reached={reached} />
      </Drawing>
    </div>
  );
}

/** What was not measured stands as high as the step that it was made from. */
function place(steps: HistoryStep[], x: Scale, y: Scale, box: Box): Map<number, Placed> {
  const placed = new Map<number, Placed>();
  for (const [i, step] of steps.entries()) {
    const value = step.recovered?.value ?? null;
    const parent = placed.get(step.parent ?? -1);
    placed.set(step.id, { step, x: x.at(i), y: value === null ? (parent?.y ?? box.bottom) : y.at(value) });
  }
  return placed;
}

function Joins({ placed }: { placed: Map<number, Placed> }) {
  return (
    <>
      {[...placed.values()].map(({ step, x, y }) => {
        const parent = placed.get(step.parent ?? -1);
        if (!parent) return null;
        const branch = step.parent !== step.id - 1;
        return (
          <line
            key={step.id}
            class={`scrub-history-line${branch ? " scrub-history-branch" : ""}`}
            {...{ x1: parent.x, y1: parent.y, x2: x, y2: y }}
          />
        );
      })}
    </>
  );
}

type DotsProps = { placed: Map<number, Placed>; y: Scale; at: number; reached: number };

function Dots({ placed, y, at, reached }: DotsProps) {
  const { steps } = useApp();
  const all = [...placed.values()];
  const group = useRef<SVGGElement>(null);
  const move = (event: KeyboardEvent) => {
    const i = all.findIndex((p) => p.step.id === reached);
    const to = { ArrowLeft: i - 1, ArrowRight: i + 1, Home: 0, End: all.length - 1 }[event.key];
    const next = to === undefined ? undefined : all[to];
    if (!next) return;
    event.preventDefault();
    steps.focus.value = next.step.id;
    group.current?.querySelector<SVGElement>(`[data-testid="history-dot-${next.step.id}"]`)?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: arrows from dot to dot; each dot is a button
    <g ref={group} onKeyDown={move}>
      {all.map((one) => (
        <Dot key={one.step.id} {...one} scale={y} at={at} reached={reached} />
      ))}
    </g>
  );
}

function Dot({ step, x, y, scale, at, reached }: Placed & { scale: Scale; at: number; reached: number }) {
  const app = useApp();
  const open = app.store.compare.value;
  const letter = open?.a === step.id ? "A" : open?.b === step.id ? "B" : "";
  const { low = null, high = null } = step.recovered ?? {};
  const go = () => restore(app, step.id);
  const words = spokenStep(step, at) + (letter && `, ${letter} of the comparison`);
  const known = step.recovered !== null && step.recovered.value !== null;
  const show = () => {
    app.steps.focus.value = step.id;
  };
  return (
    <g
      class={`scrub-dot${known ? "" : " scrub-dot-open"}`}
      role="button"
      tabindex={step.id === reached ? 0 : -1}
      data-testid={`history-dot-${step.id}`}
      aria-label={words}
      aria-current={step.id === at ? "step" : undefined}
      aria-disabled={app.store.readOnly}
      onFocus={show}
      onPointerEnter={show}
      onClick={go}
      onKeyDown={(e) => {
        if (e.key !== "Enter" && e.key !== " ") return;
        e.preventDefault();
        go();
      }}
    >
      <title>{words}</title>
      <circle class="scrub-hit" cx={x} cy={y} r="12" />
      {low !== null && high !== null && (
        <line class="scrub-history-whisker" x1={x} x2={x} y1={scale.at(low)} y2={scale.at(high)} />
      )}
      {step.id === at && <circle class="scrub-dot-ring" cx={x} cy={y} r={letter ? 11 : 8} />}
      <circle class="scrub-dot-focus" data-live cx={x} cy={y} r="14" />
      <circle class="scrub-dot-mark" cx={x} cy={y} r={letter ? 8 : 4.5} />
      {letter && (
        <text class="scrub-dot-letter" x={x} y={y + 4}>
          {letter}
        </text>
      )}
    </g>
  );
}

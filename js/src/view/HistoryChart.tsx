/** The numbers of the steps as a branching line: each dot a step with its interval, joined to the one it was made from. */
import { useEffect, useRef } from "preact/hooks";
import { useApp } from "../app";
import { numberWords, spokenStep, stepTitle } from "../history";
import { restore } from "../labels";
import { covering, type Scale, ticksOn } from "../scale";
import { fixed } from "../text";
import type { HistoryStep } from "../wire";
import { Chart } from "./Chart";

/** Pixels from one dot to the next; beyond the panel's width the drawing scrolls. */
const PITCH = 26;
const MOST = 300;

type Placed = { step: HistoryStep; x: number; y: number | null };

export function HistoryChart({ steps, at }: { steps: HistoryStep[]; at: number }) {
  const app = useApp();
  const recent = steps.slice(-MOST);
  const values = recent.flatMap((s) => [s.recovered?.value, s.recovered?.low, s.recovered?.high]);
  const y = covering([0, 1, ...values.filter((v): v is number => typeof v === "number")], 0.06);
  const placed = recent.map((step, i): Placed => {
    const value = step.recovered?.value ?? null;
    return { step, x: ((i + 0.5) / recent.length) * 100, y: value === null ? null : 100 - y.at(value) };
  });
  // What was not measured stands as high as the step that it was made from.
  const heights = new Map<number, number>();
  for (const p of placed) heights.set(p.step.id, p.y ?? heights.get(p.step.parent ?? -1) ?? 100);
  const scroller = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The newest steps are at the right end.
    const node = scroller.current;
    if (node) node.scrollLeft = node.scrollWidth;
  }, [recent.length]);
  const focus = app.steps.focus.value ?? at;
  const tabbable = recent.some((s) => s.id === focus) ? focus : (recent.at(-1)?.id ?? 0);
  const told = recent.find((s) => s.id === tabbable);
  return (
    <Chart
      title="Loss recovered, step by step"
      name="history"
      terms={`${recent.length} of ${steps.length} steps`}
      says="The loss recovered at each step, joined to the step that it was made from"
      table={{
        head: ["step", "what", "recovered", "low", "high", "from step"],
        rows: recent.map((s) => [
          s.id,
          stepTitle(s),
          s.recovered?.value ?? null,
          s.recovered?.low ?? null,
          s.recovered?.high ?? null,
          s.parent,
        ]),
      }}
      after={
        <p class="scrub-muted scrub-told" aria-hidden="true">
          {told && `Step ${told.id} · ${stepTitle(told)} · ${numberWords(told.recovered)}`}
        </p>
      }
    >
      {() => (
        <div class="scrub-line-scroll" ref={scroller}>
          <div class="scrub-plot scrub-history-plot" style={{ minWidth: `${recent.length * PITCH}px` }}>
            <Lines placed={placed} y={y} heights={heights} />
            {ticksOn(y, 4).map((t) => (
              <span key={t.value} class="scrub-y" style={{ top: `${100 - t.at}%` }}>
                {fixed(t.value * 100, 0)} %
              </span>
            ))}
            <Dots placed={placed} heights={heights} at={at} tabbable={tabbable} />
          </div>
        </div>
      )}
    </Chart>
  );
}

type Heights = ReadonlyMap<number, number>;

function Lines({ placed, y, heights }: { placed: Placed[]; y: Scale; heights: Heights }) {
  const byId = new Map(placed.map((p) => [p.step.id, p]));
  const from = (p: Placed) => (p.step.parent === null ? undefined : byId.get(p.step.parent));
  return (
    <svg class="scrub-plot-area" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
      {ticksOn(y, 4).map((t) => (
        <line key={t.value} class="scrub-grid" x1="0" x2="100" y1={100 - t.at} y2={100 - t.at} />
      ))}
      {placed.map((p) => {
        const parent = from(p);
        if (!parent) return null;
        const branch = p.step.parent !== p.step.id - 1;
        return (
          <line
            key={p.step.id}
            class={`scrub-history-line${branch ? " scrub-history-branch" : ""}`}
            x1={parent.x}
            y1={heights.get(parent.step.id)}
            x2={p.x}
            y2={heights.get(p.step.id)}
          />
        );
      })}
      {placed.map(({ step, x }) => {
        const { low = null, high = null } = step.recovered ?? {};
        return low === null || high === null ? null : (
          <line key={step.id} class="scrub-history-whisker" x1={x} x2={x} y1={100 - y.at(low)} y2={100 - y.at(high)} />
        );
      })}
    </svg>
  );
}

type DotsProps = { placed: Placed[]; heights: Heights; at: number; tabbable: number };

function Dots({ placed, heights, at, tabbable }: DotsProps) {
  const app = useApp();
  const { store, steps } = app;
  const box = useRef<HTMLDivElement>(null);
  const open = store.compare.value;
  const move = (event: KeyboardEvent) => {
    const i = placed.findIndex((p) => p.step.id === tabbable);
    const to = { ArrowLeft: i - 1, ArrowRight: i + 1, Home: 0, End: placed.length - 1 }[event.key];
    const next = to === undefined ? undefined : placed[to];
    if (!next) return;
    event.preventDefault();
    steps.focus.value = next.step.id;
    box.current?.querySelector<HTMLElement>(`[data-testid="history-dot-${next.step.id}"]`)?.focus();
  };
  return (
    <div ref={box} class="scrub-dots" role="group" aria-label="Steps, oldest first" onKeyDown={move}>
      {placed.map(({ step, x, y }) => {
        const letter = open?.a === step.id ? "A" : open?.b === step.id ? "B" : "";
        return (
          <button
            key={step.id}
            type="button"
            class={`scrub-dot${y === null ? " scrub-dot-open" : ""}${step.id === at ? " scrub-dot-here" : ""}${letter ? " scrub-dot-letter" : ""}`}
            style={{ left: `${x}%`, top: `${heights.get(step.id)}%` }}
            data-testid={`history-dot-${step.id}`}
            tabindex={step.id === tabbable ? 0 : -1}
            aria-label={spokenStep(step, at)}
            aria-current={step.id === at ? "step" : undefined}
            title={spokenStep(step, at)}
            onFocus={() => {
              steps.focus.value = step.id;
            }}
            onPointerEnter={() => {
              steps.focus.value = step.id;
            }}
            onClick={() => restore(app, step.id)}
          >
            <span>{letter}</span>
          </button>
        );
      })}
    </div>
  );
}

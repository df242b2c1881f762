/** Each example's loss, untouched against scrubbed: a mean of 100 % with a wide cloud is not agreement. */
import { useMemo, useState } from "preact/hooks";
import { useApp } from "../app";
import { changeOf, type Mark, MOST, marksOf, pathOf } from "../charts/points";
import { useSlice } from "../charts/slice";
import type { ChartTable } from "../charts/table";
import type { ExampleLosses } from "../store";
import { count, percent, plural } from "../text";
import type { ClassCodes, Result } from "../wire";
import { Brushed, ByChange } from "./Brushed";
import { Chart } from "./Chart";
import { Cloud } from "./Cloud";
import { SliceStrip } from "./SliceStrip";

const LISTED = 20;

export function ExamplesChart({ examples, result }: { examples: ExampleLosses; result: Result }) {
  const { store } = useApp();
  const [rule, setRule] = useState("");
  const { losses, place, problem } = useSlice(examples);
  const offered = store.charts.value?.classes ?? [];
  const classes = offered.find((c) => c.rule === rule) ?? null;
  const n = Math.min(losses.n, MOST);
  const marks = useMemo(() => marksOf(n, classes), [n, classes]);
  const unit = store.task.value?.unit ?? "";
  const where = place ? ` at position ${place.name}` : "";
  const says = `${plural(n, "example")}: each one's loss${where}, scrubbed (up) against untouched (right). ${percent(result.better, 0)} got better, ${percent(result.worse, 0)} worse.`;
  return (
    <>
      <Chart
        title={`Each example's loss${where}`}
        name="examples"
        says={says}
        table={tableOf(losses, classes, unit)}
        controls={<MarkMenu offered={offered} rule={rule} onRule={setRule} marks={marks} />}
        after={
          <>
            <p class="scrub-muted">
              On the diagonal scrubbing changed nothing; above it the example got worse, below it better.{" "}
              {losses.n > n ? `The first ${count(n)} of ${plural(losses.n, "example")} are drawn. ` : ""}
              {problem} The table lists the {Math.min(LISTED, losses.n)} with the largest change, the CSV all.
            </p>
            <ByChange losses={losses} n={n} unit={unit} />
            <Brushed losses={losses} n={n} />
          </>
        }
      >
        {(width) => <Cloud {...{ width, losses, n, marks, says, unit }} />}
      </Chart>
      <SliceStrip losses={losses} n={n} where={where} marks={classes ? marks : null} rule={rule} />
    </>
  );
}

function tableOf(losses: ExampleLosses, classes: ClassCodes | null, unit: string): ChartTable {
  const u = unit && ` (${unit})`;
  const head = ["example", ...["model", "scrubbed", "baseline"].map((l) => `${l} loss${u}`), `change${u}`];
  const row = (i: number) => {
    const code = Number(classes?.codes[i] ?? Number.NaN);
    const name = classes ? [Number.isNaN(code) ? null : (classes.names[code] ?? "other")] : [];
    return [
      i,
      losses.model[i] ?? null,
      losses.scrubbed[i] ?? null,
      losses.baseline[i] ?? null,
      changeOf(losses, i),
      ...name,
    ];
  };
  const order = Array.from({ length: losses.n }, (_, i) => i);
  const largest = [...order].sort((a, b) => Math.abs(changeOf(losses, b)) - Math.abs(changeOf(losses, a)));
  return {
    head: classes ? [...head, classes.rule] : head,
    rows: largest.slice(0, LISTED).map(row),
    all: () => order.map(row),
  };
}

type MenuProps = { offered: ClassCodes[]; rule: string; onRule(rule: string): void; marks: Mark[] };

/** By which rule the points are marked, and what each mark means. */
function MarkMenu({ offered, rule, onRule, marks }: MenuProps) {
  if (offered.length === 0) return null;
  return (
    <>
      <label class="scrub-chart-field">
        <span class="scrub-muted">Mark classes of</span>
        <select
          class="scrub-select"
          data-testid="examples-rule"
          value={rule}
          onChange={(e) => onRule(e.currentTarget.value)}
        >
          <option value="">no rule</option>
          {offered.map((c) => (
            <option key={c.rule} value={c.rule}>
              {c.at === null ? c.rule : `${c.rule} (at position ${c.at})`}
            </option>
          ))}
        </select>
      </label>
      {rule && (
        <ul class="scrub-legend" data-testid="examples-legend">
          {marks.map((m) => (
            <li key={m.name}>
              <MarkSample mark={m} /> {m.name} <span class="scrub-muted">{count(m.members.length)}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function MarkSample({ mark }: { mark: Mark }) {
  return (
    <svg class="scrub-legend-mark" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
      <path class="scrub-mark" style={mark.hue ? { fill: mark.hue } : undefined} d={pathOf(mark.shape, [[6, 6]], 4)} />
    </svg>
  );
}

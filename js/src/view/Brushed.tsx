/** Selecting examples by keys, and what can be done with a selection. */
import { useState } from "preact/hooks";
import { useApp } from "../app";
import { changeOf, meanOf } from "../charts/points";
import type { ExampleLosses } from "../store";
import { count, nats, plural } from "../text";

/** The key way to the brush: all examples whose loss changed by so much. */
export function ByChange({ losses, n, unit }: { losses: ExampleLosses; n: number; unit: string }) {
  const { ui } = useApp();
  const [ends, setEnds] = useState({ from: "", to: "" });
  const [none, setNone] = useState(false);
  const select = () => {
    const low = ends.from === "" ? Number.NEGATIVE_INFINITY : Number(ends.from);
    const high = ends.to === "" ? Number.POSITIVE_INFINITY : Number(ends.to);
    const found: number[] = [];
    for (let i = 0; i < n; i++) {
      const change = changeOf(losses, i);
      if (change >= low && change <= high) found.push(i);
    }
    setNone(found.length === 0);
    ui.brushed.value = found.length > 0 ? found : null;
    if (found.length > 0) ui.example.value = found[0] ?? null;
  };
  const field = (end: "from" | "to") => (
    <label class="scrub-chart-field">
      <span class="scrub-muted">{end}</span>
      <input
        class="scrub-number-field"
        type="number"
        step="any"
        data-testid={`brush-${end}`}
        aria-label={`change of loss ${end}`}
        placeholder="any"
        value={ends[end]}
        onInput={(e) => setEnds({ ...ends, [end]: e.currentTarget.value })}
      />
    </label>
  );
  return (
    <form
      class="scrub-row"
      aria-label="Select examples by the change of their loss"
      onSubmit={(event) => {
        event.preventDefault();
        select();
      }}
    >
      <span class="scrub-muted">Select a change of loss{unit && ` (${unit})`}</span>
      {field("from")}
      {field("to")}
      <button type="submit" class="scrub-button" data-testid="brush-apply">
        Select
      </button>
      {none && (
        <span class="scrub-muted" role="status">
          no example's loss changed by that much
        </span>
      )}
    </form>
  );
}

/** What is selected, and the way to its examples. */
export function Brushed({ losses, n }: { losses: ExampleLosses; n: number }) {
  const { ui } = useApp();
  const brushed = ui.brushed.value?.filter((i) => i < n);
  if (!brushed || brushed.length === 0) return null;
  const changes = brushed.map((i) => changeOf(losses, i));
  const mean = meanOf(changes);
  const worse = changes.filter((c) => c > 0).length;
  return (
    <div class="scrub-row" role="status" data-testid="brushed">
      <span>
        <b>{plural(brushed.length, "example")}</b> selected: mean change {nats(mean?.value ?? null)}, {count(worse)}{" "}
        worse
      </span>
      <button
        type="button"
        class="scrub-button"
        data-testid="brushed-open"
        onClick={() => {
          if (ui.example.value === null || !brushed.includes(ui.example.value)) ui.example.value = brushed[0] ?? null;
          ui.tab.value = "sample";
        }}
      >
        Open in Sample
      </button>
      <button
        type="button"
        class="scrub-link"
        data-testid="brushed-clear"
        onClick={() => {
          ui.brushed.value = null;
        }}
      >
        select none
      </button>
    </div>
  );
}

/** Inputs put into bins by hand: by dragging, by clicking a bin's button, or by its number key on a row. */
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app";
import { type Bins, binOf, paint, REST } from "../making";
import { HUES } from "../rules";
import { count, plural, visible } from "../text";
import type { FoundInput, Task } from "../wire";

type Found = { total: number; rows: FoundInput[]; text: string };
const MOST_BINS = 9;
const SHOWN = 14;

export function Paint({ task, bins, set }: { task: Task; bins: Bins; set: (bins: Bins) => void }) {
  const { store } = useApp();
  const [filter, setFilter] = useState("");
  const [found, setFound] = useState<Found | null>(null);
  const [over, setOver] = useState<number | null>(null);
  const ask = (text: string, start: number) =>
    store.requests.send({ kind: "inputs", text, start }, (answer) => {
      if (answer.kind !== "inputs") return;
      setFound((old) => ({
        total: answer.total,
        text,
        rows: start > 0 && old?.text === text ? [...old.rows, ...answer.rows] : answer.rows,
      }));
    });
  useEffect(() => {
    const timer = setTimeout(() => ask(filter, 0), 150);
    return () => clearTimeout(timer);
  }, [filter]);
  const painted = bins.reduce((sum, b) => sum + b.inputs.length, 0);
  const put = (index: number, to: number | null) => set(paint(bins, [index], to));
  return (
    <div class="scrub-paint" data-testid="paint">
      <ul class="scrub-bins" aria-label="Bins">
        {bins.map((bin, i) => (
          <li
            key={i}
            class={`scrub-bin${over === i ? " scrub-over" : ""}`}
            data-testid={`bin-${i}`}
            onDragOver={(e) => {
              e.preventDefault();
              setOver(i);
            }}
            onDragLeave={() => setOver(null)}
            onDrop={(e) => {
              e.preventDefault();
              setOver(null);
              const index = Number(e.dataTransfer?.getData("text/plain"));
              if (Number.isInteger(index)) put(index, i);
            }}
          >
            <b class="scrub-bin-mark" style={{ borderColor: HUES[i % HUES.length] }} aria-hidden="true">
              {i + 1}
            </b>
            <input
              class="scrub-bin-name"
              data-testid={`bin-name-${i}`}
              aria-label={`Name of bin ${i + 1}`}
              value={bin.name}
              onInput={(e) => {
                const name = e.currentTarget.value;
                set(bins.map((b, j) => (j === i ? { ...b, name } : b)));
              }}
            />
            <span class="scrub-muted" data-testid={`bin-count-${i}`}>
              {count(bin.inputs.length)}
            </span>
            {bins.length > 1 && (
              <button
                type="button"
                class="scrub-mini"
                aria-label={`Remove bin ${bin.name}`}
                onClick={() => set(bins.filter((_, j) => j !== i))}
              >
                ✕
              </button>
            )}
          </li>
        ))}
        <li class="scrub-bin scrub-bin-rest">
          <span class="scrub-muted">
            {REST}: {count(task.n - painted)}
          </span>
          {bins.length < MOST_BINS && (
            <button
              type="button"
              class="scrub-mini"
              data-testid="bin-add"
              onClick={() => set([...bins, { name: `bin ${bins.length + 1}`, inputs: [] }])}
            >
              + bin
            </button>
          )}
        </li>
      </ul>
      <label class="scrub-field">
        <span>find inputs (text, or #number)</span>
        <input
          data-testid="paint-filter"
          type="search"
          value={filter}
          onInput={(e) => setFilter(e.currentTarget.value)}
        />
      </label>
      <p class="scrub-muted" role="status">
        {found ? `${plural(found.total, "input")} found` : "looking…"}; drag one into a bin, press its number, or type
        the number on it.
      </p>
      <ul class="scrub-paint-rows" aria-label="Inputs found">
        {found?.rows.map((row) => (
          <Row key={row.index} row={row} bins={bins} put={put} />
        ))}
      </ul>
      {found && found.rows.length < found.total && (
        <button
          type="button"
          class="scrub-link"
          data-testid="paint-more"
          onClick={() => ask(found.text, found.rows.length)}
        >
          more
        </button>
      )}
    </div>
  );
}

function Row({ row, bins, put }: { row: FoundInput; bins: Bins; put: (index: number, to: number | null) => void }) {
  const at = binOf(bins, row.index);
  const tail = row.tokens.slice(-SHOWN);
  return (
    <li
      class="scrub-paint-row"
      draggable
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a number key on the row paints it
      tabIndex={0}
      data-testid={`paint-${row.index}`}
      data-bin={at ?? ""}
      aria-label={`Input ${row.index}, ${at === null ? REST : `in ${bins[at]?.name}`}: ${tail.join("")}`}
      onDragStart={(e) => e.dataTransfer?.setData("text/plain", String(row.index))}
      onKeyDown={(e) => {
        const to = Number(e.key) - 1;
        if (e.target === e.currentTarget && Number.isInteger(to) && to < bins.length)
          put(row.index, to < 0 ? null : to);
      }}
    >
      <span class="scrub-muted scrub-number">#{row.index}</span>
      <span class="scrub-paint-text">
        {row.tokens.length > SHOWN && <span class="scrub-muted">…</span>}
        {tail.map((token, i) => (
          <span key={i} class="scrub-token">
            {visible(token)}
          </span>
        ))}
        {row.label !== null && <span class="scrub-muted"> → {visible(row.label)}</span>}
      </span>
      <span class="scrub-paint-bins">
        {bins.map((bin, i) => (
          <button
            key={i}
            type="button"
            class="scrub-mini"
            data-testid={`paint-${row.index}-${i}`}
            aria-pressed={at === i}
            aria-label={`Put input ${row.index} into ${bin.name}`}
            tabIndex={-1}
            onClick={() => put(row.index, at === i ? null : i)}
          >
            {i + 1}
          </button>
        ))}
      </span>
    </li>
  );
}

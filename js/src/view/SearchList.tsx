/** The senders, most important first, with their intervals. */
import { useApp } from "../app";
import { candidateName, candidateWords, doubtWords, pointBounds, points, ranked, told } from "../search";
import { count } from "../text";
import type { Search, SearchCell } from "../wire";

const FEW = 8;

export function SearchList({ search }: { search: Search }) {
  const { ui, actions } = useApp();
  const rows = ranked(search);
  const shown = ui.search.value.all ? rows : rows.slice(0, FEW);
  const ends = rows.flatMap((c) => [c.effect.low ?? 0, c.effect.high ?? 0, c.effect.value ?? 0]);
  const low = Math.min(0, ...ends);
  const high = Math.max(0, ...ends);
  const at = (v: number) => (100 * (v - low)) / (high - low || 1);
  return (
    <div class="scrub-ranked">
      <h3>{search.question === "free" ? "Costs most when freed" : "Gains most"}</h3>
      <ol>
        {shown.map((cell) => (
          <Row key={cell.component} {...{ cell, at }} />
        ))}
      </ol>
      {rows.length > FEW && (
        <button
          type="button"
          class="scrub-link"
          data-testid="search-all"
          onClick={() => actions.setSearch({ all: !ui.search.value.all })}
        >
          {ui.search.value.all ? "only the first" : `all ${count(rows.length)}`}
        </button>
      )}
    </div>
  );
}

function Row({ cell, at }: { cell: SearchCell; at: (v: number) => number }) {
  const { store, ui, actions } = useApp();
  const index = store.index.value;
  const { chosen } = ui.search.value;
  const { value, low, high } = cell.effect;
  const doubt = doubtWords(cell);
  const marked = chosen.includes(cell.component);
  const pick = () =>
    actions.setSearch({
      chosen: marked ? chosen.filter((c) => c !== cell.component) : [...chosen, cell.component],
    });
  return (
    <li class={`scrub-ranked-row${told(cell) ? "" : " scrub-ranked-noise"}`}>
      <label title={[index ? candidateWords(index, cell.component) : cell.component, doubt].filter(Boolean).join(": ")}>
        <input
          type="checkbox"
          checked={marked}
          disabled={store.readOnly}
          data-testid={`search-pick-${cell.component}`}
          onChange={pick}
        />
        {candidateName(cell.component)}
      </label>
      <span class="scrub-ranked-bar" aria-hidden="true">
        <i class="scrub-ranked-zero" style={{ left: `${at(0)}%` }} />
        {value !== null && low !== null && high !== null && (
          <>
            <i class="scrub-ranked-range" style={{ left: `${at(low)}%`, width: `${at(high) - at(low)}%` }} />
            <i class="scrub-ranked-point" style={{ left: `${at(value)}%` }} />
          </>
        )}
      </span>
      <span class="scrub-number">
        {cell.exact ? "" : "≈ "}
        <b>{points(value)}</b> <span class="scrub-muted">{pointBounds(cell.effect)}</span>
        <span class="scrub-hidden">
          {doubt && `, ${doubt}`}
          {cell.exact ? "" : ", estimate"}
        </span>
      </span>
    </li>
  );
}

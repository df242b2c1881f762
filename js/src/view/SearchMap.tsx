/** Layers by heads with a column for the MLPs: the sign is printed, what is within noise is hatched. */
import { useRef, useState } from "preact/hooks";
import { useApp } from "../app";
import { cellColours, colourBar } from "../colours";
import { isFunctions } from "../graph";
import {
  asked,
  type CellMap,
  candidates,
  cellMap,
  cellWords,
  MOST_Q,
  neighbour,
  points,
  reach,
  type Spot,
  told,
} from "../search";
import type { Search, SearchCell } from "../wire";

/** From here on a cell is too narrow for a number. */
const NUMBERS = 20;
/** From here on, of what is within noise only the sign is printed. */
const SIGNS = 9;

export function SearchMap({ search }: { search: Search }) {
  const { store, ui, actions } = useApp();
  const form = ui.search.value;
  const now = asked(store, form);
  const index = store.index.value;
  const [tip, setTip] = useState<string | null>(null);
  const [focus, setFocus] = useState<string | null>(null);
  const grid = useRef<HTMLDivElement>(null);
  if (!now || !index) return null;
  const asks = candidates(index, now.receiver, search.each);
  const map = cellMap(asks, isFunctions(index.graph));
  const cells = new Map(search.cells.map((c) => [c.component, c]));
  const why = new Map(search.skipped.map((s) => [s.component, s.why]));
  const most = reach(search.cells);
  const lines = form.flipped ? map.lines : [...map.lines].reverse();
  const tabbed = map.spots.find((s) => s.component.id === focus) ?? map.spots.find((s) => cells.has(s.component.id));
  const first = (tabbed ?? map.spots[0])?.component.id;

  const toggle = (id: string) => {
    if (store.readOnly || !cells.has(id)) return;
    const chosen = form.chosen.includes(id) ? form.chosen.filter((c) => c !== id) : [...form.chosen, id];
    actions.setSearch({ chosen });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = ARROWS[event.key];
    const from = (event.target as HTMLElement).dataset.id;
    if (!step || from === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const to = neighbour(map, from, step[0], form.flipped ? step[1] : -step[1]);
    grid.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(to)}"]`)?.focus();
  };

  return (
    <div class="scrub-effects">
      <div
        class={`scrub-effects-grid${map.columns > NUMBERS ? " scrub-effects-small" : ""}`}
        role="grid"
        aria-label="Senders, layer by head; arrows move, Enter marks for accepting"
        aria-multiselectable="true"
        ref={grid}
        style={{ "--scrub-columns": map.columns }}
        onKeyDown={onKeyDown}
      >
        <Heads map={map} />
        {lines.map((line) => (
          <div key={line} role="row" class="scrub-effects-row">
            <span role="rowheader" class="scrub-effects-line">
              {lineName(line, isFunctions(index.graph))}
            </span>
            {map.spots
              .filter((s) => s.y === line)
              .map((spot) => (
                <Cell
                  key={spot.component.id}
                  {...{ spot, most }}
                  dense={map.columns > SIGNS}
                  cell={cells.get(spot.component.id)}
                  words={cellWords(index, spot.component.id, cells.get(spot.component.id), why.get(spot.component.id))}
                  chosen={form.chosen.includes(spot.component.id)}
                  skipped={why.has(spot.component.id)}
                  tabbed={spot.component.id === first}
                  onPick={() => toggle(spot.component.id)}
                  onShow={(shown) => {
                    setTip(shown ? spot.component.id : null);
                    if (shown) setFocus(spot.component.id);
                  }}
                />
              ))}
          </div>
        ))}
      </div>
      <p class="scrub-effects-tip scrub-number" aria-hidden="true">
        {tip ? cellWords(index, tip, cells.get(tip), why.get(tip)) : "\u00a0"}
      </p>
      <ColourBar most={most} noise={search.cells.some((c) => !told(c))} />
    </div>
  );
}

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const lineName = (line: number, functions: boolean): string => {
  if (line < 0) return functions ? "in" : "emb";
  return functions ? String(line) : `L${line}`;
};

function Heads({ map }: { map: CellMap }) {
  if (map.heads === 0) return null;
  const every = map.heads > 20 ? 4 : 1;
  const names = [...Array(map.heads).keys()].map((h) => (h % every === 0 ? String(h) : ""));
  return (
    <div role="row" class="scrub-effects-row scrub-effects-head">
      <span role="columnheader" class="scrub-effects-line">
        head
      </span>
      {[...names, ...(map.mlp === null ? [] : [every > 1 ? "M" : "MLP"])].map((name, i) => (
        <span key={i} role="columnheader" style={{ gridColumn: i + 2 }}>
          {name}
        </span>
      ))}
    </div>
  );
}

type CellProps = {
  spot: Spot;
  cell: SearchCell | undefined;
  most: number;
  dense: boolean;
  words: string;
  chosen: boolean;
  skipped: boolean;
  tabbed: boolean;
  onPick: () => void;
  onShow: (shown: boolean) => void;
};

function Cell({ spot, cell, most, dense, words, chosen, skipped, tabbed, onPick, onShow }: CellProps) {
  const { ui } = useApp();
  const { component, x, span } = spot;
  const value = cell?.effect.value ?? null;
  const state = value === null ? (skipped ? " scrub-cell-skipped" : " scrub-cell-open") : "";
  const noise = cell !== undefined && value !== null && !told(cell) ? " scrub-cell-noise" : "";
  const colours = value === null ? {} : cellColours(ui.search.value.colours, value / most);
  const named = component.kind !== "head" && component.kind !== "mlp" ? component.id : (component.part ?? "");
  return (
    <button
      type="button"
      role="gridcell"
      class={`scrub-effects-cell${state}${noise}${cell?.exact === false ? " scrub-cell-estimate" : ""}`}
      style={{ ...colours, gridColumn: `${x + 2} / span ${span}` }}
      data-testid={`search-cell-${component.id}`}
      data-id={component.id}
      data-effect={value ?? ""}
      aria-label={words}
      aria-selected={chosen}
      tabindex={tabbed ? 0 : -1}
      onClick={onPick}
      onPointerEnter={() => onShow(true)}
      onPointerLeave={() => onShow(false)}
      onFocus={() => onShow(true)}
      onBlur={() => onShow(false)}
    >
      {named && <small>{named}</small>}
      <span class="scrub-effects-number">
        {value === null ? (skipped ? "" : "·") : brief(points(value), noise && dense)}
      </span>
    </button>
  );
}

const brief = (text: string, signOnly: string | boolean): string => (signOnly ? text.slice(0, 1) : text);

/** Named and signed: which end is which differs from tool to tool. */
function ColourBar({ most, noise }: { most: number; noise: boolean }) {
  const { ui } = useApp();
  return (
    <div class="scrub-effects-bar" aria-hidden="true">
      <span class="scrub-number">{points(-most)} worse</span>
      <i style={{ background: colourBar(ui.search.value.colours) }} />
      <span class="scrub-number">better {points(most)}</span>
      {noise && (
        <span class="scrub-effects-key">
          <i class="scrub-cell-noise" /> within noise, or q above {MOST_Q}
        </span>
      )}
    </div>
  );
}

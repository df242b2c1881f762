/** Layers by heads with a column for the MLPs: the sign is printed, what is within noise is hatched. */
import { useRef, useState } from "preact/hooks";
import { useApp } from "../app";
import { isFunctions } from "../graph";
import { asked, type CellMap, candidates, cellMap, cellWords, neighbour } from "../search";
import type { Component, Search } from "../wire";
import { Cell } from "./SearchCell";

/** From here on a cell is too narrow for a number; of three maps side by side each is narrower. */
const NUMBERS = 20;
const FACET_NUMBERS = 6;
/** From here on, of what is within noise only the sign is printed. */
const SIGNS = 9;

type Props = {
  search: Search;
  /** Where the colours end. */
  most: number;
  /** One of several maps: of the query, key or value input. */
  facet: string | null;
  onTip: (words: string | null) => void;
};

export function SearchGrid({ search, most, facet, onTip }: Props) {
  const { store, ui, actions } = useApp();
  const form = ui.search.value;
  const now = asked(store, form);
  const index = store.index.value;
  const [focus, setFocus] = useState<string | null>(null);
  const grid = useRef<HTMLDivElement>(null);
  if (!now || !index) return null;
  const asks = candidates(index, now.receiver, search.each);
  const map = cellMap(asks, isFunctions(index.graph));
  const cells = new Map(search.cells.map((c) => [c.component, c]));
  const why = new Map(search.skipped.map((s) => [s.component, s.why]));
  const lines = form.flipped ? map.lines : [...map.lines].reverse();
  const tabbed = map.spots.find((s) => s.component.id === focus) ?? map.spots.find((s) => cells.has(s.component.id));
  const first = (tabbed ?? map.spots[0])?.component.id;

  const toggle = (id: string) => {
    if (!store.readOnly && cells.has(id)) actions.markFound(named(id));
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

  const small = map.columns > (facet ? FACET_NUMBERS : NUMBERS);
  /** As the kernel names it. */
  const named = (id: string) => (facet ? `${id}.${facet}` : id);
  const words = (id: string) => cellWords(index, named(id), cells.get(id), why.get(id));

  return (
    <div
      class={`scrub-effects-grid${small ? " scrub-effects-small" : ""}`}
      role="grid"
      aria-label={`${facet ? `Input ${facet} of the heads` : "Senders"}, layer by head; arrows move, Enter marks for accepting`}
      aria-multiselectable="true"
      ref={grid}
      style={{ "--scrub-columns": map.columns }}
      onKeyDown={onKeyDown}
    >
      <Heads map={map} narrow={facet !== null} />
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
                {...{ most, id: spot.component.id, name: inCell(spot.component) }}
                column={`${spot.x + 2} / span ${spot.span}`}
                dense={map.columns > SIGNS || facet !== null}
                testid={named(spot.component.id)}
                cell={cells.get(spot.component.id)}
                words={words(spot.component.id)}
                chosen={form.chosen.includes(named(spot.component.id))}
                skipped={why.has(spot.component.id)}
                tabbed={spot.component.id === first}
                onPick={() => toggle(spot.component.id)}
                onShow={(shown) => {
                  onTip(shown ? words(spot.component.id) : null);
                  if (shown) setFocus(spot.component.id);
                }}
              />
            ))}
        </div>
      ))}
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

function Heads({ map, narrow }: { map: CellMap; narrow: boolean }) {
  if (map.heads === 0) return null;
  const every = map.heads > (narrow ? FACET_NUMBERS : NUMBERS) ? 4 : 1;
  const names = [...Array(map.heads).keys()].map((h) => (h % every === 0 ? String(h) : ""));
  return (
    <div role="row" class="scrub-effects-row scrub-effects-head">
      <span role="columnheader" class="scrub-effects-line">
        {narrow ? "" : "head"}
      </span>
      {[...names, ...(map.mlp === null ? [] : [every > 1 ? "M" : "MLP"])].map((name, i) => (
        <span key={i} role="columnheader" style={{ gridColumn: i + 2 }}>
          {name}
        </span>
      ))}
    </div>
  );
}

/** What a cell says of its component, where that is not its place. */
const inCell = (c: Component): string => (c.kind !== "head" && c.kind !== "mlp" ? c.id : (c.part ?? ""));

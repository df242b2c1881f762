/** Positions as a row of cells, in the order of the tokens. */
import { useRef, useState } from "preact/hooks";
import { useApp } from "../app";
import { cellWords } from "../search";
import type { Search } from "../wire";
import { Cell } from "./SearchCell";

type Props = { search: Search; most: number; onTip: (words: string | null) => void };

export function SearchPositions({ search, most, onTip }: Props) {
  const { store, ui, actions } = useApp();
  const [focus, setFocus] = useState<string | null>(null);
  const row = useRef<HTMLDivElement>(null);
  const index = store.index.value;
  if (!index) return null;
  const cells = new Map(search.cells.map((c) => [c.component, c]));
  const why = new Map(search.skipped.map((s) => [s.component, s.why]));
  const at = (name: string) => Number(name.slice(1));
  const names = [...cells.keys(), ...why.keys()].sort((a, b) => at(a) - at(b));
  const tabbed = names.find((n) => n === focus) ?? names[0];
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const from = names.indexOf((event.target as HTMLElement).dataset.id ?? "");
    const to = names[from + by];
    if (!by || to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    row.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(to)}"]`)?.focus();
  };
  return (
    <div
      role="grid"
      aria-label="Positions; arrows move, Enter marks for accepting"
      aria-multiselectable="true"
      data-testid="search-positions"
      onKeyDown={onKeyDown}
    >
      <div role="row" class="scrub-effects-places" ref={row}>
        {names.map((name) => {
          const words = cellWords(index, name, cells.get(name), why.get(name));
          return (
            <Cell
              key={name}
              {...{ id: name, name: name.slice(1), most, words, testid: name, dense: false, column: null }}
              cell={cells.get(name)}
              chosen={ui.search.value.chosen.includes(name)}
              skipped={why.has(name)}
              tabbed={name === tabbed}
              onPick={() => {
                if (!store.readOnly && cells.has(name)) actions.markFound(name);
              }}
              onShow={(shown) => {
                onTip(shown ? words : null);
                if (shown) setFocus(name);
              }}
            />
          );
        })}
      </div>
    </div>
  );
}

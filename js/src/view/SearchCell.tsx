/** One answer as a coloured cell: the sign is printed, what is within noise is hatched. */
import { useApp } from "../app";
import { cellColours } from "../colours";
import { points, told } from "../search";
import type { SearchCell } from "../wire";

type CellProps = {
  /** As the kernel names it, and what is written in the cell. */
  testid: string;
  id: string;
  name: string;
  /** Where it stands in its row; null: after the one before. */
  column: string | null;
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

export function Cell({ testid, id, name, column, cell, most, dense, ...rest }: CellProps) {
  const { ui } = useApp();
  const { words, chosen, skipped, tabbed, onPick, onShow } = rest;
  const value = cell?.effect.value ?? null;
  const state = value === null ? (skipped ? " scrub-cell-skipped" : " scrub-cell-open") : "";
  const noise = cell !== undefined && value !== null && !told(cell) ? " scrub-cell-noise" : "";
  const colours = value === null ? {} : cellColours(ui.search.value.colours, value / most);
  return (
    <button
      type="button"
      role="gridcell"
      class={`scrub-effects-cell${state}${noise}${cell?.exact === false ? " scrub-cell-estimate" : ""}`}
      style={column ? { ...colours, gridColumn: column } : colours}
      data-testid={`search-cell-${testid}`}
      data-id={id}
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
      {name && <small>{name}</small>}
      <span class="scrub-effects-number">
        {value === null ? (skipped ? "" : "·") : brief(points(value), noise && dense)}
      </span>
    </button>
  );
}

const brief = (text: string, signOnly: string | boolean): string => (signOnly ? text.slice(0, 1) : text);

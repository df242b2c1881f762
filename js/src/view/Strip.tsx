/** Folded layers: one amber strip that says what is hidden, and opens on click. */
import { useApp } from "../app";
import { claimsOf } from "../hypothesis";
import type { MapRow } from "../layout";
import { plural } from "../text";

export function Strip({ row }: { row: MapRow }) {
  const { store, ui } = useApp();
  const [cell] = row.cells;
  if (!cell) return null;
  const hidden = (store.graph.value?.components ?? []).filter((c) => row.folded?.includes(c.layer));
  const claims = store.state.value?.claims ?? [];
  const held = hidden.filter((c) => claimsOf(claims, c.id).length > 0).length;
  const words = `${plural(hidden.length, "component")} folded${held > 0 ? `, ${held} claimed` : ""}`;
  const stop = ui.focus.value === cell.id;
  const box = { x: cell.x, y: cell.y, width: cell.w, height: cell.h };
  return (
    <g class="scrub-folded" data-glyph={cell.id}>
      <rect {...box} rx="4" />
      <text x={cell.x + cell.w / 2} y={cell.y + cell.h / 2 + 4}>
        {cell.label}: {words}
      </text>
      <rect
        class="scrub-cell-target"
        role="gridcell"
        tabindex={stop ? 0 : -1}
        data-testid={`cell-${cell.id}`}
        data-cell={cell.id}
        aria-selected={false}
        aria-label={`${row.words}: ${words}. Enter shows them`}
        {...box}
      />
      {stop && <rect class="scrub-focus" x={cell.x - 3} y={cell.y - 3} width={cell.w + 6} height={cell.h + 6} rx="6" />}
    </g>
  );
}

/** One component in the map. It reads one signal of its own, so a change draws again only the glyphs that it touches. */
import { useApp } from "../app";
import { halves, spokenHalves } from "../compare";
import { ROOT } from "../hypothesis";
import type { Cell } from "../layout";
import type { Look } from "../looks";
import { spotClass } from "../spotlight";
import type { Warning } from "../wire";
import { GlyphBody } from "./GlyphBody";
import { GlyphHalves } from "./GlyphHalves";
import { Port } from "./Port";

export function Glyph({ cell }: { cell: Cell }) {
  const { map, store, ui } = useApp();
  const split = cell.id === ROOT ? null : halves(store, cell.id);
  const look = map.look(cell.id).value;
  const ports = !cell.dot || cell.id === ROOT || (look.close && cell.ports.length > 0);
  const marks = look.close || !cell.dot;
  const spot = spotClass(ui, cell.id);
  return (
    <g class={classOf(cell, look) + spot} data-glyph={cell.id}>
      {look.selected && <Rings cell={cell} />}
      {!look.selected && look.caught && <Ring cell={cell} by={cell.dot ? 2 : 3} name="scrub-caught" />}
      {split ? <GlyphHalves cell={cell} halves={split} /> : <GlyphBody cell={cell} look={look} />}
      {marks && look.fills.some((f) => f.shared) && <Link cell={cell} />}
      {marks && look.claims.length > 1 && (
        <text class="scrub-times" x={cell.x + cell.w + 2} y={cell.y + 5}>
          ×{look.claims.length}
        </text>
      )}
      {look.broken ? <Broken cell={cell} /> : look.doubt && <Corner cell={cell} warning={look.doubt} />}
      {ports &&
        cell.ports.map((port) => <Port key={port.id} port={port} cell={cell} active={look.active === port.name} />)}
      {/* Without text inside, its label is all that a screen reader says of it. */}
      <rect
        class="scrub-cell-target"
        role="gridcell"
        tabindex={look.stop ? 0 : -1}
        data-testid={`cell-${cell.id}`}
        data-cell={cell.id}
        data-claims={look.claims.length}
        data-letters={look.fills.map((f) => f.face.letter).join(" ")}
        data-upstream={!look.dim}
        aria-selected={look.selected}
        data-doubted={look.doubt?.severity}
        aria-label={look.label + spokenHalves(store.compare.value, cell.id)}
        {...{ x: cell.x, y: cell.y, width: cell.w, height: cell.h }}
      />
      {look.stop && <Ring cell={cell} by={focusDistance(cell, look)} name="scrub-focus" />}
      {spot === " scrub-lit" && <Ring cell={cell} by={cell.dot ? 4 : 8} name="scrub-lit-ring" />}
    </g>
  );
}

/** Outside the rings of a selected glyph, so that both are seen. */
const focusDistance = (cell: Cell, look: Look): number => (look.selected ? 8.5 : 5) * (cell.dot ? 0.6 : 1);

function classOf(cell: Cell, look: Look): string {
  const words = [`scrub-cell scrub-cell-${cell.kind}`];
  if (cell.dot) words.push("scrub-dotted");
  if (look.dim) words.push("scrub-away");
  if (look.claims.length > 0) words.push("scrub-held");
  return words.join(" ");
}

/** Two rings: selected. One is a cell inside a lasso, one thick one the focus. */
function Rings({ cell }: { cell: Cell }) {
  const [inner, outer] = cell.dot ? [1.3, 3] : [2.5, 5.5];
  return (
    <>
      <Ring cell={cell} by={inner} name="scrub-selected-ring" />
      <Ring cell={cell} by={outer} name="scrub-selected-ring" />
    </>
  );
}

function Ring({ cell, by, name }: { cell: Cell; by: number; name: string }) {
  const box = { x: cell.x - by, y: cell.y - by, width: cell.w + 2 * by, height: cell.h + 2 * by };
  return <rect class={name} {...box} rx={2 + by} />;
}

/** Two links of a chain: this draw is shared with others. */
function Link({ cell }: { cell: Cell }) {
  const k = cell.dot ? 0.55 : 1;
  return (
    <g class="scrub-link-badge" transform={`translate(${cell.x} ${cell.y}) scale(${k})`}>
      <title>one draw, shared with other claims</title>
      <Chain />
    </g>
  );
}

function Chain() {
  return (
    <>
      <circle r="7.5" />
      <rect x="-5.4" y="-2.2" width="6" height="4.4" rx="2.2" />
      <rect x="-0.6" y="-2.2" width="6" height="4.4" rx="2.2" />
    </>
  );
}

/** The badge in a legend. */
export function LinkKey() {
  return (
    <svg class="scrub-link-badge" width="17" height="17" viewBox="-8.5 -8.5 17 17" aria-hidden="true">
      <Chain />
    </svg>
  );
}

function Broken({ cell }: { cell: Cell }) {
  const { store } = useApp();
  return (
    <path class="scrub-broken" d={`M${cell.x + cell.w - 12} ${cell.y - 2}h14v14z`}>
      <title>{store.status.value?.error?.message}</title>
    </path>
  );
}

/** The amber corner: a guard fired. Not colour alone: a mark stands in it. */
function Corner({ cell, warning }: { cell: Cell; warning: Warning }) {
  const size = cell.dot ? 8 : 15;
  const x = cell.x + cell.w + 2;
  const y = cell.y - 2;
  return (
    <g class={`scrub-corner scrub-corner-${warning.severity}`} data-testid={`corner-${cell.id}`}>
      <title>{`${warning.name}: ${warning.evidence}`}</title>
      <path d={`M${x - size} ${y}h${size}v${size}z`} />
      {!cell.dot && (
        <text x={x - 4.6} y={y + 9}>
          {warning.severity === "warning" ? "!" : "i"}
        </text>
      )}
    </g>
  );
}

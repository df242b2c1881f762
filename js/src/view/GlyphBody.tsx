/** A glyph's inside: its rules as fill and letter, its name, and what a search measured. */
import { useApp } from "../app";
import { ROOT } from "../hypothesis";
import type { Mark } from "../importance";
import type { Cell } from "../layout";
import type { Fill, Look } from "../looks";
import { LETTER_ZONE, MARK_ZONE } from "../stacks";

/** The square of a search's number has this much room: beside a letter or a name, else in the middle. */
function zoneOf(cell: Cell, alone: boolean): number {
  if (cell.dot) return cell.h - 2;
  return alone ? cell.h - 5 : Math.min(cell.h - 8, cell.w / 2 - 3, MARK_ZONE - 4);
}

export function GlyphBody({ cell, look }: { cell: Cell; look: Look }) {
  const { uid } = useApp();
  const { x, y, w, h } = cell;
  const { fills } = look;
  const root = cell.id === ROOT;
  const claimed = fills.length > 0;
  // In a small glyph the letter of a rule goes before the square.
  const room = cell.dot ? !claimed || look.close : fills.length < 2 || cell.w >= 60;
  const square = (look.mark !== null || look.unmeasured) && !root && room;
  const alone = cell.dot || (!claimed && cell.label === "");
  const zone = square ? zoneOf(cell, alone) : 0;
  const rest = alone ? w : w - (square ? zone + 5 : 0);
  // Boxes wide enough for letter and name keep both; elsewhere the place in the grid says what it is.
  const named = (cell.layer < 0 || cell.kind === "function") && cell.label !== "";
  const filled = named && claimed ? Math.min(w / 2, LETTER_ZONE * fills.length) : w;
  const slice = filled / Math.max(fills.length, 1);
  const outline = <rect class={`scrub-outline${claimed ? " scrub-claimed" : ""}`} {...box(x, y, w, h)} rx="3" />;
  if (!claimed)
    return (
      <>
        <rect
          class={`scrub-outline${root ? "" : " scrub-open"}`}
          fill={root ? undefined : `url(#${uid}-unclaimed)`}
          {...box(x, y, w, h)}
          rx="3"
        />
        {cell.label && (
          <text class="scrub-name" x={x + rest / 2} y={y + h / 2 + 4}>
            {cell.label}
          </text>
        )}
        {cell.dot && look.close && !square && (
          <text class="scrub-small-name" x={x + w / 2} y={y + h / 2 + 1.8}>
            {cell.kind === "head" ? `${cell.layer}.${cell.slot}` : cell.id}
          </text>
        )}
        {square && <Square cell={cell} mark={look.mark} zone={zone} alone={alone} />}
      </>
    );
  const letters = Math.min(filled, rest) / fills.length;
  return (
    <>
      {filled < w && <rect class="scrub-name-ground" {...box(x, y, w, h)} rx="3" />}
      {fills.map((fill, i) => (
        <rect
          key={fill.face.letter}
          class={fill.face.kind === "keep" ? "scrub-fill-keep" : ""}
          fill={paint(fill, uid)}
          {...box(x + i * slice, y, slice, h)}
          rx={fills.length === 1 ? 3 : 1}
        />
      ))}
      {outline}
      {named && (
        <text class="scrub-name" x={x + filled + (rest - filled) / 2} y={y + h / 2 + 4}>
          {cell.label}
        </text>
      )}
      {fills.map(({ face }, i) => (
        <text
          key={face.letter}
          class={`scrub-letter scrub-letter-${face.kind}`}
          fill={face.hue ? face.ink : undefined}
          x={x + (i + 0.5) * letters}
          y={y + h / 2 + (cell.dot && !named ? 3.5 : 4.5)}
        >
          {face.letter}
        </text>
      ))}
      {square && !cell.dot && <Square cell={cell} mark={look.mark} zone={zone} alone={alone} />}
    </>
  );
}

const box = (x: number, y: number, width: number, height: number) => ({ x, y, width, height });

function paint({ face, shared }: Fill, uid: string): string | undefined {
  if (face.kind === "free") return `url(#${uid}-${shared ? "free-shared" : "free"})`;
  return face.hue ?? undefined;
}

/** Its area is |effect|; a triangle says whether the component helps or hurts; hollow: not measured. */
function Square({ cell, mark, zone, alone }: { cell: Cell; mark: Mark | null; zone: number; alone: boolean }) {
  const side = zone * Math.sqrt(mark ? 0.35 + 0.65 * mark.size : 0.35);
  const cx = alone ? cell.x + cell.w / 2 : cell.x + cell.w - zone / 2 - 4;
  const cy = cell.y + cell.h / 2;
  const kind = mark === null ? "hollow" : mark.sure ? "sure" : "noise";
  const t = side * 0.3;
  const up = mark?.helps ? -1 : 1;
  return (
    <g class={`scrub-importance scrub-importance-${kind}`} data-mark={mark?.effect}>
      <rect {...box(cx - side / 2, cy - side / 2, side, side)} rx="1" />
      {kind === "sure" && <path d={`M${cx} ${cy + up * t}L${cx + t} ${cy - up * t}H${cx - t}Z`} />}
    </g>
  );
}

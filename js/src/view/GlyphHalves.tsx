/** A glyph while two steps are compared: its left half is A, its right half B; one whole where they claim the same. */
import { useApp } from "../app";
import type { Halves } from "../compare";
import type { Cell } from "../layout";
import type { RuleFace } from "../rules";
import { LETTER_ZONE } from "../stacks";

export function GlyphHalves({ cell, halves }: { cell: Cell; halves: Halves }) {
  const { x, y, h } = cell;
  const { a, b } = halves;
  const same = JSON.stringify(a) === JSON.stringify(b);
  const claimed = a.length + b.length > 0;
  // Wide boxes keep their name beside the letters.
  const named = claimed && cell.label !== "" && (cell.layer < 0 || cell.kind === "function");
  const w = named ? Math.min(cell.w / 2, 2 * LETTER_ZONE) : cell.w;
  return (
    <g data-halves={`${letters(a)}|${letters(b)}`}>
      {same ? (
        <Part faces={a} box={{ x, y, w, h }} cell={cell} />
      ) : (
        <>
          <Part faces={a} box={{ x, y, w: w / 2, h }} cell={cell} />
          <Part faces={b} box={{ x: x + w / 2, y, w: w / 2, h }} cell={cell} />
          <line class="scrub-halves-line" x1={x + w / 2} x2={x + w / 2} y1={y - 3} y2={y + h + 3} />
        </>
      )}
      <rect
        class={`scrub-outline${claimed ? " scrub-claimed" : ""}`}
        {...{ x, y, width: cell.w, height: h, rx: 3, "fill-opacity": 0 }}
      />
      {(!claimed || named) && cell.label && (
        <text class="scrub-name" x={named ? x + (w + cell.w) / 2 : x + w / 2} y={y + h / 2 + 4}>
          {cell.label}
        </text>
      )}
    </g>
  );
}

const letters = (faces: RuleFace[]): string => faces.map((f) => f.letter).join("");

type Box = { x: number; y: number; w: number; h: number };

function Part({ faces, box, cell }: { faces: RuleFace[]; box: Box; cell: Cell }) {
  const { uid } = useApp();
  const { y, h } = box;
  if (faces.length === 0)
    return <rect {...{ x: box.x, y, width: box.w, height: h }} fill={`url(#${uid}-unclaimed)`} rx="2" />;
  const w = box.w / faces.length;
  return (
    <>
      {faces.map((face, i) => (
        <g key={face.letter}>
          <rect
            class={face.kind === "keep" ? "scrub-fill-keep" : ""}
            fill={face.kind === "free" ? `url(#${uid}-free)` : (face.hue ?? undefined)}
            {...{ x: box.x + i * w, y, width: w, height: h, rx: 2 }}
          />
          <text
            class={`scrub-letter scrub-letter-${face.kind}`}
            fill={face.hue ? face.ink : undefined}
            x={box.x + (i + 0.5) * w}
            y={y + h / 2 + (cell.dot ? 3.5 : 4.5)}
          >
            {face.letter}
          </text>
        </g>
      ))}
    </>
  );
}

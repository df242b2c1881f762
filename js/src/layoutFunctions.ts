/** The map of a graph of plain functions: inputs at the bottom, each depth a row, boxes as wide as their names. */
import type { Drawing, MapRow } from "./layout";
import { ENDS, MARGIN, outputCell } from "./layoutLayers";
import {
  type Cell,
  heightOf,
  LETTER_ZONE,
  labelOf,
  MARK_ZONE,
  placeStack,
  type Sizes,
  type SplitBox,
  type Stack,
  stacksOf,
} from "./stacks";
import type { Graph } from "./wire";

const SIZES: Sizes = { w: 50, h: 32, port: 15, pitchX: 0, gapY: 46, detail: "full" };
const LETTER = 7.5;
const BETWEEN = 30;
const LEAST_WIDTH = 260;
const PORT = 15;

/** Wide enough for the name and for those of the parts. */
function widthOf(stack: Stack): number {
  const letters = [stack.root, ...stack.components.map((c) => labelOf(c, "full"))].map((text) => text.length);
  return Math.max(SIZES.w, Math.max(...letters) * LETTER + 12 + LETTER_ZONE + MARK_ZONE);
}

export function layoutFunctions(graph: Graph): Drawing {
  const depths = [...new Set(graph.components.map((c) => c.layer))].sort((a, b) => b - a);
  const levels = depths.map((depth) => {
    const stacks = stacksOf(graph.components.filter((c) => c.layer === depth));
    const width = stacks.reduce((sum, s) => sum + widthOf(s) + BETWEEN, -BETWEEN);
    return { depth, stacks, width, h: Math.max(...stacks.map((s) => heightOf(s, SIZES).h)) };
  });
  const inner = Math.max(LEAST_WIDTH, ...levels.map((level) => level.width));
  const width = inner + 2 * MARGIN;
  const rows: MapRow[] = [
    {
      ...{ key: "logits", y: MARGIN, h: ENDS, layer: null, label: "", words: "Output" },
      cells: [outputCell(graph, width / 2, "output", PORT)],
    },
  ];
  const splits: SplitBox[] = [];
  let y = MARGIN + ENDS + PORT + SIZES.gapY;
  for (const level of levels) {
    let x = (width - level.width) / 2;
    const cells: Cell[] = [];
    for (const stack of level.stacks) {
      const w = widthOf(stack);
      const placed = placeStack(stack, { x, y, w }, SIZES);
      cells.push(...placed.cells);
      splits.push(...placed.split);
      x += w + BETWEEN;
    }
    const words = level.depth < 0 ? "Inputs" : `Functions, depth ${level.depth}`;
    rows.push({ key: `D${level.depth}`, y, h: SIZES.h, layer: null, label: "", words, cells });
    y += level.h + SIZES.gapY;
  }
  return { width, height: y - SIZES.gapY + MARGIN, detail: "full", rows, columns: [], splits };
}

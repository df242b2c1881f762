/** Where each glyph of the model map stands. Pure: the graph in, boxes in pixels out; upward is later. */
import { isFunctions } from "./graph";
import { layoutFunctions } from "./layoutFunctions";
import { layoutLayers } from "./layoutLayers";
import { type Box, type Cell, type Detail, INNER_DROP, type PortBox, type SplitBox } from "./stacks";
import type { Graph } from "./wire";

export type { Box, Cell, PortBox } from "./stacks";

export type MapRow = {
  key: string;
  y: number;
  h: number;
  layer: number | null;
  /** beside the row; "" where there is no room or no need */
  label: string;
  /** for a screen reader */
  words: string;
  cells: Cell[];
  /** the layers that its one cell stands for */
  folded?: number[];
};
export type Drawing = {
  width: number;
  height: number;
  /** full: letters on ports; ports: plain ports; dots: cells too small for ports */
  detail: Detail;
  /** from the top: the output, the last layer … layer 0, embeddings or inputs */
  rows: MapRow[];
  columns: { key: string; x: number; y: number; label: string }[];
  splits: SplitBox[];
};
export type MapLayout = Drawing & {
  cells: Map<string, Cell>;
  ports: Map<string, PortBox>;
  /** Of what is folded, the strip that stands for it. */
  strips: Map<string, Cell>;
};

const UNFOLDED: ReadonlySet<number> = new Set();

export function layoutGraph(graph: Graph, folded: ReadonlySet<number> = UNFOLDED): MapLayout {
  const drawing = isFunctions(graph) ? layoutFunctions(graph) : layoutLayers(graph, folded);
  const cells = new Map(drawing.rows.flatMap((r) => r.cells).map((c) => [c.id, c]));
  const ports = new Map([...cells.values()].flatMap((c) => c.ports).map((p) => [p.id, p]));
  const strips = new Map<string, Cell>();
  for (const row of drawing.rows) {
    const [strip] = row.cells;
    if (!row.folded || !strip) continue;
    for (const c of graph.components) if (row.folded.includes(c.layer)) strips.set(c.id, strip);
  }
  return { ...drawing, cells, ports, strips };
}

/** Where a component is drawn: its glyph, or the strip that it is folded into. */
export const placeOf = (layout: MapLayout, id: string): Cell | undefined =>
  layout.cells.get(id) ?? layout.strips.get(id);

const mid = (box: Box): number => box.x + box.w / 2;

const inside = (box: Box, x: number, y: number): boolean =>
  x >= box.x && x <= box.x + box.w && y >= box.y && y <= box.y + box.h;

/** The cell at a point, its ports included. */
export function cellAt(layout: MapLayout, x: number, y: number): Cell | null {
  for (const cell of layout.cells.values())
    if (inside(cell, x, y) || cell.ports.some((p) => inside(p, x, y))) return cell;
  return null;
}

const nearest = (cells: Cell[], distance: (cell: Cell) => number): Cell | undefined =>
  [...cells].sort((a, b) => distance(a) - distance(b))[0];

/** The cell reached by one arrow key: along the row, through the bands of a split glyph, or to the next row. */
export function step(layout: MapLayout, from: string, dx: number, dy: number): string {
  const at = layout.rows.findIndex((r) => r.cells.some((c) => c.id === from));
  const row = layout.rows[at];
  const cell = layout.cells.get(from);
  if (!row || !cell) return layout.rows[0]?.cells[0]?.id ?? from;
  const stack = (root: string) => row.cells.filter((c) => c.root === root);
  if (dx !== 0) {
    const roots = [...new Set(row.cells.map((c) => c.root))];
    const beside = stack(roots[roots.indexOf(cell.root) + dx] ?? "");
    return nearest(beside, (c) => Math.abs(c.y - cell.y))?.id ?? from;
  }
  const own = stack(cell.root);
  const band = own[own.indexOf(cell) + dy];
  if (band) return band.id;
  const next = layout.rows[at + dy]?.cells ?? [];
  const reached = nearest(next, (c) => Math.abs(mid(c) - mid(cell)));
  const bands = next.filter((c) => c.root === reached?.root);
  return (dy < 0 ? bands.at(-1) : bands[0])?.id ?? from;
}

/** A curve from the lower edge of a port down to the sender: to its upper edge, or sideways to a band under another. */
export function edgePath(port: Box & { inner?: PortBox["inner"] }, sender: Box & { under?: boolean }): string {
  let start = `M${mid(port)} ${port.y + port.h}`;
  let [x0, y0] = [mid(port), port.y + port.h];
  if (port.inner) {
    // Other bands stand below: the edge runs out from between them first.
    const left = mid(sender) < x0;
    x0 = left ? port.inner[0] - 8 : port.inner[1] + 8;
    y0 += INNER_DROP;
    start += `V${y0}H${x0}`;
  }
  // A band under another is reached from the side that faces the port.
  const left = x0 < sender.x;
  const side = left ? sender.x : sender.x + sender.w;
  const [x1, y1] = sender.under ? [side, sender.y + sender.h / 2] : [mid(sender), sender.y];
  const bend = Math.max(14, Math.abs(y1 - y0) * 0.42);
  const end = sender.under ? `${x1 + (left ? -34 : 34)} ${y1} ${x1} ${y1}` : `${x1} ${y1 - bend} ${x1} ${y1}`;
  return `${start}C${x0} ${y0 + bend} ${end}`;
}

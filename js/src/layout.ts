/** Where each glyph of the model map stands. Pure: the graph in, boxes in pixels out; upward is later. */
import type { Component, Graph } from "./wire";

export type Box = { x: number; y: number; w: number; h: number };
export type PortBox = Box & { id: string; name: string };
export type Cell = Box & {
  id: string;
  kind: Component["kind"] | "logits";
  layer: number;
  slot: number;
  ports: PortBox[];
};
export type MapRow = { key: string; y: number; h: number; layer: number | null; label: string; cells: Cell[] };
export type MapLayout = {
  width: number;
  height: number;
  /** full: letters on ports; ports: plain ports; dots: cells too small for ports */
  detail: "full" | "ports" | "dots";
  /** from the top: logits, the last layer … layer 0, embeddings */
  rows: MapRow[];
  columns: { key: string; x: number; label: string }[];
  cells: Map<string, Cell>;
  ports: Map<string, PortBox>;
};

type Sizes = { w: number; h: number; port: number; pitchX: number; gapY: number; detail: MapLayout["detail"] };

function sizesFor(heads: number, layers: number): Sizes {
  const roomy = layers <= 4;
  if (heads <= 5) return { w: 50, h: 32, port: 15, pitchX: 92, gapY: roomy ? 46 : 26, detail: "full" };
  if (heads <= 8) return { w: 46, h: 30, port: 15, pitchX: 66, gapY: roomy ? 44 : 20, detail: "full" };
  if (heads <= 16) {
    const pitchX = heads <= 12 ? 46 : 38;
    return { w: pitchX - 10, h: 24, port: 10, pitchX, gapY: layers <= 6 ? 22 : 12, detail: "ports" };
  }
  return { w: 14, h: 12, port: 0, pitchX: 19, gapY: 7, detail: "dots" };
}

const MARGIN = 12;
const LABELS = 34;
const ENDS = 26;

const mid = (box: Box): number => box.x + box.w / 2;

function portBoxes(ids: string[], box: Box, height: number): PortBox[] {
  const w = box.w / Math.max(ids.length, 1);
  return ids.map((id, i) => ({
    ...{ id, name: id.slice(id.lastIndexOf(".") + 1) },
    ...{ x: box.x + i * w, y: box.y + box.h, w, h: height },
  }));
}

export function layoutGraph(graph: Graph): MapLayout {
  const size = sizesFor(graph.heads, graph.layers);
  const left = MARGIN + LABELS;
  const top = MARGIN;
  const headsWidth = Math.max(graph.heads * size.pitchX, 180);
  const inset = (headsWidth - graph.heads * size.pitchX) / 2 + (size.pitchX - size.w) / 2;
  const mlpW = size.detail === "dots" ? 24 : size.w + 10;
  const mlpX = left + headsWidth + 14;
  const width = left + headsWidth + (graph.has_mlp ? 14 + mlpW : 0) + MARGIN;
  const pitchY = size.h + size.port + size.gapY;
  const logitsPort = Math.max(size.port, 12);
  // Room between the logits and the last layer, for the edges and for the last MLP, which stands half a row higher.
  const layersTop = top + ENDS + logitsPort + Math.max(size.gapY, 24) + (graph.has_mlp ? pitchY / 2 : 0);
  const rowY = (layer: number) => layersTop + (graph.layers - 1 - layer) * pitchY;
  const endsY = rowY(0) + pitchY + (size.detail === "full" ? 0 : 10);

  const place = (c: Component): Cell => {
    const base = { id: c.id, kind: c.kind, layer: c.layer, slot: c.slot };
    if (c.kind === "head") {
      const box = { x: left + inset + c.slot * size.pitchX, y: rowY(c.layer), w: size.w, h: size.h };
      return { ...base, ...box, ports: portBoxes(c.ports, box, size.port) };
    }
    if (c.kind === "mlp") {
      // An MLP reads the heads of its own layer, so it stands half a row above them: edges always lead upward.
      const box = { x: mlpX, y: rowY(c.layer) - pitchY / 2, w: mlpW, h: size.h };
      return { ...base, ...box, ports: portBoxes(c.ports, box, size.port) };
    }
    const slots = graph.components.filter((other) => other.layer < 0);
    const w = Math.min(104, headsWidth / Math.max(slots.length, 1) - 12);
    const step = headsWidth / Math.max(slots.length, 1);
    const x = left + step * (slots.indexOf(c) + 0.5) - w / 2;
    return { ...base, x, y: endsY, w, h: ENDS, ports: [] };
  };

  const logitsBox = { x: left + headsWidth / 2 - 70, y: top, w: 140, h: ENDS };
  const logitsIds = graph.ports.filter((p) => p.owner === "logits").map((p) => p.id);
  const logits: Cell = {
    ...{ id: "logits", kind: "logits", layer: graph.layers, slot: 0 },
    ...logitsBox,
    ports: portBoxes(logitsIds, { ...logitsBox, x: mid(logitsBox) - 12, w: 24 }, logitsPort),
  };

  const placed = graph.components.map(place);
  const every = size.detail === "dots" ? 4 : 1;
  const rows: MapRow[] = [{ key: "logits", y: top, h: ENDS, layer: null, label: "", cells: [logits] }];
  for (let layer = graph.layers - 1; layer >= 0; layer--) {
    const cells = placed.filter((c) => c.layer === layer);
    const label = layer % every === 0 ? `L${layer}` : "";
    rows.push({ key: `L${layer}`, y: rowY(layer), h: size.h, layer, label, cells });
  }
  const ends = placed.filter((c) => c.layer < 0);
  if (ends.length > 0) rows.push({ key: "embed", y: endsY, h: ENDS, layer: null, label: "", cells: ends });

  const columns = Array.from({ length: graph.heads }, (_, slot) => ({
    ...{ key: `h${slot}`, x: left + inset + slot * size.pitchX + size.w / 2 },
    label: slot % every === 0 ? `h${slot}` : "",
  }));
  if (graph.has_mlp) columns.push({ key: "mlp", x: mlpX + mlpW / 2, label: "MLP" });

  const cells = new Map(rows.flatMap((r) => r.cells).map((c) => [c.id, c]));
  const ports = new Map([...cells.values()].flatMap((c) => c.ports).map((p) => [p.id, p]));
  return { width, height: endsY + ENDS + MARGIN, detail: size.detail, rows, columns, cells, ports };
}

const inside = (box: Box, x: number, y: number): boolean =>
  x >= box.x && x <= box.x + box.w && y >= box.y && y <= box.y + box.h;

/** The cell at a point, its ports included. */
export function cellAt(layout: MapLayout, x: number, y: number): Cell | null {
  for (const cell of layout.cells.values())
    if (inside(cell, x, y) || cell.ports.some((p) => inside(p, x, y))) return cell;
  return null;
}

/** The cell reached by one arrow key: along the row, or to the nearest cell of the next row. */
export function step(layout: MapLayout, from: string, dx: number, dy: number): string {
  const at = layout.rows.findIndex((r) => r.cells.some((c) => c.id === from));
  const row = layout.rows[at];
  const cell = layout.cells.get(from);
  if (!row || !cell) return layout.rows[0]?.cells[0]?.id ?? from;
  if (dx !== 0) return row.cells[row.cells.indexOf(cell) + dx]?.id ?? from;
  const next = layout.rows[at + dy]?.cells ?? [];
  const nearest = [...next].sort((a, b) => Math.abs(mid(a) - mid(cell)) - Math.abs(mid(b) - mid(cell)))[0];
  return nearest?.id ?? from;
}

/** A curve from the lower edge of a port down to the upper edge of a sender. */
export function edgePath(port: Box, sender: Box): string {
  const [x0, y0, x1, y1] = [mid(port), port.y + port.h, mid(sender), sender.y];
  const bend = Math.max(14, Math.abs(y1 - y0) * 0.42);
  return `M${x0} ${y0}C${x0} ${y0 + bend} ${x1} ${y1 - bend} ${x1} ${y1}`;
}

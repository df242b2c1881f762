/** Components as the map stacks them: one box for each, or one glyph cut into bands where a rewrite split it. */
import { partOf } from "./graph";
import type { Component } from "./wire";

export type Box = { x: number; y: number; w: number; h: number };
export type PortBox = Box & {
  id: string;
  name: string;
  /** Of a band with another one under it: left and right end of the glyph, past which its edges leave. */
  inner: [number, number] | null;
};
export type Cell = Box & {
  id: string;
  /** "fold": a strip that stands for folded layers */
  kind: Component["kind"] | "logits" | "fold";
  layer: number;
  slot: number;
  /** what is written in it while no rule is */
  label: string;
  /** Too small for letters and ports. */
  dot: boolean;
  /** the glyph that it is a band of, or its own id */
  root: string;
  /** Has a band above it in its glyph: edges reach it from the side. */
  under: boolean;
  ports: PortBox[];
};
/** A glyph that was split, around its bands. */
export type SplitBox = Box & { root: string; label: string };
export type Detail = "full" | "ports" | "dots";
export type Sizes = { w: number; h: number; port: number; pitchX: number; gapY: number; detail: Detail };

/** The components of one place in the map; several where a rewrite split one. */
export type Stack = { root: string; components: Component[] };

/** How wide the letter of a rule stands beside a name. */
export const LETTER_ZONE = 22;
/** And the square of a search's number on the other side of it. */
export const MARK_ZONE = 22;
const MOST_BANDS = 4;
const GAP = 6;
/** Where an inner port's edge runs on, under its band. */
export const INNER_DROP = GAP / 2;

export function stacksOf(components: Component[]): Stack[] {
  const found = new Map<string, Stack>();
  for (const component of components) {
    const { root } = partOf(component);
    const stack = found.get(root) ?? { root, components: [] };
    stack.components.push(component);
    found.set(root, stack);
  }
  return [...found.values()];
}

type Band = { h: number; port: number; gap: number; dot: boolean };

function bandOf(stack: Stack, size: Sizes): Band {
  const n = stack.components.length;
  if (n === 1) return { h: size.h, port: size.port, gap: 0, dot: size.detail === "dots" };
  if (n > MOST_BANDS || size.detail === "dots") return { h: 8, port: 0, gap: 2, dot: true };
  return size.detail === "full" ? { h: 20, port: 13, gap: GAP, dot: false } : { h: 16, port: 9, gap: GAP, dot: false };
}

const portHeight = (stack: Stack, band: Band): number =>
  stack.components.some((c) => c.ports.length > 0) ? band.port : 0;

/** How tall a stack is, ports included, and how far below its top its last band begins. */
export function heightOf(stack: Stack, size: Sizes): { h: number; last: number } {
  const band = bandOf(stack, size);
  const each = band.h + portHeight(stack, band);
  const last = (stack.components.length - 1) * (each + band.gap);
  return { h: last + each, last };
}

/** What is written on a component. */
export function labelOf(component: Component, detail: Detail): string {
  const { root, parts } = partOf(component);
  if (parts.length > 0) return parts.join(".");
  if (component.kind === "head" || component.kind === "mlp")
    return detail === "full" ? root.replace(/^a(\d+)\.h/, "$1.") : "";
  return root;
}

const rootLabel = (root: string): string => root.replace(/^a(\d+)\.h/, "$1.");

function portBoxes(component: Component, box: Box, height: number, last: boolean): PortBox[] {
  const inner: PortBox["inner"] = last ? null : [box.x, box.x + box.w];
  const w = box.w / Math.max(component.ports.length, 1);
  return component.ports.map((id, i) => ({
    ...{ id, name: id.slice(id.lastIndexOf(".") + 1), inner },
    ...{ x: box.x + i * w, y: box.y + box.h, w, h: height },
  }));
}

/** The cells of a stack with its upper left corner here, the first part at the top. */
export function placeStack(
  stack: Stack,
  at: { x: number; y: number; w: number },
  size: Sizes,
): { cells: Cell[]; split: SplitBox[] } {
  const band = bandOf(stack, size);
  const n = stack.components.length;
  const each = band.h + portHeight(stack, band) + band.gap;
  const cells = stack.components.map((c, i): Cell => {
    const box = { x: at.x, y: at.y + i * each, w: at.w, h: band.h };
    return {
      ...{ id: c.id, kind: c.kind, layer: c.layer, slot: c.slot, ...box, dot: band.dot },
      ...{ label: band.dot && n > 1 ? "" : labelOf(c, size.detail), root: stack.root, under: i > 0 },
      ports: portBoxes(c, box, band.port, i === n - 1),
    };
  });
  if (n === 1) return { cells, split: [] };
  const { h } = heightOf(stack, size);
  return { cells, split: [{ root: stack.root, label: rootLabel(stack.root), ...at, h }] };
}

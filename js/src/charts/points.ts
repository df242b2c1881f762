/** The cloud of examples: which are drawn, how a class looks, and which are inside a rectangle. */
import { HUES } from "../rules";
import type { Scale } from "../scale";
import type { ExampleLosses } from "../store";
import type { ClassCodes } from "../wire";

/** More points than this hide each other; the references are a random sample, so the first ones are as good as any. */
export const MOST = 4096;

export type Mark = { name: string; hue: string | null; shape: Shape; members: number[] };
export type Shape = "disc" | "square" | "up" | "diamond" | "cross" | "down" | "dot";
const SHAPES: Shape[] = ["disc", "square", "up", "diamond", "cross", "down"];

/** The shown examples by class, the largest class first and the many small ones together last; one mark without a rule. */
export function marksOf(n: number, classes: ClassCodes | null): Mark[] {
  if (!classes) return [{ name: "", hue: null, shape: "disc", members: Array.from({ length: n }, (_, i) => i) }];
  const { names, rest, codes } = classes;
  const marks: Mark[] = names.map((name, i) => ({
    ...{ name, hue: HUES[i % HUES.length] ?? null, shape: SHAPES[i % SHAPES.length] ?? "disc", members: [] },
  }));
  if (rest > 0)
    marks.push({ name: rest === 1 ? "1 more class" : `${rest} more classes`, hue: null, shape: "dot", members: [] });
  for (let i = 0; i < Math.min(n, codes.length); i++) marks[Number(codes[i])]?.members.push(i);
  return marks;
}

/** One path for many points of one shape: thousands are drawn as fast as one. */
export function pathOf(shape: Shape, points: [number, number][], r = 3): string {
  let d = "";
  for (const [x, y] of points) d += one(shape, x, y, r);
  return d;
}

function one(shape: Shape, x: number, y: number, r: number): string {
  const f = (v: number) => v.toFixed(1);
  switch (shape) {
    case "square":
      return `M${f(x - r)} ${f(y - r)}h${2 * r}v${2 * r}h${-2 * r}Z`;
    case "up":
      return `M${f(x)} ${f(y - r * 1.2)}l${r * 1.2} ${r * 2.2}h${-r * 2.4}Z`;
    case "down":
      return `M${f(x)} ${f(y + r * 1.2)}l${r * 1.2} ${-r * 2.2}h${-r * 2.4}Z`;
    case "diamond":
      return `M${f(x)} ${f(y - r * 1.3)}l${r * 1.3} ${r * 1.3}l${-r * 1.3} ${r * 1.3}l${-r * 1.3} ${-r * 1.3}Z`;
    case "cross": {
      const [a, b] = [r * 0.5, r * 1.2];
      return `M${f(x - b)} ${f(y - a)}h${b - a}v${a - b}h${2 * a}v${b - a}h${b - a}v${2 * a}h${a - b}v${b - a}h${-2 * a}v${a - b}h${a - b}Z`;
    }
    default: {
      const q = shape === "dot" ? r * 0.6 : r;
      return `M${f(x - q)} ${f(y)}a${q} ${q} 0 1 0 ${2 * q} 0a${q} ${q} 0 1 0 ${-2 * q} 0Z`;
    }
  }
}

export type Cloud = { losses: ExampleLosses; x: Scale; y: Scale };
export const placeOf = ({ losses, x, y }: Cloud, i: number): [number, number] => [
  x.at(losses.model[i] ?? 0),
  y.at(losses.scrubbed[i] ?? 0),
];

export type Rect = { x0: number; y0: number; x1: number; y1: number };

/** The first `n` examples inside a rectangle of pixels. */
export function inside(cloud: Cloud, n: number, rect: Rect): number[] {
  const [left, right] = [Math.min(rect.x0, rect.x1), Math.max(rect.x0, rect.x1)];
  const [top, bottom] = [Math.min(rect.y0, rect.y1), Math.max(rect.y0, rect.y1)];
  const found: number[] = [];
  for (let i = 0; i < n; i++) {
    const [x, y] = placeOf(cloud, i);
    if (x >= left && x <= right && y >= top && y <= bottom) found.push(i);
  }
  return found;
}

/** The nearest of the first `n` examples, if it is within reach. */
export function nearest(cloud: Cloud, n: number, at: { x: number; y: number }, reach = 9): number | null {
  let [best, found]: [number, number | null] = [reach ** 2, null];
  for (let i = 0; i < n; i++) {
    const [x, y] = placeOf(cloud, i);
    const far = (x - at.x) ** 2 + (y - at.y) ** 2;
    if (far <= best) [best, found] = [far, i];
  }
  return found;
}

export const changeOf = (losses: ExampleLosses, i: number): number =>
  (losses.scrubbed[i] ?? 0) - (losses.model[i] ?? 0);

/** Mean with its 95 % interval (normal); for rows of a chart, where hundreds of values stand behind each. */
export function meanOf(values: number[]): { value: number; low: number; high: number } | null {
  const n = values.length;
  if (n === 0) return null;
  const value = values.reduce((a, b) => a + b, 0) / n;
  if (n < 2) return { value, low: value, high: value };
  const spread = Math.sqrt(values.reduce((a, b) => a + (b - value) ** 2, 0) / (n - 1));
  const half = (1.96 * spread) / Math.sqrt(n);
  return { value, low: value - half, high: value + half };
}

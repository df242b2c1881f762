/** Components caught by a rectangle drawn on the map. */
import type { MapLayout } from "./layout";

export type Lasso = { x0: number; y0: number; x1: number; y1: number };

export const lassoBox = ({ x0, y0, x1, y1 }: Lasso) => ({
  ...{ x: Math.min(x0, x1), y: Math.min(y0, y1), w: Math.abs(x1 - x0), h: Math.abs(y1 - y0) },
});

/** Those whose middle is inside; the logits cannot be claimed, and what is folded is not seen. */
export function caughtBy(layout: MapLayout, lasso: Lasso): string[] {
  const { x, y, w, h } = lassoBox(lasso);
  return [...layout.cells.values()]
    .filter((c) => c.kind !== "logits" && c.kind !== "fold")
    .filter((c) => {
      const [mx, my] = [c.x + c.w / 2, c.y + c.h / 2];
      return mx >= x && mx <= x + w && my >= y && my <= y + h;
    })
    .map((c) => c.id);
}

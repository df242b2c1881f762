import { describe, expect, it } from "vitest";
import { makeGraph } from "../dev/scenes";
import { sendersOf } from "../src/graph";
import { type Box, type Cell, cellAt, edgePath, layoutGraph, step } from "../src/layout";

const SIZES: [number, number, boolean][] = [
  [2, 4, false],
  [2, 8, false],
  [3, 6, true],
  [12, 12, true],
  [32, 32, true],
];

const apart = (a: Box, b: Box): boolean => a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
const withPorts = (c: Cell): Box => ({ ...c, h: c.h + (c.ports[0]?.h ?? 0) });

describe.each(SIZES)("layout of %i layers × %i heads, MLPs: %s", (layers, heads, mlp) => {
  const graph = makeGraph(layers, heads, mlp);
  const layout = layoutGraph(graph);
  const cells = [...layout.cells.values()];

  it("has a cell for every component and the logits, inside the drawing", () => {
    expect(cells).toHaveLength(graph.components.length + 1);
    const outside = cells
      .map(withPorts)
      .filter((c) => c.x < 0 || c.y < 0 || c.x + c.w > layout.width || c.y + c.h > layout.height);
    expect(outside).toEqual([]);
  });
  it("lets no two cells overlap, ports included", () => {
    const boxes = cells.map(withPorts);
    const clashes = boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => !apart(a, b)));
    expect(clashes).toEqual([]);
  });
  it("puts every sender below what reads it", () => {
    const y = (id: string) => layout.cells.get(id)?.y ?? 0;
    const wrong = graph.ports.filter((p) =>
      sendersOf(graph, p)
        .slice(-40)
        .some((s) => y(s) <= y(p.owner)),
    );
    expect(wrong).toEqual([]);
  });
  it("finds a cell by a point in it", () => {
    const found = cells.map((c) => cellAt(layout, c.x + c.w / 2, c.y + c.h / 2)?.id);
    expect(found).toEqual(cells.map((c) => c.id));
    expect(cellAt(layout, -5, -5)).toBeNull();
  });
});

describe("moving by arrow keys", () => {
  const layout = layoutGraph(makeGraph(2, 4, true));
  it("goes along a row and stops at its ends", () => {
    expect(step(layout, "a1.h0", 1, 0)).toBe("a1.h1");
    expect(step(layout, "a1.h3", 1, 0)).toBe("m1");
    expect(step(layout, "a1.h0", -1, 0)).toBe("a1.h0");
  });
  it("goes to the nearest cell of the next row", () => {
    expect(step(layout, "a1.h2", 0, 1)).toBe("a0.h2");
    expect(step(layout, "a0.h0", 0, 1)).toBe("embed");
    expect(step(layout, "a1.h1", 0, -1)).toBe("logits");
    expect(step(layout, "logits", 0, -1)).toBe("logits");
  });
});

it("an edge runs from the port's lower edge to the sender's upper edge", () => {
  const path = edgePath({ x: 10, y: 0, w: 10, h: 5 }, { x: 40, y: 100, w: 20, h: 10 });
  expect(path).toMatch(/^M15 5C15 .* 50 100$/);
});

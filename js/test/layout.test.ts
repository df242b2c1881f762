import { describe, expect, it } from "vitest";
import { makeGraph } from "../dev/scenes";
import { sendersOf } from "../src/graph";
import { type Box, type Cell, cellAt, edgePath, layoutGraph, step } from "../src/layout";

import type { Component, Graph } from "../src/wire";
import { fixture } from "./fixtures";

/** The same graph with components cut into so many parts. */
function split(graph: Graph, cuts: Record<string, number>): Graph {
  const names = (id: string) => Array.from({ length: cuts[id] ?? 0 }, (_, i) => `${id}[p${i}]`);
  const components = graph.components.flatMap((c): Component[] =>
    cuts[c.id]
      ? names(c.id).map((id, i) => ({
          ...{ ...c, id, part_of: c.id, part: `p${i}` },
          ports: c.ports.map((port) => port.replace(c.id, id)),
        }))
      : [c],
  );
  const ports = graph.ports.flatMap((p) => {
    const before = graph.components.slice(0, p.upto).reduce((sum, c) => sum + (cuts[c.id] ?? 1), 0);
    const owners = cuts[p.owner] ? names(p.owner) : [p.owner];
    return owners.map((owner) => ({ ...p, owner, id: p.id.replace(p.owner, owner), upto: before }));
  });
  return { ...graph, components, ports };
}

const SIZES: [number, number, boolean][] = [
  [2, 4, false],
  [2, 8, false],
  [3, 6, true],
  [12, 12, true],
  [32, 32, true],
];

const apart = (a: Box, b: Box): boolean => a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
const withPorts = (c: Cell): Box => ({ ...c, h: c.h + (c.ports[0]?.h ?? 0) });

const GRAPHS: [string, Graph][] = [
  ...SIZES.map(([layers, heads, mlp]): [string, Graph] => [
    `${layers} layers × ${heads} heads, MLPs: ${mlp}`,
    makeGraph(layers, heads, mlp),
  ]),
  ["plain functions", fixture<Graph>("trait.graph.toy")],
  ["two parts", fixture<Graph>("trait.graph.split")],
  ["four parts and seven", split(makeGraph(3, 4, true), { m0: 4, m1: 7, "a0.h1": 2, "a1.h0": 4, embed: 2 })],
  ["parts in a large model", split(makeGraph(12, 12, true), { m0: 2, m5: 4, "a5.h3": 2, "a11.h11": 3 })],
  ["parts in a huge model", split(makeGraph(32, 32, true), { m0: 2, "a5.h3": 3 })],
];

describe.each(GRAPHS)("layout of %s", (_, graph) => {
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

describe("the bands of a split glyph", () => {
  const layout = layoutGraph(split(makeGraph(2, 4, true), { m0: 2, "a0.h1": 6 }));
  it("stand one above the other, the first at the top", () => {
    const [first, second] = ["m0[p0]", "m0[p1]"].map((id) => layout.cells.get(id));
    expect(first?.x).toBe(second?.x);
    expect((first?.y ?? 0) < (second?.y ?? 0)).toBe(true);
    expect(first?.label).toBe("p0");
    expect(first?.ports).toHaveLength(1);
  });
  it("become dots when they are many", () => {
    expect(layout.cells.get("a0.h1[p5]")).toMatchObject({ dot: true, label: "" });
  });
  it("are stops of the keyboard", () => {
    expect(step(layout, "a1.h1", 0, 1)).toBe("a0.h1[p0]");
    expect(step(layout, "a0.h1[p0]", 0, 1)).toBe("a0.h1[p1]");
    expect(step(layout, "a0.h1[p5]", 0, 1)).toBe("embed");
    expect(step(layout, "pos_embed", 0, -1)).toMatch(/^a0/);
    expect(step(layout, "a0.h0", 1, 0)).toBe("a0.h1[p0]");
    expect(step(layout, "a0.h1[p3]", 1, 0)).toBe("a0.h2");
  });
});

it("a name decides how wide a function's box is", () => {
  const graph = fixture<Graph>("trait.graph.toy");
  const long = {
    ...graph,
    components: graph.components.map((c) => ({ ...c, id: c.id === "C" ? "horizontal" : c.id })),
  };
  const width = (g: Graph, id: string) => layoutGraph(g).cells.get(id)?.w ?? 0;
  expect(width(long, "horizontal")).toBeGreaterThan(width(graph, "C") + 40);
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

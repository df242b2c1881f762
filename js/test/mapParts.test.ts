/** The pure parts of the map: marks and edges of a search, the lasso, the window, names, folded layers. */
import { describe, expect, it } from "vitest";
import { makeGraph } from "../dev/scenes";
import { find } from "../src/find";
import { indexGraph } from "../src/graph";
import { freshReceivers, rootReceiver } from "../src/hypothesis";
import {
  allEdges,
  claimWidth,
  componentOf,
  countEdges,
  greyEdges,
  type Measured,
  marksOf,
  searchShown,
  TOP_EDGES,
} from "../src/importance";
import { caughtBy } from "../src/lasso";
import { layoutGraph, placeOf, step } from "../src/layout";
import type { Claim } from "../src/wire";
import { onScreen, overlaps, panBy, reveal, WHOLE, windowBox, zoomAt } from "../src/zoom";

const graph = makeGraph(3, 4, true);
const index = indexGraph(graph);
const claim = (parent: string, port: string, component: string, rule = "token"): Claim => ({
  ...{ id: `${parent}${port && "."}${port}>${component}`, parent, port, components: [component], rule },
  ...{ paths: "direct", positions: null, share: null, name: "", note: "" },
});
const measured = (
  under: string,
  effects: [string, number | null, boolean?][],
  more: Partial<Measured> = {},
): Measured => ({
  ...{ rev: 1, under, question: "free" },
  cells: effects.map(([component, value, beyond_noise = true]) => ({
    ...{ component, beyond_noise, q: 0, effect: { value, low: value, high: value } },
  })),
  ...more,
});

describe("marks of a search", () => {
  it("are as large as the effect, and say whether the component helps", () => {
    const search = measured("logits", [
      ["a1.h0", -0.4],
      ["a1.h1", 0.1, false],
      ["a1.h2", null],
    ]);
    const marks = marksOf(index, search);
    expect(marks.get("a1.h0")).toEqual({ size: 1, effect: -0.4, helps: true, sure: true });
    expect(marks.get("a1.h1")).toEqual({ size: 0.25, effect: 0.1, helps: false, sure: false });
    expect(marks.has("a1.h2")).toBe(false);
    expect(marksOf(index, null).size).toBe(0);
  });
  it("keeping a component helps if it gains", () => {
    const search = measured("logits", [["a1.h0", 0.4]], { question: "keep" });
    expect(marksOf(index, search).get("a1.h0")?.helps).toBe(true);
  });
  it("of ports, the one that matters most counts for its component", () => {
    const search = measured("logits", [
      ["a1.h0.q", -0.1],
      ["a1.h0.k", -0.3],
      ["a1.h0.v", 0.2],
    ]);
    expect(marksOf(index, search).get("a1.h0")?.effect).toBe(-0.3);
    expect(componentOf(index, "a1.h0.k")).toBe("a1.h0");
    expect(componentOf(index, "embed")).toBe("embed");
  });
  it("are those of the search at the active receiver, else of the newest", () => {
    const searches = [measured("logits", [], { rev: 1 }), measured("logits>a2.h0.q", [], { rev: 2 })];
    expect(searchShown(searches, "logits")?.rev).toBe(1);
    expect(searchShown(searches, "logits>a2.h1.q")?.rev).toBe(2);
    expect(searchShown([], "logits")).toBeNull();
  });
});

describe("edges of a selection", () => {
  const claims = [claim("logits", "", "a2.h0"), claim("logits>a2.h0", "q", "a1.h0")];
  const senders = graph.components.slice(0, 12).map((c, i): [string, number] => [c.id, -0.01 * (i + 1)]);
  it("are none before a search", () => {
    expect(greyEdges(index, claims, ["a2.h0"], [])).toEqual([]);
    expect(greyEdges(index, claims, [], [measured("logits>a2.h0.q", senders)])).toEqual([]);
  });
  it("are the twelve that matter most, without the claimed ones", () => {
    const many = graph.components
      .slice(0, 12)
      .map((c, i): [string, number] => [c.id, i === 6 ? -0.9 : -0.01 * (i + 1)]);
    const edges = greyEdges(
      index,
      claims,
      ["a2.h0"],
      [measured("logits>a2.h0.q", many), measured("logits>a2.h0.k", many)],
    );
    expect(edges).toHaveLength(TOP_EDGES);
    expect(edges[0]).toMatchObject({ port: "a2.h0.q", sender: "m0" });
    expect(edges.some((e) => e.port === "a2.h0.q" && e.sender === "a1.h0")).toBe(false);
    expect(edges.every((e) => e.width >= 1 && e.width <= 6)).toBe(true);
  });
  it("lead to where a selected sender was measured", () => {
    const edges = greyEdges(index, claims, ["a1.h1"], [measured("logits", [["a1.h1", -0.2]])]);
    expect(edges.map((e) => e.key)).toEqual(["logits.in<a1.h1"]);
    expect(greyEdges(index, claims, ["a1.h1"], [measured("logits>gone.q", [["a1.h1", -0.2]])])).toEqual([]);
  });
  it("are counted with those that are not drawn", () => {
    // Three ports that read 12 components; read by its layer's MLP and the output.
    expect(countEdges(index, claims, ["a2.h0"])).toEqual({ possible: 3 * 12 + 2, claimed: 2 });
    expect(countEdges(index, claims, ["embed"])).toEqual({ possible: 12 * 3 + 3 + 1, claimed: 0 });
    expect(allEdges(index)).toBe(graph.ports.reduce((sum, p) => sum + p.upto, 0));
  });
  it("a claimed edge is as wide as its effect, where that is known", () => {
    const [, below] = claims as [Claim, Claim];
    expect(claimWidth(below, index, [])).toBeNull();
    expect(claimWidth(below, index, [measured("logits>a2.h0.q", senders)])).toBeCloseTo(1 + 5 * (8 / 12));
    expect(claimWidth(below, index, [measured("logits", senders)])).toBeNull();
  });
});

describe("lasso", () => {
  const layout = layoutGraph(graph);
  it("catches what has its middle inside, whichever way it is drawn", () => {
    const [a, b] = ["a1.h1", "a1.h3"].map((id) => layout.cells.get(id) ?? { x: 0, y: 0, w: 0, h: 0 });
    const [x0, y0, x1, y1] = [(a?.x ?? 0) - 4, (a?.y ?? 0) - 4, (b?.x ?? 0) + (b?.w ?? 0), (b?.y ?? 0) + 20];
    expect(caughtBy(layout, { x0, y0, x1, y1 })).toEqual(["a1.h1", "a1.h2", "a1.h3"]);
    expect(caughtBy(layout, { x0: x1, y0: y1, x1: x0, y1: y0 })).toEqual(["a1.h1", "a1.h2", "a1.h3"]);
  });
  it("never the output", () => {
    const all = caughtBy(layout, { x0: 0, y0: 0, x1: layout.width, y1: layout.height });
    expect(all).toHaveLength(graph.components.length);
    expect(all).not.toContain("logits");
  });
});

describe("window", () => {
  const size = { width: 400, height: 300 };
  it("zooms about a point and stays inside", () => {
    const near = zoomAt(WHOLE, size, 2, { x: 100, y: 100 });
    expect(near).toEqual({ x: 50, y: 50, zoom: 2 });
    expect(windowBox(near, size)).toEqual({ x: 50, y: 50, w: 200, h: 150 });
    expect(panBy(near, size, 1000, -1000)).toEqual({ x: 200, y: 0, zoom: 2 });
    expect(zoomAt(near, size, 0.1, { x: 0, y: 0 })).toEqual(WHOLE);
    expect(zoomAt(near, size, 100, { x: 0, y: 0 }).zoom).toBe(6);
  });
  it("moves no further than it must to show a box", () => {
    const near = { x: 100, y: 100, zoom: 2 };
    expect(reveal(near, size, { x: 150, y: 150, w: 20, h: 20 })).toBe(near);
    expect(reveal(near, size, { x: 320, y: 150, w: 20, h: 20 })).toEqual({ x: 152, y: 100, zoom: 2 });
    expect(reveal(WHOLE, size, { x: 380, y: 280, w: 20, h: 20 })).toEqual(WHOLE);
  });
  it("tells where a point is on the screen", () => {
    expect(onScreen({ x: 100, y: 100, zoom: 2 }, size, 200, 175)).toEqual({ left: 50, top: 50 });
    expect(onScreen({ x: 100, y: 100, zoom: 2 }, size, 0, 300)).toEqual({ left: 0, top: 100 });
    expect(overlaps({ x: 0, y: 0, w: 2, h: 2 }, { x: 2, y: 0, w: 2, h: 2 })).toBe(false);
  });
});

describe("names", () => {
  const large = indexGraph(makeGraph(12, 12, true));
  const claims = [claim("logits", "", "a9.h9", "previous token"), { ...claim("logits", "", "m3"), name: "name mover" }];
  const labels = (query: string) => find(large, claims, query).map((f) => f.label);
  it.each([
    ["9.9", "a9.h9"],
    ["a9.h9", "a9.h9"],
    ["A9.H9", "a9.h9"],
    ["9.1", "a9.h1"],
    ["mlp 3", "m3"],
    ["m3", "m3"],
    ["embed", "embed"],
    ["pos", "pos_embed"],
    ["L9", "L9"],
    ["layer 11", "L11"],
    ["previous", "previous token"],
    ["name m", "name mover"],
  ])("%s is found as %s", (query, label) => {
    expect(labels(query)[0]).toBe(label);
  });
  it("a layer is all of it, a rule all that is under it", () => {
    expect(find(large, claims, "L9")[0]?.nodes).toHaveLength(13);
    expect(find(large, claims, "previous")[0]?.nodes).toEqual(["a9.h9"]);
  });
  it("9.1 goes before 9.10, and nothing is found twice", () => {
    expect(labels("9.1")).toEqual(["a9.h1", "a9.h10", "a9.h11"]);
    expect(labels("L12")).toEqual([]);
    expect(labels("zzz")).toEqual([]);
  });
  it("without a query, what is claimed", () => {
    expect(find(large, claims, " ").map((f) => f.claim)).toEqual(["logits>a9.h9", "logits>m3"]);
  });
});

describe("folded layers", () => {
  const large = makeGraph(12, 12, true);
  const layout = layoutGraph(large, new Set([3, 4, 5, 9]));
  it("stand together in strips, and what is in them is found there", () => {
    const strips = layout.rows.filter((r) => r.folded).map((r) => [r.words, r.folded]);
    expect(strips).toEqual([
      ["Layer 9, folded", [9]],
      ["Layers 3 to 5, folded", [5, 4, 3]],
    ]);
    expect(layout.cells.has("a4.h2")).toBe(false);
    expect(placeOf(layout, "a4.h2")?.id).toBe("fold:3-5");
    expect(placeOf(layout, "a6.h2")?.id).toBe("a6.h2");
    expect(layout.height).toBeLessThan(layoutGraph(large).height - 60);
  });
  it("let no cells overlap", () => {
    const boxes = [...layout.cells.values()];
    const clashes = boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => overlaps(a, b)));
    expect(clashes).toEqual([]);
  });
  it("are one stop of the keyboard", () => {
    expect(step(layout, "a6.h2", 0, 1)).toBe("fold:3-5");
    expect(step(layout, "fold:3-5", 0, 1)).toMatch(/^a2\.h/);
    expect(step(layout, "fold:3-5", 1, 0)).toBe("fold:3-5");
  });
});

describe("a component nobody claimed", () => {
  it("has the ports that it would have under a receiver", () => {
    const root = rootReceiver(index);
    const [q, k] = freshReceivers(index, root, "a1.h0", "token");
    expect(q).toMatchObject({ path: "logits>a1.h0.q", name: "q", fresh: true });
    expect(k?.claim).toMatchObject({ parent: "logits", components: ["a1.h0"], rule: "token" });
    expect(k?.senders.has("a0.h0")).toBe(true);
    expect(freshReceivers(index, q as never, "a2.h0", "token")).toEqual([]);
  });
});

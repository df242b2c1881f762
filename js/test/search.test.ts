import { describe, expect, it } from "vitest";
import { cellColours, inkOn, luminance, SCHEMES, shade } from "../src/colours";
import { indexGraph } from "../src/graph";
import {
  answering,
  cellMap,
  costUpTo,
  crumbs,
  neighbour,
  passSamples,
  points,
  ranked,
  SEARCH_FORM,
  withSearch,
} from "../src/search";
import type { Graph, Search, State } from "../src/wire";
import { fixture } from "./fixtures";
import { show } from "./view";

const [first, second] = fixture<[Search, Search]>("trait.searches.induction");
const state = fixture<State>("trait.state.induction");
const graph = fixture<Graph>("trait.graph.induction");
const PATH = "logits>a1.h3.k";
const at = (rev: number, more: Partial<Search> = {}): Search => ({ ...first, rev, ...more });

describe("searches", () => {
  it("answer a question with that of the newest state", () => {
    const searches = [at(3, { done: 1 }), at(5, { done: 2 }), at(2, { done: 3 }), second];
    expect(answering(searches, first)?.rev).toBe(5);
    expect(answering(searches, { ...first, under: "logits>a0.h0" })).toBeNull();
    expect(answering(searches, { ...first, question: "keep" })).toBeNull();
  });
  it("take news of the one that runs, and none of one that was cancelled", () => {
    const running = at(4, { running: true, done: 1 });
    const news = { ...running, done: 2 };
    expect(withSearch([second, running], news)).toEqual([second, news]);
    const cancelled = [second, { ...running, running: false }];
    expect(withSearch(cancelled, news)).toBe(cancelled);
  });
  it("rank what costs most when freed, and what gains most when kept", () => {
    const values = (s: Search) => ranked(s).map((c) => c.effect.value ?? 0);
    expect(values(first)).toEqual([...values(first)].sort((a, b) => a - b));
    expect(values(second)).toEqual([...values(second)].sort((a, b) => b - a));
  });
  it("know the way to a port and what it has cost", () => {
    expect(crumbs("logits>a1.h3.k>a0.h2.q")).toEqual(["logits", PATH, "logits>a1.h3.k>a0.h2.q"]);
    expect(costUpTo([first, second], PATH)).toBeCloseTo(first.cost + second.cost);
    expect(costUpTo([first, second], "logits")).toBeCloseTo(first.cost);
  });
  it("have fewer samples at first, never more than the session", () => {
    expect(passSamples(SEARCH_FORM, 1024)).toBe(256);
    expect(passSamples(SEARCH_FORM, 128)).toBe(64);
    expect(passSamples({ ...SEARCH_FORM, samples: 4000 }, 1024)).toBe(1024);
  });
});

describe("the map of cells", () => {
  it("has a column for the MLPs and a line for the embeddings", () => {
    const big = fixture<Graph>("trait.graph.gpt2");
    const map = cellMap(big.components, false);
    const spot = (id: string) => map.spots.find((s) => s.component.id === id);
    expect(spot("m0")?.x).toBe(map.mlp);
    expect(spot("embed")?.y).toBe(-1);
    const taken = map.spots.map((s) => `${s.x},${s.y}`);
    expect(new Set(taken).size).toBe(taken.length);
  });
  it("puts parts of one component side by side", () => {
    const map = cellMap(fixture<Graph>("trait.graph.split").components, false);
    expect(new Set(map.spots.map((s) => `${s.x},${s.y}`)).size).toBe(map.spots.length);
  });
  it("is walked by arrows", () => {
    const map = cellMap(graph.components, false);
    expect(neighbour(map, "a0.h1", 1, 0)).toBe("a0.h2");
    expect(neighbour(map, "a0.h1", 0, 1)).toBe("a1.h1");
    expect(neighbour(map, "a0.h0", 0, -1)).toBe("embed");
    expect(neighbour(map, "a1.h3", 1, 0)).toBe("a1.h3");
  });
});

describe("numbers and colours", () => {
  it("print the sign", () => {
    expect([0.094, -0.16, 0.0001, 0, null].map(points)).toEqual(["+9.4", "−16", "0", "0", "–"]);
  });
  it("leave every number readable, in both themes and both schemes", () => {
    for (const scheme of Object.values(SCHEMES))
      for (const stops of Object.values(scheme))
        for (let share = -1; share <= 1; share += 0.02) {
          const colour = shade(stops, share);
          const ink = inkOn(colour) === "#000000" ? 0 : 1;
          const [light, dark] = [Math.max(luminance(colour), ink), Math.min(luminance(colour), ink)];
          expect((light + 0.05) / (dark + 0.05)).toBeGreaterThanOrEqual(4.5);
        }
  });
  it("are red below zero and blue above", () => {
    expect(cellColours("RdBu", -1).backgroundColor).toContain("178 24 43");
    expect(cellColours("RdBu", 1).backgroundColor).toContain("33 102 172");
  });
});

describe("the panel", () => {
  const rev = state.rev;
  const searches = [at(rev), { ...second, rev }];

  it("asks what its sentence says", async () => {
    const view = await show();
    await view.click("tab-search");
    await view.set("search-question", "rule token");
    await view.set("search-each", "head");
    await view.set("search-under", PATH);
    await view.set("search-samples", "100");
    await view.set("search-exact", "2");
    await view.click("search-run");
    expect(view.model.of("search").map(({ id: _, ...asked }) => asked)).toEqual([
      {
        ...{ kind: "search", under: PATH, question: "rule", rule: "token", each: "head" },
        ...{ samples: 100, exact: 2, candidates: null },
      },
    ]);
  });
  it("hatches what may be chance among many, and says so", async () => {
    const cells = first.cells.map((c, i) => ({ ...c, beyond_noise: true, q: i === 0 ? 0.08 : 0.001 }));
    const view = await show({ searches: [{ ...first, cells }] });
    await view.click("tab-search");
    const [doubtful, sure] = cells.map((c) => view.find(`search-cell-${c.component}`));
    expect(doubtful?.className).toContain("scrub-cell-noise");
    expect(doubtful?.getAttribute("aria-label")).toContain("perhaps chance among so many, q = 0.08");
    expect(sure?.className).not.toContain("scrub-cell-noise");
    expect(view.find("search-answers").textContent).toContain("within noise, or q above 0.05");
    await view.click("search-table");
    const rows = [...view.find("search-numbers").querySelectorAll("tbody tr")].map((r) => r.textContent ?? "");
    expect(rows.filter((r) => r.includes("q too large"))).toHaveLength(1);
    expect(rows[0]).toContain("0.080");
  });
  it("puts the maps of queries, keys and values side by side, on one scale", async () => {
    const cells = ["q", "k", "v"].flatMap((port) =>
      first.cells.filter((c) => c.component.includes(".h")).map((c) => ({ ...c, component: `${c.component}.${port}` })),
    );
    const skipped = [{ component: "a0.h0.v", why: "not now" }];
    const view = await show({ searches: [{ ...first, each: "qkv", cells: cells.slice(0, -1), skipped }] });
    await view.click("tab-search");
    await view.set("search-each", "qkv");
    const maps = [...view.find("search-facets").querySelectorAll("figure")];
    expect(maps.map((m) => m.querySelector("figcaption")?.textContent)).toEqual(["query (q)", "key (k)", "value (v)"]);
    expect(maps.map((m) => m.querySelectorAll("[role=gridcell]").length)).toEqual([8, 8, 8]);
    expect(view.find("search-cell-a1.h3.k").getAttribute("aria-label")).toContain("its key:");
    expect(view.find("search-cell-a0.h0.v").getAttribute("aria-label")).toContain("not now");
    await view.click("search-cell-a1.h3.k");
    await view.click("search-pick-a1.h3.q");
    await view.click("search-accept");
    expect(view.model.of("accept")[0]?.components).toEqual(["a1.h3"]);
    await view.click("search-table");
    expect(view.text("search-numbers")).toContain("a1.h3 · k");
  });
  it("shows positions as a row, in the order of the tokens, and accepts them", async () => {
    const [a, b, c] = first.cells;
    if (!a || !b || !c) throw new Error("too few cells");
    const cells = [
      { ...a, component: "@22" },
      { ...b, component: "@3" },
      { ...c, component: "@11" },
    ];
    const view = await show({ searches: [{ ...first, each: "position", cells }] });
    await view.click("tab-search");
    await view.set("search-each", "position");
    const shown = [...view.find("search-positions").querySelectorAll<HTMLElement>("[role=gridcell]")];
    expect(shown.map((s) => s.dataset.id)).toEqual(["@3", "@11", "@22"]);
    expect(shown[0]?.getAttribute("aria-label")).toMatch(/^position 3: /);
    await view.press("search-cell-@3", "ArrowRight");
    expect(view.el.ownerDocument.activeElement).toBe(shown[1]);
    await view.click("search-cell-@11");
    await view.click("search-accept");
    expect(view.model.of("accept")[0]?.components).toEqual(["@11"]);
  });
  it("shows signs, hatches noise, and marks what is to be accepted", async () => {
    const view = await show({ searches });
    await view.click("tab-search");
    expect(view.text("search-cell-a1.h3")).toBe(
      points(first.cells.find((c) => c.component === "a1.h3")?.effect.value ?? 0),
    );
    const noise = first.cells.find((c) => !c.beyond_noise)?.component;
    expect(view.find(`search-cell-${noise}`).className).toContain("scrub-cell-noise");
    expect(view.find("search-accept").hasAttribute("disabled")).toBe(true);
    await view.click("search-cell-a1.h3");
    await view.click("search-pick-embed");
    await view.set("search-accept-rule", "token");
    await view.click("search-accept");
    expect(view.model.of("accept").map(({ id: _, ...asked }) => asked)).toEqual([
      { kind: "accept", components: ["a1.h3", "embed"], under: "logits", rule: "token", keep: true },
    ]);
  });
  it("is walked and marked by keys, and tells a screen reader of each cell", async () => {
    const view = await show({ searches });
    await view.click("tab-search");
    const cell = view.find("search-cell-a1.h2");
    await view.press("search-cell-a1.h2", "ArrowRight");
    expect(document.activeElement).toBe(view.find("search-cell-a1.h3"));
    await view.press("search-cell-a1.h3", "ArrowDown");
    expect(document.activeElement).toBe(view.find("search-cell-a0.h3"));
    expect(cell.getAttribute("aria-label")).toMatch(/^Layer 1 head 2: −\d.* points \[.*\]/);
    expect(view.model.of("edit")).toEqual([]);
  });
  it("turns over, changes colours, and shows a table", async () => {
    const view = await show({ searches });
    await view.click("tab-search");
    const lines = () => [...view.el.querySelectorAll(".scrub-effects-line")].map((n) => n.textContent);
    expect(lines()).toEqual(["head", "L1", "L0", "emb"]);
    await view.click("search-flip");
    expect(lines()).toEqual(["head", "emb", "L0", "L1"]);
    await view.click("search-colours");
    expect(view.text("search-colours")).toBe("red–blue");
    await view.click("search-table");
    expect(view.find("search-numbers").querySelectorAll("tbody tr").length).toBe(first.cells.length);
  });
  it("fills in as it runs and can be cancelled", async () => {
    const running = { ...second, rev, running: true, done: 3, total: 6, cells: second.cells.slice(0, 3) };
    const view = await show({ searches: [running] });
    await view.click("tab-search");
    await view.set("search-under", PATH);
    await view.set("search-question", "keep");
    const found = () => view.el.querySelectorAll("[data-effect]:not([data-effect=''])").length;
    expect(found()).toBe(3);
    view.model.receive({
      kind: "searching",
      search: { ...running, done: 4, cells: second.cells.slice(0, 4) },
    });
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(found()).toBe(4);
    expect(view.text("tab-search")).toContain("4/6");
    await view.click("search-cancel");
    expect(view.model.of("cancel_search").length).toBe(1);
  });
  it("says what is stale, and what found nothing", async () => {
    const nothing = { ...first, cells: first.cells.map((c) => ({ ...c, beyond_noise: false })) };
    const view = await show({ searches: [{ ...nothing, rev: rev - 1 }] });
    await view.click("tab-search");
    expect(view.text("search-stale")).toContain("before the last edit");
    expect(view.text("search-empty")).toBe("Nothing beyond noise at n = 128, raise samples.");
  });
  it("goes upstream from a claim, and says where it is", async () => {
    const view = await show({ searches });
    await view.click("tab-search");
    await view.click(`search-expand-${PATH}`);
    expect(view.find("search").dataset.under).toBe(PATH);
    expect(view.text("search-way")).toContain("depth 1");
    expect(view.model.of("search").map((m) => m.under)).toEqual([PATH]);
  });
  it("shows a saved search without a kernel, and asks nothing", async () => {
    const view = await show({ searches, static: true });
    await view.click("tab-search");
    expect(view.has("search-run")).toBe(false);
    expect(view.has("search-accept")).toBe(false);
    await view.click("search-cell-a1.h3");
    expect(view.find("search-cell-a1.h3").getAttribute("aria-selected")).toBe("false");
  });
  it("offers no heads where there are none", async () => {
    const view = await show({}, { name: "toy" });
    await view.click("tab-search");
    expect(view.find("search-each").querySelectorAll("option").length).toBe(1);
    expect(indexGraph(fixture<Graph>("trait.graph.toy")).graph.heads).toBe(0);
  });
});

/** The map in the widget: what glyphs show, gestures by mouse and by keys, the menu, and finding by name. */
import { describe, expect, it } from "vitest";
import { makeGraph } from "../dev/scenes";
import type { Op, Search } from "../src/wire";
import { fixture } from "./fixtures";
import { settle, show, type View } from "./view";

const empty = { state: fixture("trait.state.empty"), result: null, status: fixture("trait.status.idle") };

async function key(view: View, name: string, init: KeyboardEventInit = {}) {
  const target = view.el.ownerDocument.activeElement ?? view.find("map");
  target.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...init }));
  await settle();
}
async function menu(view: View, id: string, init: MouseEventInit = {}) {
  const event = new MouseEvent("contextmenu", {
    bubbles: true,
    composed: true,
    cancelable: true,
    button: 2,
    ...init,
  });
  view.find(id).dispatchEvent(event);
  await settle();
  return event;
}
const nodes = (view: View) => view.model.trait<{ nodes: string[] }>("selection").nodes;
const focused = (view: View) => view.el.ownerDocument.activeElement as HTMLElement;
const labels = (view: View) =>
  [...view.find("menu").querySelectorAll(".scrub-menu-label")].map((item) => item.textContent);

/** The drawing stands in the page one to one, so that the pointer can be aimed. */
function place(view: View) {
  const svg = view.find("map");
  const [, , width = 0, height = 0] = (svg.getAttribute("viewBox") ?? "").split(" ").map(Number);
  svg.getBoundingClientRect = () => new DOMRect(0, 0, width, height);
  const number = (node: Element, name: string) => Number(node.getAttribute(name));
  const middle = (id: string) => {
    const cell = view.find(id);
    return [number(cell, "x") + number(cell, "width") / 2, number(cell, "y") + number(cell, "height") / 2] as const;
  };
  const point = (type: string, target: Element, [x, y]: readonly [number, number], init: PointerEventInit = {}) =>
    target.dispatchEvent(
      new PointerEvent(type, { bubbles: true, clientX: x, clientY: y, pointerId: 1, button: 0, ...init }),
    );
  return { svg, middle, point };
}

describe("glyphs", () => {
  it("show rules by letter, the ports of one draw by a badge, and what is stale", async () => {
    const view = await show();
    expect(view.find("cell-a1.h3").dataset.letters).toBe("K");
    expect(view.find("cell-a0.h2").dataset.letters).toBe("B");
    expect(view.has("map-stale")).toBe(false);
    await view.click("cell-a0.h0");
    await view.click("cell-a0.h1", { ctrlKey: true });
    await view.press("cell-a0.h1", "s");
    const [op] = view.ops();
    expect(op).toMatchObject({ op: "batch" });
    expect(view.text("map-stale")).toBe("stale");
    const badge = view.find("cell-a0.h0").parentElement?.querySelector(".scrub-link-badge");
    expect(badge?.textContent).toMatch(/one draw/);
    expect(view.find("cell-a0.h0").getAttribute("aria-label")).toMatch(/rule any input, one draw with S1/);
  });
  it("a selection redraws the glyphs that it touches, and no other", async () => {
    const view = await show();
    const before = new Map([...view.find("map").querySelectorAll("[data-glyph]")].map((g) => [g, g.innerHTML]));
    await view.click("cell-a0.h0");
    const changed = [...before].filter(([g, html]) => g.innerHTML !== html).map(([g]) => g.getAttribute("data-glyph"));
    // The one selected, and the one that was the stop of Tab.
    expect(changed.sort()).toEqual(["a0.h0", "logits"]);
  });
  it("a hover draws a tip, and no glyph", async () => {
    const view = await show();
    const glyphs = () => view.find("map").innerHTML;
    const before = glyphs();
    view.find("cell-a0.h2").dispatchEvent(new Event("pointerover", { bubbles: true }));
    await settle();
    expect(view.text("tip")).toMatch(/Layer 0 head 2.*previous token/);
    expect(glyphs()).toBe(before);
  });
  it("what is not drawn is counted in words", async () => {
    const view = await show();
    expect(view.text("edge-count")).toMatch(/possible edges? not claimed and not drawn/);
    await view.click("cell-a1.h3");
    const { possible, drawn, hidden } = view.find("edge-count").dataset;
    expect(Number(possible)).toBe(Number(drawn) + Number(hidden));
    expect(view.text("edge-count")).toMatch(/a1\.h3: \d+ possible edges, 3 claimed; \d+ not drawn.*not measured yet/);
  });
  it("a legend stands under the map and leads to the rest", async () => {
    const view = await show();
    expect(view.text("legend")).toMatch(/hatched: resampled/);
    await view.click("legend-more");
    expect(view.el.querySelector(".scrub-help")).not.toBeNull();
  });
});

describe("after a search", () => {
  const searched = () => show({ searches: fixture("trait.searches.induction") });
  it("glyphs hold squares, their labels the number, the tip the words", async () => {
    const view = await searched();
    // Of two searches, the one about the port that new claims go to.
    const [search] = fixture<Search[]>("trait.searches.induction");
    const [cell] = search?.cells ?? [];
    const glyph = view.find(`cell-${cell?.component}`).parentElement;
    expect(glyph?.querySelector("[data-mark]")?.getAttribute("data-mark")).toBe(String(cell?.effect.value));
    expect(view.find(`cell-${cell?.component}`).getAttribute("aria-label")).toMatch(/, importance −?\d\.\d\d/);
    view.find(`cell-${cell?.component}`).dispatchEvent(new Event("pointerover", { bubbles: true }));
    await settle();
    expect(view.text("tip")).toMatch(/loss recovered moves by [+−]\d+\.\d points \[/);
    expect(view.text("legend")).toMatch(/helps.*hurts/);
  });
  it("the edges of a selected component are drawn in grey, the rest counted, and Search has them all", async () => {
    const view = await searched();
    const [search] = fixture<Search[]>("trait.searches.induction").slice(-1);
    await view.click(`cell-${search?.cells[0]?.component}`);
    const grey = view.find("map").querySelectorAll("[data-grey]").length;
    const claimed = view.find("edge-count").textContent ?? "";
    expect(grey).toBeLessThanOrEqual(12);
    expect(claimed).toMatch(new RegExp(`, ${grey} in grey from the last search; \\d+ not drawn`));
    await view.click("to-search");
    expect(view.find("tab-search").getAttribute("aria-selected")).toBe("true");
  });
  it("the menu expands upstream of a port", async () => {
    const view = await show();
    await menu(view, "cell-a1.h3");
    await view.click("menu-expand");
    await view.click("menu-expand-k");
    expect(view.model.of("search")).toMatchObject([{ under: "logits>a1.h3.k" }]);
  });
});

describe("selecting", () => {
  it("by lasso: Shift and a drag; the click after it selects nothing else", async () => {
    const view = await show(empty);
    const { svg, middle, point } = place(view);
    const [x0, y0] = middle("cell-a1.h1");
    const [x1, y1] = middle("cell-a1.h3");
    const shift = { shiftKey: true };
    point("pointerdown", svg, [x0 - 30, y0 - 20], shift);
    point("pointermove", svg, [x1, y1], shift);
    await settle();
    expect(view.text("lasso")).toBe("3");
    expect(nodes(view)).toEqual([]);
    point("pointermove", svg, [x1 + 5, y1 + 5], shift);
    point("pointerup", svg, [x1 + 5, y1 + 5], shift);
    svg.dispatchEvent(new MouseEvent("click", { bubbles: true, ...shift }));
    await settle();
    expect(nodes(view)).toEqual(["a1.h1", "a1.h2", "a1.h3"]);
    expect(view.has("lasso")).toBe(false);
    expect(focused(view).dataset.cell).toBe("a1.h1");
  });
  it("Esc takes a lasso back", async () => {
    const view = await show(empty);
    const { svg, point } = place(view);
    view.find("cell-logits").focus();
    point("pointerdown", svg, [2, 2], { shiftKey: true });
    point("pointermove", svg, [400, 400], { shiftKey: true });
    await settle();
    await key(view, "Escape");
    point("pointerup", svg, [400, 400], { shiftKey: true });
    await settle();
    expect(nodes(view)).toEqual([]);
  });
  it("a layer by its row's head or L, which adds and takes away", async () => {
    const view = await show(empty);
    await view.click("row-L1");
    expect(nodes(view)).toEqual(["a1.h0", "a1.h1", "a1.h2", "a1.h3"]);
    await view.press("cell-a0.h2", "l");
    expect(nodes(view)).toHaveLength(8);
    await view.press("cell-a1.h2", "l");
    expect(nodes(view)).toEqual(["a0.h0", "a0.h1", "a0.h2", "a0.h3"]);
    await view.press("cell-logits", "l");
    expect(view.text("status")).toMatch(/logits is in no layer/);
  });
  it("the same rule by Shift+L", async () => {
    const view = await show();
    view.find("cell-embed").focus();
    await key(view, "L", { shiftKey: true });
    expect(nodes(view)).toEqual(["embed"]);
    view.find("cell-a0.h3").focus();
    await key(view, "L", { shiftKey: true });
    expect(view.text("status")).toMatch(/a0\.h3 has no rule yet/);
  });
  it("a click beside the glyphs lets go of all", async () => {
    const view = await show();
    await view.click("cell-a0.h0");
    view.find("map").dispatchEvent(new MouseEvent("click", { bubbles: true }));
    await settle();
    expect(nodes(view)).toEqual([]);
  });
});

describe("drawing an edge", () => {
  it("from a port of a head that nobody claimed claims both, as one step", async () => {
    const view = await show(empty);
    const { svg, middle, point } = place(view);
    const port = view.find("port-a1.h2.k");
    point("pointerdown", port, middle("cell-a1.h2"));
    point("pointermove", svg, middle("cell-a1.h0"));
    await settle();
    expect(view.text("tip")).toMatch(/a1\.h0 is not upstream of logits ▸ a1\.h2\.k/);
    expect(view.find("cell-a1.h0").dataset.upstream).toBe("false");
    point("pointermove", svg, middle("cell-a0.h3"));
    point("pointerup", svg, middle("cell-a0.h3"));
    await settle();
    const rule = "token";
    expect(view.ops()).toEqual([
      {
        op: "batch",
        ops: [
          { op: "claim", components: ["a1.h2"], under: "logits", rule },
          { op: "claim", components: ["a0.h3"], under: "logits>a1.h2.k", rule },
        ],
      },
    ]);
  });
  it("by keys: E on an unclaimed head", async () => {
    const view = await show(empty);
    await view.press("cell-a1.h2", "e", "e", "ArrowDown", "Enter");
    expect((view.ops()[0] as Extract<Op, { op: "batch" }>).ops[1]).toMatchObject({ under: "logits>a1.h2.k" });
  });
});

describe("rules by hand", () => {
  it("a chip dropped on a glyph claims it; on the selection, all of it", async () => {
    const view = await show(empty);
    const { point } = place(view);
    const chip = view.find("chip-token");
    let under = "cell-a1.h2";
    view.el.ownerDocument.elementFromPoint = () => view.find(under);
    const drop = async () => {
      point("pointerdown", chip, [0, 0]);
      point("pointermove", chip, [30, 40]);
      await settle();
      expect(view.el.querySelector(".scrub-dragged")?.textContent).toMatch(/token/);
      point("pointerup", chip, [30, 40]);
      chip.dispatchEvent(new MouseEvent("click", { bubbles: true }));
      await settle();
    };
    await drop();
    expect(view.ops()).toEqual([{ op: "claim", components: ["a1.h2"], under: "logits", rule: "token" }]);
    await view.click("cell-a0.h0");
    await view.click("cell-a0.h1", { ctrlKey: true });
    under = "cell-a0.h1";
    await drop();
    expect(view.ops()[1]).toMatchObject({ op: "batch", ops: [{ components: ["a0.h0"] }, { components: ["a0.h1"] }] });
    under = "status";
    await drop();
    expect(view.ops()).toHaveLength(2);
    expect(view.text("status")).toMatch(/Drop a rule on a component/);
  });
  it("S gives one draw, and takes it back; one component is refused with the reason", async () => {
    const view = await show(empty);
    await view.press("cell-a0.h0", " ", "s");
    expect(view.text("status")).toMatch(/needs two or more/);
    await view.click("row-L0");
    await view.press("cell-a0.h0", "2", "s");
    const shares = (at: number) =>
      (view.ops()[at] as Extract<Op, { op: "batch" }>).ops.map((o) => "share" in o && o.share);
    expect(shares(1)).toEqual(["S1", "S1", "S1", "S1"]);
    await view.press("cell-a0.h0", "s");
    expect(shares(2)).toEqual([null, null, null, null]);
  });
  it("P says that there is no paired data; 0 removes", async () => {
    const view = await show();
    await view.press("cell-a1.h3", "Enter", "p");
    expect(view.text("status")).toMatch(/no paired data set/);
    await view.press("cell-a1.h3", "0");
    expect(view.ops()).toEqual([{ op: "remove", claims: ["logits>a1.h3"] }]);
  });
});

describe("the menu", () => {
  it("opens on a right click for what is under it, and not with Shift", async () => {
    const view = await show();
    const native = await menu(view, "cell-a1.h3", { shiftKey: true });
    expect(native.defaultPrevented).toBe(false);
    expect(view.has("menu")).toBe(false);
    const own = await menu(view, "cell-a1.h3");
    expect(own.defaultPrevented).toBe(true);
    expect(nodes(view)).toEqual(["a1.h3"]);
    expect(labels(view)).toContain("New claims go under its key");
    expect(view.find("menu").getAttribute("aria-label")).toBe("Actions for logits ▸ a1.h3");
  });
  it("assigns, by arrows and Enter; the focus comes back", async () => {
    const view = await show(empty);
    view.find("cell-a0.h1").focus();
    await key(view, "F10", { shiftKey: true });
    expect(focused(view).textContent).toMatch(/Assign/);
    await key(view, "ArrowRight");
    await key(view, "ArrowDown");
    await key(view, "p");
    expect(focused(view).textContent).toMatch(/previous token/);
    focused(view).click();
    await settle();
    expect(view.ops()).toEqual([{ op: "claim", components: ["a0.h1"], under: "logits", rule: "previous token" }]);
    expect(view.has("menu")).toBe(false);
    expect(focused(view).dataset.cell).toBe("a0.h1");
  });
  it("Esc closes it without a change, and keys do not reach the map meanwhile", async () => {
    const view = await show();
    await menu(view, "cell-a1.h3");
    await key(view, "k");
    await key(view, "Escape");
    expect(view.has("menu")).toBe(false);
    expect(view.ops()).toEqual([]);
    expect(focused(view).dataset.cell).toBe("a1.h3");
  });
  it("acts on a row of the tree as well, and by its button", async () => {
    const view = await show();
    await menu(view, "tree-row-logits>a1.h3.k>a0.h2");
    await view.click("menu-remove");
    expect(view.ops()).toEqual([{ op: "remove", claims: ["logits>a1.h3.k>a0.h2"] }]);
    await view.click("more");
    expect(view.has("menu")).toBe(true);
  });
  it("splits a claim into its ports, groups and ungroups", async () => {
    const view = await show(empty);
    await view.click("cell-a1.h3");
    await view.click("chip-token");
    await menu(view, "cell-a1.h3");
    await view.click("menu-split-ports");
    expect((view.ops()[1] as Extract<Op, { op: "batch" }>).ops).toEqual(
      ["q", "k", "v"].map((p) => ({ op: "claim", components: ["*"], under: `logits>a1.h3.${p}`, rule: "token" })),
    );
    await view.click("cell-logits");
    await view.click("cell-a1.h2");
    await view.click("chip-token");
    await view.click("cell-a1.h3", { ctrlKey: true });
    await menu(view, "cell-a1.h3");
    await view.click("menu-group");
    expect(view.ops().at(-1)).toMatchObject({ op: "group" });
  });
  it("leads to the sheets for rewriting and for positions", async () => {
    const view = await show();
    await menu(view, "cell-a1.h3");
    await view.click("menu-rewrite");
    expect(view.text("panel-rewrite")).toMatch(/a1\.h3|Layer 1 head 3/);
    await menu(view, "tree-row-logits>a1.h3.k>a0.h2");
    await view.click("menu-split-positions");
    expect(view.text("panel-positions")).toMatch(/logits ▸ a1\.h3\.k ▸ a0\.h2 becomes one claim/);
    await menu(view, "cell-a1.h0");
    expect(view.has("menu-split-positions")).toBe(false);
  });
  it("shows a head's attention in the Sample tab", async () => {
    const view = await show();
    await menu(view, "cell-a0.h3");
    await view.click("menu-attention");
    expect(view.find("tab-sample").getAttribute("aria-selected")).toBe("true");
    await menu(view, "cell-embed");
    expect(view.has("menu-attention")).toBe(false);
  });
});

describe("finding", () => {
  it("/ goes to the field, a name and Enter to the component", async () => {
    const view = await show();
    view.find("cell-logits").focus();
    await key(view, "/");
    expect(focused(view).dataset.testid).toBe("find");
    expect(view.text("found")).toMatch(/a1\.h3/);
    const field = view.find("find") as HTMLInputElement;
    field.value = "0.2";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    await settle();
    await key(view, "Enter");
    expect(nodes(view)).toEqual(["a0.h2"]);
    expect(focused(view).dataset.cell).toBe("a0.h2");
    expect(view.has("found")).toBe(false);
  });
  it("says so where nothing has the name; Esc goes back to the map", async () => {
    const view = await show();
    const field = view.find("find") as HTMLInputElement;
    field.focus();
    field.value = "nobody";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    await settle();
    expect(view.text("found")).toMatch(/Nothing here is called “nobody”/);
    await key(view, "Escape");
    expect(view.has("found")).toBe(false);
    expect(focused(view).dataset.cell).toBe("logits");
  });
});

describe("the window and folded layers", () => {
  it("+ and - zoom, Ctrl and the wheel too; a plain wheel is the notebook's", async () => {
    const view = await show();
    const box = () => view.find("map").getAttribute("viewBox") ?? "";
    const whole = box();
    view.find("cell-a0.h0").focus();
    await key(view, "+");
    expect(box()).not.toBe(whole);
    expect(view.text("zoom-reset")).toBe("125 %");
    await key(view, "-");
    expect(box()).toBe(whole);
    place(view);
    const wheel = (init: WheelEventInit) => {
      const event = new WheelEvent("wheel", { deltaY: -40, bubbles: true, cancelable: true });
      // happy-dom's wheel events know no modifiers.
      Object.assign(event, { ctrlKey: false, metaKey: false, ...init });
      view.find("map").dispatchEvent(event);
      return event.defaultPrevented;
    };
    expect(wheel({})).toBe(false);
    expect(box()).toBe(whole);
    expect(wheel({ ctrlKey: true })).toBe(true);
    await settle();
    expect(box()).not.toBe(whole);
    await view.click("zoom-reset");
    expect(box()).toBe(whole);
  });
  it("layers fold into a strip that says what it hides, and opens by Enter, by its button, or by finding", async () => {
    const view = await show({ ...empty, graph: makeGraph(6, 2, true) });
    await view.click("cell-a4.h1");
    await menu(view, "cell-a4.h1");
    await view.click("menu-fold-empty");
    expect(view.text("unfold")).toBe("5 layers folded: show");
    const strip = "cell-fold:0-3";
    expect(view.find(strip).getAttribute("aria-label")).toBe(
      "Layers 0 to 3, folded: 12 components folded. Enter shows them",
    );
    expect(view.has("cell-a3.h1")).toBe(false);
    await view.press(strip, "Enter");
    expect(view.has("cell-a3.h1")).toBe(true);
    await view.click("unfold");
    expect(view.has("unfold")).toBe(false);
    await menu(view, "cell-a4.h1");
    await view.click("menu-fold");
    const field = view.find("find") as HTMLInputElement;
    field.focus();
    field.value = "4.0";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    await settle();
    await key(view, "Enter");
    expect(nodes(view)).toEqual(["a4.h0"]);
    expect(view.has("cell-a4.h0")).toBe(true);
  });
  it("small glyphs show ports and letters when they are looked at", async () => {
    const view = await show({ ...empty, graph: makeGraph(2, 20, false) });
    expect(view.find("map").querySelectorAll("[role=gridcell]")).toHaveLength(43);
    expect(view.has("port-a1.h9.q")).toBe(false);
    await view.click("cell-a1.h9");
    expect(view.has("port-a1.h9.q")).toBe(true);
    expect(view.find("map").querySelectorAll("[data-port]")).toHaveLength(4);
  });
});

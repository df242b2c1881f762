import { describe, expect, it } from "vitest";
import type { Claim, State } from "../src/wire";
import { fixture } from "./fixtures";
import { show } from "./view";

const empty = { state: fixture("trait.state.empty"), result: null, status: fixture("trait.status.idle") };

describe("claiming by clicks", () => {
  it("select a head, press a rule: one edit, one row, selected", async () => {
    const view = await show(empty);
    expect(view.text("empty")).toMatch(/Claim your first node: click a head, then a rule/);
    await view.click("cell-a1.h3");
    expect(view.text("target")).toMatch(/Claims a1\.h3 under logits/);
    await view.click("chip-same input");
    expect(view.ops()).toEqual([{ op: "claim", components: ["a1.h3"], under: "logits", rule: "same input" }]);
    expect(view.rows()).toEqual(["logits", "logits>a1.h3"]);
    expect(view.find("cell-a1.h3").getAttribute("aria-label")).toBe(
      "Layer 1 head 3, claimed through logits, rule same input",
    );
    expect(view.has("empty")).toBe(false);
    expect(view.text("claim-card")).toMatch(/logits ▸ a1\.h3/);
  });
  it("a port of a claimed head becomes the place of new claims", async () => {
    const view = await show();
    await view.click("port-a1.h3.q");
    expect(view.text("under")).toBe("logits ▸ a1.h3.q");
    await view.click("cell-a0.h0");
    await view.click("chip-token");
    expect(view.ops()[0]).toMatchObject({ components: ["a0.h0"], under: "logits>a1.h3.q" });
    await view.click("cell-logits");
    expect(view.text("under")).toBe("logits");
  });
  it("the port of an unclaimed head is refused with the reason", async () => {
    const view = await show();
    await view.click("port-a1.h0.k");
    expect(view.text("status")).toMatch(/Claim a1\.h0 first; then choose what its key input reads\./);
    expect(view.text("under")).toBe("logits");
  });
  it("what is not upstream is dimmed, refused and changes nothing", async () => {
    const view = await show();
    await view.click("port-a1.h3.k");
    expect(view.find("cell-a1.h0").dataset.upstream).toBe("false");
    expect(view.find("cell-a0.h0").dataset.upstream).toBe("true");
    await view.click("cell-a1.h0");
    await view.click("chip-token");
    expect(view.text("status-error")).toMatch(/a1\.h0 is not upstream of logits ▸ a1\.h3\.k/);
    expect(view.ops()).toEqual([]);
  });
  it("several components are one batch, or one group", async () => {
    const view = await show(empty);
    await view.click("cell-a0.h0");
    await view.click("cell-a0.h1", { ctrlKey: true });
    await view.click("chip-token");
    expect(view.ops()[0]).toMatchObject({ op: "batch", ops: [{ components: ["a0.h0"] }, { components: ["a0.h1"] }] });
    await view.click("undo");
    await view.click("group");
    await view.click("chip-token");
    expect(view.ops()[1]).toMatchObject({ op: "claim", components: ["a0.h0", "a0.h1"] });
    expect(view.text("tree-row-logits>a0.h0+a0.h1")).toMatch(/one draw/);
  });
  it("the whole input is claimed with the rule used last", async () => {
    const view = await show(empty);
    await view.click("cell-a1.h3");
    await view.click("chip-position");
    await view.click("port-a1.h3.v");
    await view.click("claim-whole");
    expect(view.ops()[1]).toEqual({ op: "claim", components: ["*"], under: "logits>a1.h3.v", rule: "position" });
  });
  it("a component on two paths is one glyph with two rules, two rows, and its port asks which", async () => {
    const state = fixture<State>("trait.state.induction");
    const second: Claim = {
      ...(state.claims[1] as Claim),
      id: "logits>a0.h2",
      parent: "logits",
      port: "",
      rule: "token",
    };
    const view = await show({ state: { ...state, claims: [second, ...state.claims] } });
    expect(view.find("cell-a0.h2").parentElement?.textContent).toMatch(/×2/);
    expect(view.rows().filter((r) => r?.endsWith("a0.h2"))).toHaveLength(2);
    await view.click("port-a0.h2.k");
    const choices = [...view.find("choices").querySelectorAll("button")];
    expect(choices.map((c) => c.textContent)).toEqual(["logits ▸ a0.h2.k", "logits ▸ a1.h3.k ▸ a0.h2.k"]);
  });
});

describe("changing claims", () => {
  it("a row selects its claim, a rule changes it", async () => {
    const view = await show();
    await view.click("tree-row-logits>a1.h3.k>a0.h2");
    expect(view.find("chip-previous token").getAttribute("aria-pressed")).toBe("true");
    await view.click("chip-position");
    expect(view.ops()).toEqual([{ op: "rule", claims: ["logits>a1.h3.k>a0.h2"], rule: "position" }]);
  });
  it("paths, positions and share are changed in the claim's card", async () => {
    const view = await show();
    const claim = "logits>a1.h3.k>a0.h2";
    await view.click(`tree-row-${claim}`);
    await view.click("paths-all");
    await view.set("positions", "4, 5");
    await view.set("share", "S1");
    expect(view.ops()).toEqual([
      { op: "change", claim, paths: "all" },
      { op: "change", claim, positions: [4, 5] },
      { op: "change", claim, share: "S1" },
    ]);
    expect(view.text(`tree-row-${claim}`)).toMatch(/all paths.*at 4, 5.*draw S1/);
    await view.set("positions", "nowhere");
    expect(view.text("status-error")).toMatch(/the roles are last, first copy/);
    expect((view.find("positions") as HTMLInputElement).value).toBe("4, 5");
  });
  it("✕ removes a claim, Delete the selected one", async () => {
    const view = await show();
    await view.click("remove-logits>a1.h3.q>embed");
    await view.click("tree-row-logits>a1.h3.k>a0.h2");
    await view.press("tree-row-logits>a1.h3.k>a0.h2", "Delete");
    expect(view.ops()).toEqual([
      { op: "remove", claims: ["logits>a1.h3.q>embed"] },
      { op: "remove", claims: ["logits>a1.h3.k>a0.h2"] },
    ]);
    expect(view.rows()).toEqual(["logits", "logits>a1.h3", "logits>a1.h3.v>*"]);
  });
  it("a row's port buttons choose the place of new claims", async () => {
    const view = await show();
    await view.click("under-logits>a1.h3.k>a0.h2.v");
    expect(view.text("under")).toBe("logits ▸ a1.h3.k ▸ a0.h2.v");
  });
});

describe("by keys alone", () => {
  it("builds a claim under a port, and takes it back", async () => {
    const view = await show(empty);
    await view.press("cell-logits", "ArrowDown", "ArrowRight", "Enter", "k");
    const [head] = view.rows().slice(1);
    expect(head).toMatch(/^logits>a1\.h\d$/);
    await view.press(`cell-${head?.slice(7)}`, "u", "ArrowDown", "Enter", "2");
    expect(view.ops()[1]).toMatchObject({ op: "claim", under: `${head}.q`, rule: "previous token" });
    await view.press(`cell-${head?.slice(7)}`, "Control+z");
    expect(view.rows()).toHaveLength(2);
  });
  it("draws an edge", async () => {
    const view = await show();
    await view.press("cell-a1.h3", "e");
    expect(view.text("status")).toMatch(/Edge from logits ▸ a1\.h3\.q/);
    await view.press("cell-a1.h3", "e", "ArrowDown", "Enter");
    expect(view.ops()[0]).toMatchObject({ op: "claim", components: ["a0.h3"], under: "logits>a1.h3.k" });
  });
  it("keys do not leave the widget, and letters in a field do nothing", async () => {
    const view = await show();
    let escaped = 0;
    document.body.addEventListener("keydown", () => {
      escaped += 1;
    });
    await view.press("cell-a1.h3", "b", "d", "d");
    await view.press("seed", "k", "r");
    expect(escaped).toBe(0);
    expect(view.model.of("run")).toHaveLength(0);
    expect(view.ops()).toEqual([]);
  });
  it("Shift and arrows extend the selection", async () => {
    const view = await show(empty);
    view.find("cell-a0.h0").focus();
    const init = { key: "ArrowRight", shiftKey: true, bubbles: true };
    view.find("cell-a0.h0").dispatchEvent(new KeyboardEvent("keydown", init));
    expect(view.model.trait("selection")).toMatchObject({ nodes: ["a0.h0", "a0.h1"] });
  });
});

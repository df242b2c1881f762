import { describe, expect, it } from "vitest";
import { below, freshShare, groupProblem, neighbour, seenRows, selectedClaims, toggled } from "../src/tree";
import type { Claim, State } from "../src/wire";
import { fixture } from "./fixtures";
import { settle, show } from "./view";

const claims = fixture<State>("trait.state.induction").claims;
const [top, prev, embed] = claims as [Claim, Claim, Claim, Claim];
const other: Claim = { ...top, id: "logits>a1.h2", components: ["a1.h2"] };
const nothing = { nodes: [] as string[], claim: null, under: "logits" };

describe("the rows of the tree", () => {
  it("fold away what stands under a claim, and count it", () => {
    expect(seenRows(claims, new Set()).map((r) => r.hidden)).toEqual([0, 0, 0, 0]);
    const rows = seenRows(claims, new Set([top.id]));
    expect(rows.map((r) => [r.claim.id, r.hidden])).toEqual([[top.id, 3]]);
    expect(below(claims, "logits>a1.h")).toEqual([]);
  });
  it("selected together stand under one port", () => {
    const both = toggled([top, other], { ...nothing, claim: top.id }, other);
    expect(both).toEqual({ nodes: ["a1.h3", "a1.h2"], claim: null, under: "logits" });
    expect(selectedClaims([top, other], { ...nothing, ...both })).toEqual([top, other]);
    expect(toggled([top, other], { ...nothing, ...both }, top)).toMatchObject({ claim: other.id });
    expect(toggled(claims, { ...nothing, claim: prev.id }, embed)).toBeNull();
  });
  it("say why they cannot be a group", () => {
    expect(groupProblem([top])).toMatch(/at least two/);
    expect(groupProblem([top, prev])).toMatch(/different ports/);
    expect(groupProblem([top, { ...other, rule: "token" }])).toMatch(/rules differ/);
    expect(groupProblem([top, { ...other, positions: [1] }])).toMatch(/different positions/);
    expect(groupProblem([top, other])).toBeNull();
  });
  it("give the focus to a neighbour when they go", () => {
    const rows = ["logits", ...claims.map((c) => c.id)];
    expect(neighbour(rows, prev.id, [prev.id])).toBe(embed.id);
    expect(neighbour(rows, top.id, [top.id])).toBe("logits");
    expect(freshShare([{ ...top, share: "S1" }, other])).toBe("S2");
  });
});

const active = () => (document.activeElement as HTMLElement | null)?.dataset.row;

describe("the tree as a treegrid", () => {
  it("moves, folds, opens and goes up by arrows, Home and End", async () => {
    const view = await show();
    await view.press("tree-row-logits", "ArrowDown");
    expect(active()).toBe(top.id);
    await view.press(`tree-row-${top.id}`, "End");
    expect(active()).toBe(claims.at(-1)?.id);
    await view.press(`tree-row-${claims.at(-1)?.id}`, "ArrowLeft");
    expect(active()).toBe(top.id);
    await view.press(`tree-row-${top.id}`, "ArrowLeft");
    expect(view.find(`tree-row-${top.id}`).getAttribute("aria-expanded")).toBe("false");
    expect(view.rows()).toEqual(["logits", top.id]);
    expect(view.text(`hidden-${top.id}`)).toBe("3 hidden");
    await view.press(`tree-row-${top.id}`, "ArrowRight");
    expect(view.rows()).toHaveLength(5);
    await view.press(`tree-row-${top.id}`, "ArrowRight");
    expect(active()).toBe(prev.id);
    await view.press(`tree-row-${prev.id}`, "Home");
    expect(active()).toBe("logits");
    expect(view.el.querySelectorAll('[data-row][tabindex="0"]')).toHaveLength(1);
    expect(view.ops()).toEqual([]);
  });
  it("has levels, sizes and places of every row", async () => {
    const view = await show();
    const row = view.find(`tree-row-${embed.id}`);
    const of = (name: string) => row.getAttribute(`aria-${name}`);
    expect([of("level"), of("posinset"), of("setsize")]).toEqual(["3", "2", "3"]);
    expect(view.find("tree").getAttribute("aria-multiselectable")).toBe("true");
  });
  it("Enter selects, and hovering a row shows its glyph, and the other way round", async () => {
    const view = await show();
    await view.press(`tree-row-${prev.id}`, "Enter");
    expect(view.model.trait("selection")).toMatchObject({ claim: prev.id, nodes: ["a0.h2"] });
    expect(view.find(`tree-row-${prev.id}`).getAttribute("aria-selected")).toBe("true");
    view.find(`tree-row-${prev.id}`).dispatchEvent(new PointerEvent("pointerenter"));
    await settle();
    expect(view.text("tip")).toMatch(/Layer 0 head 2/);
    expect(view.find(`tree-row-${prev.id}`).className).toMatch(/scrub-row-hovered/);
  });
  it("F2 names a claim in its row; Esc leaves it; the focus comes back", async () => {
    const view = await show();
    await view.press(`tree-row-${prev.id}`, "F2");
    const field = view.find("name-field") as HTMLInputElement;
    expect(document.activeElement).toBe(field);
    field.value = "previous-token head";
    await view.press("name-field", "Enter");
    expect(view.ops()).toEqual([{ op: "label", claim: prev.id, name: "previous-token head" }]);
    expect(view.text(`tree-row-${prev.id}`)).toMatch(/previous-token head a0\.h2/);
    expect(active()).toBe(prev.id);
    await view.press(`tree-row-${prev.id}`, "F2");
    (view.find("name-field") as HTMLInputElement).value = "x";
    await view.press("name-field", "Escape");
    expect(view.ops()).toHaveLength(1);
    expect(view.model.of("cancel")).toHaveLength(0);
    expect(active()).toBe(prev.id);
  });
  it("Delete removes the row in focus, and the focus stays in the tree", async () => {
    const view = await show();
    await view.press(`tree-row-${embed.id}`, "Delete");
    expect(view.ops()).toEqual([{ op: "remove", claims: [embed.id] }]);
    expect(active()).toBe(claims.at(-1)?.id);
  });
  it("Space selects several; together they are grouped or share a draw", async () => {
    const state = fixture<State>("trait.state.induction");
    const view = await show({ state: { ...state, claims: [other, ...state.claims] } });
    await view.press(`tree-row-${top.id}`, "Enter");
    await view.press(`tree-row-${other.id}`, " ");
    expect(view.text("several")).toMatch(/2 claims selected/);
    await view.click("share-claims");
    expect(view.ops()[0]).toEqual({
      op: "batch",
      ops: [
        { op: "change", claim: other.id, share: "S1" },
        { op: "change", claim: top.id, share: "S1" },
      ],
    });
    await view.click("group-claims");
    expect(view.ops()[1]).toEqual({ op: "group", claims: [other.id, top.id] });
  });
  it("a saved page can be walked and folded, but not changed", async () => {
    const view = await show({ static: true, state: fixture("trait.state.named") });
    await view.press(`tree-row-${top.id}`, "F2", "Delete");
    expect(view.has("name-field")).toBe(false);
    expect(view.model.sent).toEqual([]);
    await view.press(`tree-row-${top.id}`, "ArrowLeft");
    expect(view.rows()).toEqual(["logits", top.id]);
  });
});

describe("the card of a claim", () => {
  it("names it and notes something about it", async () => {
    const view = await show();
    await view.click(`tree-row-${prev.id}`);
    await view.set("claim-name", "previous-token head");
    await view.set("claim-note", "writes what stood before");
    await view.set("claim-note", "writes what stood before");
    expect(view.ops()).toEqual([
      { op: "label", claim: prev.id, name: "previous-token head" },
      { op: "label", claim: prev.id, note: "writes what stood before" },
    ]);
    expect(view.has(`note-mark-${prev.id}`)).toBe(true);
    expect(view.find(`tree-row-${prev.id}`).getAttribute("aria-label")).toMatch(
      /^previous-token head: Layer 0 head 2.*note: writes what stood before/,
    );
  });
  it("ungroups", async () => {
    const state = fixture<State>("trait.state.induction");
    const group: Claim = { ...top, id: "logits>a1.h0+a1.h1", components: ["a1.h0", "a1.h1"] };
    const view = await show({ state: { ...state, claims: [group] } });
    await view.click(`tree-row-${group.id}`);
    await view.click("ungroup");
    expect(view.ops()).toEqual([{ op: "ungroup", claim: group.id }]);
  });
});

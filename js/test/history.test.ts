import { describe, expect, it } from "vitest";
import { changeWords, halvesOf, pointBounds, points, spokenHalves } from "../src/compare";
import { earliest, editWords, previous, spokenStep } from "../src/history";
import type { Compare, History, HistoryStep, Task } from "../src/wire";
import { fixture } from "./fixtures";
import { show } from "./view";

const history = fixture<History>("trait.history.induction");
const compare = fixture<Compare>("trait.compare.induction");
const rules = fixture<Task>("trait.task.induction").rules;
const step = (id: number): HistoryStep => history.steps[id] as HistoryStep;

describe("steps", () => {
  it("are known from some step on, and asked for before it", () => {
    expect(earliest(history.steps, 10)).toBe(0);
    expect(earliest([step(1), step(7), step(8), step(9)], 10)).toBe(7);
    expect(earliest([], 10)).toBe(10);
  });
  it("are compared with the nearest one before that is otherwise", () => {
    expect(previous(history.steps, 5)).toBe(3);
    const named = history.steps.map((s) => (s.id === 5 ? { ...s, same: 3 } : s.id === 3 ? { ...s, same: 3 } : s));
    expect(previous(named, 5)).toBe(2);
    expect(previous(history.steps, 0)).toBeNull();
    expect(previous([step(9)], 9)).toBe(5);
  });
  it("are told in words", () => {
    expect(spokenStep(step(3), 5)).toBe(
      "Step 3, naive, one head: claim embed under logits ▸ a1.h3.q, 30.1 % recovered [25.7, 34.5], 3 claims, " +
        "The best head alone, with the textbook rules.",
    );
    expect(spokenStep(step(5), 5)).toMatch(/^Step 5, the present one, .* made from step 3$/);
    expect(spokenStep(step(9), 5)).toMatch(/not measured/);
    expect(editWords({ ...step(1), edit: "rule 'x0 > 3' for 'logits>D'" })).toBe("rule 'x0 > 3' for logits ▸ D");
  });
});

const open = async (more: Record<string, unknown> = {}) => {
  const view = await show(more);
  await view.click("tab-history");
  return view;
};

describe("the History tab", () => {
  it("draws a dot for each step, the present one marked, and goes to one by click and by key", async () => {
    const view = await open();
    expect(view.el.querySelectorAll('[data-testid^="history-dot-"]')).toHaveLength(10);
    expect(view.find("history-dot-5").getAttribute("aria-current")).toBe("step");
    await view.click("history-dot-7");
    await view.press("history-dot-7", "ArrowLeft", "ArrowLeft", "Home");
    expect((document.activeElement as HTMLElement).dataset.testid).toBe("history-dot-0");
    await view.click("restore-2");
    expect(view.model.of("restore").map((m) => m.step)).toEqual([7, 2]);
    await view.click("history-dot-5");
    expect(view.model.of("restore")).toHaveLength(2);
  });
  it("names steps", async () => {
    const view = await open();
    await view.click("mark-1");
    (view.find("step-name") as HTMLInputElement).value = "one head";
    (view.find("step-note") as HTMLTextAreaElement).value = "keeps everything";
    view.find("form-1").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    expect(view.model.of("mark")).toMatchObject([{ step: 1, name: "one head", note: "keeps everything" }]);
  });
  it("has its numbers as a table", async () => {
    const view = await open();
    await view.click("table-history");
    const cells = [...view.el.querySelectorAll('[data-testid="chart-history"] tbody tr')].map((r) => r.textContent);
    expect(cells[3]).toBe("3naive, one head30.1025.7034.50102402");
    expect(cells).toHaveLength(10);
  });
  it("asks for earlier steps, and keeps what it knew", async () => {
    const view = await open({ history: fixture("trait.history.long") });
    expect(view.text("earlier")).toMatch(/400 earlier: show 200 more/);
    await view.click("earlier");
    const [asked] = view.model.of("history");
    expect(asked?.before).toBe(400);
    const page = Array.from({ length: 200 }, (_, i) => ({ ...step(1), id: 200 + i, parent: 199 + i, same: 200 + i }));
    view.model.receive({ kind: "history", id: asked?.id ?? "", steps: page });
    await view.click("tab-history");
    expect(view.text("earlier")).toMatch(/200 earlier: show them/);
    expect(view.has("step-200")).toBe(true);
    expect(view.has("step-411")).toBe(true);
  });
  it("in a saved page says what is missing, and goes nowhere", async () => {
    const view = await open({ static: true, history: fixture("trait.history.long") });
    expect(view.text("history")).toMatch(/400 earlier steps are not in this saved page/);
    await view.click("history-dot-405");
    expect(view.model.sent).toEqual([]);
  });
});

describe("a comparison", () => {
  it("is asked for with A and B; the other one is the present step", async () => {
    const view = await open();
    await view.click("a-3");
    await view.click("b-7");
    expect(view.model.of("compare").map((m) => [m.a, m.b])).toEqual([
      [3, 5],
      [3, 7],
    ]);
    await view.click("a-7");
    expect(view.text("status")).toMatch(/Step 7 is A now; choose another step as B/);
  });
  it("is of the present step and the one before by the button", async () => {
    const view = await show();
    await view.click("compare-button");
    expect(view.model.of("compare").map((m) => [m.a, m.b])).toEqual([[3, 5]]);
    expect(view.has("history")).toBe(true);
    view.model.put("compare", compare);
    await view.click("compare-button");
    expect(view.model.of("compare").at(-1)).toMatchObject({ a: null, b: null });
  });
  it("says the difference, whether it is noise, and what the trees claim otherwise", async () => {
    const view = await open({ compare });
    expect(view.text("compare-words")).toBe("B − A: −11.1 points [−14.0, −8.2]; the difference is beyond noise.");
    const signs = [...view.el.querySelectorAll("[data-sign]")].map((r) => (r as HTMLElement).dataset.sign);
    expect(signs).toEqual(["~", "+", "-"]);
    expect(view.text("diff")).toMatch(/3 claims: 1 added, 1 removed, 1 changed.*rule: same input → any input/);
    view.model.put("compare", fixture("trait.compare.noise"));
    await view.click("tab-history");
    expect(view.text("compare-words")).toMatch(/within noise/);
    expect(view.text("compare-note")).toMatch(/settings of B/);
  });
  it("can be cancelled while it runs, and says why there is no difference", async () => {
    const view = await open({ compare: fixture("trait.compare.running") });
    await view.click("compare-cancel");
    expect(view.model.of("cancel")).toHaveLength(1);
    view.model.put("compare", fixture("trait.compare.problem"));
    await view.click("tab-history");
    expect(view.text("compare-words")).toMatch(/same claims; only seed/);
  });
  it("splits the glyphs of the map", async () => {
    const halves = halvesOf(compare, rules, "a1.h3");
    expect([halves?.a.map((f) => f.letter), halves?.b.map((f) => f.letter)]).toEqual([["K"], ["F"]]);
    expect(halvesOf(null, rules, "a1.h3")).toBeNull();
    expect(spokenHalves(compare, "a0.h2")).toBe("; in A rule previous token, in B unclaimed");
    expect(spokenHalves(compare, "a1.h0")).toBe("");
    const view = await show({ compare });
    const glyph = view.find("cell-a1.h3").parentElement?.querySelector("[data-halves]");
    expect(glyph?.getAttribute("data-halves")).toBe("K|F");
    expect(view.find("cell-a1.h3").getAttribute("aria-label")).toMatch(/in A rule same input, in B rule any input/);
  });
  it("has words for points and counts", () => {
    expect([points(0.0512), points(-0.1), points(null)]).toEqual(["+5.1 points", "−10.0 points", "–"]);
    expect(pointBounds({ value: 0, low: -0.02, high: 0.03 })).toBe("[−2.0, +3.0]");
    expect(changeWords({ ...compare, changes: [] })).toBe("The claims are the same");
  });
});

import { describe, expect, it } from "vitest";
import { nullWords, slug } from "../src/trust";
import type { Confirm, Result, Warning } from "../src/wire";
import { fixture } from "./fixtures";
import { settle, show, type View } from "./view";

const warned = () => fixture<Result>("trait.result.warned");
const doubt = (change: Partial<Warning>): Warning => ({
  ...{ name: "weak test", severity: "warning", evidence: "Few inputs changed.", advice: "Claim less.", where: null },
  ...change,
});
const guards = (view: View) =>
  [...view.el.querySelectorAll<HTMLElement>("[data-testid^=guard-]")].map((g) => g.dataset.testid);

describe("warnings", () => {
  it("stand under the bar, warnings before notes, with evidence and what to do", async () => {
    const view = await show({ result: warned() });
    expect(guards(view)).toEqual(["guard-untestable-claim", "guard-many-tries", "guard-extensional-twins"]);
    expect(view.text("guard-many-tries")).toMatch(/14 different hypotheses.*What to do: Confirm the one you chose/);
    expect(view.find("guard-extensional-twins").dataset.severity).toBe("note");
    expect(view.text("value-recovered")).toMatch(/^83\.1 %/);
    expect(view.find("value-recovered").className).toBe("scrub-value");
  });
  it("are counted in the tab, for the eye and for a screen reader", async () => {
    const view = await show({ result: warned() });
    expect(view.text("doubt-count")).toBe("3, 2 warnings, 1 note");
    expect(view.text("live")).toMatch(/; 2 warnings, 1 note/);
    view.model.put("result", { ...warned(), warnings: [] });
    await settle();
    expect(view.has("doubt-count")).toBe(false);
    expect(view.has("doubts")).toBe(false);
  });
  it("mark their claim in map and tree with a sign and in the accessible name", async () => {
    const view = await show({ result: warned() });
    expect(view.text("corner-embed")).toMatch(/untestable claim.*!$/);
    expect(view.find("cell-embed").getAttribute("aria-label")).toMatch(/, warning: untestable claim$/);
    expect(view.text("corner-a0.h2")).toMatch(/i$/);
    expect(view.find("cell-a0.h2").dataset.doubted).toBe("note");
    const row = view.find("tree-row-logits>a1.h3.q>embed");
    expect(row.getAttribute("aria-label")).toMatch(/, warning: untestable claim$/);
    expect(view.text("row-guard-logits>a1.h3.q>embed")).toBe("!untestable claim");
    expect(view.has("corner-a1.h3")).toBe(false);
  });
  it("of a stale result mark nothing, since the claim may have changed", async () => {
    const view = await show({ result: { ...warned(), rev: 5 } });
    expect(view.has("corner-embed")).toBe(false);
    expect(guards(view)).toHaveLength(3);
  });
  it("lead to their claim", async () => {
    const view = await show({ result: warned() });
    view.find("guard-untestable-claim").querySelector("button")?.click();
    await settle();
    expect(view.model.trait("selection")).toMatchObject({ claim: "logits>a1.h3.q>embed" });
  });
  it("unfold long advice", async () => {
    const advice = "Take a coarser rule or more inputs. ".repeat(6).trim();
    const view = await show({ result: { ...warned(), warnings: [doubt({ advice })] } });
    const guard = view.find("guard-weak-test");
    expect(guard.querySelector(".scrub-advice-folded")).not.toBeNull();
    const button = guard.querySelector("button");
    expect(button?.getAttribute("aria-expanded")).toBe("false");
    button?.click();
    await settle();
    expect(guard.querySelector(".scrub-advice-folded")).toBeNull();
    expect(guard.textContent).toContain(advice);
  });
  it("many notes wait behind a button, warnings never do", async () => {
    const notes = ["a", "b"].map((name) => doubt({ name, severity: "note" }));
    const serious = ["c", "d"].map((name) => doubt({ name }));
    const view = await show({ result: { ...warned(), warnings: [...serious, ...notes] } });
    expect(guards(view)).toEqual(["guard-c", "guard-d"]);
    expect(view.text("doubts-more")).toBe("and 2 notes");
    await view.click("doubts-more");
    expect(guards(view)).toEqual(["guard-c", "guard-d", "guard-a", "guard-b"]);
  });
  it("have names that tests can find", () => {
    expect(slug("KL & no gap")).toBe("kl-no-gap");
  });
});

describe("the matched null", () => {
  it("is a tick with a label, a sentence, a row of the table, and is spoken", async () => {
    const view = await show({ result: warned() });
    expect(view.text("null-tick")).toBe("random labels: 45 %");
    expect(view.find("null-tick").querySelector(".scrub-null-range")).not.toBeNull();
    expect(view.text("above-null")).toBe("38 points [33, 43] above what the same tree recovers with meaningless rules");
    expect(view.find("bar-recovered").querySelector("svg")?.getAttribute("aria-label")).toMatch(
      /with random labels 45 % \[40\.1, 50\.3\]$/,
    );
    expect(view.text("live")).toMatch(/meaningless rules recover 45 percent/);
    await view.click("tab-result");
    expect(view.text("results")).toMatch(/random labels45\.2 %\[40\.1, 50\.3\]/);
    expect(view.text("results")).toMatch(/above random labels37\.9 points\[33\.1, 42\.7\]/);
  });
  it("comes after the number, and the view says that it is missing", async () => {
    const view = await show();
    expect(view.has("null-tick")).toBe(false);
    expect(view.text("checking")).toMatch(/not all checks/);
    view.model.put("result", warned());
    await settle();
    expect(view.has("null-tick")).toBe(true);
    expect(view.has("checking")).toBe(false);
  });
  it("says where the hypothesis is below it or within noise", () => {
    const above_null = { value: -0.03, low: -0.1, high: 0.04 };
    expect(nullWords({ ...warned(), above_null })).toBe(
      "3.0 points [−10, 4] below what the same tree recovers with meaningless rules: the difference is within noise",
    );
    expect(nullWords({ ...warned(), above_null: { value: null, low: null, high: null } })).toBe("");
  });
  it("makes room on the axis", async () => {
    const result = { ...warned(), null: { value: -0.6, low: -0.9, high: -0.3 } };
    const view = await show({ result });
    const x = view.find("null-tick").querySelector(".scrub-null-range")?.getAttribute("x1") ?? "";
    expect(Number.parseFloat(x)).toBeGreaterThan(0);
  });
});

describe("explore, then confirm", () => {
  const confirm = (name: string) => ({ confirm: fixture<Confirm>(`trait.confirm.${name}`) });
  it("a click asks the kernel", async () => {
    const view = await show(confirm("ready"));
    expect(view.text("confirm")).toBe("Confirm");
    expect(view.find("confirm").title).toMatch(/inputs that exploring never touched/);
    await view.click("confirm");
    expect(view.model.of("confirm")).toHaveLength(1);
    expect(view.has("confirmed")).toBe(false);
  });
  it("without held-out inputs it says why, and asks nothing", async () => {
    const view = await show(confirm("none"));
    const button = view.find("confirm") as HTMLButtonElement;
    expect(button.getAttribute("aria-disabled")).toBe("true");
    expect(button.disabled).toBe(false); // the reason is within reach of the keyboard
    expect(button.title).toMatch(/held_out=0\.25/);
    await view.click("confirm");
    expect(view.model.of("confirm")).toHaveLength(0);
    expect(view.text("status")).toMatch(/held_out=0\.25/);
  });
  it("while it runs", async () => {
    const view = await show(confirm("running"));
    expect((view.find("confirm") as HTMLButtonElement).disabled).toBe(true);
    expect(view.find("confirmed").dataset.state).toBe("running");
  });
  it("the confirmed number stands beside the explored one, with the tries", async () => {
    const view = await show(confirm("done"));
    expect(view.text("confirmed")).toBe("◆ confirmed on 512 held-out inputs: 81.2 % [77.1, 85.3], after 7 tries");
    expect(view.text("value-recovered")).toMatch(/^83\.1 %/);
    expect(view.text("confirm")).toBe("Confirmed");
    expect(view.has("confirmed-mark")).toBe(true);
    expect(view.text("live")).toMatch(/confirmed on 512 held-out inputs/);
    await view.click("tab-result");
    expect(view.text("confirmations")).toMatch(/8 different hypotheses were tried/);
    expect(view.text("confirmation-0")).toBe("1 claim (edit 2)40.3 %[35.1, 45.5]2");
    expect(view.text("confirmation-1")).toMatch(/the present one/);
  });
  it("says when what was confirmed is another hypothesis", async () => {
    const view = await show(confirm("other"));
    expect(view.find("confirmed").dataset.state).toBe("other");
    expect(view.text("confirmed")).toMatch(/not confirmed as it stands/);
    expect(view.has("confirmed-mark")).toBe(false);
  });
  it("a saved page shows it and cannot ask", async () => {
    const view = await show({ ...confirm("done"), static: true });
    expect((view.find("confirm") as HTMLButtonElement).disabled).toBe(true);
    expect(view.text("confirmed")).toMatch(/after 7 tries/);
  });
});

describe("a graph of plain functions", () => {
  it("shows names, no heads, and what each function reads", async () => {
    const view = await show({ selection: fixture("trait.selection.start") }, { name: "toy" });
    expect(view.text("map")).not.toMatch(/h0|L0|MLP/);
    expect(view.text("map")).toMatch(/output.*D.*x1/);
    expect(view.find("cell-C").getAttribute("aria-label")).toMatch(/^Function C, unclaimed/);
    expect(view.find("cell-x0").getAttribute("aria-label")).toMatch(/^Input x0, claimed/);
    expect(view.find("cell-A").dataset.upstream).toBe("false"); // the output reads D only
    await view.click("cell-C");
    await view.click("chip-any input");
    expect(view.text("status-error")).toMatch(/C is not upstream of logits; what feeds it: D/);
    await view.click("port-D.in");
    await view.click("cell-C");
    await view.click("chip-any input");
    expect(view.ops()).toEqual([{ op: "claim", components: ["C"], under: "logits>D", rule: "any input" }]);
  });
  it("is walked by keys like the other maps", async () => {
    const view = await show({}, { name: "toy" });
    await view.press("cell-logits", "ArrowDown", "ArrowDown", "ArrowLeft", "ArrowDown");
    expect(document.activeElement?.getAttribute("data-cell")).toBe("x0");
  });
  it("has no positions to choose", async () => {
    const view = await show({}, { name: "toy" });
    await view.click("tree-row-logits>D");
    expect(view.has("claim-card")).toBe(true);
    expect(view.has("positions")).toBe(false);
  });
  it("has no KL where the output is one number", async () => {
    const view = await show({}, { name: "toy" });
    await view.click("tab-result");
    expect(view.text("results")).toMatch(/KL\(model ‖ scrubbed\)not defined/);
  });
});

describe("a split glyph", () => {
  it("is one frame with a band for each part, each a cell of its own", async () => {
    const view = await show({}, { name: "split" });
    expect([...view.el.querySelectorAll("[data-split]")].map((s) => s.textContent)).toEqual(["0.1", "m0"]);
    expect(view.find("cell-m0[rest]").getAttribute("aria-label")).toMatch(/^Layer 0 MLP, part rest, claimed/);
    expect(view.find("cell-m0[dir][second]").getAttribute("aria-label")).toMatch(/^Layer 0 MLP, part dir, part second/);
    expect(view.has("port-a0.h1[previous].k")).toBe(true);
    const letters = ["m0[dir][first]", "m0[rest]"].map(
      (id) => view.find(`cell-${id}`).parentElement?.querySelector(".scrub-letter")?.textContent,
    );
    expect(letters).toEqual(["A", "F"]);
  });
  it("lets all parts be claimed as a group with one draw", async () => {
    const view = await show({}, { name: "split" });
    await view.click("cell-a0.h1[previous]");
    await view.click("cell-a0.h1[rest]", { ctrlKey: true });
    const box = view.find("group") as HTMLInputElement;
    box.click();
    await settle();
    await view.click("chip-token");
    expect(view.ops()).toMatchObject([{ op: "claim", components: ["a0.h1[previous]", "a0.h1[rest]"], rule: "token" }]);
  });
  it("says how exactly the parts make up the whole", async () => {
    const view = await show({}, { name: "split" });
    view.find("cell-m0[rest]").focus();
    await settle();
    expect(view.text("tip")).toMatch(/One of 2 parts that together are m0; largest difference 1 × 10\^−6/);
  });
  it("takes claims part by part, by mouse and by keys", async () => {
    const view = await show({}, { name: "split" });
    await view.click("cell-a0.h1[rest]");
    await view.click("chip-token");
    expect(view.ops()[0]).toMatchObject({ components: ["a0.h1[rest]"], under: "logits" });
    await view.press("cell-m0[dir][first]", "ArrowDown", "Enter", "2");
    expect(view.ops().at(-1)).toMatchObject({ components: ["m0[dir][second]"] });
  });
});

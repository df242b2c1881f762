import { describe, expect, it } from "vitest";
import type { Suggestion } from "../src/wire";
import { fixture } from "./fixtures";
import { settle, show } from "./view";

const done = fixture<Suggestion>("trait.suggestion.done");
const running = fixture<Suggestion>("trait.suggestion.running");
const selection = { nodes: ["a1.h3"], claim: "logits>a1.h3", under: "logits" };

describe("rules for a claim", () => {
  it("are asked for, and fill in as they are tried", async () => {
    const view = await show({ selection });
    await view.click("suggest-run");
    expect(view.model.of("suggest").map((m) => m.claim)).toEqual(["logits>a1.h3"]);
    view.model.put("suggestion", running);
    await settle();
    expect(view.find("suggest").dataset.running).toBe("true");
    expect(view.text("suggest")).toContain(`3 of ${running.total} rules`);
    expect(view.find("suggest-run").hasAttribute("disabled")).toBe(true);
  });
  it("show what each keeps and costs, and a click gives the claim that rule, as one step", async () => {
    const view = await show({ selection, suggestion: done });
    expect(view.text("suggest-sentence")).toBe(done.sentence);
    for (const { rule } of done.rules) expect(view.has(`suggest-${rule}`)).toBe(true);
    const rule = done.coarsest ?? done.rules[0]?.rule ?? "";
    expect(view.text(`suggest-${rule}`)).toContain("coarsest");
    await view.click(`suggest-${rule}`);
    expect(view.ops()).toEqual([{ op: "rule", claims: done.claims, rule }]);
    await settle();
    expect(view.find("suggest").dataset.stale).toBe("true");
    expect(view.text("suggest")).toContain("Stale");
  });
  it("of another claim are not shown", async () => {
    const view = await show({ selection, suggestion: { ...done, claim: "logits>a1.h3.k>a0.h2" } });
    expect(view.has("suggest-sentence")).toBe(false);
  });
});

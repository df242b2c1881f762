import { describe, expect, it } from "vitest";
import { about, foundRows, fresh, standing, usualBudget, withDiscovery } from "../src/discover";
import { percent } from "../src/text";
import type { Discovery, KernelMessage, State, ViewMessage } from "../src/wire";
import { answerEdits, type FakeModel } from "./fake";
import { fixture } from "./fixtures";
import { settle, show, type View } from "./view";

const running = fixture<Discovery>("trait.discovery.running");
const found = fixture<Discovery>("trait.discovery.found");
const stopped = fixture<Discovery>("trait.discovery.stopped");
const planned = fixture<KernelMessage & { kind: "planned" }>("kernel.planned");
const state = fixture<State>("trait.state.induction");

/** A kernel that plans and begins. */
const answers =
  (say: (message: ViewMessage & { kind: "discover" }, model: FakeModel) => KernelMessage) => (model: FakeModel) => {
    answerEdits(model);
    const usual = model.onSend;
    model.onSend = (message) => {
      if (message.kind === "discover") model.receive(say(message, model));
      else usual(message);
    };
  };
const plans = answers(({ id, go }) => (go ? { kind: "ack", id, rev: 6, claims: [] } : { ...planned, id }));

async function open(more: Record<string, unknown> = {}, options: Parameters<typeof show>[1] = {}): Promise<View> {
  const view = await show(more, options);
  await view.click("tab-search");
  await view.click("search-way-circuit");
  return view;
}
const asks = (view: View) => view.model.of("discover").map(({ id: _, kind, ...asked }) => asked);

describe("a discovery", () => {
  it("stands where it is", () => {
    expect(standing(running)).toBe("running");
    expect(standing(stopped)).toBe("stopped");
    expect(standing({ ...stopped, error: "no" })).toBe("failed");
    expect(standing(found)).toBe("found");
    expect(standing({ ...found, claims: [] })).toBe("nothing");
  });
  it("does not count what it was given, nor inputs kept whole", () => {
    const whole = found.claims.filter((c) => c.claim.components.includes("*")).length;
    expect(whole).toBeGreaterThan(0);
    expect(fresh(found)).toHaveLength(found.claims.length - whole);
    expect(fresh({ ...found, claims: found.claims.map((c) => ({ ...c, given: true })) })).toHaveLength(0);
    expect(foundRows(found).map((r) => r.claim.id)).toEqual(found.claims.map((c) => c.claim.id));
    expect(foundRows(found).find((r) => r.claim.port === "k")?.depth).toBe(3);
  });
  it("takes news of the one that runs, and none of one that was cancelled or is older", () => {
    const news = { ...running, done: running.done + 1 };
    expect(withDiscovery(running, news)).toBe(news);
    expect(withDiscovery(stopped, news)).toBe(stopped);
    expect(withDiscovery({ ...running, number: 2 }, news)?.number).toBe(2);
    expect(withDiscovery(null, news)).toBe(news);
  });
  it("has a budget that grows with the model, in round numbers", () => {
    expect(usualBudget(10)).toBe(200);
    expect(usualBudget(158)).toBe(3200);
    expect(about(0.3)).toBe("less than a second");
    expect(about(600)).toBe("about 10 min");
  });
});

describe("Find a circuit", () => {
  it("says what it costs, and starts only when that is confirmed", async () => {
    const view = await open({}, { answers: plans });
    await view.set("discover-threshold", "1,5");
    await view.set("discover-budget", "300");
    await view.set("discover-rule", "token");
    await view.click("discover-plan");
    const asked = { under: "logits", present: false, rule: "token", max_claims: 12, depth: 4 };
    const sent = { ...asked, threshold: 0.015, budget: 300, samples: state.settings.samples };
    expect(asks(view)).toEqual([{ asked: sent, go: false }]);
    expect(view.text("discover-cost")).toContain(`At most ${planned.scrubs} scrubs of ${planned.samples} samples`);
    expect(view.text("discover-cost")).toContain(`${planned.scrubs} plain forward passes`);
    expect(view.text("discover-cost")).toContain("about 18 s here");
    expect(view.el.ownerDocument.activeElement).toBe(view.find("discover-go"));
    await view.set("discover-depth", "2"); // another plan
    expect(view.has("discover-go")).toBe(false);
    await view.click("discover-plan");
    await view.click("discover-go");
    expect(asks(view).at(-1)).toEqual({ asked: { ...sent, depth: 2 }, go: true });
  });
  it("starts at a port of the present hypothesis", async () => {
    const view = await open({}, { answers: plans });
    await view.set("discover-start", "logits>a1.h3.k");
    await view.click("discover-plan");
    expect(asks(view)[0]?.asked).toMatchObject({ under: "logits>a1.h3.k", present: true });
  });
  it.each([
    ["threshold", "a lot", "The threshold takes a number of points above 0 and below 100, not “a lot”."],
    ["threshold", "0", "The threshold takes a number of points above 0 and below 100, not “0”."],
    ["budget", "-5", "The budget takes a whole number from 1 up, not “-5”."],
    ["claims", "2.5", "Claims takes a whole number from 1 to 1\u202f000, not “2.5”."],
    ["samples", "5000", "Samples takes a whole number from 2 to 1\u202f024, not “5000”."],
  ])("has a sentence for a wrong %s, and asks nothing", async (field, value, sentence) => {
    const view = await open({}, { answers: plans });
    await view.set(`discover-${field}`, value);
    expect(view.text("discover-problem")).toBe(sentence);
    expect(view.find(`discover-${field}`).getAttribute("aria-invalid")).toBe("true");
    expect(view.find("discover-plan").hasAttribute("disabled")).toBe(true);
    await view.click("discover-plan");
    expect(asks(view)).toEqual([]);
    await view.set(`discover-${field}`, "3");
    expect(view.has("discover-problem")).toBe(false);
  });
  it("shows why the kernel refuses, in place", async () => {
    const message = "threshold= takes a number between 0 and 1, not 2.0.";
    const view = await open({}, { answers: answers(({ id }) => ({ kind: "rejected", id, message })) });
    await view.click("discover-plan");
    expect(view.text("discover-refused")).toBe(message);
    expect(view.has("discover-cost")).toBe(false);
  });
  it("fills in as it runs: where it is, the steps in sentences, the tree with its costs", async () => {
    const view = await open({ discovery: running });
    expect(view.find("discover").dataset.standing).toBe("running");
    expect(view.find("discover-progress").dataset.done).toBe(String(running.done));
    expect(view.text("discover-message")).toBe(running.message);
    expect(view.find("discover-phase").querySelector("[aria-current=step]")?.textContent).toContain("Search upstream");
    expect(view.text("tab-search")).toContain(`${running.done}/${running.total}`);
    expect(view.find("discover-steps").children).toHaveLength(running.steps.length);
    expect(view.text("found-logits>a1.h3")).toContain("−9.7");
    view.model.receive({ kind: "discovering", discovery: { ...running, done: 34, message: "another port" } });
    await settle();
    expect(view.find("discover-progress").dataset.done).toBe("34");
    await view.click("discover-cancel");
    expect(view.model.of("discovery").map((m) => m.act)).toEqual(["cancel"]);
  });
  it("keeps what a cancelled one has, and offers to resume or to accept it", async () => {
    const view = await open({ discovery: stopped });
    expect(view.text("discover-head")).toBe(`Stopped: ${stopped.steps.length} steps kept`);
    await view.click("discover-resume");
    await view.click("discover-accept");
    expect(view.model.of("discovery").map((m) => m.act)).toEqual(["resume", "accept"]);
    await view.click("discover-again");
    expect(view.find("discover-threshold")).toBeTruthy();
    await view.click("discover-back");
    expect(view.has("discover-resume")).toBe(true);
  });
  it("shows what was found, what was skipped and why, and every step", async () => {
    const view = await open({ discovery: found });
    expect(view.text("discover-head")).toBe("Found 12 claims");
    expect(view.text("discover-recovered")).toContain(percent(found.recovered?.value ?? null));
    expect(view.text("discover-skipped")).toContain(`${found.skipped.length} not looked at`);
    expect(view.text("discover-live")).toContain("Found 12 claims");
    expect(view.find("discover-steps").children).toHaveLength(6);
    await view.click("discover-all");
    expect(view.find("discover-steps").children).toHaveLength(found.steps.length);
    await view.click("discover-light");
    expect(view.root().hasAttribute("data-spotlight")).toBe(true);
    await view.click("tab-rule");
    expect(view.root().hasAttribute("data-spotlight")).toBe(false);
  });
  it("is confirmed once it is the present hypothesis, with the count of tries", async () => {
    const ready = await open({ discovery: { ...found, present: true } });
    expect(ready.has("discover-accept")).toBe(false);
    await ready.click("discover-confirm");
    expect(ready.model.of("confirm")).toHaveLength(1);
    ready.model.put("confirm", fixture("trait.confirm.done"));
    await settle();
    expect(ready.text("discover-confirmed")).toMatch(/confirmed on .* held-out inputs: .*, after \d+ tries/);
  });
  it("says that nothing was found, and what to do", async () => {
    const view = await open({ discovery: { ...found, claims: [] } });
    expect(view.text("discover-head")).toBe("Nothing found");
    expect(view.has("discover-accept")).toBe(false);
    expect(view.text("discover")).toContain("Raise the samples, or lower the threshold");
  });
  it("says why one failed", async () => {
    const view = await open({ discovery: { ...stopped, error: "rule 'mine' gave 3 labels." } });
    expect(view.text("discover-error")).toBe("rule 'mine' gave 3 labels.");
    expect(view.has("discover-resume")).toBe(true);
  });
  it("is shown on a saved page, and asks nothing", async () => {
    const view = await open({ discovery: found, static: true });
    expect(view.has("discover-tree")).toBe(true);
    for (const name of ["plan", "accept", "again", "cancel"]) expect(view.has(`discover-${name}`)).toBe(false);
    const none = await open({ static: true });
    expect(none.text("discover")).toContain("No circuit was looked for");
  });
});

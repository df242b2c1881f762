import { describe, expect, it } from "vitest";
import { checkWords, nextWords, pieces } from "../src/lesson";
import { hintedIds } from "../src/spotlight";
import type { LessonAct, LessonAttempt, LessonStep, Lessons } from "../src/wire";
import { fixture } from "./fixtures";
import { settle, show } from "./view";

const lesson = (name: string) => fixture<Lessons>(`trait.lesson.${name}`);
const open = (name: string, more: Record<string, unknown> = {}) => show({ lesson: lesson(name), ...more });
const acts = (view: Awaited<ReturnType<typeof open>>): LessonAct[] => view.model.of("lesson").map((m) => m.do);

describe("words", () => {
  it("code, bold and emphasis are pieces; stars with spaces are not", () => {
    expect(pieces("a `b` **c** *d* 2 * 3 * 4")).toEqual([
      { kind: "plain", text: "a " },
      { kind: "code", text: "b" },
      { kind: "plain", text: " " },
      { kind: "bold", text: "c" },
      { kind: "plain", text: " " },
      { kind: "soft", text: "d" },
      { kind: "plain", text: " 2 * 3 * 4" },
    ]);
  });

  it("a check tells what is missing and of which run, and judges nobody", () => {
    const last: LessonAttempt = {
      ...{ choice: null, passed: false, missing: ["There is no claim on a1.h2 under logits yet."], claims: 2, rev: 3 },
      recovered: { value: 0.312, low: 0.3, high: 0.33 },
    };
    expect(checkWords(last)).toBe(
      "There is no claim on a1.h2 under logits yet. This step’s run: 31.2 % [30.0, 33.0] recovered with 2 claims.",
    );
    expect(checkWords({ ...last, passed: true, missing: [], recovered: null })).toBe("This is what the step asks for.");
  });

  it("a step can be skipped until it is done", () => {
    const step = lesson("open").open?.step as LessonStep;
    expect(nextWords(step)).toBe("Skip for now");
    expect(nextWords({ ...step, done: true })).toBe("Next");
    expect(nextWords({ ...step, task: "", question: null })).toBe("Next");
  });

  it("the newest hint lights up its place, until it has made the edit itself", () => {
    const place = { text: "", spotlight: ["a", "b"], did: false };
    expect(hintedIds([])).toEqual([]);
    expect(hintedIds([{ text: "", spotlight: [], did: false }, place])).toEqual(["a", "b"]);
    expect(hintedIds([place, { text: "", spotlight: [], did: true }])).toEqual([]);
  });
});

describe("the lesson that is open", () => {
  it("shows the step, and sends answers", async () => {
    const view = await open("question");
    expect(view.text("lesson-step-title")).toBe("1. What the model does");
    await view.click("lesson-choice-1");
    expect(acts(view)).toEqual([{ act: "answer", choice: 1 }]);
    expect(view.find("lesson-choice-1").getAttribute("aria-pressed")).toBe("false"); // until the kernel says so
  });

  it("says what belongs to the answer given, without a verdict", async () => {
    const view = await open("wrong");
    expect(view.find("lesson-choice-0").getAttribute("aria-pressed")).toBe("true");
    expect(view.text("lesson-feedback")).toContain("100 % is the untouched model");
    expect(view.text("lesson")).not.toMatch(/wrong|incorrect|proven/i);
  });

  it("checks, takes hints, goes to steps, starts again", async () => {
    const view = await open("missing");
    expect(view.text("lesson-feedback")).toContain("There is no claim on a1.h2 under logits yet.");
    expect(view.text("lesson-hint")).toBe("Show me where");
    for (const id of ["lesson-check", "lesson-hint", "lesson-step-5", "lesson-back", "lesson-next", "lesson-reset"])
      await view.click(id);
    expect(acts(view)).toEqual([
      { act: "check" },
      { act: "hint" },
      { act: "go", step: 5 },
      { act: "go", step: 0 },
      { act: "go", step: 2 },
      { act: "reset" },
    ]);
  });

  it("hint 2 lights up both ends of the drag, and an edit ends it", async () => {
    const view = await open("open");
    const lit = () => [...view.el.querySelectorAll<HTMLElement>(".scrub-cell.scrub-lit")].map((g) => g.dataset.glyph);
    expect(lit().sort()).toEqual(["a0.h0", "a1.h2"]);
    expect(view.root().hasAttribute("data-spotlight")).toBe(true);
    view.model.put("state", { ...fixture<object>("trait.state.induction"), rev: 7 });
    await settle();
    expect(lit()).toEqual([]);
    expect(view.root().hasAttribute("data-spotlight")).toBe(false);
  });

  it("is minimised and never closed where the notebook opened it", async () => {
    const view = await open("open");
    expect(view.has("lesson-close")).toBe(false);
    await view.click("lesson-minimise");
    expect(view.text("lesson-place")).toContain("step 3 of 8");
    expect(view.has("lesson-step-title")).toBe(false);
    await view.click("lesson-button");
    expect(view.has("lesson-step-title")).toBe(true);
  });

  it("keeps observation and interpretation apart, and says where progress goes", async () => {
    const view = await open("open");
    await view.set("lesson-interpretation", "One head feeds the key.");
    expect(acts(view)).toEqual([{ act: "note", interpretation: "One head feeds the key." }]);
    expect((view.find("lesson-observation") as HTMLTextAreaElement).value).toBe("With a0.h0 the number stays.");
    expect(view.text("lesson-saved")).toContain("me.json");
  });

  it("says what happened to the file", async () => {
    const view = await open("done");
    expect(view.text("lesson-problem")).toContain("could not be saved");
    expect(view.text("lesson-outcome")).toContain("30 %");
  });

  it("is read-only in a saved page", async () => {
    const view = await open("missing", { static: true });
    for (const id of ["lesson-check", "lesson-hint", "lesson-next", "lesson-reset", "lesson-step-0", "lesson-download"])
      expect((view.find(id) as HTMLButtonElement).disabled).toBe(true);
    expect(view.text("lesson-step-title")).toContain("One head");
  });

  it("a component in the words is lit up while it is looked at", async () => {
    const view = await open("question");
    await view.click("lesson-step-1");
    view.model.put("lesson", lesson("missing"));
    await settle();
    view.find("term-a1.h2").focus();
    await settle();
    expect(view.el.querySelector('[data-glyph="a1.h2"]')?.classList.contains("scrub-lit")).toBe(true);
    view.find("term-a1.h2").blur();
    await settle();
    expect(view.root().hasAttribute("data-spotlight")).toBe(false);
  });
});

describe("what is offered", () => {
  it("begins a lesson about this task, and says how to get to the others", async () => {
    const view = await show({ lesson: lesson("none") });
    await view.click("lesson-button");
    expect(view.has("lesson-open-L0")).toBe(false);
    expect(view.text("panel-lesson")).toContain('run sw.ScrubWidget(lesson="L0") in a new cell');
    await view.click("lesson-open-L1");
    expect(acts(view)).toEqual([{ act: "open", name: "L1" }]);
  });

  it("a widget without a task has starters instead of a map", async () => {
    const nothing = { graph: {}, task: {}, state: {}, result: null, examples: null, confirm: {}, status: {} };
    const view = await show({ ...nothing, lesson: lesson("starters") });
    expect(view.has("map")).toBe(false);
    await view.click("starter-induction");
    await view.click("lesson-open-L2");
    expect(acts(view)).toEqual([
      { act: "start", task: "induction" },
      { act: "open", name: "L2" },
    ]);
    view.model.put("graph", fixture("trait.graph.induction"));
    view.model.put("lesson", lesson("none"));
    await settle();
    expect(view.has("starters")).toBe(false);
    expect(view.has("map")).toBe(true);
  });
});

import { describe, expect, it } from "vitest";
import { binOf, paint, paintedSpec, splitParts, words } from "../src/making";
import { partName, rewriteSpec, type WayFields } from "../src/rewriting";
import { featureFace, freeName, ruleFace } from "../src/rules";
import { wayWords } from "../src/view/PreviewExamples";
import type { KernelMessage, Preview, Rewriting, Task } from "../src/wire";
import type { FakeModel } from "./fake";
import { fixture } from "./fixtures";
import { settle, show } from "./view";

const later = (ms: number) => new Promise((done) => setTimeout(done, ms));
const preview = fixture<{ preview: Preview }>("kernel.preview").preview;

describe("bins", () => {
  const bins = [
    { name: "a", inputs: [1, 2] },
    { name: "b", inputs: [5] },
  ];
  it("an input is in one bin", () => {
    expect(paint(bins, [2, 3], 1)).toEqual([
      { name: "a", inputs: [1] },
      { name: "b", inputs: [2, 3, 5] },
    ]);
    expect(paint(bins, [5], null)[1]?.inputs).toEqual([]);
    expect([binOf(bins, 5), binOf(bins, 9)]).toEqual([1, null]);
  });
  it("make a rule once something is in them and they have names", () => {
    expect(paintedSpec(bins)).toEqual({ kind: "painted", bins: { a: [1, 2], b: [5] }, rest: "everything else" });
    expect(paintedSpec([{ name: "a", inputs: [] }])).toMatch(/at least one input/);
    for (const name of ["", "a", "everything else"])
      expect(
        paintedSpec([
          { name: "a", inputs: [1] },
          { name, inputs: [2] },
        ]),
      ).toMatch(/name of its own/);
  });
});

describe("what is typed", () => {
  it("splits positions, or says what is wrong", () => {
    expect(splitParts("0-2; 4, 5; end", ["end"])).toEqual([[0, 1, 2], [4, 5], "end"]);
    expect(splitParts("0-2", [])).toMatch(/at least two parts/);
    expect(splitParts("0; nowhere", ["end"])).toMatch(/“nowhere” is no position and no role \(end\)/);
  });
  it("names rules that are not named", () => {
    expect(words({ kind: "regex", pattern: "a+" })).toBe("/a+/");
    expect(words({ kind: "at", rule: "token", position: -1 })).toBe("token at -1");
    const { rules } = fixture<Task>("trait.task.made");
    expect([freeName(rules, "token"), freeName(rules, "new")]).toEqual(["token 2", "new"]);
  });
  it("makes rewrites, or says what is missing", () => {
    const fields: WayFields = {
      ...{ way: "unembed", name: "", first: " Mary", second: "John", k: "1", rule: "token", a: "", b: "" },
      ...{ vector: "", neurons: "3, 17" },
    };
    expect(rewriteSpec("m0", fields)).toEqual({
      ...{ kind: "unembed", component: "m0", name: "Mary-John", first: " Mary", second: "John" },
    });
    expect(rewriteSpec("m0", { ...fields, way: "neurons" })).toMatchObject({ neurons: [3, 17] });
    expect(rewriteSpec("m0", { ...fields, way: "neurons", neurons: "x" })).toMatch(/numbers/);
    expect(rewriteSpec("m0", { ...fields, way: "pca", k: "0" })).toMatch(/1 is the largest/);
    expect(rewriteSpec("m0", { ...fields, way: "means" })).toMatch(/two classes/);
    expect(rewriteSpec("m0", { ...fields, way: "vector" })).toMatch(/widget\.vectors/);
    expect(partName({ ...fields, way: "pca", name: "mine" })).toBe("mine");
  });
});

describe("faces", () => {
  const { rules } = fixture<Task>("trait.task.made");
  it("keep their letter when another rule goes", () => {
    const without = rules.filter((r) => r.name !== "token");
    expect(ruleFace(without, "after the")).toEqual(ruleFace(rules, "after the"));
  });
  it("past six reuse a hue with another letter and texture", () => {
    const [first, again] = [featureFace(0), featureFace(6)];
    expect(again.hue).toBe(first.hue);
    expect([first.texture, again.texture]).toEqual([0, 1]);
    expect(again.letter).not.toBe(first.letter);
    const kinds = Array.from({ length: 24 }, (_, i) => `${featureFace(i).hue} ${featureFace(i).texture}`);
    expect(new Set(kinds).size).toBe(24);
  });
  it("a rule at a position looks like the rule", () => {
    expect(ruleFace(rules, "token at 5")).toEqual(ruleFace(rules, "token"));
  });
});

describe("the sentence under the examples", () => {
  it("says how it is known what is read", () => {
    expect(wayWords(preview)).toMatch(/change the label when swapped/);
    expect(wayWords({ ...preview, way: "known" })).toMatch(/Outlined: what the rule reads/);
    expect(wayWords({ ...preview, way: "unknown" })).toMatch(/raises on changed inputs/);
    const nothing = { ...preview.reference, reads: [] };
    const none = { ...preview, reference: nothing, same: [], other: null };
    expect(wayWords(none)).toMatch(/No single token/);
    expect(wayWords({ ...none, way: "known" })).toMatch(/reads none of the tokens/);
  });
});

/** Answers what the maker asks; edits as the fake does. */
function answering(model: FakeModel): void {
  const edits = model.onSend;
  model.onSend = (message) => {
    const { id } = message;
    if (message.kind === "preview") {
      const broken = message.spec?.kind === "regex" && message.spec.pattern === "(";
      if (broken) model.receive({ kind: "rejected", id, message: "'(' is no regular expression: missing )." });
      else model.receive({ kind: "preview", id, preview: { ...preview, matches: 840 } } as KernelMessage);
    } else if (message.kind === "inputs") {
      const row = { index: 17, tokens: ["a", "b"], label: "c" };
      model.receive({ kind: "inputs", id, total: 1, start: 0, rows: [row] });
    } else if (message.kind === "rewriting") {
      const rewriting = fixture<Rewriting>("kernel.rewriting");
      model.receive({ ...rewriting, kind: "rewriting", id, labels: ["x", "y"] });
    } else if (message.kind === "edit" && message.op.op === "make_rule" && message.op.name === "token")
      model.receive({ kind: "rejected", id, message: "there is a rule 'token' already; take another name." });
    else edits(message);
  };
}

async function maker() {
  const view = await show({ task: fixture("trait.task.made") });
  answering(view.model);
  await view.click("make-rule");
  return view;
}

async function type(view: Awaited<ReturnType<typeof show>>, id: string, value: string): Promise<void> {
  const field = view.find(id) as HTMLInputElement;
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  await settle();
}

describe("making a rule", () => {
  it("shows a pattern's matches, its error, and makes it", async () => {
    const view = await maker();
    await type(view, "maker-pattern", "(");
    await later(260);
    await settle();
    expect(view.text("preview-problem")).toMatch(/no regular expression/);
    expect((view.find("maker-make") as HTMLButtonElement).disabled).toBe(true);
    await type(view, "maker-pattern", "the (.)");
    await later(260);
    await settle();
    expect(view.text("preview-matches")).toMatch(/Found in 840 of 2.000 inputs/);
    await view.click("maker-make");
    expect(view.ops()).toEqual([{ op: "make_rule", name: "/the (.)/", spec: { kind: "regex", pattern: "the (.)" } }]);
    expect(view.has("rule-maker")).toBe(false);
  });
  it("a refusal stays in the form", async () => {
    const view = await maker();
    await view.click("maker-at");
    await type(view, "maker-name", "token");
    await view.click("maker-make");
    expect(view.text("maker-problem")).toMatch(/there is a rule 'token' already/);
    expect(view.has("rule-maker")).toBe(true);
  });
  it("paints by clicking and by number keys", async () => {
    const view = await maker();
    await view.click("maker-painted");
    await later(200);
    await settle();
    await view.click("paint-17-0");
    expect(view.text("bin-count-0")).toBe("1");
    await view.press("paint-17", "2");
    expect([view.text("bin-count-0"), view.text("bin-count-1")]).toEqual(["0", "1"]);
    await view.press("paint-17", "0");
    expect(view.text("bin-count-1")).toBe("0");
    await view.press("paint-17", "1");
    await view.click("maker-make");
    expect(view.ops()[0]).toMatchObject({ spec: { kind: "painted", bins: { "bin 1": [17], "bin 2": [] } } });
  });
});

describe("rewriting", () => {
  it("tells the facts first, then makes one edit", async () => {
    const view = await show({ selection: { nodes: ["a1.h3"], claim: "logits>a1.h3", under: "logits" } });
    answering(view.model);
    await view.click("open-rewrite");
    await later(340);
    await settle();
    expect(view.text("fact-variance")).toBe("21.0 %");
    expect(view.text("fact-error")).toBe("1.3·10⁻⁶");
    expect(view.text("carried")).toMatch(/becomes two claims/);
    await view.click("rewrite-make");
    expect(view.ops()).toEqual([{ op: "rewrite", spec: { kind: "pca", component: "a1.h3", name: "pc1", k: 1 } }]);
    expect(view.has("panel-rewrite")).toBe(false);
  });
  it("puts together what was split, and asks for a rule where the parts differ", async () => {
    const view = await show({
      graph: fixture("trait.graph.split"),
      selection: { nodes: ["a0.h1[previous]"], claim: null, under: "logits" },
    });
    const edits = view.model.onSend;
    view.model.onSend = (message) => {
      const { id } = message;
      if (message.kind === "edit" && message.op.op === "unsplit" && message.op.rule === undefined)
        view.model.receive({ kind: "rejected", id, message: "the parts of 'a0.h1' are not claimed alike." });
      else edits(message);
    };
    view.model.put("state", fixture("trait.state.split"));
    await settle();
    await view.click("open-rewrite");
    await view.click("unsplit-do");
    expect(view.text("unsplit-question")).toMatch(/not claimed alike/);
    await view.click("unsplit-do");
    expect(view.ops().at(-1)).toEqual({ op: "unsplit", component: "a0.h1", rule: "previous token" });
  });
});

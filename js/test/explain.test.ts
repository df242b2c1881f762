import { describe, expect, it } from "vitest";
import { type Explained, explain } from "../src/explain";
import type { Graph, KernelMessage, Outputs, Result, Sample, ViewMessage } from "../src/wire";
import { answerEdits, type FakeModel } from "./fake";
import { fixture } from "./fixtures";
import { settle, show } from "./view";

const sample = (name: string) => fixture<{ sample: Sample }>(`kernel.${name}`).sample;
const about = (name: string, graph: string, outputs: string | null = null): Explained => ({
  sample: sample(name),
  outputs: outputs ? fixture<{ outputs: Outputs }>(`kernel.${outputs}`).outputs : null,
  result: fixture<Result>("trait.result.induction"),
  components: fixture<Graph>(`trait.graph.${graph}`).components.map((c) => c.id),
  unit: "nats",
});

describe("the seven steps", () => {
  it("go from the reference to the loss, each with something to think about first", () => {
    const steps = explain(about("sample", "induction", "outputs"));
    expect(steps.map((s) => s.title)).toEqual([
      "A reference is drawn",
      "The output stays with it",
      "The first claims draw from their classes",
      "The same again, up each path",
      "The rest draws freely",
      "The model runs once on all of them",
      "The loss is compared",
    ]);
    for (const step of steps) {
      expect(step.ask).toMatch(/\?$/);
      expect(step.answer).not.toBe("");
    }
  });

  it("tell the real draws", () => {
    const { sample: shown } = about("sample", "induction");
    const [first, , claims, deeper, rest, run, loss] = explain(about("sample", "induction", "outputs"));
    expect(first?.answer).toContain("0.141 nats");
    expect(first?.lines[0]?.tokens).toEqual(shown.tokens);
    expect(claims?.lines.map((l) => [l.who, l.tag])).toEqual([["a1.h3", "ref"]]);
    expect(claims?.answer).toContain("Only the reference itself");
    const key = shown.rows[1];
    expect(deeper?.lines[0]?.tag).toBe(shown.sources[key?.sources[shown.at] ?? -1]?.tag);
    expect(deeper?.lines).toHaveLength(3);
    expect(rest?.lines.map((l) => l.tag)).toEqual(["#639", "#1067·A"]);
    expect(run?.answer).toMatch(/^Untouched, it says “\d+” with \d+ %; scrubbed, “\d+” with \d+ %\.$/);
    expect(loss?.answer).toContain(
      "It went up by 6.132: 0.141 untouched, 6.273 scrubbed, 7.150 with everything swapped",
    );
  });

  it("light up what they are about, and only that", () => {
    const [, , claims, deeper, rest] = explain(about("sample", "induction"));
    expect(claims?.spot).toEqual(["logits", "logits>a1.h3", "a1.h3"]);
    expect(deeper?.spot).toContain("a0.h2");
    expect(deeper?.spot).not.toContain("*");
    expect(rest?.spot).not.toContain("a1.h3");
    expect(rest?.spot).toContain("a1.h0");
  });

  it("speak of numbers where the model is a graph of functions", () => {
    const [, , claims, , , run] = explain(about("sample_toy", "toy", "outputs_toy"));
    expect(claims?.lines[0]?.words).toBe("“x0 > 3 or x1 > 3” is 1, as in 840 inputs");
    expect(run?.answer).toMatch(/^Untouched, the output is [\d.]+; scrubbed, it is [\d.]+\.$/);
  });

  it("say so where nothing is claimed", () => {
    const empty = about("sample", "induction");
    empty.sample.rows = empty.sample.rows.filter((r) => r.id === "logits/unclaimed");
    const [, , claims, deeper] = explain(empty);
    expect(claims?.text).toContain("Nothing is claimed under the output");
    expect(deeper?.text).toContain("No claim stands under another one");
    expect(deeper?.spot).toEqual([]);
  });
});

/** As the kernel answers, with the fixtures. */
function answering(model: FakeModel): void {
  answerEdits(model);
  const edits = model.onSend;
  model.onSend = (message: ViewMessage) => {
    if (message.kind === "sample" || message.kind === "outputs")
      model.receive({ ...fixture<KernelMessage>(`kernel.${message.kind}`), id: message.id } as KernelMessage);
    else edits(message);
  };
}

describe("in the view", () => {
  const opened = async () => {
    const view = await show({}, { answers: answering });
    await view.click("explain-button");
    await settle();
    return view;
  };

  it("asks before it answers, and keys go on and back", async () => {
    const view = await opened();
    expect(view.text("explain-title")).toContain("1 of 7");
    expect(view.text("explain-answer")).toBe("");
    await view.press("explain-next", "ArrowRight");
    expect(view.text("explain-answer")).toContain("nats");
    await view.press("explain-next", "ArrowRight");
    expect(view.text("explain-title")).toContain("2 of 7");
    expect(view.text("explain-answer")).toBe("");
    await view.press("explain-next", "ArrowLeft");
    expect(view.text("explain-title")).toContain("1 of 7");
    expect(view.text("explain-answer")).not.toBe("");
  });

  it("dims the rest of map and tree, until it is left", async () => {
    const view = await opened();
    for (let i = 0; i < 4; i++) await view.click("explain-next");
    const glyph = (id: string) => view.el.querySelector(`[data-glyph="${id}"]`)?.classList;
    expect(glyph("a1.h3")?.contains("scrub-lit")).toBe(true);
    expect(glyph("a1.h0")?.contains("scrub-unlit")).toBe(true);
    expect(view.find("tree-row-logits>a1.h3").classList.contains("scrub-lit")).toBe(true);
    expect(view.find("tree-row-logits>a1.h3.k>a0.h2").classList.contains("scrub-unlit")).toBe(true);
    await view.press("explain-next", "Escape");
    expect(view.has("explain")).toBe(false);
    expect(glyph("a1.h0")?.contains("scrub-unlit")).toBe(false);
  });
});

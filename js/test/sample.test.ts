import { describe, expect, it, vi } from "vitest";
import { levels, looked } from "../src/patterns";
import { chosen, coveredBy, folded, LONG, toggled } from "../src/positions";
import { faceOf, feeding, markAt, whyWords } from "../src/sources";
import type { Attention, Claim, Outputs, Sample, Samples, Task, ViewMessage } from "../src/wire";
import { answerEdits, type FakeModel } from "./fake";
import { fixture } from "./fixtures";
import { settle, show, traits } from "./view";

const given = (name = "sample"): Sample => fixture<{ sample: Sample }>(`kernel.${name}`).sample;
const row = (sample: Sample, id: string) => {
  const found = sample.rows.find((r) => r.id === id);
  if (!found) throw new Error(`no row ${id}`);
  return found;
};

/** Answers as the kernel does, with the fixtures; `hold` keeps back the outputs. */
function answering(model: FakeModel, hold: ViewMessage[] | null = null) {
  answerEdits(model);
  const edits = model.onSend;
  model.onSend = (message) => {
    const { id } = message;
    if (message.kind === "sample") {
      const name = message.act === "redraw" ? "kernel.sample_redrawn" : "kernel.sample";
      const answer = fixture<{ kind: "sample"; rev: number; sample: Sample }>(name);
      const sample = { ...answer.sample, example: message.example };
      if (message.act === "lock") sample.locked = [message.node ?? ""];
      model.receive({ ...answer, sample, id });
    } else if (message.kind === "outputs" && hold) hold.push(message);
    else if (message.kind === "outputs") {
      const name = Object.keys(message.again).length > 0 ? "kernel.outputs_redrawn" : "kernel.outputs";
      model.receive({ ...fixture<{ kind: "outputs"; rev: number; outputs: Outputs }>(name), id });
    } else if (message.kind === "attention")
      model.receive({ ...fixture<{ kind: "attention"; rev: number; attention: Attention }>("kernel.attention"), id });
    else edits(message);
  };
}

async function open(more: Record<string, unknown> = {}, hold: ViewMessage[] | null = null) {
  const view = await show(more, { answers: (model) => answering(model, hold) });
  await view.click("tab-sample");
  return view;
}

describe("what feeds a node", () => {
  const sample = given();
  it("is its own donor for a leaf, at each position that position's", () => {
    const leaf = row(sample, "logits>a1.h3.q>embed");
    for (const [p, marks] of feeding(sample, leaf.id).entries()) {
      expect(marks.map((m) => m.tag)).toEqual([sample.sources[leaf.sources[p] ?? -1]?.tag]);
    }
  });
  it("is one mark for each path into a recomputed claim", () => {
    const paths = feeding(sample, "logits>a1.h3")[4]?.map((m) => m.path);
    expect(paths).toEqual([
      "a0.h2 into a1.h3.k",
      "embed into a1.h3.q",
      "∗ whole input into a1.h3.v",
      "unclaimed inputs of a1.h3",
    ]);
    expect(feeding(sample, "logits")[4]).toHaveLength(5);
  });
  it("stops where a claim does not hold", () => {
    const shared = given("sample_shared");
    const id = "logits>a1.h0.k>m0@1,2";
    expect(feeding(shared, id).map((m) => m.length)).toEqual([0, 1, 1, 0, 0, 0]);
  });
  it("is one value of the input in a graph of functions", () => {
    const toy = given("sample_toy");
    expect(feeding(toy, "logits>D>A>x0").map((m) => m.length)).toEqual([1, 0, 0]);
  });
});

describe("a draw", () => {
  it("looks the same wherever it stands, and no other looks like it", () => {
    const faces = Array.from({ length: 31 }, (_, i) => JSON.stringify(faceOf(i)));
    expect(new Set(faces).size).toBe(31);
    const shared = given("sample_shared");
    const [one, two] = ["logits>a1.h0.k>a0.h0", "logits>a1.h0.k>m0@1,2"].map((id) => row(shared, id));
    if (!one || !two) throw new Error("rows are missing");
    for (const p of [0, 1, 2, 3])
      expect(markAt(shared, one, p)).toMatchObject({ ...markAt(shared, two, p), path: one && "a0.h0 into a1.h0.k" });
    for (const sample of [given(), shared, given("sample_redrawn")]) {
      const tags = sample.sources.map((s) => s.tag);
      expect(new Set(tags).size).toBe(tags.length);
    }
  });
  it("keeps its look when others are drawn again", () => {
    expect(given("sample_redrawn").draws).toEqual(given().draws);
  });
  it("says why it is this input", () => {
    const sample = given();
    expect(whyWords(sample, row(sample, "logits>a1.h3"), 22)).toMatch(
      /^kept\. Under “same input” the class holds this one input only, so ref \(input 326\) is certain: probability 100 %\. Its own values never enter/,
    );
    const token = row(sample, "logits>a1.h3.q>embed");
    const words = whyWords(sample, token, 22);
    expect(words).toContain(`At position 22: ${markAt(sample, token, 22).tag} was drawn from the class “30”`);
    expect(words).toContain(`one of ${token.sizes[22]}: probability ${(100 / (token.sizes[22] ?? 1)).toFixed(1)} %`);
    expect(whyWords(sample, row(sample, "logits/unclaimed"), 22)).toMatch(
      /any input of the data.*one of 2.000: probability 0\.05 %/,
    );
  });
});

describe("the Sample tab", () => {
  it("opens the first example and shows what came out", async () => {
    const view = await open();
    expect(view.model.of("sample").at(-1)).toMatchObject({ example: 0, again: {}, act: null });
    expect(view.find("sample").dataset).toMatchObject({ fresh: "fresh", rev: "6" });
    expect(view.text("sample-loss-clean")).toBe("0.141");
    expect(view.text("sample-loss-scrubbed")).toBe("6.273");
    expect(view.text("sample-top-clean-0")).toMatch(/^49 86\.9 %$/);
    expect(view.has("sample-only")).toBe(false);
  });
  it("goes to other examples", async () => {
    const view = await open();
    const asked = () => view.model.of("sample").at(-1)?.example;
    await view.click("sample-next");
    expect(asked()).toBe(1);
    await view.click("sample-previous");
    await view.click("sample-previous");
    expect(asked()).toBe(1023);
    await view.set("sample-number", "17");
    expect(asked()).toBe(17);
    await view.set("sample-number", "5000");
    expect(asked()).toBe(17);
    await view.click("sample-random");
    expect(asked()).not.toBe(17);
  });
  it("finds the worst and the most improved of the losses that are shown", async () => {
    const view = await open();
    const { n, model, scrubbed } = traits().examples as { n: number; model: DataView; scrubbed: DataView };
    const change = Array.from(
      { length: n },
      (_, i) => scrubbed.getFloat32(4 * i, true) - model.getFloat32(4 * i, true),
    );
    await view.click("sample-worst");
    expect(view.model.of("sample").at(-1)?.example).toBe(change.indexOf(Math.max(...change)));
    await view.click("sample-improved");
    expect(view.model.of("sample").at(-1)?.example).toBe(change.indexOf(Math.min(...change)));
  });
  it("recolours the reference by the node under pointer or focus", async () => {
    const view = await open();
    const sample = given();
    const tags = () => [...view.find("sample-tokens").querySelectorAll<HTMLElement>("li")].map((li) => li.dataset.tags);
    expect(view.find("sample-feeds").dataset.node).toBe("logits");
    const id = "logits>a1.h3.k>a0.h2";
    view.find(`sample-row-${id}`).focus();
    await settle();
    expect(view.find("sample-feeds").dataset.node).toBe(id);
    expect(tags()).toEqual(row(sample, id).sources.map((s) => sample.sources[s]?.tag));
    const li = view.find("sample-row-logits/unclaimed").closest("li");
    li?.dispatchEvent(new Event("pointerenter"));
    await settle();
    expect(new Set(tags())).toEqual(new Set(["#1067·A"]));
  });
  it("redraws and locks, says that it is this example only, and goes back", async () => {
    const view = await open();
    const id = "logits>a1.h3.q>embed";
    await view.click(`lock-${id}`);
    expect(view.model.of("sample").at(-1)).toMatchObject({ act: "lock", node: id });
    expect(view.find(`lock-${id}`).getAttribute("aria-pressed")).toBe("true");
    await view.click("sample-redraw-all");
    expect(view.model.of("sample").at(-1)).toMatchObject({ act: "redraw", node: null, locked: [id] });
    expect(view.text("sample-only")).toMatch(/this example only; the score above is unchanged \(4 draws/);
    expect(view.text("sample-loss-scrubbed")).toBe("6.273");
    expect(view.text("sample-loss-redrawn")).toBe("3.505");
    expect(view.text("value-recovered")).toMatch(/^83\.1 %/);
    await view.click("sample-reset");
    expect(view.model.of("sample").at(-1)).toMatchObject({ again: {}, locked: [], act: null });
    expect(view.has("sample-only")).toBe(false);
    expect(view.ops()).toEqual([]);
  });
  it("answers why", async () => {
    const view = await open();
    await view.click("why-logits>a1.h3");
    expect(view.text("why-text-logits>a1.h3")).toMatch(/kept/);
    await view.click("why-logits>a1.h3");
    expect(view.has("why-text-logits>a1.h3")).toBe(false);
  });
  it("waits for a running chunk with a word, and drops what is not asked any more", async () => {
    const held: ViewMessage[] = [];
    const view = await open({}, held);
    expect(view.text("sample-waiting")).toBe("Asking the kernel…");
    view.model.put("status", fixture("trait.status.running"));
    await settle();
    expect(view.text("sample-waiting")).toMatch(/Waiting for the run to finish a chunk/);
    await view.click("sample-next");
    const outputs = fixture<{ kind: "outputs"; rev: number; outputs: Outputs }>("kernel.outputs");
    view.model.receive({ ...outputs, id: held[0]?.id ?? "" });
    await settle();
    expect(view.has("sample-waiting")).toBe(true);
    view.model.receive({ ...outputs, id: held.at(-1)?.id ?? "" });
    await settle();
    expect(view.has("sample-waiting")).toBe(false);
    expect(view.text("sample-top-scrubbed-0")).toMatch(/74\.3 %/);
  });
  it("says what it waits for before there is a result, and what is stale after an edit", async () => {
    const none = await open({ result: null });
    expect(none.text("no-sample")).toMatch(/Press Run/);
    expect(none.model.of("sample")).toEqual([]);
    const view = await open();
    await view.click("tree-row-logits>a1.h3");
    await view.click("tab-rule");
    await view.click("chip-token");
    await view.click("tab-sample");
    expect(view.text("sample-stale")).toMatch(/before your last edit/);
  });
  it("shows a refusal as a sentence", async () => {
    const view = await open();
    view.model.onSend = ({ id }) => view.model.receive({ kind: "rejected", id, message: "there is no example 9." });
    await view.click("sample-next");
    expect(view.text("sample-problem")).toBe("there is no example 9.");
  });
  it("shows the kept examples of a page without a kernel, with nothing to redraw", async () => {
    const samples = fixture<Samples>("trait.samples.induction");
    const view = await show({ static: true, samples });
    await view.click("tab-sample");
    expect(view.model.sent).toEqual([]);
    const [first, second] = samples.samples;
    expect(view.find("sample").dataset.example).toBe(String(first?.example));
    expect(view.text("sample-loss-scrubbed")).not.toBe("–");
    await view.click("sample-next");
    expect(view.find("sample").dataset.example).toBe(String(second?.example));
    expect(view.has("sample-redraw-all")).toBe(false);
    expect(view.all("redraw-logits/unclaimed")).toEqual([]);
    await view.click("why-logits/unclaimed");
    expect(view.text("why-text-logits/unclaimed")).toMatch(/probability/);
  });
});

describe("attention", () => {
  it("shows clean beside scrubbed, says which, and lists the values of a query", async () => {
    const view = await open({ selection: { nodes: ["a1.h3"], claim: null, under: "logits" } });
    // Asked in an effect, which comes after a frame: that may take a moment.
    const asked = { head: "a1.h3", example: 0, claim: null };
    await vi.waitFor(() => expect(view.model.of("attention").at(-1)).toMatchObject(asked));
    await settle();
    expect(view.text("attention-how")).toMatch(/^a1\.h3 is recomputed/);
    expect(view.has("heat-clean") && view.has("heat-scrubbed")).toBe(true);
    const { attention } = fixture<{ attention: Attention }>("kernel.attention");
    const most = Math.max(...(attention.clean[22] ?? []));
    expect(view.text("attention-table")).toContain(most.toFixed(3));
    await view.set("attention-query", "3");
    expect(view.find("attention-table").querySelectorAll("tbody tr").length).toBeLessThanOrEqual(4);
  });
  it("asks for the head that was chosen elsewhere", async () => {
    const view = await open();
    expect(view.model.of("attention")).toEqual([]);
    await view.set("attention-head", "a0.h1");
    await vi.waitFor(() => expect(view.model.of("attention").at(-1)?.head).toBe("a0.h1"));
  });
  it("groups cells by weight, leaving out what is below 1 %", () => {
    const paths = levels([
      [1, 0.005],
      [0.5, 0.5],
    ]);
    expect(paths.at(-1)).toBe("M0 0h1v1h-1z");
    expect(paths[7]).toBe("M0 1h1v1h-1zM1 1h1v1h-1z");
    expect(paths.filter(Boolean)).toHaveLength(2);
  });
  it("lists the keys of a query, most first by either pattern", () => {
    expect(looked([[0.7, 0.3, 0]], [[0.1, 0.1, 0.8]], 0, 5).map((k) => k.position)).toEqual([7, 5, 6]);
  });
});

describe("the strip of positions", () => {
  const claim = (positions: Claim["positions"]) =>
    ({ ...(traits().state as { claims: Claim[] }).claims[0], positions }) as Claim;
  const task = traits().task as Task;
  it("knows what a claim covers", () => {
    expect(coveredBy(claim(null), task, null)).toBeNull();
    expect(coveredBy(claim([-1, 2]), task, null)).toEqual([2, 23]);
    expect(coveredBy(claim("first copy"), task, null)).toEqual([4, 5, 6]);
    const shared = given("sample_shared");
    const own = { ...claim("subject"), id: "logits>a1.h0.k>m0@1,2" };
    expect(coveredBy(own, task, shared)).toEqual([1, 2]);
  });
  it("chooses, adds and takes away", () => {
    expect(chosen(null, 3)).toEqual([3]);
    expect(chosen([3], 3)).toBeNull();
    expect(chosen([3, 4], 3)).toEqual([3]);
    expect(toggled([3], 1)).toEqual([1, 3]);
    expect(toggled([3], 3)).toBeNull();
    expect(toggled(null, 3)).toEqual([3]);
  });
  it("folds where the input is long", () => {
    expect(folded(24, 3)).toEqual([0, 24]);
    expect(folded(200, 199)).toEqual([200 - LONG, 200]);
    expect(folded(200, 0)).toEqual([0, LONG]);
  });
  it("sets the positions of the selected claim by click, Shift-click, role and keys", async () => {
    const view = await open();
    expect(view.text("position-4")).toContain("45");
    await view.click("tree-row-logits>a1.h3");
    expect(view.text("positions-words")).toMatch(/everywhere/);
    await view.click("position-4");
    await view.click("position-6", { shiftKey: true });
    await view.click("role-last");
    await view.press("position-6", "ArrowLeft", "End");
    expect(view.el.ownerDocument.activeElement?.getAttribute("data-position")).toBe("23");
    const change = (positions: Claim["positions"]) => ({ op: "change", claim: "logits>a1.h3", positions });
    expect(view.ops()).toEqual([change([4]), change([4, 6]), change("last")]);
    expect(view.text("positions-words")).toMatch(/last \(position 23\)/);
    await view.click("positions-all");
    expect(view.ops().at(-1)).toEqual(change(null));
  });
  it("chooses a position for charts while no claim is selected", async () => {
    const view = await open();
    await view.click("position-7");
    expect(view.text("positions-words")).toMatch(/cut down to position 7/);
    await view.click("position-7");
    expect(view.find("position-7").getAttribute("aria-pressed")).toBe("false");
    expect(view.ops()).toEqual([]);
  });
  it("is not there for inputs of one position", async () => {
    const view = await show({}, { name: "toy" });
    expect(view.has("strip")).toBe(false);
  });
});

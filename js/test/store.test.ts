import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createPreviews } from "../src/preview";
import { BUSY_SILENCE_MS, SILENCE_MS } from "../src/requests";
import { createStore, replaces, type Store } from "../src/store";
import type { Examples, KernelMessage, Result, Status } from "../src/wire";
import { FakeModel } from "./fake";
import { fixture } from "./fixtures";

const traits = () => ({
  graph: fixture("trait.graph.induction"),
  task: fixture("trait.task.induction"),
  state: fixture("trait.state.induction"),
  selection: fixture("trait.selection.start"),
  status: fixture<Status>("trait.status.done"),
  result: fixture<Result>("trait.result.induction"),
});

let model: FakeModel;
let store: Store;
const start = (more: Record<string, unknown> = {}) => {
  model = new FakeModel({ ...traits(), ...more });
  store = createStore(model);
};
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  store.dispose();
  vi.useRealTimers();
});

describe("traits", () => {
  it("are read at the start and on change", () => {
    start();
    expect(store.state.value?.rev).toBe(6);
    model.put("state", { ...fixture<object>("trait.state.induction"), rev: 7 });
    expect(store.state.value?.rev).toBe(7);
  });
  it("that cannot be read leave what was known and say so", () => {
    start();
    model.put("state", { rev: 8 });
    expect(store.state.value?.rev).toBe(6);
    expect(store.notice.value?.message).toMatch(/state: the field 'claims' is missing/);
  });
  it("may be missing while the kernel loads", () => {
    start({ graph: {}, task: null, state: undefined });
    expect(store.graph.value).toBeNull();
    expect(store.receiver.value).toBeNull();
  });
  it("are let go of", () => {
    start();
    store.dispose();
    expect(model.listening()).toBe(0);
  });
});

describe("the selection", () => {
  it("is written back, and read when another view writes", () => {
    start();
    const other = createStore(model);
    store.select({ nodes: ["a0.h1"] });
    expect(model.saved).toBe(1);
    expect(other.selection.value.nodes).toEqual(["a0.h1"]);
    other.dispose();
  });
  it("falls back to the logits when its receiver is gone", () => {
    start();
    store.select({ under: "logits>a1.h3.k" });
    expect(store.receiver.value?.port).toBe("k");
    model.put("state", fixture("trait.state.empty"));
    expect(store.receiver.value?.path).toBe("logits");
  });
});

describe("results", () => {
  const partial = (change: Partial<Result>): KernelMessage => ({
    kind: "partial",
    result: { ...fixture<Result>("trait.result.partial"), ...change },
  });
  it("of an older revision are dropped", () => {
    start();
    model.receive(partial({ rev: 5 }));
    expect(store.result.value?.rev).toBe(6);
    expect(store.result.value?.complete).toBe(true);
  });
  it("of a newer revision are shown, even unfinished", () => {
    start();
    model.receive(partial({ rev: 7, n: 100 }));
    model.receive(partial({ rev: 7, n: 200 }));
    expect(store.result.value).toMatchObject({ rev: 7, n: 200, complete: false });
    model.receive(partial({ rev: 6 }));
    expect(store.result.value?.rev).toBe(7);
  });
  it("that came late do not hide the finished one of the same run", () => {
    const done = fixture<Result>("trait.result.induction");
    const late = fixture<Result>("trait.result.partial");
    expect(replaces(late, done, false)).toBe(false);
    expect(replaces(late, done, true)).toBe(true);
    expect(replaces(done, late, false)).toBe(true);
    expect(replaces(late, null, false)).toBe(true);
  });
});

describe("the losses of single examples", () => {
  const examples = (rev: number, ...scrubbed: number[]): Examples => {
    const view = (v: number[]) => new DataView(Float32Array.from(v).buffer);
    return { rev, n: scrubbed.length, model: view([1, 1]), scrubbed: view(scrubbed), baseline: view([3, 3]) };
  };
  const shown = () => store.examples.value && [...store.examples.value.scrubbed];
  it("are there from the start, as after a reload", () => {
    start({ examples: examples(6, 2, 2.5) });
    expect(shown()).toEqual([2, 2.5]);
  });
  it("are read at their place in a larger buffer", () => {
    const bytes = new ArrayBuffer(16);
    new Float32Array(bytes).set([8, 2, 2.5, 8]);
    start({ examples: { ...examples(6, 0, 0), scrubbed: new DataView(bytes, 4, 8) } });
    expect(shown()).toEqual([2, 2.5]);
  });
  it("are taken anew even where revision and length are the same", () => {
    start({ examples: examples(6, 2, 2) });
    model.put("examples", examples(6, 5, 5));
    expect(shown()).toEqual([5, 5]);
  });
  it("wait for the complete result of their revision", () => {
    start();
    expect(shown()).toBeNull();
    const result = fixture<Result>("trait.result.induction");
    model.receive({ kind: "partial", result: { ...result, rev: 7, complete: false } });
    model.put("examples", examples(7, 4, 4));
    expect(shown()).toBeNull();
    model.put("result", { ...result, rev: 7 });
    expect(shown()).toEqual([4, 4]);
  });
  it("of another revision than the shown result's are not shown", () => {
    start({ examples: examples(5, 2, 2) });
    expect(shown()).toBeNull();
    model.put("examples", null);
    expect(shown()).toBeNull();
  });
  it("that are no binary data are refused", () => {
    start({ examples: { ...examples(6, 2, 2), model: "AAAA" } });
    expect(store.notice.value?.message).toMatch(/examples.model: expected binary data/);
    expect(shown()).toBeNull();
  });
});

describe("silence", () => {
  it("is noticed when a ping has no pong, and forgotten at the next answer", () => {
    start();
    expect(model.of("ping")).toHaveLength(1);
    vi.advanceTimersByTime(SILENCE_MS + 10);
    expect(store.requests.silent.value).toBe(true);
    model.receive({ kind: "pong", id: model.sent[0]?.id ?? "" });
    expect(store.requests.silent.value).toBe(false);
  });
  it("is allowed to last longer while the kernel computes", () => {
    start({ status: fixture("trait.status.running") });
    vi.advanceTimersByTime(SILENCE_MS + 10);
    expect(store.requests.silent.value).toBe(false);
    vi.advanceTimersByTime(BUSY_SILENCE_MS);
    expect(store.requests.silent.value).toBe(true);
  });
  it("is not noticed when something else was heard", () => {
    start();
    vi.advanceTimersByTime(10);
    model.put("status", fixture("trait.status.running"));
    vi.advanceTimersByTime(SILENCE_MS);
    expect(store.requests.silent.value).toBe(false);
  });
  it("is at once when the channel is closed", () => {
    model = new FakeModel(traits());
    model.onSend = () => {
      throw new Error("closed");
    };
    store = createStore(model);
    expect(store.requests.silent.value).toBe(true);
  });
  it("means nothing on a saved page, which sends nothing", () => {
    start({ static: true });
    store.select({ nodes: ["a0.h0"] });
    vi.advanceTimersByTime(60_000);
    expect(model.sent).toHaveLength(0);
    expect(model.saved).toBe(0);
    expect(store.requests.silent.value).toBe(false);
    expect(store.selection.value.nodes).toEqual(["a0.h0"]);
  });
});

describe("previews", () => {
  const answer = (at: number, rule: string) => {
    const { preview } = fixture<Extract<KernelMessage, { kind: "preview" }>>("kernel.preview");
    model.receive({ kind: "preview", id: model.of("preview")[at]?.id ?? "", preview: { ...preview, rule } });
  };
  it("are asked for after a pause, and the newest question wins", () => {
    start();
    const previews = createPreviews(store.requests);
    previews.want("token");
    previews.want("position");
    vi.advanceTimersByTime(100);
    expect(model.of("preview").map((m) => m.rule)).toEqual(["position"]);
    previews.want("token");
    vi.advanceTimersByTime(100);
    answer(0, "position");
    expect(previews.shown.value).toMatchObject({ rule: "token", data: null, waiting: true });
    answer(1, "token");
    expect(previews.shown.value).toMatchObject({ rule: "token", waiting: false, data: { rule: "token" } });
  });
  it("are remembered until the task changes", () => {
    start();
    const previews = createPreviews(store.requests);
    previews.want("token");
    vi.advanceTimersByTime(100);
    answer(0, "token");
    previews.want("position");
    previews.want("token");
    expect(previews.shown.value?.data?.rule).toBe("token");
    vi.advanceTimersByTime(100);
    expect(model.of("preview")).toHaveLength(1);
    previews.forget();
    previews.want("token");
    vi.advanceTimersByTime(100);
    expect(model.of("preview")).toHaveLength(2);
    previews.dispose();
  });
  it("show why a rule has none", () => {
    start();
    const previews = createPreviews(store.requests);
    previews.want("token");
    vi.advanceTimersByTime(100);
    model.receive({ kind: "rejected", id: model.of("preview")[0]?.id ?? "", message: "The rule raised." });
    expect(previews.shown.value?.problem).toBe("The rule raised.");
  });
});

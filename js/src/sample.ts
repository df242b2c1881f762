/** The shown example: asked for when it or the result changes, what other draws change of it, a head's attention. */
import { batch, computed, effect, type ReadonlySignal, type Signal, signal, untracked } from "@preact/signals";
import type { Ui } from "./app";
import type { Store } from "./store";
import type { Attention, Outputs, Sample } from "./wire";

export type SampleState = {
  sample: Sample;
  /** Of which result. */
  rev: number;
  outputs: Outputs | null;
};
export type AttentionState = { head: string; key: string; data: Attention | null; problem: string | null };
export type Act = "redraw" | "lock" | "unlock";

export type SampleView = {
  shown: ReadonlySignal<SampleState | null>;
  problem: ReadonlySignal<string | null>;
  /** Whether outputs were asked for and are not there yet. */
  waiting: ReadonlySignal<boolean>;
  attention: ReadonlySignal<AttentionState | null>;
  /** The node under the pointer or the focus. */
  node: Signal<string>;
  /** How many examples there are. */
  count: ReadonlySignal<number>;
  /** The examples that can be shown: null for all. */
  kept: ReadonlySignal<number[] | null>;
  open(example: number): void;
  step(by: number): void;
  random(): void;
  /** The example that scrubbing harms most, or helps most. */
  extreme(which: "worst" | "improved"): void;
  nextBrushed(): void;
  act(act: Act, node: string | null): void;
  /** Back to the draws of the run. */
  reset(): void;
  at(position: number | null): void;
  askAttention(head: string, claim: string | null): void;
  dispose(): void;
};

export function createSamples(store: Store, ui: Ui): SampleView {
  const shown = signal<SampleState | null>(null);
  const problem = signal<string | null>(null);
  const waiting = signal(false);
  const attention = signal<AttentionState | null>(null);
  const node = signal("logits");
  const at = signal<number | null>(null);
  const rev = computed(() => (store.result.value?.complete ? store.result.value.rev : null));
  // A notebook opened again without its kernel has what was kept, if something was; else it can only wait.
  const stored = computed(() => {
    const all = store.samples.value?.samples ?? null;
    return store.readOnly ? (all ?? []) : store.requests.silent.value ? all : null;
  });
  const kept = computed(() => stored.value?.map((sample) => sample.example) ?? null);
  const count = computed(() => store.result.value?.n ?? 0);
  let newest = 0;
  let askedKey = "";

  /** What the present view of the example asks with. */
  const asked = (sample: Sample) => ({ example: sample.example, at: sample.at, again: sample.again });

  const keyOf = ({ sample, rev: of }: SampleState) => JSON.stringify([of, asked(sample)]);
  const askOutputs = (state: SampleState) => {
    const key = keyOf(state);
    if (key === askedKey) return;
    askedKey = key;
    waiting.value = true;
    store.requests.send({ kind: "outputs", ...asked(state.sample) }, (answer) => {
      if (key !== askedKey) return;
      waiting.value = false;
      if (answer.kind === "outputs" && shown.value) shown.value = { ...shown.value, outputs: answer.outputs };
      if (answer.kind === "rejected") problem.value = answer.message;
    });
  };
  const ask = (example: number, more: { act?: Act; node?: string | null } = {}) => {
    newest += 1;
    const own = newest;
    const before = shown.peek();
    const same = before?.rev === rev.peek() && before?.sample.example === example ? before : null;
    const { again, locked } = same?.sample ?? { again: {}, locked: [] };
    const act = { act: more.act ?? null, node: more.node ?? null };
    store.requests.send({ kind: "sample", example, at: at.peek(), again, locked, ...act }, (answer) => {
      if (own !== newest) return;
      if (answer.kind === "rejected") problem.value = answer.message;
      if (answer.kind !== "sample") return;
      batch(() => {
        problem.value = null;
        // Until the new outputs come the old ones of the same example stay, so that nothing jumps.
        const outputs = same && answer.rev === same.rev ? same.outputs : null;
        shown.value = { sample: answer.sample, rev: answer.rev, outputs };
      });
    });
  };
  const fromStore = (example: number | null) => {
    const all = stored.value ?? [];
    const sample = all.find((s) => s.example === example) ?? (example === null ? all[0] : undefined);
    if (sample) shown.value = { sample, rev: store.samples.value?.rev ?? 0, outputs: sample.outputs };
    problem.value =
      sample || all.length === 0 ? null : `This page keeps the examples ${all.map((s) => s.example).join(", ")}.`;
  };

  // The strip of positions shows the example's tokens, so it is known before the tab is opened; outputs cost a run.
  const wanted = computed(() => ui.tab.value === "sample" || (store.task.value?.n_pos ?? 1) > 1);
  const stops = [
    effect(() => {
      const example = ui.example.value;
      at.value;
      if (stored.value) fromStore(example);
      else if (rev.value !== null && wanted.value)
        untracked(() => ask(Math.min(example ?? 0, Math.max(count.value - 1, 0))));
    }),
    effect(() => {
      const state = shown.value;
      if (state && !store.readOnly && ui.tab.value === "sample") untracked(() => askOutputs(state));
    }),
  ];

  const present = () => shown.peek()?.sample.example ?? ui.example.peek() ?? 0;
  const open = (example: number) => {
    ui.example.value = example;
  };
  const change = (i: number): number => {
    const losses = store.examples.value;
    return losses ? (losses.scrubbed[i] ?? 0) - (losses.model[i] ?? 0) : 0;
  };
  /** The examples that can be opened. */
  const all = (): number[] => kept.value ?? Array.from({ length: count.value }, (_, i) => i);

  return {
    ...{ shown, problem, waiting, attention, node, count, kept, open },
    step(by) {
      const list = all();
      const here = list.indexOf(present());
      const next = list[(here + by + list.length) % Math.max(list.length, 1)];
      if (next !== undefined) open(next);
    },
    random() {
      const others = all().filter((i) => i !== present());
      const next = others[Math.floor(Math.random() * others.length)];
      if (next !== undefined) open(next);
    },
    extreme(which) {
      const sign = which === "worst" ? 1 : -1;
      const best = all().reduce((a, b) => (sign * change(b) > sign * change(a) ? b : a), all()[0] ?? 0);
      open(best);
    },
    nextBrushed() {
      const brushed = (ui.brushed.value ?? []).filter((i) => all().includes(i)).sort((a, b) => a - b);
      const next = brushed.find((i) => i > present()) ?? brushed[0];
      if (next !== undefined) open(next);
    },
    act: (act, of) => ask(present(), { act, node: of }),
    reset() {
      const before = shown.value;
      if (before) shown.value = { ...before, sample: { ...before.sample, again: {}, locked: [] } };
      ask(present());
    },
    at(position) {
      at.value = position;
    },
    askAttention(head, claim) {
      const state = shown.peek();
      if (!state || store.readOnly) return;
      const key = JSON.stringify([head, claim, state.rev, asked(state.sample)]);
      if (attention.peek()?.key === key) return;
      const former = attention.peek()?.head === head ? (attention.peek()?.data ?? null) : null;
      attention.value = { head, key, data: former, problem: null };
      store.requests.send({ kind: "attention", ...asked(state.sample), head, claim }, (answer) => {
        if (attention.peek()?.key !== key) return;
        if (answer.kind === "attention") attention.value = { head, key, data: answer.attention, problem: null };
        if (answer.kind === "rejected") attention.value = { head, key, data: null, problem: answer.message };
      });
    },
    dispose() {
      for (const stop of stops) stop();
    },
  };
}

/** The steps of the session as one view knows them: what the trait told so far, and the pages that were asked for. */
import { effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Store } from "./store";
import { percent, percentBounds, plural } from "./text";
import type { HistoryStep, Interval } from "./wire";

export type Steps = {
  /** Oldest first; what was never told of is missing. */
  known: ReadonlySignal<HistoryStep[]>;
  /** Steps chosen for a comparison. */
  pair: Signal<{ a: number | null; b: number | null }>;
  /** The step whose name and note are being edited. */
  editing: Signal<number | null>;
  /** The step that Tab reaches in the drawing and in the list. */
  focus: Signal<number | null>;
  /** Asks for the page before the earliest known step. */
  earlier(): void;
  dispose(): void;
};

export function createSteps(store: Store): Steps {
  const known = signal<HistoryStep[]>([]);
  const take = (steps: HistoryStep[]) => {
    const all = new Map(known.peek().map((s) => [s.id, s]));
    for (const step of steps) all.set(step.id, step);
    known.value = [...all.values()].sort((a, b) => a.id - b.id);
  };
  const stop = effect(() => {
    const told = store.history.value;
    if (!told) return;
    // Ids are never given twice, unless the kernel's session is a new one: then what was known is of another.
    const before = known.peek();
    if (before.length > 0 && told.count < (before.at(-1)?.id ?? 0) + 1) known.value = [];
    take(told.steps);
  });
  return {
    known,
    pair: signal({ a: null, b: null }),
    editing: signal(null),
    focus: signal(null),
    earlier() {
      const before = earliest(known.value, store.history.value?.count ?? 0);
      if (before === 0) return;
      store.requests.send({ kind: "history", before }, (answer) => {
        if (answer.kind === "history") take(answer.steps);
      });
    },
    dispose: stop,
  };
}

/** Where the run of known steps that ends in the newest one begins. */
export function earliest(known: HistoryStep[], count: number): number {
  const ids = new Set(known.map((s) => s.id));
  let at = count;
  while (at > 0 && ids.has(at - 1)) at -= 1;
  return at;
}

/** The nearest earlier step with other claims or settings: what the present one is compared with. */
export function previous(known: HistoryStep[], at: number): number | null {
  const byId = new Map(known.map((s) => [s.id, s]));
  const from = byId.get(at);
  for (let step = from; step && from; ) {
    if (step.same !== from.same) return step.id;
    if (step.parent === null) return null;
    if (!byId.has(step.parent)) return step.parent;
    step = byId.get(step.parent);
  }
  return null;
}

/** "claim a0.h2 under logits ▸ a1.h3.k": ids as the tree writes them. */
export const editWords = (step: HistoryStep): string =>
  step.edit
    .replace(/(?<=\S)>(?=\S)/g, " ▸ ")
    .replaceAll("'logits", "logits")
    .replace(/(logits[^']*)'/g, "$1") || "start";

export const stepTitle = (step: HistoryStep): string => step.name || editWords(step);

export const numberWords = (interval: Interval | null): string => {
  if (interval === null) return "not measured";
  return interval.value === null ? "not resolved" : percent(interval.value);
};

/** What a screen reader says of a step. */
export function spokenStep(step: HistoryStep, at: number): string {
  const bounds = step.recovered && step.recovered.value !== null ? ` ${percentBounds(step.recovered)}` : "";
  const parts = [
    `Step ${step.id}${step.id === at ? ", the present one" : ""}`,
    step.name ? `${step.name}: ${editWords(step)}` : editWords(step),
    step.recovered && step.recovered.value !== null
      ? `${numberWords(step.recovered)} recovered${bounds}`
      : numberWords(step.recovered),
    plural(step.claims, "claim"),
    step.parent !== null && step.parent !== step.id - 1 ? `made from step ${step.parent}` : "",
    step.note,
  ];
  return parts.filter(Boolean).join(", ");
}

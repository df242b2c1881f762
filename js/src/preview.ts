/** The class preview of a rule: asked for a moment after the pointer rests, the newest question wins. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Requests } from "./requests";
import type { Preview } from "./wire";

export const DEBOUNCE_MS = 80;

export type PreviewState = { rule: string; data: Preview | null; problem: string | null; waiting: boolean };

export type Previews = {
  shown: ReadonlySignal<PreviewState | null>;
  /** Show this rule; `example` is the reference input, or null to let the kernel pick one. */
  want(rule: string, example?: number | null): void;
  /** Forget what was learned: the task's rules have changed. */
  forget(): void;
  dispose(): void;
};

export function createPreviews(requests: Requests): Previews {
  const shown = signal<PreviewState | null>(null);
  const known = new Map<string, Preview>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let newest = 0;

  const ask = (rule: string, example: number | null) => {
    newest += 1;
    const own = newest;
    requests.send({ kind: "preview", rule, example }, (answer) => {
      if (answer.kind === "preview") known.set(`${rule}\n${example}`, answer.preview);
      if (own !== newest) return;
      if (answer.kind === "preview") shown.value = { rule, data: answer.preview, problem: null, waiting: false };
      if (answer.kind === "rejected") shown.value = { rule, data: null, problem: answer.message, waiting: false };
    });
  };

  return {
    shown,
    want(rule, example = null) {
      if (shown.peek()?.rule === rule && example === null) return;
      clearTimeout(timer);
      newest += 1;
      const data = known.get(`${rule}\n${example}`) ?? null;
      // Until the answer comes the former example of the same rule stays, so that the panel does not jump.
      const former = shown.peek()?.rule === rule ? (shown.peek()?.data ?? null) : null;
      shown.value = { rule, data: data ?? former, problem: null, waiting: data === null };
      if (!data) timer = setTimeout(() => ask(rule, example), DEBOUNCE_MS);
    },
    forget() {
      known.clear();
      shown.value = null;
    },
    dispose() {
      clearTimeout(timer);
    },
  };
}

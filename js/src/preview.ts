/** The class preview of a rule, made or being made: asked for a moment after the pointer rests, the newest question wins. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Requests } from "./requests";
import type { Preview, RuleSpec } from "./wire";

export const DEBOUNCE_MS = 80;
/** A pattern that is typed is asked for a little later: each answer may be a search. */
export const TYPING_MS = 200;
/** The name under which a rule that is being made is shown. */
export const DRAFT = "";

export type PreviewState = { rule: string; data: Preview | null; problem: string | null; waiting: boolean };

export type Wanted = {
  /** The reference input; null lets the kernel pick one. */
  example?: number | null;
  /** Where the claim would stand. */
  under?: string | null;
  /** The rule that is being made, instead of one that there is. */
  spec?: RuleSpec;
};

export type Previews = {
  shown: ReadonlySignal<PreviewState | null>;
  /** Show this rule. */
  want(rule: string, wanted?: Wanted): void;
  /** Show another reference for what is shown. */
  turn(example: number): void;
  /** Forget what was learned: the task's rules have changed. */
  forget(): void;
  dispose(): void;
};

export function createPreviews(requests: Requests): Previews {
  const shown = signal<PreviewState | null>(null);
  const known = new Map<string, Preview>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let newest = 0;
  let last: { rule: string; wanted: Wanted; key: string } | null = null;

  const ask = (rule: string, wanted: Wanted, key: string) => {
    newest += 1;
    const own = newest;
    const { example = null, under = null, spec } = wanted;
    const request = { kind: "preview" as const, rule, example, under, ...(spec && { spec }) };
    requests.send(request, (answer) => {
      if (answer.kind === "preview") known.set(key, answer.preview);
      if (own !== newest) return;
      if (answer.kind === "preview") shown.value = { rule, data: answer.preview, problem: null, waiting: false };
      if (answer.kind === "rejected") shown.value = { rule, data: null, problem: answer.message, waiting: false };
    });
  };

  const want = (rule: string, wanted: Wanted = {}) => {
    const question = JSON.stringify([rule, wanted.under ?? null, wanted.spec ?? null]);
    const key = `${question}\n${wanted.example ?? null}`;
    // The same rule, and no other reference is asked for: what is shown stays.
    if (last && shown.peek() && wanted.example === undefined && last.key.startsWith(`${question}\n`)) return;
    if (shown.peek() && last?.key === key) return;
    last = { rule, wanted, key };
    clearTimeout(timer);
    newest += 1;
    const data = known.get(key) ?? null;
    // Until the answer comes the former example of the same rule stays, so that the panel does not jump.
    const former = shown.peek()?.rule === rule ? (shown.peek()?.data ?? null) : null;
    shown.value = { rule, data: data ?? former, problem: null, waiting: data === null };
    if (!data) timer = setTimeout(() => ask(rule, wanted, key), wanted.spec ? TYPING_MS : DEBOUNCE_MS);
  };

  return {
    shown,
    want,
    turn(example) {
      if (last) want(last.rule, { ...last.wanted, example });
    },
    forget() {
      known.clear();
      last = null;
      shown.value = null;
    },
    dispose() {
      clearTimeout(timer);
    },
  };
}

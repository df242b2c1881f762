/** Names and notes, groups, the history and comparisons: the twin of `scrub_widgets/widget/wire/history.py`. */
import { type Check, either, flag, list, nullable, oneOf, real, shape, text, whole } from "../check";
import type { Claim, Interval } from "../wire";

export type HistoryStep = {
  id: number;
  /** the step that it was made from; null for the first */
  parent: number | null;
  /** what made it, in words */
  edit: string;
  name: string;
  note: string;
  /** how many */
  claims: number;
  samples: number;
  seed: number;
  /** null as long as nobody measured it */
  recovered: Interval | null;
  /** how many hypotheses had been tried by then */
  tries: number | null;
  /** the first step with the same claims and settings, its own id where it is that one */
  same: number;
};
/** Where the session is, and the steps of which something changed last; the others are asked for. */
export type History = { count: number; at: number; tip: number; steps: HistoryStep[] };

export type ClaimChange = { sign: "+" | "-" | "~"; before: Claim | null; after: Claim | null; what: string[] };
export type Compare = {
  a: number;
  b: number;
  running: boolean;
  /** why there is no difference */
  problem: string;
  words: string;
  within_noise: boolean | null;
  first: Interval | null;
  second: Interval | null;
  /** b minus a */
  difference: Interval | null;
  samples: number;
  notes: string[];
  changes: ClaimChange[];
  before: Claim[];
  after: Claim[];
};

const bounds = shape({ value: nullable(real), low: nullable(real), high: nullable(real) });
export const claimShape: Check = shape({
  ...{ id: text, parent: text, port: text, components: list(text), rule: text, paths: oneOf("direct", "all") },
  ...{ positions: nullable(either(text, list(whole))), share: nullable(text), name: text, note: text },
});
const step = shape({
  ...{ id: whole, parent: nullable(whole), edit: text, name: text, note: text, claims: whole, samples: whole },
  ...{ seed: whole, recovered: nullable(bounds), tries: nullable(whole), same: whole },
});
const change = shape({
  ...{ sign: oneOf("+", "-", "~"), before: nullable(claimShape), after: nullable(claimShape), what: list(text) },
});

export const historyTraits = {
  history: shape({ count: whole, at: whole, tip: whole, steps: list(step) }),
  compare: nullable(
    shape({
      ...{ a: whole, b: whole, running: flag, problem: text, words: text, within_noise: nullable(flag) },
      ...{ first: nullable(bounds), second: nullable(bounds), difference: nullable(bounds), samples: whole },
      ...{ notes: list(text), changes: list(change), before: list(claimShape), after: list(claimShape) },
    }),
  ),
};

export type HistoryOp =
  | { op: "label"; claim: string; name?: string; note?: string }
  | { op: "group"; claims: string[]; rule?: string | null }
  | { op: "ungroup"; claim: string };
export const historyOps = {
  label: shape({ op: text, claim: text }, { name: text, note: text }),
  group: shape({ op: text, claims: list(text) }, { rule: nullable(text) }),
  ungroup: shape({ op: text, claim: text }),
};

export type HistoryRequest =
  | { kind: "restore"; step: number }
  | { kind: "mark"; step: number; name?: string; note?: string }
  | { kind: "history"; before: number }
  | { kind: "compare"; a: number | null; b: number | null };
const message = { kind: text, id: text };
export const historyRequests = {
  restore: shape({ ...message, step: whole }),
  mark: shape({ ...message, step: whole }, { name: text, note: text }),
  history: shape({ ...message, before: whole }),
  compare: shape({ ...message, a: nullable(whole), b: nullable(whole) }),
};

export type HistoryAnswer = { kind: "history"; id: string; steps: HistoryStep[] };
export const historyAnswers = { history: shape({ ...message, steps: list(step) }) };

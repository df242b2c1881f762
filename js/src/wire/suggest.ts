/** Rules tried in a claim's place, on the wire: the twin of `scrub_widgets/widget/wire/suggest.py`. */
import { flag, list, nullable, real, shape, text, whole } from "../check";
import type { Interval } from "../wire";

/** What a rule keeps, in bits, and what it costs beside "same input"; best: nothing coarser recovers as much. */
export type SuggestedRule = { rule: string; bits: number; cost: Interval; recovered: Interval; best: boolean };
export type Suggestion = {
  rev: number;
  claim: string;
  /** Claims that share its draw, and get the same rule. */
  claims: string[];
  running: boolean;
  message: string;
  done: number;
  total: number;
  /** From coarse to fine. */
  rules: SuggestedRule[];
  coarsest: string | null;
  sentence: string;
};
export type SuggestRequest = { kind: "suggest"; claim: string };

const interval = shape({ value: nullable(real), low: nullable(real), high: nullable(real) });
export const suggestion = shape({
  ...{ rev: whole, claim: text, claims: list(text), running: flag, message: text, done: whole, total: whole },
  rules: list(shape({ rule: text, bits: real, cost: interval, recovered: interval, best: flag })),
  ...{ coarsest: nullable(text), sentence: text },
});
export const suggestRequests = { suggest: shape({ kind: text, id: text, claim: text }) };

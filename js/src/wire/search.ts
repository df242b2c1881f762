/** Searches on the wire: the twin of `scrub_widgets/widget/wire/search.py`. */
import { flag, list, nullable, oneOf, real, shape, text, whole } from "../check";
import type { Interval } from "../wire";

export type Asked = "free" | "keep" | "rule";
/** Whole senders (all, heads, MLPs, parts), one input of every head ("qkv": each of the three, named "a0.h1.q"), or positions ("@5"). */
export type Each = "component" | "head" | "mlp" | "part" | "q" | "k" | "v" | "qkv" | "position";
export type SearchCell = {
  component: string;
  /** Change of loss recovered, as a fraction: below zero, the loss gets worse. */
  effect: Interval;
  beyond_noise: boolean;
  /** False discovery rate, among all senders that have an answer. */
  q: number;
  /** Measured with all samples of the session. */
  exact: boolean;
};
export type Search = {
  /** Below that of the state, it is about an older hypothesis. */
  rev: number;
  /** The port, as a path. */
  under: string;
  question: Asked;
  rule: string | null;
  each: Each;
  cells: SearchCell[];
  /** Senders that the question makes no sense for. */
  skipped: { component: string; why: string }[];
  /** Loss recovered that each answer is compared with. */
  before: Interval | null;
  done: number;
  total: number;
  running: boolean;
  message: string;
  /** Of the first pass; those of the session; how many of the best get all of them. */
  samples: number;
  full: number;
  exact: number;
  seed: number;
  eta: number | null;
  seconds: number;
  /** In plain forward passes over as many inputs as the session has samples. */
  cost: number;
};

export type SearchRequest =
  | {
      kind: "search";
      under: string;
      question: Asked;
      rule: string | null;
      each: Each;
      samples: number | null;
      exact: number;
      candidates: string[] | null;
    }
  | { kind: "cancel_search" }
  | { kind: "accept"; components: string[]; under: string; rule: string; keep: boolean };

const bounds = shape({ value: nullable(real), low: nullable(real), high: nullable(real) });
const asked = oneOf("free", "keep", "rule");
const each = oneOf("component", "head", "mlp", "part", "q", "k", "v", "qkv", "position");

export const search = shape({
  ...{ rev: whole, under: text, question: asked, rule: nullable(text), each },
  cells: list(shape({ component: text, effect: bounds, beyond_noise: flag, q: real, exact: flag })),
  skipped: list(shape({ component: text, why: text })),
  ...{ before: nullable(bounds), done: whole, total: whole, running: flag, message: text },
  ...{ samples: whole, full: whole, exact: whole, seed: whole, eta: nullable(real), seconds: real, cost: real },
});

export const searchMessages = {
  search: shape({
    ...{ kind: text, id: text, under: text, question: asked, rule: nullable(text) },
    each,
    ...{ samples: nullable(whole), exact: whole, candidates: nullable(list(text)) },
  }),
  cancel_search: shape({ kind: text, id: text }),
  accept: shape({ kind: text, id: text, components: list(text), under: text, rule: text, keep: flag }),
};

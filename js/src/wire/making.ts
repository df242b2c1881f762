/** Rules and rewrites made in the view: the twin of `scrub_widgets/widget/wire/making.py` and `scrub_widgets/made.py`. */
import { type Check, either, flag, list, nullable, oneOf, real, shape, table, tagged, text, whole } from "../check";

export type RuleSpec =
  | { kind: "regex"; pattern: string }
  | { kind: "column"; column: string }
  | { kind: "at"; rule: string; position: number }
  | { kind: "label" }
  | { kind: "painted"; bins: Record<string, number[]>; rest: string | null; data?: string }
  | { kind: "both"; first: string; second: string };

type Part = { component: string; name: string };
export type RewriteSpec =
  | ({ kind: "unembed"; first: string | number; second: string | number } & Part)
  | ({ kind: "pca"; k: number } & Part)
  | ({ kind: "means"; rule: string; first: string; second: string } & Part)
  | ({ kind: "vector"; vector: string } & Part)
  | ({ kind: "neurons"; neurons: number[] } & Part);

/** `reads`: the positions that the rule reads for the input's label. */
export type PreviewExample = { index: number; tokens: string[]; label: string; reads: number[] };
export type Preview = {
  rule: string;
  positionwise: boolean;
  n: number;
  k: number;
  sizes: number[];
  smallest: number;
  singletons: number;
  self: number;
  /** How often a draw under the claims above is the reference itself; null directly under the output. */
  back: number | null;
  /** The rules of those claims. */
  chain: string[];
  /** How often a draw has the reference's right answer, and how often any input has. */
  same_label: number | null;
  any_label: number | null;
  bits: number;
  at: number | null;
  /** Of a pattern: in how many inputs it is found. */
  matches: number | null;
  /** How it is known what the rule reads. */
  way: "known" | "swapped" | "unknown";
  reference: PreviewExample;
  same: PreviewExample[];
  other: PreviewExample | null;
  same_partition_as: string[];
  notes: string[];
};

export type FoundInput = { index: number; tokens: string[]; label: string | null };
export type Facts = {
  parts: string[];
  /** Share of the variance of what the component writes. */
  variance: number | null;
  angles: { part: string; degrees: number }[];
  error: number;
  tolerance: number;
  /** What happens to the claims on the component. */
  carried: string[];
};
export type Rewriting = {
  component: string;
  width: number;
  tokens: boolean;
  vectors: string[];
  neurons: { index: number; share: number }[];
  labels: string[];
  facts: Facts | null;
  problem: string | null;
};

export type MakingOp =
  | { op: "make_rule"; name: string; spec: RuleSpec }
  | { op: "rename_rule"; name: string; to: string }
  | { op: "drop_rule"; name: string }
  | { op: "rewrite"; spec: RewriteSpec }
  | { op: "unsplit"; component: string; rule?: string | null }
  | { op: "split_positions"; claim: string; parts: (number[] | string)[] };
export type MakingRequest =
  | { kind: "preview"; rule: string; example: number | null; under?: string | null; spec?: RuleSpec | null }
  | { kind: "inputs"; text: string; start: number }
  | { kind: "rewriting"; component: string; rule: string | null; spec: RewriteSpec | null };
export type MakingAnswer =
  | { kind: "preview"; id: string; preview: Preview }
  | { kind: "inputs"; id: string; total: number; start: number; rows: FoundInput[] }
  | ({ kind: "rewriting"; id: string } & Rewriting);

const texts = list(text);
const wholes = list(whole);
export const ruleSpec = tagged("kind", {
  regex: shape({ kind: text, pattern: text }),
  column: shape({ kind: text, column: text }),
  at: shape({ kind: text, rule: text, position: whole }),
  label: shape({ kind: text }),
  painted: shape({ kind: text, bins: table(wholes) }, { rest: nullable(text), data: text }),
  both: shape({ kind: text, first: text, second: text }),
});
const part = { kind: text, component: text, name: text };
const token = either(text, whole);
export const rewriteSpec = tagged("kind", {
  unembed: shape({ ...part, first: token, second: token }),
  pca: shape({ ...part, k: whole }),
  means: shape({ ...part, rule: text, first: text, second: text }),
  vector: shape({ ...part, vector: text }),
  neurons: shape({ ...part, neurons: wholes }),
});
const example = shape({ index: whole, tokens: texts, label: text, reads: wholes });
const preview = shape({
  ...{ rule: text, positionwise: flag, n: whole, k: whole, sizes: wholes, smallest: whole, singletons: real },
  ...{ self: real, back: nullable(real), chain: texts, same_label: nullable(real), any_label: nullable(real) },
  ...{ bits: real, at: nullable(whole), matches: nullable(whole), way: oneOf("known", "swapped", "unknown") },
  ...{ reference: example, same: list(example), other: nullable(example), same_partition_as: texts, notes: texts },
});
const facts = shape({
  ...{ parts: texts, variance: nullable(real), angles: list(shape({ part: text, degrees: real })) },
  ...{ error: real, tolerance: real, carried: texts },
});

/** Checks of the edits, by their name. */
export const makingOps: Record<string, Check> = {
  make_rule: shape({ op: text, name: text, spec: ruleSpec }),
  rename_rule: shape({ op: text, name: text, to: text }),
  drop_rule: shape({ op: text, name: text }),
  rewrite: shape({ op: text, spec: rewriteSpec }),
  unsplit: shape({ op: text, component: text }, { rule: nullable(text) }),
  split_positions: shape({ op: text, claim: text, parts: list(either(text, wholes)) }),
};
/** Checks of what the view asks, by kind. */
export const makingRequests: Record<string, Check> = {
  preview: shape(
    { kind: text, id: text, rule: text, example: nullable(whole) },
    { under: nullable(text), spec: nullable(ruleSpec) },
  ),
  inputs: shape({ kind: text, id: text, text, start: whole }),
  rewriting: shape({ kind: text, id: text, component: text, rule: nullable(text), spec: nullable(rewriteSpec) }),
};
/** Checks of what the kernel answers, by kind. */
export const makingAnswers: Record<string, Check> = {
  preview: shape({ kind: text, id: text, preview }),
  inputs: shape({
    ...{ kind: text, id: text, total: whole, start: whole },
    rows: list(shape({ index: whole, tokens: texts, label: nullable(text) })),
  }),
  rewriting: shape({
    ...{ kind: text, id: text, component: text, width: whole, tokens: flag, vectors: texts, labels: texts },
    neurons: list(shape({ index: whole, share: real })),
    ...{ facts: nullable(facts), problem: nullable(text) },
  }),
};

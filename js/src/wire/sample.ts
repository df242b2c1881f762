/** One example of a result: the twin of `scrub_widgets/widget/wire/sample.py`. */
import { flag, list, nullable, oneOf, real, shape, table, text, whole } from "../check";

/** The same draw of the same input is one source, with one tag; `draw` counts into the sample's `draws`. */
export type Source = { tag: string; input: number; draw: number };
/** A claim on one example, or the unclaimed inputs of one (its rule is ""); lists have one entry or one for each position. */
export type SeenRow = {
  id: string;
  parent: string;
  port: string;
  components: string[];
  rule: string;
  share: string | null;
  draw: string;
  rank: number;
  /** Whether its donor's values enter the model: a claim with claims under it is recomputed. */
  enters: boolean;
  /** Whether nothing else could have been drawn. */
  fixed: boolean;
  sources: number[];
  tokens: string[];
  labels: string[];
  sizes: number[];
  /** Positions that it is about; null for all. */
  held: number[] | null;
};
export type Output = {
  loss: number | null;
  top: { text: string; probability: number }[];
  value: (number | null)[];
};
/** `redrawn`: with the draws that were drawn again, if there are such. */
export type Outputs = { position: number; clean: Output; scrubbed: Output; redrawn: Output | null };
export type Sample = {
  example: number;
  n: number;
  reference: number;
  tokens: string[];
  /** The position that rows are about where every position has draws of its own. */
  at: number;
  again: Record<string, number>;
  locked: string[];
  /** Of the model, scrubbed, and of the baseline. */
  losses: number[];
  draws: string[];
  sources: Source[];
  rows: SeenRow[];
  /** Unclaimed components that are not among the rows. */
  hidden: number;
  /** In a page without a kernel. */
  outputs: Outputs | null;
};
export type Attention = {
  head: string;
  claim: string | null;
  how: "recomputed" | "donor" | "unclaimed" | "run";
  words: string;
  /** The position of the first row and column. */
  first: number;
  /** By query, then key. */
  clean: number[][];
  scrubbed: number[][] | null;
};
/** Examples that a page without a kernel keeps. */
export type Samples = { rev: number; samples: Sample[] };

type OfExample = { example: number; at: number | null; again: Record<string, number> };
export type SampleRequest =
  | ({
      kind: "sample";
      locked: string[];
      act: "redraw" | "lock" | "unlock" | null;
      node: string | null;
    } & OfExample)
  | ({ kind: "outputs" } & OfExample)
  | ({ kind: "attention"; head: string; claim: string | null } & OfExample);
export type SampleAnswer =
  | { kind: "sample"; id: string; rev: number; sample: Sample }
  | { kind: "outputs"; id: string; rev: number; outputs: Outputs }
  | { kind: "attention"; id: string; rev: number; attention: Attention };

const texts = list(text);
const wholes = list(whole);
const output = shape({
  ...{ loss: nullable(real), top: list(shape({ text, probability: real })), value: list(nullable(real)) },
});
const outputs = shape({ position: whole, clean: output, scrubbed: output, redrawn: nullable(output) });
const row = shape({
  ...{ id: text, parent: text, port: text, components: texts, rule: text, share: nullable(text), draw: text },
  ...{ rank: whole, enters: flag, fixed: flag, sources: wholes, tokens: texts, labels: texts, sizes: wholes },
  held: nullable(wholes),
});
const sample = shape({
  ...{ example: whole, n: whole, reference: whole, tokens: texts, at: whole, again: table(whole), locked: texts },
  ...{ losses: list(real), draws: texts, sources: list(shape({ tag: text, input: whole, draw: whole })) },
  ...{ rows: list(row), hidden: whole, outputs: nullable(outputs) },
});
const pattern = list(list(real));
const attention = shape({
  ...{ head: text, claim: nullable(text), how: oneOf("recomputed", "donor", "unclaimed", "run"), words: text },
  ...{ first: whole, clean: pattern, scrubbed: nullable(pattern) },
});

export const samples = nullable(shape({ rev: whole, samples: list(sample) }));

const asked = { kind: text, id: text, example: whole, at: nullable(whole), again: table(whole) };
export const sampleRequests = {
  sample: shape({
    ...asked,
    ...{ locked: texts, act: nullable(oneOf("redraw", "lock", "unlock")), node: nullable(text) },
  }),
  outputs: shape(asked),
  attention: shape({ ...asked, head: text, claim: nullable(text) }),
};
export const sampleAnswers = {
  sample: shape({ kind: text, id: text, rev: whole, sample }),
  outputs: shape({ kind: text, id: text, rev: whole, outputs }),
  attention: shape({ kind: text, id: text, rev: whole, attention }),
};

/** "Explain this run": how one example was scrubbed, in seven steps with its real draws. A pure function of what is known. */
import { groupWords, ROOT, WHOLE_INPUT } from "./hypothesis";
import { markAt, sizeAt } from "./sources";
import { count, nats, percent, percentBounds, plural } from "./text";
import type { Outputs, Result, Sample, SeenRow } from "./wire";

/** One input in a step: who reads it, its tag, the words beside it, its tokens. */
export type Line = { who: string; tag: string; words: string; tokens: string[]; row: SeenRow | null };
export type ExplainStep = {
  title: string;
  /** What happens here. */
  text: string;
  /** What to think about before the answer is shown. */
  ask: string;
  answer: string;
  lines: Line[];
  /** Components and claims that it is about. */
  spot: string[];
  /** The row that the Sample tab shows beside it. */
  node: string;
};
export type Explained = {
  sample: Sample;
  outputs: Outputs | null;
  result: Result | null;
  /** The model's components, in its order. */
  components: string[];
  unit: string;
};

const MOST_LINES = 4;
const named = (row: SeenRow): string =>
  `${groupWords(row.components)}${row.port ? `, into ${row.parent.split(">").at(-1)}.${row.port}` : ""}`;
const real = (row: SeenRow): string[] => row.components.filter((c) => c !== WHOLE_INPUT);

/** The reference, in words. */
const reference = (sample: Sample): string => `input ${count(sample.reference)}`;

function lineOf(sample: Sample, row: SeenRow): Line {
  const apart = row.sources.length > 1;
  const p = apart ? sample.at : 0;
  const { tag } = markAt(sample, row, p);
  const size = sizeAt(row, p);
  const label = row.labels[p] ?? "";
  const where = apart ? `at position ${p} ` : "";
  const words = !row.rule
    ? `any of ${count(size)} inputs`
    : size === 1
      ? `“${row.rule}”: no other input is possible`
      : `${where}“${row.rule}” is ${label}, as in ${count(size)} ${apart ? "inputs there" : "inputs"}`;
  return { who: row.rule ? named(row) : "", tag, words, tokens: row.tokens, row };
}

function lines(sample: Sample, rows: SeenRow[]): { shown: Line[]; more: string } {
  const rest = rows.length - MOST_LINES;
  return {
    shown: rows.slice(0, MOST_LINES).map((row) => lineOf(sample, row)),
    more: rest > 0 ? ` ${plural(rest, "more row")} in the Sample tab.` : "",
  };
}

export function explain(about: Explained): ExplainStep[] {
  const { sample } = about;
  const top = sample.rows.filter((row) => row.rule && row.parent === ROOT);
  const deep = sample.rows.filter((row) => row.rule && row.parent !== ROOT);
  return [drawn(about), kept(sample), first(sample, top), down(sample, deep), rest(about), run(about), compare(about)];
}

function drawn({ sample, unit }: Explained): ExplainStep {
  return {
    title: "A reference is drawn",
    text: `Every run of a scrub begins with one input of the data: here ${reference(sample)}. Its answer is the one that will be judged.`,
    ask: "How well does the untouched model do on it?",
    answer: `Its loss is ${nats(sample.losses[0] ?? null)}${unit && ` ${unit}`}. All that follows asks how far swaps move this number.`,
    lines: [{ who: "reference", tag: "ref", words: reference(sample), tokens: sample.tokens, row: null }],
    spot: [ROOT],
    node: ROOT,
  };
}

function kept(sample: Sample): ExplainStep {
  return {
    title: "The output stays with it",
    text: "The right answer is that of the reference, whatever is swapped below. What the output reads may now come from other inputs.",
    ask: "What will change: the answer that counts as right, or what the model says?",
    answer: `Only what the model says. The right answer stays that of ${reference(sample)}.`,
    lines: [],
    spot: [ROOT],
    node: ROOT,
  };
}

function first(sample: Sample, top: SeenRow[]): ExplainStep {
  const { shown, more } = lines(sample, top);
  const [only] = top;
  const whole = top.length > 0 && top.every((row) => sizeAt(row, row.sources.length > 1 ? sample.at : 0) === 1);
  return {
    title: "The first claims draw from their classes",
    text: only
      ? `${plural(top.length, "claim stands", "claims stand")} right under the output. ${top.length === 1 ? "It" : "Each"} gets a stand-in: an input on which its rule says the same as on the reference.`
      : "Nothing is claimed under the output, so nothing has to agree with the reference.",
    ask: only ? "Which inputs may stand in?" : "Which inputs may stand in for what the output reads?",
    answer: only
      ? `${whole ? "Only the reference itself: the rule keeps everything." : "Any of the same class; one of them was drawn."}${more}`
      : "Any: see the step after the next.",
    lines: shown,
    spot: [ROOT, ...top.flatMap((row) => [row.id, ...real(row)])],
    node: only?.id ?? ROOT,
  };
}

function down(sample: Sample, deep: SeenRow[]): ExplainStep {
  const { shown, more } = lines(sample, deep);
  const [only] = deep;
  return {
    title: "The same again, up each path",
    text: only
      ? `${plural(deep.length, "claim stands", "claims stand")} under another one. ${deep.length === 1 ? "It" : "Each"} draws a stand-in of its own, and has to agree with the stand-in of the claim above it.`
      : "No claim stands under another one, so the claimed components are taken whole from their stand-ins.",
    ask: only ? "Does it have to agree with the reference as well?" : "What would a claim under a claim change?",
    answer: only
      ? `Only with the claim above it. What that claim’s rule lets go is gone for all below.${more}`
      : "The component would be computed anew, from stand-ins for what it reads.",
    lines: shown,
    spot: deep.flatMap((row) => [row.id, ...real(row)]),
    node: only?.id ?? ROOT,
  };
}

function rest({ sample, components }: Explained): ExplainStep {
  const free = sample.rows.filter((row) => !row.rule);
  const claimed = new Set(sample.rows.filter((row) => row.rule).flatMap((row) => row.components));
  const { shown, more } = lines(sample, free);
  const [only] = free;
  return {
    title: "The rest draws freely",
    text: "Everything that no claim mentions is said not to matter. So it may come from any input at all.",
    ask: "How much of the model is that?",
    answer: only
      ? `${plural(components.filter((c) => !claimed.has(c)).length, "component has", "components have")} no claim at all, and a claimed one reads freely drawn values where nothing is claimed under it.${more}`
      : "Nothing: every input of every claim is claimed.",
    lines: shown.map((line) => ({ ...line, who: `unclaimed, into ${line.row?.parent.split(">").at(-1) ?? ROOT}` })),
    spot: components.filter((c) => !claimed.has(c)),
    node: only?.id ?? ROOT,
  };
}

function run({ sample, outputs }: Explained): ExplainStep {
  const best = outputs?.clean.top[0];
  const then = outputs?.scrubbed.top[0];
  const [value, scrubbed] = [outputs?.clean.value[0], outputs?.scrubbed.value[0]];
  const said =
    best && then
      ? `Untouched, it says “${best.text}” with ${percent(best.probability, 0)}; scrubbed, “${then.text}” with ${percent(then.probability, 0)}.`
      : value !== undefined && scrubbed !== undefined
        ? `Untouched, the output is ${nats(value)}; scrubbed, it is ${nats(scrubbed)}.`
        : "The Sample tab shows what came out, as soon as it is computed.";
  return {
    title: "The model runs once on all of them",
    text: "Now the model is run with these values in place: claimed components from their stand-ins, the rest from anywhere.",
    ask: "What will it say now?",
    answer: said,
    lines: [],
    spot: [ROOT, ...sample.rows.flatMap((row) => [row.id, ...real(row)])],
    node: ROOT,
  };
}

function compare({ sample, result, unit }: Explained): ExplainStep {
  const [model = null, scrubbed = null, baseline = null] = sample.losses;
  const moved = model !== null && scrubbed !== null ? scrubbed - model : 0;
  const word =
    Math.abs(moved) < 1e-6 ? "It stayed as it was" : `It went ${moved > 0 ? "up" : "down"} by ${nats(Math.abs(moved))}`;
  const all =
    result?.complete && result.recovered.value !== null
      ? ` Over all ${plural(result.n, "example")} the mean gives ${percent(result.recovered.value)} ${percentBounds(result.recovered)} recovered.`
      : "";
  return {
    title: "The loss is compared",
    text: "One number is left: the loss on the reference’s answer. The hypothesis predicts that it stays as it was.",
    ask: "Will the loss go up, go down or stay?",
    answer: `${word}: ${nats(model)} untouched, ${nats(scrubbed)} scrubbed, ${nats(baseline)} with everything swapped${unit && `, in ${unit}`}.${all}`,
    lines: [],
    spot: [ROOT],
    node: ROOT,
  };
}

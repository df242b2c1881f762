/** What is being made, as the fields of a form, and the spec that they add up to. */
import type { RuleSpec, Task } from "./wire";

export type MakerKind = "regex" | "at" | "painted" | "both" | "column";
export const MAKERS: [MakerKind, string][] = [
  ["regex", "Pattern"],
  ["at", "Position"],
  ["painted", "By hand"],
  ["both", "Two rules"],
  ["column", "Column"],
];

export type Bins = { name: string; inputs: number[] }[];

/** The bin that an input is in, or null for the rest. */
export const binOf = (bins: Bins, index: number): number | null => {
  const at = bins.findIndex((b) => b.inputs.includes(index));
  return at < 0 ? null : at;
};

/** The bins with some inputs moved into one of them; null takes them back to the rest. */
export function paint(bins: Bins, inputs: number[], to: number | null): Bins {
  return bins.map((bin, i) => {
    const left = bin.inputs.filter((x) => !inputs.includes(x));
    return { ...bin, inputs: i === to ? [...left, ...inputs].sort((a, b) => a - b) : left };
  });
}

export const REST = "everything else";

/** A painted rule's spec, or why there is none yet. */
export function paintedSpec(bins: Bins): RuleSpec | string {
  const names = bins.map((b) => b.name.trim());
  if (names.some((n) => n === "") || new Set([...names, REST]).size <= names.length)
    return `Every bin needs a name of its own, other than “${REST}”.`;
  if (bins.every((b) => b.inputs.length === 0)) return "Put at least one input into a bin.";
  return { kind: "painted", bins: Object.fromEntries(bins.map((b) => [b.name.trim(), b.inputs])), rest: REST };
}

/** Rules that have a label at every position. */
export const positionwise = (task: Task): string[] => task.rules.filter((r) => r.positionwise).map((r) => r.name);

/** Columns that are no rule yet under their own name. */
export const freeColumns = (task: Task): string[] =>
  task.columns.filter((c) => !task.rules.some((r) => r.name === c && r.source === "column"));

/** What a rule is called if nobody names it. */
export function words(spec: RuleSpec): string {
  switch (spec.kind) {
    case "regex":
      return `/${spec.pattern}/`;
    case "at":
      return `${spec.rule} at ${spec.position}`;
    case "both":
      return `${spec.first} and ${spec.second}`;
    case "column":
      return spec.column;
    case "label":
      return "right answer";
    case "painted":
      return Object.keys(spec.bins).join(" | ");
  }
}

/** Positions of a split as typed: parts apart by ";", indices, ranges "0-3" or a role in each; else a sentence. */
export function splitParts(typed: string, roles: string[]): (number[] | string)[] | string {
  const parts = typed
    .split(";")
    .map((p) => p.trim())
    .filter(Boolean);
  if (parts.length < 2) return "Write at least two parts apart by “;”, such as 0-3; 4, 5.";
  const made: (number[] | string)[] = [];
  for (const part of parts) {
    if (roles.includes(part)) made.push(part);
    else {
      const at: number[] = [];
      for (const piece of part.split(/[\s,]+/).filter(Boolean)) {
        const range = /^(\d+)-(\d+)$/.exec(piece);
        if (range) for (let p = Number(range[1]); p <= Number(range[2]); p++) at.push(p);
        else if (/^-?\d+$/.test(piece)) at.push(Number(piece));
        else return `“${piece}” is no position${roles.length > 0 ? ` and no role (${roles.join(", ")})` : ""}.`;
      }
      made.push(at);
    }
  }
  return made;
}

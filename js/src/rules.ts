/** How a rule looks: a letter and, for feature rules, a hue; the seventh reuses the first hue with a texture. */
import type { RuleInfo } from "./wire";

/** Okabe-Ito without yellow and black: told apart with every common colour vision. */
export const HUES = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"] as const;

export type RuleFace = {
  kind: "keep" | "free" | "feature";
  letter: string;
  /** null for the two built-in rules, which have no hue */
  hue: string | null;
  /** the letter's colour on the hue, at 4.5:1 or better */
  ink: string;
  /** 0: plain; 1 to 3: ring, bar and both, for rules that reuse a hue (hatching and dots mean resampled) */
  texture: number;
};

export const KEEP: RuleFace = { kind: "keep", letter: "K", hue: null, ink: "", texture: 0 };
export const FREE: RuleFace = { kind: "free", letter: "F", hue: null, ink: "", texture: 0 };
const TEXTURES = 4;

// F and K are taken by the built-in rules.
const LETTERS = [..."ABCDEGHIJLMNOPQRSTUVWXYZ"];

export function featureFace(index: number): RuleFace {
  const round = Math.floor(index / LETTERS.length);
  const letter = `${LETTERS[index % LETTERS.length] ?? "?"}${round > 0 ? round + 1 : ""}`;
  const hue = HUES[index % HUES.length] ?? HUES[0];
  const texture = Math.floor(index / HUES.length) % TEXTURES;
  return { kind: "feature", letter, hue, ink: hue === "#0072B2" ? "#ffffff" : "#14171c", texture };
}

/** The face with this letter: "A", "B2". */
function faceOf(letter: string): RuleFace {
  if (letter === "K") return KEEP;
  if (letter === "F") return FREE;
  const round = Math.max(Number(letter.slice(1) || 1) - 1, 0);
  return featureFace(Math.max(LETTERS.indexOf(letter.slice(0, 1)), 0) + round * LETTERS.length);
}

/** The face of the rule with this name; "token at 5" looks like "token"; any other looks like one past the last. */
export function ruleFace(rules: RuleInfo[], name: string): RuleFace {
  const named = (wanted: string) => rules.find((r) => r.name === wanted);
  const rule = named(name) ?? named(name.replace(/ at -?\d+$/, ""));
  return rule ? faceOf(rule.letter) : featureFace(Math.max(rules.length - 2, 0));
}

/** A name for a rule that is being made: its own words, with a number where they are taken. */
export function freeName(rules: RuleInfo[], wished: string): string {
  const taken = new Set(rules.map((r) => r.name));
  for (let i = 1; ; i++) {
    const name = i === 1 ? wished : `${wished} ${i}`;
    if (!taken.has(name)) return name;
  }
}

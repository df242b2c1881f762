/** How a rule looks: a letter and, for feature rules, a hue. */
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
};

export const KEEP: RuleFace = { kind: "keep", letter: "K", hue: null, ink: "" };
export const FREE: RuleFace = { kind: "free", letter: "F", hue: null, ink: "" };

// F and K are taken by the built-in rules.
const LETTERS = [..."ABCDEGHIJLMNOPQRSTUVWXYZ"];

export function featureFace(index: number): RuleFace {
  const round = Math.floor(index / LETTERS.length);
  const letter = `${LETTERS[index % LETTERS.length] ?? "?"}${round > 0 ? round + 1 : ""}`;
  const hue = HUES[index % HUES.length] ?? HUES[0];
  return { kind: "feature", letter, hue, ink: hue === "#0072B2" ? "#ffffff" : "#14171c" };
}

/** The face of the rule with this name; a rule that the task does not list looks like one past the last. */
export function ruleFace(rules: RuleInfo[], name: string): RuleFace {
  const at = rules.findIndex((r) => r.name === name);
  if (at === 0) return KEEP;
  if (at === 1) return FREE;
  return featureFace((at < 0 ? rules.length : at) - 2);
}

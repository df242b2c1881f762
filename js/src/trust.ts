/** Reasons to doubt a number, and what stands beside it, in words. */
import type { Store } from "./store";
import { fixed, percent, percentBounds, plural } from "./text";
import type { Claim, Confirmed, Interval, Result, Warning } from "./wire";

/** "untestable claim" is found as guard-untestable-claim. */
export const slug = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");

/** What is doubted about these claims; nothing while the result is of another hypothesis. */
export function doubtsAbout(store: Store, claims: Claim[]): Warning[] {
  const result = store.result.value;
  if (!result || result.rev !== store.state.value?.rev) return [];
  return result.warnings.filter((w) => claims.some((c) => c.id === w.where));
}

export const worst = (warnings: Warning[]): Warning | null =>
  warnings.find((w) => w.severity === "warning") ?? warnings[0] ?? null;

export const spokenDoubts = (warnings: Warning[]): string => warnings.map((w) => `, ${w.severity}: ${w.name}`).join("");

/** "2 warnings, 1 note"; "" where there is nothing. */
export function countWords(warnings: Warning[]): string {
  const serious = warnings.filter((w) => w.severity === "warning").length;
  const notes = warnings.length - serious;
  return [serious > 0 ? plural(serious, "warning") : "", notes > 0 ? plural(notes, "note") : ""]
    .filter(Boolean)
    .join(", ");
}

const points = (value: number): string => fixed(Math.abs(value) * 100, Math.abs(value) < 0.1 ? 1 : 0);

/** How far the number is from what meaningless rules give. */
export function nullWords(result: Result): string {
  const above = result.above_null;
  if (!above || above.value === null) return "";
  if (above.value === 0 && above.low === 0 && above.high === 0)
    return "the same as with meaningless rules: no rule here has labels that could be shuffled";
  const side = above.value < 0 ? "below" : "above";
  const noise =
    above.low !== null && above.high !== null && above.low <= 0 && above.high >= 0
      ? ": the difference is within noise"
      : "";
  const bounds =
    above.low === null || above.high === null ? "" : ` [${fixed(above.low * 100, 0)}, ${fixed(above.high * 100, 0)}]`;
  return `${points(above.value)} points${bounds} ${side} what the same tree recovers with meaningless rules${noise}`;
}

export const nullLabel = (value: number): string => `random labels: ${percent(value, 0)}`;

/** The same for a screen reader. */
export function spokenNull(interval: Interval | null): string {
  if (interval === null || interval.value === null) return "";
  return `; with random labels ${percent(interval.value, 0)} ${percentBounds(interval)}`;
}

export const confirmedWords = (c: Confirmed): string =>
  `confirmed on ${plural(c.inputs, "held-out input")}: ${
    c.recovered.value === null ? "the baseline gap is not resolved" : percent(c.recovered.value)
  } ${percentBounds(c.recovered)}, after ${plural(c.tries, "try", "tries")}`.replace(" ,", ",");

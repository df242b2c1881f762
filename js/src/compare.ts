/** Two steps against each other: the words, and what the map shows of A and of B. */
import { claimsOf } from "./hypothesis";
import { type RuleFace, ruleFace } from "./rules";
import type { Store } from "./store";
import { fixed, plural } from "./text";
import type { Compare, Interval, RuleInfo } from "./wire";

/** Left half A, right half B. */
export type Halves = { a: RuleFace[]; b: RuleFace[]; differs: boolean };

/** The rules of a component in A and in B while a comparison is open; null otherwise. */
export function halvesOf(compare: Compare | null, rules: RuleInfo[], component: string): Halves | null {
  if (!compare) return null;
  const [a, b] = [compare.before, compare.after].map((claims) => {
    const names = new Set(claimsOf(claims, component).map((c) => c.rule));
    return [...names].slice(0, 2).map((name) => ruleFace(rules, name));
  }) as [RuleFace[], RuleFace[]];
  const differs = compare.changes.some((c) => [c.before, c.after].some((one) => one?.components.includes(component)));
  return { a, b, differs };
}

/** The one function that the map needs. */
export const halves = (store: Store, component: string): Halves | null =>
  halvesOf(store.compare.value, store.task.value?.rules ?? [], component);

/** "A: rule token; B: unclaimed" for a screen reader; "" where nothing differs. */
export function spokenHalves(compare: Compare | null, component: string): string {
  if (!compare) return "";
  const say = (claims: Compare["before"]) =>
    claimsOf(claims, component)
      .map((c) => `rule ${c.rule}`)
      .join(" and ") || "unclaimed";
  const [a, b] = [say(compare.before), say(compare.after)];
  return a === b ? "" : `; in A ${a}, in B ${b}`;
}

/** "+5.1 points" */
export const points = (value: number | null): string =>
  value === null ? "–" : `${value > 0 ? "+" : ""}${fixed(value * 100, 1)} points`;

export const pointBounds = ({ low, high }: Interval): string =>
  low === null || high === null
    ? ""
    : `[${points(low).replace(" points", "")}, ${points(high).replace(" points", "")}]`;

/** "1 added, 2 changed" */
export function changeWords(compare: Compare): string {
  const n = (sign: string) => compare.changes.filter((c) => c.sign === sign).length;
  const parts = [
    n("+") ? `${n("+")} added` : "",
    n("-") ? `${n("-")} removed` : "",
    n("~") ? `${n("~")} changed` : "",
  ].filter(Boolean);
  return parts.length > 0
    ? `${plural(compare.changes.length, "claim")}: ${parts.join(", ")}`
    : "The claims are the same";
}

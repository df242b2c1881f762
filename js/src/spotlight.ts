/** What is lit up while the rest is dimmed: the two ends of a drag in a hint, the nodes that a sentence is about. */
import type { Ui } from "./app";

/** The class of what stands for these ids; empty while nothing is lit up. */
export function spotClass(ui: Ui, ...ids: string[]): string {
  const lit = ui.spotlight.value;
  if (lit === null) return "";
  return ids.some((id) => lit.has(id)) ? " scrub-lit" : " scrub-unlit";
}

/** Lights these up; nothing where the list is empty. */
export function shine(ui: Ui, ids: string[] | null): void {
  const before = ui.spotlight.value;
  if (ids === null || ids.length === 0) ui.spotlight.value = null;
  else if (before === null || before.size !== ids.length || ids.some((id) => !before.has(id)))
    ui.spotlight.value = new Set(ids);
}

/** What a step of a lesson lights up by itself: the place that its newest hint is about, until that is done. */
export function hintedIds(hints: { spotlight: string[]; did: boolean }[]): string[] {
  const newest = hints.at(-1);
  return newest && !newest.did ? newest.spotlight : [];
}

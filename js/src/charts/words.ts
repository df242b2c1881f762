/** What every chart says of itself. */
import { useApp } from "../app";
import { count, plural } from "../text";
import type { Result, Task } from "../wire";

/** "induction · 1 000 inputs · 512 samples · seed 0". */
export function termsOf(task: Task | null, result: Result | null): string {
  const of = result && result.n < result.samples ? `${count(result.n)} of ${plural(result.samples, "sample")}` : null;
  return [
    ...(task ? [task.name, plural(task.n, "input")] : []),
    ...(result ? [of ?? plural(result.n, "sample"), `seed ${result.seed}`] : []),
  ].join(" · ");
}

export function useTerms(): string {
  const { store } = useApp();
  return termsOf(store.task.value, store.result.value);
}

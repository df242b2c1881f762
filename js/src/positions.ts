/** Which positions a claim covers, and what choosing some does. */
import type { Claim, Positions, Sample, Task } from "./wire";

/** Positions that a claim is about: null for all; unknown names (each input's own) are known from the shown example only. */
export function coveredBy(claim: Claim, task: Task, sample: Sample | null): number[] | null {
  const { positions } = claim;
  if (positions === null) return null;
  const n = task.n_pos;
  if (Array.isArray(positions)) return positions.map((p) => (p < 0 ? p + n : p)).sort((a, b) => a - b);
  const role = task.roles[positions];
  if (role) return role;
  const row = sample?.rows.find((r) => r.id === claim.id);
  return row ? (row.held ?? null) : [];
}

/** After a click on a position: only that one, or everywhere again where it was the only one. */
export function chosen(before: number[] | null, position: number): Positions {
  return before?.length === 1 && before[0] === position ? null : [position];
}

/** After a click with Shift: that one more or less; the last one taken away means everywhere. */
export function toggled(before: number[] | null, position: number): Positions {
  if (before === null) return [position];
  const after = before.includes(position) ? before.filter((p) => p !== position) : [...before, position];
  return after.length === 0 ? null : after.sort((a, b) => a - b);
}

/** The roles that a position has. */
export const rolesAt = (task: Task, position: number): string[] =>
  Object.entries(task.roles).flatMap(([name, at]) => (at.includes(position) ? [name] : []));

/** Of a long input: where the strip begins and ends around a position. */
export const LONG = 48;
export function folded(n: number, around: number): [number, number] {
  if (n <= LONG) return [0, n];
  const from = Math.min(Math.max(0, around - LONG / 2), n - LONG);
  return [from, from + LONG];
}

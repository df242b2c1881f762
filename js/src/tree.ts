/** The rows of the tree that are to be seen, what is folded away, and what several selected claims could become. */
import { claimsUnder, type TreeRow, treeRows, underOf } from "./hypothesis";
import type { Claim, Op, Selection } from "./wire";

/** `hidden`: how many claims stand, folded away, under this one. */
export type SeenRow = TreeRow & { hidden: number };

/** Whether a claim stands somewhere under another. */
export const isUnder = (id: string, owner: string): boolean => id.startsWith(`${owner}>`) || id.startsWith(`${owner}.`);

/** All claims under one, however deep. */
export const below = (claims: Claim[], id: string): Claim[] => claims.filter((c) => isUnder(c.id, id));

export function seenRows(claims: Claim[], folded: ReadonlySet<string>): SeenRow[] {
  const closed = claims.filter((c) => folded.has(c.id)).map((c) => c.id);
  return treeRows(claims)
    .filter((row) => !closed.some((id) => isUnder(row.claim.id, id)))
    .map((row) => ({ ...row, hidden: folded.has(row.claim.id) ? below(claims, row.claim.id).length : 0 }));
}

/** The claims that the selection means: the chosen one, or those of the selected components under the active port. */
export function selectedClaims(claims: Claim[], selection: Selection): Claim[] {
  const chosen = claims.find((c) => c.id === selection.claim);
  if (chosen) return [chosen];
  return claimsUnder(claims, selection.under).filter((c) => c.components.some((n) => selection.nodes.includes(n)));
}

/** The selection with a claim added, or taken out if it was in it; several must stand under one port. */
export function toggled(claims: Claim[], selection: Selection, claim: Claim): Partial<Selection> | null {
  const before = selectedClaims(claims, selection);
  const after = before.includes(claim) ? before.filter((c) => c !== claim) : [...before, claim];
  const [first, ...rest] = after;
  if (!first) return { nodes: [], claim: null };
  if (rest.some((c) => underOf(c) !== underOf(first))) return null;
  if (rest.length === 0) return { nodes: first.components, claim: first.id };
  return { nodes: after.flatMap((c) => c.components), claim: null, under: underOf(first) };
}

/** Why some claims cannot become one, in a sentence; null if they can. */
export function groupProblem(claims: Claim[]): string | null {
  if (claims.length < 2) return "Select at least two claims under one port.";
  const differ = (of: (claim: Claim) => unknown) => new Set(claims.map((c) => JSON.stringify(of(c)))).size > 1;
  if (differ(underOf)) return "They stand under different ports.";
  if (claims.some((c) => c.components.includes("*"))) return "The whole input of a port cannot be grouped.";
  if (differ((c) => c.rule)) return "Their rules differ: give them one rule first.";
  if (differ((c) => c.positions)) return "They hold at different positions.";
  return differ((c) => c.paths) ? "They are about different paths." : null;
}

/** A name for a draw that nobody has yet: S1, S2, … */
export function freshShare(claims: Claim[]): string {
  const taken = new Set(claims.map((c) => c.share));
  for (let n = 1; ; n++) if (!taken.has(`S${n}`)) return `S${n}`;
}

/** One draw for several claims that stay claims of their own, or an own draw for each. */
export function shareOp(claims: Claim[], share: string | null): Op {
  return { op: "batch", ops: claims.map((c) => ({ op: "change", claim: c.id, share })) };
}

/** Where the focus goes when these claims are gone: to the next row that stays, else to the one before. */
export function neighbour(rows: string[], from: string, gone: string[]): string {
  const stays = (id: string) => !gone.some((g) => id === g || isUnder(id, g));
  const at = rows.indexOf(from);
  return rows.slice(at + 1).find(stays) ?? rows.slice(0, Math.max(at, 0)).reverse().find(stays) ?? rows[0] ?? "";
}

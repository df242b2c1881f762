/** The keys of the tree, as of a WAI-ARIA treegrid whose rows take the focus. */
import type { App } from "../app";
import { rename, toggleRow } from "../labels";
import { neighbour, type SeenRow, selectedClaims } from "../tree";

export type TreeFocus = {
  /** the rows to be seen, the root first */
  rows: SeenRow[];
  focus(id: string): void;
};

export function fold(app: App, id: string, closed: boolean): void {
  const next = new Set(app.ui.folded.value);
  if (closed) next.add(id);
  else next.delete(id);
  app.ui.folded.value = next;
}

/** Right opens, then goes in; left closes, then goes up. */
function sideways(app: App, tree: TreeFocus, ids: string[], id: string, right: boolean): void {
  const row = tree.rows.find((r) => r.claim.id === id);
  const closed = app.ui.folded.value.has(id);
  if (right) {
    const next = ids[ids.indexOf(id) + 1];
    if (row?.children && closed) fold(app, id, false);
    else if (next && (row?.children || !row)) tree.focus(next);
  } else if (row?.children && !closed) fold(app, id, true);
  else if (row) tree.focus(row.claim.parent);
}

/** The rows that are selected if the row in focus is one of them, else that row. */
function remove(app: App, tree: TreeFocus, ids: string[], id: string): void {
  const claims = app.store.state.value?.claims ?? [];
  const selected = selectedClaims(claims, app.store.selection.value).map((c) => c.id);
  const gone = selected.includes(id) ? selected : [id];
  if (!claims.some((c) => c.id === id) || app.store.readOnly) return;
  app.actions.remove(gone);
  tree.focus(neighbour(ids, id, gone));
}

/** Carries out a key pressed on a row; false if it is none of the tree's. */
export function treeKey(app: App, tree: TreeFocus, id: string, event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const ids = ["logits", ...tree.rows.map((r) => r.claim.id)];
  const at = ids.indexOf(id);
  const claim = tree.rows[at - 1]?.claim;
  const go = (to: number) => {
    const next = ids[Math.max(0, Math.min(to, ids.length - 1))];
    if (next) tree.focus(next);
  };
  const keys: Record<string, () => void> = {
    ArrowDown: () => go(at + 1),
    ArrowUp: () => go(at - 1),
    Home: () => go(0),
    End: () => go(ids.length - 1),
    ArrowRight: () => sideways(app, tree, ids, id, true),
    ArrowLeft: () => sideways(app, tree, ids, id, false),
    Enter: () => (claim ? app.actions.selectClaim(claim) : app.actions.selectNode("logits")),
    " ": () => (claim ? toggleRow(app, claim) : app.actions.selectNode("logits")),
    F2: () => rename(app, claim),
    Delete: () => remove(app, tree, ids, id),
    Backspace: () => remove(app, tree, ids, id),
  };
  const act = keys[event.key];
  if (!act) return false;
  act();
  return true;
}

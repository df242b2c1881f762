/** Where the menu opens, and what it is about: the cell or the row that was asked, which joins the selection first. */
import type { App } from "../app";
import { ROOT } from "../hypothesis";

const middle = (node: Element) => {
  const box = node.getBoundingClientRect();
  return { x: box.left + box.width / 2, y: box.bottom + 2 };
};

/** Selects what the menu is asked for, unless it is selected already. */
function take(app: App, asked: Element): void {
  const { store, ui, actions } = app;
  const row = asked.closest<HTMLElement>("[data-row]")?.dataset.row;
  const claim = store.state.value?.claims.find((c) => c.id === row);
  if (claim) {
    if (store.selection.value.claim !== claim.id) actions.selectClaim(claim);
    return;
  }
  const cell = asked.closest<SVGElement>("[data-glyph]")?.dataset.glyph;
  if (!cell) return;
  ui.focus.value = cell;
  if (cell !== ROOT && !cell.startsWith("fold:") && !store.selection.value.nodes.includes(cell))
    actions.selectNode(cell);
}

/** Opens the menu for an element of the map or the tree; `point` on the screen, else below it. */
export function openMenu(app: App, asked: Element, point: { x: number; y: number } | null): void {
  take(app, asked);
  const home = asked.closest<HTMLElement | SVGElement>("[data-row], button");
  const cell = asked.closest("[data-glyph]")?.querySelector<SVGElement>("[data-cell]");
  const back = cell ?? home;
  app.ui.tip.value = null;
  app.map.menu.value = {
    ...(point ?? middle(asked)),
    back: () => back?.focus({ preventScroll: true }),
  };
}

/** A right click in the map or the tree; with Shift the browser's own menu opens. */
export function onContextMenu(app: App, event: MouseEvent): void {
  const target = event.composedPath()[0];
  const byKey = event.button !== 2;
  if ((event.shiftKey && !byKey) || !(target instanceof Element)) return;
  const asked = target.closest("[data-glyph], [data-row]");
  if (!asked) return;
  event.preventDefault();
  // The keys for the menu open it themselves; some browsers tell of a click as well.
  if (byKey && app.map.menu.value) return;
  openMenu(app, asked, byKey ? null : { x: event.clientX, y: event.clientY });
}

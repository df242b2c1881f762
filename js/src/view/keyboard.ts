/** Carries out what keys.ts decided. */
import type { App } from "../app";
import { keyAction, zoneOf } from "../keys";
import { layoutGraph, step } from "../layout";

const focusOn = (root: HTMLElement, selector: string) =>
  root.querySelector<SVGElement | HTMLElement>(selector)?.focus();

function moveInMap(app: App, root: HTMLElement, dx: number, dy: number, extend: boolean): void {
  const graph = app.store.graph.value;
  if (!graph) return;
  const from = app.ui.focus.value;
  const to = step(layoutGraph(graph), from, dx, dy);
  app.ui.focus.value = to;
  if (extend) app.actions.addNodes([from, to].filter((id) => id !== "logits"));
  focusOn(root, `[data-cell="${CSS.escape(to)}"]`);
}

/** Up and down the rows; left to the claim above, right to the first one below. */
function moveInTree(app: App, root: HTMLElement, target: Element, dx: number, dy: number): void {
  const rows = [...root.querySelectorAll<HTMLElement>("[data-row]")];
  const row = target.closest<HTMLElement>("[data-row]");
  if (!row) return;
  const at = rows.indexOf(row);
  const claims = app.store.state.value?.claims ?? [];
  const id = row.dataset.row ?? "";
  if (dy !== 0) rows[at + dy]?.focus();
  else if (dx > 0 && claims[at]?.parent === id) rows[at + 1]?.focus();
  else if (dx < 0) {
    const parent = claims.find((c) => c.id === id)?.parent;
    rows.find((r) => r.dataset.row === parent)?.focus();
  }
}

function leave(app: App, root: HTMLElement): void {
  const { ui, store, actions } = app;
  if (ui.drawing.value || ui.choices.value.length > 0) {
    ui.drawing.value = null;
    ui.choices.value = [];
    actions.quiet();
  } else if (ui.panel.value) ui.panel.value = null;
  else if (ui.spotlight.value) ui.spotlight.value = null;
  else if (store.status.value?.phase === "running") actions.cancel();
  else {
    // Nothing left to stop: give the keys back to the notebook.
    const active = (root.getRootNode() as Document | ShadowRoot).activeElement;
    if (active instanceof HTMLElement || active instanceof SVGElement) active.blur();
  }
}

export function onKey(app: App, root: HTMLElement, event: KeyboardEvent): void {
  const target = event.composedPath()[0] ?? event.target;
  if (!(target instanceof Element)) return;
  const { zone, inGraph } = zoneOf(target);
  const action = keyAction(event, zone, inGraph);
  if (!action) return;
  const { actions, store, ui } = app;
  const rules = store.task.value?.rules ?? [];
  const assign = (at: number) => {
    const rule = rules[at];
    if (rule) actions.assign(rule.name);
  };
  const cell = ui.focus.value;
  const inMap = zone === "map";
  event.preventDefault();
  switch (action.do) {
    case "move":
      if (inMap) moveInMap(app, root, action.dx, action.dy, action.extend);
      else moveInTree(app, root, target, action.dx, action.dy);
      return;
    case "select":
    case "toggle":
      if (inMap && ui.drawing.value) actions.finishDrawing(cell);
      else if (inMap) actions.selectNode(cell, action.do === "toggle");
      else if (target instanceof HTMLElement) target.click();
      return;
    case "rule":
      assign(action.index + 2);
      return;
    case "keep":
      assign(0);
      return;
    case "free":
      assign(1);
      return;
    case "remove":
      actions.removeSelected();
      return;
    case "run":
      actions.run();
      return;
    case "undo":
      actions.undo();
      return;
    case "redo":
      actions.redo();
      return;
    case "edge":
      actions.cycleDrawing(cell);
      return;
    case "under":
      actions.cycleReceiver(cell);
      return;
    case "help":
      ui.panel.value = ui.panel.value === "help" ? null : "help";
      return;
    case "escape":
      leave(app, root);
  }
}

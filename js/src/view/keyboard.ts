/** Carries out what keys.ts decided. */
import type { App } from "../app";
import { type KeyAction, keyAction, zoneOf } from "../keys";
import { step } from "../layout";
import { closeMenu, paired, selectLayer, selectSameRule, share, show, zoomIn, zoomOut } from "../mapActions";
import { openStrip } from "./gestures";
import { openMenu } from "./openMenu";

const focusOn = (root: HTMLElement, selector: string) =>
  root.querySelector<SVGElement | HTMLElement>(selector)?.focus();

function moveInMap(app: App, root: HTMLElement, dx: number, dy: number, extend: boolean): void {
  const layout = app.map.layout.value;
  if (!layout) return;
  const from = app.ui.focus.value;
  const to = step(layout, from, dx, dy);
  app.ui.focus.value = to;
  show(app, to);
  if (extend) app.actions.addNodes([from, to].filter((id) => id !== "logits" && !id.startsWith("fold:")));
  focusOn(root, `[data-cell="${CSS.escape(to)}"]`);
}

function leave(app: App, root: HTMLElement): void {
  const { ui, store, actions, map } = app;
  if (map.menu.value) closeMenu(app);
  else if (map.lasso.value) map.lasso.value = null;
  else if (ui.drawing.value || ui.choices.value.length > 0) {
    ui.drawing.value = null;
    ui.choices.value = [];
    actions.quiet();
  } else if (ui.panel.value) ui.panel.value = null;
  else if (ui.explaining.value) ui.explaining.value = null;
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
  if (event.defaultPrevented) return; // by the tree, or a field in it
  if (!(target instanceof Element)) return;
  const { zone, inGraph } = zoneOf(target);
  const action = keyAction(event, zone, inGraph);
  if (!action) return;
  event.preventDefault();
  const inMap = zone === "map";
  if (action.do === "move") {
    if (inMap) moveInMap(app, root, action.dx, action.dy, action.extend);
  } else if (action.do === "select" || action.do === "toggle") press(app, inMap, target, action.do === "toggle");
  else if (action.do === "menu") openMenu(app, target, null);
  else if (action.do === "find") find(app, root);
  else if (action.do === "escape") leave(app, root);
  else act(app, action);
}

/** Enter and Space: on the map, the cell in focus; elsewhere a click. */
function press(app: App, inMap: boolean, target: Element, toggle: boolean): void {
  const cell = app.ui.focus.value;
  if (inMap && cell.startsWith("fold:")) openStrip(app, cell);
  else if (inMap && app.ui.drawing.value) app.actions.finishDrawing(cell);
  else if (inMap) app.actions.selectNode(cell, toggle);
  else if (target instanceof HTMLElement) target.click();
}

function find(app: App, root: HTMLElement): void {
  app.ui.mapOpen.value = true;
  root.querySelector<HTMLInputElement>("[data-testid=find]")?.focus();
}

function act(app: App, action: KeyAction): void {
  const { actions, store, ui } = app;
  const cell = ui.focus.value;
  const assign = (at: number) => {
    const rule = store.task.value?.rules[at];
    if (rule) actions.assign(rule.name);
  };
  const layer = () => {
    if (action.do !== "layer") return;
    if (action.same) selectSameRule(app, cell);
    else selectLayer(app, cell, true);
  };
  const acts: Partial<Record<KeyAction["do"], () => void>> = {
    rule: () => assign(action.do === "rule" ? action.index + 2 : 0),
    keep: () => assign(0),
    free: () => assign(1),
    share: () => share(app),
    paired: () => paired(app),
    layer,
    remove: () => actions.removeSelected(),
    run: () => actions.run(),
    undo: () => actions.undo(),
    redo: () => actions.redo(),
    edge: () => actions.cycleDrawing(cell),
    under: () => actions.cycleReceiver(cell),
    "zoom in": () => zoomIn(app),
    "zoom out": () => zoomOut(app),
    help: () => {
      ui.panel.value = ui.panel.value === "help" ? null : "help";
    },
  };
  acts[action.do]?.();
}

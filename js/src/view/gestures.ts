/** The pointer on the map: edges drawn from ports, the lasso, moving the window, and what lies under it. */
import type { App } from "../app";
import { cellAt } from "../layout";
import { fold, pan, selectAll, zoom } from "../mapActions";
import { windowBox } from "../zoom";

const DRAG_START = 5;

type Drag = {
  kind: "edge" | "lasso" | "pan";
  /** of the port, for an edge */
  owner: string;
  name: string;
  from: { x: number; y: number };
  /** where the pointer was last, on the screen */
  last: { x: number; y: number };
  start: { x: number; y: number };
  moved: boolean;
};

const closest = (event: Event, name: string): SVGElement | null => {
  const { target } = event;
  return target instanceof Element ? target.closest<SVGElement>(`[data-${name}]`) : null;
};

export function createGestures(app: App, svg: () => SVGSVGElement | null) {
  const { ui, map, actions, store } = app;
  let drag: Drag | null = null;
  let suppress = false;

  /** A point of the drawing. */
  const at = (event: MouseEvent) => {
    const box = svg()?.getBoundingClientRect();
    const drawing = map.layout.value;
    if (!box || !drawing || box.width === 0) return { x: 0, y: 0 };
    const shown = windowBox(map.window.value, drawing);
    return {
      x: shown.x + ((event.clientX - box.left) / box.width) * shown.w,
      y: shown.y + ((event.clientY - box.top) / box.height) * shown.h,
    };
  };

  const begin = (event: PointerEvent): boolean => {
    if (!drag) return false;
    drag.moved = true;
    ui.tip.value = null;
    if (drag.kind === "edge") {
      const start = actions.receiverFor(drag.owner, drag.name);
      if (!start) {
        actions.sayUnclaimed(drag.owner, drag.name);
        drag = null;
        return false;
      }
      ui.drawing.value = start;
    }
    svg()?.setPointerCapture?.(event.pointerId);
    return true;
  };

  const finish = (event: PointerEvent, done: Drag): void => {
    if (done.kind === "edge") {
      const drawing = map.layout.value;
      const { x, y } = at(event);
      const target = drawing ? cellAt(drawing, x, y) : null;
      const start = ui.drawing.value;
      ui.drawing.value = null;
      if (start && target && event.type === "pointerup") actions.connect(start, target.id);
    } else if (done.kind === "lasso") {
      const caught = [...map.caught.value];
      map.lasso.value = null;
      if (event.type !== "pointerup") return;
      selectAll(app, [...new Set([...store.selection.value.nodes, ...caught])], false);
      const [first] = caught;
      if (first) {
        // The keys act on what was caught.
        ui.focus.value = first;
        svg()
          ?.querySelector<SVGElement>(`[data-cell="${CSS.escape(first)}"]`)
          ?.focus({ preventScroll: true });
      }
    }
  };

  const onPointerUp = (event: PointerEvent) => {
    const done = drag;
    drag = null;
    ui.pointer.value = null;
    if (!done?.moved) return;
    // The click that follows a drag must not select what lies under it.
    suppress = true;
    setTimeout(() => {
      suppress = false;
    });
    finish(event, done);
  };

  return {
    at,
    onPointerDown(event: PointerEvent) {
      if (event.button !== 0) return;
      const port = closest(event, "port");
      const from = at(event);
      const common = { from, last: { x: event.clientX, y: event.clientY }, moved: false };
      const start = { x: event.clientX, y: event.clientY };
      if (port && !store.readOnly && !event.shiftKey) {
        const { owner = "", name = "" } = port.dataset;
        drag = { kind: "edge", owner, name, start, ...common };
      } else if (event.shiftKey) drag = { kind: "lasso", owner: "", name: "", start, ...common };
      else if (!closest(event, "glyph") && !closest(event, "edge"))
        drag = { kind: "pan", owner: "", name: "", start, ...common };
    },
    onPointerMove(event: PointerEvent) {
      if (!drag) return;
      if (!drag.moved) {
        if (Math.hypot(event.clientX - drag.start.x, event.clientY - drag.start.y) < DRAG_START) return;
        if (!begin(event)) return;
      }
      const point = at(event);
      if (drag.kind === "edge") {
        ui.pointer.value = point;
        const drawing = map.layout.value;
        ui.tip.value = (drawing && cellAt(drawing, point.x, point.y)?.id) ?? null;
      } else if (drag.kind === "lasso") {
        map.lasso.value = { x0: drag.from.x, y0: drag.from.y, x1: point.x, y1: point.y };
      } else {
        const box = svg()?.getBoundingClientRect();
        const drawing = map.layout.value;
        if (!box || !drawing) return;
        const k = windowBox(map.window.value, drawing).w / box.width;
        pan(app, (drag.last.x - event.clientX) * k, (drag.last.y - event.clientY) * k);
        drag.last = { x: event.clientX, y: event.clientY };
      }
    },
    onPointerUp,
    onPointerCancel: onPointerUp,
    onClickCapture(event: MouseEvent) {
      if (!suppress) return;
      event.stopPropagation();
      suppress = false;
    },
    onClick(event: MouseEvent) {
      const port = closest(event, "port");
      const id = closest(event, "glyph")?.dataset.glyph;
      const add = event.ctrlKey || event.metaKey || event.shiftKey;
      if (port) actions.clickPort(port.dataset.owner ?? "", port.dataset.name ?? "");
      else if (id && ui.drawing.value) actions.finishDrawing(id);
      else if (id?.startsWith("fold:")) openStrip(app, id);
      else if (id) actions.selectNode(id, add);
      else if (!closest(event, "edge") && !closest(event, "row-label") && !add && !ui.drawing.value)
        store.select({ nodes: [], claim: null });
    },
    onPointerOver(event: PointerEvent) {
      if (!drag?.moved) ui.tip.value = closest(event, "glyph")?.dataset.glyph ?? null;
    },
    onPointerLeave() {
      ui.tip.value = null;
    },
    onFocusIn(event: FocusEvent) {
      const id = closest(event, "cell")?.dataset.cell;
      if (!id) return;
      ui.focus.value = id;
      ui.tip.value = id;
    },
    onFocusOut() {
      ui.tip.value = null;
    },
    /** Only with Ctrl or Cmd: a plain wheel scrolls the notebook. */
    onWheel(event: WheelEvent) {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(app, Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) * 0.004), at(event));
    },
  };
}

/** Shows the layers of a strip again. */
export function openStrip(app: App, id: string): void {
  const row = app.map.layout.value?.rows.find((r) => r.cells[0]?.id === id);
  if (!row?.folded) return;
  fold(app, row.folded, false);
  const [last] = row.folded;
  const first = app.map.layout.value?.rows.find((r) => r.layer === last)?.cells[0];
  if (first) app.ui.focus.value = first.id;
}

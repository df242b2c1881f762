/** A rule dragged from the palette onto a glyph or the selection: what a click on it does, aimed by the hand. */
import { type App, useApp } from "../app";
import { ROOT } from "../hypothesis";
import { ruleFace } from "../rules";
import { Swatch } from "./Swatch";

const DRAG_START = 5;

/** The glyph under a point of the page; inside a shadow root, the document sees only its host. */
function glyphAt(node: Element, x: number, y: number): string | null {
  const root = node.getRootNode() as Document | ShadowRoot;
  return root.elementFromPoint?.(x, y)?.closest<SVGElement>("[data-glyph]")?.dataset.glyph ?? null;
}

function drop(app: App, rule: string, glyph: string | null): void {
  const { store, actions } = app;
  if (!glyph || glyph === ROOT || glyph.startsWith("fold:")) {
    actions.say("info", "Drop a rule on a component of the map, or on one of several selected ones.");
    return;
  }
  if (!store.selection.value.nodes.includes(glyph)) actions.selectNode(glyph);
  actions.assign(rule);
}

/** What a chip of the palette needs to be dragged. */
export function dragsRule(app: App, rule: string) {
  return {
    onPointerDown(down: PointerEvent) {
      const chip = down.currentTarget;
      if (down.button !== 0 || app.store.readOnly || !(chip instanceof HTMLElement)) return;
      let moved = false;
      const move = (event: PointerEvent) => {
        if (!moved && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) < DRAG_START) return;
        if (!moved) chip.setPointerCapture?.(event.pointerId);
        moved = true;
        app.map.dragged.value = { rule, x: event.clientX, y: event.clientY };
        app.ui.tip.value = glyphAt(chip, event.clientX, event.clientY);
      };
      const end = (event: PointerEvent) => {
        chip.removeEventListener("pointermove", move);
        chip.removeEventListener("pointerup", end);
        chip.removeEventListener("pointercancel", end);
        app.map.dragged.value = null;
        if (!moved) return;
        app.ui.tip.value = null;
        // The click that follows a drag is not one on the chip.
        const stop = (click: Event) => click.stopImmediatePropagation();
        chip.addEventListener("click", stop, { capture: true, once: true });
        setTimeout(() => chip.removeEventListener("click", stop, { capture: true }));
        if (event.type === "pointerup") drop(app, rule, glyphAt(chip, event.clientX, event.clientY));
      };
      chip.addEventListener("pointermove", move);
      chip.addEventListener("pointerup", end);
      chip.addEventListener("pointercancel", end);
    },
  };
}

/** The mark of the rule under the pointer while it is dragged. */
export function DraggedRule() {
  const { map, store } = useApp();
  const dragged = map.dragged.value;
  if (!dragged) return null;
  const face = ruleFace(store.task.value?.rules ?? [], dragged.rule);
  return (
    <div class="scrub-dragged" ref={(node) => place(node, dragged.x, dragged.y)} aria-hidden="true">
      <Swatch face={face} /> {dragged.rule}
    </div>
  );
}

function place(node: HTMLElement | null, x: number, y: number): void {
  const frame = node?.offsetParent?.getBoundingClientRect();
  if (!node || !frame) return;
  node.style.left = `${x - frame.left + 10}px`;
  node.style.top = `${y - frame.top + 10}px`;
}

/** The model map: one glyph for each component, upward is later, and the claimed edges between them. */
import { useMemo, useRef } from "preact/hooks";
import { useApp } from "../app";
import { type Receiver, ROOT, upstreamProblem } from "../hypothesis";
import { cellAt, layoutGraph, type MapLayout, type PortBox } from "../layout";
import { plural } from "../text";
import type { Graph } from "../wire";
import { Edges, Rubber } from "./Edges";
import { Glyph } from "./Glyph";
import { Patterns } from "./Patterns";
import { Tip } from "./Tip";
import { Under } from "./Under";

export function ModelMap() {
  const { store, ui } = useApp();
  const graph = store.graph.value;
  const claims = store.state.value?.claims ?? [];
  const open = ui.mapOpen.value;
  const possible = graph ? graph.ports.reduce((sum, p) => sum + (p.senders?.length ?? p.upto), 0) : 0;
  const drawn = new Set(claims.flatMap((c) => c.components.map((s) => `${c.parent}.${c.port}>${s}`))).size;
  return (
    <section class="scrub-map-section" aria-label="Model map">
      <div class="scrub-section-head">
        <button
          type="button"
          class="scrub-fold"
          aria-expanded={open}
          onClick={() => {
            ui.mapOpen.value = !open;
          }}
        >
          <span aria-hidden="true">{open ? "▾" : "▸"}</span> Model
        </button>
        <Under />
      </div>
      {open && (graph ? <Canvas graph={graph} /> : <div class="scrub-skeleton" />)}
      {open && graph && (
        <p class="scrub-muted scrub-count">
          {plural(claims.length, "claim")} · {plural(Math.max(possible - drawn, 0), "possible edge")} not claimed and
          not drawn
        </p>
      )}
    </section>
  );
}

const DRAG_START = 5;

function Canvas({ graph }: { graph: Graph }) {
  const app = useApp();
  const { ui, actions, store, uid } = app;
  const layout = useMemo(() => layoutGraph(graph), [graph]);
  const svg = useRef<SVGSVGElement>(null);
  const drag = useRef<{ owner: string; name: string; x: number; y: number; moved: boolean } | null>(null);
  const receiver = ui.drawing.value ?? store.receiver.value;

  const at = (event: PointerEvent) => {
    const box = svg.current?.getBoundingClientRect();
    if (!box || box.width === 0) return { x: 0, y: 0 };
    const scale = layout.width / box.width;
    return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
  };
  const onPointerDown = (event: PointerEvent) => {
    const port = event.target instanceof Element ? event.target.closest("[data-port]") : null;
    if (!port || event.button !== 0 || store.readOnly) return;
    const { owner = "", name = "" } = (port as SVGElement).dataset;
    drag.current = { owner, name, x: event.clientX, y: event.clientY, moved: false };
  };
  const onPointerMove = (event: PointerEvent) => {
    const from = drag.current;
    if (!from) return;
    if (!from.moved) {
      if (Math.hypot(event.clientX - from.x, event.clientY - from.y) < DRAG_START) return;
      from.moved = true;
      const start = actions.receiverFor(from.owner, from.name);
      if (!start) {
        actions.sayUnclaimed(from.owner, from.name);
        drag.current = null;
        return;
      }
      ui.drawing.value = start;
      svg.current?.setPointerCapture(event.pointerId);
    }
    const { x, y } = at(event);
    ui.pointer.value = { x, y };
    const under = cellAt(layout, x, y);
    ui.tip.value = under?.id ?? null;
  };
  const onPointerUp = (event: PointerEvent) => {
    const from = drag.current;
    drag.current = null;
    ui.pointer.value = null;
    if (!from?.moved) return;
    const { x, y } = at(event);
    const target = cellAt(layout, x, y);
    const start = ui.drawing.value;
    ui.drawing.value = null;
    // The click that follows a drag must not select what lies under it.
    suppress.current = true;
    setTimeout(() => {
      suppress.current = false;
    });
    if (start && target) actions.connect(start, target.id);
  };
  const suppress = useRef(false);
  const onClickCapture = (event: MouseEvent) => {
    if (!suppress.current) return;
    event.stopPropagation();
    suppress.current = false;
  };

  return (
    <div class="scrub-stage-wrap">
      <div class="scrub-stage" style={{ width: `${layout.width}px` }}>
        <svg
          ref={svg}
          class={`scrub-map${ui.drawing.value ? " scrub-drawing" : ""}`}
          role="presentation"
          data-testid="map"
          data-zone="map"
          data-detail={layout.detail}
          viewBox={`0 0 ${layout.width} ${layout.height}`}
          onPointerDown={onPointerDown}
          onPointerMove={onPointerMove}
          onPointerUp={onPointerUp}
          onPointerCancel={onPointerUp}
          onClickCapture={onClickCapture}
        >
          <Patterns uid={uid} />
          <Labels layout={layout} />
          {layout.splits.map((split) => (
            <Split key={split.root} split={split} />
          ))}
          <Edges layout={layout} />
          <g role="grid" aria-label={`Model map, ${graph.title}`}>
            {layout.rows.map((row) => (
              <g key={row.key} role="row" aria-label={row.words}>
                {row.cells.map((cell) => (
                  <Glyph key={cell.id} cell={cell} dim={dimmed(receiver, cell.id)} />
                ))}
              </g>
            ))}
          </g>
          <Rubber layout={layout} />
        </svg>
        <Tip layout={layout} />
        <Choices layout={layout} />
      </div>
    </div>
  );
}

/** The frame around the bands of a component that a rewrite split. */
function Split({ split }: { split: MapLayout["splits"][number] }) {
  return (
    <g class="scrub-split" data-split={split.root}>
      <rect x={split.x - 4} y={split.y - 4} width={split.w + 8} height={split.h + 8} rx="5" />
      <text x={split.x + split.w / 2} y={split.y - 8}>
        {split.label}
      </text>
    </g>
  );
}

/** What cannot feed the receiver steps back; under the logits everything can. */
function dimmed(receiver: Receiver | null, id: string): boolean {
  if (!receiver || id === ROOT || receiver.claim?.components.includes(id)) return false;
  return upstreamProblem(receiver, id) !== null;
}

function Labels({ layout }: { layout: MapLayout }) {
  const { actions } = useApp();
  return (
    <g class="scrub-map-labels">
      {layout.rows
        .filter((r) => r.label)
        .map((row) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: a shortcut beside the cells, which hold the roles
          <text
            key={row.key}
            x={(row.cells[0]?.x ?? 0) - 12}
            y={row.y + row.h / 2 + 4}
            onClick={() => actions.addNodes(row.cells.filter((c) => c.kind === "head").map((c) => c.id))}
          >
            {row.label}
            <title>Select the heads of layer {row.layer}</title>
          </text>
        ))}
      {layout.columns.map((column) => (
        <text key={column.key} class="scrub-column" x={column.x} y={column.y}>
          {column.label}
        </text>
      ))}
    </g>
  );
}

/** Which of several claims a clicked port belongs to. */
function Choices({ layout }: { layout: MapLayout }) {
  const { ui, actions } = useApp();
  const choices = ui.choices.value;
  const owner = choices[0]?.claim?.components[0];
  const cell = owner ? layout.cells.get(owner) : undefined;
  if (!cell) return null;
  const place: PortBox | undefined = cell.ports.find((p) => p.name === choices[0]?.name);
  const x = ((place?.x ?? cell.x) / layout.width) * 100;
  return (
    <div
      class="scrub-choices"
      role="menu"
      aria-label="Claimed on several paths: choose one"
      data-testid="choices"
      style={{
        left: `${x}%`,
        top: `${((cell.y + cell.h + 16) / layout.height) * 100}%`,
        transform: `translateX(-${x}%)`,
      }}
    >
      <span class="scrub-muted">Claimed on several paths. New claims go under:</span>
      {choices.map((choice) => (
        <button
          key={choice.path}
          type="button"
          role="menuitem"
          class="scrub-link"
          onClick={() => actions.setReceiver(choice)}
        >
          {choice.path.split(">").join(" ▸ ")}
        </button>
      ))}
    </div>
  );
}

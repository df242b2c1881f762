/** Claimed edges, from the port that reads down to the component that writes. */
import { useApp } from "../app";
import { portsOf } from "../graph";
import { ROOT, WHOLE_INPUT } from "../hypothesis";
import { claimWidth } from "../importance";
import { type Box, type Cell, edgePath, type MapLayout, type PortBox, placeOf } from "../layout";
import { ruleFace } from "../rules";
import type { Claim } from "../wire";

type Edge = { key: string; claim: Claim; port: PortBox; sender: Box | null; path: string };

/** Where an edge leaves a component that is folded away: the lower edge of its strip. */
const leaving = (strip: Cell, id: string, name: string): PortBox => ({
  ...{ id, name, inner: null, x: strip.x + strip.w / 2 - 4, y: strip.y + strip.h, w: 8, h: 0 },
});

export function Edges({ layout }: { layout: MapLayout }) {
  const { store, actions } = useApp();
  const claims = store.state.value?.claims ?? [];
  const rules = store.task.value?.rules ?? [];
  const index = store.index.value;
  if (!index) return null;

  /** The boxes of the ports that a claim hangs under; several where a group reads. */
  const portBoxes = (claim: Claim): PortBox[] => {
    if (claim.parent === ROOT) return layout.cells.get(ROOT)?.ports ?? [];
    const parent = claims.find((c) => c.id === claim.parent);
    return (parent?.components ?? []).flatMap((owner) => {
      const ports = portsOf(index, owner);
      const port = claim.port ? ports.find((p) => p.name === claim.port) : ports[0];
      const strip = layout.strips.get(owner);
      if (port && strip) return leaving(strip, port.id, port.name);
      return (port && layout.ports.get(port.id)) ?? [];
    });
  };

  const seen = new Map<string, number>();
  const edges: Edge[] = claims.flatMap((claim) =>
    portBoxes(claim).flatMap((port) =>
      claim.components.flatMap((component): Edge[] => {
        const sender = component === WHOLE_INPUT ? null : (placeOf(layout, component) ?? null);
        if (!sender && component !== WHOLE_INPUT) return [];
        // The same edge claimed on two paths is drawn twice, side by side.
        const twin = `${port.id}<${component}`;
        const nth = seen.get(twin) ?? 0;
        seen.set(twin, nth + 1);
        const path = sender ? edgePath({ ...port, x: port.x + nth * 3 }, { ...sender, x: sender.x + nth * 4 }) : "";
        return [{ key: `${claim.id}/${port.id}/${component}`, claim, port, sender, path }];
      }),
    ),
  );

  const chosen = store.selection.value.claim;
  const widths = new Map(claims.map((c) => [c.id, claimWidth(c, index, store.searches.value)]));
  return (
    <g class="scrub-edges">
      <Grey layout={layout} />
      {edges.map(({ key, claim, port, sender, path }) => {
        const face = ruleFace(rules, claim.rule);
        const name = port.name;
        const width = widths.get(claim.id);
        const state = chosen === claim.id ? " scrub-chosen" : chosen ? " scrub-other" : "";
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: a pointer target; its row in the tree holds the role
          <g
            key={key}
            class={`scrub-edge scrub-edge-${face.kind}${state}`}
            data-edge={claim.id}
            style={face.hue ? { color: face.hue } : undefined}
            onClick={() => actions.selectClaim(claim)}
          >
            {sender ? (
              <>
                <path class="scrub-edge-hit" d={path} />
                <path
                  class={`scrub-edge-line scrub-dash-${name}`}
                  d={path}
                  style={width ? { strokeWidth: `${width}px` } : undefined}
                />
              </>
            ) : (
              <Star port={port} />
            )}
          </g>
        );
      })}
    </g>
  );
}

/** The edges of the selection that matter most, as the last search measured them: not claimed, so grey. */
function Grey({ layout }: { layout: MapLayout }) {
  const { map } = useApp();
  return (
    <>
      {map.grey.value.map(({ key, port, sender, width }) => {
        const from = layout.ports.get(port);
        const to = placeOf(layout, sender);
        if (!from || !to) return null;
        const dash = `scrub-dash-${port.slice(port.lastIndexOf(".") + 1)}`;
        return (
          <path
            key={key}
            class={`scrub-grey ${dash}`}
            data-grey={key}
            d={edgePath(from, to)}
            style={{ strokeWidth: `${width}px` }}
          />
        );
      })}
    </>
  );
}

/** The whole input of a port, claimed at once. */
function Star({ port }: { port: PortBox }) {
  const x = port.x + port.w / 2;
  const y = port.y + port.h;
  return (
    <>
      <line class="scrub-edge-line" x1={x} x2={x} y1={y} y2={y + 8} />
      <circle class="scrub-star" cx={x} cy={y + 15} r="7" />
      <text class="scrub-star-text" x={x} y={y + 20}>
        ∗
      </text>
    </>
  );
}

/** The edge being drawn. */
export function Rubber({ layout }: { layout: MapLayout }) {
  const { ui } = useApp();
  const receiver = ui.drawing.value;
  if (!receiver) return null;
  const owner = receiver.claim?.components[0] ?? ROOT;
  const port = layout.cells.get(owner)?.ports.find((p) => p.name === receiver.name);
  const pointer = ui.pointer.value;
  const end = pointer ? { ...pointer, w: 0, h: 0, under: false } : layout.cells.get(ui.focus.value);
  if (!port || !end) return null;
  return <path class={`scrub-rubber scrub-dash-${receiver.name}`} d={edgePath(port, end)} />;
}

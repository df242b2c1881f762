/** One component in the map: its rules as fill and letter, its ports on the lower edge. */
import { useApp } from "../app";
import { componentWords, portWord } from "../graph";
import { claimsOf, pathWords, ROOT } from "../hypothesis";
import type { Cell, PortBox } from "../layout";
import { type RuleFace, ruleFace } from "../rules";
import { spotClass } from "../spotlight";
import { LETTER_ZONE } from "../stacks";
import { doubtsAbout, spokenDoubts, worst } from "../trust";
import type { Claim, Warning } from "../wire";

type Props = { cell: Cell; dim: boolean };

export function Glyph({ cell, dim }: Props) {
  const { store, ui, actions } = useApp();
  const index = store.index.value;
  const claims = claimsOf(store.state.value?.claims ?? [], cell.id);
  const rules = store.task.value?.rules ?? [];
  const selection = store.selection.value;
  const selected = selection.nodes.includes(cell.id);
  const broken = claims.some((c) => c.id === store.status.value?.error?.where);
  const root = cell.kind === "logits";
  const show = !cell.dot || root || selected || claims.length > 0;
  const doubted = worst(doubtsAbout(store, claims));
  if (!index) return null;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the pointer's side of the cell; its target holds role and focus
    <g
      class={`scrub-cell scrub-cell-${cell.kind}${cell.dot ? " scrub-dotted" : ""}${dim ? " scrub-dim" : ""}${claims.length > 0 ? " scrub-held" : ""}${spotClass(ui, cell.id)}`}
      onClick={(e) => {
        if (ui.drawing.value) actions.finishDrawing(cell.id);
        else actions.selectNode(cell.id, e.ctrlKey || e.metaKey || e.shiftKey);
      }}
      onPointerEnter={() => {
        ui.tip.value = cell.id;
      }}
      onPointerLeave={() => {
        ui.tip.value = null;
      }}
    >
      {selected && (
        <>
          <rect class="scrub-ring" x={cell.x - 3} y={cell.y - 3} width={cell.w + 6} height={cell.h + 6} rx="5" />
          <rect class="scrub-ring" x={cell.x - 6} y={cell.y - 6} width={cell.w + 12} height={cell.h + 12} rx="8" />
        </>
      )}
      <Body cell={cell} faces={distinctFaces(rules, claims)} />
      {claims.length > 1 && (
        <text class="scrub-times" x={cell.x + cell.w + 2} y={cell.y + 5}>
          ×{claims.length}
        </text>
      )}
      {broken ? (
        <path class="scrub-broken" d={`M${cell.x + cell.w - 12} ${cell.y - 2}h14v14z`}>
          <title>{store.status.value?.error?.message}</title>
        </path>
      ) : (
        doubted && <Corner cell={cell} warning={doubted} />
      )}
      {show && cell.ports.map((port) => <Port key={port.id} port={port} cell={cell} />)}
      {/* Without text inside, its label is all that a screen reader says of it. */}
      <rect
        class="scrub-cell-target"
        role="gridcell"
        tabindex={ui.focus.value === cell.id ? 0 : -1}
        data-testid={`cell-${cell.id}`}
        data-cell={cell.id}
        data-claims={claims.length}
        data-upstream={!dim}
        aria-selected={selected}
        data-doubted={doubted?.severity}
        aria-label={describe(componentWords(index, cell.id), claims, root) + spokenDoubts(doubtsAbout(store, claims))}
        {...{ x: cell.x, y: cell.y, width: cell.w, height: cell.h }}
        onFocus={() => {
          ui.focus.value = cell.id;
          ui.tip.value = cell.id;
        }}
        onBlur={() => {
          ui.tip.value = null;
        }}
      />
      <rect class="scrub-focus" x={cell.x - 5} y={cell.y - 5} width={cell.w + 10} height={cell.h + 10} rx="7" />
    </g>
  );
}

function distinctFaces(rules: Parameters<typeof ruleFace>[0], claims: Claim[]): RuleFace[] {
  return [...new Set(claims.map((c) => c.rule))].slice(0, 4).map((name) => ruleFace(rules, name));
}

function describe(name: string, claims: Claim[], root: boolean): string {
  if (root) return `${name}: the place of the first claims`;
  if (claims.length === 0) return `${name}, unclaimed, resampled freely`;
  return `${name}, ${claims.map((c) => `claimed through ${pathWords(c.parent)}${c.port ? ` ${portWord(c.port)}` : ""}, rule ${c.rule}`).join("; ")}`;
}

/** The amber corner: a guard fired. Not colour alone: a mark stands in it. */
function Corner({ cell, warning }: { cell: Cell; warning: Warning }) {
  const size = cell.dot ? 8 : 15;
  const x = cell.x + cell.w + 2;
  const y = cell.y - 2;
  return (
    <g class={`scrub-corner scrub-corner-${warning.severity}`} data-testid={`corner-${cell.id}`}>
      <title>{`${warning.name}: ${warning.evidence}`}</title>
      <path d={`M${x - size} ${y}h${size}v${size}z`} />
      {!cell.dot && (
        <text x={x - 4.6} y={y + 9}>
          {warning.severity === "warning" ? "!" : "i"}
        </text>
      )}
    </g>
  );
}

/** The rectangle: one slice for each rule that the component stands under. */
function Body({ cell, faces }: { cell: Cell; faces: RuleFace[] }) {
  const { uid } = useApp();
  const { x, y, w, h } = cell;
  const name = cell.label;
  const root = cell.id === ROOT;
  // Boxes wide enough for letter and name keep both; elsewhere the place in the grid says what it is.
  const wide = cell.layer < 0;
  const named = (wide || cell.kind === "function") && name !== "";
  const filled = named && faces.length > 0 ? Math.min(w / 2, LETTER_ZONE * faces.length) : w;
  const slice = filled / Math.max(faces.length, 1);
  return (
    <>
      {filled < w && <rect class="scrub-name-ground" x={x} y={y} width={w} height={h} rx="3" />}
      {faces.length === 0 && !root && <rect x={x} y={y} width={w} height={h} rx="3" fill={`url(#${uid}-unclaimed)`} />}
      {faces.map((face, i) => (
        <rect
          key={face.letter}
          class={face.kind === "keep" ? "scrub-fill-keep" : ""}
          fill={face.kind === "free" ? `url(#${uid}-free)` : (face.hue ?? undefined)}
          x={x + i * slice}
          y={y}
          width={slice}
          height={h}
          rx={faces.length === 1 ? 3 : 1}
        />
      ))}
      <rect
        class={`scrub-outline${faces.length > 0 ? " scrub-claimed" : ""}`}
        x={x}
        y={y}
        width={w}
        height={h}
        rx="3"
      />
      {name && (faces.length === 0 || named) && (
        <text class="scrub-name" x={filled < w ? x + filled + (w - filled) / 2 : x + w / 2} y={y + h / 2 + 4}>
          {name}
        </text>
      )}
      {faces.map((face, i) => (
        <text
          key={face.letter}
          class={`scrub-letter scrub-letter-${face.kind}`}
          fill={face.hue ? face.ink : undefined}
          x={x + (i + 0.5) * slice}
          y={y + h / 2 + (cell.dot && !wide ? 3.5 : 4.5)}
        >
          {face.letter}
        </text>
      ))}
    </>
  );
}

function Port({ port, cell }: { port: PortBox; cell: Cell }) {
  const { store, actions } = useApp();
  const receiver = store.receiver.value;
  const owner = cell.id;
  const active =
    receiver !== null &&
    receiver.name === port.name &&
    (receiver.claim ? receiver.claim.components.includes(owner) : owner === ROOT);
  const pad = 0.5;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a pointer target; U, E and the tree's buttons reach the same
    <g
      class={`scrub-port scrub-port-${port.name}${active ? " scrub-active" : ""}`}
      data-testid={owner === ROOT ? "port-logits" : `port-${port.id}`}
      data-port={port.id}
      data-owner={owner}
      data-name={port.name}
      onClick={(e) => {
        e.stopPropagation();
        actions.clickPort(owner, port.name);
      }}
    >
      <rect class="scrub-hit" x={port.x} y={port.y - 2} width={port.w} height={port.h + 10} />
      <rect class="scrub-port-box" x={port.x + pad} y={port.y} width={port.w - 2 * pad} height={port.h} rx="1.5" />
      {port.w >= 10 && port.name !== "in" && (
        <text class="scrub-port-text" x={port.x + port.w / 2} y={port.y + port.h / 2 + 3.2}>
          {port.name}
        </text>
      )}
      <line
        class={`scrub-port-line scrub-dash-${port.name}`}
        x1={port.x + 2}
        x2={port.x + port.w - 2}
        y1={port.y + port.h}
        y2={port.y + port.h}
      />
    </g>
  );
}

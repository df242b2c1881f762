/** What the glyph under the pointer or the focus is. */
import { useApp } from "../app";
import { componentWords } from "../graph";
import { claimsOf, pathWords, ROOT, underOf, upstreamProblem } from "../hypothesis";
import type { MapLayout } from "../layout";
import { ruleFace } from "../rules";
import { fixed, percentBounds } from "../text";
import { onScreen } from "../zoom";
import { Swatch } from "./Swatch";

/** How exactly the parts of a rewrite make up what they replace. */
function Agreement({ part }: { part: string }) {
  const { store } = useApp();
  const found = store.graph.value?.rewrites.find((r) => r.parts.includes(part));
  if (!found) return null;
  return (
    <div class="scrub-muted">
      One of {found.parts.length} parts that together are {found.component}; largest difference{" "}
      {found.error === 0 ? "0" : found.error.toExponential(0).replace("e-", " × 10^−")} of its size
    </div>
  );
}

const QUESTIONS: Record<string, string> = {
  free: "With it resampled",
  keep: "With it kept",
  rule: "With it under the searched rule",
};

/** What the shown search measured of it. */
function Effect({ component }: { component: string }) {
  const { map, store } = useApp();
  const search = map.search.value;
  const mark = map.look(component).value.mark;
  if (!search || !mark) return null;
  const cell = search.cells.find((c) => c.effect.value === mark.effect);
  const points = fixed(mark.effect * 100, 1);
  const old = search.rev < (store.state.value?.rev ?? 0) ? " Measured before the last edit." : "";
  return (
    <div class="scrub-muted">
      {QUESTIONS[search.question] ?? "Changed"}, loss recovered moves by {mark.effect > 0 ? "+" : ""}
      {points} points {cell ? percentBounds(cell.effect) : ""}
      {mark.sure ? "" : ", within noise"}.{old}
    </div>
  );
}

export function Tip({ layout }: { layout: MapLayout }) {
  const { store, ui, map } = useApp();
  const id = ui.tip.value;
  const cell = id ? layout.cells.get(id) : undefined;
  const index = store.index.value;
  if (!cell || !index || ui.choices.value.length > 0 || map.menu.value || cell.kind === "fold") return null;
  const claims = claimsOf(store.state.value?.claims ?? [], cell.id);
  const rules = store.task.value?.rules ?? [];
  const receiver = ui.drawing.value ?? store.receiver.value;
  const problem = receiver && cell.id !== ROOT ? upstreamProblem(receiver, cell.id) : null;
  const own = receiver?.claim?.components.includes(cell.id);
  // While an edge is drawn, what lies further down is where it may go.
  const above = ui.drawing.value !== null;
  const below = above ? cell.y - 10 : cell.y + cell.h + (cell.ports[0]?.h ?? 0) + 10;
  const { left, top } = onScreen(map.window.value, layout, cell.x + cell.w / 2, below);
  return (
    <div
      class="scrub-tip"
      data-testid="tip"
      style={{ left: `${left}%`, top: `${top}%`, transform: `translate(-${left}%, ${above ? -100 : 0}%)` }}
    >
      <div>
        <strong>{componentWords(index, cell.id)}</strong> <code>{cell.id}</code>
      </div>
      <Agreement part={cell.id} />
      {cell.id === ROOT && <div class="scrub-muted">Click: new claims go under the output</div>}
      {cell.id !== ROOT && claims.length === 0 && (
        <div class="scrub-muted">Unclaimed: takes its value from a random input</div>
      )}
      <Effect component={cell.id} />
      {claims.map((claim) => (
        <div key={claim.id} class="scrub-tip-claim">
          <Swatch face={ruleFace(rules, claim.rule)} /> {claim.name && <b>{claim.name}</b>} {claim.rule}
          <span class="scrub-muted">under {pathWords(underOf(claim))}</span>
        </div>
      ))}
      {problem && !own && <div class="scrub-tip-problem">{problem}</div>}
    </div>
  );
}

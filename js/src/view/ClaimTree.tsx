/** The hypothesis as a tree: one row for each claim, so a component claimed on two paths has two rows. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { useApp } from "../app";
import { isFunctions } from "../graph";
import { ROOT } from "../hypothesis";
import { chosenClaims, group, shareDraw } from "../labels";
import { spotClass } from "../spotlight";
import { plural } from "../text";
import { groupProblem, seenRows } from "../tree";
import { Baselines } from "./Baselines";
import { ClaimRow } from "./ClaimRow";
import { ConfirmMark } from "./Confirm";
import { treeKey } from "./treeKeys";

export function ClaimTree() {
  const app = useApp();
  const { store, ui } = app;
  const claims = store.state.value?.claims ?? [];
  const chosen = store.selection.value.claim;
  const rows = seenRows(claims, ui.folded.value);
  const visited = useSignal(ROOT);
  const seen = (id: string | null) => rows.some((r) => r.claim.id === id);
  const tabbable = seen(visited.value) ? visited.value : seen(chosen) && visited.value !== ROOT ? chosen : ROOT;
  const grid = useRef<HTMLDivElement>(null);
  // A row that is to take the focus once it is drawn: after a removal, a new name, an unfolding.
  const wanted = useRef<string | null>(null);
  const focusRow = (id: string) => {
    const row = grid.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"]`);
    wanted.current = row ? null : id;
    visited.value = id;
    row?.focus();
  };
  useEffect(() => {
    if (wanted.current !== null) focusRow(wanted.current);
  });
  const selected = new Set(chosenClaims(app).map((c) => c.id));

  return (
    <section class="scrub-tree-section" aria-label="Hypothesis">
      <div class="scrub-section-head">
        <h3>Hypothesis</h3>
        <ConfirmMark />
        <Several />
      </div>
      <div
        ref={grid}
        class="scrub-tree"
        role="treegrid"
        aria-label="Claims of the hypothesis"
        aria-multiselectable="true"
        data-testid="tree"
        data-zone="tree"
        onKeyDown={(event) => {
          const target = event.target as HTMLElement;
          const row = target.dataset.row;
          if (row && treeKey(app, { rows, focus: focusRow }, row, event)) event.preventDefault();
        }}
        onFocusCapture={(event) => {
          const row = (event.target as HTMLElement).closest<HTMLElement>("[data-row]")?.dataset.row;
          if (row) visited.value = row;
        }}
      >
        <div class="scrub-tree-row scrub-tree-head" role="row">
          <span role="columnheader">Claim</span>
          <span role="columnheader">What matters about its input</span>
          <span role="columnheader">Options</span>
          <span role="columnheader">Claim under</span>
        </div>
        <RootRow tabbable={tabbable === ROOT} children={claims.filter((c) => c.parent === ROOT).length} />
        {rows.map((row) => (
          <ClaimRow
            key={row.claim.id}
            row={row}
            chosen={selected.has(row.claim.id)}
            tabbable={row.claim.id === tabbable}
          />
        ))}
      </div>
      {claims.length === 0 && store.state.value && (
        <p class="scrub-prompt" data-testid="empty">
          <strong>Claim your first node: click a head, then a rule.</strong> Until then every input of the logits is
          resampled, which is the 0 % baseline.
          <Baselines />
        </p>
      )}
    </section>
  );
}

function RootRow({ tabbable, children }: { tabbable: boolean; children: number }) {
  const { store, actions, ui } = useApp();
  const index = store.index.value;
  const atRoot = store.receiver.value?.path === ROOT && !store.selection.value.claim;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled once, at the tree
    <div
      class={`scrub-tree-row${atRoot ? " scrub-row-under" : ""}${spotClass(ui, ROOT)}`}
      role="row"
      aria-level={1}
      aria-posinset={1}
      aria-setsize={1}
      aria-expanded={children > 0 ? true : undefined}
      tabindex={tabbable ? 0 : -1}
      data-row={ROOT}
      data-testid="tree-row-logits"
      onFocus={() => {
        ui.focus.value = ROOT;
      }}
      onClick={() => actions.selectNode(ROOT)}
    >
      <span role="gridcell" class="scrub-claim-name">
        <strong>{index && isFunctions(index.graph) ? "output" : "logits"}</strong>
      </span>
      <span role="gridcell" class="scrub-muted scrub-span">
        the output, judged on the reference input
      </span>
    </div>
  );
}

/** What can be done with several selected claims together. */
function Several() {
  const app = useApp();
  const claims = chosenClaims(app);
  if (claims.length < 2 || app.store.readOnly) return null;
  const problem = groupProblem(claims);
  const [first] = claims;
  const shared = first?.share !== null && claims.every((c) => c.share === first?.share);
  return (
    <span class="scrub-several" data-testid="several">
      <span class="scrub-muted">{plural(claims.length, "claim")} selected</span>
      <button
        type="button"
        class="scrub-button scrub-small"
        data-testid="group-claims"
        // Not `disabled`: the reason must be within reach of the keyboard.
        aria-disabled={problem !== null}
        title={problem ?? "One claim over all of them: they take their values from the same input"}
        onClick={() => group(app, claims)}
      >
        Group
      </button>
      <button
        type="button"
        class="scrub-button scrub-small"
        data-testid="share-claims"
        title={
          shared
            ? "Each takes its value from an input of its own again"
            : "They stay claims of their own, each with its rule, but draw the same input"
        }
        onClick={() => shareDraw(app, claims)}
      >
        {shared ? "Own draws" : "Share one draw"}
      </button>
    </span>
  );
}

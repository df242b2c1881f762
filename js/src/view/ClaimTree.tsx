/** The hypothesis as a tree: one row for each claim, so a component claimed on two paths has two rows. */
import { useApp } from "../app";
import { componentWords, isFunctions, portWord } from "../graph";
import { groupWords, positionsText, ROOT, receiversOf, type TreeRow, treeRows } from "../hypothesis";
import { ruleFace } from "../rules";
import { spotClass } from "../spotlight";
import { doubtsAbout, spokenDoubts } from "../trust";
import type { Claim } from "../wire";
import { ConfirmMark } from "./Confirm";
import { Swatch } from "./Swatch";

export function ClaimTree() {
  const { store, actions, ui } = useApp();
  const claims = store.state.value?.claims ?? [];
  const chosen = store.selection.value.claim;
  const tabbable = claims.some((c) => c.id === chosen) ? chosen : ROOT;
  const index = store.index.value;
  const atRoot = store.receiver.value?.path === ROOT;
  return (
    <section class="scrub-tree-section" aria-label="Hypothesis">
      <div class="scrub-section-head">
        <h3>Hypothesis</h3>
        <ConfirmMark />
      </div>
      <div class="scrub-tree" role="treegrid" aria-label="Claims of the hypothesis" data-testid="tree" data-zone="tree">
        <div class="scrub-tree-row scrub-tree-head" role="row">
          <span role="columnheader">Claim</span>
          <span role="columnheader">What matters about its input</span>
          <span role="columnheader">Options</span>
          <span role="columnheader">Claim under</span>
        </div>
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled once, at the root */}
        <div
          class={`scrub-tree-row${atRoot && !chosen ? " scrub-row-under" : ""}${spotClass(ui, ROOT)}`}
          role="row"
          aria-level={1}
          tabindex={tabbable === ROOT ? 0 : -1}
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
        {treeRows(claims).map((row) => (
          <Row key={row.claim.id} row={row} chosen={row.claim.id === chosen} tabbable={row.claim.id === tabbable} />
        ))}
      </div>
      {claims.length === 0 && store.state.value && (
        <p class="scrub-prompt" data-testid="empty">
          <strong>Claim your first node: click a head, then a rule.</strong> Until then every input of the logits is
          resampled, which is the 0 % baseline.
        </p>
      )}
    </section>
  );
}

function Row({ row, chosen, tabbable }: { row: TreeRow; chosen: boolean; tabbable: boolean }) {
  const { store, actions, ui } = useApp();
  const { claim } = row;
  const task = store.task.value;
  const index = store.index.value;
  const error = store.status.value?.error;
  const broken = error?.where === claim.id ? error.message : null;
  const doubts = doubtsAbout(store, [claim]);
  if (!index) return null;
  const spoken = claim.components.map((c) => componentWords(index, c)).join(" and ");
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled once, at the root
    <div
      class={`scrub-tree-row${chosen ? " scrub-row-chosen" : ""}${spotClass(ui, claim.id)}`}
      role="row"
      aria-level={row.depth}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      aria-expanded={row.children > 0 ? true : undefined}
      aria-selected={chosen}
      aria-label={`${spoken}${claim.port ? `, through the ${portWord(claim.port)}` : ""}, rule ${claim.rule}${broken ? `, error: ${broken}` : ""}${spokenDoubts(doubts)}`}
      tabindex={tabbable ? 0 : -1}
      style={{ "--scrub-depth": row.depth - 1 }}
      data-row={claim.id}
      data-testid={`tree-row-${claim.id}`}
      onClick={() => actions.selectClaim(claim)}
      onFocus={() => {
        const [first] = claim.components;
        if (first && index.components.has(first)) ui.focus.value = first;
      }}
    >
      <span role="gridcell" class="scrub-claim-name">
        <span class="scrub-elbow" aria-hidden="true" />
        {claim.port && <span class={`scrub-port-tag scrub-tag-${claim.port}`}>{claim.port}</span>}
        <strong>{groupWords(claim.components)}</strong>
      </span>
      <span role="gridcell" class="scrub-claim-rule">
        <Swatch face={ruleFace(task?.rules ?? [], claim.rule)} />
        {claim.rule}
      </span>
      <span role="gridcell" class="scrub-tags">
        <Tags claim={claim} />
        {doubts.map((doubt) => (
          <span
            key={doubt.name}
            class={`scrub-tag scrub-tag-${doubt.severity}`}
            data-testid={`row-guard-${claim.id}`}
            title={`${doubt.evidence} ${doubt.advice}`}
          >
            <span class="scrub-row-corner" aria-hidden="true">
              {doubt.severity === "warning" ? "!" : "i"}
            </span>
            {doubt.name}
          </span>
        ))}
      </span>
      <span role="gridcell" class="scrub-row-buttons">
        <Places claim={claim} tabbable={tabbable} />
        {!store.readOnly && (
          <button
            type="button"
            class="scrub-mini scrub-remove"
            data-testid={`remove-${claim.id}`}
            tabindex={tabbable ? 0 : -1}
            aria-label={`Remove the claim ${spoken}${row.children ? " and what stands under it" : ""}`}
            title={row.children ? "Remove, with what stands under it" : "Remove"}
            onClick={(e) => {
              e.stopPropagation();
              actions.remove([claim.id]);
            }}
          >
            ✕
          </button>
        )}
      </span>
      {broken && (
        <span role="gridcell" class="scrub-row-error">
          <b aria-hidden="true">▲</b> {broken}
        </span>
      )}
    </div>
  );
}

function Tags({ claim }: { claim: Claim }) {
  const where = positionsText(claim.positions);
  return (
    <>
      {claim.paths === "all" && <span class="scrub-tag">all paths</span>}
      {where && <span class="scrub-tag">at {where}</span>}
      {claim.components.length > 1 && <span class="scrub-tag">one draw</span>}
      {claim.share && <span class="scrub-tag">draw {claim.share}</span>}
    </>
  );
}

/** The ports of a claim, each as a button that makes it the place for new claims. */
function Places({ claim, tabbable }: { claim: Claim; tabbable: boolean }) {
  const { store, actions } = useApp();
  const index = store.index.value;
  if (!index || store.readOnly) return null;
  return (
    <>
      {receiversOf(index, claim).map((r) => (
        <button
          key={r.path}
          type="button"
          class={`scrub-mini${store.receiver.value?.path === r.path ? " scrub-active" : ""}`}
          data-testid={`under-${r.path}`}
          tabindex={tabbable ? 0 : -1}
          aria-pressed={store.receiver.value?.path === r.path}
          aria-label={`${r.port || "in"}: new claims go under the ${portWord(r.name)} of this claim`}
          title={`Put new claims under its ${portWord(r.name)}`}
          onClick={(e) => {
            e.stopPropagation();
            actions.setReceiver(r);
          }}
        >
          {r.port || "in"}
        </button>
      ))}
    </>
  );
}

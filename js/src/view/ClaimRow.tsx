/** One claim in the tree: its name, its rule, its options, and the places under it. */
import { useApp } from "../app";
import { componentWords, portWord } from "../graph";
import { groupWords, positionsText, receiversOf } from "../hypothesis";
import { label, toggleRow } from "../labels";
import { ruleFace } from "../rules";
import { spotClass } from "../spotlight";
import { plural } from "../text";
import type { SeenRow } from "../tree";
import { doubtsAbout, spokenDoubts } from "../trust";
import type { Claim } from "../wire";
import { Swatch } from "./Swatch";
import { fold } from "./treeKeys";

type Props = { row: SeenRow; chosen: boolean; tabbable: boolean };

export function ClaimRow({ row, chosen, tabbable }: Props) {
  const app = useApp();
  const { store, actions, ui } = app;
  const { claim } = row;
  const task = store.task.value;
  const index = store.index.value;
  const error = store.status.value?.error;
  const broken = error?.where === claim.id ? error.message : null;
  const doubts = doubtsAbout(store, [claim]);
  const [first] = claim.components;
  if (!index) return null;
  const spoken = claim.components.map((c) => componentWords(index, c)).join(" and ");
  const hovered =
    ui.tip.value !== null && claim.components.includes(index.ports.get(ui.tip.value)?.owner ?? ui.tip.value);
  const saying = [
    claim.name ? `${claim.name}: ${spoken}` : spoken,
    claim.port ? `through the ${portWord(claim.port)}` : "",
    `rule ${claim.rule}`,
    row.hidden > 0 ? `${plural(row.hidden, "claim")} folded away` : "",
    claim.note ? `note: ${claim.note}` : "",
    broken ? `error: ${broken}` : "",
  ].filter(Boolean);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled once, at the tree
    <div
      class={`scrub-tree-row${chosen ? " scrub-row-chosen" : ""}${hovered ? " scrub-row-hovered" : ""}${spotClass(ui, claim.id)}`}
      role="row"
      aria-level={row.depth}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      aria-expanded={row.children > 0 ? !ui.folded.value.has(claim.id) : undefined}
      aria-selected={chosen}
      aria-label={`${saying.join(", ")}${spokenDoubts(doubts)}`}
      tabindex={tabbable ? 0 : -1}
      style={{ "--scrub-depth": row.depth - 1 }}
      data-row={claim.id}
      data-testid={`tree-row-${claim.id}`}
      onClick={(e) => {
        if (e.ctrlKey || e.metaKey || e.shiftKey) toggleRow(app, claim);
        else actions.selectClaim(claim);
      }}
      onDblClick={() => {
        if (!store.readOnly) ui.naming.value = claim.id;
      }}
      onFocus={() => {
        if (first && index.components.has(first)) ui.focus.value = first;
      }}
      onPointerEnter={() => {
        ui.tip.value = first && index.components.has(first) ? first : null;
      }}
      onPointerLeave={() => {
        ui.tip.value = null;
      }}
    >
      <span role="gridcell" class="scrub-claim-name">
        <Fold row={row} />
        {claim.port && <span class={`scrub-port-tag scrub-tag-${claim.port}`}>{claim.port}</span>}
        <Name claim={claim} />
        {row.hidden > 0 && (
          <button
            type="button"
            class="scrub-hidden-count"
            data-testid={`hidden-${claim.id}`}
            tabindex={-1}
            title="Show them"
            onClick={(e) => {
              e.stopPropagation();
              fold(app, claim.id, false);
            }}
          >
            {row.hidden} hidden
          </button>
        )}
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

/** Opens and closes what stands under a claim; a line to the claim above where nothing does. */
function Fold({ row }: { row: SeenRow }) {
  const app = useApp();
  const { id } = row.claim;
  const closed = app.ui.folded.value.has(id);
  if (row.children === 0) return <span class="scrub-elbow" aria-hidden="true" />;
  return (
    <button
      type="button"
      class="scrub-tree-fold"
      data-testid={`fold-${id}`}
      tabindex={-1}
      aria-label={closed ? "Show what stands under it" : "Fold what stands under it"}
      title={closed ? "Show what stands under it (→)" : "Fold what stands under it (←)"}
      onClick={(e) => {
        e.stopPropagation();
        fold(app, id, !closed);
      }}
    >
      {closed ? "▸" : "▾"}
    </button>
  );
}

/** What a person calls it before what it is; a field while it is being named. */
function Name({ claim }: { claim: Claim }) {
  const app = useApp();
  const { ui } = app;
  const words = groupWords(claim.components);
  if (ui.naming.value === claim.id) return <NameField claim={claim} />;
  return (
    <span class="scrub-named">
      <strong>{claim.name || words}</strong>
      {claim.name && <span class="scrub-muted"> {words}</span>}
      {claim.note && (
        <span class="scrub-note-mark" title={claim.note} aria-hidden="true" data-testid={`note-mark-${claim.id}`}>
          ¶
        </span>
      )}
    </span>
  );
}

function NameField({ claim }: { claim: Claim }) {
  const app = useApp();
  const end = () => {
    app.ui.naming.value = null;
  };
  return (
    <input
      class="scrub-name-field"
      data-testid="name-field"
      aria-label={`Name of ${groupWords(claim.components)}`}
      placeholder={groupWords(claim.components)}
      defaultValue={claim.name}
      maxLength={80}
      ref={(node) => {
        if (node && node.ownerDocument.activeElement !== node) {
          node.focus();
          node.select();
        }
      }}
      onClick={(e) => e.stopPropagation()}
      onDblClick={(e) => e.stopPropagation()}
      onKeyDown={(e) => {
        if (e.key !== "Enter" && e.key !== "Escape") return;
        e.preventDefault();
        const row = e.currentTarget.closest<HTMLElement>("[data-row]");
        if (e.key === "Enter") label(app, claim, { name: e.currentTarget.value });
        end();
        row?.focus();
      }}
      onBlur={(e) => {
        // Enter and Esc have ended it already.
        if (app.ui.naming.value !== claim.id) return;
        label(app, claim, { name: e.currentTarget.value });
        end();
      }}
    />
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

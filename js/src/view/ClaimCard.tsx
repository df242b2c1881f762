/** The selected claim and its options. */
import { useApp } from "../app";
import { portWord } from "../graph";
import { parsePositions, pathWords, positionsText, receiversOf, WHOLE_INPUT } from "../hypothesis";
import { label, ungroup } from "../labels";
import { ruleFace } from "../rules";
import type { Claim, Paths } from "../wire";
import { SuggestRules } from "./SuggestRules";
import { Swatch } from "./Swatch";

const PATHS: [Paths, string, string][] = [
  ["direct", "direct edge", "Only what this component writes, read by this port"],
  ["all", "all paths", "Also what later unclaimed components make of it"],
];

export function ClaimCard({ claim }: { claim: Claim }) {
  const app = useApp();
  const { store, actions, ui } = app;
  const task = store.task.value;
  const off = store.readOnly;
  // A refused change leaves the claim as it was; reading the notice draws the fields again with the values that hold.
  store.notice.value;
  if (!task) return null;
  const roles = Object.keys(task.roles);

  const setPositions = (input: HTMLInputElement) => {
    const parsed = parsePositions(input.value, roles);
    if (parsed.ok) actions.change(claim.id, { positions: parsed.value ?? null });
    else {
      actions.say("error", parsed.message);
      input.value = positionsText(claim.positions);
    }
  };

  return (
    <section class="scrub-card" aria-label="Selected claim" data-testid="claim-card">
      <div class="scrub-card-head">
        <Swatch face={ruleFace(task.rules, claim.rule)} />
        <span>
          {claim.name && (
            <>
              <strong>{claim.name}</strong>
              <br />
            </>
          )}
          {claim.name ? <span>{pathWords(claim.id)}</span> : <strong>{pathWords(claim.id)}</strong>}
          <br />
          <span class="scrub-muted">{claim.rule}</span>
        </span>
        {!off && claim.components.length > 1 && (
          <button
            type="button"
            class="scrub-link"
            data-testid="ungroup"
            title="One claim for each of them, with this rule and what stands under it"
            onClick={() => ungroup(app, claim)}
          >
            ungroup
          </button>
        )}
        {!off && (
          <span class="scrub-inline">
            {task.n_pos > 1 && claim.positions === null && (
              <button
                type="button"
                class="scrub-link"
                data-testid="claim-split"
                title="One claim for each of several positions or roles"
                onClick={() => {
                  ui.panel.value = "positions";
                }}
              >
                split by position…
              </button>
            )}
            <button
              type="button"
              class="scrub-link"
              data-testid="claim-remove"
              onClick={() => actions.remove([claim.id])}
            >
              remove
            </button>
          </span>
        )}
      </div>
      <Inside claim={claim} />
      {!claim.components.includes(WHOLE_INPUT) && <SuggestRules claim={claim} />}
      <Labels claim={claim} />
      <div class="scrub-card-fields">
        {!claim.components.includes(WHOLE_INPUT) && (
          <div class="scrub-segments" role="group" aria-label="Paths">
            {PATHS.map(([value, label, title]) => (
              <button
                key={value}
                type="button"
                class="scrub-segment"
                data-testid={`paths-${value}`}
                aria-pressed={claim.paths === value}
                disabled={off}
                title={title}
                onClick={() => {
                  if (claim.paths !== value) actions.change(claim.id, { paths: value });
                }}
              >
                {label}
              </button>
            ))}
          </div>
        )}
        {task.n_pos > 1 && (
          <label class="scrub-field">
            <span>positions</span>
            <input
              data-testid="positions"
              value={positionsText(claim.positions)}
              placeholder="everywhere"
              title={`Indices such as 4, 5${roles.length > 0 ? `, or a role: ${roles.join(", ")}` : ""}; empty for everywhere`}
              disabled={off}
              onChange={(e) => setPositions(e.currentTarget)}
            />
          </label>
        )}
        <label class="scrub-field">
          <span>share a draw as</span>
          <input
            data-testid="share"
            value={claim.share ?? ""}
            placeholder="own draw"
            title="Claims with the same name here take their values from the same input"
            disabled={off}
            onChange={(e) => actions.change(claim.id, { share: e.currentTarget.value.trim() || null })}
          />
        </label>
      </div>
    </section>
  );
}

/** Name and note. They are kept with the claim, and change no number. */
function Labels({ claim }: { claim: Claim }) {
  const app = useApp();
  const off = app.store.readOnly;
  if (off && !claim.note) return null;
  return (
    <div class="scrub-labels">
      {!off && (
        <label class="scrub-field">
          <span>name</span>
          <input
            data-testid="claim-name"
            key={`${claim.id}-name`}
            value={claim.name}
            maxLength={80}
            placeholder="what you call it"
            title="Shown in the tree, the exports and the history; it changes no number (F2 in the tree)"
            onChange={(e) => label(app, claim, { name: e.currentTarget.value })}
          />
        </label>
      )}
      <label class="scrub-field">
        <span>note</span>
        <textarea
          data-testid="claim-note"
          key={`${claim.id}-note`}
          rows={claim.note ? 3 : 1}
          value={claim.note}
          maxLength={4000}
          readOnly={off}
          placeholder="what you think it does, and why"
          onChange={(e) => label(app, claim, { note: e.currentTarget.value })}
        />
      </label>
    </div>
  );
}

/** What happens to the claim's own input, and the way to say more about it. */
function Inside({ claim }: { claim: Claim }) {
  const { store, actions } = useApp();
  const index = store.index.value;
  const claims = store.state.value?.claims ?? [];
  if (!index) return null;
  const ports = receiversOf(index, claim);
  const interior = claims.some((c) => c.parent === claim.id);
  return (
    <div class="scrub-row scrub-muted">
      <span>
        {interior
          ? "Recomputed from its ports; what is not claimed there is resampled."
          : "Takes its value whole from an input of the same class."}
      </span>
      {ports.length > 0 && !store.readOnly && (
        <span class="scrub-inline">
          {interior ? "Claim more under" : "To say what feeds it, claim under"}
          {ports.map((r) => (
            <button key={r.path} type="button" class="scrub-mini" onClick={() => actions.setReceiver(r)}>
              {portWord(r.name)}
            </button>
          ))}
        </span>
      )}
    </div>
  );
}

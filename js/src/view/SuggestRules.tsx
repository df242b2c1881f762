/** Other rules in a claim's place: what each keeps, what it costs, and the coarsest that costs nothing. */
import { useApp } from "../app";
import { ruleFace } from "../rules";
import { pointBounds, points } from "../search";
import { fixed, plural } from "../text";
import type { Claim, Suggestion } from "../wire";
import { Swatch } from "./Swatch";

export function SuggestRules({ claim }: { claim: Claim }) {
  const { store, actions } = useApp();
  const shown = store.suggestion.value;
  const ours = shown?.claim === claim.id ? shown : null;
  const stale = ours !== null && ours.rev < (store.state.value?.rev ?? 0);
  const busy = ours?.running ?? false;
  if (store.readOnly && !ours) return null;
  return (
    <div class="scrub-suggest" data-testid="suggest" data-running={busy} data-stale={stale}>
      {!store.readOnly && (
        <button
          type="button"
          class="scrub-link"
          data-testid="suggest-run"
          disabled={busy}
          title="Tries each rule of the palette in this claim’s place, on the same draws"
          onClick={() => actions.suggestRules(claim.id)}
        >
          coarsest rule that costs nothing…
        </button>
      )}
      {ours && busy && (
        <span class="scrub-muted scrub-number">
          {" "}
          {ours.done} of {ours.total || "?"} rules · {ours.message}
        </span>
      )}
      {ours && !busy && ours.message !== "done" && <p class="scrub-muted">{ours.message}</p>}
      {ours?.sentence && <p data-testid="suggest-sentence">{ours.sentence}</p>}
      {stale && <p class="scrub-stale-note">Stale: tried before the last edit.</p>}
      {ours && ours.rules.length > 0 && <Rules suggestion={ours} claim={claim} />}
    </div>
  );
}

function Rules({ suggestion, claim }: { suggestion: Suggestion; claim: Claim }) {
  const { store } = useApp();
  const rules = suggestion.rules.filter((r) => r.best || r.rule === suggestion.coarsest || r.rule === claim.rule);
  const others = suggestion.rules.filter((r) => !rules.includes(r));
  const most = Math.max(1, ...suggestion.rules.map((r) => r.bits));
  const rows = (all: Suggestion["rules"]) => (
    <ul class="scrub-suggested" aria-label="Rules from coarse to fine">
      {all.map((r) => (
        <li key={r.rule} class="scrub-suggested-row">
          <Pick rule={r.rule} suggestion={suggestion} now={r.rule === claim.rule} />
          <span class="scrub-number scrub-suggested-bits" title="What the rule keeps of the input">
            <i aria-hidden="true" style={{ width: `${(100 * r.bits) / most}%` }} />
            <span>{fixed(r.bits, 1)} bits</span>
          </span>
          <span class="scrub-number" title="Loss recovered that is missing to “same input”, in points">
            <b>{r.cost.value === null ? "–" : points(-r.cost.value)}</b>{" "}
            <span class="scrub-muted">
              {pointBounds({
                value: null,
                low: r.cost.high === null ? null : -r.cost.high,
                high: r.cost.low === null ? null : -r.cost.low,
              })}
            </span>
          </span>
        </li>
      ))}
    </ul>
  );
  return (
    <>
      <p class="scrub-muted">
        Bits kept, and points of loss recovered beside <em>same input</em>
        {store.readOnly ? "" : "; a click gives the claim that rule"}:
      </p>
      {rows(rules)}
      {others.length > 0 && (
        <details class="scrub-muted">
          <summary>{plural(others.length, "rule")} that keep more for no more</summary>
          {rows(others)}
        </details>
      )}
    </>
  );
}

function Pick({ rule, suggestion, now }: { rule: string; suggestion: Suggestion; now: boolean }) {
  const { store, actions } = useApp();
  const face = ruleFace(store.task.value?.rules ?? [], rule);
  const coarsest = rule === suggestion.coarsest;
  return (
    <button
      type="button"
      class="scrub-suggested-rule"
      data-testid={`suggest-${rule}`}
      aria-pressed={now}
      disabled={store.readOnly || suggestion.running}
      onClick={() => actions.takeRule(suggestion.claims, rule)}
    >
      <Swatch face={face} />
      <span>
        {rule}
        {coarsest && <strong> · coarsest</strong>}
        {now && <span class="scrub-muted"> · now</span>}
      </span>
    </button>
  );
}

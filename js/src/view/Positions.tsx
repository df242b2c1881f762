/** The strip of token positions above the map: what the selected claim covers, and a way to choose it. */
import { useRef, useState } from "preact/hooks";
import { useApp } from "../app";
import { pathWords } from "../hypothesis";
import { chosen, coveredBy, folded, rolesAt, toggled } from "../positions";
import { visible } from "../text";
import type { Positions as Where } from "../wire";

export function Positions() {
  const { store, ui, samples, actions } = useApp();
  const list = useRef<HTMLDivElement>(null);
  const [focus, setFocus] = useState<number | null>(null);
  const [whole, setWhole] = useState(false);
  const task = store.task.value;
  if (!task || task.n_pos < 2) return null;
  const sample = samples.shown.value?.sample ?? null;
  const tokens = sample && sample.tokens.length === task.n_pos ? sample.tokens : null;
  const claim = store.state.value?.claims.find((c) => c.id === store.selection.value.claim) ?? null;
  const covered = claim ? coveredBy(claim, task, sample) : null;
  const slice = ui.position.value;
  const around = covered?.[0] ?? slice ?? task.n_pos - 1;
  const [from, to] = whole ? [0, task.n_pos] : folded(task.n_pos, around);
  const tabbable = focus !== null && focus >= from && focus < to ? focus : Math.min(Math.max(around, from), to - 1);

  const put = (positions: Where) => {
    if (claim && !store.readOnly) actions.change(claim.id, { positions });
  };
  const pick = (p: number, add: boolean) => {
    setFocus(p);
    if (claim) put(add ? toggled(covered, p) : chosen(covered, p));
    else ui.position.value = slice === p ? null : p;
  };
  const move = (event: KeyboardEvent) => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const goal = event.key === "Home" ? from : event.key === "End" ? to - 1 : tabbable + by;
    if (by === 0 && event.key !== "Home" && event.key !== "End") return;
    event.preventDefault();
    const next = Math.min(Math.max(goal, from), to - 1);
    setFocus(next);
    list.current?.querySelector<HTMLElement>(`[data-position="${next}"]`)?.focus();
  };
  const roles = Object.keys(task.roles);
  return (
    <section class="scrub-places" aria-label="Positions" data-testid="strip">
      <div class="scrub-places-head">
        <span class="scrub-label">Positions</span>
        <span class="scrub-muted" data-testid="positions-words">
          {claim
            ? `${pathWords(claim.id)}: ${covered === null ? "everywhere" : claimWords(claim.positions, covered)}`
            : slice === null
              ? tokens
                ? `tokens of example ${sample?.example}; select a claim to choose where it holds`
                : "select a claim to choose where it holds"
              : `charts are cut down to position ${slice}`}
        </span>
        {roles.map((role) => (
          <button
            key={role}
            type="button"
            class={`scrub-mini${claim?.positions === role ? " scrub-active" : ""}`}
            data-testid={`role-${role}`}
            aria-pressed={claim?.positions === role}
            disabled={!claim || store.readOnly}
            title={`${role}: position ${task.roles[role]?.join(", ")}`}
            onClick={() => put(claim?.positions === role ? null : role)}
          >
            {role}
          </button>
        ))}
        {claim && covered !== null && !store.readOnly && (
          <button type="button" class="scrub-link" data-testid="positions-all" onClick={() => put(null)}>
            everywhere
          </button>
        )}
      </div>
      <div class="scrub-places-row" role="group" aria-label="Token positions" ref={list} onKeyDown={move}>
        {from > 0 && <Folded n={from} open={() => setWhole(true)} />}
        {Array.from({ length: to - from }, (_, i) => {
          const p = from + i;
          const on = claim ? covered === null || covered.includes(p) : slice === p;
          const names = rolesAt(task, p);
          return (
            <button
              key={p}
              type="button"
              class={`scrub-places-cell${on ? " scrub-places-on" : ""}${claim && covered === null ? " scrub-places-all" : ""}`}
              data-testid={`position-${p}`}
              data-position={p}
              tabindex={p === tabbable ? 0 : -1}
              aria-pressed={on}
              title={`position ${p}${names.length > 0 ? ` · ${names.join(", ")}` : ""}${claim ? "; Shift adds or takes away" : ""}`}
              onFocus={() => setFocus(p)}
              onClick={(e) => pick(p, e.shiftKey)}
            >
              <span class="scrub-places-token">{tokens ? visible(tokens[p] ?? "") : "·"}</span>
              <span class="scrub-hidden">, position </span>
              <span class="scrub-places-number">{p}</span>
              {names.length > 0 && <span class="scrub-hidden">, {names.join(", ")}</span>}
            </button>
          );
        })}
        {to < task.n_pos && <Folded n={task.n_pos - to} open={() => setWhole(true)} />}
      </div>
    </section>
  );
}

function claimWords(positions: Where, covered: number[]): string {
  const where = `position${covered.length === 1 ? "" : "s"} ${covered.join(", ")}`;
  return typeof positions === "string" ? `${positions} (${where})` : where;
}

/** What is folded says so, and opens on a click. */
function Folded({ n, open }: { n: number; open: () => void }) {
  return (
    <button type="button" class="scrub-mini scrub-amber" data-testid="positions-folded" onClick={open}>
      … {n} more
    </button>
  );
}

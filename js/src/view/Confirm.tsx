/** Explore, then confirm: the button, the sentence beside the explored number, and what was confirmed so far. */
import { useApp } from "../app";
import { pathWords } from "../hypothesis";
import { percent, percentBounds, plural } from "../text";
import { confirmedWords } from "../trust";
import type { Confirm } from "../wire";

const EXPLAINED =
  "Measure this hypothesis once on inputs that exploring never touched. Trying many hypotheses and keeping the best " +
  "makes its number too good; the held-out inputs do not know about the tries.";

function titleOf(confirm: Confirm): string {
  const present = confirm.present === null ? undefined : confirm.recorded[confirm.present];
  if (present) return `Done once: ${confirmedWords(present)}. There is no second number.`;
  return confirm.problem ? `Not possible: ${confirm.problem}` : EXPLAINED;
}

export function ConfirmButton() {
  const { store, actions } = useApp();
  const confirm = store.confirm.value;
  if (!confirm) return null;
  const stopped = confirm.problem !== null && confirm.present === null;
  const word = confirm.running ? "Confirming…" : confirm.present !== null ? "Confirmed" : "Confirm";
  return (
    <button
      type="button"
      class="scrub-button"
      data-testid="confirm"
      disabled={store.readOnly || confirm.running}
      // Not `disabled`: the reason must be within reach of the keyboard.
      aria-disabled={stopped}
      title={titleOf(confirm)}
      onClick={() => {
        if (stopped && confirm.problem) actions.say("info", confirm.problem);
        else actions.confirm();
      }}
    >
      {word}
    </button>
  );
}

/** The confirmed number, or why the explored one stands alone. */
export function ConfirmLine() {
  const { store } = useApp();
  const confirm = store.confirm.value;
  if (!confirm) return null;
  const present = confirm.present === null ? undefined : confirm.recorded[confirm.present];
  if (present)
    return (
      <span class="scrub-confirmed" data-testid="confirmed" data-state="done">
        <span aria-hidden="true">◆ </span>
        {confirmedWords(present)}
      </span>
    );
  if (confirm.running)
    return (
      <span class="scrub-muted" data-testid="confirmed" data-state="running">
        confirming on held-out inputs…
      </span>
    );
  if (confirm.recorded.length === 0) return null;
  return (
    <span class="scrub-muted" data-testid="confirmed" data-state="other">
      <span aria-hidden="true">◇ </span>
      not confirmed as it stands: what was confirmed is another hypothesis
    </span>
  );
}

/** A mark beside the hypothesis. */
export function ConfirmMark() {
  const { store } = useApp();
  const confirm = store.confirm.value;
  const present = confirm?.present === null ? undefined : confirm?.recorded[confirm.present];
  if (!present) return null;
  return (
    <span class="scrub-tag" data-testid="confirmed-mark" title={confirmedWords(present)}>
      <span aria-hidden="true">◆</span> confirmed
    </span>
  );
}

/** In the result panel: the tries, and every confirmation with its own count. */
export function Confirmations() {
  const { store } = useApp();
  const confirm = store.confirm.value;
  if (!confirm) return null;
  const { recorded, present, tries, held_out } = confirm;
  return (
    <section class="scrub-card" aria-label="Explore, then confirm" data-testid="confirmations">
      <h3>Explore, then confirm</h3>
      <p class="scrub-muted">
        {plural(tries, "different hypothesis was", "different hypotheses were")} tried on the explored inputs
        {held_out ? "" : "; no inputs are held out (held_out=0.25 of Task keeps some)"}
        {held_out && recorded.length === 0 ? "; the held-out inputs wait for the one you choose" : ""}.
      </p>
      {recorded.length > 0 && (
        <table class="scrub-table scrub-numbers">
          <thead>
            <tr>
              <th scope="col">hypothesis</th>
              <th scope="col">confirmed</th>
              <th scope="col">interval</th>
              <th scope="col">tries</th>
            </tr>
          </thead>
          <tbody>
            {recorded.map((c, i) => (
              <tr key={c.key} data-testid={`confirmation-${i}`}>
                <th scope="row" title={c.claims.map(pathWords).join("\n")}>
                  {i === present ? "◆ the present one" : `${plural(c.claims.length, "claim")} (edit ${c.rev})`}
                </th>
                <td>{percent(c.recovered.value)}</td>
                <td class="scrub-nowrap">{percentBounds(c.recovered)}</td>
                <td>{c.tries}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

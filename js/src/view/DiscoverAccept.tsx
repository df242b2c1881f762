/** What can be done with a discovery: cancel, resume, take over, then confirm on held-out inputs. */
import { useApp } from "../app";
import { fresh, standing } from "../discover";
import { plural } from "../text";
import { confirmedWords } from "../trust";
import type { Discovery } from "../wire";

export function DiscoverAccept({ found }: { found: Discovery }) {
  const { store, actions } = useApp();
  const stand = standing(found);
  const claims = fresh(found).length;
  if (store.readOnly) return null;
  const button = (name: string, words: string, act: () => void, primary = false) => (
    <button
      type="button"
      class={`scrub-button${primary ? " scrub-primary" : ""}`}
      data-testid={`discover-${name}`}
      onClick={act}
    >
      {words}
    </button>
  );
  if (stand === "running")
    return <div class="scrub-row">{button("cancel", "Cancel", () => actions.doDiscovery("cancel"))}</div>;
  const acceptable = claims > 0 && !found.present;
  const replaced = found.asked.present ? 0 : (store.state.value?.claims.length ?? 0);
  return (
    <>
      <div class="scrub-row">
        {(stand === "stopped" || stand === "failed") &&
          button("resume", "Resume", () => actions.doDiscovery("resume"), true)}
        {acceptable &&
          button(
            "accept",
            stand === "found" ? "Accept" : "Accept so far",
            () => actions.doDiscovery("accept"),
            stand === "found",
          )}
        {found.present && <Confirmed />}
        {button("again", "New…", () => actions.setDiscover({ again: true }))}
      </div>
      {acceptable && (
        <p class="scrub-muted">
          Makes {claims === 1 ? "this claim" : `these ${plural(claims, "claim")}`} the hypothesis, as one undo step
          {replaced > 0 && `, instead of the ${plural(replaced, "claim")} there`}. Then it can be confirmed on inputs
          that none of this has touched.
        </p>
      )}
      {stand === "nothing" && (
        <p class="scrub-muted">
          No sender costs more than the threshold beyond noise. Raise the samples, or lower the threshold.
        </p>
      )}
    </>
  );
}

/** The hypothesis is what was found: measured once on held-out inputs, with the count of what was tried. */
function Confirmed() {
  const { store, actions } = useApp();
  const confirm = store.confirm.value;
  const present = confirm && confirm.present !== null ? confirm.recorded[confirm.present] : undefined;
  if (!confirm) return null;
  if (present)
    return (
      <span class="scrub-confirmed" data-testid="discover-confirmed" data-value={present.recovered.value ?? ""}>
        <span aria-hidden="true">◆ </span>
        {confirmedWords(present)}
      </span>
    );
  if (confirm.problem) return <span class="scrub-muted">Accepted. Not confirmed: {confirm.problem}</span>;
  return (
    <>
      <button
        type="button"
        class="scrub-button scrub-primary"
        data-testid="discover-confirm"
        disabled={confirm.running}
        onClick={() => actions.confirm()}
      >
        {confirm.running ? "Confirming…" : "Confirm on held-out inputs"}
      </button>
      <span class="scrub-muted">accepted; {plural(confirm.tries, "hypothesis", "hypotheses")} tried so far</span>
    </>
  );
}

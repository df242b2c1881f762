/** Where a new claim goes. */
import { useApp } from "../app";
import { pathWords, ROOT } from "../hypothesis";

export function Under() {
  const { store, actions } = useApp();
  const receiver = store.receiver.value;
  if (!receiver || store.readOnly) return null;
  return (
    <p class="scrub-under">
      <span class="scrub-muted">New claims go under</span>{" "}
      <strong data-testid="under" data-under={receiver.path}>
        {pathWords(receiver.path)}
      </strong>
      {receiver.path !== ROOT && (
        <button type="button" class="scrub-link" data-testid="under-reset" onClick={() => actions.selectNode(ROOT)}>
          back to logits
        </button>
      )}
    </p>
  );
}

/** The one polite live region: finished results, in words. */
import { useApp } from "../app";
import { spokenResult } from "../text";

export function Live() {
  const { store } = useApp();
  const result = store.result.value;
  const fresh = result?.complete && result.rev >= (store.state.value?.rev ?? 0);
  return (
    <div class="scrub-hidden" role="status" aria-live="polite" data-testid="live">
      {fresh ? spokenResult(result.recovered, result.n) : ""}
    </div>
  );
}

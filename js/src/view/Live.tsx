/** The one polite live region: finished results, in words. */
import { useApp } from "../app";
import { spokenResult } from "../text";
import { confirmedWords, countWords } from "../trust";

export function Live() {
  const { store } = useApp();
  const result = store.result.value;
  const fresh = result?.complete && result.rev >= (store.state.value?.rev ?? 0);
  const confirm = store.confirm.value;
  const present = confirm?.present === null ? undefined : confirm?.recorded[confirm.present];
  const said = fresh
    ? [spokenResult(result.recovered, result.n, result.seed, result.null), countWords(result.warnings)]
        .filter(Boolean)
        .join("; ")
    : "";
  return (
    <div class="scrub-hidden" role="status" aria-live="polite" data-testid="live">
      {said}
      {said && present ? `; ${confirmedWords(present)}` : ""}
    </div>
  );
}

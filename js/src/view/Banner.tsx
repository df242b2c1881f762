/** What keeps the view from being live, in a sentence: nothing where it is. */
import { useApp } from "../app";

const SAVED = {
  page: "Saved result, read-only: no kernel",
  notebook: "Last result, read-only: its kernel is gone. Run the cell again to work on it",
};
const SILENT = "The kernel does not answer (busy or gone); showing the last result";
const QUEUED = "Queued behind a running cell: the kernel answers when it ends. Showing the last result";

export function Banner() {
  const { store } = useApp();
  const saved = store.saved.value;
  const silent = store.requests.silent.value;
  if (!saved && !silent) return null;
  const silence = store.requests.waiting.value === "queued" ? QUEUED : SILENT;
  return (
    <p class={`scrub-banner${saved ? "" : " scrub-banner-warn"}`} data-testid="banner" role="note">
      {saved ? SAVED[saved] : silence}
    </p>
  );
}

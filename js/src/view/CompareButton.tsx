/** Compares the present step with the one before it; pressed while a comparison is open, it ends that. */
import { useApp } from "../app";
import { comparePrevious } from "../labels";

export function CompareButton() {
  const app = useApp();
  const { store } = app;
  const open = store.compare.value !== null;
  return (
    <button
      type="button"
      class="scrub-button"
      data-testid="compare-button"
      aria-pressed={open}
      disabled={store.readOnly || !store.history.value}
      title={
        open
          ? "End the comparison"
          : "Compare the present hypothesis with the one before it; the History tab compares any two"
      }
      onClick={() => comparePrevious(app)}
    >
      Compare
    </button>
  );
}

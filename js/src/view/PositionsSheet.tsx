/** The sheet in which a claim becomes claims at disjoint positions. */
import { useState } from "preact/hooks";
import { useApp } from "../app";
import { pathWords, selectedClaim } from "../hypothesis";
import { splitParts } from "../making";
import { Sheet } from "./Sheet";

export function PositionsSheet() {
  const { store, ui, actions } = useApp();
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState("");
  const task = store.task.value;
  const claim = selectedClaim({ claims: store.state.value?.claims ?? [], selection: store.selection.value });
  if (!claim || !task)
    return (
      <Sheet title="Split by position" name="positions">
        <p class="scrub-muted">Select a claim first, in the map or in the tree.</p>
      </Sheet>
    );
  const roles = Object.keys(task.roles);
  const split = () => {
    const parts = splitParts(typed, roles);
    if (typeof parts === "string") {
      setProblem(parts);
      return;
    }
    const close = () => {
      ui.panel.value = null;
    };
    actions.make({ op: "split_positions", claim: claim.id, parts }, close, setProblem);
  };
  return (
    <Sheet title="Split by position" name="positions">
      <form
        class="scrub-rewrite"
        onSubmit={(e) => {
          e.preventDefault();
          split();
        }}
      >
        <p>
          <strong>{pathWords(claim.id)}</strong> becomes one claim for each part, with its rule and a copy of what
          stands under it. Where no part is, the component counts as unclaimed.
        </p>
        <div class="scrub-row">
          <label class="scrub-field scrub-grow">
            <span>
              parts, apart by “;”: positions 0 to {task.n_pos - 1}
              {roles.length > 0 ? `, or the roles ${roles.join(", ")}` : ""}
            </span>
            <input
              data-testid="split-parts"
              value={typed}
              placeholder={`0-${task.n_pos - 2}; ${task.n_pos - 1}`}
              onInput={(e) => setTyped(e.currentTarget.value)}
            />
          </label>
          <button type="submit" class="scrub-button scrub-primary" data-testid="split-do">
            Split
          </button>
        </div>
        {problem && (
          <p class="scrub-note" role="alert" data-testid="split-problem">
            {problem}
          </p>
        )}
      </form>
    </Sheet>
  );
}

/** What the menu offers about writing a component as parts, and a claim as claims at single positions. */
import type { App } from "./app";
import type { MenuItem } from "./menu";
import { meant, splitOf } from "./rewriting";
import type { Claim } from "./wire";

export function makingItems(app: App, claim: Claim | null): MenuItem[] {
  const { store, ui } = app;
  const graph = store.graph.value;
  const { nodes } = store.selection.value;
  const component = graph && nodes.length === 1 ? meant(graph, nodes) : null;
  const items: MenuItem[] = [];
  if (graph && component)
    items.push({
      key: "rewrite",
      label: splitOf(graph, component) ? "Rewrite, or put together again…" : "Rewrite as direction + residual…",
      run: () => {
        ui.panel.value = "rewrite";
      },
    });
  if (claim && claim.positions === null && (store.task.value?.n_pos ?? 1) > 1)
    items.push({
      key: "split-positions",
      label: "Split by position…",
      run: () => {
        app.actions.selectClaim(claim);
        ui.panel.value = "positions";
      },
    });
  return items;
}

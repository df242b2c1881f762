/** Under the map: how much of the model is drawn, in words, and what the marks mean. */
import { useApp } from "../app";
import { allEdges, claimedEdges, countEdges } from "../importance";
import { FREE, featureFace, KEEP } from "../rules";
import { count, plural } from "../text";
import { Swatch } from "./Swatch";

export function MapFoot() {
  return (
    <div class="scrub-map-foot">
      <Count />
      <Legend />
    </div>
  );
}

/** What is not drawn is counted, always. */
function Count() {
  const { store, map, ui } = useApp();
  const index = store.index.value;
  const claims = store.state.value?.claims ?? [];
  const { nodes } = store.selection.value;
  if (!index) return null;
  const grey = map.grey.value.length;
  const some = nodes.length > 0;
  const { possible, claimed } = some
    ? countEdges(index, claims, nodes)
    : { possible: allEdges(index), claimed: claimedEdges(index, claims).size };
  const hidden = Math.max(possible - claimed - grey, 0);
  const what = nodes.length === 1 ? nodes[0] : plural(nodes.length, "component");
  const measured = store.searches.value.length > 0;
  return (
    <p
      class="scrub-muted scrub-count"
      data-testid="edge-count"
      data-possible={possible}
      data-drawn={claimed + grey}
      data-hidden={hidden}
    >
      {some ? (
        <>
          {what}: {plural(possible, "possible edge")}, {count(claimed)} claimed
          {measured ? `, ${count(grey)} in grey from the last search` : ""}; {count(hidden)} not drawn
          {measured ? "" : ": its inputs are not measured yet"}{" "}
          <button
            type="button"
            class="scrub-link"
            data-testid="to-search"
            onClick={() => {
              ui.tab.value = "search";
            }}
          >
            {measured ? "all in Search" : "Search"}
          </button>
        </>
      ) : (
        <>
          {plural(claims.length, "claim")} · {plural(hidden, "possible edge")} not claimed and not drawn
        </>
      )}
    </p>
  );
}

/** One line that reads the map; all marks are explained in the help. */
function Legend() {
  const { map, ui, store } = useApp();
  const ports = store.graph.value?.components.some((c) => c.ports.length > 1);
  return (
    <ul class="scrub-map-legend" aria-label="What the marks mean" data-testid="legend">
      <li>
        <Swatch face={featureFace(0)} /> claimed, swapped within a class
      </li>
      <li>
        <Swatch face={KEEP} /> kept
      </li>
      <li>
        <Swatch face={{ ...FREE, letter: "" }} /> hatched: resampled
      </li>
      {ports && (
        <li>
          <svg width="66" height="12" viewBox="0 0 66 12" aria-hidden="true">
            <path class="scrub-key-line" d="M2 6h16" />
            <path class="scrub-key-line scrub-dash-k" d="M25 6h16" />
            <path class="scrub-key-line scrub-dash-v" d="M48 6h16" />
          </svg>
          into q, k, v
        </li>
      )}
      {map.search.value && (
        <li>
          <MarkKey up /> helps <MarkKey up={false} /> hurts, by size
        </li>
      )}
      <li>
        <button
          type="button"
          class="scrub-link"
          data-testid="legend-more"
          onClick={() => {
            ui.panel.value = "help";
          }}
        >
          all marks and keys
        </button>
      </li>
    </ul>
  );
}

export function MarkKey({ up }: { up: boolean }) {
  return (
    <svg width="13" height="13" viewBox="0 0 13 13" class="scrub-importance scrub-importance-sure" aria-hidden="true">
      <rect width="13" height="13" rx="1" />
      <path d={up ? "M6.5 3l3.6 6.6H2.9Z" : "M6.5 10l3.6-6.6H2.9Z"} />
    </svg>
  );
}

/** Hatching, which only ever means "resampled": one direction for draws of their own, crossed for a shared one. */
import { useApp } from "../app";

const TURN = "rotate(45)";

export function Patterns() {
  const { store, uid } = useApp();
  // The first policy gives each receiver a draw of its own; the others share one.
  const policy = store.state.value?.settings.unclaimed;
  const own = policy === undefined || policy === (store.task.value?.policies[0] ?? policy);
  return (
    <defs>
      <pattern id={`${uid}-free`} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform={TURN}>
        <rect class="scrub-hatch-ground" width="5" height="5" />
        <line class="scrub-hatch-strong" x1="0" y1="0" x2="0" y2="5" />
      </pattern>
      <pattern id={`${uid}-free-shared`} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform={TURN}>
        <rect class="scrub-hatch-ground" width="6" height="6" />
        <path class="scrub-hatch-strong" d="M0 0v6M0 0h6" />
      </pattern>
      <pattern
        id={`${uid}-unclaimed`}
        data-draw={own ? "own" : "shared"}
        width="6"
        height="6"
        patternUnits="userSpaceOnUse"
        patternTransform={TURN}
      >
        <path class="scrub-hatch-light" d={own ? "M0 0v6" : "M0 0v6M0 0h6"} />
      </pattern>
    </defs>
  );
}

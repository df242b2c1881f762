/** "Find a circuit": what is asked for, how far it is, what it found, and taking that over. */
import { useApp } from "../app";
import { headline, progressWords, spoken, standing } from "../discover";
import { pathWords } from "../hypothesis";
import { count, percent, percentBounds, plural } from "../text";
import type { Discovery } from "../wire";
import { DiscoverAccept } from "./DiscoverAccept";
import { DiscoverForm } from "./DiscoverForm";
import { DiscoverTree } from "./DiscoverTree";
import { plain } from "./SearchPanel";

export function Discover() {
  const { store, ui } = useApp();
  const found = store.discovery.value;
  const asks = !store.readOnly && (!found || (ui.discover.value.again && !found.running));
  return (
    <div class="scrub-discover" data-testid="discover" data-standing={found ? standing(found) : "none"}>
      {asks ? (
        <DiscoverForm />
      ) : found ? (
        <Found found={found} />
      ) : (
        <p class="scrub-muted">No circuit was looked for.</p>
      )}
      <p class="scrub-hidden" role="status" data-testid="discover-live">
        {spoken(found)}
      </p>
    </div>
  );
}

function Found({ found }: { found: Discovery }) {
  const { ui, actions } = useApp();
  const stand = standing(found);
  const { asked, recovered } = found;
  return (
    <>
      <section class="scrub-ask" aria-label="Find a circuit">
        <h3 data-testid="discover-head">{headline[stand](found)}</h3>
        <Phases found={found} />
        <Bar found={found} />
        {found.error && (
          <p class="scrub-refusal" data-testid="discover-error">
            {found.error}
          </p>
        )}
        {found.stopped && !found.running && <p data-testid="discover-stopped">Stopped because {found.stopped}.</p>}
        <DiscoverAccept found={found} />
      </section>
      <section class="scrub-answers" aria-label="The circuit so far">
        <div class="scrub-row">
          <h3>{found.running ? "The circuit so far" : "The circuit"}</h3>
          {found.claims.length > 0 && (
            <button
              type="button"
              class="scrub-link"
              data-testid="discover-light"
              aria-pressed={ui.discover.value.lit}
              onClick={() => actions.lookDiscovery({ lit: !ui.discover.value.lit })}
            >
              {ui.discover.value.lit ? "show everything on the map" : "light it up on the map"}
            </button>
          )}
        </div>
        <p data-testid="discover-recovered" data-value={recovered?.value ?? ""}>
          {recovered ? (
            <>
              <strong>{percent(recovered.value)}</strong>{" "}
              <span class="scrub-muted scrub-number">
                {percentBounds(recovered)} recovered on the explored inputs,{" "}
              </span>
            </>
          ) : (
            <span class="scrub-muted">Nothing is measured yet; </span>
          )}
          <span class="scrub-muted scrub-number">
            n = {count(asked.samples)}, seed {found.seed}
          </span>
        </p>
        <DiscoverTree found={found} />
      </section>
      <Steps found={found} />
      <Skipped found={found} />
    </>
  );
}

const PHASES: [Discovery["phase"], string][] = [
  ["search", "Search upstream"],
  ["prune", "Leave each out"],
  ["done", "Done"],
];

/** Where it is: what is done, what is under way, what comes. */
function Phases({ found }: { found: Discovery }) {
  const at = PHASES.findIndex(([phase]) => phase === found.phase);
  return (
    <ol class="scrub-phases" data-phase={found.phase} data-testid="discover-phase">
      {PHASES.map(([phase, words], i) => (
        <li
          key={phase}
          class={i < at || found.phase === "done" ? "scrub-phase-past" : ""}
          aria-current={i === at ? "step" : undefined}
        >
          {words}
        </li>
      ))}
    </ol>
  );
}

function Bar({ found }: { found: Discovery }) {
  return (
    <div
      class="scrub-row"
      data-testid="discover-progress"
      data-done={found.done}
      data-steps={found.steps.length}
      data-running={found.running}
    >
      {found.running && (
        <progress
          class="scrub-sweeping"
          max={Math.max(found.total, found.done, 1)}
          value={found.done}
          aria-label="Finding a circuit"
        />
      )}
      <span class="scrub-muted scrub-number">
        {progressWords(found)}
        {!found.running && found.cost !== null && ` · cost: ${plain(found.cost)}`}
      </span>
      {found.running && (
        <span class="scrub-muted" data-testid="discover-message">
          {found.message}
        </span>
      )}
    </div>
  );
}

const FEW = 6;

/** Every decision as a sentence, with what was recovered after it. */
function Steps({ found }: { found: Discovery }) {
  const { ui, actions } = useApp();
  const { all } = ui.discover.value;
  const hidden = all ? 0 : Math.max(0, found.steps.length - FEW);
  if (found.steps.length === 0) return null;
  return (
    <section class="scrub-answers" aria-label="Steps">
      <h3>How it came about</h3>
      {found.steps.length > FEW && (
        <button
          type="button"
          class="scrub-link"
          data-testid="discover-all"
          onClick={() => actions.lookDiscovery({ all: !all })}
        >
          {all ? "only the last" : `${plural(hidden, "earlier step")}`}
        </button>
      )}
      <ol class="scrub-decisions" start={hidden + 1} data-testid="discover-steps">
        {found.steps.slice(hidden).map((step, i) => (
          <li key={hidden + i}>
            <span>{step.under ? step.message.replace(step.under, pathWords(step.under)) : step.message}</span>
            <span class="scrub-muted scrub-number" title="loss recovered after this step, and scrubs so far">
              {percent(step.recovered.value)} · {plural(step.scrubs, "scrub")}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** What was not looked at, by reason. */
function Skipped({ found }: { found: Discovery }) {
  const reasons = [...new Set(found.skipped.map((s) => s.why))];
  if (reasons.length === 0) return null;
  return (
    <details class="scrub-muted" data-testid="discover-skipped">
      <summary>{count(found.skipped.length)} not looked at</summary>
      <ul class="scrub-skipped">
        {reasons.map((why) => (
          <li key={why}>
            {why}:{" "}
            {found.skipped
              .filter((s) => s.why === why)
              .map((s) => pathWords(s.component))
              .join(", ")}
          </li>
        ))}
      </ul>
    </details>
  );
}

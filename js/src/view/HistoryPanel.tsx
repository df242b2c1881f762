/** Everything this session went through: a branching line of numbers, the steps in words, and two of them compared. */
import { useApp } from "../app";
import { earliest, editWords, numberWords, stepTitle } from "../history";
import { choose, mark, restore } from "../labels";
import { count, percentBounds, plural } from "../text";
import type { HistoryStep } from "../wire";
import { ComparePanel } from "./ComparePanel";
import { HistoryChart } from "./HistoryChart";

export function HistoryPanel() {
  const { store, steps } = useApp();
  const history = store.history.value;
  const known = steps.known.value;
  if (!history) return <p class="scrub-muted">No steps yet.</p>;
  const from = earliest(known, history.count);
  const shown = known.filter((s) => s.id >= from || s.name || s.id === history.at);
  return (
    <div class="scrub-results" data-testid="history">
      <ComparePanel />
      <HistoryChart steps={shown} at={history.at} />
      <section aria-label="Steps">
        <div class="scrub-section-head">
          <h3>{plural(history.count, "step")}</h3>
          <span class="scrub-muted">Click one to go back to it; nothing is ever lost.</span>
        </div>
        <ol class="scrub-steps" data-testid="steps">
          {[...shown].reverse().map((step) => (
            <StepRow key={step.id} step={step} at={history.at} />
          ))}
        </ol>
        {from > 0 && <Earlier from={from} />}
      </section>
    </div>
  );
}

function Earlier({ from }: { from: number }) {
  const { store, steps } = useApp();
  if (store.readOnly)
    return <p class="scrub-muted">{plural(from, "earlier step is", "earlier steps are")} not in this saved page.</p>;
  return (
    <button type="button" class="scrub-link" data-testid="earlier" onClick={steps.earlier}>
      {count(from)} earlier: show {from > 200 ? "200 more" : "them"}
    </button>
  );
}

function StepRow({ step, at }: { step: HistoryStep; at: number }) {
  const app = useApp();
  const { store, steps } = app;
  const here = step.id === at;
  const branch = step.parent !== null && step.parent !== step.id - 1;
  if (steps.editing.value === step.id) return <StepForm step={step} />;
  return (
    <li class={`scrub-step${here ? " scrub-step-here" : ""}`} data-testid={`step-${step.id}`}>
      <button
        type="button"
        class="scrub-step-go"
        data-testid={`restore-${step.id}`}
        aria-current={here ? "step" : undefined}
        disabled={store.readOnly}
        title={here ? "The present step" : `Go to step ${step.id}`}
        onClick={() => restore(app, step.id)}
      >
        <span class="scrub-step-id">{step.id}</span>
        <span class="scrub-step-words">
          <span class={step.name ? "scrub-step-name" : ""}>{stepTitle(step)}</span>
          {step.name && step.edit && <span class="scrub-muted"> {editWords(step)}</span>}
          {branch && <span class="scrub-tag">from step {step.parent}</span>}
          {here && <span class="scrub-tag scrub-tag-here">now</span>}
          {step.note && <span class="scrub-step-note">{step.note}</span>}
        </span>
        <span class={`scrub-step-number${step.recovered ? "" : " scrub-muted"}`}>
          {numberWords(step.recovered)}
          {step.recovered && <small>{percentBounds(step.recovered)}</small>}
        </span>
      </button>
      {!store.readOnly && (
        <span class="scrub-step-buttons">
          <Side side="a" step={step.id} />
          <Side side="b" step={step.id} />
          <button
            type="button"
            class="scrub-mini"
            data-testid={`mark-${step.id}`}
            aria-label={`Name step ${step.id}, or note something about it`}
            title="Name and note"
            onClick={() => {
              steps.editing.value = step.id;
            }}
          >
            ✎
          </button>
        </span>
      )}
    </li>
  );
}

/** Makes a step A or B of the comparison. */
function Side({ side, step }: { side: "a" | "b"; step: number }) {
  const app = useApp();
  const open = app.store.compare.value;
  const on = (open ?? app.steps.pair.value)[side] === step;
  return (
    <button
      type="button"
      class={`scrub-mini${on ? " scrub-active" : ""}`}
      data-testid={`${side}-${step}`}
      aria-pressed={on}
      aria-label={`Step ${step} as ${side.toUpperCase()} of the comparison`}
      title={`Compare: this step as ${side.toUpperCase()}`}
      onClick={() => choose(app, side, step)}
    >
      {side.toUpperCase()}
    </button>
  );
}

function StepForm({ step }: { step: HistoryStep }) {
  const app = useApp();
  const end = () => {
    app.steps.editing.value = null;
  };
  return (
    <li class="scrub-step">
      <form
        class="scrub-labels"
        data-testid={`form-${step.id}`}
        aria-label={`Name and note of step ${step.id}`}
        onSubmit={(e) => {
          e.preventDefault();
          const data = new FormData(e.currentTarget);
          mark(app, step.id, { name: String(data.get("name") ?? ""), note: String(data.get("note") ?? "") });
          end();
        }}
        onKeyDown={(e) => {
          if (e.key !== "Escape") return;
          e.preventDefault();
          end();
        }}
      >
        <label class="scrub-field">
          <span>name of step {step.id}</span>
          <input name="name" data-testid="step-name" defaultValue={step.name} maxLength={80} ref={(n) => n?.focus()} />
        </label>
        <label class="scrub-field">
          <span>note</span>
          <textarea name="note" data-testid="step-note" rows={2} maxLength={4000} defaultValue={step.note} />
        </label>
        <div class="scrub-row">
          <button type="submit" class="scrub-button scrub-primary" data-testid="step-save">
            Keep
          </button>
          <button type="button" class="scrub-button" onClick={end}>
            Leave it
          </button>
        </div>
      </form>
    </li>
  );
}

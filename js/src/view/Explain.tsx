/** "Explain this run", step by step above the map: think first, then see. */
import { useEffect, useRef } from "preact/hooks";
import { type App, useApp } from "../app";
import { type ExplainStep, explain, type Line } from "../explain";
import { shine } from "../spotlight";
import { visible } from "../text";

const MOST_TOKENS = 40;

/** Opens the seven steps on the example of the Sample tab. */
export function startExplaining(app: App): void {
  const { ui } = app;
  ui.tab.value = "sample"; // what the steps tell stands there in full
  ui.minimised.value = true;
  ui.explaining.value = { at: 0, revealed: false };
}

function stepsOf({ store, samples }: App): ExplainStep[] {
  const state = samples.shown.value;
  if (!state) return [];
  return explain({
    sample: state.sample,
    outputs: state.outputs,
    result: store.result.value,
    components: store.graph.value?.components.map((c) => c.id) ?? [],
    unit: store.task.value?.unit ?? "",
  });
}

export function Explain() {
  const app = useApp();
  return app.ui.explaining.value ? <Steps /> : null;
}

function Steps() {
  const app = useApp();
  const { ui, samples, store } = app;
  const next = useRef<HTMLButtonElement>(null);
  const place = ui.explaining.value ?? { at: 0, revealed: false };
  const steps = stepsOf(app);
  const step = steps[place.at];
  const spot = step?.spot.join(" ") ?? "";
  useEffect(() => next.current?.focus(), []);
  useEffect(() => {
    shine(ui, spot ? spot.split(" ") : null);
    return () => shine(ui, null);
  }, [ui, spot]);
  useEffect(() => {
    if (step) samples.node.value = step.node;
  }, [samples, step?.node]);
  const close = () => {
    ui.explaining.value = null;
  };
  const go = (by: number) => {
    const { at, revealed } = place;
    if (!step) return;
    if (by > 0 && !revealed) ui.explaining.value = { at, revealed: true };
    else if (at + by >= steps.length) close();
    else if (at + by >= 0) ui.explaining.value = { at: at + by, revealed: by < 0 };
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    go(by);
  };
  const shown = samples.shown.value;
  const stale = shown !== null && shown.rev < (store.state.value?.rev ?? 0);
  const last = place.at === steps.length - 1;
  return (
    <section
      class="scrub-lesson scrub-explain"
      aria-label="Explain this run"
      data-testid="explain"
      data-step={place.at}
      data-revealed={place.revealed}
      onKeyDown={onKeyDown}
    >
      <div class="scrub-lesson-head">
        <p class="scrub-lesson-title">
          <span class="scrub-lesson-name">Explain this run</span>{" "}
          {shown && (
            <span class="scrub-muted">example {shown.sample.example}; choose another one in the Sample tab</span>
          )}
        </p>
        <div class="scrub-row">
          <button
            type="button"
            class="scrub-button"
            data-testid="explain-back"
            disabled={place.at === 0}
            onClick={() => go(-1)}
          >
            Back
          </button>
          <button
            ref={next}
            type="button"
            class="scrub-button scrub-primary"
            data-testid="explain-next"
            onClick={() => go(1)}
          >
            {!place.revealed ? "Show" : last ? "Finish" : "Next"}
          </button>
          <button
            type="button"
            class="scrub-button scrub-square"
            aria-label="Close"
            data-testid="explain-close"
            onClick={close}
          >
            ✕
          </button>
        </div>
      </div>
      {stale && <p class="scrub-muted">This is the run before your last edit.</p>}
      {step ? (
        <div class="scrub-lesson-body" key={place.at}>
          <div class="scrub-lesson-read">
            <h3 data-testid="explain-title">
              {place.at + 1} of {steps.length}. {step.title}
            </h3>
            <p>{step.text}</p>
          </div>
          <div class="scrub-lesson-do">
            <p class="scrub-lesson-task">
              <span class="scrub-label">Think first: what will change?</span>
              {step.ask}
            </p>
            <div role="status" class="scrub-explain-answer" data-testid="explain-answer">
              {place.revealed && (
                <>
                  <p>{step.answer}</p>
                  {step.lines.length > 0 && (
                    <ul class="scrub-explain-lines">
                      {step.lines.map((line) => (
                        <Drawn key={`${line.who}-${line.tag}-${line.row?.id}`} line={line} />
                      ))}
                    </ul>
                  )}
                </>
              )}
            </div>
          </div>
        </div>
      ) : (
        <p class="scrub-muted">{samples.problem.value ?? "An example can be explained when the run is done."}</p>
      )}
    </section>
  );
}

function Drawn({ line }: { line: Line }) {
  const { samples } = useApp();
  const id = line.row?.id ?? "logits";
  const tokens = line.tokens.slice(-MOST_TOKENS);
  return (
    <li
      onPointerEnter={() => {
        samples.node.value = id;
      }}
    >
      <span>
        <b>{line.who}</b> ← <code data-tag={line.tag}>{line.tag}</code> <span class="scrub-muted">{line.words}</span>
      </span>
      <span class="scrub-explain-tokens">
        {line.tokens.length > tokens.length && "… "}
        {tokens.map(visible).join(" ")}
      </span>
    </li>
  );
}

/** In the top bar. */
export function ExplainButton() {
  const app = useApp();
  const { store, ui } = app;
  const open = ui.explaining.value !== null;
  const can = store.result.value?.complete && (!store.readOnly || app.samples.shown.value !== null);
  return (
    <button
      type="button"
      class="scrub-button"
      data-testid="explain-button"
      disabled={!can && !open}
      aria-expanded={open}
      title="How one example of this run was scrubbed, in seven steps"
      onClick={() => {
        if (open) ui.explaining.value = null;
        else startExplaining(app);
      }}
    >
      Explain
    </button>
  );
}

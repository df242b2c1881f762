/** The lesson that is open, above the map: where one is, what to read, what to do, what was seen. */
import { useEffect } from "preact/hooks";
import { useApp } from "../app";
import { canLearn, learn, nextWords } from "../lesson";
import { hintedIds, shine } from "../spotlight";
import type { LessonOpen } from "../wire";
import { LessonDo } from "./LessonDo";
import { LessonNotes } from "./LessonNotes";
import { LessonText } from "./LessonText";

export function Lesson() {
  const app = useApp();
  const { store, ui } = app;
  const open = store.lessons.value?.open ?? null;
  const rev = store.state.value?.rev;
  const ends = open ? hintedIds(open.step.hints).join(" ") : "";
  // What a hint lights up stays lit until something is done about it.
  useEffect(() => {
    shine(ui, ends ? ends.split(" ") : null);
  }, [ui, ends, open?.at]);
  // An edit ends it.
  useEffect(() => () => shine(ui, null), [ui, rev]);
  if (!open) return null;
  return (
    <section class="scrub-lesson" aria-label={`Lesson ${open.name}: ${open.title}`} data-testid="lesson">
      <Head open={open} />
      {!ui.minimised.value && <Body open={open} />}
    </section>
  );
}

function Head({ open }: { open: LessonOpen }) {
  const app = useApp();
  const { ui } = app;
  const small = ui.minimised.value;
  return (
    <div class="scrub-lesson-head">
      <p class="scrub-lesson-title">
        <span class="scrub-lesson-name">Lesson {open.name}</span> <strong>{open.title}</strong>
        {small && (
          <span class="scrub-muted" data-testid="lesson-place">
            {" "}
            · step {open.at + 1} of {open.rows.length}: {open.step.title}
          </span>
        )}
      </p>
      {!small && <Steps open={open} />}
      <div class="scrub-row">
        <button
          type="button"
          class="scrub-button"
          data-testid="lesson-minimise"
          aria-expanded={!small}
          onClick={() => {
            ui.minimised.value = !small;
          }}
        >
          {small ? "Show" : "Minimise"}
        </button>
        {open.can_close && (
          <button
            type="button"
            class="scrub-button"
            data-testid="lesson-close"
            disabled={!canLearn(app)}
            onClick={() => learn(app, { act: "close" })}
          >
            Close
          </button>
        )}
      </div>
    </div>
  );
}

const STATES = { open: "not seen yet", seen: "seen", done: "done" };

/** All steps: any of them can be gone to. */
function Steps({ open }: { open: LessonOpen }) {
  const app = useApp();
  return (
    <ol class="scrub-lesson-steps" aria-label="Steps of the lesson">
      {open.rows.map((row, i) => (
        <li key={row.title}>
          <button
            type="button"
            class={`scrub-lesson-dot scrub-lesson-${row.state}`}
            data-testid={`lesson-step-${i}`}
            data-state={row.state}
            aria-current={i === open.at ? "step" : undefined}
            aria-label={`Step ${i + 1}, ${row.title}: ${STATES[row.state]}`}
            title={row.title}
            disabled={!canLearn(app)}
            onClick={() => learn(app, { act: "go", step: i })}
          >
            {row.state === "done" ? "✓" : i + 1}
          </button>
        </li>
      ))}
    </ol>
  );
}

function Body({ open }: { open: LessonOpen }) {
  const app = useApp();
  const { step, at } = open;
  const last = at === open.rows.length - 1;
  const off = !canLearn(app);
  return (
    <>
      <div class="scrub-lesson-body" key={at}>
        <div class="scrub-lesson-read">
          <h3 data-testid="lesson-step-title">
            {at + 1}. {step.title}
          </h3>
          {at === 0 && (
            <p class="scrub-muted">
              <LessonText text={`${open.concept} Afterwards you can: ${lowered(open.goal)}`} />
            </p>
          )}
          {step.text.map((text) => (
            <p key={text}>
              <LessonText text={text} />
            </p>
          ))}
        </div>
        <div class="scrub-lesson-do">
          <LessonDo step={step} />
        </div>
      </div>
      <div class="scrub-lesson-foot">
        <div class="scrub-row">
          <button
            type="button"
            class="scrub-button"
            data-testid="lesson-back"
            disabled={off || at === 0}
            onClick={() => learn(app, { act: "go", step: at - 1 })}
          >
            Back
          </button>
          {!last && (
            <button
              type="button"
              class={`scrub-button${step.done || !(step.task || step.question) ? " scrub-primary" : ""}`}
              data-testid="lesson-next"
              disabled={off}
              onClick={() => learn(app, { act: "go", step: at + 1 })}
            >
              {nextWords(step)}
            </button>
          )}
          <button
            type="button"
            class="scrub-button"
            data-testid="lesson-reset"
            disabled={off}
            title="The claims of this step as they were when it began; Undo brings yours back"
            onClick={() => learn(app, { act: "reset" })}
          >
            Start this step again
          </button>
        </div>
        <LessonNotes open={open} />
      </div>
      <p class="scrub-hidden" role="status">
        Step {at + 1} of {open.rows.length}: {step.title}
      </p>
    </>
  );
}

const lowered = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1);

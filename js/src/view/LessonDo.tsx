/** What a step asks for: a question or a task, what was said to it, and the ladder of hints. */
import { useApp } from "../app";
import { canLearn, checkWords, HINT_WORDS, learn } from "../lesson";
import { shine } from "../spotlight";
import { plural } from "../text";
import type { LessonHint, LessonStep } from "../wire";
import { LessonText } from "./LessonText";

export function LessonDo({ step }: { step: LessonStep }) {
  return (
    <>
      {step.question && <Question step={step} />}
      {step.task && <Task step={step} />}
      {step.hints.length > 0 && (
        <ol class="scrub-lesson-hints" aria-label="Hints">
          {step.hints.map((hint, i) => (
            <Hint key={hint.text} hint={hint} number={i + 1} />
          ))}
        </ol>
      )}
      {step.outcome && (
        <p class="scrub-lesson-outcome" data-testid="lesson-outcome">
          <LessonText text={step.outcome} />
        </p>
      )}
    </>
  );
}

function Question({ step }: { step: LessonStep }) {
  const app = useApp();
  const asked = step.question;
  if (!asked) return null;
  return (
    <fieldset class="scrub-lesson-question">
      <legend>
        <LessonText text={asked.text} />
      </legend>
      {asked.choices.map((choice, i) => (
        <button
          key={choice}
          type="button"
          class="scrub-lesson-choice"
          data-testid={`lesson-choice-${i}`}
          aria-pressed={step.last?.choice === i}
          disabled={!canLearn(app)}
          onClick={() => learn(app, { act: "answer", choice: i })}
        >
          <span class="scrub-lesson-letter" aria-hidden="true">
            {"abcdefgh"[i]}
          </span>
          <span>
            <Plain text={choice} />
          </span>
        </button>
      ))}
      <div role="status" class="scrub-lesson-said" data-testid="lesson-feedback">
        {asked.feedback && <LessonText text={asked.feedback} />}
      </div>
      <HintButton step={step} />
    </fieldset>
  );
}

/** Inside a button no other button can stand: the marks go, the words stay. */
const Plain = ({ text }: { text: string }) => <>{text.replace(/[`*]/g, "")}</>;

function Task({ step }: { step: LessonStep }) {
  const app = useApp();
  return (
    <>
      <p class="scrub-lesson-task" data-testid="lesson-task">
        <span class="scrub-label">To do</span>
        <LessonText text={step.task} />
      </p>
      <div class="scrub-row">
        <button
          type="button"
          class={`scrub-button${step.done ? "" : " scrub-primary"}`}
          data-testid="lesson-check"
          disabled={!canLearn(app) || step.waiting}
          onClick={() => learn(app, { act: "check" })}
        >
          Check
        </button>
        <HintButton step={step} />
        {step.attempts > 0 && <span class="scrub-muted">{plural(step.attempts, "attempt")}</span>}
      </div>
      <div role="status" class="scrub-lesson-said" data-testid="lesson-feedback">
        {step.waiting ? "Waiting for the run of these claims…" : step.last ? checkWords(step.last) : ""}
      </div>
    </>
  );
}

function HintButton({ step }: { step: LessonStep }) {
  const app = useApp();
  if (!step.next_hint) return null;
  return (
    <button
      type="button"
      class="scrub-button"
      data-testid="lesson-hint"
      disabled={!canLearn(app)}
      onClick={() => learn(app, { act: "hint" })}
    >
      {HINT_WORDS[step.next_hint]}
    </button>
  );
}

function Hint({ hint, number }: { hint: LessonHint; number: number }) {
  const { ui } = useApp();
  return (
    <li data-testid={`lesson-hint-${number}`}>
      <LessonText text={hint.text} />
      {hint.spotlight.length > 0 && (
        <>
          {" "}
          <button
            type="button"
            class="scrub-link"
            aria-pressed={hint.spotlight.every((id) => ui.spotlight.value?.has(id) ?? false)}
            onClick={() => shine(ui, ui.spotlight.value ? null : hint.spotlight)}
          >
            {ui.spotlight.value ? "Show everything" : "Show the place again"}
          </button>
        </>
      )}
    </li>
  );
}

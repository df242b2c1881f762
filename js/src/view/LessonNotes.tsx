/** What was seen and what it may mean, apart from each other; and where all of it is kept. */
import { useApp } from "../app";
import { canLearn, download, learn } from "../lesson";
import type { LessonOpen } from "../wire";

const NOTES = [
  ["observation", "Observation", "What do you see? Numbers, not reasons."],
  ["interpretation", "Interpretation", "What could explain it? What would show that you are wrong?"],
] as const;

export function LessonNotes({ open }: { open: LessonOpen }) {
  const app = useApp();
  const { step } = open;
  return (
    <details class="scrub-lesson-notes" data-testid="lesson-notes">
      <summary>Notes{step.observation || step.interpretation ? " ✎" : ""} and progress</summary>
      <div class="scrub-lesson-pair">
        {NOTES.map(([part, label, prompt]) => (
          <label key={part} class="scrub-lesson-note">
            <span class="scrub-label">{label}</span>
            <textarea
              key={`${open.at}-${part}`}
              class="scrub-text"
              rows={2}
              data-testid={`lesson-${part}`}
              placeholder={prompt}
              readOnly={!canLearn(app)}
              value={step[part]}
              onChange={(e) => learn(app, { act: "note", [part]: e.currentTarget.value })}
            />
          </label>
        ))}
      </div>
      <p class="scrub-row">
        <Kept open={open} />
      </p>
    </details>
  );
}

function Kept({ open }: { open: LessonOpen }) {
  const app = useApp();
  const save = (event: MouseEvent) => {
    const page = (event.currentTarget as HTMLElement).ownerDocument;
    learn(app, { act: "progress" }, (text) => download(page, `${open.name}.progress.json`, text));
  };
  return (
    <>
      {open.problem ? (
        <span class="scrub-amber" role="alert" data-testid="lesson-problem">
          {open.problem}
        </span>
      ) : (
        <span class="scrub-muted" data-testid="lesson-saved">
          {open.saved_to ? `Progress is kept in ${open.saved_to}.` : "Progress is not kept in a file."}
        </span>
      )}
      <button type="button" class="scrub-button" data-testid="lesson-download" disabled={!canLearn(app)} onClick={save}>
        Download progress
      </button>
    </>
  );
}

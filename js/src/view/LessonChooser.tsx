/** What can be learned: the lessons about this task, and how to get to the others. */
import { useApp } from "../app";
import { canLearn, learn } from "../lesson";
import { Sheet } from "./Sheet";

export function LessonChooser() {
  return (
    <Sheet title="Lessons" name="lesson">
      <p class="scrub-muted">
        Short courses in the widget itself: each step sets up a hypothesis, and asks for an edit or an answer.
      </p>
      <Lessons />
    </Sheet>
  );
}

export function Lessons() {
  const app = useApp();
  const { store, ui } = app;
  return (
    <ul class="scrub-lesson-list">
      {(store.lessons.value?.offered ?? []).map((offer) => (
        <li key={offer.name}>
          <span>
            <b>{offer.name}</b> {offer.title}
          </span>
          {offer.needs ? (
            <span class="scrub-muted">{sentence(offer.needs)}</span>
          ) : (
            <button
              type="button"
              class="scrub-button"
              data-testid={`lesson-open-${offer.name}`}
              disabled={!canLearn(app)}
              onClick={() => {
                ui.panel.value = null;
                ui.minimised.value = false;
                learn(app, { act: "open", name: offer.name });
              }}
            >
              Begin
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

const sentence = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** A widget that was given no task: what ships, one click away, and how to bring one's own. */
import { useApp } from "../app";
import { canLearn, learn } from "../lesson";
import { Lessons } from "./LessonChooser";

export function Starters() {
  const app = useApp();
  const starters = app.store.lessons.value?.starters ?? [];
  if (app.store.graph.value || starters.length === 0) return null;
  const begin = (task: string) => {
    app.actions.say("info", "Loading the model and its data…");
    learn(app, { act: "start", task });
  };
  return (
    <section class="scrub-starters" aria-label="No task yet" data-testid="starters">
      <h3>No model yet. Begin with one that ships:</h3>
      <div class="scrub-starter-cards">
        {starters.map((starter) => (
          <button
            key={starter.task}
            type="button"
            class="scrub-starter"
            data-testid={`starter-${starter.task}`}
            disabled={!canLearn(app)}
            onClick={() => begin(starter.task)}
          >
            <strong>{starter.title}</strong>
            <span>{starter.words}</span>
          </button>
        ))}
      </div>
      <h3>Or learn by doing:</h3>
      <Lessons />
      <h3>Or bring your own:</h3>
      <p>
        Pass a task: <code>sw.ScrubWidget(sw.Task(model, tokens, loss=…))</code>. Any TransformerLens bridge and tokens
        [n, pos] will do.
      </p>
    </section>
  );
}

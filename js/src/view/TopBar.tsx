/** Title, settings and the buttons that act on the whole session. */
import { useState } from "preact/hooks";
import type { Actions } from "../actions";
import { type Panel, useApp } from "../app";
import { count } from "../text";
import { CompareButton } from "./CompareButton";
import { ConfirmButton } from "./Confirm";
import { ExplainButton } from "./Explain";
import { FullScreen } from "./FullScreen";

const SAMPLES = [64, 256, 1024, 4096];

export function TopBar() {
  const { store } = useApp();
  const graph = store.graph.value;
  const task = store.task.value;
  const waiting = (store.lessons.value?.starters.length ?? 0) > 0 ? "scrub-widgets" : "Loading the model";
  const [name, ...rest] = (graph?.title ?? waiting).split(" · ");
  const facts = [...rest, task ? `${count(task.n)} inputs` : "", task ? `loss: ${task.loss}` : ""].filter(Boolean);
  return (
    <header class="scrub-top">
      <div class="scrub-title">
        <strong>{name}</strong>
        <span>{facts.join(" · ")}</span>
      </div>
      <Settings />
      <Buttons />
    </header>
  );
}

function Settings() {
  const { store, actions } = useApp();
  const state = store.state.value;
  const task = store.task.value;
  // A refused setting leaves the state as it was; reading the notice draws the field again with the value that holds.
  store.notice.value;
  if (!state || !task) return null;
  const { samples, seed, unclaimed, baseline } = state.settings;
  const off = store.readOnly;
  return (
    <div class="scrub-settings">
      <Samples held={samples} />
      <label class="scrub-field">
        <span>seed</span>
        <input
          type="number"
          min={0}
          data-testid="seed"
          class="scrub-short"
          value={seed}
          disabled={off}
          onChange={(e) => commit(actions, e.currentTarget, "seed", 0, seed)}
        />
      </label>
      <label class="scrub-field" title="Where the inputs that no claim speaks of come from">
        <span>unclaimed inputs</span>
        <select
          data-testid="unclaimed"
          value={unclaimed}
          disabled={off}
          onChange={(e) => actions.settings({ unclaimed: e.currentTarget.value })}
        >
          {task.policies.map((p) => (
            <option key={p} value={p}>
              {p}
            </option>
          ))}
        </select>
      </label>
      <label class="scrub-field" title="What 0 % recovered means">
        <span>baseline</span>
        <select
          data-testid="baseline"
          value={baseline}
          disabled={off}
          onChange={(e) => actions.settings({ baseline: e.currentTarget.value })}
        >
          {task.baselines.map((b) => (
            <option key={b} value={b}>
              {b}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** A whole number typed by hand; what makes no sense is said and taken back. */
function commit(actions: Actions, input: HTMLInputElement, key: "samples" | "seed", least: number, held: number): void {
  const value = Number(input.value);
  if (input.value === "" || !Number.isInteger(value) || value < least) {
    actions.say("error", `${key === "seed" ? "The seed" : "Samples"}: a whole number from ${least} up.`);
    input.value = String(held);
  } else if (value !== held) actions.settings({ [key]: value });
}

/** The usual numbers to choose from; "other…" turns the list into a field. */
function Samples({ held }: { held: number }) {
  const { store, actions } = useApp();
  const [typing, setTyping] = useState(false);
  const choices = [...new Set([...SAMPLES, held])].sort((a, b) => a - b);
  if (typing)
    return (
      <label class="scrub-field">
        <span>samples</span>
        <input
          type="number"
          min={1}
          data-testid="samples-other"
          defaultValue={String(held)}
          ref={(node) => node?.focus()}
          onChange={(e) => commit(actions, e.currentTarget, "samples", 1, held)}
          onBlur={() => setTyping(false)}
          onKeyDown={(e) => {
            if (e.key === "Enter") e.currentTarget.blur();
          }}
        />
      </label>
    );
  return (
    <label class="scrub-field">
      <span>samples</span>
      <select
        data-testid="samples"
        value={String(held)}
        disabled={store.readOnly}
        onChange={(e) => {
          if (e.currentTarget.value === "other") setTyping(true);
          else actions.settings({ samples: Number(e.currentTarget.value) });
        }}
      >
        {choices.map((n) => (
          <option key={n} value={String(n)}>
            {count(n)}
          </option>
        ))}
        <option value="other">other…</option>
      </select>
    </label>
  );
}

function Buttons() {
  const { store, ui, actions } = useApp();
  const state = store.state.value;
  const off = store.readOnly || !state;
  const running = store.status.value?.phase === "running";
  const toggle = (panel: Panel) => () => {
    ui.panel.value = ui.panel.value === panel ? null : panel;
  };
  const undoes = state?.last_edit ? `Undo: ${state.last_edit}` : "Undo";
  return (
    <div class="scrub-buttons">
      <button
        type="button"
        class="scrub-button scrub-primary"
        data-testid="run"
        disabled={off}
        onClick={actions.run}
        title="Measure again (R)"
      >
        Run
      </button>
      <ConfirmButton />
      <button
        type="button"
        class="scrub-button"
        data-testid="cancel"
        disabled={off || !running}
        onClick={actions.cancel}
        title="Stop measuring (Esc)"
      >
        Cancel
      </button>
      <span class="scrub-gap" />
      <button
        type="button"
        class="scrub-button"
        data-testid="undo"
        disabled={off || !state?.can_undo}
        onClick={actions.undo}
        title={`${undoes} (Ctrl+Z)`}
      >
        Undo
      </button>
      <button
        type="button"
        class="scrub-button"
        data-testid="redo"
        disabled={off || !state?.can_redo}
        onClick={actions.redo}
        title="Redo (Ctrl+Shift+Z)"
      >
        Redo
      </button>
      <CompareButton />
      <span class="scrub-gap" />
      <button
        type="button"
        class="scrub-button"
        data-testid="export"
        disabled={off}
        aria-expanded={ui.panel.value === "export"}
        onClick={toggle("export")}
        title="Take it away: JSON, script, page, figure"
      >
        Export
      </button>
      <button
        type="button"
        class="scrub-button"
        data-testid="import"
        disabled={off}
        aria-expanded={ui.panel.value === "import"}
        onClick={toggle("import")}
        title="Load a session from JSON"
      >
        Import
      </button>
      <ExplainButton />
      <LessonButton />
      <FullScreen />
      <button
        type="button"
        class="scrub-button scrub-square"
        data-testid="help"
        aria-label="Help"
        aria-expanded={ui.panel.value === "help"}
        onClick={toggle("help")}
        title="What this is, gestures and keys (?)"
      >
        ?
      </button>
    </div>
  );
}

/** Opens the lesson that is open, or the list of those that there are. */
function LessonButton() {
  const { store, ui } = useApp();
  const open = store.lessons.value?.open ?? null;
  const shown = open ? !ui.minimised.value : ui.panel.value === "lesson";
  return (
    <button
      type="button"
      class="scrub-button"
      data-testid="lesson-button"
      disabled={store.readOnly && !open}
      aria-expanded={shown}
      onClick={() => {
        if (open) ui.minimised.value = shown;
        else ui.panel.value = shown ? null : "lesson";
      }}
      title="Learn it by doing"
    >
      Lesson
    </button>
  );
}

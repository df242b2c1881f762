/** A rewritten component, to be put together again; where its parts are not claimed alike the kernel asks for a rule. */
import { useState } from "preact/hooks";
import { useApp } from "../app";

export function Unsplit({ component, parts }: { component: string; parts: string[] }) {
  const { store, ui, actions } = useApp();
  const [question, setQuestion] = useState("");
  const claims = (store.state.value?.claims ?? []).filter((c) => c.components.some((p) => parts.includes(p)));
  const rules = [...new Set(claims.map((c) => c.rule))];
  const [rule, setRule] = useState(rules[0] ?? "");
  const done = () => {
    store.select({ nodes: [component] });
    ui.panel.value = null;
  };
  const ask = (chosen: string | null) =>
    actions.make({ op: "unsplit", component, ...(chosen !== null && { rule: chosen }) }, done, setQuestion);
  return (
    <div class="scrub-unsplit" data-testid="unsplit">
      <p>
        <strong>{component}</strong> is written as {parts.join(" + ")}.
      </p>
      {question && (
        <p class="scrub-note" role="alert" data-testid="unsplit-question">
          {question}
        </p>
      )}
      <div class="scrub-row">
        {question && rules.length > 0 && (
          <label class="scrub-field">
            <span>rule of the whole</span>
            <select data-testid="unsplit-rule" value={rule} onChange={(e) => setRule(e.currentTarget.value)}>
              {rules.map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
              <option value="">no claim: remove them</option>
            </select>
          </label>
        )}
        <button
          type="button"
          class="scrub-button"
          data-testid="unsplit-do"
          onClick={() => ask(question && rules.length > 0 ? rule : null)}
        >
          Put {component} together again
        </button>
      </div>
    </div>
  );
}

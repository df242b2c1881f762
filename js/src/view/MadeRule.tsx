/** A rule that was made here: another name for it, or away with it; the kernel refuses while a claim uses it. */
import { useState } from "preact/hooks";
import { useApp } from "../app";

export function MadeRule({ name }: { name: string }) {
  const { actions } = useApp();
  const [to, setTo] = useState<string | null>(null);
  if (to === null)
    return (
      <span class="scrub-inline">
        <button type="button" class="scrub-link" data-testid="rule-rename" onClick={() => setTo(name)}>
          rename
        </button>
        <button
          type="button"
          class="scrub-link"
          data-testid="rule-drop"
          onClick={() => actions.make({ op: "drop_rule", name })}
        >
          delete
        </button>
      </span>
    );
  const rename = () => {
    if (to.trim() && to !== name) actions.make({ op: "rename_rule", name, to: to.trim() });
    setTo(null);
  };
  return (
    <form
      class="scrub-inline"
      onSubmit={(e) => {
        e.preventDefault();
        rename();
      }}
    >
      <input
        class="scrub-bin-name"
        data-testid="rule-new-name"
        aria-label={`New name of the rule ${name}`}
        value={to}
        onInput={(e) => setTo(e.currentTarget.value)}
      />
      <button type="submit" class="scrub-mini">
        ok
      </button>
    </form>
  );
}

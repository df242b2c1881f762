/** What to doubt about the number above: warnings before notes, each with its evidence and what to do. */
import { useState } from "preact/hooks";
import { useApp } from "../app";
import { pathWords } from "../hypothesis";
import { plural } from "../text";
import { countWords, slug } from "../trust";
import type { Result, Warning } from "../wire";

/** As many as this are always in sight; beyond it, notes wait behind a button. Warnings never do. */
const ALL_SHOWN = 3;

export function Warnings({ result }: { result: Result }) {
  const [more, setMore] = useState(false);
  const { warnings } = result;
  if (warnings.length === 0) return null;
  const notes = warnings.filter((w) => w.severity === "note");
  const fold = warnings.length > ALL_SHOWN && notes.length > 0;
  const shown = fold && !more ? warnings.filter((w) => w.severity === "warning") : warnings;
  return (
    <section class="scrub-doubts" aria-label={`What to doubt: ${countWords(warnings)}`} data-testid="doubts">
      <ul>
        {shown.map((warning) => (
          <Doubt key={`${warning.name} ${warning.where}`} warning={warning} />
        ))}
      </ul>
      {fold && (
        <button
          type="button"
          class="scrub-link"
          aria-expanded={more}
          data-testid="doubts-more"
          onClick={() => setMore(!more)}
        >
          {more ? "fewer" : `and ${plural(notes.length, "note")}`}
        </button>
      )}
    </section>
  );
}

/** Advice longer than this takes more than its line. */
const LONG = 90;

function Doubt({ warning }: { warning: Warning }) {
  const { store, actions } = useApp();
  const [open, setOpen] = useState(false);
  const { name, severity, evidence, advice, where } = warning;
  const claim = store.state.value?.claims.find((c) => c.id === where);
  const long = advice.length > LONG;
  return (
    <li class={`scrub-doubt scrub-doubt-${severity}`} data-testid={`guard-${slug(name)}`} data-severity={severity}>
      <span>
        <b class="scrub-doubt-name">
          <span class="scrub-doubt-mark" aria-hidden="true">
            {severity === "warning" ? "!" : "i"}
          </span>
          <span class="scrub-hidden">{severity}: </span>
          {name}:
        </b>{" "}
        {evidence}{" "}
        {claim && (
          <button type="button" class="scrub-link" onClick={() => actions.selectClaim(claim)}>
            {pathWords(claim.id)}
          </button>
        )}
      </span>
      <span class={`scrub-advice${long && !open ? " scrub-advice-folded" : ""}`}>
        <span class="scrub-advice-text">
          <b>What to do:</b> {advice}
        </span>
        {long && (
          <button type="button" class="scrub-link" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? "less" : "more"}
          </button>
        )}
      </span>
    </li>
  );
}

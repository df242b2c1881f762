/** Two steps against each other: the paired difference, in words whether it is noise, and what the trees claim otherwise. */
import { useApp } from "../app";
import { changeWords, pointBounds, points } from "../compare";
import { numberWords, stepTitle } from "../history";
import { pathWords } from "../hypothesis";
import { closeComparison } from "../labels";
import { ruleFace } from "../rules";
import { covering } from "../scale";
import { count, percentBounds } from "../text";
import type { ClaimChange, Compare, Interval } from "../wire";
import { Swatch } from "./Swatch";

export function ComparePanel() {
  const app = useApp();
  const { store, actions } = app;
  const compare = store.compare.value;
  if (!compare) return null;
  return (
    <section class="scrub-compare" aria-label="Comparison" data-testid="compare" data-state={stateOf(compare)}>
      <div class="scrub-section-head">
        <h3>
          Step {compare.a} against step {compare.b}
        </h3>
        {!store.readOnly && (
          <span class="scrub-compare-buttons">
            {compare.running && (
              <button type="button" class="scrub-link" data-testid="compare-cancel" onClick={actions.cancel}>
                cancel
              </button>
            )}
            <button type="button" class="scrub-link" data-testid="compare-close" onClick={() => closeComparison(app)}>
              close
            </button>
          </span>
        )}
      </div>
      <Sides compare={compare} />
      <Difference compare={compare} />
      {compare.notes.map((note) => (
        <p key={note} class="scrub-note" data-testid="compare-note">
          {note}
        </p>
      ))}
      <Diff compare={compare} />
      {compare.changes.length > 0 && (
        <p class="scrub-muted">In the map, the left half of a glyph is A and the right half B.</p>
      )}
    </section>
  );
}

const stateOf = (compare: Compare): string =>
  compare.running ? "running" : compare.within_noise === null ? "none" : compare.within_noise ? "within" : "beyond";

function Sides({ compare }: { compare: Compare }) {
  const { steps } = useApp();
  const rows: ["A" | "B", number, Interval | null][] = [
    ["A", compare.a, compare.first],
    ["B", compare.b, compare.second],
  ];
  return (
    <table class="scrub-table scrub-sides">
      <tbody>
        {rows.map(([letter, id, number]) => {
          const step = steps.known.value.find((s) => s.id === id);
          const own = number ?? (compare.running ? null : (step?.recovered ?? null));
          return (
            <tr key={letter}>
              <th scope="row">
                <b class="scrub-side">{letter}</b> step {id}
                {step && `: ${stepTitle(step)}`}
              </th>
              <td>{compare.running && !own ? "…" : numberWords(own)}</td>
              <td class="scrub-nowrap">{own ? percentBounds(own) : ""}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Difference({ compare }: { compare: Compare }) {
  const { difference } = compare;
  if (compare.running)
    return (
      <p class="scrub-muted" role="status">
        Measuring both on the same samples…
      </p>
    );
  if (!difference || difference.value === null)
    return (
      <p data-testid="compare-words" role="status">
        {compare.problem || compare.words}
      </p>
    );
  return (
    <div>
      <p role="status" data-testid="compare-words">
        B − A: <strong class="scrub-nowrap">{points(difference.value)}</strong>{" "}
        <span class="scrub-nowrap">{pointBounds(difference)}</span>; <strong>{compare.words}</strong>.
      </p>
      <Bar difference={difference} />
      <p class="scrub-muted">
        Loss recovered, paired on the same {count(compare.samples)} samples; 95 % interval, measured on explored inputs.
      </p>
    </div>
  );
}

/** The interval of the difference beside zero. */
function Bar({ difference }: { difference: Interval }) {
  const { value, low, high } = difference;
  if (value === null || low === null || high === null) return null;
  const x = covering([0, low, high], 0.18);
  return (
    <div class="scrub-difference" aria-hidden="true">
      <svg viewBox="0 0 100 28" preserveAspectRatio="none" aria-hidden="true">
        <line class="scrub-axis-line" x1="0" x2="100" y1="20" y2="20" />
        <line class="scrub-anchor" x1={x.at(0)} x2={x.at(0)} y1="2" y2="25" />
        <line class="scrub-whisker-line" x1={x.at(low)} x2={x.at(high)} y1="11" y2="11" />
        <line class="scrub-whisker-line" x1={x.at(low)} x2={x.at(low)} y1="6" y2="16" />
        <line class="scrub-whisker-line" x1={x.at(high)} x2={x.at(high)} y1="6" y2="16" />
      </svg>
      <span class="scrub-difference-dot" style={{ left: `${x.at(value)}%` }} />
      <span class="scrub-difference-zero" style={{ left: `${x.at(0)}%` }}>
        no difference
      </span>
    </div>
  );
}

const SIGNS = { "+": "only in B", "-": "only in A", "~": "changed" } as const;

function Diff({ compare }: { compare: Compare }) {
  return (
    <div data-testid="diff">
      <p class="scrub-label">{changeWords(compare)}</p>
      <ul class="scrub-diff">
        {compare.changes.map((change) => {
          const claim = change.after ?? change.before;
          return claim && <DiffRow key={`${change.sign}${claim.id}`} change={change} claim={claim} />;
        })}
      </ul>
    </div>
  );
}

function DiffRow({ change, claim }: { change: ClaimChange; claim: NonNullable<ClaimChange["after"]> }) {
  const { store, actions } = useApp();
  const rules = store.task.value?.rules ?? [];
  const here = store.state.value?.claims.find((c) => c.id === claim.id);
  const { before, after } = change;
  return (
    <li class="scrub-diff-row" data-sign={change.sign} data-testid={`diff-${claim.id}`}>
      <span class="scrub-diff-sign" aria-hidden="true">
        {change.sign === "-" ? "−" : change.sign}
      </span>
      <span class="scrub-hidden">{SIGNS[change.sign]}: </span>
      <span class="scrub-diff-words">
        {here ? (
          <button type="button" class="scrub-link" onClick={() => actions.selectClaim(here)}>
            {pathWords(claim.id)}
          </button>
        ) : (
          <span>{pathWords(claim.id)}</span>
        )}
        <span class="scrub-diff-what">
          {before && after && before.rule !== after.rule ? (
            <>
              <Swatch face={ruleFace(rules, before.rule)} /> → <Swatch face={ruleFace(rules, after.rule)} />
            </>
          ) : (
            <Swatch face={ruleFace(rules, claim.rule)} />
          )}
          {change.what.length > 0 ? change.what.join(", ") : claim.rule}
        </span>
      </span>
    </li>
  );
}

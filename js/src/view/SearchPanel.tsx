/** The Search tab: a question about every sender of a port, its answers as they come, and what to accept of them. */
import { useApp } from "../app";
import { claimsUnder, groupWords, pathWords, receiversOf } from "../hypothesis";
import { answering, asked, asksOf, candidateName, costUpTo, crumbs, places, stale, told } from "../search";
import { count, fixed, percent, plural } from "../text";
import type { Search } from "../wire";
import { Discover } from "./Discover";
import { SearchAccept } from "./SearchAccept";
import { SearchAsk } from "./SearchAsk";
import { SearchList } from "./SearchList";
import { SearchMap } from "./SearchMap";

/** While a search runs, its progress on the tab. */
export function SearchBadge() {
  const { store } = useApp();
  const running = store.searches.value.find((s) => s.running) ?? store.discovery.value;
  if (!running?.running) return null;
  return (
    <span class="scrub-search-badge scrub-number">
      {running.done}/{running.total}
      <span class="scrub-hidden"> measured</span>
    </span>
  );
}

export function SearchPanel() {
  const { ui, actions } = useApp();
  const { way } = ui.search.value;
  return (
    <>
      <div class="scrub-segments scrub-search-ways" role="group" aria-label="What to search for">
        {WAYS.map(([key, words]) => (
          <button
            key={key}
            type="button"
            class="scrub-segment"
            data-testid={`search-way-${key}`}
            aria-pressed={way === key}
            onClick={() => actions.setSearch({ way: key })}
          >
            {words}
          </button>
        ))}
      </div>
      {way === "circuit" ? <Discover /> : <OnePort />}
    </>
  );
}

const WAYS = [
  ["port", "Ask one port"],
  ["circuit", "Find a circuit"],
] as const;

function OnePort() {
  const { store, ui } = useApp();
  const form = ui.search.value;
  const now = asked(store, form);
  if (!now || !store.index.value) return <p class="scrub-muted">Waiting for the model…</p>;
  const search = answering(store.searches.value, now.question);
  return (
    <div class="scrub-search" data-testid="search" data-under={now.receiver.path}>
      <Way path={now.receiver.path} />
      <SearchAsk
        receiver={now.receiver}
        asks={asksOf(store, store.index.value, now.receiver, form.each)}
        search={search}
      />
      {search && <Answers search={search} />}
      {search && search.cells.length > 0 && !store.readOnly && <SearchAccept search={search} />}
      <Upstream path={now.receiver.path} />
      <Spoken search={search} />
    </div>
  );
}

/** Where this is on the way upstream, and what getting here has cost. */
function Way({ path }: { path: string }) {
  const { store, actions } = useApp();
  const steps = crumbs(path);
  const known = new Set(places(store).map((r) => r.path));
  const cost = costUpTo(store.searches.value, path);
  if (steps.length < 2) return null;
  return (
    <nav class="scrub-way" aria-label="Way upstream" data-testid="search-way">
      {steps.map((step, i) => {
        const name = step.slice(step.lastIndexOf(">") + 1);
        const last = i === steps.length - 1;
        return (
          <span key={step}>
            {i > 0 && <span aria-hidden="true"> ▸ </span>}
            {last || !known.has(step) ? (
              <strong aria-current={last ? "location" : undefined}>{name}</strong>
            ) : (
              <button type="button" class="scrub-link" onClick={() => actions.setSearch({ under: step, chosen: [] })}>
                {name}
              </button>
            )}
          </span>
        );
      })}
      <span class="scrub-muted scrub-number">
        depth {steps.length - 1}
        {cost > 0 && ` · cost so far: ${plain(cost)}`}
      </span>
    </nav>
  );
}

export const plain = (cost: number): string =>
  `${fixed(cost, cost < 10 ? 1 : 0)} plain forward ${fixed(cost, 1) === "1.0" ? "pass" : "passes"}`;

function Answers({ search }: { search: Search }) {
  const { store, ui } = useApp();
  const form = ui.search.value;
  const old = stale(search, store.state.value?.rev ?? 0);
  const resolved = search.cells.some((c) => c.effect.value !== null);
  const found = search.cells.filter(told).length;
  return (
    <section class="scrub-answers" data-testid="search-answers" data-stale={old} data-running={search.running}>
      <h3>Change of loss recovered, in points</h3>
      <p class="scrub-muted">
        {search.before && <>Before: {percent(search.before.value)} recovered. </>}n = {count(search.samples)}
        {search.samples < search.full &&
          (search.exact > 0
            ? ` (an estimate), the best ${search.exact} with all ${count(search.full)}`
            : ` of ${count(search.full)}: an estimate`)}
        , seed {search.seed}.{!search.running && search.cost > 0 && ` Cost: ${plain(search.cost)}.`}
      </p>
      {old && (
        <p class="scrub-stale-note" data-testid="search-stale">
          Stale: measured before the last edit. Run it again for the present hypothesis.
        </p>
      )}
      {!resolved && search.cells.length > 0 && (
        <p data-testid="search-unresolved">
          The baseline cannot be told from the model, so there is no scale for an effect: raise samples, or take a task
          that the model does.
        </p>
      )}
      {resolved && found === 0 && !search.running && (
        <p data-testid="search-empty">Nothing beyond noise at n = {count(search.samples)}, raise samples.</p>
      )}
      <Views />
      {form.table ? <Table search={search} /> : <SearchMap search={search} />}
      {!form.table && search.cells.length > 0 && <SearchList search={search} />}
      {search.skipped.length > 0 && <Skipped search={search} />}
    </section>
  );
}

/** How the answers are drawn. */
function Views() {
  const { ui, actions } = useApp();
  const form = ui.search.value;
  return (
    <p class="scrub-row scrub-views">
      <button
        type="button"
        class="scrub-link"
        data-testid="search-flip"
        aria-pressed={form.flipped}
        onClick={() => actions.setSearch({ flipped: !form.flipped })}
      >
        layer 0 {form.flipped ? "at the bottom" : "on top"}
      </button>
      <button
        type="button"
        class="scrub-link"
        data-testid="search-colours"
        onClick={() => actions.setSearch({ colours: form.colours === "RdBu" ? "PuOr" : "RdBu" })}
      >
        {form.colours === "RdBu" ? "orange–purple" : "red–blue"}
      </button>
      <button
        type="button"
        class="scrub-link"
        data-testid="search-table"
        aria-pressed={form.table}
        onClick={() => actions.setSearch({ table: !form.table })}
      >
        {form.table ? "map" : "table"}
      </button>
    </p>
  );
}

function Skipped({ search }: { search: Search }) {
  const [first] = search.skipped;
  return (
    <details class="scrub-muted">
      <summary>
        {plural(search.skipped.length, "sender")} not asked
        {search.skipped.every((s) => s.why === first?.why) && `: ${first?.why}`}
      </summary>
      <ul>
        {search.skipped.map((s) => (
          <li key={s.component}>
            {candidateName(s.component)}: {s.why}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Table({ search }: { search: Search }) {
  const cell = (v: number | null) => (v === null ? "–" : fixed(100 * v, 2));
  return (
    <div class="scrub-scroll">
      <table class="scrub-table" data-testid="search-numbers">
        <thead>
          <tr>
            {["sender", "change, points", "low", "high", "q", "noise", "samples"].map((h) => (
              <th key={h} scope="col">
                {h}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {search.cells.map((c) => (
            <tr key={c.component}>
              <th scope="row">{candidateName(c.component)}</th>
              <td>{cell(c.effect.value)}</td>
              <td>{cell(c.effect.low)}</td>
              <td>{cell(c.effect.high)}</td>
              <td>{c.q < 0.001 ? "< 0.001" : fixed(c.q, 3)}</td>
              <td>{told(c) ? "beyond" : c.beyond_noise ? "q too large" : "within"}</td>
              <td>{count(c.exact ? search.full : search.samples)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The claims of this port, whose own ports can be searched next. */
function Upstream({ path }: { path: string }) {
  const { store, actions } = useApp();
  const index = store.index.value;
  const claims = store.state.value?.claims ?? [];
  if (!index || store.readOnly) return null;
  const rows = claimsUnder(claims, path).flatMap((claim) => {
    const ports = receiversOf(index, claim).filter((r) => r.senders.size > 0);
    return ports.length > 0 ? [{ claim, ports }] : [];
  });
  if (rows.length === 0) return null;
  return (
    <section class="scrub-upstream" aria-label="Expand upstream">
      <h3>Expand upstream</h3>
      <ul>
        {rows.map(({ claim, ports }) => (
          <li key={claim.id} class="scrub-row">
            <span>{groupWords(claim.components)}</span>
            {ports.map((r) => (
              <button
                key={r.path}
                type="button"
                class="scrub-button scrub-slim"
                data-testid={`search-expand-${r.path}`}
                title={`Who sends to ${pathWords(r.path)}, and what does each of them do?`}
                onClick={() => actions.search(r.path)}
              >
                {r.port || "input"}
                <span class="scrub-hidden"> of {pathWords(claim.id)}</span>
              </button>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The end of a search, for a screen reader. */
function Spoken({ search }: { search: Search | null }) {
  const found = search?.cells.filter(told).length ?? 0;
  const text =
    !search || search.running || search.cells.length === 0
      ? ""
      : `Search ${search.message}: ${search.cells.length} of ${search.total} measured, ${found} beyond noise`;
  return (
    <p class="scrub-hidden" role="status" data-testid="search-live">
      {text}
    </p>
  );
}

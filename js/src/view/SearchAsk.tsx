/** The question as a sentence with menus, its budget, and Run or Cancel. */
import type { ComponentChildren } from "preact";
import { useApp } from "../app";
import type { Receiver } from "../hypothesis";
import { hasHeads, meaning, passSamples, type SearchForm } from "../search";
import { count, plural } from "../text";
import type { Search } from "../wire";
import { PortOptions } from "./PortOptions";

const EACH: [SearchForm["each"], string][] = [
  ["component", "sender"],
  ["head", "head"],
  ["mlp", "MLP"],
  ["q", "head’s query (q)"],
  ["k", "head’s key (k)"],
  ["v", "head’s value (v)"],
  ["qkv", "head’s q, k and v"],
  ["part", "part of a component"],
  ["position", "token position"],
];

type Props = { receiver: Receiver; asks: number; search: Search | null };

export function SearchAsk({ receiver, asks, search }: Props) {
  const { store, ui } = useApp();
  const form = ui.search.value;
  return (
    <form
      class="scrub-ask"
      aria-label="What to ask"
      onSubmit={(event) => {
        event.preventDefault();
      }}
    >
      <Sentence receiver={receiver} />
      <p class="scrub-muted">{meaning(store, form, receiver)}</p>
      {!store.readOnly && <Budget asks={asks} />}
      {!store.readOnly && <Buttons asks={asks} search={search} />}
    </form>
  );
}

function Sentence({ receiver }: { receiver: Receiver }) {
  const { store, ui, actions } = useApp();
  const form = ui.search.value;
  const rules = store.task.value?.rules ?? [];
  const index = store.index.value;
  const kinds = index && hasHeads(index) ? EACH : EACH.slice(0, 1);
  const offered: { [each: string]: boolean } = {
    mlp: store.graph.value?.has_mlp ?? false,
    part: index?.graph.components.some((c) => c.part !== null) ?? false,
    position: (store.task.value?.n_pos ?? 0) > 1,
  };
  const act = form.question === "rule" ? `rule ${form.rule ?? rules[0]?.name ?? ""}` : form.question;
  return (
    <p class="scrub-sentence">
      If I{" "}
      <Menu
        name="question"
        label="What is done"
        value={act}
        onPick={(v) => {
          const rule = v.startsWith("rule ") ? v.slice(5) : null;
          actions.setSearch({ question: rule !== null ? "rule" : v === "keep" ? "keep" : "free", rule, chosen: [] });
        }}
      >
        <option value="free">free</option>
        <option value="keep">keep</option>
        <optgroup label="claim, with the rule">
          {rules.slice(1).map((r) => (
            <option key={r.name} value={`rule ${r.name}`}>
              claim as “{r.name}”
            </option>
          ))}
        </optgroup>
      </Menu>{" "}
      each{" "}
      <Menu
        name="each"
        label="To what"
        value={form.each}
        onPick={(v) => actions.setSearch({ each: v as SearchForm["each"], chosen: [] })}
      >
        {kinds
          .filter(([key]) => offered[key] ?? true)
          .map(([key, label]) => (
            <option key={key} value={key}>
              {label}
            </option>
          ))}
      </Menu>{" "}
      under{" "}
      <Menu
        name="under"
        label="Under which port"
        value={receiver.path}
        onPick={(under) => actions.setSearch({ under, chosen: [] })}
      >
        <PortOptions />
      </Menu>
      , how does loss recovered change, given the current hypothesis?
    </p>
  );
}

type MenuProps = {
  name: string;
  label: string;
  value: string;
  onPick: (value: string) => void;
  children: ComponentChildren;
};

function Menu({ name, label, value, onPick, children }: MenuProps) {
  const { store } = useApp();
  return (
    <select
      class="scrub-word"
      aria-label={label}
      data-testid={`search-${name}`}
      value={value}
      disabled={store.readOnly}
      onChange={(e) => onPick(e.currentTarget.value)}
    >
      {children}
    </select>
  );
}

function Budget({ asks }: { asks: number }) {
  const { store, ui, actions } = useApp();
  const full = store.state.value?.settings.samples ?? 0;
  const form = ui.search.value;
  const samples = passSamples(form, full);
  const whole = (text: string, least: number, most: number): number | null => {
    const value = Number(text);
    return Number.isInteger(value) && value >= least ? Math.min(value, most) : null;
  };
  return (
    <p class="scrub-budget">
      <label>
        First pass with{" "}
        <input
          class="scrub-word scrub-short"
          type="number"
          min={2}
          max={full}
          value={samples}
          data-testid="search-samples"
          onChange={(e) => {
            actions.setSearch({ samples: whole(e.currentTarget.value, 2, full) });
            e.currentTarget.value = String(passSamples(ui.search.value, full));
          }}
        />{" "}
        of {count(full)} samples
      </label>
      {samples < full && (
        <label>
          , then exact on the top{" "}
          <input
            class="scrub-word scrub-short"
            type="number"
            min={0}
            max={asks}
            value={form.exact}
            data-testid="search-exact"
            onChange={(e) => {
              actions.setSearch({ exact: whole(e.currentTarget.value, 0, asks) ?? form.exact });
              e.currentTarget.value = String(ui.search.value.exact);
            }}
          />
        </label>
      )}
    </p>
  );
}

function Buttons({ asks, search }: { asks: number; search: Search | null }) {
  const { store, ui, actions } = useApp();
  const running = store.searches.value.find((s) => s.running) ?? null;
  const rev = store.state.value?.rev ?? 0;
  const samples = passSamples(ui.search.value, store.state.value?.settings.samples ?? 0);
  const resumes =
    search !== null && !search.running && search.rev >= rev && search.done > 0 && search.done < search.total;
  return (
    <div class="scrub-row" data-testid="search-progress" data-done={search?.done ?? 0} data-running={running !== null}>
      {running ? (
        <button type="button" class="scrub-button" data-testid="search-cancel" onClick={actions.cancelSearch}>
          Cancel
        </button>
      ) : (
        <button
          type="button"
          class="scrub-button scrub-primary"
          data-testid="search-run"
          disabled={asks === 0}
          onClick={actions.runSearch}
        >
          {resumes ? "Resume" : "Run"}
        </button>
      )}
      {running ? (
        <>
          <progress class="scrub-sweeping" max={Math.max(running.total, 1)} value={running.done} aria-label="Search" />
          <span class="scrub-muted scrub-number">
            {running.done} of {running.total}
            {running.eta !== null && running.eta >= 1 ? ` · ${duration(running.eta)} left` : ""} · {running.message}
          </span>
        </>
      ) : (
        <span class="scrub-muted scrub-number" data-testid="search-budget">
          {asks === 0
            ? "No such sender there."
            : `${ui.search.value.each === "position" ? "at most " : ""}${plural(asks, "scrub")} of ${count(samples)} samples`}
          {search && !running && search.message !== "done" && ` · ${search.message}, ${search.done} kept`}
        </span>
      )}
    </div>
  );
}

const duration = (seconds: number): string =>
  seconds < 90
    ? `${Math.round(seconds)} s`
    : seconds < 5400
      ? `${Math.round(seconds / 60)} min`
      : `${Math.round(seconds / 3600)} h`;

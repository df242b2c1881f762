/** The Search panel without its drawing: what is asked, which search answers it, where cells stand, what accepting does. */

import type { Ui } from "./app";
import { componentWords, type GraphIndex, isFunctions, portWord } from "./graph";
import { allReceivers, claimsUnder, findReceiver, pathWords, type Receiver, ROOT, rootReceiver } from "./hypothesis";
import type { Store } from "./store";
import type { Asked, Component, Each, Request, Search, SearchCell } from "./wire";

/** What the panel asks, and how it shows the answers; this view's own. */
export type SearchForm = {
  /** The port, as a path. */
  under: string;
  question: Asked;
  rule: string | null;
  each: Each;
  /** Samples of the first pass; null: a quarter of the session's, at least 64 and at most 256. */
  samples: number | null;
  /** How many of the best are measured again with all samples. */
  exact: number;
  /** The rule of what is accepted; null: the first, `same input`. */
  accept: string | null;
  /** Whether the other inputs of a claim that had nothing under it are kept whole. */
  keep: boolean;
  /** Senders that will be accepted. */
  chosen: string[];
  flipped: boolean;
  colours: "RdBu" | "PuOr";
  table: boolean;
  all: boolean;
  /** One port at a time, or a whole circuit. */
  way: "port" | "circuit";
};

export const SEARCH_FORM: SearchForm = {
  ...{ under: ROOT, question: "free", rule: null, each: "component", samples: null, exact: 5 },
  ...{ accept: null, keep: true, chosen: [], flipped: false, colours: "RdBu", table: false, all: false },
  way: "port",
};

/** Samples of the first pass, as they will be sent. */
export const passSamples = (form: SearchForm, full: number): number =>
  Math.min(full, Math.max(2, form.samples ?? Math.min(256, Math.max(64, Math.round(full / 4)))));

type Question = Pick<Search, "under" | "question" | "rule" | "each">;
export const sameQuestion = (a: Question, b: Question): boolean =>
  a.under === b.under && a.question === b.question && a.rule === b.rule && a.each === b.each;

/** The searches with what came of the one that runs; news of one that does not run any more is old. */
export function withSearch(searches: Search[], news: Search): Search[] {
  const at = searches.findLastIndex((s) => s.running && s.rev === news.rev && sameQuestion(s, news));
  return at < 0 ? searches : searches.with(at, news);
}

/** The search that answers a question: that of the newest state. */
export function answering(searches: Search[], question: Question): Search | null {
  return searches
    .filter((s) => sameQuestion(s, question))
    .reduce<Search | null>((best, s) => (best && best.rev > s.rev ? best : s), null);
}

/** What the form asks now, with a port that exists. */
export function asked(store: Store, form: SearchForm): { receiver: Receiver; question: Question } | null {
  const index = store.index.value;
  if (!index) return null;
  const receiver = findReceiver(index, store.state.value?.claims ?? [], form.under) ?? rootReceiver(index);
  const { question, each } = form;
  const rule = question === "rule" ? (form.rule ?? store.task.value?.rules[0]?.name ?? null) : null;
  return { receiver, question: { under: receiver.path, question, rule, each } };
}

/** How many answers a question has at most: of positions, those that are read are known once it runs. */
export const asksOf = (store: Store, index: GraphIndex, receiver: Receiver, each: Each): number =>
  each === "position"
    ? (store.task.value?.n_pos ?? 0)
    : candidates(index, receiver, each).length * (each === "qkv" ? FACETS.length : 1);

/** Senders that such a question is about; of several inputs, the heads. */
export function candidates(index: GraphIndex, receiver: Receiver, each: Each): Component[] {
  return index.graph.components.filter((c) => {
    if (!receiver.senders.has(c.id)) return false;
    if (each === "component") return true;
    if (each === "part") return c.part !== null;
    if (each === "head" || each === "mlp") return c.kind === each;
    return each === "qkv" ? c.kind === "head" && c.ports.length > 0 : c.ports.includes(`${c.id}.${each}`);
  });
}

export const FACETS = ["q", "k", "v"] as const;
/** The answers about one input of the heads, under the heads' names. */
export function facet(search: Search, port: string): Search {
  const ours = <T extends { component: string }>(all: T[]): T[] =>
    all
      .filter((c) => c.component.endsWith(`.${port}`))
      .map((c) => ({ ...c, component: c.component.slice(0, -port.length - 1) }));
  return { ...search, cells: ours(search.cells), skipped: ours(search.skipped) };
}

/** "a0.h1", "a0.h1 · q", "position 5". */
export const candidateName = (name: string): string =>
  name.startsWith("@") ? `position ${name.slice(1)}` : name.replace(/\.([qkv])$/, " · $1");

/** What is accepted of marked cells: of an input of a head, the head. */
export const acceptable = (chosen: string[]): string[] => [
  ...new Set(chosen.map((name) => name.replace(/\.[qkv]$/, ""))),
];

/** The name of a candidate in words. */
export const candidateWords = (index: GraphIndex, name: string): string => {
  const [, head, port] = name.match(/^(.+)\.([qkv])$/) ?? [];
  if (head && port) return `${componentWords(index, head)}, its ${portWord(port)}`;
  return name.startsWith("@") ? candidateName(name) : componentWords(index, name);
};

/** What stays as it is while each sender is asked about, in a sentence; the twin of docs/numbers.md. */
export function meaning(store: Store, form: SearchForm, receiver: Receiver): string {
  const claims = store.state.value?.claims ?? [];
  const here = claimsUnder(claims, receiver.path).length > 0;
  const leaf = receiver.claim !== null && !claims.some((c) => c.parent === receiver.claim?.id);
  const place = pathWords(receiver.path);
  const others = leaf && receiver.port ? ` Its other inputs are kept.` : "";
  const what = here
    ? "all other claims stay"
    : form.question === "free"
      ? `all else that ${place} reads is kept`
      : `all else that ${place} reads is free`;
  const act =
    form.question === "free"
      ? "Each in turn takes its value on a random input; "
      : "Each in turn is claimed alone, besides what is claimed; ";
  return `${act}${what}.${others}`;
}

/** Most important first: what costs most when freed, what gains most when kept. */
export function ranked(search: Search): SearchCell[] {
  const sign = search.question === "free" ? -1 : 1;
  const key = (c: SearchCell) => (c.effect.value === null ? Number.NEGATIVE_INFINITY : sign * c.effect.value);
  return [...search.cells].sort((a, b) => key(b) - key(a));
}

export const stale = (search: Pick<Search, "rev">, rev: number): boolean => search.rev < rev;

/** The parts of a path, outermost first: "logits", "logits>a1.h3.k", "logits>a1.h3.k>a0.h2.q". */
export function crumbs(path: string): string[] {
  const steps = path.split(">");
  return steps.map((_, i) => steps.slice(0, i + 1).join(">"));
}

/** Cost of the searches on the way to a port, the newest of each place. */
export function costUpTo(searches: Search[], path: string): number {
  const way = new Set(crumbs(path));
  return searches.filter((s) => way.has(s.under)).reduce((sum, s) => sum + s.cost, 0);
}

// -- the map of cells -------------------------------------------------------------------------------------------------

export type Spot = { component: Component; x: number; y: number; span: number };
export type CellMap = { spots: Spot[]; columns: number; heads: number; mlp: number | null; lines: number[] };

/** Layers by heads, with a column for the MLPs; embeddings and inputs on a line of their own, layer -1. */
export function cellMap(components: Component[], functions: boolean): CellMap {
  const heads = 1 + Math.max(-1, ...components.filter((c) => c.kind === "head").map((c) => c.slot));
  const mlp = components.some((c) => c.kind === "mlp") ? heads : null;
  const taken = new Set<string>();
  const wide = heads >= 4 ? 2 : 1;
  const spots = components.map((component) => {
    const span = functions ? 1 : component.kind === "embed" || component.kind === "pos_embed" ? wide : 1;
    let x = component.kind === "mlp" ? heads : component.slot * span;
    while (taken.has(`${x},${component.layer}`)) x += 1;
    taken.add(`${x},${component.layer}`);
    return { component, x, y: component.layer, span };
  });
  return {
    spots,
    columns: Math.max(1, ...spots.map((s) => s.x + s.span)),
    ...{ heads, mlp, lines: [...new Set(spots.map((s) => s.y))].sort((a, b) => a - b) },
  };
}

/** The next cell in a direction: the nearest on the next line, or along the line. */
export function neighbour(map: CellMap, from: string, dx: number, dy: number): string {
  const at = map.spots.find((s) => s.component.id === from) ?? map.spots[0];
  if (!at) return from;
  const line = map.lines[map.lines.indexOf(at.y) + dy];
  const there = dy
    ? map.spots.filter((s) => s.y === line)
    : map.spots.filter((s) => s.y === at.y && (s.x - at.x) * dx > 0);
  const [nearest] = [...there].sort((a, b) => Math.abs(a.x - at.x) - Math.abs(b.x - at.x));
  return nearest?.component.id ?? at.component.id;
}

/** "+9.4", "−10": an effect in points. */
export function points(value: number | null): string {
  if (value === null) return "–";
  const size = Math.abs(value * 100);
  const shown = size.toFixed(size < 9.95 ? 1 : 0);
  return Number(shown) === 0 ? "0" : `${value < 0 ? "\u2212" : "+"}${shown}`;
}

export function pointBounds({ low, high }: SearchCell["effect"]): string {
  return low === null || high === null ? "" : `[${points(low)}, ${points(high)}]`;
}

/** The largest false discovery rate of what is told from noise. */
export const MOST_Q = 0.05;

type Doubted = Pick<SearchCell, "beyond_noise" | "q">;
/** Whether an effect is told from noise: its interval excludes zero, and it is not one of many that do so by chance. */
export const told = (c: Doubted): boolean => c.beyond_noise && c.q <= MOST_Q;

/** Why it is not, in words; "" where it is. */
export const doubtWords = (c: Doubted): string =>
  told(c) ? "" : c.beyond_noise ? `perhaps chance among so many, q = ${c.q.toFixed(2)}` : "within noise";

/** A cell in words, for a screen reader and for the tip. */
export function cellWords(
  index: GraphIndex,
  id: string,
  cell: SearchCell | undefined,
  why: string | undefined,
): string {
  const name = candidateWords(index, id);
  if (!cell) return `${name}: ${why ?? "not measured yet"}`;
  if (cell.effect.value === null) return `${name}: not resolved`;
  const doubt = doubtWords(cell);
  const first = cell.exact ? "" : ", estimate";
  return `${name}: ${points(cell.effect.value)} points ${pointBounds(cell.effect)}${doubt && `, ${doubt}`}${first}`;
}

/** How far the colours reach: the largest effect, but at least one point, so that noise is never in full colour. */
export const reach = (cells: SearchCell[]): number =>
  Math.max(0.01, ...cells.map((c) => Math.abs(c.effect.value ?? 0)));

// -- what the panel does ----------------------------------------------------------------------------------------------

type Send = (request: Request, done?: (made: string[]) => void) => void;

export function searchActions(store: Store, ui: Ui, send: Send) {
  const run = () => {
    const now = asked(store, ui.search.value);
    const full = store.state.value?.settings.samples;
    if (!now || full === undefined || store.readOnly) return;
    const samples = passSamples(ui.search.value, full);
    const exact = samples < full ? ui.search.value.exact : 0;
    send({ kind: "search", ...now.question, samples, exact, candidates: null });
  };
  return {
    setSearch(change: Partial<SearchForm>) {
      ui.search.value = { ...ui.search.value, ...change };
    },
    runSearch: run,
    cancelSearch: () => send({ kind: "cancel_search" }),
    /** Looks upstream of a port: who sends to it, and what each of them does. */
    search(under: string) {
      ui.search.value = { ...ui.search.value, under, chosen: [] };
      ui.tab.value = "search";
      run();
    },
    /** Marks a cell for accepting, or takes the mark away. */
    markFound(name: string) {
      const { chosen } = ui.search.value;
      const others = chosen.filter((c) => c !== name);
      ui.search.value = { ...ui.search.value, chosen: others.length < chosen.length ? others : [...chosen, name] };
    },
    acceptFound() {
      const { chosen, accept, keep } = ui.search.value;
      const now = asked(store, ui.search.value);
      const rule = accept ?? store.task.value?.rules[0]?.name;
      if (!now || rule === undefined || chosen.length === 0) return;
      send({ kind: "accept", components: acceptable(chosen), under: now.receiver.path, rule, keep }, (made) => {
        ui.search.value = { ...ui.search.value, chosen: [] };
        const [only] = made;
        if (made.length === 1 && only) store.select({ claim: only });
      });
    },
  };
}

/** Every port that can be searched, and in the panel's order. */
export const places = (store: Store): Receiver[] =>
  store.index.value ? allReceivers(store.index.value, store.state.value?.claims ?? []) : [];

/** Whether heads, queries and so on are words that make sense here. */
export const hasHeads = (index: GraphIndex): boolean =>
  !isFunctions(index.graph) && index.graph.components.some((c) => c.kind === "head");

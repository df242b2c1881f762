/** "Find a circuit" without its drawing: what is asked for, what is wrong with it, what it found in words. */
import type { Ui } from "./app";
import { leftWords } from "./eta";
import { groupWords, ROOT, treeRows, WHOLE_INPUT } from "./hypothesis";
import { places } from "./search";
import type { Store } from "./store";
import { count, percent, plural } from "./text";
import type { DiscoverOptions, Discovery, FoundClaim, Request } from "./wire";

export type Plan = { scrubs: number; senders: number; samples: number; seconds: number; measured: boolean };
/** What was typed, as text; "": as suggested. */
export type DiscoverForm = {
  /** A port of the present hypothesis; null: the logits, with nothing claimed. */
  start: string | null;
  rule: string | null;
  threshold: string;
  claims: string;
  depth: string;
  budget: string;
  samples: string;
  /** What the kernel says it costs at most; until then nothing can be started. */
  plan: Plan | null;
  /** Why the kernel refused. */
  problem: string;
  /** The form is shown although something was found. */
  again: boolean;
  /** Every step is shown. */
  all: boolean;
  /** The circuit is lit up on the map. */
  lit: boolean;
};
export const DISCOVER_FORM: DiscoverForm = {
  ...{ start: null, rule: null, threshold: "2", claims: "12", depth: "4", budget: "", samples: "" },
  ...{ plan: null, problem: "", again: false, all: false, lit: false },
};

export type Field = "threshold" | "claims" | "depth" | "budget" | "samples";
export type Wanted = { asked: DiscoverOptions | null; problems: Partial<Record<Field, string>> };

/** Scrubs enough for a look at every sender of some twenty ports. */
export function usualBudget(senders: number): number {
  const scrubs = Math.max(200, 20 * senders);
  const round = 10 ** Math.max(0, Math.floor(Math.log10(scrubs)) - 1);
  return Math.ceil(scrubs / round) * round;
}

/** What the form asks for, with a sentence for each field that makes no sense. */
export function wanted(store: Store, form: DiscoverForm): Wanted {
  const problems: Wanted["problems"] = {};
  const full = store.state.value?.settings.samples ?? 0;
  const port = places(store).find((r) => r.path === (form.start ?? ROOT)) ?? places(store)[0];
  const number = (field: Field, name: string, usual: number, least: number, most: number): number => {
    const text = form[field].trim();
    if (text === "") return usual;
    const value = Number(text);
    const range = most === Number.POSITIVE_INFINITY ? `from ${least} up` : `from ${least} to ${count(most)}`;
    if (!Number.isInteger(value) || value < least || value > most)
      problems[field] = `${name} takes a whole number ${range}, not “${text}”.`;
    return value;
  };
  const points = Number(form.threshold.trim().replace(",", "."));
  if (form.threshold.trim() === "" || !(points > 0 && points < 100))
    problems.threshold = `The threshold takes a number of points above 0 and below 100, not “${form.threshold.trim()}”.`;
  const senders = port?.senders.size ?? 0;
  const asked: DiscoverOptions = {
    under: port?.path ?? ROOT,
    present: form.start !== null,
    rule: form.rule ?? store.task.value?.rules[0]?.name ?? "same input",
    max_claims: number("claims", "Claims", 12, 1, 1000),
    depth: number("depth", "Depth", 4, 1, 100),
    threshold: points / 100,
    budget: number("budget", "The budget", usualBudget(senders), 1, Number.POSITIVE_INFINITY),
    samples: number("samples", "Samples", full, 2, full),
  };
  return { asked: Object.keys(problems).length === 0 && port ? asked : null, problems };
}

/** News of a discovery; of an older one, or of one that was stopped, it is late. */
export const withDiscovery = (shown: Discovery | null, news: Discovery): Discovery | null =>
  shown && (news.number < shown.number || (news.number === shown.number && !shown.running)) ? shown : news;

/** Seconds as a person says them. */
export const about = (seconds: number): string =>
  seconds < 1
    ? "less than a second"
    : seconds < 90
      ? `about ${Math.round(seconds)} s`
      : seconds < 5400
        ? `about ${Math.round(seconds / 60)} min`
        : `about ${(seconds / 3600).toFixed(1)} h`;

/** How it stands: what can be done with it follows from that. */
export type Stand = "running" | "failed" | "stopped" | "nothing" | "found";
export function standing(d: Discovery): Stand {
  if (d.running) return "running";
  if (d.error) return "failed";
  if (d.phase !== "done") return "stopped";
  return fresh(d).length > 0 ? "found" : "nothing";
}

/** The claims that it did not start with; an input kept whole says nothing of who sends to it. */
export const fresh = (d: Discovery): FoundClaim[] =>
  d.claims.filter((c) => !c.given && !c.claim.components.includes(WHOLE_INPUT));

export const headline: Record<Stand, (d: Discovery) => string> = {
  running: () => "Looking for a circuit",
  failed: () => "The discovery failed",
  stopped: (d) => `Stopped: ${plural(d.steps.length, "step")} kept`,
  nothing: () => "Nothing found",
  found: (d) => `Found ${plural(fresh(d).length, "claim")}`,
};

/** "34 of about 120 scrubs · about 4 s left". */
export function progressWords(d: Discovery): string {
  const left = d.eta !== null && d.eta >= 1 && d.running ? ` · ${leftWords(Math.ceil(d.eta))}` : "";
  const of = d.running ? ` of about ${count(Math.max(d.total, d.done))}` : "";
  return `${count(d.done)}${of} scrubs${left}`;
}

/** The claims as rows of a tree, with how far each is in. */
export function foundRows(d: Discovery): (FoundClaim & { depth: number; words: string })[] {
  const by = new Map(d.claims.map((c) => [c.claim.id, c]));
  return treeRows(d.claims.map((c) => c.claim)).flatMap((row) => {
    const found = by.get(row.claim.id);
    return found ? [{ ...found, depth: row.depth, words: groupWords(row.claim.components) }] : [];
  });
}

/** The end of it, for a screen reader. */
export function spoken(d: Discovery | null): string {
  if (!d || d.running) return "";
  const recovered = d.recovered ? `, ${percent(d.recovered.value, 0)} recovered` : "";
  return d.error ? `The discovery failed: ${d.error}` : `${headline[standing(d)](d)}${recovered}`;
}

// -- what the panel does ----------------------------------------------------------------------------------------------

export function discoverActions(store: Store, ui: Ui) {
  const set = (change: Partial<DiscoverForm>) => {
    ui.discover.value = { ...ui.discover.value, ...change };
  };
  const send = (request: Request, done?: (plan: Plan | null) => void) => {
    store.requests.send(request, (answer) => {
      if (answer.kind === "rejected") set({ problem: answer.message, plan: null });
      if (answer.kind === "planned") done?.(answer);
      if (answer.kind === "ack") {
        set({ problem: "" });
        done?.(null);
      }
    });
  };
  return {
    /** What is changed has to be planned again. */
    setDiscover: (change: Partial<DiscoverForm>) => set({ plan: null, problem: "", ...change }),
    lookDiscovery: set,
    planDiscovery() {
      const { asked } = wanted(store, ui.discover.value);
      if (!asked || store.readOnly) return;
      send({ kind: "discover", asked, go: false }, (plan) => set({ plan, problem: "" }));
    },
    startDiscovery() {
      const { asked } = wanted(store, ui.discover.value);
      if (!asked || !ui.discover.value.plan) return;
      send({ kind: "discover", asked, go: true }, () => set({ plan: null, again: false }));
    },
    doDiscovery: (act: "cancel" | "resume" | "accept") => send({ kind: "discovery", act }),
  };
}

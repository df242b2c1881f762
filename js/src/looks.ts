/** What each glyph of the map shows. One signal a glyph, so that a click or a hover redraws two of them, not a thousand. */
import { computed, type ReadonlySignal } from "@preact/signals";
import { componentWords, portWord } from "./graph";
import { pathWords, type Receiver, ROOT } from "./hypothesis";
import type { Mark } from "./importance";
import { type RuleFace, ruleFace } from "./rules";
import type { Store } from "./store";
import { fixed } from "./text";
import { doubtsAbout, spokenDoubts, worst } from "./trust";
import type { Claim, RuleInfo, Warning } from "./wire";

/** A rule as it fills a glyph; `shared`: its draw is one for several components. */
export type Fill = { face: RuleFace; shared: boolean };
const sharedDraw = (claim: Claim): boolean => claim.share !== null || claim.components.length > 1;
export type Look = {
  claims: Claim[];
  fills: Fill[];
  selected: boolean;
  /** inside a lasso that is still open */
  caught: boolean;
  /** cannot feed the active receiver */
  dim: boolean;
  /** the port that new claims go to, "" if it is elsewhere */
  active: string;
  /** the cell that Tab reaches */
  stop: boolean;
  /** small glyphs show ports and letters only when looked at */
  close: boolean;
  broken: boolean;
  doubt: Warning | null;
  mark: Mark | null;
  /** a search is shown that has not measured this one, which it could have */
  unmeasured: boolean;
  label: string;
};

const NO_CLAIMS: Claim[] = [];
const NO_FILLS: Fill[] = [];

/** Claims by component; the same list as before where nothing has changed. */
function byComponent(claims: Claim[], before: Map<string, Claim[]>): Map<string, Claim[]> {
  const found = new Map<string, Claim[]>();
  for (const claim of claims)
    for (const component of claim.components) found.set(component, [...(found.get(component) ?? []), claim]);
  for (const [component, list] of found) {
    const old = before.get(component);
    if (old && JSON.stringify(old) === JSON.stringify(list)) found.set(component, old);
  }
  return found;
}

function fillsOf(rules: RuleInfo[], claims: Claim[]): Fill[] {
  if (claims.length === 0) return NO_FILLS;
  const found = new Map<string, Fill>();
  for (const c of claims) {
    const shared = sharedDraw(c) || (found.get(c.rule)?.shared ?? false);
    found.set(c.rule, { face: ruleFace(rules, c.rule), shared });
  }
  return [...found.values()].slice(0, 4);
}

/** Letters alone do not tell a claim from the next: the whole sentence, as a screen reader says it. */
function describe(name: string, claims: Claim[], mark: Mark | null, root: boolean): string {
  if (root) return `${name}: the place of the first claims`;
  const measured = mark ? `, importance ${fixed(mark.helps ? Math.abs(mark.effect) : -Math.abs(mark.effect), 2)}` : "";
  if (claims.length === 0) return `${name}, unclaimed, resampled freely${measured}`;
  const each = claims.map((c) => {
    const shared = c.share === null ? "" : `, one draw with ${c.share}`;
    return `claimed through ${pathWords(c.parent)}${c.port ? ` ${portWord(c.port)}` : ""}, rule ${c.rule}${shared}${c.name ? `, named ${c.name}` : ""}`;
  });
  return `${name}, ${each.join("; ")}${measured}`;
}

const sameLook = (a: Look, b: Look): boolean => {
  for (const key of Object.keys(a) as (keyof Look)[]) if (a[key] !== b[key]) return false;
  return true;
};

/** What cannot feed the receiver steps back; what reads there stays as it is. */
function dimmed(receiver: Receiver | null, id: string): boolean {
  if (!receiver || id === ROOT || receiver.claim?.components.includes(id)) return false;
  return !receiver.senders.has(id);
}

const activePort = (receiver: Receiver | null, id: string): string =>
  receiver && (receiver.claim ? receiver.claim.components.includes(id) : id === ROOT) ? receiver.name : "";

export type Around = {
  receiver: ReadonlySignal<Receiver | null>;
  caught: ReadonlySignal<ReadonlySet<string>>;
  focus: ReadonlySignal<string>;
  marks: ReadonlySignal<ReadonlyMap<string, Mark>>;
  /** cells near enough to show letters and ports; null: all */
  near: ReadonlySignal<ReadonlySet<string> | null>;
};

export function createLooks(store: Store, around: Around): (id: string) => ReadonlySignal<Look> {
  let before = new Map<string, Claim[]>();
  const claims = computed(() => {
    before = byComponent(store.state.value?.claims ?? [], before);
    return before;
  });
  const selected = computed(() => new Set(store.selection.value.nodes));
  const rules = computed(() => store.task.value?.rules ?? []);
  const broken = computed(() => store.status.value?.error?.where ?? null);

  const lookAt = (id: string, last: Look | null): Look => {
    const index = store.index.value;
    const own = claims.value.get(id) ?? NO_CLAIMS;
    const doubts = own.length > 0 ? doubtsAbout(store, own) : [];
    const marks = around.marks.value;
    const mark = marks.get(id) ?? null;
    const fills = fillsOf(rules.value, own);
    const chosen = selected.value.has(id);
    const stop = around.focus.value === id;
    const near = around.near.value;
    const dim = dimmed(around.receiver.value, id);
    return {
      claims: own,
      // Compared by content: what looks the same is the same.
      fills: last && JSON.stringify(last.fills) === JSON.stringify(fills) ? last.fills : fills,
      ...{ selected: chosen, caught: around.caught.value.has(id), dim, stop },
      active: activePort(store.receiver.value, id),
      close: near === null || chosen || stop || near.has(id),
      broken: own.some((c) => c.id === broken.value),
      doubt: worst(doubts),
      mark,
      unmeasured: marks.size > 0 && !mark && !dim && id !== ROOT,
      label: index ? describe(componentWords(index, id), own, mark, id === ROOT) + spokenDoubts(doubts) : id,
    };
  };

  const made = new Map<string, ReadonlySignal<Look>>();
  return (id) => {
    const known = made.get(id);
    if (known) return known;
    let last: Look | null = null;
    const look = computed(() => {
      const next = lookAt(id, last);
      if (!last || !sameLook(last, next)) last = next;
      return last;
    });
    made.set(id, look);
    return look;
  };
}

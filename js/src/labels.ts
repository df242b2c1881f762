/** What names, groups, the history and comparisons do, for buttons, keys and the menu alike. */
import type { App } from "./app";
import { previous } from "./history";
import { pathWords } from "./hypothesis";
import { freshShare, groupProblem, isUnder, selectedClaims, shareOp, toggled } from "./tree";
import type { Claim } from "./wire";

const claimsNow = ({ store }: App): Claim[] => store.state.value?.claims ?? [];

/** The claims that the selection means now. */
export const chosenClaims = (app: App): Claim[] => selectedClaims(claimsNow(app), app.store.selection.value);

/** Another name or note for a claim; what is the same already is not sent. */
export function label(app: App, claim: Claim, change: { name?: string; note?: string }): void {
  const given = Object.entries(change).filter(([key, text]) => claim[key as "name" | "note"] !== text.trim());
  if (given.length > 0) app.actions.edit({ op: "label", claim: claim.id, ...Object.fromEntries(given) });
}

/** Opens the field for a claim's name in its row. */
export function rename(app: App, claim: Claim | undefined): void {
  if (app.store.readOnly || !claim) return;
  app.actions.selectClaim(claim);
  // Its row must be there to be written in.
  const open = [...app.ui.folded.value].filter((id) => !isUnder(claim.id, id));
  app.ui.folded.value = new Set(open);
  app.ui.naming.value = claim.id;
}

/** Several claims as one with one draw; a sentence if they cannot be. */
export function group(app: App, claims = chosenClaims(app)): void {
  const problem = groupProblem(claims);
  if (problem) app.actions.say("error", problem);
  else app.actions.edit({ op: "group", claims: claims.map((c) => c.id) });
}

export const ungroup = (app: App, claim: Claim): void => app.actions.edit({ op: "ungroup", claim: claim.id });

/** Claims of their own with one draw; pressed again, an own draw for each. */
export function shareDraw(app: App, claims = chosenClaims(app)): void {
  const [first] = claims;
  if (!first || claims.length < 2) {
    app.actions.say("error", "Select at least two claims first.");
    return;
  }
  const one = first.share !== null && claims.every((c) => c.share === first.share);
  app.actions.edit(shareOp(claims, one ? null : (first.share ?? freshShare(claimsNow(app)))));
}

/** Adds a row to the selection, or takes it out. */
export function toggleRow(app: App, claim: Claim): void {
  const { store, actions } = app;
  const next = toggled(claimsNow(app), store.selection.value, claim);
  if (next) store.select(next);
  else
    actions.say("info", `Claims selected together stand under one port; ${pathWords(claim.id)} stands under another.`);
}

// -- history ------------------------------------------------------------------------------------------------------------

export function restore(app: App, step: number): void {
  if (app.store.readOnly || step === app.store.history.value?.at) return;
  app.actions.send({ kind: "restore", step });
}

export const mark = (app: App, step: number, change: { name?: string; note?: string }): void =>
  app.actions.send({ kind: "mark", step, ...change });

export const compare = (app: App, a: number, b: number): void => app.actions.send({ kind: "compare", a, b });

export function closeComparison(app: App): void {
  app.steps.pair.value = { a: null, b: null };
  app.actions.send({ kind: "compare", a: null, b: null });
}

/** The Compare button: the present step with the one before it; again, the end of it. */
export function comparePrevious(app: App): void {
  const { store, steps, ui, actions } = app;
  if (store.compare.value) {
    closeComparison(app);
    return;
  }
  const at = store.history.value?.at ?? 0;
  const from = previous(steps.known.value, at);
  if (from === null) {
    actions.say("info", "There is nothing to compare with yet: this is the first state.");
    return;
  }
  ui.tab.value = "history";
  compare(app, from, at);
}

/** Chooses a step as A or B; with both, they are compared. The other one is the present step until it is chosen. */
export function choose(app: App, side: "a" | "b", step: number): void {
  const { store, steps } = app;
  const open = store.compare.value;
  const at = store.history.value?.at ?? null;
  const held = { a: open?.a ?? steps.pair.value.a, b: open?.b ?? steps.pair.value.b };
  const other = side === "a" ? (held.b ?? at) : (held.a ?? at);
  const pair = side === "a" ? { a: step, b: other } : { a: other, b: step };
  if (pair.a === pair.b) {
    // One step cannot be both: the other side waits for another choice.
    steps.pair.value = side === "a" ? { a: step, b: null } : { a: null, b: step };
    app.actions.say(
      "info",
      `Step ${step} is ${side.toUpperCase()} now; choose another step as ${side === "a" ? "B" : "A"}.`,
    );
    return;
  }
  steps.pair.value = pair;
  if (pair.a !== null && pair.b !== null) compare(app, pair.a, pair.b);
}

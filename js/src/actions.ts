/** What gestures do, whether by mouse or by key: edits go to the kernel, which answers with a new state. */
import type { Ui } from "./app";
import { discoverActions } from "./discover";
import { componentWords, portWord } from "./graph";
import {
  allReceivers,
  claimsOf,
  claimsUnder,
  freshReceivers,
  type Plan,
  type PlanContext,
  pathWords,
  planRule,
  type Receiver,
  ROOT,
  rootReceiver,
  selectedClaim,
  underOf,
  upstreamProblem,
  WHOLE_INPUT,
} from "./hypothesis";
import { searchActions } from "./search";
import type { Store } from "./store";
import type { Claim, ClaimOptions, Op, Settings } from "./wire";

export type Actions = ReturnType<typeof createActions>;

export function createActions(store: Store, ui: Ui) {
  const claims = (): Claim[] => store.state.value?.claims ?? [];
  const say = (tone: "error" | "info", message: string) => {
    store.notice.value = { tone, message };
  };
  const quiet = () => {
    store.notice.value = null;
  };

  const send = (request: Parameters<Store["requests"]["send"]>[0], done?: (made: string[]) => void) => {
    store.requests.send(request, (answer) => {
      if (answer.kind === "rejected") say("error", answer.message);
      if (answer.kind === "ack") {
        quiet();
        done?.(answer.claims);
      }
    });
  };
  /** Sends an edit; a single claim that it made becomes the selected one. */
  const edit = (op: Op) => {
    if (store.readOnly) return;
    send({ kind: "edit", op }, (made) => {
      const [only] = made;
      if (made.length === 1 && only) store.select({ claim: only });
    });
  };

  const context = (): PlanContext | null => {
    const index = store.index.value;
    const receiver = store.receiver.value;
    if (!index || !receiver) return null;
    const selection = { ...store.selection.value, under: receiver.path };
    return { index, claims: claims(), selection, group: ui.group.value };
  };
  const plan = (rule: string): Plan => {
    const now = context();
    return now ? planRule(now, rule) : { op: null, sentence: "The model is not loaded yet." };
  };
  const currentRule = (): string | null => {
    const rules = store.task.value?.rules ?? [];
    return ui.current.value ?? rules[2]?.name ?? rules[0]?.name ?? null;
  };

  /** The claim that a click on a component means: the one at the active receiver, else the only one it could be. */
  const claimMeant = (component: string): string | null => {
    const receiver = store.receiver.value;
    const all = claimsOf(claims(), component);
    const here = all.find((c) => underOf(c) === receiver?.path);
    if (here) return here.id;
    const possible = receiver ? receiver.senders.has(component) : false;
    return !possible && all.length === 1 ? (all[0]?.id ?? null) : null;
  };

  const setReceiver = (receiver: Receiver) => {
    quiet();
    ui.choices.value = [];
    store.select({ under: receiver.path, nodes: [], claim: null });
  };
  const receiversAt = (owner: string): Receiver[] => {
    const index = store.index.value;
    if (!index) return [];
    return allReceivers(index, claims()).filter((r) => (r.claim ? r.claim.components.includes(owner) : owner === ROOT));
  };
  const unclaimedOwner = (owner: string, name: string): string =>
    `Claim ${owner} first; then choose what its ${portWord(name)} ${name === "in" ? "" : "input "}reads.`.replace(
      "  ",
      " ",
    );

  /** Where an edge from a component may start: its claims' ports, else those it would have under the active receiver. */
  const startsAt = (owner: string): Receiver[] => {
    const held = receiversAt(owner);
    const index = store.index.value;
    const active = store.receiver.value;
    const rule = currentRule();
    if (held.length > 0 || !index || !active || !rule) return held;
    const found = freshReceivers(index, active, owner, rule);
    return found.length > 0 ? found : freshReceivers(index, rootReceiver(index), owner, rule);
  };

  /** Claims a component at a receiver with the rule used last. */
  const connect = (receiver: Receiver, component: string) => {
    if (store.readOnly) return;
    const rule = currentRule();
    const problem = upstreamProblem(receiver, component);
    const held = claimsUnder(claims(), receiver.path).find((c) => c.components.includes(component));
    if (problem) say("error", problem);
    else if (held) {
      store.select({ nodes: held.components, claim: held.id });
      say("info", `${pathWords(held.id)} is already claimed; a rule changes it.`);
    } else if (rule) {
      store.select({ nodes: [component], claim: null });
      const op: Op = { op: "claim", components: [component], under: receiver.path, rule };
      const owner = receiver.fresh ? receiver.claim : null;
      if (!owner) edit(op);
      else edit({ op: "batch", ops: [{ op: "claim", components: owner.components, under: underOf(owner), rule }, op] });
    }
  };

  return {
    plan,
    currentRule,
    receiversAt,
    setReceiver,
    connect,
    say,
    quiet,
    edit,
    send: (request: Parameters<Store["requests"]["send"]>[0]) => send(request),
    ...searchActions(store, ui, send),
    ...discoverActions(store, ui),
    suggestRules: (claim: string) => send({ kind: "suggest", claim }),
    takeRule: (claims: string[], rule: string) => edit({ op: "rule", claims, rule }),

    selectNode(component: string, add = false) {
      quiet();
      ui.choices.value = [];
      ui.focus.value = component;
      if (component === ROOT) {
        store.select({ nodes: [], claim: null, under: ROOT });
        return;
      }
      const before = store.selection.value.nodes;
      if (!add) store.select({ nodes: [component], claim: claimMeant(component) });
      else {
        const nodes = before.includes(component) ? before.filter((n) => n !== component) : [...before, component];
        const [only] = nodes;
        store.select({ nodes, claim: nodes.length === 1 && only ? claimMeant(only) : null });
      }
    },
    /** Adds without ever taking away: for Shift + arrows and for whole rows. */
    addNodes(components: string[]) {
      const nodes = [...new Set([...store.selection.value.nodes, ...components])];
      store.select({ nodes, claim: null });
    },
    selectClaim(claim: Claim) {
      quiet();
      const nodes = claim.components.filter((c) => c !== WHOLE_INPUT);
      store.select({ nodes, claim: claim.id });
      const [first] = nodes;
      if (first) ui.focus.value = first;
    },

    assign(rule: string) {
      if (store.readOnly) return;
      ui.current.value = rule;
      const { op, sentence } = plan(rule);
      if (op) edit(op);
      else say("error", sentence);
    },
    claimWhole(rule: string) {
      const receiver = store.receiver.value;
      if (receiver) edit({ op: "claim", components: [WHOLE_INPUT], under: receiver.path, rule });
    },
    remove(ids: string[]) {
      if (store.readOnly) return;
      send({ kind: "edit", op: { op: "remove", claims: ids } }, () => {
        if (ids.includes(store.selection.value.claim ?? "")) store.select({ claim: null });
      });
    },
    /** The selected claim, else the claims of the selected components at the active receiver. */
    removeSelected() {
      const selection = store.selection.value;
      const claim = selectedClaim({ claims: claims(), selection });
      const here = claimsUnder(claims(), store.receiver.value?.path ?? ROOT);
      const ids = claim
        ? [claim.id]
        : here.filter((c) => c.components.some((n) => selection.nodes.includes(n))).map((c) => c.id);
      if (ids.length > 0) this.remove(ids);
      else say("info", "Nothing to remove: select a claim first.");
    },
    change: (claim: string, options: ClaimOptions) => edit({ op: "change", claim, ...options }),
    settings: (change: Partial<Settings>) => edit({ op: "settings", ...change }),

    clickPort(owner: string, name: string) {
      if (owner === ROOT) {
        const [root] = receiversAt(ROOT);
        if (root) setReceiver(root);
        return;
      }
      const found = receiversAt(owner).filter((r) => r.name === name);
      const [first] = found;
      if (!first) say("info", unclaimedOwner(owner, name));
      else if (found.length === 1) setReceiver(first);
      else ui.choices.value = found;
    },
    /** Where an edge dragged from a port starts; null if nothing that is claimed reads its owner. */
    receiverFor(owner: string, name: string): Receiver | null {
      const found = startsAt(owner).filter((r) => r.name === name);
      const active = found.find((r) => r.path === store.receiver.value?.path);
      return active ?? found[0] ?? null;
    },
    sayUnclaimed: (owner: string, name: string) => say("error", unclaimedOwner(owner, name)),
    /** U: the next port of the focused component becomes the place for new claims. */
    cycleReceiver(owner: string) {
      const index = store.index.value;
      const found = receiversAt(owner);
      const at = found.findIndex((r) => r.path === store.receiver.value?.path);
      const next = found[(at + 1) % Math.max(found.length, 1)];
      if (next) setReceiver(next);
      else if (index) say("info", `${componentWords(index, owner)} is not claimed: nothing can go under it yet.`);
    },
    /** E: draw an edge from the focused component; again for its next port. */
    cycleDrawing(owner: string) {
      const found = startsAt(owner);
      const from = ui.drawing.value?.path ?? store.receiver.value?.path;
      const at = found.findIndex((r) => r.path === from);
      const next = ui.drawing.value ? found[(at + 1) % Math.max(found.length, 1)] : (found[at] ?? found[0]);
      if (!next) {
        say("info", `Claim ${owner} first; an edge starts at a port of a claim.`);
        return;
      }
      ui.drawing.value = next;
      say("info", `Edge from ${pathWords(next.path)}: arrows to a component, Enter claims it, E next port, Esc stops.`);
    },
    finishDrawing(component: string) {
      const receiver = ui.drawing.value;
      ui.drawing.value = null;
      quiet();
      if (receiver) connect(receiver, component);
    },

    /** Makes, renames or deletes a rule, rewrites or splits: what is refused is said here or, with `refused`, there. */
    make(op: Op, done?: () => void, refused?: (message: string) => void) {
      if (store.readOnly) return;
      store.requests.send({ kind: "edit", op }, (answer) => {
        if (answer.kind === "ack") {
          quiet();
          done?.();
        } else if (answer.kind === "rejected")
          (refused ?? ((message: string) => say("error", message)))(answer.message);
      });
    },

    run: () => send({ kind: "run" }),
    confirm: () => send({ kind: "confirm" }),
    cancel: () => send({ kind: "cancel" }),
    waterfall: () => send({ kind: "waterfall" }),
    undo: () => send({ kind: "undo" }),
    redo: () => send({ kind: "redo" }),
    importJson(text: string) {
      try {
        JSON.parse(text);
      } catch {
        say("error", "This is not JSON: paste or choose a file that Export wrote.");
        return;
      }
      send({ kind: "edit", op: { op: "load", text } }, () => {
        ui.panel.value = null;
      });
    },
  };
}

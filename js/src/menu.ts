/** What the menu of the map and the tree offers for a selection. Only what works here and now is listed. */
import type { App } from "./app";
import { portWord } from "./graph";
import { claimsOf, pathWords, ROOT, selectedClaim, underOf } from "./hypothesis";
import { labelItems } from "./labelMenu";
import { chosenClaims } from "./labels";
import { makingItems } from "./makingMenu";
import {
  emptyLayers,
  fold,
  layerOf,
  planShare,
  selectLayer,
  selectSameRule,
  share,
  splitPorts,
  withSameRule,
} from "./mapActions";
import { type RuleFace, ruleFace } from "./rules";
import { plural } from "./text";
import type { Claim } from "./wire";

export type MenuItem = {
  key: string;
  label: string;
  /** the key that does the same */
  hint?: string;
  face?: RuleFace;
  /** the items of a submenu, else `run` */
  items?: MenuItem[];
  run?: () => void;
};
/** Items between two lines. */
export type MenuPart = MenuItem[];

const some = (condition: unknown, item: () => MenuItem): MenuItem[] => (condition ? [item()] : []);

export const keyOfRule = (at: number): string => (at === 0 ? "K" : at === 1 ? "F" : at < 11 ? String(at - 1) : "");

/** The claim that the selection means: the chosen one, or the only one of the only component. */
export function claimMeant(app: App): Claim | null {
  const { store } = app;
  const claims = store.state.value?.claims ?? [];
  const selection = store.selection.value;
  const chosen = selectedClaim({ claims, selection });
  const [only] = selection.nodes;
  if (chosen || selection.nodes.length !== 1 || !only) return chosen;
  const own = claimsOf(claims, only);
  const here = own.filter((c) => underOf(c) === store.receiver.value?.path);
  return here[0] ?? (own.length === 1 ? (own[0] ?? null) : null);
}

function claiming(app: App, claim: Claim | null): MenuPart {
  const { store, actions } = app;
  const rules = store.task.value?.rules ?? [];
  const possible = actions.plan("").op !== null;
  const assign = rules.map((rule, i) => ({
    ...{ key: `rule-${rule.name}`, label: rule.name, hint: keyOfRule(i), face: ruleFace(rules, rule.name) },
    run: () => actions.assign(rule.name),
  }));
  const split = claim && splitPorts(app, claim);
  const receivers = claim ? actions.receiversAt(claim.components[0] ?? "").filter((r) => r.claim?.id === claim.id) : [];
  return [
    ...some(possible, () => ({ key: "assign", label: "Assign", items: assign })),
    ...some(planShare(app).op, () => ({ key: "share", label: shareWords(app), hint: "S", run: () => share(app) })),
    ...receivers.map((r) => ({
      ...{ key: `under-${r.name}`, label: `New claims go under its ${portWord(r.name)}`.replace("its input", "it") },
      ...{ hint: "U", run: () => actions.setReceiver(r) },
    })),
    ...some(receivers.length > 0, () => ({
      ...{ key: "expand", label: "Expand upstream" },
      items: receivers.map((r) => ({
        ...{ key: `expand-${r.name}`, label: `Search what feeds ${r.port ? `its ${portWord(r.name)}` : "it"}` },
        run: () => actions.search(r.path),
      })),
    })),
    ...some(split, () => ({
      ...{ key: "split-ports", label: "Split into query, key and value" },
      run: () => {
        if (split) actions.edit(split);
      },
    })),
  ];
}

const shareWords = (app: App): string =>
  planShare(app).sentence.startsWith("One draw") ? "One shared draw" : "A draw of its own for each";

/** A head's attention pattern is in the Sample tab. */
function looking(app: App, cell: string): MenuPart {
  return some(app.store.index.value?.components.get(cell)?.kind === "head", () => ({
    ...{ key: "attention", label: "Show attention" },
    run: () => {
      app.ui.attention.value = cell;
      app.ui.tab.value = "sample";
    },
  }));
}

function selecting(app: App, cell: string): MenuPart {
  const same = withSameRule(app, cell);
  const layer = layerOf(app, cell);
  const number = app.store.index.value?.components.get(cell)?.layer ?? 0;
  return [
    ...some(layer.length > 0, () => ({
      ...{ key: "layer", label: `Select layer ${number}`, hint: "L", run: () => selectLayer(app, cell) },
    })),
    ...some(same.length > 1, () => ({
      ...{ key: "same-rule", label: `Select all ${same.length} with this rule`, hint: "Shift+L" },
      run: () => selectSameRule(app, cell),
    })),
  ];
}

function folding(app: App, cell: string): MenuPart {
  const layers = app.store.graph.value?.layers ?? 0;
  const layer = app.store.index.value?.components.get(cell)?.layer ?? -1;
  const empty = emptyLayers(app).filter((l) => !app.map.folded.value.has(l));
  const folded = [...app.map.folded.value];
  return [
    ...some(layer >= 0 && layers > 2, () => ({
      ...{ key: "fold", label: `Fold layer ${layer}`, run: () => fold(app, [layer], true) },
    })),
    ...some(layers > 4 && empty.length > 1 && empty.length < layers, () => ({
      ...{ key: "fold-empty", label: `Fold ${plural(empty.length, "layer")} without claims` },
      run: () => fold(app, empty, true),
    })),
    ...some(folded.length > 0, () => ({
      ...{ key: "unfold", label: "Show all layers", run: () => fold(app, folded, false) },
    })),
  ];
}

/** Python that names what is selected. */
export function pythonReference(app: App): string {
  const claim = claimMeant(app);
  if (claim) return `widget.hypothesis[${JSON.stringify(claim.id)}]`;
  return `widget.selection = {"nodes": ${JSON.stringify(app.store.selection.value.nodes)}}`;
}

async function copy(app: App): Promise<void> {
  const text = pythonReference(app);
  try {
    await navigator.clipboard.writeText(text);
    app.actions.say("info", `Copied: ${text}`);
  } catch {
    app.actions.say("info", `No clipboard here; the Python is ${text}`);
  }
}

function ending(app: App, cell: string, claim: Claim | null): MenuPart {
  const { store, actions } = app;
  const removable = claim ? [claim] : chosenClaims(app);
  return [
    ...some(store.selection.value.nodes.length > 0, () => ({
      ...{ key: "copy", label: "Copy Python reference", run: () => void copy(app) },
    })),
    ...some(removable.length > 0, () => ({
      ...{ key: "remove", label: removable.length === 1 ? "Remove claim" : `Remove ${removable.length} claims` },
      ...{ hint: "Del", run: () => actions.remove(removable.map((c) => c.id)) },
    })),
    ...some(cell === ROOT, () => ({
      ...{ key: "under-root", label: "New claims go under the output", run: () => actions.selectNode(ROOT) },
    })),
  ];
}

/** The parts of the menu for the selection, `cell` being where it was asked for. */
export function menuFor(app: App, cell: string): MenuPart[] {
  const { readOnly } = app.store;
  const claim = claimMeant(app);
  const parts = [
    readOnly ? [] : [...claiming(app, claim), ...makingItems(app, claim), ...labelItems(app, claim)],
    [...looking(app, cell), ...selecting(app, cell)],
    folding(app, cell),
    readOnly ? ending(app, cell, null).filter((i) => i.key === "copy") : ending(app, cell, claim),
  ];
  return parts.filter((part) => part.length > 0);
}

/** The title over the menu: what its items act on. */
export function menuTitle(app: App): string {
  const { nodes } = app.store.selection.value;
  const claim = claimMeant(app);
  if (claim) return pathWords(claim.id);
  if (nodes.length === 0) return ROOT;
  return nodes.length > 3 ? plural(nodes.length, "component") : nodes.join(", ");
}

/** What the menu offers about names and groups. */
import type { App } from "./app";
import { chosenClaims, group, rename, ungroup } from "./labels";
import type { MenuItem } from "./menu";
import { groupProblem } from "./tree";
import type { Claim } from "./wire";

export function labelItems(app: App, claim: Claim | null): MenuItem[] {
  const several = chosenClaims(app);
  const items: MenuItem[] = [];
  if (claim) items.push({ key: "name", label: "Name…", hint: "F2", run: () => rename(app, claim) });
  if (several.length > 1 && groupProblem(several) === null)
    items.push({ key: "group", label: "Group: one claim, one draw", run: () => group(app, several) });
  if (claim && claim.components.length > 1)
    items.push({ key: "ungroup", label: "Ungroup", run: () => ungroup(app, claim) });
  return items;
}

/** Which key does what, and where: letters only act while focus is on the map or the tree, never in a text field. */

export type Zone = "map" | "tree" | "button" | "text" | "other";

export type KeyAction =
  | { do: "move"; dx: number; dy: number; extend: boolean }
  | { do: "select" | "toggle" | "keep" | "free" | "remove" | "run" | "escape" | "undo" | "redo" }
  | { do: "edge" | "under" | "help" | "find" | "menu" }
  | { do: "share" | "paired" | "zoom in" | "zoom out" }
  | { do: "layer"; same: boolean }
  /** the feature rule with this number, from 0 */
  | { do: "rule"; index: number };

export type KeyLike = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey">;

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const LETTERS: Record<string, KeyAction> = {
  k: { do: "keep" },
  f: { do: "free" },
  r: { do: "run" },
  e: { do: "edge" },
  u: { do: "under" },
  s: { do: "share" },
  p: { do: "paired" },
  "0": { do: "remove" },
  "+": { do: "zoom in" },
  "=": { do: "zoom in" },
  "-": { do: "zoom out" },
  delete: { do: "remove" },
  backspace: { do: "remove" },
};

/** `zone`: where the focus is; `inGraph`: whether that is inside the map or the tree (also for a button there). */
export function keyAction(event: KeyLike, zone: Zone, inGraph: boolean): KeyAction | null {
  if (event.key === "Escape") return { do: "escape" };
  if (zone === "text" || event.altKey) return null;
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (key === "z") return { do: event.shiftKey ? "redo" : "undo" };
    return key === "y" ? { do: "redo" } : null;
  }
  if (key === "?") return { do: "help" };
  if (key === "/") return { do: "find" };
  if (!inGraph) return null;
  if (key === "contextmenu" || (key === "f10" && event.shiftKey)) return { do: "menu" };
  if (key === "l") return { do: "layer", same: event.shiftKey };
  if (zone !== "button") {
    const arrow = ARROWS[event.key];
    if (arrow) return { do: "move", dx: arrow[0], dy: arrow[1], extend: event.shiftKey };
    if (key === "enter") return { do: "select" };
    if (key === " ") return { do: "toggle" };
  }
  if (/^[1-9]$/.test(key)) return { do: "rule", index: Number(key) - 1 };
  return LETTERS[key] ?? null;
}

/** Where in the widget an event comes from. */
export function zoneOf(target: EventTarget | null): { zone: Zone; inGraph: boolean } {
  if (!(target instanceof Element)) return { zone: "other", inGraph: false };
  const graph = target.closest("[data-zone]")?.getAttribute("data-zone");
  const inGraph = graph === "map" || graph === "tree";
  if (target.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=file])"))
    return { zone: "text", inGraph };
  if (target.matches("button, summary, input, a")) return { zone: "button", inGraph };
  return { zone: inGraph ? graph : "other", inGraph };
}

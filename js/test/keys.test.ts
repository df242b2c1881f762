import { describe, expect, it } from "vitest";
import { keyAction, zoneOf } from "../src/keys";

const key = (name: string, more: Partial<KeyboardEvent> = {}) => ({
  ...{ key: name, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false },
  ...more,
});

describe("keys", () => {
  it.each([
    ["k", { do: "keep" }],
    ["F", { do: "free" }],
    ["1", { do: "rule", index: 0 }],
    ["9", { do: "rule", index: 8 }],
    ["Delete", { do: "remove" }],
    ["Backspace", { do: "remove" }],
    ["r", { do: "run" }],
    ["e", { do: "edge" }],
    ["u", { do: "under" }],
    ["Enter", { do: "select" }],
    [" ", { do: "toggle" }],
    ["?", { do: "help" }],
    ["Escape", { do: "escape" }],
    ["ArrowUp", { do: "move", dx: 0, dy: -1, extend: false }],
    ["x", null],
    ["Tab", null],
  ])("%s on the map", (name, action) => {
    expect(keyAction(key(name), "map", true)).toEqual(action);
  });
  it("letters do nothing elsewhere, and nothing at all in a text field but Escape", () => {
    expect(keyAction(key("k"), "other", false)).toBeNull();
    expect(keyAction(key("k"), "text", false)).toBeNull();
    expect(keyAction(key("z", { ctrlKey: true }), "text", false)).toBeNull();
    expect(keyAction(key("Escape"), "text", false)).toEqual({ do: "escape" });
  });
  it("undo and redo work everywhere else, with Ctrl or Cmd", () => {
    expect(keyAction(key("z", { ctrlKey: true }), "other", false)).toEqual({ do: "undo" });
    expect(keyAction(key("Z", { metaKey: true, shiftKey: true }), "button", false)).toEqual({ do: "redo" });
    expect(keyAction(key("k", { ctrlKey: true }), "map", true)).toBeNull();
  });
  it("leave a button its own keys, but not its letters", () => {
    expect(keyAction(key("Enter"), "button", true)).toBeNull();
    expect(keyAction(key("k"), "button", true)).toEqual({ do: "keep" });
  });
  it("Shift extends", () => {
    expect(keyAction(key("ArrowRight", { shiftKey: true }), "map", true)).toMatchObject({ extend: true });
  });
});

describe("zones", () => {
  it("are known by where an event comes from", () => {
    const host = document.createElement("div");
    host.innerHTML = `<div data-zone="tree"><i></i><button></button><input></div><input type="checkbox"><textarea></textarea>`;
    const zone = (selector: string) => zoneOf(host.querySelector(selector));
    expect(zone("i")).toEqual({ zone: "tree", inGraph: true });
    expect(zone("button")).toEqual({ zone: "button", inGraph: true });
    expect(zone("[data-zone] input")).toEqual({ zone: "text", inGraph: true });
    expect(zone("[type=checkbox]")).toEqual({ zone: "button", inGraph: false });
    expect(zone("textarea")).toEqual({ zone: "text", inGraph: false });
    expect(zoneOf(null)).toEqual({ zone: "other", inGraph: false });
  });
});

import { describe, expect, it } from "vitest";
import { floats, kernelMessage, traits, viewMessage } from "../src/wire";
import { fixture, fixtures } from "./fixtures";

const names = Object.keys(fixtures);

function problem(name: string): string | null {
  const [side = "", what = ""] = name.split(".");
  const value = fixtures[name];
  if (side === "trait") return traits[what as keyof typeof traits](value, what, true);
  if (side === "view") return viewMessage(value, "message", true);
  if (side === "kernel") return kernelMessage(value, "message", true);
  return `no such side: ${side}`;
}

describe("the shared fixtures", () => {
  it.each(names)("%s has the agreed shape", (name) => {
    expect(problem(name)).toBeNull();
  });

  it("cover every trait and every kind of message", () => {
    for (const trait of Object.keys(traits)) expect(names.some((n) => n.startsWith(`trait.${trait}.`))).toBe(true);
    const kinds = names.map((n) => n.split(/[._]/).slice(0, 2).join("."));
    for (const kind of [
      "edit",
      "undo",
      "redo",
      "run",
      "cancel",
      "confirm",
      "preview",
      "export",
      "ping",
      "restore",
      "mark",
      "history",
      "compare",
      "lesson",
    ])
      expect(kinds).toContain(`view.${kind}`);
    for (const kind of ["ack", "rejected", "partial", "preview", "exported", "pong", "history"])
      expect(kinds).toContain(`kernel.${kind}`);
  });
});

describe("the checks", () => {
  it("name the place of a wrong value", () => {
    const state = { ...fixture<object>("trait.state.induction"), rev: "six" };
    expect(traits.state(state, "state", false)).toBe("state.rev: expected a whole number, got six");
  });
  it("name a missing field", () => {
    expect(kernelMessage({ kind: "ack", id: "1", rev: 1 }, "message", false)).toBe(
      "message: the field 'claims' is missing",
    );
  });
  it("refuse an unknown kind", () => {
    expect(kernelMessage({ kind: "hello", id: "1" }, "message", false)).toMatch(/^message.kind: expected one of ack/);
  });
  it("let unknown fields pass unless asked to be exact", () => {
    const pong = { kind: "pong", id: "1", extra: 1 };
    expect(kernelMessage(pong, "message", false)).toBeNull();
    expect(kernelMessage(pong, "message", true)).toBe("message: unknown field 'extra'");
  });
  it("refuse numbers that are not finite", () => {
    const result = fixture<{ better: number }>("trait.result.induction");
    result.better = Number.NaN;
    expect(traits.result(result, "result", false)).toMatch(/better: expected a finite number/);
  });
});

describe("floats", () => {
  it("reads a buffer that starts in the middle of another, aligned or not", () => {
    const bytes = new Uint8Array(19);
    new Float32Array(bytes.buffer, 4, 2).set([1.5, -2]);
    expect([...floats(new DataView(bytes.buffer, 4, 8))]).toEqual([1.5, -2]);
    const shifted = new Uint8Array(19);
    shifted.set(bytes.subarray(4, 12), 7);
    expect([...floats(new DataView(shifted.buffer, 7, 8))]).toEqual([1.5, -2]);
  });
});

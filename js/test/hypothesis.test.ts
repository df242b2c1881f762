import { describe, expect, it } from "vitest";
import { indexGraph } from "../src/graph";
import {
  findReceiver,
  type PlanContext,
  parsePositions,
  planRule,
  positionsText,
  receiversOf,
  treeRows,
  underOf,
  upstreamProblem,
} from "../src/hypothesis";
import { featureFace, HUES, ruleFace } from "../src/rules";
import type { Graph, Selection, State, Task } from "../src/wire";
import { fixture } from "./fixtures";

const index = indexGraph(fixture<Graph>("trait.graph.induction"));
const { claims } = fixture<State>("trait.state.induction");
const slice = indexGraph(fixture<Graph>("trait.graph.gpt2"));
const sliceClaims = fixture<State>("trait.state.gpt2").claims;

const context = (selection: Partial<Selection>, group = false): PlanContext => ({
  ...{ index, claims, group },
  selection: { nodes: [], claim: null, under: "logits", ...selection },
});

describe("the tree", () => {
  it("has a row for each claim, with its depth and place among its siblings", () => {
    const rows = treeRows(claims);
    expect(rows.map((r) => [r.claim.components[0], r.depth, r.position, r.siblings, r.children])).toEqual([
      ["a1.h3", 2, 1, 1, 3],
      ["a0.h2", 3, 1, 3, 0],
      ["embed", 3, 2, 3, 0],
      ["*", 3, 3, 3, 0],
    ]);
  });
  it("follows ids with positions", () => {
    expect(treeRows(sliceClaims).map((r) => r.depth)).toEqual([2, 3, 4, 3, 2, 2, 3]);
  });
});

describe("receivers", () => {
  it("are the logits and the ports of claims", () => {
    expect(findReceiver(index, claims, "logits")?.senders.size).toBe(10);
    const key = findReceiver(index, claims, "logits>a1.h3.k");
    expect(key?.port).toBe("k");
    expect([...(key?.senders ?? [])]).toEqual(["embed", "pos_embed", "a0.h0", "a0.h1", "a0.h2", "a0.h3"]);
    expect(findReceiver(index, claims, "logits>a1.h0.k")).toBeNull();
  });
  it("have no port in the path where the owner has one", () => {
    const mlp = sliceClaims.find((c) => c.id === "logits>m2");
    expect(mlp && receiversOf(slice, mlp).map((r) => [r.path, r.port])).toEqual([["logits>m2", ""]]);
  });
  it("of a group are the ports that all members have; a whole input has none", () => {
    const group = sliceClaims.find((c) => c.components.length > 1);
    expect(group && receiversOf(slice, group).map((r) => r.port)).toEqual(["q", "k", "v"]);
    const whole = claims.find((c) => c.components[0] === "*");
    expect(whole && receiversOf(index, whole)).toEqual([]);
  });
  it("are what claims stand under", () => {
    expect(claims.map(underOf)).toEqual(["logits", "logits>a1.h3.k", "logits>a1.h3.q", "logits>a1.h3.v"]);
  });
  it("say why a component cannot feed them", () => {
    const key = findReceiver(index, claims, "logits>a1.h3.k");
    expect(key && upstreamProblem(key, "a1.h0")).toBe(
      "a1.h0 is not upstream of logits ▸ a1.h3.k; what feeds it: embed, pos_embed … a0.h3.",
    );
    expect(key && upstreamProblem(key, "a0.h0")).toBeNull();
    expect(key && upstreamProblem(key, "logits")).toMatch(/nothing reads them/);
  });
});

describe("pressing a rule", () => {
  it("claims the selected component at the receiver", () => {
    const { op } = planRule(context({ nodes: ["a1.h0"] }), "token");
    expect(op).toEqual({ op: "claim", components: ["a1.h0"], under: "logits", rule: "token" });
  });
  it("changes the rule of the selected claim, wherever new claims go", () => {
    const { op } = planRule(context({ nodes: ["a0.h2"], claim: "logits>a1.h3.k>a0.h2" }), "token");
    expect(op).toEqual({ op: "rule", claims: ["logits>a1.h3.k>a0.h2"], rule: "token" });
  });
  it("changes the rule of a component that is claimed at the receiver", () => {
    const { op } = planRule(context({ nodes: ["a1.h3"] }), "token");
    expect(op).toEqual({ op: "rule", claims: ["logits>a1.h3"], rule: "token" });
  });
  it("claims again a component that is claimed on another path only", () => {
    const { op } = planRule(context({ nodes: ["a0.h2"] }), "token");
    expect(op).toMatchObject({ op: "claim", under: "logits" });
  });
  it("makes one batch of several components, old and new", () => {
    const { op, sentence } = planRule(context({ nodes: ["a1.h0", "a1.h1", "a1.h3"] }), "token");
    expect(op).toMatchObject({ op: "batch", ops: [{ op: "claim" }, { op: "claim" }, { op: "rule" }] });
    expect(sentence).toMatch(/a1\.h0, a1\.h1 under logits.*a1\.h3/);
  });
  it("makes one claim of a group", () => {
    const { op } = planRule(context({ nodes: ["a0.h1", "a0.h2"] }, true), "token");
    expect(op).toEqual({ op: "claim", components: ["a0.h1", "a0.h2"], under: "logits", rule: "token" });
  });
  it("says why where it can do nothing", () => {
    expect(planRule(context({}), "token")).toEqual({
      op: null,
      sentence: "Select a component in the map first, then a rule.",
    });
    const late = planRule(context({ nodes: ["a1.h1"], under: "logits>a1.h3.q" }), "token");
    expect(late.op).toBeNull();
    expect(late.sentence).toMatch(/not upstream/);
    expect(planRule(context({ nodes: ["a1.h1"], under: "gone" }), "token").op).toBeNull();
  });
});

describe("positions", () => {
  it.each([
    ["", null],
    ["4, 5", [4, 5]],
    ["-1 3", [-1, 3]],
    ["last", "last"],
  ])("'%s' is read", (typed, value) => {
    expect(parsePositions(typed, ["last"])).toEqual({ ok: true, value });
  });
  it("names the roles when it cannot read", () => {
    const parsed = parsePositions("lsat", ["last"]);
    expect(parsed.ok ? "" : parsed.message).toMatch(/the roles are last\. Got "lsat"/);
  });
  it("are written as they are read", () => {
    expect([null, [4, 5], "last"].map((p) => positionsText(p))).toEqual(["", "4, 5", "last"]);
  });
});

describe("the faces of rules", () => {
  const { rules } = fixture<Task>("trait.task.induction");
  it("are K, F, then letters with hues", () => {
    expect(rules.map((r) => ruleFace(rules, r.name).letter)).toEqual(["K", "F", "A", "B", "C", "D", "E", "G"]);
    expect(ruleFace(rules, "same input").hue).toBeNull();
    expect(ruleFace(rules, "token").hue).toBe(HUES[0]);
  });
  it("never use one letter twice, and hues again only with another letter", () => {
    const many = Array.from({ length: 60 }, (_, i) => featureFace(i).letter);
    expect(new Set(many).size).toBe(60);
    expect(featureFace(6).hue).toBe(featureFace(0).hue);
  });
});

/** How a component can be written as parts: the fields of the sheet, and the spec that they add up to. */
import { partOf } from "./graph";
import type { Graph, RewriteSpec, Rewriting } from "./wire";

export type Way = "unembed" | "pca" | "means" | "vector" | "neurons";
export type WayFields = {
  way: Way;
  name: string;
  first: string;
  second: string;
  k: string;
  rule: string;
  a: string;
  b: string;
  vector: string;
  neurons: string;
};

export const WAYS: [Way, string, string][] = [
  ["unembed", "two tokens", "what raises one token's logit over another's"],
  ["pca", "principal component", "along which it varies most"],
  ["means", "class means", "from its mean on one class to that on another"],
  ["vector", "Python vector", "widget.vectors[name] = tensor"],
  ["neurons", "neurons", "some of the MLP's neurons and the rest"],
];

/** The ways that a component has, as far as the kernel has said. */
export const waysOf = (known: Rewriting | null): Way[] =>
  WAYS.map(([way]) => way).filter(
    (way) => (way !== "unembed" || (known?.tokens ?? true)) && (way !== "neurons" || (known?.neurons.length ?? 0) > 0),
  );

const word = (text: string): string =>
  text
    .trim()
    .replace(/[^\w]+/g, "_")
    .replace(/^_+|_+$/g, "");

/** A name for the first part; the other is "rest". */
export function partName(fields: WayFields): string {
  if (fields.name.trim()) return fields.name.trim();
  switch (fields.way) {
    case "unembed":
      return [word(fields.first) || "first", word(fields.second) || "second"].join("-");
    case "pca":
      return `pc${fields.k}`;
    case "means":
      return [word(fields.a) || "a", word(fields.b) || "b"].join("-");
    case "vector":
      return word(fields.vector) || "dir";
    case "neurons":
      return "neurons";
  }
}

/** What would be made, or why there is nothing yet. */
export function rewriteSpec(component: string, fields: WayFields): RewriteSpec | string {
  const part = { component, name: partName(fields) };
  switch (fields.way) {
    case "unembed": {
      const { first, second } = fields;
      return first && second ? { kind: "unembed", ...part, first, second } : "Type two tokens, with their spaces.";
    }
    case "pca":
      return /^[1-9]\d*$/.test(fields.k)
        ? { kind: "pca", ...part, k: Number(fields.k) }
        : "Which principal component? 1 is the largest.";
    case "means": {
      const { rule, a, b } = fields;
      return a && b && a !== b
        ? { kind: "means", ...part, rule, first: a, second: b }
        : "Choose two classes of a rule.";
    }
    case "vector":
      return fields.vector
        ? { kind: "vector", ...part, vector: fields.vector }
        : 'No vector is here yet: run widget.vectors["name"] = tensor in a cell, and open this again.';
    case "neurons": {
      const given = fields.neurons.split(/[\s,]+/).filter(Boolean);
      return given.length > 0 && given.every((n) => /^\d+$/.test(n))
        ? { kind: "neurons", ...part, neurons: given.map(Number) }
        : "Type the neurons' numbers, such as 3, 17.";
    }
  }
}

/** The component that a part belongs to, if a rewrite made it: what can be put together again. */
export function splitOf(graph: Graph, id: string): { component: string; parts: string[] } | null {
  const component = graph.components.find((c) => c.id === id);
  const whole = component ? component.part_of : id;
  const found = graph.rewrites.find((r) => r.component === whole);
  return found ? { component: found.component, parts: found.parts } : null;
}

/** What a selection means here: a component of the graph, or a whole that was split. */
export function meant(graph: Graph, nodes: string[]): string | null {
  const [only] = nodes;
  if (only === undefined || only === "logits") return null;
  const known = graph.components.some((c) => c.id === only || c.part_of === only || partOf(c).root === only);
  return known ? only : null;
}

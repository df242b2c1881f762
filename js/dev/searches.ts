/** Made-up searches: a few senders matter, most do not. */
import { sendersOf } from "../src/graph";
import type { Graph, Search } from "../src/wire";

const random = (i: number) => Math.abs(Math.sin(i * 12.9898) * 43758.5453) % 1;

export function madeSearch(graph: Graph, under: string, rev: number, upto?: number): Search {
  const owner = under.includes(">") ? under.slice(under.lastIndexOf(">") + 1) : `${under}.in`;
  const port = graph.ports.find((p) => p.id === owner) ?? graph.ports.at(-1);
  const senders = port ? sendersOf(graph, port).toReversed() : [];
  const cells = senders.slice(0, upto).map((component, i) => {
    const large = random(i + 5) > 0.9 ? 1 : 0.02;
    const value = Number((-0.3 * large * (random(i) - 0.15)).toFixed(5));
    const half = 0.006 + 0.02 * random(i + 77) * (large === 1 ? 1 : 0.3);
    const effect = { value, low: value - half, high: value + half };
    const q = Math.abs(value) > half ? (i % 7 === 0 ? 0.09 : 0.001) : 0.5;
    return { component, effect, beyond_noise: Math.abs(value) > half, q, exact: i % 9 === 0 };
  });
  const running = upto !== undefined;
  return {
    ...{ rev, under, question: "free", rule: null, each: "component", cells, skipped: [] },
    ...{
      before: { value: 0.83, low: 0.8, high: 0.86 },
      done: cells.length + (upto === undefined ? 5 : 0),
      total: senders.length + 5,
      running,
    },
    message: running ? "measuring each sender" : "done",
    ...{ samples: 256, full: 1024, exact: 5, seed: 0, eta: running ? 14.2 : 0, seconds: 2.2, cost: 3.4 },
  };
}

/** The same about each input of the heads. */
export const ofInputs = (search: Search): Search => ({
  ...search,
  each: "qkv",
  cells: search.cells
    .filter((c) => c.component.includes(".h"))
    .flatMap((c, i) =>
      ["q", "k", "v"].map((port, k) => ({ ...c, q: (i + k) % 3 ? c.q : 0.4, component: `${c.component}.${port}` })),
    ),
});

/** The same about positions. */
export const ofPlaces = (search: Search): Search => ({
  ...search,
  each: "position",
  cells: search.cells.slice(0, 24).map((c, i) => ({ ...c, component: `@${i}` })),
});

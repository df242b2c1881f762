/** The losses of the single examples that the charts show: of the whole loss, or at the position that was chosen. */
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app";
import type { ExampleLosses } from "../store";
import { floatsOf, type Place } from "../wire";

/** The place of the chosen position, if the loss reads it. */
export function usePlace(): Place | null {
  const { store, ui } = useApp();
  const at = ui.position.value;
  return at === null ? null : (store.charts.value?.positions.find((p) => p.positions.includes(at)) ?? null);
}

export type Sliced = { losses: ExampleLosses; place: Place | null; problem: string };

/** Asks for the losses at the chosen position, once for each result; without it, or until it is there, the whole loss. */
export function useSlice(examples: ExampleLosses): Sliced {
  const { store, ui } = useApp();
  const [got, setGot] = useState<{ key: string; losses: ExampleLosses | null; problem: string } | null>(null);
  const place = usePlace();
  const rev = store.charts.value?.rev ?? -1;
  const position = place ? ui.position.value : null;
  const key = `${rev} ${position}`;
  useEffect(() => {
    if (position === null) return;
    if (store.readOnly) {
      setGot({ key, losses: null, problem: "Single examples at one position need a kernel: all positions are shown." });
      return;
    }
    store.requests.send({ kind: "slice", position }, (answer) => {
      if (answer.kind === "rejected") setGot({ key, losses: null, problem: answer.message });
      if (answer.kind !== "slice" || answer.rev !== rev) return;
      const { n, model, scrubbed, baseline } = answer;
      const losses = { n, model: floatsOf(model), scrubbed: floatsOf(scrubbed), baseline: floatsOf(baseline) };
      setGot({ key, losses, problem: "" });
    });
  }, [key, position, rev, store]);
  if (position === null || got?.key !== key) return { losses: examples, place: null, problem: "" };
  return { losses: got.losses ?? examples, place: got.losses ? place : null, problem: got.problem };
}

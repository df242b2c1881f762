/** The axis of the result bar and of the small charts: values to percent of the width. */
import { ticks } from "d3-array";
import type { Interval, Result } from "./wire";

export type Scale = {
  low: number;
  high: number;
  /** Where it stands: percent of the width, or pixels between two ends. */
  at(value: number): number;
};

export function linear(low: number, high: number, from = 0, to = 100): Scale {
  const span = high - low || 1;
  return { low, high, at: (value) => from + ((value - low) / span) * (to - from) };
}

/** The same values between other ends. */
export const between = (scale: Scale, from: number, to: number): Scale => linear(scale.low, scale.high, from, to);

/** The value that stands at a place. */
export function valueAt(scale: Scale, at: number): number {
  const [from, to] = [scale.at(scale.low), scale.at(scale.high)];
  return scale.low + ((at - from) / (to - from || 1)) * (scale.high - scale.low);
}

const finite = (...values: (number | null)[]): number[] => values.filter((v): v is number => v !== null);
const parts = (i: Interval): number[] => finite(i.value, i.low, i.high);

/** A scale over all these values with a little room on both sides. */
export function covering(values: number[], room = 0.05): Scale {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const pad = (high - low || Math.abs(high) || 1) * room;
  return linear(low - pad, high + pad);
}

export type Tick = { value: number; at: number };
export const ticksOn = (scale: Scale, about: number): Tick[] =>
  ticks(scale.low, scale.high, about).map((value) => ({ value, at: scale.at(value) }));

/** The axis in fractions recovered: 0 and 1 are always on it, and nothing measured is cut off. */
export function recoveredScale(recovered: Interval, ...beside: Interval[]): Scale {
  return covering([0, 1, ...parts(recovered), ...beside.flatMap(parts)], 0.06);
}

/** Ticks of the loss under a recovered axis; the baseline's loss stands at 0 and the model's at 1. */
export function lossTicks(scale: Scale, loss: Result["loss"], about = 6): Tick[] {
  const { value: model } = loss.model;
  const { value: baseline } = loss.baseline;
  if (model === null || baseline === null || model === baseline) return [];
  const lossAt = (fraction: number) => baseline - fraction * (baseline - model);
  const ends = [lossAt(scale.low), lossAt(scale.high)];
  return ticks(Math.min(...ends), Math.max(...ends), about).map((value) => ({
    value,
    at: scale.at((baseline - value) / (baseline - model)),
  }));
}

/** Where the gap is not resolved there are no fractions: the axis is the loss itself, high loss on the left. */
export function rawLossScale(loss: Result["loss"]): Scale | null {
  const values = [...parts(loss.model), ...parts(loss.scrubbed), ...parts(loss.baseline)];
  if (values.length === 0) return null;
  const { low, high } = covering(values, 0.12);
  return linear(high, low);
}

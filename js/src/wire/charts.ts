/** What the charts draw: the twin of `scrub_widgets/widget/wire/charts.py`. */
import { list, nullable, real, shape, text, whole } from "../check";
import type { Interval } from "../wire";

/** Which class of a rule each shown reference is in: one digit each, the place of its class in `names`; the others' number is the next. */
export type ClassCodes = { rule: string; names: string[]; rest: number; codes: string; at: number | null };
/** The losses at some positions: of a stretch of them, or of a role. */
export type Place = {
  name: string;
  positions: number[];
  model: Interval;
  scrubbed: Interval;
  baseline: Interval;
  change: Interval;
  recovered: Interval;
};
export type Waterfall = {
  start: Interval;
  steps: { claim: string; level: Interval; change: Interval; last: Interval }[];
  end: Interval;
};
/** What the charts of the complete result with this `rev` draw; `no_positions` says why there are none. */
export type Charts = {
  rev: number;
  shown: number;
  classes: ClassCodes[];
  positions: Place[];
  roles: Place[];
  no_positions: string;
  waterfall: Waterfall | null;
};
/** Losses of the single examples at one position: base64 of little-endian Float32 lists. */
export type Sliced = { rev: number; position: number; n: number; model: string; scrubbed: string; baseline: string };

export type ChartsRequest = { kind: "waterfall" } | { kind: "slice"; position: number };
export type ChartsAnswer = { kind: "slice"; id: string } & Sliced;

const bounds = shape({ value: nullable(real), low: nullable(real), high: nullable(real) });
const place = shape({
  ...{ name: text, positions: list(whole), model: bounds, scrubbed: bounds, baseline: bounds },
  ...{ change: bounds, recovered: bounds },
});
export const charts = nullable(
  shape({
    ...{ rev: whole, shown: whole, positions: list(place), roles: list(place), no_positions: text },
    classes: list(shape({ rule: text, names: list(text), rest: whole, codes: text, at: nullable(whole) })),
    waterfall: nullable(
      shape({
        ...{ start: bounds, end: bounds },
        steps: list(shape({ claim: text, level: bounds, change: bounds, last: bounds })),
      }),
    ),
  }),
);

const message = { kind: text, id: text };
export const chartsRequests = { waterfall: shape(message), slice: shape({ ...message, position: whole }) };
export const chartsAnswers = {
  slice: shape({
    ...{ ...message, rev: whole, position: whole, n: whole, model: text, scrubbed: text, baseline: text },
  }),
};

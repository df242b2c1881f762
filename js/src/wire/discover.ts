/** Discoveries on the wire: the twin of `scrub_widgets/widget/wire/discover.py`. */
import { flag, list, nullable, oneOf, real, shape, text, whole } from "../check";
import type { Claim, Interval } from "../wire";
import { claimShape } from "./history";

/** What a discovery is asked for; shares of loss recovered, not points. */
export type DiscoverOptions = {
  /** The port to begin at, as a path. */
  under: string;
  /** From the present hypothesis, else from nothing. */
  present: boolean;
  rule: string;
  max_claims: number;
  depth: number;
  threshold: number;
  /** At most so many scrubs, of so many samples each. */
  budget: number;
  samples: number;
};
export type FoundClaim = { claim: Claim; given: boolean; effect: Interval | null };
export type FoundStep = {
  kind: string;
  under: string;
  accepted: string[];
  /** A sentence. */
  message: string;
  recovered: Interval;
  scrubs: number;
};
export type Discovery = {
  number: number;
  rev: number;
  asked: DiscoverOptions;
  phase: "search" | "prune" | "confirm" | "done";
  running: boolean;
  message: string;
  error: string;
  stopped: string;
  /** In scrubs. */
  done: number;
  total: number;
  eta: number | null;
  seconds: number;
  /** In plain forward passes over as many inputs as a scrub has. */
  cost: number | null;
  claims: FoundClaim[];
  steps: FoundStep[];
  /** What was not looked at, with the reason. */
  skipped: { component: string; why: string }[];
  recovered: Interval | null;
  seed: number;
  /** Whether what was found is the present hypothesis. */
  present: boolean;
};

export type DiscoverRequest =
  | { kind: "discover"; asked: DiscoverOptions; go: boolean }
  | { kind: "discovery"; act: "cancel" | "resume" | "accept" };
export type DiscoverAnswer = {
  kind: "planned";
  id: string;
  scrubs: number;
  senders: number;
  samples: number;
  seconds: number;
  /** By the time of scrubs, else of plain forward passes. */
  measured: boolean;
};

const interval = shape({ value: nullable(real), low: nullable(real), high: nullable(real) });
const asked = shape({
  ...{ under: text, present: flag, rule: text, max_claims: whole, depth: whole, threshold: real },
  ...{ budget: whole, samples: whole },
});
export const discovery = shape({
  ...{ number: whole, rev: whole, asked, phase: oneOf("search", "prune", "confirm", "done"), running: flag },
  ...{ message: text, error: text, stopped: text, done: whole, total: whole, eta: nullable(real), seconds: real },
  ...{
    cost: nullable(real),
    recovered: nullable(interval),
    seed: whole,
    present: flag,
    skipped: list(shape({ component: text, why: text })),
  },
  claims: list(shape({ claim: claimShape, given: flag, effect: nullable(interval) })),
  steps: list(
    shape({ kind: text, under: text, accepted: list(text), message: text, recovered: interval, scrubs: whole }),
  ),
});
export const discoverRequests = {
  discover: shape({ kind: text, id: text, asked, go: flag }),
  discovery: shape({ kind: text, id: text, act: oneOf("cancel", "resume", "accept") }),
};
export const discoverAnswers = {
  planned: shape({
    kind: text,
    id: text,
    scrubs: whole,
    senders: whole,
    samples: whole,
    seconds: real,
    measured: flag,
  }),
  discovering: shape({ kind: text, discovery }),
};

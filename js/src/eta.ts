/** How long the rest of a run takes, from how fast its items came. */
import type { Status } from "./wire";

type Seen = { what: string; at: number; done: number };

const LEAST_ITEMS = 3;
const LEAST_SECONDS = 2;

/** One estimator for one status bar; `left` gives whole seconds, or null where nothing can be said yet. */
export function createEta(now: () => number = () => performance.now()) {
  let first: Seen | null = null;
  return {
    left(status: Status | null): number | null {
      if (!status || status.total <= 0) return null;
      const what = `${status.rev} ${status.phase} ${status.message} ${status.total}`;
      if (first?.what !== what || status.done < first.done) first = { what, at: now(), done: status.done };
      const items = status.done - first.done;
      const seconds = (now() - first.at) / 1000;
      if (items < LEAST_ITEMS || seconds < LEAST_SECONDS) return null;
      const left = Math.ceil(((status.total - status.done) * seconds) / items);
      return left > 0 ? left : null;
    },
  };
}

/** "about 12 s left", "about 3 min left". */
export const leftWords = (seconds: number): string =>
  seconds < 90 ? `about ${seconds} s left` : `about ${Math.round(seconds / 60)} min left`;

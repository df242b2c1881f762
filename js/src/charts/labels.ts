/** Words beside each other on one line, each as near as it can be to where it belongs. */

export type Label = { at: number; text: string };
export type Placed = Label & { x: number; width: number };

/** An 11 px letter of a system font, on average; a little too wide, so that nothing touches. */
const LETTER = 6.1;
const GAP = 10;

export const widthOf = (text: string): number => text.length * LETTER;

/** Left edges `x` for centred labels, none over another while there is room for all; in their order along the line. */
export function placed(labels: Label[], width: number): Placed[] {
  const sorted: Placed[] = [...labels]
    .sort((a, b) => a.at - b.at)
    .map((l) => ({ ...l, width: widthOf(l.text), x: l.at - widthOf(l.text) / 2 }));
  let from = 0;
  for (const label of sorted) {
    label.x = Math.max(label.x, from);
    from = label.x + label.width + GAP;
  }
  let to = width;
  for (const label of [...sorted].reverse()) {
    label.x = Math.max(0, Math.min(label.x, to - label.width));
    to = label.x - GAP;
  }
  return sorted;
}

/** The same down a column: centres at least `step` apart, between two ends. */
export function stacked(ats: number[], step: number, low: number, high: number): number[] {
  const order = ats.map((at, i) => ({ at, i })).sort((a, b) => a.at - b.at);
  let from = low;
  for (const o of order) {
    o.at = Math.max(o.at, from);
    from = o.at + step;
  }
  let to = high;
  for (const o of [...order].reverse()) {
    o.at = Math.min(o.at, to);
    to = o.at - step;
  }
  const found = [...ats];
  for (const o of order) found[o.i] = o.at;
  return found;
}

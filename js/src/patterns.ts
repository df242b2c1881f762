/** An attention pattern as few shapes: cells of about the same weight are one path. */

export const LEVELS = 16;

/** By level from faint to full, the path of all cells of that level, one unit each; empty where there are none. */
export function levels(pattern: number[][]): string[] {
  const paths = Array.from({ length: LEVELS }, () => "");
  for (const [y, row] of pattern.entries())
    for (const [x, weight] of row.entries()) {
      const level = Math.ceil(Math.min(weight, 1) * LEVELS) - 1;
      // Below 1 % a cell is empty: no eye tells it from zero.
      if (weight >= 0.01) paths[level] += `M${x} ${y}h1v1h-1z`;
    }
  return paths;
}

export type Looked = { position: number; clean: number; scrubbed: number | null };

/** What one query attends to, most first by either pattern; `first` is the position of the first key. */
export function looked(clean: number[][], scrubbed: number[][] | null, query: number, first: number): Looked[] {
  const rows = (clean[query] ?? []).map((weight, i) => ({
    ...{ position: first + i, clean: weight, scrubbed: scrubbed?.[query]?.[i] ?? null },
  }));
  const most = (row: Looked) => Math.max(row.clean, row.scrubbed ?? 0);
  return rows.filter((row) => most(row) > 0).sort((a, b) => most(b) - most(a));
}

/** The numbers of a chart: what its table shows, and what its CSV holds. */
import { fixed } from "../text";

export type Cell = string | number | null;
export type ChartTable = {
  /** Names of the columns, with their unit where they have one: "scrubbed loss (nats)". */
  head: string[];
  /** What the table in the widget shows, in full precision. */
  rows: Cell[][];
  /** Everything, where the table shows only a part. */
  all?: () => Cell[][];
};

/** A number as a reader wants it; the CSV has all digits. */
export function shown(cell: Cell): string {
  if (cell === null) return "–";
  if (typeof cell === "string") return cell;
  if (Number.isInteger(cell)) return fixed(cell, 0);
  const size = Math.abs(cell);
  return fixed(cell, size >= 100 ? 1 : size >= 10 ? 2 : size >= 0.01 ? 3 : 5);
}

const quoted = (cell: Cell): string => {
  if (cell === null) return "";
  const text = String(cell);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** Comma-separated, one header line; nothing is rounded, and what is not known is empty. */
export const csvText = ({ head, rows, all }: ChartTable): string =>
  [head, ...(all ? all() : rows)]
    .map((row) => row.map(quoted).join(","))
    .join("\n")
    .concat("\n");

/**
 * The frame of every chart: a title that says of what data, the drawing, its numbers as a table, and ways to take it along.
 * The drawing is one <svg> made for a width in pixels; what only reacts to the pointer in it is marked `data-live`, and is
 * no part of its picture.
 */
import type { ComponentChildren, VNode } from "preact";
import { useRef, useState } from "preact/hooks";
import { useApp } from "../app";
import { type ChartTable, shown } from "../charts/table";
import { useWidth } from "../charts/width";
import { useTerms } from "../charts/words";
import { TakeChart } from "./TakeChart";

type Props = {
  /** "examples" is found as chart-examples, table-examples, take-examples. */
  name: string;
  title: string;
  /** Data, N and seed; those of the shown result where nothing is given. */
  terms?: string;
  /** The drawing in words. */
  says: string;
  table: ChartTable;
  /** Title and tools stand below: it is part of something that has a title. */
  quiet?: boolean;
  /** Menus above the drawing. */
  controls?: ComponentChildren;
  /** Below the drawing. */
  after?: ComponentChildren;
  children: (width: number) => VNode;
};

export function Chart({ name, title, terms, says, table, quiet = false, controls, after, children }: Props) {
  const { uid } = useApp();
  const [asTable, setAsTable] = useState(false);
  const body = useRef<HTMLElement | null>(null);
  const width = useWidth(body);
  const own = useTerms();
  const words = { title, terms: terms ?? own, says };
  const head = (
    <figcaption class="scrub-chart-head">
      <h3 id={`${uid}-chart-${name}`} class={quiet ? "scrub-hidden" : "scrub-label"}>
        {title}
        <span class="scrub-hidden">, {words.terms}</span>
      </h3>
      {table.rows.length > 0 && (
        <div class="scrub-chart-tools">
          <button
            type="button"
            class="scrub-link"
            aria-pressed={asTable}
            data-testid={`table-${name}`}
            onClick={() => setAsTable(!asTable)}
          >
            {asTable ? "chart" : "table"}
          </button>
          <TakeChart name={name} words={words} table={table} drawing={body} />
        </div>
      )}
      {!quiet && (
        <span class="scrub-chart-terms" aria-hidden="true">
          {words.terms}
        </span>
      )}
    </figcaption>
  );
  return (
    <figure class="scrub-chart" data-testid={`chart-${name}`} aria-labelledby={`${uid}-chart-${name}`}>
      {!quiet && head}
      {controls && <div class="scrub-chart-controls">{controls}</div>}
      <div
        ref={(node) => {
          body.current = node;
        }}
        class="scrub-chart-body"
        hidden={asTable}
      >
        {children(width)}
      </div>
      {asTable && <Numbers table={table} title={title} />}
      {after}
      {quiet && head}
    </figure>
  );
}

function Numbers({ table, title }: { table: ChartTable; title: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <section class="scrub-scroll" aria-label={`${title}, as a table`} tabIndex={0}>
      <table class="scrub-table scrub-chart-table">
        <thead>
          <tr>
            {table.head.map((h) => (
              <th key={h} scope="col">
                {h}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, i) => (
            <tr key={`${i} ${row[0]}`}>
              {row.map((cell, j) => (
                <td key={table.head[j]} class={typeof cell === "number" ? "scrub-number" : undefined}>
                  {shown(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

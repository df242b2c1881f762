/** A chart with a title and its numbers as a table, one toggle away. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

type Props = { title: string; name: string; head: string[]; rows: string[][]; children: ComponentChildren };

export function Chart({ title, name, head, rows, children }: Props) {
  const [asTable, setAsTable] = useState(false);
  return (
    <figure class="scrub-chart" data-testid={`chart-${name}`}>
      <figcaption class="scrub-example-head">
        <span class="scrub-label">{title}</span>
        <button
          type="button"
          class="scrub-link"
          aria-pressed={asTable}
          data-testid={`table-${name}`}
          onClick={() => setAsTable(!asTable)}
        >
          {asTable ? "chart" : "table"}
        </button>
      </figcaption>
      {asTable ? (
        <div class="scrub-scroll">
          <table class="scrub-table">
            <thead>
              <tr>
                {head.map((h) => (
                  <th key={h} scope="col">
                    {h}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row[0]}>
                  {row.map((cell, i) => (
                    <td key={head[i]}>{cell}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        children
      )}
    </figure>
  );
}

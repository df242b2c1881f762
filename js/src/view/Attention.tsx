/** A head's attention on the shown example: the model's own pattern beside the one of the scrubbed run. */
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app";
import { pathWords } from "../hypothesis";
import { LEVELS, levels, looked } from "../patterns";
import { fixed, plural, visible } from "../text";
import type { Attention as Pattern } from "../wire";

export function Attention() {
  const { store, ui, samples } = useApp();
  const [claim, setClaim] = useState<string | null>(null);
  const heads = (store.graph.value?.components ?? []).filter((c) => c.kind === "head");
  const chosen = store.selection.value.nodes.find((n) => heads.some((h) => h.id === n)) ?? null;
  const head = ui.attention.value ?? chosen;
  const state = samples.shown.value;
  const about = (state?.sample.rows ?? []).filter((r) => r.rule && head && r.components.includes(head));
  const mine = about.some((r) => r.id === claim) ? claim : null;
  useEffect(() => {
    if (head) samples.askAttention(head, mine);
  }, [head, mine, state, samples]);
  if (heads.length === 0 || !state || state.sample.tokens.length < 2) return null;
  const shown = samples.attention.value;
  const fits = shown?.head === head ? shown : null;
  const claimed = new Set(state.sample.rows.flatMap((r) => (r.rule ? r.components : [])));
  return (
    <section class="scrub-attention" aria-label="Attention pattern" data-testid="attention">
      <div class="scrub-example-head">
        <h3>Attention</h3>
        <select
          class="scrub-pick"
          data-testid="attention-head"
          aria-label="Head"
          value={head ?? ""}
          disabled={store.readOnly}
          onChange={(e) => {
            ui.attention.value = e.currentTarget.value || null;
          }}
        >
          <option value="">choose a head</option>
          {heads.map((h) => (
            <option key={h.id} value={h.id}>
              {h.id}
              {claimed.has(h.id) ? " · claimed" : ""}
            </option>
          ))}
        </select>
        {about.length > 1 && (
          <select
            class="scrub-pick"
            data-testid="attention-claim"
            aria-label="Claim"
            value={mine ?? about[0]?.id}
            onChange={(e) => setClaim(e.currentTarget.value)}
          >
            {about.map((r) => (
              <option key={r.id} value={r.id}>
                {pathWords(r.id)}
              </option>
            ))}
          </select>
        )}
      </div>
      {store.readOnly ? (
        <p class="scrub-muted">Attention patterns need a kernel: this page keeps none.</p>
      ) : !head ? (
        <p class="scrub-muted">Select a head in the map, or choose one, to see its pattern clean beside scrubbed.</p>
      ) : fits?.problem ? (
        <p class="scrub-note">{fits.problem}</p>
      ) : fits?.data ? (
        <Maps key={head} pattern={fits.data} tokens={state.sample.tokens} at={state.sample.at} />
      ) : (
        <p class="scrub-muted">Asking the kernel…</p>
      )}
    </section>
  );
}

function Maps({ pattern, tokens, at }: { pattern: Pattern; tokens: string[]; at: number }) {
  const { first, clean, scrubbed } = pattern;
  const n = clean.length;
  const [query, setQuery] = useState(Math.min(Math.max(at - first, 0), n - 1));
  const words = tokens.slice(first, first + n);
  return (
    <>
      <p class="scrub-muted" data-testid="attention-how" data-how={pattern.how}>
        {pattern.words}
        {n < tokens.length ? ` Shown: positions ${first} to ${first + n - 1} of ${tokens.length}.` : ""}
      </p>
      <div class="scrub-attended-pair">
        <Heat name="clean" rows={clean} words={words} query={query} pick={setQuery} />
        {scrubbed && <Heat name="scrubbed" rows={scrubbed} words={words} query={query} pick={setQuery} />}
      </div>
      <p class="scrub-attended-scale scrub-muted">
        attention 0 <span class="scrub-attended-bar" aria-hidden="true" /> 1, from background to violet; rows are
        queries, columns keys, labelled with the reference's tokens
      </p>
      <Looks pattern={pattern} words={words} query={query} pick={setQuery} />
    </>
  );
}

type HeatProps = { name: string; rows: number[][]; words: string[]; query: number; pick: (query: number) => void };

const MARGIN = 3.2;

function Heat({ name, rows, words, query, pick }: HeatProps) {
  const n = rows.length;
  const size = n + MARGIN;
  // A label for every k-th row, so that it can be read at the width of half a panel.
  const every = Math.max(1, Math.ceil(n / 14));
  const choose = (event: MouseEvent) => {
    const box = (event.currentTarget as SVGElement).getBoundingClientRect();
    const y = Math.floor(((event.clientY - box.top) / Math.max(box.height, 1)) * size - MARGIN);
    if (y >= 0 && y < n) pick(y);
  };
  return (
    <figure class="scrub-attended">
      <figcaption class="scrub-label">{name}</figcaption>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the select and the table beside it do the same by keys */}
      <svg
        viewBox={`0 0 ${size} ${size}`}
        role="img"
        aria-label={`Attention, ${name}: ${plural(n, "query", "queries")} by ${plural(n, "key")}; the table has the values`}
        data-testid={`heat-${name}`}
        onClick={choose}
      >
        <g transform={`translate(${MARGIN} ${MARGIN})`}>
          <rect class="scrub-attended-ground" width={n} height={n} />
          {levels(rows).map(
            (d, level) =>
              d && <path key={level} class="scrub-attended-cell" d={d} fill-opacity={(level + 1) / LEVELS} />,
          )}
          <rect class="scrub-attended-query" x={0} y={query} width={n} height={1} />
          {words.map((word, i) =>
            i % every === 0 ? (
              <g key={i} class="scrub-attended-word" style={{ fontSize: `${0.8 * every}px` }}>
                <text x={-0.3} y={i + 0.5 + 0.28 * every} text-anchor="end">
                  {visible(word).slice(0, 5)}
                </text>
                <text x={0.3} y={0} transform={`translate(${i + 0.5 + 0.28 * every} 0) rotate(-90)`}>
                  {visible(word).slice(0, 5)}
                </text>
              </g>
            ) : null,
          )}
        </g>
      </svg>
    </figure>
  );
}

const MOST = 8;

/** What one query attends to, in numbers. */
function Looks(props: { pattern: Pattern; words: string[]; query: number; pick: (query: number) => void }) {
  const { pattern, words, query, pick } = props;
  const [all, setAll] = useState(false);
  const rows = looked(pattern.clean, pattern.scrubbed, query, pattern.first);
  return (
    <div class="scrub-looks">
      <label class="scrub-beside">
        <span class="scrub-label">Query</span>
        <select
          class="scrub-pick"
          data-testid="attention-query"
          value={String(query)}
          onChange={(e) => pick(Number(e.currentTarget.value))}
        >
          {words.map((word, i) => (
            <option key={i} value={String(i)}>
              {pattern.first + i} {visible(word)}
            </option>
          ))}
        </select>
        <span class="scrub-muted">attends to</span>
      </label>
      <table class="scrub-table" data-testid="attention-table">
        <thead>
          <tr>
            <th scope="col">key</th>
            <th scope="col">clean</th>
            {pattern.scrubbed && <th scope="col">scrubbed</th>}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, all ? rows.length : MOST).map((row) => (
            <tr key={row.position}>
              <th scope="row">
                {row.position} <span class="scrub-token">{visible(words[row.position - pattern.first] ?? "")}</span>
              </th>
              <td>{fixed(row.clean, 3)}</td>
              {pattern.scrubbed && <td>{fixed(row.scrubbed, 3)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST && (
        <button type="button" class="scrub-link" aria-pressed={all} onClick={() => setAll(!all)}>
          {all ? "fewer" : `all ${rows.length} keys`}
        </button>
      )}
    </div>
  );
}

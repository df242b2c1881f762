/** The answers as colours, on one scale: a map, one for each input of the heads, or a row of positions. */
import { useState } from "preact/hooks";
import { useApp } from "../app";
import { colourBar } from "../colours";
import { portWord } from "../graph";
import { FACETS, facet, MOST_Q, points, reach, told } from "../search";
import type { Search } from "../wire";
import { SearchGrid } from "./SearchGrid";
import { SearchPositions } from "./SearchPositions";

export function SearchMap({ search }: { search: Search }) {
  const [tip, setTip] = useState<string | null>(null);
  const most = reach(search.cells);
  const columns = 1 + Math.max(0, ...search.cells.map((c) => Number(/\.h(\d+)/.exec(c.component)?.[1] ?? 0)));
  return (
    <div class="scrub-effects">
      {search.each === "qkv" ? (
        <div class="scrub-facets" style={{ "--scrub-columns": columns }} data-testid="search-facets">
          {FACETS.map((port) => (
            <figure key={port}>
              <figcaption>
                {portWord(port)} ({port})
              </figcaption>
              <SearchGrid search={facet(search, port)} most={most} facet={port} onTip={setTip} />
            </figure>
          ))}
        </div>
      ) : search.each === "position" ? (
        <SearchPositions search={search} most={most} onTip={setTip} />
      ) : (
        <SearchGrid search={search} most={most} facet={null} onTip={setTip} />
      )}
      <p class="scrub-effects-tip scrub-number" aria-hidden="true">
        {tip ?? "\u00a0"}
      </p>
      <ColourBar most={most} noise={search.cells.some((c) => !told(c))} />
    </div>
  );
}

/** Named and signed: which end is which differs from tool to tool. */
function ColourBar({ most, noise }: { most: number; noise: boolean }) {
  const { ui } = useApp();
  return (
    <div class="scrub-effects-bar" aria-hidden="true">
      <span class="scrub-number">{points(-most)} worse</span>
      <i style={{ background: colourBar(ui.search.value.colours) }} />
      <span class="scrub-number">better {points(most)}</span>
      {noise && (
        <span class="scrub-effects-key">
          <i class="scrub-cell-noise" /> within noise, or q above {MOST_Q}
        </span>
      )}
    </div>
  );
}

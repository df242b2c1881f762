/** The circuit found so far: its claims as a tree, with what freeing each of them costs. */
import { useEffect } from "preact/hooks";
import { useApp } from "../app";
import { foundRows } from "../discover";
import { portWord } from "../graph";
import { WHOLE_INPUT } from "../hypothesis";
import { ruleFace } from "../rules";
import { pointBounds, points } from "../search";
import { shine } from "../spotlight";
import type { Discovery } from "../wire";
import { Swatch } from "./Swatch";

export function DiscoverTree({ found }: { found: Discovery }) {
  const { store, ui } = useApp();
  const rules = store.task.value?.rules ?? [];
  const rows = foundRows(found);
  const most = Math.max(0.01, ...rows.map((r) => Math.abs(r.effect?.value ?? 0)));
  const lit = ui.discover.value.lit;
  const names = rows.flatMap((r) => r.claim.components).join(" ");
  useEffect(() => {
    if (!lit) return;
    shine(ui, ["logits", ...names.split(" ").filter(Boolean)]);
    return () => shine(ui, null);
  }, [ui, lit, names]);
  if (rows.length === 0) return <p class="scrub-muted">Nothing is claimed yet.</p>;
  return (
    <ul
      class="scrub-circuit"
      data-testid="discover-tree"
      aria-label="Claims found, with what freeing each costs in points"
    >
      <li class="scrub-circuit-row scrub-muted" aria-hidden="true">
        <span>logits</span>
        <span>as</span>
        <span>when freed, points</span>
      </li>
      {rows.map(({ claim, given, effect, depth, words }) => (
        <li key={claim.id} class="scrub-circuit-row" data-testid={`found-${claim.id}`} title={claim.id}>
          <span style={{ paddingInlineStart: `${(depth - 1) * 14}px` }}>
            {claim.port && (
              <span class="scrub-circuit-port" title={`through its ${portWord(claim.port)}`}>
                {claim.port}
              </span>
            )}
            {claim.components.includes(WHOLE_INPUT) ? (
              <span class="scrub-muted">∗ kept whole</span>
            ) : (
              <strong>{words}</strong>
            )}
            {given && <span class="scrub-muted"> given</span>}
          </span>
          <span class="scrub-circuit-rule">
            <Swatch face={ruleFace(rules, claim.rule)} />
            <span>{claim.rule}</span>
          </span>
          <span class="scrub-circuit-cost scrub-number">
            {effect && (
              <>
                <i aria-hidden="true">
                  <i style={{ width: `${(100 * Math.abs(effect.value ?? 0)) / most}%` }} />
                </i>
                <b title={pointBounds(effect)}>{points(effect.value)}</b>
              </>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}

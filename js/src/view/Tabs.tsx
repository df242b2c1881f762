/** The panels on the right, one at a time. */
import type { ComponentType } from "preact";
import { useRef } from "preact/hooks";
import { type Tab, useApp } from "../app";
import { countWords } from "../trust";
import { HistoryPanel } from "./HistoryPanel";
import { ResultPanel } from "./ResultPanel";
import { RulePanel } from "./RulePanel";
import { Sample } from "./Sample";
import { SearchBadge, SearchPanel } from "./SearchPanel";

/** How many reasons to doubt the shown result there are. */
function Count() {
  const { store } = useApp();
  const warnings = store.result.value?.warnings ?? [];
  if (warnings.length === 0) return null;
  const serious = warnings.some((w) => w.severity === "warning");
  return (
    <span class={`scrub-tab-count${serious ? "" : " scrub-tab-count-note"}`} data-testid="doubt-count">
      <span aria-hidden="true">{warnings.length}</span>
      <span class="scrub-hidden">, {countWords(warnings)}</span>
    </span>
  );
}

/** What each tab shows, in their order. */
const TABS: { key: Tab; label: string; panel: ComponentType; badge?: ComponentType }[] = [
  { key: "rule", label: "Rule", panel: RulePanel },
  { key: "sample", label: "Sample", panel: Sample },
  { key: "result", label: "Result", panel: ResultPanel, badge: Count },
  { key: "search", label: "Search", panel: SearchPanel, badge: SearchBadge },
  { key: "history", label: "History", panel: HistoryPanel },
];

export function Tabs() {
  const { ui, uid } = useApp();
  const shown = TABS.find((t) => t.key === ui.tab.value) ?? TABS[0];
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const by = event.key === "ArrowRight" ? 1 : TABS.length - 1;
    ui.tab.value = TABS[(TABS.findIndex((t) => t.key === ui.tab.value) + by) % TABS.length]?.key ?? "rule";
    list.current?.querySelector<HTMLElement>(`[data-testid="tab-${ui.tab.value}"]`)?.focus();
  };
  return (
    <section class="scrub-right">
      <div class="scrub-tabs" role="tablist" ref={list} onKeyDown={onKeyDown}>
        {TABS.map(({ key, label, badge: Badge }) => (
          <button
            key={key}
            type="button"
            role="tab"
            id={`${uid}-tab-${key}`}
            data-testid={`tab-${key}`}
            class="scrub-tab"
            aria-selected={shown?.key === key}
            aria-controls={`${uid}-panel`}
            tabindex={shown?.key === key ? 0 : -1}
            onClick={() => {
              ui.tab.value = key;
            }}
          >
            {label}
            {Badge && <Badge />}
          </button>
        ))}
      </div>
      <div class="scrub-panel" role="tabpanel" id={`${uid}-panel`} aria-labelledby={`${uid}-tab-${shown?.key}`}>
        {shown && <shown.panel />}
      </div>
    </section>
  );
}

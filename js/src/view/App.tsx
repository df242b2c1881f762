/** The whole widget inside its root element. */
import { useEffect, useRef } from "preact/hooks";
import { useApp } from "../app";
import { countWords } from "../trust";
import { ClaimTree } from "./ClaimTree";
import { onKey } from "./keyboard";
import { Live } from "./Live";
import { ModelMap } from "./ModelMap";
import { Panels } from "./Panels";
import { RecoveredBar } from "./RecoveredBar";
import { ResultPanel } from "./ResultPanel";
import { RulePanel } from "./RulePanel";
import { StatusBar } from "./StatusBar";
import { TopBar } from "./TopBar";

export function App() {
  const app = useApp();
  const { store } = app;
  const root = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const node = root.current;
    if (!node) return;
    // JupyterLab acts on keys and right clicks that reach its cells: `d d` would delete the one with the widget in it.
    const keydown = (event: KeyboardEvent) => {
      event.stopPropagation();
      onKey(app, node, event);
    };
    const contextmenu = (event: Event) => event.stopPropagation();
    node.addEventListener("keydown", keydown);
    node.addEventListener("contextmenu", contextmenu);
    return () => {
      node.removeEventListener("keydown", keydown);
      node.removeEventListener("contextmenu", contextmenu);
    };
  }, [app]);

  const result = store.result.value;
  return (
    <div
      ref={root}
      class="scrub-root"
      data-testid="scrub-root"
      data-rev={store.state.value?.rev ?? ""}
      data-result-rev={result?.complete ? result.rev : ""}
      data-phase={store.status.value?.phase ?? "loading"}
      data-lm-suppress-shortcuts
      data-jp-suppress-context-menu
    >
      <div class="scrub-frame" style={{ minHeight: `${store.height}px` }}>
        <TopBar />
        <Banner />
        <Panels />
        <RecoveredBar />
        <div class="scrub-columns">
          <div class="scrub-left">
            <ModelMap />
            <ClaimTree />
          </div>
          <Tabs />
        </div>
        <StatusBar />
        <Live />
      </div>
    </div>
  );
}

function Banner() {
  const { store } = useApp();
  if (store.readOnly)
    return (
      <p class="scrub-banner" data-testid="banner" role="note">
        Saved result, read-only: no kernel
      </p>
    );
  if (!store.requests.silent.value) return null;
  return (
    <p class="scrub-banner scrub-banner-warn" data-testid="banner" role="note">
      The kernel does not answer (busy or gone); showing the last result
    </p>
  );
}

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

const TABS = [
  ["rule", "Rule"],
  ["result", "Result"],
] as const;

function Tabs() {
  const { ui, uid } = useApp();
  const shown = ui.tab.value;
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    ui.tab.value = shown === "rule" ? "result" : "rule";
    list.current?.querySelector<HTMLElement>(`[data-testid="tab-${ui.tab.value}"]`)?.focus();
  };
  return (
    <section class="scrub-right">
      <div class="scrub-tabs" role="tablist" ref={list} onKeyDown={onKeyDown}>
        {TABS.map(([key, label]) => (
          <button
            key={key}
            type="button"
            role="tab"
            id={`${uid}-tab-${key}`}
            data-testid={`tab-${key}`}
            class="scrub-tab"
            aria-selected={shown === key}
            aria-controls={`${uid}-panel`}
            tabindex={shown === key ? 0 : -1}
            onClick={() => {
              ui.tab.value = key;
            }}
          >
            {label}
            {key === "result" && <Count />}
          </button>
        ))}
      </div>
      <div class="scrub-panel" role="tabpanel" id={`${uid}-panel`} aria-labelledby={`${uid}-tab-${shown}`}>
        {shown === "rule" ? <RulePanel /> : <ResultPanel />}
      </div>
    </section>
  );
}

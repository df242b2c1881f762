/** The whole widget inside its root element. */
import { useEffect, useRef } from "preact/hooks";
import { useApp } from "../app";
import { ClaimTree } from "./ClaimTree";
import { onKey } from "./keyboard";
import { Live } from "./Live";
import { ModelMap } from "./ModelMap";
import { Panels } from "./Panels";
import { RecoveredBar } from "./RecoveredBar";
import { StatusBar } from "./StatusBar";
import { Tabs } from "./Tabs";
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

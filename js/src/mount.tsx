/** Draws the widget into an element, for whatever host gives a model. */
import { render } from "preact";
import { AppContext, createApp } from "./app";
import type { Model } from "./host";
import { App } from "./view/App";

/** Returns what takes the view away again. */
export function mount(model: Model, el: HTMLElement): () => void {
  const app = createApp(model);
  render(
    <AppContext.Provider value={app}>
      <App />
    </AppContext.Provider>,
    el,
  );
  return () => {
    render(null, el);
    app.dispose();
  };
}

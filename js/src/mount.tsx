/** Draws the widget into an element, for whatever host gives a model. */
import { render } from "preact";
import { AppContext, createApp } from "./app";
import type { Model } from "./host";
import { App } from "./view/App";

/** Returns what takes the view away again. */
export function mount(model: Model, el: HTMLElement): () => void {
  // With the mark that the map sets once it is drawn: how long the first picture took.
  performance.mark("scrub-widgets:display");
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

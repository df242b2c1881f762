/** The anywidget front-end module. Everything but this file is independent of the host. */
import type { AnyModel } from "@anywidget/types";
import type { Model } from "./host";
import { mount } from "./mount";

type Props = { model: AnyModel; el: HTMLElement; signal?: AbortSignal };

/** The kernel owns all state that outlives a view: a model has nothing of its own to set up here. */
function initialize(): void {}

function render({ model, el, signal }: Props): () => void {
  const unmount = mount(model as Model, el);
  signal?.addEventListener("abort", unmount, { once: true });
  return () => {
    signal?.removeEventListener("abort", unmount);
    unmount();
  };
}

export default { initialize, render };

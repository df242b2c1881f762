/** The whole widget on a fake model, and ways to use it as a person would. */
import { options } from "preact";
import { afterEach } from "vitest";
import widget from "../src/index";
import { mount } from "../src/mount";
import type { Op } from "../src/wire";
import { answerEdits, FakeModel } from "./fake";
import { fixture } from "./fixtures";

let unmount: (() => void) | null = null;
afterEach(() => {
  unmount?.();
  unmount = null;
  document.body.replaceChildren();
});

const RESULTS: Record<string, string> = { gpt2: "trait.result.unresolved", toy: "trait.result.toy" };

export const traits = (name = "induction") => ({
  graph: fixture(`trait.graph.${name}`),
  task: fixture(`trait.task.${name === "split" ? "induction" : name}`),
  state: fixture(`trait.state.${name}`),
  selection: fixture("trait.selection.start"),
  status: fixture("trait.status.done"),
  confirm: fixture("trait.confirm.ready"),
  history: fixture("trait.history.induction"),
  result: fixture(RESULTS[name] ?? "trait.result.induction"),
  examples: fixture("trait.examples.induction"),
  charts: fixture("trait.charts.induction"),
});

// On a busy machine frames come late: effects run in a task of their own, whatever the load.
options.requestAnimationFrame = (flush) => {
  setTimeout(flush);
};

/** Signals draw in a microtask, effects in a task. */
export const settle = () => new Promise((resolve) => setTimeout(resolve, 40));

export type View = ReturnType<typeof views>;

function views(model: FakeModel, el: HTMLElement) {
  const all = (id: string) => [...el.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
  const find = (id: string): HTMLElement => {
    const [first] = all(id);
    if (!first) throw new Error(`nothing with the test id '${id}'`);
    return first;
  };
  return {
    ...{ model, el, all, find },
    root: () => find("scrub-root"),
    has: (id: string) => all(id).length > 0,
    text: (id: string) => find(id).textContent ?? "",
    rows: () => [...el.querySelectorAll<HTMLElement>("[data-row]")].map((r) => r.dataset.row),
    ops: (): Op[] => model.of("edit").map((m) => m.op),
    async click(id: string, init: MouseEventInit = {}) {
      find(id).dispatchEvent(new MouseEvent("click", { bubbles: true, composed: true, ...init }));
      await settle();
    },
    async press(id: string, ...names: string[]) {
      find(id).focus();
      for (const name of names) {
        const [key = "", ctrl] = name.split("+").reverse();
        const target = el.ownerDocument.activeElement ?? find(id);
        const init = { key, ctrlKey: ctrl === "Control", bubbles: true, cancelable: true, composed: true };
        target.dispatchEvent(new KeyboardEvent("keydown", init));
        await settle();
      }
    },
    async set(id: string, value: string) {
      const field = find(id) as HTMLInputElement;
      field.value = value;
      field.dispatchEvent(new Event("change", { bubbles: true }));
      await settle();
    },
  };
}

export async function show(
  more: Record<string, unknown> = {},
  options: { answers?: boolean | ((model: FakeModel) => void); name?: string } = {},
) {
  const model = new FakeModel({ ...traits(options.name), ...more });
  if (typeof options.answers === "function") options.answers(model);
  else if (options.answers !== false) answerEdits(model);
  const el = document.createElement("div");
  document.body.append(el);
  unmount = mount(model, el);
  await settle();
  return views(model, el);
}

/** As anywidget does it. */
export async function showAsWidget(signal?: AbortSignal) {
  const model = new FakeModel(traits());
  const el = document.createElement("div");
  document.body.append(el);
  widget.initialize();
  const cleanup = widget.render({ model, el, ...(signal ? { signal } : {}) } as never);
  await settle();
  return { ...views(model, el), cleanup };
}

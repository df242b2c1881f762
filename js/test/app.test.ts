import { describe, expect, it } from "vitest";
import { mount } from "../src/mount";
import type { Claim, Result, State } from "../src/wire";
import { fixture } from "./fixtures";
import { settle, show, showAsWidget } from "./view";

describe("the root", () => {
  it("says which state and which result are shown", async () => {
    const view = await show();
    const { dataset } = view.root();
    expect(dataset).toMatchObject({ rev: "6", resultRev: "6", phase: "done" });
    view.model.receive({ kind: "partial", result: { ...fixture<Result>("trait.result.partial"), rev: 7 } });
    await settle();
    expect(dataset.resultRev).toBe("");
  });
  it("keeps right clicks from the host", async () => {
    const view = await show();
    let escaped = 0;
    document.body.addEventListener("contextmenu", () => {
      escaped += 1;
    });
    view.find("cell-a1.h3").dispatchEvent(new MouseEvent("contextmenu", { bubbles: true }));
    expect(escaped).toBe(0);
    expect(view.root().hasAttribute("data-lm-suppress-shortcuts")).toBe(true);
  });
  it("shows something before anything is loaded", async () => {
    const view = await show({
      graph: {},
      task: null,
      state: null,
      result: null,
      status: fixture("trait.status.loading"),
    });
    expect(view.text("status")).toMatch(/Loading.*3 \/ 8.*caching/);
  });
});

describe("the result", () => {
  it("is read out and drawn", async () => {
    const view = await show();
    expect(view.text("value-recovered")).toMatch(/^83\.1 % \[79\.4, 86\.\d\]$/);
    expect(view.text("live")).toMatch(/^Loss recovered 83 percent, interval 79 to 87, 1024 examples, seed 0$/);
    expect(view.find("bar-recovered").querySelectorAll(".scrub-anchor")).toHaveLength(2);
    await view.click("tab-result");
    expect(view.text("results")).toMatch(/predicts no change \(100 %\); measured: 83\.1 %/);
    expect(view.root().textContent).not.toMatch(/prove/i);
  });
  it("is stale after an edit, with the word", async () => {
    const view = await show();
    await view.click("tree-row-logits>a1.h3");
    await view.click("chip-token");
    expect(view.el.querySelector(".scrub-recovered")?.getAttribute("data-fresh")).toBe("stale");
    expect(view.el.querySelector(".scrub-recovered")?.textContent).toMatch(/stale/);
    expect(view.text("live")).toBe("");
  });
  it("counts up while it runs, and can be cancelled", async () => {
    const view = await show({ status: fixture("trait.status.running"), result: fixture("trait.result.partial") });
    expect(view.el.querySelector(".scrub-recovered")?.getAttribute("data-fresh")).toBe("running");
    expect(view.el.querySelector(".scrub-readout")?.textContent).toMatch(/384 of 1.024 samples/);
    expect(view.text("status")).toMatch(/Measuring.*384 \/ 1.024/);
    await view.click("cancel");
    expect(view.model.of("cancel")).toHaveLength(1);
    await view.press("cell-a1.h3", "Escape");
    expect(view.model.of("cancel")).toHaveLength(2);
  });
  it("has no percentage where the gap is not resolved", async () => {
    const view = await show({}, { name: "gpt2" });
    expect(view.text("value-recovered")).toBe("the baseline gap is not resolved");
    expect(view.text("bar-recovered")).toMatch(/baseline 3\.561.*scrubbed 3\.539.*model 3\.512/);
    expect(view.text("guard-no-gap")).toMatch(/Raise the samples/);
  });
  it("charts have tables", async () => {
    const view = await show();
    await view.click("tab-result");
    await view.click("table-examples");
    expect(view.find("chart-examples").querySelector("tbody tr")?.textContent).toBe("11.2502.5004.2501.250");
    await view.click("table-trail");
    expect(view.find("chart-trail").querySelectorAll("tbody tr").length).toBeGreaterThan(5);
  });
});

describe("answers of the kernel", () => {
  it("a rejected edit shows its sentence as an alert and changes nothing", async () => {
    const view = await show({}, { answers: false });
    await view.click("cell-a1.h0");
    await view.click("chip-token");
    const id = view.model.of("edit")[0]?.id ?? "";
    view.model.receive({ kind: "rejected", id, message: "no rule 'token' in this task; it has 'a', 'b'." });
    await settle();
    expect(view.text("status-error")).toMatch(/no rule 'token'/);
    expect(view.find("status-error").getAttribute("role")).toBe("alert");
    expect(view.rows()).toHaveLength(5);
    expect(view.root().dataset.rev).toBe("6");
    await view.click("chip-token");
    view.model.receive({ kind: "ack", id: view.model.of("edit")[1]?.id ?? "", rev: 7, claims: ["logits>a1.h0"] });
    await settle();
    expect(view.has("status-error")).toBe(false);
    expect(view.model.trait("selection")).toMatchObject({ claim: "logits>a1.h0" });
  });
  it("an error marks its claim in tree and map", async () => {
    const view = await show({ status: fixture("trait.status.error") });
    expect(view.text("tree-row-logits>a1.h3.k>a0.h2")).toMatch(/labels of shape/);
    expect(view.find("cell-a0.h2").parentElement?.querySelector(".scrub-broken")).not.toBeNull();
    expect(view.text("status-error")).toMatch(/labels of shape/);
    expect(view.has("copy-details")).toBe(true);
  });
  it("undo, redo and run are sent; the buttons follow the state", async () => {
    const view = await show();
    expect(view.find("undo").title).toMatch(/Undo: claim \* under logits>a1\.h3\.v/);
    await view.click("undo");
    await view.click("redo");
    await view.click("run");
    expect(["undo", "redo", "run"].map((k) => view.model.of(k as "run").length)).toEqual([1, 1, 1]);
    view.model.put("state", fixture("trait.state.empty"));
    await settle();
    expect((view.find("undo") as HTMLButtonElement).disabled).toBe(true);
  });
  it("settings are edits; what makes no sense is taken back", async () => {
    const view = await show();
    await view.set("samples", "256");
    await view.set("seed", "3");
    await view.set("unclaimed", "global");
    await view.set("baseline", "ablated");
    expect(view.ops()).toEqual([
      { op: "settings", samples: 256 },
      { op: "settings", seed: 3 },
      { op: "settings", unclaimed: "global" },
      { op: "settings", baseline: "ablated" },
    ]);
    await view.set("seed", "-1");
    expect((view.find("seed") as HTMLInputElement).value).toBe("3");
    await view.set("samples", "other");
    await view.set("samples-other", "512");
    expect(view.ops()[4]).toEqual({ op: "settings", samples: 512 });
  });
  it("a refused setting shows the value that holds", async () => {
    const view = await show({}, { answers: false });
    await view.set("seed", "9");
    const id = view.model.of("edit")[0]?.id ?? "";
    view.model.receive({ kind: "rejected", id, message: "The seed is fixed." });
    await settle();
    expect((view.find("seed") as HTMLInputElement).value).toBe("0");
  });
  it("export shows the text, import sends it", async () => {
    const view = await show();
    await view.click("export");
    await settle();
    const text = (view.find("export-text") as HTMLTextAreaElement).value;
    expect(JSON.parse(text)).toHaveLength(4);
    await view.click("import");
    const area = view.find("import-text") as HTMLTextAreaElement;
    const type = async (value: string) => {
      area.value = value;
      area.dispatchEvent(new Event("input", { bubbles: true }));
      await settle();
    };
    await type("not json");
    await view.click("import-load");
    expect(view.text("status-error")).toMatch(/not JSON/);
    await type(text);
    await view.click("import-load");
    expect(view.ops()).toEqual([{ op: "load", text }]);
    expect(view.has("panel-import")).toBe(false);
  });
  it("previews follow the pointer", async () => {
    const view = await show();
    // The page scrolled, and a chip came to lie under a pointer at rest: nobody asked.
    view.find("chip-previous token").dispatchEvent(new PointerEvent("pointerenter"));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(view.model.of("preview").some((m) => m.rule === "previous token")).toBe(false);
    view.find("chip-previous token").dispatchEvent(new PointerEvent("pointermove"));
    await new Promise((resolve) => setTimeout(resolve, 300));
    const asked = view.model.of("preview").at(-1);
    expect(asked).toMatchObject({ rule: "previous token", example: null });
    const { preview } = fixture<{ preview: never }>("kernel.preview_positionwise");
    view.model.receive({ kind: "preview", id: asked?.id ?? "", preview });
    await settle();
    expect(view.text("preview-k")).toBe("64");
    expect(view.text("preview-self")).toBe("3.3 %");
    expect(view.find("preview").querySelectorAll(".scrub-at")).toHaveLength(5);
  });
});

describe("several views and none", () => {
  it("two views of one model stay equal", async () => {
    const view = await show();
    const el = document.createElement("div");
    document.body.append(el);
    const unmount = mount(view.model, el);
    await settle();
    await view.click("cell-a0.h1");
    await view.click("chip-token");
    const part = (root: Element | null, id: string) => root?.querySelector(`[data-testid="${id}"]`)?.textContent;
    for (const id of ["tree", "target", "under", "value-recovered"]) expect(part(el, id)).toBe(part(view.el, id));
    unmount();
    expect(el.childElementCount).toBe(0);
  });
  it("as a widget it draws, and lets go of the model at the end", async () => {
    const view = await showAsWidget();
    expect(view.rows()).toHaveLength(5);
    view.cleanup();
    expect(view.model.listening()).toBe(0);
    expect(view.el.childElementCount).toBe(0);
  });
  it("an aborted render is taken away", async () => {
    const abort = new AbortController();
    const view = await showAsWidget(abort.signal);
    abort.abort();
    expect(view.model.listening()).toBe(0);
  });
  it("a saved page is read-only and says so", async () => {
    const view = await show({ static: true });
    expect(view.text("banner")).toBe("Saved result, read-only: no kernel");
    for (const id of ["run", "confirm", "undo", "samples", "seed", "unclaimed", "baseline", "export", "import"])
      expect((view.find(id) as HTMLButtonElement).disabled).toBe(true);
    await view.click("cell-a0.h1");
    await view.press("cell-a0.h1", "k", "Delete", "Control+z", "r");
    expect(view.model.sent).toEqual([]);
    expect(view.has("remove-logits>a1.h3")).toBe(false);
    expect(view.text("value-recovered")).toMatch(/83\.1/);
  });
});

it("groups, positions, all paths and shares are in the rows", async () => {
  const view = await show({}, { name: "gpt2" });
  const { claims } = fixture<State>("trait.state.gpt2");
  expect(view.rows()).toEqual(["logits", ...claims.map((c: Claim) => c.id)]);
  expect(view.text("tree-row-logits>a2.h1@END.q>a1.h0+a1.h4")).toMatch(/a1\.h0 \+ a1\.h4.*all paths.*one draw/);
  expect(view.text("tree-row-logits>a2.h1@END.k>m0@2,4")).toMatch(/at 2, 4/);
});

describe("full screen", () => {
  it("is asked of the host for the widget's own root, and left by the same button", async () => {
    const view = await show();
    const asked: Element[] = [];
    const root = view.root();
    root.requestFullscreen = async () => {
      asked.push(root);
      Object.assign(root, { matches: (selector: string) => selector === ":fullscreen" });
      root.dispatchEvent(new Event("fullscreenchange"));
    };
    await view.click("full-screen");
    expect(asked).toEqual([root]);
    expect(view.find("full-screen").getAttribute("aria-label")).toBe("Leave full screen");
  });
  it("says so where the page does not allow it", async () => {
    const view = await show();
    view.root().requestFullscreen = () => Promise.reject(new TypeError("not allowed"));
    await view.click("full-screen");
    expect(view.text("status")).toMatch(/does not allow full screen/);
  });
});

import { afterEach, describe, expect, it, vi } from "vitest";
import { placed, stacked, widthOf } from "../src/charts/labels";
import { plainColour } from "../src/charts/picture";
import { inside, marksOf, meanOf, nearest } from "../src/charts/points";
import { csvText, shown } from "../src/charts/table";
import { copyTo, fileName } from "../src/charts/take";
import { between, linear, valueAt } from "../src/scale";
import type { Charts, Claim, Confirm, Interval, Result, State, Status } from "../src/wire";
import { fixture } from "./fixtures";
import { settle, show, type View } from "./view";

const placesOf = () => fixture<Charts>("trait.charts.positions");
const unfallen = () => fixture<Charts>("trait.charts.unfallen");
const onResult = async (more: Record<string, unknown> = {}, name?: string) => {
  const view = await show(more, name ? { name } : {});
  await view.click("tab-result");
  return view;
};
const svgOf = (view: View, name: string) => view.find(`chart-${name}`).querySelector("svg") as SVGSVGElement;

describe("the numbers of a chart", () => {
  const table = {
    head: ["name", "loss (nats)"],
    rows: [
      ['a "b", c', 0.123456789012],
      ["d", null],
    ],
  };
  it("are written in full, quoted where they must be", () => {
    expect(csvText(table)).toBe('name,loss (nats)\n"a ""b"", c",0.123456789012\nd,\n');
  });
  it("are all in the CSV, where the table shows a part", () => {
    expect(csvText({ ...table, all: () => [["x", 1]] })).toBe("name,loss (nats)\nx,1\n");
  });
  it.each([
    [null, "–"],
    ["word", "word"],
    [1024, "1024"],
    [-0.06, "−0.060"],
    [83.14, "83.14"],
    [0.00042, "0.00042"],
  ])("show %s as %s", (cell, text) => {
    expect(shown(cell)).toBe(text);
  });
});

describe("words beside each other", () => {
  it("do not stand on each other, and stay inside", () => {
    const labels = placed(
      [90, 85, 5].map((at, i) => ({ at, text: `label ${i}` })),
      300,
    );
    for (const [i, l] of labels.entries()) {
      expect(l.x).toBeGreaterThanOrEqual(0);
      expect(l.x + l.width).toBeLessThanOrEqual(300);
      const next = labels[i + 1];
      if (next) expect(next.x).toBeGreaterThanOrEqual(l.x + l.width);
    }
    expect(labels.map((l) => l.text)).toEqual(["label 2", "label 1", "label 0"]);
    expect(widthOf("four")).toBeGreaterThan(20);
  });
  it("in a column keep their order and their distance", () => {
    const [a = 0, b = 0, c = 0] = stacked([50, 52, 10], 14, 0, 100);
    expect(c).toBe(10);
    expect(b - a).toBe(14);
  });
});

describe("scales between pixels", () => {
  it("give back the value of a place", () => {
    const scale = linear(2, 6, 100, 300);
    expect(scale.at(3)).toBe(150);
    expect(valueAt(scale, 150)).toBe(3);
    expect(between(scale, 0, 4).at(6)).toBe(4);
  });
});

describe("the cloud", () => {
  const losses = {
    n: 4,
    model: Float32Array.from([0, 1, 2, 3]),
    scrubbed: Float32Array.from([3, 2, 1, 0]),
    baseline: new Float32Array(4),
  };
  const cloud = { losses, x: linear(0, 3, 0, 300), y: linear(0, 3, 300, 0) };
  it("knows what is inside a rectangle, drawn in any direction", () => {
    expect(inside(cloud, 4, { x0: 150, y0: 250, x1: 50, y1: 50 })).toEqual([1]);
    expect(inside(cloud, 4, { x0: -1, y0: -1, x1: 301, y1: 301 })).toEqual([0, 1, 2, 3]);
    expect(inside(cloud, 2, { x0: -1, y0: -1, x1: 301, y1: 301 })).toEqual([0, 1]);
  });
  it("knows the nearest, within reach", () => {
    expect(nearest(cloud, 4, { x: 103, y: 98 })).toBe(1);
    expect(nearest(cloud, 4, { x: 150, y: 150 })).toBeNull();
  });
  it("has a colour and a shape for each of six classes, and a dot for the rest", () => {
    const names = ["a", "b", "c", "d", "e", "f"];
    const marks = marksOf(8, { rule: "r", names, rest: 3, codes: "01234566", at: null });
    expect(new Set(marks.map((m) => m.shape)).size).toBe(7);
    expect(new Set(marks.map((m) => m.hue)).size).toBe(7);
    expect(marks.at(-1)).toMatchObject({ name: "3 more classes", hue: null, members: [6, 7] });
  });
  it("has a mean with its interval", () => {
    expect(meanOf([])).toBeNull();
    const { value, low, high } = meanOf([1, 3]) ?? { value: 0, low: 0, high: 0 };
    expect(value).toBe(2);
    expect(low).toBeCloseTo(2 - 1.96);
    expect(high).toBeCloseTo(2 + 1.96);
  });
});

describe("the frame", () => {
  it("says of what data, and switches to the table and back", async () => {
    const view = await onResult();
    expect(view.text("chart-trail")).toContain("induction · 2\u202f000 inputs · 1\u202f024 samples · seed 0");
    expect(svgOf(view, "trail").getAttribute("aria-label")).toMatch(/After 1.024 samples it stands at 83\.1 %/);
    await view.click("table-trail");
    const heads = [...view.find("chart-trail").querySelectorAll("th")].map((h) => h.textContent);
    expect(heads).toEqual(["samples", "loss recovered (%)", "low (%)", "high (%)"]);
    await view.click("table-trail");
    expect(view.find("chart-trail").querySelector("table")).toBeNull();
  });
  it("of every chart has a name for a screen reader", async () => {
    const view = await onResult({
      charts: { ...placesOf(), waterfall: fixture<Charts>("trait.charts.induction").waterfall },
    });
    for (const name of ["recovered", "positions", "examples", "strip", "waterfall", "trail"]) {
      const figure = view.find(`chart-${name}`);
      const title = figure.getAttribute("aria-labelledby") ?? "";
      expect(figure.querySelector(`#${title}`)?.textContent).toContain("seed 0");
      expect(svgOf(view, name).getAttribute("aria-label")?.length).toBeGreaterThan(20);
    }
  });
});

describe("taking a chart along", () => {
  const written: string[] = [];
  const stub = (writeText: (text: string) => Promise<void>) =>
    vi.stubGlobal("navigator", { ...navigator, clipboard: { writeText, write: async () => {} } });
  afterEach(() => {
    vi.unstubAllGlobals();
    written.length = 0;
  });

  it("copies an SVG that stands alone, in the colours of the theme", async () => {
    stub(async (text) => void written.push(text));
    const view = await onResult();
    const style = document.createElement("style");
    style.textContent = `.scrub-root { color: rgb(10, 20, 30); background-color: rgb(1, 2, 3); font-family: Testfont; }
      .scrub-line { stroke: rgb(7, 8, 9); } .scrub-tick-text { fill: rgb(4, 5, 6); font-size: 11px; }`;
    document.head.append(style);
    await view.click("take-trail");
    await view.click("copy-trail-svg");
    style.remove();
    expect(view.text("told-trail")).toBe("SVG copied");
    const [svg = ""] = written;
    expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg).not.toMatch(/class=|var\(|light-dark|data-|href|url\(|tabindex|<script/);
    expect(svg).toContain("<title>Loss recovered as samples came: induction");
    expect(svg).toContain("<desc>After");
    expect(svg).toContain("rgb(7, 8, 9)");
    expect(svg).toContain("rgb(1, 2, 3)");
    expect(svg).toContain("Testfont");
    expect(new DOMParser().parseFromString(svg, "image/svg+xml").querySelector("parsererror")).toBeNull();
  });
  it("leaves out what only reacts to the pointer", async () => {
    stub(async (text) => void written.push(text));
    const view = await onResult({ charts: placesOf() });
    expect(view.has("positions-slider")).toBe(true);
    await view.click("take-positions");
    await view.click("copy-positions-svg");
    expect(written[0]).not.toContain("slider");
    expect((written[0]?.match(/<rect/g) ?? []).length).toBe(1); // the paper
  });
  it("copies the numbers in full", async () => {
    stub(async (text) => void written.push(text));
    const view = await onResult();
    await view.click("take-examples");
    await view.click("copy-examples-csv");
    const lines = (written[0] ?? "").trim().split("\n");
    expect(lines[0]).toBe("example,model loss (nats),scrubbed loss (nats),baseline loss (nats),change (nats)");
    expect(lines).toHaveLength(5);
    expect(lines[2]).toBe("1,1.25,2.5,4.25,1.25");
  });
  it("says when the page may not write to the clipboard, and offers to save", async () => {
    stub(async () => {
      throw new DOMException("blocked by permissions policy", "NotAllowedError");
    });
    const view = await onResult();
    await view.click("take-trail");
    await view.click("copy-trail-csv");
    expect(view.text("told-trail")).toBe("This page may not write to the clipboard: save the CSV instead.");
    expect(view.find("save-trail-csv").className).toContain("scrub-primary");
    expect((await copyTo(undefined, "svg", () => "")).ok).toBe(false);
  });
  it("saves a file with a plain name", async () => {
    vi.stubGlobal("URL", Object.assign(URL, { createObjectURL: () => "blob:x", revokeObjectURL: () => {} }));
    const clicked: string[] = [];
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
      clicked.push(this.download);
    });
    const view = await onResult();
    await view.click("take-trail");
    await view.click("save-trail-csv");
    expect(clicked).toEqual(["induction-trail.csv"]);
    expect(fileName("My task: a/b", "trail")).toBe("my-task-a-b-trail");
    vi.restoreAllMocks();
  });
  it("Escape closes it and cancels nothing", async () => {
    const view = await onResult({ status: fixture<Status>("trait.status.running") });
    await view.click("take-trail");
    await view.press("copy-trail-svg", "Escape");
    expect(view.has("copy-trail-svg")).toBe(false);
    expect(document.activeElement).toBe(view.find("take-trail"));
    expect(view.model.of("cancel")).toEqual([]);
  });
  it("writes colours in words that every program reads", () => {
    expect(plainColour("color(srgb 0.2 0.4 1 / 0.5)")).toBe("rgba(51, 102, 255, 0.5)");
    expect(plainColour("rgb(1, 2, 3)")).toBe("rgb(1, 2, 3)");
  });
});

describe("the bar", () => {
  const at = (value: number): Interval => ({ value, low: value - 0.05, high: value + 0.05 });
  const result = (change: Partial<Result>) => ({ ...fixture<Result>("trait.result.induction"), ...change });
  it("draws what is above the model, with an arrow and its distance", async () => {
    const view = await show({ result: result({ recovered: at(1.454) }) });
    expect(view.text("outside-arrow")).toBe("45 points above the model");
    const below = await show({ result: result({ recovered: at(-0.3) }) });
    expect(below.text("outside-arrow")).toBe("30 points below the baseline");
  });
  it("has no arrow between its ends", async () => {
    expect((await show()).has("outside-arrow")).toBe(false);
  });
  it("marks the confirmed number", async () => {
    const view = await show({ confirm: fixture<Confirm>("trait.confirm.done") });
    expect(view.text("confirmed-tick")).toMatch(/◆ confirmed: \d+ %/);
  });
  it("says what its ends are, and says stale", async () => {
    const view = await show();
    expect(view.text("bar-recovered")).toContain("0 % all inputs random");
    expect(view.text("bar-recovered")).toContain("100 % untouched model");
    view.model.put("state", { ...fixture<State>("trait.state.induction"), rev: 7 });
    await settle();
    expect(view.text("stale")).toBe("stale");
    expect(svgOf(view, "recovered").getAttribute("aria-label")).toMatch(/stale/);
  });
});

describe("the loss by position", () => {
  it("says in a sentence why there is none", async () => {
    const view = await onResult();
    expect(view.text("no-positions")).toContain("reads one position only");
  });
  it("is walked by keys; a position is a slice with its numbers", async () => {
    const view = await onResult({ charts: placesOf() });
    const slider = view.find("positions-slider");
    expect(slider.getAttribute("aria-valuetext")).toBe("all positions");
    expect(slider.getAttributeNames()).toContain("tabindex"); // in a drawing, names of attributes have one spelling
    await view.press("positions-slider", "ArrowRight", "ArrowRight");
    expect(view.find("slice").dataset.position).toBe("1");
    expect(slider.getAttribute("aria-valuetext")).toMatch(/^position 1: recovered/);
    expect(view.text("slice-numbers")).toMatch(/Position 1: recovered .* scrubbed .* model .* baseline/);
    await view.press("positions-slider", "End");
    expect(view.find("slice").dataset.position).toBe("5");
    await view.press("positions-slider", "Escape");
    expect(view.find("slice").dataset.position).toBe("");
    expect(view.model.of("cancel")).toEqual([]);
  });
  it("asks for the examples at that position, and shows them", async () => {
    const view = await onResult({ charts: placesOf() });
    await view.press("positions-slider", "Home");
    const [asked] = view.model.of("slice");
    expect(asked).toMatchObject({ position: 0 });
    expect(view.text("chart-examples")).not.toContain("at position");
    const answer = fixture<object>("kernel.slice");
    view.model.receive({ ...answer, id: asked?.id, position: 0, rev: placesOf().rev } as never);
    await settle();
    expect(view.text("chart-examples")).toContain("Each example's loss at position 0");
    await view.click("slice-none");
    expect(view.text("chart-examples")).not.toContain("at position");
  });
  it("a saved page shows the numbers of the slice, and says what it cannot", async () => {
    const view = await onResult({ charts: placesOf(), static: true });
    await view.press("positions-slider", "Home");
    expect(view.text("slice-numbers")).toContain("Position 0");
    expect(view.text("chart-examples")).toContain("need a kernel");
  });
  it("is drawn as three lines with bands", async () => {
    const view = await onResult({ charts: placesOf() });
    const svg = svgOf(view, "positions");
    expect(svg.querySelectorAll(".scrub-curve-line")).toHaveLength(3);
    expect(svg.querySelectorAll(".scrub-curve-band")).toHaveLength(3);
    expect([...svg.querySelectorAll(".scrub-curve-name")].map((n) => n.textContent)).toEqual([
      "baseline",
      "scrubbed",
      "model",
    ]);
  });
});

describe("the examples", () => {
  const drag = async (view: View, from: [number, number], to: [number, number]) => {
    const plot = view.find("examples-plot");
    const send = (type: string, [clientX, clientY]: [number, number]) =>
      plot.dispatchEvent(new PointerEvent(type, { bubbles: true, button: 0, pointerId: 1, clientX, clientY }));
    send("pointerdown", from);
    await settle();
    send("pointermove", to);
    await settle();
    send("pointerup", to);
    await settle();
  };
  it("are selected by dragging, and opened in the Sample tab", async () => {
    const view = await onResult();
    await drag(view, [54, 0], [700, 600]);
    expect(view.text("brushed")).toContain("4 examples selected");
    expect(view.text("brushed")).toContain("1 worse");
    await view.click("brushed-open");
    expect(view.find("tab-sample").getAttribute("aria-selected")).toBe("true");
  });
  it("are selected by keys: by the change of their loss", async () => {
    const view = await onResult();
    const from = view.find("brush-from") as HTMLInputElement;
    from.value = "1";
    from.dispatchEvent(new Event("input", { bubbles: true }));
    await settle();
    await view.click("brush-apply");
    view
      .find("brush-apply")
      .closest("form")
      ?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    await settle();
    expect(view.text("brushed")).toContain("1 example selected");
    await view.click("brushed-clear");
    expect(view.has("brushed")).toBe(false);
  });
  it("are marked by the classes of a rule, with a legend and a row each", async () => {
    const view = await onResult();
    await view.set("examples-rule", "token at -2");
    expect(view.find("examples-legend").querySelectorAll("li")).toHaveLength(2);
    expect(view.text("examples-legend")).toBe(" D 3 K 1");
    const rows = [...view.find("chart-strip").querySelectorAll<SVGElement>('[role="button"]')];
    expect(rows.map((r) => r.getAttribute("aria-label"))).toEqual([
      "all examples: mean change 0.281, 4 examples",
      "D: mean change 0.417, 3 examples",
      "K: mean change −0.125, 1 example",
    ]);
    rows[1]?.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    await settle();
    expect(view.text("brushed")).toContain("3 examples selected");
    await view.click("table-examples");
    expect(view.find("chart-examples").querySelector("tbody tr")?.textContent).toBe("11.2502.5004.2501.250D");
  });
  it("are sliced by position and by role where the loss reads several", async () => {
    const view = await onResult({ charts: placesOf() });
    await view.set("strip-by", "role");
    expect(view.text("chart-strip")).toContain("start");
    await view.set("strip-by", "position");
    const row = view.find("chart-strip").querySelector<SVGElement>('[role="button"]');
    row?.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    await settle();
    expect(view.find("slice").dataset.position).toBe("0");
  });
});

describe("the waterfall", () => {
  it("has a bar for each claim with both numbers", async () => {
    const view = await onResult();
    const svg = svgOf(view, "waterfall");
    expect(svg.querySelectorAll(".scrub-fall-gain, .scrub-fall-cost")).toHaveLength(4);
    expect(svg.querySelectorAll(".scrub-fall-last")).toHaveLength(4);
    expect(svg.textContent).toContain("a1.h3.k ▸ a0.h2");
    expect(svg.textContent).toContain("+13.0");
    expect(svg.textContent).toContain("−6.0");
    await view.click("table-waterfall");
    expect(view.find("chart-waterfall").querySelectorAll("tbody tr")).toHaveLength(4);
  });
  it("is measured on request, shows how far it is, and can be cancelled", async () => {
    const view = await onResult({ charts: unfallen() });
    expect(view.text("waterfall-ask")).toContain("up to 7 scrubs");
    await view.click("waterfall-measure");
    expect(view.model.of("waterfall")).toHaveLength(1);
    const running = {
      ...fixture<Status>("trait.status.running"),
      done: 3,
      total: 7,
      message: "measuring the waterfall",
    };
    view.model.put("status", running);
    await settle();
    expect(view.text("waterfall-progress")).toBe("3 of 7 scrubs");
    await view.click("waterfall-cancel");
    expect(view.model.of("cancel")).toHaveLength(1);
    view.model.put("charts", fixture("trait.charts.induction"));
    await settle();
    expect(view.has("chart-waterfall")).toBe(true);
  });
  it("without a claim asks for one", async () => {
    const state = { ...fixture<State>("trait.state.induction"), claims: [] as Claim[] };
    const view = await onResult({ charts: unfallen(), state });
    expect(view.text("waterfall-ask")).toContain("Claim a component first");
    expect(view.has("waterfall-measure")).toBe(false);
  });
  it("of a stale result cannot be asked for, and a saved page does not offer it", async () => {
    const stale = await onResult({ charts: unfallen(), state: { ...fixture<State>("trait.state.induction"), rev: 7 } });
    expect((stale.find("waterfall-measure") as HTMLButtonElement).disabled).toBe(true);
    const saved = await onResult({ charts: unfallen(), static: true });
    expect(saved.has("waterfall-ask")).toBe(false);
  });
});

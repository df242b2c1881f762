import { describe, expect, it } from "vitest";
import { sizeWords } from "../src/files";
import { settle, show } from "./view";

describe("the export sheet", () => {
  it("offers four files with their sizes", async () => {
    const view = await show();
    await view.click("export");
    await settle();
    expect(view.model.of("file").map((m) => m.what)).toEqual(["json", "script", "page", "figure"]);
    expect(JSON.parse((view.find("export-text") as HTMLTextAreaElement).value)).toHaveLength(4);
    expect(view.text("export-size-figure")).toBe("8 bytes");
    for (const what of ["script", "page", "figure"])
      expect((view.find(`export-download-${what}`) as HTMLButtonElement).disabled).toBe(false);
  });
  it("draws another figure in another format", async () => {
    const view = await show();
    await view.click("export");
    await settle();
    await view.set("export-figure", "history");
    await view.set("export-format", "svg");
    expect(view.model.of("file").at(-1)).toMatchObject({ what: "figure", name: "history", format: "svg" });
    expect((view.find("export-figure") as HTMLSelectElement).value).toBe("history");
    expect(view.text("export-size-figure")).toBe("14 bytes");
  });
  it("says why a file cannot be made", async () => {
    const view = await show({}, { answers: false });
    await view.click("export");
    await settle();
    const [, , page] = view.model.of("file");
    view.model.receive({ kind: "rejected", id: page?.id ?? "", message: "there is no complete result yet." });
    await settle();
    expect(view.text("export-size-page")).toBe("there is no complete result yet.");
    expect(view.text("export-size-json")).toBe("…");
  });
  it("writes sizes in words", () => {
    expect([999, 1536, 260_000, 1_900_000].map(sizeWords)).toEqual(["999 bytes", "1.5 kB", "260 kB", "1.9 MB"]);
  });
});

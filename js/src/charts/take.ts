/** Taking a chart along: to the clipboard where the host allows it, else as a file. */

export type Format = "svg" | "png" | "csv";
export const FORMATS: Format[] = ["svg", "png", "csv"];
const TYPES: Record<Format, string> = { svg: "image/svg+xml", png: "image/png", csv: "text/csv" };

export type Taken = { ok: boolean; words: string };

const asBlob = (content: string | Blob, format: Format): Blob =>
  typeof content === "string" ? new Blob([content], { type: `${TYPES[format]};charset=utf-8` }) : content;

/** SVG and CSV travel as text: that is what editors paste. */
export async function copyTo(
  clipboard: Clipboard | undefined,
  format: Format,
  content: () => string | Promise<Blob>,
): Promise<Taken> {
  const refused = {
    ok: false,
    words: `This page may not write to the clipboard: save the ${format.toUpperCase()} instead.`,
  };
  if (!clipboard) return refused;
  try {
    const made = content();
    if (typeof made === "string") await clipboard.writeText(made);
    // The promise itself is handed over: waiting for it first would lose the click that allows this.
    else await clipboard.write([new ClipboardItem({ [TYPES.png]: made })]);
    return { ok: true, words: `${format.toUpperCase()} copied` };
  } catch {
    return refused;
  }
}

export function save(page: Document, name: string, format: Format, content: string | Blob): Taken {
  const link = page.createElement("a");
  link.href = URL.createObjectURL(asBlob(content, format));
  link.download = `${name}.${format}`;
  link.click();
  // The browser reads it after the click is over.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  return { ok: true, words: `${link.download} saved to your downloads` };
}

/** A file's name without what file systems refuse. */
export const fileName = (...parts: string[]): string =>
  parts
    .join("-")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");

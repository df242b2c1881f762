/** The colours of text against what it stands on, in both themes, also inside drawings, where no tool looks. */
import { describe, expect, it } from "vitest";
import { featureFace, HUES } from "../src/rules";

const sheets = import.meta.glob<string>("../src/styles/theme.css", { query: "?raw", import: "default", eager: true });
const sheet = Object.values(sheets)[0] ?? "";

/** Each variable of the theme: its light and its dark colour. */
const colours = new Map(
  [...sheet.matchAll(/--scrub-([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name = "", ...both]) => [
    name,
    both as [string, string],
  ]),
);

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => {
    const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** WCAG 2: from 1 to 21. */
function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

const of = (name: string): [string, string] => {
  const found = colours.get(name);
  if (!found) throw new Error(`no colour '${name}' in theme.css`);
  return found;
};

const GROUNDS = ["bg", "raised", "sunken"];
const TEXTS: [string, string[]][] = [
  ["text", [...GROUNDS, "accent-soft", "amber-soft"]],
  ["muted", GROUNDS],
  ["measure", ["bg", "raised"]],
  ["accent", ["bg", "raised", "accent-soft"]],
  ["amber", ["bg", "raised", "amber-soft"]],
  ["on-accent", ["accent"]],
  ["keep-ink", ["keep"]],
];

describe("contrast", () => {
  it.each(TEXTS.flatMap(([text, grounds]) => grounds.map((ground) => [text, ground] as const)))(
    "%s on %s is 4.5:1 or better in both themes",
    (text, ground) => {
      for (const theme of [0, 1] as const) expect(contrast(of(text)[theme], of(ground)[theme])).toBeGreaterThan(4.5);
    },
  );
  it("a rule's letter on its hue as well", () => {
    for (const [i, hue] of HUES.entries()) expect(contrast(featureFace(i).ink, hue)).toBeGreaterThan(4.5);
  });
  it("edges of controls and glyphs are 3:1 or better", () => {
    for (const ground of ["bg", "raised"])
      for (const theme of [0, 1] as const)
        expect(contrast(of("line-strong")[theme], of(ground)[theme])).toBeGreaterThan(3);
  });
});

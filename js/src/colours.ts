/** Diverging colours, centred on zero, for both themes; the ink is the one of black and white that reads better on them. */

type Rgb = [number, number, number];
const rgb = (hex: string): Rgb => [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16)) as Rgb;
const stops = (list: string): Rgb[] => list.split(" ").map(rgb);

/** From worse (below zero) over zero to better. In the dark theme zero is dark, so that what is nothing does not glare. */
export const SCHEMES = {
  RdBu: {
    light: stops("#b2182b #d6604d #f4a582 #fddbc7 #f7f7f7 #d1e5f0 #92c5de #4393c3 #2166ac"),
    dark: stops("#ff9d88 #e06a58 #a8423a #5e2b2b #262a31 #243f5c #2f6699 #4f97c9 #9accea"),
  },
  PuOr: {
    light: stops("#b35806 #e08214 #fdb863 #fee0b6 #f7f7f7 #d8daeb #b2abd2 #8073ac #542788"),
    dark: stops("#fdc27c #e8942f #a8651a #5a3c1a #262a31 #37315a #574b91 #8678bd #c3bbe4"),
  },
} as const;
export type Scheme = keyof typeof SCHEMES;

/** A share of the reach, -1 to 1, as a colour. */
export function shade(of: readonly Rgb[], share: number): Rgb {
  const at = ((Math.max(-1, Math.min(1, share)) + 1) / 2) * (of.length - 1);
  const low = of[Math.floor(at)] as Rgb;
  const high = of[Math.ceil(at)] as Rgb;
  return low.map((v, i) => Math.round(v + ((high[i] as number) - v) * (at % 1))) as Rgb;
}

/** Relative luminance of WCAG 2. */
export function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map((v) => {
    const s = v / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Black or white: one of the two has at least 4.5:1 on any colour. */
export const inkOn = (colour: Rgb): string => (luminance(colour) > 0.179 ? "#000000" : "#ffffff");

const css = (colour: Rgb) => `rgb(${colour.join(" ")})`;

/** Background and text of a cell, in both themes. */
export function cellColours(scheme: Scheme, share: number): { backgroundColor: string; color: string } {
  const { light, dark } = SCHEMES[scheme];
  const [a, b] = [shade(light, share), shade(dark, share)];
  return { backgroundColor: `light-dark(${css(a)}, ${css(b)})`, color: `light-dark(${inkOn(a)}, ${inkOn(b)})` };
}

/** The colour bar from worse to better. */
export function colourBar(scheme: Scheme): string {
  const at = [-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1];
  return `linear-gradient(to right, ${at.map((s) => cellColours(scheme, s).backgroundColor).join(", ")})`;
}

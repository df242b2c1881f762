/** A chart as a picture of its own: an SVG that needs no style sheet, and a PNG that is made from it. */

/** What a drawing's look is made of; everything else has no effect on it. */
const LOOK = [
  ...["fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap"],
  ...["stroke-linejoin", "stroke-opacity", "opacity", "paint-order", "vector-effect"],
];
const LETTERS = ["font-family", "font-size", "font-weight", "font-variant-numeric", "text-anchor", "dominant-baseline"];
const KEPT = /^(d|x|y|x1|x2|y1|y2|cx|cy|r|rx|ry|dx|dy|width|height|points|transform|viewBox|offset|clip-path|id)$/;
const NAMESPACE = "http://www.w3.org/2000/svg";
/** Room above the drawing for its title. */
const HEAD = 46;

export type Words = { title: string; terms: string; says: string };

/** `color(srgb 0.2 0.4 0.6 / 0.5)`, which color-mix computes to, in the older words that every program reads. */
export function plainColour(value: string): string {
  return value.replace(/color\(srgb ([^)]*)\)/g, (_, inner: string) => {
    const [channels = "", alpha = "1"] = inner.split("/").map((part) => part.trim());
    const bytes = channels.split(/\s+/).map((c) => Math.round(Number(c) * 255));
    return `rgba(${bytes.join(", ")}, ${Number(alpha)})`;
  });
}

/** The drawing as a text that can stand alone: colours and letters resolved, without what only reacts to the pointer. */
export function svgText(svg: SVGSVGElement, words: Words): string {
  const view = svg.ownerDocument.defaultView;
  if (!view) throw new Error("the drawing is on no page");
  const [width, height] = [svg.getAttribute("width"), svg.getAttribute("height")].map(Number) as [number, number];
  const look = (node: Element, names: string[]): string => {
    const style = view.getComputedStyle(node);
    return names
      .map((name) => [name, plainColour(style.getPropertyValue(name))] as const)
      .filter(([, value]) => value !== "" && value !== "normal" && value !== "auto")
      .map(([name, value]) => `${name}: ${value.replaceAll('"', "'")}`)
      .join("; ");
  };
  const copy = (node: Element): Element | null => {
    if (node.hasAttribute("data-live")) return null;
    const made = svg.ownerDocument.createElementNS(NAMESPACE, node.localName);
    for (const { name, value } of [...node.attributes]) if (KEPT.test(name)) made.setAttribute(name, value);
    const isText = node.localName === "text" || node.localName === "tspan";
    if (node.localName !== "g" && node.localName !== "defs")
      made.setAttribute("style", look(node, isText ? [...LOOK, ...LETTERS] : LOOK));
    else if (view.getComputedStyle(node).opacity !== "1") made.setAttribute("style", look(node, ["opacity"]));
    for (const child of [...node.childNodes]) {
      if (child.nodeType === 3) made.append(child.textContent ?? "");
      else if (child.nodeType === 1) {
        const inner = copy(child as Element);
        if (inner) made.append(inner);
      }
    }
    return made;
  };
  const page = view.getComputedStyle(svg.closest(".scrub-root") ?? svg);
  const [ink, paper, letters] = [page.color, page.backgroundColor, page.fontFamily].map((v) =>
    plainColour(v).replaceAll('"', "'"),
  );
  const out = svg.ownerDocument.createElementNS(NAMESPACE, "svg");
  const whole = height + HEAD;
  out.setAttribute("xmlns", NAMESPACE);
  for (const [name, value] of Object.entries({ width, height: whole, viewBox: `0 0 ${width} ${whole}` }))
    out.setAttribute(name, String(value));
  const element = (name: string, attributes: Record<string, string | number>, text = ""): void => {
    const made = svg.ownerDocument.createElementNS(NAMESPACE, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
    made.textContent = text;
    out.append(made);
  };
  element("title", {}, `${words.title}: ${words.terms}`);
  element("desc", {}, words.says);
  element("rect", { width, height: whole, style: `fill: ${paper || "white"}` });
  const line = (y: number, size: number, weight: number, text: string) =>
    element(
      "text",
      { x: 8, y, style: `fill: ${ink || "black"}; font: ${weight} ${size}px ${letters || "sans-serif"}` },
      text,
    );
  line(18, 13, 600, words.title);
  line(34, 11, 400, words.terms);
  const drawing = svg.ownerDocument.createElementNS(NAMESPACE, "g");
  drawing.setAttribute("transform", `translate(0 ${HEAD})`);
  for (const child of [...svg.children]) {
    const made = copy(child);
    if (made) drawing.append(made);
  }
  out.append(drawing);
  // Serialising an element that was made with a namespace writes `xmlns` once in browsers; some test pages write it twice.
  return new view.XMLSerializer().serializeToString(out).replace(/( xmlns="[^"]*")(?=[^>]*\1)/, "");
}

/** Twice as many pixels as the drawing has, for slides and dense screens. */
const DENSITY = 2;

export async function pngOf(svg: string, page: Document): Promise<Blob> {
  const image = page.createElement("img");
  // A data URL: the pages of some hosts forbid pictures from blob URLs.
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = page.createElement("canvas");
  canvas.width = image.width * DENSITY;
  canvas.height = image.height * DENSITY;
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("this browser gives no canvas");
  pen.scale(DENSITY, DENSITY);
  pen.drawImage(image, 0, 0);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture could not be made"))), "image/png");
  });
}

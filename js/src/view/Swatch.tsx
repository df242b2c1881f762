/** The mark of a rule: its letter on its hue; neutral for `same input`, hatched for `any input`. */
import type { RuleFace } from "../rules";

export function Swatch({ face }: { face: RuleFace }) {
  return (
    <span
      class={`scrub-swatch scrub-swatch-${face.kind} scrub-texture-${face.texture}`}
      style={face.hue ? { background: face.hue, color: face.ink } : undefined}
      aria-hidden="true"
    >
      {face.letter}
    </span>
  );
}

/** Hatching, which only ever means "resampled": light for unclaimed components, stronger for claims of `any input`. */
export function Patterns({ uid }: { uid: string }) {
  return (
    <defs>
      <pattern id={`${uid}-free`} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect class="scrub-hatch-ground" width="5" height="5" />
        <line class="scrub-hatch-strong" x1="0" y1="0" x2="0" y2="5" />
      </pattern>
      <pattern id={`${uid}-unclaimed`} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <line class="scrub-hatch-light" x1="0" y1="0" x2="0" y2="6" />
      </pattern>
    </defs>
  );
}

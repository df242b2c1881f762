/** What is to know of a rewrite before it is made. */
import { fixed, percent } from "../text";
import type { Facts } from "../wire";

const short = (x: number): string =>
  x === 0
    ? "0"
    : x
        .toExponential(1)
        .replace("e-", "·10⁻")
        .replace(/⁻(\d+)$/, raised);
const raised = (_: string, digits: string): string => `⁻${[...digits].map((d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(d)]).join("")}`;

export function RewriteFacts({ facts }: { facts: Facts | null }) {
  if (!facts)
    return (
      <p class="scrub-muted" aria-busy="true" data-testid="rewrite-waiting">
        Comparing both sides on the data and on random inputs…
      </p>
    );
  const { variance, angles, error, tolerance, carried } = facts;
  return (
    <div data-testid="rewrite-facts">
      <div class="scrub-stats">
        {variance !== null && (
          <div title="Of what the component writes, over all inputs and positions">
            <b data-testid="fact-variance">{percent(variance)}</b> <span>of its variance</span>
          </div>
        )}
        <div
          title={`Largest difference on the data and on random inputs, as a share of its largest value; at most ${short(tolerance)} is accepted`}
        >
          <b data-testid="fact-error">{short(error)}</b> <span>reconstruction error</span>
        </div>
        {angles.map(({ part, degrees }) => (
          <div key={part} title="Smallest angle between the two; 90° is nothing in common">
            <b>{fixed(degrees, 0)}°</b> <span>to {part}</span>
          </div>
        ))}
      </div>
      {carried.map((sentence) => (
        <p key={sentence} class="scrub-muted" data-testid="carried">
          {sentence.replace("became", "becomes").replace(/names both parts now/, "will name both parts")}
        </p>
      ))}
    </div>
  );
}

/** Tokens as chips, each underlined by the draws that feed it. */

import type { Face, Mark } from "../sources";
import { visible } from "../text";

/** Tokens shown of a long input: the part around one position. */
export const WINDOW = 40;
const MARKS = 5;

export function windowOf(length: number, at: number): [number, number] {
  if (length <= WINDOW) return [0, length];
  const from = Math.min(Math.max(0, at - WINDOW + 8), length - WINDOW);
  return [from, from + WINDOW];
}

export const faceStyle = (face: Face) => ({ "--scrub-source": face.hue ?? "var(--scrub-text)" });
export const faceClass = (face: Face): string => `scrub-line-of scrub-line-of-${face.pattern}`;

/** The tag of a source, underlined as everywhere. */
export function Tag({ tag, face, title }: { tag: string; face: Face; title?: string }) {
  return (
    <span class="scrub-source" title={title} data-tag={tag}>
      {tag}
      <span class={faceClass(face)} style={faceStyle(face)} aria-hidden="true" />
    </span>
  );
}

type Props = {
  tokens: string[];
  /** By position; more than one is a mixed input. */
  marks?: Mark[][];
  /** Tokens that equal these are shaded as in the reference. */
  reference?: string[];
  dim?: (position: number) => boolean;
  /** The position that is looked at. */
  at: number;
  label: string;
  testid?: string;
  onPick?: (position: number) => void;
};

export function Chips(props: Props) {
  const { tokens, marks, reference, dim, at, label, testid, onPick } = props;
  const [from, to] = windowOf(tokens.length, at);
  return (
    <ol class="scrub-chips" aria-label={label} data-testid={testid}>
      {from > 0 && <li class="scrub-muted">… {from} before</li>}
      {tokens.slice(from, to).map((token, i) => {
        const p = from + i;
        const mine = marks?.[p] ?? [];
        const tags = mine.map((m) => m.tag).join(" ");
        const differs = reference !== undefined && reference[p] !== token;
        const said = mine.length > 0 ? `: ${mine.map((m) => `${m.tag} by ${m.path}`).join(", ")}` : "";
        const name = `${visible(token)} at position ${p}${said}`;
        const body = (
          <>
            <span class="scrub-chip-token">{visible(token)}</span>
            {marks && <Marks marks={mine} />}
          </>
        );
        return (
          <li
            key={p}
            class={`scrub-seen${differs ? " scrub-seen-differs" : ""}${dim?.(p) ? " scrub-aside" : ""}${p === at && tokens.length > 1 && onPick ? " scrub-seen-at" : ""}`}
            data-position={p}
            data-tags={tags}
            title={name}
          >
            {onPick ? (
              <button type="button" class="scrub-seen-button" tabindex={-1} aria-label={name} onClick={() => onPick(p)}>
                {body}
              </button>
            ) : (
              body
            )}
            {!onPick && said && <span class="scrub-hidden">{said}</span>}
          </li>
        );
      })}
      {to < tokens.length && <li class="scrub-muted">{tokens.length - to} after …</li>}
    </ol>
  );
}

/** One line for each path; of many, the first few and how many more. */
function Marks({ marks }: { marks: Mark[] }) {
  const shown = marks.length > MARKS ? marks.slice(0, MARKS - 1) : marks;
  return (
    <span class="scrub-feeds" aria-hidden="true">
      {shown.map((mark) => (
        <span key={mark.path} class={faceClass(mark.face)} style={faceStyle(mark.face)} />
      ))}
      {marks.length > shown.length && <span class="scrub-more">+{marks.length - shown.length}</span>}
    </span>
  );
}

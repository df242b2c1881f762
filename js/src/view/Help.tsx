/** What scrubbing is, what can be done here, and what the marks mean. */

import type { ComponentChildren } from "preact";
import { TOP_EDGES } from "../importance";
import { FREE, featureFace, KEEP } from "../rules";
import { LinkKey } from "./Glyph";
import { MarkKey } from "./MapFoot";
import { Swatch } from "./Swatch";

const GESTURES: [string, string, string][] = [
  ["Select a component", "click; Ctrl, Cmd or Shift adds", "arrows, Enter; Space adds"],
  ["Select several", "Shift-drag around them; a layer's name", "Shift+arrows; L the layer, Shift+L the same rule"],
  ["Find one by name", "the field over the map", "/"],
  ["Claim it, or change its rule", "click a rule, or drag it onto the map", "1–9, K same input, F any input"],
  ["One draw for several", "menu", "S; again: an own draw for each"],
  ["Choose where claims go", "click a port (q, k, v), or the logits", "U: next port of the component"],
  ["Draw a claimed edge", "drag from a port to an earlier component", "E, arrows, Enter; E again: next port"],
  ["All that can be done here", "right click, or ⋯; with Shift the browser's menu", "Shift+F10"],
  ["Zoom the map", "Ctrl or Cmd and the wheel; drag to move it", "+ and -"],
  ["Remove a claim", "✕ in its row", "Delete or 0"],
  ["Name a claim", "double click its row, or its card", "F2 in the tree"],
  ["Fold what stands under a claim", "▾ in its row", "left and right arrow in the tree"],
  ["Make several claims one", "Group, over the tree", "Space in the tree selects them"],
  ["Run · cancel", "buttons", "R · Esc"],
  ["Measure once on held-out inputs", "Confirm", "Tab to Confirm, Enter"],
  ["Undo · redo", "buttons", "Ctrl+Z · Ctrl+Shift+Z"],
  ["Go back to any step", "a dot or a row of the History tab", "arrows, Enter"],
  ["Compare two steps", "A and B in the History tab; Compare: with the one before", "Tab to A or B, Enter"],
  ["Leave the widget", "click elsewhere", "Esc, until nothing is left to stop"],
];

const MARKS: [ComponentChildren, string][] = [
  [<Swatch key="a" face={featureFace(0)} />, "claimed under a rule: swapped within its class"],
  [<Swatch key="k" face={KEEP} />, "same input: kept exactly"],
  [
    <Swatch key="f" face={FREE} />,
    "any input; hatching always means resampled freely, as all unclaimed components are; crossed where one draw is shared",
  ],
  [<LinkKey key="link" />, "one draw, shared by several claims"],
  [
    <svg key="qkv" width="66" height="20" viewBox="0 0 66 20" aria-hidden="true">
      <path class="scrub-key-line" d="M2 10h16" />
      <path class="scrub-key-line scrub-dash-k" d="M25 10h16" />
      <path class="scrub-key-line scrub-dash-v" d="M48 10h16" />
    </svg>,
    "edges into query, key, value; coloured by the rule of the component they come from, thicker where a search found more",
  ],
  [
    <>
      <MarkKey up /> <MarkKey up={false} />
    </>,
    `what the last search measured: larger matters more, ▲ helps, ▼ hurts, light: within noise, empty: not measured; in grey the ${TOP_EDGES} edges of the selection that matter most`,
  ],
  ["double ring", "selected; one thick ring: where the keys are"],
  ["stale", "dotted outlines: the result is older than the last edit"],
  ["×2", "claimed on two paths, each with its own rule"],
  ["bands", "a component that a rewrite split into parts: each band is claimed by itself"],
  [
    <span key="doubt" class="scrub-doubt-mark" aria-hidden="true">
      !
    </span>,
    "a check found a reason to doubt: the list under the bar says what was measured and what to do",
  ],
  ["random labels", "what the same tree recovers with meaningless rules: the number to beat"],
  ["◆", "confirmed: measured once on held-out inputs that exploring never touched"],
];

export function Help() {
  return (
    <div class="scrub-help">
      <div>
        <p>
          A hypothesis is a tree of claims: which components matter to the output, through which input, and what about
          their own input matters. That last part is a rule: a function of the input that sorts the data into classes.
          To test it, every claimed component gets its value from another input of the same class, and everything
          unclaimed gets its value from a random input. If the hypothesis is right, none of this changes the loss. Loss
          recovered says how much of the gap between a random input (0 %) and the untouched model (100 %) is left.
        </p>
        <ul class="scrub-help-marks">
          {MARKS.map(([mark, words]) => (
            <li key={words}>
              <span>{mark}</span>
              <span>{words}</span>
            </li>
          ))}
        </ul>
      </div>
      <table class="scrub-table">
        <thead>
          <tr>
            <th scope="col">To</th>
            <th scope="col">Mouse</th>
            <th scope="col">Keys in map or tree</th>
          </tr>
        </thead>
        <tbody>
          {GESTURES.map(([what, mouse, keys]) => (
            <tr key={what}>
              <th scope="row">{what}</th>
              <td>{mouse}</td>
              <td>{keys}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

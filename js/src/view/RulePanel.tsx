/** The rules: what pressing one would do, the palette, rules being made, the selected claim, and the class preview. */
import { useEffect, useRef, useState } from "preact/hooks";
import { useApp } from "../app";
import { claimsOf, claimsUnder, pathWords, selectedClaim, underOf, WHOLE_INPUT } from "../hypothesis";
import { ruleFace } from "../rules";
import { count } from "../text";
import type { RuleInfo } from "../wire";
import { ClaimCard } from "./ClaimCard";
import { dragsRule } from "./DraggedRule";
import { MadeRule } from "./MadeRule";
import { PreviewCard } from "./PreviewCard";
import { RuleMaker } from "./RuleMaker";
import { Swatch } from "./Swatch";

export function RulePanel() {
  const { store } = useApp();
  const [making, setMaking] = useState(false);
  const task = store.task.value;
  const claims = store.state.value?.claims ?? [];
  const claim = selectedClaim({ claims, selection: store.selection.value });
  if (!task) return <p class="scrub-muted">Waiting for the task…</p>;
  return (
    <>
      {!store.readOnly && <Target />}
      <Palette rules={task.rules} active={claim?.rule ?? null} />
      {!store.readOnly && <Extras making={making} make={() => setMaking(!making)} />}
      {making && <RuleMaker task={task} close={() => setMaking(false)} />}
      {claim && !making && <ClaimCard key={claim.id} claim={claim} />}
      {!making && <Shown rules={task.rules} active={claim?.rule ?? null} />}
    </>
  );
}

/** In words, what the next rule pressed does. */
function Target() {
  const { store, actions } = useApp();
  const { nodes, claim } = store.selection.value;
  const receiver = store.receiver.value;
  const all = store.state.value?.claims ?? [];
  const [only] = nodes;
  const elsewhere =
    nodes.length === 1 && only
      ? claimsOf(all, only).filter((c) => c.id !== claim && underOf(c) !== receiver?.path)
      : [];
  const { op, sentence } = actions.plan("");
  return (
    <div class="scrub-target" data-testid="target">
      <p>
        <span class="scrub-label">{op ? "Pressing a rule" : "To claim"}</span>
        {sentence}
      </p>
      {elsewhere.length > 0 && (
        <p class="scrub-muted">
          Also claimed:{" "}
          {elsewhere.map((c) => (
            <button key={c.id} type="button" class="scrub-link" onClick={() => actions.selectClaim(c)}>
              {pathWords(c.id)}
            </button>
          ))}
        </p>
      )}
    </div>
  );
}

function Palette({ rules, active }: { rules: RuleInfo[]; active: string | null }) {
  return (
    <div class="scrub-palette" role="group" aria-label="Rules">
      {rules.map((rule, i) => (
        <Chip key={rule.name} rule={rule} index={i} rules={rules} pressed={rule.name === active} />
      ))}
    </div>
  );
}

/** A pointer that stays so long means the rule under it. */
const REST_MS = 80;

function Chip(props: { rule: RuleInfo; index: number; rules: RuleInfo[]; pressed: boolean }) {
  const app = useApp();
  const { store, ui, actions } = app;
  const { rule, index, rules, pressed } = props;
  const key = index === 0 ? "K" : index === 1 ? "F" : index < 11 ? String(index - 1) : "";
  const error = store.status.value?.error;
  const resting = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const look = () => {
    ui.hovered.value = rule.name;
  };
  // What is looked at stays, so that its preview can be reached; chips passed on the way there do not count, nor do those
  // that the page moves under a pointer at rest, which are entered without a move: what was meant would change.
  const hover = () => {
    resting.current ??= setTimeout(look, REST_MS);
  };
  const leave = () => {
    clearTimeout(resting.current);
    resting.current = undefined;
  };
  useEffect(() => leave, []);
  return (
    <button
      type="button"
      class={`scrub-chip${pressed ? " scrub-chip-on" : ""}`}
      data-testid={`chip-${rule.name}`}
      aria-pressed={pressed}
      title={`${rule.doc}${key ? ` (key ${key})` : ""}`}
      disabled={store.readOnly}
      onPointerMove={hover}
      onPointerLeave={leave}
      onFocus={look}
      {...dragsRule(app, rule.name)}
      onClick={() => actions.assign(rule.name)}
    >
      <Swatch face={ruleFace(rules, rule.name)} />
      <span class="scrub-chip-name">{rule.name}</span>
      {error?.where === rule.name && (
        <b class="scrub-amber" title={error.message}>
          <span aria-hidden="true">▲</span>
          <span class="scrub-hidden">{error.message}</span>
        </b>
      )}
      <span class="scrub-muted scrub-number">{rule.k === null ? "" : count(rule.k)}</span>
    </button>
  );
}

function Extras({ making, make }: { making: boolean; make: () => void }) {
  const { store, ui, actions } = useApp();
  const receiver = store.receiver.value;
  const { nodes } = store.selection.value;
  const claims = store.state.value?.claims ?? [];
  const taken = !receiver || claimsUnder(claims, receiver.path).length > 0;
  const rule = actions.currentRule();
  return (
    <div class="scrub-row scrub-extras">
      <Draw several={nodes.length > 1} />
      <button
        type="button"
        class={`scrub-button${making ? " scrub-active" : ""}`}
        data-testid="make-rule"
        aria-expanded={making}
        onClick={make}
      >
        + New rule
      </button>
      {nodes.length === 1 && (
        <button
          type="button"
          class="scrub-button"
          data-testid="open-rewrite"
          title={`Write ${nodes[0]} as parts: a direction and the rest, or some neurons and the rest`}
          onClick={() => {
            ui.panel.value = "rewrite";
          }}
        >
          Rewrite…
        </button>
      )}
      {!taken && rule && (
        <button
          type="button"
          class="scrub-button"
          data-testid="claim-whole"
          title={`One claim for everything that ${pathWords(receiver.path)} reads, with the rule ${rule}`}
          onClick={() => actions.claimWhole(rule)}
        >
          claim the whole input {WHOLE_INPUT.replace("*", "∗")}
        </button>
      )}
    </div>
  );
}

const DRAWS: [boolean, string, string][] = [
  [false, "own draw", "Every claim takes its value from an input of its own"],
  [true, "one shared draw", "All take their values from one input: one claim for the whole group"],
];

/** Whether several components that are claimed together have one donor. */
function Draw({ several }: { several: boolean }) {
  const { ui } = useApp();
  if (!several) return null;
  return (
    <div class="scrub-segments" role="group" aria-label="Draws of the selected components">
      {DRAWS.map(([shared, label, title]) => (
        <button
          key={label}
          type="button"
          class="scrub-segment"
          data-testid={shared ? "group" : "draw-own"}
          aria-pressed={ui.group.value === shared}
          title={title}
          onClick={() => {
            ui.group.value = shared;
          }}
        >
          {label}
        </button>
      ))}
    </div>
  );
}

/** The preview of the rule under the pointer, else of the selected claim's, else of the one used last. */
function Shown({ rules, active }: { rules: RuleInfo[]; active: string | null }) {
  const { store, ui, previews, actions } = useApp();
  const name = ui.hovered.value ?? active ?? actions.currentRule();
  const rule = rules.find((r) => r.name === name) ?? rules.find((r) => r.name === name?.replace(/ at -?\d+$/, ""));
  const claim = selectedClaim({ claims: store.state.value?.claims ?? [], selection: store.selection.value });
  const under = claim ? underOf(claim) : (store.receiver.value?.path ?? null);
  const about = claim ? `${claim.id} ${claim.rule}` : null;
  useEffect(() => {
    ui.hovered.value = null;
  }, [about, ui]);
  useEffect(() => {
    if (name) previews.want(name, { under });
  }, [name, under, previews, rules]);
  if (!rule || !name) return null;
  if (store.readOnly)
    return (
      <p class="scrub-muted" data-testid="preview">
        {rule.doc}
      </p>
    );
  return (
    <PreviewCard rule={name} title={name} doc={rule.doc} face={ruleFace(rules, name)}>
      {rule.source === "made" && <MadeRule key={rule.name} name={rule.name} />}
    </PreviewCard>
  );
}

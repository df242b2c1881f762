/** A rule being made: what it is, a name for it, and its preview before it is made. */
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app";
import { type Bins, freeColumns, MAKERS, type MakerKind, paintedSpec, positionwise, words } from "../making";
import { DRAFT } from "../preview";
import { featureFace, freeName } from "../rules";
import type { RuleSpec, Task } from "../wire";
import { Paint } from "./Paint";
import { PreviewCard } from "./PreviewCard";

type Fields = {
  kind: MakerKind;
  pattern: string;
  rule: string;
  position: string;
  first: string;
  second: string;
  column: string;
  bins: Bins;
};

const ANSWER = "\u0000the right answer";

function specOf(fields: Fields): RuleSpec | string {
  const { kind, pattern, rule, position, first, second, column, bins } = fields;
  switch (kind) {
    case "regex":
      return pattern === "" ? "Type a pattern, such as the (\\w+); equal matches make a class." : { kind, pattern };
    case "at":
      if (!rule) return "No rule here has a label at every position.";
      return /^-?\d+$/.test(position)
        ? { kind, rule, position: Number(position) }
        : "Type a position; negative ones count from the end.";
    case "both":
      return first && second && first !== second ? { kind, first, second } : "Choose two different rules.";
    case "column":
      if (column === ANSWER) return { kind: "label" };
      return column ? { kind, column } : "Every column is a rule already.";
    case "painted":
      return paintedSpec(bins);
  }
}

export function RuleMaker({ task, close }: { task: Task; close: () => void }) {
  const { store, actions, previews } = useApp();
  const names = task.rules.map((r) => r.name);
  const [fields, setFields] = useState<Fields>(() => ({
    ...{ kind: task.n_pos > 1 ? "regex" : "painted", pattern: "", position: "-1" },
    ...{ rule: positionwise(task).find((r) => r === "token") ?? positionwise(task)[0] ?? "" },
    ...{ first: names[2] ?? "", second: names[3] ?? "", column: freeColumns(task)[0] ?? ANSWER },
    bins: [
      { name: "bin 1", inputs: [] },
      { name: "bin 2", inputs: [] },
    ],
  }));
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState("");
  const spec = specOf(fields);
  const ready = typeof spec !== "string";
  const key = JSON.stringify(spec);
  const under = store.receiver.value?.path ?? null;
  useEffect(() => {
    setProblem("");
    if (ready) previews.want(DRAFT, { spec, under });
  }, [key, under, previews]);
  const name = typed.trim() || (ready ? freeName(task.rules, words(spec)) : "");
  const set = (change: Partial<Fields>) => setFields({ ...fields, ...change });
  const make = () => {
    if (ready) actions.make({ op: "make_rule", name, spec }, close, setProblem);
  };
  const blocked = previews.shown.value?.rule === DRAFT && previews.shown.value.problem !== null;
  return (
    <section class="scrub-card scrub-maker" aria-label="New rule" data-testid="rule-maker">
      <div class="scrub-card-head">
        <h3>New rule</h3>
        <button type="button" class="scrub-link" data-testid="maker-close" onClick={close}>
          close
        </button>
      </div>
      <div class="scrub-segments" role="group" aria-label="What the rule looks at">
        {MAKERS.map(([kind, label]) => (
          <button
            key={kind}
            type="button"
            class="scrub-segment"
            data-testid={`maker-${kind}`}
            aria-pressed={fields.kind === kind}
            onClick={() => set({ kind })}
          >
            {label}
          </button>
        ))}
      </div>
      <MakerFields task={task} fields={fields} set={set} />
      <form
        class="scrub-row"
        onSubmit={(e) => {
          e.preventDefault();
          make();
        }}
      >
        <label class="scrub-field scrub-grow">
          <span>name</span>
          <input
            data-testid="maker-name"
            value={typed}
            placeholder={name || "a name"}
            onInput={(e) => setTyped(e.currentTarget.value)}
          />
        </label>
        <button
          type="submit"
          class="scrub-button scrub-primary"
          data-testid="maker-make"
          disabled={!ready || blocked}
          title="Adds the rule to the palette; Undo takes it away"
        >
          Make rule
        </button>
      </form>
      {!ready && <p class="scrub-muted">{spec}</p>}
      {problem && (
        <p class="scrub-note" role="alert" data-testid="maker-problem">
          {problem}
        </p>
      )}
      {ready && (
        <PreviewCard
          rule={DRAFT}
          title={name}
          doc={blocked ? "" : "Not made yet."}
          face={featureFace(nextLetter(task))}
        />
      )}
      <p class="scrub-muted">
        A Python function of your own comes from the kernel: <code>widget.add_rule("name", f)</code>, or{" "}
        <code>task.with_rules(name=f)</code> before. Nothing typed here is run as code.
      </p>
    </section>
  );
}

/** The letter that the next rule gets, as far as this view knows. */
function nextLetter(task: Task): number {
  return task.rules.length - 2;
}

function MakerFields(props: { task: Task; fields: Fields; set: (change: Partial<Fields>) => void }) {
  const { task, fields, set } = props;
  switch (fields.kind) {
    case "regex":
      return (
        <label class="scrub-field">
          <span>pattern (a regular expression of Python; its groups, else the match, are the label)</span>
          <input
            data-testid="maker-pattern"
            class="scrub-mono"
            value={fields.pattern}
            spellcheck={false}
            autocomplete="off"
            maxLength={1000}
            placeholder="the (\w+)"
            onInput={(e) => set({ pattern: e.currentTarget.value })}
          />
        </label>
      );
    case "at":
      return (
        <div class="scrub-row">
          <Choice
            label="what"
            testid="maker-rule"
            value={fields.rule}
            options={positionwise(task)}
            set={set}
            of="rule"
          />
          <label class="scrub-field">
            <span>at position (0 to {task.n_pos - 1})</span>
            <input
              data-testid="maker-position"
              class="scrub-short"
              inputMode="numeric"
              value={fields.position}
              onInput={(e) => set({ position: e.currentTarget.value.trim() })}
            />
          </label>
        </div>
      );
    case "both": {
      const names = task.rules.slice(2).map((r) => r.name);
      return (
        <div class="scrub-row">
          <Choice
            label="inputs agree in"
            testid="maker-first"
            value={fields.first}
            options={names}
            set={set}
            of="first"
          />
          <Choice label="and in" testid="maker-second" value={fields.second} options={names} set={set} of="second" />
        </div>
      );
    }
    case "column":
      return (
        <Choice
          label="column"
          testid="maker-column"
          value={fields.column}
          options={[...freeColumns(task), ANSWER]}
          set={set}
          of="column"
        />
      );
    case "painted":
      return <Paint task={task} bins={fields.bins} set={(bins) => set({ bins })} />;
  }
}

function Choice(props: {
  label: string;
  testid: string;
  value: string;
  options: string[];
  of: "rule" | "first" | "second" | "column";
  set: (change: Partial<Fields>) => void;
}) {
  return (
    <label class="scrub-field scrub-grow">
      <span>{props.label}</span>
      <select
        data-testid={props.testid}
        value={props.value}
        onChange={(e) => props.set({ [props.of]: e.currentTarget.value })}
      >
        {props.options.map((option) => (
          <option key={option} value={option}>
            {option === ANSWER ? "the right answer, as the loss reads it" : option}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What a way of rewriting needs to know. */
import type { WayFields } from "../rewriting";
import { percent } from "../text";
import type { Rewriting, RuleInfo } from "../wire";

type Props = {
  fields: WayFields;
  set: (change: Partial<WayFields>) => void;
  known: Rewriting | null;
  rules: RuleInfo[];
};

export function RewriteFields({ fields, set, known, rules }: Props) {
  switch (fields.way) {
    case "unembed":
      return (
        <div class="scrub-row">
          <Text label="raises the logit of" testid="way-first" value={fields.first} set={(first) => set({ first })} />
          <Text label="over that of" testid="way-second" value={fields.second} set={(second) => set({ second })} />
        </div>
      );
    case "pca":
      return (
        <Text label="which (1 is the largest)" testid="way-k" value={fields.k} set={(k) => set({ k: k.trim() })} />
      );
    case "means":
      return (
        <div class="scrub-row">
          <Choice
            label="classes of"
            testid="way-rule"
            value={fields.rule}
            options={rules.filter((r) => (r.k ?? 0) > 1).map((r) => r.name)}
            set={(rule) => set({ rule, a: "", b: "" })}
          />
          <Choice
            label="from the mean on"
            testid="way-b"
            value={fields.b}
            options={labels(known)}
            set={(b) => set({ b })}
          />
          <Choice label="to that on" testid="way-a" value={fields.a} options={labels(known)} set={(a) => set({ a })} />
        </div>
      );
    case "vector":
      return (
        <Choice
          label="vector"
          testid="way-vector"
          value={fields.vector}
          options={["", ...(known?.vectors ?? [])]}
          set={(vector) => set({ vector })}
        />
      );
    case "neurons":
      return (
        <>
          <Text label="neurons" testid="way-neurons" value={fields.neurons} set={(neurons) => set({ neurons })} />
          <p class="scrub-muted">
            Most of what varies is written by{" "}
            {(known?.neurons ?? []).map(({ index, share }) => (
              <button
                key={index}
                type="button"
                class="scrub-mini"
                title={`Neuron ${index}: ${percent(share)} of what the neurons' outputs vary`}
                onClick={() => set({ neurons: [fields.neurons.trim(), index].filter((x) => x !== "").join(", ") })}
              >
                {index} <span class="scrub-muted">{percent(share, 0)}</span>
              </button>
            ))}
          </p>
        </>
      );
  }
}

const labels = (known: Rewriting | null): string[] => ["", ...(known?.labels ?? [])];

function Text(props: { label: string; testid: string; value: string; set: (value: string) => void }) {
  return (
    <label class="scrub-field">
      <span>{props.label}</span>
      <input
        data-testid={props.testid}
        value={props.value}
        autocomplete="off"
        onInput={(e) => props.set(e.currentTarget.value)}
      />
    </label>
  );
}

function Choice(props: {
  label: string;
  testid: string;
  value: string;
  options: string[];
  set: (value: string) => void;
}) {
  return (
    <label class="scrub-field">
      <span>{props.label}</span>
      <select data-testid={props.testid} value={props.value} onChange={(e) => props.set(e.currentTarget.value)}>
        {props.options.map((option) => (
          <option key={option} value={option}>
            {option === "" ? "choose…" : option}
          </option>
        ))}
      </select>
    </label>
  );
}

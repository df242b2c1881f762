/** What "Find a circuit" asks for, as sentences; what it costs is said, and confirmed, before it begins. */
import { useEffect, useRef } from "preact/hooks";
import { useApp } from "../app";
import { about, type Field, wanted } from "../discover";
import { count, plural } from "../text";
import { PortOptions } from "./PortOptions";

export function DiscoverForm() {
  const { store, ui, actions } = useApp();
  const form = ui.discover.value;
  const { asked, problems } = wanted(store, form);
  const said = [...new Set(Object.values(problems))];
  return (
    <form
      class="scrub-ask"
      aria-label="Find a circuit"
      onSubmit={(event) => {
        event.preventDefault();
        actions.planDiscovery();
      }}
    >
      <Sentence problems={problems} />
      <p class="scrub-muted">
        Every sender of a port is freed in turn; what costs more than the threshold, beyond its interval and the false
        discovery rate, becomes a claim, and the ports of that claim are asked the same. In the end each claim is left
        out once: what is not needed goes. Only explored inputs are used.
      </p>
      {said.map((sentence) => (
        <p key={sentence} class="scrub-refusal" role="alert" data-testid="discover-problem">
          {sentence}
        </p>
      ))}
      {form.problem && (
        <p class="scrub-refusal" role="alert" data-testid="discover-refused">
          {form.problem}
        </p>
      )}
      {form.plan ? (
        <Confirm />
      ) : (
        <div class="scrub-row">
          <button
            type="submit"
            class="scrub-button scrub-primary"
            data-testid="discover-plan"
            disabled={asked === null}
            title="Says what it costs; nothing is started yet"
          >
            Find a circuit…
          </button>
          {store.discovery.value && (
            <button
              type="button"
              class="scrub-button"
              data-testid="discover-back"
              onClick={() => actions.setDiscover({ again: false })}
            >
              Back to the last one
            </button>
          )}
        </div>
      )}
    </form>
  );
}

function Sentence({ problems }: { problems: Partial<Record<Field, string>> }) {
  const { store, ui, actions } = useApp();
  const form = ui.discover.value;
  const { asked } = wanted(store, { ...form, threshold: "2", claims: "", depth: "", budget: "", samples: "" });
  const claims = store.state.value?.claims ?? [];
  const rules = store.task.value?.rules ?? [];
  const text = (field: Field, label: string, usual = "") => (
    <input
      class="scrub-word scrub-short"
      inputMode="decimal"
      aria-label={label}
      aria-invalid={problems[field] !== undefined}
      data-testid={`discover-${field}`}
      value={form[field] || usual}
      onChange={(e) => actions.setDiscover({ [field]: e.currentTarget.value })}
    />
  );
  return (
    <p class="scrub-sentence">
      From{" "}
      <select
        class="scrub-word"
        aria-label="Where to start"
        data-testid="discover-start"
        value={form.start ?? ""}
        onChange={(e) => actions.setDiscover({ start: e.currentTarget.value || null })}
      >
        <option value="">the logits, nothing claimed</option>
        {claims.length > 0 && (
          <optgroup label="the present hypothesis, under">
            <PortOptions />
          </optgroup>
        )}
      </select>{" "}
      go upstream, at most {text("depth", "Depth", "4")} deep, and claim what costs more than{" "}
      {text("threshold", "Threshold in points")} points, at most {text("claims", "Most claims", "12")} claims, as{" "}
      <select
        class="scrub-word"
        aria-label="Rule of the claims"
        data-testid="discover-rule"
        value={form.rule ?? rules[0]?.name ?? ""}
        onChange={(e) => actions.setDiscover({ rule: e.currentTarget.value })}
      >
        {rules.map((r) => (
          <option key={r.name} value={r.name}>
            {r.name}
          </option>
        ))}
      </select>
      , with at most {text("budget", "Budget in scrubs", String(asked?.budget ?? ""))} scrubs of{" "}
      {text("samples", "Samples of each scrub", String(asked?.samples ?? ""))} samples.
    </p>
  );
}

/** What it costs at most, and Start. */
function Confirm() {
  const { ui, actions } = useApp();
  const start = useRef<HTMLButtonElement>(null);
  const { plan } = ui.discover.value;
  useEffect(() => start.current?.focus(), []);
  if (!plan) return null;
  return (
    <div
      class="scrub-plan"
      role="group"
      aria-label="What it costs"
      data-testid="discover-cost"
      data-scrubs={plan.scrubs}
    >
      <p>
        At most <strong>{plural(plan.scrubs, "scrub")}</strong> of {count(plan.samples)} samples, that is about{" "}
        <strong>{plural(plan.scrubs, "plain forward pass", "plain forward passes")}</strong> over {count(plan.samples)}{" "}
        inputs: {about(plan.seconds)} here, by the time of{" "}
        {plan.measured ? "the last scrubs" : "the model’s first pass"}.
      </p>
      <p class="scrub-muted">
        {plan.scrubs < plan.senders
          ? `The first look alone asks about ${count(plan.senders)} senders: this budget ends within it.`
          : `The first look asks about ${plural(plan.senders, "sender")}. It can be cancelled, and resumed, at any time.`}
      </p>
      <div class="scrub-row">
        <button
          type="button"
          class="scrub-button scrub-primary"
          data-testid="discover-go"
          ref={start}
          onClick={actions.startDiscovery}
        >
          Start
        </button>
        <button
          type="button"
          class="scrub-button"
          data-testid="discover-change"
          onClick={() => actions.setDiscover({ plan: null })}
        >
          Change
        </button>
      </div>
    </div>
  );
}

/** Both ends of the scale are measured before anything is claimed. */
import { useApp } from "../app";
import { nats } from "../text";

export function Baselines() {
  const { store } = useApp();
  const result = store.result.value;
  const unit = store.task.value?.unit;
  if (!result?.complete) return null;
  return (
    <span class="scrub-muted" data-testid="both-baselines">
      {" "}
      Both ends are measured already: loss {nats(result.loss.baseline.value)} at 0 %, {nats(result.loss.model.value)} at
      100 %{unit && ` (${unit})`}.
    </span>
  );
}

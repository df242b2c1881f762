/** Which of several claims a clicked port belongs to. */
import { useApp } from "../app";
import type { MapLayout, PortBox } from "../layout";
import { onScreen } from "../zoom";

export function Choices({ layout }: { layout: MapLayout }) {
  const { ui, actions, map } = useApp();
  const choices = ui.choices.value;
  const owner = choices[0]?.claim?.components[0];
  const cell = owner ? layout.cells.get(owner) : undefined;
  if (!cell) return null;
  const place: PortBox | undefined = cell.ports.find((p) => p.name === choices[0]?.name);
  const { left, top } = onScreen(map.window.value, layout, place?.x ?? cell.x, cell.y + cell.h + 16);
  return (
    <div
      class="scrub-choices"
      role="menu"
      aria-label="Claimed on several paths: choose one"
      data-testid="choices"
      style={{ left: `${left}%`, top: `${top}%`, transform: `translateX(-${left}%)` }}
    >
      <span class="scrub-muted">Claimed on several paths. New claims go under:</span>
      {choices.map((choice) => (
        <button
          key={choice.path}
          type="button"
          role="menuitem"
          class="scrub-link"
          onClick={() => actions.setReceiver(choice)}
        >
          {choice.path.split(">").join(" ▸ ")}
        </button>
      ))}
    </div>
  );
}

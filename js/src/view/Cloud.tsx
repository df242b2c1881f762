/** The scatter of examples: drag a rectangle to select some, click one to open it. */
import { useMemo, useState } from "preact/hooks";
import { useApp } from "../app";
import { inside, type Mark, nearest, pathOf, placeOf, type Rect } from "../charts/points";
import { covering, linear } from "../scale";
import type { ExampleLosses } from "../store";
import { fixed } from "../text";
import { Axes, type Box, boxOf, Drawing } from "./Axes";

type Props = { width: number; losses: ExampleLosses; n: number; marks: Mark[]; says: string; unit: string };
/** A drag shorter than this is a click. */
const CLICK = 4;

export function Cloud({ width, losses, n, marks, says, unit }: Props) {
  const { ui } = useApp();
  const height = Math.min(380, Math.max(240, Math.round(width * 0.62)));
  const box = boxOf(width, height);
  // One scale for both: equal losses lie on the diagonal. A plain object of numbers, so that it is only made when they change.
  const { low, high } = useMemo(() => range(losses, n), [losses, n]);
  const x = linear(low, high, box.left, box.right);
  const y = linear(low, high, box.bottom, box.top);
  const cloud = { losses, x, y };
  const brushed = ui.brushed.value;
  // Thousands of points: made again only when something that they show has changed.
  const paths = useMemo(() => {
    const chosen = brushed && new Set(brushed);
    return marks.map((mark) => {
      const draw = (members: number[]) =>
        pathOf(
          mark.shape,
          members.map((i) => placeOf(cloud, i)),
        );
      return {
        mark,
        quiet: draw(chosen ? mark.members.filter((i) => !chosen.has(i)) : []),
        loud: draw(chosen ? mark.members.filter((i) => chosen.has(i)) : mark.members),
      };
    });
  }, [marks, brushed, losses, low, high, width, height]);
  const example = ui.example.value;
  const digits = high - low < 3 ? 1 : 0;
  const name = (what: string) => `${what} loss${unit && `, ${unit}`}`;
  return (
    <Drawing width={width} height={height} says={says} parts>
      <Axes
        {...{ box, x, y }}
        xName={name("untouched model's")}
        yName={name("scrubbed")}
        xText={(v) => fixed(v, digits)}
        yText={(v) => fixed(v, digits)}
        crossed
      />
      <line class="scrub-diagonal" x1={box.left} y1={box.bottom} x2={box.right} y2={box.top} />
      {(["quiet", "loud"] as const).map((tone) =>
        paths.map(({ mark, [tone]: d }) => (
          <path
            key={`${tone} ${mark.name}`}
            class={`scrub-mark scrub-mark-${tone}`}
            style={mark.hue ? { fill: mark.hue } : undefined}
            d={d}
          />
        )),
      )}
      {example !== null && example < n && <Ring at={placeOf(cloud, example)} />}
      <Brush {...{ box, cloud, n }} />
    </Drawing>
  );
}

/** With room on all sides: what lies on an axis can be seen, and reached by the brush. */
function range(losses: ExampleLosses, n: number): { low: number; high: number } {
  return covering([...losses.model.subarray(0, n), ...losses.scrubbed.subarray(0, n)], 0.04);
}

const Ring = ({ at: [x, y] }: { at: [number, number] }) => <circle class="scrub-ring" cx={x} cy={y} r="7" />;

type BrushProps = { box: Box; cloud: Parameters<typeof inside>[0]; n: number };

function Brush({ box, cloud, n }: BrushProps) {
  const { ui } = useApp();
  const [rect, setRect] = useState<Rect | null>(null);
  const at = (event: PointerEvent) => {
    const svg = (event.currentTarget as SVGElement).ownerSVGElement?.getBoundingClientRect();
    return { x: event.clientX - (svg?.left ?? 0), y: event.clientY - (svg?.top ?? 0) };
  };
  const end = (drawn: Rect) => {
    setRect(null);
    const click = Math.hypot(drawn.x1 - drawn.x0, drawn.y1 - drawn.y0) < CLICK;
    if (!click) {
      const found = inside(cloud, n, drawn);
      ui.brushed.value = found.length > 0 ? found : null;
      if (found.length > 0) ui.example.value = found[0] ?? null;
      return;
    }
    const found = nearest(cloud, n, { x: drawn.x0, y: drawn.y0 });
    if (found === null) ui.brushed.value = null;
    else {
      ui.example.value = found;
      ui.tab.value = "sample";
    }
  };
  return (
    <g data-live>
      {rect && (
        <rect
          class="scrub-brush"
          x={Math.min(rect.x0, rect.x1)}
          y={Math.min(rect.y0, rect.y1)}
          width={Math.abs(rect.x1 - rect.x0)}
          height={Math.abs(rect.y1 - rect.y0)}
        />
      )}
      {/* The key ways to the same things stand below the drawing. */}
      <rect
        class="scrub-brushable"
        data-testid="examples-plot"
        x={box.left}
        y={box.top}
        width={Math.max(0, box.right - box.left)}
        height={box.bottom - box.top}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.preventDefault(); // no text is selected on the way
          event.currentTarget.setPointerCapture?.(event.pointerId);
          const { x, y } = at(event);
          setRect({ x0: x, y0: y, x1: x, y1: y });
        }}
        onPointerMove={(event) => {
          const { x, y } = at(event);
          if (rect) setRect({ ...rect, x1: x, y1: y });
        }}
        onPointerUp={(event) => {
          const { x, y } = at(event);
          if (rect) end({ ...rect, x1: x, y1: y });
        }}
        onPointerCancel={() => setRect(null)}
      />
    </g>
  );
}

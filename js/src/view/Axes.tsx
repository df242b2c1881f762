/** Two axes with their names, in pixels. */
import type { ComponentChildren } from "preact";
import { type Scale, ticksOn } from "../scale";

/** Where the plot stands in its drawing. */
export type Box = { left: number; right: number; top: number; bottom: number };

/** Room for the names of ticks and axes; the rest is for the plot. */
export const boxOf = (width: number, height: number, left = 54): Box => ({
  ...{ left, right: width - 14, top: 10, bottom: height - 38 },
});

type Props = {
  box: Box;
  x: Scale;
  y: Scale;
  xName: string;
  yName: string;
  xText: (value: number) => string;
  yText: (value: number) => string;
  xTicks?: number[];
  /** Lines across for x as well. */
  crossed?: boolean;
};

export function Axes({ box, x, y, xName, yName, xText, yText, xTicks, crossed = false }: Props) {
  const { left, right, top, bottom } = box;
  const across = xTicks
    ? xTicks.map((value) => ({ value, at: x.at(value) }))
    : ticksOn(x, Math.max(2, (right - left) / 90));
  const up = ticksOn(y, Math.max(2, (bottom - top) / 45));
  return (
    <g>
      {up.map((t) => (
        <g key={`y${t.value}`}>
          <line class="scrub-grid" x1={left} x2={right} y1={t.at} y2={t.at} />
          <text class="scrub-tick-text scrub-end" x={left - 6} y={t.at + 4}>
            {yText(t.value)}
          </text>
        </g>
      ))}
      {across.map((t) => (
        <g key={`x${t.value}`}>
          <line
            class={crossed ? "scrub-grid" : "scrub-tick"}
            x1={t.at}
            x2={t.at}
            y1={crossed ? top : bottom}
            y2={crossed ? bottom : bottom + 4}
          />
          <text class="scrub-tick-text" x={t.at} y={bottom + 16}>
            {xText(t.value)}
          </text>
        </g>
      ))}
      <line class="scrub-axis-line" x1={left} x2={left} y1={top} y2={bottom} />
      <line class="scrub-axis-line" x1={left} x2={right} y1={bottom} y2={bottom} />
      <text class="scrub-axis-name" x={(left + right) / 2} y={bottom + 32}>
        {xName}
      </text>
      <text class="scrub-axis-name" transform={`translate(11 ${(top + bottom) / 2}) rotate(-90)`}>
        {yName}
      </text>
    </g>
  );
}

type DrawingProps = { width: number; height: number; says: string; parts?: boolean; children: ComponentChildren };

/** A drawing of one size, named by what it says; with `parts` it holds things that can be reached one by one. */
export function Drawing({ width, height, says, parts = false, children }: DrawingProps) {
  return (
    <svg
      class="scrub-drawing"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role={parts ? "group" : "img"}
      aria-label={says}
    >
      {children}
    </svg>
  );
}

/** How wide a drawing may be: charts are drawn in pixels, so that their letters keep their size. */
import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

/** Until the page has been laid out. */
export const FIRST_WIDTH = 520;

export function useWidth(ref: RefObject<HTMLElement | null>, least = 240): number {
  const [width, setWidth] = useState(FIRST_WIDTH);
  useLayoutEffect(() => {
    const node = ref.current;
    if (!node) return;
    const measure = () => {
      // Hidden behind its table it has no width: the last one stays.
      if (node.clientWidth > 0) setWidth(Math.max(least, Math.floor(node.clientWidth)));
    };
    measure();
    const Observer = node.ownerDocument.defaultView?.ResizeObserver;
    if (!Observer) return;
    const observer = new Observer(measure);
    observer.observe(node);
    return () => observer.disconnect();
  }, [ref, least]);
  return width;
}

/** The whole screen for the widget, where the host allows it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { useApp } from "../app";

const REFUSED = "This page does not allow full screen; Export gives an HTML page that does.";

export function FullScreen() {
  const { actions } = useApp();
  const button = useRef<HTMLButtonElement>(null);
  const [full, setFull] = useState(false);
  const root = () => button.current?.closest<HTMLElement>(".scrub-root") ?? null;
  useEffect(() => {
    const node = root();
    if (!node) return;
    const changed = () => setFull(node.matches(":fullscreen"));
    node.addEventListener("fullscreenchange", changed);
    return () => node.removeEventListener("fullscreenchange", changed);
  }, []);
  const toggle = async () => {
    const node = root();
    try {
      if (full) await node?.ownerDocument.exitFullscreen();
      else await node?.requestFullscreen();
    } catch {
      actions.say("info", REFUSED);
    }
  };
  return (
    <button
      ref={button}
      type="button"
      class="scrub-button scrub-square"
      data-testid="full-screen"
      aria-label={full ? "Leave full screen" : "Full screen"}
      aria-pressed={full}
      title={full ? "Leave full screen (Esc)" : "Full screen"}
      onClick={() => void toggle()}
    >
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path
          d="M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4"
          fill="none"
          stroke="currentColor"
          stroke-width="1.6"
          stroke-linecap="round"
        />
      </svg>
    </button>
  );
}

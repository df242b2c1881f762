/** The words of a lesson: a component or a claim in them is a button that shows where it is. */
import { useRef } from "preact/hooks";
import { useApp } from "../app";
import { type GraphIndex, portsOf } from "../graph";
import { pathWords, ROOT } from "../hypothesis";
import { pieces } from "../lesson";
import { shine } from "../spotlight";

export function LessonText({ text }: { text: string }) {
  return (
    <>
      {pieces(text).map((piece, i) => {
        const key = `${i}-${piece.text}`;
        if (piece.kind === "code") return <Code key={key} text={piece.text} />;
        if (piece.kind === "bold") return <strong key={key}>{piece.text}</strong>;
        return piece.kind === "soft" ? <em key={key}>{piece.text}</em> : piece.text;
      })}
    </>
  );
}

const known = (index: GraphIndex | null, id: string): boolean =>
  id === ROOT || (index?.components.has(id) ?? false) || (index !== null && portsOf(index, id).length > 0);

function Code({ text }: { text: string }) {
  const { store, ui, actions } = useApp();
  const before = useRef<Set<string> | null>(null); // what a hint lit up comes back
  const claims = store.state.value?.claims ?? [];
  const claim = claims.find((c) => c.id === text);
  if (!claim && !known(store.index.value, text)) return <code>{text}</code>;
  const show = () => {
    if (ui.spotlight.value?.has(text) && ui.spotlight.value.size === 1) return;
    before.current = ui.spotlight.value;
    shine(ui, [text]);
  };
  const hide = () => {
    ui.spotlight.value = before.current;
  };
  return (
    <button
      type="button"
      class="scrub-term"
      data-testid={`term-${text}`}
      title="Show it in the map"
      onPointerEnter={show}
      onPointerLeave={hide}
      onFocus={show}
      onBlur={hide}
      onClick={() => (claim ? actions.selectClaim(claim) : actions.selectNode(text))}
    >
      {pathWords(text)}
    </button>
  );
}

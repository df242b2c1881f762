/** The search box of the map: a name in, a component selected and in focus. */
import { useRef, useState } from "preact/hooks";
import { type App, useApp } from "../app";
import { type Found, find } from "../find";
import { selectAll, show } from "../mapActions";

/** Selects what was found, and gives it the focus so that the next key is about it. */
export function goTo(app: App, found: Found, root: Element | null): void {
  const { actions, store, ui } = app;
  const claim = store.state.value?.claims.find((c) => c.id === found.claim);
  const [first] = found.nodes;
  ui.mapOpen.value = true;
  if (claim) actions.selectClaim(claim);
  else if (found.nodes.length === 1 && first) actions.selectNode(first);
  else selectAll(app, found.nodes, false);
  if (!first) return;
  show(app, first);
  ui.focus.value = first;
  // After the map has drawn it: it may have been folded away.
  requestAnimationFrame(() => root?.querySelector<SVGElement>(`[data-cell="${CSS.escape(first)}"]`)?.focus());
}

export function Find() {
  const app = useApp();
  const { store, map, uid } = app;
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const index = store.index.value;
  const open = map.finding.value && index !== null;
  const found = open && index ? find(index, store.state.value?.claims ?? [], query) : [];
  const root = () => field.current?.closest(".scrub-root") ?? null;
  const close = () => {
    map.finding.value = false;
    setAt(0);
  };
  const choose = (one: Found | undefined) => {
    if (!one) return;
    close();
    setQuery("");
    goTo(app, one, root());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && found.length > 0) setAt((at + step + found.length) % found.length);
    else if (event.key === "Enter") choose(found[at]);
    else if (event.key === "Escape") {
      close();
      setQuery("");
      root()
        ?.querySelector<SVGElement>(`[data-cell="${CSS.escape(app.ui.focus.value)}"]`)
        ?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="scrub-find">
      <input
        ref={field}
        type="text"
        list={undefined}
        // biome-ignore lint/a11y/noRedundantRoles: without a list of its own, a text field is none
        role="combobox"
        data-testid="find"
        placeholder={map.many.value ? "Find: 9.9, L9, mlp 3, a rule, a name" : "Find: 9.9, L9, a rule"}
        aria-label="Find a component"
        aria-expanded={open && found.length > 0}
        aria-controls={`${uid}-found`}
        aria-autocomplete="list"
        aria-activedescendant={found[at] ? `${uid}-found-${at}` : undefined}
        value={query}
        onInput={(e) => {
          setQuery(e.currentTarget.value);
          setAt(0);
          map.finding.value = true;
        }}
        onFocus={() => {
          map.finding.value = true;
        }}
        onBlur={close}
        onKeyDown={onKeyDown}
      />
      <span class="scrub-kbd" aria-hidden="true">
        /
      </span>
      {open && (found.length > 0 || query !== "") && (
        <div class="scrub-found" role="listbox" id={`${uid}-found`} aria-label="Found" data-testid="found">
          {found.map((one, i) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys: arrows and Enter
            <div
              key={one.key}
              id={`${uid}-found-${i}`}
              role="option"
              aria-selected={i === at}
              data-testid={`found-${one.key}`}
              onPointerDown={(e) => e.preventDefault()}
              onClick={() => choose(one)}
            >
              <b>{one.label}</b> <span class="scrub-muted">{one.words}</span>
            </div>
          ))}
          {found.length === 0 && <div class="scrub-muted">Nothing here is called “{query}”.</div>}
        </div>
      )}
    </div>
  );
}

/** The menu of a selection: by right click, Shift+F10 or its button. Arrows move, Esc gives the focus back. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { type App, useApp } from "../app";
import { closeMenu } from "../mapActions";
import { type MenuItem, menuFor, menuTitle } from "../menu";
import { Swatch } from "./Swatch";

const EDGE = 6;

export function Menu() {
  const app = useApp();
  const place = app.map.menu.value;
  if (!place) return null;
  return <Open key={`${place.x},${place.y}`} />;
}

function Open() {
  const app = useApp();
  const box = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<string | null>(null);
  // What the menu acts on is what was selected when it opened.
  const [parts] = useState(() => menuFor(app, app.ui.focus.value));
  const [title] = useState(() => menuTitle(app));
  const place = app.map.menu.value;

  useLayoutEffect(() => {
    const node = box.current;
    const around = node?.offsetParent ?? node?.parentElement;
    if (!node || !around || !place) return;
    const frame = around.getBoundingClientRect();
    const { width, height } = node.getBoundingClientRect();
    const bottom = Math.min(frame.bottom, Math.max(window.innerHeight, frame.top + height));
    node.style.left = `${Math.max(EDGE, Math.min(place.x - frame.left, frame.width - width - EDGE))}px`;
    node.style.top = `${Math.max(EDGE, Math.min(place.y, bottom - height - EDGE) - frame.top)}px`;
  }, [place, open]);
  useLayoutEffect(() => {
    box.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus({ preventScroll: true });
  }, []);

  const choose = (item: MenuItem) => {
    if (item.items) {
      setOpen(open === item.key ? null : item.key);
      return;
    }
    closeMenu(app);
    item.run?.();
  };
  return (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: Esc and Tab close the menu by keys */}
      <div
        class="scrub-menu-cover"
        onPointerDown={() => closeMenu(app)}
        onContextMenu={(e) => {
          e.preventDefault();
          closeMenu(app);
        }}
      />
      <div
        ref={box}
        class="scrub-menu"
        role="menu"
        tabindex={-1}
        aria-label={`Actions for ${title}`}
        data-testid="menu"
        onKeyDown={(e) => onMenuKey(app, box.current, e, setOpen)}
        onFocusOut={(e) => {
          const next = e.relatedTarget;
          if (next instanceof Node && !box.current?.contains(next)) app.map.menu.value = null;
        }}
      >
        <div class="scrub-menu-title" aria-hidden="true">
          {title}
        </div>
        {parts.map((part, i) => (
          <div key={part[0]?.key ?? i} role="group" class="scrub-menu-part">
            {part.map((item) => (
              <Item key={item.key} item={item} open={open === item.key} choose={choose} />
            ))}
          </div>
        ))}
      </div>
    </>
  );
}

function Item(props: { item: MenuItem; open: boolean; choose: (item: MenuItem) => void }) {
  const { item, open, choose } = props;
  return (
    <>
      <button
        type="button"
        role="menuitem"
        class="scrub-menu-item"
        tabindex={-1}
        data-testid={`menu-${item.key}`}
        {...(item.items ? { "aria-haspopup": "menu" as const, "aria-expanded": open } : {})}
        onClick={() => choose(item)}
      >
        {item.face && <Swatch face={item.face} />}
        <span class="scrub-menu-label">{item.label}</span>
        {item.items ? (
          <span aria-hidden="true">{open ? "▾" : "▸"}</span>
        ) : (
          item.hint && (
            <span class="scrub-kbd" aria-hidden="true">
              {item.hint}
            </span>
          )
        )}
      </button>
      {item.items && open && (
        <div role="menu" class="scrub-submenu" aria-label={item.label} data-owner={item.key}>
          {item.items.map((inner) => (
            <Item key={inner.key} item={inner} open={false} choose={choose} />
          ))}
        </div>
      )}
    </>
  );
}

function onMenuKey(
  app: App,
  box: HTMLElement | null,
  event: KeyboardEvent,
  setOpen: (key: string | null) => void,
): void {
  // No key of the map or the notebook acts while the menu is open.
  event.stopPropagation();
  const items = [...(box?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
  const at = items.indexOf(event.target as HTMLElement);
  const item = items[at];
  const focus = (to: number) => items[(to + items.length) % items.length]?.focus();
  const inner = item?.closest<HTMLElement>(".scrub-submenu");
  const moves: Record<string, () => void> = {
    ArrowDown: () => focus(at + 1),
    ArrowUp: () => focus(at - 1),
    Home: () => focus(0),
    End: () => focus(items.length - 1),
    ArrowRight: () => {
      if (item?.getAttribute("aria-expanded") === "false") item.click();
    },
    ArrowLeft: () => {
      if (!inner) return;
      box?.querySelector<HTMLElement>(`[data-testid="menu-${inner.dataset.owner}"]`)?.focus();
      setOpen(null);
    },
    Escape: () => closeMenu(app),
    Tab: () => closeMenu(app),
  };
  const move = moves[event.key];
  if (move) {
    event.preventDefault();
    move();
    return;
  }
  if (event.key.length !== 1 || event.key === " ") return;
  const letter = event.key.toLowerCase();
  const next = [...items.slice(at + 1), ...items.slice(0, at + 1)].find((i) =>
    i.querySelector(".scrub-menu-label")?.textContent?.toLowerCase().startsWith(letter),
  );
  next?.focus();
}

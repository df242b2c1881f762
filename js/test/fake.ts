/** A model without a kernel, and a small stand-in for the kernel that answers edits. */
import type { Listener, Model } from "../src/host";
import { type Claim, type KernelMessage, type Op, type State, type ViewMessage, viewMessage } from "../src/wire";

/** As text to compare, binary data included. */
const spelled = (value: unknown): string =>
  JSON.stringify(value, (_, v) =>
    ArrayBuffer.isView(v) ? [...new Uint8Array(v.buffer, v.byteOffset, v.byteLength)] : v,
  );

export class FakeModel implements Model {
  readonly sent: ViewMessage[] = [];
  saved = 0;
  onSend: (message: ViewMessage) => void = () => {};
  private readonly traits: Map<string, unknown>;
  private readonly listeners = new Map<string, Set<Listener>>();

  /** `traits` under their names in docs/wire.md, without the underscore. */
  constructor(traits: Record<string, unknown>) {
    this.traits = new Map(Object.entries(traits).map(([key, value]) => [`_${key}`, value]));
  }
  trait<T = unknown>(key: string): T {
    return this.get(`_${key}`) as T;
  }
  /** As if the kernel had set a trait. */
  put(key: string, value: unknown): void {
    this.set(`_${key}`, value);
  }
  get(key: string): unknown {
    return this.traits.get(key);
  }
  set(key: string, value: unknown): void {
    if (spelled(value) === spelled(this.traits.get(key))) return;
    this.traits.set(key, structuredClone(value));
    this.emit(`change:${key}`);
  }
  save_changes(): void {
    this.saved += 1;
  }
  on(event: string, callback: Listener): void {
    const found = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, found.add(callback));
  }
  off(event: string, callback: Listener): void {
    this.listeners.get(event)?.delete(callback);
  }
  send(content: unknown): void {
    const problem = viewMessage(content, "message", true);
    if (problem) throw new Error(problem);
    this.sent.push(structuredClone(content) as ViewMessage);
    this.onSend(content as ViewMessage);
  }
  /** As if the kernel had sent this. */
  receive(message: KernelMessage): void {
    this.emit("msg:custom", message, []);
  }
  listening(): number {
    return [...this.listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }
  /** The messages of one kind. */
  of<K extends ViewMessage["kind"]>(kind: K): Extract<ViewMessage, { kind: K }>[] {
    return this.sent.filter((m): m is Extract<ViewMessage, { kind: K }> => m.kind === kind);
  }
  /** As if the host had told of something else than a trait. */
  fire(event: string): void {
    this.emit(event);
  }
  private emit(event: string, ...args: unknown[]): void {
    for (const listener of [...(this.listeners.get(event) ?? [])]) listener(...args);
  }
}

function apply(claims: Claim[], op: Op, made: string[]): Claim[] {
  switch (op.op) {
    case "claim": {
      const at = op.under.lastIndexOf(".");
      const owned = op.under === "logits" || claims.some((c) => c.id === op.under);
      const parent = owned ? op.under : op.under.slice(0, at);
      const port = owned ? "" : op.under.slice(at + 1);
      const id = `${op.under}>${op.components.join("+")}`;
      made.push(id);
      const { components, rule, paths = "direct", positions = null, share = null } = op;
      const labels = { name: "", note: "" };
      return [...claims, { id, parent, port, components, rule, paths, positions, share, ...labels }].sort((a, b) =>
        a.id < b.id ? -1 : 1,
      );
    }
    case "rule":
      return claims.map((c) => (op.claims.includes(c.id) ? { ...c, rule: op.rule } : c));
    case "change": {
      const { op: _, claim, ...options } = op;
      return claims.map((c) => (c.id === claim ? { ...c, ...options } : c));
    }
    case "label": {
      const { op: _, claim, ...given } = op;
      return claims.map((c) => (c.id === claim ? { ...c, ...given } : c));
    }
    case "remove":
      return claims.filter((c) => !op.claims.some((id) => c.id === id || c.parent.startsWith(id)));
    case "batch":
      return op.ops.reduce((now, next) => apply(now, next, made), claims);
    case "clear":
      return [];
    default:
      return claims;
  }
}

/** A file as the kernel might make it; a picture is one pixel. */
function fakeFile(
  { id, what, name = "", format = "png" }: ViewMessage & { kind: "file" },
  json: string,
): KernelMessage {
  const pixel = what === "figure" && format === "png";
  const endings = { json: "scrub.json", script: "py", page: "html", figure: `recovered.${format}` };
  const text = pixel ? null : what === "json" ? json : `${what} ${name}`;
  const data = pixel ? "iVBORw0KGgo=" : null;
  const filename = what === "figure" ? `induction-${name || "recovered"}.${format}` : `induction.${endings[what]}`;
  const mime = pixel ? "image/png" : "text/plain";
  const figures = ["recovered", "history"];
  return { kind: "file", id, what, filename, mime, size: text?.length ?? 8, text, data, figures };
}

/** Answers edits, undo and redo as the kernel would, without measuring anything. */
export function answerEdits(model: FakeModel): void {
  const past: State[] = [];
  const future: State[] = [];
  const put = (next: State) => {
    const rev = model.trait<State>("state").rev + 1;
    model.put("state", { ...next, rev, can_undo: past.length > 0, can_redo: future.length > 0 });
  };
  model.onSend = (message) => {
    const state = model.trait<State>("state");
    const made: string[] = [];
    if (message.kind === "edit") {
      past.push(state);
      future.length = 0;
      const { op } = message;
      const settings = op.op === "settings" ? { ...state.settings, ...op, op: undefined } : state.settings;
      put({ ...state, settings, claims: apply(state.claims, op, made), last_edit: op.op });
    } else if (message.kind === "undo" || message.kind === "redo") {
      const [from, to] = message.kind === "undo" ? [past, future] : [future, past];
      const next = from.pop();
      if (next) {
        to.push(state);
        put(next);
      }
    }
    const { id } = message;
    if (message.kind === "ping") model.receive({ kind: "pong", id });
    else if (message.kind === "export") model.receive({ kind: "exported", id, text: JSON.stringify(state.claims) });
    else if (message.kind === "file") model.receive(fakeFile(message, JSON.stringify(state.claims)));
    else if (!["preview", "slice", "history"].includes(message.kind))
      model.receive({ kind: "ack", id, rev: model.trait<State>("state").rev, claims: made });
  };
}

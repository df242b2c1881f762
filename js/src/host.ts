/** What the view needs of its host: an anywidget model, a static page or a test's fake all fit. */
export type Model = {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
  save_changes(): void;
  on(event: string, callback: Listener): void;
  off(event: string, callback: Listener): void;
  send(content: unknown): void;
  /** What Jupyter hosts keep their models in; see line.ts. */
  widget_manager?: unknown;
};

/** Trait listeners get no arguments (always read `get`); `msg:custom` listeners get the content and its buffers. */
// biome-ignore lint/suspicious/noExplicitAny: the host decides on the arguments; each listener narrows its own
export type Listener = (...args: any[]) => void;

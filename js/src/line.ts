/** Whether there is a kernel at the other end of a model: what a host tells of it, where it tells anything. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Model } from "./host";
import { traitName } from "./wire";

/** The parts of a Jupyter widget manager that are read here; marimo and saved pages have none. */
type Manager = {
  get_model?: (id: string) => Promise<{ comm_live?: boolean }> | undefined;
  kernel?: { status?: string } | null;
};

export type Line = {
  /** False where nothing listens: a notebook reopened from its file, or a kernel that was restarted. Null: not known. */
  live: ReadonlySignal<boolean | null>;
  /** Whether the kernel is known to run something. */
  busy(): boolean;
  dispose(): void;
};

const CHANGED = "comm_live_update";

export function createLine(model: Model): Line {
  const live = signal<boolean | null>(null);
  const manager = model.widget_manager as Manager | undefined;
  const id = model.get(traitName("id"));
  const look = async () => {
    try {
      const found = typeof id === "string" && id ? await manager?.get_model?.(id) : undefined;
      if (typeof found?.comm_live === "boolean") live.value = found.comm_live;
    } catch {
      // A host that keeps its models elsewhere: silence will tell.
    }
  };
  look();
  model.on(CHANGED, look);
  return {
    live,
    busy: () => manager?.kernel?.status === "busy",
    dispose: () => model.off(CHANGED, look),
  };
}

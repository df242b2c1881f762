/** The JSON files that the kernel's tests read too; a name is "trait.state.induction", "view.edit.claim", "kernel.ack". */
const files = import.meta.glob<{ default: unknown }>("../../tests/wire/*.json", { eager: true });

/** Binary data stands in the files as base64. */
const decoded = (name: string, value: unknown): unknown => {
  if (!name.startsWith("trait.examples.") || value === null) return value;
  const bytes = (text: string) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  return Object.fromEntries(Object.entries(value as object).map(([k, v]) => [k, typeof v === "string" ? bytes(v) : v]));
};

export const fixtures: Record<string, unknown> = Object.fromEntries(
  Object.entries(files).map(([path, module]) => {
    const name = path.replace(/^.*\/|\.json$/g, "");
    return [name, decoded(name, module.default)];
  }),
);

export function fixture<T>(name: string): T {
  if (!(name in fixtures)) throw new Error(`no fixture '${name}' in tests/wire`);
  return structuredClone(fixtures[name]) as T;
}

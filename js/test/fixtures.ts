/** The JSON files that the kernel's tests read too; a name is "trait.state.induction", "view.edit.claim", "kernel.ack". */
const files = import.meta.glob<{ default: unknown }>("../../tests/wire/*.json", { eager: true });

export const fixtures: Record<string, unknown> = Object.fromEntries(
  Object.entries(files).map(([path, module]) => [path.replace(/^.*\/|\.json$/g, ""), module.default]),
);

export function fixture<T>(name: string): T {
  if (!(name in fixtures)) throw new Error(`no fixture '${name}' in tests/wire`);
  return structuredClone(fixtures[name]) as T;
}

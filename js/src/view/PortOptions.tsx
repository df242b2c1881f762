/** The ports that can be searched, as options of a menu. */
import { useApp } from "../app";
import { pathWords } from "../hypothesis";
import { places } from "../search";

export function PortOptions() {
  const { store } = useApp();
  return (
    <>
      {places(store)
        .filter((r) => r.senders.size > 0)
        .map((r) => (
          <option key={r.path} value={r.path}>
            {pathWords(r.path)}
          </option>
        ))}
    </>
  );
}

/** Small runtime checks for what arrives over the wire; each names the place where a value is not what it should be. */

/** The first problem found, as "path: sentence", or null. `exact` also refuses fields nobody asked for. */
export type Check = (value: unknown, path: string, exact: boolean) => string | null;

const named = (value: unknown): string =>
  value === null ? "null" : Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : String(value);

const simple =
  (expected: string, holds: (value: unknown) => boolean): Check =>
  (value, path) =>
    holds(value) ? null : `${path}: expected ${expected}, got ${named(value)}`;

export const text = simple("a string", (v) => typeof v === "string");
export const flag = simple("true or false", (v) => typeof v === "boolean");
export const real = simple("a finite number", (v) => typeof v === "number" && Number.isFinite(v));
export const whole = simple("a whole number", (v) => Number.isInteger(v));
export const binary = simple("binary data", (v) => ArrayBuffer.isView(v));
export const nothing = simple("null", (v) => v === null);

export const oneOf = (...options: string[]): Check =>
  simple(`one of ${options.join(", ")}`, (v) => typeof v === "string" && options.includes(v));

export const either =
  (...checks: Check[]): Check =>
  (value, path, exact) => {
    let last: string | null = null;
    for (const check of checks) {
      last = check(value, path, exact);
      if (last === null) return null;
    }
    return last;
  };

export const nullable = (check: Check): Check => either(nothing, check);

export const list =
  (item: Check): Check =>
  (value, path, exact) => {
    if (!Array.isArray(value)) return `${path}: expected a list, got ${named(value)}`;
    for (const [i, entry] of value.entries()) {
      const problem = item(entry, `${path}[${i}]`, exact);
      if (problem) return problem;
    }
    return null;
  };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const table =
  (item: Check): Check =>
  (value, path, exact) => {
    if (!isRecord(value)) return `${path}: expected an object, got ${named(value)}`;
    for (const [key, entry] of Object.entries(value)) {
      const problem = item(entry, `${path}.${key}`, exact);
      if (problem) return problem;
    }
    return null;
  };

/** An object with these fields; `optional` ones may be left out. */
export const shape =
  (fields: Record<string, Check>, optional: Record<string, Check> = {}): Check =>
  (value, path, exact) => {
    if (!isRecord(value)) return `${path}: expected an object, got ${named(value)}`;
    for (const [key, check] of Object.entries(fields)) {
      if (!(key in value)) return `${path}: the field '${key}' is missing`;
      const problem = check(value[key], `${path}.${key}`, exact);
      if (problem) return problem;
    }
    for (const [key, entry] of Object.entries(value)) {
      if (key in fields) continue;
      const check = optional[key];
      const problem = check ? check(entry, `${path}.${key}`, exact) : exact ? `${path}: unknown field '${key}'` : null;
      if (problem) return problem;
    }
    return null;
  };

/** An object told apart from others by the string in `key`. */
export const tagged =
  (key: string, shapes: Record<string, Check>): Check =>
  (value, path, exact) => {
    const tag = isRecord(value) ? value[key] : undefined;
    const check = typeof tag === "string" ? shapes[tag] : undefined;
    if (!check) return `${path}.${key}: expected one of ${Object.keys(shapes).join(", ")}, got ${named(tag)}`;
    return check(value, path, exact);
  };

/** Reading what was observed: the shapes that steps of a kind come back with. */

export interface Answer {
  /** 0 or the errno's name. */
  readonly errno: string;
  /** Lines that the step printed. */
  readonly out: readonly string[];
  /** Kernel messages. */
  readonly log: readonly string[];
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

export function lines(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item: unknown) => (typeof item === "string" ? [item] : []));
  return typeof value === "string" || typeof value === "number" ? [String(value)] : [];
}

/** An errno with output, or undefined where the observation has another shape. */
export function answer(observed: unknown): Answer | undefined {
  const errno = field(observed, "errno");
  if (typeof errno !== "number" && typeof errno !== "string") return undefined;
  const out = field(observed, "out");
  const rows = typeof out === "number" ? [String(out)] : rowsOf(out ?? []);
  return rows === undefined ? undefined : { errno: String(errno), out: rows, log: log(observed) };
}

export function log(observed: unknown): readonly string[] {
  return lines(field(observed, "dmesg"));
}

/** The value of a file. */
export function fileValue(observed: unknown): string | undefined {
  const value = field(observed, "value");
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

/** A list of texts and nothing else. */
export function rowsOf(value: unknown): readonly string[] | undefined {
  const rows = typeof value === "string" ? [value] : value;
  return Array.isArray(rows) && rows.every((row) => typeof row === "string") ? rows : undefined;
}

/** A table of texts or numbers by name, and of nothing else. */
export function table(observed: unknown): ReadonlyMap<string, string> | undefined {
  if (typeof observed !== "object" || observed === null || Array.isArray(observed)) return undefined;
  const rows = Object.entries(observed);
  if (rows.some(([, value]) => typeof value !== "string" && typeof value !== "number")) return undefined;
  return new Map(rows.map(([name, value]) => [name, String(value)]));
}

export interface ObservedZone {
  readonly start: number;
  readonly spanned: number;
  readonly present: number;
  readonly managed: number;
  readonly free: number;
}

/** Zones by `node:type`. */
export function zoneTable(observed: unknown): ReadonlyMap<string, ObservedZone> | undefined {
  if (typeof observed !== "object" || observed === null || Array.isArray(observed)) return undefined;
  const zones = new Map<string, ObservedZone>();
  for (const [name, value] of Object.entries(observed)) {
    const numbers = ["start", "spanned", "present", "managed", "free"].map((part) => field(value, part));
    const [start, spanned, present, managed, free] = numbers.map((number) => (typeof number === "number" ? number : Number.NaN));
    if (!numbers.every((number) => Number.isSafeInteger(number) && Number(number) >= 0)) return undefined;
    zones.set(name, { start: start ?? 0, spanned: spanned ?? 0, present: present ?? 0, managed: managed ?? 0, free: free ?? 0 });
  }
  return zones;
}

/** `name=value` words of a line. */
export function words(line: string): ReadonlyMap<string, string> {
  const pairs = line.split(/\s+/u).map((word) => [word.slice(0, Math.max(0, word.indexOf("="))), word.slice(word.indexOf("=") + 1)] as const);
  return new Map(pairs.filter(([name]) => name !== ""));
}

export { field };

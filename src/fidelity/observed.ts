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
  return { errno: String(errno), out: lines(field(observed, "out")), log: lines(field(observed, "dmesg")) };
}

export function log(observed: unknown): readonly string[] {
  return lines(field(observed, "dmesg"));
}

/** The value of a file. */
export function fileValue(observed: unknown): string | undefined {
  const value = field(observed, "value");
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

/** A table of texts or numbers by name. */
export function table(observed: unknown): ReadonlyMap<string, string> | undefined {
  if (typeof observed !== "object" || observed === null || Array.isArray(observed)) return undefined;
  const rows = Object.entries(observed).filter(([, value]) => typeof value === "string" || typeof value === "number");
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
    if (numbers.some((number) => typeof number !== "number")) return undefined;
    zones.set(name, { start: start ?? 0, spanned: spanned ?? 0, present: present ?? 0, managed: managed ?? 0, free: free ?? 0 });
  }
  return zones;
}

/** `name=value` words of a line. */
export function words(line: string): ReadonlyMap<string, string> {
  return new Map([...line.matchAll(/([\w:]+)=(\S+)/gu)].map(([, name, value]) => [name ?? "", value ?? ""]));
}

export { field };

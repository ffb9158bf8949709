/**
 * Reads the System RAM out of `/proc/iomem`.
 *
 * Follows r_show(), kernel/resource.c, v6.12: two spaces for each level, at most five of them, both ends inclusive. Here the
 * ranges become half open. The names `System RAM` and `System RAM (DRIVER)` are those of busy memory, as
 * add_memory_driver_managed() demands them. A reader without rights sees only zeros; then nothing is known.
 */
import { misshapen, quote, shaped, textLines } from "./shape.ts";
import type { Shaped } from "./shape.ts";

/** One entry of System RAM, in bytes, `[start, end)`. */
export interface RamResource {
  readonly start: number;
  readonly end: number;
  /** Who added it: the name in parentheses, as `virtio_mem`; null for boot memory and DIMMs. */
  readonly driver: string | null;
}

export interface Iomem {
  /** Ascending and disjoint. */
  readonly ram: readonly RamResource[];
  /** Where entries of the highest level begin and end, in bytes, ascending. */
  readonly edges: readonly number[];
}

interface Entry {
  readonly depth: number;
  readonly start: bigint;
  /** Inclusive. */
  readonly last: bigint;
  readonly name: string;
}

/** Entries below this depth print at it, so that neighbours there may be parent and child. */
const deepest = 5;

/** null: the addresses are hidden from this reader. */
export function parseIomem(text: string, file = "proc/iomem"): Shaped<Iomem | null> {
  const lines = textLines(file, text);
  if (!lines.ok) return lines;
  const entries: Entry[] = [];
  for (const [index, line] of lines.value.entries()) {
    const fields = /^((?: {2}){0,5})([0-9a-f]{8,16})-([0-9a-f]{8,16}) : (.*)$/u.exec(line);
    if (fields === null) return misshapen(file, index + 1, quote(line), "`START-END : NAME` in hexadecimal, two spaces for each level");
    const entry: Entry = { depth: (fields[1] ?? "").length / 2, start: BigInt(`0x${fields[2] ?? "0"}`), last: BigInt(`0x${fields[3] ?? "0"}`), name: fields[4] ?? "" };
    if (entry.last < entry.start) return misshapen(file, index + 1, quote(line), "an end that is not below the start");
    entries.push(entry);
  }
  if (entries.every((entry) => entry.start === 0n && entry.last === 0n)) return shaped(null);
  return checkTree(file, entries) ?? collect(file, entries);
}

/** What is wrong with the nesting: children lie in their parents, siblings ascend. */
function checkTree(file: string, entries: readonly Entry[]): ReturnType<typeof misshapen> | undefined {
  const open: Entry[] = [];
  for (const [index, entry] of entries.entries()) {
    const before = open[entry.depth];
    open.length = Math.min(open.length, entry.depth);
    const parent = entry.depth === 0 ? undefined : open[entry.depth - 1];
    if (entry.depth > 0 && parent === undefined) return misshapen(file, index + 1, `an entry at level ${entry.depth}`, "a parent above it");
    if (entry.depth < deepest && parent !== undefined && (entry.start < parent.start || entry.last > parent.last)) return misshapen(file, index + 1, quote(entry.name), `an entry inside ${quote(parent.name)}`);
    if (entry.depth < deepest && before !== undefined && entry.start <= before.last) return misshapen(file, index + 1, quote(entry.name), `an entry behind ${quote(before.name)}`);
    open.push(entry);
  }
  return undefined;
}

function collect(file: string, entries: readonly Entry[]): Shaped<Iomem> {
  const ram: RamResource[] = [];
  const edges = new Set<number>();
  for (const [index, { depth, start, last, name }] of entries.entries()) {
    const end = last + 1n;
    // Windows of a bus may reach to 2^64; memory may not.
    if (depth === 0 && end <= Number.MAX_SAFE_INTEGER) edges.add(Number(start)).add(Number(end));
    const fields = /^System RAM(?: \((.+)\))?$/u.exec(name);
    if (fields === null || start < BigInt(ram.at(-1)?.end ?? 0)) continue;
    if (end > Number.MAX_SAFE_INTEGER) return misshapen(file, index + 1, quote(`${start.toString(16)}-${last.toString(16)}`), "memory below 2^53 bytes");
    ram.push({ start: Number(start), end: Number(end), driver: fields[1] ?? null });
  }
  return shaped({ ram, edges: [...edges].toSorted((a, b) => a - b) });
}

/**
 * Reads `/proc/zoneinfo`: every zone of every online node, with its counters.
 *
 * Follows zoneinfo_show_print(), mm/vmstat.c, v6.12. Where versions differ:
 * - `boost`, `promo` and `cma` came one after the other: each may be missing;
 * - the counters of a node and of a zone differ in names and number: any name, but a whole number each;
 * - v6.18 prints `high_min` and `high_max` of a per-CPU list, and its numbers in columns: spaces are free;
 * - `vm stats threshold` is missing in kernels for one CPU, which hold nothing back.
 */
import { zoneTypes } from "../../models/index.ts";
import type { NodeId, ZoneType } from "../../models/index.ts";
import { alternatives, decimal, misshapen, oneOf, quote, shaped, textLines, wholeNumber } from "./shape.ts";
import type { Misshapen, Shaped } from "./shape.ts";

/** One zone as zoneinfo shows it. Counts of frames. */
export interface ZoneInfo {
  readonly node: NodeId;
  readonly type: ZoneType;
  /** `pages free`. */
  readonly free: number;
  readonly spanned: number;
  readonly present: number;
  readonly managed: number;
  /** null where the kernel does not print it. */
  readonly cma: number | null;
  /** The rest, which is printed of zones with present frames only. */
  readonly populated: PopulatedZone | null;
}

export interface PopulatedZone {
  /** start_pfn. */
  readonly start: number;
  /** nr_free_pages: the same counter as `pages free`, read a moment later. */
  readonly nrFreePages: number;
  readonly nrFreeCma: number | null;
  /** Frames on the per-CPU lists of all CPUs. */
  readonly pcp: number;
  readonly nrCpus: number;
  /** How much of a counter one CPU may hold back: the largest `vm stats threshold`. */
  readonly threshold: number;
}

/** Zones in the order of the file: by node, then by type. */
export function parseZoneinfo(text: string, file = "proc/zoneinfo"): Shaped<readonly ZoneInfo[]> {
  const lines = textLines(file, text);
  if (!lines.ok) return lines;
  const starts = lines.value.flatMap((line, index) => (line.startsWith("Node ") ? [index] : []));
  if (starts[0] !== 0) return misshapen(file, 1, quote(lines.value[0] ?? ""), "`Node N, zone NAME`");
  const zones: ZoneInfo[] = [];
  for (const [nth, start] of starts.entries()) {
    const zone = parseZone({ file, lines: lines.value, end: starts[nth + 1] ?? lines.value.length }, start);
    if (!zone.ok) return zone;
    const before = zones.at(-1);
    if (before !== undefined && !inOrder(before, zone.value)) return misshapen(file, start + 1, quote(lines.value[start] ?? ""), `a zone after ${before.type} of node ${before.node}`);
    zones.push(zone.value);
  }
  return shaped(zones);
}

interface Part {
  readonly file: string;
  readonly lines: readonly string[];
  /** The first line that is not of this zone. */
  readonly end: number;
}

function inOrder(a: ZoneInfo, b: ZoneInfo): boolean {
  return a.node < b.node || (a.node === b.node && zoneTypes.indexOf(a.type) < zoneTypes.indexOf(b.type));
}

const highestNode = 1023;

function parseZone(part: Part, start: number): Shaped<ZoneInfo> {
  const { file, lines } = part;
  const header = /^Node (\d+), zone +(\S+)$/u.exec(lines[start] ?? "");
  const node = decimal(header?.[1] ?? "");
  if (header === null || node === undefined || node > highestNode) return misshapen(file, start + 1, quote(lines[start] ?? ""), `\`Node N, zone NAME\` with a node from 0 to ${highestNode}`);
  const type = oneOf(zoneTypes, header[2] ?? "");
  if (type === undefined) return misshapen(file, start + 1, quote(header[2] ?? ""), `the zone name ${alternatives(zoneTypes)}`);
  const pages = parsePages(part, afterNodeStats(part, start + 1));
  if (!pages.ok) return pages;
  const { counts, next } = pages.value;
  const present = counts.get("present") ?? 0;
  const zone = { node, type, free: counts.get("free") ?? 0, spanned: counts.get("spanned") ?? 0, present, managed: counts.get("managed") ?? 0, cma: counts.get("cma") ?? null };
  if (present === 0) return next === part.end ? shaped({ ...zone, populated: null }) : misshapen(file, next + 1, quote(lines[next] ?? ""), "the next zone: this one has no present pages");
  const populated = parsePopulated(part, next);
  return populated.ok ? shaped({ ...zone, populated: populated.value }) : populated;
}

const counter = /^ {6}([A-Za-z0-9_]+) +(\d+)$/u;

/** The line behind the counters of the node, which the first populated zone of a node has. */
function afterNodeStats(part: Part, start: number): number {
  if (part.lines[start] !== "  per-node stats") return start;
  let at = start + 1;
  while (at < part.end && counter.test(part.lines[at] ?? "")) at++;
  return at;
}

/** The counts of a zone in the order in which the kernel prints them, and whether every version has them. */
const pageCounts: readonly (readonly [name: string, always: boolean])[] = [
  ["free", true],
  ["boost", false],
  ["min", true],
  ["low", true],
  ["high", true],
  ["promo", false],
  ["spanned", true],
  ["present", true],
  ["managed", true],
  ["cma", false],
];

function parsePages(part: Part, start: number): Shaped<{ readonly counts: ReadonlyMap<string, number>; readonly next: number }> {
  const { file, lines, end } = part;
  const counts = new Map<string, number>();
  let at = start;
  for (const [name, always] of pageCounts) {
    const line = at < end ? (lines[at] ?? "") : "";
    const fields = (name === "free" ? /^ {2}pages (free) +(\S+)$/u : /^ {8}(\w+) +(\S+)$/u).exec(line);
    if (fields?.[1] !== name) {
      if (!always) continue;
      return at < end ? misshapen(file, at + 1, quote(line), `\`${name}\` and a count of pages`) : cutOff(part, `\`${name}\` and a count of pages`);
    }
    const value = decimal(fields[2] ?? "");
    if (value === undefined) return misshapen(file, at + 1, quote(fields[2] ?? ""), `${wholeNumber} for \`${name}\``);
    counts.set(name, value);
    at++;
  }
  if (at >= end) return cutOff(part, "`protection:`");
  if (!/^ {8}protection: \(\d+(?:, \d+)*\)$/u.test(lines[at] ?? "")) return misshapen(file, at + 1, quote(lines[at] ?? ""), "`protection: (N, ...)`");
  return shaped({ counts, next: at + 1 });
}

function cutOff(part: Part, expected: string): Misshapen {
  return misshapen(part.file, part.end, part.end < part.lines.length ? "the next zone" : "the end of the file", expected);
}

interface Pagesets {
  readonly next: number;
  readonly pcp: number;
  readonly nrCpus: number;
  readonly threshold: number;
}

function parsePopulated(part: Part, start: number): Shaped<PopulatedZone> {
  const { file, lines, end } = part;
  const counters = new Map<string, number>();
  let at = start;
  for (; at < end; at++) {
    const fields = counter.exec(lines[at] ?? "");
    if (fields === null) break;
    if (counters.has(fields[1] ?? "")) return misshapen(file, at + 1, quote(fields[1] ?? ""), "each counter of a zone once");
    // Event counters may pass 2^53; only those that are used have to be exact.
    counters.set(fields[1] ?? "", Number(fields[2]));
  }
  const nrFreePages = counters.get("nr_free_pages");
  if (nrFreePages === undefined || !Number.isSafeInteger(nrFreePages)) return misshapen(file, start + 1, quote(lines[start] ?? ""), "the zone's counters with `nr_free_pages`");
  if (at >= end) return cutOff(part, "`pagesets`");
  if (lines[at] !== "  pagesets") return misshapen(file, at + 1, quote(lines[at] ?? ""), "a counter of the zone or `pagesets`");
  const sets = parsePagesets(part, at + 1);
  if (!sets.ok) return sets;
  const { next, ...pagesets } = sets.value;
  const tail = parseTail(part, next);
  return tail.ok ? shaped({ start: tail.value, nrFreePages, nrFreeCma: counters.get("nr_free_cma") ?? null, ...pagesets }) : tail;
}

function parsePagesets(part: Part, start: number): Shaped<Pagesets> {
  const { file, lines, end } = part;
  let at = start;
  let pcp = 0;
  let nrCpus = 0;
  let threshold = 0;
  let cpu = -1;
  const known = new Set<string>();
  for (; at < end; at++) {
    const fields = /^ +(cpu|count|high|batch|high_min|high_max|vm stats threshold): +(\S+)$/u.exec(lines[at] ?? "");
    if (fields === null) break;
    const name = fields[1] ?? "";
    const value = decimal(fields[2] ?? "");
    if (value === undefined) return misshapen(file, at + 1, quote(fields[2] ?? ""), `${wholeNumber} for \`${name}\``);
    if (name === "cpu") {
      if (value <= cpu) return misshapen(file, at + 1, `cpu ${value}`, `a CPU after ${cpu}`);
      cpu = value;
      nrCpus++;
      known.clear();
    }
    if (known.has(name)) return misshapen(file, at + 1, quote(name), "each number of a CPU once");
    known.add(name);
    if (name === "count") pcp += value;
    if (name === "vm stats threshold") threshold = Math.max(threshold, value);
  }
  return nrCpus === 0 ? misshapen(file, start + 1, quote(lines[start] ?? ""), "`cpu: N`") : shaped({ next: at, pcp, nrCpus, threshold });
}

function parseTail(part: Part, start: number): Shaped<number> {
  const { file, lines, end } = part;
  if (start >= end) return cutOff(part, "`node_unreclaimable:`");
  if (!/^ {2}node_unreclaimable: +\d+$/u.test(lines[start] ?? "")) return misshapen(file, start + 1, quote(lines[start] ?? ""), "`node_unreclaimable: N`");
  if (start + 1 >= end) return cutOff(part, "`start_pfn:`");
  const pfn = decimal(/^ {2}start_pfn: +(\S+)$/u.exec(lines[start + 1] ?? "")?.[1] ?? "");
  if (pfn === undefined) return misshapen(file, start + 2, quote(lines[start + 1] ?? ""), "`start_pfn: N`");
  if (start + 2 !== end) return misshapen(file, start + 3, quote(lines[start + 2] ?? ""), "the next zone");
  return shaped(pfn);
}

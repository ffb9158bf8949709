/** What steps look at: zones, with their counters and free lists, as the test's module and /proc show them. */
import { execute } from "./act.ts";
import { field, lines, rowsOf, words, zoneTable } from "./observed.ts";
import type { ObservedZone } from "./observed.ts";
import { agrees, agreesBy, all, compare, differs, missing } from "./verdict.ts";
import type { StepVerdict } from "./verdict.ts";
import { frameReader, isQuiet, zoneName } from "./world.ts";
import type { World } from "./world.ts";

/** Start, spanned, present and managed exactly; free by relation. Zones without memory are not shown. */
export function zones(world: World, observed: unknown): StepVerdict {
  const seen = zoneTable(observed);
  if (seen === undefined) return missing("what the zones show", false);
  const populated = world.see("zones").map((zone, index) => ({ zone, index })).filter(({ zone }) => zone.present > 0);
  const names = [...new Set([...populated.map(({ zone }) => zoneName(zone)), ...seen.keys()])];
  return all(
    names.map((name) => {
      const found = populated.find(({ zone }) => zoneName(zone) === name);
      const row = seen.get(name);
      if (found === undefined || row === undefined) return compare(`zone ${name}`, found === undefined ? "has no memory" : "has memory", row === undefined ? "has no memory" : "has memory");
      return all([compare(`zone ${name}`, sizes({ ...found.zone, managed: managed(world, found.index) }), sizes(row)), freePages(world, found.index, row.free)]);
    }),
  );
}

/** Managed pages as the kernel counts them: frames that were only marked as off line are among them. */
function managed(world: World, index: number): number {
  const read = world.markedOffline.size === 0 ? undefined : frameReader(world.see("frames"));
  const marked = read === undefined ? 0 : [...world.markedOffline].filter((pfn) => read(pfn).zone === index).length;
  return (world.see("zones")[index]?.managed ?? 0) + marked;
}

function sizes(zone: Pick<ObservedZone, "start" | "spanned" | "present" | "managed">): string {
  return `start ${zone.start}, spanned ${zone.spanned}, present ${zone.present}, managed ${zone.managed}`;
}

/** Frames of the zone that the prediction has on per-CPU lists. */
function onPcp(world: World, index: number): number {
  return world.see("pcp").reduce((sum, { zone, order }) => sum + (zone === index ? 2 ** order : 0), 0);
}

/**
 * How far a counter may be off: it is kept per processor, and added up when a part has grown to a threshold. Linux
 * `calculate_normal_threshold()`, mm/vmstat.c, v6.12.
 */
function drift(world: World, index: number): number {
  const cpus = Number(/ -smp (\d+)/u.exec(world.record.machine.qemu)?.[1] ?? "1");
  const units = ((world.see("zones")[index]?.managed ?? 0) * world.machine.geometry.pageBytes) / 2 ** 27;
  return cpus * Math.min(125, 2 * bits(cpus) * (1 + bits(Math.floor(units))));
}

/** Linux `fls()`: the number of the highest bit, from 1; 0 of 0. */
function bits(n: number): number {
  return n < 1 ? 0 : Math.floor(Math.log2(n)) + 1;
}

/** Pages that per-CPU lists and the kernel's own use may have taken, or given back, since the first look: 16 MiB of 4 KiB. */
const takenSince = 4096;

/** What was missing of the prediction when boot memory of this zone was looked at first. Of zones that came later nothing is. */
function missingAtFirst(world: World, index: number, now: number): number {
  if ((world.see("zones")[index]?.presentEarly ?? 0) === 0) return 0;
  const first = world.firstLook.get(index) ?? now;
  world.firstLook.set(index, first);
  return Math.max(0, first);
}

/** Free pages of a zone: exactly, where nobody else allocates and nothing can stand on per-CPU lists. */
export function freePages(world: World, index: number, observed: number): StepVerdict {
  const zone = world.see("zones")[index];
  const predicted = zone?.nrFree ?? 0;
  const name = zone === undefined ? String(index) : zoneName(zone);
  const quiet = isQuiet(world, index);
  if (quiet && !world.undrained.has(index)) return compare(`zone ${name}: free`, predicted, observed);
  const first = missingAtFirst(world, index, predicted - observed);
  // What the kernel gives back of its own is no more than it had, and 16 MiB at most.
  const most = predicted + (observed > predicted ? onPcp(world, index) : 0) + (quiet ? 0 : drift(world, index)) - Math.max(0, first - takenSince);
  if (!(observed <= most)) return differs(`zone ${name}: at most ${most} free`, `zone ${name}: ${observed} free`);
  const least = predicted - first - takenSince;
  if (observed < least) return differs(`zone ${name}: at least ${least} free`, `zone ${name}: ${observed} free`);
  return agreesBy(quiet ? "free-per-cpu" : "free-busy");
}

/** `node 0 start=1 present=130942 spanned=131039`, `zone 0 DMA start=1 ... contiguous=1`, and free lists between them. */
export function moduleZones(world: World, observed: unknown): StepVerdict {
  const rows = rowsOf(field(observed, "out"));
  if (rows === undefined) return missing("what the module shows of zones", false);
  const shown = new Set(rows.map((row) => row.split(" ").slice(0, row.startsWith("node ") ? 2 : 3).join(" ")));
  const populated = world.see("zones").filter(({ present }) => present > 0);
  return all([
    ...rows.map((row, at) => zoneRow(world, row, rows.slice(at + 1, at + 7))),
    ...populated.map(({ node, type }) => compare(`zone ${node}:${type} is`, "shown", shown.has(`zone ${node} ${type}`) && shown.has(`node ${node}`) ? "shown" : "not shown")),
  ]);
}

function zoneRow(world: World, row: string, behind: readonly string[]): StepVerdict {
  const [kind, node, type] = row.split(" ");
  const seen = words(row);
  if (kind === "node") {
    const view = world.see("nodes")[Number(node)];
    const predicted = view === undefined ? "is not there" : `start=${view.start} present=${view.present} spanned=${view.spanned}`;
    return compare(`node ${node ?? ""}`, predicted, `start=${seen.get("start") ?? ""} present=${seen.get("present") ?? ""} spanned=${seen.get("spanned") ?? ""}`);
  }
  if (kind !== "zone") return agrees;
  const index = world.see("zones").findIndex((zone) => zone.node === Number(node) && zone.type === type);
  const zone = world.see("zones")[index];
  if (zone === undefined) return differs(`no zone ${type ?? ""} of node ${node ?? ""}`, row);
  const facts: Readonly<Record<string, number>> = { start: zone.start, spanned: zone.spanned, present: zone.present, early: zone.presentEarly ?? 0, managed: managed(world, index), isolate_pb: zone.nrIsolatePageblock ?? 0, contiguous: zone.contiguous === true ? 1 : 0 };
  const free = Number(seen.get("free"));
  return all([compare(`zone ${zoneName(zone)}`, zoneFacts((name) => facts[name] ?? 0), zoneFacts((name) => seen.get(name) ?? "")), freePages(world, index, free), freeLists(world, index, free, listRows(behind))]);
}

function zoneFacts(of: (name: string) => string | number): string {
  return ["start", "spanned", "present", "early", "managed", "isolate_pb", "contiguous"].map((name) => `${name}=${of(name)}`).join(" ");
}

const letters = { U: "Unmovable", M: "Movable", R: "Reclaimable", H: "HighAtomic", C: "CMA", I: "Isolate" } as const;

/** `free M: 0 0 1 ...` rows up to the next zone: counts by order. */
function listRows(rows: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, readonly number[]>();
  for (const row of rows) {
    const parts = /^\s*free ([UMRHCI]):((?: -?\d+)+)$/u.exec(row);
    if (parts === null) break;
    found.set(parts[1] ?? "", (parts[2] ?? "").trim().split(" ").map(Number));
  }
  return found;
}

/** Free blocks by type and order: exactly in a quiet zone that is drained, else their sum. */
export function freeLists(world: World, index: number, free: number, seen: ReadonlyMap<string, readonly number[]>): StepVerdict {
  if (seen.size === 0) return agrees;
  const zone = world.see("zones")[index];
  const name = zone === undefined ? String(index) : zoneName(zone);
  if (isQuiet(world, index) && !world.undrained.has(index)) {
    // A type without free blocks need not have a row: kernels without CMA have none for it.
    const rows = [...predictedLists(world, index)].filter(([letter, counted]) => seen.has(letter) || framesIn(counted) > 0);
    return all(rows.map(([letter, counted]) => compare(`zone ${name}: free ${letter}`, counted.join(" "), seen.get(letter)?.join(" ") ?? "not shown")));
  }
  const sum = [...seen].filter(([letter]) => letter !== "I").reduce((total, [, counted]) => total + framesIn(counted), 0);
  return Math.abs(sum - free) <= drift(world, index) ? agreesBy("lists-busy") : differs(`zone ${name}: free blocks add up to its free pages, ${free}`, `they add up to ${sum}`);
}

function framesIn(counts: readonly number[]): number {
  return counts.reduce((total, count, order) => total + count * 2 ** order, 0);
}

function predictedLists(world: World, index: number): ReadonlyMap<string, readonly number[]> {
  const lists = new Map<string, number[]>(Object.keys(letters).map((letter) => [letter, Array.from({ length: world.machine.geometry.maxPageOrder + 1 }, () => 0)]));
  for (const { zone, type, order } of world.see("freeBlocks")) {
    const letter = Object.entries(letters).find(([, of]) => of === type)?.[0] ?? "";
    const counted = lists.get(letter);
    if (zone === index && counted !== undefined) counted[order] = (counted[order] ?? 0) + 1;
  }
  return lists;
}

/** The free lists of one zone, after its per-CPU lists were drained. */
export function drainedLists(world: World, node: number, type: string, observed: unknown): StepVerdict {
  const index = world.see("zones").findIndex((zone) => zone.node === node && zone.type === type);
  const rows = rowsOf(observed) ?? [];
  if (index === -1 || !rows.some((row) => row.startsWith(`zone ${node} ${type} `)) || listRows(rows.filter((row) => !row.startsWith("zone "))).size !== rows.length - 1) return missing(`the free lists of zone ${type} of node ${node}`, false);
  const zone = world.see("zones")[index];
  if (zone !== undefined) execute(world, { op: "drain", node: zone.node, zone: zone.type });
  world.undrained.delete(index);
  return all(rows.map((row, at) => zoneRow(world, row, rows.slice(at + 1))));
}

/** Rows of /proc/buddyinfo: free blocks by order of the populated zones of a node. */
export function buddyinfo(world: World, node: number, observed: unknown): StepVerdict {
  const rows = lines(observed).flatMap((row) => {
    const parts = /^Node (\d+), zone +(\w+)((?: +-?\d+)+) *$/u.exec(row);
    return parts === null || Number(parts[1]) !== node ? [] : [{ type: parts[2] ?? "", counts: (parts[3] ?? "").trim().split(/ +/u).map(Number) }];
  });
  const populated = world.see("zones").map((zone, index) => ({ zone, index })).filter(({ zone }) => zone.node === node && zone.present > 0);
  return all([
    compare(`zones of node ${node}`, populated.map(({ zone }) => zone.type).join(", "), rows.map(({ type }) => type).join(", ")),
    ...populated.map(({ zone, index }) => {
      const counts = rows.find(({ type }) => type === zone.type)?.counts ?? [];
      if (isQuiet(world, index) && !world.undrained.has(index)) return compare(`zone ${zoneName(zone)}`, (zone.nrFreeBlocks ?? []).join(" "), counts.join(" "));
      const most = framesIn(zone.nrFreeBlocks ?? []) + onPcp(world, index);
      return framesIn(counts) <= most ? agreesBy("lists-busy") : differs(`zone ${zoneName(zone)}: at most ${most} frames in free blocks`, String(framesIn(counts)));
    }),
  ]);
}

/** Rows of /proc/pagetypeinfo: free blocks by type, and pageblocks by type. */
export function pagetypeinfo(world: World, node: number, observed: unknown): StepVerdict {
  const rows = lines(observed);
  const verdicts: StepVerdict[] = [];
  for (const [index, zone] of world.see("zones").entries()) {
    if (zone.node !== node || zone.present === 0) continue;
    const exact = isQuiet(world, index) && !world.undrained.has(index);
    const predicted = predictedLists(world, index);
    let sum = 0;
    for (const [letter, type] of Object.entries(letters)) {
      const row = rows.map((text) => /^Node +(\d+), zone +(\w+), type +(\w+)((?: +-?\d+)+) *$/u.exec(text)).find((parts) => Number(parts?.[1]) === node && parts?.[2] === zone.type && parts?.[3] === type);
      const counts = row?.[4]?.trim().split(/ +/u).map(Number);
      const expected = predicted.get(letter) ?? [];
      sum += framesIn(counts ?? []);
      // A type without free blocks need not have a row: kernels without CMA have none for it.
      if (exact && (counts !== undefined || framesIn(expected) > 0)) verdicts.push(compare(`zone ${zoneName(zone)}: ${type}`, expected.join(" "), counts?.join(" ") ?? "not shown"));
    }
    const most = framesIn(zone.nrFreeBlocks ?? []) + onPcp(world, index);
    verdicts.push(sum <= most ? agreesBy(...(exact ? [] : (["lists-busy"] as const))) : differs(`zone ${zoneName(zone)}: at most ${most} frames in free blocks`, String(sum)));
    verdicts.push(pageblockCounts(world, index, rows));
  }
  return verdicts.length === 0 ? missing("what pagetypeinfo shows", false) : all(verdicts);
}

/** `Node 1, zone Movable 0 64 0 0 0`: pageblocks whose first frame is of the zone, by type; no CMA column. */
function pageblockCounts(world: World, index: number, rows: readonly string[]): StepVerdict {
  const zone = world.see("zones")[index];
  const row = rows.map((text) => /^Node (\d+), zone +(\w+)((?: +-?\d+)+) *$/u.exec(text)).find((parts) => Number(parts?.[1]) === zone?.node && parts?.[2] === zone?.type);
  if (zone === undefined || row === undefined || row === null) return missing("counts of pageblocks", false);
  const owners = new Map(world.see("blocks").map(({ block, zone: of }) => [block as number, of ?? null] as const));
  const blockPages = world.machine.geometry.sectionPages * world.machine.geometry.blockSections;
  const types = ["Unmovable", "Movable", "Reclaimable", "HighAtomic", "Isolate"];
  const counted = types.map((type) => world.see("pageblocks").filter((pageblock) => pageblock.type === type && owners.get(Math.floor(pageblock.start / blockPages)) === index).length);
  return compare(`zone ${zoneName(zone)}: pageblocks`, counted.join(" "), (row[3] ?? "").trim().replaceAll(/ +/gu, " "));
}

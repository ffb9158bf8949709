/** What is otherwise in one view than in another, as lines for people: `frames [0x60, 0x64): free -> allocated`. */
import { frameUseNames, hex, pageblockPages, rangeEnd } from "../../models/index.ts";
import type { AllocationView, BlockView, IsolationView, NodeView, SectionView, TaskView, TotalsView, View, ZoneView } from "../../models/index.ts";
import { frameLookup } from "./frame-columns.ts";
import { allocName, coalesce, deviceName, framesName, framesWords, groupName, taskName, tokenName, zoneName, zoneOfNode } from "./names.ts";
import { spanName } from "./machine-words.ts";

/** Every change that both views can tell, largest things first. Facts that one of them does not show are left out. */
export function viewChanges(before: View, after: View, arrow: string): readonly string[] {
  return [
    ...listChanges(before.blocks, after.blocks, ({ block }) => `block ${block}`, (block) => blockFacts(block, after), arrow),
    ...listChanges(before.tasks, after.tasks, ({ task }) => taskName(task), taskFacts, arrow),
    ...listChanges(before.allocations, after.allocations, ({ id }) => allocName(id), allocationFacts, arrow),
    ...frameChanges(before, after, arrow),
    ...pageblockChanges(before, after, arrow),
    ...listChanges(before.isolations, after.isolations, isolationOwner, (isolation) => isolationFacts(isolation, after), arrow),
    ...listChanges(before.zones, after.zones, ({ type, node }) => zoneOfNode(type, node), zoneFacts, arrow),
    ...listChanges(before.nodes, after.nodes, ({ node }) => `node ${node}`, nodeFacts, arrow),
    ...listChanges(before.sections, after.sections, ({ section }) => `section ${section}`, sectionFacts, arrow),
    ...listChanges(before.cma, after.cma, ({ area }) => `CMA area ${area}`, ({ bitmap }) => [["bitmap", bitmap]], arrow),
    ...listChanges(before.groups, after.groups, ({ group }) => groupName(group), ({ presentKernel, presentMovable, blocks }) => [["kernel frames", presentKernel], ["movable frames", presentMovable], ["blocks", blocks.join(" ")]], arrow),
    ...listChanges(before.devices, after.devices, ({ device }) => deviceName(device), ({ range }) => [["frames", framesName(range.start, range.nrPages)]], arrow),
    ...listChanges(listOne(before.totals), listOne(after.totals), () => "totals", totalsFacts, arrow),
  ];
}

/** The facts of a thing that are told when they change, by their names in the kernel. */
type Facts = readonly (readonly [name: string, value: string | number | boolean | null | undefined])[];

/** What came, went or changed, things in the order of the view after, then those that are gone. */
function listChanges<T>(before: readonly T[] | undefined, after: readonly T[] | undefined, name: (entry: T) => string, facts: (entry: T) => Facts, arrow: string): readonly string[] {
  if (before === undefined || after === undefined) return [];
  const old = new Map(before.map((entry) => [name(entry), facts(entry)]));
  const now = new Set(after.map(name));
  const changes = after.flatMap((entry) => {
    const was = old.get(name(entry));
    if (was === undefined) return [[`${name(entry)}: new`, ...shown(facts(entry))].join("; ")];
    const differing = facts(entry).flatMap(([fact, value], index) => (was[index]?.[1] === value ? [] : [`${fact} ${factWords(was[index]?.[1])} ${arrow} ${factWords(value)}`]));
    return differing.length === 0 ? [] : [`${name(entry)}: ${differing.join(", ")}`];
  });
  return [...changes, ...before.map(name).filter((gone) => !now.has(gone)).map((gone) => `${gone}: gone`)];
}

/** The facts of a new thing that say something, as one entry; none where there is nothing to say. */
function shown(facts: Facts): readonly string[] {
  const telling = facts.filter(([, value]) => value !== undefined && value !== null && value !== "" && value !== false && value !== 0);
  return telling.length === 0 ? [] : [telling.map(([fact, value]) => (value === true ? fact : `${fact} ${factWords(value)}`.trim())).join(", ")];
}

function factWords(value: string | number | boolean | null | undefined): string {
  if (value === undefined || value === null || value === "") return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(value);
}

function listOne<T>(value: T | undefined): readonly T[] | undefined {
  return value === undefined ? undefined : [value];
}

function blockFacts({ state, zone, onlineType, nrHwpoison, references }: BlockView, view: View): Facts {
  return [["state", state], ["zone", zone === undefined || zone === null ? zone : zoneName(view, zone).replace("zone ", "")], ["online_type", onlineType], ["nr_hwpoison", nrHwpoison], ["references", references]];
}

function taskFacts({ op, phase, range }: TaskView): Facts {
  return [["", `${op} of ${framesName(range.start, range.nrPages)}`], ["phase", phase]];
}

function allocationFacts({ kind, order, compound, ranges, holds, pins, longTermPins, lruIsolated, freed, inflated, lruBatch }: AllocationView): Facts {
  return [
    ["kind", kind],
    ["order", order],
    ["compound", compound],
    ["frames", ranges.map(({ start, nrPages }) => framesName(start, nrPages)).join(" ")],
    ["holds", holds],
    ["pins", pins],
    ["long-term pins", longTermPins],
    ["off the LRU", lruIsolated],
    ["batch of the LRU", lruBatch],
    ["freed by its owner", freed],
    ["inflated", inflated],
  ];
}

function isolationOwner({ owner }: IsolationView): string {
  return "token" in owner ? tokenName(owner.token) : taskName(owner.task);
}

function isolationFacts({ pageblocks }: IsolationView, { geometry }: View): Facts {
  const nrPages = pageblockPages(geometry);
  return [["isolates", coalesce(pageblocks.map((start) => ({ start, nrPages }))).map(({ start, nrPages: size }) => framesName(start, size)).join(" ")]];
}

function zoneFacts(zone: ZoneView): Facts {
  const { present, presentEarly, managed, nrFree, nrFreeCma, nrFreeHighAtomic, nrReservedHighAtomic, nrIsolatePageblock, contiguous, pcpDisabled } = zone;
  return [
    ["span", spanName(zone)],
    ["present", present],
    ["present_early", presentEarly],
    ["managed", managed],
    ["free pages", nrFree],
    ["free CMA pages", nrFreeCma],
    ["free HighAtomic pages", nrFreeHighAtomic],
    ["reserved HighAtomic pages", nrReservedHighAtomic],
    ["isolated pageblocks", nrIsolatePageblock],
    ["contiguous", contiguous],
    ["per-CPU lists disabled", pcpDisabled],
  ];
}

function nodeFacts({ online, hasMemory, hasNormalMemory, start, spanned, present, nrIsolatedAnon, nrIsolatedFile }: NodeView): Facts {
  return [["online", online], ["N_MEMORY", hasMemory], ["N_NORMAL_MEMORY", hasNormalMemory], ["span", spanned === 0 ? "empty" : framesName(start, spanned)], ["present", present], ["NR_ISOLATED_ANON", nrIsolatedAnon], ["NR_ISOLATED_FILE", nrIsolatedFile]];
}

function sectionFacts({ present, online, early, taint, usage, subsectionMap, backing }: SectionView): Facts {
  return [["present", present], ["online", online], ["early", early], ["tainted", taint], ["usage record", usage], ["subsections", subsectionMap], ["memmap", backing]];
}

function totalsFacts({ totalram, nrMemmapPages, nrMemmapBootPages, numPoisoned, maxPfn, highestPresentSection }: TotalsView): Facts {
  return [["totalram", totalram], ["nr_memmap_pages", nrMemmapPages], ["nr_memmap_boot_pages", nrMemmapBootPages], ["poisoned", numPoisoned], ["max_pfn", hex(maxPfn)], ["highest section", highestPresentSection]];
}

/** Frames that became something else, neighbours with the same change as one. */
function frameChanges(before: View, after: View, arrow: string): readonly string[] {
  if (before.frames === undefined || after.frames === undefined) return [];
  const [was, is] = [frameLookup(before.frames), frameLookup(after.frames)];
  const runs = new Runs();
  for (const range of coalesce([...before.frames.ranges, ...after.frames.ranges])) {
    for (let pfn = range.start as number; pfn < rangeEnd(range); pfn++) {
      const [from, to] = [was(pfn)?.use, is(pfn)?.use];
      if (from !== to) runs.add(pfn, 1, `${useName(from)} ${arrow} ${useName(to)}`);
    }
  }
  return runs.found.map(({ start, nrPages, what }) => `${framesWords(start, nrPages)}: ${what}`);
}

function useName(use: number | undefined): string {
  return use === undefined ? "not present" : (frameUseNames[use] ?? "unknown");
}

function pageblockChanges(before: View, after: View, arrow: string): readonly string[] {
  if (before.pageblocks === undefined || after.pageblocks === undefined) return [];
  const size = pageblockPages(after.geometry);
  const was = new Map(before.pageblocks.map(({ start, type }) => [start, type]));
  const runs = new Runs();
  for (const { start, type } of after.pageblocks) {
    const old = was.get(start);
    if (old !== undefined && old !== type) runs.add(start, size, `${old} ${arrow} ${type}`);
  }
  return runs.found.map(({ start, nrPages, what }) => `pageblock${nrPages === size ? "" : "s"} ${framesName(start, nrPages)}: ${what}`);
}

/** Neighbouring frames of which the same is to be said. */
class Runs {
  readonly found: { readonly start: number; readonly nrPages: number; readonly what: string }[] = [];

  add(start: number, nrPages: number, what: string): void {
    const last = this.found.at(-1);
    if (last !== undefined && last.start + last.nrPages === start && last.what === what) this.found[this.found.length - 1] = { ...last, nrPages: last.nrPages + nrPages };
    else this.found.push({ start, nrPages, what });
  }
}

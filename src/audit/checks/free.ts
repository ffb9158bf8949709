/**
 * Free memory, which five files count: zoneinfo, buddyinfo, pagetypeinfo, meminfo with vmstat, kpageflags.
 */
import { pageblockPages } from "../../../models/index.ts";
import { FrameKind } from "../../formats/kpage.ts";
import type { BuddyLine } from "../../formats/buddyinfo.ts";
import type { PageTypes } from "../../formats/pagetypeinfo.ts";
import type { PopulatedZone } from "../../formats/zoneinfo.ts";
import { doesNotApply, found, given, read } from "../cross-check.ts";
import type { CrossCheck, Moved } from "../cross-check.ts";
import { framesOutsideRam } from "./flags.ts";
import { deferredMemory } from "../deferred.ts";
import { isOnline, zoneLabel } from "../layout.ts";
import type { ZoneEntry } from "../layout.ts";
import type { Snapshot } from "../snapshot.ts";
import type { Evidence } from "../../../properties/index.ts";

/** Counters of a zone are kept in parts by the CPUs; each may hold back this much of a change (__mod_zone_page_state(), mm/vmstat.c). */
export function heldBack({ nrCpus, threshold }: PopulatedZone): number {
  return nrCpus * threshold;
}

/** Frames in the free blocks of a line of counts by order. */
export function framesOf(nrFree: readonly number[]): number {
  let frames = 0;
  for (const [order, count] of nrFree.entries()) frames += count * 2 ** order;
  return frames;
}

interface Populated extends ZoneEntry {
  readonly zone: PopulatedZone;
  readonly managed: number;
}

function populatedZones({ zones }: Snapshot): readonly Populated[] {
  return zones.flatMap((entry) => (entry.info?.populated == null ? [] : [{ ...entry, zone: entry.info.populated, managed: entry.info.managed }]));
}

/** The pageblocks of a zone that are isolated, whose free blocks buddyinfo counts and NR_FREE_PAGES does not. */
function isolatedFrames({ files, geometry }: Snapshot, zone: ZoneEntry): number {
  if (!files.pagetypeinfo.available || geometry === null) return 0;
  const { types, blocks } = files.pagetypeinfo.value;
  const row = blocks.find((line) => line.node === zone.node && line.zone === zone.type);
  return (row?.count[types.indexOf("Isolate")] ?? 0) * pageblockPages(geometry);
}

const bothLines: CrossCheck = {
  id: "AU-05",
  title: "both lines of zoneinfo for free pages of a zone say the same",
  source: "mm/vmstat.c: zoneinfo_show_print(), v6.12: one counter, printed twice under the lock of the zone",
  strength: "exact",
  drift: "a CPU may fold what it holds back between the two lines: at most `vm stats threshold` for each CPU",
  needs: ["zoneinfo"],
  find: (snapshot) =>
    found(
      populatedZones(snapshot).flatMap((entry): readonly Evidence[] => {
        const free = entry.info?.free ?? 0;
        return Math.abs(free - entry.zone.nrFreePages) <= heldBack(entry.zone) ? [] : [{ where: zoneLabel(entry), was: `nr_free_pages ${free}, as \`pages free\` says, within ${heldBack(entry.zone)}`, is: `${entry.zone.nrFreePages}` }];
      }),
    ),
};

const freeIsManaged: CrossCheck = {
  id: "AU-06",
  title: "free pages and pages on per-CPU lists are managed pages of the zone",
  source: "mm/page_alloc.c: rmqueue_bulk(), free_pcppages_bulk(), v6.12",
  strength: "exact",
  drift: "zoneinfo is printed under the lock of the zone, so no page changes sides; what CPUs hold back counts: at most `vm stats threshold` for each CPU",
  needs: ["zoneinfo"],
  find: (snapshot) =>
    found(
      snapshot.zones.flatMap((entry): readonly Evidence[] => {
        if (entry.info === null) return [];
        const { free, managed, populated } = entry.info;
        const where = zoneLabel(entry);
        // A zone that is emptied takes back what CPUs hold of its counters (zone_pcp_reset(), mm/page_alloc.c).
        if (populated === null) return free === 0 ? [] : [{ where, was: "no free pages, the zone has no memory", is: `${free}` }];
        const { pcp, nrFreePages } = populated;
        return nrFreePages + pcp <= managed + heldBack(populated) ? [] : [{ where, was: `at most ${managed} managed pages`, is: `${nrFreePages} free and ${pcp} on per-CPU lists` }];
      }),
    ),
};

const buddyIsFree: CrossCheck = {
  id: "AU-07",
  title: "the free blocks of a zone in buddyinfo are its free and isolated pages",
  source: "mm/page_alloc.c: account_freepages(); mm/vmstat.c: frag_show_print(), v6.12",
  strength: "drifting",
  drift: "moves with every allocation; the free blocks never hold more than the managed pages, because buddyinfo is printed under the lock of the zone",
  needs: ["zoneinfo", "buddyinfo"],
  find: (snapshot) => {
    const evidence: Evidence[] = [];
    const moved: Moved[] = [];
    for (const entry of populatedZones(snapshot)) {
      const line = lineOf(read(snapshot.files.buddyinfo), entry);
      if (line === undefined) {
        evidence.push({ where: zoneLabel(entry), was: "a line in buddyinfo, the zone has present pages", is: "none" });
        continue;
      }
      const frames = framesOf(line.nrFree);
      const difference = apart(frames, entry.zone.nrFreePages - heldBack(entry.zone), entry.zone.nrFreePages + heldBack(entry.zone) + isolatedFrames(snapshot, entry));
      if (frames > entry.managed) evidence.push({ where: zoneLabel(entry), was: `free blocks of at most ${entry.managed} managed pages`, is: `free blocks of ${frames}` });
      else if (difference > 0) moved.push({ evidence: { where: zoneLabel(entry), was: `free blocks of ${entry.zone.nrFreePages} pages, as zoneinfo says`, is: `${frames} in buddyinfo` }, frames: difference });
    }
    return found(evidence, moved);
  },
};

function lineOf(lines: readonly BuddyLine[], entry: ZoneEntry): BuddyLine | undefined {
  return lines.find((line) => line.node === entry.node && line.type === entry.type);
}

/** How far a number lies outside [low, high]. */
function apart(value: number, low: number, high: number): number {
  return Math.max(0, low - value, value - high);
}

/** Free blocks of each order over all types; null where a list was too long to count. */
function blocksByOrder(types: PageTypes, entry: ZoneEntry): readonly (number | null)[] | undefined {
  const rows = types.free.filter((row) => row.node === entry.node && row.zone === entry.type);
  if (rows.length === 0) return undefined;
  return Array.from({ length: types.nrOrders }, (_, order) => {
    if (rows.some((row) => row.overflow.includes(order))) return null;
    let sum = 0;
    for (const row of rows) sum += row.nrFree[order] ?? 0;
    return sum;
  });
}

const typesAreBuddy: CrossCheck = {
  id: "AU-08",
  title: "the free blocks of all migratetypes are those of buddyinfo, order by order",
  source: "mm/vmstat.c: pagetypeinfo_showfree_print(), v6.12",
  strength: "drifting",
  drift: "moves with every allocation, and pagetypeinfo lets go of the lock between two numbers; no single number stands for more than the managed pages",
  needs: ["zoneinfo", "buddyinfo", "pagetypeinfo"],
  find: (snapshot) => {
    const types = read(snapshot.files.pagetypeinfo);
    const evidence: Evidence[] = [];
    const moved: Moved[] = [];
    for (const entry of populatedZones(snapshot)) {
      const sums = blocksByOrder(types, entry);
      if (sums === undefined) {
        evidence.push({ where: zoneLabel(entry), was: "lines in pagetypeinfo, the zone has present pages", is: "none" });
        continue;
      }
      for (const row of types.free) {
        if (row.node !== entry.node || row.zone !== entry.type) continue;
        for (const [order, count] of row.nrFree.entries()) {
          if (count * 2 ** order > entry.managed) evidence.push({ where: zoneLabel(entry), was: `${row.type} blocks of order ${order} in ${entry.managed} managed pages`, is: `${count}` });
        }
      }
      const line = lineOf(read(snapshot.files.buddyinfo), entry);
      for (const [order, sum] of sums.entries()) {
        const count = line?.nrFree[order];
        if (sum === null || count === undefined || sum === count) continue;
        moved.push({ evidence: { where: zoneLabel(entry), was: `${count} free blocks of order ${order}, as buddyinfo says`, is: `${sum} in pagetypeinfo` }, frames: Math.abs(sum - count) * 2 ** order });
      }
    }
    return found(evidence, moved);
  },
};

const totalsAgree: CrossCheck = {
  id: "AU-09",
  title: "free memory in vmstat and meminfo is the free pages of all zones",
  source: "mm/vmstat.c: vmstat_start(); mm/show_mem.c: si_meminfo(), si_meminfo_node(), v6.12",
  strength: "drifting",
  drift: "moves with every allocation; never more than the managed pages and what CPUs hold back",
  needs: ["zoneinfo"],
  find: (snapshot) => {
    const zones = populatedZones(snapshot);
    const late = deferredMemory(snapshot);
    const evidence: Evidence[] = [];
    const moved: Moved[] = [];
    let compared = 0;
    const compare = (where: string, frames: number | undefined, of: readonly Populated[]): void => {
      if (frames === undefined) return;
      compared++;
      let free = 0;
      let managed = 0;
      let slack = 0;
      for (const { zone, managed: pages } of of) {
        free += zone.nrFreePages;
        managed += pages;
        slack += heldBack(zone);
      }
      const difference = apart(frames, free - slack, free + slack);
      if (frames > managed + slack) evidence.push({ where, was: `at most ${managed} managed pages`, is: `${frames}` });
      else if (difference > 0) moved.push({ evidence: { where, was: `${free} free pages, as zoneinfo says`, is: `${frames}` }, frames: difference });
    };
    const { vmstat, meminfo, nodes } = snapshot.files;
    if (vmstat.available && late === undefined) compare("nr_free_pages in vmstat", vmstat.value.get("nr_free_pages"), zones);
    if (meminfo.available && late === undefined) compare("MemFree in meminfo", pagesOf(snapshot, meminfo.value.values.get("MemFree")), zones);
    if (nodes.available) for (const [node, info] of nodes.value.meminfo) compare(`MemFree of node ${node}`, pagesOf(snapshot, info.values.get("MemFree")), zones.filter((zone) => zone.node === node));
    return compared === 0 ? doesNotApply(late?.why ?? "neither meminfo nor vmstat nor a node says how much is free") : found(evidence, moved);
  },
};

function pagesOf({ sizes }: Snapshot, bytes: number | undefined): number | undefined {
  return bytes === undefined || sizes === null ? undefined : bytes / sizes.pageBytes;
}

/** Free frames by kpageflags of each zone. */
function flaggedFree(snapshot: Snapshot): ReadonlyMap<number, number> {
  const tally = read(snapshot.frames);
  const free = new Map<number, number>();
  for (const [index, { zone }] of given(snapshot.layout).segments.entries()) if (zone !== null) free.set(zone, (free.get(zone) ?? 0) + tally.count(index, FrameKind.Free));
  return free;
}

const flagsAreBuddy: CrossCheck = {
  id: "AU-10",
  title: "the frames that kpageflags shows as free are those in the free blocks of buddyinfo",
  source: "fs/proc/page.c: stable_page_flags(); mm/page_alloc.c: is_free_buddy_page(), v6.12",
  strength: "drifting",
  drift: "moves with every allocation, and reading kpageflags takes long; no free block holds a frame outside System RAM",
  needs: ["zoneinfo", "buddyinfo", "layout", "kpageflags"],
  find: (snapshot) => {
    const { segments, blocks } = given(snapshot.layout);
    const outside = framesOutsideRam(snapshot, [FrameKind.Free], "System RAM, the free blocks hold nothing else");
    if (outside.length > 0) return found(outside);
    if (segments.some(({ zone, block, ram }) => zone === null && ram === true && block !== null && isOnline(blocks[block]))) return doesNotApply("it is not shown which zone some frames are in");
    const flagged = flaggedFree(snapshot);
    const moved = populatedZones(snapshot).flatMap((entry): readonly Moved[] => {
      const line = lineOf(read(snapshot.files.buddyinfo), entry);
      if (line === undefined) return [];
      const frames = flagged.get(entry.index) ?? 0;
      const free = framesOf(line.nrFree);
      return frames === free ? [] : [{ evidence: { where: zoneLabel(entry), was: `${free} frames in free blocks, as buddyinfo says`, is: `${frames} in kpageflags` }, frames: Math.abs(frames - free) }];
    });
    return found([], moved);
  },
};

export const freeChecks: readonly CrossCheck[] = [bothLines, freeIsManaged, buddyIsFree, typesAreBuddy, totalsAgree, flagsAreBuddy];

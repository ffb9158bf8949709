/**
 * How much memory each zone has: zoneinfo against iomem, the memory blocks, meminfo and kpageflags.
 */
import { FrameKind } from "../../formats/kpage.ts";
import { doesNotApply, found, given, iomemIsMemblock, read } from "../cross-check.ts";
import type { CrossCheck } from "../cross-check.ts";
import { deferredMemory } from "../deferred.ts";
import { isOnline, zoneLabel } from "../layout.ts";
import type { Segment, ZoneEntry } from "../layout.ts";
import type { Snapshot } from "../snapshot.ts";
import type { Evidence } from "../../../properties/index.ts";

/** Numbers by zone, and what could not be given to one. */
interface ByZone {
  readonly of: ReadonlyMap<number, number>;
  readonly unknown: number;
}

/** Adds up over the RAM of online blocks, by zone. */
function sumRam(snapshot: Snapshot, value: (segment: Segment, index: number) => number): ByZone {
  const layout = given(snapshot.layout);
  const of = new Map<number, number>();
  let unknown = 0;
  for (const [index, segment] of layout.segments.entries()) {
    if (segment.ram !== true || segment.block === null || !isOnline(layout.blocks[segment.block])) continue;
    if (segment.zone === null) unknown += value(segment, index);
    else of.set(segment.zone, (of.get(segment.zone) ?? 0) + value(segment, index));
  }
  return { of, unknown };
}

function total(map: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (const value of map.values()) sum += value;
  return sum;
}

function nodesWithMemory(snapshot: Snapshot): number {
  return new Set(snapshot.zones.filter(({ info }) => info !== null && info.present > 0).map(({ node }) => node)).size;
}

/** Compares a number of each zone with a range; where frames could not be given to a zone, the sums only. */
function compareZones(snapshot: Snapshot, sides: { readonly is: (zone: ZoneEntry) => number; readonly low: ByZone; readonly high: ByZone; readonly words: string }): readonly Evidence[] {
  const judge = (where: string, is: number, low: number, high: number): Evidence[] =>
    is >= low && is <= high ? [] : [{ where, was: `${low === high ? `${low}` : `${low} to ${high}`} ${sides.words}`, is: `${is}` }];
  if (sides.low.unknown > 0) {
    let is = 0;
    for (const zone of snapshot.zones) is += sides.is(zone);
    return judge("all zones", is, total(sides.low.of) + sides.low.unknown, total(sides.high.of) + sides.high.unknown);
  }
  return snapshot.zones.flatMap((zone) => (zone.info === null ? [] : judge(zoneLabel(zone), sides.is(zone), sides.low.of.get(zone.index) ?? 0, sides.high.of.get(zone.index) ?? 0)));
}

const presentIsRam: CrossCheck = {
  id: "AU-01",
  title: "the present pages of a zone are the System RAM of the online blocks in it",
  source: "mm/mm_init.c: calculate_node_totalpages(); mm/memory_hotplug.c: adjust_present_page_count(), v6.12",
  strength: "exact",
  drift: "changes with hotplug only; with several nodes up to 1 MiB that no node claims may be missing (memblock_validate_numa_coverage(), mm/memblock.c)",
  needs: ["zoneinfo", "layout", "iomem"],
  find: (snapshot) => {
    const { arch, pageBytes } = given(snapshot.sizes);
    if (arch !== "x86-64") return doesNotApply(iomemIsMemblock);
    const ram = sumRam(snapshot, ({ start, end }) => end - start);
    const slack = nodesWithMemory(snapshot) > 1 ? 2 ** 20 / pageBytes : 0;
    const low = { of: new Map([...ram.of].map(([zone, frames]) => [zone, Math.max(0, frames - slack)])), unknown: ram.unknown };
    return found(compareZones(snapshot, { is: ({ info }) => info?.present ?? 0, low, high: ram, words: "present pages, the RAM of its online blocks" }));
  },
};

/** SetPageVmemmapSelfHosted() came with v6.0; before, nothing shows which frames are a memmap. */
function hidesOwnMemmap({ files }: Snapshot): boolean {
  const { memmapOnMemory } = files.settings;
  return memmapOnMemory !== null && memmapOnMemory !== "N" && files.version.available && files.version.value.major < 6;
}

const managedIsNotReserved: CrossCheck = {
  id: "AU-02",
  title: "a zone manages the RAM of its online blocks except what is reserved, kept back by a driver, or a block's own memmap",
  source: "mm/page_alloc.c: __free_pages_core(), free_reserved_page(), adjust_managed_page_count(), v6.12",
  strength: "exact",
  drift: "changes with hotplug and ballooning only; page-offline frames of a balloon may be counted as managed, those of driver-managed memory never are",
  needs: ["zoneinfo", "layout", "iomem", "kpageflags"],
  find: (snapshot) => {
    if (given(snapshot.sizes).arch !== "x86-64") return doesNotApply(iomemIsMemblock);
    if (hidesOwnMemmap(snapshot)) return doesNotApply("this kernel does not mark a self-hosted memmap, and memmap_on_memory is on");
    const late = deferredMemory(snapshot);
    const tally = read(snapshot.frames);
    const layout = given(snapshot.layout);
    const hosted = sumRam(snapshot, ({ start, block }) => {
      // A memmap lies at the start of its block, so it is of the zone that the block begins in.
      const begins = block !== null && start === (layout.blocks[block]?.block ?? 0) * layout.blockPages;
      return begins ? (tally.selfHosted[block] ?? 0) : 0;
    });
    const high = sumRam(snapshot, ({ start, end, driver }, index) => end - start - tally.count(index, FrameKind.Reserved) - (driver === null ? 0 : tally.count(index, FrameKind.Offline)));
    const low = sumRam(snapshot, ({ start, end }, index) => end - start - tally.count(index, FrameKind.Reserved) - tally.count(index, FrameKind.Offline));
    const less = (by: ByZone): ByZone => ({ of: new Map([...by.of].map(([zone, frames]) => [zone, frames - (hosted.of.get(zone) ?? 0)])), unknown: by.unknown - hosted.unknown });
    if (late !== undefined && high.unknown > 0) return doesNotApply(late.why);
    const evidence = compareZones(snapshot, { is: ({ info }) => info?.managed ?? 0, low: less(low), high: less(high), words: "managed pages by the flags of its frames" });
    return found(evidence.filter(({ where }) => late === undefined || !late.zones.some((zone) => zoneLabel(zone) === where)));
  },
};

const memTotalIsManaged: CrossCheck = {
  id: "AU-03",
  title: "MemTotal is the managed pages of all zones",
  source: "mm/page_alloc.c: adjust_managed_page_count(); mm/show_mem.c: si_meminfo(), v6.12",
  strength: "exact",
  drift: "changes with hotplug and ballooning only; memory that memblock_free_late() loses because its pages were not set up yet breaks it for good",
  needs: ["zoneinfo", "meminfo"],
  find: (snapshot) => {
    const late = deferredMemory(snapshot);
    if (late !== undefined) return doesNotApply(late.why);
    const pages = (read(snapshot.files.meminfo).values.get("MemTotal") ?? 0) / given(snapshot.sizes).pageBytes;
    let managed = 0;
    for (const { info } of snapshot.zones) managed += info?.managed ?? 0;
    return found(pages === managed ? [] : [{ where: "MemTotal", was: `${managed} pages, what all zones manage`, is: `${pages}` }]);
  },
};

const nodeTotalIsManaged: CrossCheck = {
  id: "AU-04",
  title: "MemTotal of a node is the managed pages of its zones, and its MemFree and MemUsed together",
  source: "mm/show_mem.c: si_meminfo_node(); drivers/base/node.c: node_read_meminfo(), v6.12",
  strength: "exact",
  drift: "the first half changes with hotplug and ballooning only; in the second half one read of the counters is printed three times",
  needs: ["zoneinfo", "nodes"],
  find: (snapshot) => {
    const { meminfo } = read(snapshot.files.nodes);
    if (meminfo.size === 0) return doesNotApply("no node shows its meminfo");
    const evidence: Evidence[] = [];
    for (const [node, { values }] of meminfo) {
      const { pageBytes } = given(snapshot.sizes);
      const pages = (values.get("MemTotal") ?? 0) / pageBytes;
      const [free, used] = [values.get("MemFree"), values.get("MemUsed")];
      if (free !== undefined && used !== undefined && (free + used) / pageBytes !== pages) evidence.push({ where: `MemFree and MemUsed of node ${node}`, was: `${pages} pages, as MemTotal says`, is: `${(free + used) / pageBytes}` });
      let managed = 0;
      for (const zone of snapshot.zones) if (zone.node === node) managed += zone.info?.managed ?? 0;
      if (pages !== managed) evidence.push({ where: `MemTotal of node ${node}`, was: `${managed} pages, what its zones manage`, is: `${pages}` });
    }
    return found(evidence);
  },
};

export const memoryChecks: readonly CrossCheck[] = [presentIsRam, managedIsNotReserved, memTotalIsManaged, nodeTotalIsManaged];

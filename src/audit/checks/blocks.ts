/**
 * Memory blocks: the files of one block against each other, against iomem and against the zones.
 */
import { pfnRange, rangeEnd, rangesOverlap, showRange, toPfn, zoneTypes } from "../../../models/index.ts";
import type { PfnRange } from "../../../models/index.ts";
import type { Evidence } from "../../../properties/index.ts";
import { doesNotApply, found, given, iomemIsMemblock, mostEvidence, read } from "../cross-check.ts";
import type { CrossCheck } from "../cross-check.ts";
import { spanOf, zoneLabel } from "../layout.ts";
import type { ZoneEntry } from "../layout.ts";
import type { BlockFiles } from "../read-system.ts";
import type { Snapshot } from "../snapshot.ts";

function framesOfBlock(snapshot: Snapshot, { block }: BlockFiles): PfnRange {
  const { blockPages } = given(snapshot.layout);
  return pfnRange(toPfn(block * blockPages), blockPages);
}

/** One line of evidence for each block that the judgement finds fault with. */
function judgeBlocks(snapshot: Snapshot, judge: (block: BlockFiles, index: number) => { readonly was: string; readonly is: string } | undefined): readonly Evidence[] {
  const evidence: Evidence[] = [];
  for (const [index, block] of given(snapshot.layout).blocks.entries()) {
    const fault = evidence.length < mostEvidence ? judge(block, index) : undefined;
    if (fault !== undefined) evidence.push({ where: `block ${block.block}`, ...fault });
  }
  return evidence;
}

const blocksHoldRam: CrossCheck = {
  id: "AU-14",
  title: "every memory block holds System RAM, and all System RAM lies in memory blocks",
  source: "drivers/base/memory.c: add_boot_memory_block(), create_memory_block_devices(), v6.12",
  strength: "exact",
  drift: "changes with hotplug only; where it is known which blocks are from boot, HP-52 judges the second half",
  needs: ["layout", "iomem"],
  find: (snapshot) => {
    if (given(snapshot.sizes).arch !== "x86-64") return doesNotApply(iomemIsMemblock);
    const { ram, blocks, blockPages } = given(snapshot.layout);
    const empty = judgeBlocks(snapshot, (block) => (ram.some((range) => rangesOverlap(range, framesOfBlock(snapshot, block))) ? undefined : { was: "System RAM in iomem", is: "none" }));
    if (!snapshot.boot.includes(null)) return found(empty);
    const known = new Set(blocks.map(({ block }) => block));
    const outside = ram.flatMap((range): readonly Evidence[] => {
      for (let block = Math.floor(range.start / blockPages); block * blockPages < rangeEnd(range); block++) if (!known.has(block)) return [{ where: `System RAM ${showRange(range)}`, was: `memory block ${block}`, is: "no such block" }];
      return [];
    });
    return found([...empty, ...outside].slice(0, mostEvidence));
  },
};

/** The zones that contig-zones may choose for a plain online; several where a setting that is not known decides. undefined: a span is not known. */
function plainOnlineZones(snapshot: Snapshot, block: BlockFiles): readonly ZoneEntry[] | undefined {
  const range = framesOfBlock(snapshot, block);
  const own = snapshot.zones.filter((zone) => zone.node === (block.nodes[0] ?? 0));
  // A zone that spans frames without having any present does not show where it begins.
  if (own.some((zone) => zone.type !== "Device" && (zone.info?.spanned ?? 0) > 0 && spanOf(zone) === undefined)) return undefined;
  const meets = (zone: ZoneEntry | undefined): boolean => {
    const span = spanOf(zone);
    return span !== undefined && rangesOverlap(span, range);
  };
  const ofType = (type: string): ZoneEntry | undefined => own.find((zone) => zone.type === type);
  const kernel = ["DMA", "DMA32"].map(ofType).find(meets) ?? ofType("Normal");
  const movable = ofType("Movable");
  if (kernel === undefined || movable === undefined) return undefined;
  if (meets(kernel) !== meets(movable)) return [meets(kernel) ? kernel : movable];
  if (!snapshot.files.cmdline.available) return [kernel, movable];
  return [snapshot.files.cmdline.value.includes("movable_node") ? movable : kernel];
}

const nextZoneIsContiguous: CrossCheck = {
  id: "AU-21",
  title: "the first zone of valid_zones of an offline block is the one that the contig-zones policy chooses",
  source: "mm/memory_hotplug.c: default_zone_for_pfn(), v6.12",
  strength: "exact",
  drift: "changes with hotplug only",
  needs: ["zoneinfo", "layout"],
  find: (snapshot) => {
    const policy = snapshot.files.settings.onlinePolicy;
    if (policy !== "contig-zones") return doesNotApply(policy === null ? "the online policy is not shown" : `the online policy is ${policy}`);
    const evidence = judgeBlocks(snapshot, (block) => {
      const [first] = block.validZones ?? [];
      const zones = block.state === "offline" && first !== undefined ? plainOnlineZones(snapshot, block) : undefined;
      return zones === undefined || zones.some(({ type }) => type === first) ? undefined : { was: zones.map(({ type }) => type).join(" or "), is: first ?? "none" };
    });
    return found(evidence);
  },
};

const filesOfBlockAgree: CrossCheck = {
  id: "AU-22",
  title: "the folder name, phys_index, state and online of a memory block agree",
  source: "drivers/base/memory.c: phys_index_show(); drivers/base/core.c: online_show(), v6.12",
  strength: "exact",
  drift: "changes with hotplug only",
  needs: ["layout"],
  find: (snapshot) =>
    found(
      judgeBlocks(snapshot, ({ block, physIndex, state, online }) => {
        if (physIndex !== null && physIndex !== block) return { was: `phys_index ${block}`, is: `${physIndex}` };
        if (online !== null && online !== (state !== "offline")) return { was: `online ${state === "offline" ? 0 : 1}, its state is ${state}`, is: online ? "1" : "0" };
        return undefined;
      }),
    ),
};

const noneMeansSeveral: CrossCheck = {
  id: "AU-23",
  title: "an online boot block that names no zone lies in the spans of several zones or has memory of several nodes",
  source: "drivers/base/memory.c: early_node_zone_for_memory_block(), memory_block_add_nid(), v6.12",
  strength: "exact",
  drift: "changes with hotplug only",
  needs: ["zoneinfo", "layout"],
  find: (snapshot) =>
    found(
      judgeBlocks(snapshot, (block, index) => {
        // Of an added block HP-22 says that it has a zone.
        if (block.state !== "online" || block.validZones === null || block.validZones.length > 0 || block.nodes.length > 1 || snapshot.boot[index] === false) return undefined;
        const range = framesOfBlock(snapshot, block);
        const meeting = snapshot.zones.filter((zone) => {
          const span = spanOf(zone);
          return zone.node === (block.nodes[0] ?? 0) && span !== undefined && rangesOverlap(span, range);
        });
        return meeting.length > 1 ? undefined : { was: meeting.length === 0 ? "a zone around it" : `valid_zones ${meeting[0]?.type ?? ""}, the only zone there`, is: "none" };
      }),
    ),
};

const spansEndWhereMemoryDoes: CrossCheck = {
  id: "AU-24",
  title: "a zone begins and ends at a subsection or where an entry of iomem does",
  source: "mm/mm_init.c: adjust_zone_range_for_zone_movable(); mm/memory_hotplug.c: shrink_zone_span(), resize_zone_range(), v6.12",
  strength: "exact",
  drift: "changes with hotplug only",
  needs: ["zoneinfo", "iomem"],
  find: (snapshot) => {
    const { arch, pageBytes, subsectionPages } = given(snapshot.sizes);
    if (arch !== "x86-64") return doesNotApply(iomemIsMemblock);
    if (new Set(snapshot.zones.filter(({ info }) => (info?.present ?? 0) > 0).map(({ node }) => node)).size > 1) return doesNotApply("several nodes have memory, and the borders between them are not shown");
    const { ram, edges } = read(snapshot.files.iomem);
    const borders = new Set<number>();
    for (const byte of [...edges, ...ram.flatMap(({ start, end }) => [start, end])]) borders.add(Math.floor(byte / pageBytes)).add(Math.ceil(byte / pageBytes));
    const evidence: Evidence[] = [];
    for (const zone of snapshot.zones) {
      const span = spanOf(zone);
      if (span === undefined || zoneTypes.indexOf(zone.type) === zoneTypes.indexOf("Device")) continue;
      for (const [name, pfn] of [["start", span.start], ["end", rangeEnd(span)]] as const) {
        if (pfn % subsectionPages !== 0 && !borders.has(pfn)) evidence.push({ where: zoneLabel(zone), pfn, was: `its ${name} at a multiple of ${subsectionPages} frames, or at an edge of iomem`, is: showRange(span) });
      }
    }
    return found(evidence);
  },
};

const spanCoversBlocks: CrossCheck = {
  id: "AU-27",
  title: "the span of a zone covers the System RAM of every online block that names it",
  source: "mm/memory_hotplug.c: resize_zone_range(), shrink_zone_span(), v6.12; the allocator asserts zone_spans_pfn()",
  strength: "exact",
  drift: "changes with hotplug only",
  needs: ["zoneinfo", "layout", "iomem"],
  find: (snapshot) => {
    const { blockZone, ram } = given(snapshot.layout);
    return found(
      judgeBlocks(snapshot, (block, index) => {
        const zone = snapshot.zones[blockZone[index] ?? -1];
        if (zone === undefined) return undefined;
        const range = framesOfBlock(snapshot, block);
        const own = ram.filter((candidate) => rangesOverlap(candidate, range));
        const start = Math.max(range.start, own[0]?.start ?? range.start);
        const end = Math.min(rangeEnd(range), rangeEnd(own.at(-1) ?? range));
        const span = spanOf(zone);
        if (span !== undefined && span.start <= start && end <= rangeEnd(span)) return undefined;
        return { was: `in the span of ${zoneLabel(zone)}`, is: span === undefined ? "the zone spans nothing" : `that is ${showRange(span)}, the block has RAM in ${showRange(pfnRange(toPfn(start), end - start))}` };
      }),
    );
  },
};

export const blockChecks: readonly CrossCheck[] = [blocksHoldRam, nextZoneIsContiguous, filesOfBlockAgree, noneMeansSeveral, spansEndWhereMemoryDoes, spanCoversBlocks];

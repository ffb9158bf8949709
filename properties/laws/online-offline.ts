/**
 * Bringing blocks online and offline: what is accounted, what becomes of the pages, and where zones end.
 */
import { FrameFlag, FrameUse, NONE, blockPages, hex, pageblockPages, rangeContains, showRange, toPfn } from "../../models/index.ts";
import type { BlockView, View, ZoneIndex, ZoneView } from "../../models/index.ts";
import { eachRun, inflatedCounts, isOnlineMemory, mustSpan, rowsOf, typeAt } from "../derived.ts";
import { FrameEvidence, allocationName, blockName, useName, zoneName } from "../evidence.ts";
import { given, perView } from "../per-view.ts";
import type { Evidence, Law } from "../rule.ts";
import { allocationChanges, blockChanges, blockRange, blocksThatWent, endsWithBatch, framesOf, isFreeInPool, nrFrames, zonePairs } from "../step.ts";

/** Frames of the block in the present counts of its zone: without the self-hosted memmap while it is going offline. */
function accounted(view: View, block: BlockView | undefined, zone: ZoneIndex): number {
  if (block === undefined || block.zone !== zone || block.state === "offline") return 0;
  return blockPages(view.geometry) - (block.state === "going-offline" ? (block.selfHosted ?? 0) : 0);
}

const presentFollowsBlocks: Law = {
  id: "HP-56",
  title: "a block that comes online adds exactly its frames to its zone, and takes exactly those out again when it goes offline",
  source: "mm/memory_hotplug.c: adjust_present_page_count(), v6.12",
  needs: ["zones", "blocks.zone", "blocks.selfHosted"],
  ops: [],
  unless: [],
  find: (step) => {
    const changes = blockChanges(step);
    const found: Evidence[] = [];
    for (const { index, before, after } of zonePairs(step)) {
      let wanted = 0;
      for (const change of changes) wanted += accounted(step.after, change.after, index) - accounted(step.before, change.before, index);
      if (after.present - before.present !== wanted) found.push({ where: zoneName(step.before, index), was: `present changes by ${wanted}`, is: `by ${after.present - before.present}` });
    }
    return found;
  },
};

const managedFollowsBlocks: Law = {
  id: "FC-66",
  title: "a block that comes online gives the allocator all its frames but its own memmap, one that goes offline takes all back that the allocator had; inflated pages take their place along",
  source: "mm/memory_hotplug.c: online_pages(), offline_pages(), v6.12",
  needs: ["zones", "blocks.zone", "blocks.selfHosted", "frames.use"],
  ops: ["add", "write-state", "write-online", "kmem-probe", "vmem-request"],
  unless: [],
  find: (step) => {
    const { use } = given(step.before.frames);
    const wanted = new Map<ZoneIndex, number>();
    const count = (zone: ZoneIndex | null | undefined, frames: number): void => {
      if (zone !== null && zone !== undefined) wanted.set(zone, (wanted.get(zone) ?? 0) + frames);
    };
    for (const { after } of blocksThatWent(step, "online")) count(after?.zone, blockPages(step.after.geometry) - (after?.selfHosted ?? 0));
    for (const { block, before } of blocksThatWent(step, "offline")) {
      let kept = before?.selfHosted ?? 0;
      eachRun(step.before, blockRange(step.before, block).start, blockPages(step.before.geometry), (first, _pfn, length) => {
        for (let row = first; row < first + length; row++) if (use[row] === FrameUse.PageOffline || use[row] === FrameUse.PageOfflineDropped) kept++;
      });
      count(before?.zone, kept - blockPages(step.before.geometry));
    }
    const found: Evidence[] = [];
    for (const { index, before, after } of zonePairs(step)) {
      const was = (wanted.get(index) ?? 0) + (inflatedCounts(step.before)[index] ?? 0) - (inflatedCounts(step.after)[index] ?? 0);
      if (after.managed - before.managed !== was) found.push({ where: zoneName(step.before, index), was: `managed changes by ${was}`, is: `by ${after.managed - before.managed}` });
    }
    return found;
  },
};

const pagesSurvive: Law = {
  id: "HP-58",
  title: "when a block has gone offline every page that was in it is somewhere else, but for poisoned frames that end with it and free huge pages, which are given up",
  source: "mm/memory_hotplug.c: offline_pages(); mm/hugetlb.c: dissolve_free_hugetlb_folios(), v6.12",
  needs: ["blocks", "allocations", "frames.use", "frames.flags"],
  ops: ["offline-and-remove", "write-state", "write-online"],
  unless: [],
  find: (step) => {
    const { use, flags } = given(step.before.frames);
    const rows = rowsOf(step.before);
    const found = new FrameEvidence();
    const gone = blocksThatWent(step, "offline").map(({ block }) => blockRange(step.before, block));
    if (gone.length === 0) return found.found;
    const inside = (pfn: number): boolean => gone.some((range) => rangeContains(range, toPfn(pfn)));
    for (const { before, after } of allocationChanges(step)) {
      const here = before === undefined ? [] : framesOf(before).filter(inside);
      if (before === undefined || here.length === 0 || (after === undefined && (isFreeInPool(before) || endsWithBatch(before)))) continue;
      const poisoned = here.filter((pfn) => ((flags[rows.of(pfn)] ?? 0) & FrameFlag.Hwpoison) !== 0).length;
      const left = after === undefined ? 0 : nrFrames(after);
      if (left < nrFrames(before) - poisoned) found.add(toPfn(here[0] ?? 0), "moved elsewhere", after === undefined ? "gone" : `${left} of ${nrFrames(before)} frames left`, allocationName(before));
      if (after !== undefined) for (const pfn of framesOf(after)) if (inside(pfn)) found.add(toPfn(pfn), "moved elsewhere", "in the block that went offline", allocationName(after));
    }
    for (const range of gone) {
      eachRun(step.before, range.start, range.nrPages, (first, pfn, count) => {
        for (let row = first; row < first + count; row++) {
          if (use[row] === FrameUse.Reserved || use[row] === FrameUse.Hole || use[row] === FrameUse.Memmap || use[row] === FrameUse.Device) found.add(toPfn(pfn + row - first), "online: the block cannot go offline", useName(use[row]));
        }
      });
    }
    return found.found;
  },
};

const onlinedIsFree: Law = {
  id: "HP-64",
  title: "the frames of a block that came online are free and their pageblocks Movable, but for its own memmap",
  source: "mm/memory_hotplug.c: online_pages(), undo_isolate_page_range(), v6.12",
  needs: ["blocks.selfHosted", "pageblocks", "frames.use"],
  ops: ["write-state", "write-online"],
  unless: [],
  find: (step) => {
    const { after } = step;
    const { use } = given(after.frames);
    const found = new FrameEvidence();
    for (const { block, after: is } of blocksThatWent(step, "online")) {
      const range = blockRange(after, block);
      const data = range.start + (is?.selfHosted ?? 0);
      eachRun(after, data, range.start + range.nrPages - data, (first, pfn, count) => {
        for (let row = first; row < first + count; row++) if (use[row] !== FrameUse.Free) found.add(toPfn(pfn + row - first), "free, it was just onlined", useName(use[row]), blockName(block));
      });
      for (let start = data; start < range.start + range.nrPages; start += pageblockPages(after.geometry)) {
        const type = typeAt(after, start);
        if (type !== "Movable") found.add(toPfn(start), "pageblock Movable, it was just onlined", `pageblock ${type}`, blockName(block));
      }
    }
    return found.found;
  },
};

const zoneOfBlockStays: Law = {
  id: "HP-66",
  title: "the zone of a block does not change while the block is online",
  source: "drivers/base/memory.c: memory_block_online(), v6.12",
  needs: ["blocks.zone"],
  ops: [],
  unless: ["EX-10"],
  find: (step) =>
    blockChanges(step)
      .filter(({ before, after }) => before !== undefined && after !== undefined && before.state !== "offline" && after.state !== "offline" && before.zone !== after.zone)
      .map(({ block, before, after }) => ({ where: blockName(block), was: zoneName(step.before, before?.zone), is: zoneName(step.after, after?.zone) })),
};

interface Extent {
  first: number;
  last: number;
}

interface Extents {
  /** Of all online memory of each zone. Holes at the edges do not count. */
  readonly outer: ReadonlyMap<ZoneIndex, Extent>;
  /** Of the frames that its span must reach. */
  readonly inner: ReadonlyMap<ZoneIndex, Extent>;
}

/** First and last frame of each zone. */
const extents: (view: View) => Extents = perView((view) => {
  const { use, zone } = given(view.frames);
  const outer = new Map<ZoneIndex, Extent>();
  const inner = new Map<ZoneIndex, Extent>();
  let row = 0;
  for (const { start, nrPages } of given(view.frames).ranges) {
    for (let pfn: number = start; pfn < start + nrPages; pfn++, row++) {
      if (!isOnlineMemory(use[row])) continue;
      const link = zone[row] ?? NONE;
      widen(outer, link, pfn);
      if (mustSpan(view, link, pfn)) widen(inner, link, pfn);
    }
  }
  return { outer, inner };
});

function widen(known: Map<ZoneIndex, Extent>, zone: ZoneIndex, pfn: number): void {
  const extent = known.get(zone);
  if (extent === undefined) known.set(zone, { first: pfn, last: pfn });
  else extent.last = pfn;
}

/** Whether the span begins and ends in a subsection with memory of the zone, before and behind which there is none that it must reach. */
function isTight(view: View, index: ZoneIndex, { start, spanned }: ZoneView): boolean {
  const [outer, inner] = [extents(view).outer.get(index), extents(view).inner.get(index)];
  if (outer === undefined || spanned === 0) return inner === undefined && spanned === 0;
  const subsection = (pfn: number): number => Math.floor(pfn / view.geometry.subsectionPages);
  const [first, last] = [subsection(start), subsection(start + spanned - 1)];
  return first >= subsection(outer.first) && last <= subsection(outer.last) && (inner === undefined || (first <= subsection(inner.first) && last >= subsection(inner.last)));
}

const tightStaysTight: Law = {
  id: "HP-35",
  title: "a zone that begins and ends with its memory still does so afterwards",
  source: "mm/memory_hotplug.c: shrink_zone_span(), v6.12; a loose span makes walks longer and zone choices wrong",
  needs: ["zones", "tasks", "frames.use", "frames.zone"],
  ops: [],
  unless: [],
  find: (step) => {
    // An online that is half done has grown the span already.
    if ([...given(step.before.tasks), ...given(step.after.tasks)].some(({ op }) => op === "online")) return [];
    const found: Evidence[] = [];
    for (const { index, before, after } of zonePairs(step)) {
      if (after.type === "Device" || (before.start === after.start && before.spanned === after.spanned && step.before.frames === step.after.frames)) continue;
      if (!isTight(step.before, index, before) || isTight(step.after, index, after)) continue;
      const extent = extents(step.after).outer.get(index);
      found.push({ where: zoneName(step.after, index), was: extent === undefined ? "no span, it has no memory" : `from ${hex(extent.first)} to ${hex(extent.last)}`, is: showRange({ start: after.start, nrPages: after.spanned }) });
    }
    return found;
  },
};

const endsAreEdges: Law = {
  id: "HP-36",
  title: "where a zone begins or ends anew, there is the edge of a block that came online or of an online subsection of the zone",
  source: "mm/memory_hotplug.c: resize_zone_range(), find_smallest_section_pfn(), find_biggest_section_pfn(), v6.12",
  needs: ["zones", "blocks.zone", "tasks", "frames.flags", "frames.zone"],
  ops: [],
  unless: [],
  find: (step) => {
    const { after } = step;
    const size = blockPages(after.geometry);
    const found: Evidence[] = [];
    const came = new Set(blockChanges(step).filter((change) => change.after !== undefined && change.after.state !== "offline" && (change.before?.state === "offline" || change.before?.zone !== change.after.zone)).map(({ block }) => block));
    for (const { op, range } of given(after.tasks)) if (op === "online") came.add(Math.floor(range.start / size) as BlockView["block"]);
    const isEdge = (index: ZoneIndex, frame: number, atBlock: boolean, atSubsection: boolean): boolean => {
      const row = rowsOf(after).of(frame);
      const ours = row >= 0 && ((given(after.frames).flags[row] ?? 0) & FrameFlag.Online) !== 0 && given(after.frames).zone[row] === index;
      return (atSubsection && ours) || (atBlock && came.has(Math.floor(frame / size) as BlockView["block"]));
    };
    for (const { index, before, after: is } of zonePairs(step)) {
      if (is.type === "Device" || is.spanned === 0) continue;
      const { subsectionPages } = after.geometry;
      const end = is.start + is.spanned;
      const startFits = (before.spanned > 0 && before.start === is.start) || isEdge(index, is.start, is.start % size === 0, is.start % subsectionPages === 0);
      const endFits = (before.spanned > 0 && before.start + before.spanned === end) || isEdge(index, end - 1, end % size === 0, end % subsectionPages === 0);
      if (!startFits || !endFits) found.push({ where: zoneName(after, index), was: `${startFits ? "an end" : "a start"} at an edge of its memory, or as before`, is: showRange({ start: is.start, nrPages: is.spanned }) });
    }
    return found;
  },
};

export const onlineOfflineLaws: readonly Law[] = [presentFollowsBlocks, managedFollowsBlocks, pagesSurvive, onlinedIsFree, zoneOfBlockStays, tightStaysTight, endsAreEdges];

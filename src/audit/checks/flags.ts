/**
 * Single frames: kpageflags and kpagecount against the memory blocks, their zones and iomem.
 */
import { pageblockPages, toPfn } from "../../../models/index.ts";
import type { Evidence } from "../../../properties/index.ts";
import { FrameKind, frameKindNames } from "../../formats/kpage.ts";
import { doesNotApply, found, given, iomemIsMemblock, mostEvidence, read } from "../cross-check.ts";
import type { CrossCheck } from "../cross-check.ts";
import { isOnline } from "../layout.ts";
import type { Segment } from "../layout.ts";
import type { Snapshot } from "../snapshot.ts";

const kinds: readonly FrameKind[] = Object.values(FrameKind);

function placeOf(snapshot: Snapshot, segment: Segment): string {
  const block = segment.block === null ? undefined : given(snapshot.layout).blocks[segment.block];
  return block === undefined ? "outside every memory block" : `block ${block.block}, ${block.state}`;
}

/** One line for each piece of memory that has frames of a kind it should not have. */
function judgeKinds(snapshot: Snapshot, wrong: (segment: Segment) => readonly FrameKind[], was: string): readonly Evidence[] {
  const tally = read(snapshot.frames);
  const evidence: Evidence[] = [];
  for (const [index, segment] of given(snapshot.layout).segments.entries()) {
    for (const kind of wrong(segment)) {
      const pfn = tally.first(index, kind);
      if (pfn === undefined || evidence.length >= mostEvidence) continue;
      const count = tally.count(index, kind);
      evidence.push({ pfn: toPfn(pfn), where: placeOf(snapshot, segment), was, is: `${frameKindNames[kind] ?? ""}${count === 1 ? "" : `, the first of ${count} there`}` });
    }
  }
  return evidence;
}

/** Whether a piece of memory has pages that can be looked at: pfn_to_online_page(). */
function hasPages(snapshot: Snapshot, segment: Segment): boolean {
  return segment.block !== null && isOnline(given(snapshot.layout).blocks[segment.block]);
}

/** The reworked kpage_read() shows a frame without page as a word without bits. It came after v6.14, and v6.18 has it. */
const lastWithNoPage = { major: 6, minor: 14 };

/** This kernel marks a frame without page with NOPAGE, and nothing else. */
function marksNoPage(snapshot: Snapshot): boolean {
  const { version } = snapshot.files;
  if (!version.available) return read(snapshot.frames).marksNoPage;
  return version.value.major < lastWithNoPage.major || (version.value.major === lastWithNoPage.major && version.value.minor <= lastWithNoPage.minor);
}

const noPageOffline: CrossCheck = {
  id: "AU-15",
  title: "no frame of an offline block, or outside every block, has a page",
  source: "fs/proc/page.c: kpageflags_read(); mm/memory_hotplug.c: pfn_to_online_page(), v6.12",
  strength: "exact",
  drift: "changes with hotplug only; from v6.15 on such a frame may have no bit at all instead of NOPAGE",
  needs: ["layout", "kpageflags"],
  find: (snapshot) => {
    const allowed: readonly FrameKind[] = marksNoPage(snapshot) ? [FrameKind.NoPage] : [FrameKind.NoPage, FrameKind.Bare];
    return found(judgeKinds(snapshot, (segment) => (hasPages(snapshot, segment) ? [] : kinds.filter((kind) => !allowed.includes(kind))), "no page, its memory is not online"));
  },
};

const pageInOnlineRam: CrossCheck = {
  id: "AU-16",
  title: "every frame of System RAM in an online block has a page",
  source: "mm/memory_hotplug.c: pfn_to_online_page(); mm/sparse.c: online_mem_sections(), v6.12",
  strength: "exact",
  drift: "changes with hotplug only",
  needs: ["layout", "iomem", "kpageflags"],
  find: (snapshot) => {
    if (!marksNoPage(snapshot)) return doesNotApply("this kernel shows a frame without page as one without flags");
    return found(judgeKinds(snapshot, (segment) => (segment.ram === true && hasPages(snapshot, segment) ? [FrameKind.NoPage] : []), "a page, it is online memory"));
  },
};

const movableIsMovable: CrossCheck = {
  id: "AU-17",
  title: "zone Movable holds no slab and no page table, and in added memory nothing reserved",
  source: "Documentation/admin-guide/mm/memory-hotplug.rst, ZONE_MOVABLE; mm/mm_init.c: memmap_init_range(), v6.12",
  strength: "exact",
  drift: "none: such pages are never put there; page-offline, poisoned, pinned and self-hosted memmap frames may be there",
  needs: ["zoneinfo", "layout", "kpageflags"],
  find: (snapshot) =>
    found(
      judgeKinds(
        snapshot,
        ({ zone, block }) => {
          if (zone === null || snapshot.zones[zone]?.type !== "Movable") return [];
          const added = block !== null && snapshot.boot[block] === false;
          return added ? [FrameKind.Slab, FrameKind.PageTable, FrameKind.Reserved] : [FrameKind.Slab, FrameKind.PageTable];
        },
        "movable, it is in zone Movable",
      ),
    ),
};

/** Whether a piece of an online block is known to be no memory: a hole, which has pages because its section has. */
function isHole(snapshot: Snapshot, segment: Segment): boolean {
  return segment.ram === false && hasPages(snapshot, segment) && given(snapshot.sizes).arch === "x86-64";
}

/** Frames of these kinds where an online block has no memory. None where iomem does not tell. */
export function framesOutsideRam(snapshot: Snapshot, wrong: readonly FrameKind[], was: string): readonly Evidence[] {
  return judgeKinds(snapshot, (segment) => (isHole(snapshot, segment) ? wrong : []), was);
}

/** What only a frame of memory can be. AU-10 says that a free one is in no free block, AU-25 where a self-hosted memmap lies. */
const inUse: readonly FrameKind[] = [FrameKind.Offline, FrameKind.Slab, FrameKind.PageTable, FrameKind.Hugetlb, FrameKind.User, FrameKind.Other];

const holesAreNotUsed: CrossCheck = {
  id: "AU-28",
  title: "no frame outside System RAM is in use",
  source: "mm/mm_init.c: init_unavailable_range(), v6.12: the pages of holes are reserved, and nobody frees them",
  strength: "exact",
  drift: "none: memory is never added inside a block that is there",
  needs: ["layout", "iomem", "kpageflags"],
  find: (snapshot) => (given(snapshot.sizes).arch === "x86-64" ? found(framesOutsideRam(snapshot, inUse, "reserved, it is not System RAM")) : doesNotApply(iomemIsMemblock)),
};

const wordsMakeSense: CrossCheck = {
  id: "AU-18",
  title: "no reserved frame is free or on an LRU list, and a frame without page has no other flag",
  source: "fs/proc/page.c: stable_page_flags(), v6.12",
  strength: "exact",
  drift: "none: a page is reserved or not for as long as it is online",
  needs: ["layout", "kpageflags"],
  find: (snapshot) => found(read(snapshot.frames).contradictions.map(({ pfn, word }) => ({ pfn: toPfn(pfn), was: "flags that go together", is: `flags ${word}` }))),
};

const poisonIsCounted: CrossCheck = {
  id: "AU-19",
  title: "every poisoned frame is counted in HardwareCorrupted",
  source: "mm/memory-failure.c: num_poisoned_pages_inc(), v6.12",
  strength: "exact",
  drift: "changes with poison only; poison in offline memory is counted and not shown",
  needs: ["layout", "kpageflags", "meminfo"],
  find: (snapshot) => {
    const bytes = read(snapshot.files.meminfo).values.get("HardwareCorrupted");
    if (bytes === undefined) return doesNotApply("this kernel does not count poisoned frames");
    const { nrPoisoned } = read(snapshot.frames);
    const counted = bytes / given(snapshot.sizes).pageBytes;
    return found(nrPoisoned <= counted ? [] : [{ where: "HardwareCorrupted", was: `at least ${nrPoisoned} frames, which are marked poisoned`, is: `${counted}` }]);
  },
};

const onlyPagesAreMapped: CrossCheck = {
  id: "AU-20",
  title: "kpagecount is as long as kpageflags, and counts no mapping where no memory is online",
  source: "fs/proc/page.c: kpagecount_read(), v6.12",
  strength: "exact",
  drift: "changes with hotplug only",
  needs: ["layout", "kpageflags", "kpagecount"],
  find: (snapshot) => {
    const counts = read(snapshot.mapCounts);
    const { nrFrames } = read(snapshot.frames);
    if (counts.nrFrames !== nrFrames) return found([{ where: "kpagecount", was: `${nrFrames} words, as kpageflags has`, is: `${counts.nrFrames}` }]);
    const evidence = given(snapshot.layout).segments.flatMap((segment, index): readonly Evidence[] => {
      const pfn = counts.first(index);
      const hole = isHole(snapshot, segment);
      if (pfn === undefined || (hasPages(snapshot, segment) && !hole)) return [];
      return [{ pfn: toPfn(pfn), where: placeOf(snapshot, segment), was: hole ? "mapped nowhere, it is not System RAM" : "mapped nowhere, its memory is not online", is: `mapped${counts.mapped(index) === 1 ? "" : `, the first of ${counts.mapped(index)} there`}` }];
    });
    return found(evidence.slice(0, mostEvidence));
  },
};

const hostsItself: CrossCheck = {
  id: "AU-25",
  title: "frames of a self-hosted memmap are the first pageblocks of an added block, where memmap_on_memory is on",
  source: "mm/memory_hotplug.c: mhp_supports_memmap_on_memory(), mhp_init_memmap_on_memory(), v6.12",
  strength: "exact",
  drift: "changes with hotplug only",
  needs: ["layout", "kpageflags"],
  find: (snapshot) => {
    const layout = given(snapshot.layout);
    const tally = read(snapshot.frames);
    const off = snapshot.files.settings.memmapOnMemory === "N";
    const marked = layout.blocks.map(() => 0);
    for (const [index, { block }] of layout.segments.entries()) if (block !== null) marked[block] = (marked[block] ?? 0) + tally.count(index, FrameKind.SelfHosted);
    const evidence: Evidence[] = [];
    for (const [index, { block }] of layout.blocks.entries()) {
      const run = tally.selfHosted[index] ?? 0;
      const all = marked[index] ?? 0;
      if (all === 0) continue;
      const say = (was: string, is: string): number => evidence.push({ where: `block ${block}`, was, is });
      if (off) say("no self-hosted memmap, memmap_on_memory is N", `${all} frames of one`);
      else if (snapshot.boot[index] === true) say("no self-hosted memmap, the block is from boot", `${all} frames of one`);
      else if (all !== run) say("self-hosted memmap at its start only", `${run} frames there and ${all - run} elsewhere`);
      else if (run % pageblockPages(given(snapshot.geometry)) !== 0 || run === layout.blockPages) say("whole pageblocks of self-hosted memmap, and frames left", `${run} frames`);
    }
    return found(evidence.slice(0, mostEvidence));
  },
};

export const flagChecks: readonly CrossCheck[] = [noPageOffline, pageInOnlineRam, movableIsMovable, holesAreNotUsed, wordsMakeSense, poisonIsCounted, onlyPagesAreMapped, hostsItself];

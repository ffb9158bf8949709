/**
 * Owners: each frame in use has one, and the lists of owners agree with the frames.
 */
import { FrameUse, toPfn } from "../../models/index.ts";
import type { View } from "../../models/index.ts";
import { allocationOfRow, freeBlockOfRow, pcpOfRow, rowsOf, sectionsByNumber } from "../derived.ts";
import { FrameEvidence, allocationName, blockOfFrames, maxEvidence, sectionName, useName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Invariant } from "../rule.ts";

const oneOwner: Invariant = {
  id: "PG-02",
  title: "no frame is in a free block, on a per-CPU list or of an allocation twice",
  source: "mm/page_alloc.c: __free_one_page(), free_unref_page_commit(), v6.12; two owners overwrite each other's data",
  needs: ["frames", "freeBlocks", "pcp", "allocations"],
  unless: [],
  find: (view) => {
    const rows = rowsOf(view);
    const free = freeBlockOfRow(view);
    const pcp = pcpOfRow(view);
    const allocated = allocationOfRow(view);
    const found = new FrameEvidence();
    for (let row = 0; row < rows.count; row++) {
      const owners = (free[row] !== 0 ? 1 : 0) + (pcp[row] !== 0 ? 1 : 0) + (allocated[row] !== 0 ? 1 : 0);
      if (owners < 2) continue;
      const is = [free[row] !== 0 ? "free" : "", pcp[row] !== 0 ? "on a per-CPU list" : "", allocated[row] !== 0 ? `of ${allocationName(given(view.allocations)[(allocated[row] ?? 0) - 1])}` : ""];
      found.add(rows.pfn(row), "one owner", is.filter((part) => part !== "").join(" and "));
    }
    const list = given(view.freeBlocks);
    for (const [index, { pfn, order }] of list.entries()) {
      const next = list[index + 1];
      if (next !== undefined && next.pfn < pfn + 2 ** order && next.pfn !== pfn) found.add(next.pfn, "one owner", "in two free blocks", blockOfFrames(pfn, order));
    }
    return found.found;
  },
};

/** Frames whose use says one thing and the list of owners another. */
function judgeUse(view: View, use: FrameUse, covered: readonly number[], owner: string): readonly Evidence[] {
  const table = given(view.frames).use;
  const rows = rowsOf(view);
  const found = new FrameEvidence();
  for (let row = 0; row < rows.count; row++) {
    if ((table[row] === use) === (covered[row] !== 0)) continue;
    found.add(rows.pfn(row), covered[row] !== 0 ? useName(use) : `${useName(use)}, so ${owner}`, covered[row] !== 0 ? `${useName(table[row])}, though ${owner}` : "in none");
  }
  return found.found;
}

const freeIsListed: Invariant = {
  id: "FC-11",
  title: "the free frames are those of the blocks on the free lists",
  source: "mm/page_alloc.c: __add_to_free_list(), __del_page_from_free_list(), v6.12",
  needs: ["freeBlocks", "frames.use"],
  unless: [],
  find: (view) => judgeUse(view, FrameUse.Free, freeBlockOfRow(view), "in a block on a free list"),
};

const pcpIsListed: Invariant = {
  id: "FC-12",
  title: "the per-CPU frames are those of the entries of the per-CPU lists",
  source: "mm/page_alloc.c: free_unref_page_commit(), v6.12",
  needs: ["pcp", "frames.use"],
  unless: [],
  find: (view) => judgeUse(view, FrameUse.Pcp, pcpOfRow(view), "in an entry of a per-CPU list"),
};

const allocatedIsOwned: Invariant = {
  id: "FC-13",
  title: "the allocated frames are those of the allocations",
  source: "mm/page_alloc.c: prep_new_page(), free_pages_prepare(), v6.12",
  needs: ["allocations", "frames.use"],
  unless: [],
  find: (view) => judgeUse(view, FrameUse.Allocated, allocationOfRow(view), "of an allocation"),
};

const offlineIsUnused: Invariant = {
  id: "HP-59",
  title: "no frame of memory that is offline or absent is free, on a per-CPU list or of an allocation",
  source: "mm/memory_hotplug.c: offline_pages(), v6.12; such a frame would be used after its memory is gone",
  needs: ["sections", "freeBlocks", "pcp", "allocations"],
  unless: [],
  find: (view) => {
    const found: Evidence[] = [];
    for (const { pfn, order } of given(view.freeBlocks)) if (!isOnline(view, pfn, 2 ** order)) found.push(...unused(view, pfn, 2 ** order, "in a free block"));
    for (const { pfn, order } of given(view.pcp)) if (!isOnline(view, pfn, 2 ** order)) found.push(...unused(view, pfn, 2 ** order, "on a per-CPU list"));
    for (const allocation of given(view.allocations)) {
      for (const { start, nrPages } of allocation.ranges) if (!isOnline(view, start, nrPages)) found.push(...unused(view, start, nrPages, `of ${allocationName(allocation)}`));
    }
    return found.slice(0, maxEvidence);
  },
};

/** Whether all sections of the range are online. */
function isOnline(view: View, start: number, nrPages: number): boolean {
  const { sectionPages } = view.geometry;
  const sections = sectionsByNumber(view);
  for (let number = Math.floor(start / sectionPages); number * sectionPages < start + nrPages; number++) if (sections.get(number)?.online !== true) return false;
  return true;
}

/** Evidence for each part of the range whose section is not online. */
function unused(view: View, start: number, nrPages: number, is: string): readonly Evidence[] {
  const { sectionPages } = view.geometry;
  const found: Evidence[] = [];
  for (let number = Math.floor(start / sectionPages); number * sectionPages < start + nrPages; number++) {
    const section = sectionsByNumber(view).get(number);
    if (section?.online === true) continue;
    const first = Math.max(start, number * sectionPages);
    found.push({ pfn: toPfn(first), nrPages: Math.min(start + nrPages, (number + 1) * sectionPages) - first, was: `unused, ${sectionName(number)} is ${section?.present === true ? "offline" : "absent"}`, is });
  }
  return found;
}

export const ownerInvariants: readonly Invariant[] = [oneOwner, freeIsListed, pcpIsListed, allocatedIsOwned, offlineIsUnused];

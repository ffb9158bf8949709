/**
 * Counters of free frames: recomputed from the free lists, and from the frames and pageblocks themselves.
 */
import { FrameUse, NONE } from "../../models/index.ts";
import type { View } from "../../models/index.ts";
import { cmaCode, isolateCode, typeOfRow } from "../derived.ts";
import { recount, zoneName } from "../evidence.ts";
import { filled, given, perView } from "../per-view.ts";
import type { Evidence, Invariant } from "../rule.ts";

/** Free frames of each zone. */
interface ListSums {
  /** Those that can be allocated: on lists other than Isolate, or outside isolated pageblocks. */
  readonly usable: readonly number[];
  readonly cma: readonly number[];
}

const listSums: (view: View) => ListSums = perView((view) => {
  const usable = filled(given(view.zones).length, 0);
  const cma = filled(usable.length, 0);
  for (const { order, zone, type } of given(view.freeBlocks)) {
    if (type !== "Isolate") usable[zone] = (usable[zone] ?? 0) + 2 ** order;
    if (type === "CMA") cma[zone] = (cma[zone] ?? 0) + 2 ** order;
  }
  return { usable, cma };
});

const freeBlocksCounted: Invariant = {
  id: "PG-09",
  title: "nr_free of each order is the number of free blocks of that order, isolated ones included",
  source: "mm/page_alloc.c: __add_to_free_list(), __del_page_from_free_list(), v6.12",
  needs: ["zones.nrFreeBlocks", "freeBlocks"],
  unless: [],
  find: (view) => {
    const zones = given(view.zones);
    const orders = view.geometry.maxPageOrder + 1;
    const counted = filled(zones.length * orders, 0);
    for (const { order, zone } of given(view.freeBlocks)) if (order < orders) counted[zone * orders + order] = (counted[zone * orders + order] ?? 0) + 1;
    const found: Evidence[] = [];
    for (const [index, { nrFreeBlocks = [] }] of zones.entries()) {
      for (let order = 0; order < Math.max(orders, nrFreeBlocks.length); order++) {
        const was = order < orders ? (counted[index * orders + order] ?? 0) : 0;
        if ((nrFreeBlocks[order] ?? 0) !== was) found.push({ where: `${zoneName(view, index)}, order ${order}`, was: `${was} free blocks`, is: `${nrFreeBlocks[order] ?? 0}` });
      }
    }
    return found;
  },
};

const freePagesCounted: Invariant = {
  id: "PG-10",
  title: "NR_FREE_PAGES is the number of frames on free lists other than Isolate",
  source: "mm/page_alloc.c: account_freepages(), v6.12; the watermark test believes it",
  needs: ["zones.nrFree", "freeBlocks"],
  unless: ["KD-1"],
  find: (view) => recount(view, (index) => listSums(view).usable[index] ?? 0, ({ nrFree }) => nrFree, "free frames"),
};

const freeCmaCounted: Invariant = {
  id: "PG-11",
  title: "NR_FREE_CMA_PAGES is the number of frames on CMA lists",
  source: "mm/page_alloc.c: account_freepages(), v6.12",
  needs: ["zones.nrFreeCma", "freeBlocks"],
  unless: ["KD-1"],
  find: (view) => recount(view, (index) => listSums(view).cma[index] ?? 0, ({ nrFreeCma }) => nrFreeCma, "free CMA frames"),
};

/** Free frames of each zone: those outside isolated pageblocks, and those in CMA pageblocks. */
const freeByType: (view: View) => ListSums = perView((view) => {
  const { use, zone } = given(view.frames);
  const types = typeOfRow(view);
  const usable = filled(given(view.zones).length, 0);
  const cma = filled(usable.length, 0);
  for (let row = 0; row < use.length; row++) {
    const index = zone[row] ?? NONE;
    if (use[row] !== FrameUse.Free || index >= usable.length) continue;
    if (types[row] !== isolateCode) usable[index] = (usable[index] ?? 0) + 1;
    if (types[row] === cmaCode) cma[index] = (cma[index] ?? 0) + 1;
  }
  return { usable, cma };
});

const isolatedNotCounted: Invariant = {
  id: "PG-24",
  title: "NR_FREE_PAGES counts the free frames of pageblocks that are not isolated, and no others",
  source: "mm/page_alloc.c: move_freepages_block_isolate(), v6.12; isolated frames look allocatable otherwise",
  needs: ["zones.nrFree", "pageblocks", "frames.use", "frames.zone"],
  unless: ["KD-1"],
  find: (view) => recount(view, (index) => freeByType(view).usable[index] ?? 0, ({ nrFree }) => nrFree, "free frames outside isolated pageblocks"),
};

const cmaWithinFree: Invariant = {
  id: "FC-15",
  title: "NR_FREE_CMA_PAGES is at most NR_FREE_PAGES, which is at most managed",
  source: "mm/page_alloc.c: account_freepages(), v6.12",
  needs: ["zones.nrFree", "zones.nrFreeCma"],
  unless: ["KD-1"],
  find: (view) => {
    const found: Evidence[] = [];
    for (const [index, { nrFree = 0, nrFreeCma = 0, managed }] of given(view.zones).entries()) {
      if (nrFreeCma > nrFree || nrFree > managed) found.push({ where: zoneName(view, index), was: "free CMA <= free <= managed", is: `${nrFreeCma}, ${nrFree}, ${managed}` });
    }
    return found;
  },
};

const freeCmaOfPageblocks: Invariant = {
  id: "FC-16",
  title: "NR_FREE_CMA_PAGES counts the free frames of CMA pageblocks, and no others",
  source: "mm/page_alloc.c: account_freepages(), v6.12; the watermark test of a request that may not use CMA subtracts it",
  needs: ["zones.nrFreeCma", "pageblocks", "frames.use", "frames.zone"],
  unless: ["KD-1"],
  find: (view) => recount(view, (index) => freeByType(view).cma[index] ?? 0, ({ nrFreeCma }) => nrFreeCma, "free frames of CMA pageblocks"),
};

export const freeCounterInvariants: readonly Invariant[] = [freeBlocksCounted, freePagesCounted, freeCmaCounted, isolatedNotCounted, cmaWithinFree, freeCmaOfPageblocks];

/**
 * Free blocks and per-CPU entries: shape, lists, merging.
 */
import { FrameFlag, NONE, hex, pageblockPages } from "../../models/index.ts";
import type { FreeBlockView, Migratetype, View } from "../../models/index.ts";
import { freeBlockOfRow, pageblockTypes, rowsOf, zoneAt } from "../derived.ts";
import { FrameEvidence, maxEvidence, zoneName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Invariant } from "../rule.ts";

interface Fault {
  readonly was: string;
  readonly is: string;
}

/** One line of evidence for each block of a list that the judgement finds fault with. */
function judgeList(view: View, list: readonly FreeBlockView[], judge: (block: FreeBlockView, index: number) => Fault | undefined): readonly Evidence[] {
  const found: Evidence[] = [];
  for (let index = 0; index < list.length && found.length < maxEvidence; index++) {
    const block = list[index];
    const fault = block === undefined ? undefined : judge(block, index);
    if (block !== undefined && fault !== undefined) found.push({ pfn: block.pfn, nrPages: 2 ** block.order, where: `order ${block.order} ${block.type}, ${zoneName(view, block.zone)}`, ...fault });
  }
  return found;
}

const freeBlockShape: Invariant = {
  id: "PG-03",
  title: "a free block has an order up to the largest, is aligned to it, and lies online in one zone",
  source: "mm/page_alloc.c: __free_one_page(), bad_range(), v6.12",
  needs: ["zones", "freeBlocks", "frames.flags", "frames.zone"],
  unless: [],
  find: (view) => {
    const { flags, zone: link } = given(view.frames);
    const { maxPageOrder } = view.geometry;
    const rows = rowsOf(view);
    return judgeList(view, given(view.freeBlocks), ({ pfn, order, zone }) => {
      if (order < 0 || order > maxPageOrder) return { was: `an order from 0 to ${maxPageOrder}`, is: `${order}` };
      if (pfn % 2 ** order !== 0) return { was: `a multiple of ${2 ** order}`, is: hex(pfn) };
      const first = rows.of(pfn);
      if (first < 0 || rows.of(pfn + 2 ** order - 1) < 0) return undefined;
      for (let row = first; row < first + 2 ** order; row++) {
        if (((flags[row] ?? 0) & FrameFlag.Online) === 0) return { was: "online", is: `frame ${hex(rows.pfn(row))} is not` };
        if (link[row] !== zone) return { was: zoneName(view, zone), is: `frame ${hex(rows.pfn(row))} is of ${zoneName(view, link[row])}` };
      }
      return undefined;
    });
  },
};

const onlyHeadsHaveOrder: Invariant = {
  id: "PG-04",
  title: "the first frame of each free block carries its order, and no other frame carries one",
  source: "mm/page_alloc.c: set_buddy_order(), __del_page_from_free_list(), v6.12: PageBuddy",
  needs: ["freeBlocks", "frames.order"],
  unless: [],
  find: (view) => {
    const { order } = given(view.frames);
    const rows = rowsOf(view);
    const list = given(view.freeBlocks);
    const found = new FrameEvidence();
    let heads = 0;
    for (const block of list) {
      const row = rows.of(block.pfn);
      if (row < 0) continue;
      heads++;
      if (order[row] !== block.order) found.add(block.pfn, `order ${block.order}`, order[row] === NONE ? "no order" : `order ${order[row]}`, "first frame of a free block");
    }
    let marked = 0;
    for (let row = 0; row < rows.count; row++) if (order[row] !== NONE) marked++;
    if (marked === heads && found.found.length === 0) return [];
    const covered = freeBlockOfRow(view);
    for (let row = 0; row < rows.count; row++) {
      if (order[row] !== NONE && list[(covered[row] ?? 0) - 1]?.pfn !== rows.pfn(row)) found.add(rows.pfn(row), "no order", `order ${order[row]}`, "not the first frame of a free block");
    }
    return found.found;
  },
};

const onOneList: Invariant = {
  id: "PG-05",
  title: "each free block is on one list only",
  source: "mm/page_alloc.c: __add_to_free_list(), v6.12",
  needs: ["freeBlocks"],
  unless: [],
  find: (view) => {
    let before = -1;
    return judgeList(view, given(view.freeBlocks), ({ pfn }) => {
      const fault = pfn > before ? undefined : { was: `listed once, in order, after ${hex(before)}`, is: pfn === before ? "listed twice" : "out of order" };
      before = pfn;
      return fault;
    });
  },
};

const insideSection: Invariant = {
  id: "PG-06",
  title: "no free block crosses the border of a section",
  source: "include/linux/mmzone.h: MAX_PAGE_ORDER against SECTION_SIZE_BITS, v6.12",
  needs: ["freeBlocks"],
  unless: [],
  find: (view) => {
    const { sectionPages } = view.geometry;
    return judgeList(view, given(view.freeBlocks), ({ pfn, order }) => ((pfn % sectionPages) + 2 ** order > sectionPages ? { was: "inside one section", is: "in two" } : undefined));
  },
};

const pcpShape: Invariant = {
  id: "PG-08",
  title: "a per-CPU entry has an order that per-CPU lists take, is aligned, of its zone, listed once, and on a list of type Unmovable, Movable or Reclaimable",
  source: "mm/page_alloc.c: order_to_pindex(), free_unref_page_commit(), v6.12",
  needs: ["pcp", "frames.zone", "frames.order"],
  unless: [],
  find: (view) => {
    const { zone: link, order: heads } = given(view.frames);
    const rows = rowsOf(view);
    const highest = Math.min(3, view.geometry.pageblockOrder);
    let end = 0;
    return judgeList(view, given(view.pcp), ({ pfn, order, zone, type }) => {
      if (order > highest) return { was: `an order up to ${highest}`, is: `${order}` };
      if (pfn % 2 ** order !== 0) return { was: `a multiple of ${2 ** order}`, is: hex(pfn) };
      if (type !== "Unmovable" && type !== "Movable" && type !== "Reclaimable") return { was: "a list of type Unmovable, Movable or Reclaimable", is: type };
      const fault = pfn < end ? { was: "listed once", is: "in two entries" } : undefined;
      end = pfn + 2 ** order;
      const row = rows.of(pfn);
      if (row >= 0 && link[row] !== zone) return { was: zoneName(view, link[row]), is: zoneName(view, zone) };
      if (row >= 0 && heads[row] !== NONE) return { was: "no order in its first frame", is: "marked as a free block" };
      return fault;
    });
  },
};

/** Judges each pageblock that a free block covers, by its type; a pageblock that the view does not have is left out. */
function judgePageblocks(view: View, judge: (list: Migratetype, pageblock: Migratetype) => boolean): readonly Evidence[] {
  const types = pageblockTypes(view);
  const size = pageblockPages(view.geometry);
  return judgeList(view, given(view.freeBlocks), ({ pfn, order, type }) => {
    for (let start = pfn - (pfn % size); start < pfn + 2 ** order; start += size) {
      const pageblock = types.get(start);
      if (pageblock !== undefined && !judge(type, pageblock)) return { was: `list ${pageblock}, as pageblock ${hex(start)}`, is: `list ${type}` };
    }
    return undefined;
  });
}

const listFollowsPageblock: Invariant = {
  id: "PG-15",
  title: "a free block is on the list of the type of every pageblock it covers",
  source: "mm/page_alloc.c: account_freepages(), change_pageblock_range(), v6.12; on another list it is counted wrongly and given to the wrong requests",
  needs: ["freeBlocks", "pageblocks"],
  unless: ["KD-1"],
  find: (view) => judgePageblocks(view, (list, pageblock) => list === pageblock),
};

const isolatedIsOnIsolateList: Invariant = {
  id: "PG-16",
  title: "a free frame is on an Isolate list exactly if its pageblock is isolated",
  source: "mm/page_alloc.c: move_freepages_block_isolate(), v6.12; off that list it can be allocated",
  needs: ["freeBlocks", "pageblocks"],
  unless: ["KD-1"],
  find: (view) => judgePageblocks(view, (list, pageblock) => (list === "Isolate") === (pageblock === "Isolate")),
};

const merged: Invariant = {
  id: "PG-17",
  title: "two free buddies of one zone are merged, unless they cover whole pageblocks and one is isolated, or their types differ and one is CMA or HighAtomic",
  source: "mm/page_alloc.c: __free_one_page(), v6.12; unmerged buddies make large requests fail for no reason",
  needs: ["freeBlocks"],
  unless: ["KD-1", "KD-6"],
  find: (view) => {
    const { maxPageOrder, pageblockOrder } = view.geometry;
    const list = given(view.freeBlocks);
    return judgeList(view, list, ({ pfn, order, zone, type }, index) => {
      const buddy = list[index + 1];
      if (order >= maxPageOrder || (pfn / 2 ** order) % 2 !== 0 || buddy?.pfn !== pfn + 2 ** order || buddy.order !== order || buddy.zone !== zone) return undefined;
      const apart = order >= pageblockOrder && (type === buddy.type ? type === "Isolate" : !mergeable(type) || !mergeable(buddy.type));
      return apart ? undefined : { was: `merged with its buddy ${hex(buddy.pfn)} (${buddy.type})`, is: "two free blocks" };
    });
  },
};

/** Linux migratetype_is_mergeable(), include/linux/mmzone.h, v6.12. */
function mergeable(type: FreeBlockView["type"]): boolean {
  return type === "Unmovable" || type === "Movable" || type === "Reclaimable";
}

const notHalfIsolated: Invariant = {
  id: "PG-18",
  title: "no free block covers an isolated pageblock together with one that is not",
  source: "mm/page_alloc.c: __free_one_page(), v6.12",
  needs: ["freeBlocks", "pageblocks"],
  unless: ["KD-1"],
  find: (view) => {
    const types = pageblockTypes(view);
    const size = pageblockPages(view.geometry);
    return judgeList(view, given(view.freeBlocks), ({ pfn, order }) => {
      let isolated = 0;
      let others = 0;
      for (let start = pfn - (pfn % size); start < pfn + 2 ** order; start += size) {
        const type = types.get(start);
        if (type === "Isolate") isolated++;
        else if (type !== undefined) others++;
      }
      return isolated === 0 || others === 0 ? undefined : { was: "all of its pageblocks isolated or none", is: `${isolated} isolated, ${others} not` };
    });
  },
};

const pcpStaysEmpty: Invariant = {
  id: "PG-22",
  title: "a zone whose per-CPU lists are disabled has no entry on them",
  source: "mm/page_alloc.c: zone_pcp_disable(), v6.12; offline relies on it to keep freed frames from being given out",
  needs: ["pcp", "zones.pcpDisabled"],
  unless: [],
  find: (view) => judgeList(view, given(view.pcp), ({ zone }) => ((zoneAt(view, zone)?.pcpDisabled ?? 0) > 0 ? { was: "free, the lists are disabled", is: "on a per-CPU list" } : undefined)),
};

export const freeListInvariants: readonly Invariant[] = [freeBlockShape, onlyHeadsHaveOrder, onOneList, insideSection, pcpShape, listFollowsPageblock, isolatedIsOnIsolateList, merged, notHalfIsolated, pcpStaysEmpty];

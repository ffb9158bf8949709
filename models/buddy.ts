/**
 * The buddy allocator: free blocks of 2^order frames, split and merged, on lists by order and migratetype.
 *
 * Linux mm/page_alloc.c, v6.12. Where the kernel puts a block on a list does not matter here: lists are sets.
 */
import type { Machine, Zone } from "./machine.ts";
import { frameAt, pageOf, pageblockOf, zoneAt } from "./machine.ts";
import { alignDown, pfnRange, toPfn } from "./pfn.ts";
import type { Order, Pfn, PfnRange } from "./pfn.ts";
import { FrameUse } from "./view.ts";
import type { Migratetype, ZoneIndex } from "./view.ts";

/** Types whose free blocks may merge with one another. Linux `migratetype_is_mergeable()`, include/linux/mmzone.h, v6.12. */
export function isMergeable(type: Migratetype): boolean {
  return type === "Unmovable" || type === "Movable" || type === "Reclaimable";
}

/** The type of the frame's pageblock as the allocator sees it. Linux `get_pfnblock_migratetype()`, mm/page_alloc.c, v6.12. */
export function migratetypeOf(machine: Machine, pfn: Pfn): Migratetype {
  const pageblock = pageblockOf(machine, pfn);
  return pageblock.isolated ? "Isolate" : pageblock.type;
}

/** Linux `account_freepages()`, mm/page_alloc.c, v6.12: isolated frames are not free pages. */
function accountFreepages(zone: Zone, nrPages: number, type: Migratetype): void {
  if (type === "Isolate") return;
  zone.nrFree += nrPages;
  if (type === "CMA") zone.nrFreeCma += nrPages;
  if (type === "HighAtomic") zone.nrFreeHighAtomic += nrPages;
}

function addToFreeList(machine: Machine, zone: Zone, pfn: Pfn, order: Order, type: Migratetype): void {
  pageOf(machine, pfn).order = order;
  for (let n = 0; n < 2 ** order; n++) pageOf(machine, toPfn(pfn + n)).use = FrameUse.Free;
  zone.freeArea[order]?.[type].push(pfn);
}

/** Takes a block off whatever list it is on. Its frames are nobody's until the caller says whose they are. */
function removeFromFreeList(machine: Machine, zone: Zone, pfn: Pfn, order: Order): void {
  const lists = zone.freeArea[order];
  if (lists === undefined) throw new RangeError(`no free area of order ${order}`);
  for (const type of Object.keys(lists) as Migratetype[]) if (lists[type].includes(pfn)) lists[type] = lists[type].filter((head) => head !== pfn);
  pageOf(machine, pfn).order = -1;
  for (let n = 0; n < 2 ** order; n++) pageOf(machine, toPfn(pfn + n)).use = FrameUse.Limbo;
}

/** Linux `del_page_from_free_list()`, mm/page_alloc.c, v6.12. `type` is what the counters take it for. */
export function delPageFromFreeList(machine: Machine, pfn: Pfn, order: Order, type: Migratetype): void {
  const zone = zoneAt(machine, pageOf(machine, pfn).zone);
  removeFromFreeList(machine, zone, pfn, order);
  accountFreepages(zone, -(2 ** order), type);
}

/** Linux `move_to_free_list()`, mm/page_alloc.c, v6.12. */
export function moveToFreeList(machine: Machine, pfn: Pfn, order: Order, from: Migratetype, to: Migratetype): void {
  const zone = zoneAt(machine, pageOf(machine, pfn).zone);
  removeFromFreeList(machine, zone, pfn, order);
  addToFreeList(machine, zone, pfn, order, to);
  accountFreepages(zone, -(2 ** order), from);
  accountFreepages(zone, 2 ** order, to);
}

/** Linux `__find_buddy_pfn()`, mm/internal.h, v6.12. */
function buddyPfn(pfn: Pfn, order: Order): Pfn {
  const size = 2 ** order;
  return toPfn(Math.floor(pfn / size) % 2 === 0 ? pfn + size : pfn - size);
}

/** Linux `find_buddy_page_pfn()` and `page_is_buddy()`, mm/internal.h, v6.12: the buddy, if it is a free or guard block of this order and zone. */
export function findBuddy(machine: Machine, pfn: Pfn, order: Order): Pfn | undefined {
  const buddy = buddyPfn(pfn, order);
  const page = frameAt(machine, buddy);
  return page !== undefined && (page.order === order || page.guard === order) && page.zone === pageOf(machine, pfn).zone ? buddy : undefined;
}

/** Linux `set_page_guard()`, mm/debug_page_alloc.c, v6.12: below the least order a half is put on no list, and is not a free page. */
function setPageGuard(machine: Machine, pfn: Pfn, order: Order): boolean {
  if (order >= (machine.description.guardMinOrder ?? 0)) return false;
  pageOf(machine, pfn).guard = order;
  for (let n = 0; n < 2 ** order; n++) pageOf(machine, toPfn(pfn + n)).use = FrameUse.Guard;
  return true;
}

/** Linux `clear_page_guard()`, mm/debug_page_alloc.c, v6.12. Its frames count again from here on. */
function clearPageGuard(machine: Machine, zone: Zone, pfn: Pfn, order: Order, type: Migratetype): void {
  pageOf(machine, pfn).guard = -1;
  for (let n = 0; n < 2 ** order; n++) pageOf(machine, toPfn(pfn + n)).use = FrameUse.Limbo;
  accountFreepages(zone, 2 ** order, type);
}

/** The half that the guard block around this frame waits for: when it is free, the guard is free too. undefined: no guard block. */
export function guardedHalf(machine: Machine, pfn: Pfn): PfnRange | undefined {
  for (let order = 0; order < (machine.description.guardMinOrder ?? 0); order++) {
    const head = alignDown(pfn, 2 ** order);
    if (frameAt(machine, head)?.guard === order) return pfnRange(buddyPfn(head, order), 2 ** order);
  }
  return undefined;
}

/** Linux `change_pageblock_range()`, mm/page_alloc.c, v6.12. The written type replaces isolation too. */
export function changePageblockRange(machine: Machine, pfn: Pfn, order: Order, type: Migratetype): void {
  for (let start = pfn; start < pfn + 2 ** order; start = toPfn(start + 2 ** machine.description.geometry.pageblockOrder)) Object.assign(pageblockOf(machine, start), { type, isolated: false });
}

/**
 * Linux `__free_one_page()`, mm/page_alloc.c, v6.12: puts a block on the list of `type` and merges it upwards, with free
 * blocks and with guard blocks, which are smaller than a pageblock. From pageblock order on only equal or mergeable types merge, and the freed block's type is written to the absorbed pageblocks.
 */
export function freeOnePage(machine: Machine, start: Pfn, startOrder: Order, type: Migratetype): void {
  const { pageblockOrder, maxPageOrder } = machine.description.geometry;
  const zone = zoneAt(machine, pageOf(machine, start).zone);
  accountFreepages(zone, 2 ** startOrder, type);
  let pfn = start;
  let order = startOrder;
  for (; order < maxPageOrder; order++) {
    const buddy = findBuddy(machine, pfn, order);
    if (buddy === undefined) break;
    if (order >= pageblockOrder) {
      const buddyType = migratetypeOf(machine, buddy);
      if (buddyType !== type && !(isMergeable(buddyType) && isMergeable(type))) break;
      removeFromFreeList(machine, zone, buddy, order);
      if (buddyType !== type) changePageblockRange(machine, buddy, order, type);
    } else if (pageOf(machine, buddy).guard >= 0) {
      clearPageGuard(machine, zone, buddy, order, type);
    } else {
      removeFromFreeList(machine, zone, buddy, order);
    }
    pfn = toPfn(Math.min(pfn, buddy));
  }
  addToFreeList(machine, zone, pfn, order, type);
}

/** Linux `split_large_buddy()`, mm/page_alloc.c, v6.12: frees a block in pieces of at most a pageblock, each with its own type. */
export function splitLargeBuddy(machine: Machine, pfn: Pfn, order: Order): void {
  const piece = Math.min(order, machine.description.geometry.pageblockOrder);
  for (let at = pfn; at < pfn + 2 ** order; at = toPfn(at + 2 ** piece)) freeOnePage(machine, at, piece, migratetypeOf(machine, at));
}

/** Linux `find_large_buddy()`, mm/page_alloc.c, v6.12: the free block that the frame lies in, or undefined. */
export function freeBlockAround(machine: Machine, pfn: Pfn): { readonly pfn: Pfn; readonly order: Order } | undefined {
  for (let order = 0; order <= machine.description.geometry.maxPageOrder; order++) {
    const head = alignDown(pfn, 2 ** order);
    const page = frameAt(machine, head);
    if (page !== undefined && page.order >= 0) return head + 2 ** page.order > pfn ? { pfn: head, order: page.order } : undefined;
  }
  return undefined;
}

/** The free blocks that start in the range, ascending. */
export function freeBlocksIn(machine: Machine, range: PfnRange): readonly { readonly pfn: Pfn; readonly order: Order }[] {
  const blocks: { pfn: Pfn; order: Order }[] = [];
  for (let pfn = range.start; pfn < range.start + range.nrPages; ) {
    const order = frameAt(machine, pfn)?.order ?? -1;
    if (order >= 0) blocks.push({ pfn, order });
    pfn = toPfn(pfn + (order >= 0 ? 2 ** order : 1));
  }
  return blocks;
}

/**
 * Takes 2^low frames at `wanted` out of a free block and puts the rest back on the list of `type`, or makes it guard blocks. Linux `expand()`,
 * mm/page_alloc.c, v6.12, always takes the lowest frames; which are taken makes no other difference.
 */
export function takeFromBlock(machine: Machine, block: { readonly pfn: Pfn; readonly order: Order }, wanted: Pfn, low: Order, from: Migratetype, type: Migratetype): void {
  delPageFromFreeList(machine, block.pfn, block.order, from);
  const zone = zoneAt(machine, pageOf(machine, block.pfn).zone);
  let pfn = block.pfn;
  for (let order = block.order - 1; order >= low; order--) {
    const upper = toPfn(pfn + 2 ** order);
    const rest = wanted >= upper ? pfn : upper;
    pfn = wanted >= upper ? upper : pfn;
    if (setPageGuard(machine, rest, order)) continue;
    addToFreeList(machine, zone, rest, order, type);
    accountFreepages(zone, 2 ** order, type);
  }
}

/** The types of the lists, in the kernel's order. */
export const listTypes: readonly Migratetype[] = ["Unmovable", "Movable", "Reclaimable", "HighAtomic", "CMA", "Isolate"];

export function emptyFreeArea(maxPageOrder: Order): Record<Migratetype, Pfn[]>[] {
  return Array.from({ length: maxPageOrder + 1 }, () => ({ Unmovable: [], Movable: [], Reclaimable: [], HighAtomic: [], CMA: [], Isolate: [] }));
}

/** Which list of the zone a free block is on. */
export function listOf(machine: Machine, zone: ZoneIndex, block: { readonly pfn: Pfn; readonly order: Order }): Migratetype | undefined {
  return listTypes.find((type) => zoneAt(machine, zone).freeArea[block.order]?.[type].includes(block.pfn) === true);
}

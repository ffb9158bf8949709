/**
 * Isolation of pageblocks: start, undo, test, and who owns which.
 *
 * Linux mm/page_isolation.c, v6.12. Linux keeps no owner; the contract does, because undoing somebody else's isolation is how
 * frames that are being offlined get allocated (KD-2).
 */
import { delPageFromFreeList, findBuddy, freeBlockAround, freeBlocksIn, freeOnePage, migratetypeOf, moveToFreeList, splitLargeBuddy } from "./buddy.ts";
import type { IsolationMode } from "./command.ts";
import type { Isolation, Machine } from "./machine.ts";
import { allocationAt, frameAt, framesOf, pageblockAt, pageblockOf, pageblocksOf, pageOf, permits, someFrame, zoneAt } from "./machine.ts";
import { isCompound, hasUnmovablePages } from "./unmovable.ts";
import { maxOrderChunk, pageblockInZone } from "./page-alloc.ts";
import { alignDown, alignUp, pfnAdd, pfnRange, rangeEnd, toPfn } from "./pfn.ts";
import type { Order, Pfn, PfnRange } from "./pfn.ts";
import { pfnToOnlinePage } from "./sparsemem.ts";
import type { SwitchId } from "./profile.ts";
import { FrameUse } from "./view.ts";
import type { Migratetype } from "./view.ts";

/** The type that undoing writes, where it does not restore. */
function requestType(mode: IsolationMode): Migratetype {
  return mode === "cma" ? "CMA" : "Movable";
}

/** KD-4 for everyone but an offline operation, which is EX-7. */
function typeLoss({ owner, mode }: Isolation): SwitchId {
  return mode === "offline" && "task" in owner ? "EX-7" : "KD-4";
}

/** Changes the type of one pageblock and the lists of its free blocks: Linux `move_freepages_block_isolate()`, mm/page_alloc.c, v6.12. */
function moveFreepagesBlockIsolate(machine: Machine, start: Pfn, change: () => void): void {
  const { pageblockOrder } = machine.description.geometry;
  const block = freeBlockAround(machine, start);
  if (block !== undefined && block.order > pageblockOrder) {
    delPageFromFreeList(machine, block.pfn, block.order, migratetypeOf(machine, block.pfn));
    change();
    splitLargeBuddy(machine, block.pfn, block.order);
    return;
  }
  const from = migratetypeOf(machine, start);
  const blocks = freeBlocksIn(machine, pfnRange(start, 2 ** pageblockOrder));
  change();
  const to = migratetypeOf(machine, start);
  for (const { pfn, order } of blocks) moveToFreeList(machine, pfn, order, from, to);
}

/** Linux `set_migratetype_isolate()`. The reason it could not, or undefined. */
function setMigratetypeIsolate(machine: Machine, owner: Isolation, start: Pfn): string | undefined {
  const size = 2 ** machine.description.geometry.pageblockOrder;
  const pageblock = pageblockAt(machine, start);
  if (pageblock === undefined) return "no-pageblock";
  if (pageblock.isolated) return "isolated-already";
  if (hasUnmovablePages(machine, start, owner.mode) !== undefined) return "unmovable-page";
  const zone = zoneAt(machine, pageOf(machine, firstLinked(machine, start)).zone);
  if (!pageblockInZone(zone, start, size)) return "pageblock-leaves-zone";
  moveFreepagesBlockIsolate(machine, start, () => {
    pageblock.isolated = true;
  });
  zone.nrIsolatePageblock += 1;
  owner.pageblocks.push(start);
  return undefined;
}

/** A page of the pageblock that links to a zone: the first. */
function firstLinked(machine: Machine, start: Pfn): Pfn {
  const frames = [...framesOf(pfnRange(start, 2 ** machine.description.geometry.pageblockOrder))];
  return frames.find((pfn) => (frameAt(machine, pfn)?.zone ?? -1) >= 0) ?? start;
}

/**
 * Linux `unset_migratetype_isolate()`. `written`: the type of the request where it is not the pageblock's own that comes
 * back. A free block of at least a pageblock is freed again so that it merges; KD-1 does that to larger ones whole.
 * `undoing`: the pageblocks that the caller undoes, so that those are repaired before anyone looks.
 */
function unsetMigratetypeIsolate(machine: Machine, start: Pfn, written: Migratetype | undefined, undoing: readonly Pfn[]): void {
  const { pageblockOrder, maxPageOrder } = machine.description.geometry;
  const pageblock = pageblockOf(machine, start);
  const zone = zoneAt(machine, pageOf(machine, start).zone);
  const change = (): void => {
    pageblock.isolated = false;
    if (written !== undefined) pageblock.type = written;
  };
  const order = pageOf(machine, start).order;
  const buddy = order >= pageblockOrder && order < maxPageOrder ? findBuddy(machine, start, order) : undefined;
  if (buddy !== undefined && migratetypeOf(machine, buddy) !== "Isolate" && putsBackWhole(machine, start, order, undoing)) {
    delPageFromFreeList(machine, start, order, "Isolate");
    change();
    freeOnePage(machine, start, order, pageblock.type);
  } else {
    moveFreepagesBlockIsolate(machine, start, change);
  }
  zone.nrIsolatePageblock -= 1;
}

/** The difference of KD-1 lasts only where a pageblock of the block stays isolated after the caller is done. */
function putsBackWhole(machine: Machine, start: Pfn, order: Order, undoing: readonly Pfn[]): boolean {
  if (order === machine.description.geometry.pageblockOrder) return true;
  const stays = pageblocksOf(machine, pfnRange(start, 2 ** order)).some((other) => !undoing.includes(other));
  return stays ? permits(machine, "KD-1") : machine.profile.on.includes("KD-1");
}

/** Why a range could not be isolated. */
export interface IsolationFailure {
  readonly kind: string;
  readonly pfn: Pfn;
}

/**
 * Linux `start_isolate_page_range()`: first pageblock, last pageblock, then those between. A failure undoes what this
 * call isolated.
 */
export function startIsolatePageRange(machine: Machine, range: PfnRange, owner: Isolation): IsolationFailure | undefined {
  const starts = pageblocksOf(machine, range);
  const first = starts[0];
  const last = starts.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const end = pfnAdd(last, 2 ** machine.description.geometry.pageblockOrder);
  const failed =
    isolateSinglePageblock(machine, owner, first, { skip: false, border: first }) ??
    isolateSinglePageblock(machine, owner, last, { skip: last === first, border: end }) ??
    firstFailure(starts.slice(1, -1), (start) => setMigratetypeIsolate(machine, owner, start));
  if (failed !== undefined) undoAll(machine, owner);
  owner.pageblocks.sort((a, b) => a - b);
  return failed;
}

function firstFailure(starts: readonly Pfn[], isolate: (start: Pfn) => string | undefined): IsolationFailure | undefined {
  for (const pfn of starts) {
    const kind = isolate(pfn);
    if (kind !== undefined) return { kind, pfn };
  }
  return undefined;
}

/** Everything this owner has isolated comes back, ascending. */
function undoAll(machine: Machine, owner: Isolation): void {
  const starts = owner.pageblocks.toSorted((a, b) => a - b);
  for (const start of starts) undoPageblock(machine, start, owner, starts);
  owner.pageblocks = [];
}

/**
 * Linux `isolate_single_pageblock()`: isolates a border pageblock and looks for a compound page across the outer border.
 * hugetlb may cross; free blocks can not any more. Before the range it looks from the largest-order chunk of the border
 * on, so a page that crosses where that chunk begins is not seen.
 */
function isolateSinglePageblock(machine: Machine, owner: Isolation, start: Pfn, { skip, border }: { readonly skip: boolean; readonly border: Pfn }): IsolationFailure | undefined {
  if (!skip) {
    const kind = setMigratetypeIsolate(machine, owner, start);
    if (kind !== undefined) return { kind, pfn: start };
  }
  const before = border === start;
  const outside = before ? toPfn(border - 1) : border;
  if (outside < 0 || pfnToOnlinePage(machine, outside) === undefined) return undefined;
  if (before && border === maxOrderChunk(machine, border)) return undefined;
  const allocation = allocationAt(machine, border);
  if (allocation === undefined || !isCompound(allocation) || allocation !== allocationAt(machine, toPfn(border - 1))) return undefined;
  if (allocation.kind === "hugetlb" || allocation.kind === "hugetlb-fixed") return undefined;
  if (!skip) {
    undoPageblock(machine, start, owner, [start]);
    owner.pageblocks = owner.pageblocks.filter((other) => other !== start);
  }
  return { kind: "compound-across-border", pfn: border };
}

function undoPageblock(machine: Machine, start: Pfn, owner: Isolation, undoing: readonly Pfn[]): void {
  const type = requestType(owner.mode);
  const lossy = pageblockOf(machine, start).type !== type && permits(machine, typeLoss(owner));
  unsetMigratetypeIsolate(machine, start, lossy ? type : undefined, undoing);
}

/**
 * Linux `undo_isolate_page_range()`: pageblocks of the range that are online and isolated. Without KD-2 only those that
 * this owner took. They leave the owner's book.
 */
export function undoIsolatePageRange(machine: Machine, range: PfnRange, owner: Isolation): void {
  const size = 2 ** machine.description.geometry.pageblockOrder;
  const starts = pageblocksOf(machine, range);
  for (const start of starts) {
    const online = someFrame(pfnRange(start, size), (pfn) => pfnToOnlinePage(machine, pfn) !== undefined);
    if (!online || pageblockAt(machine, start)?.isolated !== true) continue;
    if (owner.pageblocks.includes(start) || permits(machine, "KD-2")) undoPageblock(machine, start, owner, starts);
  }
  owner.pageblocks = owner.pageblocks.filter((start) => !starts.includes(start));
}

/** Linux `test_pages_isolated()`: the first thing that is not isolated and free, or undefined. */
export function testPagesIsolated(machine: Machine, range: PfnRange, mode: IsolationMode): IsolationFailure | undefined {
  const size = 2 ** machine.description.geometry.pageblockOrder;
  const end = rangeEnd(range);
  for (let pfn = range.start; pfn < end; pfn = pfnAdd(pfn, size)) {
    if (pageblockAt(machine, pfn)?.isolated !== true) return { kind: "not-isolated", pfn };
  }
  if (!someFrame(range, (pfn) => pfnToOnlinePage(machine, pfn) !== undefined)) return { kind: "not-isolated", pfn: range.start };
  for (let pfn = range.start; pfn < end; ) {
    const page = frameAt(machine, pfn);
    if (page === undefined) return { kind: "page-in-use", pfn };
    if (page.order >= 0) pfn = pfnAdd(pfn, 2 ** page.order);
    else if (mode === "offline" && (page.poisoned || page.use === FrameUse.PageOfflineDropped)) pfn = pfnAdd(pfn, 1);
    else return { kind: "page-in-use", pfn };
  }
  return undefined;
}

/** The range rounded outwards to pageblocks. */
export function pageblockHull(machine: Machine, range: PfnRange): PfnRange {
  const size = 2 ** machine.description.geometry.pageblockOrder;
  const start = alignDown(range.start, size);
  return pfnRange(start, alignUp(rangeEnd(range), size) - start);
}

/**
 * Compaction: the movable pages of one zone go to the free frames behind them.
 *
 * Linux `compact_zone()`, mm/compaction.c, v6.12, as a write to compact_memory has it: the whole zone, synchronous, no order
 * wished for, no hints of what to skip. Two scanners walk the pageblocks, one upwards for pages that move, one downwards
 * for free frames, until they meet. How far it gets nobody promises: it may stop at any time. What it moves, and where to, has rules.
 */
import { delPageFromFreeList, freeBlockAround, freeOnePage, migratetypeOf } from "./buddy.ts";
import { Inadmissible } from "./choices.ts";
import type { Choices } from "./choices.ts";
import type { Allocation, Machine } from "./machine.ts";
import { everyFrame, framesOf, pageblockStart, zoneAt } from "./machine.ts";
import { isMigratable, leave } from "./migration.ts";
import type { Grant, Move } from "./outcome.ts";
import { freePages } from "./pcp.ts";
import { hex, isAligned, pfnRange, toPfn } from "./pfn.ts";
import type { Order, Pfn } from "./pfn.ts";
import { pfnToOnlinePage } from "./sparsemem.ts";
import { FrameUse } from "./view.ts";
import type { ZoneIndex } from "./view.ts";
import { zoneEnd, zoneSpans } from "./zone.ts";

/** The moves, as they were told, or as the scanners make them. */
export function compactZone(machine: Machine, zone: ZoneIndex, choices: Choices): readonly Move[] {
  if (choices.kind === "alone") return compactAlone(machine, zone);
  const moves: Move[] = [];
  for (let move = choices.moved.shift(); move !== undefined; move = choices.moved.shift()) {
    const allocation = machine.allocations[move.id];
    const known = moves.some(({ id }) => id === move?.id);
    if (known || allocation?.pfn !== move.from || !isCompactable(machine, zone, allocation)) {
      throw new Inadmissible("move-allowed", `a${move.id} was moved from ${hex(move.from)}, but it is not a page there of this zone that can move and has not moved yet`, "pages of the zone that can move, each once", [move.from]);
    }
    const refusal = cannotReceive(machine, zone, allocation, move.to);
    if (refusal !== undefined) throw new Inadmissible(refusal.clause, `a${move.id} was moved from ${hex(move.from)} to ${hex(move.to.pfn)}, but ${refusal.because}`, "free frames of the zone, in a pageblock behind that is Movable or CMA and in use in part", [move.to.pfn]);
    moves.push(moveTo(machine, allocation, move.to.pfn));
  }
  return moves;
}

/** Every frame is of the zone and inside its span. */
function isOfZone(machine: Machine, zone: ZoneIndex, pfn: Pfn, order: Order): boolean {
  return everyFrame(pfnRange(pfn, 2 ** order), (at) => pfnToOnlinePage(machine, at)?.zone === zone && zoneSpans(zoneAt(machine, zone), at));
}

/** Linux `isolate_migratepages_block()`, without order: pages smaller than a pageblock, hugetlb never. */
function isCompactable(machine: Machine, zone: ZoneIndex, allocation: Allocation): boolean {
  const order = allocation.order ?? 0;
  return isMigratable(machine, allocation) && allocation.kind !== "hugetlb" && order < machine.description.geometry.pageblockOrder && isOfZone(machine, zone, allocation.pfn, order);
}

interface NotThere {
  readonly clause: string;
  readonly because: string;
}

/** Why the frames may not take the page. Linux `isolate_freepages()`, `suitable_migration_target()`. */
function cannotReceive(machine: Machine, zone: ZoneIndex, allocation: Allocation, to: Grant): NotThere | undefined {
  const order = allocation.order ?? 0;
  if (to.order !== order || !isAligned(to.pfn, 2 ** order)) return { clause: "grant-aligned", because: `that is not an aligned block of order ${order}` };
  if (!everyFrame(pfnRange(to.pfn, 2 ** order), (at) => pfnToOnlinePage(machine, at)?.use === FrameUse.Free)) return { clause: "grant-free", because: "not all of the frames there are free" };
  if (!isOfZone(machine, zone, to.pfn, order)) return { clause: "grant-zone", because: "that is not in the zone that is compacted" };
  if (to.retyped !== undefined) return { clause: "grant-retype", because: "a move inside a zone retypes nothing" };
  const block = freeBlockAround(machine, to.pfn);
  if (block === undefined || block.order < order) return { clause: "grant-aligned", because: "the free frames there are not one block" };
  if (block.order >= machine.description.geometry.pageblockOrder) return { clause: "move-allowed", because: "the whole pageblock there is free" };
  const type = migratetypeOf(machine, to.pfn);
  if (type === "Isolate") return { clause: "grant-not-isolated", because: "the pageblock there is isolated" };
  if (type !== "Movable" && type !== "CMA") return { clause: "grant-type", because: `the pageblock there is ${type}` };
  return pageblockStart(machine, to.pfn) > pageblockStart(machine, allocation.pfn) ? undefined : { clause: "move-allowed", because: "that is not in a pageblock behind it" };
}

/** The free block leaves its list, the page goes in, and what is left of the block is freed again. Linux `compaction_alloc()`, `release_free_list()`. */
function moveTo(machine: Machine, allocation: Allocation, pfn: Pfn): Move {
  const order = allocation.order ?? 0;
  const block = freeBlockAround(machine, pfn);
  if (block === undefined) throw new Error(`${hex(pfn)} lies in no free block`);
  const type = migratetypeOf(machine, pfn);
  delPageFromFreeList(machine, block.pfn, block.order, type);
  const from = leave(machine, allocation, { pfn, order });
  let part = block.pfn;
  for (let size = block.order - 1; size >= order; size--) {
    const upper = toPfn(part + 2 ** size);
    freeOnePage(machine, pfn >= upper ? part : upper, size, type);
    part = pfn >= upper ? upper : part;
  }
  freePages(machine, from, order, false);
  return { id: allocation.id, from, to: { pfn, order } };
}

/** Alone: page after page in ascending order, each to the first block that will do in the last pageblock that has one. */
function compactAlone(machine: Machine, zone: ZoneIndex): readonly Move[] {
  const pages = Object.values(machine.allocations)
    .filter((allocation) => isCompactable(machine, zone, allocation) && isScanned(machine, zone, allocation.pfn))
    .toSorted((a, b) => a.pfn - b.pfn);
  const moves: Move[] = [];
  for (const page of pages) {
    const target = lastTarget(machine, zone, page);
    if (target !== undefined) moves.push(moveTo(machine, page, target));
  }
  return moves;
}

/** Linux `pageblock_pfn_to_page()`: the part of the pageblock behind the zone's start begins and ends in the zone. */
function isScanned(machine: Machine, zone: ZoneIndex, pfn: Pfn): boolean {
  const start = pageblockStart(machine, pfn);
  const first = toPfn(Math.max(start, zoneAt(machine, zone).start));
  const last = toPfn(start + 2 ** machine.description.geometry.pageblockOrder - 1);
  return pfnToOnlinePage(machine, first)?.zone === zone && pfnToOnlinePage(machine, last)?.zone === zone;
}

function lastTarget(machine: Machine, zone: ZoneIndex, page: Allocation): Pfn | undefined {
  const size = 2 ** machine.description.geometry.pageblockOrder;
  const end = zoneEnd(zoneAt(machine, zone));
  const order = page.order ?? 0;
  for (let start = pageblockStart(machine, toPfn(end - 1)); start > page.pfn; start = toPfn(start - size)) {
    if (pfnToOnlinePage(machine, start)?.zone !== zone) continue;
    const found = [...framesOf(pfnRange(start, Math.min(size, end - start)))].find((pfn) => cannotReceive(machine, zone, page, { pfn, order }) === undefined);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What can be said of an allocation that a view shows. */
import { pageKindTraits, pfnRange, rangeEnd, toPfn } from "../../models/index.ts";
import type { AllocationView, PageKind, Pfn, PfnRange } from "../../models/index.ts";

/** The first frame that an allocation has, or undefined for one that has none left. */
export function firstFrame(allocation: AllocationView): Pfn | undefined {
  return allocation.ranges[0]?.start;
}

export function lastFrame(allocation: AllocationView): Pfn | undefined {
  const last = allocation.ranges.at(-1);
  return last === undefined ? undefined : toPfn(rangeEnd(last) - 1);
}

/** The kind of a page that `alloc` gave; undefined for contiguous and CMA allocations. */
export function pageKind(allocation: AllocationView): PageKind | undefined {
  return allocation.kind === "contig" || allocation.kind === "cma" ? undefined : allocation.kind;
}

/** `free` may be asked for it. */
export function isFreeable(allocation: AllocationView): boolean {
  return !allocation.freed && allocation.inflated !== true && allocation.kind !== "contig" && allocation.kind !== "cma";
}

/** Its pages can be migrated right now. */
export function isMovableNow(allocation: AllocationView): boolean {
  const kind = pageKind(allocation);
  return kind !== undefined && pageKindTraits[kind].movable && allocation.holds === 0 && allocation.pins === 0 && allocation.longTermPins === 0 && !allocation.lruIsolated && !allocation.freed;
}

/** It is free in a pool of huge pages. */
export function isFreeHugePage({ pool, freed, holds, pins, longTermPins }: AllocationView): boolean {
  return pool === true && freed && holds + pins + longTermPins === 0;
}

/** Its kind lives on the LRU. */
export function isLru(allocation: AllocationView): boolean {
  const kind = pageKind(allocation);
  return kind !== undefined && pageKindTraits[kind].lru;
}

/** A batch of the LRU refers to it. */
export function isInBatch({ lruBatch = "none" }: AllocationView): boolean {
  return lruBatch !== "none";
}

/** A batch of the LRU may take it. */
export function isBatchable(allocation: AllocationView): boolean {
  return isLru(allocation) && allocation.order === 0 && !allocation.freed && !isInBatch(allocation);
}

/** It is mapped into a process, so that it can be pinned. */
export function isMapped(allocation: AllocationView): boolean {
  const kind = pageKind(allocation);
  return kind !== undefined && pageKindTraits[kind].mapped && !allocation.freed;
}

/** From its first frame to its last, for ranges that have to hold it. */
export function spanOf(allocation: AllocationView): PfnRange | undefined {
  const first = firstFrame(allocation);
  const last = lastFrame(allocation);
  return first === undefined || last === undefined ? undefined : pfnRange(first, last + 1 - first);
}

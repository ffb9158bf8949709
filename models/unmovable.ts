/**
 * The unmovable-page check: may everything in this pageblock stay while it is isolated?
 *
 * Linux `has_unmovable_pages()`, mm/page_isolation.c, v6.12. It asks whether pages could be moved in principle; that a pin or
 * an extra reference stops the move is found out later. In zone Movable it accepts nearly everything unseen.
 */
import { migratetypeOf } from "./buddy.ts";
import type { IsolationMode } from "./command.ts";
import type { Allocation, Machine } from "./machine.ts";
import { allocationAt, findFrame, frameAt, pageblockStart, zoneAt } from "./machine.ts";
import { pageKindTraits } from "./page-kind.ts";
import { pfnRange } from "./pfn.ts";
import type { Pfn } from "./pfn.ts";
import { isOnLruOrDriverMovable } from "./page-alloc.ts";
import { FrameUse } from "./view.ts";

/** The first frame of the pageblock that may not stay, or undefined. */
export function hasUnmovablePages(machine: Machine, start: Pfn, mode: IsolationMode): Pfn | undefined {
  const pageblock = pfnRange(pageblockStart(machine, start), 2 ** machine.description.geometry.pageblockOrder);
  if (migratetypeOf(machine, pageblock.start) === "CMA") return mode === "cma" ? undefined : pageblock.start;
  // Linux takes the zone of the first page for that of all.
  const zone = frameAt(machine, pageblock.start)?.zone ?? -1;
  const inMovable = zone >= 0 && zoneAt(machine, zone).type === "Movable";
  return findFrame(pageblock, (pfn) => !mayStay(machine, pfn, mode, inMovable));
}

/** PageReserved: boot memory that never reached the buddy, holes, device pages; and frames without a page. */
function isReserved(machine: Machine, pfn: Pfn): boolean {
  const use = frameAt(machine, pfn)?.use ?? FrameUse.Absent;
  return use === FrameUse.Reserved || use === FrameUse.Hole || use === FrameUse.Device || use === FrameUse.Absent;
}

function mayStay(machine: Machine, pfn: Pfn, mode: IsolationMode, inMovable: boolean): boolean {
  if (isReserved(machine, pfn)) return false;
  const page = frameAt(machine, pfn);
  if (page === undefined) return false;
  if (inMovable) return true;
  const allocation = allocationAt(machine, pfn);
  if (allocation?.kind === "hugetlb") return true;
  if (allocation?.kind === "hugetlb-fixed") return false;
  if (allocation !== undefined && isCompound(allocation)) return isOnLruOrDriverMovable(machine, pfn);
  if (referenceCountIsZero(machine, pfn)) return true;
  if (mode === "offline" && page.poisoned) return true;
  if (mode === "offline" && page.use === FrameUse.PageOffline) return true;
  return isOnLruOrDriverMovable(machine, pfn);
}

/** The frames are one page to the kernel: from order 1 on, for kinds that ask for it. */
export function isCompound(allocation: Allocation): boolean {
  if (allocation.kind === "contig" || allocation.kind === "cma") return allocation.compound && (allocation.order ?? 0) > 0;
  return pageKindTraits[allocation.kind].compound && (allocation.order ?? 0) > 0;
}

/** page_count() is 0: free in whatever way, a guard page, or a frame behind the first of a high-order block that is not compound. */
function referenceCountIsZero(machine: Machine, pfn: Pfn): boolean {
  const page = frameAt(machine, pfn);
  if (page === undefined) return true;
  switch (page.use) {
    case FrameUse.Free:
    case FrameUse.Pcp:
    case FrameUse.Guard:
    case FrameUse.Limbo:
    case FrameUse.PageOfflineDropped:
      return true;
    case FrameUse.Poisoned:
      return !page.referenced;
    case FrameUse.Memmap:
      return false;
    case FrameUse.Allocated: {
      const allocation = allocationAt(machine, pfn);
      return allocation !== undefined && allocation.kind !== "contig" && allocation.kind !== "cma" && !isCompound(allocation) && pfn !== allocation.pfn;
    }
    default:
      return false;
  }
}

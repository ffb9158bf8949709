/** Historic bugs of contiguous allocation. */
import { ContigSearch } from "../engine/contig-search.ts";
import { Contig } from "../engine/contig.ts";
import type { ContigOp } from "../engine/contig.ts";
import { FrameCode } from "../engine/layout.ts";
import { shippedParts } from "../engine/parts.ts";
import type { Mutant } from "./mutant.ts";

class MisfitLost extends Contig {
  protected override loseOrGiveBack(start: number, end: number): void {
    this.m.frames.fillCodes(start, end, FrameCode.Limbo);
  }
}

export const misfitLost: Mutant = {
  id: "B52",
  title: "mm/contig_alloc: fix alloc_contig_range when __GFP_COMP and order < MAX_ORDER",
  effect: "a compound request inside a larger free block fails after it has taken that block, and never gives it back",
  machine: "tiny",
  parts: { ...shippedParts, Contig: MisfitLost },
};

class ValidIsEnough extends ContigSearch {
  protected override firstUnusable(start: number, end: number): number {
    let pfn = start;
    while (pfn < end && this.m.sections.pfnValid(pfn)) pfn++;
    return pfn;
  }
}

export const offlineCandidate: Mutant = {
  id: "B53",
  title: "hugetlbfs: don't access uninitialized memmaps in pfn_range_valid_gigantic()",
  effect: "a search for contiguous pages takes frames that are offline for candidates, because they have a page",
  machine: "tiny-wide",
  parts: { ...shippedParts, ContigSearch: ValidIsEnough },
};

class SkipsFromTail extends Contig {
  /** Behind a hugetlb page that was reached at a tail, as many frames are passed over as it has before the range. */
  override movable(op: ContigOp): readonly number[] {
    const { allocations } = this.m;
    const first = this.m.frames.slotOf(op.start);
    const slots = super.movable(op);
    if (first < 0 || !allocations.kind(first).isHugetlb) return slots;
    const behind = allocations.head(first) + allocations.nrPages(first);
    const next = op.start + allocations.nrPages(first);
    return slots.filter((slot) => allocations.head(slot) < behind || allocations.head(slot) >= next);
  }
}

export const skipFromTail: Mutant = {
  id: "B58",
  title: "mm/compaction: fix low_pfn advance on isolating hugetlb",
  effect: "from a tail of a hugetlb page the scan goes on by the size of the whole page, and does not move the pages right behind it",
  machine: "tiny-34",
  parts: { ...shippedParts, Contig: SkipsFromTail },
};

/** Historic bugs of huge pages that are free in their pool. */
import { Hugetlb } from "../engine/hugetlb.ts";
import { shippedParts } from "../engine/parts.ts";
import { Poison } from "../engine/poison.ts";
import type { Mutant } from "./mutant.ts";

class DissolvesPromised extends Hugetlb {
  protected override hasUnpromised(): boolean {
    return true;
  }
}

export const promisedDissolved: Mutant = {
  id: "B79",
  title: "mm/hugetlb: check for reserved hugepages during memory offline",
  effect: "free huge pages that were promised are dissolved where memory goes offline, and more are promised than are free",
  machine: "tiny-huge",
  parts: { ...shippedParts, Hugetlb: DissolvesPromised },
};

class LargestStep extends Hugetlb {
  protected override stepOrder(): number {
    return Math.max(...this.pools.map(({ order }) => order));
  }
}

export const largestStep: Mutant = {
  id: "B83",
  title: "mm/hugetlb: introduce minimum hugepage order",
  effect: "free huge pages are looked for in steps of a larger size, so that a smaller one between two steps is not dissolved and keeps its block online",
  machine: "tiny-huge",
  parts: { ...shippedParts, Hugetlb: LargestStep },
};

class FlagOfTheHead extends Poison {
  protected override isMarked(pfn: number): boolean {
    const slot = this.m.frames.slotOf(pfn);
    return super.isMarked(slot < 0 ? pfn : this.m.allocations.head(slot));
  }
}

export const flagOfHead: Mutant = {
  id: "B74",
  title: "mm/memory-failure: fix hardware poison check in unpoison_memory()",
  effect: "unpoisoning a frame asks whether the first frame of its page is bad: a good frame is counted off, or a bad one is taken for good",
  machine: "tiny-huge",
  parts: { ...shippedParts, Poison: FlagOfTheHead },
};

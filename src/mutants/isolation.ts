/** Historic bugs of isolating pageblocks. */
import type { IsolationMode } from "../../models/index.ts";
import { Isolation } from "../engine/isolation.ts";
import type { Book } from "../engine/isolation.ts";
import { shippedParts } from "../engine/parts.ts";
import type { Section } from "../engine/section.ts";
import { Unmovable } from "../engine/unmovable.ts";
import type { Mutant } from "./mutant.ts";

class BothEnds extends Isolation {
  protected override isolateLast(pageblock: number, _isFirst: boolean, book: Book): boolean {
    return super.isolateLast(pageblock, false, book);
  }
}

export const samePageblock: Mutant = {
  id: "B44",
  title: "mm: page-isolation: skip isolated pageblock in start_isolate_page_range()",
  effect: "the first and the last pageblock of a range are isolated one after the other even if they are the same, which is busy then",
  machine: "tiny",
  parts: { ...shippedParts, Isolation: BothEnds },
};

class CmaForAll extends Unmovable {
  protected override passesCma(): boolean {
    return true;
  }
}

export const cmaForAll: Mutant = {
  id: "B54",
  title: "mm: distinguish CMA and MOVABLE isolation in has_unmovable_pages()",
  effect: "a CMA pageblock can be isolated for any purpose, whatever its area has given out",
  machine: "tiny-equal",
  parts: { ...shippedParts, Unmovable: CmaForAll },
};

class ZoneOfCursor extends Isolation {
  /** The zone whose lock is needed for the second pass is that of the frame at which the first one has stopped. */
  override test(start: number, nrPages: number, mode: IsolationMode): ReturnType<Isolation["test"]> {
    const reason = super.test(start, nrPages, mode);
    const { pageblockPages } = this.m.sizes;
    if (reason !== "not-isolated") this.m.frames.zone(start + Math.ceil(nrPages / pageblockPages) * pageblockPages);
    return reason;
  }
}

export const zoneOfCursor: Mutant = {
  id: "B05",
  title: "memory hotplug: fix page_zone() calculation in test_pages_isolated()",
  effect: "the zone of an isolated range is read from the frame behind it, and where memory ends there is none",
  machine: "tiny",
  parts: { ...shippedParts, Isolation: ZoneOfCursor },
};

class AnyHugetlb extends Unmovable {
  protected override checkAllocated(section: Section, offset: number, head: number, behind: number, mode: IsolationMode): number {
    const { isHugetlb } = this.m.allocations.kind(this.m.allocations.slotAt(section.start + head));
    return isHugetlb ? this.behindFolio(offset, head, behind) : super.checkAllocated(section, offset, head, behind, mode);
  }
}

export const fixedHugetlb: Mutant = {
  id: "B82",
  title: "mm/hugetlb: filter out hugetlb pages if HUGEPAGE migration is not supported",
  effect: "hugetlb pages of a size that can not be migrated pass for movable, so that their pageblocks are isolated and can never be emptied",
  machine: "tiny",
  parts: { ...shippedParts, Unmovable: AnyHugetlb },
};

/** Historic bugs of the buddy allocator: merging, claiming, counting, per-CPU lists. */
import { Buddy } from "../engine/buddy.ts";
import { Fallback } from "../engine/fallback.ts";
import { Type } from "../engine/layout.ts";
import { Pageblocks } from "../engine/pageblocks.ts";
import { shippedParts } from "../engine/parts.ts";
import { Pcp } from "../engine/pcp.ts";
import type { Section } from "../engine/section.ts";
import { zoneAt } from "../engine/section.ts";
import type { Zone } from "../engine/zone.ts";
import type { Mutant } from "./mutant.ts";

class IsolatedMerges extends Buddy {
  protected override absorb(section: Section, buddy: number, order: number, type: number): boolean {
    const isolated = type === Type.Isolate || this.pageblocks.typeAt(section, buddy) === Type.Isolate;
    return isolated || super.absorb(section, buddy, order, type);
  }
}

export const isolatedMerge: Mutant = {
  id: "B41",
  title: "mm/page_alloc: prevent merging between isolated and other pageblocks",
  effect: "a free block of pageblock order or more merges with its buddy although one of them is isolated and the other is not",
  machine: "tiny",
  parts: { ...shippedParts, Buddy: IsolatedMerges },
};

class TypeOfEntry extends Pcp {
  protected override drainType(_section: Section, _offset: number, listType: number): number {
    return listType;
  }
}

export const typeOfEntry: Mutant = {
  id: "B42",
  title: "mm: page_alloc: fix CMA and HIGHATOMIC landing on the wrong buddy list",
  effect: "a per-CPU entry is drained to the list of the type that its pageblock had when the entry came, isolated since or not",
  machine: "tiny-equal",
  parts: { ...shippedParts, Pcp: TypeOfEntry },
};

class CutAtCursor extends Fallback {
  /** A pageblock that begins before its zone is claimed all the same, from the block that was found on. */
  override claimablePageblock(section: Section, offset: number, zone: Zone): number {
    const start = super.claimablePageblock(section, offset, zone);
    return start < 0 && zone.spans(section.start + this.pageblockEnd(offset) - 1) ? offset : start;
  }
}

export const moveRange: Mutant = {
  id: "B45",
  title: "mm: page_alloc: fix move_freepages_block() range error",
  effect: "a pageblock that begins before its zone is claimed, and what is free in it before the block that was found stays on the old list",
  machine: "tiny-equal",
  parts: { ...shippedParts, Fallback: CutAtCursor },
};

class FirstPageblockRetyped extends Buddy {
  protected override retypeAbsorbed(section: Section, buddy: number, _order: number, type: number): void {
    this.pageblocks.setType(section, buddy, type);
  }
}

export const retypeAll: Mutant = {
  id: "B46",
  title: "mm/page_alloc: change all pageblocks migrate type on coalescing",
  effect: "of a merged buddy of several pageblocks only the first gets the type of the list that the block goes to",
  machine: "tiny",
  parts: { ...shippedParts, Buddy: FirstPageblockRetyped },
};

class CountedFromZone extends Pageblocks {
  protected override indexOf(section: Section, offset: number): number {
    const zone = this.m.zones.all[zoneAt(section, offset)];
    const skew = zone === undefined ? 0 : zone.start % this.m.sizes.pageblockPages;
    return super.indexOf(section, Math.max(0, offset - skew));
  }
}

export const bitIndex: Mutant = {
  id: "B50",
  title: "mm: use aligned zone start for pfn_to_bitidx calculation",
  effect: "pageblocks are counted from the first frame of the zone, so that two of them share an entry where the zone begins inside one",
  machine: "tiny",
  parts: { ...shippedParts, Pageblocks: CountedFromZone },
};

class IsolatedIsFree extends Buddy {
  protected override countsAsFree(): boolean {
    return true;
  }
}

export const isolatedCounts: Mutant = {
  id: "B65",
  title: "cma: fix counting of isolated pages",
  effect: "free frames of isolated pageblocks count in NR_FREE_PAGES, and watermarks pass where nothing can be allocated",
  machine: "tiny",
  parts: { ...shippedParts, Buddy: IsolatedIsFree },
};

class GuardsUncounted extends Buddy {
  protected override clearGuard(frames: Uint8Array, guard: number): void {
    frames[guard] = 0;
  }
}

export const guardsUncounted: Mutant = {
  id: "B47",
  title: "mm/page_alloc: count guard pages as free again when their buddy merges",
  effect: "a guard block that merges with the half beside it is not counted as free again, so that the free count falls with every split and merge",
  machine: "tiny-guard",
  parts: { ...shippedParts, Buddy: GuardsUncounted },
};

/** Historic bugs of compaction: scanners that leave their zone. */
import { Compaction } from "../engine/compaction.ts";
import type { Scan } from "../engine/compaction.ts";
import { shippedParts } from "../engine/parts.ts";
import type { Zone } from "../engine/zone.ts";
import type { Mutant } from "./mutant.ts";

class TakesOthersPages extends Compaction {
  protected override sourceScan(_zone: Zone, pageblock: number): Scan {
    return { start: pageblock, end: pageblock + this.m.sizes.pageblockPages };
  }
}

export const overlappingNodes: Mutant = {
  id: "B56",
  title: "mm: compaction: check for overlapping nodes during isolation for migration",
  effect: "compaction takes every page in the span of its zone, those of another node that lie between its own too",
  machine: "tiny-compact",
  parts: { ...shippedParts, Compaction: TakesOthersPages },
};

class WholePageblocks extends Compaction {
  /** The pageblocks at the ends of the zone are searched whole, whoever has the rest of them. */
  protected override targetScan(zone: Zone, pageblock: number): Scan | undefined {
    const end = pageblock + this.m.sizes.pageblockPages;
    return zone.spans(pageblock) === zone.spans(end - 1) ? super.targetScan(zone, pageblock) : { start: pageblock, end };
  }
}

export const wholePageblocks: Mutant = {
  id: "B57",
  title: "mm, compaction: fix fast_isolate_around() to stay within boundaries",
  effect: "the search for free frames takes the pageblocks at the ends of the zone whole, and so frames of the zone beside it",
  machine: "tiny-compact",
  parts: { ...shippedParts, Compaction: WholePageblocks },
};

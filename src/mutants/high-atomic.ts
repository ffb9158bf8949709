/** How much of a zone is kept for requests that can not wait. */
import { HighAtomic } from "../engine/high-atomic.ts";
import { shippedParts } from "../engine/parts.ts";
import type { Zone } from "../engine/zone.ts";
import type { Mutant } from "./mutant.ts";

class OnePageblockAlways extends HighAtomic {
  protected override limit(zone: Zone): number {
    return Math.max(super.limit(zone), this.m.sizes.pageblockPages);
  }
}

export const smallZones: Mutant = {
  id: "B51",
  title: "mm: page_alloc: enforce minimum zone size to do high atomic reserves",
  effect: "a zone of which a pageblock is more than one percent reserves one all the same, and loses much of its free memory to the reserve",
  machine: "tiny-atomic",
  parts: { ...shippedParts, HighAtomic: OnePageblockAlways },
};

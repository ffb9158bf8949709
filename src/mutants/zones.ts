/** Historic bugs of the spans of zones and nodes, and of which zone a block belongs to. */
import { Boot } from "../engine/boot.ts";
import { Offline } from "../engine/offline.ts";
import { shippedParts } from "../engine/parts.ts";
import { Removal } from "../engine/remove.ts";
import type { Refusal } from "../engine/result.ts";
import type { Zone } from "../engine/zone.ts";
import { Zones } from "../engine/zones.ts";
import type { Mutant } from "./mutant.ts";

class EmptyZonesCount extends Zones {
  protected override countsForNodeSpan(): boolean {
    return true;
  }
}

export const nodeSpan: Mutant = {
  id: "B01",
  title: "mm/memory_hotplug: fix updating the node span",
  effect: "a zone that spans nothing counts with its start 0, so that the node spans from frame 0 after an offline",
  machine: "tiny",
  parts: { ...shippedParts, Zones: EmptyZonesCount },
};

class SpanStays extends Offline {
  protected override leaveZone(): void {
    // The zone shrinks when the memory is removed.
  }
}

class SpanGoesOnRemoval extends Removal {
  override tryRemove(start: number, nrPages: number): Refusal | undefined {
    const left = this.m.blocks.between(start, nrPages).map((block) => ({ zone: this.m.zones.ofPfn(block.start), start: block.start }));
    const refusal = super.tryRemove(start, nrPages);
    for (const { zone, start: first } of left) if (refusal === undefined && zone !== undefined) this.m.zones.removeRange(zone, first, this.m.sizes.blockPages);
    return refusal;
  }
}

export const shrinkAtOffline: Mutant = {
  id: "B02",
  title: "mm/memory_hotplug: shrink zones when offlining memory",
  effect: "a zone spans memory that has gone offline until it is removed, and then the zone that shrinks is the one that the first frame still links to",
  machine: "tiny",
  parts: { ...shippedParts, Offline: SpanStays, Removal: SpanGoesOnRemoval },
};

class FirstSectionUnseen extends Boot {
  protected override zoneOfBlock(node: number, start: number): Zone | null {
    const { blockPages, sectionPages } = this.m.sizes;
    const found = this.m.zones.ofNode(node).filter((zone) => zone.isPopulated && zone.intersects(start + sectionPages, blockPages - sectionPages));
    return found.length === 1 ? (found[0] ?? null) : null;
  }
}

export const firstSection: Mutant = {
  id: "B04",
  title: "mm/memory_hotplug.c: check start_pfn in test_pages_in_a_zone()",
  effect: "the first section of a block is not looked at, so that a block with a zone border in it passes for one of a single zone",
  machine: "tiny-equal",
  parts: { ...shippedParts, Boot: FirstSectionUnseen },
};

class ScanPastTheEnd extends Boot {
  /** Page by page from the first that the zone spans, and on to the end of the block wherever the zone ends. */
  protected override zoneOfBlock(node: number, start: number): Zone | null {
    const zone = super.zoneOfBlock(node, start);
    if (zone === null) return null;
    for (let pfn = Math.max(start, zone.start); pfn < start + this.m.sizes.blockPages; pfn++) {
      if (this.m.zones.ofPfn(pfn) !== zone) return null;
    }
    return zone;
  }
}

export const zoneEnd: Mutant = {
  id: "B03",
  title: "mm, memory_hotplug: test_pages_in_a_zone do not pass the end of zone",
  effect: "the scan for the one zone of a block goes on behind the end of the zone, and what is there instead of pages passes for another zone",
  machine: "tiny-wide",
  parts: { ...shippedParts, Boot: ScanPastTheEnd },
};

/** Historic bugs of device memory. */
import { Devices } from "../engine/devices.ts";
import { noZone } from "../engine/layout.ts";
import { shippedParts } from "../engine/parts.ts";
import type { Zone } from "../engine/zone.ts";
import type { Mutant } from "./mutant.ts";

class StartOnly extends Devices {
  protected override conflicts(start: number): boolean {
    return this.isMapped(start);
  }
}

export const deviceOverlap: Mutant = {
  id: "B85",
  title: "mm: disallow mappings that conflict for devm_memremap_pages()",
  effect: "only the first frame of a device map is looked up, so that one that ends inside a live one is not recognised as a conflict",
  machine: "tiny",
  parts: { ...shippedParts, Devices: StartOnly },
};

class TailsBlank extends Devices {
  /** Of the memmap from boot, which is there in full, only the pages of the first subsection are initialised. */
  protected override movePagesToZone(zone: Zone, start: number, nrPages: number): void {
    super.movePagesToZone(zone, start, nrPages);
    const { sectionPages, subsectionPages } = this.m.sizes;
    for (const section of this.m.sections.table.between(start, start + nrPages)) {
      const first = Math.max(start, section.start) + subsectionPages;
      const behind = Math.min(start + nrPages, section.start + sectionPages);
      if (!section.early || first >= behind) continue;
      this.m.zones.linkPages(section, first, behind - first, noZone);
      this.m.zones.noteSection(section);
    }
  }
}

export const deviceTails: Mutant = {
  id: "B86",
  title: "mm/mm_init: fix uninitialized struct pages for ZONE_DEVICE",
  effect: "a device map in the free part of a boot section initialises the first of its pages only, though the memmap there is not shared",
  machine: "tiny-equal",
  parts: { ...shippedParts, Devices: TailsBlank },
};

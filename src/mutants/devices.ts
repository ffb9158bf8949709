/** Historic bugs of device memory. */
import { Devices } from "../engine/devices.ts";
import type { Device } from "../engine/devices.ts";
import { noZone } from "../engine/layout.ts";
import { shippedParts } from "../engine/parts.ts";
import { Resources } from "../engine/resources.ts";
import type { Resource } from "../engine/resources.ts";
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

class FirstOfRange extends Devices {
  /** Where the driver keeps frames for itself, nobody has initialised the page of the first one. */
  protected override initialisedPage({ start }: Device): number {
    return start;
  }
}

export const firstDevicePage: Mutant = {
  id: "B84",
  title: "mm/memunmap: don't access uninitialized memmap in memunmap_pages()",
  effect: "an unmap takes the zone of a device from the first page of its range, which nobody has initialised where the driver keeps that frame",
  machine: "tiny-device",
  parts: { ...shippedParts, Devices: FirstOfRange },
};

class RootsOnly extends Resources {
  protected override anyRam(entries: readonly Resource[], start: number, end: number): boolean {
    return entries.some((entry) => entry.kind === "ram" && start < entry.end && entry.start < end);
  }
}

export const nestedMemory: Mutant = {
  id: "B26",
  title: "resource: Fix region_intersects() vs add_memory_driver_managed()",
  effect: "memory that was added inside a device window is not found, because the search for System RAM looks at the top of the resource tree only",
  machine: "tiny-device",
  parts: { ...shippedParts, Resources: RootsOnly },
};

class TailsBlank extends Devices {
  /** Of the memmap from boot, which is there in full, only the pages of the first subsection are initialised. */
  protected override movePagesToZone(zone: Zone, start: number, nrPages: number, reserve: number): void {
    super.movePagesToZone(zone, start, nrPages, reserve);
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

/** Historic bugs of sparsemem: which frames have a page, and what is left of a section that has gone. */
import { Online } from "../engine/online.ts";
import { shippedParts } from "../engine/parts.ts";
import type { Section } from "../engine/section.ts";
import { Sections } from "../engine/sections.ts";
import type { Zone } from "../engine/zone.ts";
import type { Mutant } from "./mutant.ts";

class AnyFrameOfSection extends Sections {
  override isOnlineAt(section: Section, offset: number): boolean {
    return section.online && !(section.taint && this.m.devices.isMapped(section.start + offset));
  }
}

export const onlineWithoutPage: Mutant = {
  id: "B24",
  title: "mm/hotplug: invalid PFNs from pfn_to_online_page()",
  effect: "pfn_to_online_page() asks the section and not the frame, and gives pages of subsections that were never added",
  machine: "tiny-equal",
  parts: { ...shippedParts, Sections: AnyFrameOfSection },
};

class DevicesUnseen extends Sections {
  override isOnlineAt(section: Section, offset: number): boolean {
    return section.online && this.isAdded(section, offset);
  }
}

export const deviceCollision: Mutant = {
  id: "B25",
  title: "mm: teach pfn_to_online_page() about ZONE_DEVICE section collisions",
  effect: "in a section that memory and a device share, pfn_to_online_page() takes device frames for memory",
  machine: "tiny-wide",
  parts: { ...shippedParts, Sections: DevicesUnseen },
};

class MemMapFlagStays extends Sections {
  protected override invalidate(section: Section): void {
    super.invalidate(section);
    section.hasMemMap = true;
  }
}

export const memMapFlag: Mutant = {
  id: "B33",
  title: "mm/sparse: fix kernel crash with pfn_section_valid check",
  effect: "a section that was emptied has lost its usage map and still says that it has a memmap",
  machine: "tiny",
  parts: { ...shippedParts, Sections: MemMapFlagStays },
};

class WordNotZero extends Sections {
  protected override clearWord(section: Section): void {
    super.clearWord(section);
    section.present = true;
  }
}

export const sectionWord: Mutant = {
  id: "B35",
  title: "mm/sparse.c: reset section's mem_map when fully deactivated",
  effect: "no memmap is written as a word that is not zero, so that an emptied section still passes for present",
  machine: "tiny",
  parts: { ...shippedParts, Sections: WordNotZero },
};

class FirstNode extends Online {
  protected override linkSection(section: Section, zone: Zone): void {
    super.linkSection(section, this.m.zones.of(0, zone.type));
  }
}

export const sectionNode: Mutant = {
  id: "B37",
  title: "mm/sparse: set section nid for hot-add memory",
  effect: "the section of memory that is added does not know its node, so that its pages are those of a zone of node 0",
  machine: "tiny",
  parts: { ...shippedParts, Online: FirstNode },
};

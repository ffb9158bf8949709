/** Historic bugs of the memory map at boot. */
import { Boot } from "../engine/boot.ts";
import type { Part } from "../engine/boot.ts";
import { Type, noZone } from "../engine/layout.ts";
import { shippedParts } from "../engine/parts.ts";
import type { Section } from "../engine/section.ts";
import type { Mutant } from "./mutant.ts";

abstract class UnlinkedFrames extends Boot {
  /** As if the pages of `[start, end)`, in this section, had never been initialised. */
  protected leaveBlank(section: Section, start: number, end: number): void {
    if (start >= end) return;
    section.zones ??= new Uint8Array(this.m.sizes.sectionPages).fill(section.zone);
    section.zones.fill(noZone, start - section.start, end - section.start);
  }
}

class TailBlank extends UnlinkedFrames {
  protected override linkFrames(section: Section, parts: readonly Part[], firstPart: number): void {
    super.linkFrames(section, parts, firstPart);
    this.leaveBlank(section, Math.max(section.start, this.m.totals.maxPfn), section.start + this.m.sizes.sectionPages);
  }
}

export const lastSection: Mutant = {
  id: "B12",
  title: "mm/page_alloc.c: fix uninitialized memmaps on a partially populated last section",
  effect: "the pages behind the end of memory in its last section are never initialised, and link to no zone",
  machine: "tiny-wide",
  parts: { ...shippedParts, Boot: TailBlank },
};

class FirstPageblockTyped extends Boot {
  protected override initTypes(section: Section, parts: readonly Part[]): void {
    super.initTypes(section, parts);
    const { pageblockPages, maxOrderPages, sectionPages } = this.m.sizes;
    for (let offset = 0; offset < sectionPages; offset += pageblockPages) {
      if (offset % maxOrderPages !== 0 && this.m.pageblocks.typeAt(section, offset) === Type.Movable) this.m.pageblocks.setType(section, offset, Type.Unmovable);
    }
  }
}

export const deferredTypes: Mutant = {
  id: "B55",
  title: "mm: fix set pageblock migratetype in deferred struct page init",
  effect: "of the memory that a largest free block is made of at boot, only the first pageblock becomes Movable",
  machine: "tiny-34",
  parts: { ...shippedParts, Boot: FirstPageblockTyped },
};

class JumpLandsInside extends UnlinkedFrames {
  protected override linkFrames(section: Section, parts: readonly Part[], firstPart: number): void {
    super.linkFrames(section, parts, firstPart);
    let before = section.start;
    for (const { start, end } of parts) {
      this.leaveBlank(section, Math.max(before, this.m.pageblocks.startOf(start)), start);
      before = end;
    }
  }
}

export const pageblockStart: Mutant = {
  id: "B92",
  title: "mm/page_alloc: fix memmap_init_zone pageblock alignment",
  effect: "behind a hole the pages are initialised from the first frame of memory on, and not from the start of its pageblock",
  machine: "tiny",
  parts: { ...shippedParts, Boot: JumpLandsInside },
};

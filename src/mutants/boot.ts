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

class MarkIsASection extends Boot {
  protected override *presentSections(): Iterable<number> {
    yield* super.presentSections();
    // The mark is -1, here without its sign.
    yield 0xffff_ffff;
  }
}

export const endMark: Mutant = {
  id: "B40",
  title: "mm/sparse: fix a bad comparison",
  effect: "the mark that ends a walk over the present sections is not recognised without its sign, and a memory block is registered for a section of that number",
  machine: "tiny",
  parts: { ...shippedParts, Boot: MarkIsASection },
};

class OneCursorForAll extends Boot {
  protected override linkFrames(section: Section, parts: readonly Part[], firstPart: number): void {
    super.linkFrames(section, parts, firstPart);
    const zones = new Uint8Array(this.m.sizes.sectionPages).fill(noZone);
    for (const { start, end, zone } of this.#writes()) zones.fill(zone, Math.max(0, start - section.start), Math.max(0, end - section.start));
    section.zones = zones;
  }

  /** What is initialised, in this order: of each zone of each node the memory, what is missing before it, and the rest of its last section. */
  *#writes(): Iterable<{ readonly start: number; readonly end: number; readonly zone: number }> {
    const { sectionPages } = this.m.sizes;
    let cursor = 0;
    for (const [node, { memory }] of this.m.description.nodes.entries()) {
      const parts = memory.flatMap(({ start, nrPages }) => this.partsOf(node, start, start + nrPages));
      for (const zone of this.m.zones.ofNode(node).filter(({ spanned }) => spanned > 0)) {
        for (const { start, end } of parts.filter((part) => part.zone === zone)) {
          yield { start, end, zone: zone.index };
          if (cursor < start) yield { start: cursor, end: start, zone: zone.index };
          cursor = end;
        }
        const sectionEnd = Math.ceil(zone.end / sectionPages) * sectionPages;
        if (cursor < sectionEnd) yield { start: cursor, end: sectionEnd, zone: zone.index };
      }
    }
  }
}

export const holesOfNodes: Mutant = {
  id: "B91",
  title: "mm/page_alloc: fix memory map initialization for descending nodes",
  effect: "holes are looked for node by node with one cursor, so that the rest of a node's last section is linked to it although a node that came earlier begins there",
  machine: "tiny-gaps",
  parts: { ...shippedParts, Boot: OneCursorForAll },
};

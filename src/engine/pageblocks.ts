/** Migratetypes of pageblocks: Linux get_pfnblock_migratetype(), set_pageblock_migratetype(), mm/page_alloc.c, v6.12. */
import { Type, byteAt, orderPages } from "./layout.ts";
import type { Machine } from "./machine.ts";
import type { Section } from "./section.ts";

export class Pageblocks {
  protected readonly m: Machine;
  readonly #order: number;

  constructor(machine: Machine) {
    this.m = machine;
    this.#order = machine.sizes.pageblockOrder;
  }

  /** pfn_to_bitidx(): which pageblock of its section the frame is in. */
  protected indexOf(_section: Section, offset: number): number {
    return offset >>> this.#order;
  }

  typeAt(section: Section, offset: number): number {
    return section.types === null ? section.type : byteAt(section.types, this.indexOf(section, offset));
  }

  typeOf(pfn: number): number | undefined {
    const section = this.m.sections.at(pfn);
    return section === undefined ? undefined : this.typeAt(section, pfn - section.start);
  }

  setType(section: Section, offset: number, type: number): void {
    const index = this.indexOf(section, offset);
    const old = section.types === null ? section.type : byteAt(section.types, index);
    if (old === type) return;
    section.types ??= new Uint8Array(this.m.sizes.sectionPageblocks).fill(section.type);
    section.types[index] = type;
    if (old === Type.Isolate) section.nrIsolated--;
    if (type === Type.Isolate) section.nrIsolated++;
  }

  /** Sets the type of every pageblock of an untouched or not yet online section. */
  setAll(section: Section, type: number): void {
    section.type = type;
    section.types = null;
    section.nrIsolated = type === Type.Isolate ? this.m.sizes.sectionPageblocks : 0;
  }

  /** change_pageblock_range(): the pageblocks of a block of at least pageblock order. Tells those that changed. */
  changeRange(section: Section, offset: number, order: number, type: number, changed: number[] | null): void {
    const end = offset + orderPages(order);
    for (let at = offset; at < end; at += this.m.sizes.pageblockPages) {
      if (changed !== null && this.typeAt(section, at) !== type) changed.push(section.start + at);
      this.setType(section, at, type);
    }
  }

  /** Whether the pageblocks around the range are all of the type, those that are isolated by the type they had. */
  allBelongTo(start: number, nrPages: number, type: number): boolean {
    const around = this.around(start, nrPages);
    for (let pfn = around.start; pfn < around.end; pfn += this.m.sizes.pageblockPages) {
      const section = this.m.sections.at(pfn);
      if (section === undefined) return false;
      const now = this.typeAt(section, pfn - section.start);
      if (now !== type && !(now === Type.Isolate && this.savedTypeAt(section, pfn - section.start) === type)) return false;
    }
    return true;
  }

  /** What an isolated pageblock gets back. */
  savedTypeAt(section: Section, offset: number): number {
    return section.savedTypes === null ? Type.Movable : byteAt(section.savedTypes, this.indexOf(section, offset));
  }

  saveType(section: Section, offset: number): void {
    section.savedTypes ??= new Uint8Array(this.m.sizes.sectionPageblocks).fill(Type.Movable);
    section.savedTypes[this.indexOf(section, offset)] = this.typeAt(section, offset);
  }

  /** The first frame of the pageblock. */
  startOf(pfn: number): number {
    return pfn - (pfn % this.m.sizes.pageblockPages);
  }

  /** The pageblocks around a range: from that of its first frame to behind that of its last. */
  around(start: number, nrPages: number): { readonly start: number; readonly end: number } {
    const end = start + nrPages;
    const { pageblockPages } = this.m.sizes;
    return nrPages < 1 ? { start: this.startOf(start), end: this.startOf(start) } : { start: this.startOf(start), end: Math.ceil(end / pageblockPages) * pageblockPages };
  }
}

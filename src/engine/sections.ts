/**
 * Sparsemem: which frames have a memmap, which are online, and how sections come and go.
 *
 * Linux mm/sparse.c and mm/sparse-vmemmap.c (sparse_add_section(), section_activate(), section_deactivate()),
 * pfn_valid() in include/linux/mmzone.h, pfn_to_online_page() in mm/memory_hotplug.c, v6.12.
 */
import { memmapPages } from "../../models/index.ts";
import type { Altmap } from "./altmap.ts";
import type { Machine } from "./machine.ts";
import { byteAt, noZone } from "./layout.ts";
import { refused } from "./result.ts";
import type { Refusal } from "./result.ts";
import { forgetFrames } from "./section.ts";
import type { MemmapHost, Section } from "./section.ts";
import { SectionTable } from "./section-table.ts";

export class Sections {
  protected readonly m: Machine;
  readonly table: SectionTable;
  /** __highest_present_section_nr: only grows. */
  highestPresent = 0;

  constructor(machine: Machine) {
    this.m = machine;
    this.table = new SectionTable(machine.sizes.sectionPages);
  }

  at(pfn: number): Section | undefined {
    return this.table.at(pfn);
  }

  /** Whether memory was added to the subsection at the offset: pfn_section_valid(). */
  isAdded(section: Section, offset: number): boolean {
    if (section.subsections === null) return section.nrSubsections > 0;
    return byteAt(section.subsections, Math.floor(offset / this.m.sizes.subsectionPages)) === 1;
  }

  /** pfn_valid(): the frame has a page. */
  pfnValid(pfn: number): boolean {
    const section = this.at(pfn);
    return section !== undefined && section.hasMemMap && (section.early || this.isAdded(section, pfn - section.start));
  }

  /** pfn_to_online_page(): the frame has a page that walkers may look at. */
  isOnline(pfn: number): boolean {
    const section = this.at(pfn);
    return section !== undefined && this.isOnlineAt(section, pfn - section.start);
  }

  isOnlineAt(section: Section, offset: number): boolean {
    return section.online && this.isAdded(section, offset) && !(section.taint && this.m.devices.isMapped(section.start + offset));
  }

  /** The first frame of `[start, end)` that is not online; end where all are. */
  firstNotOnline(start: number, end: number): number {
    let pfn = start;
    while (pfn < end) {
      const section = this.at(pfn);
      if (section === undefined || !section.online) return pfn;
      const sectionEnd = section.start + this.m.sizes.sectionPages;
      if (section.subsections === null && section.nrSubsections > 0 && !section.taint) {
        pfn = sectionEnd;
        continue;
      }
      for (const stop = Math.min(sectionEnd, end); pfn < stop; pfn++) {
        if (!this.isOnlineAt(section, pfn - section.start)) return pfn;
      }
    }
    return end;
  }

  /** sparse_add_section(): adds frames of one section, with a memmap. */
  add(pfn: number, nrPages: number, node: number, host: MemmapHost): Refusal | undefined {
    const section = this.table.ensure(Math.floor(pfn / this.m.sizes.sectionPages));
    const ownUsage = section.usage === "none";
    if (ownUsage) {
      if (this.m.faults.fails("usage")) {
        this.#discardIfUnused(section);
        return refused("ENOMEM", "fail-usage", { pfn });
      }
      section.usage = "allocated";
    }
    if (!this.fillSubsectionMap(section, pfn - section.start, nrPages)) {
      if (ownUsage) section.usage = "none";
      this.#discardIfUnused(section);
      return refused("EEXIST", "section-in-use", { pfn });
    }
    if (nrPages === this.m.sizes.sectionPages || !section.early) {
      const chunk = this.m.memmap.populate(pfn, nrPages, node, host);
      if (chunk === undefined) {
        this.deactivate(section, pfn, nrPages, null);
        return refused("ENOMEM", "no-memmap", { pfn });
      }
      section.memmap = [...section.memmap, chunk];
    }
    section.present = true;
    section.hasMemMap = true;
    this.highestPresent = Math.max(this.highestPresent, section.nr);
    return undefined;
  }

  /** sparse_remove_section(): takes frames of one section away again, and their memmap. */
  remove(pfn: number, nrPages: number, altmap: Altmap | null = null): void {
    const section = this.at(pfn);
    if (section === undefined || !section.hasMemMap) return;
    this.deactivate(section, pfn, nrPages, altmap);
  }

  /** section_deactivate(): does nothing where a subsection of the range is missing; Linux warns. */
  protected deactivate(section: Section, pfn: number, nrPages: number, altmap: Altmap | null): void {
    if (!this.clearSubsectionMap(section, pfn - section.start, nrPages)) return;
    const empty = section.nrSubsections === 0;
    if (empty) this.invalidate(section);
    if (!section.early) this.m.memmap.depopulate(section, pfn, nrPages, altmap);
    else if (empty) this.m.memmap.freeBootMemmap(section);
    if (empty) this.clearSection(section);
  }

  /** Before anything else goes: the section has no pages any more. A usage record from boot stays, for whoever comes back. */
  protected invalidate(section: Section): void {
    section.hasMemMap = false;
    if (section.usage === "allocated") section.usage = "none";
  }

  /** The section is as if nobody had ever added it. */
  protected clearSection(section: Section): void {
    this.clearWord(section);
    section.memmap = [];
    section.zone = noZone;
    section.zones = null;
    section.poisoned = null;
    forgetFrames(section);
    this.m.zones.noteSection(section);
    this.#discardIfUnused(section);
  }

  /** section_mem_map becomes 0, flags included. */
  protected clearWord(section: Section): void {
    section.present = false;
    section.online = false;
    section.early = false;
    section.taint = false;
  }

  #discardIfUnused(section: Section): void {
    if (!section.present && !section.hasMemMap && section.usage === "none") this.table.delete(section);
  }

  /** fill_subsection_map(): all bits or none. */
  protected fillSubsectionMap(section: Section, offset: number, nrPages: number): boolean {
    return this.#writeSubsections(section, offset, nrPages, 1);
  }

  /** clear_subsection_map(): all bits or none. */
  protected clearSubsectionMap(section: Section, offset: number, nrPages: number): boolean {
    return this.#writeSubsections(section, offset, nrPages, 0);
  }

  #writeSubsections(section: Section, offset: number, nrPages: number, value: 0 | 1): boolean {
    const { subsectionPages, sectionSubsections } = this.m.sizes;
    const first = offset / subsectionPages;
    const end = first + nrPages / subsectionPages;
    const bits = section.subsections ?? new Uint8Array(sectionSubsections).fill(section.nrSubsections > 0 ? 1 : 0);
    for (let at = first; at < end; at++) {
      if (byteAt(bits, at) === value) return false;
    }
    bits.fill(value, first, end);
    section.nrSubsections += (value === 1 ? 1 : -1) * (end - first);
    section.subsections = section.nrSubsections === 0 || section.nrSubsections === sectionSubsections ? null : bits;
    if (section.online) this.m.zones.noteSection(section);
    return true;
  }

  /** One character a subsection, as the view shows it. */
  showSubsections(section: Section, show: (added: boolean, at: number) => string): string {
    const { subsectionPages, sectionSubsections } = this.m.sizes;
    let text = "";
    for (let at = 0; at < sectionSubsections; at++) text += show(this.isAdded(section, at * subsectionPages), at);
    return text;
  }

  /** Frames of the memmap of n frames. */
  memmapPages(nrPages: number): number {
    return memmapPages(this.m.geometry, nrPages);
  }
}

/** What a frame is and whose: the questions that Linux asks of `struct page`, include/linux/page-flags.h, v6.12. */
import type { ContigAllocation } from "./contig-allocations.ts";
import { AllocFlag, FrameCode, byteAt, freeCode, isAllocated, isFree, isGuard, noZone, orderPages, unitPages } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { broken } from "./result.ts";
import { isPoisoned, zoneAt } from "./section.ts";
import type { Section } from "./section.ts";
import type { Zone } from "./zone.ts";

export class Frames {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  section(pfn: number): Section {
    const section = this.m.sections.at(pfn);
    if (section === undefined) throw broken(`frame ${pfn} has no section`);
    return section;
  }

  zone(pfn: number): Zone {
    const section = this.section(pfn);
    return this.m.zones.at(zoneAt(section, pfn - section.start));
  }

  /** The zone of a range whose frames are all online pages of it, and none hosts a memmap. */
  oneZone(start: number, nrPages: number): Zone | undefined {
    const zone = this.onlineInOneZone(start, nrPages);
    return zone === undefined || this.#touchesHostedMemmap(start, nrPages) ? undefined : zone;
  }

  /** The zone of a range whose frames are all online pages of it. */
  onlineInOneZone(start: number, nrPages: number): Zone | undefined {
    const end = start + nrPages;
    if (nrPages < 1 || this.m.sections.firstNotOnline(start, end) < end) return undefined;
    let found = noZone;
    for (const section of this.m.sections.table.between(start, end)) {
      const first = Math.max(0, start - section.start);
      const behind = section.zones === null ? first + 1 : Math.min(end - section.start, this.m.sizes.sectionPages);
      for (let offset = first; offset < behind; offset++) {
        const zone = zoneAt(section, offset);
        if (found !== noZone && zone !== found) return undefined;
        found = zone;
      }
    }
    return found === noZone ? undefined : this.m.zones.at(found);
  }

  /** Self-hosted memmap is no page that a caller may keep isolated: its block can go off line meanwhile. */
  #touchesHostedMemmap(start: number, nrPages: number): boolean {
    const first = start - (start % this.m.sizes.blockPages);
    return this.m.blocks.between(first, start + nrPages - first).some((block) => block.selfHosted > 0 && start < block.start + block.selfHosted);
  }

  /** Offset of the first frame of the unit that the frame is in. The section is online. */
  headOf(section: Section, offset: number): number {
    const { frames } = section;
    const { maxOrder } = this.m.sizes;
    if (frames === null) return offset - (offset % this.m.sizes.maxOrderPages);
    for (let order = 0; order <= maxOrder; order++) {
      const head = offset - (offset % orderPages(order));
      if (byteAt(frames, head) !== FrameCode.Tail) return head;
    }
    throw broken(`frame ${section.start + offset} is in no unit`);
  }

  /** The code of the unit whose first frame this is. */
  codeAt(section: Section, head: number): number {
    return section.frames === null ? freeCode(this.m.sizes.maxOrder) : byteAt(section.frames, head);
  }

  /** The code of the unit that the frame is in. */
  codeOf(pfn: number): number {
    const section = this.section(pfn);
    return this.codeAt(section, this.headOf(section, pfn - section.start));
  }

  /** Writes the code of a frame that is a unit of its own. */
  setCode(pfn: number, code: number): void {
    const section = this.section(pfn);
    this.m.lists.frames(section)[pfn - section.start] = code;
  }

  /** Calls with each unit of online sections that meets `[start, end)`, ascending: its code, its first frame, and the first frame behind it. */
  forEachUnit(start: number, end: number, call: (code: number, first: number, behind: number) => void): void {
    for (const section of this.m.sections.table.between(start, end)) {
      if (section.online) this.#forEachUnitOf(section, Math.max(start, section.start), Math.min(end, section.start + this.m.sizes.sectionPages), call);
    }
  }

  #forEachUnitOf(section: Section, start: number, end: number, call: (code: number, first: number, behind: number) => void): void {
    let pfn = start;
    while (pfn < end) {
      const head = this.headOf(section, pfn - section.start);
      const code = this.codeAt(section, head);
      const behind = section.start + head + unitPages(code);
      call(code, section.start + head, behind);
      pfn = behind;
    }
  }

  /** Whether the half that a guard block waits for has a unit that is neither free nor of a page that leaves. */
  isGuardKept(guard: number, order: number, leaves: (slot: number) => boolean): boolean {
    const size = orderPages(order);
    const half = guard % (2 * size) === 0 ? guard + size : guard - size;
    let kept = false;
    this.forEachUnit(half, half + size, (code, first) => {
      kept ||= !isFree(code) && !isGuard(code) && !(isAllocated(code) && leaves(this.m.allocations.slotAt(first)));
    });
    return kept;
  }

  /** Writes the code of each frame of `[start, end)`. */
  fillCodes(start: number, end: number, code: number): void {
    for (const section of this.m.sections.table.between(start, end)) {
      this.m.lists.frames(section).fill(code, Math.max(0, start - section.start), Math.min(end - section.start, this.m.sizes.sectionPages));
    }
  }

  /** The slot of the block from the allocator that the frame is in, or -1. */
  slotOf(pfn: number): number {
    const section = this.m.sections.at(pfn);
    if (section === undefined || !section.online || section.frames === null) return -1;
    const head = this.headOf(section, pfn - section.start);
    if (!isAllocated(byteAt(section.frames, head))) return -1;
    return this.m.allocations.slotAt(section.start + head);
  }

  /** The contiguous or CMA allocation that owns the frame. */
  contigOf(pfn: number): ContigAllocation | undefined {
    return this.m.contigs.at(pfn);
  }

  /** PageLRU() of the block's pages. */
  isOnLru(slot: number): boolean {
    return this.m.allocations.kind(slot).traits.lru && !this.m.allocations.has(slot, AllocFlag.LruIsolated | AllocFlag.BatchAdd);
  }

  /** PageLRU() or __PageMovable(): what isolation takes for movable. */
  looksMovable(section: Section, offset: number): boolean {
    const slot = this.slotOf(section.start + offset);
    return slot >= 0 && (this.isOnLru(slot) || this.m.allocations.kind(slot).isDriver);
  }

  isPoisoned(pfn: number): boolean {
    const section = this.m.sections.at(pfn);
    return section !== undefined && isPoisoned(section, pfn - section.start);
  }

  /** Whether a frame of `[start, start + nrPages)` is poisoned. */
  anyPoisoned(start: number, nrPages: number): boolean {
    const section = this.m.sections.at(start);
    if (section === undefined) return false;
    if (section.poisoned !== null) {
      for (const offset of section.poisoned) {
        if (offset >= start - section.start && offset < start - section.start + nrPages) return true;
      }
    }
    const behind = section.start + this.m.sizes.sectionPages;
    return start + nrPages > behind && this.anyPoisoned(behind, start + nrPages - behind);
  }

  setPoisoned(pfn: number): void {
    const section = this.section(pfn);
    section.poisoned ??= new Set();
    section.poisoned.add(pfn - section.start);
  }

  clearPoisoned(pfn: number): void {
    const section = this.section(pfn);
    section.poisoned?.delete(pfn - section.start);
    if (section.poisoned?.size === 0) section.poisoned = null;
  }

  /** Whether a compound page that is not hugetlb has frames on both sides of the border. */
  isCrossed(border: number): boolean {
    const contig = this.contigOf(border);
    if (contig !== undefined) return contig.compound && contig.ranges.some(({ start, end }) => start < border && border < end);
    const slot = this.slotOf(border);
    if (slot < 0 || !this.m.allocations.has(slot, AllocFlag.Compound) || this.m.allocations.kind(slot).isHugetlb) return false;
    return this.m.allocations.head(slot) < border;
  }

}

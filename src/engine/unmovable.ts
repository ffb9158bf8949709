/** What keeps a pageblock from being isolated: Linux has_unmovable_pages(), mm/page_isolation.c, v6.12. */
import type { IsolationMode } from "../../models/index.ts";
import { AllocFlag, FrameCode, Type, isAllocated, isFree, isGuard, isPcp, unitPages } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { isPoisoned, zoneAt } from "./section.ts";
import type { Section } from "./section.ts";

/** Instead of where to go on: the frame stands in the way. */
const fails = -1;

export class Unmovable {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  /** The first frame of the pageblock that stands in the way, or undefined. */
  find(section: Section, start: number, mode: IsolationMode): number | undefined {
    const type = this.m.pageblocks.typeAt(section, start);
    if (type === Type.Cma) return this.passesCma(mode) ? undefined : section.start + start;
    const inMovable = this.m.zones.at(zoneAt(section, start)).isMovable;
    const end = start + this.m.sizes.pageblockPages;
    for (let offset = start; offset < end; ) {
      const behind = this.#check(section, offset, mode, inMovable);
      if (behind === fails) return section.start + offset;
      offset = behind;
    }
    return undefined;
  }

  /** CMA pageblocks are for cma_alloc() alone, which asks nothing more of them. */
  protected passesCma(mode: IsolationMode): boolean {
    return mode === "cma";
  }

  /** Offset of the next frame to look at, or `fails`. */
  #check(section: Section, offset: number, mode: IsolationMode, inMovable: boolean): number {
    const { frames } = this.m;
    const pfn = section.start + offset;
    if (!this.m.sections.isOnlineAt(section, offset)) return fails;
    const head = frames.headOf(section, offset);
    const code = frames.codeAt(section, head);
    const behind = head + unitPages(code);
    if (this.isReserved(code)) return fails;
    if (this.passesInMovable(inMovable)) return offset + 1;
    if (isFree(code) || isGuard(code)) return behind;
    if (isPcp(code)) return offset + 1;
    if (isAllocated(code)) return this.checkAllocated(section, offset, head, behind, mode);
    if (code === FrameCode.Contig && frames.contigOf(pfn)?.compound === true) return fails;
    if (code === FrameCode.PoisonedNoRef || code === FrameCode.PageOfflineDropped || code === FrameCode.Limbo) return offset + 1;
    if (this.passesPoison(mode) && isPoisoned(section, offset)) return offset + 1;
    if (this.passesPageOffline(mode) && (code === FrameCode.PageOffline || code === FrameCode.PageOfflineDrops)) return offset + 1;
    return fails;
  }

  /** PageReserved(): boot allocations and holes. */
  protected isReserved(code: number): boolean {
    return code === FrameCode.Reserved || code === FrameCode.Hole;
  }

  /** Zone Movable is taken at its word: what is not reserved is believed to be movable. */
  protected passesInMovable(inMovable: boolean): boolean {
    return inMovable;
  }

  protected passesPoison(mode: IsolationMode): boolean {
    return mode === "offline";
  }

  protected passesPageOffline(mode: IsolationMode): boolean {
    return mode === "offline";
  }

  /** A frame of a block from the allocator. */
  protected checkAllocated(section: Section, offset: number, head: number, behind: number, mode: IsolationMode): number {
    const slot = this.m.allocations.slotAt(section.start + head);
    const kind = this.m.allocations.kind(slot);
    if (kind.isHugetlb) return kind.traits.movable ? this.behindFolio(offset, head, behind) : fails;
    if (this.m.allocations.has(slot, AllocFlag.Compound)) return this.m.frames.isOnLru(slot) ? this.behindFolio(offset, head, behind) : fails;
    // The tails of a block that is not compound have no reference: they pass, though nobody could move them.
    if (offset !== head) return offset + 1;
    if (this.passesPoison(mode) && isPoisoned(section, offset)) return offset + 1;
    return this.m.frames.isOnLru(slot) || kind.isDriver ? offset + 1 : fails;
  }

  /** Where to go on behind a folio that was reached at `offset`, not necessarily at its head. */
  protected behindFolio(_offset: number, _head: number, behind: number): number {
    return behind;
  }
}

/**
 * Bad frames: Linux memory_failure(), soft_offline_page(), unpoison_memory(), mm/memory-failure.c; take_page_off_buddy(),
 * put_page_back_buddy(), mm/page_alloc.c, v6.12.
 */
import { FrameCode, isAllocated, isFree, isGuard, isPcp, orderOf, orderPages } from "./layout.ts";
import type { Machine } from "./machine.ts";
import type { MemoryBlock } from "./memory-blocks.ts";
import { refused, skipped } from "./result.ts";
import type { Refusal } from "./result.ts";

/** What get_any_page() and its callers tell apart. */
type PageClass = "free" | "hugetlb" | "folio" | "page" | "kernel";

export class Poison {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  /** memory_failure(). */
  poison(pfn: number): Refusal | undefined {
    if (this.holdsMemmap(pfn)) return skipped("memmap-frame", { pfn });
    if (this.m.sections.isOnline(pfn) && isGuard(this.m.frames.codeOf(pfn))) return skipped("guard-page", { pfn });
    if (!this.m.sections.isOnline(pfn)) return refused("ENXIO", "not-online", { pfn });
    const zone = this.m.frames.zone(pfn);
    if (this.m.pcp.isDisabled(zone)) return skipped("pcp-lock", { pfn });
    if (this.isFlagged(pfn)) return this.strikeAgain(pfn);
    const before = this.classOf(pfn);
    if (before !== "hugetlb") this.m.pcp.drain(zone);
    const found = this.classOf(pfn);
    this.count(pfn, 1);
    this.m.frames.setPoisoned(pfn);
    return this.#contain(pfn, this.#shaken(pfn, found));
  }

  /** shake_folio(): batches of the LRU are drained for a page that can not be handled, if it is no slab, and again for one that can. */
  #shaken(pfn: number, found: PageClass): PageClass {
    if (found !== "kernel" && found !== "page") return found;
    if (found === "kernel") this.#shake(pfn);
    const now = this.classOf(pfn);
    if (now === "page") this.m.lruBatches.drain(this.m.frames.slotOf(pfn));
    return now;
  }

  #shake(pfn: number): void {
    const slot = this.m.frames.slotOf(pfn);
    if (slot < 0 || !this.m.allocations.kind(slot).name.startsWith("slab")) this.m.lruBatches.drain();
  }

  /** A frame that is bad already is not counted a second time. */
  protected strikeAgain(pfn: number): Refusal {
    return refused("EHWPOISON", "poisoned-already", { pfn });
  }

  #contain(pfn: number, found: PageClass): Refusal | undefined {
    switch (found) {
      case "free":
        this.takeOff(pfn);
        return undefined;
      case "kernel":
        return refused("EBUSY", "kernel-page", { pfn });
      case "folio":
        return refused("EHWPOISON", "folio-not-split", { pfn });
      case "hugetlb":
        return this.dissolve(pfn);
      case "page":
        return this.#endAllocation(pfn, "stuck");
    }
  }

  /** try_memory_failure_hugetlb(): a page without other users goes back to the buddy, whichever of its frames is bad. */
  protected dissolve(pfn: number): Refusal | undefined {
    return this.#promised(pfn) ?? this.#endAllocation(pfn, "held");
  }

  /** A free page of a pool stays where all free pages are promised. */
  #promised(pfn: number): Refusal | undefined {
    const { hugetlb, frames } = this.m;
    const slot = frames.slotOf(pfn);
    return hugetlb.isFree(slot) && !hugetlb.mayDissolve(slot) ? refused("EBUSY", "promised", { pfn }) : undefined;
  }

  /** The allocation ends; the frame stays away with a reference, the others are freed singly. */
  #endAllocation(pfn: number, reason: string): Refusal | undefined {
    const { allocations } = this.m;
    const slot = this.m.frames.slotOf(pfn);
    const id = allocations.id(slot);
    if (allocations.nrExtraReferences(slot) > 0) return refused("EBUSY", reason, { pfn, id });
    const head = allocations.head(slot);
    const end = head + allocations.nrPages(slot);
    this.m.hugetlb.forget(slot);
    allocations.remove(slot);
    this.keepAndFreeOthers(pfn, head, end);
    return undefined;
  }

  protected keepAndFreeOthers(pfn: number, start: number, end: number): void {
    this.m.frames.setCode(pfn, FrameCode.Poisoned);
    this.m.references.freeSingly(start, pfn, false);
    this.m.references.freeSingly(pfn + 1, end, false);
  }

  /** PG_hwpoison of the frame itself, not of the head of its page. Tested before it is set, so that a second strike is not counted. */
  protected isFlagged(pfn: number): boolean {
    return this.m.frames.isPoisoned(pfn);
  }

  /** Boot memmap, memmap of added memory, or what a block hosts of its own, online or not. */
  protected holdsMemmap(pfn: number): boolean {
    const block = this.m.blocks.at(pfn);
    if (block !== undefined && pfn < block.start + block.selfHosted) return true;
    const section = this.m.sections.at(pfn);
    if (section === undefined || !section.online || section.frames === null) return false;
    const code = this.m.frames.codeAt(section, pfn - section.start);
    return code === FrameCode.Memmap || code === FrameCode.SelfHosted || (code === FrameCode.Reserved && this.m.memmap.isBootMemmap(pfn));
  }

  protected classOf(pfn: number): PageClass {
    const code = this.m.frames.codeOf(pfn);
    if (isFree(code)) return "free";
    if (!isAllocated(code)) return "kernel";
    const slot = this.m.frames.slotOf(pfn);
    const kind = this.m.allocations.kind(slot);
    if (kind.isHugetlb) return "hugetlb";
    if (!this.m.frames.isOnLru(slot)) return "kernel";
    return kind.name === "folio" ? "folio" : "page";
  }

  /** num_poisoned_pages, and nr_hwpoison of the frame's block. */
  count(pfn: number, n: number): void {
    this.m.totals.numPoisoned += n;
    const block = this.m.blocks.find(pfn);
    if (block === undefined) return;
    block.nrHwpoison += n;
    this.doneWith(block);
  }

  /** The block was looked up for its count alone. */
  protected doneWith(block: MemoryBlock): void {
    this.m.blocks.put(block);
  }

  /** take_page_off_buddy(): the halves without the frame go back to the list that the block came from. */
  protected takeOff(pfn: number): void {
    const section = this.m.frames.section(pfn);
    const offset = pfn - section.start;
    const head = this.m.frames.headOf(section, offset);
    const zone = this.m.frames.zone(pfn);
    const type = this.m.pageblocks.typeAt(section, head);
    this.m.buddy.takeRun(section, head, orderOf(this.m.frames.codeAt(section, head)), offset, 0, zone, type, type);
    this.m.frames.setCode(pfn, FrameCode.Poisoned);
  }

  /** soft_offline_page(). */
  softOffline(pfn: number): Refusal | undefined {
    if (!this.m.sections.pfnValid(pfn)) return refused("ENXIO", "not-valid", { pfn });
    if (!this.m.sections.isOnline(pfn)) return refused("EIO", "not-online", { pfn });
    const zone = this.m.frames.zone(pfn);
    if (this.m.pcp.isDisabled(zone)) return skipped("pcp-lock", { pfn });
    if (this.isFlagged(pfn)) return undefined;
    // Also where the page turns out to be one that can not be retired.
    this.m.pcp.drain(zone);
    if (this.classOf(pfn) === "kernel" && !this.#isDriverPage(pfn)) this.#shake(pfn);
    const refusal = this.#retire(pfn);
    if (refusal !== undefined) return refusal;
    this.count(pfn, 1);
    this.m.frames.setPoisoned(pfn);
    return undefined;
  }

  #isDriverPage(pfn: number): boolean {
    const slot = this.m.frames.slotOf(pfn);
    return slot >= 0 && this.m.allocations.kind(slot).isDriver;
  }

  #retire(pfn: number): Refusal | undefined {
    const code = this.m.frames.codeOf(pfn);
    if (isFree(code)) {
      this.takeOff(pfn);
      return undefined;
    }
    const slot = isAllocated(code) ? this.m.frames.slotOf(pfn) : -1;
    if (slot < 0) return refused("EIO", "kernel-page", { pfn });
    const { allocations } = this.m;
    const kind = allocations.kind(slot);
    const id = allocations.id(slot);
    if (!(kind.traits.movable || kind.isHugetlb) || (kind.traits.lru && !this.m.frames.isOnLru(slot))) return refused("EIO", "kernel-page", { pfn, id });
    if (kind.name === "folio") return refused("EBUSY", "folio-not-split", { pfn, id });
    if (this.m.hugetlb.isFree(slot)) return this.dissolve(pfn);
    if (!this.m.migration.canMigrate(slot)) return refused("EBUSY", "stuck", { pfn, id });
    return this.#empty(pfn, slot);
  }

  /** soft_offline_in_use_page(): the frame never passes through the buddy. */
  #empty(pfn: number, slot: number): Refusal | undefined {
    const { allocations } = this.m;
    const id = allocations.id(slot);
    if (allocations.kind(slot).isFile && this.m.choices.dropsFile(slot)) {
      this.m.log.drop(id);
      allocations.remove(slot);
      this.m.frames.setCode(pfn, FrameCode.Poisoned);
      return undefined;
    }
    const moved = this.m.migration.migrate(slot, "soft-offline", (from, order) => this.keepAndFreeOthers(pfn, from, from + orderPages(order)));
    return moved ? undefined : refused("ENOMEM", "no-target", { pfn, id });
  }

  /** unpoison_memory(). */
  unpoison(pfn: number): Refusal | undefined {
    if (!this.m.sections.isOnline(pfn)) return refused("EIO", "not-online", { pfn });
    const zone = this.m.frames.zone(pfn);
    if (this.m.pcp.isDisabled(zone)) return skipped("pcp-lock", { pfn });
    if (!this.isMarked(pfn)) return refused("EBUSY", "not-poisoned", { pfn });
    const slot = this.m.frames.slotOf(pfn);
    const inPool = slot >= 0 && this.m.hugetlb.isFree(slot);
    if (!inPool && this.isInUse(this.m.frames.codeOf(pfn))) return refused("EBUSY", "in-use", { pfn });
    this.m.pcp.drain(zone);
    this.m.frames.clearPoisoned(pfn);
    this.count(pfn, -1);
    this.#putBack(pfn);
    return undefined;
  }

  /** The flag that is taken back: that of the frame, also inside a huge page. */
  protected isMarked(pfn: number): boolean {
    return this.isFlagged(pfn);
  }

  /** Of an allocation, reserved, a hole, a memmap, or PageOffline. */
  protected isInUse(code: number): boolean {
    return !(isFree(code) || code === FrameCode.Poisoned || code === FrameCode.PoisonedNoRef || code === FrameCode.Limbo || isPcp(code) || isGuard(code));
  }

  /** put_page_back_buddy(). A frame without a reference stays outside all lists in Linux (KD-8). */
  #putBack(pfn: number): void {
    const code = this.m.frames.codeOf(pfn);
    if (code === FrameCode.Poisoned) this.m.buddy.freeBlock(pfn, 0);
    else if (code === FrameCode.PoisonedNoRef) {
      if (this.m.quirks.applies("KD-8")) this.m.frames.setCode(pfn, FrameCode.Limbo);
      else this.m.buddy.freeBlock(pfn, 0);
    }
  }
}

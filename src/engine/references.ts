/**
 * Who holds a block, and what happens when the last one lets go.
 *
 * Linux __free_pages(), free_unref_page(), free_pages_prepare(), mm/page_alloc.c; folio_get(), folio_put(),
 * include/linux/mm.h; folio_isolate_lru(), folio_putback_lru(), mm/vmscan.c, v6.12.
 */
import { AllocFlag, FrameCode, allocatedCode, orderPages } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { skipped } from "./result.ts";
import type { Refusal } from "./result.ts";

export class References {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  /** __free_pages() by the owner. */
  free(id: number, pcp: boolean): Refusal | undefined {
    const { allocations } = this.m;
    const slot = allocations.slotOf(id);
    if (slot < 0) return this.#notFromAlloc(id);
    if (allocations.has(slot, AllocFlag.Freed)) return skipped("freed-already", { id });
    if (allocations.has(slot, AllocFlag.Inflated)) return skipped("inflated", { id });
    if (allocations.nrExtraReferences(slot) === 0) {
      this.#end(slot, pcp);
      return undefined;
    }
    if (this.freesTailsEarly(slot)) this.#freeTails(slot);
    allocations.setFlag(slot, AllocFlag.Freed, true);
    return undefined;
  }

  /** Only the head of a block that is not compound has the reference that others hold. */
  protected freesTailsEarly(slot: number): boolean {
    return this.m.allocations.order(slot) > 0 && !this.m.allocations.has(slot, AllocFlag.Compound);
  }

  #freeTails(slot: number): void {
    const { allocations } = this.m;
    const head = allocations.head(slot);
    const order = allocations.order(slot);
    allocations.setOrder(slot, 0);
    this.m.frames.setCode(head, allocatedCode(0));
    for (let half = order - 1; half >= 0; half--) this.freePages(head + orderPages(half), half, false);
  }

  hold(id: number): Refusal | undefined {
    const { allocations } = this.m;
    const slot = allocations.slotOf(id);
    if (slot < 0) return this.#notFromAlloc(id);
    if (allocations.has(slot, AllocFlag.Freed)) return skipped("freed-already", { id });
    allocations.addHolds(slot, 1);
    return undefined;
  }

  release(id: number): Refusal | undefined {
    const { allocations } = this.m;
    const slot = allocations.slotOf(id);
    if (slot < 0) return skipped(this.m.contigs.get(id) === undefined ? "no-such-label" : "not-held", { id });
    if (allocations.holds(slot) === 0) return skipped("not-held", { id });
    allocations.addHolds(slot, -1);
    this.freeIfLast(slot);
    return undefined;
  }

  /** The last reference goes: to the buddy, not to a per-CPU list. */
  freeIfLast(slot: number): void {
    if (this.m.allocations.has(slot, AllocFlag.Freed) && this.m.allocations.nrExtraReferences(slot) === 0) this.#end(slot, false);
  }

  lruIsolate(id: number): Refusal | undefined {
    const { allocations } = this.m;
    const slot = allocations.slotOf(id);
    if (slot < 0) return skipped(this.m.contigs.get(id) === undefined ? "no-such-label" : "not-on-lru", { id });
    if (allocations.has(slot, AllocFlag.Freed)) return skipped("freed-already", { id });
    if (!this.m.frames.isOnLru(slot)) return skipped("not-on-lru", { id });
    allocations.setFlag(slot, AllocFlag.LruIsolated, true);
    this.m.nodeStats.count(slot, 1);
    return undefined;
  }

  lruPutback(id: number): Refusal | undefined {
    const { allocations } = this.m;
    const slot = allocations.slotOf(id);
    if (slot < 0) return skipped(this.m.contigs.get(id) === undefined ? "no-such-label" : "not-isolated", { id });
    if (!allocations.has(slot, AllocFlag.LruIsolated)) return skipped("not-isolated", { id });
    allocations.setFlag(slot, AllocFlag.LruIsolated, false);
    this.m.nodeStats.count(slot, -1);
    return undefined;
  }

  #notFromAlloc(id: number): Refusal {
    return skipped(this.m.contigs.get(id) === undefined ? "no-such-label" : "not-from-alloc", { id });
  }

  #end(slot: number, pcp: boolean): void {
    const { allocations } = this.m;
    if (this.m.hugetlb.isPooled(slot)) {
      this.m.hugetlb.takeBack(slot);
      return;
    }
    const head = allocations.head(slot);
    const order = allocations.order(slot);
    if (allocations.has(slot, AllocFlag.LruIsolated)) this.m.nodeStats.count(slot, -1);
    allocations.remove(slot);
    this.freePages(head, order, pcp);
  }

  /** free_pages_prepare() and what follows: a poisoned frame of order 0 does not come back; inside a larger block Linux lets it (KD-8). */
  freePages(pfn: number, order: number, pcp: boolean): void {
    if (!this.m.frames.anyPoisoned(pfn, orderPages(order)) || (order > 0 && this.m.quirks.applies("KD-8"))) {
      this.#freeClean(pfn, order, pcp);
      return;
    }
    this.freeSingly(pfn, pfn + orderPages(order), pcp);
  }

  /** Frame by frame, ascending; poisoned ones stay away, without a reference. */
  freeSingly(start: number, end: number, pcp: boolean): void {
    const poisoned: number[] = [];
    for (let pfn = start; pfn < end; pfn++) {
      if (this.m.frames.isPoisoned(pfn)) poisoned.push(pfn);
    }
    for (const pfn of poisoned) this.m.frames.setCode(pfn, FrameCode.PoisonedNoRef);
    for (let pfn = start; pfn < end; pfn++) {
      if (!poisoned.includes(pfn)) this.#freeClean(pfn, 0, pcp);
    }
  }

  #freeClean(pfn: number, order: number, pcp: boolean): void {
    if (!pcp || !this.m.pcp.tryFree(pfn, order)) this.m.buddy.freeBlock(pfn, order);
  }
}

/** Pins: Linux __gup_longterm_locked(), check_and_migrate_movable_pages_or_folios(), mm/gup.c; folio_is_longterm_pinnable(), include/linux/mm.h, v6.12. */
import type { PinRange } from "../../models/index.ts";
import { AllocFlag, Type } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { broken, livelock, refused, skipped } from "./result.ts";
import type { Refusal } from "./result.ts";

/** A page of a list that is pinned: which one of its allocation. */
export interface ListedPage {
  readonly slot: number;
  readonly index: number;
}

/** In place of a slot: the zero page, which no allocation has. */
const noSlot = -1;

const zeroPage: ListedPage = { slot: noSlot, index: 0 };

export class Pins {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  pin(id: number, longTerm: boolean): Refusal | undefined {
    const slot = this.#slotOf(id);
    return typeof slot === "number" ? this.#pinAll([{ slot, index: 0 }], longTerm) : slot;
  }

  /** pin_user_pages() over the end of one allocation, the zero page, and another allocation. */
  pinRange({ first, skip, zero, last, longTerm }: PinRange): Refusal | undefined {
    const from = first === null ? noSlot : this.#slotOf(first);
    const to = last === null ? noSlot : this.#slotOf(last);
    // What is not there is told before what can not be pinned.
    const missing = [from, to].filter((slot) => typeof slot !== "number");
    const [refusal] = [...missing.filter(({ result }) => result === "skipped"), ...missing];
    const nrPages = first === null ? 1 : this.#nrPagesOf(first);
    const isRange = (first !== null || zero || last !== null) && (first === null || first !== last) && skip < nrPages && (!zero || this.m.description.zeroPage !== undefined);
    if (refusal?.result !== "skipped" && !isRange) return skipped("no-such-range");
    if (typeof from !== "number" || typeof to !== "number") return refusal;
    return this.#pinAll([...this.#pagesOf(from, skip), ...(zero ? [zeroPage] : []), ...this.#pagesOf(to, 0)], longTerm);
  }

  /** The slot of an allocation that is mapped and not freed. */
  #slotOf(id: number): number | Refusal {
    const { allocations } = this.m;
    const slot = allocations.slotOf(id);
    if (slot < 0) return this.m.contigs.get(id) === undefined ? skipped("no-such-label", { id }) : refused("EFAULT", "not-mapped", { id });
    if (allocations.has(slot, AllocFlag.Freed)) return skipped("freed-already", { id });
    return allocations.kind(slot).traits.mapped ? slot : refused("EFAULT", "not-mapped", { id });
  }

  /** What was taken by number is no block, and never mapped. */
  #nrPagesOf(id: number): number {
    const slot = this.m.allocations.slotOf(id);
    return slot < 0 ? Number.POSITIVE_INFINITY : this.m.allocations.nrPages(slot);
  }

  #pagesOf(slot: number, skip: number): readonly ListedPage[] {
    return slot === noSlot ? [] : Array.from({ length: this.m.allocations.nrPages(slot) - skip }, (_, index) => ({ slot, index: skip + index }));
  }

  #pinAll(list: readonly ListedPage[], longTerm: boolean): Refusal | undefined {
    const refusal = longTerm ? this.#moveUntilPinnable(list) : undefined;
    if (refusal !== undefined) return refusal;
    for (const { slot } of list) if (slot !== noSlot) this.m.allocations.addPins(slot, longTerm, 1);
    return undefined;
  }

  /**
   * After a pass gup starts again: a frame from a per-CPU list may lie in a pageblock that was isolated since. There are
   * fewer of those than frames.
   */
  #moveUntilPinnable(list: readonly ListedPage[]): Refusal | undefined {
    for (let passes = 0; passes <= this.m.totals.totalram; passes++) {
      const leaving = [...this.#folios(list)].filter((slot) => (slot === noSlot ? !this.zeroIsPinnable() : !this.isLongTermPinnable(slot)));
      if (leaving.length === 0) return undefined;
      if (leaving.some((slot) => slot !== noSlot && this.wantsDrain(slot))) this.m.lruBatches.drain();
      const refusal = this.#moveAll(leaving);
      if (refusal !== undefined) return refusal;
    }
    throw broken("a page that is to be pinned moves for ever, and never to where it may be pinned");
  }

  /** A page of a batch has a reference too many. So has one that somebody holds, or has off the LRU. Large folios are in no batch. */
  protected wantsDrain(slot: number): boolean {
    const { allocations } = this.m;
    return allocations.order(slot) === 0 && (allocations.nrExtraReferences(slot) > 0 || allocations.has(slot, AllocFlag.LruIsolated));
  }

  /** collect_longterm_unpinnable_folios(): the folios that pages of the list are of, each looked at once. */
  *#folios(list: readonly ListedPage[]): Iterable<number> {
    let at = 0;
    for (let page = list[at]; page !== undefined; page = list[at]) {
      yield page.slot;
      at += this.step(page);
    }
  }

  /** How many pages of the list on the next folio begins. */
  protected step({ slot, index }: ListedPage): number {
    return slot === noSlot ? 1 : this.m.allocations.nrPages(slot) - index;
  }

  /** migrate_longterm_unpinnable_folios(): what is off the LRU is not tried, and makes gup start again; without a target the rest is not tried. */
  #moveAll(slots: readonly number[]): Refusal | undefined {
    let stuck: Refusal | undefined;
    let offLru: Refusal | undefined;
    for (const slot of slots) {
      const refusal = slot === noSlot ? this.#neverOnLru() : this.moveAway(slot);
      const why = refusal?.because?.kind;
      if (why === "off-lru") offLru ??= refusal;
      else if (why === "stuck") stuck ??= refusal;
      else if (refusal !== undefined) return refusal;
    }
    return stuck ?? offLru;
  }

  /** The zero page is on no LRU. */
  #neverOnLru(): Refusal {
    return this.m.quirks.applies("KD-9") ? livelock("off-lru") : refused("EAGAIN", "off-lru");
  }

  /** folio_is_longterm_pinnable(): the zero page is, wherever it lies. */
  protected zeroIsPinnable(): boolean {
    return true;
  }

  /** Not in zone Movable, not in a CMA pageblock, not in an isolated one. */
  protected isLongTermPinnable(slot: number): boolean {
    const head = this.m.allocations.head(slot);
    const section = this.m.frames.section(head);
    if (this.m.frames.zone(head).isMovable) return false;
    const end = head + this.m.allocations.nrPages(slot);
    for (let pfn = head; pfn < end; pfn += this.m.sizes.pageblockPages) {
      const type = this.m.pageblocks.typeAt(section, pfn - section.start);
      if (type === Type.Cma || type === Type.Isolate) return false;
    }
    return true;
  }

  /** migrate_longterm_unpinnable_folios(). A page that someone has off the LRU makes Linux try for ever (KD-9). */
  protected moveAway(slot: number): Refusal | undefined {
    const { allocations, quirks } = this.m;
    const id = allocations.id(slot);
    const offLru = allocations.has(slot, AllocFlag.LruIsolated);
    if (allocations.nrExtraReferences(slot) > 0 || !allocations.kind(slot).traits.movable) return refused("ENOMEM", "stuck", { id });
    if (offLru) return quirks.applies("KD-9") ? livelock("off-lru", { id }) : refused("EAGAIN", "off-lru", { id });
    if (!this.m.migration.canMigrate(slot)) return refused("ENOMEM", "stuck", { id, detail: "a frame of it is poisoned" });
    return this.m.migration.migrate(slot, "long-term-pin") ? undefined : refused("ENOMEM", "no-target", { id });
  }

  unpin(id: number, longTerm: boolean): Refusal | undefined {
    const { allocations } = this.m;
    const slot = allocations.slotOf(id);
    if (slot < 0) return skipped(this.m.contigs.get(id) === undefined ? "no-such-label" : "not-pinned", { id });
    if (allocations.pins(slot, longTerm) === 0) return skipped("not-pinned", { id });
    allocations.addPins(slot, longTerm, -1);
    this.m.references.freeIfLast(slot);
    return undefined;
  }
}

/** Pins: Linux __gup_longterm_locked(), check_and_migrate_movable_pages_or_folios(), mm/gup.c; folio_is_longterm_pinnable(), include/linux/mm.h, v6.12. */
import { AllocFlag, Type } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { broken, livelock, refused, skipped } from "./result.ts";
import type { Refusal } from "./result.ts";

export class Pins {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  pin(id: number, longTerm: boolean): Refusal | undefined {
    const { allocations } = this.m;
    const slot = allocations.slotOf(id);
    if (slot < 0) return this.m.contigs.get(id) === undefined ? skipped("no-such-label", { id }) : refused("EFAULT", "not-mapped", { id });
    if (allocations.has(slot, AllocFlag.Freed)) return skipped("freed-already", { id });
    if (!allocations.kind(slot).traits.mapped) return refused("EFAULT", "not-mapped", { id });
    const refusal = longTerm ? this.#moveUntilPinnable(slot) : undefined;
    if (refusal === undefined) allocations.addPins(slot, longTerm, 1);
    return refusal;
  }

  /**
   * After a move gup starts again: a frame from a per-CPU list may lie in a pageblock that was isolated since. There are
   * fewer of those than frames.
   */
  #moveUntilPinnable(slot: number): Refusal | undefined {
    for (let moves = 0; !this.isLongTermPinnable(slot); moves++) {
      if (moves > this.m.totals.totalram) throw broken(`allocation ${this.m.allocations.id(slot)} moves for ever, and never to where it may be pinned`);
      const refusal = this.moveAway(slot);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
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

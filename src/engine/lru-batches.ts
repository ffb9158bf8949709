/**
 * Per-CPU batches of pages that are to be added to the LRU or moved on it, each with a reference: Linux
 * __folio_batch_add_and_move(), folio_batch_move_lru(), lru_add_drain_all(), lru_cache_disable(), mm/swap.c, v6.12.
 */
import { AllocFlag } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { skipped } from "./result.ts";
import type { Refusal } from "./result.ts";

export class LruBatches {
  protected readonly m: Machine;
  /** Slots of the pages in a batch. */
  readonly #slots: Set<number> = new Set();

  constructor(machine: Machine) {
    this.m = machine;
  }

  has(slot: number): boolean {
    return this.#slots.has(slot);
  }

  get size(): number {
    return this.#slots.size;
  }

  /** folio_add_lru() of a page that is off the LRU, folio_activate() of one that is on it. */
  enter(id: number): Refusal | undefined {
    const { allocations } = this.m;
    if (this.m.description.lruBatches !== true) return skipped("no-lru-batches");
    const slot = allocations.slotOf(id);
    if (slot < 0) return skipped(this.m.contigs.get(id) === undefined ? "no-such-label" : "not-single-lru", { id });
    if (allocations.has(slot, AllocFlag.Freed)) return skipped("freed-already", { id });
    if (!allocations.kind(slot).traits.lru || allocations.order(slot) > 0) return skipped("not-single-lru", { id });
    if (this.#slots.has(slot)) return skipped("in-batch", { id });
    const isNew = allocations.has(slot, AllocFlag.LruIsolated);
    if (isNew) this.m.references.lruPutback(id);
    if (this.m.tasks.disableLruBatches) return undefined;
    allocations.setFlag(slot, isNew ? AllocFlag.BatchAdd : AllocFlag.BatchMove, true);
    this.#slots.add(slot);
    return undefined;
  }

  drainAll(): Refusal | undefined {
    if (this.m.description.lruBatches !== true) return skipped("no-lru-batches");
    this.drain();
    return undefined;
  }

  /** Every page is where it was going, and without the reference of its batch; the page of `held` has another one. */
  drain(held = -1): void {
    if (this.#slots.size === 0) return;
    const slots = [...this.#slots];
    this.#slots.clear();
    for (const slot of slots) {
      this.m.allocations.setFlag(slot, AllocFlag.BatchAdd | AllocFlag.BatchMove, false);
      if (slot !== held) this.m.references.freeIfLast(slot);
    }
  }
}

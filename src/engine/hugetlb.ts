/**
 * Pools of huge pages: Linux alloc_pool_huge_folio(), remove_pool_hugetlb_folio(), hugetlb_acct_memory(), alloc_hugetlb_folio(),
 * free_huge_folio(), dissolve_free_hugetlb_folios(), mm/hugetlb.c, v6.12.
 */
import type { Outcome } from "../../models/index.ts";
import { kindAt, kindNumber } from "./allocations.ts";
import type { Kind } from "./allocations.ts";
import { AllocFlag, orderPages } from "./layout.ts";
import { grantOf } from "./log.ts";
import type { Machine } from "./machine.ts";
import type { PageRequest } from "./page-alloc.ts";
import { broken, refused, skipped } from "./result.ts";
import type { Refusal } from "./result.ts";

/** `struct hstate`. */
export interface Pool {
  readonly order: number;
  readonly kind: Kind;
  reserved: number;
  /** By node. */
  readonly nrPages: Int32Array;
  readonly nrFree: Int32Array;
}

export function sumOf(counts: Int32Array): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

export class Hugetlb {
  protected readonly m: Machine;
  /** Orders ascending. */
  readonly pools: readonly Pool[];

  constructor(machine: Machine) {
    this.m = machine;
    const { hugePages = [], nodes } = machine.description;
    this.pools = hugePages.map(({ order, migratable }) => ({ order, kind: kindAt(kindNumber(migratable ? "hugetlb" : "hugetlb-fixed")), reserved: 0, nrPages: new Int32Array(nodes.length), nrFree: new Int32Array(nodes.length) }));
  }

  poolOfOrder(order: number): Pool | undefined {
    return this.pools.find((pool) => pool.order === order);
  }

  #poolOf(slot: number): Pool {
    const pool = this.poolOfOrder(this.m.allocations.order(slot));
    if (pool === undefined) throw broken(`allocation ${this.m.allocations.id(slot)} is of no pool`);
    return pool;
  }

  isPooled(slot: number): boolean {
    return this.m.allocations.has(slot, AllocFlag.Pooled);
  }

  /** HPageFreed: on the free list of its pool. */
  isFree(slot: number): boolean {
    return this.m.allocations.has(slot, AllocFlag.InPool);
  }

  #setFree(slot: number, free: boolean): void {
    this.m.allocations.setFlag(slot, AllocFlag.InPool, free);
    this.m.allocations.setFlag(slot, AllocFlag.Freed, free);
  }

  #node(slot: number): number {
    return this.m.frames.zone(this.m.allocations.head(slot)).node;
  }

  #add(counts: Int32Array, node: number, n: number): void {
    counts[node] = (counts[node] ?? 0) + n;
  }

  /** One more page for the pool, of exactly this node. */
  grow(id: number, pool: Pool, node: number): Outcome {
    const { order, kind } = pool;
    const request: PageRequest = { order, type: kind.type, node, highest: kind.highest, nodes: new Set([node]), retyped: [] };
    const pfn = this.m.choices.allocate(request);
    if (pfn < 0) return refused("ENOMEM", "no-free-block");
    const slot = this.m.allocations.add(id, kindNumber(kind.name), order, pfn);
    this.m.allocations.setFlag(slot, AllocFlag.Pooled, true);
    this.#setFree(slot, true);
    this.#add(pool.nrPages, node, 1);
    this.#add(pool.nrFree, node, 1);
    return { result: "ok", grant: grantOf(pfn, order, request.retyped) };
  }

  #available(pool: Pool): number {
    return sumOf(pool.nrFree) - pool.reserved;
  }

  shrink(id: number): Refusal | undefined {
    const slot = this.#freeSlot(id);
    if (typeof slot !== "number") return slot;
    if (this.#available(this.#poolOf(slot)) === 0) return refused("EBUSY", "promised", { id });
    this.#release(slot);
    return undefined;
  }

  /** The slot of a label that names a free page of a pool. */
  #freeSlot(id: number): number | Refusal {
    const slot = this.m.allocations.slotOf(id);
    if (slot < 0) return skipped(this.m.contigs.get(id) === undefined ? "no-such-label" : "not-free-in-pool", { id });
    return this.isFree(slot) ? slot : skipped("not-free-in-pool", { id });
  }

  reserve(order: number, count: number): Refusal | undefined {
    const pool = this.poolOfOrder(order);
    if (pool === undefined) return skipped("no-such-pool");
    if (count > sumOf(pool.nrFree)) return refused("ENOMEM", "too-few-free");
    pool.reserved = count;
    return undefined;
  }

  use(id: number, reserved: boolean): Refusal | undefined {
    const slot = this.#freeSlot(id);
    if (typeof slot !== "number") return slot;
    const pool = this.#poolOf(slot);
    if (reserved && pool.reserved === 0) return skipped("nothing-promised", { id });
    if (!reserved && this.#available(pool) === 0) return refused("ENOMEM", "promised", { id });
    if (this.m.frames.anyPoisoned(this.m.allocations.head(slot), orderPages(pool.order))) return refused("ENOMEM", "poisoned", { id });
    if (reserved) pool.reserved--;
    this.#add(pool.nrFree, this.#node(slot), -1);
    this.#setFree(slot, false);
    return undefined;
  }

  /** free_huge_folio(): the last reference to a page of a pool is gone. */
  takeBack(slot: number): void {
    this.#setFree(slot, true);
    this.#add(this.#poolOf(slot).nrFree, this.#node(slot), 1);
  }

  /** dissolve_free_hugetlb_folio(): whether the page may stop being a huge page. Pages in use may not. */
  mayDissolve(slot: number): boolean {
    return this.isFree(slot) && this.hasUnpromised(this.#poolOf(slot));
  }

  /** available_huge_pages(). */
  protected hasUnpromised(pool: Pool): boolean {
    return this.#available(pool) > 0;
  }

  /** remove_hugetlb_folio(): the pool counts the page no more. */
  forget(slot: number): void {
    if (!this.isPooled(slot)) return;
    const pool = this.#poolOf(slot);
    this.#add(pool.nrPages, this.#node(slot), -1);
    if (this.isFree(slot)) this.#add(pool.nrFree, this.#node(slot), -1);
  }

  #release(slot: number): void {
    const { allocations } = this.m;
    this.forget(slot);
    const head = allocations.head(slot);
    const order = allocations.order(slot);
    allocations.remove(slot);
    this.m.references.freePages(head, order, false);
  }

  /** The page moves to `target`, maybe of another node: move_hugetlb_state(), alloc_and_dissolve_hugetlb_folio(). */
  moves(slot: number, target: number): void {
    if (!this.isPooled(slot)) return;
    const pool = this.#poolOf(slot);
    const [from, to] = [this.#node(slot), this.m.frames.zone(target).node];
    for (const counts of this.isFree(slot) ? [pool.nrPages, pool.nrFree] : [pool.nrPages]) {
      this.#add(counts, from, -1);
      this.#add(counts, to, 1);
    }
  }

  /** dissolve_free_hugetlb_folios(): the slot of the first page that has to stay, or -1. What was dissolved before it is gone. */
  dissolveRange(start: number, end: number): number {
    if (this.pools.length === 0) return -1;
    const step = orderPages(this.stepOrder());
    for (let pfn = start; pfn < end; pfn += step) {
      const slot = this.m.frames.slotOf(pfn);
      if (slot < 0 || !this.isPooled(slot)) continue;
      if (!this.mayDissolve(slot)) return slot;
      this.#release(slot);
    }
    return -1;
  }

  /** The smallest size of all pools, so that no page lies between two steps. */
  protected stepOrder(): number {
    return Math.min(...this.pools.map(({ order }) => order));
  }
}

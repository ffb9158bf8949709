/**
 * Pools of huge pages: pages that are kept for processes, free or in use, and given back to the buddy where memory has to go.
 *
 * Linux mm/hugetlb.c, v6.12. A page of a pool is an allocation with a label; which free page a process gets is in the command.
 * Surplus pages, the order of the free lists and pools as targets of migration are left out (docs/fidelity.md#huge-pages).
 */
import type { Choices } from "./choices.ts";
import type { HugeGrow, NodeId } from "./command.ts";
import type { Allocation, HugePool, Machine } from "./machine.ts";
import { allocationAt, findFrame, framesOf, pageOf, zoneAt } from "./machine.ts";
import type { Grant } from "./outcome.ts";
import { allocPages } from "./page-alloc.ts";
import { pageKindTraits } from "./page-kind.ts";
import { freePages } from "./pcp.ts";
import { pfnRange } from "./pfn.ts";
import type { Order, Pfn, PfnRange } from "./pfn.ts";
import type { Ending } from "./task.ts";
import { done, refuse } from "./task.ts";
import { FrameUse } from "./view.ts";

/** The pool of an order that has one. */
export function poolOf(machine: Machine, order: Order | null): HugePool {
  const pool = machine.hugePools.find((candidate) => candidate.order === order);
  if (pool === undefined) throw new Error(`no pool of order ${order}`);
  return pool;
}

/** Nobody uses the page, and its pool has it. */
export function isFreeInPool({ pool, freed, holds, pins, longTermPins }: Allocation): boolean {
  return pool && freed && holds + pins + longTermPins === 0;
}

/** Linux `available_huge_pages()`: free pages that nobody was promised. */
function available({ free, reserved }: HugePool): number {
  return free - reserved;
}

/** The pool counts a page more or less, free or in use. */
function count(machine: Machine, { order, pfn }: Pick<Allocation, "order" | "pfn">, change: { readonly total: number; readonly free: number }): void {
  const pool = poolOf(machine, order);
  for (const counter of [pool, pool.nodes[nodeOf(machine, pfn)]]) {
    if (counter === undefined) continue;
    counter.total += change.total;
    counter.free += change.free;
  }
}

function nodeOf(machine: Machine, pfn: Pfn): NodeId {
  return zoneAt(machine, pageOf(machine, pfn).zone).node;
}

/** Linux `alloc_pool_huge_folio()`: a fresh page of exactly this node. */
export function growPool(machine: Machine, { id, order, node }: HugeGrow, choices: Choices, told: { grant?: Grant }): Ending {
  const { kind } = poolOf(machine, order);
  const { migratetype, highestZone } = pageKindTraits[kind];
  const wanted = choices.kind === "told" ? choices.grant : undefined;
  if (choices.kind === "told") choices.grant = undefined;
  const grant = allocPages(machine, { order, type: migratetype, highestZone, node, nodes: [node] }, choices, wanted);
  if (grant === undefined) return refuse("ENOMEM", { kind: "no-free-block" });
  told.grant = grant;
  machine.allocations[id] = { id, kind, order, compound: true, pfn: grant.pfn, nrPages: 2 ** order, holds: 0, pins: 0, longTermPins: 0, lruIsolated: false, freed: true, inflated: false, pool: true, batch: "none" };
  for (const pfn of framesOf(pfnRange(grant.pfn, 2 ** order))) Object.assign(pageOf(machine, pfn), { use: FrameUse.Allocated, alloc: id });
  count(machine, { order, pfn: grant.pfn }, { total: 1, free: 1 });
  return done;
}

/** Linux `remove_pool_hugetlb_folio()`; `set_max_huge_pages()` keeps what is promised. */
export function shrinkPool(machine: Machine, allocation: Allocation): Ending {
  if (!mayDissolve(machine, allocation)) return refuse("EBUSY", { kind: "promised", id: allocation.id });
  dissolve(machine, allocation);
  return done;
}

/** Linux `hugetlb_acct_memory()`, without surplus pages. */
export function reservePages(pool: HugePool, pages: number): Ending {
  if (pages > pool.free) return refuse("ENOMEM", { kind: "too-few-free", detail: `${pool.free} are free` });
  pool.reserved = pages;
  return done;
}

/** Linux `alloc_hugetlb_folio()`, `dequeue_hugetlb_folio_vma()`. */
export function usePage(machine: Machine, allocation: Allocation, reserved: boolean): Ending {
  const pool = poolOf(machine, allocation.order);
  if (!reserved && available(pool) === 0) return refuse("ENOMEM", { kind: "promised", id: allocation.id });
  const bad = findFrame(pfnRange(allocation.pfn, allocation.nrPages), (pfn) => pageOf(machine, pfn).poisoned);
  if (bad !== undefined) return refuse("ENOMEM", { kind: "poisoned", id: allocation.id, pfn: bad });
  if (reserved) pool.reserved -= 1;
  count(machine, allocation, { total: 0, free: -1 });
  allocation.freed = false;
  return done;
}

/** Linux `free_huge_folio()`: the last reference is gone, and the pool has the page again. */
export function enterPool(machine: Machine, allocation: Allocation): void {
  allocation.freed = true;
  count(machine, allocation, { total: 0, free: 1 });
}

/** The page goes, and its pool counts it no more. Pages of no pool are not counted. */
export function leavePool(machine: Machine, allocation: Allocation): void {
  if (allocation.pool) count(machine, allocation, { total: -1, free: isFreeInPool(allocation) ? -1 : 0 });
}

/** The pages of the allocation are about to move there: another node may count them. */
export function changeNode(machine: Machine, allocation: Allocation, to: Grant): void {
  if (!allocation.pool) return;
  const free = isFreeInPool(allocation) ? 1 : 0;
  count(machine, allocation, { total: -1, free: -free });
  count(machine, { order: allocation.order, pfn: to.pfn }, { total: 1, free });
}

/** A free page of a pool that has a free one more than it promised. */
export function mayDissolve(machine: Machine, allocation: Allocation): boolean {
  return isFreeInPool(allocation) && available(poolOf(machine, allocation.order)) > 0;
}

/** The page is an ordinary block again, and free. */
function dissolve(machine: Machine, allocation: Allocation): void {
  leavePool(machine, allocation);
  delete machine.allocations[allocation.id];
  freePages(machine, allocation.pfn, allocation.order ?? 0, false);
}

/** Linux `dissolve_free_hugetlb_folios()`: ascending, up to the first page that can not; that page, or undefined. */
export function dissolveFreePages(machine: Machine, range: PfnRange): Allocation | undefined {
  for (const pfn of framesOf(range)) {
    const allocation = allocationAt(machine, pfn);
    if (allocation?.pool !== true) continue;
    if (!mayDissolve(machine, allocation)) return allocation;
    dissolve(machine, allocation);
  }
  return undefined;
}

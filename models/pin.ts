/**
 * References, batches and pins that keep pages where they are.
 *
 * Linux mm/swap.c: folio_batch_move_lru(), lru_add_drain_all(); mm/gup.c: __gup_longterm_locked(), check_and_migrate_movable_pages_or_folios(); include/linux/mm.h:
 * folio_is_longterm_pinnable(), v6.12.
 */
import { migratetypeOf } from "./buddy.ts";
import type { Choices } from "./choices.ts";
import { enterPool } from "./hugetlb.ts";
import type { Allocation, Machine } from "./machine.ts";
import { everyFrame, pageOf, permits, zoneAt } from "./machine.ts";
import { framesOfBlock, isMigratable, migratePages, nextToldMove } from "./migration.ts";
import type { Because } from "./outcome.ts";
import { pageKindTraits } from "./page-kind.ts";
import { freePages } from "./pcp.ts";
import { pfnAdd } from "./pfn.ts";
import type { Account, Ending } from "./task.ts";
import { done, refuse } from "./task.ts";
import { countIsolated } from "./vmstat.ts";

/** Pages of one allocation in a list of pages to pin. The zero page is in no such list: it is pinned where it is, and nobody counts. */
export interface Listed {
  readonly allocation: Allocation;
  readonly nrPages: number;
}

/** `pin`, `pin-range`: short-term anywhere; long-term only where no page will ever have to leave. All of the pages, or none. */
export function pinPages(machine: Machine, list: readonly Listed[], longTerm: boolean, choices: Choices, account: Account): Ending {
  const unmapped = list.find(({ allocation: { kind } }) => kind === "contig" || kind === "cma" || !pageKindTraits[kind].mapped);
  if (unmapped !== undefined) return refuse("EFAULT", { kind: "not-mapped", id: unmapped.allocation.id });
  if (longTerm) {
    drainForPin(machine, list.map(({ allocation }) => allocation));
    // As check_and_migrate_movable_pages_or_folios() makes its caller do: again from the start after each pass, because a
    // page may have come into an isolated pageblock, by a per-CPU list that was not drained since.
    const leaving = (): readonly Allocation[] => list.map(({ allocation }) => allocation).filter((allocation) => !isLongtermPinnable(machine, allocation));
    for (let pages = leaving(); pages.length > 0; pages = leaving()) {
      const refused = moveForPin(machine, pages, choices, account);
      if (refused !== undefined) return refused;
    }
  }
  for (const { allocation, nrPages } of list) {
    if (longTerm) allocation.longTermPins += nrPages;
    else allocation.pins += nrPages;
  }
  return done;
}

/**
 * Linux `collect_longterm_unpinnable_folios()`: where a single page has to move and somebody else refers to it, that may be a
 * batch. Whoever has it off the LRU refers to it too.
 */
function drainForPin(machine: Machine, pages: readonly Allocation[]): void {
  const referred = pages.some((page) => page.order === 0 && !isLongtermPinnable(machine, page) && (references(page) > 0 || page.lruIsolated));
  if (referred) drainBatches(machine);
}

/** Linux `folio_is_longterm_pinnable()`: not in zone Movable, not in a CMA or isolated pageblock. */
function isLongtermPinnable(machine: Machine, allocation: Allocation): boolean {
  return everyFrame(framesOfBlock(allocation), (pfn) => {
    const type = migratetypeOf(machine, pfn);
    return zoneAt(machine, pageOf(machine, pfn).zone).type !== "Movable" && type !== "CMA" && type !== "Isolate";
  });
}

/**
 * Linux `collect_longterm_unpinnable_folios()` and `migrate_longterm_unpinnable_folios()`: moves those pages that it can get
 * off the LRU. One that cannot be moved does not keep the others in place, one without a target does.
 */
function moveForPin(machine: Machine, pages: readonly Allocation[], choices: Choices, account: Account): Ending | undefined {
  let stuck: Ending | undefined;
  let offLru: Because | undefined;
  for (const page of pages) {
    const because = { id: page.id, pfn: page.pfn };
    if (canNeverMove(page)) stuck ??= refuse("ENOMEM", { kind: "stuck", ...because });
    else if (page.lruIsolated) offLru ??= { kind: "off-lru", ...because };
    else if (!isMigratable(machine, page)) stuck ??= refuse("ENOMEM", { kind: "stuck", ...because });
    else {
      const told = nextToldMove(choices, [page]);
      const move = migratePages(machine, page, "longterm-pin", choices, told?.to);
      if (move === undefined) return refuse("ENOMEM", { kind: "no-target", ...because });
      account.moved.push(move);
    }
  }
  if (stuck !== undefined) return stuck;
  if (offLru === undefined) return undefined;
  return permits(machine, "KD-9") ? { result: "livelock", errno: "EINTR", because: offLru } : refuse("EAGAIN", offLru);
}

function canNeverMove(page: Allocation): boolean {
  return references(page) > 0 || page.kind === "contig" || page.kind === "cma" || !pageKindTraits[page.kind].movable;
}

/** The owner drops its reference: Linux `__free_pages()`, mm/page_alloc.c, v6.12. */
export function putOwner(machine: Machine, allocation: Allocation, pcp: boolean): void {
  const order = allocation.order ?? 0;
  if (references(allocation) === 0) {
    freeAllocation(machine, allocation, pcp);
    return;
  }
  allocation.freed = true;
  if (order === 0 || allocation.compound) return;
  for (let upper = order - 1; upper >= 0; upper--) freePages(machine, pfnAdd(allocation.pfn, 2 ** upper), upper, false);
  allocation.order = 0;
}

/** Someone else dropped a reference: the last one frees what the owner has freed. */
export function putOther(machine: Machine, allocation: Allocation): void {
  if (allocation.freed && references(allocation) === 0) freeAllocation(machine, allocation, false);
}

function references({ holds, pins, longTermPins, batch }: Allocation): number {
  return holds + pins + longTermPins + (batch === "none" ? 0 : 1);
}

/** Linux `__folio_batch_add_and_move()`, mm/swap.c, v6.12: while batches are disabled the page gets where it is going at once. */
export function enterBatch(machine: Machine, allocation: Allocation): void {
  const toAdd = allocation.lruIsolated;
  if (toAdd) {
    allocation.lruIsolated = false;
    countIsolated(machine, allocation, -1);
  }
  if (!lruCacheDisabled(machine)) allocation.batch = toAdd ? "add" : "move";
}

/** Between lru_cache_disable() and lru_cache_enable(): offlines from their first step on, contiguous allocations while they move pages. */
function lruCacheDisabled(machine: Machine): boolean {
  return Object.values(machine.tasks).some(({ kind, phase }) => kind === "offline" || (kind === "alloc-contig" && phase === "migrating"));
}

/** Linux `lru_add_drain_all()`: no batch refers to a page any more. One that somebody else has `kept` is not freed by that. */
export function drainBatches(machine: Machine, kept?: Allocation): void {
  for (const allocation of Object.values(machine.allocations)) {
    if (allocation.batch === "none") continue;
    allocation.batch = "none";
    if (allocation !== kept) putOther(machine, allocation);
  }
}

function freeAllocation(machine: Machine, allocation: Allocation, pcp: boolean): void {
  if (allocation.lruIsolated) countIsolated(machine, allocation, -1);
  if (allocation.pool) {
    enterPool(machine, allocation);
    return;
  }
  delete machine.allocations[allocation.id];
  freePages(machine, allocation.pfn, allocation.order ?? 0, pcp);
}

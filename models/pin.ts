/**
 * References and pins that keep pages where they are.
 *
 * Linux mm/gup.c: __gup_longterm_locked(), check_and_migrate_movable_pages_or_folios(); include/linux/mm.h:
 * folio_is_longterm_pinnable(), v6.12.
 */
import { migratetypeOf } from "./buddy.ts";
import type { Choices } from "./choices.ts";
import type { Allocation, Machine } from "./machine.ts";
import { everyFrame, pageOf, permits, zoneAt } from "./machine.ts";
import { framesOfBlock, isMigratable, migratePages, nextToldMove } from "./migration.ts";
import { pageKindTraits } from "./page-kind.ts";
import { freePages } from "./pcp.ts";
import { pfnAdd } from "./pfn.ts";
import type { Account, Ending } from "./task.ts";
import { done, refuse } from "./task.ts";

/** `pin`: short-term anywhere; long-term only where the page will never have to leave. */
export function pinPages(machine: Machine, allocation: Allocation, longTerm: boolean, choices: Choices, account: Account): Ending {
  const { kind } = allocation;
  if (kind === "contig" || kind === "cma" || !pageKindTraits[kind].mapped) return refuse("EFAULT", { kind: "not-mapped", id: allocation.id });
  if (!longTerm) {
    allocation.pins += 1;
    return done;
  }
  // As check_and_migrate_movable_pages_or_folios() makes its caller do: again from the start after each move, because the
  // page may have come into an isolated pageblock, by a per-CPU list that was not drained since.
  while (!isLongtermPinnable(machine, allocation)) {
    const refused = moveForPin(machine, allocation, choices, account);
    if (refused !== undefined) return refused;
  }
  allocation.longTermPins += 1;
  return done;
}

/** Linux `folio_is_longterm_pinnable()`: not in zone Movable, not in a CMA or isolated pageblock. */
function isLongtermPinnable(machine: Machine, allocation: Allocation): boolean {
  return everyFrame(framesOfBlock(allocation), (pfn) => {
    const type = migratetypeOf(machine, pfn);
    return zoneAt(machine, pageOf(machine, pfn).zone).type !== "Movable" && type !== "CMA" && type !== "Isolate";
  });
}

function moveForPin(machine: Machine, allocation: Allocation, choices: Choices, account: Account): Ending | undefined {
  const because = { id: allocation.id, pfn: allocation.pfn };
  const stuck = refuse("ENOMEM", { kind: "stuck", ...because });
  if (references(allocation) > 0 || allocation.kind === "contig" || allocation.kind === "cma" || !pageKindTraits[allocation.kind].movable) return stuck;
  if (allocation.lruIsolated) {
    return permits(machine, "KD-9") ? { result: "livelock", errno: "EINTR", because: { kind: "off-lru", ...because } } : refuse("EAGAIN", { kind: "off-lru", ...because });
  }
  if (!isMigratable(machine, allocation)) return stuck;
  const told = nextToldMove(choices, [allocation]);
  const move = migratePages(machine, allocation, "longterm-pin", choices, told?.to);
  if (move === undefined) return refuse("ENOMEM", { kind: "no-target", ...because });
  account.moved.push(move);
  return undefined;
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

function references(allocation: Allocation): number {
  return allocation.holds + allocation.pins + allocation.longTermPins;
}

function freeAllocation(machine: Machine, allocation: Allocation, pcp: boolean): void {
  delete machine.allocations[allocation.id];
  freePages(machine, allocation.pfn, allocation.order ?? 0, pcp);
}

/**
 * Bad memory: frames that are taken out of use, and put back when the error was a test.
 *
 * Linux mm/memory-failure.c: memory_failure(), soft_offline_page(), unpoison_memory(); mm/page_alloc.c:
 * take_page_off_buddy(), put_page_back_buddy(), v6.12.
 */
import { freeBlockAround, listOf, takeFromBlock } from "./buddy.ts";
import { Inadmissible } from "./choices.ts";
import type { Choices } from "./choices.ts";
import { isFreeInPool, leavePool, mayDissolve } from "./hugetlb.ts";
import type { Allocation, Machine } from "./machine.ts";
import { allocationAt, findMemoryBlock, framesOf, isOffLru, pageOf, permits, putMemoryBlock, zoneAt } from "./machine.ts";
import { framesOfBlock, isMigratable, leave, migrationTarget, nextToldMove } from "./migration.ts";
import { allocPages } from "./page-alloc.ts";
import { drainZone, freePages } from "./pcp.ts";
import type { Pfn } from "./pfn.ts";
import { drainBatches } from "./pin.ts";
import { blockPages } from "./geometry.ts";
import { pfnToOnlinePage, pfnValid } from "./sparsemem.ts";
import type { Account, Ending } from "./task.ts";
import { done, refuse } from "./task.ts";
import { FrameUse } from "./view.ts";

/** Linux `memory_failure()`. */
export function memoryFailure(machine: Machine, pfn: Pfn): Ending {
  const page = pfnToOnlinePage(machine, pfn);
  if (page === undefined) return refuse("ENXIO", { kind: "not-online", pfn });
  if (page.poisoned) return refuse("EHWPOISON", { kind: "poisoned-already", pfn });
  setPoison(machine, pfn);
  const huge = allocationAt(machine, pfn);
  if (huge !== undefined && isHugetlb(huge)) {
    if (isReferenced(huge)) return refuse("EBUSY", { kind: "held", pfn, id: huge.id });
    if (isFreeInPool(huge) && !mayDissolve(machine, huge)) return refuse("EBUSY", { kind: "promised", pfn, id: huge.id });
    dissolve(machine, huge, pfn);
    return done;
  }
  drainZone(machine, zoneAt(machine, page.zone));
  if (page.use === FrameUse.Free) {
    takePageOffBuddy(machine, pfn);
    return done;
  }
  if (!isHandlable(machine, pfn) || allocationAt(machine, pfn)?.kind === "driver-movable") shakePage(machine, pfn);
  const allocation = allocationAt(machine, pfn);
  if (allocation === undefined || isKernelPage(allocation) || allocation.kind === "driver-movable") return refuse("EBUSY", { kind: "kernel-page", pfn });
  if (allocation.kind === "folio") return refuse("EHWPOISON", { kind: "folio-not-split", pfn, id: allocation.id });
  // shake_folio() again, with a reference of its own.
  drainBatches(machine, allocation);
  if (isReferenced(allocation)) return refuse("EBUSY", { kind: "stuck", pfn, id: allocation.id });
  delete machine.allocations[allocation.id];
  jail(machine, pfn);
  return done;
}

/** Linux `soft_offline_page()`: batches are drained for a page that is not on the LRU, not for one that is. */
export function softOfflinePage(machine: Machine, pfn: Pfn, choices: Choices, account: Account): Ending {
  if (!pfnValid(machine, pfn)) return refuse("ENXIO", { kind: "not-valid", pfn });
  const page = pfnToOnlinePage(machine, pfn);
  if (page === undefined) return refuse("EIO", { kind: "not-online", pfn });
  if (page.poisoned) return done;
  drainZone(machine, zoneAt(machine, page.zone));
  if (page.use !== FrameUse.Free && !isHandlable(machine, pfn)) shakePage(machine, pfn);
  if (page.use === FrameUse.Free) {
    setPoison(machine, pfn);
    takePageOffBuddy(machine, pfn);
    return done;
  }
  const allocation = allocationAt(machine, pfn);
  if (allocation === undefined || isKernelPage(allocation)) return refuse("EIO", { kind: "kernel-page", pfn });
  if (allocation.kind === "folio") return refuse("EBUSY", { kind: "folio-not-split", pfn, id: allocation.id });
  if (isFreeInPool(allocation)) {
    if (!mayDissolve(machine, allocation)) return refuse("EBUSY", { kind: "promised", pfn, id: allocation.id });
    setPoison(machine, pfn);
    dissolve(machine, allocation, pfn);
    return done;
  }
  if (!isMigratable(machine, allocation)) return refuse("EBUSY", { kind: "stuck", pfn, id: allocation.id });
  if (dropsIt(allocation, choices)) {
    delete machine.allocations[allocation.id];
    account.dropped.push(allocation.id);
  } else {
    const told = nextToldMove(choices, [allocation]);
    const to = allocPages(machine, migrationTarget(machine, allocation, "soft-offline"), choices, told?.to);
    if (to === undefined) return refuse("ENOMEM", { kind: "no-target", pfn, id: allocation.id });
    const old = framesOfBlock(allocation);
    account.moved.push({ id: allocation.id, from: leave(machine, allocation, to), to });
    for (const other of framesOf(old)) if (other !== pfn) freePages(machine, other, 0, false);
  }
  setPoison(machine, pfn);
  jail(machine, pfn);
  return done;
}

/** A clean page-cache page is evicted: alone always, followed where that was told. */
function dropsIt(allocation: Allocation, choices: Choices): boolean {
  if (choices.kind === "alone") return allocation.kind === "file";
  const id = choices.dropped.shift();
  if (id === undefined) return false;
  if (allocation.kind !== "file" || id !== allocation.id) throw new Inadmissible("drop-allowed", `a${id} was dropped, but the page is not a clean page-cache page of that name`, "moving the page");
  return true;
}

/** Linux `unpoison_memory()`. */
export function unpoisonMemory(machine: Machine, pfn: Pfn): Ending {
  const page = pfnToOnlinePage(machine, pfn);
  if (page === undefined) return refuse("EIO", { kind: "not-online", pfn });
  if (!page.poisoned) return refuse("EBUSY", { kind: "not-poisoned", pfn });
  const allocation = allocationAt(machine, pfn);
  if (allocation !== undefined && isFreeInPool(allocation)) {
    drainZone(machine, zoneAt(machine, page.zone));
    clearPoison(machine, pfn);
    return done;
  }
  if (![FrameUse.Poisoned, FrameUse.Free, FrameUse.Guard, FrameUse.Pcp, FrameUse.Limbo].some((use) => use === page.use)) return refuse("EBUSY", { kind: "in-use", pfn });
  drainZone(machine, zoneAt(machine, page.zone));
  clearPoison(machine, pfn);
  if (page.use !== FrameUse.Poisoned) return done;
  if (!page.referenced && permits(machine, "KD-8")) page.use = FrameUse.Limbo;
  else freePages(machine, pfn, 0, false);
  return done;
}

function isHugetlb(allocation: Allocation): boolean {
  return allocation.kind === "hugetlb" || allocation.kind === "hugetlb-fixed";
}

/** A page in use that memory failure can handle as it is: Linux `HWPoisonHandlable()`. */
function isHandlable(machine: Machine, pfn: Pfn): boolean {
  const allocation = allocationAt(machine, pfn);
  return allocation !== undefined && !isKernelPage(allocation);
}

/** Linux `shake_page()`: a page that is not on the LRU may be on its way there. Not asked of slab. */
function shakePage(machine: Machine, pfn: Pfn): void {
  const kind = allocationAt(machine, pfn)?.kind;
  if (kind !== "slab" && kind !== "slab-reclaimable") drainBatches(machine);
}

/** Not a page that memory failure can handle. */
function isKernelPage(allocation: Allocation): boolean {
  switch (allocation.kind) {
    case "user":
    case "file":
    case "folio":
      return isOffLru(allocation);
    case "hugetlb":
    case "hugetlb-fixed":
    case "driver-movable":
      return false;
    default:
      return true;
  }
}

function isReferenced(allocation: Allocation): boolean {
  return allocation.holds + allocation.pins + allocation.longTermPins > 0;
}

function setPoison(machine: Machine, pfn: Pfn): void {
  pageOf(machine, pfn).poisoned = true;
  count(machine, pfn, 1);
}

function clearPoison(machine: Machine, pfn: Pfn): void {
  pageOf(machine, pfn).poisoned = false;
  count(machine, pfn, -1);
}

/** Linux `num_poisoned_pages_inc()` and `memblk_nr_poison_inc()`. */
function count(machine: Machine, pfn: Pfn, n: number): void {
  machine.numPoisoned += n;
  const block = findMemoryBlock(machine, Math.floor(pfn / blockPages(machine.description.geometry)));
  if (block === undefined) return;
  block.nrHwpoison += n;
  putMemoryBlock(block);
}

/** The frame is kept by memory failure. */
function jail(machine: Machine, pfn: Pfn): void {
  Object.assign(pageOf(machine, pfn), { use: FrameUse.Poisoned, referenced: true, alloc: -1 });
}

/** Linux `take_page_off_buddy()`: the block is split down to the frame, the other halves stay on the list. */
function takePageOffBuddy(machine: Machine, pfn: Pfn): void {
  const block = freeBlockAround(machine, pfn);
  if (block === undefined) throw new Error(`free frame ${pfn} in no free block`);
  const type = listOf(machine, pageOf(machine, block.pfn).zone, block) ?? "Isolate";
  takeFromBlock(machine, block, pfn, 0, type, type);
  jail(machine, pfn);
}

/** A hugetlb page without users goes back to the buddy, but for the bad frame. */
function dissolve(machine: Machine, allocation: Allocation, bad: Pfn): void {
  leavePool(machine, allocation);
  delete machine.allocations[allocation.id];
  jail(machine, bad);
  for (const pfn of framesOf(framesOfBlock(allocation))) if (pfn !== bad) freePages(machine, pfn, 0, false);
}

/**
 * A memory block goes offline.
 *
 * Linux `memory_block_offline()`, drivers/base/memory.c; `offline_pages()`, mm/memory_hotplug.c, v6.12.
 */
import { delPageFromFreeList, freeBlocksIn } from "./buddy.ts";
import { Inadmissible } from "./choices.ts";
import type { Choices } from "./choices.ts";
import { isolationOfTask, staysInUse } from "./contig.ts";
import { dissolveFreePages, isFreeInPool, mayDissolve } from "./hugetlb.ts";
import { startIsolatePageRange, testPagesIsolated, undoIsolatePageRange } from "./isolation.ts";
import type { Allocation, Block, Isolation, Machine } from "./machine.ts";
import { allocationAt, everyFrame, findFrame, frameAt, framesOf, pageblockOf, pageblocksOf, pageOf, permits, someFrame, zoneAt } from "./machine.ts";
import { framesOfBlock, isMigratable, migratePages, migrationTarget, nextToldMove } from "./migration.ts";
import { blockRange, dataRange, notify } from "./notifier.ts";
import { blockOf, deinitMemmapOnMemory, markOffline } from "./online.ts";
import { allowedZones, canServe, isOnLruOrDriverMovable } from "./page-alloc.ts";
import { drainZone } from "./pcp.ts";
import { drainBatches } from "./pin.ts";
import { hex, pfnRange, rangeContains, rangeEnd, toPfn } from "./pfn.ts";
import type { Pfn, PfnRange } from "./pfn.ts";
import type { Account, Ending, OfflineTask, Refusal } from "./task.ts";
import { done, refuse, running } from "./task.ts";
import { FrameUse } from "./view.ts";
import type { ZoneIndex } from "./view.ts";
import { countIsolated } from "./vmstat.ts";
import { adjustPresentPageCount, removePfnRangeFromZone, updateNodeStates } from "./zone.ts";

/** The first step: the tests, the per-CPU lists, the isolation. */
export function startOffline(machine: Machine, task: OfflineTask): Ending {
  const block = blockOf(machine, task.block);
  const index = block.zone;
  if (index === null) return refuse("EINVAL", { kind: "no-single-zone", block: block.id });
  const data = dataRange(machine, block);
  if (!coveredByRam(machine, block)) return refuse("EINVAL", { kind: "memory-hole", block: block.id });
  const zone = zoneAt(machine, index);
  accountSelfHosted(machine, block, index, -1);
  drainZone(machine, zone);
  drainBatches(machine);
  const owner: Isolation = { owner: { task: task.task }, mode: "offline", pageblocks: [] };
  const failed = startIsolatePageRange(machine, data, owner);
  if (failed !== undefined) {
    accountSelfHosted(machine, block, index, 1);
    return refuse("EBUSY", { kind: "isolation", pfn: failed.pfn, block: block.id, detail: failed.kind });
  }
  machine.isolations.push(owner);
  zone.pcpDisabledBy.push("task");
  block.state = "going-offline";
  return running;
}

/** The self-hosted memmap counts as present while the block is online, and not while it is going offline. */
function accountSelfHosted(machine: Machine, block: Block, index: ZoneIndex, sign: 1 | -1): void {
  if (block.selfHosted === 0) return;
  adjustPresentPageCount(machine, index, blockRange(machine, block).start, groupOf(machine, block), sign * block.selfHosted);
}

function groupOf(machine: Machine, block: Block): Machine["groups"][number] | undefined {
  return block.group === null ? undefined : machine.groups[block.group];
}

/** Linux `walk_system_ram_range()` with `count_system_ram_pages_cb()`: no hole in the range. */
function coveredByRam(machine: Machine, block: Block): boolean {
  return everyFrame(dataRange(machine, block), (pfn) => frameAt(machine, pfn)?.use !== FrameUse.Hole && machine.resources.some(({ kind, range }) => kind === "ram" && pfn >= range.start && pfn < range.start + range.nrPages));
}

/** The steps after the first. */
export function stepOffline(machine: Machine, task: OfflineTask, choices: Choices, account: Account): Ending {
  const block = blockOf(machine, task.block);
  if (task.phase === "isolated") {
    const refused = notify(machine, block, "GOING_OFFLINE", account.events);
    if (refused !== undefined) return cancel(machine, task, account, refuse(refused, { kind: "veto", block: block.id, detail: "GOING_OFFLINE" }));
    dropReferences(machine, block);
    task.phase = "migrating";
    return running;
  }
  return moveOnePage(machine, task, choices, account) ?? finish(machine, task, account);
}

/** Drivers give up their reference on PageOffline frames that they took with `drops`: Linux virtio_mem_fake_offline_going_offline(), drivers/virtio/virtio_mem.c, v6.12. */
function dropReferences(machine: Machine, block: Block): void {
  for (const pfn of framesOf(dataRange(machine, block))) {
    const page = pageOf(machine, pfn);
    if (page.use === FrameUse.PageOffline && page.drops) page.use = FrameUse.PageOfflineDropped;
  }
}

function takeReferencesAgain(machine: Machine, block: Block): void {
  for (const pfn of framesOf(dataRange(machine, block))) {
    const page = pageOf(machine, pfn);
    if (page.use === FrameUse.PageOfflineDropped) page.use = FrameUse.PageOffline;
  }
}

/** Gives up after GOING_OFFLINE was called. */
export function cancel(machine: Machine, task: OfflineTask, account: Account, refusal: Refusal): Refusal {
  const block = blockOf(machine, task.block);
  takeReferencesAgain(machine, block);
  const owner = isolationOfTask(machine, task.task);
  if (owner !== undefined) undoIsolatePageRange(machine, dataRange(machine, block), owner);
  end(machine, task);
  notify(machine, block, "CANCEL_OFFLINE", account.events);
  block.state = "online";
  if (block.zone !== null) accountSelfHosted(machine, block, block.zone, 1);
  return refusal;
}

/** The isolation and the disabled per-CPU lists end with the task. */
function end(machine: Machine, task: OfflineTask): void {
  machine.isolations = machine.isolations.filter(({ owner }) => !("task" in owner && owner.task === task.task));
  const { zone } = blockOf(machine, task.block);
  if (zone !== null) zoneAt(machine, zone).pcpDisabledBy = zoneAt(machine, zone).pcpDisabledBy.filter((by) => by !== "task");
}

/** Pages of the range that can be moved, ascending. Linux `scan_movable_pages()` and `do_migrate_range()`. */
function* pagesToMove(machine: Machine, range: PfnRange): Generator<Allocation> {
  let last: Allocation | undefined;
  for (const pfn of framesOf(range)) {
    const allocation = allocationAt(machine, pfn);
    if (allocation === undefined || allocation === last) continue;
    last = allocation;
    if (!isFreeInPool(allocation) && isMigratable(machine, allocation)) yield allocation;
  }
}

/** The next page of the block that can move and has somewhere to go: from where the scan stands, and then from the start again. */
function nextPage(machine: Machine, task: OfflineTask): Allocation | undefined {
  const data = dataRange(machine, blockOf(machine, task.block));
  for (const from of new Set([task.scanned ?? data.start, data.start])) {
    for (const page of pagesToMove(machine, pfnRange(from, rangeEnd(data) - from))) {
      if (!hasTarget(machine, page)) continue;
      task.scanned = toPfn(Math.max(page.pfn, data.start));
      return page;
    }
  }
  return undefined;
}

function hasTarget(machine: Machine, page: Allocation): boolean {
  const request = migrationTarget(machine, page, "offline");
  return allowedZones(machine, request).some((index) => canServe(zoneAt(machine, index), request));
}

/** Moves one page; undefined when none is left that can move. */
function moveOnePage(machine: Machine, task: OfflineTask, choices: Choices, account: Account): Ending | undefined {
  const told = choices.kind === "alone" || isToldElsewhere(machine, task, choices) ? undefined : nextToldMove(choices, [...pagesToMove(machine, dataRange(machine, blockOf(machine, task.block)))]);
  const page = told?.allocation ?? nextPage(machine, task);
  if (page === undefined) return undefined;
  if (choices.kind === "told" && told === undefined) return stopsHere(machine, task, page, choices);
  const move = migratePages(machine, page, "offline", choices, told?.to);
  if (move !== undefined) account.moved.push(move);
  return running;
}

/** The next move that was told is out of another block: it belongs to what the command does later. */
function isToldElsewhere(machine: Machine, task: OfflineTask, choices: Choices): boolean {
  const next = choices.kind === "told" ? choices.moved[0] : undefined;
  return next !== undefined && !rangeContains(dataRange(machine, blockOf(machine, task.block)), next.from);
}

/** Someone else stopped although a page is left that can move: permitted where another one keeps the block online. */
function stopsHere(machine: Machine, task: OfflineTask, page: Allocation, choices: Choices): undefined {
  const block = blockOf(machine, task.block);
  const pages = [...pagesToMove(machine, dataRange(machine, block))];
  const kept = findFrame(dataRange(machine, block), (pfn) => stays(machine, pages, pfn));
  const failed = choices.kind === "told" && choices.errno !== undefined && !choices.stepwise;
  if (failed && (kept !== undefined || pages.some((other) => !hasTarget(machine, other)))) return undefined;
  throw new Inadmissible("move-missing", `the operation stopped, but a${page.id} at ${hex(page.pfn)} can be moved out of block ${block.id} and nothing else keeps it online`, `moving a${page.id}`, [page.pfn]);
}

/** The frame keeps its block online also when the pages have moved. */
function stays(machine: Machine, pages: readonly Allocation[], pfn: Pfn): boolean {
  return !isGone(machine, pfn) && staysInUse(machine, pages, pfn);
}

/** The frame is no obstacle: free, poisoned, PageOffline and dropped, or of a free huge page that can be dissolved. */
function isGone(machine: Machine, pfn: number & Parameters<typeof pageOf>[1]): boolean {
  const { use, poisoned } = pageOf(machine, pfn);
  const allocation = allocationAt(machine, pfn);
  return use === FrameUse.Free || use === FrameUse.PageOfflineDropped || poisoned || (allocation !== undefined && mayDissolve(machine, allocation));
}

/** Linux `scan_movable_pages()`: on the LRU, of a driver with movable ops, or a huge page in use that may migrate. As long as one is there, offline scans again. */
function scanFinds(machine: Machine, pfn: number & Parameters<typeof pageOf>[1]): boolean {
  const allocation = allocationAt(machine, pfn);
  if (allocation === undefined) return false;
  if (allocation.kind === "hugetlb") return !isFreeInPool(allocation) && everyFrame(framesOfBlock(allocation), (other) => !pageOf(machine, other).poisoned);
  return isOnLruOrDriverMovable(machine, pfn) && !pageOf(machine, pfn).poisoned;
}

/** Nothing moves any more: commit, or give up. */
function finish(machine: Machine, task: OfflineTask, account: Account): Ending {
  const block = blockOf(machine, task.block);
  const data = dataRange(machine, block);
  const referenced = findFrame(data, (pfn) => pageOf(machine, pfn).use === FrameUse.PageOffline);
  if (referenced !== undefined) return cancel(machine, task, account, refuse("EBUSY", { kind: "page-offline", pfn: referenced, block: block.id }));
  const kept = someFrame(data, (pfn) => scanFinds(machine, pfn)) ? undefined : dissolveFreePages(machine, data);
  if (kept !== undefined) return cancel(machine, task, account, refuse("EBUSY", { kind: "huge-page", pfn: kept.pfn, id: kept.id, block: block.id }));
  const busy = testPagesIsolated(machine, data, "offline");
  if (busy === undefined) return commit(machine, task, account);
  if (permits(machine, "S-30")) return running;
  return cancel(machine, task, account, refuse("EBUSY", { kind: "stuck", pfn: busy.pfn, block: block.id, detail: busy.kind }));
}

/** Linux: from `__offline_isolated_pages()` on. Nothing fails any more. */
function commit(machine: Machine, task: OfflineTask, account: Account): Ending {
  const block = blockOf(machine, task.block);
  const index = block.zone;
  if (index === null) throw new Error(`block ${block.id} has no zone`);
  const data = dataRange(machine, block);
  const zone = zoneAt(machine, index);
  const withheld = [...framesOf(data)].filter((pfn) => pageOf(machine, pfn).use === FrameUse.PageOfflineDropped || allocationAt(machine, pfn)?.inflated === true).length;
  endPoisonedAllocations(machine, block);
  for (const { pfn, order } of freeBlocksIn(machine, data)) delPageFromFreeList(machine, pfn, order, "Isolate");
  markOffline(machine, data);
  for (const start of pageblocksOf(machine, data)) pageblockOf(machine, start).isolated = false;
  zone.nrIsolatePageblock -= pageblocksOf(machine, data).length;
  end(machine, task);
  zone.managed -= data.nrPages - withheld;
  machine.totalram -= data.nrPages - withheld;
  adjustPresentPageCount(machine, index, data.start, groupOf(machine, block), -data.nrPages);
  updateNodeStates(machine, zone.node);
  notify(machine, block, "OFFLINE", account.events);
  removePfnRangeFromZone(machine, index, data);
  for (const pfn of framesOf(data)) Object.assign(pageOf(machine, pfn), { use: FrameUse.Offline, zone: -1, alloc: -1, referenced: false, drops: false });
  if (block.selfHosted > 0) deinitMemmapOnMemory(machine, block, index);
  block.zone = null;
  block.state = "offline";
  notify(machine, block, "FINISH_OFFLINE", account.events);
  return done;
}

/** A poisoned frame does not keep its block online; the single-frame allocation it belonged to ends, a larger range loses it. */
function endPoisonedAllocations(machine: Machine, block: Block): void {
  for (const pfn of framesOf(dataRange(machine, block))) {
    const allocation = allocationAt(machine, pfn);
    if (allocation === undefined) continue;
    pageOf(machine, pfn).alloc = -1;
    const left = allocation.kind === "contig" || allocation.kind === "cma" ? someFrame({ start: allocation.pfn, nrPages: allocation.nrPages }, (other) => allocationAt(machine, other) === allocation) : false;
    if (allocation.lruIsolated && allocation.pfn === pfn) countIsolated(machine, allocation, -1);
    if (!left) delete machine.allocations[allocation.id];
  }
}

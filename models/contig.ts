/**
 * Contiguous allocation of an exact range: isolate, move what is in the way, test, take, undo.
 *
 * Linux `alloc_contig_range_noprof()`, mm/page_alloc.c, v6.12.
 */
import { delPageFromFreeList, freeBlockAround, freeBlocksIn, guardedHalf, migratetypeOf } from "./buddy.ts";
import { Inadmissible } from "./choices.ts";
import type { Choices } from "./choices.ts";
import { startIsolatePageRange, testPagesIsolated, undoIsolatePageRange } from "./isolation.ts";
import type { Allocation, Isolation, Machine } from "./machine.ts";
import { allocationAt, findFrame, frameAt, framesOf, pageOf, permits, someFrame, zoneAt } from "./machine.ts";
import { framesOfBlock, isMigratable, migratePages, migrationTarget, nextToldMove } from "./migration.ts";
import { allowedZones, canServe } from "./page-alloc.ts";
import { drainZone, freePages } from "./pcp.ts";
import { drainBatches } from "./pin.ts";
import { hex, isPowerOfTwo, pfnRange, rangeContains, rangeEnd, rangesOverlap, showRange, toPfn } from "./pfn.ts";
import type { Pfn, PfnRange } from "./pfn.ts";
import type { Account, ContigTask, Ending } from "./task.ts";
import { done, refuse, running } from "./task.ts";
import { FrameUse } from "./view.ts";

/** The pageblocks that a task isolates. */
export function isolationOfTask(machine: Machine, task: number): Isolation | undefined {
  return machine.isolations.find(({ owner }) => "task" in owner && owner.task === task);
}

function ownerOf(machine: Machine, task: ContigTask): Isolation {
  const owner = isolationOfTask(machine, task.task);
  if (owner === undefined) throw new Error(`task ${task.task} isolates nothing`);
  return owner;
}

/** The first step: the gfp test and the isolation. */
export function startContig(machine: Machine, task: ContigTask): Ending {
  if (task.gfp === "nofail") return refuse("EINVAL", { kind: "gfp" });
  const owner: Isolation = { owner: { task: task.task }, mode: task.mode, pageblocks: [] };
  const failed = startIsolatePageRange(machine, task.range, owner);
  if (failed !== undefined) {
    // Linux undoes the range even here, where nothing of it is its own (KD-2).
    undoIsolatePageRange(machine, task.range, owner);
    return refuse("EBUSY", { kind: "isolation", pfn: failed.pfn, detail: failed.kind });
  }
  machine.isolations.push(owner);
  return running;
}

/** The steps after the first. */
export function stepContig(machine: Machine, task: ContigTask, choices: Choices, account: Account): Ending {
  if (task.phase === "isolated") {
    drainZone(machine, zoneAt(machine, task.zone));
    drainBatches(machine);
    task.phase = "migrating";
    return running;
  }
  return moveOnePage(machine, task, choices, account) ?? finishContig(machine, task);
}

/** Runs a contiguous allocation to its end with nobody else in between. */
export function allocContigRange(machine: Machine, task: ContigTask, choices: Choices, account: Account): Ending {
  let ending = startContig(machine, task);
  while (ending.result === "running") ending = stepContig(machine, task, choices, account);
  return ending;
}

/** Gives up: what has moved stays where it is. */
export function endContig(machine: Machine, task: ContigTask): void {
  undoIsolatePageRange(machine, task.range, ownerOf(machine, task));
  machine.isolations = machine.isolations.filter(({ owner }) => !("task" in owner && owner.task === task.task));
}

/**
 * The pages that have to leave the range and can. Linux `isolate_migratepages_block()`, mm/compaction.c, v6.12: a page is
 * taken at its first frame, hugetlb at any; without __GFP_FS page-cache pages stay.
 */
function pagesToMove(machine: Machine, task: ContigTask): readonly Allocation[] {
  return Object.values(machine.allocations)
    .filter((allocation) => allocation.kind !== "contig" && allocation.kind !== "cma" && rangesOverlap(framesOfBlock(allocation), task.range))
    .filter((allocation) => allocation.kind === "hugetlb" || rangeContains(task.range, allocation.pfn))
    .filter((allocation) => !(allocation.kind === "file" && task.gfp === "nofs"))
    .filter((allocation) => isMigratable(machine, allocation))
    .toSorted((a, b) => a.pfn - b.pfn);
}

/** Moves or drops one page; undefined when there is none left to move. */
function moveOnePage(machine: Machine, task: ContigTask, choices: Choices, account: Account): Ending | undefined {
  const pages = pagesToMove(machine, task);
  const page = pages[0];
  if (choices.kind === "told") {
    const id = choices.dropped.shift();
    if (id !== undefined) return drop(machine, pages, id, account);
    const move = nextToldMove(choices, pages);
    if (move !== undefined) return moved(machine, move.allocation, migratePages(machine, move.allocation, "contig", choices, move.to), account, task);
    return page === undefined ? undefined : stopsHere(machine, task, pages, choices);
  }
  if (page === undefined) return undefined;
  if (page.kind === "file") return drop(machine, pages, page.id, account);
  return moved(machine, page, migratePages(machine, page, "contig", choices, undefined), account, task);
}

function moved(machine: Machine, page: Allocation, move: ReturnType<typeof migratePages>, account: Account, task: ContigTask): Ending {
  if (move === undefined) return noTarget(machine, task, page);
  account.moved.push(move);
  return running;
}

function noTarget(machine: Machine, task: ContigTask, page: Allocation): Ending {
  endContig(machine, task);
  return refuse("ENOMEM", { kind: "no-target", id: page.id, pfn: page.pfn });
}

/** Linux `reclaim_clean_pages_from_list()`, mm/vmscan.c, v6.12. */
function drop(machine: Machine, pages: readonly Allocation[], id: number, account: Account): Ending {
  const page = pages.find((candidate) => candidate.id === id);
  if (page?.kind !== "file") throw new Inadmissible("drop-allowed", `a${id} was dropped, but it is not a clean page-cache page of the range that nobody holds`, "page-cache pages of the range");
  delete machine.allocations[id];
  freePages(machine, page.pfn, 0, false);
  account.dropped.push(id);
  return running;
}

/** Someone else stopped although pages are left that can move: permitted where the whole can not succeed. */
function stopsHere(machine: Machine, task: ContigTask, pages: readonly Allocation[], choices: Choices): Ending {
  const errno = choices.kind === "told" ? choices.errno : undefined;
  const homeless = pages.find((page) => page.kind !== "file" && !hasTarget(machine, page));
  if (errno === "ENOMEM" && homeless !== undefined) return noTarget(machine, task, homeless);
  const stuck = choices.kind === "told" && choices.stepwise ? undefined : stuckFrame(machine, task, pages);
  if (errno === "EBUSY" && stuck !== undefined) {
    endContig(machine, task);
    return refuse("EBUSY", { kind: "stuck", pfn: stuck });
  }
  const page = pages[0];
  throw new Inadmissible("move-missing", `the operation stopped, but a${page?.id} at ${hex(page?.pfn ?? 0)} can be moved out of ${showRange(task.range)} and nothing else is in the way of ${errno ?? "success"}`, "moving it, or dropping it if it is a page-cache page", page === undefined ? [] : [page.pfn]);
}

function hasTarget(machine: Machine, page: Allocation): boolean {
  const request = migrationTarget(machine, page, "contig");
  return allowedZones(machine, request).some((index) => canServe(zoneAt(machine, index), request));
}

/** A frame of the range that stays in use when the given pages have moved. */
function stuckFrame(machine: Machine, task: ContigTask, pages: readonly Allocation[]): Pfn | undefined {
  return findFrame(task.range, (pfn) => staysInUse(machine, pages, pfn));
}

/** The frame is not free, and will not be once the given pages have moved. A guard page is free as soon as the half of its block that is in use is. */
export function staysInUse(machine: Machine, pages: readonly Allocation[], pfn: Pfn): boolean {
  const half = guardedHalf(machine, pfn);
  if (half !== undefined) return someFrame(half, (other) => staysInUse(machine, pages, other));
  return frameAt(machine, pfn)?.use !== FrameUse.Free && !pages.some((page) => allocationAt(machine, pfn) === page);
}

/** Tests, takes the free blocks, gives back what is too much, undoes the isolation. */
function finishContig(machine: Machine, task: ContigTask): Ending {
  const { start } = task.range;
  const end = rangeEnd(task.range);
  const outerStart = freeBlockAround(machine, start)?.pfn ?? start;
  const busy = testPagesIsolated(machine, pfnRange(outerStart, end - outerStart), "contig");
  if (busy !== undefined) {
    endContig(machine, task);
    return refuse("EBUSY", { kind: "stuck", pfn: busy.pfn });
  }
  const taken = takeFreeBlocks(machine, pfnRange(outerStart, end - outerStart));
  if (task.compound && !fitsCompound(task.range, taken)) {
    if (!permits(machine, "KD-3")) freeSingly(machine, taken);
    endContig(machine, task);
    return refuse("EINVAL", { kind: "compound-shape", pfn: start, detail: `the free blocks taken are ${showRange(taken)}` });
  }
  freeSingly(machine, pfnRange(taken.start, start - taken.start));
  freeSingly(machine, pfnRange(end, rangeEnd(taken) - end));
  own(machine, task);
  endContig(machine, task);
  return done;
}

/** Linux `isolate_freepages_range()`, mm/compaction.c, v6.12. */
function takeFreeBlocks(machine: Machine, range: PfnRange): PfnRange {
  let end = rangeEnd(range);
  for (const { pfn, order } of freeBlocksIn(machine, range)) {
    delPageFromFreeList(machine, pfn, order, migratetypeOf(machine, pfn));
    end = toPfn(Math.max(end, pfn + 2 ** order));
  }
  return pfnRange(range.start, end - range.start);
}

function fitsCompound(range: PfnRange, taken: PfnRange): boolean {
  return taken.start === range.start && taken.nrPages === range.nrPages && isPowerOfTwo(range.nrPages);
}

/** Frees frames one by one to the buddy, ascending. */
export function freeSingly(machine: Machine, range: PfnRange): void {
  for (const pfn of framesOf(range)) freePages(machine, pfn, 0, false);
}

function own(machine: Machine, task: ContigTask): void {
  const { range, owner } = task;
  if ("pageOffline" in owner) {
    for (const pfn of framesOf(range)) Object.assign(pageOf(machine, pfn), { use: FrameUse.PageOffline, drops: owner.pageOffline.drops });
    return;
  }
  const id = owner.allocation;
  const compound = task.compound && range.nrPages > 1;
  machine.allocations[id] = { id, kind: task.mode === "cma" ? "cma" : "contig", order: compound ? Math.log2(range.nrPages) : null, compound, pfn: range.start, nrPages: range.nrPages, holds: 0, pins: 0, longTermPins: 0, lruIsolated: false, freed: false, inflated: false, pool: false, batch: "none" };
  for (const pfn of framesOf(range)) Object.assign(pageOf(machine, pfn), { use: FrameUse.Allocated, alloc: id });
}

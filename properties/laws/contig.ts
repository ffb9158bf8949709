/**
 * Contiguous allocation: what it takes, what it may move, and what a failure leaves as it was.
 */
import { FrameUse, isAligned, isPowerOfTwo, pfnRange, rangeContains, toPfn } from "../../models/index.ts";
import type { AllocId, AllocationView, Op, PfnRange } from "../../models/index.ts";
import { allocationOfRow, allocationsById, isUnused, pageblockStarts, rowsOf, typeAt, zoneAt } from "../derived.ts";
import { FrameEvidence, allocationName, allocationPlace, rangeName, useName, zoneName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Law, StepRecord } from "../rule.ts";
import { allocationChanges, commandOf, contigRange, eachFrame, endsWithBatch, failed, nrFrames, partOf, sameFrames, stays, succeeded } from "../step.ts";
import { retyped } from "./allocation.ts";

const contigOps: readonly Op[] = ["alloc-contig", "alloc-contig-pages", "cma-alloc", "fake-offline"];

/** Pages that the step says have been dropped, of the command itself and of the attempts of a search. */
function droppedIds({ outcome }: StepRecord): readonly AllocId[] {
  return [...(outcome.dropped ?? []), ...(outcome.attempts ?? []).flatMap(({ dropped }) => dropped ?? [])];
}

function movedIds({ outcome }: StepRecord): readonly AllocId[] {
  return [...(outcome.moved ?? []), ...(outcome.attempts ?? []).flatMap(({ moved }) => moved ?? [])].map(({ id }) => id);
}

function sameButPlace(a: AllocationView, b: AllocationView): boolean {
  return a.kind === b.kind && a.order === b.order && a.compound === b.compound && a.holds === b.holds && a.pins === b.pins && a.longTermPins === b.longTermPins && a.lruIsolated === b.lruIsolated && a.inflated === b.inflated && a.freed === b.freed;
}

/** The id that the step gives the frames it takes; a task's own is not told. */
function ownId(step: StepRecord): AllocId | undefined {
  const command = commandOf(step);
  return "id" in command ? command.id : undefined;
}

/** Evidence for each allocation of others that did more than move or be dropped as the outcome tells. */
function judgeOthers(step: StepRecord): readonly Evidence[] {
  const dropped = new Set(droppedIds(step));
  const moved = new Set(movedIds(step));
  const own = partOf(step) === "end" && succeeded(step) ? newContig(step)?.id : succeeded(step) ? ownId(step) : undefined;
  const found: Evidence[] = [];
  for (const { id, before, after } of allocationChanges(step)) {
    if (before === undefined) {
      if (id !== own) found.push({ ...allocationPlace(after), was: "not there", is: "there" });
    } else if (after === undefined) {
      if (endsWithBatch(before)) continue;
      if (!dropped.has(id)) found.push({ ...allocationPlace(before), was: "there", is: "gone, and not said to be dropped" });
      else if (before.kind !== "file" || stays(before)) found.push({ ...allocationPlace(before), was: "kept: only clean page-cache pages that nobody refers to are dropped", is: "dropped" });
    } else if (!sameButPlace(before, after)) {
      found.push({ ...allocationPlace(before), was: "moved at most", is: `changed to ${allocationName(after)}` });
    } else if (!sameFrames(before, after) && !moved.has(id)) {
      found.push({ ...allocationPlace(before), was: "in its place", is: "in other frames, and not said to be moved" });
    }
  }
  return found;
}

/** The allocation that a finished task made. */
function newContig({ before, after }: StepRecord): AllocationView | undefined {
  const known = allocationsById(before);
  return given(after.allocations).find(({ id, kind }) => !known.has(id) && kind === "contig");
}

/** Frames that are free, on a per-CPU list, or guard pages. */
function nrUnused({ use }: { readonly use: Uint8Array }): number {
  let count = 0;
  for (let row = 0; row < use.length; row++) if (isUnused(use[row])) count++;
  return count;
}

function judgeUnused({ before, after }: StepRecord, wanted: number): readonly Evidence[] {
  const delta = nrUnused(given(after.frames)) - nrUnused(given(before.frames));
  return delta === wanted ? [] : [{ where: "free and per-CPU frames", was: `change by ${wanted}`, is: `by ${delta}` }];
}

/** Whether the request failed because its compound page does not fit. */
function misfit(step: StepRecord): boolean {
  return step.outcome.errno === "EINVAL";
}

/** Pages that were freed before, and gone now because the batches of the LRU were drained. */
function nrEndedWithBatch(step: StepRecord): number {
  return allocationChanges(step).filter(({ before, after }) => before !== undefined && after === undefined && endsWithBatch(before)).length;
}

const failureIsEquivalent: Law = {
  id: "PG-36",
  title: "a failed contiguous allocation leaves every page there, moved or a dropped clean page at most, and as many free frames as before",
  source: "mm/page_alloc.c: alloc_contig_range_noprof(), v6.12",
  needs: ["allocations", "frames.use"],
  ops: contigOps,
  unless: [],
  find: (step) => (failed(step) && !misfit(step) ? [...judgeOthers(step), ...judgeUnused(step, droppedIds(step).length + nrEndedWithBatch(step))] : []),
};

const misfitLosesNothing: Law = {
  id: "FC-58",
  title: "a compound request that does not fit loses no frame",
  source: "the contract; mm/page_alloc.c: alloc_contig_range_noprof(), v6.12",
  needs: ["allocations", "frames.use"],
  ops: contigOps,
  unless: ["KD-3"],
  find: (step) => (failed(step) && misfit(step) ? [...judgeOthers(step), ...judgeUnused(step, droppedIds(step).length + nrEndedWithBatch(step))] : []),
};

const badGfpIsRefused: Law = {
  id: "PG-37",
  title: "a contiguous request with gfp flags that are not allowed is EINVAL, and no other result",
  source: "mm/page_alloc.c: __alloc_contig_verify_gfp_mask(), v6.12",
  needs: [],
  ops: ["alloc-contig"],
  unless: [],
  find: (step) => {
    const command = commandOf(step);
    if (command.op !== "alloc-contig" || command.gfp !== "nofail" || step.outcome.result === "skipped" || step.outcome.errno === "EINVAL") return [];
    return [{ pfn: command.start, nrPages: command.nrPages, was: "EINVAL, gfp nofail", is: step.outcome.errno ?? step.outcome.result }];
  },
};

/** The frames that a successful request took. */
function takenRange(step: StepRecord): PfnRange | undefined {
  const command = commandOf(step);
  if (command.op === "alloc-contig-pages" || command.op === "cma-alloc") return step.outcome.start === undefined ? undefined : pfnRange(step.outcome.start, command.nrPages);
  return contigRange(step);
}

const takesItsRange: Law = {
  id: "PG-38",
  title: "a contiguous allocation takes exactly its range, in which nothing was that cannot move, and leaves every other page there",
  source: "mm/page_alloc.c: alloc_contig_range_noprof(), v6.12",
  needs: ["allocations", "frames.use"],
  ops: contigOps,
  unless: ["KD-8"],
  find: (step) => {
    const range = takenRange(step);
    if (range === undefined || !succeeded(step)) return [];
    const fake = commandOf(step).op === "fake-offline";
    const id = partOf(step) === "end" ? newContig(step)?.id : ownId(step);
    const own = fake ? undefined : given(step.after.allocations).find((allocation) => allocation.id === id);
    const rows = rowsOf(step.after);
    const use = given(step.after.frames).use;
    const found = new FrameEvidence();
    for (let pfn: number = range.start; pfn < range.start + range.nrPages; pfn++) {
      const row = rows.of(pfn);
      const is = row < 0 ? undefined : use[row];
      if (is !== (fake ? FrameUse.PageOffline : FrameUse.Allocated)) found.add(toPfn(pfn), fake ? "PageOffline" : "allocated", useName(is));
    }
    if (!fake && (own === undefined || nrFrames(own) !== range.nrPages || own.ranges[0]?.start !== range.start)) found.add(range.start, `${rangeName(range)} of the new allocation`, own === undefined ? "there is none" : own.ranges.map(rangeName).join(" "));
    return [...found.found, ...judgeOthers(step), ...judgeUnused(step, droppedIds(step).length + nrEndedWithBatch(step) - range.nrPages)];
  },
};

/** Uses of frames that no contiguous allocation may touch. */
function untouchable(use: number | undefined): boolean {
  return !isUnused(use) && use !== FrameUse.Allocated;
}

const unmovableStays: Law = {
  id: "PG-39",
  title: "no contiguous allocation, pin or soft offline moves a page that is unmovable, pinned, held or off the LRU, and the first two leave frames alone that are reserved, poisoned or PageOffline",
  source: "mm/page_isolation.c: has_unmovable_pages(); mm/migrate.c: migrate_pages(), v6.12",
  needs: ["allocations", "frames.use"],
  ops: [...contigOps, "pin", "pin-range", "soft-offline"],
  unless: [],
  find: (step) => {
    const { before, after } = step;
    const was = given(before.frames).use;
    const is = given(after.frames).use;
    const owners = allocationOfRow(before);
    const kept = allocationsById(after);
    const found = new FrameEvidence();
    const stuck = given(before.allocations).map((allocation) => stays(allocation) && !endsWithBatch(allocation));
    const soft = step.command.op === "soft-offline";
    eachFrame(step, (_pfn, rowBefore, rowAfter) => {
      if (!soft && untouchable(was[rowBefore]) && is[rowAfter] !== was[rowBefore]) found.add(rowsOf(before).pfn(rowBefore), useName(was[rowBefore]), useName(is[rowAfter]));
      const at = (owners[rowBefore] ?? 0) - 1;
      if (stuck[at] === true && is[rowAfter] !== FrameUse.Allocated) found.add(rowsOf(before).pfn(rowBefore), "kept in place", useName(is[rowAfter]), allocationName(given(before.allocations)[at]));
    });
    for (const [at, allocation] of given(before.allocations).entries()) {
      const now = kept.get(allocation.id);
      if (stuck[at] === true && now !== undefined && !sameFrames(allocation, now)) found.add(toPfn(allocation.ranges[0]?.start ?? 0), "kept in place", "in other frames", allocationName(allocation));
    }
    return found.found;
  },
};

const foreignIsolationHolds: Law = {
  id: "PG-41",
  title: "a contiguous request over a pageblock that somebody isolates is EBUSY, and no isolation of others is undone by any",
  source: "the contract; mm/page_alloc.c: alloc_contig_range_noprof(), v6.12",
  needs: ["pageblocks"],
  ops: contigOps,
  unless: ["KD-1", "KD-2"],
  find: (step) => {
    const { before, outcome } = step;
    const found = new FrameEvidence();
    const command = commandOf(step);
    if (partOf(step) === "whole") for (const { start, was, is } of retyped(step)) if (was === "Isolate" || is === "Isolate") found.add(toPfn(start), `pageblock ${was}`, is);
    if ((command.op !== "alloc-contig" && command.op !== "fake-offline") || (command.op === "alloc-contig" && command.gfp === "nofail") || outcome.result === "skipped") return found.found;
    for (const start of pageblockStarts(before, pfnRange(command.start, command.nrPages))) {
      if (typeAt(before, start) === "Isolate" && (outcome.result !== "refused" || outcome.errno !== "EBUSY")) found.add(start, "EBUSY, somebody isolates the pageblock", outcome.errno ?? outcome.result);
    }
    return found.found;
  },
};

const searchGivesWhatWasAsked: Law = {
  id: "FC-59",
  title: "a search for contiguous pages gives a range of one zone that the request allows, aligned to its size if that is a power of two",
  source: "mm/page_alloc.c: alloc_contig_pages_noprof(), v6.12",
  needs: ["zones", "frames.zone"],
  ops: ["alloc-contig-pages"],
  unless: [],
  find: (step) => {
    const { command, outcome, after } = step;
    if (command.op !== "alloc-contig-pages" || !succeeded(step) || outcome.start === undefined) return [];
    const { nrPages, node, thisNode, movable } = command;
    const found = new FrameEvidence();
    if (isPowerOfTwo(nrPages) && !isAligned(outcome.start, nrPages)) found.add(outcome.start, `a multiple of ${nrPages}`, rangeName(pfnRange(outcome.start, nrPages)));
    const link = given(after.frames).zone;
    const first = link[rowsOf(after).of(outcome.start)];
    for (let pfn: number = outcome.start; pfn < outcome.start + nrPages; pfn++) {
      const index = link[rowsOf(after).of(pfn)];
      const zone = zoneAt(after, index);
      const may = zone !== undefined && (movable || zone.type !== "Movable") && (!thisNode || zone.node === node);
      if (!may || index !== first) found.add(toPfn(pfn), may ? zoneName(after, first) : `a zone that the request allows${movable ? "" : ", not Movable"}${thisNode ? `, of node ${node}` : ""}`, zoneName(after, index));
    }
    return found.found;
  },
};

const areaGivesWhatWasAsked: Law = {
  id: "PG-45",
  title: "a CMA allocation is aligned as asked, counted from frame 0, and lies in its area; a failed one leaves the bitmap as it was",
  source: "mm/cma.c: cma_alloc(), v6.12",
  needs: ["cma", "allocations"],
  ops: ["cma-alloc"],
  unless: [],
  find: (step) => {
    const { before, after, command, outcome } = step;
    if (command.op !== "cma-alloc") return [];
    const [was, is] = [given(before.cma).find(({ area }) => area === command.area), given(after.cma).find(({ area }) => area === command.area)];
    if (was === undefined || is === undefined) return [];
    if (!succeeded(step)) return was.bitmap === is.bitmap ? [] : [{ where: `CMA area ${command.area}`, was: was.bitmap, is: is.bitmap }];
    const { start } = outcome;
    if (start === undefined) return [{ where: `CMA area ${command.area}`, was: "the first frame given", is: "not told" }];
    const area = pfnRange(was.base, was.nrPages);
    const found: Evidence[] = [];
    if (!isAligned(start, 2 ** command.align)) found.push({ pfn: start, nrPages: command.nrPages, was: `a multiple of ${2 ** command.align}`, is: rangeName(pfnRange(start, command.nrPages)) });
    if (!rangeContains(area, start) || !rangeContains(area, toPfn(start + command.nrPages - 1))) found.push({ pfn: start, nrPages: command.nrPages, was: `in ${rangeName(area)}`, is: rangeName(pfnRange(start, command.nrPages)) });
    const made = given(after.allocations).find(({ id }) => id === command.id);
    if (made?.kind !== "cma") found.push({ pfn: start, was: `of CMA allocation ${command.id}`, is: allocationName(made) });
    return found;
  },
};

export const contigLaws: readonly Law[] = [failureIsEquivalent, misfitLosesNothing, badGfpIsRefused, takesItsRange, unmovableStays, foreignIsolationHolds, searchGivesWhatWasAsked, areaGivesWhatWasAsked];

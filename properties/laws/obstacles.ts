/**
 * What may stand in a pageblock that is isolated, and what in a range that is to be emptied.
 */
import { FrameFlag, FrameUse, NONE, blockPages, pageKindTraits, pageblockPages, pfnRange, rangeEnd, toPfn } from "../../models/index.ts";
import type { AllocationView, Command, IsolationMode, PfnRange, View } from "../../models/index.ts";
import { allocationOfRow, blocksById, isUnused, pageblockStarts, rowsOf, spans, typeAt, zoneAt } from "../derived.ts";
import { FrameEvidence, allocationName, useName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Law, Need } from "../rule.ts";
import { blockRange, commandOf, direction, endsWithBatch, framesOf, isFreeInPool, partOf, stays, subjectBlock } from "../step.ts";

const needs: readonly Need[] = ["zones", "pageblocks", "allocations", "frames.use", "frames.flags", "frames.zone"];

function ownerOf(view: View, row: number): AllocationView | undefined {
  return given(view.allocations)[(allocationOfRow(view)[row] ?? 0) - 1];
}

function isPoisoned(view: View, row: number): boolean {
  return ((given(view.frames).flags[row] ?? 0) & FrameFlag.Hwpoison) !== 0;
}

function inMovableZone(view: View, row: number): boolean {
  return zoneAt(view, given(view.frames).zone[row] ?? NONE)?.type === "Movable";
}

/** Why a frame may not be in a pageblock that is isolated, after the batches of the LRU were drained or before that; or undefined: Linux `has_unmovable_pages()`, mm/page_isolation.c, v6.12. */
function unmovable(view: View, row: number, mode: IsolationMode, drained = false): string | undefined {
  const is = given(view.frames).use[row] ?? 0;
  if (is === FrameUse.Reserved || is === FrameUse.Hole || is === FrameUse.Absent || is === FrameUse.Device) return useName(is);
  if (inMovableZone(view, row)) return undefined;
  const poisoned = isPoisoned(view, row);
  const owner = ownerOf(view, row);
  if (drained && owner !== undefined && endsWithBatch(owner)) return undefined;
  if (owner === undefined) {
    // Of a poisoned frame out of use the view does not tell whether somebody keeps a reference.
    const passes = isUnused(is) || is === FrameUse.PageOfflineDropped || is === FrameUse.Limbo || is === FrameUse.Poisoned || (mode === "offline" && (is === FrameUse.PageOffline || poisoned));
    return passes ? undefined : useName(is);
  }
  if (owner.kind === "hugetlb") return undefined;
  const traits = owner.kind === "contig" || owner.kind === "cma" ? undefined : pageKindTraits[owner.kind];
  const onLru = traits?.lru === true && !owner.lruIsolated && (owner.lruBatch !== "add" || drained);
  if (owner.compound) return onLru ? undefined : allocationName(owner);
  const tail = owner.order !== null && owner.order > 0 && rowsOf(view).pfn(row) !== owner.ranges[0]?.start;
  return tail || (mode === "offline" && poisoned) || onLru || owner.kind === "driver-movable" ? undefined : allocationName(owner);
}

/** Evidence for each frame that should have kept the pageblocks of the range from being isolated. */
function judgeIsolated(view: View, range: PfnRange, mode: IsolationMode, drained = false): readonly Evidence[] {
  const found = new FrameEvidence();
  for (const start of pageblockStarts(view, range)) {
    const cma = typeAt(view, start) === "CMA";
    if (cma && mode === "cma") continue;
    if (cma) found.add(start, "EBUSY, a CMA pageblock is for CMA alone", `isolated in mode ${mode}`);
    const first = rowsOf(view).of(start);
    for (let pfn = start; pfn < start + pageblockPages(view.geometry); pfn = toPfn(pfn + 1)) {
      const row = rowsOf(view).of(pfn);
      // Where two zones share the pageblock, Linux goes by the zone of the first page.
      if (row >= 0 && first >= 0 && inMovableZone(view, first) !== inMovableZone(view, row)) continue;
      const why = row < 0 ? "no page" : unmovable(view, row, mode, drained);
      if (why !== undefined) found.add(pfn, `EBUSY: ${why}`, `isolated in mode ${mode}`);
    }
  }
  return found.found;
}

interface Request {
  readonly range: PfnRange;
  readonly mode: IsolationMode;
  /** What has to be taken, besides being isolated. */
  readonly take?: "all" | "no file pages";
}

function requestOf(command: Command): Request | undefined {
  switch (command.op) {
    case "isolate":
      return { range: pfnRange(command.start, command.nrPages), mode: command.mode };
    case "alloc-contig":
      return { range: pfnRange(command.start, command.nrPages), mode: "contig", take: command.gfp === "nofs" ? "no file pages" : "all" };
    case "fake-offline":
      return { range: pfnRange(command.start, command.nrPages), mode: "contig", take: "all" };
    default:
      return undefined;
  }
}

const isolatesOnlyTheMovable: Law = {
  id: "PG-30",
  title: "isolation succeeds only if no frame of the pageblocks is unmovable in its mode",
  source: "mm/page_isolation.c: has_unmovable_pages(), v6.12",
  needs,
  ops: ["isolate", "alloc-contig", "fake-offline"],
  unless: ["KD-1"],
  find: (step) => {
    const request = requestOf(commandOf(step));
    return request === undefined || (step.outcome.result !== "ok" && step.outcome.result !== "running") ? [] : judgeIsolated(step.before, request.range, request.mode);
  },
};

const offlinesOnlyTheMovable: Law = {
  id: "FC-82",
  title: "a block goes offline, or begins to, only if no frame of it but its own memmap is unmovable for an offline",
  source: "mm/page_isolation.c: has_unmovable_pages(); mm/memory_hotplug.c: offline_pages(), v6.12",
  needs: [...needs, "blocks.selfHosted"],
  ops: ["write-state", "write-online"],
  unless: ["KD-1"],
  find: (step) => {
    const block = blocksById(step.before).get(subjectBlock(step) ?? -1);
    const begins = step.outcome.result === "ok" || step.outcome.result === "running";
    if (block === undefined || block.state !== "online" || direction(step) !== "offline" || !begins) return [];
    const { selfHosted = 0 } = block;
    return judgeIsolated(step.before, pfnRange(toPfn(blockRange(step.before, block.block).start + selfHosted), blockPages(step.before.geometry) - selfHosted), "offline", true);
  },
};

/** Whether something may keep the pageblock from being isolated, as far as the view tells. */
function mayRefuse(view: View, start: number, mode: IsolationMode): boolean {
  const type = typeAt(view, start);
  if (type === undefined || type === "Isolate" || (type === "CMA" && mode !== "cma")) return true;
  const end = start + pageblockPages(view.geometry);
  for (let pfn = start; pfn < end; pfn++) {
    const row = rowsOf(view).of(pfn);
    const zone = zoneAt(view, row < 0 ? NONE : given(view.frames).zone[row]);
    if (zone === undefined || !spans(zone, start) || !spans(zone, end - 1)) return true;
    if (type === "CMA") continue;
    const unsure = given(view.frames).use[row] === FrameUse.Poisoned && mode !== "offline" && !inMovableZone(view, row);
    if (unsure || unmovable(view, row, mode) !== undefined) return true;
  }
  return false;
}

/** A compound page lies on both sides of the border, which is one of the range's pageblocks. */
function crossesBorder(view: View, border: number): boolean {
  const inside = ownerOf(view, rowsOf(view).of(border));
  return inside?.compound === true && inside === ownerOf(view, rowsOf(view).of(border - 1));
}

/** Whether the frame may be one that cannot be taken: not free, and not of a page that can make way. */
function mayBeStuck(view: View, pfn: number, { range, take }: Request): boolean {
  const row = rowsOf(view).of(pfn);
  const use = row < 0 ? undefined : given(view.frames).use[row];
  if (use === FrameUse.Free || use === FrameUse.Pcp) return false;
  const owner = use === FrameUse.Allocated ? ownerOf(view, row) : undefined;
  if (owner === undefined || stays(owner) || (take === "no file pages" && owner.kind === "file")) return true;
  if ((owner.ranges[0]?.start ?? 0) < range.start && owner.kind !== "hugetlb") return true;
  return framesOf(owner).some((frame) => isPoisoned(view, rowsOf(view).of(frame)));
}

const failsForAReason: Law = {
  id: "FC-83",
  title: "an isolation or a contiguous request is EBUSY only where something in its pageblocks or frames may be in its way",
  source: "mm/page_isolation.c: set_migratetype_isolate(), isolate_single_pageblock(), test_pages_isolated(), v6.12; memory that could be had is not refused",
  needs,
  ops: ["isolate", "alloc-contig", "fake-offline"],
  unless: ["KD-1"],
  find: (step) => {
    const request = requestOf(commandOf(step));
    if (request === undefined || partOf(step) !== "whole" || step.outcome.result !== "refused" || step.outcome.errno !== "EBUSY") return [];
    const { before } = step;
    const { range, mode, take } = request;
    const starts = pageblockStarts(before, range);
    if (starts.some((start) => mayRefuse(before, start, mode))) return [];
    const [first = 0] = starts;
    if (crossesBorder(before, first) || crossesBorder(before, first + starts.length * pageblockPages(before.geometry))) return [];
    if (take !== undefined) for (let pfn: number = range.start; pfn < rangeEnd(range); pfn++) if (mayBeStuck(before, pfn, request)) return [];
    return [{ pfn: range.start, nrPages: range.nrPages, was: "ok: nothing is in the way", is: "EBUSY" }];
  },
};

const offlineTakesTheUnused: Law = {
  id: "FC-84",
  title: "when a half-done offline succeeds, every frame of the block but its own memmap was free, of a free huge page, poisoned, or PageOffline and given up",
  source: "mm/page_isolation.c: test_pages_isolated(); mm/memory_hotplug.c: offline_pages(), v6.12; a page that is still there would be lost",
  needs: ["tasks", "blocks.selfHosted", "allocations", "frames.use", "frames.flags"],
  ops: ["write-state"],
  unless: [],
  find: (step) => {
    const block = partOf(step) === "end" && direction(step) === "offline" && step.outcome.result === "ok" ? blocksById(step.before).get(subjectBlock(step) ?? -1) : undefined;
    const found = new FrameEvidence();
    if (block === undefined) return found.found;
    const { use } = given(step.before.frames);
    const range = blockRange(step.before, block.block);
    for (let pfn = toPfn(range.start + (block.selfHosted ?? 0)); pfn < rangeEnd(range); pfn = toPfn(pfn + 1)) {
      const row = rowsOf(step.before).of(pfn);
      const owner = use[row] === FrameUse.Allocated ? ownerOf(step.before, row) : undefined;
      if (owner !== undefined && isFreeInPool(owner)) continue;
      if (use[row] !== FrameUse.Free && use[row] !== FrameUse.PageOfflineDropped && !isPoisoned(step.before, row)) found.add(pfn, "free, poisoned, or PageOffline and given up", useName(use[row]));
    }
    return found.found;
  },
};

export const obstacleLaws: readonly Law[] = [isolatesOnlyTheMovable, offlinesOnlyTheMovable, failsForAReason, offlineTakesTheUnused];

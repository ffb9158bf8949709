/**
 * Isolating pageblocks, undoing it, and testing.
 */
import { FrameFlag, FrameUse, NONE, blockPages, hex, pageKindTraits, pageblockPages, pfnRange, toPfn } from "../../models/index.ts";
import type { IsolationMode, IsolationView, PfnRange, View } from "../../models/index.ts";
import { allocationOfRow, pageblockStarts, pageblockTypes, rowsOf, typeAt } from "../derived.ts";
import { FrameEvidence, allocationName, useName, zoneName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Law, StepRecord } from "../rule.ts";
import { blockRange, commandOf, direction, failed, subjectBlock, succeeded, zonePairs } from "../step.ts";
import { retyped } from "./allocation.ts";

/** Free frames of each zone that lie in these pageblocks. */
function freeFrames(view: View, starts: readonly number[]): ReadonlyMap<number, number> {
  const { use, zone } = given(view.frames);
  const rows = rowsOf(view);
  const counts = new Map<number, number>();
  for (const start of starts) {
    for (let pfn = start; pfn < start + pageblockPages(view.geometry); pfn++) {
      const row = rows.of(pfn);
      if (row >= 0 && use[row] === FrameUse.Free) counts.set(zone[row] ?? NONE, (counts.get(zone[row] ?? NONE) ?? 0) + 1);
    }
  }
  return counts;
}

/** Evidence for each zone whose free counter did not change by what it should. */
function judgeFree(step: StepRecord, wanted: (index: number) => number): readonly Evidence[] {
  const found: Evidence[] = [];
  for (const { index, before, after } of zonePairs(step)) {
    const delta = (after.nrFree ?? 0) - (before.nrFree ?? 0);
    if (delta !== wanted(index)) found.push({ where: zoneName(step.before, index), was: `NR_FREE_PAGES changes by ${wanted(index)}`, is: `by ${delta}` });
  }
  return found;
}

/** Evidence for each pageblock outside the list that became isolated, or is so no more. */
function judgeOthers(step: StepRecord, own: readonly number[]): readonly Evidence[] {
  const found = new FrameEvidence();
  for (const { start, was, is } of retyped(step)) if (!own.includes(start) && (was === "Isolate" || is === "Isolate")) found.add(toPfn(start), `pageblock ${was}`, is, "outside the range, or of another owner");
  return found.found;
}

function bookOf(view: View, token: number): IsolationView | undefined {
  return given(view.isolations).find(({ owner }) => "token" in owner && owner.token === token);
}

const isolateIsolates: Law = {
  id: "PG-26",
  title: "isolating a range isolates all its pageblocks and no others, and takes exactly their free frames out of the free count",
  source: "mm/page_isolation.c: start_isolate_page_range(), v6.12",
  needs: ["zones.nrFree", "pageblocks", "isolations", "frames.use", "frames.zone"],
  ops: ["isolate"],
  unless: ["KD-1"],
  find: (step) => {
    const { before, after, command } = step;
    if (command.op !== "isolate" || !succeeded(step)) return [];
    const starts = pageblockStarts(before, pfnRange(command.start, command.nrPages));
    const found = new FrameEvidence();
    for (const start of starts) {
      if (typeAt(before, start) === "Isolate") found.add(start, "EBUSY, it was isolated", "isolated once more");
      if (typeAt(after, start) !== "Isolate") found.add(start, "isolated", `${typeAt(after, start)}`);
    }
    const held = bookOf(after, command.id)?.pageblocks ?? [];
    if (held.length !== starts.length || starts.some((start, at) => held[at] !== start)) found.add(command.start, `token ${command.id} holds ${starts.map(hex).join(" ")}`, held.map(hex).join(" ") || "nothing");
    const free = freeFrames(before, starts);
    return [...found.found, ...judgeOthers(step, starts), ...judgeFree(step, (index) => -(free.get(index) ?? 0))];
  },
};

const failedIsolateUndoes: Law = {
  id: "PG-27",
  title: "a failed isolation leaves the isolated pageblocks and the free count as they were",
  source: "mm/page_isolation.c: start_isolate_page_range(), v6.12",
  needs: ["zones.nrFree", "pageblocks"],
  ops: ["isolate"],
  unless: ["KD-1"],
  find: (step) => (failed(step) ? [...judgeOthers(step, []), ...judgeFree(step, () => 0)] : []),
};

const undoGivesBack: Law = {
  id: "PG-28",
  title: "undoing isolation over a range ends that of the owner's pageblocks there and of no others, gives each its type back, and their free frames to the free count",
  source: "the contract; mm/page_isolation.c: undo_isolate_page_range(), v6.12",
  needs: ["zones.nrFree", "pageblocks", "isolations", "frames.use", "frames.zone"],
  ops: ["unisolate"],
  unless: ["KD-1", "KD-2"],
  find: (step) => {
    const { before, after, command } = step;
    if (command.op !== "unisolate" || !succeeded(step)) return [];
    const book = bookOf(before, command.id)?.pageblocks ?? [];
    const inRange = pageblockStarts(before, pfnRange(command.start, command.nrPages)).filter((start) => book.includes(start));
    const mine = inRange.filter((start) => typeAt(before, start) === "Isolate");
    const found = new FrameEvidence();
    for (const start of mine) {
      const is = typeAt(after, start);
      const saved = given(before.pageblocks).find((pageblock) => pageblock.start === start)?.savedType;
      if (is === "Isolate") found.add(start, "undone", "isolated");
      else if (saved !== undefined && is !== saved && !mayMerge(after, start, saved)) found.add(start, `pageblock ${saved}, as it was`, `${is}`);
    }
    const left = book.filter((start) => !inRange.includes(start));
    const held = bookOf(after, command.id)?.pageblocks ?? [];
    if (held.length !== left.length || left.some((start, at) => held[at] !== start)) found.add(command.start, `token ${command.id} holds ${left.map(hex).join(" ") || "nothing"}`, held.map(hex).join(" ") || "nothing");
    const free = freeFrames(before, mine);
    return [...found.found, ...judgeOthers(step, mine), ...judgeFree(step, (index) => free.get(index) ?? 0)];
  },
};

/** Whether a pageblock that is wholly free may have taken the type of a neighbour it merged with. */
function mayMerge(view: View, start: number, saved: string): boolean {
  const is = typeAt(view, start);
  const size = pageblockPages(view.geometry);
  const nrFree = [...freeFrames(view, [start]).values()].reduce((sum, count) => sum + count, 0);
  return nrFree === size && saved !== "CMA" && is !== "CMA" && is !== "Isolate";
}

const failureRestoresTypes: Law = {
  id: "FC-57",
  title: "a failed operation gives the pageblocks that it isolated the types back that they had",
  source: "the contract; mm/page_isolation.c: unset_migratetype_isolate(); mm/memory_hotplug.c: offline_pages(), v6.12",
  needs: ["pageblocks", "frames.use", "frames.zone"],
  ops: ["isolate", "alloc-contig", "fake-offline", "write-state", "write-online"],
  unless: ["KD-1", "KD-2", "KD-4", "EX-7"],
  find: (step) => {
    const range = isolatedRange(step);
    if (range === undefined || !failed(step)) return [];
    const types = pageblockTypes(step.before);
    const found = new FrameEvidence();
    for (const start of pageblockStarts(step.before, range)) {
      const was = types.get(start);
      const is = typeAt(step.after, start);
      if (was !== undefined && was !== "Isolate" && is !== was && !mayMerge(step.after, start, was)) found.add(start, `pageblock ${was}, as it was`, `${is}`);
    }
    return found.found;
  },
};

/** The frames whose pageblocks the command isolates, where the step tells them. */
function isolatedRange(step: StepRecord): PfnRange | undefined {
  const command = commandOf(step);
  if (command.op === "isolate" || command.op === "alloc-contig" || command.op === "fake-offline") return pfnRange(command.start, command.nrPages);
  const block = step.before.blocks?.find((one) => one.block === subjectBlock(step));
  if (block === undefined || direction(step) !== "offline" || step.command.op === "step" || step.command.op === "signal") return undefined;
  const selfHosted = block.selfHosted ?? 0;
  return pfnRange(toPfn(blockRange(step.before, block.block).start + selfHosted), blockPages(step.before.geometry) - selfHosted);
}

/** The answer that test_pages_isolated() has to give. */
function testPagesIsolated(view: View, { start, nrPages }: PfnRange, mode: IsolationMode): "ok" | "EBUSY" {
  const { use, flags, order } = given(view.frames);
  const rows = rowsOf(view);
  const end = start + nrPages;
  for (let pfn: number = start; pfn < end; pfn += pageblockPages(view.geometry)) if (typeAt(view, pfn) !== "Isolate") return "EBUSY";
  let online = false;
  for (let pfn: number = start; pfn < end && !online; pfn++) online = ((flags[rows.of(pfn)] ?? 0) & FrameFlag.Online) !== 0;
  if (!online) return "EBUSY";
  for (let pfn: number = start; pfn < end; ) {
    const row = rows.of(pfn);
    const head = row < 0 ? NONE : (order[row] ?? NONE);
    if (head !== NONE) pfn += 2 ** head;
    else if (row >= 0 && mode === "offline" && (((flags[row] ?? 0) & FrameFlag.Hwpoison) !== 0 || use[row] === FrameUse.PageOfflineDropped)) pfn++;
    else return "EBUSY";
  }
  return "ok";
}

const testSaysWhatIs: Law = {
  id: "PG-29",
  title: "a test of a range succeeds exactly if its sampled pageblocks are isolated and every frame is free, or in mode offline poisoned or PageOffline and given up",
  source: "mm/page_isolation.c: test_pages_isolated(), v6.12",
  needs: ["pageblocks", "frames.use", "frames.flags", "frames.order"],
  ops: ["test-isolated"],
  unless: [],
  find: ({ before, command, outcome }) => {
    if (command.op !== "test-isolated") return [];
    const range = pfnRange(command.start, command.nrPages);
    const was = testPagesIsolated(before, range, command.mode);
    const is = outcome.result === "ok" ? "ok" : `${outcome.errno}`;
    return was === is ? [] : [{ pfn: command.start, nrPages: command.nrPages, was, is }];
  },
};

/** Why a frame may not be in a pageblock that is isolated, or undefined. */
function unmovable(view: View, row: number, mode: IsolationMode): string | undefined {
  const { use, flags, zone } = given(view.frames);
  const owner = given(view.allocations)[(allocationOfRow(view)[row] ?? 0) - 1];
  const is = use[row] ?? 0;
  if (is === FrameUse.Reserved || is === FrameUse.Hole || is === FrameUse.Absent || is === FrameUse.Device) return useName(is);
  if (view.zones?.[zone[row] ?? NONE]?.type === "Movable") return undefined;
  const poisoned = ((flags[row] ?? 0) & FrameFlag.Hwpoison) !== 0;
  if (owner === undefined) {
    // Of a poisoned frame out of use the view does not tell whether somebody keeps a reference.
    const passes = is === FrameUse.Free || is === FrameUse.Pcp || is === FrameUse.PageOfflineDropped || is === FrameUse.Limbo || is === FrameUse.Poisoned || (mode === "offline" && (is === FrameUse.PageOffline || poisoned));
    return passes ? undefined : useName(is);
  }
  if (owner.kind === "hugetlb") return undefined;
  const traits = owner.kind === "contig" || owner.kind === "cma" ? undefined : pageKindTraits[owner.kind];
  const onLru = traits?.lru === true && !owner.lruIsolated;
  if (owner.compound) return onLru ? undefined : allocationName(owner);
  const tail = owner.order !== null && owner.order > 0 && rowsOf(view).pfn(row) !== owner.ranges[0]?.start;
  return tail || (mode === "offline" && poisoned) || onLru || owner.kind === "driver-movable" ? undefined : allocationName(owner);
}

const isolatesOnlyTheMovable: Law = {
  id: "PG-30",
  title: "isolation succeeds only if no frame of the pageblocks is unmovable in its mode",
  source: "mm/page_isolation.c: has_unmovable_pages(), v6.12",
  needs: ["zones", "pageblocks", "allocations", "frames.use", "frames.flags", "frames.zone"],
  ops: ["isolate", "alloc-contig", "fake-offline", "write-state", "write-online"],
  unless: ["KD-1"],
  find: (step) => {
    const range = isolatedRange(step);
    if (range === undefined || (step.outcome.result !== "ok" && step.outcome.result !== "running")) return [];
    const block = step.before.blocks?.find((one) => one.block === subjectBlock(step));
    if (block?.state === "offline") return [];
    const { before } = step;
    const command = commandOf(step);
    const mode = command.op === "isolate" ? command.mode : command.op === "alloc-contig" || command.op === "fake-offline" ? "contig" : "offline";
    const found = new FrameEvidence();
    for (const start of pageblockStarts(before, range)) {
      const cma = typeAt(before, start) === "CMA";
      if (cma && mode === "cma") continue;
      if (cma) found.add(start, "EBUSY, a CMA pageblock is for CMA alone", `isolated in mode ${mode}`);
      for (let pfn: number = start; pfn < start + pageblockPages(before.geometry); pfn++) {
        const row = rowsOf(before).of(pfn);
        const why = row < 0 ? "no page" : unmovable(before, row, mode);
        if (why !== undefined) found.add(toPfn(pfn), `EBUSY: ${why}`, `isolated in mode ${mode}`);
      }
    }
    return found.found;
  },
};

export const isolationLaws: readonly Law[] = [isolateIsolates, failedIsolateUndoes, undoGivesBack, failureRestoresTypes, testSaysWhatIs, isolatesOnlyTheMovable];

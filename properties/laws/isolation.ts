/**
 * Isolating pageblocks, undoing it, and testing.
 */
import { FrameFlag, FrameUse, NONE, hex, pageblockPages, pfnRange, toPfn } from "../../models/index.ts";
import type { IsolationMode, IsolationView, Migratetype, PfnRange, View } from "../../models/index.ts";
import { blocksById, pageblockStarts, pageblockTypes, rowsOf, typeAt } from "../derived.ts";
import { FrameEvidence, zoneName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Law, StepRecord } from "../rule.ts";
import { blockRange, commandOf, direction, failed, partOf, subjectBlock, succeeded, zonePairs } from "../step.ts";
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
  title: "undoing isolation over a range ends that of the owner's pageblocks there and of no others, and gives their free frames to the free count",
  source: "the contract; mm/page_isolation.c: undo_isolate_page_range(), v6.12",
  needs: ["zones.nrFree", "pageblocks", "isolations", "frames.use", "frames.zone"],
  ops: ["unisolate"],
  unless: ["KD-1", "KD-2"],
  find: (step) => {
    const { before, after, command } = step;
    if (command.op !== "unisolate" || !succeeded(step)) return [];
    const book = bookOf(before, command.id)?.pageblocks ?? [];
    // The range may be of any size, the book not.
    const inRange = book.filter((start) => start + pageblockPages(before.geometry) > command.start && start < command.start + command.nrPages);
    const mine = inRange.filter((start) => typeAt(before, start) === "Isolate");
    const found = new FrameEvidence();
    for (const start of mine) if (typeAt(after, start) === "Isolate") found.add(start, "undone", "isolated");
    const left = book.filter((start) => !inRange.includes(start));
    const held = bookOf(after, command.id)?.pageblocks ?? [];
    if (held.length !== left.length || left.some((start, at) => held[at] !== start)) found.add(command.start, `token ${command.id} holds ${left.map(hex).join(" ") || "nothing"}`, held.map(hex).join(" ") || "nothing");
    const free = freeFrames(before, mine);
    return [...found.found, ...judgeOthers(step, mine), ...judgeFree(step, (index) => free.get(index) ?? 0)];
  },
};

/**
 * Whether the pageblock may have another type than this one that it was to get back: wholly free, it may have merged with a
 * neighbour and taken its type.
 */
function mayDiffer(view: View, start: number, saved: Migratetype): boolean {
  const is = typeAt(view, start);
  if (saved === "CMA" || is === "CMA" || is === "Isolate") return false;
  const { use } = given(view.frames);
  for (let pfn = start; pfn < start + pageblockPages(view.geometry); pfn++) if (use[rowsOf(view).of(pfn)] !== FrameUse.Free) return false;
  return true;
}

/** Evidence for each of these pageblocks that has another type than the one it had, where both views have it. */
function judgeTypes(step: StepRecord, range: PfnRange): readonly Evidence[] {
  const types = pageblockTypes(step.before);
  const found = new FrameEvidence();
  for (const start of pageblockStarts(step.before, range)) {
    const was = types.get(start);
    const is = typeAt(step.after, start);
    if (was !== undefined && was !== "Isolate" && is !== was && !mayDiffer(step.after, start, was)) found.add(start, `pageblock ${was}, as it was`, `${is}`);
  }
  return found.found;
}

const typeComesBack: Law = {
  id: "FC-80",
  title: "a pageblock that is isolated no longer has the type back that it had, or that of a free neighbour it merged with",
  source: "the contract; mm/page_isolation.c: unset_migratetype_isolate(), v6.12",
  needs: ["pageblocks.savedType", "frames.use"],
  ops: [],
  unless: ["KD-1"],
  find: ({ before, after }) => {
    const found = new FrameEvidence();
    if (before.pageblocks === after.pageblocks) return found.found;
    const types = pageblockTypes(after);
    for (const { start, type, savedType } of given(before.pageblocks)) {
      const is = types.get(start);
      if (type !== "Isolate" || savedType === undefined || is === undefined || is === "Isolate" || is === savedType || mayDiffer(after, start, savedType)) continue;
      found.add(start, `pageblock ${savedType}, as it was`, is);
    }
    return found.found;
  },
};

const borrowedKeepTypes: Law = {
  id: "FC-57",
  title: "a contiguous allocation, and an isolation that fails, leaves each pageblock of its range the type that it had, or that of a free neighbour it merged with",
  source: "the contract; mm/page_alloc.c: alloc_contig_range_noprof(); mm/page_isolation.c: start_isolate_page_range(), v6.12",
  needs: ["pageblocks", "frames.use"],
  ops: ["isolate", "alloc-contig", "fake-offline"],
  unless: ["KD-1", "KD-4"],
  find: (step) => {
    const command = commandOf(step);
    if (partOf(step) !== "whole") return [];
    const ended = failed(step) || (succeeded(step) && command.op !== "isolate");
    return ended && (command.op === "isolate" || command.op === "alloc-contig" || command.op === "fake-offline") ? judgeTypes(step, pfnRange(command.start, command.nrPages)) : [];
  },
};

const failedOfflineKeepsTypes: Law = {
  id: "FC-81",
  title: "an offline that fails leaves each pageblock of the block the type that it had, or that of a free neighbour it merged with",
  source: "the contract; mm/memory_hotplug.c: offline_pages(), v6.12",
  needs: ["blocks", "pageblocks", "frames.use"],
  ops: ["write-state", "write-online"],
  unless: ["KD-1", "EX-7"],
  find: (step) => {
    const block = blocksById(step.before).get(subjectBlock(step) ?? -1);
    return block === undefined || direction(step) !== "offline" || partOf(step) !== "whole" || !failed(step) ? [] : judgeTypes(step, blockRange(step.before, block.block));
  },
};

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

export const isolationLaws: readonly Law[] = [isolateIsolates, failedIsolateUndoes, undoGivesBack, typeComesBack, borrowedKeepTypes, failedOfflineKeepsTypes, testSaysWhatIs];

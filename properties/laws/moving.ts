/**
 * Moving pages: who may move, out of where and where to; pins.
 */
import { FrameFlag, blockPages, hex, isAligned, pageKindTraits, pageblockPages, pfnRange, rangeContains, rangesOverlap, showRange, toPfn } from "../../models/index.ts";
import type { AllocId, Move, Op, PfnRange, View } from "../../models/index.ts";
import { allocationsById, cmaCode, isolateCode, rowsOf, typeOfRow, zoneAt } from "../derived.ts";
import { FrameEvidence, allocationName, allocationPlace, zoneName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Law, StepRecord } from "../rule.ts";
import { allocationChanges, blockRange, contigRange, direction, failed, framesOf, sameFrames, subjectBlock, succeeded } from "../step.ts";

/** Ops that try several ranges, blocks or places in turn: a page may move more than once. */
const movesAgain: ReadonlySet<Op> = new Set(["alloc-contig-pages", "cma-alloc", "offline-and-remove", "pin", "pin-range"]);

function movesOf({ outcome }: StepRecord): readonly Move[] {
  return [...(outcome.moved ?? []), ...(outcome.attempts ?? []).flatMap(({ moved }) => moved ?? [])];
}

/** How many pages of each allocation the command is to pin; undefined: it pins none. */
function pinsAskedFor({ before, command }: StepRecord): ReadonlyMap<AllocId, number> | undefined {
  if (command.op === "pin") return new Map([[command.id, 1]]);
  if (command.op !== "pin-range") return undefined;
  const pages = (id: AllocId): number => 2 ** (allocationsById(before).get(id)?.order ?? 0);
  return new Map([...(command.first === null ? [] : [[command.first, pages(command.first) - command.skip] as const]), ...(command.last === null ? [] : [[command.last, pages(command.last)] as const])]);
}

function zoneOf(view: View, pfn: number): ReturnType<typeof zoneAt> {
  const row = rowsOf(view).of(pfn);
  return row < 0 ? undefined : zoneAt(view, given(view.frames).zone[row]);
}

const onlyTheMovableMoves: Law = {
  id: "FC-61",
  title: "a page that moves is of a movable kind, nobody refers to it, none of its frames is poisoned, and it goes as a whole to one aligned block",
  source: "mm/migrate.c: migrate_pages(), v6.12",
  needs: ["allocations", "frames.flags"],
  ops: [],
  unless: [],
  find: (step) => {
    const was = allocationsById(step.before);
    const is = allocationsById(step.after);
    const found: Evidence[] = [];
    const places = new Map<number, number>();
    for (const { id, from, to } of movesOf(step)) {
      const page = was.get(id);
      if (page === undefined) {
        found.push({ pfn: from, was: "a page that was there", is: `allocation ${id}` });
        continue;
      }
      const owner = allocationName(page);
      if (page.kind === "contig" || page.kind === "cma" || !pageKindTraits[page.kind].movable) found.push({ pfn: from, was: "in place, its kind cannot move", is: "moved", owner });
      if (page.holds + page.pins + page.longTermPins > 0 || page.lruIsolated) found.push({ pfn: from, was: "in place, somebody refers to it", is: "moved", owner });
      if (framesOf(page).some((pfn) => ((given(step.before.frames).flags[rowsOf(step.before).of(pfn)] ?? 0) & FrameFlag.Hwpoison) !== 0)) found.push({ pfn: from, was: "in place, it is poisoned", is: "moved", owner });
      if (to.order !== page.order || !isAligned(to.pfn, 2 ** to.order)) found.push({ pfn: to.pfn, was: `an aligned block of order ${page.order}`, is: `order ${to.order} at ${hex(to.pfn)}`, owner });
      if (places.has(id) && !movesAgain.has(step.command.op)) found.push({ pfn: from, was: "moved once", is: "moved twice", owner });
      const place = places.get(id) ?? page.ranges[0]?.start ?? 0;
      if (place !== from) found.push({ pfn: from, was: `from ${hex(place)}`, is: `from ${hex(from)}`, owner });
      places.set(id, to.pfn);
    }
    for (const [id, place] of places) {
      const now = is.get(id)?.ranges[0]?.start;
      if (now !== undefined && now !== place) found.push({ pfn: toPfn(place), was: `in ${hex(place)}, where it moved`, is: `in ${hex(now)}`, owner: allocationName(was.get(id)) });
    }
    return found;
  },
};

const targetsAreAllowed: Law = {
  id: "FC-62",
  title: "a page moves to a zone that its migration allows: a single page enters zone Movable only from there, a long-term pin leaves it, an offline prefers other nodes with memory",
  source: "mm/migrate.c: alloc_migration_target(); mm/memory_hotplug.c: do_migrate_range(); mm/gup.c: migrate_longterm_unpinnable_folios(), v6.12",
  needs: ["zones", "nodes", "allocations", "frames.zone"],
  ops: [],
  unless: [],
  find: (step) => {
    const { before, after } = step;
    const was = allocationsById(before);
    const found: Evidence[] = [];
    const offline = direction(step) === "offline";
    for (const { id, from, to } of movesOf(step)) {
      const [source, target] = [zoneOf(before, from), zoneOf(after, to.pfn) ?? zoneOf(before, to.pfn)];
      const name = allocationName(was.get(id));
      const mayBeMovable = pinsAskedFor(step) === undefined && (to.order > 0 || source?.type === "Movable");
      if (target === undefined || target.type === "Device" || (target.type === "Movable" && !mayBeMovable)) found.push({ pfn: to.pfn, was: mayBeMovable ? "zone Movable or lower" : "zone Normal or lower", is: target === undefined ? "no zone" : `zone ${target.type}`, owner: name });
      const others = given(before.nodes).some(({ node, hasMemory }) => node !== source?.node && hasMemory);
      if (offline && others && target?.node === source?.node) found.push({ pfn: to.pfn, was: "another node, there is one with memory", is: `node ${target?.node}`, owner: name });
    }
    return found;
  },
};

/** Moves that were to empty some frames. */
interface Clearing {
  readonly moves: readonly Move[];
  readonly emptied: PfnRange;
  /** Where a page begins that makes way; a hugetlb page is found by any of its frames. */
  readonly begin: PfnRange;
}

/** The pageblocks that the frames lie in, as one range. */
function pageblocksAround(view: View, { start, nrPages }: PfnRange): PfnRange {
  const size = pageblockPages(view.geometry);
  const first = start - (start % size);
  return pfnRange(toPfn(first), Math.ceil((start + nrPages) / size) * size - first);
}

function clearings(step: StepRecord): readonly Clearing[] {
  const { before, command, outcome } = step;
  const { moved: moves = [], attempts = [] } = outcome;
  const range = contigRange(step);
  if (range !== undefined) return [{ moves, emptied: pageblocksAround(before, range), begin: range }];
  if (command.op === "alloc-contig-pages" || command.op === "cma-alloc") {
    return attempts.map(({ start, moved = [] }) => ({ moves: moved, emptied: pageblocksAround(before, pfnRange(start, command.nrPages)), begin: pfnRange(start, command.nrPages) }));
  }
  if (command.op === "offline-and-remove") {
    return moves.map((move) => {
      const emptied = blockRange(before, Math.floor(move.from / blockPages(before.geometry)));
      return { moves: [move], emptied, begin: rangeContains(command, move.from) ? emptied : command };
    });
  }
  const block = direction(step) === "offline" ? subjectBlock(step) : undefined;
  return block === undefined ? [] : [{ moves, emptied: blockRange(before, block), begin: blockRange(before, block) }];
}

const movesOutOfTheWay: Law = {
  id: "FC-60",
  title: "pages that make way move out of what is to be emptied, and only pages that begin in the range or block asked for move, hugetlb pages that reach into it too",
  source: "mm/compaction.c: isolate_migratepages_block(); mm/memory_hotplug.c: do_migrate_range(), v6.12",
  needs: ["allocations"],
  ops: ["alloc-contig", "alloc-contig-pages", "cma-alloc", "fake-offline", "offline-and-remove", "write-state", "write-online"],
  unless: ["KD-1", "KD-2"],
  find: (step) => {
    const was = allocationsById(step.before);
    const found: Evidence[] = [];
    for (const { moves, emptied, begin } of clearings(step)) {
      for (const { id, from, to } of moves) {
        const page = was.get(id);
        const nrPages = 2 ** to.order;
        const begins = rangeContains(begin, from) || (page?.kind === "hugetlb" && rangesOverlap(begin, pfnRange(from, nrPages)));
        if (!begins) found.push({ pfn: from, nrPages, was: `in place: it does not begin in ${showRange(begin)}`, is: "moved", owner: allocationName(page) });
        if (rangesOverlap(emptied, pfnRange(to.pfn, nrPages))) found.push({ pfn: to.pfn, nrPages, was: `outside ${showRange(emptied)}, which is emptied`, is: "inside", owner: allocationName(page) });
      }
    }
    return found;
  },
};

const pinnedIsPlacedForLong: Law = {
  id: "PG-47",
  title: "a page that was pinned for long is not in zone Movable and not in a pageblock that is CMA or isolated",
  source: "include/linux/mm.h: folio_is_longterm_pinnable(), v6.12",
  needs: ["zones", "pageblocks", "allocations", "frames.zone"],
  ops: ["pin", "pin-range"],
  unless: ["KD-1", "KD-2"],
  find: (step) => {
    const { after, command } = step;
    const asked = pinsAskedFor(step);
    if (asked === undefined || !("longTerm" in command) || !command.longTerm || !succeeded(step)) return [];
    const types = typeOfRow(after);
    const found = new FrameEvidence();
    for (const page of given(after.allocations).filter(({ id }) => asked.has(id))) {
      for (const pfn of framesOf(page)) {
        const row = rowsOf(after).of(pfn);
        if (row < 0) continue;
        const index = given(after.frames).zone[row];
        if (zoneAt(after, index)?.type === "Movable") found.add(rowsOf(after).pfn(row), "a zone up to Normal", zoneName(after, index), allocationName(page));
        if (types[row] === cmaCode || types[row] === isolateCode) found.add(rowsOf(after).pfn(row), "neither CMA nor isolated", types[row] === cmaCode ? "CMA" : "isolated", allocationName(page));
      }
    }
    return found.found;
  },
};

const pinnedStays: Law = {
  id: "PG-48",
  title: "a pinned page keeps its frames",
  source: "mm/migrate.c: folio_migrate_mapping(), v6.12; devices write to them",
  needs: ["allocations"],
  ops: [],
  unless: [],
  find: (step) => {
    const found: Evidence[] = [];
    for (const { before, after } of allocationChanges(step)) {
      if (before === undefined || after === undefined || before.pins + before.longTermPins === 0 || sameFrames(before, after)) continue;
      found.push({ ...allocationPlace(before), was: `at ${hex(before.ranges[0]?.start ?? 0)}, it is pinned`, is: `at ${hex(after.ranges[0]?.start ?? 0)}` });
    }
    return found;
  },
};

const pinsAreCounted: Law = {
  id: "PG-49",
  title: "a pin that fails pins nothing; one that succeeds, and one that is dropped, counts once for each page pinned, and for no other page",
  source: "mm/gup.c: __gup_longterm_locked(), unpin_user_page(), v6.12",
  needs: ["allocations"],
  ops: ["pin", "pin-range", "unpin"],
  unless: [],
  find: (step) => {
    const { command } = step;
    const asked = command.op === "unpin" ? new Map([[command.id, -1]]) : pinsAskedFor(step);
    if (asked === undefined || !("longTerm" in command)) return [];
    const none = failed(step) || !succeeded(step);
    const found: Evidence[] = [];
    for (const { id, before, after } of allocationChanges(step)) {
      if (before === undefined || after === undefined) continue;
      const own = none ? 0 : (asked.get(id) ?? 0);
      const pins = before.pins + (command.longTerm ? 0 : own);
      const longTermPins = before.longTermPins + (command.longTerm ? own : 0);
      if (after.pins !== pins || after.longTermPins !== longTermPins) found.push({ ...allocationPlace(before), was: `${pins} pins, ${longTermPins} long-term pins`, is: `${after.pins}, ${after.longTermPins}` });
    }
    return found;
  },
};

const holdsAreCounted: Law = {
  id: "FC-63",
  title: "a reference taken or dropped counts once",
  source: "include/linux/mm.h: folio_get(), folio_put(), v6.12",
  needs: ["allocations"],
  ops: ["hold", "release", "lru-isolate", "lru-putback", "lru-batch"],
  unless: [],
  find: (step) => {
    const { command } = step;
    const page = succeeded(step) && "id" in command ? allocationChanges(step).find(({ id }) => id === command.id) : undefined;
    if (page?.before === undefined || page.after === undefined) return [];
    const holds = page.before.holds + (command.op === "hold" ? 1 : command.op === "release" ? -1 : 0);
    const isolated = command.op === "lru-isolate" ? true : command.op === "lru-putback" || command.op === "lru-batch" ? false : page.before.lruIsolated;
    if (page.after.holds === holds && page.after.lruIsolated === isolated) return [];
    return [{ ...allocationPlace(page.before), was: `${holds} holds, ${isolated ? "off" : "on"} the LRU`, is: `${page.after.holds} holds, ${page.after.lruIsolated ? "off" : "on"} the LRU` }];
  },
};

export const movingLaws: readonly Law[] = [onlyTheMovableMoves, targetsAreAllowed, movesOutOfTheWay, pinnedIsPlacedForLong, pinnedStays, pinsAreCounted, holdsAreCounted];

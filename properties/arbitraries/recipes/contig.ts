/** Recipes around contiguous allocation. */
import { FrameUse, isPowerOfTwo, pfnAdd, pfnRange, rangeEnd, rangesOverlap, toPfn } from "../../../models/index.ts";
import type { AllocationView, PfnRange } from "../../../models/index.ts";
import { firstFrame, isFreeable, isMovableNow, spanOf } from "../allocation.ts";
import { pickWhere } from "../draw.ts";
import { contigOf, isolateOf, modeAt } from "../makers/isolation.ts";
import { drawNode } from "../makers/pages.ts";
import { pageblocksAround, partOfPageblock } from "../places.ts";
import type { Walk } from "../walk.ts";
import { always } from "./recipe.ts";
import type { Recipe, Script } from "./recipe.ts";
import { allocate, isolates, letGo, movablePage, ownerOf, takeOffline } from "./steps.ts";

// A contiguous allocation asks for frames that somebody else isolates.
function* contigOverForeignIsolation(walk: Walk): Script {
  const { draw, now, world } = walk;
  const start = pickWhere(draw, now.pageblocks, ({ start: candidate, type }) => type !== "CMA" && now.isMovablePageblock(candidate))?.start;
  if (start === undefined) return false;
  const token = isolateOf(walk, partOfPageblock(walk, start), modeAt(walk, start));
  yield token;
  if (!isolates(walk, token.id, start)) return false;
  const before = draw.below(world.pageblock + 1);
  const from = toPfn(now.zone(start - before) === now.zone(start) && now.isOnline(start - before) ? start - before : start);
  const nrPages = now.runInZone(from, start - from + 1 + draw.below(2 * world.pageblock));
  yield contigOf(walk, pfnRange(from, nrPages), false);
  yield { op: "test-isolated", start, nrPages: world.pageblock, mode: token.mode };
  yield* allocate(walk, "user", 0);
  yield { op: "unisolate", id: token.id, start: token.start, nrPages: token.nrPages };
  return true;
}

// Pages have to move out of the range; one of them may be pinned, and then everything stays or comes back.
function* contigThatMigrates(walk: Walk): Script {
  const { draw, now, world } = walk;
  const page = yield* movablePage(walk, always);
  const frame = page === undefined ? undefined : firstFrame(page);
  if (page === undefined || frame === undefined) return false;
  const pinned = draw.chance(1, 2);
  if (pinned) yield draw.chance(1, 2) ? { op: "hold", id: page.id } : { op: "pin", id: page.id, longTerm: false };
  const around = pageblocksAround(walk, frame, 1 + draw.below(3));
  if (around === undefined) return false;
  const before = draw.below(Math.min(world.pageblock, frame - around.start + 1));
  const command = contigOf(walk, pfnRange(pfnAdd(around.start, before), around.nrPages - before - draw.below(Math.max(1, around.start + around.nrPages - frame - 1))), false);
  yield command;
  if (pinned) {
    const held = now.allocation(page.id);
    if (held === undefined) return false;
    yield held.holds > 0 ? { op: "release", id: page.id } : { op: "unpin", id: page.id, longTerm: false };
    yield { ...command, id: walk.labels.fresh("alloc") };
  }
  const taken = now.allocations.find(({ kind, ranges }) => kind === "contig" && ranges.some((range) => rangesOverlap(range, command)));
  if (taken === undefined) return false;
  const range: PfnRange | undefined = taken.ranges[0];
  if (range === undefined) return false;
  yield { op: "free-contig", ...range, pcp: draw.chance(1, 2) };
  return true;
}

// A contiguous allocation begins inside a hugetlb page, and single pages lie right behind that.
//
//   | hugetlb      | user | user |
//          |<-- range  -->|
function* contigFromTail(walk: Walk): Script {
  const { draw, now, world } = walk;
  const isHuge = (allocation: AllocationView): boolean => allocation.kind === "hugetlb" && isMovableNow(allocation) && now.isMovablePageblock(now.pageblockStart(firstFrame(allocation) ?? 0));
  const huge = pickWhere(draw, now.allocations, isHuge) ?? (yield* allocate(walk, "hugetlb", 1 + draw.below(Math.max(1, world.geometry.pageblockOrder - 1))));
  const span = huge === undefined ? undefined : spanOf(huge);
  if (huge === undefined || span === undefined || !isHuge(huge)) return false;
  // The lowest frames of the smallest block that is large enough are those behind it, as a rule.
  for (let nr = 0; nr < 2 && now.use(rangeEnd(span)) === FrameUse.Free; nr++) yield* allocate(walk, "user", 0);
  const skipped = 1 + draw.below(span.nrPages - 1);
  const start = pfnAdd(span.start, skipped);
  const nrPages = now.runInZone(start, span.nrPages - skipped + 1 + draw.below(world.pageblock));
  if (!isHuge(now.allocation(huge.id) ?? huge) || nrPages <= span.nrPages - skipped) return false;
  const command = contigOf(walk, pfnRange(start, nrPages), false);
  yield command;
  if (now.allocation(command.id) === undefined) return false;
  return yield* letGo(walk, command.id);
}

// A compound range that begins where no block of its size can.
//
//   | used | free | free | used |     or two pageblocks of which the second is aligned to both
function* crookedCompound(walk: Walk): Script {
  const { draw, now, world } = walk;
  if (draw.chance(1, 2) && crookedRun(walk, true) === undefined) {
    // Four pages one after the other, and the two in the middle go.
    const made: number[] = [];
    for (let nr = 0; nr < 4; nr++) made.push((yield* allocate(walk, "user", 0))?.id ?? 0);
    for (const id of made.slice(1, 3)) yield { op: "free", id, pcp: false };
  }
  const range = draw.chance(1, 4) ? undefined : (crookedRun(walk, true) ?? crookedRun(walk, false));
  const start = pickWhere(draw, now.pageblocks, ({ start: pageblock, type }) => type !== "CMA" && now.isMovablePageblock(pageblock))?.start;
  if (range === undefined && start === undefined) return false;
  // Else half of a pageblock, which is less than the free block that it lies in.
  const command = contigOf(walk, range ?? pfnRange(start ?? toPfn(0), world.pageblock / 2), true);
  yield command;
  if (now.allocation(command.id) === undefined) {
    // Refused: the frames must have come back.
    yield* allocate(walk, "user", 0);
    return range === undefined;
  }
  // Not all of it first, now and then: it is one page, and can not be freed in parts.
  if (draw.chance(1, 3)) yield { op: "free-contig", start: command.start, nrPages: draw.chance(1, 2) ? command.nrPages - 1 : 1, pcp: false };
  yield { op: "free-contig", start: command.start, nrPages: command.nrPages, pcp: false };
  return true;
}

/**
 * Two or three neighbouring free blocks that are a power of two of frames together, and not aligned to that. `worst`: not
 * even to a pageblock, where the range is larger than one.
 */
function crookedRun(walk: Walk, worst: boolean): PfnRange | undefined {
  const { draw, now, world } = walk;
  const { freeBlocks } = now;
  const found: PfnRange[] = [];
  for (const [index, { pfn }] of freeBlocks.entries()) {
    let nrPages = 0;
    for (const { pfn: next, order, type } of freeBlocks.slice(index, index + 3)) {
      if (next !== pfn + nrPages || order > world.geometry.pageblockOrder || type === "CMA" || !now.isMovablePageblock(now.pageblockStart(next))) break;
      nrPages += 2 ** order;
      const alignment = worst ? Math.min(nrPages, world.pageblock) : nrPages;
      if (nrPages > 2 ** order && isPowerOfTwo(nrPages) && pfn % alignment !== 0) found.push(pfnRange(pfn, nrPages));
    }
  }
  return found.length === 0 ? undefined : draw.pick(found);
}

// A search over all zones meets ranges that do not work before one that does, perhaps a block that is offline.
function* contigSearch(walk: Walk): Script {
  const { draw, now, world } = walk;
  const page = pickWhere(draw, now.allocations, isFreeable) ?? (yield* allocate(walk, draw.pick(["user", "kernel"]), 0));
  if (page === undefined) return false;
  const frame = firstFrame(page);
  if (frame !== undefined && isMovableNow(page) && draw.chance(1, 2)) yield { op: "hold", id: page.id };
  const block = draw.chance(1, 3) ? pickWhere(draw, now.blocks, (candidate) => now.looksOfflineable(candidate)) : undefined;
  if (block !== undefined) yield* takeOffline(walk, block.block);
  const command = { op: "alloc-contig-pages", id: walk.labels.fresh("alloc"), nrPages: block === undefined ? world.pageblock * (1 + draw.below(2)) : draw.pick([1, world.pageblock, world.section]), node: drawNode(walk), thisNode: false, movable: draw.chance(1, 2) } as const;
  yield command;
  const taken = now.allocation(command.id);
  const range = taken?.ranges[0];
  if (range === undefined) return false;
  yield { op: "free-contig", start: range.start, nrPages: Math.max(1, Math.floor(range.nrPages / 2)), pcp: draw.chance(1, 2) };
  const owner = ownerOf(walk, pfnAdd(range.start, range.nrPages - 1));
  if (owner !== undefined) yield* letGo(walk, owner.id);
  return true;
}

// An area gets holes, movable pages move in, and a larger request has to move them out again.
function* cmaFragmented(walk: Walk): Script {
  const { draw, now, world, labels } = walk;
  const active = now.cma.filter((one) => one.nrPages > 0);
  if (active.length === 0) return false;
  const { area, base, nrPages } = draw.pick(active);
  const taken: number[] = [];
  for (let nr = 0; nr < 3; nr++) {
    const command = { op: "cma-alloc", id: labels.fresh("alloc"), area, nrPages: 1 + draw.below(Math.max(1, nrPages / 4)), align: draw.weighted([[3, 0], [3, 1], [1, 2 + draw.below(world.geometry.maxPageOrder)]]) } as const;
    yield command;
    if (now.allocation(command.id) !== undefined) taken.push(command.id);
  }
  const middle = taken[draw.below(Math.max(1, taken.length - 1))];
  if (taken.length < 2 || middle === undefined) return false;
  // As if it were of another area, now and then.
  if (draw.chance(1, 4)) yield { op: "cma-release", area: draw.below(now.cma.length + 1), id: middle, pcp: false };
  if (!(yield* letGo(walk, middle))) return false;
  yield* allocate(walk, "user", 0);
  const inside = pickWhere(draw, now.allocations, (allocation) => isMovableNow(allocation) && (spanOf(allocation)?.start ?? 0) >= base && (spanOf(allocation)?.start ?? 0) < base + nrPages);
  if (inside !== undefined && draw.chance(1, 2)) yield { op: "pin", id: inside.id, longTerm: draw.chance(1, 2) };
  yield { op: "cma-alloc", id: labels.fresh("alloc"), area, nrPages: 1 + draw.below(Math.max(1, nrPages / 2)), align: draw.below(world.geometry.maxPageOrder + 2) };
  for (const id of taken) if (id !== middle) yield* letGo(walk, id);
  return true;
}

export const contigRecipes: readonly Recipe[] = [
  { id: "contig-over-isolation", title: "a contiguous allocation asks for frames that somebody else isolates", favoured: ["isolate", "boundary", "cma"], possible: always, run: contigOverForeignIsolation },
  { id: "contig-migrates", title: "a contiguous allocation has to move pages, one of them perhaps pinned", favoured: ["isolate", "fragment", "cma"], possible: always, run: contigThatMigrates },
  { id: "contig-from-tail", title: "a contiguous allocation begins inside a hugetlb page and has to move the pages behind it", favoured: ["boundary", "fragment", "isolate"], possible: always, run: contigFromTail },
  { id: "crooked-compound", title: "a compound contiguous allocation is not aligned to its size, or is less than the free block", favoured: ["boundary", "fragment"], possible: always, run: crookedCompound },
  { id: "contig-search", title: "a search for contiguous frames passes over ranges that do not work, and its result is freed in parts", favoured: ["fragment", "cma"], possible: always, run: contigSearch },
  { id: "cma-fragmented", title: "a CMA area gets holes, is used by movable pages, and is asked for more", favoured: ["cma"], possible: ({ description }) => description.cma.length > 0, run: cmaFragmented },
];

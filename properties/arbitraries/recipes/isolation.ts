/** Recipes around isolation, and around the types that pageblocks have. */
import { pfnAdd, pfnRange, rangesOverlap, toPfn } from "../../../models/index.ts";
import type { AllocationView, Isolate, Pfn, PfnRange } from "../../../models/index.ts";
import { firstFrame, isFreeable, isMovableNow } from "../allocation.ts";
import { pickWhere } from "../draw.ts";
import { contigOf, isolateOf, modeAt } from "../makers/isolation.ts";
import { allocOf } from "../makers/pages.ts";
import { movableRange, pageblocksAround, partOfPageblock } from "../places.ts";
import type { Walk } from "../walk.ts";
import { always } from "./recipe.ts";
import type { Recipe, Script } from "./recipe.ts";
import { allocate, isolates, letGo, movablePage } from "./steps.ts";

// Two pageblocks that are buddies, each isolated by an owner of its own; what is freed in them merges across the border.
//
//   | token A | token B |
//   |   free and merge  |   then A undoes its half
function* neighboursByTwoOwners(walk: Walk): Script {
  const { draw, now, world } = walk;
  const buddyOf = (start: number): Pfn => toPfn(start % (2 * world.pageblock) === 0 ? start + world.pageblock : start - world.pageblock);
  // It matters most where the two would merge with what is free beside them.
  const besideFree = (start: number): boolean => {
    const pair = start - (start % (2 * world.pageblock));
    const beside = pair % (4 * world.pageblock) === 0 ? pair + 2 * world.pageblock : pair - 2 * world.pageblock;
    return now.freeBlocks.some(({ pfn, order }) => pfn === beside && order === world.geometry.pageblockOrder + 1);
  };
  const fits = (allocation: AllocationView): boolean => now.isMovablePageblock(buddyOf(now.pageblockStart(firstFrame(allocation) ?? 0)));
  const best = pickWhere(draw, now.allocations, (allocation) => isMovableNow(allocation) && fits(allocation) && now.isMovablePageblock(now.pageblockStart(firstFrame(allocation) ?? 0)) && besideFree(firstFrame(allocation) ?? 0));
  const page = best ?? (yield* movablePage(walk, fits));
  const frame = page === undefined ? undefined : firstFrame(page);
  if (page === undefined || frame === undefined) return false;
  const mine = now.pageblockStart(frame);
  const others = buddyOf(mine);
  if (!now.isMovablePageblock(others) || now.zone(mine) !== now.zone(others)) return false;
  const first = isolateOf(walk, partOfPageblock(walk, mine), modeAt(walk, mine));
  yield first;
  const second = isolateOf(walk, partOfPageblock(walk, others), modeAt(walk, others));
  yield second;
  if (!isolates(walk, first.id, mine) || !isolates(walk, second.id, others)) return false;
  for (let freed = 0; freed < 4; freed++) {
    const inside = now.allocations.find((allocation) => isFreeable(allocation) && isMovableNow(allocation) && [mine, others].includes(now.pageblockStart(firstFrame(allocation) ?? 0)));
    if (inside === undefined) break;
    yield { op: "free", id: inside.id, pcp: false };
  }
  const [early, late] = draw.chance(1, 2) ? [first, second] : [second, first];
  yield { op: "unisolate", id: early.id, start: early.start, nrPages: early.nrPages };
  yield* allocate(walk, draw.pick(walk.habits.kinds) === "kernel" ? "kernel" : "user", 0);
  yield { op: "unisolate", id: late.id, start: late.start, nrPages: late.nrPages };
  return true;
}

// A page waits on a per-CPU list while its pageblock is isolated; the drain has to see the type of that moment.
function* isolatedWhileOnPcp(walk: Walk): Script {
  const { draw, now, world } = walk;
  const page = yield* movablePage(walk, ({ order }) => order !== null && order <= Math.min(3, world.geometry.pageblockOrder));
  const frame = page === undefined ? undefined : firstFrame(page);
  const zone = frame === undefined ? undefined : now.zoneView(frame);
  if (page === undefined || frame === undefined || zone === undefined) return false;
  yield { op: "free", id: page.id, pcp: true };
  if (!now.pcp.some(({ pfn }) => pfn === frame)) return false;
  const token = isolateOf(walk, partOfPageblock(walk, now.pageblockStart(frame)), modeAt(walk, now.pageblockStart(frame)));
  yield token;
  if (!isolates(walk, token.id, now.pageblockStart(frame))) return false;
  if (draw.chance(1, 2)) yield* allocate(walk, "user", 0, zone.node);
  yield { op: "drain", node: zone.node, zone: zone.type };
  yield { op: "test-isolated", start: token.start, nrPages: token.nrPages, mode: token.mode };
  yield { op: "unisolate", id: token.id, start: token.start, nrPages: token.nrPages };
  return !now.isIsolated(frame);
}

// A pageblock of another type than Movable is isolated and given back: which type does it have then?
function* typeAfterIsolation(walk: Walk): Script {
  const { draw, now, world } = walk;
  const typed = (): Pfn | undefined => pickWhere(draw, now.pageblocks, ({ start, type }) => (type === "Unmovable" || type === "Reclaimable") && now.isMovablePageblock(start))?.start;
  if (typed() === undefined) {
    const page = yield* allocate(walk, draw.pick(["kernel", "slab-reclaimable"]), draw.below(world.geometry.pageblockOrder + 1));
    if (page === undefined) return false;
    yield { op: "free", id: page.id, pcp: false };
  }
  const start = typed();
  if (start === undefined) return false;
  const token = isolateOf(walk, pageblocksAround(walk, start, 1 + draw.below(2)) ?? pfnRange(start, world.pageblock), "offline");
  yield token;
  if (!isolates(walk, token.id, start)) return false;
  yield { op: "unisolate", id: token.id, start: token.start, nrPages: token.nrPages };
  yield* allocate(walk, draw.pick(["kernel", "user"]), 0);
  return true;
}

// Some pageblocks of a range are isolated, then one refuses: the first ones must come back as they were.
//
//   | isolated, undone | isolated, undone | unmovable: EBUSY |
function* isolationFailsHalfWay(walk: Walk): Script {
  const { draw, now, world } = walk;
  const blocked = (): Pfn | undefined =>
    pickWhere(draw, now.pageblocks, ({ start, type }) => type !== "Isolate" && type !== "CMA" && !now.isMovablePageblock(start) && (now.isMovablePageblock(toPfn(start - world.pageblock)) || now.isMovablePageblock(pfnAdd(start, world.pageblock))))?.start;
  if (blocked() === undefined && (yield* allocate(walk, "kernel", 0)) === undefined) return false;
  const bad = blocked();
  if (bad === undefined) return false;
  let first = bad;
  let end = pfnAdd(bad, world.pageblock);
  const same = (pfn: number): boolean => now.isMovablePageblock(toPfn(pfn)) && now.zone(pfn) === now.zone(bad);
  while (bad - first < 3 * world.pageblock && same(first - world.pageblock)) first = pfnAdd(first, -world.pageblock);
  if (first === bad || draw.chance(1, 2)) while (end - bad < 4 * world.pageblock && same(end)) end = pfnAdd(end, world.pageblock);
  const range = pfnRange(first, end - first);
  if (range.nrPages <= world.pageblock) return false;
  if (draw.chance(1, 2)) yield contigOf(walk, range, false);
  else yield isolateOf(walk, range, draw.pick(["offline", "contig"]));
  yield* allocate(walk, draw.pick(["user", "kernel"]), draw.below(world.geometry.pageblockOrder + 1));
  return true;
}

// Two halves of a large block, of different types that may mix, become free and merge.
//
//   | Movable | Movable | Unmovable | Unmovable |    every page in them is freed, in either order
function* mixedMerge(walk: Walk): Script {
  const { draw, now, world } = walk;
  // Halves of several pageblocks tell more than those of one.
  if (mixedHalves(walk, draw.chance(3, 4) ? world.maxBlock / 2 : world.pageblock) === undefined) {
    // A page of a process keeps a block from being claimed whole by the page of the kernel that comes next; for that, no
    // other block of the largest order may be free.
    yield* allocate(walk, "user", 0);
    for (let taken = 0; taken < 4 && now.largestKernelOrder === world.geometry.maxPageOrder; taken++) yield { ...allocOf(walk, "kernel", world.geometry.maxPageOrder), thisNode: false, zone: "normal" };
    if ((yield* allocate(walk, draw.pick(["kernel", "slab-reclaimable"]), 0)) === undefined) return false;
  }
  const halves = mixedHalves(walk, world.pageblock);
  if (halves === undefined) return false;
  const inside = (allocation: AllocationView): boolean => allocation.ranges.some((range) => rangesOverlap(range, halves));
  for (let freed = 0; freed < 8; freed++) {
    const next = pickWhere(draw, now.allocations, inside);
    if (next === undefined) break;
    if (!(yield* letGo(walk, next.id))) return false;
  }
  yield* allocate(walk, draw.pick(["user", "kernel"]), 0);
  return now.allocations.filter(inside).length <= 1;
}

const canLeave = (allocation: AllocationView): boolean => isFreeable(allocation) || allocation.kind === "contig";

/** Two neighbouring runs of pageblocks, each of one type and of at least so many frames, that would merge if all in them were freed; the larger the better. */
function mixedHalves(walk: Walk, least: number): PfnRange | undefined {
  const { draw, now, world } = walk;
  const mixable = (start: number): string | undefined => {
    const type = now.pageblock(start)?.type;
    return type === "Movable" || type === "Unmovable" || type === "Reclaimable" ? type : undefined;
  };
  const typeOf = (start: number, nrPages: number): string | undefined => {
    const type = mixable(start);
    for (let at = start; at < start + nrPages; at += world.pageblock) if (mixable(at) !== type) return undefined;
    return type;
  };
  const fits = (start: number, half: number): boolean => {
    const [low, high] = [typeOf(start, half), typeOf(start + half, half)];
    const range = pfnRange(toPfn(start), 2 * half);
    return low !== undefined && high !== undefined && low !== high && now.runInZone(start, 2 * half) === 2 * half && now.allocations.every((allocation) => canLeave(allocation) || !allocation.ranges.some((taken) => rangesOverlap(taken, range)));
  };
  for (let half = world.maxBlock / 2; half >= least; half /= 2) {
    const found = pickWhere(draw, now.pageblocks, ({ start }) => start % (2 * half) === 0 && fits(start, half));
    if (found !== undefined) return pfnRange(found.start, 2 * half);
  }
  return undefined;
}

// Most of what is free is isolated, and requests must not find it.
function* starvedByIsolation(walk: Walk): Script {
  const { draw, now } = walk;
  const tokens: Isolate[] = [];
  for (let taken = 0; taken < 8; taken++) {
    const range = movableRange(walk);
    if (range === undefined) break;
    const token = isolateOf(walk, range, draw.pick(["offline", "contig"]));
    yield token;
    if (now.isIsolated(range.start)) tokens.push(token);
  }
  yield* allocate(walk, "kernel", draw.below(2));
  yield* allocate(walk, "user", 0);
  const first = tokens[0];
  if (first !== undefined) yield contigOf(walk, first, false);
  for (const token of draw.chance(1, 2) ? tokens : tokens.toReversed()) yield { op: "unisolate", id: token.id, start: token.start, nrPages: token.nrPages };
  return tokens.length > 2;
}

export const isolationRecipes: readonly Recipe[] = [
  { id: "two-owners", title: "two neighbouring pageblocks are isolated by two owners and memory is freed across them", favoured: ["isolate", "boundary"], possible: always, run: neighboursByTwoOwners },
  { id: "isolated-on-pcp", title: "a page waits on a per-CPU list while its pageblock is isolated, then is drained", favoured: ["isolate", "churn"], possible: always, run: isolatedWhileOnPcp },
  { id: "type-after-isolation", title: "a pageblock that is not Movable is isolated and given back", favoured: ["isolate", "fragment"], possible: always, run: typeAfterIsolation },
  { id: "isolation-fails", title: "isolation of several pageblocks fails at one of them", favoured: ["isolate", "boundary"], possible: always, run: isolationFailsHalfWay },
  { id: "mixed-merge", title: "two halves of a large block, of types that may mix, merge", favoured: ["fragment", "churn", "mixed", "isolate"], possible: ({ maxBlock, pageblock }) => maxBlock > pageblock, run: mixedMerge },
  { id: "starved", title: "most of what is free is isolated while others allocate", favoured: ["isolate", "churn"], possible: always, run: starvedByIsolation },
];

/** Recipes around pages, references to them, and poison. */
import { pageKindTraits, pfnAdd, pfnRange } from "../../../models/index.ts";
import type { AllocationView, PageKind } from "../../../models/index.ts";
import { firstFrame, isFreeable, isMapped, isMovableNow, pageKind } from "../allocation.ts";
import { pickWhere } from "../draw.ts";
import { contigOf, isolateOf, modeAt } from "../makers/isolation.ts";
import { allocOf } from "../makers/pages.ts";
import { movableRange } from "../places.ts";
import type { Walk } from "../walk.ts";
import { always } from "./recipe.ts";
import type { Recipe, Script } from "./recipe.ts";
import { allocate, letGo, ownerOf, writeState } from "./steps.ts";

/** A page in memory that long-term pins keep out of: zone Movable, CMA, an isolated pageblock. */
function* unpinnablePage(walk: Walk): Script<AllocationView | undefined> {
  const { draw, now, world } = walk;
  const away = (allocation: AllocationView): boolean => {
    const frame = firstFrame(allocation) ?? 0;
    const type = now.pageblock(frame)?.type;
    return isMapped(allocation) && isMovableNow(allocation) && (now.zoneView(frame)?.type === "Movable" || type === "CMA" || type === "Isolate");
  };
  const found = pickWhere(draw, now.allocations, away) ?? (yield* allocate(walk, "user", 0));
  if (found === undefined || away(found)) return found;
  const frame = firstFrame(found);
  if (frame === undefined || !isMapped(found) || !isMovableNow(found) || !now.isMovablePageblock(now.pageblockStart(frame))) return undefined;
  yield isolateOf(walk, pfnRange(now.pageblockStart(frame), world.pageblock), modeAt(walk, frame));
  const page = now.allocation(found.id);
  return page !== undefined && away(page) ? page : undefined;
}

// A long-term pin of a page that must move first; somebody else may have it in hand, and then it can not move.
function* longTermPin(walk: Walk): Script {
  const { draw, now } = walk;
  const page = yield* unpinnablePage(walk);
  if (page === undefined) return false;
  const inHand = draw.weighted([[1, undefined], [1, "hold"], [2, "lru-isolate"]] as const);
  const lru = pageKindTraits[pageKind(page) ?? "kernel"].lru;
  if (inHand === "hold" || (inHand === "lru-isolate" && lru)) {
    yield { op: inHand, id: page.id };
    yield { op: "pin", id: page.id, longTerm: true };
    yield inHand === "hold" ? { op: "release", id: page.id } : { op: "lru-putback", id: page.id };
  }
  yield { op: "pin", id: page.id, longTerm: true };
  if ((now.allocation(page.id)?.longTermPins ?? 0) === 0) return false;
  yield draw.chance(1, 2) ? { op: "free", id: page.id, pcp: false } : { op: "pin", id: page.id, longTerm: false };
  yield { op: "unpin", id: page.id, longTerm: true };
  return true;
}

// A long-term pin of a range that begins inside a large page and goes on where pins may not stay.
function* rangeFromTail(walk: Walk): Script {
  const { draw, now, world } = walk;
  const order = 1 + draw.below(Math.min(2, world.geometry.pageblockOrder));
  const first = yield* allocate(walk, draw.pick(["folio", "hugetlb"]), order);
  const behind = yield* unpinnablePage(walk);
  if (first === undefined || behind === undefined || behind.id === first.id) return false;
  const inHand = draw.weighted([[4, undefined], [1, "hold"], [1, "lru-isolate"]] as const);
  if (inHand !== undefined) yield { op: inHand, id: draw.chance(1, 2) ? first.id : behind.id };
  yield { op: "pin-range", first: first.id, skip: 1 + draw.below(2 ** order - 1), zero: draw.chance(1, 4), last: behind.id, longTerm: true };
  return (now.allocation(behind.id)?.longTermPins ?? 0) > 0;
}

// A poisoned frame inside a block of frames that is freed as a whole.
function* poisonedBlockFreed(walk: Walk): Script {
  const { draw, now } = walk;
  const page = yield* allocate(walk, draw.pick(["kernel", "slab", "folio", "slab-reclaimable"]), 1 + draw.below(Math.min(3, walk.world.geometry.pageblockOrder)));
  const range = page?.ranges[0];
  if (page === undefined || range === undefined) return false;
  const pfn = pfnAdd(range.start, draw.below(range.nrPages));
  yield { op: "poison", pfn };
  if (now.nrPoisoned === 0) return false;
  yield { op: "free", id: page.id, pcp: draw.chance(1, 2) };
  yield* allocate(walk, draw.pick(["user", "kernel"]), 0);
  // Another frame of the block was never poisoned.
  if (draw.chance(1, 3)) yield { op: "unpoison", pfn: pfn === range.start ? pfnAdd(pfn, 1) : range.start };
  yield { op: "unpoison", pfn };
  yield* allocate(walk, draw.pick(["user", "kernel"]), 0);
  return true;
}

// A frame is struck, struck again, and taken back into use.
function* poisonAndBack(walk: Walk): Script {
  const { draw, now } = walk;
  const page = draw.chance(1, 2) ? (pickWhere(draw, now.allocations, (allocation) => isMovableNow(allocation)) ?? (yield* allocate(walk, "user", 0))) : undefined;
  const free = now.freeBlocks.length === 0 ? undefined : draw.pick(now.freeBlocks);
  const start = page === undefined ? free?.pfn : firstFrame(page);
  if (start === undefined) return false;
  const pfn = pfnAdd(start, draw.below(page === undefined ? 2 ** (free?.order ?? 0) : 1));
  const held = page !== undefined && draw.chance(1, 4);
  if (held) yield draw.chance(1, 2) ? { op: "hold", id: page.id } : { op: "pin", id: page.id, longTerm: false };
  yield { op: draw.pick(["poison", "soft-offline"]), pfn };
  const struck = now.nrPoisoned > 0;
  yield { op: draw.pick(["poison", "soft-offline"]), pfn };
  yield* allocate(walk, "user", 0);
  yield { op: "unpoison", pfn };
  if (draw.chance(1, 2)) yield { op: "unpoison", pfn };
  if (held) yield* letGo(walk, page.id);
  return struck;
}

// The owner frees a block of several frames, not compound, while somebody still has a reference to its first.
function* freedWhileHeld(walk: Walk): Script {
  const { draw, now, world } = walk;
  const page = yield* allocate(walk, draw.pick(["kernel", "kernel", "slab", "folio"]), 1 + draw.below(world.geometry.pageblockOrder));
  if (page === undefined) return false;
  yield { op: "hold", id: page.id };
  yield { op: "free", id: page.id, pcp: draw.chance(1, 2) };
  if (now.allocation(page.id)?.freed !== true) return false;
  yield* allocate(walk, draw.pick(["user", "kernel"]), draw.below(2));
  yield { op: "release", id: page.id };
  return now.allocation(page.id) === undefined;
}

/** Takes the largest blocks there are until no kernel request finds any. At most as many as a small machine needs. */
export function* exhaustKernel(walk: Walk): Script {
  for (let taken = 0; taken < 24 && walk.now.largestKernelOrder >= 0; taken++) {
    const command = allocOf(walk, "kernel", walk.now.largestKernelOrder);
    yield { ...command, thisNode: false, zone: "normal" };
    if (walk.now.allocation(command.id) === undefined) break;
  }
  return walk.now.largestKernelOrder < 0;
}

/** Takes what movable pages can have, too. */
function* exhaustMovable(walk: Walk): Script {
  const { now, world } = walk;
  for (let taken = 0; taken < 24 && now.largestFreeOrder >= 0; taken++) {
    const order = Math.min(now.largestFreeOrder, world.geometry.pageblockOrder);
    const command = allocOf(walk, order === 0 ? "user" : "folio", order);
    yield { ...command, thisNode: false };
    if (now.allocation(command.id) === undefined) break;
  }
  return now.largestFreeOrder < 0;
}

// Nothing is free: everything that needs a place to move to must fail and leave things as they were.
function* nothingFree(walk: Walk): Script {
  const { draw, now } = walk;
  const page = pickWhere(draw, now.allocations, isMovableNow) ?? (yield* allocate(walk, "user", 0));
  if (!(yield* exhaustKernel(walk))) return false;
  if (draw.chance(2, 3) && !(yield* exhaustMovable(walk))) return false;
  const frame = page === undefined ? undefined : firstFrame(page);
  if (page !== undefined && frame !== undefined) yield draw.chance(1, 2) ? { op: "soft-offline", pfn: frame } : { op: "pin", id: page.id, longTerm: true };
  const range = movableRange(walk);
  if (range !== undefined) yield contigOf(walk, range, false);
  const block = pickWhere(draw, now.blocks, (candidate) => now.looksOfflineable(candidate));
  if (block !== undefined && draw.chance(1, 2)) yield* writeState(walk, block.block, "offline");
  for (let freed = 0; freed < 3; freed++) {
    const some = pickWhere(draw, now.allocations, isFreeable);
    if (some !== undefined) yield* letGo(walk, some.id);
  }
  return true;
}

// A page is retired: with a place to go to, and when it is one that nobody can move.
function* retire(walk: Walk): Script {
  const { draw, now } = walk;
  const kind = draw.pick<PageKind>(["user", "file", "hugetlb", "driver-movable"]);
  const page = yield* allocate(walk, kind, pageKindTraits[kind].minOrder);
  const target = page ?? pickWhere(draw, now.allocations, isMovableNow);
  const frame = target === undefined ? undefined : firstFrame(target);
  if (target === undefined || frame === undefined) return false;
  const held = draw.chance(1, 3);
  if (held) yield { op: "hold", id: target.id };
  yield { op: held ? draw.pick(["poison", "soft-offline"]) : "soft-offline", pfn: frame };
  if (held) {
    yield { op: "release", id: target.id };
    yield { op: "soft-offline", pfn: frame };
  }
  const moved = ownerOf(walk, frame) === undefined;
  yield { op: "unpoison", pfn: frame };
  return moved;
}

// Pages at both ends of what a node has, holes between them; then its zones are compacted.
function* compactNode(walk: Walk): Script {
  const { draw, habits, now } = walk;
  const node = draw.pick(habits.nodes);
  for (let nr = 1 + draw.below(4); nr > 0; nr--) {
    const kind = draw.pick<PageKind>(["user", "folio"]);
    yield { ...allocOf(walk, kind, kind === "folio" ? draw.pick([1, 2, 2]) : 0), node, thisNode: true };
  }
  const page = draw.chance(1, 3) ? pickWhere(draw, now.allocations, isFreeable) : undefined;
  if (page !== undefined) yield* letGo(walk, page.id);
  const place = (): string => now.allocations.map(({ ranges }) => ranges[0]?.start ?? -1).join(" ");
  const before = place();
  for (const zone of now.zones) if (zone.managed > 0) yield { op: "compact", node: zone.node, zone: zone.type };
  return place() !== before;
}

export const pageRecipes: readonly Recipe[] = [
  { id: "long-term-pin", title: "a page is pinned for long where pins may not stay", favoured: ["cma", "isolate"], possible: always, run: longTermPin },
  { id: "range-from-tail", title: "a range of pages that begins inside a large page is pinned for long", favoured: ["cma", "isolate"], possible: ({ description }) => description.zeroPage !== undefined, run: rangeFromTail },
  { id: "poisoned-block", title: "a block with a poisoned frame in it is freed", favoured: ["poison"], possible: always, run: poisonedBlockFreed },
  { id: "poison-and-back", title: "a frame is poisoned twice and unpoisoned", favoured: ["poison"], possible: always, run: poisonAndBack },
  { id: "freed-while-held", title: "a block is freed while somebody holds its first frame", favoured: ["churn", "fragment"], possible: always, run: freedWhileHeld },
  { id: "nothing-free", title: "memory is used up, and what needs a free page fails", favoured: ["churn", "fragment", "boundary"], possible: always, run: nothingFree },
  { id: "retire", title: "a page is soft-offlined, moved, and its frame taken back", favoured: ["poison"], possible: always, run: retire },
  { id: "compact-node", title: "pages are spread over a node, and compaction moves some of them", favoured: ["mixed", "fragment", "boundary"], possible: ({ description }) => description.compaction === true, run: compactNode },
];

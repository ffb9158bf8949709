/**
 * Frames and ranges worth trying: where something begins or ends, just before it and just behind it.
 */
import { FrameUse, alignDown, alignUp, pfnAdd, pfnRange, rangeEnd, toPfn } from "../../models/index.ts";
import type { Pfn, PfnRange } from "../../models/index.ts";
import { at } from "./draw.ts";
import { percent } from "./walk.ts";
import type { Walk } from "./walk.ts";

type Place = (walk: Walk) => Pfn | undefined;

/** The first frame of something of n frames that is aligned to n, near `start`, or a neighbour of it. */
function around(walk: Walk, start: number, nrPages: number): Pfn {
  const { draw } = walk;
  return toPfn(
    draw.weighted([
      [6, start],
      [4, start + nrPages - 1],
      [2, start + draw.below(Math.max(1, nrPages))],
      [2, Math.max(0, start - 1)],
      [2, start + nrPages],
    ]),
  );
}

const edge: Place = (walk) => {
  const frame = walk.draw.pick(walk.world.edges);
  return toPfn(Math.max(0, frame + walk.draw.weighted([[3, 0], [2, -1], [1, 1], [1, -walk.world.pageblock], [1, walk.world.pageblock]])));
};

const unitBorder: Place = (walk) => {
  const { draw, world } = walk;
  const unit = draw.pick(world.units);
  const start = alignDown(world.playground.start + draw.below(world.playground.nrPages), unit);
  return around(walk, start, unit);
};

const ofFreeBlock: Place = (walk) => {
  const { freeBlocks } = walk.now;
  if (freeBlocks.length === 0) return undefined;
  const { pfn, order } = walk.draw.pick(freeBlocks);
  // One in four: the buddy of the block, which is what it would merge with.
  const nrPages = 2 ** order;
  const start = walk.draw.chance(1, 4) ? (pfn % (2 * nrPages) === 0 ? pfn + nrPages : pfn - nrPages) : pfn;
  return around(walk, start, nrPages);
};

const ofAllocation: Place = (walk) => {
  const { allocations } = walk.now;
  if (allocations.length === 0) return undefined;
  const { ranges } = walk.draw.pick(allocations);
  if (ranges.length === 0) return undefined;
  const range = walk.draw.pick(ranges);
  return around(walk, range.start, range.nrPages);
};

const ofPcp: Place = (walk) => (walk.now.pcp.length === 0 ? undefined : walk.draw.pick(walk.now.pcp).pfn);

const ofIsolation: Place = (walk) => {
  const { draw, now, world } = walk;
  if (now.isolations.length === 0) return undefined;
  const { pageblocks } = draw.pick(now.isolations);
  if (pageblocks.length === 0) return undefined;
  const start = draw.pick(pageblocks);
  // One in two: the pageblock before or behind.
  const neighbour = draw.weighted([[2, 0], [1, -world.pageblock], [1, world.pageblock]]);
  return around(walk, Math.max(0, start + neighbour), world.pageblock);
};

const ofPageblock: Place = (walk) => {
  const { pageblocks } = walk.now;
  return pageblocks.length === 0 ? undefined : around(walk, walk.draw.pick(pageblocks).start, walk.world.pageblock);
};

const ofBlock: Place = (walk) => {
  const { blocks } = walk.now;
  if (blocks.length === 0) return undefined;
  const { block, selfHosted } = walk.draw.pick(blocks);
  const start = block * walk.world.block;
  return selfHosted !== undefined && selfHosted > 0 && walk.draw.chance(1, 2) ? around(walk, start, selfHosted) : around(walk, start, walk.world.block);
};

const ofTask: Place = (walk) => {
  const { tasks } = walk.now;
  if (tasks.length === 0) return undefined;
  const { range } = walk.draw.pick(tasks);
  return around(walk, range.start, range.nrPages);
};

const ofCma: Place = (walk) => {
  const cma = walk.now.cma.filter(({ nrPages }) => nrPages > 0);
  if (cma.length === 0) return undefined;
  const { base, nrPages } = walk.draw.pick(cma);
  return around(walk, base, nrPages);
};

const ofDevice: Place = (walk) => {
  const { devices } = walk.now;
  if (devices.length === 0) return undefined;
  const { range } = walk.draw.pick(devices);
  return around(walk, range.start, range.nrPages);
};

const ofPoison: Place = (walk) => {
  const { now } = walk;
  const frame = now.nrPoisoned === 0 ? undefined : now.frameOfUse(walk.draw, FrameUse.Poisoned);
  return frame === undefined ? undefined : around(walk, frame, 1);
};

const anywhere: Place = ({ draw, world }) => toPfn(world.playground.start + draw.below(world.playground.nrPages));

const outside: Place = ({ draw, world }) => draw.pick([toPfn(0), pfnAdd(world.description.hotplugEnd, -1), world.description.hotplugEnd, rangeEnd(world.playground)]);

/** Each as often as it is in the list. */
const inUse: readonly Place[] = [ofFreeBlock, ofFreeBlock, ofFreeBlock, ofAllocation, ofAllocation, ofAllocation, ofIsolation, ofIsolation, ofPageblock, ofPageblock, ofTask, ofTask, ofCma, ofPcp, ofBlock, unitBorder, anywhere];
const everywhere: readonly Place[] = [...inUse, ofBlock, ofDevice, ofDevice, ofPoison, unitBorder, anywhere, outside];

function from(walk: Walk, places: readonly Place[]): Pfn | undefined {
  return percent(walk, walk.habits.edgePercent) ? edge(walk) : at(places, walk.draw.below(places.length))(walk);
}

/** Any frame, present or not. */
export function anyFrame(walk: Walk): Pfn {
  return from(walk, everywhere) ?? anywhere(walk) ?? toPfn(0);
}

/** A frame of an online page, or undefined if none was found. */
export function onlineFrame(walk: Walk): Pfn | undefined {
  for (let tried = 0; tried < 6; tried++) {
    const frame = from(walk, inUse);
    if (frame !== undefined && walk.now.isOnline(frame)) return frame;
  }
  return undefined;
}

/** A number of frames that is of use from `start` on. */
export function drawPages(walk: Walk, start: number): number {
  const { draw, world } = walk;
  switch (draw.below(8)) {
    case 0:
      return 1;
    case 1:
      return 2 ** draw.below(world.geometry.maxPageOrder + 1);
    case 2:
      return world.pageblock * (1 + draw.below(4));
    case 3:
      return 1 + draw.below(2 * world.pageblock);
    case 4:
      return world.pageblock;
    case 5:
    case 6: {
      // To the next border of a unit, or one frame short of it or beyond it.
      const unit = draw.pick(world.units);
      return Math.max(1, alignUp(start + 1, unit) - start + draw.weighted([[4, 0], [1, -1], [1, 1]]));
    }
    default: {
      const end = from(walk, inUse) ?? start;
      return end > start && end - start <= 4 * world.maxBlock ? end - start : 1 + draw.below(world.maxBlock);
    }
  }
}

/** Any range, present or not. */
export function anyRange(walk: Walk): PfnRange {
  const start = anyFrame(walk);
  return pfnRange(start, drawPages(walk, start));
}

/** Online pages of one zone, or undefined if none were found. */
export function rangeInZone(walk: Walk): PfnRange | undefined {
  const start = onlineFrame(walk);
  if (start === undefined) return undefined;
  const nrPages = walk.now.runInZone(start, drawPages(walk, start));
  return nrPages > 0 ? pfnRange(start, nrPages) : undefined;
}

/** A pageblock as a range: all of it, or a part of it that stands for all of it. */
export function partOfPageblock(walk: Walk, start: Pfn): PfnRange {
  const { draw, world } = walk;
  if (draw.chance(1, 2)) return pfnRange(start, world.pageblock);
  const before = draw.below(world.pageblock);
  return pfnRange(pfnAdd(start, before), 1 + draw.below(world.pageblock - before));
}

/** The pageblock around a frame, or more of them, at most as far as the zone goes. */
export function pageblocksAround(walk: Walk, pfn: Pfn, nrPageblocks: number): PfnRange | undefined {
  const start = walk.now.pageblockStart(pfn);
  const nrPages = walk.now.runInZone(start, nrPageblocks * walk.world.pageblock);
  return nrPages >= walk.world.pageblock ? pfnRange(start, nrPages - (nrPages % walk.world.pageblock)) : undefined;
}

/** One to four pageblocks that hold nothing unmovable and that nobody isolates, or a range that begins or ends inside them. */
export function movableRange(walk: Walk): PfnRange | undefined {
  const { draw, now, world } = walk;
  const { pageblocks } = now;
  if (pageblocks.length === 0) return undefined;
  for (let tried = 0; tried < 6; tried++) {
    const { start, type } = draw.pick(pageblocks);
    if (type === "CMA" || !now.isMovablePageblock(start)) continue;
    const wanted = draw.weighted([[4, 1], [3, 2], [1, 3], [1, 4]]);
    let nr = 1;
    while (nr < wanted && now.isMovablePageblock(pfnAdd(start, nr * world.pageblock)) && now.pageblock(start + nr * world.pageblock)?.type !== "CMA") nr++;
    const nrPages = now.runInZone(start, nr * world.pageblock);
    const before = draw.chance(1, 2) ? draw.below(Math.min(nrPages, world.pageblock)) : 0;
    const behind = draw.chance(1, 2) ? draw.below(Math.min(nrPages - before, world.pageblock)) : 0;
    if (nrPages - before - behind > 0) return pfnRange(pfnAdd(start, before), nrPages - before - behind);
  }
  return undefined;
}

/** Recipes around the memory of dax devices. */
import { alignDown, alignUp, pfnRange, rangeEnd, toPfn } from "../../../models/index.ts";
import type { PfnRange } from "../../../models/index.ts";
import { pickWhere } from "../draw.ts";
import { behaviours } from "../habits.ts";
import { drawDax } from "../makers/kmem.ts";
import type { Walk } from "../walk.ts";
import type { World } from "../world.ts";
import type { Recipe, Script } from "./recipe.ts";
import { add, hotplugIdle, remove, writeState } from "./steps.ts";

/** The driver takes the device; false: it could not. */
function* probe(walk: Walk, device: number): Script {
  if (!(yield* hotplugIdle(walk))) return false;
  yield { op: "kmem-probe", device, group: walk.labels.fresh("group") };
  return walk.now.kmem.some((known) => known.device === device);
}

function* letGo(walk: Walk, device: number): Script {
  if (!(yield* hotplugIdle(walk))) return false;
  yield { op: "kmem-remove", device };
  return true;
}

/** The whole blocks of each range of a device, of those that hold some and can be mapped. */
function goodRanges({ block, description }: World, device: number): readonly PfnRange[] {
  return (description.daxDevices?.[device]?.ranges ?? [])
    .map((range) => pfnRange(toPfn(alignUp(range.start, block)), alignDown(rangeEnd(range), block) - alignUp(range.start, block)))
    .filter((range) => range.nrPages > 0 && rangeEnd(range) <= description.hotplugEnd);
}

/** A device that the driver does not have, with so many good ranges at least. */
function* spareDevice(walk: Walk, nrRanges: number): Script<number | undefined> {
  const fits = (device: number): boolean => goodRanges(walk.world, device).length >= nrRanges;
  const found = drawDax(walk, false, fits);
  if (found !== undefined) return found;
  const bound = drawDax(walk, true, fits);
  return bound !== undefined && (yield* letGo(walk, bound)) ? bound : undefined;
}

// Somebody has memory where a range of the device is: the driver passes it over, or is refused, and lets go of what it has.
//
//   |  range 0  |   |  range 1  |
//     added           of others
function* takenRange(walk: Walk): Script {
  const { draw, now, world } = walk;
  const device = yield* spareDevice(walk, 2);
  if (device === undefined) return false;
  const ranges = goodRanges(world, device);
  const range = draw.chance(3, 4) ? ranges.at(-1) : pickWhere(draw, ranges, () => true);
  if (range === undefined || !(yield* add(walk, now.blockOf(range.start), 1, {}))) return false;
  if (yield* probe(walk, device)) yield* letGo(walk, device);
  return yield* remove(walk, pfnRange(range.start, world.block));
}

// A step of one of the ranges fails for want of memory.
function* failedRange(walk: Walk): Script {
  const { draw } = walk;
  const device = yield* spareDevice(walk, 1);
  if (device === undefined) return false;
  yield { op: "fail-next", what: draw.pick(["node", "usage", "memmap", "memory-block"]), skip: draw.pick([0, 0, 1, 2]) };
  return (yield* probe(walk, device)) && (yield* letGo(walk, device));
}

// Memory that is online stays, and is in the way when the driver comes back.
function* onlineStays(walk: Walk): Script {
  const { draw, now } = walk;
  const device = yield* spareDevice(walk, 1);
  if (device === undefined || !(yield* probe(walk, device))) return false;
  const group = now.kmem.find((known) => known.device === device)?.group;
  const block = pickWhere(draw, now.blocks, (one) => one.group === group);
  if (block === undefined || !(yield* writeState(walk, block.block, draw.pick(walk.habits.onlineWords)))) return false;
  const range = now.blockRange(block.block);
  if (draw.chance(1, 3) && (yield* hotplugIdle(walk))) yield { op: draw.pick(["remove", "offline-and-remove"]), ...range };
  yield* letGo(walk, device);
  if (draw.chance(1, 2)) yield* probe(walk, device);
  return true;
}

const hasDax = ({ description }: World): boolean => description.daxDevices !== undefined;

export const kmemRecipes: readonly Recipe[] = [
  { id: "kmem-range-taken", title: "a range of a dax device has memory of others when its driver comes", favoured: behaviours, possible: hasDax, run: takenRange },
  { id: "kmem-range-fails", title: "a range of a dax device can not be added for want of memory", favoured: behaviours, possible: hasDax, run: failedRange },
  { id: "kmem-online-stays", title: "memory of a dax device is online when its driver lets go", favoured: behaviours, possible: hasDax, run: onlineStays },
];

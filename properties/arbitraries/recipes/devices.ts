/** Recipes around device memory. */
import { memmapPages, pfnAdd, pfnRange, rangeContains, rangeContainsRange, rangeEnd, rangesOverlap } from "../../../models/index.ts";
import type { PfnRange } from "../../../models/index.ts";
import { pickWhere } from "../draw.ts";
import { altmapFor, deviceOf, deviceRange } from "../makers/hotplug.ts";
import type { Walk } from "../walk.ts";
import type { World } from "../world.ts";
import { always, hasRoom } from "./recipe.ts";
import type { Recipe, Script } from "./recipe.ts";
import { add, hotplugIdle, roomFor } from "./steps.ts";

/** Maps a device; undefined: refused. */
function* map(walk: Walk, range: PfnRange): Script<number | undefined> {
  if (!(yield* hotplugIdle(walk))) return undefined;
  const command = deviceOf(walk, range);
  yield command;
  return walk.now.devices.some(({ device }) => device === command.id) ? command.id : undefined;
}

// Device frames share a section with boot memory: lookups must tell them apart.
//
//   |  boot memory  | device |  -  |
//   |<---------- section --------->|
function* besideMemory(walk: Walk): Script {
  const { draw, now, world } = walk;
  const unit = world.deviceUnit;
  const fits = ({ start, nrPages }: PfnRange): boolean => start % unit === 0 && nrPages % unit === 0;
  const gap = pickWhere(draw, world.bootGaps, (range) => fits(range) && !now.devices.some((device) => rangesOverlap(device.range, range)));
  if (gap === undefined) return false;
  const nrPages = unit * (1 + draw.below(gap.nrPages / unit));
  const device = yield* map(walk, pfnRange(gap.start, nrPages));
  if (device === undefined) return false;
  yield { op: "poison", pfn: pfnAdd(gap.start, draw.below(nrPages)) };
  const block = now.blockOf(gap.start);
  if (draw.chance(1, 2) && (yield* hotplugIdle(walk))) yield { op: "write-state", block, value: "offline" };
  if (!(yield* hotplugIdle(walk))) return false;
  yield { op: "device-unmap", id: device };
  return (yield* map(walk, gap)) !== undefined;
}

// Two devices in one section; a third overlaps the end of one, or encloses it.
function* overlappingDevices(walk: Walk): Script {
  const { draw, now, world } = walk;
  const first = yield* roomFor(walk, 1);
  if (first === undefined || world.block < 4 * world.deviceUnit) return false;
  const { start } = now.blockRange(first);
  const unit = world.deviceUnit;
  const a = yield* map(walk, pfnRange(pfnAdd(start, unit), unit));
  const b = yield* map(walk, pfnRange(pfnAdd(start, 2 * unit), unit * (1 + draw.below(2))));
  if (a === undefined || b === undefined) return false;
  yield* map(walk, draw.pick([pfnRange(start, 2 * unit), pfnRange(start, 4 * unit), pfnRange(start, 4 * unit), pfnRange(pfnAdd(start, unit), 2 * unit), pfnRange(start, unit)]));
  if (!(yield* hotplugIdle(walk))) return false;
  yield { op: "device-unmap", id: draw.chance(1, 2) ? a : b };
  yield* map(walk, pfnRange(pfnAdd(start, unit), unit));
  return true;
}

// Memory is added where a device is mapped, then where it was.
function* deviceThenMemory(walk: Walk): Script {
  const { draw, now, world } = walk;
  const first = yield* roomFor(walk, 1);
  if (first === undefined) return false;
  const { start } = now.blockRange(first);
  const device = yield* map(walk, draw.chance(1, 2) ? pfnRange(start, world.block) : pfnRange(pfnAdd(start, world.section - world.deviceUnit), world.deviceUnit * (world.geometry.blockSections > 1 ? 2 : 1)));
  if (device === undefined) return false;
  yield* add(walk, first, 1, {});
  if (!(yield* hotplugIdle(walk))) return false;
  yield { op: "device-unmap", id: device };
  return yield* add(walk, first, 1, {});
}

// A failure half way through a device range leaves the earlier sections.
function* failedMap(walk: Walk): Script {
  const { draw } = walk;
  const range = deviceRange(walk);
  if (range === undefined || !(yield* hotplugIdle(walk))) return false;
  yield { op: "fail-next", what: draw.pick(["usage", "memmap"]), skip: draw.below(2) };
  const done = yield* map(walk, range);
  if (done === undefined) yield* map(walk, range);
  return done === undefined;
}

// A device holds part of its memmap itself; the rest comes from the node whose memory lies behind it.
//
//   |          window                  |   memory of the node
//   |  -  | part |  whole sections     |
//         | kept by the driver | memmap|
function* ownMemmap(walk: Walk): Script {
  const { draw, now, world } = walk;
  const window = draw.pick(world.windows);
  const end = rangeEnd(window);
  const nrSections = draw.chance(3, 4) ? 1 : draw.below(Math.floor(window.nrPages / world.section)) + 1;
  const part = draw.chance(3, 4) ? world.deviceUnit : draw.below(world.section / world.deviceUnit) * world.deviceUnit;
  const start = pfnAdd(end, -Math.min(window.nrPages, nrSections * world.section + part));
  const range = pfnRange(start, end - start);
  if (now.devices.some((device) => rangesOverlap(device.range, range)) || now.blocks.some(({ block }) => rangesOverlap(now.blockRange(block), range))) return false;
  if (!(yield* hotplugIdle(walk))) return false;
  const behind = world.description.nodes.findIndex(({ memory }) => memory.some((memoryRange) => memoryRange.start === end));
  const { reserve: _, free: __, ...plain } = deviceOf(walk, range);
  // All that is no memmap is the driver's, or nearly so: then what is set aside ends where the range does.
  const free = nrSections * memmapPages(world.geometry, world.section) + world.geometry.pmdPages - 1;
  const altmap = draw.chance(2, 3) && range.nrPages - 1 > free ? { reserve: range.nrPages - 1 - free, free } : altmapFor(walk, range);
  yield { ...plain, ...(behind >= 0 && now.isNodeOnline(behind) ? { node: behind } : {}), ...altmap };
  if (!now.devices.some(({ device }) => device === plain.id) || !(yield* hotplugIdle(walk))) return false;
  yield { op: "device-unmap", id: plain.id };
  return true;
}

// Memory inside a window is found by whoever asks for the window.
function* memoryInWindow(walk: Walk): Script {
  const { draw, now, world } = walk;
  const inside = pickWhere(draw, world.spareBlocks, (id) => now.block(id) === undefined && world.windows.some((window) => rangeContainsRange(window, now.blockRange(id))));
  if (inside === undefined || !(yield* add(walk, inside, 1, {}))) return false;
  const { start, nrPages } = now.blockRange(inside);
  if (draw.chance(1, 3) && (yield* hotplugIdle(walk))) yield { op: "write-state", block: inside, value: draw.pick(walk.habits.onlineWords) };
  const before = world.windows.find((window) => rangeContains(window, start))?.start ?? start;
  const range = draw.pick([pfnRange(start, nrPages), pfnRange(pfnAdd(start, world.deviceUnit), world.deviceUnit), pfnRange(before, start + nrPages - before)]);
  if (!(yield* hotplugIdle(walk))) return false;
  yield* map(walk, range);
  return true;
}

// A compound page of two sections, of which only the first has frames for its memmap; or two of half a section each.
//
//   |<------- compound page ------->|
//   |    section     |    section   |
function* compoundPages(walk: Walk): Script {
  const { draw, now, world } = walk;
  const { section } = world;
  const large = draw.chance(2, 3);
  const nrPages = large ? 2 * section : section;
  const isFree = (range: PfnRange): boolean => !now.devices.some((device) => rangesOverlap(device.range, range)) && !now.blocks.some(({ block }) => rangesOverlap(now.blockRange(block), range));
  const starts = world.spareBlocks.map((id) => now.blockRange(id).start).filter((start) => start % nrPages === 0 && start + nrPages <= world.description.hotplugEnd && isFree(pfnRange(start, nrPages)));
  const start = pickWhere(draw, starts, () => true);
  if (start === undefined) return false;
  if (draw.chance(1, 4)) yield { op: "fail-next", what: draw.pick(["usage", "memmap"]), skip: 1 };
  if (!(yield* hotplugIdle(walk))) return false;
  const { vmemmapShift: _, ...plain } = deviceOf(walk, pfnRange(start, nrPages));
  yield { ...plain, vmemmapShift: Math.log2(large ? nrPages : section / 2) };
  if (!now.devices.some(({ device }) => device === plain.id) || !(yield* hotplugIdle(walk))) return false;
  yield { op: "device-unmap", id: plain.id };
  return true;
}

const hasCompoundDevices = ({ description }: World): boolean => description.compoundDevices === true;

const hasWindows = ({ windows }: World): boolean => windows.length > 0;

export const deviceRecipes: readonly Recipe[] = [
  { id: "device-beside-memory", title: "a device shares a section with boot memory", favoured: ["device"], possible: ({ bootGaps }) => bootGaps.length > 0, run: besideMemory },
  { id: "device-overlap", title: "devices share a section, and another overlaps or encloses one", favoured: ["device", "refuse"], possible: hasRoom, run: overlappingDevices },
  { id: "device-then-memory", title: "memory is added where a device is or was", favoured: ["device"], possible: hasRoom, run: deviceThenMemory },
  { id: "device-own-memmap", title: "a device holds its memmap itself, as far as that is of whole sections", favoured: ["mixed", "churn", "refuse", "hotplug", "device"], possible: hasWindows, run: ownMemmap },
  { id: "memory-in-window", title: "a device is mapped over memory that was added inside a window", favoured: ["device", "refuse"], possible: hasWindows, run: memoryInWindow },
  { id: "device-compound-pages", title: "a device is mapped in compound pages, larger or smaller than a section", favoured: ["mixed", "churn", "refuse", "hotplug", "device"], possible: hasCompoundDevices, run: compoundPages },
  { id: "failed-map", title: "a device map fails half way", favoured: ["device"], possible: always, run: failedMap },
];

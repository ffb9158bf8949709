/** Hotplug: mm/memory_hotplug.c, drivers/base/memory.c, mm/memremap.c. */
import { alignUp, memmapPages, pfnAdd, pfnRange, rangeEnd, rangesOverlap, stateWords, toBlockId, toPfn } from "../../../models/index.ts";
import type { Add, BlockId, BlockView, DeviceMap, GroupView, NodeId, Op, PfnRange, WriteState } from "../../../models/index.ts";
import { pickWhere } from "../draw.ts";
import { anyFrame, anyRange } from "../places.ts";
import { percent } from "../walk.ts";
import type { Make, Makers, Walk } from "../walk.ts";
import type { World } from "../world.ts";

type HotplugOp = Extract<Op, "add" | "remove" | "offline-and-remove" | "write-state" | "write-online" | "group-static" | "group-dynamic" | "group-unregister" | "device-map" | "device-unmap">;

export function addOf(walk: Walk, { start, nrPages }: PfnRange, node: NodeId): Add {
  return { op: "add", start, nrPages, node, memmapOnMemory: percent(walk, walk.habits.hostedPercent), group: null };
}

/** Blocks that are not there and may be added, boot blocks that were removed included. */
export function absentBlock(walk: Walk): BlockId | undefined {
  const { now, world, draw } = walk;
  const free = (id: BlockId): boolean => now.block(id) === undefined && !now.devices.some(({ range }) => rangesOverlap(range, now.blockRange(id)));
  const boot = draw.chance(1, 4) ? pickWhere(draw, world.bootBlocks, free) : undefined;
  return boot ?? pickWhere(draw, world.spareBlocks, free);
}

function blocksFrom(walk: Walk, first: BlockId, most: number, fits: (id: BlockId) => boolean): PfnRange {
  let nr = 1;
  while (nr < most && fits(toBlockId(first + nr))) nr++;
  return pfnRange(toPfn(first * walk.world.block), nr * walk.world.block);
}

const addSome: Make = (walk) => {
  const { draw, now, world, habits } = walk;
  const first = absentBlock(walk);
  if (first === undefined) return undefined;
  const range = blocksFrom(walk, first, draw.weighted([[4, 1], [2, 2], [1, 3]]), (id) => now.block(id) === undefined && world.spareBlocks.includes(id));
  const group = now.groups.length > 0 && draw.chance(2, 3) ? draw.pick(now.groups).group : null;
  return { ...addOf(walk, range, draw.pick(habits.nodes)), group };
};

/** Adds an absent block in a shape that no caller may ask for. */
const misshapen = (shape: (range: PfnRange, world: World) => PfnRange): Make => (walk) => {
  const first = absentBlock(walk);
  return first === undefined ? undefined : addOf(walk, shape(walk.now.blockRange(first), walk.world), walk.draw.pick(walk.habits.nodes));
};

function pickBlock(walk: Walk, fits: (block: BlockView) => boolean): BlockView | undefined {
  return pickWhere(walk.draw, walk.now.blocks, fits);
}

function rangeOfBlocks(walk: Walk, fits: (block: BlockView) => boolean): PfnRange | undefined {
  const block = pickBlock(walk, fits);
  if (block === undefined) return undefined;
  return blocksFrom(walk, block.block, walk.draw.weighted([[3, 1], [1, 2], [1, 3]]), (id) => {
    const next = walk.now.block(id);
    return next !== undefined && fits(next);
  });
}

const isOffline = ({ state }: BlockView): boolean => state === "offline";
const isOnline = ({ state }: BlockView): boolean => state === "online";

/** A block that should go offline; one in eight may turn out to hold something that stays. */
function blockToOffline(walk: Walk): BlockView | undefined {
  return pickBlock(walk, walk.draw.chance(1, 8) ? (block) => walk.now.mayGoOffline(block) : (block) => walk.now.looksOfflineable(block));
}

/** Half of what is written turns a block on, half off. */
const writeSome: Make = (walk) => {
  const { draw, habits } = walk;
  if (walk.now.hotplugBusy) return undefined;
  const off = draw.chance(1, 2) ? blockToOffline(walk) : undefined;
  if (off !== undefined) return { op: "write-state", block: off.block, value: "offline" };
  const on = pickBlock(walk, isOffline);
  return on === undefined ? undefined : { op: "write-state", block: on.block, value: draw.pick(habits.onlineWords) };
};

function noSuchBlock(walk: Walk): BlockId {
  return absentBlock(walk) ?? toBlockId(Math.ceil(walk.world.description.hotplugEnd / walk.world.block) + walk.draw.below(2));
}

function stateOf(walk: Walk, block: BlockId): WriteState {
  return { op: "write-state", block, value: walk.draw.pick(stateWords) };
}

/** A range of whole blocks or nearly so: what removal is asked for by mistake. */
function crooked(walk: Walk): PfnRange {
  const { draw, world } = walk;
  const range = rangeOfBlocks(walk, () => true) ?? anyRange(walk);
  return draw.weighted([
    [2, range],
    [1, pfnRange(pfnAdd(range.start, world.section), range.nrPages)],
    [1, pfnRange(range.start, Math.max(0, range.nrPages - world.pageblock))],
    [1, pfnRange(range.start, 0)],
  ]);
}

const group = (walk: Walk): GroupView | undefined => (walk.now.groups.length === 0 ? undefined : walk.draw.pick(walk.now.groups));

function groupInUse(walk: Walk): number {
  return group(walk)?.group ?? walk.labels.fresh("group");
}

export function deviceOf(walk: Walk, { start, nrPages }: PfnRange): DeviceMap {
  const node = pickWhere(walk.draw, walk.habits.nodes, (candidate) => walk.now.isNodeOnline(candidate)) ?? 0;
  const command: DeviceMap = { op: "device-map", id: walk.labels.fresh("device"), start, nrPages, node };
  if (walk.world.description.compoundDevices === true) return { ...command, ...compoundFor(walk, { start, nrPages }) };
  return walk.world.windows.length > 0 && walk.draw.chance(1, 2) ? { ...command, ...altmapFor(walk, { start, nrPages }) } : command;
}

/** Compound pages that the range is made of, as large as can be or smaller; now and then larger ones, or none. */
function compoundFor({ draw }: Walk, { start, nrPages }: PfnRange): Pick<DeviceMap, "vmemmapShift"> {
  let largest = 0;
  while (largest < 20 && start % 2 ** (largest + 1) === 0 && nrPages % 2 ** (largest + 1) === 0) largest++;
  const shift = draw.weighted([
    [4, largest],
    [2, Math.max(0, largest - 1)],
    [1, draw.below(largest + 3)],
    [1, 0],
  ]);
  return shift === 0 ? {} : { vmemmapShift: shift };
}

type Altmap = Pick<DeviceMap, "reserve" | "free">;

/** What a driver keeps and sets aside: as much as the memmap takes, with what alignment may skip; now and then too little or too much. */
export function altmapFor({ draw, world }: Walk, range: PfnRange): Altmap {
  const { geometry, section } = world;
  const first = alignUp(range.start, section);
  const nrWhole = Math.max(0, Math.floor((rangeEnd(range) - first) / section));
  const need = nrWhole * memmapPages(geometry, section);
  const free = draw.weighted([[4, need], [4, need + geometry.pmdPages - 1], [1, need + 1], [1, Math.max(0, need - 1)]]);
  const most = range.nrPages - 1 - free;
  const reserve = Math.max(0, draw.weighted([[2, 0], [2, 1], [2, world.subsection], [3, most], [2, most - (most % geometry.pmdPages)], [1, most + 2]]));
  return { ...(reserve > 0 ? { reserve } : {}), ...(free > 0 ? { free } : {}) };
}

/** Subsections that nothing takes: beside memory in a boot section, beside another device, or in a section of their own. */
export function deviceRange(walk: Walk): PfnRange | undefined {
  const { draw, now, world } = walk;
  const gap = draw.chance(1, 2) && world.bootGaps.length > 0 ? draw.pick(world.bootGaps) : undefined;
  const free = gap ?? spareRange(walk);
  if (free === undefined) return undefined;
  const unit = draw.chance(1, 8) ? world.subsection : world.deviceUnit;
  const first = alignUp(free.start, unit);
  const nr = Math.floor((rangeEnd(free) - first) / unit);
  if (nr < 1) return undefined;
  const skip = draw.chance(1, 2) ? 0 : draw.below(nr);
  const range = pfnRange(pfnAdd(first, skip * unit), unit * (1 + draw.below(draw.chance(3, 4) ? Math.min(4, nr - skip) : nr - skip)));
  return now.devices.some((device) => rangesOverlap(device.range, range)) ? undefined : range;
}

function spareRange(walk: Walk): PfnRange | undefined {
  const id = pickWhere(walk.draw, walk.world.spareBlocks, (candidate) => walk.now.block(candidate) === undefined);
  return id === undefined ? undefined : walk.now.blockRange(id);
}

const withMap = (range: (walk: Walk) => PfnRange | undefined): Make => (walk) => {
  const found = range(walk);
  return found === undefined ? undefined : deviceOf(walk, found);
};

export const hotplugMakers: Makers<HotplugOp> = {
  add: {
    accepted: addSome,
    refused: [
      (walk) => {
        const block = pickBlock(walk, () => true);
        return block === undefined ? undefined : addOf(walk, walk.now.blockRange(block.block), walk.draw.pick(walk.habits.nodes));
      },
      misshapen(({ start, nrPages }, { section }) => pfnRange(pfnAdd(start, section / 2), nrPages)),
      misshapen(({ start, nrPages }) => pfnRange(start, nrPages / 2)),
      misshapen(({ start }) => pfnRange(start, 0)),
      misshapen(({ start }, { description, block }) => pfnRange(start, description.hotplugEnd - start + block)),
      (walk) => {
        const first = absentBlock(walk);
        return first === undefined ? undefined : addOf(walk, walk.now.blockRange(first), walk.world.description.nodes.length + walk.draw.below(2));
      },
      (walk) => {
        const first = absentBlock(walk);
        return first === undefined ? undefined : { ...addOf(walk, walk.now.blockRange(first), walk.draw.pick(walk.habits.nodes)), group: walk.labels.dangling(walk.draw, "group") };
      },
      (walk) => (walk.now.devices.length === 0 ? undefined : addOf(walk, walk.now.blockRange(walk.now.blockOf(walk.draw.pick(walk.now.devices).range.start)), 0)),
    ],
  },
  remove: {
    accepted: (walk) => {
      const range = rangeOfBlocks(walk, isOffline);
      return range === undefined ? undefined : { op: "remove", ...range };
    },
    refused: [
      (walk) => {
        const range = rangeOfBlocks(walk, isOnline);
        return range === undefined ? undefined : { op: "remove", ...range };
      },
      (walk) => ({ op: "remove", ...crooked(walk) }),
      (walk) => ({ op: "remove", ...walk.now.blockRange(noSuchBlock(walk)) }),
    ],
  },
  "offline-and-remove": {
    accepted: (walk) => {
      const range = rangeOfBlocks(walk, (block) => block.state === "offline" || walk.now.looksOfflineable(block));
      return range === undefined ? undefined : { op: "offline-and-remove", ...range };
    },
    refused: [(walk) => ({ op: "offline-and-remove", ...crooked(walk) }), (walk) => ({ op: "offline-and-remove", ...walk.now.blockRange(noSuchBlock(walk)) })],
  },
  "write-state": {
    accepted: writeSome,
    refused: [
      (walk) => stateOf(walk, noSuchBlock(walk)),
      (walk) => {
        const block = pickBlock(walk, isOnline);
        return block === undefined ? undefined : { op: "write-state", block: block.block, value: walk.draw.pick(["online", "online_kernel", "online_movable"]) };
      },
      (walk) => {
        const block = pickBlock(walk, isOffline);
        return block === undefined ? undefined : { op: "write-state", block: block.block, value: "offline" };
      },
      (walk) => {
        const block = pickBlock(walk, (candidate) => isOnline(candidate) && !walk.now.mayGoOffline(candidate));
        return block === undefined ? undefined : { op: "write-state", block: block.block, value: "offline" };
      },
    ],
  },
  "write-online": {
    accepted: (walk) => {
      const block = walk.draw.chance(1, 2) ? pickBlock(walk, isOffline) : blockToOffline(walk);
      // One in eight asks for the state that the block has.
      return block === undefined ? undefined : { op: "write-online", block: block.block, value: walk.draw.chance(1, 8) === (block.state === "online") };
    },
    refused: [
      (walk) => ({ op: "write-online", block: noSuchBlock(walk), value: walk.draw.chance(1, 2) }),
      (walk) => {
        const block = pickBlock(walk, (candidate) => isOnline(candidate) && !walk.now.mayGoOffline(candidate));
        return block === undefined ? undefined : { op: "write-online", block: block.block, value: false };
      },
    ],
  },
  "group-static": {
    accepted: (walk) => ({ op: "group-static", id: walk.labels.fresh("group"), node: walk.draw.pick(walk.habits.nodes), maxPages: walk.world.block * (1 + walk.draw.below(4)) }),
    refused: [
      (walk) => ({ op: "group-static", id: walk.labels.fresh("group"), node: 0, maxPages: 0 }),
      (walk) => ({ op: "group-static", id: walk.labels.fresh("group"), node: walk.world.description.nodes.length, maxPages: walk.world.block }),
      (walk) => (walk.now.groups.length === 0 ? undefined : { op: "group-static", id: groupInUse(walk), node: 0, maxPages: walk.world.block }),
    ],
  },
  "group-dynamic": {
    accepted: (walk) => ({ op: "group-dynamic", id: walk.labels.fresh("group"), node: walk.draw.pick(walk.habits.nodes), unitPages: walk.world.block * 2 ** walk.draw.below(3) }),
    refused: [
      (walk) => ({ op: "group-dynamic", id: walk.labels.fresh("group"), node: 0, unitPages: walk.draw.pick([0, walk.world.block / 2, walk.world.block * 3]) }),
      (walk) => ({ op: "group-dynamic", id: walk.labels.fresh("group"), node: walk.world.description.nodes.length, unitPages: walk.world.block }),
      (walk) => (walk.now.groups.length === 0 ? undefined : { op: "group-dynamic", id: groupInUse(walk), node: 0, unitPages: walk.world.block }),
    ],
  },
  "group-unregister": {
    accepted: (walk) => {
      const empty = pickWhere(walk.draw, walk.now.groups, ({ blocks }) => blocks.length === 0);
      return empty === undefined ? undefined : { op: "group-unregister", id: empty.group };
    },
    refused: [
      (walk) => ({ op: "group-unregister", id: walk.labels.dangling(walk.draw, "group") }),
      (walk) => {
        const full = pickWhere(walk.draw, walk.now.groups, ({ blocks }) => blocks.length > 0);
        return full === undefined ? undefined : { op: "group-unregister", id: full.group };
      },
    ],
  },
  "device-map": {
    accepted: withMap(deviceRange),
    refused: [
      withMap(anyRange),
      // Overlaps a live map at its start, at its end, wholly, or encloses it.
      (walk) => {
        const { draw, now, world } = walk;
        if (now.devices.length === 0) return undefined;
        const { range } = draw.pick(now.devices);
        const unit = world.deviceUnit;
        const before = Math.min(range.start, unit * draw.below(2));
        const behind = unit * draw.below(2);
        return deviceOf(walk, pfnRange(pfnAdd(range.start, -before), range.nrPages + before + behind));
      },
      withMap((walk) => {
        const range = deviceRange(walk);
        if (range === undefined) return undefined;
        return walk.draw.pick([pfnRange(range.start, 0), pfnRange(pfnAdd(range.start, 1), range.nrPages), pfnRange(range.start, range.nrPages + 1), pfnRange(range.start, walk.world.description.hotplugEnd - range.start + walk.world.subsection)]);
      }),
      withMap((walk) => {
        // Subsections of boot memory, or of a block that was added.
        const start = anyFrame(walk);
        const unit = walk.world.subsection;
        return pfnRange(toPfn(start - (start % unit)), unit * (1 + walk.draw.below(3)));
      }),
      (walk) => {
        const range = deviceRange(walk);
        const live = walk.now.devices[0];
        return range === undefined || live === undefined ? undefined : { ...deviceOf(walk, range), id: live.device };
      },
      (walk) => {
        const range = deviceRange(walk);
        return range === undefined ? undefined : { ...deviceOf(walk, range), node: walk.world.description.nodes.length };
      },
    ],
  },
  "device-unmap": {
    accepted: (walk) => (walk.now.devices.length === 0 ? undefined : { op: "device-unmap", id: walk.draw.pick(walk.now.devices).device }),
    refused: [(walk) => ({ op: "device-unmap", id: walk.labels.dangling(walk.draw, "device") })],
  },
};

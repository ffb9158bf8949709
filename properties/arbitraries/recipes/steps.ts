/** Steps that many recipes take. */
import { FrameUse, memmapPages, rangesOverlap, toBlockId } from "../../../models/index.ts";
import type { AllocationView, BlockId, Command, NodeId, OnlineWord, PageKind, Pfn, PfnRange, StateWord, TaskId } from "../../../models/index.ts";
import { firstFrame, isFreeHugePage, isFreeable, isMovableNow } from "../allocation.ts";
import { pickWhere } from "../draw.ts";
import { allocOf } from "../makers/pages.ts";
import { addOf } from "../makers/hotplug.ts";
import type { Walk } from "../walk.ts";
import type { Script } from "./recipe.ts";

/** A script waits at most this many times for others to be done. */
const patience = 12;

/** Waits until no online or offline task is half done. */
export function* hotplugIdle(walk: Walk): Script {
  for (let waited = 0; walk.now.hotplugBusy; waited++) {
    if (waited === patience) return false;
    yield null;
  }
  return true;
}

export function* writeState(walk: Walk, block: BlockId, value: StateWord): Script {
  if (!(yield* hotplugIdle(walk))) return false;
  yield { op: "write-state", block, value };
  return walk.now.block(block)?.state === (value === "offline" ? "offline" : "online");
}

/** Adds blocks from `first` on; true if the first of them is there. */
export function* add(walk: Walk, first: BlockId, nrBlocks: number, wish: { readonly node?: NodeId; readonly hosted?: boolean; readonly group?: number }): Script {
  if (!(yield* hotplugIdle(walk))) return false;
  const { draw, habits, now, world } = walk;
  // Without frames for the memmap there is nothing to be had; pages of the kernel make room, at most a few.
  for (let freed = 0; freed < 4 && wish.hosted !== true && now.nrFreeKernel < memmapPages(world.geometry, nrBlocks * world.block); freed++) {
    const page = pickWhere(draw, now.allocations, (allocation) => isFreeable(allocation) && !isMovableNow(allocation));
    if (page === undefined || !(yield* letGo(walk, page.id))) break;
  }
  if (!(yield* hotplugIdle(walk))) return false;
  const command = addOf(walk, { start: now.blockRange(first).start, nrPages: nrBlocks * world.block }, wish.node ?? draw.pick(habits.nodes));
  yield { ...command, memmapOnMemory: wish.hosted ?? command.memmapOnMemory, group: wish.group ?? null };
  return now.block(first) !== undefined;
}

export function* remove(walk: Walk, range: PfnRange): Script {
  if (!(yield* hotplugIdle(walk))) return false;
  yield { op: "remove", ...range };
  return walk.now.block(walk.now.blockOf(range.start)) === undefined;
}

/** The first of `nr` neighbouring blocks that are not there and may be added. Where there are none, blocks that were added are taken away. */
export function* roomFor(walk: Walk, nr: number): Script<BlockId | undefined> {
  const { draw, now, world } = walk;
  const run = (first: BlockId): readonly BlockId[] => Array.from({ length: nr }, (_, nth) => toBlockId(first + nth));
  const isFree = (id: BlockId): boolean => world.spareBlocks.includes(id) && now.block(id) === undefined && !now.devices.some(({ range }) => rangesOverlap(range, now.blockRange(id)));
  const canGo = (id: BlockId): boolean => {
    const block = now.block(id);
    return block !== undefined && world.spareBlocks.includes(id) && (block.state === "offline" || now.looksOfflineable(block));
  };
  const free = (): BlockId | undefined => pickWhere(draw, world.spareBlocks, (id) => run(id).every(isFree));
  const found = free();
  if (found !== undefined) return found;
  const wanted = pickWhere(draw, world.spareBlocks, (id) => run(id).every((one) => isFree(one) || canGo(one)));
  for (const id of wanted === undefined ? [] : run(wanted)) {
    if (now.block(id) === undefined) continue;
    if (!(yield* hotplugIdle(walk))) return undefined;
    yield { op: "offline-and-remove", start: now.blockRange(id).start, nrPages: world.block };
  }
  return free();
}

/** Allocates; undefined: refused. */
export function* allocate(walk: Walk, kind: PageKind, order: number, node?: NodeId): Script<AllocationView | undefined> {
  const command = allocOf(walk, kind, order);
  yield node === undefined ? command : { ...command, node };
  return walk.now.allocation(command.id);
}

/** Drops every reference to an allocation, then frees it. */
export function* letGo(walk: Walk, id: number): Script {
  for (let tried = 0; tried < patience; tried++) {
    const allocation = walk.now.allocation(id);
    const command = allocation === undefined ? undefined : dropOne(walk, allocation);
    if (command === undefined) return allocation === undefined;
    yield command;
  }
  return walk.now.allocation(id) === undefined;
}

function dropOne(walk: Walk, allocation: AllocationView): Command | undefined {
  const { id } = allocation;
  if (allocation.lruIsolated && !allocation.freed) return { op: "lru-putback", id };
  if (allocation.holds > 0) return { op: "release", id };
  if (allocation.pins > 0) return { op: "unpin", id, longTerm: false };
  if (allocation.longTermPins > 0) return { op: "unpin", id, longTerm: true };
  const range = allocation.ranges[0];
  if (range === undefined) return undefined;
  if (allocation.inflated === true) return { op: "deflate", id };
  if (allocation.kind === "contig") return { op: "free-contig", ...range, pcp: false };
  if (allocation.kind === "cma") return { op: "cma-release", area: walk.now.cma.find(({ base, nrPages }) => range.start >= base && range.start < base + nrPages)?.area ?? 0, id, pcp: false };
  if (isFreeHugePage(allocation)) return { op: "huge-shrink", id };
  return isFreeable(allocation) ? { op: "free", id, pcp: false } : undefined;
}

/**
 * Takes away what keeps a block from going offline: pages in it that can not be moved, and devices and blocks whose memmap lies in it.
 * At most a few of each.
 */
export function* clearOut(walk: Walk, block: BlockId): Script {
  const { now, world } = walk;
  const range = now.blockRange(block);
  const inTheWay = (allocation: AllocationView): boolean => !isMovableNow(allocation) && !isFreeHugePage(allocation) && allocation.ranges.some((taken) => rangesOverlap(taken, range));
  for (let cleared = 0; cleared < 12; cleared++) {
    const next = now.allocations.find(inTheWay);
    if (next === undefined) break;
    if (!(yield* letGo(walk, next.id))) return false;
  }
  for (let removed = 0; removed < 4 && now.hasUse(range, [FrameUse.Memmap]); removed++) {
    const device = now.devices[0];
    if (device !== undefined && (yield* hotplugIdle(walk))) {
      yield { op: "device-unmap", id: device.device };
      continue;
    }
    const guest = now.blocks.find((other) => other.boot !== true && other.block !== block && (other.selfHosted ?? 0) === 0);
    if (guest === undefined || !(yield* hotplugIdle(walk))) return false;
    yield { op: "offline-and-remove", start: now.blockRange(guest.block).start, nrPages: world.block };
    if (now.block(guest.block) !== undefined) return false;
  }
  const found = now.block(block);
  return found !== undefined && now.looksOfflineable(found);
}

/** Brings a block offline, out of whatever is in the way. */
export function* takeOffline(walk: Walk, block: BlockId): Script {
  const found = walk.now.block(block);
  if (found === undefined) return false;
  if (found.state === "offline") return true;
  if (!walk.now.looksOfflineable(found) && !(yield* clearOut(walk, block))) return false;
  return yield* writeState(walk, block, "offline");
}

/** Takes steps of a task until it is done. */
export function* finish(walk: Walk, task: TaskId): Script {
  for (let taken = 0; taken < 4 * patience; taken++) {
    if (!walk.now.tasks.some((running) => running.task === task)) return true;
    // A task that can not come to its end (a page that stays where it is) is interrupted.
    yield { op: taken < 2 * patience ? "step" : "signal", task };
  }
  return false;
}

/** A block that was added, is offline, and nobody else works on; one is added where there is none. */
export function* offlineBlock(walk: Walk): Script<BlockId | undefined> {
  const { draw, now } = walk;
  const found = pickWhere(draw, now.blocks, ({ state, nrHwpoison }) => state === "offline" && (nrHwpoison ?? 0) === 0);
  if (found !== undefined && draw.chance(2, 3)) return found.block;
  const first = yield* roomFor(walk, 1);
  if (first === undefined) return found?.block;
  return (yield* add(walk, first, 1, {})) ? first : undefined;
}

/** A block that is online and could go offline; one is brought online where there is none. */
export function* onlineBlock(walk: Walk): Script<BlockId | undefined> {
  const { draw, now } = walk;
  const found = pickWhere(draw, now.blocks, (block) => now.looksOfflineable(block));
  if (found !== undefined && draw.chance(2, 3)) return found.block;
  const block = yield* offlineBlock(walk);
  if (block === undefined) return found?.block;
  return (yield* writeState(walk, block, onlineWord(walk))) ? block : undefined;
}

/** Some pages on a block's node, so that it is not empty. */
export function* useSome(walk: Walk, block: BlockId, nr: number): Script<readonly number[]> {
  const { draw, now, habits, world } = walk;
  const node = now.block(block)?.node ?? 0;
  const made: number[] = [];
  for (let n = 0; n < nr; n++) {
    const movable = draw.chance(2, 3) || !habits.kinds.includes("kernel");
    const page = yield* allocate(walk, movable ? draw.pick(["user", "file"]) : "kernel", movable ? 0 : draw.below(world.geometry.pageblockOrder + 1), now.isNodeOnline(node) ? node : undefined);
    if (page !== undefined) made.push(page.id);
  }
  return made;
}

/** Makes something in the block stay where it is: a page that is held there, or a page of the kernel. */
export function* occupy(walk: Walk, block: BlockId): Script<number | undefined> {
  const { draw, now } = walk;
  const range = now.blockRange(block);
  const inside = (id: number): boolean => now.allocation(id)?.ranges.some((taken) => rangesOverlap(taken, range)) ?? false;
  const page = pickWhere(draw, now.allocations, (allocation) => isMovableNow(allocation) && inside(allocation.id));
  if (page !== undefined) {
    yield { op: draw.pick(["hold", "hold", "lru-isolate"]), id: page.id };
    return page.id;
  }
  // A contiguous allocation goes where it is told.
  const free = pickWhere(draw, now.freeBlocks, ({ pfn, type }) => now.blockOf(pfn) === block && type !== "Isolate" && type !== "CMA");
  if (free === undefined) return undefined;
  const id = walk.labels.fresh("alloc");
  yield { op: "alloc-contig", id, start: free.pfn, nrPages: 1, compound: false, gfp: "kernel" };
  return inside(id) ? id : undefined;
}

/** A page that could move, in a pageblock that could be isolated; one is allocated where there is none. */
export function* movablePage(walk: Walk, fits: (allocation: AllocationView) => boolean): Script<AllocationView | undefined> {
  const { now, draw } = walk;
  const suits = (allocation: AllocationView): boolean => isMovableNow(allocation) && fits(allocation) && now.isMovablePageblock(now.pageblockStart(firstFrame(allocation) ?? 0));
  const found = pickWhere(draw, now.allocations, suits);
  if (found !== undefined) return found;
  const made = yield* allocate(walk, "user", 0);
  return made !== undefined && suits(made) ? made : undefined;
}

/** The token isolates the pageblock that starts at this frame. */
export function isolates(walk: Walk, token: number, pfn: number): boolean {
  return walk.now.isolations.some(({ owner, pageblocks }) => "token" in owner && owner.token === token && pageblocks.some((start) => start === pfn));
}

/** A word to bring a block online with. */
export function onlineWord(walk: Walk): OnlineWord {
  return walk.draw.pick(walk.habits.onlineWords);
}

/** An allocation that owns the frame. */
export function ownerOf(walk: Walk, pfn: Pfn): AllocationView | undefined {
  return walk.now.allocations.find(({ ranges }) => ranges.some(({ start, nrPages }) => pfn >= start && pfn < start + nrPages));
}

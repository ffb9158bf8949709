/** Recipes around operations on memory blocks that fail, half way or at once, and what comes after. */
import { FrameUse, failurePoints, pfnAdd, pfnRange, toBlockId, vetoableEvents } from "../../../models/index.ts";
import type { Errno, NodeId, ZoneView } from "../../../models/index.ts";
import { firstFrame, isMovableNow } from "../allocation.ts";
import { pickWhere } from "../draw.ts";
import { allocOf } from "../makers/pages.ts";
import type { Walk } from "../walk.ts";
import { exhaustKernel } from "./pages.ts";
import { always, hasRoom } from "./recipe.ts";
import type { Recipe, Script } from "./recipe.ts";
import { add, allocate, hotplugIdle, letGo, occupy, offlineBlock, onlineBlock, onlineWord, remove, roomFor, takeOffline, useSome, writeState } from "./steps.ts";

// Something fails while memory is added, perhaps for a group; the second attempt meets what the first has left.
function* failedAdd(walk: Walk): Script {
  const { draw, now, world, labels } = walk;
  const first = yield* roomFor(walk, 1);
  if (first === undefined || !(yield* hotplugIdle(walk))) return false;
  const id = draw.chance(1, 2) ? labels.fresh("group") : undefined;
  const what = id !== undefined && draw.chance(1, 2) ? "memory-block" : draw.pick(failurePoints);
  const hosted = draw.chance(1, 2);
  const nrBlocks = now.block(toBlockId(first + 1)) === undefined && world.spareBlocks.includes(toBlockId(first + 1)) ? 1 + draw.below(2) : 1;
  const node: NodeId = what === "node" ? (pickWhere(draw, world.description.nodes.map((_, nr) => nr), (nr) => !now.isNodeOnline(nr)) ?? 0) : draw.pick(walk.habits.nodes);
  if (id !== undefined) yield { op: "group-static", id, node, maxPages: world.block * nrBlocks };
  const group = now.groups.some((known) => known.group === id) ? id : undefined;
  const attempts = { node: 1, usage: world.geometry.blockSections + 1, memmap: 2 * world.geometry.blockSections + 1, "memory-block": nrBlocks } as const;
  yield { op: "fail-next", what, skip: draw.below(attempts[what]) };
  const done = yield* add(walk, first, nrBlocks, { hosted, node, ...(group === undefined ? {} : { group }) });
  if (group !== undefined && !done && (yield* hotplugIdle(walk))) yield { op: "group-unregister", id: group };
  const again = done || (yield* add(walk, first, nrBlocks, { hosted: draw.chance(1, 2), node }));
  if (again) {
    yield* writeState(walk, first, onlineWord(walk));
  } else {
    yield* allocate(walk, "kernel", 0);
  }
  return !done;
}

// A driver refuses: everything must be as before, and the next attempt must work.
function* vetoed(walk: Walk): Script {
  const { draw } = walk;
  const event = draw.pick(vetoableEvents);
  const errno: Errno = draw.pick(["EPERM", "EBUSY", "EINVAL", "ENOMEM"]);
  const off = event === "GOING_OFFLINE";
  const block = off ? yield* onlineBlock(walk) : yield* offlineBlock(walk);
  if (block === undefined) return false;
  yield { op: "veto", event, errno };
  const word = onlineWord(walk);
  if (yield* writeState(walk, block, off ? "offline" : word)) return false;
  return yield* writeState(walk, block, off ? "offline" : word);
}

// The memmap of one block lies in another one, which can not leave before it.
function* memmapElsewhere(walk: Walk): Script {
  const { draw, now, world } = walk;
  const first = yield* roomFor(walk, 1);
  if (first === undefined || !(yield* add(walk, first, 1, { hosted: false }))) return false;
  const frame = now.frameOfUse(draw, FrameUse.Memmap);
  if (frame === undefined) return false;
  const host = now.blockOf(frame);
  if (host === first) return false;
  yield* writeState(walk, host, "offline");
  if (draw.chance(1, 2)) yield { op: "offline-and-remove", start: now.blockRange(host).start, nrPages: world.block };
  if (!(yield* remove(walk, now.blockRange(first)))) return false;
  yield* writeState(walk, host, "offline");
  return true;
}

// No frame is left for a memmap: the add must fail and be possible later.
function* addWithoutMemory(walk: Walk): Script {
  const { draw, now } = walk;
  const first = yield* roomFor(walk, 1);
  if (first === undefined || !(yield* exhaustKernel(walk)) || !(yield* hotplugIdle(walk))) return false;
  yield { op: "add", ...now.blockRange(first), node: draw.pick(walk.habits.nodes), memmapOnMemory: false, group: null };
  const added = now.block(first) !== undefined;
  for (let freed = 0; freed < 3; freed++) {
    const page = pickWhere(draw, now.allocations, ({ kind }) => kind === "kernel");
    if (page !== undefined) yield* letGo(walk, page.id);
  }
  if (!added && now.block(first) === undefined) yield* add(walk, first, 1, { hosted: draw.chance(1, 2) });
  return !added;
}

// Several blocks are to leave at once and the last can not: those that went come back.
function* rollback(walk: Walk): Script {
  const { draw, now, world } = walk;
  const pair = pickWhere(draw, now.blocks, (block) => now.looksOfflineable(block) && now.looksOfflineable(now.block(toBlockId(block.block + 1)) ?? { ...block, state: "offline" }));
  const first = pair?.block ?? (yield* roomFor(walk, 2));
  if (first === undefined) return false;
  const second = toBlockId(first + 1);
  if (pair === undefined) {
    for (const id of [first, second]) if (!(yield* add(walk, id, 1, {})) || !(yield* writeState(walk, id, onlineWord(walk)))) return false;
  }
  const held = yield* occupy(walk, second);
  if (held === undefined || !(yield* hotplugIdle(walk))) return false;
  yield { op: "offline-and-remove", start: now.blockRange(first).start, nrPages: 2 * world.block };
  yield* letGo(walk, held);
  yield { op: "offline-and-remove", start: now.blockRange(first).start, nrPages: 2 * world.block };
  return true;
}

// One block holds its own memmap, its neighbour does not, and both are to be removed in one call.
function* mixedMemmaps(walk: Walk): Script {
  const { draw, now, world } = walk;
  const first = yield* roomFor(walk, 2);
  if (first === undefined) return false;
  const hosted = draw.chance(1, 2);
  if (!(yield* add(walk, first, 1, { hosted })) || !(yield* add(walk, toBlockId(first + 1), 1, { hosted: !hosted }))) return false;
  if (!(yield* hotplugIdle(walk))) return false;
  yield { op: draw.pick(["remove", "offline-and-remove"]), start: now.blockRange(first).start, nrPages: 2 * world.block };
  if (now.block(first) === undefined) return false;
  return yield* remove(walk, now.blockRange(first));
}

// A page that nobody can move is in the block: offline fails or never ends, until the page is let go.
function* offlineWithHeldPage(walk: Walk): Script {
  const block = yield* onlineBlock(walk);
  if (block === undefined) return false;
  yield* useSome(walk, block, 1);
  const held = yield* occupy(walk, block);
  if (held === undefined || (yield* writeState(walk, block, "offline"))) return false;
  yield* letGo(walk, held);
  return yield* takeOffline(walk, block);
}

// A poisoned frame goes offline with its block, which may not come back.
function* poisonedBlock(walk: Walk): Script {
  const { draw, now } = walk;
  const block = yield* onlineBlock(walk);
  if (block === undefined) return false;
  const free = pickWhere(draw, now.freeBlocks, ({ pfn }) => now.blockOf(pfn) === block);
  const page = pickWhere(draw, now.allocations, (allocation) => isMovableNow(allocation) && now.blockOf(firstFrame(allocation) ?? walk.world.edges[0] ?? now.blockRange(block).start) === block);
  const pfn = page !== undefined && draw.chance(1, 2) ? firstFrame(page) : free?.pfn;
  if (pfn === undefined) return false;
  yield { op: draw.pick(["poison", "poison", "soft-offline"]), pfn };
  if ((now.block(block)?.nrHwpoison ?? 0) === 0) return false;
  if (!(yield* takeOffline(walk, block))) return false;
  yield* writeState(walk, block, onlineWord(walk));
  yield { op: draw.pick(["unpoison", "unpoison", "soft-offline", "poison"]), pfn };
  return draw.chance(1, 2) ? yield* remove(walk, now.blockRange(block)) : true;
}

// A driver has taken frames out of a block and marked them; the block goes offline with them, or may not.
function* fakeOfflineBlock(walk: Walk): Script {
  const { draw, now, world } = walk;
  const block = yield* onlineBlock(walk);
  if (block === undefined) return false;
  const start = pickWhere(draw, now.pageblocks, (pageblock) => now.blockOf(pageblock.start) === block && pageblock.type !== "CMA" && now.isMovablePageblock(pageblock.start))?.start;
  if (start === undefined) return false;
  const drops = draw.chance(2, 3);
  const range = pfnRange(start, draw.chance(1, 2) ? world.pageblock : 1 + draw.below(world.pageblock));
  yield { op: "fake-offline", ...range, drops };
  if (now.use(start) !== FrameUse.PageOffline) return false;
  const went = yield* takeOffline(walk, block);
  if (went) {
    yield* writeState(walk, block, onlineWord(walk));
    return true;
  }
  yield { op: "fake-online", start, nrPages: range.nrPages };
  return !drops && now.use(start) !== FrameUse.PageOffline;
}

// A driver takes every frame of a zone; then a zone becomes populated, so that it is written down anew which zones to try.
function* zoneTakenWhole(walk: Walk): Script {
  const { draw, now, world } = walk;
  const whole = ({ start, spanned }: ZoneView): boolean => {
    if (spanned === 0 || spanned > 4 * world.block || now.runInZone(start, spanned) !== spanned) return false;
    for (let pfn = now.pageblockStart(start); pfn < start + spanned; pfn = pfnAdd(pfn, world.pageblock)) if (now.pageblock(pfn)?.type === "CMA" || !now.isMovablePageblock(pfn)) return false;
    return true;
  };
  const empty = (): ZoneView | undefined => pickWhere(draw, now.zones, ({ node, type, present }) => present === 0 && (type === "Normal" || type === "Movable") && walk.habits.nodes.includes(node));
  let zone = pickWhere(draw, now.zones, whole);
  if (zone === undefined) {
    yield* populate(walk, empty());
    zone = pickWhere(draw, now.zones, whole);
  }
  if (zone === undefined) return false;
  const range = pfnRange(zone.start, zone.spanned);
  yield { op: "fake-offline", ...range, drops: draw.chance(1, 2) };
  if (now.use(range.start) !== FrameUse.PageOffline) return false;
  yield* populate(walk, empty());
  yield { op: "fake-online", ...range };
  yield { ...allocOf(walk, "user", 0), node: zone.node, thisNode: true };
  return true;
}

/** Brings a block online in a zone that has none. */
function* populate(walk: Walk, zone: ZoneView | undefined): Script {
  const first = zone === undefined ? undefined : yield* roomFor(walk, 1);
  if (zone === undefined || first === undefined || !(yield* add(walk, first, 1, { node: zone.node }))) return false;
  return yield* writeState(walk, first, zone.type === "Movable" ? "online_movable" : "online_kernel");
}

export const refusalRecipes: readonly Recipe[] = [
  { id: "failed-add", title: "an add fails and is tried again", favoured: ["hotplug", "refuse"], possible: hasRoom, run: failedAdd },
  { id: "vetoed", title: "a notifier refuses, and the next attempt works", favoured: ["hotplug", "refuse"], possible: always, run: vetoed },
  { id: "memmap-elsewhere", title: "the memmap of one block lies in another that is to go offline", favoured: ["hotplug"], possible: hasRoom, run: memmapElsewhere },
  { id: "add-without-memory", title: "memory is added when no frame is left for its memmap", favoured: ["hotplug", "refuse"], possible: hasRoom, run: addWithoutMemory },
  { id: "rollback", title: "several blocks are to leave at once and one can not", favoured: ["hotplug"], possible: ({ spareBlocks }) => spareBlocks.length > 1, run: rollback },
  { id: "mixed-memmaps", title: "blocks with and without their own memmap are removed in one call", favoured: ["hotplug"], possible: ({ description, spareBlocks }) => description.memmapOnMemory !== "never" && spareBlocks.length > 1, run: mixedMemmaps },
  { id: "held-page", title: "offline meets a page that nobody can move, and works once it is let go", favoured: ["hotplug", "tasks"], possible: always, run: offlineWithHeldPage },
  { id: "poisoned-offline", title: "a poisoned frame goes offline with its block", favoured: ["poison", "hotplug"], possible: always, run: poisonedBlock },
  { id: "fake-offline", title: "a block with frames that a driver took goes offline", favoured: ["hotplug", "boundary"], possible: always, run: fakeOfflineBlock },
  { id: "zone-taken", title: "a driver takes every frame of a zone, and another zone becomes populated", favoured: ["hotplug", "boundary"], possible: hasRoom, run: zoneTakenWhole },
];

/** Recipes around the life of memory blocks: added, online, offline, removed, and back again. */
import { toBlockId } from "../../../models/index.ts";
import type { BlockId } from "../../../models/index.ts";
import { pickWhere } from "../draw.ts";
import type { Walk } from "../walk.ts";
import { always, hasRoom } from "./recipe.ts";
import type { Recipe, Script } from "./recipe.ts";
import { add, allocate, hotplugIdle, onlineBlock, onlineWord, remove, roomFor, takeOffline, useSome, writeState } from "./steps.ts";

// The whole life of a block, twice, the second time as another kind or on another node.
function* wholeLife(walk: Walk): Script {
  const { draw, now, habits } = walk;
  const first = yield* roomFor(walk, 1);
  if (first === undefined || !(yield* add(walk, first, 1, {}))) return false;
  if (!(yield* writeState(walk, first, onlineWord(walk)))) return false;
  yield* useSome(walk, first, 1 + draw.below(4));
  if (!(yield* takeOffline(walk, first))) return false;
  if (!(yield* writeState(walk, first, draw.pick(["online_kernel", "online_movable"])))) return false;
  yield* useSome(walk, first, draw.below(3));
  if (!(yield* takeOffline(walk, first))) return false;
  if (!(yield* remove(walk, now.blockRange(first)))) return false;
  return yield* add(walk, first, 1, { node: draw.pick(habits.nodes) });
}

// A block that holds its own memmap goes through both kinds of zones.
function* selfHosted(walk: Walk): Script {
  const { draw, now } = walk;
  const first = yield* roomFor(walk, 1);
  if (first === undefined || !(yield* add(walk, first, 1, { hosted: true }))) return false;
  if ((now.block(first)?.selfHosted ?? 0) === 0) return false;
  if (!(yield* writeState(walk, first, draw.pick(["online_movable", "online_kernel"])))) return false;
  yield* useSome(walk, first, 1 + draw.below(2));
  if (!(yield* takeOffline(walk, first))) return false;
  if (draw.chance(1, 2) && !(yield* writeState(walk, first, draw.pick(["online_movable", "online_kernel"])))) return false;
  if (now.block(first)?.state === "online" && !(yield* takeOffline(walk, first))) return false;
  return yield* remove(walk, now.blockRange(first));
}

// Boot memory leaves, comes back as hotplugged memory, and is used again.
function* bootMemoryReborn(walk: Walk): Script {
  const { draw, now, world } = walk;
  const boot = pickWhere(draw, now.blocks, (block) => block.boot === true && now.mayGoOffline(block));
  if (boot === undefined || !(yield* takeOffline(walk, boot.block))) return false;
  if (draw.chance(1, 3) && !(yield* writeState(walk, boot.block, onlineWord(walk)))) return false;
  if (now.block(boot.block)?.state === "online" && !(yield* takeOffline(walk, boot.block))) return false;
  if (!(yield* remove(walk, now.blockRange(boot.block)))) return false;
  if (!(yield* add(walk, boot.block, 1, { hosted: draw.chance(1, 2), node: draw.below(world.description.nodes.length) }))) return false;
  return yield* writeState(walk, boot.block, onlineWord(walk));
}

// A node gets its first memory, loses all of it, and gets some again.
function* nodeReborn(walk: Walk): Script {
  const { draw, now, world } = walk;
  const { nodes } = world.description;
  const node = pickWhere(draw, nodes.map((_, nr) => nr), (nr) => nodes[nr]?.memory.length === 0);
  if (node === undefined) return false;
  for (let left = 0; left < 4; left++) {
    const block = now.blocks.find((candidate) => candidate.node === node);
    if (block === undefined) break;
    if (!(yield* takeOffline(walk, block.block)) || !(yield* remove(walk, now.blockRange(block.block)))) return false;
  }
  const first = yield* roomFor(walk, 1);
  if (first === undefined || !(yield* add(walk, first, 1, { node }))) return false;
  if (!(yield* writeState(walk, first, onlineWord(walk)))) return false;
  yield* useSome(walk, first, 1 + draw.below(3));
  const second = draw.chance(1, 2) ? yield* roomFor(walk, 1) : undefined;
  if (second !== undefined) {
    // Memory of another kind comes and goes while the first stays.
    if (!(yield* add(walk, second, 1, { node })) || !(yield* writeState(walk, second, draw.pick(["online_kernel", "online_movable"])))) return false;
    if (!(yield* takeOffline(walk, second)) || !(yield* remove(walk, now.blockRange(second)))) return false;
  }
  if (!(yield* takeOffline(walk, first))) return false;
  if (draw.chance(2, 3) && !(yield* remove(walk, now.blockRange(first)))) return false;
  const next = now.block(first) === undefined ? yield* roomFor(walk, 1) : undefined;
  if (next !== undefined && !(yield* add(walk, next, 1, { node }))) return false;
  if (!(yield* writeState(walk, next ?? first, onlineWord(walk)))) return false;
  yield* allocate(walk, "user", 0, node);
  return true;
}

const threeFrom = (first: BlockId): readonly BlockId[] => [first, toBlockId(first + 1), toBlockId(first + 2)];

// Between two blocks of zone Movable the middle one is brought online without a wish.
function* betweenTwoBlocks(walk: Walk): Script {
  const { draw, now, world } = walk;
  const first = pickWhere(draw, world.spareBlocks, (id) => threeFrom(id).every((one) => world.spareBlocks.includes(one) && (now.block(one) === undefined || now.block(one)?.state === "offline")));
  if (first === undefined) return false;
  const node = draw.pick(walk.habits.nodes);
  const outer = draw.pick(["online_movable", "online_kernel"] as const);
  const [low, middle, high] = threeFrom(first);
  if (low === undefined || middle === undefined || high === undefined) return false;
  for (const id of [low, high, middle]) {
    if (now.block(id) === undefined && !(yield* add(walk, id, 1, { node }))) return false;
    if (!(yield* writeState(walk, id, id === middle ? draw.pick(["online", "online", "online_kernel", "online_movable"]) : outer))) return false;
  }
  yield* useSome(walk, middle, 1 + draw.below(2));
  return yield* takeOffline(walk, draw.pick([low, middle, high]));
}

// Zones are chosen by ratio, for a whole device at once.
function* autoMovable(walk: Walk): Script {
  const { draw, now, world, labels } = walk;
  const first = yield* roomFor(walk, 1);
  if (first === undefined || !(yield* hotplugIdle(walk))) return false;
  yield { op: "set", setting: { option: "online_policy", value: "auto-movable" } };
  yield { op: "set", setting: { option: "auto_movable_ratio", value: draw.pick([1, 25, 50, 100, 101, 200, 301]) } };
  const node = draw.pick(walk.habits.nodes);
  const id = labels.fresh("group");
  const nrBlocks = 1 + draw.below(3);
  if (draw.chance(1, 2)) yield { op: "group-static", id, node, maxPages: world.block * nrBlocks };
  else yield { op: "group-dynamic", id, node, unitPages: world.block * 2 ** draw.below(3) };
  if (!now.groups.some(({ group }) => group === id)) return false;
  const added: BlockId[] = [];
  for (let nr = 0; nr < nrBlocks; nr++) {
    const next = nr === 0 ? first : toBlockId(first + nr);
    if (now.block(next) === undefined && world.spareBlocks.includes(next) && (yield* add(walk, next, 1, { group: id }))) added.push(next);
  }
  let online = 0;
  for (const block of added) if (yield* writeState(walk, block, draw.weighted([[4, "online"], [1, "online_kernel"]]))) online++;
  yield { op: "group-unregister", id };
  if (draw.chance(1, 2)) yield { op: "set", setting: { option: "online_policy", value: "contig-zones" } };
  return online > 0;
}

// A word that was refused may be remembered, and then decides where the block goes next.
function* staleOnlineType(walk: Walk): Script {
  const { draw, now } = walk;
  const block = yield* onlineBlock(walk);
  if (block === undefined || !(yield* hotplugIdle(walk))) return false;
  yield { op: "write-state", block, value: draw.pick(["online_movable", "online_kernel"]) };
  if (draw.chance(1, 2)) {
    if (!(yield* hotplugIdle(walk))) return false;
    yield { op: "write-online", block, value: false };
  } else if (!(yield* takeOffline(walk, block))) return false;
  if (now.block(block)?.state !== "offline" || !(yield* hotplugIdle(walk))) return false;
  yield { op: "write-online", block, value: true };
  return now.block(block)?.state === "online";
}

export const blockRecipes: readonly Recipe[] = [
  { id: "whole-life", title: "a block is added, brought online, used, taken offline, brought online as another kind, removed and added again", favoured: ["hotplug", "mixed"], possible: hasRoom, run: wholeLife },
  { id: "self-hosted", title: "a block that holds its own memmap lives through both kinds of zones", favoured: ["hotplug"], possible: ({ description, spareBlocks }) => description.memmapOnMemory !== "never" && spareBlocks.length > 0, run: selfHosted },
  { id: "boot-reborn", title: "boot memory is removed and added again", favoured: ["hotplug"], possible: ({ description }) => description.arch !== "arm64", run: bootMemoryReborn },
  { id: "node-reborn", title: "a node is emptied and revived", favoured: ["hotplug"], possible: ({ description, spareBlocks }) => spareBlocks.length > 0 && description.nodes.some(({ memory }) => memory.length === 0), run: nodeReborn },
  { id: "between-two", title: "a block between two of one zone comes online without a wish", favoured: ["hotplug"], possible: ({ spareBlocks }) => spareBlocks.length > 2, run: betweenTwoBlocks },
  { id: "auto-movable", title: "zones are chosen by ratio for the blocks of a group", favoured: ["hotplug"], possible: hasRoom, run: autoMovable },
  { id: "stale-online-type", title: "a refused online word decides the next online", favoured: ["hotplug", "refuse"], possible: always, run: staleOnlineType },
];

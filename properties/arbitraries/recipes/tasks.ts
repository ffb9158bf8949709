/** Recipes around long operations that others come between. */
import { pfnRange, rangesOverlap, toPfn } from "../../../models/index.ts";
import type { AllocationView, Command, PfnRange, TaskId } from "../../../models/index.ts";
import { firstFrame, isFreeable, isMovableNow } from "../allocation.ts";
import { pickWhere } from "../draw.ts";
import { contigOf, isolateOf } from "../makers/isolation.ts";
import { allocOf } from "../makers/pages.ts";
import { movableRange, pageblocksAround, partOfPageblock } from "../places.ts";
import type { Walk } from "../walk.ts";
import { always } from "./recipe.ts";
import type { Recipe, Script } from "./recipe.ts";
import { allocate, finish, hotplugIdle, offlineBlock, onlineBlock, onlineWord } from "./steps.ts";

function isRunning(walk: Walk, task: TaskId): boolean {
  return walk.now.tasks.some((running) => running.task === task);
}

/** What other CPUs may do meanwhile: free and allocate, preferably in the range worked on, and take pages in hand. */
function meanwhile(walk: Walk, range: PfnRange): Command {
  const { draw, now, habits } = walk;
  const inside = (allocation: AllocationView): boolean => allocation.ranges.some((taken) => rangesOverlap(taken, range));
  const freeable = pickWhere(draw, now.allocations, (allocation) => isFreeable(allocation) && inside(allocation)) ?? pickWhere(draw, now.allocations, isFreeable);
  const movable = pickWhere(draw, now.allocations, (allocation) => isMovableNow(allocation) && inside(allocation));
  switch (draw.below(7)) {
    case 0:
    case 1:
      return freeable === undefined ? allocOf(walk, "user", 0) : { op: "free", id: freeable.id, pcp: draw.chance(1, 2) };
    case 2:
      if (movable === undefined) return allocOf(walk, "kernel", draw.below(2));
      return draw.chance(1, 2) ? { op: "hold", id: movable.id } : { op: "pin", id: movable.id, longTerm: false };
    case 3: {
      const zone = now.zoneView(range.start);
      return zone === undefined ? allocOf(walk, "user", 0) : { op: "drain", node: zone.node, zone: zone.type };
    }
    case 4: {
      // Somebody wants the same frames.
      const wanted = partOfPageblock(walk, now.pageblockStart(range.start + draw.below(range.nrPages)));
      return draw.chance(1, 2) ? contigOf(walk, wanted, false) : isolateOf(walk, wanted, "offline");
    }
    default:
      return allocOf(walk, draw.pick(habits.kinds) === "kernel" ? "kernel" : "user", 0);
  }
}

function* steps(walk: Walk, task: TaskId, range: PfnRange): Script {
  for (let taken = 0; taken < 30 && isRunning(walk, task); taken++) {
    if (walk.draw.chance(1, 2)) yield meanwhile(walk, range);
    if (isRunning(walk, task)) yield { op: "step", task };
  }
  return yield* finish(walk, task);
}

// Pages are freed, allocated and taken in hand while a block goes offline.
function* offlineInterleaved(walk: Walk): Script {
  const { draw, now, labels } = walk;
  if (!(yield* hotplugIdle(walk))) return false;
  yield* allocate(walk, "user", 0);
  const used = pickWhere(draw, now.blocks, (candidate) => now.looksOfflineable(candidate) && now.allocations.some((allocation) => isMovableNow(allocation) && now.blockOf(firstFrame(allocation) ?? toPfn(0)) === candidate.block));
  const block = used?.block ?? (yield* onlineBlock(walk));
  if (block === undefined || !(yield* hotplugIdle(walk))) return false;
  const task = labels.fresh("task");
  yield { op: "start", task, command: { op: "write-state", block, value: "offline" } };
  if (!isRunning(walk, task)) return false;
  return yield* steps(walk, task, now.blockRange(block));
}

// Memory that is coming online is not there yet.
function* onlineInterleaved(walk: Walk): Script {
  const { draw, now, labels } = walk;
  const block = yield* offlineBlock(walk);
  if (block === undefined || !(yield* hotplugIdle(walk))) return false;
  const task = labels.fresh("task");
  yield { op: "start", task, command: { op: "write-state", block, value: onlineWord(walk) } };
  if (!isRunning(walk, task)) return false;
  for (let between = 1 + draw.below(3); between > 0; between--) yield meanwhile(walk, now.blockRange(block));
  return yield* finish(walk, task);
}

// Pages are freed, allocated and taken in hand while a range is emptied for a contiguous allocation.
function* contigInterleaved(walk: Walk): Script {
  const { draw, now, labels } = walk;
  const page = pickWhere(draw, now.allocations, (allocation) => isMovableNow(allocation) && now.isMovablePageblock(now.pageblockStart(firstFrame(allocation) ?? 0))) ?? (yield* allocate(walk, "user", 0));
  const frame = page === undefined ? undefined : firstFrame(page);
  const range = frame === undefined ? undefined : (pageblocksAround(walk, frame, 1 + draw.below(2)) ?? movableRange(walk));
  if (range === undefined) return false;
  const task = labels.fresh("task");
  yield { op: "start", task, command: contigOf(walk, range, draw.chance(1, 6)) };
  if (!isRunning(walk, task)) return false;
  return yield* steps(walk, task, range);
}

// An offline and a contiguous allocation are half done at the same time, in each other's way or beside each other.
function* twoTasks(walk: Walk): Script {
  const { draw, now, world, labels } = walk;
  yield* allocate(walk, "user", 0);
  const block = yield* onlineBlock(walk);
  if (block === undefined || !(yield* hotplugIdle(walk))) return false;
  const range = now.blockRange(block);
  const elsewhere = draw.chance(3, 4);
  const beside = pickWhere(draw, now.pageblocks, ({ start, type }) => type !== "CMA" && now.isMovablePageblock(start) && (now.blockOf(start) !== block) === elsewhere)?.start;
  if (beside === undefined) return false;
  const [offline, contig] = [labels.fresh("task"), labels.fresh("task")];
  const commands: Command[] = [
    { op: "start", task: offline, command: { op: "write-state", block, value: "offline" } },
    { op: "start", task: contig, command: contigOf(walk, pfnRange(beside, world.pageblock), false) },
  ];
  for (const command of draw.chance(1, 2) ? commands : commands.toReversed()) yield command;
  const both = isRunning(walk, offline) && isRunning(walk, contig);
  for (let taken = 0; taken < 30 && (isRunning(walk, offline) || isRunning(walk, contig)); taken++) {
    if (draw.chance(1, 4)) yield meanwhile(walk, range);
    const running = [offline, contig].filter((task) => isRunning(walk, task));
    if (running.length > 0) yield { op: draw.chance(1, 16) ? "signal" : "step", task: draw.pick(running) };
  }
  yield* finish(walk, offline);
  yield* finish(walk, contig);
  return both;
}

// A signal arrives while pages are moved out.
function* interrupted(walk: Walk): Script {
  const { draw, labels } = walk;
  const range = draw.chance(1, 2) ? movableRange(walk) : undefined;
  const block = range === undefined ? yield* onlineBlock(walk) : undefined;
  if (!(yield* hotplugIdle(walk))) return false;
  const task = labels.fresh("task");
  if (range !== undefined) yield { op: "start", task, command: contigOf(walk, range, false) };
  else if (block !== undefined) yield { op: "start", task, command: { op: "write-state", block, value: "offline" } };
  else return false;
  if (!isRunning(walk, task)) return false;
  for (let before = draw.below(3); before > 0 && isRunning(walk, task); before--) yield { op: "step", task };
  if (!isRunning(walk, task)) return false;
  yield { op: "signal", task };
  return yield* finish(walk, task);
}

export const taskRecipes: readonly Recipe[] = [
  { id: "offline-interleaved", title: "others free, allocate and hold pages while a block goes offline", favoured: ["tasks", "hotplug"], possible: always, run: offlineInterleaved },
  { id: "online-interleaved", title: "others allocate while a block comes online", favoured: ["tasks", "hotplug"], possible: always, run: onlineInterleaved },
  { id: "contig-interleaved", title: "others free, allocate and hold pages while a contiguous allocation empties its range", favoured: ["tasks", "isolate"], possible: always, run: contigInterleaved },
  { id: "two-tasks", title: "an offline and a contiguous allocation are half done at the same time", favoured: ["tasks"], possible: always, run: twoTasks },
  { id: "interrupted", title: "a signal arrives in the middle of a long operation", favoured: ["tasks"], possible: always, run: interrupted },
];

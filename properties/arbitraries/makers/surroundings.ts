/** Settings, failures that are armed, and long operations taken step by step. */
import { errnos, failurePoints, vetoableEvents } from "../../../models/index.ts";
import type { Command, Op, Setting, Start, TaskCommand } from "../../../models/index.ts";
import { pickWhere } from "../draw.ts";
import type { Make, Makers, Walk } from "../walk.ts";
import { hotplugMakers } from "./hotplug.ts";
import { isolationMakers } from "./isolation.ts";

type SurroundingsOp = Extract<Op, "set" | "veto" | "fail-next" | "vmstat-refresh" | "start" | "step" | "signal">;

function drawSetting(walk: Walk): Setting {
  const { draw } = walk;
  switch (draw.below(5)) {
    case 0:
      return { option: "auto_online_blocks", value: draw.pick(["offline", "online", "online_kernel", "online_movable"]) };
    case 1:
    case 2:
      return { option: "online_policy", value: draw.pick(["contig-zones", "auto-movable", "auto-movable"]) };
    case 3:
      return { option: "auto_movable_ratio", value: draw.pick([0, 1, 50, 100, 301, 1000]) };
    default:
      return { option: "auto_movable_numa_aware", value: draw.chance(1, 2) };
  }
}

const isTaskCommand = (command: Command | undefined): command is TaskCommand => command?.op === "write-state" || command?.op === "alloc-contig";

const startWith = (make: (walk: Walk) => Command | undefined): Make => (walk) => {
  const command = make(walk);
  return isTaskCommand(command) ? { op: "start", task: walk.labels.fresh("task"), command } : undefined;
};

/** Tasks that are half done at the same time: more than a few stand in each other's way. */
const maxTasks = 3;

const startSome: Make = (walk) => {
  if (walk.now.tasks.length >= maxTasks) return undefined;
  const wish = walk.draw.chance(1, 2) ? hotplugMakers["write-state"].accepted : isolationMakers["alloc-contig"].accepted;
  return startWith(wish)(walk);
};

/** A task label that is in use, with a command that could begin. */
const startTaken: Make = (walk) => {
  const task = walk.now.tasks[0]?.task;
  const started = task === undefined ? undefined : startWith(isolationMakers["alloc-contig"].accepted)(walk);
  return task === undefined || started?.op !== "start" ? undefined : ({ ...started, task } satisfies Start);
};

export const surroundingsMakers: Makers<SurroundingsOp> = {
  set: { accepted: (walk) => ({ op: "set", setting: drawSetting(walk) }), refused: [] },
  veto: { accepted: (walk) => ({ op: "veto", event: walk.draw.pick(vetoableEvents), errno: walk.draw.pick(errnos) }), refused: [] },
  "fail-next": { accepted: (walk) => ({ op: "fail-next", what: walk.draw.pick(failurePoints), skip: walk.draw.weighted([[4, 0], [2, 1], [1, 2], [1, 5]]) }), refused: [] },
  "vmstat-refresh": { accepted: () => ({ op: "vmstat-refresh" }), refused: [] },
  start: {
    accepted: startSome,
    refused: [startTaken, ...hotplugMakers["write-state"].refused.map(startWith), ...isolationMakers["alloc-contig"].refused.map(startWith)],
  },
  step: {
    accepted: (walk) => {
      const task = pickWhere(walk.draw, walk.now.tasks, () => true);
      return task === undefined ? undefined : { op: "step", task: task.task };
    },
    refused: [(walk) => ({ op: "step", task: walk.labels.dangling(walk.draw, "task") })],
  },
  signal: {
    accepted: (walk) => {
      const task = pickWhere(walk.draw, walk.now.tasks, () => true);
      return task === undefined ? undefined : { op: "signal", task: task.task };
    },
    refused: [(walk) => ({ op: "signal", task: walk.labels.dangling(walk.draw, "task") })],
  },
};

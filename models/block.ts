/**
 * Memory blocks as sysfs shows and takes them, and the operations that go over several of them.
 *
 * Linux `state_store()`, `memory_subsys_online()`, drivers/base/memory.c; `online_store()`, drivers/base/core.c;
 * `offline_and_remove_memory()`, mm/memory_hotplug.c, v6.12.
 */
import type { Choices } from "./choices.ts";
import type { OnlineWord, StateWord, TaskId } from "./command.ts";
import { blocksIn, removeMemory } from "./hotplug.ts";
import type { Block, Machine } from "./machine.ts";
import { permits, zoneAt } from "./machine.ts";
import { cancel, startOffline, stepOffline } from "./offline.ts";
import { finishOnline, startOnline } from "./online.ts";
import type { PfnRange } from "./pfn.ts";
import type { Account, Ending, OfflineTask, OnlineTask } from "./task.ts";
import { refuse, runningNow } from "./task.ts";
import type { ZoneIndex } from "./view.ts";
import { zoneForPfnRange } from "./zone-choice.ts";

/** The task that a write begins, or how the write ends at once. */
export type Begun = { readonly task: OfflineTask | OnlineTask; readonly ending: Ending } | { readonly task: null; readonly ending: Ending };

/** A write to the state file, up to the first point where others may run. */
export function beginWriteState(machine: Machine, block: Block | undefined, word: StateWord, task: TaskId, account: Account): Begun {
  if (block === undefined) return { task: null, ending: refuse("ENOENT", { kind: "no-such-block" }) };
  const already = word === "offline" ? block.state === "offline" : block.state === "online";
  if (already) {
    if (word !== "offline" && block.onlineType !== word && permits(machine, "S-05")) block.onlineType = word;
    return { task: null, ending: refuse("EINVAL", { kind: "state-already", block: block.id }) };
  }
  return word === "offline" ? beginOffline(machine, block, task) : beginOnline(machine, block, word, task, account);
}

/** Linux `device_online()`: the word stands in online_type during the attempt, and is gone after it. */
export function beginOnline(machine: Machine, block: Block, word: OnlineWord, task: TaskId, account: Account): Begun {
  return beginOnlineIn(machine, block, word, zoneForPfnRange(machine, word, block), task, account);
}

function beginOnlineIn(machine: Machine, block: Block, word: OnlineWord, zone: ZoneIndex, task: TaskId, account: Account): Begun {
  const online: OnlineTask = { kind: "online", task, block: block.id, zone, phase: "onlining" };
  const ending = startOnline(machine, online, account);
  block.onlineType = ending.result === "running" ? word : "offline";
  return { task: online, ending };
}

export function beginOffline(machine: Machine, block: Block, task: TaskId): Begun {
  const offline: OfflineTask = { kind: "offline", task, block: block.id, phase: "isolated" };
  return { task: offline, ending: startOffline(machine, offline) };
}

/** Takes the rest of the steps with nobody else in between. An operation that would repeat for ever is interrupted: livelock. */
export function runToEnd(machine: Machine, begun: Begun, choices: Choices, account: Account): Ending {
  const { task } = begun;
  if (task === null || begun.ending.result !== "running") return begun.ending;
  if (task.kind === "online") return finishOnline(machine, task, account);
  let ending: Ending = begun.ending;
  while (ending.result === "running") {
    const before = `${task.phase} ${account.moved.length}`;
    ending = stepOffline(machine, task, choices, account);
    const stuck = ending.result === "running" && before === `${task.phase} ${account.moved.length}`;
    if (stuck) return cancel(machine, task, account, { result: "livelock", errno: "EINTR", because: { kind: "stuck", block: task.block } });
  }
  return ending;
}

/** A write to the online file. */
export function writeOnline(machine: Machine, block: Block | undefined, value: boolean, choices: Choices, account: Account): Ending {
  if (block === undefined) return refuse("ENOENT", { kind: "no-such-block" });
  if (value === (block.state === "online")) return { result: "ok" };
  if (!value) return runToEnd(machine, beginOffline(machine, block, runningNow), choices, account);
  const word = block.onlineType === "offline" ? "online" : block.onlineType;
  return runToEnd(machine, beginOnline(machine, block, word, runningNow, account), choices, account);
}

/** Added blocks go online by themselves where `auto_online_blocks` says so, until one fails. */
export function autoOnlineBlocks(machine: Machine, range: PfnRange, choices: Choices, account: Account): void {
  const word = machine.autoOnline;
  if (word === "offline") return;
  for (const block of blocksIn(machine, range) ?? []) {
    const ending = runToEnd(machine, beginOnline(machine, block, word, runningNow, account), choices, account);
    if (ending.result !== "ok") return;
  }
}

/** Linux `offline_and_remove_memory()`: what this call took offline comes back if it fails. */
export function offlineAndRemove(machine: Machine, range: PfnRange, blocks: readonly Block[], choices: Choices, account: Account): Ending {
  const taken: { readonly block: Block; readonly zone: ZoneIndex }[] = [];
  for (const block of blocks) {
    const { zone } = block;
    if (block.state === "offline") continue;
    const ending = runToEnd(machine, beginOffline(machine, block, runningNow), choices, account);
    if (ending.result !== "ok") return rollBack(machine, taken, ending, choices, account);
    if (zone !== null) taken.push({ block, zone });
  }
  const ending = removeMemory(machine, range, blocks);
  return ending.result === "ok" ? ending : rollBack(machine, taken, ending, choices, account);
}

function rollBack(machine: Machine, taken: readonly { readonly block: Block; readonly zone: ZoneIndex }[], ending: Ending, choices: Choices, account: Account): Ending {
  for (const { block, zone } of taken) {
    const word = zoneAt(machine, zone).type === "Movable" ? "online_movable" : "online_kernel";
    const drifts = zoneForPfnRange(machine, word, block);
    const target = drifts !== zone && permits(machine, "EX-10") ? drifts : zone;
    runToEnd(machine, beginOnlineIn(machine, block, word, target, runningNow, account), choices, account);
  }
  return ending;
}

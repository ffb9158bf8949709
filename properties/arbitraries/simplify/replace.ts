/** Commands replaced by fewer or plainer ones that do much the same. */
import { blockPages, failurePoints, toBlockId, toPfn } from "../../../models/index.ts";
import type { Command, WriteOnline, WriteState } from "../../../models/index.ts";
import { labelsOf, numbersOf } from "../command-fields.ts";
import type { LabelKind } from "../command-fields.ts";
import type { Scenario } from "../scenario.ts";
import { bootBlocks } from "./move.ts";
import type { Proposals } from "./proposals.ts";

/** The command itself in place of `start`, or in place of the last step; the steps go. */
export function* withoutSteps({ commands }: Scenario): Proposals {
  for (const [begin, start] of commands.entries()) {
    if (start.op !== "start") continue;
    const isStep = (command: Command): boolean => (command.op === "step" || command.op === "signal") && command.task === start.task;
    const last = commands.findLastIndex((command, index) => index > begin && isStep(command));
    for (const place of [begin, last]) {
      if (place >= 0) yield commands.flatMap((command, index) => (index === place ? [start.command] : index === begin || isStep(command) ? [] : [command]));
    }
  }
}

/** A policy chooses zones; without it each `online` can say which. */
export function* withoutSettings({ commands }: Scenario): Proposals {
  for (const [index, { op }] of commands.entries()) {
    if (op !== "set") continue;
    for (const value of ["online_kernel", "online_movable"] as const) yield commands.toSpliced(index, 1).map((command) => (asksOnline(command) ? { op: "write-state", block: command.block, value } : command));
  }
}

function asksOnline(command: Command): command is WriteState | WriteOnline {
  return (command.op === "write-state" && command.value === "online") || (command.op === "write-online" && command.value);
}

/** Memory that is used up fails an add as an armed failure does, and keeps pages where they are as a reference does. */
export function* withoutShortage({ commands, machine }: Scenario): Proposals {
  const id = fresh(commands, "alloc");
  const held: readonly Command[] = [{ op: "alloc", id, kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" }, { op: "hold", id }];
  for (const [index, command] of commands.entries()) {
    const before = commands.slice(0, index);
    const others = before.filter((other) => other.op !== "alloc" || isUsed(commands, other.id));
    const left = before.length - others.length;
    if ((command.op === "add" || command.op === "device-map") && left > 1) {
      for (const what of failurePoints) {
        for (const skip of [0, 1, 2]) yield [...others, { op: "fail-next", what, skip }, ...commands.slice(index)];
      }
    }
    if (!needsTargets(command) || left < 3) continue;
    yield [...others, ...held, ...commands.slice(index)];
    // The page goes where memory is at boot, and so may the operation.
    if (command.op === "write-state") for (const block of bootBlocks(machine)) yield [...held, { ...command, block }];
  }
}

/** Pages may have to move for it. */
function needsTargets(command: Command): boolean {
  if (command.op === "start") return needsTargets(command.command);
  return (command.op === "write-state" && command.value === "offline") || command.op === "offline-and-remove" || command.op === "alloc-contig";
}

function isUsed(commands: readonly Command[], id: number): boolean {
  return commands.some((command) => labelsOf(command).some((use) => use.label === "alloc" && use.id === id && !use.makes));
}

/** The lowest label of this kind that no command names. */
function fresh(commands: readonly Command[], label: LabelKind): number {
  const named = new Set(commands.flatMap((command) => labelsOf(command).map((use) => (use.label === label ? use.id : 0))));
  let id = 1;
  while (named.has(id)) id++;
  return id;
}

/** One command replaced by a plainer one that does much the same; for references, those of one page together. */
export function* withSimplerOp(scenario: Scenario): Proposals {
  const { commands, machine } = scenario;
  const block = blockPages(machine.geometry);
  for (const [index, command] of commands.entries()) {
    for (const simpler of plainer(scenario, command, block)) yield commands.with(index, simpler);
  }
  const held = new Set(commands.flatMap((command) => (command.op === "pin" || command.op === "lru-isolate" ? [command.id] : [])));
  for (const id of held) yield commands.map((command) => asHold(command, id));
  const special = new Set(commands.flatMap((command) => (command.op === "cma-alloc" || command.op === "alloc-contig-pages" ? [command.id] : [])));
  for (const id of special) yield commands.map((command) => asPage(command, id));
}

function asPage(command: Command, id: number): Command {
  if ((command.op === "cma-alloc" || command.op === "alloc-contig-pages") && command.id === id) return { op: "alloc", id, kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" };
  return command.op === "cma-release" && command.id === id ? { op: "free", id, pcp: command.pcp } : command;
}

function asHold(command: Command, id: number): Command {
  if ((command.op === "pin" || command.op === "lru-isolate") && command.id === id) return { op: "hold", id };
  if ((command.op === "unpin" || command.op === "lru-putback") && command.id === id) return { op: "release", id };
  return command;
}

function plainer({ commands }: Scenario, command: Command, block: number): readonly Command[] {
  switch (command.op) {
    case "soft-offline":
      return [{ op: "poison", pfn: command.pfn }];
    case "pin-range":
      return [command.first, command.last].flatMap((id) => (id === null ? [] : [{ op: "pin", id, longTerm: command.longTerm }]));
    case "write-online":
      return [{ op: "write-state", block: command.block, value: command.value ? "online" : "offline" }];
    case "offline-and-remove": {
      const { start, nrPages } = command;
      return [{ op: "remove", start, nrPages }, { op: "write-state", block: toBlockId(Math.floor(start / block)), value: "offline" }];
    }
    case "alloc-contig-pages": {
      // The search, at a place that the scenario speaks of.
      const { id, nrPages } = command;
      const frames = [...new Set(commands.flatMap((other) => numbersOf(other, "pfn")))].toSorted((a, b) => a - b).slice(0, 4);
      return frames.map((pfn) => ({ op: "alloc-contig", id, start: toPfn(pfn), nrPages, compound: false, gfp: "kernel" }));
    }
    case "fake-offline":
      return [{ op: "alloc-contig", id: fresh(commands, "alloc"), start: command.start, nrPages: command.nrPages, compound: false, gfp: "kernel" }];
    case "start": {
      // A task that stands still does what an isolation does.
      const { command: operation } = command;
      const range = operation.op === "alloc-contig" ? operation : { start: toPfn(operation.block * block), nrPages: block };
      return [{ op: "isolate", id: fresh(commands, "token"), start: range.start, nrPages: range.nrPages, mode: operation.op === "alloc-contig" ? "contig" : "offline" }, operation];
    }
    default:
      return [];
  }
}

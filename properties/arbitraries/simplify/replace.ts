/** Commands replaced by fewer or plainer ones that do much the same. */
import { alignUp, blockPages, failurePoints, pageblockPages, toBlockId, toPfn } from "../../../models/index.ts";
import type { Command, PfnRange, WriteOnline, WriteState } from "../../../models/index.ts";
import { labelsOf, mapFields, numbersOf } from "../command-fields.ts";
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

/** A block goes offline and is removed in one command. */
export function* inOneCommand({ commands, machine }: Scenario): Proposals {
  const block = blockPages(machine.geometry);
  for (const [index, command] of commands.entries()) {
    if (command.op !== "write-state" || command.value !== "offline") continue;
    const later = commands.findIndex((other, at) => at > index && other.op === "remove" && other.start === command.block * block && other.nrPages === block);
    const removal = commands[later];
    if (removal?.op !== "remove") continue;
    for (const place of [index, later]) yield commands.flatMap((other, at) => (at === place ? [{ ...removal, op: "offline-and-remove" as const }] : at === index || at === later ? [] : [other]));
  }
}

/** Memory that is used up fails an add as an armed failure does, and keeps pages where they are as a reference does. */
export function* withoutShortage({ commands, machine }: Scenario): Proposals {
  const id = fresh(commands, "alloc");
  const held: readonly Command[] = [{ op: "alloc", id, kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" }, { op: "hold", id }];
  for (const [index, command] of commands.entries()) {
    const before = commands.slice(0, index);
    const others = before.filter((other) => other.op !== "alloc" || isUsed(commands, other.id));
    const left = before.length - others.length;
    if ((command.op === "add" || command.op === "device-map") && index > 1) {
      // Memory may be used up by more than allocations: nothing at all is kept, then.
      for (const kept of left > 1 ? [[], others] : [[]]) {
        for (const what of failurePoints) for (const skip of [0, 1, 2]) yield [...kept, { op: "fail-next", what, skip }, ...commands.slice(index)];
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
  yield* rangesAsPages(scenario);
}

/** A device that comes and goes becomes memory that does. */
export function* devicesAsMemory({ commands, machine }: Scenario): Proposals {
  const block = blockPages(machine.geometry);
  const taken = bootBlocks(machine);
  const last = Math.min(16, Math.floor(machine.hotplugEnd / block));
  const places: number[] = [];
  // Not in the very first, which no machine has memory in.
  for (let nr = 1; nr < last; nr++) if (!taken.includes(toBlockId(nr))) places.push(nr);
  for (const [index, map] of commands.entries()) {
    if (map.op !== "device-map") continue;
    for (const place of places) {
      const range = { start: toPfn(place * block), nrPages: block };
      yield commands.map((command, at) => {
        if (at === index) return { op: "add", node: map.node, ...range, memmapOnMemory: false, group: null };
        return command.op === "device-unmap" && command.id === map.id ? { op: "remove", ...range } : command;
      });
    }
  }
}

/** Pageblocks of a range of boot memory where a page may be. */
const maxPlaces = 16;

/** A range that is allocated and given back becomes a page, and what is done there later is done where the page may be. */
function* rangesAsPages({ commands, machine }: Scenario): Proposals {
  const pageblock = pageblockPages(machine.geometry);
  const places = machine.nodes.flatMap(({ memory }) => memory.flatMap(({ start, nrPages }) => Array.from({ length: Math.min(maxPlaces, Math.ceil(nrPages / pageblock)) }, (_, at) => alignUp(start, pageblock) + at * pageblock)));
  for (const [index, taken] of commands.entries()) {
    const range = takenRange(machine, taken);
    if (range === undefined) continue;
    const given = commands.findIndex((command, later) => later > index && ((command.op === "free-contig" && command.start === range.start && command.nrPages === range.nrPages) || (command.op === "cma-release" && "id" in taken && command.id === taken.id)));
    const returned = commands[given];
    if (returned === undefined || !("pcp" in returned) || !("id" in taken)) continue;
    const page: Command = { op: "alloc", id: taken.id, kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" };
    const free: Command = { op: "free", id: taken.id, pcp: returned.pcp };
    for (const place of places) {
      const contig: Command = { op: "alloc-contig", id: fresh(commands, "alloc"), start: toPfn(place), nrPages: 1, compound: false, gfp: "kernel" };
      const moved = commands.map((command, at) => {
        if (at === index) return page;
        if (at === given) return free;
        const later = takenRange(machine, command);
        if (at > given && later !== undefined && "id" in command && later.start === range.start) return { ...contig, id: command.id };
        return at > given ? (mapFields(command, (kind, value) => (kind.is === "pfn" && value === range.start ? place : value)) ?? command) : command;
      });
      yield moved;
      if (given < commands.length - 1) yield [...moved.slice(0, -1), contig];
    }
  }
}

function takenRange({ cma }: Scenario["machine"], command: Command): PfnRange | undefined {
  if (command.op === "alloc-contig") return { start: command.start, nrPages: command.nrPages };
  const area = command.op === "cma-alloc" ? cma[command.area] : undefined;
  return command.op === "cma-alloc" && area !== undefined ? { start: area.base, nrPages: command.nrPages } : undefined;
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
    case "alloc":
      // Kind and order together: not every kind comes as a single page.
      return [{ ...command, kind: "user", order: 0 }];
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

/** The same commands in other places. */
import { blockPages, pageblockPages, rangeEnd, toBlockId } from "../../../models/index.ts";
import type { BlockId, Command, MachineDescription } from "../../../models/index.ts";
import { mapCommands, numbersOf } from "../command-fields.ts";
import { at } from "../draw.ts";
import type { Scenario } from "../scenario.ts";
import type { Proposals } from "./proposals.ts";

/** Without the add, perhaps without the first online, and with everything else that happens in the block in another one. */
export function* onBootBlocks({ commands, machine }: Scenario): Proposals {
  const block = blockPages(machine.geometry);
  const atBoot = bootBlocks(machine);
  for (const [index, add] of commands.entries()) {
    if (add.op !== "add") continue;
    const from = add.start / block;
    const online = commands.findIndex((command, later) => later > index && (command.op === "write-state" || command.op === "write-online") && command.block === from);
    for (const to of atBoot) {
      for (const left of [[index, online], [index]]) {
        const moved = moveFrames(commands.filter((_, other) => !left.includes(other)), block, from, to, block);
        if (moved === undefined) continue;
        yield moved;
        // A block that is there at boot is online: what brought the other one online can take this one offline.
        yield moved.map((command) => turnedOffline(command, to));
      }
    }
  }
}

function turnedOffline(command: Command, block: BlockId): Command {
  if (command.op === "start") return command.command.op === "write-state" && command.command.block === block ? { ...command, command: { ...command.command, value: "offline" } } : command;
  return command.op === "write-state" && command.block === block ? { ...command, value: "offline" } : command;
}

/** Blocks in which boot memory begins or ends, the last first: it is the most like one that was added. */
export function bootBlocks({ geometry, nodes }: MachineDescription): readonly BlockId[] {
  const block = blockPages(geometry);
  const found = new Set(nodes.flatMap(({ memory }) => memory.flatMap((range) => [Math.floor(range.start / block), Math.floor((rangeEnd(range) - 1) / block)])));
  return [...found].toSorted((a, b) => b - a).map(toBlockId);
}

/** Moves everything that happens in one block, or one pageblock, to a lower one; and everything on a node to a lower one. */
export function* lowered(scenario: Scenario): Proposals {
  const { commands, machine } = scenario;
  const block = blockPages(machine.geometry);
  const frames = commands.flatMap((command) => numbersOf(command, "pfn"));
  const starts = machine.nodes.flatMap(({ memory }) => memory.map(({ start }) => start));
  const blocks = commands.flatMap((command) => numbersOf(command, "block"));
  for (const unit of [block, pageblockPages(machine.geometry)]) {
    const used = [...new Set([...frames.map((pfn) => Math.floor(pfn / unit)), ...(unit === block ? blocks : [])])].toSorted((a, b) => a - b);
    const lowest = at([...used, 0], 0);
    for (const from of used) {
      // The first units of boot memory are where a scenario is plainest.
      const targets = new Set([lowest, ...used, from - 1, from - 2, ...starts.flatMap((start) => [Math.ceil(start / unit), Math.ceil(start / unit) + 1])]);
      // Not to the very first: no machine has memory from frame 0 on.
      for (const to of [...targets].filter((nr) => nr > 0 && nr < from).toSorted((a, b) => a - b)) {
        const moved = moveFrames(commands, unit, from, to, block);
        if (moved !== undefined) yield moved;
      }
    }
    const shifted = mapCommands(commands, (kind, value) => (kind.is === "pfn" ? Number(value) - unit : kind.is === "block" && unit === block ? Number(value) - 1 : value));
    if (shifted !== undefined && lowest > 1) yield shifted;
  }
  for (let node = machine.nodes.length - 1; node > 0; node--) {
    for (let to = 0; to < node; to++) {
      const moved = mapCommands(commands, (_, value, name) => (name === "node" && value === node ? to : value));
      if (moved !== undefined) yield moved;
    }
  }
}

/** The commands with all that happens in unit number `from` moved to unit number `to`. */
function moveFrames(commands: readonly Command[], unit: number, from: number, to: number, block: number): readonly Command[] | undefined {
  return mapCommands(commands, (kind, value) => {
    if (kind.is === "pfn" && Math.floor(Number(value) / unit) === from) return Number(value) + (to - from) * unit;
    return kind.is === "block" && unit === block && value === from ? to : value;
  });
}

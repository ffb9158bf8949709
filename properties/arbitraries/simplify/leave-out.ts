/** Commands left out. */
import { blockPages } from "../../../models/index.ts";
import type { Command } from "../../../models/index.ts";
import { labelsOf } from "../command-fields.ts";
import { at } from "../draw.ts";
import type { Scenario } from "../scenario.ts";
import type { Proposals } from "./proposals.ts";

/** The first half, the first three quarters, ... and at last all but the last command. */
export function* withoutTail({ commands }: Scenario): Proposals {
  let cut = Math.ceil(commands.length / 2);
  while (cut > 0) {
    yield commands.slice(0, commands.length - cut);
    cut = cut === 1 ? 0 : Math.ceil(cut / 2);
  }
}

export function* withoutChunks({ commands }: Scenario): Proposals {
  for (let size = Math.floor(commands.length / 2); size > 1; size = Math.floor(size / 2)) {
    for (let end = commands.length; end > 0; end -= size) yield [...commands.slice(0, Math.max(0, end - size)), ...commands.slice(end)];
  }
}

/** Allocations, tokens, tasks, groups, devices, and blocks, the last that appears first. */
export function* withoutThings(scenario: Scenario): Proposals {
  const { commands } = scenario;
  const things = new Set<string>();
  const named = commands.map((command) => thingsOf(scenario, command));
  for (const names of named) for (const name of names) things.add(name);
  for (const thing of [...things].toReversed()) yield commands.filter((_, index) => !at(named, index).includes(thing));
}

function thingsOf(scenario: Scenario, command: Command): readonly string[] {
  const block = blockPages(scenario.machine.geometry);
  const names = labelsOf(command).map(({ label, id }) => `${label} ${id}`);
  const { op } = command;
  if (op === "write-state" || op === "write-online") names.push(`block ${command.block}`);
  if (op === "add" || op === "remove" || op === "offline-and-remove") names.push(`block ${Math.floor(command.start / block)}`);
  return names;
}

export function* withoutOne({ commands }: Scenario): Proposals {
  for (let left = commands.length - 1; left >= 0; left--) yield commands.filter((_, index) => index !== left);
}

/** Only in short scenarios: there are as many pairs as the square of the length. */
const maxForPairs = 24;

export function* withoutTwo({ commands }: Scenario): Proposals {
  if (commands.length > maxForPairs) return;
  for (let second = commands.length - 1; second > 0; second--) {
    for (let first = second - 1; first >= 0; first--) yield commands.filter((_, index) => index !== first && index !== second);
  }
}

/**
 * Commands of the alphabet in place of those of a scenario.
 *
 * The other passes go down from where a search happened to land, and stop at the first scenario that none of them can
 * make simpler; which one that is depends on the way there. Trying everything near a short scenario, simplest first,
 * leaves far fewer places to stop.
 */
import type { Alloc, Command, MachineDescription, Op } from "../../../models/index.ts";
import { orderFits, pageKinds, pageblockPages } from "../../../models/index.ts";
import { alphabet, fieldValues } from "../alphabet.ts";
import { commandFields, fieldsOf, isCommand, labelKinds, labelsOf, mapFields, withField } from "../command-fields.ts";
import type { LabelKind } from "../command-fields.ts";
import { hasOwnLabels, withOwnLabels } from "../labels.ts";
import type { Scenario } from "../scenario.ts";
import { compareCommands } from "../simplicity.ts";
import type { Proposals } from "./proposals.ts";

/** Longer scenarios have too many neighbours. */
const maxForOne = 8;
const maxForTwo = 3;
/** Single fields have few values. */
const maxForTwoAlike = 8;

/** Whether a command changes nothing where it stands, so that the scenario with it is the one without it. */
export type Inert = (machine: MachineDescription, before: readonly Command[], command: Command) => boolean;

/** One command of the alphabet and no other. */
export function* single({ machine }: Scenario): Proposals {
  for (const command of plainest(machine)) yield [command];
}

/** One command replaced. */
export function replaced(inert: Inert): (scenario: Scenario) => Proposals {
  return function* propose({ machine, commands }) {
    if (commands.length > maxForOne) return;
    for (const index of commands.keys()) yield* replacedAt(machine, commands, index, inert);
  };
}

/** The last command replaced: mostly it breaks a rule, and another may break another one. */
export function lastReplaced(inert: Inert): (scenario: Scenario) => Proposals {
  return function* propose({ machine, commands }) {
    if (commands.length > 1 && commands.length <= maxForTwo) yield* replacedAt(machine, commands, commands.length - 1, inert);
  };
}

/** One command left out and another replaced; of a longer scenario the last. */
export function leftOutAndReplaced(inert: Inert): (scenario: Scenario) => Proposals {
  return function* propose({ machine, commands }) {
    if (commands.length > maxForTwoAlike) return;
    for (const left of commands.keys()) {
      const kept = commands.toSpliced(left, 1);
      // Of longer ones the last: it is there to break a rule.
      for (const index of kept.keys()) if (kept.length < maxForTwo || index === kept.length - 1) yield* replacedAt(machine, kept, index, inert);
    }
  };
}

/** In scenarios that are too long for that: one command left out, and one field of another with another value. */
export function* leftOutAndVaried({ machine, commands }: Scenario): Proposals {
  if (commands.length <= maxForTwo || commands.length > maxForTwoAlike) return;
  for (const left of commands.keys()) {
    const kept = commands.toSpliced(left, 1);
    for (const [index, command] of kept.entries()) for (const varied of variationsOf(machine, command)) yield withOwnLabels(kept.with(index, varied));
  }
}

/** Commands that give back what another one took or made. */
const givesBack: ReadonlySet<Op> = new Set<Op>(["free", "remove", "unisolate", "device-unmap", "unpoison", "free-contig", "cma-release", "fake-online", "deflate"]);

/** Something that is made and given back becomes a block of pages that is. */
export function* blocksGivenBack({ machine, commands }: Scenario): Proposals {
  if (commands.length < 2 || commands.length > maxForTwoAlike) return;
  const page: Alloc = { op: "alloc", id: 1 + Math.max(0, ...labelsMade(commands).alloc), kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" };
  const blocks = [...otherBlocks(machine, page)];
  for (const [back, { op }] of commands.entries()) {
    if (!givesBack.has(op)) continue;
    for (let made = 0; made < back; made++) {
      const old = commands[made];
      if (old === undefined || givesBack.has(old.op)) continue;
      const id = old.op === "alloc" ? old.id : page.id;
      for (const block of blocks) yield withOwnLabels(commands.with(made, { ...block, id }).with(back, { op: "free", id, pcp: false }));
    }
  }
}

/** The command with one field other, labels and the commands of tasks aside. */
function* variationsOf(machine: MachineDescription, command: Command): Generator<Command, void, undefined> {
  if (command.op === "alloc") yield* otherBlocks(machine, command);
  const values = fieldsOf(command);
  for (const field of commandFields(command.op)) {
    if (field.kind.is === "maker" || field.kind.is === "user" || field.kind.is === "task-command") continue;
    for (const value of fieldValues(machine, "wide", field)) {
      const varied: unknown = withField(values, field, value);
      if (value !== values[field.name] && isCommand(varied)) yield varied;
    }
  }
}

function* replacedAt(machine: MachineDescription, commands: readonly Command[], index: number, inert: Inert): Proposals {
  const old = commands[index];
  if (old === undefined) return;
  const before = labelsMade(commands.slice(0, index));
  const all = labelsMade(commands);
  const own = labelsOf(old).find(({ makes }) => makes);
  for (const command of plainest(machine)) {
    // What it makes is called as what stood there made: later commands go on meaning it.
    const made = mapFields(command, (kind, value) => (kind.is !== "maker" ? value : own?.label === kind.label ? own.id : 1 + Math.max(0, ...all[kind.label])));
    if (made === undefined) continue;
    const used = labelsOf(made).find(({ makes }) => !makes);
    for (const id of used === undefined ? [0] : before[used.label]) {
      const meant = used === undefined ? made : mapFields(made, (kind, value) => (kind.is === "user" && value !== null ? id : value));
      // What changes nothing is left out by another pass; the last command is there to break a rule.
      if (meant === undefined || (index < commands.length - 1 && inert(machine, commands.slice(0, index), meant))) continue;
      yield withOwnLabels(commands.with(index, meant));
    }
  }
}

/** A block of another kind, order and node: one alone mostly does not do. */
function* otherBlocks({ geometry, nodes }: MachineDescription, command: Alloc): Generator<Alloc, void, undefined> {
  for (const kind of pageKinds) {
    for (let order = 0; order <= geometry.maxPageOrder; order++) if (orderFits(geometry, kind, order)) for (const node of nodes.keys()) yield { ...command, kind, order, node };
  }
}

/** The labels of things that these commands make. */
function labelsMade(commands: readonly Command[]): Readonly<Record<LabelKind, readonly number[]>> {
  const made = Object.fromEntries(labelKinds.map((kind) => [kind, [] as number[]])) as Record<LabelKind, number[]>;
  for (const { label, id, makes } of commands.flatMap(labelsOf)) if (makes && !made[label].includes(id)) made[label].push(id);
  return made;
}

const known = new WeakMap<MachineDescription, readonly Command[]>();

/** The narrow alphabet with no label but 1, simplest first. */
function plainest(machine: MachineDescription): readonly Command[] {
  const before = known.get(machine);
  if (before !== undefined) return before;
  const pageblock = pageblockPages(machine.geometry);
  const made = alphabet(machine, "narrow").filter((command) => hasOwnLabels([command])).toSorted((a, b) => compareCommands(a, b, pageblock));
  known.set(machine, made);
  return made;
}

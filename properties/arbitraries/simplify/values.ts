/** Fields with simpler values, labels in order, commands in order. */
import { alignDown, alignUp, blockPages, maxOrderPages, pageblockPages, toPfn } from "../../../models/index.ts";
import type { Command, DeviceMap, Setting } from "../../../models/index.ts";
import { commandFields, fieldsOf, isCommand, isRecord, labelsOf, mapCommands, numbersOf, withField } from "../command-fields.ts";
import type { FieldKind, LabelKind } from "../command-fields.ts";
import { at } from "../draw.ts";
import { withOwnLabels } from "../labels.ts";
import type { Scenario } from "../scenario.ts";
import { compareCommands, simplerSettings } from "../simplicity.ts";
import type { Proposals } from "./proposals.ts";

/** Pages of a device of which every smaller one is tried. */
const maxForDevices = 128;

export function* withSimplerValue(scenario: Scenario): Proposals {
  const { commands } = scenario;
  const pageblock = pageblockPages(scenario.machine.geometry);
  for (const [index, command] of commands.entries()) {
    for (const simpler of simplerCommands(scenario, command)) {
      if (compareCommands(simpler, command, pageblock) < 0) yield commands.with(index, simpler);
    }
  }
}

/** Fewer pages of a device with the same end, and fewer of those that it keeps to itself and sets aside. */
function* smallerDevices(command: DeviceMap): Generator<Command, void, undefined> {
  const { start, nrPages, reserve = 0, free = 0 } = command;
  if (nrPages > maxForDevices) return;
  for (let left = 1; left < nrPages; left++) {
    const fewer = nrPages - left;
    for (let aside = Math.max(0, free - fewer); aside <= free; aside++) {
      const kept = reserve - fewer + (free - aside);
      if (kept >= 0) yield { ...command, start: toPfn(start + fewer), nrPages: left, reserve: kept, free: aside };
    }
  }
}

/** The command with one field simpler, for each field and each of a few values; a shorter range also with the same end. */
function* simplerCommands(scenario: Scenario, command: Command): Generator<Command, void, undefined> {
  if (command.op === "device-map" && scenario.commands.length <= 3) yield* smallerDevices(command);
  const values = fieldsOf(command);
  for (const field of commandFields(command.op)) {
    const { name, kind } = field;
    for (const value of simplerValues(scenario, kind, values[name])) {
      const simpler: unknown = withField(values, field, value);
      if (isCommand(simpler)) yield simpler;
      if (name !== "nrPages" || typeof values.start !== "number") continue;
      const sameEnd: unknown = { ...values, [name]: value, start: values.start + Number(values.nrPages) - Number(value) };
      if (isCommand(sameEnd)) yield sameEnd;
    }
  }
}

function simplerValues(scenario: Scenario, kind: FieldKind, value: unknown): Iterable<unknown> {
  switch (kind.is) {
    case "maker":
      return [];
    case "user":
      return kind.orNull && value !== null ? [null] : madeBefore(scenario, kind.label, Number(value));
    case "pfn":
      return lowerFrames(scenario, Number(value));
    case "pages":
      return fewerPages(scenario, Number(value));
    case "block":
      return Array.from({ length: Math.min(Number(value), 8) }, (_, nth) => Math.max(0, Number(value) - 8) + nth);
    case "optional":
      return value === undefined ? [] : fewerThan(Number(value));
    case "number":
      return fewerThan(Number(value));
    case "choice":
      return kind.values.slice(0, kind.values.findIndex((word) => word === value));
    case "setting":
      return isSetting(value) ? simplerSettings(value) : [];
    case "task-command":
      return isCommand(value) ? simplerCommands(scenario, value) : [];
  }
}

function fewerThan(number: number): readonly number[] {
  return [...new Set([0, 1, Math.floor(number / 2), number - 1])].filter((fewer) => fewer >= 0 && fewer < number);
}

function isSetting(value: unknown): value is Setting {
  return isRecord(value) && isCommand({ op: "set", setting: value });
}

/** Lower labels that the scenario makes things with; at most a few. */
function madeBefore(scenario: Scenario, label: LabelKind, id: number): readonly number[] {
  const made = scenario.commands.flatMap((command) => labelsOf(command).filter((use) => use.makes && use.label === label && use.id < id));
  return [...new Set(made.map((use) => use.id))].toSorted((a, b) => a - b).slice(0, 4);
}

/** Frames worth trying in place of one: borders of units around and before it, and where memory begins. */
function lowerFrames({ machine }: Scenario, pfn: number): readonly number[] {
  const { geometry, nodes } = machine;
  const units = [blockPages(geometry), geometry.sectionPages, maxOrderPages(geometry), geometry.subsectionPages, pageblockPages(geometry)];
  const starts = nodes.flatMap(({ memory }) => memory.flatMap(({ start }) => [start, alignUp(start, pageblockPages(geometry))]));
  // No machine has memory at frame 0: it stands for any frame that is not there.
  const found = new Set<number>([0, ...starts.filter((start) => start < pfn)]);
  for (const unit of units) for (const border of [alignDown(pfn, unit), alignDown(pfn, unit) - unit, alignUp(pfn, unit)]) found.add(border);
  found.add(pfn - 1);
  const pageblock = pageblockPages(geometry);
  const rank = (frame: number): number => (frame % pageblock === 0 ? 0 : 1);
  return [...found].filter((frame) => frame >= 0 && frame !== pfn && (rank(frame) < rank(pfn) || (rank(frame) === rank(pfn) && frame < pfn))).toSorted((a, b) => rank(a) - rank(b) || a - b);
}

function fewerPages({ machine }: Scenario, nrPages: number): readonly number[] {
  const { geometry } = machine;
  const sizes = [1, 2, pageblockPages(geometry), 2 * pageblockPages(geometry), maxOrderPages(geometry), geometry.subsectionPages, geometry.sectionPages, blockPages(geometry), 2 * blockPages(geometry)];
  // Of few pages every number is tried: which of them will do is often a matter of alignment.
  const few = Array.from({ length: Math.min(nrPages, maxOrderPages(geometry)) }, (_, size) => size);
  const fewer = new Set([...sizes, ...(nrPages <= 2 * maxOrderPages(geometry) ? few : []), Math.floor(nrPages / 2), nrPages - geometry.sectionPages, nrPages - pageblockPages(geometry), nrPages - 1]);
  return [...fewer].filter((size) => size > 0 && (size < nrPages || nrPages === 0)).toSorted((a, b) => a - b);
}

/** A frame that several commands name, in all of them. */
export function* sharedFrames(scenario: Scenario): Proposals {
  const { commands } = scenario;
  const named = commands.flatMap((command) => [...new Set(numbersOf(command, "pfn"))]);
  for (const pfn of new Set(named.filter((frame, index) => named.indexOf(frame) < index))) {
    for (const lower of lowerFrames(scenario, pfn)) {
      const moved = mapCommands(commands, (kind, value) => (kind.is === "pfn" && value === pfn ? lower : value));
      if (moved !== undefined) yield moved;
    }
  }
}

/** Labels of each kind from 1 on, as they appear. */
export function* renumbered({ commands }: Scenario): Proposals {
  yield withOwnLabels(commands);
}

export function* swapped({ commands }: Scenario): Proposals {
  for (let index = 0; index + 1 < commands.length; index++) yield commands.with(index, at(commands, index + 1)).with(index + 1, at(commands, index));
}

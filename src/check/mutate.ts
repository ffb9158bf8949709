/**
 * Changing a scenario a little: commands left out, doubled, exchanged, taken from another scenario, or with one argument
 * changed by the table of fields. What comes out is commands again, and may be skipped or refused like any others.
 */
import { blockPages, pageblockPages } from "../../models/index.ts";
import type { Command, MachineDescription } from "../../models/index.ts";
import { commandFields, fieldValues, highestLabels, isCommand, mapFields } from "../../properties/index.ts";
import type { Draw, Field, FieldKind, LabelKind } from "../../properties/index.ts";

type Commands = readonly Command[];

/** One change of a scenario; what has nothing to change stays as it is. `others`: scenarios to take from. */
export function mutate(draw: Draw, machine: MachineDescription, commands: Commands, others: readonly Commands[]): Commands {
  if (commands.length === 0) return commands;
  const at = draw.below(commands.length);
  switch (draw.below(5)) {
    case 0:
      return leaveOut(commands, at, 1 + draw.below(3));
    case 1:
      return double(commands, at);
    case 2:
      return exchange(commands, at, draw.below(commands.length));
    case 3:
      return splice(draw, commands, at, others);
    default:
      return withOne(commands, at, (command) => changeArgument(draw, machine, command));
  }
}

function leaveOut(commands: Commands, at: number, nr: number): Commands {
  return [...commands.slice(0, at), ...commands.slice(at + nr)];
}

/** The command once more, behind itself. What it makes gets a name of its own, so that it can be made again. */
function double(commands: Commands, at: number): Commands {
  const again = renamed(commands.slice(at, at + 1), highestLabels(commands), ["maker"]);
  return [...commands.slice(0, at + 1), ...again, ...commands.slice(at + 1)];
}

function exchange(commands: Commands, at: number, other: number): Commands {
  const [one, two] = [commands[at], commands[other]];
  if (one === undefined || two === undefined) return commands;
  return commands.map((command, index) => (index === at ? two : index === other ? one : command));
}

/** The beginning of one scenario, then the end of another, which keeps its names apart. */
function splice(draw: Draw, commands: Commands, at: number, others: readonly Commands[]): Commands {
  if (others.length === 0) return commands;
  const other = draw.pick(others);
  const head = commands.slice(0, at + 1);
  return [...head, ...renamed(other.slice(draw.below(Math.max(1, other.length))), highestLabels(head), ["maker", "user"])];
}

function withOne(commands: Commands, at: number, change: (command: Command) => Command): Commands {
  return commands.map((command, index) => (index === at ? change(command) : command));
}

/** The labels of these fields moved up behind others. Where one would be too large for a label the command stays as it was. */
function renamed(commands: Commands, behind: Readonly<Record<LabelKind, number>>, fields: readonly FieldKind["is"][]): Commands {
  return commands.map((command) => mapFields(command, (kind, value) => ((kind.is === "maker" || kind.is === "user") && fields.includes(kind.is) && typeof value === "number" ? value + behind[kind.label] : value)) ?? command);
}

/** The command with another value in one of its fields. */
function changeArgument(draw: Draw, machine: MachineDescription, command: Command): Command {
  const fields = commandFields(command.op);
  if (fields.length === 0) return command;
  const field = draw.pick(fields);
  const values: Readonly<Record<string, unknown>> = { ...command };
  const changed: unknown = { ...command, [field.name]: another(draw, machine, field, values[field.name]) };
  return isCommand(changed) ? changed : command;
}

/** Labels that a changed field names, at most, where it named one that nothing has. */
const maxOtherLabel = 100;
/** Lengths by which frame numbers and counts differ where it matters. */
const units = ({ geometry }: MachineDescription): readonly number[] => [1, pageblockPages(geometry), geometry.subsectionPages, geometry.sectionPages, blockPages(geometry)];

function another(draw: Draw, machine: MachineDescription, field: Field, value: unknown): unknown {
  const { kind } = field;
  const near = (unit: number): number => Math.max(0, Number(value) + draw.pick([-1, 1]) * unit);
  switch (kind.is) {
    case "pfn":
      return near(draw.pick(units(machine)));
    case "pages":
      return draw.chance(1, 2) ? draw.pick(units(machine)) : Math.max(1, near(draw.pick(units(machine))));
    case "block":
      return draw.below(machine.hotplugEnd / blockPages(machine.geometry));
    case "number":
      return draw.chance(1, 2) ? near(1) : draw.pick(fieldValues(machine, "wide", field));
    case "choice":
      return draw.pick(kind.values);
    case "setting":
      return draw.pick(fieldValues(machine, "wide", field));
    case "maker":
    case "user":
      return kind.is === "user" && kind.orNull && draw.chance(1, 3) ? null : 1 + draw.below(Math.min(Number(value ?? 1), maxOtherLabel) + 1);
    case "task-command":
      return isCommand(value) ? changeArgument(draw, machine, value) : value;
  }
}

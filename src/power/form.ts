/** The form of a scenario: what stays when its labels are named anew. Equal forms are equal texts. */
import type { Command } from "../../models/index.ts";
import { commandFields, isCommand, withOwnLabels } from "../../properties/index.ts";

/** The form as a line of JSON: the fields of a command in the order of the vocabulary, whoever made it. */
export function formOf(commands: readonly Command[]): string {
  return JSON.stringify(withOwnLabels(commands).map(ordered));
}

function ordered(command: Command): Readonly<Record<string, unknown>> {
  const values: Readonly<Record<string, unknown>> = { ...command };
  const fields = commandFields(command.op).map(({ name, kind }): readonly [string, unknown] => {
    const value = values[name];
    if (kind.is === "task-command" && isCommand(value)) return [name, ordered(value)];
    return [name, kind.is === "setting" ? sorted(value) : value];
  });
  return { op: command.op, ...Object.fromEntries(fields) };
}

function sorted(setting: unknown): unknown {
  return typeof setting === "object" && setting !== null ? Object.fromEntries(Object.entries(setting).toSorted(([a], [b]) => (a < b ? -1 : 1))) : setting;
}

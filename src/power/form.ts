/** The form of a scenario: what stays when its labels are named anew. Equal forms are equal texts. */
import type { Command } from "../../models/index.ts";
import { commandFields, isCommand, labelsOf, mapFields } from "../../properties/index.ts";
import type { LabelKind } from "../../properties/index.ts";

/** The commands with labels of each kind counted from 1 in the order of their first use. */
export function withOwnLabels(commands: readonly Command[]): readonly Command[] {
  const names = new Map<LabelKind, Map<number, number>>();
  const nameOf = (kind: LabelKind, id: number): number => {
    const known = names.get(kind) ?? new Map<number, number>();
    names.set(kind, known);
    const name = known.get(id) ?? known.size + 1;
    known.set(id, name);
    return name;
  };
  return commands.map((command) => mapFields(command, (kind, value) => ((kind.is === "maker" || kind.is === "user") && typeof value === "number" ? nameOf(kind.label, value) : value)) ?? command);
}

/** Whether the labels are numbered so already. */
export function hasOwnLabels(commands: readonly Command[]): boolean {
  const highest = new Map<LabelKind, number>();
  for (const { label, id } of commands.flatMap(labelsOf)) {
    const known = highest.get(label) ?? 0;
    if (id < 1 || id > known + 1) return false;
    highest.set(label, Math.max(known, id));
  }
  return true;
}

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

/** Scenarios that differ in nothing but the labels are the same: labels of each kind counted from 1, in the order of their first use. */
import type { Command } from "../../models/index.ts";
import { labelsOf, mapFields } from "./command-fields.ts";
import type { LabelKind } from "./command-fields.ts";

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

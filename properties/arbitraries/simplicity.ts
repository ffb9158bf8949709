/**
 * Which of two scenarios is simpler. A total order, so that "the simplest scenario that still fails" means one thing:
 *
 * 1. fewer commands;
 * 2. a simpler machine (`compareMachines`);
 * 3. at the first command in which they differ, the simpler command: the op that stands first in `opsBySimplicity`, then
 *    the fields in the order of `commandFields`, each by its rank:
 *    - labels count up from 1; 0 comes last, so that numbering from 1 is simplest; no group comes before any
 *    - frames at the start of a pageblock come before others, then the lower is simpler
 *    - counts, orders, nodes, areas and blocks: the lower; a range of no frames is odd and comes last; what may be left
 *      out counts as 0 where it is
 *    - words and flags: as they stand in the table.
 *
 * Every rank is a whole number from 0 on and the number of fields follows from the ops, so no scenario has endlessly many
 * simpler ones below it on one machine: whatever goes on taking simpler scenarios comes to an end.
 */
import type { Command, Op, Setting } from "../../models/index.ts";
import { pageblockPages } from "../../models/index.ts";
import { commandFields, fieldsOf, isCommand, isRecord, maxNumber, settingValues } from "./command-fields.ts";
import type { FieldKind } from "./command-fields.ts";
import type { Scenario } from "./scenario.ts";
import { compareMachines } from "./simpler-machines.ts";

/** Commands, the simplest first: what is done to one page, to a range, to a block; then the same in steps. */
export const opsBySimplicity: readonly Op[] = [
  "alloc", "free", "alloc-atomic", "unreserve", "drain", "pcp-disable", "pcp-enable", "compact", "hold", "release", "lru-isolate", "lru-putback", "lru-batch", "lru-drain", "pin", "pin-range", "unpin", "poison", "soft-offline", "unpoison", "free-reserved", "inflate", "deflate", "vmstat-refresh",
  "isolate", "unisolate", "test-isolated", "alloc-contig", "free-contig", "alloc-contig-pages", "cma-alloc", "cma-release", "fake-offline", "fake-online",
  "add", "remove", "write-state", "write-online", "offline-and-remove", "group-static", "group-dynamic", "group-unregister", "device-map", "device-unmap",
  "huge-grow", "huge-shrink", "huge-reserve", "huge-use", "kmem-probe", "kmem-remove", "vmem-request",
  "set", "veto", "fail-next", "start", "step", "signal",
];

const rankOfOp: ReadonlyMap<Op, number> = new Map(opsBySimplicity.map((op, rank) => [op, rank]));

/** Whether `a` is simpler than `b`, in the order above. */
export function simplerThan(a: Scenario, b: Scenario): boolean {
  return compareScenarios(a, b) < 0;
}

/** Negative: `a` is simpler; positive: `b` is; 0: they say the same. */
export function compareScenarios(a: Scenario, b: Scenario): number {
  if (a.commands.length !== b.commands.length) return a.commands.length - b.commands.length;
  if (a.machine !== b.machine) {
    const machines = compareMachines(a.machine, b.machine);
    if (machines !== 0) return machines;
  }
  const pageblock = pageblockPages(a.machine.geometry);
  for (const [index, command] of a.commands.entries()) {
    const other = b.commands[index];
    const difference = other === undefined || other === command ? 0 : compareCommands(command, other, pageblock);
    if (difference !== 0) return difference;
  }
  return a.profile === b.profile ? 0 : a.profile < b.profile ? -1 : 1;
}

export function compareCommands(a: Command, b: Command, pageblock: number): number {
  if (a.op !== b.op) return (rankOfOp.get(a.op) ?? 0) - (rankOfOp.get(b.op) ?? 0);
  const [mine, others] = [fieldsOf(a), fieldsOf(b)];
  for (const { name, kind } of commandFields(a.op)) {
    const difference = compareValues(kind, mine[name], others[name], pageblock);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareValues(kind: FieldKind, a: unknown, b: unknown, pageblock: number): number {
  if (a === b) return 0;
  if (kind.is === "task-command") return isCommand(a) && isCommand(b) ? compareCommands(a, b, pageblock) : 0;
  const [mine, others] = [ranks(kind, a, pageblock), ranks(kind, b, pageblock)];
  return mine[0] - others[0] || mine[1] - others[1];
}

function ranks(kind: FieldKind, value: unknown, pageblock: number): readonly [number, number] {
  switch (kind.is) {
    case "maker":
    case "user":
      return [value === null ? -1 : value === 0 ? maxNumber : Number(value), 0];
    case "pfn":
      return [Number(value) % pageblock === 0 ? 0 : 1, Number(value)];
    case "pages":
      return [value === 0 ? maxNumber : Number(value), 0];
    case "block":
    case "number":
      return [Number(value), 0];
    case "optional":
      return [Number(value ?? 0), 0];
    case "choice":
      return [kind.values.findIndex((word) => word === value), 0];
    case "setting":
      return settingRanks(value);
    case "task-command":
      return [0, 0];
  }
}

const settingOptions = Object.keys(settingValues);

function settingRanks(setting: unknown): readonly [number, number] {
  if (!isRecord(setting)) return [0, 0];
  const values = Object.entries(settingValues).find(([option]) => option === setting.option)?.[1] ?? "percent";
  return [settingOptions.findIndex((option) => option === setting.option), values === "percent" ? Number(setting.value) : values.findIndex((word) => word === setting.value)];
}

/** Settings with the same option and a simpler value, simplest first. */
export function simplerSettings(setting: Setting): readonly unknown[] {
  const values = settingValues[setting.option];
  const lower = values === "percent" ? [0, 1, 100].filter((percent) => percent < Number(setting.value)) : values.slice(0, values.findIndex((word) => word === setting.value));
  return lower.map((value) => ({ option: setting.option, value }));
}

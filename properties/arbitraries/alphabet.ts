/**
 * A finite alphabet of commands for a machine: every command, with every combination of a few values a field.
 *
 * What is enumerated and what is drawn without looking come from the same table. `wide`: every start of a section,
 * pageblock and subsection, and every word; `narrow`: few enough commands that pairs of them can be tried.
 */
import { alignDown, blockPages, bootMemory, errnos, maxOrderPages, orderFits, memmapPages, pageblockPages, rangeEnd } from "../../models/index.ts";
import type { Command, MachineDescription, Op } from "../../models/index.ts";
import { commandFields, isCommand, ops, withField } from "./command-fields.ts";
import type { Field } from "./command-fields.ts";

export type Width = "wide" | "narrow";

/** Labels of each kind. */
export const labels: readonly number[] = [1, 2];

/** Settings in place of all of them: nothing comes online by itself, or to either kind of zone; either policy. */
const settings: readonly unknown[] = [
  { option: "auto_online_blocks", value: "online" },
  { option: "auto_online_blocks", value: "online_kernel" },
  { option: "auto_online_blocks", value: "online_movable" },
  { option: "online_policy", value: "contig-zones" },
  { option: "online_policy", value: "auto-movable" },
  { option: "auto_movable_ratio", value: 0 },
  { option: "auto_movable_ratio", value: 100 },
  { option: "auto_movable_numa_aware", value: false },
];

/** Every command of the alphabet; ranges of pages where there is a zero page to be among them. Ops in the order of the vocabulary. */
export function alphabet(machine: MachineDescription, width: Width): readonly Command[] {
  return opsOn(machine).flatMap((op) => commandsOf(machine, width, op));
}

/** The ops that are of use on a machine. */
export function opsOn(machine: MachineDescription): readonly Op[] {
  return ops.filter((op) => {
    if (op === "lru-batch" || op === "lru-drain") return machine.lruBatches === true;
    if (op === "vmem-request") return machine.virtioMem !== undefined;
    if (op.startsWith("kmem-")) return (machine.daxDevices ?? []).length > 0;
    if (op === "alloc-atomic" || op === "unreserve") return machine.highAtomic === true;
    if (op.startsWith("huge-")) return (machine.hugePages ?? []).length > 0;
    return (op !== "compact" || machine.compaction === true) && (op !== "pin-range" || machine.zeroPage !== undefined);
  });
}

function commandsOf(machine: MachineDescription, width: Width, op: Op): readonly Command[] {
  let partial: readonly Readonly<Record<string, unknown>>[] = [{ op }];
  for (const field of commandFields(op)) {
    const values = fieldValues(machine, width, field);
    partial = partial.flatMap((made) => values.map((value) => withField(made, field, value)));
  }
  return partial.flatMap((made) => (isCommand(made) && (width === "wide" || isPlain(machine, made)) ? [made] : []));
}

/** Of the allocations narrow alphabets have those whose order fits their kind, and only single frames of the kernel ask for a zone. */
function isPlain({ geometry }: MachineDescription, command: Command): boolean {
  if (command.op !== "alloc") return true;
  return orderFits(geometry, command.kind, command.order) && (command.zone === "normal" || (command.kind === "kernel" && command.order === 0));
}

/** The values that a field of this command takes. */
export function fieldValues(machine: MachineDescription, width: Width, { name, kind }: Field): readonly unknown[] {
  const narrow = width === "narrow";
  switch (kind.is) {
    case "maker":
      return labels;
    case "user":
      return kind.orNull ? [null, ...labels] : labels;
    case "pfn":
      return starts(machine, width);
    case "pages":
      return sizes(machine, width);
    case "block":
      return upTo(machine.hotplugEnd / blockPages(machine.geometry) - 1).slice(firstBlock(machine));
    case "number":
      return numbers(machine, width, name);
    case "optional":
      return extras(machine, name);
    case "choice":
      if (name === "errno") return [errnos[0]];
      if (narrow && (name === "thisNode" || name === "gfp")) return kind.values.slice(0, 1);
      return kind.values;
    case "setting":
      return settings;
    case "task-command":
      return [...commandsOf(machine, width, "write-state"), ...(narrow ? [] : commandsOf(machine, width, "alloc-contig"))];
  }
}

function numbers({ geometry, nodes, cma, daxDevices = [] }: MachineDescription, width: Width, name: string): readonly number[] {
  switch (name) {
    case "node":
      return upTo(nodes.length - 1);
    case "area":
      return upTo(Math.max(1, cma.length) - 1);
    case "device":
      return upTo(daxDevices.length - 1);
    case "order":
      return width === "wide" ? upTo(geometry.maxPageOrder) : [...new Set([0, 1, geometry.pageblockOrder, geometry.maxPageOrder])];
    case "align":
      return upTo(geometry.pageblockOrder);
    default:
      return [0, 1];
  }
}

/** What a device keeps to itself and sets aside: none, and, where the machine has windows for devices, a frame and the memmap of a section. */
function extras({ geometry, windows = [], compoundDevices }: MachineDescription, name: string): readonly number[] {
  if (name === "vmemmapShift") return compoundDevices === true ? [0, Math.log2(geometry.sectionPages)] : [0];
  if (windows.length === 0) return [0];
  return name === "free" ? [0, memmapPages(geometry, geometry.sectionPages)] : [0, 1];
}

/** Where memory and areas begin; wide: where memory ends too, and every start of a section, pageblock and subsection; narrow: every start of a block. */
function starts(machine: MachineDescription, width: Width): readonly number[] {
  const { geometry, hotplugEnd } = machine;
  const units = width === "wide" ? [geometry.sectionPages, pageblockPages(geometry), geometry.subsectionPages] : [blockPages(geometry)];
  const memory = bootMemory(machine).flatMap(({ range }) => (width === "wide" ? [range.start, rangeEnd(range)] : [range.start]));
  const areas = machine.cma.map(({ base }) => Number(base));
  const first = firstBlock(machine) * blockPages(geometry);
  const found = new Set<number>([...memory, ...areas]);
  for (const unit of units) for (let start = first; start < hotplugEnd; start += unit) found.add(start);
  return [...found].toSorted((a, b) => a - b);
}

/** A frame, a pageblock, a largest free block, a section, a memory block; narrow: the first two and the last. */
function sizes({ geometry }: MachineDescription, width: Width): readonly number[] {
  const all = width === "wide" ? [1, geometry.subsectionPages, pageblockPages(geometry), maxOrderPages(geometry), geometry.sectionPages, blockPages(geometry)] : [1, pageblockPages(geometry), blockPages(geometry)];
  return [...new Set(all)].toSorted((a, b) => a - b);
}

/** The block in which boot memory begins. */
function firstBlock(machine: MachineDescription): number {
  const pages = blockPages(machine.geometry);
  return alignDown(bootMemory(machine)[0]?.range.start ?? 0, pages) / pages;
}

function upTo(last: number): readonly number[] {
  return Array.from({ length: last + 1 }, (_, index) => index);
}

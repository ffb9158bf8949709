/**
 * The fields of every command, and what each number in them means.
 *
 * One table for everything that treats commands alike: telling whether foreign data is a command, renaming labels,
 * moving a scenario to lower frames, saying which of two commands is simpler. Fields stand in the order in which the
 * simpler of two commands is decided.
 */
import { contigGfps, errnos, failurePoints, isolationModes, pageKinds, stateWords, vetoableEvents, zoneModifiers, zoneTypes } from "../../models/index.ts";
import type { AutoOnline, Command, OnlinePolicy, Op, Setting } from "../../models/index.ts";

/** Kinds of labels. Each counts for itself. */
export const labelKinds = ["alloc", "token", "task", "group", "device"] as const;
export type LabelKind = (typeof labelKinds)[number];

/** What a field holds. */
export type FieldKind =
  /** The label of a thing that this command makes. */
  | { readonly is: "maker"; readonly label: LabelKind }
  /** The label of a thing that this command uses; `orNull`: or none. */
  | { readonly is: "user"; readonly label: LabelKind; readonly orNull: boolean }
  | { readonly is: "pfn" }
  /** A number of frames. */
  | { readonly is: "pages" }
  /** The number of a memory block. */
  | { readonly is: "block" }
  /** A small number that nothing else refers to: an order, a node, an area, a count. */
  | { readonly is: "number"; readonly max: number }
  /** A number that is left out where it is 0. */
  | { readonly is: "optional"; readonly max: number }
  /** One of these, simplest first. */
  | { readonly is: "choice"; readonly values: readonly (string | boolean)[] }
  | { readonly is: "setting" }
  | { readonly is: "task-command" };

export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
}

/** The largest label. */
export const maxLabel: number = 2 ** 31 - 1;

/** The largest frame number and the largest count: the end of a range is exact then. */
export const maxNumber: number = 2 ** 52;

type FieldsOf<C> = { readonly [Name in Exclude<keyof C, "op">]-?: FieldKind };

const makes = (label: LabelKind): FieldKind => ({ is: "maker", label });
const uses = (label: LabelKind): FieldKind => ({ is: "user", label, orNull: false });
const choice = (...values: readonly (string | boolean)[]): FieldKind => ({ is: "choice", values });
const number = (max: number): FieldKind => ({ is: "number", max });
const optional = (max: number): FieldKind => ({ is: "optional", max });
const flag = choice(false, true);
const pfn: FieldKind = { is: "pfn" };
const pages: FieldKind = { is: "pages" };
const block: FieldKind = { is: "block" };
const order = number(63);
const node = number(2 ** 16);
const range = { nrPages: pages, start: pfn } as const;

const table: { readonly [O in Op]: FieldsOf<Extract<Command, { readonly op: O }>> } = {
  alloc: { kind: choice(...pageKinds), order, node, zone: choice(...zoneModifiers), thisNode: flag, id: makes("alloc") },
  free: { id: uses("alloc"), pcp: flag },
  drain: { node, zone: choice(...zoneTypes) },
  "pcp-disable": { node, zone: choice(...zoneTypes) },
  "pcp-enable": { node, zone: choice(...zoneTypes) },
  compact: { node, zone: choice(...zoneTypes) },
  hold: { id: uses("alloc") },
  release: { id: uses("alloc") },
  "alloc-atomic": { order, node, zone: choice(...zoneModifiers), id: makes("alloc") },
  unreserve: { node, movable: flag, force: flag },
  "lru-isolate": { id: uses("alloc") },
  "lru-batch": { id: uses("alloc") },
  "lru-drain": {},
  "lru-putback": { id: uses("alloc") },
  pin: { id: uses("alloc"), longTerm: flag },
  "pin-range": { zero: flag, skip: number(2 ** 16), first: { is: "user", label: "alloc", orNull: true }, last: { is: "user", label: "alloc", orNull: true }, longTerm: flag },
  unpin: { id: uses("alloc"), longTerm: flag },
  poison: { pfn },
  "soft-offline": { pfn },
  unpoison: { pfn },
  "free-reserved": { pfn },
  inflate: { node, id: makes("alloc") },
  deflate: { id: uses("alloc") },
  "vmstat-refresh": {},
  isolate: { mode: choice(...isolationModes), ...range, id: makes("token") },
  unisolate: { ...range, id: uses("token") },
  "test-isolated": { mode: choice(...isolationModes), ...range },
  "alloc-contig": { compound: flag, gfp: choice(...contigGfps), ...range, id: makes("alloc") },
  "free-contig": { ...range, pcp: flag },
  "alloc-contig-pages": { nrPages: pages, node, thisNode: flag, movable: flag, id: makes("alloc") },
  "cma-alloc": { area: number(2 ** 16), nrPages: pages, align: order, id: makes("alloc") },
  "cma-release": { area: number(2 ** 16), id: uses("alloc"), pcp: flag },
  "fake-offline": { ...range, drops: flag },
  "fake-online": range,
  add: { ...range, node, memmapOnMemory: flag, group: { is: "user", label: "group", orNull: true } },
  remove: range,
  "offline-and-remove": range,
  "write-state": { value: choice(...stateWords), block },
  "write-online": { value: flag, block },
  "group-static": { node, maxPages: pages, id: makes("group") },
  "group-dynamic": { node, unitPages: pages, id: makes("group") },
  "group-unregister": { id: uses("group") },
  "device-map": { vmemmapShift: optional(40), reserve: optional(maxNumber), free: optional(maxNumber), ...range, node, id: makes("device") },
  "device-unmap": { id: uses("device") },
  "huge-grow": { order, node, id: makes("alloc") },
  "huge-shrink": { id: uses("alloc") },
  "huge-reserve": { order, count: number(maxLabel) },
  "huge-use": { id: uses("alloc"), reserved: flag },
  "kmem-probe": { device: number(2 ** 16), group: makes("group") },
  "kmem-remove": { device: number(2 ** 16) },
  "vmem-request": { nrPages: pages },
  set: { setting: { is: "setting" } },
  veto: { event: choice(...vetoableEvents), errno: choice(...errnos) },
  "fail-next": { what: choice(...failurePoints), skip: number(maxLabel) },
  start: { command: { is: "task-command" }, task: makes("task") },
  step: { task: uses("task") },
  signal: { task: uses("task") },
};

/** Every command by name, in the order of the union. */
export const ops: readonly Op[] = Object.keys(table).filter((op) => isOp(op));

const fieldsByOp: ReadonlyMap<string, readonly Field[]> = new Map(
  Object.entries<Readonly<Record<string, FieldKind>>>(table).map(([op, fields]) => [op, Object.entries(fields).map(([name, kind]) => ({ name, kind }))]),
);

/** The fields of a command, in the order in which the simpler of two is decided. */
export function commandFields(op: Op): readonly Field[] {
  const fields = fieldsByOp.get(op);
  if (fields === undefined) throw new Error(`no command is called ${op}`);
  return fields;
}

function isOp(op: unknown): op is Op {
  return typeof op === "string" && Object.hasOwn(table, op);
}

const autoOnline: readonly AutoOnline[] = ["offline", "online", "online_kernel", "online_movable"];
const onlinePolicy: readonly OnlinePolicy[] = ["contig-zones", "auto-movable"];

/** The values of each setting that are words or flags, simplest first. */
export const settingValues: Readonly<Record<Setting["option"], readonly (string | boolean)[] | "percent">> = {
  auto_online_blocks: autoOnline,
  online_policy: onlinePolicy,
  auto_movable_ratio: "percent",
  auto_movable_numa_aware: [false, true],
};

/** Whether foreign data is a command: plain data with exactly the fields of its op, each in its range. */
export function isCommand(value: unknown): value is Command {
  if (!isRecord(value)) return false;
  const { op } = value;
  if (!isOp(op)) return false;
  const fields = commandFields(op).filter(({ name, kind }) => kind.is !== "optional" || Object.hasOwn(value, name));
  return Object.keys(value).length === fields.length + 1 && fields.every(({ name, kind }) => isField(kind, value[name]));
}

/** The fields with this one in addition, or in place of what it was; one that may be left out is where it is 0. */
export function withField(fields: Readonly<Record<string, unknown>>, { name, kind }: Field, value: unknown): Readonly<Record<string, unknown>> {
  if (kind.is !== "optional" || value !== 0) return { ...fields, [name]: value };
  const { [name]: _, ...others } = fields;
  return others;
}

/** The fields of a command by name. */
export function fieldsOf(command: Command): Readonly<Record<string, unknown>> {
  return { ...command };
}

function isField(kind: FieldKind, value: unknown): boolean {
  switch (kind.is) {
    case "maker":
      return isWhole(value, maxLabel);
    case "user":
      return (kind.orNull && value === null) || isWhole(value, maxLabel);
    case "pfn":
    case "pages":
    case "block":
      return isWhole(value, maxNumber);
    case "number":
      return isWhole(value, kind.max);
    case "optional":
      return value !== 0 && isWhole(value, kind.max);
    case "choice":
      return kind.values.some((allowed) => allowed === value);
    case "setting":
      return isSetting(value);
    case "task-command":
      return isCommand(value) && (value.op === "write-state" || value.op === "alloc-contig");
  }
}

function isSetting(value: unknown): boolean {
  if (!isRecord(value) || Object.keys(value).length !== 2) return false;
  const { option, value: to } = value;
  if (typeof option !== "string" || !Object.hasOwn(settingValues, option)) return false;
  const values = Object.entries(settingValues).find(([name]) => name === option)?.[1];
  return values === "percent" ? isWhole(to, maxLabel) : values !== undefined && values.some((allowed) => allowed === to);
}

function isWhole(value: unknown, max: number): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= max;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A label that a command names. */
export interface LabelUse {
  readonly label: LabelKind;
  readonly id: number;
  /** The command makes the thing; else it uses it. */
  readonly makes: boolean;
}

/** The labels that a command names, those of the command that a task runs included. */
export function labelsOf(command: Command): readonly LabelUse[] {
  const found: LabelUse[] = [];
  visit(command, (kind, value) => {
    if ((kind.is === "maker" || kind.is === "user") && typeof value === "number") found.push({ label: kind.label, id: value, makes: kind.is === "maker" });
    return value;
  });
  return found;
}

/** The numbers in the fields of one kind, those of the command that a task runs included. */
export function numbersOf(command: Command, is: FieldKind["is"]): readonly number[] {
  const found: number[] = [];
  visit(command, (kind, value) => {
    if (kind.is === is && typeof value === "number") found.push(value);
    return value;
  });
  return found;
}

/** The command with every field changed as `change` says; undefined if that is not a command. */
export function mapFields(command: Command, change: (kind: FieldKind, value: unknown, name: string) => unknown): Command | undefined {
  const changed = visit(command, change);
  return isCommand(changed) ? changed : undefined;
}

/** All commands with every field changed as `change` says; undefined if one of them is no command any more. */
export function mapCommands(commands: readonly Command[], change: (kind: FieldKind, value: unknown, name: string) => unknown): readonly Command[] | undefined {
  const made: Command[] = [];
  for (const command of commands) {
    const mapped = mapFields(command, change);
    if (mapped === undefined) return undefined;
    made.push(mapped);
  }
  return made;
}

function visit(command: Command, change: (kind: FieldKind, value: unknown, name: string) => unknown): unknown {
  let changed: Readonly<Record<string, unknown>> = { ...command };
  for (const field of commandFields(command.op)) {
    const { name, kind } = field;
    const value = changed[name];
    if (kind.is === "optional" && value === undefined) continue;
    changed = withField(changed, field, kind.is === "task-command" && isCommand(value) ? visit(value, change) : change(kind, value, name));
  }
  return changed;
}

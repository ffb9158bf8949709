/** Steps of the reference, the commands that lead to them, and ways to edit them. */
import { createReference, parseProfile, toBlockId, toPfn } from "../../models/index.ts";
import type { Add, Alloc, AllocContig, Command, FrameTable, Outcome, PfnRange, View, WriteState } from "../../models/index.ts";
import type { PermissionsUsed, StepRecord } from "../../properties/index.ts";
import { edit, editPageblock, given } from "./small-views.ts";
import type { Editable } from "./small-views.ts";
import { testMachine } from "./test-machines.ts";

export interface EditableStep {
  before: Editable<View>;
  command: Editable<Command>;
  outcome: Editable<Outcome>;
  after: Editable<View>;
}

export interface BadStep {
  /** The commands on a machine right after boot; the last one is the step. */
  readonly commands: readonly Command[];
  /** Under the profile strict, if it says nothing else. */
  readonly profile?: string;
  /** On the first of the test machines, if it says nothing else. */
  readonly machine?: string;
  readonly what: string;
  /** What the evidence points at. */
  readonly at: string;
  /** Other laws that the same edit breaks. */
  readonly also?: readonly string[];
  readonly edit: (step: EditableStep) => void;
}

/** A step, and which switches had made a difference by then. */
export interface StepTaken extends StepRecord {
  readonly used: PermissionsUsed;
}

/** A run of the reference, step by step. */
export function stepsOf(machine: string, profile: string, commands: readonly Command[]): readonly StepTaken[] {
  const parsed = parseProfile(profile);
  if ("error" in parsed) throw new TypeError(parsed.error);
  const subject = createReference(testMachine(machine), parsed);
  let after = subject.view();
  return commands.map((command) => {
    const before = after;
    const outcome = subject.apply(command);
    after = subject.view();
    return { before, command, outcome, after, used: subject.permissionsUsed() };
  });
}

/** The last command of a run of the reference, as a step. */
export function lastStep(machine: string, profile: string, commands: readonly Command[]): StepRecord {
  return given(stepsOf(machine, profile, commands).at(-1));
}

/** A copy of a step that can be edited. */
export function editable({ before, command, outcome, after }: StepRecord): EditableStep {
  return { before: structuredClone(before) as Editable<View>, command: structuredClone(command) as Editable<Command>, outcome: structuredClone(outcome) as Editable<Outcome>, after: structuredClone(after) as Editable<View> };
}

/** A page for the pool of order 1 of node 0. */
export function grow(id: number): Command {
  return { op: "huge-grow", id, order: 1, node: 0 };
}

/** Two frames for a request that can not wait. */
export const atomic = (id: number): Command => ({ op: "alloc-atomic", id, order: 1, node: 0, zone: "normal" });
/** A batch of the LRU takes the page. */
export const batch = (id: number): Command => ({ op: "lru-batch", id });
/** The driver takes a dax device. */
export function probe(device: number): Command {
  return { op: "kmem-probe", device, group: 1 };
}

export const block4: PfnRange = { start: toPfn(0x80), nrPages: 32 };

export const user = (id: number): Alloc => ({ op: "alloc", id, kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" });
export const kernel = (id: number): Alloc => ({ ...user(id), kind: "kernel" });
export const free = (id: number, pcp = false): Command => ({ op: "free", id, pcp });
export const isolate = (id: number, start: number, nrPages: number): Command => ({ op: "isolate", id, start: toPfn(start), nrPages, mode: "contig" });
export const contig = (id: number, start: number, nrPages: number): AllocContig => ({ op: "alloc-contig", id, start: toPfn(start), nrPages, compound: false, gfp: "kernel" });
export const addBlock: Add = { op: "add", ...block4, node: 0, memmapOnMemory: false, group: null };
export const state = (block: number, value: "online" | "online_kernel" | "online_movable" | "offline"): WriteState => ({ op: "write-state", block: toBlockId(block), value });
export const movableBlock: readonly Command[] = [addBlock, state(4, "online_movable")];
/** On the machine with interleaved nodes: a page of node 1 moves from 0x2c to 0x40, where node 0 begins again behind it. */
export const compacted: readonly Command[] = [{ ...user(1), node: 1 }, { op: "compact", node: 1, zone: "Normal" }];
export const normal = 2;
export const movable = 3;

export function row(table: FrameTable | Editable<FrameTable>, pfn: number): number {
  let first = 0;
  for (const { start, nrPages } of table.ranges) {
    if (pfn >= start && pfn < start + nrPages) return first + pfn - start;
    first += nrPages;
  }
  throw new RangeError(`no frame ${pfn}`);
}

/** Changes what a view says of one frame. */
export function frame(view: Editable<View>, pfn: number, changes: Partial<Record<"use" | "flags" | "zone", number>>): void {
  const table = given(view.frames);
  for (const column of ["use", "flags", "zone"] as const) table[column][row(table, pfn)] = changes[column] ?? table[column][row(table, pfn)] ?? 0;
}

/** Adds to a counter of a zone. */
export function count(view: Editable<View>, zone: number, field: "present" | "managed" | "nrFree" | "spanned", n: number): void {
  edit(view.zones, zone, { [field]: (view.zones?.[zone]?.[field] ?? 0) + n });
}

/** The same of both views: what was so, and stayed so. */
export function both({ before, after }: EditableStep, change: (view: Editable<View>) => void): void {
  change(before);
  change(after);
}

export function isolated(step: EditableStep, start: number): void {
  both(step, (view) => editPageblock(view, start, { type: "Isolate", savedType: "Movable" }));
}

export function grantOf({ outcome }: EditableStep): NonNullable<Editable<Outcome>["grant"]> {
  return given(outcome.grant);
}

/**
 * What a step is about, told from the outside: the operation, whether all of it or a part, and whom it concerns.
 */
import { blockPages, pageKindTraits, pfnRange, rangeEnd, toPfn } from "../models/index.ts";
import type { AllocationView, BlockView, Command, Op, PfnRange, TaskView, View, ZoneIndex, ZoneView } from "../models/index.ts";
import { allocationsById, blocksById, rowsOf } from "./derived.ts";
import { given } from "./per-view.ts";
import type { StepRecord } from "./rule.ts";

/** Computes something of a step once, and remembers it as long as the step lives. */
function perStep<T extends object>(compute: (step: StepRecord) => T): (step: StepRecord) => T {
  const known = new WeakMap<StepRecord, T>();
  return (step) => {
    const before = known.get(step);
    if (before !== undefined) return before;
    const computed = compute(step);
    known.set(step, computed);
    return computed;
  };
}

/**
 * Where in its operation the step is: `whole` a command that runs to its end, `begin` the start of a task, `middle` and
 * `end` its steps. A task that ends in its start is whole.
 */
export type Part = "whole" | "begin" | "middle" | "end";

export function partOf({ command, outcome }: StepRecord): Part {
  if (command.op === "start") return outcome.result === "running" ? "begin" : "whole";
  if (command.op !== "step" && command.op !== "signal") return "whole";
  return outcome.result === "running" ? "middle" : "end";
}

/** The task that a `step` or `signal` speaks of, as it was before. */
export function taskOf({ before, command }: StepRecord): TaskView | undefined {
  return command.op === "step" || command.op === "signal" ? before.tasks?.find(({ task }) => task === command.task) : undefined;
}

/** The command that the step carries out, where the step tells it: that of a `start`, or the command itself. */
export function commandOf({ command }: StepRecord): Command {
  return command.op === "start" ? command.command : command;
}

/** The ops whose laws speak of this step: its own, and that of the task's command. */
export function opsOf(step: StepRecord): readonly Op[] {
  const { command } = step;
  if (command.op === "start") return ["start", command.command.op];
  const task = taskOf(step);
  if (task === undefined) return [command.op];
  return [command.op, task.op === "alloc-contig" ? "alloc-contig" : "write-state"];
}

/** Whether the operation of this step succeeded in it. */
export function succeeded({ outcome }: StepRecord): boolean {
  return outcome.result === "ok";
}

/** Whether the operation of this step failed in it, with an errno. */
export function failed({ outcome }: StepRecord): boolean {
  return outcome.result === "refused" || outcome.result === "livelock";
}

/** Whether the step was not to change anything at all. */
export function idle({ outcome }: StepRecord): boolean {
  return outcome.result === "skipped" || outcome.result === "bug";
}

/** The range that a contiguous request names: of the command, or of the task. */
export function contigRange(step: StepRecord): PfnRange | undefined {
  const task = taskOf(step);
  if (task !== undefined) return task.op === "alloc-contig" ? task.range : undefined;
  const command = commandOf(step);
  return command.op === "alloc-contig" || command.op === "fake-offline" || command.op === "free-contig" || command.op === "fake-online" ? pfnRange(command.start, command.nrPages) : undefined;
}

/** The frames of a block. */
export function blockRange(view: View, block: number): PfnRange {
  const size = blockPages(view.geometry);
  return pfnRange(toPfn(block * size), size);
}

export interface BlockChange {
  readonly block: number;
  readonly before: BlockView | undefined;
  readonly after: BlockView | undefined;
}

/** Blocks of both views, with what they were and are, ascending. */
export const blockChanges: (step: StepRecord) => readonly BlockChange[] = perStep(({ before, after }) => {
  const was = blocksById(before);
  const is = blocksById(after);
  const changes: BlockChange[] = [];
  for (const [block, entry] of was) changes.push({ block, before: entry, after: is.get(block) });
  for (const [block, entry] of is) if (!was.has(block)) changes.push({ block, before: undefined, after: entry });
  return changes.toSorted((a, b) => a.block - b.block);
});

/** Blocks that were not online and are, or that `state` says otherwise. */
export function blocksThatWent(step: StepRecord, state: "online" | "offline"): readonly BlockChange[] {
  return blockChanges(step).filter(({ before, after }) => {
    const wasOnline = before !== undefined && before.state !== "offline";
    const isOnline = after !== undefined && after.state !== "offline";
    return state === "online" ? !wasOnline && isOnline : wasOnline && !isOnline;
  });
}

/** The block that the operation of this step brings online or offline, where it is one block. */
export function subjectBlock(step: StepRecord): number | undefined {
  const task = taskOf(step);
  if (task !== undefined) return task.op === "alloc-contig" ? undefined : Math.floor(task.range.start / blockPages(step.before.geometry));
  const command = commandOf(step);
  return command.op === "write-state" || command.op === "write-online" ? command.block : undefined;
}

/** Whether the operation of this step brings a block online or offline; undefined where it does neither. */
export function direction(step: StepRecord): "online" | "offline" | undefined {
  const task = taskOf(step);
  if (task !== undefined) return task.op === "alloc-contig" ? undefined : task.op;
  const command = commandOf(step);
  if (command.op === "write-state") return command.value === "offline" ? "offline" : "online";
  if (command.op === "write-online") return command.value ? "online" : "offline";
  return undefined;
}

export interface AllocationChange {
  readonly id: number;
  readonly before: AllocationView | undefined;
  readonly after: AllocationView | undefined;
}

/** Allocations of both views, with what they were and are: those of the first view, then the new ones. */
export const allocationChanges: (step: StepRecord) => readonly AllocationChange[] = perStep(({ before, after }) => {
  const was = allocationsById(before);
  const is = allocationsById(after);
  const changes: AllocationChange[] = [];
  for (const allocation of given(before.allocations)) changes.push({ id: allocation.id, before: allocation, after: is.get(allocation.id) });
  for (const allocation of given(after.allocations)) if (!was.has(allocation.id)) changes.push({ id: allocation.id, before: undefined, after: allocation });
  return changes;
});

/** Whether two allocations lie in the same frames. */
export function sameFrames(a: AllocationView, b: AllocationView): boolean {
  return a.ranges.length === b.ranges.length && a.ranges.every((range, index) => range.start === b.ranges[index]?.start && range.nrPages === b.ranges[index]?.nrPages);
}

/** Somebody refers to the page, or its kind can never move. */
export function stays({ kind, holds, pins, longTermPins, lruIsolated }: AllocationView): boolean {
  return kind === "contig" || kind === "cma" || !pageKindTraits[kind].movable || holds + pins + longTermPins > 0 || lruIsolated;
}

/** Its owner has freed it, and nobody but a batch of the LRU refers to it: it is gone when that is drained. */
export function endsWithBatch({ freed, lruBatch, holds, pins, longTermPins }: AllocationView): boolean {
  return freed && lruBatch !== undefined && lruBatch !== "none" && holds + pins + longTermPins === 0;
}

/** It is free in a pool of huge pages. */
export function isFreeInPool({ pool, freed, holds, pins, longTermPins }: AllocationView): boolean {
  return pool === true && freed && holds + pins + longTermPins === 0;
}

/** Each frame of an allocation, ascending. */
export function framesOf({ ranges }: AllocationView): readonly number[] {
  const frames: number[] = [];
  for (const range of ranges) for (let pfn: number = range.start; pfn < rangeEnd(range); pfn++) frames.push(pfn);
  return frames;
}

/** Frames that the allocation has. */
export function nrFrames({ ranges }: Pick<AllocationView, "ranges">): number {
  return ranges.reduce((sum, { nrPages }) => sum + nrPages, 0);
}

export interface ZonePair {
  readonly index: ZoneIndex;
  readonly before: ZoneView;
  readonly after: ZoneView;
}

/** Zones of both views, those that both have. */
export const zonePairs: (step: StepRecord) => readonly ZonePair[] = perStep(({ before, after }) => {
  const is = given(after.zones);
  const pairs: ZonePair[] = [];
  for (const [index, zone] of given(before.zones).entries()) {
    const now = is[index];
    if (now !== undefined) pairs.push({ index, before: zone, after: now });
  }
  return pairs;
});

/** Whether the frame tables of the two views have the same frames, so that their rows are the same. */
export function sameRows({ before, after }: StepRecord): boolean {
  const [was, is] = [given(before.frames).ranges, given(after.frames).ranges];
  return was === is || (was.length === is.length && was.every((range, index) => range.start === is[index]?.start && range.nrPages === is[index]?.nrPages));
}

/** Visits the frames that both views have, with their rows. */
export function eachFrame(step: StepRecord, visit: (pfn: number, rowBefore: number, rowAfter: number) => void): void {
  const same = sameRows(step);
  const is = rowsOf(step.after);
  let row = 0;
  for (const { start, nrPages } of given(step.before.frames).ranges) {
    for (let pfn: number = start; pfn < start + nrPages; pfn++, row++) {
      const rowAfter = same ? row : is.of(pfn);
      if (rowAfter >= 0) visit(pfn, row, rowAfter);
    }
  }
}

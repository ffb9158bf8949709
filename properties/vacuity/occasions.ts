/**
 * When each law says something. A law holds of a step that is not what it is about, and says nothing of it.
 *
 * The table names the occasions that a step may lack. A law that stands in none of its lines says something of every
 * step of its commands that did anything: one that was not skipped. Some laws are also broken by a change where there is no
 * occasion for any, as a span that changes by itself; those steps are judged, and do not count.
 */
import { FrameFlag, FrameUse } from "../../models/index.ts";
import type { View } from "../../models/index.ts";
import type { Law, StepRecord } from "../rule.ts";
import { allocationChanges, blockChanges, commandOf, direction, failed, idle, opsOf, stays, succeeded, zonePairs } from "../step.ts";

interface Occasion {
  /** In words, as in "no step was one in which ...". */
  readonly when: string;
  readonly is: (step: StepRecord) => boolean;
  readonly laws: readonly string[];
}

function anyIsolated({ pageblocks = [] }: View): boolean {
  return pageblocks.some(({ type }) => type === "Isolate");
}

function anyPoisoned({ frames }: View): boolean {
  return frames?.flags.some((flags) => (flags & FrameFlag.Hwpoison) !== 0) === true;
}

/** Frames were given, to an allocation, a memmap or a page that moved. */
function gives({ outcome: { grant, memmap = [], moved = [], attempts = [], start } }: StepRecord): boolean {
  return grant !== undefined || start !== undefined || memmap.length > 0 || moved.length > 0 || attempts.some((attempt) => (attempt.moved ?? []).length > 0);
}

function moves({ outcome: { moved = [], attempts = [] } }: StepRecord): boolean {
  return moved.length > 0 || attempts.some((attempt) => (attempt.moved ?? []).length > 0);
}

function begins({ outcome: { result } }: StepRecord): boolean {
  return result === "ok" || result === "running";
}

/** Some block went from one of offline and online to the other, or came or went. */
function blockTurns(step: StepRecord, to: "online" | "offline" | "any"): boolean {
  if (step.before.blocks === undefined || step.after.blocks === undefined) return false;
  return blockChanges(step).some(({ before, after }) => {
    const [was, is] = [before === undefined ? "offline" : before.state, after === undefined ? "offline" : after.state];
    return was !== is && (to === "any" || (to === "online" ? is !== "offline" : is === "offline"));
  });
}

function spanChanges(step: StepRecord): boolean {
  return step.before.zones !== undefined && step.after.zones !== undefined && zonePairs(step).some(({ before, after }) => before.start !== after.start || before.spanned !== after.spanned);
}

function presentChanges(step: StepRecord): boolean {
  return step.before.zones !== undefined && step.after.zones !== undefined && zonePairs(step).some(({ before, after }) => before.present !== after.present);
}

function allocationEnds(step: StepRecord): boolean {
  return step.before.allocations !== undefined && step.after.allocations !== undefined && allocationChanges(step).some(({ before, after }) => before !== undefined && after === undefined);
}

export const occasions: readonly Occasion[] = [
  { when: "a command was refused, skipped or stopped the kernel", is: (step) => !begins(step), laws: ["HP-60"] },
  { when: "an errno came back", is: ({ outcome: { result, errno } }) => result === "refused" || result === "livelock" || errno !== undefined, laws: ["FC-78"] },
  { when: "the outcome tells a choice, or a task goes on", is: (step) => gives(step) || step.outcome.result === "running" || [step.outcome.dropped, step.outcome.attempts, step.outcome.events].some((list) => list !== undefined), laws: ["FC-79"] },
  { when: "an operation failed", is: failed, laws: ["PG-27", "PG-36", "PG-53", "FC-69", "FC-70", "FC-71", "FC-76", "FC-83"] },
  { when: "an online failed", is: (step) => failed(step) && direction(step) === "online", laws: ["FC-75"] },
  { when: "an offline failed", is: (step) => failed(step) && direction(step) === "offline", laws: ["FC-81"] },
  { when: "a compound request did not fit", is: (step) => step.outcome.errno === "EINVAL", laws: ["FC-58"] },
  { when: "the gfp flags were not allowed", is: (step) => commandOf(step).op === "alloc-contig" && "gfp" in commandOf(step) && (commandOf(step) as { readonly gfp: string }).gfp === "nofail" && step.outcome.result !== "skipped", laws: ["PG-37"] },
  { when: "it succeeded", is: succeeded, laws: ["PG-26", "PG-28", "PG-29", "PG-38", "PG-40", "PG-54", "FC-55", "FC-56", "FC-59", "FC-63", "FC-64", "FC-67", "FC-68", "HP-26", "HP-57"] },
  { when: "it succeeded or began", is: begins, laws: ["PG-30"] },
  { when: "an offline succeeded or began", is: (step) => begins(step) && direction(step) === "offline", laws: ["FC-82"] },
  { when: "the last step of an offline succeeded", is: (step) => step.command.op === "step" && succeeded(step) && direction(step) === "offline", laws: ["FC-84"] },
  { when: "frames were given to an allocation", is: ({ outcome }) => outcome.grant !== undefined, laws: ["PG-31", "PG-55"] },
  { when: "frames were given while a pageblock was isolated", is: (step) => gives(step) && anyIsolated(step.before), laws: ["PG-21"] },
  { when: "frames were given while some were poisoned", is: (step) => gives(step) && anyPoisoned(step.before), laws: ["FC-52"] },
  { when: "a page moved", is: moves, laws: ["FC-60", "FC-61", "FC-62"] },
  { when: "it ran while some page could not move, or some frame was nobody's to take", is: (step) => !idle(step) && (step.before.allocations?.some(stays) === true || [FrameUse.Reserved, FrameUse.Poisoned, FrameUse.PageOffline, FrameUse.PageOfflineDropped, FrameUse.Memmap, FrameUse.SelfHosted].some((use) => step.before.frames?.use.includes(use) === true)), laws: ["PG-39"] },
  { when: "it ran while a pageblock was isolated", is: (step) => !idle(step) && anyIsolated(step.before), laws: ["PG-23", "PG-41"] },
  { when: "an isolation ended", is: (step) => step.before.pageblocks?.some(({ start, type }) => type === "Isolate" && step.after.pageblocks?.find((other) => other.start === start)?.type !== "Isolate") === true, laws: ["FC-80"] },
  { when: "an allocation ended", is: allocationEnds, laws: ["FC-54"] },
  { when: "a long-term pin succeeded", is: (step) => succeeded(step) && step.command.op === "pin" && step.command.longTerm, laws: ["PG-47"] },
  { when: "it ran while a page was pinned", is: (step) => !idle(step) && step.before.allocations?.some(({ pins, longTermPins }) => pins + longTermPins > 0) === true, laws: ["PG-48"] },
  { when: "some frame was reserved", is: (step) => !idle(step) && [step.before, step.after].some((view) => view.frames?.use.includes(FrameUse.Reserved) === true), laws: ["PG-52"] },
  { when: "some frame was poisoned", is: (step) => !idle(step) && (anyPoisoned(step.before) || anyPoisoned(step.after)), laws: ["FC-65"] },
  { when: "an online was asked for while an offline block held poison", is: ({ before, outcome }) => outcome.result !== "skipped" && before.blocks?.some(({ state, nrHwpoison = 0 }) => state === "offline" && nrHwpoison > 0) === true, laws: ["HP-27"] },
  { when: "a notifier was called", is: ({ outcome: { events = [] } }) => events.length > 0, laws: ["FC-72", "HP-65"] },
  { when: "a block came online or went offline", is: (step) => blockTurns(step, "any"), laws: ["FC-66", "FC-73", "HP-56"] },
  { when: "a block came online", is: (step) => blockTurns(step, "online"), laws: ["HP-64"] },
  { when: "a block went offline", is: (step) => blockTurns(step, "offline"), laws: ["HP-58"] },
  { when: "blocks came online as they were added", is: ({ outcome: { events = [] }, command }) => command.op === "add" && events.length > 0, laws: ["FC-85"] },
  { when: "a block was online before and after", is: (step) => !idle(step) && step.before.blocks?.some(({ state }) => state !== "offline") === true, laws: ["HP-66"] },
  { when: "a zone spanned more or less than before", is: spanChanges, laws: ["HP-36"] },
  { when: "a zone had more or fewer frames than before", is: presentChanges, laws: ["HP-35"] },
];

const occasionOf: ReadonlyMap<string, Occasion> = new Map(occasions.flatMap((occasion) => occasion.laws.map((id) => [id, occasion] as const)));

/** Whether the step is what the law is about. */
export function speaksOfStep({ id, ops }: Law, step: StepRecord): boolean {
  const asked: readonly string[] = opsOf(step);
  if (ops.length > 0 && !ops.some((op) => asked.includes(op))) return false;
  return occasionOf.get(id)?.is(step) ?? !idle(step);
}

/** The steps of which the law says something, in words. */
export function occasionWords({ id, ops }: Law): string {
  return `${ops.length === 0 ? "" : `${ops.join(", ")}: `}${occasionOf.get(id)?.when ?? "it did anything"}`;
}

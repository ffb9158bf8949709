/**
 * When a clause of the specification has something to judge: the steps whose outcome could break it. A clause that no step
 * could break was never asked, however many outcomes were followed.
 */
import type { StepRecord } from "../rule.ts";
import { commandOf, contigRange, direction } from "../step.ts";

function given({ outcome: { grant, memmap = [], moved = [], attempts = [] } }: StepRecord): boolean {
  return grant !== undefined || memmap.length > 0 || moved.length > 0 || attempts.some((attempt) => (attempt.moved ?? []).length > 0);
}

function searches(step: StepRecord): boolean {
  const { op } = commandOf(step);
  return op === "alloc-contig-pages" || op === "cma-alloc";
}

function allocates(step: StepRecord): boolean {
  const { op } = commandOf(step);
  return op === "alloc" || op === "alloc-atomic" || op === "inflate" || op === "add" || op === "device-map" || op === "kmem-probe" || op === "vmem-request" || op === "pin" || op === "soft-offline" || makesWay(step);
}

/** Pages may have to move or to be dropped. */
function makesWay(step: StepRecord): boolean {
  const { op } = commandOf(step);
  return searches(step) || op === "offline-and-remove" || op === "alloc-contig" || op === "fake-offline" || contigRange(step) !== undefined || direction(step) === "offline";
}

function someIsolated({ before }: StepRecord): boolean {
  return before.pageblocks?.some(({ type }) => type === "Isolate") === true;
}

/** Free blocks of one order and zone are on lists of more than one type that allocations may claim. */
function severalTypes({ before: { freeBlocks = [] } }: StepRecord): boolean {
  const types = new Map<string, string>();
  return freeBlocks.some(({ order, zone, type }) => {
    if (type === "CMA" || type === "Isolate") return false;
    const key = `${zone} ${order}`;
    const known = types.get(key) ?? type;
    types.set(key, known);
    return known !== type;
  });
}

/** By clause, in the order of the specification. */
export const asks: Readonly<Record<string, (step: StepRecord) => boolean>> = {
  "outcome-result": () => true,
  "outcome-shape": (step) => given(step) || searches(step) || (step.outcome.dropped ?? []).length > 0 || (step.outcome.attempts ?? []).length > 0,
  "grant-free": given,
  "grant-aligned": given,
  "grant-zone": given,
  "grant-not-isolated": (step) => given(step) && someIsolated(step),
  "grant-type": (step) => given(step) && step.before.freeBlocks?.some(({ type }) => type === "CMA") === true,
  "grant-fallback": (step) => given(step) && severalTypes(step),
  "grant-retype": given,
  "refusal-needless": (step) => allocates(step) && (step.outcome.result === "refused" || step.outcome.result === "livelock" || step.outcome.result === "running"),
  "move-allowed": ({ outcome: { moved = [], attempts = [] } }) => moved.length > 0 || attempts.some((attempt) => (attempt.moved ?? []).length > 0),
  "move-missing": (step) => makesWay(step) && step.outcome.result !== "skipped" && (step.before.allocations ?? []).length > 0,
  "drop-allowed": ({ outcome: { dropped = [], attempts = [] } }) => dropped.length > 0 || attempts.some((attempt) => (attempt.dropped ?? []).length > 0),
  "attempt-order": (step) => searches(step) && step.outcome.result !== "skipped",
  "notifier-order": ({ outcome: { events = [] } }) => events.length > 0,
  "memmap-size": ({ outcome: { memmap = [] } }) => memmap.length > 0,
};

/**
 * Goals about the batches of the LRU.
 */
import type { AllocationView, Op } from "../../models/index.ts";
import type { Goal, StepRecord } from "../rule.ts";
import { allocationChanges, endsWithBatch, opsOf, succeeded } from "../step.ts";

/** Pages that were in a batch before the step. */
function batched({ before }: StepRecord): readonly AllocationView[] {
  return (before.allocations ?? []).filter(({ lruBatch = "none" }) => lruBatch !== "none");
}

function isOp(step: StepRecord, ...wanted: readonly Op[]): boolean {
  return opsOf(step).some((op) => wanted.includes(op));
}

function pageAfter({ after }: StepRecord, id: number): AllocationView | undefined {
  return (after.allocations ?? []).find((page) => page.id === id);
}

function moved(step: StepRecord, from: "add" | "move"): boolean {
  const ids = new Set((step.outcome.moved ?? []).map(({ id }) => id));
  return batched(step).some(({ id, lruBatch }) => lruBatch === from && ids.has(id));
}

export const lruBatchGoals: readonly Goal[] = [
  { id: "batched-page-pinned", title: "a long-term pin moved a page that was on the LRU and in a batch", rules: ["LB-05", "LB-06"], reached: (step) => isOp(step, "pin") && succeeded(step) && moved(step, "move") },
  { id: "new-page-pinned", title: "a long-term pin moved a page that was still to be added to the LRU", rules: ["LB-05", "LB-06"], reached: (step) => isOp(step, "pin") && succeeded(step) && moved(step, "add") },
  {
    id: "batched-page-freed",
    title: "a page went with the batch that was the last to refer to it",
    rules: ["LB-04", "FC-25"],
    reached: (step) => isOp(step, "lru-drain") && batched(step).length > 0 && allocationChanges(step).some(({ before, after }) => before !== undefined && after === undefined && endsWithBatch(before)),
  },
  { id: "batches-emptied", title: "an offline or a contiguous allocation found pages in batches", rules: ["LB-02", "LB-03"], reached: (step) => isOp(step, "write-state", "alloc-contig", "fake-offline") && succeeded(step) && batched(step).length > 0 },
  {
    id: "batch-kept-page",
    title: "a page of a batch stayed when its owner freed it",
    rules: ["FC-55"],
    reached: (step) => {
      const { command } = step;
      return command.op === "free" && succeeded(step) && batched(step).some(({ id }) => id === command.id && pageAfter(step, id) !== undefined);
    },
  },
  {
    id: "batch-disabled",
    title: "a page was to come into a batch while batches were disabled",
    rules: ["LB-02"],
    reached: (step) => {
      const { command } = step;
      return command.op === "lru-batch" && succeeded(step) && pageAfter(step, command.id)?.lruBatch === "none";
    },
  },
];

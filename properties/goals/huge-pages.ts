/**
 * Goals about pools of huge pages.
 */
import { FrameFlag } from "../../models/index.ts";
import type { AllocationView } from "../../models/index.ts";
import { rowsOf, zoneAt } from "../derived.ts";
import type { Goal, StepRecord } from "../rule.ts";
import { allocationChanges, isFreeInPool, opsOf, succeeded } from "../step.ts";

/** Free huge pages that are gone after the step. */
function dissolved(step: StepRecord): readonly AllocationView[] {
  if (step.before.hugePools === undefined || step.before.hugePools.length === 0) return [];
  return allocationChanges(step).flatMap(({ before, after }) => (before !== undefined && after === undefined && isFreeInPool(before) ? [before] : []));
}

function isOffline(step: StepRecord): boolean {
  return opsOf(step).some((op) => op === "write-state" || op === "write-online" || op === "offline-and-remove");
}

function hasPools({ before }: StepRecord): boolean {
  return (before.hugePools ?? []).length > 0;
}

export const hugePageGoals: readonly Goal[] = [
  { id: "huge-page-dissolved", title: "a block went offline with a free huge page in it, which was given up", rules: ["HT-05", "HT-07", "HP-58", "FC-84"], reached: (step) => succeeded(step) && isOffline(step) && dissolved(step).length > 0 },
  {
    id: "huge-page-lost",
    title: "an offline was refused after it had given free huge pages up",
    rules: ["HP-60", "HT-07"],
    reached: (step) => step.outcome.result === "refused" && isOffline(step) && dissolved(step).length > 0,
  },
  {
    id: "huge-page-replaced",
    title: "a free huge page made way for a contiguous allocation, and its pool has as many as before",
    rules: ["HT-01", "HT-05"],
    reached: (step) => hasPools(step) && opsOf(step).includes("alloc-contig") && allocationChanges(step).some(({ before, after }) => before !== undefined && after !== undefined && isFreeInPool(after) && before.ranges[0]?.start !== after.ranges[0]?.start),
  },
  {
    id: "huge-page-elsewhere",
    title: "a pool grew on a node other than 0",
    rules: ["HT-01", "PG-31", "PG-35", "PG-55"],
    reached: ({ command, outcome }) => command.op === "huge-grow" && outcome.result === "ok" && command.node > 0,
  },
  {
    id: "huge-page-node-full",
    title: "a pool could not grow on its node while another node had a block that would do",
    rules: ["PG-53"],
    reached: ({ before, command, outcome }) => command.op === "huge-grow" && outcome.result === "refused" && (before.freeBlocks ?? []).some(({ order, zone, type }) => type !== "Isolate" && order >= command.order && zoneAt(before, zone)?.node !== command.node),
  },
  {
    id: "huge-page-promise-kept",
    title: "a huge page was used as promised while all free ones were",
    rules: ["HT-03", "HT-06"],
    reached: ({ before, command, outcome }) => command.op === "huge-use" && command.reserved && outcome.result === "ok" && (before.hugePools ?? []).some(({ reserved, free }) => reserved > 0 && reserved === free),
  },
  {
    id: "huge-page-unpoisoned",
    title: "a frame of a free huge page that could not be dissolved was unpoisoned",
    rules: ["FC-64", "FC-65"],
    reached: (step) => {
      const { before, command } = step;
      if (command.op !== "unpoison" || !succeeded(step) || before.frames === undefined) return false;
      const row = rowsOf(before).of(command.pfn);
      return ((before.frames.flags[row] ?? 0) & FrameFlag.Hwpoison) !== 0 && (before.allocations ?? []).some((page) => isFreeInPool(page) && page.ranges.some(({ start, nrPages }) => command.pfn >= start && command.pfn < start + nrPages));
    },
  },
  {
    id: "huge-page-back-late",
    title: "a huge page came back to its pool when the last one let go of it",
    rules: ["HT-01", "FC-25"],
    reached: (step) => hasPools(step) && (step.command.op === "release" || step.command.op === "unpin") && allocationChanges(step).some(({ before, after }) => before !== undefined && after !== undefined && !isFreeInPool(before) && isFreeInPool(after)),
  },
];

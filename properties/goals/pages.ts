/**
 * Goals about single pages: where they came from, where they went, and what stood in the way.
 */
import { FrameFlag, FrameUse, pageKindTraits, pageblockPages, rangeContains } from "../../models/index.ts";
import type { AllocationView, FreeBlockView, Migratetype, View } from "../../models/index.ts";
import { allocationsById, freeBlockOfRow, isOnlineMemory, rowsOf, typeAt, zoneAt } from "../derived.ts";
import { retyped } from "../laws/allocation.ts";
import type { Goal, StepRecord } from "../rule.ts";
import { contigRange, failed, nrFrames, succeeded } from "../step.ts";

/** The free block that an allocation was taken from. */
function sourceOf({ before, outcome }: StepRecord): FreeBlockView | undefined {
  if (outcome.grant === undefined || before.frames === undefined || before.freeBlocks === undefined) return undefined;
  const row = rowsOf(before).of(outcome.grant.pfn);
  return row < 0 ? undefined : before.freeBlocks[(freeBlockOfRow(before)[row] ?? 0) - 1];
}

/** The migratetype of the request, where the step is one that was given a block. */
function requestType({ command, outcome }: StepRecord): Migratetype | undefined {
  return command.op === "alloc" && outcome.grant !== undefined ? pageKindTraits[command.kind].migratetype : undefined;
}

function useAt(view: View, pfn: number): number | undefined {
  const row = view.frames === undefined ? -1 : rowsOf(view).of(pfn);
  return row < 0 ? undefined : view.frames?.use[row];
}

function zoneTypeAt(view: View, pfn: number): string | undefined {
  const row = view.frames === undefined ? -1 : rowsOf(view).of(pfn);
  return row < 0 ? undefined : zoneAt(view, view.frames?.zone[row])?.type;
}

function pageOf({ before, command }: StepRecord): AllocationView | undefined {
  return "id" in command && before.allocations !== undefined ? allocationsById(before).get(command.id) : undefined;
}

/** Frames of the pageblock are memory of several zones. */
function isShared(view: View, pfn: number): boolean {
  const zones = new Set<number | undefined>();
  const start = pfn - (pfn % pageblockPages(view.geometry));
  for (let at = start; at < start + pageblockPages(view.geometry); at++) if (isOnlineMemory(useAt(view, at))) zones.add(view.frames?.zone[rowsOf(view).of(at)]);
  return zones.size > 1;
}

function nrGuards({ frames }: View): number {
  return frames?.use.filter((use) => use === FrameUse.Guard).length ?? 0;
}

function some(list: readonly unknown[] | undefined): boolean {
  return list !== undefined && list.length > 0;
}

export const pageGoals: readonly Goal[] = [
  {
    id: "claim",
    title: "an allocation claimed a pageblock of another type",
    rules: ["PG-35"],
    reached: ({ outcome }) => some(outcome.grant?.retyped),
  },
  {
    id: "claim-several",
    title: "an allocation claimed several pageblocks at once",
    rules: ["PG-35", "PG-15"],
    reached: ({ outcome }) => (outcome.grant?.retyped ?? []).length > 1,
  },
  {
    id: "steal",
    title: "an allocation took a block of another type and left the pageblock as it was",
    rules: ["PG-35"],
    reached: (step) => {
      const [type, source] = [requestType(step), sourceOf(step)];
      return type !== undefined && source !== undefined && source.type !== type && source.type !== "CMA" && !some(step.outcome.grant?.retyped);
    },
  },
  {
    id: "cma-fallback",
    title: "a movable page was given from a CMA pageblock",
    rules: ["PG-33", "PG-46"],
    reached: (step) => sourceOf(step)?.type === "CMA",
  },
  {
    id: "only-cma-left",
    title: "an unmovable request failed while CMA frames were free",
    rules: ["PG-53", "PG-33"],
    reached: ({ before, command, outcome }) => command.op === "alloc" && outcome.result === "refused" && pageKindTraits[command.kind].migratetype !== "Movable" && (before.zones?.some(({ nrFreeCma = 0 }) => nrFreeCma > 0) ?? false),
  },
  {
    id: "only-isolated-left",
    title: "a request failed while frames of isolated pageblocks were free",
    rules: ["PG-53", "PG-24"],
    reached: ({ before, command, outcome }) => command.op === "alloc" && outcome.result === "refused" && (before.freeBlocks?.some(({ type, order }) => type === "Isolate" && order >= command.order) ?? false),
  },
  {
    id: "pcp-hit",
    title: "an allocation was served from a per-CPU list",
    rules: ["PG-55"],
    reached: ({ before, outcome }) => outcome.grant !== undefined && useAt(before, outcome.grant.pfn) === FrameUse.Pcp,
  },
  {
    id: "pcp-of-isolated",
    title: "a frame of an isolated pageblock was given out from a per-CPU list",
    rules: ["PG-21"],
    reached: ({ before, outcome }) => outcome.grant !== undefined && useAt(before, outcome.grant.pfn) === FrameUse.Pcp && typeAt(before, outcome.grant.pfn) === "Isolate",
  },
  {
    id: "pcp-while-isolated",
    title: "a pageblock was isolated while some of its frames were on a per-CPU list",
    rules: ["PG-23", "PG-29"],
    reached: ({ after, command, outcome }) => command.op === "isolate" && outcome.result === "ok" && (after.pcp?.some(({ pfn }) => typeAt(after, pfn) === "Isolate") ?? false),
  },
  {
    id: "free-into-isolated",
    title: "a page of an isolated pageblock was freed although per-CPU lists were allowed",
    rules: ["PG-23", "PG-16"],
    reached: (step) => step.command.op === "free" && step.command.pcp && succeeded(step) && typeAt(step.before, pageOf(step)?.ranges[0]?.start ?? -1) === "Isolate",
  },
  {
    id: "zone-fallback",
    title: "an allocation was served from a lower zone than its kind may use",
    rules: ["PG-31"],
    reached: ({ before, command, outcome }) => command.op === "alloc" && outcome.grant !== undefined && command.zone === "normal" && zoneTypeAt(before, outcome.grant.pfn) !== pageKindTraits[command.kind].highestZone,
  },
  {
    id: "node-fallback",
    title: "an allocation was served from another node",
    rules: ["PG-31", "HP-47"],
    reached: ({ before, command, outcome }) => command.op === "alloc" && outcome.grant !== undefined && before.frames !== undefined && zoneAt(before, before.frames.zone[rowsOf(before).of(outcome.grant.pfn)])?.node !== command.node,
  },
  {
    id: "merge-across-pageblocks",
    title: "freed frames merged into a block of several pageblocks",
    rules: ["PG-17", "PG-15"],
    reached: ({ before, after, command }) => {
      if (command.op !== "free" || before.freeBlocks === undefined || after.freeBlocks === undefined || before.freeBlocks === after.freeBlocks) return false;
      const known = new Set(before.freeBlocks.map(({ pfn, order }) => `${pfn} ${order}`));
      return after.freeBlocks.some(({ pfn, order }) => order > after.geometry.pageblockOrder && !known.has(`${pfn} ${order}`));
    },
  },
  {
    id: "merge-retypes",
    title: "freed frames merged with a pageblock of another type, which took theirs",
    rules: ["PG-35", "PG-15"],
    reached: (step) => (step.command.op === "free" || step.command.op === "drain" || step.command.op === "unisolate") && step.before.pageblocks !== undefined && step.after.pageblocks !== undefined && retyped(step).some(({ was, is }) => was !== "Isolate" && is !== "Isolate"),
  },
  {
    id: "freed-while-held",
    title: "the owner freed a page that somebody else held",
    rules: ["FC-55"],
    reached: (step) => step.command.op === "free" && succeeded(step) && (pageOf(step)?.holds ?? 0) > 0,
  },
  {
    id: "tail-freed-early",
    title: "the owner freed a held block that is not compound, so that all but its first frame went",
    rules: ["FC-55"],
    reached: (step) => step.command.op === "free" && succeeded(step) && (pageOf(step)?.holds ?? 0) > 0 && pageOf(step)?.compound === false && (pageOf(step)?.order ?? 0) > 0,
  },
  {
    id: "pin-moves",
    title: "a long-term pin moved its page first",
    rules: ["PG-47", "FC-62"],
    reached: ({ command, outcome }) => command.op === "pin" && outcome.result === "ok" && some(outcome.moved),
  },
  {
    id: "pin-out-of-isolated",
    title: "a long-term pin moved its page out of an isolated pageblock",
    rules: ["PG-47"],
    reached: ({ before, command, outcome }) => command.op === "pin" && (outcome.moved ?? []).some(({ from }) => typeAt(before, from) === "Isolate"),
  },
  {
    id: "pinned-in-the-way",
    title: "an operation failed while a pinned page stood in its way",
    rules: ["PG-39", "PG-48"],
    reached: (step) => {
      const range = contigRange(step);
      return range !== undefined && failed(step) && (step.before.allocations?.some(({ pins, longTermPins, ranges }) => pins + longTermPins > 0 && ranges.some(({ start }) => rangeContains(range, start))) ?? false);
    },
  },
  {
    id: "poison-free-frame",
    title: "a free frame was poisoned",
    rules: ["PG-51", "PG-50"],
    reached: ({ before, command, outcome }) => command.op === "poison" && outcome.result === "ok" && useAt(before, command.pfn) === FrameUse.Free,
  },
  {
    id: "poison-in-isolated",
    title: "a free frame of an isolated pageblock was poisoned",
    rules: ["PG-51", "PG-16"],
    reached: ({ before, command, outcome }) => command.op === "poison" && outcome.result === "ok" && useAt(before, command.pfn) === FrameUse.Free && typeAt(before, command.pfn) === "Isolate",
  },
  {
    id: "poison-in-use",
    title: "a frame was poisoned that stays with its owner",
    rules: ["FC-35", "FC-34"],
    reached: ({ after, command, outcome }) => command.op === "poison" && outcome.result === "refused" && useAt(after, command.pfn) === FrameUse.Allocated && ((after.frames?.flags[rowsOf(after).of(command.pfn)] ?? 0) & FrameFlag.Hwpoison) !== 0,
  },
  {
    id: "poison-breaks-hugetlb",
    title: "a hugetlb page was taken apart because one of its frames is bad",
    rules: ["PG-51"],
    reached: ({ before, command, outcome }) => (command.op === "poison" || command.op === "soft-offline") && outcome.result === "ok" && (before.allocations?.some(({ kind, ranges }) => kind.startsWith("hugetlb") && ranges.some((range) => rangeContains(range, command.pfn))) ?? false),
  },
  {
    id: "poisoned-freed",
    title: "a page with a poisoned frame was freed",
    rules: ["FC-54", "PG-50"],
    reached: (step) => {
      const page = step.command.op === "free" && succeeded(step) ? pageOf(step) : undefined;
      return page !== undefined && step.before.frames !== undefined && page.ranges.some(({ start, nrPages }) => Array.from({ length: nrPages }, (_, index) => step.before.frames?.flags[rowsOf(step.before).of(start + index)] ?? 0).some((flags) => (flags & FrameFlag.Hwpoison) !== 0));
    },
  },
  {
    id: "soft-offline-moves",
    title: "a soft offline moved a page in use",
    rules: ["FC-61", "PG-51"],
    reached: ({ command, outcome }) => command.op === "soft-offline" && some(outcome.moved),
  },
  {
    id: "folio-moves",
    title: "a compound page moved as a whole",
    rules: ["FC-61"],
    reached: ({ before, outcome }) => (outcome.moved ?? []).some(({ id, to }) => to.order > 0 && before.allocations !== undefined && nrFrames(allocationsById(before).get(id) ?? { ranges: [] }) > 1),
  },
  {
    id: "guard-made",
    title: "a block was split and a half of it became a guard block",
    rules: ["FC-94"],
    reached: ({ before, after }) => nrGuards(after) > nrGuards(before),
  },
  {
    id: "guard-taken-back",
    title: "pages were freed, and the guard blocks beside them with them",
    rules: ["FC-94", "PG-10"],
    reached: ({ before, after }) => nrGuards(after) < nrGuards(before),
  },
  {
    id: "compaction-moves",
    title: "compaction moved a page",
    rules: ["FC-95", "FC-96", "FC-97"],
    reached: ({ command, outcome }) => command.op === "compact" && some(outcome.moved),
  },
  {
    id: "compaction-meets-another-zone",
    title: "compaction moved a page to a pageblock that two zones share",
    rules: ["FC-95"],
    reached: ({ before, command, outcome }) => command.op === "compact" && (outcome.moved ?? []).some(({ to }) => isShared(before, to.pfn)),
  },
];

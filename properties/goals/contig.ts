/**
 * Goals about contiguous ranges: what stood in the way, and how it was found.
 */
import { pageblockPages, rangeContains } from "../../models/index.ts";
import type { Goal } from "../rule.ts";
import { commandOf, contigRange, failed, succeeded } from "../step.ts";

function some(list: readonly unknown[] | undefined): boolean {
  return list !== undefined && list.length > 0;
}

export const contigGoals: readonly Goal[] = [
  {
    id: "contig-moves",
    title: "a contiguous allocation moved a page out of its way",
    rules: ["FC-60", "FC-61", "PG-38"],
    reached: (step) => contigRange(step) !== undefined && some(step.outcome.moved),
  },
  {
    id: "contig-drops",
    title: "a contiguous allocation dropped a clean page",
    rules: ["PG-38"],
    reached: (step) => contigRange(step) !== undefined && some(step.outcome.dropped),
  },
  {
    id: "contig-moves-then-fails",
    title: "a contiguous allocation failed after pages had moved",
    rules: ["PG-36"],
    reached: (step) => contigRange(step) !== undefined && failed(step) && some(step.outcome.moved),
  },
  {
    id: "contig-unaligned",
    title: "a contiguous allocation succeeded on a range that begins and ends inside pageblocks",
    rules: ["PG-38"],
    reached: (step) => {
      const range = contigRange(step);
      const size = pageblockPages(step.before.geometry);
      return range !== undefined && succeeded(step) && range.start % size !== 0 && (range.start + range.nrPages) % size !== 0 && range.nrPages > size;
    },
  },
  {
    id: "contig-compound",
    title: "a contiguous allocation was made one compound page",
    rules: ["PG-38"],
    reached: (step) => {
      const command = commandOf(step);
      return command.op === "alloc-contig" && command.compound && succeeded(step);
    },
  },
  {
    id: "contig-folio-over-end",
    title: "a contiguous allocation moved a compound page that reaches beyond its end",
    rules: ["FC-60", "PG-38"],
    reached: (step) => {
      const range = contigRange(step);
      return range !== undefined && (step.outcome.moved ?? []).some(({ from, to }) => from + 2 ** to.order > range.start + range.nrPages);
    },
  },
  {
    id: "contig-hugetlb-by-tail",
    title: "a contiguous allocation moved a hugetlb page that begins before it",
    rules: ["FC-60"],
    reached: (step) => {
      const range = contigRange(step);
      return range !== undefined && (step.outcome.moved ?? []).some(({ from }) => !rangeContains(range, from));
    },
  },
  {
    id: "contig-over-isolated",
    title: "a contiguous allocation met a pageblock that somebody else isolates",
    rules: ["PG-41"],
    reached: (step) => {
      const range = contigRange(step);
      if (range === undefined || !failed(step) || step.before.pageblocks === undefined) return false;
      return step.before.pageblocks.some(({ start, type }) => type === "Isolate" && start < range.start + range.nrPages && start + pageblockPages(step.before.geometry) > range.start);
    },
  },
  {
    id: "contig-freed-in-parts",
    title: "a part of a contiguous allocation was freed",
    rules: ["PG-40"],
    reached: (step) => {
      const command = commandOf(step);
      return command.op === "free-contig" && succeeded(step) && (step.after.allocations?.some(({ kind, ranges }) => kind === "contig" && ranges.some(({ start, nrPages }) => start === command.start + command.nrPages || start + nrPages === command.start)) ?? false);
    },
  },
  {
    id: "search-tries-again",
    title: "a search for contiguous pages failed on a candidate and went on",
    rules: ["PG-36", "FC-59"],
    reached: ({ outcome, command }) => command.op === "alloc-contig-pages" && outcome.result === "ok" && (outcome.attempts ?? []).length > 1,
  },
  {
    id: "cma-tries-again",
    title: "a CMA allocation found a run busy and took a later one",
    rules: ["PG-45", "PG-42"],
    reached: ({ outcome, command }) => command.op === "cma-alloc" && outcome.result === "ok" && (outcome.attempts ?? []).length > 1,
  },
  {
    id: "cma-surplus",
    title: "a CMA allocation left frames of its last bit over",
    rules: ["PG-43"],
    reached: ({ after, command, outcome }) => command.op === "cma-alloc" && outcome.result === "ok" && command.nrPages % 2 ** (after.cma?.find(({ area }) => area === command.area)?.orderPerBit ?? 0) !== 0,
  },
  {
    id: "cma-aligned",
    title: "a CMA allocation skipped free bits because of its alignment",
    rules: ["PG-45"],
    reached: ({ before, command, outcome }) => {
      const area = command.op === "cma-alloc" ? before.cma?.find((one) => one.area === command.area) : undefined;
      if (area === undefined || command.op !== "cma-alloc" || outcome.start === undefined) return false;
      const first = area.bitmap.indexOf("0");
      return first >= 0 && (outcome.attempts ?? []).length <= 1 && outcome.start > area.base + first * 2 ** area.orderPerBit;
    },
  },
];

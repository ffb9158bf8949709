/**
 * Goals about HighAtomic reserves.
 */
import type { StepRecord } from "../rule.ts";
import type { Goal } from "../rule.ts";
import { rowsOf } from "../derived.ts";

function reservedOf({ zones = [] }: StepRecord["before"]): readonly number[] {
  return zones.map(({ nrReservedHighAtomic = 0 }) => nrReservedHighAtomic);
}

/** Zones whose reserve has grown (1) or shrunk (-1). */
function changed({ before, after }: StepRecord, sign: 1 | -1): boolean {
  const was = reservedOf(before);
  return reservedOf(after).some((is, index) => sign * (is - (was[index] ?? 0)) > 0);
}

function typeOf({ pageblocks = [] }: StepRecord["before"], pfn: number): string | undefined {
  return pageblocks.findLast(({ start }) => start <= pfn)?.type;
}

export const highAtomicGoals: readonly Goal[] = [
  { id: "reserve-grows", title: "an atomic request made the reserve of a zone grow", rules: ["PG-34", "HA-01", "HA-03"], reached: (step) => step.command.op === "alloc-atomic" && changed(step, 1) },
  {
    id: "reserve-full",
    title: "an atomic request was given a block while the reserve of its zone was full",
    rules: ["PG-34"],
    reached: (step) => {
      const { command, outcome, before } = step;
      return command.op === "alloc-atomic" && outcome.grant !== undefined && !changed(step, 1) && typeOf(before, outcome.grant.pfn) !== "HighAtomic" && reservedOf(before).some((frames) => frames > 0);
    },
  },
  { id: "reserve-used", title: "an atomic request was given a block of the reserve", rules: ["HA-02", "HA-04"], reached: ({ command, outcome, before }) => command.op === "alloc-atomic" && outcome.grant !== undefined && typeOf(before, outcome.grant.pfn) === "HighAtomic" },
  {
    id: "reserve-not-from-list",
    title: "an atomic request was served from a per-CPU list",
    rules: ["HA-03"],
    reached: ({ command, outcome, before }) => command.op === "alloc-atomic" && outcome.grant !== undefined && before.pcp !== undefined && before.frames !== undefined && before.pcp.some(({ pfn }) => pfn === outcome.grant?.pfn) && rowsOf(before).of(outcome.grant.pfn) >= 0,
  },
  { id: "reserve-given-up", title: "a zone gave up pageblocks of its reserve", rules: ["HA-01", "HA-03", "PG-17"], reached: (step) => step.command.op === "unreserve" && changed(step, -1) },
];

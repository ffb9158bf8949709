/**
 * HighAtomic reserves: who makes them grow, how far, and who may use them.
 */
import { FrameUse, NONE, alignUp, pageblockPages, toPfn } from "../../models/index.ts";
import type { Grant, View } from "../../models/index.ts";
import { pageblockStarts, rowsOf, typeAt, zoneAt } from "../derived.ts";
import { FrameEvidence, zoneName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Law, StepRecord } from "../rule.ts";
import { succeeded } from "../step.ts";
import { allGrants, retyped } from "./allocation.ts";

/** Pageblocks that are HighAtomic now and were not. */
function reserved(step: StepRecord): readonly number[] {
  return retyped(step).flatMap(({ start, was, is }) => (is === "HighAtomic" && was !== "Isolate" ? [start] : []));
}

function zoneOf(view: View, pfn: number): number {
  return given(view.frames).zone[rowsOf(view).of(pfn)] ?? NONE;
}

/** One percent of the managed frames, in whole pageblocks; none, if that is less than one. */
function limit({ geometry }: View, managed: number): number {
  const size = pageblockPages(geometry);
  const percent = Math.floor(managed / 100);
  return percent < size ? 0 : alignUp(toPfn(percent), size);
}

const reserveHasALimit: Law = {
  id: "PG-34",
  title: "a zone reserves pageblocks only up to one percent of its managed frames, rounded up to pageblocks, and none where one percent is less than a pageblock",
  source: "mm/page_alloc.c: reserve_highatomic_pageblock(), v6.12; a small zone would lose most of its free memory to the reserve",
  needs: ["zones", "pageblocks", "frames.zone"],
  ops: [],
  unless: [],
  find: (step) =>
    reserved(step).flatMap((start): readonly Evidence[] => {
      const index = zoneOf(step.before, start);
      const { managed = 0, nrReservedHighAtomic } = zoneAt(step.before, index) ?? {};
      const most = limit(step.before, managed);
      if (nrReservedHighAtomic === undefined || nrReservedHighAtomic < most) return [];
      return [{ pfn: toPfn(start), nrPages: pageblockPages(step.before.geometry), where: zoneName(step.before, index), was: `not reserved: ${nrReservedHighAtomic} of ${most} frames are`, is: "pageblock HighAtomic" }];
    }),
};

/** Pageblocks that the reserve may get from this step. */
function mayBeReserved({ before, command, outcome }: StepRecord): readonly number[] {
  const { grant } = outcome;
  if (command.op !== "alloc-atomic" || grant === undefined || given(before.frames).use[rowsOf(before).of(grant.pfn)] === FrameUse.Pcp) return [];
  return pageblockStarts(before, { start: grant.pfn, nrPages: 2 ** grant.order });
}

const reserveGrowsByRequests: Law = {
  id: "HA-03",
  title: "a pageblock becomes HighAtomic only around a block that the buddy allocator gave to an atomic request, and nr_reserved_highatomic follows",
  source: "mm/page_alloc.c: reserve_highatomic_pageblock(), v6.12; rmqueue(), v6.13",
  needs: ["zones", "pageblocks", "frames.zone", "frames.use"],
  ops: [],
  unless: ["KD-12"],
  find: (step) => {
    const may = mayBeReserved(step);
    const found = new FrameEvidence();
    const grown = new Map<number, number>();
    for (const start of reserved(step)) {
      if (!may.includes(start)) found.add(toPfn(start), "not reserved", "pageblock HighAtomic");
      const index = zoneOf(step.before, start);
      grown.set(index, (grown.get(index) ?? 0) + pageblockPages(step.before.geometry));
    }
    const counts: Evidence[] = [];
    for (const [index, zone] of given(step.after.zones).entries()) {
      const was = zoneAt(step.before, index)?.nrReservedHighAtomic;
      const is = zone.nrReservedHighAtomic;
      const more = grown.get(index) ?? 0;
      const gives = step.command.op === "unreserve" && succeeded(step);
      if (was === undefined || is === undefined || (gives ? is <= was : is === was + more)) continue;
      counts.push({ where: zoneName(step.after, index), was: `${was + more} frames reserved`, is: `${is}` });
    }
    return [...found.found, ...counts];
  },
};

/** A grant lies in a HighAtomic pageblock, and is of no per-CPU list: what is freed there counts as movable. */
function isOfReserve(view: View, { pfn }: Grant): boolean {
  return typeAt(view, pfn) === "HighAtomic" && given(view.frames).use[rowsOf(view).of(pfn)] === FrameUse.Free;
}

const reserveIsForAtomic: Law = {
  id: "HA-04",
  title: "free blocks of HighAtomic pageblocks are given to atomic requests alone",
  source: "mm/page_alloc.c: rmqueue_buddy(), v6.12",
  needs: ["pageblocks", "frames.use"],
  ops: [],
  unless: ["KD-1", "KD-2"],
  find: (step) => (step.command.op === "alloc-atomic" ? [] : allGrants(step).flatMap(({ grant, what }) => (isOfReserve(step.before, grant) ? [{ pfn: grant.pfn, nrPages: 2 ** grant.order, was: "kept for atomic requests", is: `given (${what})` }] : []))),
};

export const highAtomicLaws: readonly Law[] = [reserveHasALimit, reserveGrowsByRequests, reserveIsForAtomic];

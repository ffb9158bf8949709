/**
 * HighAtomic reserves: what a zone counts.
 */
import { NONE, pageblockPages } from "../../models/index.ts";
import type { View } from "../../models/index.ts";
import { rowsOf } from "../derived.ts";
import { zoneName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Invariant } from "../rule.ts";

/** Frames of pageblocks that are HighAtomic, or will be when their isolation is undone, by zone. */
function reservedFrames(view: View): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const { start, type, savedType } of given(view.pageblocks)) {
    if (type !== "HighAtomic" && savedType !== "HighAtomic") continue;
    const index = given(view.frames).zone[rowsOf(view).of(start)] ?? NONE;
    counts.set(index, (counts.get(index) ?? 0) + pageblockPages(view.geometry));
  }
  return counts;
}

const reserveIsCounted: Invariant = {
  id: "HA-01",
  title: "nr_reserved_highatomic is no less than the frames of the HighAtomic pageblocks of the zone",
  source: "mm/page_alloc.c: reserve_highatomic_pageblock(), unreserve_highatomic_pageblock(), v6.12; it is more where one went otherwise",
  needs: ["zones", "pageblocks", "frames.zone"],
  unless: [],
  find: (view) => {
    const frames = reservedFrames(view);
    return given(view.zones).flatMap(({ nrReservedHighAtomic }, index) => {
      const least = frames.get(index) ?? 0;
      return nrReservedHighAtomic === undefined || nrReservedHighAtomic >= least ? [] : [{ where: zoneName(view, index), was: `at least ${least} frames reserved`, is: `${nrReservedHighAtomic}` }];
    });
  },
};

const freeReserveIsCounted: Invariant = {
  id: "HA-02",
  title: "nr_free_highatomic is the number of frames on HighAtomic lists",
  source: "mm/page_alloc.c: account_freepages(), v6.12",
  needs: ["zones", "freeBlocks"],
  unless: ["KD-1"],
  find: (view) => {
    const sums = new Map<number, number>();
    for (const { zone, order, type } of given(view.freeBlocks)) if (type === "HighAtomic") sums.set(zone, (sums.get(zone) ?? 0) + 2 ** order);
    return given(view.zones).flatMap(({ nrFreeHighAtomic }, index) => {
      const was = sums.get(index) ?? 0;
      return nrFreeHighAtomic === undefined || nrFreeHighAtomic === was ? [] : [{ where: zoneName(view, index), was: `${was} free HighAtomic frames`, is: `${nrFreeHighAtomic}` }];
    });
  },
};

export const highAtomicInvariants: readonly Invariant[] = [reserveIsCounted, freeReserveIsCounted];

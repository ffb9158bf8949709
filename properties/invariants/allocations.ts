/**
 * Allocations: shape, references, and where their frames may lie.
 */
import { FrameFlag, FrameUse, NONE, isAligned, orderFits, pageKindTraits, rangeEnd } from "../../models/index.ts";
import type { AllocationView, PfnRange, View } from "../../models/index.ts";
import { allocationOfRow, cmaCode, rowsOf, typeOfRow } from "../derived.ts";
import { FrameEvidence, allocationName, allocationPlace, maxEvidence, rangeName, useName, zoneName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Invariant } from "../rule.ts";

/** One line of evidence for each allocation that the judgement finds fault with. */
function judgeAllocations(view: View, judge: (allocation: AllocationView) => { readonly was: string; readonly is: string } | undefined): readonly Evidence[] {
  const found: Evidence[] = [];
  for (const allocation of given(view.allocations)) {
    const fault = judge(allocation);
    if (fault === undefined) continue;
    found.push({ ...allocationPlace(allocation), ...fault });
    if (found.length === maxEvidence) break;
  }
  return found;
}

function showRanges({ ranges }: AllocationView): string {
  return ranges.length === 0 ? "no frames" : ranges.map(rangeName).join(" ");
}

/** Whether the allocation came from `alloc`: a block of one order. */
function fromBuddy({ kind }: AllocationView): boolean {
  return kind !== "contig" && kind !== "cma";
}

const ownedOnce: Invariant = {
  id: "PG-07",
  title: "no frame belongs to two allocations, and a block from the allocator is one aligned run of its order",
  source: "mm/page_alloc.c: prep_new_page(), expand(), v6.12",
  needs: ["allocations"],
  unless: [],
  find: (view) => {
    const shape = judgeAllocations(view, (allocation) => {
      const [first, ...more] = allocation.ranges;
      if (!fromBuddy(allocation) || allocation.order === null) return first === undefined ? { was: "at least one frame", is: "no frames" } : undefined;
      const nrPages = 2 ** allocation.order;
      return first !== undefined && more.length === 0 && first.nrPages === nrPages && isAligned(first.start, nrPages) ? undefined : { was: `${nrPages} frames from a multiple of ${nrPages}`, is: showRanges(allocation) };
    });
    return [...shape, ...ownedTwice(view)];
  },
};

/** Frames that lie in the ranges of two allocations. */
function ownedTwice(view: View): readonly Evidence[] {
  const ranges = given(view.allocations).flatMap((owner) => owner.ranges);
  ranges.sort((a, b) => a.start - b.start);
  const found: Evidence[] = [];
  let [last] = ranges;
  for (const next of ranges) {
    if (last === undefined || next === last) continue;
    if (next.start < rangeEnd(last)) found.push({ pfn: next.start, nrPages: Math.min(rangeEnd(last), rangeEnd(next)) - next.start, was: `of ${allocationName(ownerOf(view, last))} alone`, is: `of ${allocationName(ownerOf(view, next))} too` });
    if (rangeEnd(next) > rangeEnd(last)) last = next;
  }
  return found;
}

function ownerOf(view: View, range: PfnRange): AllocationView | undefined {
  return given(view.allocations).find(({ ranges }) => ranges.includes(range));
}

const rangesAreCoalesced: Invariant = {
  id: "FC-23",
  title: "allocations are listed once, in order, with their frames ascending and in as few ranges as possible",
  source: "models/view.ts: equal states have equal views",
  needs: ["allocations"],
  unless: [],
  find: (view) => {
    let before = -1;
    return judgeAllocations(view, (allocation) => {
      const listed = allocation.id > before;
      before = allocation.id;
      if (!listed) return { was: `an id above ${before}`, is: `${allocation.id}` };
      const loose = allocation.ranges.some((range, at) => range.nrPages < 1 || (at > 0 && range.start <= rangeEnd(allocation.ranges[at - 1] ?? range)));
      return loose ? { was: "ascending ranges with gaps between them", is: showRanges(allocation) } : undefined;
    });
  },
};

const orderOfKind: Invariant = {
  id: "FC-24",
  title: "an allocation has an order in which its kind comes, and is a compound page exactly where its kind is",
  source: "include/linux/gfp_types.h, mm/page_alloc.c: prep_compound_page(), v6.12",
  needs: ["allocations"],
  unless: [],
  find: (view) =>
    judgeAllocations(view, ({ kind, order, compound }) => {
      if (kind === "cma") return compound ? { was: "single frames", is: "a compound page" } : undefined;
      if (kind === "contig") return undefined;
      if (order === null || !orderFits(view.geometry, kind, order)) return { was: `an order of kind ${kind}`, is: `${order}` };
      const was = pageKindTraits[kind].compound && order > 0;
      return was === compound ? undefined : { was: was ? "a compound page" : "single frames", is: compound ? "a compound page" : "single frames" };
    }),
};

const referencesFitKind: Invariant = {
  id: "FC-25",
  title: "only mapped pages are pinned, only pages of the LRU are taken off it, and a freed page is still there only while someone refers to it or a pool keeps it",
  source: "mm/gup.c: try_grab_folio(); mm/vmscan.c: folio_isolate_lru(); mm/page_alloc.c: __free_pages(), v6.12",
  needs: ["allocations"],
  unless: [],
  find: (view) =>
    judgeAllocations(view, ({ kind, holds, pins, longTermPins, lruIsolated, freed, pool, lruBatch = "none" }) => {
      const traits = kind === "contig" || kind === "cma" ? undefined : pageKindTraits[kind];
      if (holds < 0 || pins < 0 || longTermPins < 0) return { was: "no count below 0", is: `${holds} holds, ${pins} pins, ${longTermPins} long-term pins` };
      if (traits?.mapped !== true && pins + longTermPins > 0) return { was: "not pinned, it is not mapped", is: `${pins} pins, ${longTermPins} long-term pins` };
      if (traits?.lru !== true && lruIsolated) return { was: "not on the LRU", is: "taken off the LRU" };
      if (traits === undefined && (holds > 0 || freed)) return { was: "no references of others", is: freed ? "freed" : `${holds} holds` };
      return freed && pool !== true && holds + pins + longTermPins === 0 && lruBatch === "none" ? { was: "gone, its owner freed it and nobody refers to it", is: "still there" } : undefined;
    }),
};

const inflatedIsTheDrivers: Invariant = {
  id: "FC-88",
  title: "an inflated page is a single page of a driver that can move it, and the driver has not freed it",
  source: "drivers/virtio/virtio_balloon.c: fill_balloon(), release_pages_balloon(); mm/balloon_compaction.c: balloon_page_alloc(), v6.12",
  needs: ["allocations"],
  unless: [],
  find: (view) =>
    judgeAllocations(view, ({ kind, order, freed, inflated }) => {
      if (inflated !== true || (kind === "driver-movable" && order === 0 && !freed)) return undefined;
      return { was: "a page of a driver that can move it, not freed", is: `${kind}${order === null ? "" : ` of order ${order}`}${freed ? ", freed" : ""}` };
    }),
};

const flagsFollowKind: Invariant = {
  id: "FC-26",
  title: "a frame is marked movable or unmovable exactly as the allocation that owns it, a memmap frame is unmovable, and others are neither",
  source: "mm/page_isolation.c: has_unmovable_pages(), v6.12",
  needs: ["allocations", "frames.use", "frames.flags"],
  unless: [],
  find: (view) => {
    const { use, flags } = given(view.frames);
    const rows = rowsOf(view);
    const owners = allocationOfRow(view);
    const list = given(view.allocations);
    const found = new FrameEvidence();
    for (let row = 0; row < rows.count; row++) {
      const is = (flags[row] ?? 0) & (FrameFlag.Movable | FrameFlag.Unmovable);
      const was = use[row] === FrameUse.Allocated ? markOf(list[(owners[row] ?? 0) - 1]) : use[row] === FrameUse.Memmap ? FrameFlag.Unmovable : 0;
      if (is !== was) found.add(rows.pfn(row), markName(was), markName(is), use[row] === FrameUse.Allocated ? allocationName(list[(owners[row] ?? 0) - 1]) : useName(use[row]));
    }
    return found.found;
  },
};

function markOf(owner: AllocationView | undefined): number {
  if (owner === undefined) return 0;
  return owner.kind !== "contig" && owner.kind !== "cma" && pageKindTraits[owner.kind].movable ? FrameFlag.Movable : FrameFlag.Unmovable;
}

function markName(mark: number): string {
  return mark === 0 ? "neither movable nor unmovable" : mark === FrameFlag.Movable ? "movable" : mark === FrameFlag.Unmovable ? "unmovable" : "movable and unmovable";
}

const movableZoneIsMovable: Invariant = {
  id: "HP-62",
  title: "zone Movable holds no memmap frame and no unmovable page but contiguous allocations",
  source: "Documentation/admin-guide/mm/memory-hotplug.rst, ZONE_MOVABLE; include/linux/mmzone.h: enum zone_type, v6.12; what cannot move keeps its block from going offline",
  needs: ["zones", "allocations", "frames.use", "frames.flags", "frames.zone"],
  unless: [],
  find: (view) => {
    const { use, flags, zone: link } = given(view.frames);
    const rows = rowsOf(view);
    const owners = allocationOfRow(view);
    const found = new FrameEvidence();
    for (let row = 0; row < rows.count; row++) {
      if (((flags[row] ?? 0) & FrameFlag.Unmovable) === 0 || view.zones?.[link[row] ?? NONE]?.type !== "Movable") continue;
      const owner = given(view.allocations)[(owners[row] ?? 0) - 1];
      if (owner === undefined || fromBuddy(owner)) found.add(rows.pfn(row), `movable, it is in ${zoneName(view, link[row])}`, "unmovable", owner === undefined ? useName(use[row]) : allocationName(owner));
    }
    return found.found;
  },
};

const buddyKeepsKernelOut: Invariant = {
  id: "PG-32",
  title: "an allocation in zone Movable is of a kind that may use it",
  source: "include/linux/gfp.h: gfp_zone(), v6.12",
  needs: ["zones", "allocations", "frames.zone"],
  unless: [],
  find: (view) => {
    const { zone: link } = given(view.frames);
    const rows = rowsOf(view);
    return judgeAllocations(view, ({ kind, ranges }) => {
      if (kind === "contig" || kind === "cma" || pageKindTraits[kind].highestZone === "Movable") return undefined;
      const row = rows.of(ranges[0]?.start ?? -1);
      const zone = row < 0 ? undefined : view.zones?.[link[row] ?? NONE];
      return zone?.type === "Movable" ? { was: `zone ${pageKindTraits[kind].highestZone} or lower, kind ${kind}`, is: zoneName(view, link[row]) } : undefined;
    });
  },
};

const cmaIsForMovable: Invariant = {
  id: "PG-33",
  title: "the frames of a CMA pageblock are used by CMA allocations and by pages of movable requests only",
  source: "mm/page_alloc.c: gfp_to_alloc_flags_cma(), v6.12; anything else can not be moved when the area is wanted",
  needs: ["pageblocks", "allocations", "frames.use"],
  unless: ["KD-1", "KD-2"],
  find: (view) => {
    const { use } = given(view.frames);
    const rows = rowsOf(view);
    const owners = allocationOfRow(view);
    const types = typeOfRow(view);
    const found = new FrameEvidence();
    for (let row = 0; row < rows.count; row++) {
      if (types[row] !== cmaCode || (use[row] !== FrameUse.Allocated && use[row] !== FrameUse.Memmap)) continue;
      const owner = given(view.allocations)[(owners[row] ?? 0) - 1];
      const may = use[row] === FrameUse.Allocated && owner !== undefined && owner.kind !== "contig" && (owner.kind === "cma" || pageKindTraits[owner.kind].migratetype === "Movable");
      if (!may) found.add(rows.pfn(row), "a CMA allocation or a movable request, the pageblock is CMA", owner === undefined ? useName(use[row]) : allocationName(owner));
    }
    return found.found;
  },
};

const pinsStayOut: Invariant = {
  id: "FC-27",
  title: "a page with a long-term pin is not in zone Movable and not in a CMA pageblock",
  source: "include/linux/mm.h: folio_is_longterm_pinnable(), v6.12; it would keep the memory from going offline, or the area from being used, for good",
  needs: ["zones", "pageblocks", "allocations", "frames.zone"],
  unless: ["KD-1", "KD-2"],
  find: (view) => {
    const { zone: link } = given(view.frames);
    const rows = rowsOf(view);
    const types = typeOfRow(view);
    return judgeAllocations(view, ({ longTermPins, ranges }) => {
      if (longTermPins === 0) return undefined;
      for (const { start, nrPages } of ranges) {
        for (let pfn = start + 0; pfn < start + nrPages; pfn++) {
          const row = rows.of(pfn);
          if (row < 0) continue;
          if (view.zones?.[link[row] ?? NONE]?.type === "Movable") return { was: "a zone up to Normal, it is pinned for long", is: zoneName(view, link[row]) };
          if (types[row] === cmaCode) return { was: "outside CMA, it is pinned for long", is: "a CMA pageblock" };
        }
      }
      return undefined;
    });
  },
};

export const allocationInvariants: readonly Invariant[] = [ownedOnce, rangesAreCoalesced, orderOfKind, referencesFitKind, inflatedIsTheDrivers, flagsFollowKind, movableZoneIsMovable, buddyKeepsKernelOut, cmaIsForMovable, pinsStayOut];

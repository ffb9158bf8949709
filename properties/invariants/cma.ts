/**
 * CMA areas: bitmap, pageblocks, and the frames in between.
 */
import { FrameUse, hex, pageKindTraits, rangeContains, toPfn } from "../../models/index.ts";
import type { AllocationView, CmaAreaView, Pfn, View } from "../../models/index.ts";
import { allocationOfRow, isUnused, pageblockStarts, pageblockTypes, rowsOf } from "../derived.ts";
import { FrameEvidence, allocationName, allocationPlace, useName, zoneName } from "../evidence.ts";
import { given, perView } from "../per-view.ts";
import type { Evidence, Invariant } from "../rule.ts";

function areaName({ area, base }: CmaAreaView): string {
  return `CMA area ${area} at ${hex(base)}`;
}

interface AreaUse {
  readonly area: CmaAreaView;
  /** How many allocations each bit is set for. */
  readonly taken: readonly number[];
  /** CMA allocations that lie across a border of the area or do not begin at a bit. */
  readonly misplaced: readonly AllocationView[];
}

/** The bits that the live CMA allocations of each area stand for. */
const useOfAreas: (view: View) => readonly AreaUse[] = perView((view) =>
  given(view.cma).map((area) => {
    const size = 2 ** area.orderPerBit;
    const taken = Array.from({ length: area.nrPages / size }, () => 0);
    const misplaced: AllocationView[] = [];
    for (const allocation of given(view.allocations)) {
      const [range] = allocation.ranges;
      if (allocation.kind !== "cma" || range === undefined || !rangeContains({ start: area.base, nrPages: area.nrPages }, range.start)) continue;
      const first = (range.start - area.base) / size;
      const nrBits = Math.ceil(range.nrPages / size);
      if (!Number.isInteger(first) || first + nrBits > taken.length || allocation.ranges.length > 1) misplaced.push(allocation);
      else for (let bit = first; bit < first + nrBits; bit++) taken[bit] = (taken[bit] ?? 0) + 1;
    }
    return { area, taken, misplaced };
  }),
);

const bitmapFollows: Invariant = {
  id: "PG-42",
  title: "a bit of a CMA area is set exactly if one live allocation of the area needs it",
  source: "mm/cma.c: cma_alloc(), cma_release(), v6.12",
  needs: ["cma", "allocations"],
  unless: [],
  find: (view) => {
    const found: Evidence[] = [];
    for (const { area, taken, misplaced } of useOfAreas(view)) {
      for (const allocation of misplaced) found.push({ pfn: allocation.ranges[0]?.start ?? area.base, where: areaName(area), was: "from a bit of the area on, and inside it", is: "elsewhere", owner: allocationName(allocation) });
      const wanted = taken.map((count) => (count === 0 ? "0" : count === 1 ? "1" : "2")).join("");
      if (wanted !== area.bitmap) found.push({ where: areaName(area), was: `${wanted}${wanted.includes("2") ? " (2: taken twice)" : ""}`, is: area.bitmap });
    }
    return found;
  },
};

/** Frames of areas that no CMA allocation owns and that are of no use to the area's allocations to come. */
function judgeUnowned(view: View, bit: "0" | "1"): readonly Evidence[] {
  const { use } = given(view.frames);
  const rows = rowsOf(view);
  const owners = allocationOfRow(view);
  const found = new FrameEvidence();
  for (const area of given(view.cma)) {
    for (let index = 0; index < area.nrPages; index++) {
      if (area.bitmap[Math.floor(index / 2 ** area.orderPerBit)] !== bit) continue;
      const pfn = toPfn(area.base + index);
      const row = rows.of(pfn);
      if (row < 0) continue;
      const owner = given(view.allocations)[(owners[row] ?? 0) - 1];
      if (owner?.kind === "cma") {
        if (bit === "0") found.add(pfn, "of no CMA allocation, the bit is clear", `of ${allocationName(owner)}`, areaName(area));
        continue;
      }
      const movable = owner !== undefined && owner.kind !== "contig" && pageKindTraits[owner.kind].migratetype === "Movable";
      const free = isUnused(use[row]) || use[row] === FrameUse.Poisoned || use[row] === FrameUse.Limbo;
      if (!movable && !free) found.add(pfn, `free, poisoned or of a movable page, ${bit === "0" ? "the bit is clear" : "the allocation does not reach so far"}`, owner === undefined ? useName(use[row]) : allocationName(owner), areaName(area));
    }
  }
  return found.found;
}

const surplusIsUsable: Invariant = {
  id: "PG-43",
  title: "the frames of a taken bit that its allocation does not need are free or of movable pages",
  source: "mm/cma.c: cma_bitmap_pages_to_bits(), v6.12",
  needs: ["cma", "allocations", "frames.use"],
  unless: ["KD-1", "KD-2"],
  find: (view) => judgeUnowned(view, "1"),
};

const clearIsUsable: Invariant = {
  id: "PG-46",
  title: "the frames of a clear bit are free or of movable pages",
  source: "mm/cma.c: cma_alloc(), v6.12; the next allocation has to get them",
  needs: ["cma", "allocations", "frames.use"],
  unless: ["KD-1", "KD-2"],
  find: (view) => judgeUnowned(view, "0"),
};

const areaIsCma: Invariant = {
  id: "PG-44",
  title: "every pageblock of a CMA area is CMA, or isolated for now",
  source: "mm/mm_init.c: init_cma_reserved_pageblock(), v6.12",
  needs: ["cma", "pageblocks"],
  unless: ["KD-1", "KD-2"],
  find: (view) => {
    const types = pageblockTypes(view);
    const found = new FrameEvidence();
    for (const area of given(view.cma)) {
      for (const start of pageblockStarts(view, { start: area.base, nrPages: area.nrPages })) {
        const type = types.get(start);
        if (type !== "CMA" && type !== "Isolate") found.add(start, "pageblock CMA", type === undefined ? "not online" : `pageblock ${type}`, areaName(area));
      }
    }
    return found.found;
  },
};

const onlyAreasAreCma: Invariant = {
  id: "FC-28",
  title: "only pageblocks of CMA areas are CMA",
  source: "mm/cma.c: cma_activate_area(), v6.12",
  needs: ["cma", "pageblocks"],
  unless: ["KD-1", "KD-2"],
  find: (view) => {
    const found = new FrameEvidence();
    for (const { start, type } of given(view.pageblocks)) if (type === "CMA" && !inArea(view, start)) found.add(start, "not CMA, it is in no area", "CMA");
    return found.found;
  },
};

function inArea(view: View, pfn: Pfn): boolean {
  return given(view.cma).some(({ base, nrPages }) => rangeContains({ start: base, nrPages }, pfn));
}

const areasGetCmaBack: Invariant = {
  id: "FC-41",
  title: "an isolated pageblock gets CMA back exactly if it is of a CMA area",
  source: "the contract; mm/cma.c: cma_alloc(), v6.12 asks for CMA again, so that the area keeps its pageblocks",
  needs: ["cma", "pageblocks.savedType"],
  unless: ["KD-1", "KD-2"],
  find: (view) => {
    const found = new FrameEvidence();
    for (const { start, type, savedType } of given(view.pageblocks)) {
      if (type === "Isolate" && (savedType === "CMA") !== inArea(view, start)) found.add(start, inArea(view, start) ? "to become CMA again, it is of an area" : "not to become CMA, it is in no area", `to become ${savedType}`);
    }
    return found.found;
  },
};

const cmaAllocationInArea: Invariant = {
  id: "FC-29",
  title: "every CMA allocation lies in a CMA area",
  source: "mm/cma.c: cma_alloc(), v6.12",
  needs: ["cma", "allocations"],
  unless: [],
  find: (view) => {
    const found: Evidence[] = [];
    for (const allocation of given(view.allocations)) {
      const [range] = allocation.ranges;
      if (allocation.kind !== "cma" || range === undefined) continue;
      if (!inArea(view, range.start)) found.push({ ...allocationPlace(allocation), was: "in a CMA area", is: "in none" });
    }
    return found;
  },
};

const areaInOneZone: Invariant = {
  id: "FC-49",
  title: "the frames of a CMA area link to one zone",
  source: "mm/cma.c: cma_activate_area(), v6.12; an area that does not lie in one zone is not activated and has no frames",
  needs: ["cma", "frames.zone"],
  unless: [],
  find: (view) => {
    const { zone } = given(view.frames);
    const rows = rowsOf(view);
    const found = new FrameEvidence();
    for (const area of given(view.cma)) {
      const first = zone[rows.of(area.base)];
      for (let index = 1; index < area.nrPages; index++) {
        const pfn = toPfn(area.base + index);
        const is = zone[rows.of(pfn)];
        if (is !== first) found.add(pfn, zoneName(view, first), zoneName(view, is), areaName(area));
      }
    }
    return found.found;
  },
};

export const cmaInvariants: readonly Invariant[] = [bitmapFollows, surplusIsUsable, areaIsCma, clearIsUsable, onlyAreasAreCma, areasGetCmaBack, cmaAllocationInArea, areaInOneZone];

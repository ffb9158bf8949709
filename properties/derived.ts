/**
 * Indexes of a view that several rules look things up in, computed once for each view.
 *
 * All indexes come from the facts of the view alone; a counter of the view is never used to compute one.
 */
import { FrameUse, NONE, blockPages, migratetypes, pageblockPages, pfnRange, rangeEnd, toPfn, zoneTypes } from "../models/index.ts";
import type { AllocationView, BlockView, FrameTable, Migratetype, Pfn, PfnRange, SectionView, View, ZoneIndex, ZoneView } from "../models/index.ts";
import { filled, given, perView } from "./per-view.ts";

/** Index of the last entry of an ascending list that is not above x; -1 where all are. */
function lastUpTo(list: readonly number[], x: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((list[middle] ?? 0) <= x) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The frames that drivers keep of their devices. */
export function keptByDrivers({ devices = [] }: View): readonly PfnRange[] {
  return devices.flatMap(({ range, altmap }) => (altmap === undefined || altmap.reserve === 0 ? [] : [pfnRange(range.start, altmap.reserve)]));
}

/** Rows of the frame table: its frames, one after the other. */
export interface Rows {
  readonly table: FrameTable;
  readonly count: number;
  /** The row of a frame; -1 where the table does not have it. */
  readonly of: (pfn: number) => number;
  readonly pfn: (row: number) => Pfn;
}

export const rowsOf: (view: View) => Rows = perView((view) => {
  const table = given(view.frames);
  const starts: number[] = [];
  const ends: number[] = [];
  const firstRows: number[] = [];
  let count = 0;
  for (const { start, nrPages } of table.ranges) {
    starts.push(start);
    ends.push(start + nrPages);
    firstRows.push(count);
    count += nrPages;
  }
  return {
    table,
    count,
    of: (pfn) => {
      const at = lastUpTo(starts, pfn);
      return at >= 0 && pfn < (ends[at] ?? 0) ? (firstRows[at] ?? 0) + pfn - (starts[at] ?? 0) : -1;
    },
    pfn: (row) => {
      const at = lastUpTo(firstRows, row);
      return toPfn((starts[at] ?? 0) + row - (firstRows[at] ?? 0));
    },
  };
});

/** Calls `visit` for each run of rows that holds frames of the range, in order. Frames that the table lacks are left out. */
export function eachRun(view: View, start: number, nrPages: number, visit: (firstRow: number, firstPfn: number, count: number) => void): void {
  let firstRow = 0;
  for (const range of given(view.frames).ranges) {
    const from = Math.max(range.start, start);
    const to = Math.min(range.start + range.nrPages, start + nrPages);
    if (from < to) visit(firstRow + from - range.start, from, to - from);
    firstRow += range.nrPages;
  }
}

/** Memory of an online section: someone accounts for the frame in the present pages of its zone. */
export function isOnlineMemory(use: number | undefined): boolean {
  return use !== undefined && ((use >= FrameUse.Reserved && use <= FrameUse.Limbo) || use === FrameUse.Guard);
}

/** The frame is counted in the managed pages of its zone. */
export function isManaged(use: number | undefined): boolean {
  return use === FrameUse.Free || use === FrameUse.Pcp || use === FrameUse.Allocated || use === FrameUse.Memmap || use === FrameUse.Poisoned || use === FrameUse.Limbo || use === FrameUse.Guard;
}

/** The allocator has the frame and nobody uses it: free, on a per-CPU list, or a guard page. */
export function isUnused(use: number | undefined): boolean {
  return use === FrameUse.Free || use === FrameUse.Pcp || use === FrameUse.Guard;
}

/** What the section says of a frame, as bits. */
export const Place = { Present: 1, HasMemMap: 2, Online: 4, Early: 8, Taint: 16, Added: 32 } as const;

/** The `Place` bits of each row; 0 where no section covers it. `Added`: the frame's subsection is set. */
export const placeOfRow: (view: View) => readonly number[] = perView((view) => {
  const { sectionPages, subsectionPages } = view.geometry;
  const places = filled(rowsOf(view).count, 0);
  for (const { section, present, hasMemMap, online, early, taint, subsectionMap } of given(view.sections)) {
    const bits = (present ? Place.Present : 0) + (hasMemMap ? Place.HasMemMap : 0) + (online ? Place.Online : 0) + (early ? Place.Early : 0) + (taint ? Place.Taint : 0);
    const start = section * sectionPages;
    eachRun(view, start, sectionPages, (firstRow, firstPfn, count) => {
      for (let index = 0; index < count; index++) {
        const added = subsectionMap[Math.floor((firstPfn - start + index) / subsectionPages)] === "1";
        places[firstRow + index] = bits + (added ? Place.Added : 0);
      }
    });
  }
  return places;
});

/** Frames of each zone, counted one by one. */
export interface ZoneCounts {
  /** Of online memory. */
  readonly online: readonly number[];
  readonly managed: readonly number[];
}

export const zoneCounts: (view: View) => ZoneCounts = perView((view) => {
  const { use, zone } = given(view.frames);
  const nrZones = given(view.zones).length;
  const online = filled(nrZones, 0);
  const managed = filled(nrZones, 0);
  for (let row = 0; row < use.length; row++) {
    const link = zone[row] ?? NONE;
    if (link >= nrZones || !isOnlineMemory(use[row])) continue;
    online[link] = (online[link] ?? 0) + 1;
    if (isManaged(use[row])) managed[link] = (managed[link] ?? 0) + 1;
  }
  return { online, managed };
});

/** Inflated frames of each zone. They are out of the managed pages, whatever else they are. */
export const inflatedCounts: (view: View) => readonly number[] = perView((view) => {
  const { zone } = given(view.frames);
  const counts = filled(given(view.zones).length, 0);
  for (const { inflated, ranges } of view.allocations ?? []) {
    if (inflated !== true) continue;
    for (const { start, nrPages } of ranges) {
      eachRun(view, start, nrPages, (firstRow, _pfn, count) => {
        for (let row = firstRow; row < firstRow + count; row++) {
          const link = zone[row] ?? NONE;
          if (link < counts.length) counts[link] = (counts[link] ?? 0) + 1;
        }
      });
    }
  }
  return counts;
});

/** Frames of online memory in early sections, for each zone. */
export const earlyCounts: (view: View) => readonly number[] = perView((view) => {
  const { use, zone } = given(view.frames);
  const places = placeOfRow(view);
  const counts = filled(given(view.zones).length, 0);
  for (let row = 0; row < use.length; row++) {
    const link = zone[row] ?? NONE;
    if (link < counts.length && ((places[row] ?? 0) & Place.Early) !== 0 && isOnlineMemory(use[row])) counts[link] = (counts[link] ?? 0) + 1;
  }
  return counts;
});

/** Marks the rows of a range with the entry that covers it, as index + 1. */
function cover(view: View, rows: number[], entry: number, start: number, nrPages: number): void {
  const first = rowsOf(view).of(start);
  if (first >= 0 && (nrPages === 1 || rowsOf(view).of(start + nrPages - 1) === first + nrPages - 1)) rows.fill(entry + 1, first, first + nrPages);
  else eachRun(view, start, nrPages, (firstRow, _pfn, count) => rows.fill(entry + 1, firstRow, firstRow + count));
}

function blocksCover(view: View, list: readonly { readonly pfn: Pfn; readonly order: number }[]): readonly number[] {
  const rows = filled(rowsOf(view).count, 0);
  for (let entry = 0; entry < list.length; entry++) {
    const block = list[entry];
    if (block !== undefined) cover(view, rows, entry, block.pfn, 2 ** block.order);
  }
  return rows;
}

/** The free block on each row, as index in `freeBlocks` + 1; 0 where there is none. Where two are, the later one. */
export const freeBlockOfRow: (view: View) => readonly number[] = perView((view) => blocksCover(view, given(view.freeBlocks)));

/** The per-CPU entry on each row, as index in `pcp` + 1. */
export const pcpOfRow: (view: View) => readonly number[] = perView((view) => blocksCover(view, given(view.pcp)));

/** The allocation on each row, as index in `allocations` + 1. */
export const allocationOfRow: (view: View) => readonly number[] = perView((view) => {
  const rows = filled(rowsOf(view).count, 0);
  for (const [entry, { ranges }] of given(view.allocations).entries()) for (const { start, nrPages } of ranges) cover(view, rows, entry, start, nrPages);
  return rows;
});

/** The device on each row, as index in `devices` + 1. */
export const deviceOfRow: (view: View) => readonly number[] = perView((view) => {
  const rows = filled(rowsOf(view).count, 0);
  for (const [entry, { range }] of given(view.devices).entries()) cover(view, rows, entry, range.start, range.nrPages);
  return rows;
});

/** Type of the pageblock around each row, as index in `migratetypes`; NONE where there is no pageblock. */
export const typeOfRow: (view: View) => readonly number[] = perView((view) => {
  const size = pageblockPages(view.geometry);
  const rows = filled(rowsOf(view).count, NONE);
  for (const { start, type } of given(view.pageblocks)) {
    const first = rowsOf(view).of(start);
    if (first >= 0) rows.fill(typeCode(type), first, first + size);
  }
  return rows;
});

/** The code of a migratetype in `typeOfRow`. */
export function typeCode(type: Migratetype): number {
  return migratetypes.indexOf(type);
}

export const isolateCode: number = typeCode("Isolate");
export const cmaCode: number = typeCode("CMA");

/** Types of pageblocks by their first frame. */
export const pageblockTypes: (view: View) => ReadonlyMap<number, Migratetype> = perView((view) => new Map(given(view.pageblocks).map(({ start, type }) => [start, type])));

/** The type of the pageblock around a frame; undefined where its section is not online, and where the view tells no types. */
export function typeAt(view: View, pfn: number): Migratetype | undefined {
  return view.pageblocks === undefined ? undefined : pageblockTypes(view).get(pfn - (pfn % pageblockPages(view.geometry)));
}

export const sectionsByNumber: (view: View) => ReadonlyMap<number, SectionView> = perView((view) => new Map(given(view.sections).map((section) => [section.section, section])));

export function sectionAt(view: View, pfn: number): SectionView | undefined {
  return sectionsByNumber(view).get(Math.floor(pfn / view.geometry.sectionPages));
}

export const blocksById: (view: View) => ReadonlyMap<number, BlockView> = perView((view) => new Map(given(view.blocks).map((block) => [block.block, block])));

export function blockAt(view: View, pfn: number): BlockView | undefined {
  return blocksById(view).get(Math.floor(pfn / blockPages(view.geometry)));
}

export const allocationsById: (view: View) => ReadonlyMap<number, AllocationView> = perView((view) => new Map(given(view.allocations).map((allocation) => [allocation.id, allocation])));

/** Blocks that a half-done online or offline task works on. */
export const taskOfBlock: (view: View) => ReadonlyMap<number, "online" | "offline"> = perView((view) => {
  const size = blockPages(view.geometry);
  const held = new Map<number, "online" | "offline">();
  for (const { op, range } of given(view.tasks)) if (op !== "alloc-contig") held.set(Math.floor(range.start / size), op);
  return held;
});

/** First frames of the pageblocks that a range touches: from that of its first frame to that of its last. */
export function pageblockStarts(view: View, { start, nrPages }: PfnRange): readonly Pfn[] {
  const size = pageblockPages(view.geometry);
  const starts: Pfn[] = [];
  for (let pfn = start - (start % size); pfn < start + nrPages; pfn += size) starts.push(toPfn(pfn));
  return starts;
}

export function zoneAt(view: View, index: ZoneIndex | null | undefined): ZoneView | undefined {
  return index === null || index === undefined ? undefined : view.zones?.[index];
}

export function spans(zone: { readonly start: number; readonly spanned: number }, pfn: number): boolean {
  return pfn >= zone.start && pfn < zone.start + zone.spanned;
}

/**
 * Whether the span of the zone with this index has to reach this frame of it. Linux find_smallest_section_pfn() and
 * find_biggest_section_pfn(), mm/memory_hotplug.c, v6.12, look at one frame of each subsection, the first or the last: where
 * one of them is of another zone, the rest of the subsection may fall out of the span.
 */
export function mustSpan(view: View, index: ZoneIndex, pfn: number): boolean {
  const { subsectionPages } = view.geometry;
  const { zone } = given(view.frames);
  const first = pfn - (pfn % subsectionPages);
  return [first, first + subsectionPages - 1].every((probed) => {
    const row = rowsOf(view).of(probed);
    return row < 0 || zone[row] === index;
  });
}

/** Frames of a zone that its span may leave out: the rest of a subsection at either end that the zone shares with another (mustSpan). */
export function outsideSpan(view: View): number {
  return 2 * (view.geometry.subsectionPages - 1);
}

export function intersects(zone: { readonly start: number; readonly spanned: number }, range: PfnRange): boolean {
  return zone.spanned > 0 && range.start < zone.start + zone.spanned && zone.start < rangeEnd(range);
}

/** Index in the order of zone types, which is that of the kernel. */
export function zoneRank(zone: ZoneView): number {
  return zoneTypes.indexOf(zone.type);
}

/** DMA, DMA32 and Normal: zones that N_NORMAL_MEMORY counts. */
export function isNormalOrBelow(zone: ZoneView): boolean {
  return zoneRank(zone) <= zoneTypes.indexOf("Normal");
}

/**
 * Which memory was there at boot, as far as the files tell.
 *
 * The kernel shows no flag for it. The counters of vmstat tell how many sections got their memmap at boot; iomem tells which
 * RAM a driver added, and which has an end inside a memory block, as only firmware leaves it. Where both together leave
 * one answer, that is it.
 */
import { blockPages as pagesOfBlock, memmapPages, rangeEnd } from "../../models/index.ts";
import type { Geometry } from "../../models/index.ts";
import type { Layout } from "./layout.ts";
import { isOnline } from "./layout.ts";
import type { SystemFiles } from "./read-system.ts";

/** What the memmap counters say, if they are the memmap of whole sections. */
export interface MemmapCounters {
  readonly structPageBytes: number;
  /** Sections with a memmap from boot. */
  readonly early: number;
  /** Sections of RAM. */
  readonly sections: number;
}

/** Bytes of struct page that kernels are built with; the most common one first. */
const structPageSizes = [64, 56, 72, 80, 96, 128] as const;

/** Sections that hold RAM of a memory block, ascending, and the index of the block. */
export function ramSections(layout: Layout, sectionPages: number): ReadonlyMap<number, number> {
  const indexes = new Map(layout.blocks.map(({ block }, index) => [block, index]));
  const sections = new Map<number, number>();
  for (const range of layout.ram) {
    for (let nr = Math.floor(range.start / sectionPages); nr * sectionPages < rangeEnd(range); nr++) {
      const index = indexes.get(Math.floor((nr * sectionPages) / layout.blockPages));
      if (index !== undefined) sections.set(nr, index);
    }
  }
  return sections;
}

/**
 * memmap_boot_pages_add() for each early section, memmap_pages_add() for each added one, mm/sparse.c and
 * mm/sparse-vmemmap.c, v6.12. Page extensions (mm/page_ext.c) add to the second counter the same amount for every online section.
 * null: no size of struct page makes whole sections of the counters.
 */
export function memmapCounters(files: SystemFiles, layout: Layout, geometry: Geometry): MemmapCounters | null {
  if (!files.vmstat.available) return null;
  const boot = files.vmstat.value.get("nr_memmap_boot_pages");
  const added = files.vmstat.value.get("nr_memmap_pages");
  if (boot === undefined || added === undefined) return null;
  const sections = ramSections(layout, geometry.sectionPages);
  const online = [...sections.values()].filter((index) => isOnline(layout.blocks[index])).length;
  for (const structPageBytes of structPageSizes) {
    const each = memmapPages({ ...geometry, structPageBytes }, geometry.sectionPages);
    const early = boot / each;
    const extension = added - (sections.size - early) * each;
    if (Number.isInteger(early) && early <= sections.size && extension >= 0 && (extension === 0 || extension % online === 0)) return { structPageBytes, early, sections: sections.size };
  }
  return null;
}

/** For each block of the layout: was it there at boot? null: not known. */
export function bootBlocks(files: SystemFiles, layout: Layout, geometry: Geometry, counters: MemmapCounters | null): readonly (boolean | null)[] {
  if (!files.iomem.available) return layout.blocks.map(() => null);
  const { sectionPages, pageBytes } = geometry;
  const blockBytes = pagesOfBlock(geometry) * pageBytes;
  const fromBoot = new Set<number>();
  const added = new Set<number>();
  const sections = ramSections(layout, sectionPages);
  for (const { start, end, driver } of files.iomem.value.ram) {
    const ragged = start % blockBytes !== 0 || end % blockBytes !== 0;
    if (driver === null && !ragged) continue;
    for (let nr = Math.floor(start / pageBytes / sectionPages); nr * sectionPages * pageBytes < end; nr++) (driver === null ? fromBoot : added).add(nr);
  }
  if (counters !== null && fromBoot.size === counters.early) for (const nr of sections.keys()) if (!fromBoot.has(nr)) added.add(nr);
  if (counters !== null && sections.size - added.size === counters.early) for (const nr of sections.keys()) if (!added.has(nr)) fromBoot.add(nr);
  const boot: (boolean | null)[] = layout.blocks.map(() => null);
  const unknown = new Set<number>();
  for (const [nr, index] of sections) {
    if (fromBoot.has(nr)) boot[index] = true;
    else if (!added.has(nr)) unknown.add(index);
    else boot[index] ??= false;
  }
  return boot.map((known, index) => (known === false && unknown.has(index) ? null : known));
}

/**
 * The sizes that memory hotplug works with, each an independent input.
 *
 * In Linux they are constants of the architecture and the configuration (include/linux/mmzone.h,
 * include/linux/pageblock-flags.h, arch/<arch>/include/asm/sparsemem.h, v6.12). Here they are data, because the bugs live where
 * they are unusual: a largest order far above the pageblock order, a pageblock larger than a subsection, a block of
 * several sections.
 */
import { isPowerOfTwo } from "./pfn.ts";

/** The sizes of one machine. Counts are in frames unless the name says otherwise. */
export interface Geometry {
  /** Bytes of one frame: PAGE_SIZE. */
  readonly pageBytes: number;
  /** Bytes of one `struct page`. */
  readonly structPageBytes: number;
  /** pageblock_order: frames of one pageblock are 2^this. The unit of migratype and of isolation. */
  readonly pageblockOrder: number;
  /** MAX_PAGE_ORDER, inclusive: the largest free block has 2^this frames. */
  readonly maxPageOrder: number;
  /** PAGES_PER_SUBSECTION: the smallest range that can be added to a section. */
  readonly subsectionPages: number;
  /** PAGES_PER_SECTION. */
  readonly sectionPages: number;
  /** Sections of one memory block, the unit of online and offline. */
  readonly blockSections: number;
  /** Frames that one PMD entry maps. A memmap is built in chunks of this size, and hosted only in multiples of it. */
  readonly pmdPages: number;
}

/** Frames of one pageblock. */
export function pageblockPages(geometry: Geometry): number {
  return 2 ** geometry.pageblockOrder;
}

/** Frames of the largest free block. */
export function maxOrderPages(geometry: Geometry): number {
  return 2 ** geometry.maxPageOrder;
}

/** Frames of one memory block. */
export function blockPages(geometry: Geometry): number {
  return geometry.sectionPages * geometry.blockSections;
}

/** Frames that the memmap of n frames fills, rounded up to whole frames. */
export function memmapPages(geometry: Geometry, nrPages: number): number {
  return Math.ceil((nrPages * geometry.structPageBytes) / geometry.pageBytes);
}

/** One rule that a geometry keeps, and whether this one does. */
export interface GeometryRule {
  readonly id: string;
  readonly title: string;
  readonly source: string;
  readonly holds: (geometry: Geometry) => boolean;
}

const sizes = ["pageBytes", "structPageBytes", "subsectionPages", "sectionPages", "blockSections", "pmdPages"] as const;

/** The rules in the order in which they are tested. A geometry that breaks one is bad input, never a counterexample. */
export const geometryRules: readonly GeometryRule[] = [
  {
    id: "G0",
    title: "every size is a power of two, and orders are whole numbers",
    source: "definitions",
    holds: (g) => sizes.every((size) => isPowerOfTwo(g[size])) && Number.isSafeInteger(g.pageblockOrder) && Number.isSafeInteger(g.maxPageOrder),
  },
  {
    id: "G1",
    title: "the largest free block fits in a section: 2^maxPageOrder <= sectionPages",
    source: "include/linux/mmzone.h, build error",
    holds: (g) => maxOrderPages(g) <= g.sectionPages,
  },
  {
    id: "G2",
    title: "a subsection fits in a section: subsectionPages <= sectionPages",
    source: "include/linux/mmzone.h, build error",
    holds: (g) => g.subsectionPages <= g.sectionPages,
  },
  {
    id: "G3",
    title: "2 <= pageblockOrder <= maxPageOrder",
    source: "include/linux/pageblock-flags.h; the lower bound is the model's, below it claim thresholds degenerate",
    holds: (g) => g.pageblockOrder >= 2 && g.pageblockOrder <= g.maxPageOrder,
  },
  {
    id: "G4",
    title: "a memory block is at least one section",
    source: "drivers/base/memory.c: memory_dev_init()",
    holds: (g) => g.blockSections >= 1,
  },
  {
    id: "G7",
    title: "the memmap of a section fills at least one frame and less than the section",
    source: "mm/sparse-vmemmap.c; below one frame two sections would share a memmap frame",
    holds: (g) => (g.sectionPages * g.structPageBytes) % g.pageBytes === 0 && g.structPageBytes < g.pageBytes,
  },
];

/** The first rule that the geometry breaks, or undefined. */
export function brokenGeometryRule(geometry: Geometry): GeometryRule | undefined {
  return geometryRules.find((rule) => !rule.holds(geometry));
}

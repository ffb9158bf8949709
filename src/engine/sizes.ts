/** The numbers that the engine computes with, once per machine. */
import { blockPages, maxOrderPages, pageblockPages } from "../../models/index.ts";
import type { Geometry } from "../../models/index.ts";
import { orderLimit } from "./layout.ts";

export interface Sizes {
  readonly pageblockOrder: number;
  readonly pageblockPages: number;
  readonly maxOrder: number;
  readonly maxOrderPages: number;
  readonly subsectionPages: number;
  readonly sectionPages: number;
  readonly sectionSubsections: number;
  readonly sectionPageblocks: number;
  readonly blockPages: number;
  readonly blockSections: number;
  readonly pmdPages: number;
  /** Highest order of a per-CPU entry: min(PAGE_ALLOC_COSTLY_ORDER, pageblock order). */
  readonly pcpMaxOrder: number;
}

/** Throws for sections so large that the frame bytes of one could not be addressed. */
export function sizesOf(geometry: Geometry): Sizes {
  if (geometry.sectionPages > 2 ** (orderLimit - 1)) throw new RangeError(`the engine holds sections of at most 2^${orderLimit - 1} frames, got ${geometry.sectionPages}`);
  return {
    pageblockOrder: geometry.pageblockOrder,
    pageblockPages: pageblockPages(geometry),
    maxOrder: geometry.maxPageOrder,
    maxOrderPages: maxOrderPages(geometry),
    subsectionPages: geometry.subsectionPages,
    sectionPages: geometry.sectionPages,
    sectionSubsections: geometry.sectionPages / geometry.subsectionPages,
    sectionPageblocks: geometry.sectionPages / pageblockPages(geometry),
    blockPages: blockPages(geometry),
    blockSections: geometry.blockSections,
    pmdPages: geometry.pmdPages,
    pcpMaxOrder: Math.min(3, geometry.pageblockOrder),
  };
}

/**
 * What a request for each page kind asks of the allocator, and what the page is afterwards.
 *
 * The combinations are those of include/linux/gfp_types.h and include/linux/gfp.h, v6.12: HIGHUSER_MOVABLE and TRANSHUGE may
 * use zone Movable, HIGHUSER and KERNEL stop at Normal; MOVABLE asks for migratetype Movable, RECLAIMABLE for
 * Reclaimable, neither for Unmovable.
 */
import type { PageKind, ZoneType } from "./command.ts";
import type { Geometry } from "./geometry.ts";
import type { Order } from "./pfn.ts";
import type { Migratetype } from "./view.ts";

export interface PageKindTraits {
  /** Migratetype of the request. */
  readonly migratetype: Extract<Migratetype, "Unmovable" | "Movable" | "Reclaimable">;
  /** Highest zone of the request, before a zone modifier lowers it. */
  readonly highestZone: Extract<ZoneType, "Normal" | "Movable">;
  /** `alloc` takes the zone modifier into account. */
  readonly takesZoneModifier: boolean;
  readonly minOrder: Order;
  /** "pageblock": up to pageblockOrder. "max": up to maxPageOrder. */
  readonly maxOrder: 0 | "pageblock" | "max";
  /** From order 1 on the frames are one compound page. */
  readonly compound: boolean;
  /** On the LRU, unless someone isolated it. */
  readonly lru: boolean;
  /** Can be migrated in principle. */
  readonly movable: boolean;
  /** Mapped into a process, so that it can be pinned. */
  readonly mapped: boolean;
}

const user: PageKindTraits = { migratetype: "Movable", highestZone: "Movable", takesZoneModifier: false, minOrder: 0, maxOrder: 0, compound: false, lru: true, movable: true, mapped: true };
const kernel: PageKindTraits = { migratetype: "Unmovable", highestZone: "Normal", takesZoneModifier: true, minOrder: 0, maxOrder: "max", compound: false, lru: false, movable: false, mapped: false };

export const pageKindTraits: Readonly<Record<PageKind, PageKindTraits>> = {
  user,
  file: user,
  folio: { ...user, minOrder: 1, maxOrder: "pageblock", compound: true },
  hugetlb: { ...user, minOrder: 1, maxOrder: "pageblock", compound: true, lru: false },
  "hugetlb-fixed": { ...user, migratetype: "Unmovable", highestZone: "Normal", minOrder: 1, maxOrder: "pageblock", compound: true, lru: false, movable: false },
  "driver-movable": { ...user, lru: false, mapped: false },
  kernel,
  slab: { ...kernel, compound: true },
  "slab-reclaimable": { ...kernel, migratetype: "Reclaimable", compound: true },
  "page-table": { ...kernel, maxOrder: 0 },
};

/** Whether `alloc` can be asked for a block of this order for this kind. */
export function orderFits(geometry: Geometry, kind: PageKind, order: Order): boolean {
  const traits = pageKindTraits[kind];
  const max = traits.maxOrder === "pageblock" ? geometry.pageblockOrder : traits.maxOrder === "max" ? geometry.maxPageOrder : traits.maxOrder;
  return order >= traits.minOrder && order <= max;
}

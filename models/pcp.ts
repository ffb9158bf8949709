/**
 * Per-CPU page lists: frames that are free to the allocator and not in the buddy.
 *
 * Linux mm/page_alloc.c, v6.12, reduced to what can be told apart from outside: one list a zone; whether a free goes there is
 * the caller's word; refills by the allocator are left out (docs/fidelity.md#per-cpu-lists).
 */
import { freeOnePage, isMergeable, migratetypeOf, splitLargeBuddy } from "./buddy.ts";
import type { Machine, Zone } from "./machine.ts";
import { framesOf, pageOf, zoneAt } from "./machine.ts";
import { pfnRange } from "./pfn.ts";
import type { Order, Pfn } from "./pfn.ts";
import { permits } from "./machine.ts";
import { FrameUse } from "./view.ts";

/** Linux PAGE_ALLOC_COSTLY_ORDER, include/linux/mmzone.h, v6.12: the largest order on the per-CPU lists. */
const costlyOrder = 3;

/** Orders that go to per-CPU lists. Linux `pcp_allowed_order()`, mm/page_alloc.c, v6.12. */
function isPcpOrder(machine: Machine, order: Order): boolean {
  return order <= Math.min(costlyOrder, machine.description.geometry.pageblockOrder);
}

/** Linux `drain_pages_zone()` and `free_pcppages_bulk()`, mm/page_alloc.c, v6.12: each entry to the list of the type its pageblock has now. */
export function drainZone(machine: Machine, zone: Zone): void {
  const entries = zone.pcp.toSorted((a, b) => a.pfn - b.pfn);
  zone.pcp = [];
  for (const { pfn, order } of entries) freeOnePage(machine, pfn, order, migratetypeOf(machine, pfn));
}

/**
 * The last reference to a block is gone: Linux `free_pages_prepare()` and `free_unref_page()`, mm/page_alloc.c, v6.12. Poisoned
 * frames are kept out: order 0 always, those of a larger block unless KD-8 is on.
 */
export function freePages(machine: Machine, pfn: Pfn, order: Order, pcp: boolean): void {
  const frames = [...framesOf(pfnRange(pfn, 2 ** order))];
  for (const at of frames) Object.assign(pageOf(machine, at), { alloc: -1, referenced: false, drops: false });
  const poisoned = frames.filter((at) => pageOf(machine, at).poisoned);
  if (poisoned.length > 0 && (order === 0 || !permits(machine, "KD-8"))) {
    for (const at of frames) {
      if (poisoned.includes(at)) pageOf(machine, at).use = FrameUse.Poisoned;
      else freePages(machine, at, 0, pcp);
    }
    return;
  }
  const zone = zoneAt(machine, pageOf(machine, pfn).zone);
  const type = migratetypeOf(machine, pfn);
  if (pcp && isPcpOrder(machine, order) && zone.pcpDisabledBy.length === 0 && type !== "Isolate") {
    for (const at of frames) pageOf(machine, at).use = FrameUse.Pcp;
    zone.pcp.push({ pfn, order, type: isMergeable(type) ? type : "Movable" });
    return;
  }
  splitLargeBuddy(machine, pfn, order);
}

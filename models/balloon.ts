/**
 * The balloon: pages that a guest has given to its host. Its driver owns them, and they are not managed.
 *
 * Linux drivers/virtio/virtio_balloon.c: fill_balloon(), release_pages_balloon(), virtballoon_migratepage();
 * mm/balloon_compaction.c, v6.12, without VIRTIO_BALLOON_F_DEFLATE_ON_OOM: with it inflated pages stay managed.
 */
import type { Choices } from "./choices.ts";
import type { Inflate } from "./command.ts";
import type { Allocation, Machine } from "./machine.ts";
import { pageOf, zoneAt } from "./machine.ts";
import type { Grant } from "./outcome.ts";
import { allocPages } from "./page-alloc.ts";
import { pageKindTraits } from "./page-kind.ts";
import type { Pfn } from "./pfn.ts";
import { putOwner } from "./pin.ts";
import { FrameUse } from "./view.ts";

/** Linux `adjust_managed_page_count()`, mm/page_alloc.c. */
export function adjustManagedPageCount(machine: Machine, pfn: Pfn, count: number): void {
  zoneAt(machine, pageOf(machine, pfn).zone).managed += count;
  machine.totalram += count;
}

/** Linux `balloon_page_alloc()` and `fill_balloon()`: one page, which the driver can move. undefined: there is none. */
export function inflate(machine: Machine, { id, node }: Inflate, choices: Choices, told: Grant | undefined): Grant | undefined {
  const { migratetype, highestZone } = pageKindTraits["driver-movable"];
  const grant = allocPages(machine, { order: 0, type: migratetype, highestZone, node, nodes: null }, choices, told);
  if (grant === undefined) return undefined;
  machine.allocations[id] = { id, kind: "driver-movable", order: 0, compound: false, pfn: grant.pfn, nrPages: 1, holds: 0, pins: 0, longTermPins: 0, lruIsolated: false, freed: false, inflated: true, pool: false, batch: "none" };
  Object.assign(pageOf(machine, grant.pfn), { use: FrameUse.Allocated, alloc: id });
  adjustManagedPageCount(machine, grant.pfn, -1);
  return grant;
}

/** Linux `release_pages_balloon()`. */
export function deflate(machine: Machine, allocation: Allocation): void {
  adjustManagedPageCount(machine, allocation.pfn, 1);
  allocation.inflated = false;
  putOwner(machine, allocation, false);
}

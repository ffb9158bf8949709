/**
 * HighAtomic reserves: pageblocks kept for requests of several pages that can not wait.
 *
 * Linux `reserve_highatomic_pageblock()`, `unreserve_highatomic_pageblock()`, mm/page_alloc.c, v6.12.
 */
import { changePageblockRange, delPageFromFreeList, findBuddy, freeOnePage, isMergeable, migratetypeOf, moveToFreeList } from "./buddy.ts";
import type { Choices } from "./choices.ts";
import type { AllocAtomic, Unreserve } from "./command.ts";
import type { Machine, Zone } from "./machine.ts";
import { pageOf, pageblockStart, permits, zoneAt } from "./machine.ts";
import type { Grant } from "./outcome.ts";
import { allocPages, allowedZones, claimPageblock, pageblockInZone } from "./page-alloc.ts";
import type { Request } from "./page-alloc.ts";
import { alignUp, toPfn } from "./pfn.ts";
import type { Order, Pfn } from "./pfn.ts";

/** A request with ALLOC_HIGHATOMIC: the block that it gets may make its pageblock one of the reserve. */
export function allocAtomic(machine: Machine, { order, node, zone }: AllocAtomic, choices: Choices, told: Grant | undefined): Grant | undefined {
  const listed = machine.zones.flatMap(({ pcp }) => pcp.map(({ pfn }) => pfn));
  const grant = allocPages(machine, { order, type: "Unmovable", highestZone: zone === "normal" ? "Normal" : zone, node, nodes: null, atomic: true }, choices, told);
  if (grant !== undefined) reserveHighatomicPageblock(machine, grant, listed.includes(grant.pfn));
  return grant;
}

/** At most one percent of the managed pages, rounded up to pageblocks; none, where one percent is less than a pageblock. */
function mostReserved(machine: Machine, zone: Zone): number {
  const size = 2 ** machine.description.geometry.pageblockOrder;
  const onePercent = Math.floor(zone.managed / 100);
  return onePercent < size ? 0 : alignUp(toPfn(onePercent), size);
}

function reserveHighatomicPageblock(machine: Machine, { pfn, order }: Grant, fromPcp: boolean): void {
  const { pageblockOrder } = machine.description.geometry;
  const zone = zoneAt(machine, pageOf(machine, pfn).zone);
  const type = migratetypeOf(machine, pfn);
  if (zone.nrReservedHighAtomic >= mostReserved(machine, zone) || !isMergeable(type)) return;
  if (order < pageblockOrder && !pageblockInZone(zone, pageblockStart(machine, pfn), 2 ** pageblockOrder)) return;
  if (fromPcp && !permits(machine, "KD-12")) return;
  if (order < pageblockOrder) claimPageblock(machine, pfn, type, "HighAtomic");
  else changePageblockRange(machine, pfn, order, "HighAtomic");
  zone.nrReservedHighAtomic += Math.max(2 ** pageblockOrder, 2 ** order);
}

/**
 * Under memory pressure the first zone that has a free block in its reserve gives up the pageblocks of the smallest, and of
 * these the lowest. Without `force` a zone keeps its last pageblock.
 */
export function unreserveHighatomicPageblock(machine: Machine, { node, movable, force }: Unreserve): void {
  const type = movable ? "Movable" : "Unmovable";
  const size = 2 ** machine.description.geometry.pageblockOrder;
  for (const index of allowedZones(machine, { order: 0, type, highestZone: movable ? "Movable" : "Normal", node, nodes: null })) {
    const zone = zoneAt(machine, index);
    if (!force && zone.nrReservedHighAtomic <= size) continue;
    const order = zone.freeArea.findIndex((lists) => lists.HighAtomic.length > 0);
    const lowest = zone.freeArea[order]?.HighAtomic.toSorted((a, b) => a - b)[0];
    if (lowest === undefined) continue;
    zone.nrReservedHighAtomic -= Math.min(zone.nrReservedHighAtomic, Math.max(size, 2 ** order));
    if (2 ** order < size) claimPageblock(machine, lowest, "HighAtomic", type);
    else giveBackWhole(machine, lowest, order, type);
    return;
  }
}

/** A free block of whole pageblocks. Linux puts it on its new list as it is (KD-6). */
function giveBackWhole(machine: Machine, pfn: Pfn, order: Order, type: Request["type"]): void {
  const buddy = order < machine.description.geometry.maxPageOrder ? findBuddy(machine, pfn, order) : undefined;
  const merges = buddy !== undefined && isMergeable(migratetypeOf(machine, buddy));
  if (merges && !permits(machine, "KD-6")) {
    delPageFromFreeList(machine, pfn, order, "HighAtomic");
    changePageblockRange(machine, pfn, order, type);
    freeOnePage(machine, pfn, order, type);
    return;
  }
  moveToFreeList(machine, pfn, order, "HighAtomic", type);
  changePageblockRange(machine, pfn, order, type);
}

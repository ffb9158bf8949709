/**
 * Pageblocks kept for atomic requests: Linux reserve_highatomic_pageblock(), unreserve_highatomic_pageblock(),
 * mm/page_alloc.c, v6.12.
 */
import type { AllocAtomic } from "../../models/index.ts";
import { Type, ZoneType, orderPages } from "./layout.ts";
import type { Machine } from "./machine.ts";
import type { PageRequest } from "./page-alloc.ts";
import { zoneAt } from "./section.ts";
import type { Section } from "./section.ts";
import type { Zone } from "./zone.ts";

export class HighAtomic {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  /** What is asked for: ALLOC_HIGHATOMIC. */
  request({ order, node, zone }: AllocAtomic): PageRequest {
    return { order, type: Type.Unmovable, node, highest: zone === "normal" ? ZoneType.Normal : ZoneType[zone], nodes: null, retyped: [], atomic: true };
  }

  /** Frames that the zone may have reserved and still reserve more: a percent of it, if that is a pageblock. */
  protected limit(zone: Zone): number {
    const percent = Math.floor(zone.managed / 100);
    return percent < this.m.sizes.pageblockPages ? 0 : this.roundUp(percent);
  }

  protected roundUp(nrPages: number): number {
    return Math.ceil(nrPages / this.m.sizes.pageblockPages) * this.m.sizes.pageblockPages;
  }

  /** The pageblock of a block that was given to an atomic request, or all of its pageblocks. */
  reserve(pfn: number, { order, fromPcp }: PageRequest): void {
    const { fallback, pageblocks, sizes } = this.m;
    const section = this.m.frames.section(pfn);
    const offset = pfn - section.start;
    const zone = this.m.zones.at(zoneAt(section, offset));
    if (zone.nrReservedHighAtomic >= this.limit(zone) || pageblocks.typeAt(section, offset) > Type.Reclaimable) return;
    if (order < sizes.pageblockOrder) {
      const start = fallback.claimablePageblock(section, offset, zone);
      if (start < 0 || !this.mayReserve(fromPcp)) return;
      fallback.moveFreepagesBlock(section, start, Type.HighAtomic);
      zone.nrReservedHighAtomic += sizes.pageblockPages;
      return;
    }
    if (!this.mayReserve(fromPcp)) return;
    pageblocks.changeRange(section, offset, order, Type.HighAtomic, null);
    zone.nrReservedHighAtomic += orderPages(order);
  }

  /** Per-CPU lists have no pages of the reserve, so that what comes from there says nothing about it. Linux does not ask (KD-12). */
  protected mayReserve(fromPcp: boolean | undefined): boolean {
    return fromPcp !== true || this.m.quirks.applies("KD-12");
  }

  /** unreserve_highatomic_pageblock(): one block of the first zone that has one. */
  unreserve(node: number, movable: boolean, force: boolean): void {
    const { pageAlloc, sizes } = this.m;
    const highest = movable ? ZoneType.Movable : ZoneType.Normal;
    for (const zone of pageAlloc.zonelist(node)) {
      if (zone.type > highest || (!force && zone.nrReservedHighAtomic <= sizes.pageblockPages)) continue;
      const order = this.m.lists.orderFrom(zone.index, Type.HighAtomic, 0);
      if (order < 0) continue;
      this.#giveUp(zone, this.m.lists.lowest(zone.index, Type.HighAtomic, order), order, movable ? Type.Movable : Type.Unmovable);
      return;
    }
  }

  #giveUp(zone: Zone, pfn: number, order: number, type: number): void {
    const { fallback, sizes } = this.m;
    const section = this.m.frames.section(pfn);
    const offset = pfn - section.start;
    zone.nrReservedHighAtomic -= Math.min(zone.nrReservedHighAtomic, Math.max(sizes.pageblockPages, orderPages(order)));
    if (order < sizes.pageblockOrder) fallback.moveFreepagesBlock(section, offset - (offset % sizes.pageblockPages), type);
    else this.#giveUpWhole(section, offset, order, zone, type);
  }

  /** A block of whole pageblocks would have a buddy now; Linux does not look for it (KD-6). */
  #giveUpWhole(section: Section, offset: number, order: number, zone: Zone, type: number): void {
    const { buddy, pageblocks, sizes } = this.m;
    const other = offset ^ orderPages(order);
    const hasBuddy = order < sizes.maxOrder && buddy.pageIsBuddy(section, this.m.lists.frames(section), other, order, zone) && pageblocks.typeAt(section, other) <= Type.Reclaimable;
    if (hasBuddy && !this.m.quirks.applies("KD-6")) {
      buddy.removeBlock(section, offset, order, zone, Type.HighAtomic);
      pageblocks.changeRange(section, offset, order, type, null);
      buddy.freeOnePage(section, offset, order, zone, type);
      return;
    }
    buddy.moveBlock(section, offset, order, zone, Type.HighAtomic, type);
    pageblocks.changeRange(section, offset, order, type, null);
  }
}

/**
 * Compaction of one zone: pages that can move go to free frames further up, until the two scanners meet.
 *
 * Linux compact_zone(), isolate_migratepages(), isolate_freepages(), pageblock_pfn_to_page(), mm/compaction.c, v6.12, for
 * a whole zone and no order.
 */
import { toPfn } from "../../models/index.ts";
import { Type, allocatedCode, isAllocated, isFree, noZone, orderOf, orderPages } from "./layout.ts";
import { grantOf } from "./log.ts";
import type { Machine } from "./machine.ts";
import { zoneAt } from "./section.ts";
import type { Zone } from "./zone.ts";

/** Frames `[start, end)` that a scanner looks at. */
export interface Scan {
  readonly start: number;
  readonly end: number;
}

export class Compaction {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  /** compact_zone() as it runs alone. The free scanner never goes back up. */
  compact(zone: Zone): void {
    const { pageblockPages } = this.m.sizes;
    if (zone.spanned === 0) return;
    let free = this.#pageblockOf(zone.end - 1);
    for (let pageblock = this.#pageblockOf(zone.start); pageblock < free; pageblock += pageblockPages) {
      for (const slot of this.#pagesIn(zone, pageblock)) {
        const order = this.m.allocations.order(slot);
        let target = this.#freeIn(zone, free, order);
        // A large page passes by where smaller ones would find room; the kernel does not come back for them either.
        while (target < 0 && free - pageblockPages > pageblock) {
          free -= pageblockPages;
          target = this.#freeIn(zone, free, order);
        }
        if (target < 0) return;
        this.move(slot, target);
      }
    }
  }

  #pageblockOf(pfn: number): number {
    return pfn - (pfn % this.m.sizes.pageblockPages);
  }

  /** Slots of the pages in the pageblock that the migrate scanner takes. */
  #pagesIn(zone: Zone, pageblock: number): readonly number[] {
    const slots: number[] = [];
    const scan = this.sourceScan(zone, pageblock);
    if (scan === undefined) return slots;
    this.m.frames.forEachUnit(scan.start, scan.end, (code, first) => {
      const slot = isAllocated(code) ? this.m.allocations.slotAt(first) : -1;
      if (slot >= 0 && this.canMove(slot)) slots.push(slot);
    });
    return slots;
  }

  /** What the migrate scanner looks at in a pageblock: nothing, unless its ends are of the zone. */
  protected sourceScan(zone: Zone, pageblock: number): Scan | undefined {
    const scan = { start: Math.max(pageblock, zone.start), end: pageblock + this.m.sizes.pageblockPages };
    return this.#endsInZone(zone, scan) ? scan : undefined;
  }

  /** What the free scanner looks at in a pageblock. */
  protected targetScan(zone: Zone, pageblock: number): Scan | undefined {
    const scan = { start: pageblock, end: Math.min(pageblock + this.m.sizes.pageblockPages, zone.end) };
    return this.#endsInZone(zone, scan) ? scan : undefined;
  }

  #endsInZone(zone: Zone, { start, end }: Scan): boolean {
    return this.#zoneNr(start) === zone.index && this.#zoneNr(end - 1) === zone.index;
  }

  #zoneNr(pfn: number): number {
    const section = this.m.sections.at(pfn);
    return section !== undefined && this.m.sections.isOnline(pfn) ? zoneAt(section, pfn - section.start) : noZone;
  }

  /** isolate_migratepages_block(): what could migrate, but for hugetlb and pages as large as a pageblock. */
  canMove(slot: number): boolean {
    const { allocations } = this.m;
    return !allocations.kind(slot).isHugetlb && allocations.order(slot) < this.m.sizes.pageblockOrder && this.m.migration.canMigrate(slot);
  }

  /** suitable_migration_target() and isolate_freepages_block(): frames of a free block of the pageblock, or -1. */
  #freeIn(zone: Zone, pageblock: number, order: number): number {
    const scan = this.targetScan(zone, pageblock);
    if (scan === undefined || !this.isSuitable(scan.start)) return -1;
    let found = -1;
    this.m.frames.forEachUnit(scan.start, scan.end, (code, first) => {
      if (found < 0 && isFree(code) && orderOf(code) >= order && orderOf(code) < this.m.sizes.pageblockOrder) found = first;
    });
    return found;
  }

  /** Pages are moved to Movable and CMA pageblocks. */
  protected isSuitable(pfn: number): boolean {
    const type = this.m.pageblocks.typeOf(pfn);
    return type === Type.Movable || type === Type.Cma;
  }

  /** Whether a page of the zone may be taken: for whoever is told. */
  isOf(zone: Zone, pfn: number, order: number): boolean {
    for (let at = pfn; at < pfn + orderPages(order); at++) if (this.#zoneNr(at) !== zone.index || !zone.spans(at)) return false;
    return true;
  }

  /** Why a page may not go there, as the clause that is broken: for whoever is told. */
  whyNot(zone: Zone, slot: number, pfn: number): "grant-aligned" | "grant-free" | "grant-zone" | "grant-not-isolated" | "grant-type" | "move-allowed" | undefined {
    const order = this.m.allocations.order(slot);
    if (pfn % orderPages(order) !== 0) return "grant-aligned";
    if (this.#zoneNr(pfn) === noZone) return "grant-free";
    const code = this.m.frames.codeOf(pfn);
    if (!isFree(code)) return "grant-free";
    if (!this.isOf(zone, pfn, order)) return "grant-zone";
    if (orderOf(code) < order) return "grant-aligned";
    if (orderOf(code) >= this.m.sizes.pageblockOrder) return "move-allowed";
    if (this.m.pageblocks.typeOf(pfn) === Type.Isolate) return "grant-not-isolated";
    if (!this.isSuitable(pfn)) return "grant-type";
    return this.#pageblockOf(pfn) > this.#pageblockOf(this.m.allocations.head(slot)) ? undefined : "move-allowed";
  }

  /** Moves the page into the free block around the frame; the rest of the block, and the frames left, are freed. */
  move(slot: number, target: number): void {
    const { allocations, buddy, frames } = this.m;
    const order = allocations.order(slot);
    const from = allocations.head(slot);
    const section = frames.section(target);
    const offset = target - section.start;
    const head = frames.headOf(section, offset);
    const size = orderOf(frames.codeAt(section, head));
    buddy.removeBlock(section, head, size, frames.zone(target), this.m.pageblocks.typeAt(section, offset));
    this.m.lists.frames(section)[offset] = allocatedCode(order);
    allocations.setHead(slot, target);
    let at = head;
    for (let half = size - 1; half >= order; half--) {
      const upper = at + orderPages(half);
      const isUpper = offset >= upper;
      buddy.freeBlock(section.start + (isUpper ? at : upper), half);
      if (isUpper) at = upper;
    }
    buddy.freeBlock(from, order);
    this.m.log.move({ id: allocations.id(slot), from: toPfn(from), to: grantOf(target, order, []) });
  }
}

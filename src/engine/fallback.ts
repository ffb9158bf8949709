/**
 * Taking memory of another migratetype: claiming pageblocks, and stealing a block where that is not worth it.
 *
 * Linux mm/page_alloc.c, v6.12: __rmqueue(), __rmqueue_claim(), try_to_steal_block(), can_steal_fallback(),
 * __rmqueue_steal(), __move_freepages_block(), prep_move_freepages_block().
 */
import { Type, byteAt, isFree, orderOf, orderPages } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { zoneAt } from "./section.ts";
import type { Section } from "./section.ts";
import type { Zone } from "./zone.ts";

const fallbacks: readonly (readonly number[])[] = [
  [Type.Reclaimable, Type.Movable],
  [Type.Reclaimable, Type.Unmovable],
  [Type.Unmovable, Type.Movable],
];

export class Fallback {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  /** __rmqueue(): 2^order frames of the zone for a request of this type, or -1. Pageblocks that were claimed are added to `retyped`. */
  rmqueue(zone: Zone, order: number, type: number, retyped: number[]): number {
    const { buddy } = this.m;
    if (this.mayUseCma(type) && this.prefersCma(zone)) {
      const pfn = buddy.rmqueueSmallest(zone, order, Type.Cma);
      if (pfn >= 0) return pfn;
    }
    const own = buddy.rmqueueSmallest(zone, order, type);
    if (own >= 0) return own;
    if (this.mayUseCma(type)) {
      const pfn = buddy.rmqueueSmallest(zone, order, Type.Cma);
      if (pfn >= 0) return pfn;
    }
    const claimed = this.claim(zone, order, type, retyped);
    return claimed >= 0 ? claimed : this.steal(zone, order, type);
  }

  /** ALLOC_CMA: gfp_to_alloc_flags_cma(). */
  mayUseCma(type: number): boolean {
    return type === Type.Movable;
  }

  protected prefersCma(zone: Zone): boolean {
    return zone.nrFreeCma > Math.floor(zone.nrFree / 2);
  }

  /** find_suitable_fallback(): the first type with a block of exactly this order, or -1. */
  fallbackOf(zone: Zone, order: number, type: number): number {
    for (const other of this.fallbacksOf(type)) {
      if (this.m.lists.count(zone.index, other, order) > 0) return other;
    }
    return -1;
  }

  protected fallbacksOf(type: number): readonly number[] {
    return fallbacks[type] ?? [];
  }

  /** can_steal_fallback(): is a block of this order enough to try for its pageblock? */
  protected isClaimable(order: number, type: number): boolean {
    const { pageblockOrder } = this.m.sizes;
    return order >= Math.floor(pageblockOrder / 2) || type === Type.Reclaimable || type === Type.Unmovable;
  }

  /** __rmqueue_claim(): from the largest order down. */
  protected claim(zone: Zone, order: number, type: number, retyped: number[]): number {
    for (let current = this.m.sizes.maxOrder; current >= order; current--) {
      const other = this.fallbackOf(zone, current, type);
      if (other < 0) continue;
      if (!this.isClaimable(current, type)) break;
      const pfn = this.tryToClaimBlock(zone, this.m.lists.lowest(zone.index, other, current), current, order, type, retyped);
      if (pfn >= 0) return pfn;
    }
    return -1;
  }

  /** try_to_steal_block(). */
  protected tryToClaimBlock(zone: Zone, block: number, current: number, order: number, type: number, retyped: number[]): number {
    const { buddy, pageblocks } = this.m;
    const section = this.m.frames.section(block);
    const offset = block - section.start;
    if (current >= this.m.sizes.pageblockOrder) {
      this.takeWholeBlock(section, offset, current, offset, order, zone, type, retyped);
      return block;
    }
    const start = this.claimablePageblock(section, offset, zone);
    if (start < 0 || !this.isWorthClaiming(section, start, pageblocks.typeAt(section, start), type)) return -1;
    this.moveFreepagesBlock(section, start, type);
    retyped.push(section.start + start);
    return buddy.rmqueueSmallest(zone, order, type);
  }

  /** A block of at least pageblock order: all its pageblocks get the type of the request, the rest of it goes to that list. */
  takeWholeBlock(section: Section, head: number, blockOrder: number, target: number, order: number, zone: Zone, type: number, retyped: number[]): void {
    const counted = this.m.pageblocks.typeAt(section, head);
    this.m.pageblocks.changeRange(section, head, blockOrder, type, retyped);
    this.m.buddy.takeRun(section, head, blockOrder, target, order, zone, counted, type);
  }

  /** prep_move_freepages_block(): the pageblock's first frame, or -1 where the zone's span cuts it. */
  claimablePageblock(section: Section, offset: number, zone: Zone): number {
    const { pageblockPages } = this.m.sizes;
    const start = offset - (offset % pageblockPages);
    return zone.spans(section.start + start) && zone.spans(section.start + start + pageblockPages - 1) ? start : -1;
  }

  /** Behind the last frame of the pageblock. */
  protected pageblockEnd(offset: number): number {
    return offset - (offset % this.m.sizes.pageblockPages) + this.m.sizes.pageblockPages;
  }

  /** Enough of the pageblock is free, or of the kind that the request is. */
  protected isWorthClaiming(section: Section, start: number, blockType: number, type: number): boolean {
    const { pageblockPages } = this.m.sizes;
    const frames = this.m.lists.frames(section);
    let nrFree = 0;
    let nrMovable = 0;
    const end = this.pageblockEnd(start);
    for (let offset = start; offset < end; ) {
      const code = byteAt(frames, offset);
      if (isFree(code)) {
        nrFree += orderPages(orderOf(code));
        offset += orderPages(orderOf(code));
        continue;
      }
      if (this.m.frames.looksMovable(section, offset)) nrMovable++;
      offset++;
    }
    const nrAlike = type === Type.Movable ? nrMovable : blockType === Type.Movable ? pageblockPages - (nrFree + nrMovable) : 0;
    return nrFree + nrAlike >= pageblockPages / 2;
  }

  /** __move_freepages_block(): the free blocks of the pageblock change lists, then the pageblock its type. Blocks do not merge. */
  moveFreepagesBlock(section: Section, start: number, type: number): void {
    const { buddy, pageblocks, zones } = this.m;
    const frames = this.m.lists.frames(section);
    const oldType = pageblocks.typeAt(section, start);
    const end = this.pageblockEnd(start);
    for (let offset = start; offset < end; ) {
      const code = byteAt(frames, offset);
      if (!isFree(code)) {
        offset++;
        continue;
      }
      buddy.moveBlock(section, offset, orderOf(code), zones.at(zoneAt(section, offset)), oldType, type);
      offset += orderPages(orderOf(code));
    }
    pageblocks.setType(section, start, type);
  }

  /** __rmqueue_steal(): the smallest block of another type that is large enough; pageblock and remainder keep theirs. */
  protected steal(zone: Zone, order: number, type: number): number {
    for (let current = order; current <= this.m.sizes.maxOrder; current++) {
      const other = this.fallbackOf(zone, current, type);
      if (other < 0) continue;
      const block = this.m.lists.lowest(zone.index, other, current);
      const section = this.m.frames.section(block);
      this.m.buddy.takeRun(section, block - section.start, current, block - section.start, order, zone, other, other);
      return block;
    }
    return -1;
  }
}

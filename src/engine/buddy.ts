/**
 * The buddy allocator: free blocks, how they split and how they merge.
 *
 * Linux mm/page_alloc.c, v6.12: __free_one_page(), split_large_buddy(), expand(), page_del_and_expand(),
 * __rmqueue_smallest(), break_down_buddy_pages(). Where Linux takes the head of a list, the lowest frame is taken here.
 * A block never leaves its section, so blocks are named by section and offset.
 */
import type { FreeLists } from "./free-lists.ts";
import { Type, allocatedCode, byteAt, freeCode, guardCode, isFree, orderOf, orderPages } from "./layout.ts";
import type { Machine } from "./machine.ts";
import type { Pageblocks } from "./pageblocks.ts";
import { zoneAt } from "./section.ts";
import type { Section } from "./section.ts";
import type { Zone } from "./zone.ts";

export class Buddy {
  protected readonly m: Machine;
  protected readonly lists: FreeLists;
  protected readonly pageblocks: Pageblocks;
  readonly #maxOrder: number;
  readonly #pageblockOrder: number;
  /** Halves of split blocks below this order become guard blocks. */
  readonly #guardMinOrder: number;

  constructor(machine: Machine) {
    this.m = machine;
    this.lists = machine.lists;
    this.pageblocks = machine.pageblocks;
    this.#maxOrder = machine.sizes.maxOrder;
    this.#pageblockOrder = machine.sizes.pageblockOrder;
    this.#guardMinOrder = machine.description.guardMinOrder ?? 0;
  }

  /** account_freepages(): isolated frames are not counted. */
  account(zone: Zone, nrPages: number, type: number): void {
    if (!this.countsAsFree(type)) return;
    zone.nrFree += nrPages;
    if (type === Type.Cma) zone.nrFreeCma += nrPages;
    else if (type === Type.HighAtomic) zone.nrFreeHighAtomic += nrPages;
  }

  protected countsAsFree(type: number): boolean {
    return type !== Type.Isolate;
  }

  /** migratetype_is_mergeable() of both, or the same type: may two blocks of at least pageblock order merge? */
  protected mayMerge(type: number, buddyType: number): boolean {
    return type === buddyType || (type <= Type.Reclaimable && buddyType <= Type.Reclaimable);
  }

  /** page_is_buddy(): the first frame of a free block of this order, in the same zone. */
  pageIsBuddy(section: Section, frames: Uint8Array, buddy: number, order: number, zone: Zone): boolean {
    return byteAt(frames, buddy) === freeCode(order) && zoneAt(section, buddy) === zone.index;
  }

  /** __free_one_page(): the block goes to the list of `type`, merged with its buddies as far as that goes. */
  freeOnePage(section: Section, offset: number, order: number, zone: Zone, type: number): void {
    const { lists } = this;
    const frames = lists.frames(section);
    const list = lists.list(zone.index, type);
    const leaf = lists.leaf(section, list);
    this.account(zone, 1 << order, type);
    frames[offset] = 0;
    // Below pageblock order both are of one pageblock, so on one list, if no guard is between; and of one zone, unless the section is mixed.
    let size = section.zones === null && order < this.#pageblockOrder && this.#guardMinOrder === 0 ? leaf.removeBuddies(frames, list.count, offset, order, this.#pageblockOrder) : order;
    let head = offset & -(1 << size);
    while (size < this.#maxOrder) {
      const buddy = head ^ (1 << size);
      if (size < this.#guardMinOrder && byteAt(frames, buddy) === guardCode(size)) {
        this.clearGuard(frames, buddy, size, zone, type);
        head &= buddy;
        size++;
        continue;
      }
      if (!this.pageIsBuddy(section, frames, buddy, size, zone)) break;
      if (size >= this.#pageblockOrder && !this.absorb(section, buddy, size, type)) break;
      if (leaf.has(size, buddy >>> size)) lists.leave(list, leaf, buddy, size);
      else this.#leaveOther(section, buddy, size, zone);
      frames[buddy] = 0;
      head &= buddy;
      size++;
    }
    frames[head] = freeCode(size);
    lists.enter(list, leaf, section, head, size);
  }

  /** clear_page_guard(): the frames of a guard block are free pages again, in the block that merges with it. */
  protected clearGuard(frames: Uint8Array, guard: number, order: number, zone: Zone, type: number): void {
    frames[guard] = 0;
    this.account(zone, 1 << order, type);
  }

  /** Whether a block of this type may merge with its buddy, of at least pageblock order; if so, the buddy's pageblocks are of the type now. */
  protected absorb(section: Section, buddy: number, order: number, type: number): boolean {
    const buddyType = this.pageblocks.typeAt(section, buddy);
    if (!this.mayMerge(type, buddyType)) return false;
    if (buddyType !== type) this.retypeAbsorbed(section, buddy, order, type);
    return true;
  }

  /** The pageblocks of an absorbed buddy take the type of the block that absorbs it. */
  protected retypeAbsorbed(section: Section, buddy: number, order: number, type: number): void {
    this.pageblocks.changeRange(section, buddy, order, type, null);
  }

  #leaveOther(section: Section, offset: number, order: number, zone: Zone): void {
    this.lists.remove(section, offset, order, zone.index, this.lists.listOf(section, offset, order, zone.index, this.pageblocks.typeAt(section, offset)));
  }

  /** __add_to_free_list(), set_buddy_order(): without accounting for the frames. */
  protected addBlock(section: Section, frames: Uint8Array, offset: number, order: number, zone: Zone, type: number): void {
    frames[offset] = freeCode(order);
    this.lists.add(section, offset, order, zone.index, type);
  }

  /** split_large_buddy(): frees a block in pieces of at most a pageblock, each with the type of its own pageblock. */
  freeBlock(pfn: number, order: number): void {
    const piece = Math.min(order, this.#pageblockOrder);
    const end = pfn + orderPages(order);
    for (let at = pfn; at < end; at += orderPages(piece)) {
      const section = this.m.frames.section(at);
      const offset = at - section.start;
      this.freeOnePage(section, offset, piece, this.m.zones.at(zoneAt(section, offset)), this.pageblocks.typeAt(section, offset));
    }
  }

  /** del_page_from_free_list(): takes a block off whatever list it is on; the count falls as if it were of type `counted`. */
  removeBlock(section: Section, offset: number, order: number, zone: Zone, counted: number): void {
    this.lists.frames(section)[offset] = 0;
    this.#leaveOther(section, offset, order, zone);
    this.account(zone, -orderPages(order), counted);
  }

  /** move_to_free_list(): the block changes lists and does not merge. */
  moveBlock(section: Section, offset: number, order: number, zone: Zone, counted: number, type: number): void {
    this.lists.remove(section, offset, order, zone.index, this.lists.listOf(section, offset, order, zone.index, counted));
    this.lists.add(section, offset, order, zone.index, type);
    this.account(zone, -orderPages(order), counted);
    this.account(zone, orderPages(order), type);
  }

  /** expand(): the upper halves of a block of order `high` go to the list of `type` or become guard blocks, until its first 2^low frames are left. */
  protected expand(section: Section, frames: Uint8Array, offset: number, low: number, high: number, zone: Zone, type: number): void {
    const guarded = Math.max(low, Math.min(high, this.#guardMinOrder));
    if (guarded < high) this.lists.enterHalves(this.lists.list(zone.index, type), section, frames, offset, guarded, high);
    if (guarded > low) this.setGuards(frames, offset, low, guarded, zone, type);
  }

  /** set_page_guard() of the upper halves of orders `high - 1` down to `low`, whose frames are free pages no more. */
  protected setGuards(frames: Uint8Array, offset: number, low: number, high: number, zone: Zone, type: number): void {
    for (let order = low; order < high; order++) frames[offset + (1 << order)] = guardCode(order);
    this.account(zone, (1 << low) - (1 << high), type);
  }

  /** __rmqueue_smallest(): the first 2^order frames of the smallest block on the list that is large enough, or -1. */
  rmqueueSmallest(zone: Zone, order: number, type: number): number {
    const { lists } = this;
    const found = lists.orderFrom(zone.index, type, order);
    if (found < 0) return -1;
    const list = lists.list(zone.index, type);
    const section = lists.lowestSection(list, found);
    if (section === undefined) return -1;
    const offset = lists.foundOffset;
    const frames = lists.frames(section);
    lists.leave(list, lists.leaf(section, list), offset, found);
    frames[offset] = allocatedCode(order);
    if (found > order) this.expand(section, frames, offset, order, found, zone, type);
    this.account(zone, -(1 << order), type);
    return section.start + offset;
  }

  /**
   * Takes the aligned run of 2^order frames at `target` out of the free block that contains it, as a block from the
   * allocator; the halves without it go to the list of `type`. As break_down_buddy_pages(), with `counted` for the frames
   * that leave.
   */
  takeRun(section: Section, head: number, blockOrder: number, target: number, order: number, zone: Zone, counted: number, type: number): void {
    const frames = this.lists.frames(section);
    this.removeBlock(section, head, blockOrder, zone, counted);
    let at = head;
    for (let size = blockOrder - 1; size >= order; size--) {
      const upper = at + orderPages(size);
      const isUpper = target >= upper;
      this.#putRest(section, frames, isUpper ? at : upper, size, zone, type);
      if (isUpper) at = upper;
    }
    frames[target] = allocatedCode(order);
  }

  /** A half that was split off: a guard block, or a free block that counts. */
  #putRest(section: Section, frames: Uint8Array, offset: number, order: number, zone: Zone, type: number): void {
    if (order < this.#guardMinOrder) {
      frames[offset] = guardCode(order);
      return;
    }
    this.addBlock(section, frames, offset, order, zone, type);
    this.account(zone, orderPages(order), type);
  }

  /** find_large_buddy() and its like: the offset of the free block that contains the frame, or -1. */
  blockAround(section: Section, offset: number): number {
    const frames = this.lists.frames(section);
    for (let order = 0; order <= this.#maxOrder; order++) {
      const head = offset - (offset % orderPages(order));
      const code = byteAt(frames, head);
      if (isFree(code)) return orderOf(code) >= order ? head : -1;
      if (code !== 0) return -1;
    }
    return -1;
  }

  /** Order of the free block whose first frame this is. */
  orderAt(section: Section, offset: number): number {
    return orderOf(byteAt(this.lists.frames(section), offset));
  }
}

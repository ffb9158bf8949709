/**
 * Taking a block's frames out of use: Linux memory_block_offline(), drivers/base/memory.c; offline_pages(),
 * scan_movable_pages(), mm/memory_hotplug.c; __offline_isolated_pages(), mm/page_alloc.c, v6.12.
 */
import { newBook } from "./isolation.ts";
import type { Book } from "./isolation.ts";
import { AllocFlag, FrameCode, Type, isAllocated, isFree, isGuard, orderOf } from "./layout.ts";
import type { Machine } from "./machine.ts";
import type { MemoryBlock } from "./memory-blocks.ts";
import { livelock, refused } from "./result.ts";
import type { Refusal } from "./result.ts";
import type { Section } from "./section.ts";
import type { Zone } from "./zone.ts";

/** An offline that has isolated its range. */
export interface OfflineOp {
  readonly block: MemoryBlock;
  readonly zone: Zone;
  readonly start: number;
  readonly nrPages: number;
  readonly book: Book;
}

export class Offline {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  /** Tests, per-CPU lists disabled, isolation. */
  begin(block: MemoryBlock): OfflineOp | Refusal {
    const { zone } = block;
    if (zone === null) return refused("EINVAL", "no-single-zone", { block: block.id });
    const start = block.start + block.selfHosted;
    const nrPages = this.m.sizes.blockPages - block.selfHosted;
    if (this.m.resources.ramPages(start, nrPages) !== nrPages) return refused("EINVAL", "memory-hole", { block: block.id });
    const op: OfflineOp = { block, zone, start, nrPages, book: newBook("offline", "EX-7") };
    // First of all, so that a zone that is going to be empty can be torn down.
    this.#adjustHosted(op, -1);
    this.disablePcp(zone);
    this.m.lruBatches.drain();
    if (this.m.isolation.startRange(start, nrPages, op.book)) return op;
    this.#cancel(op, false);
    this.enablePcp(zone);
    this.#adjustHosted(op, 1);
    return refused("EBUSY", "isolation", { block: block.id });
  }

  protected disablePcp(zone: Zone): void {
    this.m.pcp.disable(zone);
  }

  protected enablePcp(zone: Zone): void {
    this.m.pcp.enable(zone);
  }

  #adjustHosted({ block }: OfflineOp, sign: 1 | -1): void {
    if (block.selfHosted > 0) this.m.zones.adjustPresent(block.start, block.group, sign * block.selfHosted);
  }

  /** GOING_OFFLINE; drivers then drop their references where they can. */
  notify(op: OfflineOp): Refusal | undefined {
    const errno = this.m.notifier.call("GOING_OFFLINE", op.start, op.nrPages);
    if (errno !== undefined) return this.fail(op, refused(errno, "veto", { block: op.block.id }), true);
    this.#switchPageOffline(op, FrameCode.PageOfflineDrops, FrameCode.PageOfflineDropped);
    return undefined;
  }

  #switchPageOffline(op: OfflineOp, from: number, to: number): void {
    this.m.frames.forEachUnit(op.start, op.start + op.nrPages, (code, first) => {
      if (code === from) this.m.frames.setCode(first, to);
    });
  }

  /** Slots of the pages of the range that could move, ascending. */
  movable(op: OfflineOp): readonly number[] {
    const slots: number[] = [];
    this.m.frames.forEachUnit(op.start, op.start + op.nrPages, (code, first) => {
      if (!isAllocated(code)) return;
      const slot = this.m.allocations.slotAt(first);
      if (!this.m.hugetlb.isFree(slot) && this.m.migration.canMigrate(slot)) slots.push(slot);
    });
    return slots;
  }

  /** Whether a frame of the range is neither free nor of a page that could move: then it can not go, whatever moves. */
  isHopeless(op: OfflineOp): boolean {
    let hopeless = false;
    const { frames } = this.m;
    frames.forEachUnit(op.start, op.start + op.nrPages, (code, first) => {
      if (isGuard(code)) {
        hopeless ||= frames.isGuardKept(first, orderOf(code), (slot) => this.#canLeave(slot));
        return;
      }
      const gone = isFree(code) || code === FrameCode.PageOfflineDropped || frames.isPoisoned(first);
      hopeless ||= !gone && !(isAllocated(code) && this.#canLeave(this.m.allocations.slotAt(first)));
    });
    return hopeless;
  }

  /** It can move, or is a free huge page that can be dissolved. */
  #canLeave(slot: number): boolean {
    const { hugetlb, migration } = this.m;
    return hugetlb.isFree(slot) ? hugetlb.mayDissolve(slot) : migration.canMigrate(slot);
  }

  /** What keeps the range from going offline when nothing moves any more; undefined: it can go. Free huge pages are dissolved before the last look. */
  obstacle(op: OfflineOp): "page-offline" | "huge-page" | "stuck" | undefined {
    if (this.hasReferencedPageOffline(op)) return "page-offline";
    if (this.#scansAgain(op)) return "stuck";
    if (this.m.hugetlb.dissolveRange(op.start, op.start + op.nrPages) >= 0) return "huge-page";
    return this.m.isolation.test(op.start, op.nrPages, "offline") === undefined ? undefined : "stuck";
  }

  /** scan_movable_pages() still finds a page: on the LRU, of a driver, or a huge page in use. It goes by flags, not by references. */
  #scansAgain(op: OfflineOp): boolean {
    let found = false;
    this.m.frames.forEachUnit(op.start, op.start + op.nrPages, (code, first, behind) => {
      if (found || !isAllocated(code)) return;
      const slot = this.m.allocations.slotAt(first);
      const kind = this.m.allocations.kind(slot);
      if (kind.isHugetlb) found = kind.traits.movable && !this.m.hugetlb.isFree(slot) && !this.m.frames.anyPoisoned(first, behind - first);
      else if (kind.isDriver || this.m.frames.isOnLru(slot)) found = this.#hasGoodFrame(first, behind);
    });
    return found;
  }

  /** A bad frame leaves the others of its folio where they are. */
  #hasGoodFrame(first: number, behind: number): boolean {
    for (let pfn = first; pfn < behind; pfn++) if (!this.m.frames.anyPoisoned(pfn, 1)) return true;
    return false;
  }

  protected hasReferencedPageOffline(op: OfflineOp): boolean {
    let found = false;
    this.m.frames.forEachUnit(op.start, op.start + op.nrPages, (code) => {
      found ||= code === FrameCode.PageOffline || code === FrameCode.PageOfflineDrops;
    });
    return found;
  }

  /** Ends an offline that has moved what it could. Linux repeats until a signal where a page is stuck (S-30). */
  finish(op: OfflineOp): Refusal | undefined {
    const obstacle = this.obstacle(op);
    if (obstacle === undefined) {
      this.commit(op);
      return undefined;
    }
    const detail = { block: op.block.id };
    if (obstacle !== "stuck") return this.fail(op, refused("EBUSY", obstacle, detail), true);
    return this.fail(op, this.m.quirks.applies("S-30") ? livelock("stuck", detail) : refused("EBUSY", "stuck", detail), true);
  }

  #cancel(op: OfflineOp, notified: boolean): void {
    if (this.tellsCancel(notified)) this.m.notifier.call("CANCEL_OFFLINE", op.start, op.nrPages);
  }

  /** CANCEL_OFFLINE is for those who were told GOING_OFFLINE. */
  protected tellsCancel(notified: boolean): boolean {
    return notified;
  }

  /** Gives the range back. Who was told that it goes is told that it stays. */
  fail(op: OfflineOp, refusal: Refusal, notified: boolean): Refusal {
    this.m.isolation.undoRange(op.start, op.nrPages, op.book, true);
    this.#switchPageOffline(op, FrameCode.PageOfflineDropped, FrameCode.PageOfflineDrops);
    this.#cancel(op, notified);
    this.enablePcp(op.zone);
    this.#adjustHosted(op, 1);
    return refusal;
  }

  /** Past the point of no return. */
  protected commit(op: OfflineOp): void {
    const { block, zone } = op;
    const nrInflated = this.endPoisoned(op);
    const nrManaged = this.offlineIsolatedPages(op) - nrInflated;
    this.uncountIsolated(op);
    this.enablePcp(zone);
    this.m.zones.adjustManaged(zone, -nrManaged);
    this.m.zones.adjustPresent(op.start, block.group, -op.nrPages);
    this.m.nodes.memoryWent(zone);
    if (!zone.isPopulated) this.m.zonelists.rebuild();
    this.m.notifier.call("OFFLINE", op.start, op.nrPages);
    this.leaveZone(op);
    if (block.selfHosted > 0) this.m.online.deinitMemmap(block, zone);
    block.zone = null;
    this.m.notifier.call("FINISH_OFFLINE", op.start, op.nrPages);
  }

  /** remove_pfn_range_from_zone(): the span goes now, while the zone is known. */
  protected leaveZone({ zone, start, nrPages }: OfflineOp): void {
    this.m.zones.removeRange(zone, start, nrPages);
  }

  /** The type of an offline pageblock means nothing, so that nobody undoes it: the count has to fall by itself. */
  protected uncountIsolated(op: OfflineOp): void {
    op.zone.nrIsolatePageblock -= op.nrPages / this.m.sizes.pageblockPages;
  }

  /** Allocations end whose frames are all poisoned; a contiguous one loses those that are. How many of them were inflated, and so not managed. */
  protected endPoisoned(op: OfflineOp): number {
    let nrInflated = 0;
    this.m.frames.forEachUnit(op.start, op.start + op.nrPages, (code, first) => {
      if (isAllocated(code)) {
        const slot = this.m.allocations.slotAt(first);
        if (this.m.allocations.has(slot, AllocFlag.Inflated)) nrInflated++;
        if (this.m.allocations.has(slot, AllocFlag.LruIsolated)) this.m.nodeStats.count(slot, -1);
        this.m.allocations.remove(slot);
      }
      if (code !== FrameCode.Contig) return;
      const owner = this.m.frames.contigOf(first);
      if (owner !== undefined) this.m.contigs.removeFrames(owner, first, first + 1);
    });
    return nrInflated;
  }

  /** __offline_isolated_pages(): free blocks leave their lists, sections go offline. How many frames were managed. */
  protected offlineIsolatedPages(op: OfflineOp): number {
    let nrNotManaged = 0;
    this.m.frames.forEachUnit(op.start, op.start + op.nrPages, (code, first) => {
      if (code === FrameCode.PageOfflineDropped) nrNotManaged++;
      if (!isFree(code)) return;
      const section = this.m.frames.section(first);
      this.m.buddy.removeBlock(section, first - section.start, orderOf(code), op.zone, Type.Isolate);
    });
    for (const section of this.offlineSections(op)) this.m.online.takeOffline(section);
    return op.nrPages - nrNotManaged;
  }

  /** offline_mem_sections(): all sections that the range meets. */
  protected offlineSections(op: OfflineOp): readonly Section[] {
    return this.m.sections.table.between(op.start, op.start + op.nrPages);
  }
}

/**
 * Taking exactly these frames: Linux alloc_contig_range_noprof(), __alloc_contig_migrate_range(), mm/page_alloc.c;
 * isolate_migratepages_block(), isolate_freepages_range(), mm/compaction.c, v6.12.
 *
 * The phases are methods of their own, so that a task can take them one by one.
 */
import { isPowerOfTwo } from "../../models/index.ts";
import type { ContigGfp } from "../../models/index.ts";
import { newBook } from "./isolation.ts";
import type { Book } from "./isolation.ts";
import { FrameCode, isAllocated, isFree, isGuard, orderOf, orderPages } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { refused } from "./result.ts";
import type { Refusal } from "./result.ts";
import type { Zone } from "./zone.ts";

/** One attempt to take a range. */
export interface ContigOp {
  readonly start: number;
  readonly nrPages: number;
  readonly mode: "contig" | "cma";
  readonly gfp: ContigGfp;
  readonly compound: boolean;
  /** The code that the frames get. */
  readonly use: number;
  readonly zone: Zone;
  readonly book: Book;
}

/** How the migration of a range ended. */
export type ContigMigration = "done" | "no-target";

export class Contig {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  plan(start: number, nrPages: number, zone: Zone, mode: ContigOp["mode"] = "contig", use: number = FrameCode.Contig, gfp: ContigGfp = "kernel", compound = false): ContigOp {
    return { start, nrPages, mode, gfp, compound, use, zone, book: newBook(mode) };
  }

  /** The whole operation. On success the frames have the code `use` and belong to the caller. */
  run(op: ContigOp): Refusal | undefined {
    const refusal = this.begin(op);
    if (refusal !== undefined) return refusal;
    this.drain(op);
    return this.m.choices.contigPages(op) === "no-target" ? this.abort(op, refused("ENOMEM", "no-target", { pfn: op.start })) : this.finish(op);
  }

  /** The gfp test and the isolation. Linux undoes isolation in the range also where it could not isolate (KD-2). */
  begin(op: ContigOp): Refusal | undefined {
    if (op.gfp === "nofail") return refused("EINVAL", "gfp");
    if (this.m.isolation.startRange(op.start, op.nrPages, op.book)) return undefined;
    this.m.isolation.undoRange(op.start, op.nrPages, op.book, true);
    return refused("EBUSY", "isolation", { pfn: op.start });
  }

  /** drain_all_pages(), and lru_cache_disable(). */
  drain(op: ContigOp): void {
    this.m.pcp.drain(op.zone);
    this.m.lruBatches.drain();
  }

  /** Ends the operation without the frames. */
  abort(op: ContigOp, refusal: Refusal): Refusal {
    this.m.isolation.undoRange(op.start, op.nrPages, op.book, true);
    return refusal;
  }

  /** Tests, takes the frames, undoes the isolation. */
  finish(op: ContigOp): Refusal | undefined {
    const refusal = this.take(op);
    this.m.isolation.undoRange(op.start, op.nrPages, op.book, true);
    return refusal;
  }

  /** Slots of the pages that have to leave the range and can, ascending. */
  movable(op: ContigOp): readonly number[] {
    const slots: number[] = [];
    this.m.frames.forEachUnit(op.start, op.start + op.nrPages, (code, first) => {
      if (!isAllocated(code)) return;
      const slot = this.m.allocations.slotAt(first);
      if (this.isTaken(op, slot) && this.m.migration.canMigrate(slot)) slots.push(slot);
    });
    return slots;
  }

  /** isolate_migratepages_block(): a page reached at a tail is not taken, unless it is hugetlb; file pages need __GFP_FS. */
  isTaken(op: ContigOp, slot: number): boolean {
    const kind = this.m.allocations.kind(slot);
    if (kind.isFile && op.gfp === "nofs") return false;
    const head = this.m.allocations.head(slot);
    const behind = head + this.m.allocations.nrPages(slot);
    return head < op.start + op.nrPages && (head >= op.start || (kind.isHugetlb && behind > op.start));
  }

  /** Moves or drops one page. False: it has to move and there is no target. */
  evict(slot: number): boolean {
    if (this.m.allocations.kind(slot).isFile && this.m.choices.dropsFile(slot)) {
      this.m.migration.drop(slot);
      return true;
    }
    return this.m.migration.migrate(slot, "contig");
  }

  /** A frame that is neither free nor of a page that can move: the reason why the range can not be had. */
  stuckFrame(op: ContigOp): number | undefined {
    let found: number | undefined;
    this.m.frames.forEachUnit(op.start, op.start + op.nrPages, (code, first) => {
      if (found !== undefined || isFree(code)) return;
      const leaves = (slot: number): boolean => this.isTaken(op, slot) && this.m.migration.canMigrate(slot);
      const kept = isGuard(code) ? this.m.frames.isGuardKept(first, orderOf(code), leaves) : !(isAllocated(code) && leaves(this.m.allocations.slotAt(first)));
      if (kept) found = Math.max(first, op.start);
    });
    const notOnline = this.m.sections.firstNotOnline(op.start, op.start + op.nrPages);
    return found ?? (notOnline < op.start + op.nrPages ? notOnline : undefined);
  }

  /** find_large_buddy(), test_pages_isolated(), isolate_freepages_range(), and what becomes of the frames around the range. */
  protected take(op: ContigOp): Refusal | undefined {
    const end = op.start + op.nrPages;
    const outerStart = this.outerStart(op.start);
    if (this.m.isolation.test(outerStart, end - outerStart, "contig") !== undefined) return refused("EBUSY", "stuck", { pfn: op.start });
    const outerEnd = this.takeFreeBlocks(outerStart, end, op.use);
    if (op.compound && !(outerStart === op.start && outerEnd === end && isPowerOfTwo(op.nrPages))) {
      this.loseOrGiveBack(outerStart, outerEnd);
      return refused("EINVAL", "compound-shape", { pfn: op.start });
    }
    this.m.references.freeSingly(outerStart, op.start, false);
    this.m.references.freeSingly(end, outerEnd, false);
    return undefined;
  }

  /** First frame of the free block that contains the frame. */
  protected outerStart(pfn: number): number {
    const section = this.m.sections.at(pfn);
    if (section === undefined || !section.online) return pfn;
    const head = this.m.buddy.blockAround(section, pfn - section.start);
    return head < 0 ? pfn : section.start + head;
  }

  /** Takes every free block from the first frame on until `end` is covered. The end of the last one. */
  protected takeFreeBlocks(start: number, end: number, use: number): number {
    let pfn = start;
    while (pfn < end) {
      const section = this.m.frames.section(pfn);
      const offset = pfn - section.start;
      const order = this.m.buddy.orderAt(section, offset);
      this.m.buddy.removeBlock(section, offset, order, this.m.frames.zone(pfn), this.m.pageblocks.typeAt(section, offset));
      this.m.lists.frames(section).fill(use, offset, offset + orderPages(order));
      pfn += orderPages(order);
    }
    return pfn;
  }

  /** A compound request that does not fit: Linux drops its list of the frames taken (KD-3). */
  protected loseOrGiveBack(start: number, end: number): void {
    if (!this.m.quirks.applies("KD-3")) {
      this.m.references.freeSingly(start, end, false);
      return;
    }
    this.m.frames.fillCodes(start, end, FrameCode.Limbo);
  }
}

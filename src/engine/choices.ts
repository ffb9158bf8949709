/**
 * The decisions that the contract leaves open, as this engine takes them when it runs alone. Whoever follows someone else
 * takes them from the outcome told (follow.ts): the mechanisms ask here and do not know the difference.
 */
import type { ContigMigration, ContigOp } from "./contig.ts";
import type { Machine } from "./machine.ts";
import type { OfflineOp } from "./offline.ts";
import type { PageRequest } from "./page-alloc.ts";
import type { Zone } from "./zone.ts";

export class Choices {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  /** alloc: the first frame of the block, or -1. */
  allocate(request: PageRequest): number {
    return this.m.pageAlloc.allocate(request);
  }

  /** One block for a memmap, or -1. */
  memmapBlock(request: PageRequest): number {
    return this.m.pageAlloc.allocate(request);
  }

  /** Where the pages of an allocation move to, or -1. */
  target(_slot: number, request: PageRequest): number {
    return this.m.pageAlloc.allocate(request);
  }

  /** Whether a clean page-cache page is dropped; else it moves. */
  dropsFile(_slot: number): boolean {
    return true;
  }

  /** Empties the range of a contiguous allocation: ascending, up to the first page that has to move and has no target. */
  contigPages(op: ContigOp): ContigMigration {
    for (const slot of this.m.contig.movable(op)) {
      if (!this.m.contig.evict(slot)) return "no-target";
    }
    return "done";
  }

  /** The next step of that. */
  contigPage(op: ContigOp): "moved" | "none" | "no-target" {
    const slot = this.m.contig.movable(op)[0];
    if (slot === undefined) return "none";
    return this.m.contig.evict(slot) ? "moved" : "no-target";
  }

  /** Empties the range of an offline: ascending, each page that can move and has a target. */
  offlinePages(op: OfflineOp): void {
    for (const slot of this.m.offline.movable(op)) this.m.migration.migrate(slot, "offline");
  }

  /** The next step of that. False: no page could move. */
  offlinePage(op: OfflineOp): boolean {
    return this.m.offline.movable(op).some((slot) => this.m.migration.migrate(slot, "offline"));
  }

  /** Compacts a zone as the scanners go. */
  compact(zone: Zone): void {
    this.m.compaction.compact(zone);
  }

  /** A search is about to try the range that begins here. */
  beginAttempt(_start: number): void {
    // Alone, the candidates are as they come.
  }
}

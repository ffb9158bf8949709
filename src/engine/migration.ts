/**
 * Moving the pages of an allocation somewhere else.
 *
 * Linux migrate_pages(), alloc_migration_target(), mm/migrate.c; do_migrate_range(), mm/memory_hotplug.c, v6.12.
 * A folio moves whole or not at all.
 */
import { toPfn } from "../../models/index.ts";
import { AllocFlag, Type, ZoneType } from "./layout.ts";
import { grantOf } from "./log.ts";
import type { Machine } from "./machine.ts";
import type { PageRequest } from "./page-alloc.ts";

/** Why a page moves; it decides where to. */
export type Purpose = "contig" | "offline" | "soft-offline" | "long-term-pin";

export class Migration {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  /** Whether the pages could go anywhere at all. */
  canMigrate(slot: number): boolean {
    const { allocations } = this.m;
    if (!allocations.kind(slot).traits.movable || allocations.nrExtraReferences(slot) > 0 || allocations.has(slot, AllocFlag.LruIsolated)) return false;
    return !this.m.frames.anyPoisoned(allocations.head(slot), allocations.nrPages(slot));
  }

  /** alloc_migration_target(): what is asked for, in place of the pages. */
  request(slot: number, purpose: Purpose): PageRequest {
    const { allocations } = this.m;
    const order = allocations.order(slot);
    const zone = this.m.frames.zone(allocations.head(slot));
    // A free page of a pool is replaced where it is: alloc_and_dissolve_hugetlb_folio().
    if (this.m.hugetlb.isFree(slot)) return { order, type: Type.Movable, node: zone.node, highest: ZoneType.Movable, nodes: new Set([zone.node]), retyped: [] };
    const longTerm = purpose === "long-term-pin";
    const toMovable = !longTerm && (order > 0 || zone.isMovable);
    return {
      order,
      type: longTerm ? Type.Unmovable : Type.Movable,
      node: zone.node,
      highest: toMovable ? ZoneType.Movable : ZoneType.Normal,
      nodes: purpose === "offline" ? this.nodesForOffline(zone.node) : null,
      retyped: [],
    };
  }

  /** Any other node with memory; the page's own if there is none. */
  protected nodesForOffline(node: number): ReadonlySet<number> {
    const others = this.m.zones.nodes.filter(({ node: other, hasMemory }) => hasMemory && other !== node).map(({ node: other }) => other);
    return new Set(others.length === 0 ? [node] : others);
  }

  /** Moves the pages if a target can be had; `release` says what becomes of the old frames. */
  migrate(slot: number, purpose: Purpose, release: (from: number, order: number) => void = (from, order) => this.releaseOld(from, order)): boolean {
    const request = this.request(slot, purpose);
    const target = this.m.choices.target(slot, request);
    if (target < 0) return false;
    const from = this.m.allocations.head(slot);
    this.m.hugetlb.moves(slot, target);
    this.m.allocations.setHead(slot, target);
    if (this.m.allocations.has(slot, AllocFlag.Inflated)) this.m.balloon.migrated(from, target);
    release(from, request.order);
    this.m.log.move({ id: this.m.allocations.id(slot), from: toPfn(from), to: grantOf(target, request.order, request.retyped) });
    return true;
  }

  /** The old frames go to the buddy at once, never to a per-CPU list. */
  protected releaseOld(from: number, order: number): void {
    this.m.buddy.freeBlock(from, order);
  }

  /** reclaim_clean_pages_from_list(): a clean page-cache page goes, because it can be read again. */
  drop(slot: number): void {
    const { allocations } = this.m;
    const from = allocations.head(slot);
    this.m.log.drop(allocations.id(slot));
    allocations.remove(slot);
    this.m.buddy.freeBlock(from, 0);
  }
}

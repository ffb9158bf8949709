/**
 * Migration: the pages of an allocation move to other frames, and the old frames are freed.
 *
 * Linux mm/migrate.c, mm/compaction.c: isolate_migratepages_block(), mm/memory_hotplug.c: do_migrate_range(), v6.12.
 * Splitting of large folios and retries are left out (docs/fidelity.md#migration): a page moves or it does not.
 */
import { Inadmissible } from "./choices.ts";
import type { Choices } from "./choices.ts";
import type { NodeId } from "./command.ts";
import { changeNode, isFreeInPool } from "./hugetlb.ts";
import type { Allocation, Machine } from "./machine.ts";
import { everyFrame, framesOf, pageOf, zoneAt } from "./machine.ts";
import type { Grant, Move } from "./outcome.ts";
import { allocPages } from "./page-alloc.ts";
import type { Request } from "./page-alloc.ts";
import { pageKindTraits } from "./page-kind.ts";
import { freePages } from "./pcp.ts";
import { hex, pfnRange } from "./pfn.ts";
import type { Pfn, PfnRange } from "./pfn.ts";
import { FrameUse } from "./view.ts";

/** Who moves pages: decides where to. */
export type MigrationReason = "contig" | "offline" | "soft-offline" | "longterm-pin";

/** The frames of an allocation made as one block. */
export function framesOfBlock(allocation: Allocation): PfnRange {
  return pfnRange(allocation.pfn, 2 ** (allocation.order ?? 0));
}

/** The pages could be moved now: a movable kind, on the LRU if it belongs there, not held, not pinned, in no batch, not poisoned. */
export function isMigratable(machine: Machine, allocation: Allocation): boolean {
  if (allocation.kind === "contig" || allocation.kind === "cma") return false;
  if (!pageKindTraits[allocation.kind].movable || allocation.lruIsolated || allocation.batch !== "none") return false;
  if (allocation.holds + allocation.pins + allocation.longTermPins > 0) return false;
  return everyFrame(framesOfBlock(allocation), (pfn) => !pageOf(machine, pfn).poisoned);
}

/** Where the pages may go: Linux `alloc_migration_target()`, mm/migrate.c, v6.12, with the masks of each caller. */
export function migrationTarget(machine: Machine, allocation: Allocation, reason: MigrationReason): Request {
  const zone = zoneAt(machine, pageOf(machine, allocation.pfn).zone);
  const order = allocation.order ?? 0;
  if (reason === "longterm-pin") return { order, type: "Unmovable", highestZone: "Normal", node: zone.node, nodes: null };
  // A free page of a pool is replaced on its node: Linux `alloc_and_dissolve_hugetlb_folio()`, mm/hugetlb.c, v6.12.
  if (isFreeInPool(allocation)) return { order, type: "Movable", highestZone: "Movable", node: zone.node, nodes: [zone.node] };
  const highestZone = order > 0 || zone.type === "Movable" ? "Movable" : "Normal";
  return { order, type: "Movable", highestZone, node: zone.node, nodes: reason === "offline" ? offlineTargets(machine, zone.node) : null };
}

/** Nodes with memory other than this one, unless there is no other. */
function offlineTargets(machine: Machine, source: NodeId): readonly NodeId[] {
  const others = machine.nodes.flatMap(({ hasMemory }, id) => (hasMemory && id !== source ? [id] : []));
  return others.length === 0 ? [source] : others;
}

/** Moves the pages; undefined if no zone has room. The frames they leave go to the buddy. */
export function migratePages(machine: Machine, allocation: Allocation, reason: MigrationReason, choices: Choices, told: Grant | undefined): Move | undefined {
  const to = allocPages(machine, migrationTarget(machine, allocation, reason), choices, told);
  if (to === undefined) return undefined;
  const from = leave(machine, allocation, to);
  freePages(machine, from, allocation.order ?? 0, false);
  return { id: allocation.id, from, to };
}

/** The pages are in their new frames; the old ones still belong to nobody. */
export function leave(machine: Machine, allocation: Allocation, to: Grant): Move["from"] {
  const from = allocation.pfn;
  changeNode(machine, allocation, to);
  for (const pfn of framesOf(framesOfBlock(allocation))) Object.assign(pageOf(machine, pfn), { alloc: -1, use: FrameUse.Limbo });
  allocation.pfn = to.pfn;
  for (const pfn of framesOf(framesOfBlock(allocation))) Object.assign(pageOf(machine, pfn), { alloc: allocation.id, use: FrameUse.Allocated });
  if (allocation.inflated) moveInflated(machine, from, to.pfn);
  return from;
}

/** Linux `virtballoon_migratepage()`, drivers/virtio/virtio_balloon.c, v6.12: the new zone manages one page less, the old one has its page back. */
function moveInflated(machine: Machine, from: Pfn, to: Pfn): void {
  zoneAt(machine, pageOf(machine, from).zone).managed += 1;
  zoneAt(machine, pageOf(machine, to).zone).managed -= 1;
}

/** The next move that was told, which must be of one of these pages. */
export function nextToldMove(choices: Choices, candidates: readonly Allocation[]): { readonly allocation: Allocation; readonly to: Grant } | undefined {
  if (choices.kind === "alone") return undefined;
  const move = choices.moved.shift();
  if (move === undefined) return undefined;
  const allocation = candidates.find(({ id }) => id === move.id);
  if (allocation === undefined || allocation.pfn !== move.from) {
    throw new Inadmissible("move-allowed", `a${move.id} was moved from ${hex(move.from)}, but it is not a page there that has to move and can`, candidates.length === 0 ? "no move" : candidates.map(({ id, pfn }) => `a${id} at ${hex(pfn)}`).join(", "), [move.from]);
  }
  return { allocation, to: move.to };
}

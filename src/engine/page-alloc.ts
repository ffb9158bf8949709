/**
 * Allocation: which zones, in which order, and whether each has enough.
 *
 * Linux mm/page_alloc.c, v6.12: get_page_from_freelist(), __zone_watermark_ok(), rmqueue(). All watermarks are 0.
 */
import { Type, orderPages, pcpList } from "./layout.ts";
import type { Machine } from "./machine.ts";
import type { NodeState, Zone } from "./zone.ts";

/** What is asked of the allocator. */
export interface PageRequest {
  order: number;
  /** Migratetype. */
  type: number;
  /** The node whose zonelist is walked. */
  node: number;
  /** The highest zone type allowed. */
  highest: number;
  /** The nodes allowed; null: all. */
  nodes: ReadonlySet<number> | null;
  /** Told back: the pageblocks that got the request's type, in the order in which that happened. */
  retyped: number[];
  /** ALLOC_HIGHATOMIC: it may use the reserve. */
  readonly atomic?: boolean;
  /** Told back: it was served from a per-CPU list. */
  fromPcp?: boolean;
}

export class PageAlloc {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  /** get_page_from_freelist(): the block's first frame, or -1. The caller says what the block is used for. */
  allocate(request: PageRequest): number {
    for (const zone of this.zonelist(request.node)) {
      if (!this.isAllowed(zone, request) || !this.watermarkOk(zone, request)) continue;
      const pfn = this.rmqueue(zone, request);
      if (pfn >= 0) return pfn;
    }
    return -1;
  }

  /** rmqueue(): a per-CPU entry of exactly this kind first, then the buddy. */
  protected rmqueue(zone: Zone, request: PageRequest): number {
    const entry = this.m.pcp.take(zone, request.order, request.type);
    request.fromPcp = entry >= 0;
    if (entry >= 0) return entry;
    const reserved = request.atomic === true ? this.m.buddy.rmqueueSmallest(zone, request.order, Type.HighAtomic) : -1;
    return reserved >= 0 ? reserved : this.m.fallback.rmqueue(zone, request.order, request.type, request.retyped);
  }

  zonelist(node: number): readonly Zone[] {
    return this.#node(node)?.zonelist ?? [];
  }

  #node(node: number): NodeState | undefined {
    return this.m.zones.nodes[node];
  }

  isAllowed(zone: Zone, request: PageRequest): boolean {
    return zone.type <= request.highest && (request.nodes === null || request.nodes.has(zone.node));
  }

  /** Whether some allowed zone passes the watermark test: only then must a request succeed. */
  canAllocate(request: PageRequest): boolean {
    return this.zonelist(request.node).some((zone) => this.isAllowed(zone, request) && this.watermarkOk(zone, request));
  }

  /** __zone_watermark_ok(). Isolated frames are not in nrFree, per-CPU entries neither. */
  watermarkOk(zone: Zone, request: PageRequest): boolean {
    const { order, type } = request;
    const atomic = request.atomic === true;
    if (zone.nrFree - this.unusableFree(zone, order, type) - (atomic ? 0 : zone.nrFreeHighAtomic) <= 0) return false;
    if (order === 0) return true;
    return this.hasBlock(zone, order, Type.Unmovable) || this.hasBlock(zone, order, Type.Movable) || this.hasBlock(zone, order, Type.Reclaimable) || (this.m.fallback.mayUseCma(type) && this.hasBlock(zone, order, Type.Cma)) || (atomic && this.hasBlock(zone, order, Type.HighAtomic));
  }

  /** __zone_watermark_unusable_free(). */
  protected unusableFree(zone: Zone, order: number, type: number): number {
    return orderPages(order) - 1 + (this.m.fallback.mayUseCma(type) ? 0 : zone.nrFreeCma);
  }

  protected hasBlock(zone: Zone, order: number, list: number): boolean {
    return order <= this.m.sizes.maxOrder && this.m.lists.orderFrom(zone.index, list, order) >= 0;
  }

  /**
   * Takes a block that someone else chose, after it was found to be permitted: the run of frames at `pfn` out of the free
   * block `[head, head + 2^blockOrder)`. `claims`: the pageblocks it touches get the type of the request.
   */
  takeChosen(pfn: number, head: number, blockOrder: number, list: number, zone: Zone, request: PageRequest, claims: boolean): void {
    const section = this.m.frames.section(pfn);
    const target = pfn - section.start;
    const { buddy, fallback } = this.m;
    request.fromPcp = false;
    if (!claims) buddy.takeRun(section, head, blockOrder, target, request.order, zone, list, list);
    else if (blockOrder >= this.m.sizes.pageblockOrder) fallback.takeWholeBlock(section, head, blockOrder, target, request.order, zone, request.type, request.retyped);
    else {
      const start = head - (head % this.m.sizes.pageblockPages);
      fallback.moveFreepagesBlock(section, start, request.type);
      request.retyped.push(section.start + start);
      buddy.takeRun(section, head, blockOrder, target, request.order, zone, request.type, request.type);
    }
  }

  /** Takes a per-CPU entry that someone else chose. */
  takeChosenEntry(pfn: number, zone: Zone, request: PageRequest): void {
    request.fromPcp = true;
    this.m.pcp.takeEntry(zone, pfn, request.order, pcpList + request.type);
  }
}

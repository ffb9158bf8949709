/** The state of a zone and of a node: Linux `struct zone` and `pg_data_t`, include/linux/mmzone.h, v6.12. Plain numbers. */
import { ZoneType, zonesPerNode } from "./layout.ts";

export class Zone {
  readonly index: number;
  readonly node: number;
  /** Index of the zone type. */
  readonly type: number;
  start = 0;
  spanned = 0;
  present = 0;
  presentEarly = 0;
  managed = 0;
  /** Frames of CMA areas: fixed at boot. */
  cmaPages = 0;
  /** NR_FREE_PAGES and NR_FREE_CMA_PAGES. */
  nrFree = 0;
  nrFreeCma = 0;
  /** nr_free_highatomic and nr_reserved_highatomic. */
  nrFreeHighAtomic = 0;
  nrReservedHighAtomic = 0;
  nrIsolatePageblock = 0;
  contiguous = false;
  /** Who holds the per-CPU lists disabled: the `pcp-disable` command, and tasks. */
  pcpDisabledByCommand = false;
  pcpDisabledByTasks = 0;
  /** Sections wholly online and wholly of this zone, and the numbers of the others with a page that links to it. */
  nrWholeSections = 0;
  readonly oddSections: Set<number> = new Set();

  constructor(index: number) {
    this.index = index;
    this.node = Math.floor(index / zonesPerNode);
    this.type = index % zonesPerNode;
  }

  get end(): number {
    return this.start + this.spanned;
  }

  get isMovable(): boolean {
    return this.type === ZoneType.Movable;
  }

  get isDevice(): boolean {
    return this.type === ZoneType.Device;
  }

  /** populated_zone(). */
  get isPopulated(): boolean {
    return this.present > 0;
  }

  /** zone_spans_pfn(). */
  spans(pfn: number): boolean {
    return pfn >= this.start && pfn < this.start + this.spanned;
  }

  /** zone_intersects(). */
  intersects(start: number, nrPages: number): boolean {
    return this.spanned > 0 && start < this.end && start + nrPages > this.start;
  }
}

/** pg_data_t and the node's place in the node masks. */
export class NodeState {
  readonly node: number;
  readonly cpus: boolean;
  start = 0;
  spanned = 0;
  present = 0;
  nrZones = 0;
  online = false;
  hasMemory = false;
  hasNormalMemory = false;
  /** The zones that allocations for this node try, best first. */
  zonelist: readonly Zone[] = [];

  constructor(node: number, cpus: boolean) {
    this.node = node;
    this.cpus = cpus;
  }

  get end(): number {
    return this.start + this.spanned;
  }
}

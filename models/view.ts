/**
 * What can be observed of an implementation.
 *
 * Every fact is optional: a foreign allocator or a live kernel shows only a part. A missing fact is unknown, never empty;
 * an invariant that needs it is reported as not checkable. Lists are sorted as each field says, so that two views of
 * equal states are equal.
 */
import type { AllocId, AreaId, DaxId, DeviceId, GroupId, NodeId, PageKind, TaskId, TokenId, ZoneType } from "./command.ts";
import type { Geometry } from "./geometry.ts";
import type { BlockId, Order, Pfn, PfnRange } from "./pfn.ts";

/** Migratetypes by their names in /proc/pagetypeinfo. HighAtomic is made where the machine has `highAtomic`. */
export const migratetypes = ["Unmovable", "Movable", "Reclaimable", "HighAtomic", "CMA", "Isolate"] as const;
export type Migratetype = (typeof migratetypes)[number];

/** Index of a zone in `View.zones`. */
export type ZoneIndex = number;

/** The zones of every possible node, nodes ascending, zone types in index order; all five, also those that span nothing. */
export interface ZoneView {
  readonly node: NodeId;
  readonly type: ZoneType;
  /** zone_start_pfn; 0 where the zone spans nothing. */
  readonly start: Pfn;
  readonly spanned: number;
  readonly present: number;
  readonly presentEarly?: number;
  readonly managed: number;
  /** NR_FREE_PAGES. */
  readonly nrFree?: number;
  /** NR_FREE_CMA_PAGES. */
  readonly nrFreeCma?: number;
  /** nr_free_highatomic and nr_reserved_highatomic. Only of machines that reserve. */
  readonly nrFreeHighAtomic?: number;
  readonly nrReservedHighAtomic?: number;
  /** Free blocks by order, isolated ones included: free_area[order].nr_free. */
  readonly nrFreeBlocks?: readonly number[];
  readonly nrIsolatePageblock?: number;
  readonly contiguous?: boolean;
  /** How many callers hold the per-CPU lists disabled. */
  readonly pcpDisabled?: number;
}

export interface NodeView {
  readonly node: NodeId;
  readonly start: Pfn;
  readonly spanned: number;
  readonly present: number;
  readonly online: boolean;
  /** Membership in N_MEMORY. */
  readonly hasMemory: boolean;
  /** Membership in N_NORMAL_MEMORY. */
  readonly hasNormalMemory: boolean;
  readonly nrZones?: number;
  /** NR_ISOLATED_ANON and NR_ISOLATED_FILE, the parts of CPUs included. Left out: the machine does not keep them. */
  readonly nrIsolatedAnon?: number;
  readonly nrIsolatedFile?: number;
  /** The zones an allocation for this node tries, in that order: populated zones of this node from the highest down, then those of the other nodes, nearest number first and the lower one of two as near. Empty for a node that is not online. */
  readonly zonelist?: readonly ZoneIndex[];
}

export interface BlockView {
  readonly block: BlockId;
  readonly state: "online" | "going-offline" | "offline";
  /** What the next online without a word of its own would use; "offline" stands for no preference. */
  readonly onlineType?: "offline" | "online" | "online_kernel" | "online_movable";
  readonly node: NodeId;
  /** The one zone that manages the block; null: none or several. */
  readonly zone?: ZoneIndex | null;
  /** Frames at its start that hold its own memmap. */
  readonly selfHosted?: number;
  readonly group?: GroupId | null;
  readonly nrHwpoison?: number;
  /** References to its device beyond the one that the device core holds until the block is removed. */
  readonly references?: number;
  /** The block was there at boot. */
  readonly boot?: boolean;
  /** What `valid_zones` says: zone names, or `none`. */
  readonly validZones?: readonly string[];
}

export interface SectionView {
  readonly section: number;
  readonly present: boolean;
  readonly hasMemMap: boolean;
  readonly online: boolean;
  readonly early: boolean;
  /** SECTION_TAINT_ZONE_DEVICE. */
  readonly taint: boolean;
  /** The usage record: none, allocated at boot, or allocated when memory was added. */
  readonly usage: "none" | "boot" | "allocated";
  /** subsection_map: one character a subsection, `1` where memory was added. Empty where there is no usage record. */
  readonly subsectionMap: string;
  /** Who backs the memmap, one character a subsection: `b` boot memory, `k` frames of a kernel zone, `s` the block itself, `d` the device itself, `c` frames of a kernel zone that compound pages share, `-` nobody. */
  readonly backing: string;
}

export interface PageblockView {
  readonly start: Pfn;
  /** As the allocator sees it: Isolate while it is isolated. */
  readonly type: Migratetype;
  /** The type it will get back. Only of isolated pageblocks, and only where the implementation keeps it (neither KD-4 nor EX-7). */
  readonly savedType?: Migratetype;
}

/** What a frame is. Exactly one holds of each frame that a section covers. */
export const FrameUse = {
  /** Nobody can say. */
  Unknown: 0,
  /** The section is present, this subsection was never added. */
  Absent: 1,
  /** Part of a boot section in which there is no memory. */
  Hole: 2,
  /** Memory of a section that is not online. */
  Offline: 3,
  /** Taken at boot, before the buddy allocator: PageReserved. Boot memmap included. */
  Reserved: 4,
  /** In a free block of the buddy allocator. */
  Free: 5,
  /** On a per-CPU list. */
  Pcp: 6,
  /** Owned by an allocation. */
  Allocated: 7,
  /** Taken by the kernel for a memmap. */
  Memmap: 8,
  /** The block's own memmap (memmap_on_memory). */
  SelfHosted: 9,
  /** PageOffline inside an online section, still referenced by its driver. */
  PageOffline: 10,
  /** PageOffline, the driver gave up its reference. */
  PageOfflineDropped: 11,
  /** Bad, kept from use. */
  Poisoned: 12,
  /** In use by nobody and free to nobody: lost. */
  Limbo: 13,
  /** ZONE_DEVICE. */
  Device: 14,
  /** In a guard block (debug_pagealloc): half of a split block, out of use until the other half is free again. */
  Guard: 15,
} as const;
export type FrameUse = (typeof FrameUse)[keyof typeof FrameUse];

/** The names of the uses, for reports; index is the code. */
export const frameUseNames: readonly string[] = ["unknown", "absent", "hole", "offline", "reserved", "free", "pcp", "allocated", "memmap", "self-hosted memmap", "page-offline", "page-offline dropped", "poisoned", "limbo", "device", "guard"];

/** Bits of `FrameTable.flags`. */
export const FrameFlag = {
  /** pfn_valid(). */
  Valid: 1,
  /** pfn_to_online_page() gives a page. */
  Online: 2,
  /** PG_hwpoison. */
  Hwpoison: 4,
  /** Of allocated frames: the kind can be migrated in principle (pins, holds and LRU isolation aside). */
  Movable: 8,
  /** Of allocated frames: the kind can never be migrated; also contiguous and CMA allocations, and every Memmap frame. */
  Unmovable: 16,
} as const;

/** No zone, no order: the value in the byte columns of a frame table. */
export const NONE = 255;

/** Facts of frames in columns: the frames of the ranges, one after the other. */
export interface FrameTable {
  /** Ascending, disjoint. From a subject: the present sections, neighbours coalesced. */
  readonly ranges: readonly PfnRange[];
  /** FrameUse codes. */
  readonly use: Uint8Array;
  /** FrameFlag bits. */
  readonly flags: Uint8Array;
  /** Index of the zone that the frame's page links to; NONE where the link means nothing (use Absent, Offline, Unknown). Device frames link to zone Device of their node. */
  readonly zone: Uint8Array;
  /** Order of the free block of which the frame is the first; NONE elsewhere. */
  readonly order: Uint8Array;
}

/** One block on a free list or per-CPU list. */
export interface FreeBlockView {
  readonly pfn: Pfn;
  readonly order: Order;
  readonly zone: ZoneIndex;
  /** The list it is on. */
  readonly type: Migratetype;
}

export interface AllocationView {
  readonly id: AllocId;
  readonly kind: PageKind | "contig" | "cma";
  /** Order of a block from the allocator; for contig and cma, null. */
  readonly order: Order | null;
  readonly compound: boolean;
  /** The frames, ascending and coalesced. */
  readonly ranges: readonly PfnRange[];
  /** Temporary extra references (`hold`). */
  readonly holds: number;
  readonly pins: number;
  readonly longTermPins: number;
  /** Off the LRU, held by someone (`lru-isolate`). */
  readonly lruIsolated: boolean;
  /** The owner has freed it; references of others keep it, or it is free in its pool. */
  readonly freed: boolean;
  /** In the balloon, and so not managed. Left out: the machine has no balloon. A subject that does not tell its allocations shows inflated frames as PageOffline. */
  readonly inflated?: boolean;
  /** It belongs to a pool of huge pages. Only of machines that have pools. */
  readonly pool?: boolean;
  /** The per-CPU batch of the LRU that holds a reference. Only of machines that have such batches. */
  readonly lruBatch?: LruBatch;
}

/** `add`: not on the LRU yet (lru_add). `move`: on it, to be moved on it (lru_activate and its like). */
export type LruBatch = "none" | "add" | "move";

/** The pool of one size of huge pages. */
export interface HugePoolView {
  readonly order: Order;
  /** resv_hugepages: free pages that are promised. */
  readonly reserved: number;
  /** nr_hugepages. */
  readonly total: number;
  /** free_hugepages. */
  readonly free: number;
  /** The same by node, nodes ascending. */
  readonly nodes: readonly { readonly total: number; readonly free: number }[];
}

/** Who isolates which pageblocks. Owner: a token of `isolate`, or a task. */
export interface IsolationView {
  readonly owner: { readonly token: TokenId } | { readonly task: TaskId };
  /** First frames, ascending: the pageblocks this owner took and has not undone. */
  readonly pageblocks: readonly Pfn[];
}

/** A half-done operation. */
export interface TaskView {
  readonly task: TaskId;
  readonly op: "online" | "offline" | "alloc-contig";
  /** online: `onlining`; offline: `isolated`, `migrating`; alloc-contig: `isolated`, `migrating`. docs/spec.md#step has the steps. */
  readonly phase: string;
  /** What it works on: the block, or the range asked for. */
  readonly range: PfnRange;
}

/** An area that could not be activated at boot has no frames and no bits. */
export interface CmaAreaView {
  readonly area: AreaId;
  readonly base: Pfn;
  readonly nrPages: number;
  readonly orderPerBit: number;
  /** One character a bit, `1` where taken. */
  readonly bitmap: string;
}

export interface GroupView {
  readonly group: GroupId;
  readonly node: NodeId;
  readonly dynamic: boolean;
  /** max_pages of a static group, unit_pages of a dynamic one. */
  readonly pages: number;
  readonly presentKernel: number;
  readonly presentMovable: number;
  readonly blocks: readonly BlockId[];
}

export interface DeviceView {
  readonly device: DeviceId;
  readonly range: PfnRange;
  /** struct vmem_altmap, where the device has one: frames at its start that the driver keeps, frames behind them for memmap, frames of those lost to alignment, and frames of those that hold memmap. */
  readonly altmap?: { readonly reserve: number; readonly free: number; readonly align: number; readonly alloc: number };
  /** Order of its compound pages, where it has such. */
  readonly vmemmapShift?: number;
}

/** A dax device that the kmem driver has. */
export interface KmemView {
  readonly device: DaxId;
  /** The memory group that the driver registered for it. */
  readonly group: GroupId;
  /** What it added, as whole memory blocks, in the order of the device's ranges. */
  readonly ranges: readonly PfnRange[];
}

/** An entry of the iomem tree: busy, or a window or what a driver has reserved for memory (kmem, virtio-mem), which are not and contain others. */
export interface ResourceView {
  readonly range: PfnRange;
  readonly kind: "ram" | "device" | "window" | "kmem" | "virtio-mem";
}

export interface TotalsView {
  readonly totalram: number;
  /** nr_memmap_pages in /proc/vmstat. */
  readonly nrMemmapPages: number;
  /** nr_memmap_boot_pages. */
  readonly nrMemmapBootPages: number;
  /** HardwareCorrupted, in frames. */
  readonly numPoisoned: number;
  readonly maxPfn: Pfn;
  /** __highest_present_section_nr. */
  readonly highestPresentSection: number;
}

/** The facts. `needs` of an invariant lists these names. */
export interface View {
  readonly geometry: Geometry;
  /** By node, then zone type. */
  readonly zones?: readonly ZoneView[];
  readonly nodes?: readonly NodeView[];
  /** Ascending. */
  readonly blocks?: readonly BlockView[];
  /** Ascending: every section that is present or has a usage record. */
  readonly sections?: readonly SectionView[];
  /** Ascending: every pageblock of every online section. */
  readonly pageblocks?: readonly PageblockView[];
  readonly frames?: FrameTable;
  /** Ascending by pfn: every block on a free list. */
  readonly freeBlocks?: readonly FreeBlockView[];
  /** Ascending by pfn. */
  readonly pcp?: readonly FreeBlockView[];
  /** Ascending by id. */
  readonly allocations?: readonly AllocationView[];
  /** Tokens ascending, then tasks ascending; owners with no pageblock left are gone. */
  readonly isolations?: readonly IsolationView[];
  readonly tasks?: readonly TaskView[];
  readonly cma?: readonly CmaAreaView[];
  /** By order; none on a machine without sizes of huge pages. */
  readonly hugePools?: readonly HugePoolView[];
  readonly groups?: readonly GroupView[];
  /** Ascending by start. */
  readonly devices?: readonly DeviceView[];
  /** Ascending by device: those that the driver has; none on a machine without dax devices. */
  readonly kmem?: readonly KmemView[];
  /** Ascending by start; what contains others before them. */
  readonly resources?: readonly ResourceView[];
  readonly totals?: TotalsView;
}

export type Fact = Exclude<keyof View, "geometry">;

/** The facts of a view, each made when it is wanted. */
export type ViewParts = { readonly [F in Fact]: () => NonNullable<View[F]> };

/** A view of the wanted facts, in the order of the parts. */
export function viewOfParts(geometry: Geometry, parts: ViewParts, wanted: readonly Fact[] | undefined): View {
  const view: { geometry: Geometry } & { [F in Fact]?: NonNullable<View[F]> } = { geometry };
  const put = <F extends Fact>(fact: F): void => {
    view[fact] = parts[fact]() as (typeof view)[F];
  };
  for (const fact in parts) if (wanted === undefined || wanted.includes(fact as Fact)) put(fact as Fact);
  return view;
}

/**
 * Every command, as plain data.
 *
 * A command goes to files, over pipes, into reports and through the reducer. It names what it makes by a label of the
 * caller's choosing (`id`) and what it uses by the same label, so that taking one command out of a scenario never
 * changes what the others mean. **Every command is meaningful in every state**: one that could not be issued (a label
 * that names nothing, a label already taken, a range that no caller may pass, a lock that a half-done task holds) has
 * the outcome `skipped` and changes nothing.
 *
 * The catalogue of preconditions, effects and errnos is models/catalogue.ts; docs/spec.md is generated from it.
 */
import type { AutoOnline, OnlinePolicy } from "./description.ts";
import type { Errno } from "./outcome.ts";
import type { BlockId, Order, Pfn } from "./pfn.ts";

/** Labels. Each kind counts for itself: allocation 1 and token 1 are different things. Any whole number from 0 to 2^31 - 1. */
export type AllocId = number;
export type TokenId = number;
export type TaskId = number;
export type GroupId = number;
export type DeviceId = number;
/** Index in the list of nodes of the machine description. */
export type NodeId = number;
/** Index in the list of CMA areas of the machine description. */
export type AreaId = number;
/** Index in the list of dax devices of the machine description. */
export type DaxId = number;

/** Zones in index order, by their names in /proc/zoneinfo. */
export const zoneTypes = ["DMA", "DMA32", "Normal", "Movable", "Device"] as const;
export type ZoneType = (typeof zoneTypes)[number];

/**
 * What an allocated page is used for, as far as moving it matters. docs/spec.md#page-kinds has the table: migratetype
 * and zones of the request, orders, whether the pages form a compound page, are on the LRU, can be migrated.
 *
 * - `user`: an anonymous page, order 0
 * - `file`: a clean page-cache page, order 0; a contiguous allocation may drop it instead of moving it
 * - `folio`: a large anonymous folio, order 1 to pageblock order, compound
 * - `hugetlb`: a hugetlb folio of a size that can be migrated, order 1 to pageblock order, compound
 * - `hugetlb-fixed`: a hugetlb folio of a size that can not, order 1 to pageblock order, compound
 * - `driver-movable`: a page of a driver with movable ops (balloon, zsmalloc), order 0, not on the LRU
 * - `kernel`: unmovable, any order, not compound
 * - `slab`: unmovable, any order, compound from order 1 on
 * - `slab-reclaimable`: as slab, from the reclaimable lists
 * - `page-table`: unmovable, order 0
 */
export const pageKinds = ["user", "file", "folio", "hugetlb", "hugetlb-fixed", "driver-movable", "kernel", "slab", "slab-reclaimable", "page-table"] as const;
export type PageKind = (typeof pageKinds)[number];

/** Who asks for isolation, and so which pages may stay in the range. */
export const isolationModes = ["offline", "contig", "cma"] as const;
export type IsolationMode = (typeof isolationModes)[number];

/** The words that sysfs takes for `memoryN/state`. */
export const stateWords = ["online", "online_kernel", "online_movable", "offline"] as const;
export type StateWord = (typeof stateWords)[number];
export type OnlineWord = Exclude<StateWord, "offline">;

/** Notifier events that a driver can refuse. */
export const vetoableEvents = ["PREPARE_ONLINE", "GOING_ONLINE", "GOING_OFFLINE"] as const;
export type VetoableEvent = (typeof vetoableEvents)[number];

/** What `fail-next` makes fail: each a place where Linux allocates or registers something. */
export const failurePoints = ["node", "usage", "memmap", "memory-block"] as const;
export type FailurePoint = (typeof failurePoints)[number];

/** Reclaim bits of a contiguous request. `nofs` leaves file pages alone; `nofail` is not allowed and refused. */
export const contigGfps = ["kernel", "nofs", "nofail"] as const;
export type ContigGfp = (typeof contigGfps)[number];

/** Zone bits of a kernel request: the highest zone it may use. */
export const zoneModifiers = ["normal", "DMA32", "DMA"] as const;
export type ZoneModifier = (typeof zoneModifiers)[number];

export type Setting =
  | { readonly option: "auto_online_blocks"; readonly value: AutoOnline }
  | { readonly option: "online_policy"; readonly value: OnlinePolicy }
  | { readonly option: "auto_movable_ratio"; readonly value: number }
  | { readonly option: "auto_movable_numa_aware"; readonly value: boolean };

// Page allocator: mm/page_alloc.c, mm/gup.c, mm/memory-failure.c.

/** alloc_pages(): one block of 2^order frames. `zone` limits kernel kinds and is ignored by the others. */
export interface Alloc {
  readonly op: "alloc";
  readonly id: AllocId;
  readonly kind: PageKind;
  readonly order: Order;
  readonly node: NodeId;
  /** __GFP_THISNODE: no other node will do. */
  readonly thisNode: boolean;
  readonly zone: ZoneModifier;
}
/**
 * alloc_pages() with GFP_ATOMIC of 2 pages or more, while memory is short: zones lie below their low watermark, so that it may use
 * the HighAtomic reserve, and makes it grow. Pages of the kernel. Only on a machine with `highAtomic`.
 */
export interface AllocAtomic {
  readonly op: "alloc-atomic";
  readonly id: AllocId;
  readonly order: Order;
  readonly node: NodeId;
  readonly zone: ZoneModifier;
}
/**
 * unreserve_highatomic_pageblock() for a request on this node that finds no memory: pageblocks of the reserve become Movable or
 * Unmovable. `force`: the last one too. Only on a machine with `highAtomic`.
 */
export interface Unreserve {
  readonly op: "unreserve";
  readonly node: NodeId;
  readonly movable: boolean;
  readonly force: boolean;
}
/** __free_pages(): the owner drops its reference. `pcp`: to the per-CPU list where that is allowed, else to the buddy. */
export interface Free {
  readonly op: "free";
  readonly id: AllocId;
  readonly pcp: boolean;
}
/** drain_all_pages(zone). */
export interface Drain {
  readonly op: "drain";
  readonly node: NodeId;
  readonly zone: ZoneType;
}
/** zone_pcp_disable(): drains, and keeps frees off the per-CPU lists until enabled. */
export interface PcpDisable {
  readonly op: "pcp-disable";
  readonly node: NodeId;
  readonly zone: ZoneType;
}
export interface PcpEnable {
  readonly op: "pcp-enable";
  readonly node: NodeId;
  readonly zone: ZoneType;
}
/** compact_zone() of the whole zone, as a write to /proc/sys/vm/compact_memory does with each. Only on a machine with `compaction`. */
export interface Compact {
  readonly op: "compact";
  readonly node: NodeId;
  readonly zone: ZoneType;
}
/** folio_get(): one more reference by someone, so that the pages can not be migrated. */
export interface Hold {
  readonly op: "hold";
  readonly id: AllocId;
}
export interface Release {
  readonly op: "release";
  readonly id: AllocId;
}
/** folio_isolate_lru() by someone else: off the LRU, on a private list. */
export interface LruIsolate {
  readonly op: "lru-isolate";
  readonly id: AllocId;
}
export interface LruPutback {
  readonly op: "lru-putback";
  readonly id: AllocId;
}
/**
 * A per-CPU batch of the LRU takes a reference on the page, until it is drained: folio_add_lru() of a page that someone has
 * off the LRU, folio_activate() of one that is on it. Only on a machine with `lruBatches`.
 */
export interface LruBatchEnter {
  readonly op: "lru-batch";
  readonly id: AllocId;
}
/** lru_add_drain_all(). Only on a machine with `lruBatches`. */
export interface LruDrain {
  readonly op: "lru-drain";
}
/** pin_user_pages(). Long-term: moved out of Movable and CMA first. */
export interface Pin {
  readonly op: "pin";
  readonly id: AllocId;
  readonly longTerm: boolean;
}
/**
 * pin_user_pages() over a stretch of user addresses: the pages of allocation `first` from its page `skip` on, then the
 * zero page if `zero` says so, then all pages of allocation `last`. null: nothing of that sort.
 */
export interface PinRange {
  readonly op: "pin-range";
  readonly first: AllocId | null;
  readonly skip: number;
  readonly zero: boolean;
  readonly last: AllocId | null;
  readonly longTerm: boolean;
}
export interface Unpin {
  readonly op: "unpin";
  readonly id: AllocId;
  readonly longTerm: boolean;
}
/** memory_failure(). */
export interface Poison {
  readonly op: "poison";
  readonly pfn: Pfn;
}
/** soft_offline_page(). */
export interface SoftOffline {
  readonly op: "soft-offline";
  readonly pfn: Pfn;
}
/** unpoison_memory(). */
export interface Unpoison {
  readonly op: "unpoison";
  readonly pfn: Pfn;
}
/** free_reserved_page(): a frame taken at boot goes to the buddy. */
export interface FreeReserved {
  readonly op: "free-reserved";
  readonly pfn: Pfn;
}

/** virtio_balloon fill_balloon(), one page: taken by the driver, and no longer managed. Of machines with a balloon. */
export interface Inflate {
  readonly op: "inflate";
  readonly id: AllocId;
  readonly node: NodeId;
}
/** virtio_balloon leak_balloon(), one page: managed again, and the driver's reference dropped. */
export interface Deflate {
  readonly op: "deflate";
  readonly id: AllocId;
}

/** vmstat_refresh(): every CPU folds what it has counted of online nodes. Of machines with node statistics. */
export interface VmstatRefresh {
  readonly op: "vmstat-refresh";
}

// Isolation and contiguous allocation: mm/page_isolation.c, mm/page_alloc.c, mm/cma.c.

/** start_isolate_page_range(): the pageblocks around the range, owned by token `id`. */
export interface Isolate {
  readonly op: "isolate";
  readonly id: TokenId;
  readonly start: Pfn;
  readonly nrPages: number;
  readonly mode: IsolationMode;
}
/** undo_isolate_page_range() by the owner of token `id`, over a range of its own choosing. */
export interface Unisolate {
  readonly op: "unisolate";
  readonly id: TokenId;
  readonly start: Pfn;
  readonly nrPages: number;
}
/** test_pages_isolated(). Changes nothing. */
export interface TestIsolated {
  readonly op: "test-isolated";
  readonly start: Pfn;
  readonly nrPages: number;
  readonly mode: IsolationMode;
}
/** alloc_contig_range() on exactly these frames. `compound`: __GFP_COMP. */
export interface AllocContig {
  readonly op: "alloc-contig";
  readonly id: AllocId;
  readonly start: Pfn;
  readonly nrPages: number;
  readonly compound: boolean;
  readonly gfp: ContigGfp;
}
/** free_contig_range(). */
export interface FreeContig {
  readonly op: "free-contig";
  readonly start: Pfn;
  readonly nrPages: number;
  readonly pcp: boolean;
}
/** alloc_contig_pages(): the first range of that size that works. `movable`: zone Movable may be used. */
export interface AllocContigPages {
  readonly op: "alloc-contig-pages";
  readonly id: AllocId;
  readonly nrPages: number;
  readonly node: NodeId;
  readonly thisNode: boolean;
  readonly movable: boolean;
}
/** cma_alloc(): `align` is an order; the first frame is a multiple of 2^align. */
export interface CmaAlloc {
  readonly op: "cma-alloc";
  readonly id: AllocId;
  readonly area: AreaId;
  readonly nrPages: number;
  readonly align: Order;
}
/** cma_release() of the whole allocation `id`, as if it were of this area. */
export interface CmaRelease {
  readonly op: "cma-release";
  readonly area: AreaId;
  readonly id: AllocId;
  readonly pcp: boolean;
}
/** virtio_mem_fake_offline(): takes exactly these frames and marks them PageOffline. `drops`: the driver gives up its reference when the block goes offline. */
export interface FakeOffline {
  readonly op: "fake-offline";
  readonly start: Pfn;
  readonly nrPages: number;
  readonly drops: boolean;
}
/** virtio_mem_fake_online(): gives PageOffline frames back to the buddy. */
export interface FakeOnline {
  readonly op: "fake-online";
  readonly start: Pfn;
  readonly nrPages: number;
}

// Hotplug: mm/memory_hotplug.c, drivers/base/memory.c, mm/memremap.c.

/** add_memory(). `memmapOnMemory`: MHP_MEMMAP_ON_MEMORY. `group`: a memory group (MHP_NID_IS_MGID), which names the node; null: none. */
export interface Add {
  readonly op: "add";
  readonly start: Pfn;
  readonly nrPages: number;
  readonly node: NodeId;
  readonly memmapOnMemory: boolean;
  readonly group: GroupId | null;
}
/** remove_memory(). */
export interface Remove {
  readonly op: "remove";
  readonly start: Pfn;
  readonly nrPages: number;
}
/** offline_and_remove_memory(). */
export interface OfflineAndRemove {
  readonly op: "offline-and-remove";
  readonly start: Pfn;
  readonly nrPages: number;
}
/** A write to /sys/devices/system/memory/memoryN/state. */
export interface WriteState {
  readonly op: "write-state";
  readonly block: BlockId;
  readonly value: StateWord;
}
/** A write to /sys/devices/system/memory/memoryN/online. */
export interface WriteOnline {
  readonly op: "write-online";
  readonly block: BlockId;
  readonly value: boolean;
}
/** memory_group_register_static(): one device of at most maxPages. */
export interface GroupStatic {
  readonly op: "group-static";
  readonly id: GroupId;
  readonly node: NodeId;
  readonly maxPages: number;
}
/** memory_group_register_dynamic(): a device that grows in units. */
export interface GroupDynamic {
  readonly op: "group-dynamic";
  readonly id: GroupId;
  readonly node: NodeId;
  readonly unitPages: number;
}
/** memory_group_unregister(). */
export interface GroupUnregister {
  readonly op: "group-unregister";
  readonly id: GroupId;
}
/** memremap_pages() of one range, MEMORY_DEVICE_FS_DAX. With `reserve` or `free` there is an altmap (struct vmem_altmap). */
export interface DeviceMap {
  readonly op: "device-map";
  readonly id: DeviceId;
  readonly start: Pfn;
  readonly nrPages: number;
  readonly node: NodeId;
  /** Frames at the start that the driver keeps for itself; left out: none. */
  readonly reserve?: number;
  /** Frames behind them that are set aside for the memmap of the range; left out: none. */
  readonly free?: number;
  /** Order of the compound pages of the range (struct dev_pagemap, vmemmap_shift); left out: single pages. Only of machines with `compoundDevices`. */
  readonly vmemmapShift?: number;
}
/** memunmap_pages(). */
export interface DeviceUnmap {
  readonly op: "device-unmap";
  readonly id: DeviceId;
}

// Pools of huge pages: mm/hugetlb.c. Only on machines that have sizes of huge pages.

/** alloc_pool_huge_folio(): one more page of this order for the pool of a node, as a write to nr_hugepages of the node makes it. */
export interface HugeGrow {
  readonly op: "huge-grow";
  readonly id: AllocId;
  readonly order: Order;
  readonly node: NodeId;
}
/** remove_pool_hugetlb_folio(): a free page leaves its pool and goes back to the buddy. */
export interface HugeShrink {
  readonly op: "huge-shrink";
  readonly id: AllocId;
}
/** hugetlb_acct_memory(): so many free pages of this order are promised to mappings from now on. */
export interface HugeReserve {
  readonly op: "huge-reserve";
  readonly order: Order;
  readonly count: number;
}
/** alloc_hugetlb_folio(): a process takes this free page of a pool. `reserved`: it was promised one. `free` gives it back to the pool. */
export interface HugeUse {
  readonly op: "huge-use";
  readonly id: AllocId;
  readonly reserved: boolean;
}

// The driver of dax devices whose memory is added as System RAM: drivers/dax/kmem.c. Only on machines that have such devices.

/** dev_dax_kmem_probe(): adds the memory of dax device `device`, in a static group that it registers as `group`. */
export interface KmemProbe {
  readonly op: "kmem-probe";
  readonly device: DaxId;
  readonly group: GroupId;
}
/** dev_dax_kmem_remove(): the driver lets go of the device, and removes what can be removed. */
export interface KmemRemove {
  readonly op: "kmem-remove";
  readonly device: DaxId;
}

// A virtio-mem device: drivers/virtio/virtio_mem.c. Only on a machine that has one.

/** The device asks for so many frames, and the driver's worker runs: virtio_mem_run_wq(). */
export interface VmemRequest {
  readonly op: "vmem-request";
  readonly nrPages: number;
}

// The surroundings, as inputs.

/** A write to a sysfs setting or module parameter. Affects later commands only. */
export interface Set {
  readonly op: "set";
  readonly setting: Setting;
}
/** The next such notifier event is refused with this errno. One refusal an event at a time; a new one replaces it. */
export interface Veto {
  readonly op: "veto";
  readonly event: VetoableEvent;
  readonly errno: Errno;
}
/** The attempt after `skip` more ones fails at this point. One a point at a time; a new one replaces it. */
export interface FailNext {
  readonly op: "fail-next";
  readonly what: FailurePoint;
  readonly skip: number;
}

// Long operations, taken step by step.

/** Commands that can be stepped. */
export type TaskCommand = WriteState | AllocContig;
/** Begins the command as task `task` and takes its first step. */
export interface Start {
  readonly op: "start";
  readonly task: TaskId;
  readonly command: TaskCommand;
}
/** Takes the next step of a task. */
export interface Step {
  readonly op: "step";
  readonly task: TaskId;
}
/** A signal arrives for the process that runs the task, and the task's next step is taken: offline gives up with EINTR, also a contiguous allocation that still migrates; elsewhere it is a plain step. */
export interface Signal {
  readonly op: "signal";
  readonly task: TaskId;
}

export type Command =
  | Alloc
  | AllocAtomic
  | Unreserve
  | Free
  | Drain
  | PcpDisable
  | PcpEnable
  | Compact
  | Hold
  | Release
  | LruIsolate
  | LruPutback
  | LruBatchEnter
  | LruDrain
  | Pin
  | PinRange
  | Unpin
  | Poison
  | SoftOffline
  | Unpoison
  | FreeReserved
  | Inflate
  | Deflate
  | VmstatRefresh
  | Isolate
  | Unisolate
  | TestIsolated
  | AllocContig
  | FreeContig
  | AllocContigPages
  | CmaAlloc
  | CmaRelease
  | FakeOffline
  | FakeOnline
  | Add
  | Remove
  | OfflineAndRemove
  | WriteState
  | WriteOnline
  | GroupStatic
  | GroupDynamic
  | GroupUnregister
  | DeviceMap
  | DeviceUnmap
  | HugeGrow
  | HugeShrink
  | HugeReserve
  | HugeUse
  | KmemProbe
  | KmemRemove
  | VmemRequest
  | Set
  | Veto
  | FailNext
  | Start
  | Step
  | Signal;

export type Op = Command["op"];

/**
 * The state of the specification: plain data, page at a time. Cloneable with `structuredClone`, printable with JSON.
 *
 * The kernel stores some facts twice (a free block is on a list and marked in its first frame; counters beside lists).
 * So does this, on purpose and by the kernel's rules: whether the two agree is what the invariants ask.
 */
import type { AllocId, DaxId, DeviceId, FailurePoint, GroupId, IsolationMode, NodeId, PageKind, TaskId, TokenId, VetoableEvent, ZoneType } from "./command.ts";
import { zoneTypes } from "./command.ts";
import type { AutoOnline, MachineDescription, OnlinePolicy } from "./description.ts";
import type { Errno, Grant } from "./outcome.ts";
import { toPfn } from "./pfn.ts";
import type { BlockId, Order, Pfn, PfnRange } from "./pfn.ts";
import type { Profile, SwitchId } from "./profile.ts";
import type { Task } from "./task.ts";
import type { FrameUse, LruBatch, Migratetype, ZoneIndex } from "./view.ts";

/** `struct page`, as far as hotplug and the allocator look at it. */
export interface Frame {
  use: FrameUse;
  /** Index of the zone that the page links to; -1 where the page was never initialised or has left its zone. */
  zone: ZoneIndex;
  /** Order of the free block whose first frame this is; -1 elsewhere. */
  order: Order;
  /** Order of the guard block whose first frame this is; -1 elsewhere. */
  guard: Order;
  /** The allocation that owns the frame; -1 where none does. */
  alloc: AllocId;
  /** PG_hwpoison. */
  poisoned: boolean;
  /** Of a Poisoned frame: somebody keeps a reference. */
  referenced: boolean;
  /** Of a PageOffline frame: its driver drops the reference when the block goes offline. */
  drops: boolean;
}

/** Bits of the section's usage record. `type` is the type without regard to isolation. */
export interface Pageblock {
  type: Migratetype;
  isolated: boolean;
}

/** Frames that hold part of a section's memmap, taken by one call. */
export interface MemmapChunk {
  /** Subsections whose `struct page`s are there. */
  readonly firstSubsection: number;
  readonly nrSubsections: number;
  readonly grants: readonly Grant[];
  /** Frames of the device's own range that hold it. */
  readonly altmapPages: number;
  /** Frames that hold it, wherever they are: fewer than it has pages where compound pages share them. */
  readonly nrFrames: number;
}

/** `struct vmem_altmap`: how the start of a device range is divided, and how much of it holds memmap. */
export interface Altmap {
  readonly reserve: number;
  readonly free: number;
  /** Frames lost to alignment, never given back. */
  align: number;
  /** Frames that hold memmap now. */
  alloc: number;
}

/** `struct mem_section` and what hangs on it. */
export interface Section {
  readonly nr: number;
  present: boolean;
  hasMemMap: boolean;
  online: boolean;
  early: boolean;
  /** SECTION_TAINT_ZONE_DEVICE. */
  taint: boolean;
  usage: "none" | "boot" | "allocated";
  /** subsection_map; empty where there is no usage record. */
  subsections: boolean[];
  /** Who backs the memmap of each subsection, as `SectionView.backing` says it. */
  backing: ("b" | "k" | "s" | "d" | "c" | "-")[];
  memmap: MemmapChunk[];
  frames: Frame[];
  pageblocks: Pageblock[];
}

/** An entry of a per-CPU list. */
export interface PcpEntry {
  readonly pfn: Pfn;
  readonly order: Order;
  readonly type: Migratetype;
}

/** `struct zone`. */
export interface Zone {
  readonly node: NodeId;
  readonly type: ZoneType;
  start: Pfn;
  spanned: number;
  present: number;
  presentEarly: number;
  managed: number;
  cmaPages: number;
  /** NR_FREE_PAGES. */
  nrFree: number;
  /** NR_FREE_CMA_PAGES. */
  nrFreeCma: number;
  /** nr_free_highatomic and nr_reserved_highatomic. */
  nrFreeHighAtomic: number;
  nrReservedHighAtomic: number;
  nrIsolatePageblock: number;
  contiguous: boolean;
  /** free_area[order].free_list[type]: first frames of the free blocks. */
  freeArea: Record<Migratetype, Pfn[]>[];
  pcp: PcpEntry[];
  /** Who holds the per-CPU lists disabled. */
  pcpDisabledBy: ("command" | "task")[];
}

/** A counter of a node: vm_stat and vm_node_stat_diff. */
export interface NodeStat {
  global: number;
  part: number;
}

/** `pg_data_t` and the node masks. */
export interface Node {
  start: Pfn;
  spanned: number;
  present: number;
  nrZones: number;
  online: boolean;
  hasMemory: boolean;
  hasNormalMemory: boolean;
  readonly isolatedAnon: NodeStat;
  readonly isolatedFile: NodeStat;
  readonly cpus: boolean;
}

/** `struct memory_block`. */
export interface Block {
  readonly id: BlockId;
  state: "online" | "going-offline" | "offline";
  onlineType: AutoOnline;
  readonly node: NodeId;
  zone: ZoneIndex | null;
  /** Frames at its start that hold its own memmap. */
  readonly selfHosted: number;
  readonly group: GroupId | null;
  nrHwpoison: number;
  /** Who looked the block up and still uses it: get_device() and put_device() of its device. */
  references: number;
  readonly boot: boolean;
}

/** `struct memory_group`. */
export interface Group {
  readonly id: GroupId;
  readonly node: NodeId;
  readonly dynamic: boolean;
  readonly pages: number;
  presentKernel: number;
  presentMovable: number;
}

export interface Allocation {
  readonly id: AllocId;
  readonly kind: PageKind | "contig" | "cma";
  /** Order of a block from the allocator; of a compound contiguous allocation too; else null. */
  order: Order | null;
  readonly compound: boolean;
  /** First frame of a block; the lowest frame of a contiguous or CMA allocation at the time it was made. */
  pfn: Pfn;
  /** What was asked for; frames may have been freed since (`Frame.alloc` says which are left). */
  readonly nrPages: number;
  holds: number;
  pins: number;
  longTermPins: number;
  lruIsolated: boolean;
  /** The owner gave it up. A page of a pool is free in its pool then, once nobody refers to it. */
  freed: boolean;
  /** In the balloon: the page left the managed pages of its zone. */
  inflated: boolean;
  /** It belongs to a pool of huge pages. */
  pool: boolean;
  /** The per-CPU batch of the LRU that holds a reference. */
  batch: LruBatch;
}

/** `struct hstate`: the pool of one size, and its part on each node. */
export interface HugePool {
  readonly order: Order;
  readonly kind: Extract<PageKind, "hugetlb" | "hugetlb-fixed">;
  /** resv_huge_pages: free pages that are promised. */
  reserved: number;
  /** nr_huge_pages and free_huge_pages. */
  total: number;
  free: number;
  /** nr_huge_pages_node[] and free_huge_pages_node[]. */
  readonly nodes: { total: number; free: number }[];
}

/** Who isolates which pageblocks. Task -1 is the operation that is running now. */
export interface Isolation {
  readonly owner: { readonly token: TokenId } | { readonly task: TaskId };
  readonly mode: IsolationMode;
  pageblocks: Pfn[];
}

/** `struct cma`. An area that could not be activated has no frames. */
export interface CmaArea {
  readonly base: Pfn;
  readonly nrPages: number;
  readonly orderPerBit: number;
  readonly bitmap: boolean[];
}

export interface Device {
  readonly id: DeviceId;
  readonly range: PfnRange;
  readonly node: NodeId;
  readonly altmap: Altmap | null;
  /** Order of its compound pages; 0: single pages. */
  readonly vmemmapShift: number;
  /** The range is in the pgmap map, so that lookups know the frames as device frames (EX-9 can erase it). */
  mapped: boolean;
}

/** `struct dax_kmem_data`: what the driver remembers of a device that it has. */
export interface KmemDevice {
  readonly device: DaxId;
  readonly group: GroupId;
  /** Of each range of the device: the blocks that were added, or null where they were not (res[]). */
  readonly added: readonly (PfnRange | null)[];
}

/**
 * An entry of the iomem tree. Windows, and what a driver reserves for memory that it adds (kmem, virtio-mem), are not busy:
 * others lie inside them, and none across their ends.
 */
export interface Resource {
  readonly range: PfnRange;
  readonly kind: "ram" | "device" | "window" | "kmem" | "virtio-mem";
}

/** Whether others may lie inside: IORESOURCE_BUSY is clear. */
export function holdsOthers({ kind }: Resource): boolean {
  return kind === "window" || kind === "kmem" || kind === "virtio-mem";
}

export interface Machine {
  readonly description: MachineDescription;
  readonly profile: Profile;
  /** By section number. */
  readonly sections: Record<number, Section>;
  readonly zones: Zone[];
  readonly nodes: Node[];
  readonly blocks: Record<number, Block>;
  readonly groups: Record<number, Group>;
  readonly allocations: Record<number, Allocation>;
  isolations: Isolation[];
  readonly tasks: Record<number, Task>;
  readonly cma: CmaArea[];
  /** By order. */
  readonly hugePools: HugePool[];
  readonly devices: Record<number, Device>;
  /** Dax devices that the driver has. */
  readonly kmem: Record<number, KmemDevice>;
  /** The driver of the virtio-mem device has met an error that it does not know, and does nothing any more. */
  virtioMemBroken: boolean;
  resources: Resource[];
  readonly vetoes: Partial<Record<VetoableEvent, Errno>>;
  /** Attempts that still succeed before the armed one fails. */
  readonly failures: Partial<Record<FailurePoint, number>>;
  autoOnline: AutoOnline;
  onlinePolicy: OnlinePolicy;
  autoMovableRatio: number;
  autoMovableNumaAware: boolean;
  totalram: number;
  nrMemmapPages: number;
  nrMemmapBootPages: number;
  numPoisoned: number;
  maxPfn: Pfn;
  highestPresentSection: number;
  readonly permissionsUsed: Partial<Record<SwitchId, number>>;
}

/** Linux `find_memory_block()`, drivers/base/memory.c, v6.12: whoever finds the block holds its device, and has to put it. */
export function findMemoryBlock(machine: Machine, id: number): Block | undefined {
  const block = machine.blocks[id];
  if (block !== undefined) block.references += 1;
  return block;
}

/** Linux `put_device()` of a block's device. */
export function putMemoryBlock(block: Block): void {
  block.references -= 1;
}

/** The tree is kept as a list: by start, and what contains others before them. */
export function insertResource(machine: Machine, resource: Resource): void {
  machine.resources = [...machine.resources, resource].toSorted((a, b) => a.range.start - b.range.start || b.range.nrPages - a.range.nrPages);
}

/** Whether the switch is on. To be asked where it would make a difference: a yes is counted. */
export function permits(machine: Machine, id: SwitchId): boolean {
  if (!machine.profile.on.includes(id)) return false;
  machine.permissionsUsed[id] = (machine.permissionsUsed[id] ?? 0) + 1;
  return true;
}

export function zoneIndex(node: NodeId, type: ZoneType): ZoneIndex {
  return node * zoneTypes.length + zoneTypes.indexOf(type);
}

export function zoneAt(machine: Machine, index: ZoneIndex): Zone {
  const zone = machine.zones[index];
  if (zone === undefined) throw new RangeError(`no zone ${index}`);
  return zone;
}

export function nodeAt(machine: Machine, node: NodeId): Node {
  const found = machine.nodes[node];
  if (found === undefined) throw new RangeError(`no node ${node}`);
  return found;
}

/** Sections that have a descriptor, ascending. */
export function knownSections(machine: Machine): readonly Section[] {
  return Object.values(machine.sections).toSorted((a, b) => a.nr - b.nr);
}

export function sectionOf(machine: Machine, pfn: Pfn): Section | undefined {
  return machine.sections[Math.floor(pfn / machine.description.geometry.sectionPages)];
}

/** The page of a frame that some present section covers, or undefined. */
export function frameAt(machine: Machine, pfn: Pfn): Frame | undefined {
  return sectionOf(machine, pfn)?.frames[pfn % machine.description.geometry.sectionPages];
}

/** The page of a frame that must exist. */
export function pageOf(machine: Machine, pfn: Pfn): Frame {
  const frame = frameAt(machine, pfn);
  if (frame === undefined) throw new RangeError(`frame 0x${pfn.toString(16)} has no page`);
  return frame;
}

/** The pageblock that a frame lies in, where a present section covers it. */
export function pageblockAt(machine: Machine, pfn: Pfn): Pageblock | undefined {
  const { sectionPages, pageblockOrder } = machine.description.geometry;
  return sectionOf(machine, pfn)?.pageblocks[Math.floor((pfn % sectionPages) / 2 ** pageblockOrder)];
}

export function pageblockOf(machine: Machine, pfn: Pfn): Pageblock {
  const pageblock = pageblockAt(machine, pfn);
  if (pageblock === undefined) throw new RangeError(`frame 0x${pfn.toString(16)} has no pageblock`);
  return pageblock;
}

/** First frame of the pageblock around the frame. */
export function pageblockStart(machine: Machine, pfn: Pfn): Pfn {
  return toPfn(pfn - (pfn % 2 ** machine.description.geometry.pageblockOrder));
}

/** The frames of a range, ascending. */
export function* framesOf(range: PfnRange): Generator<Pfn> {
  for (let pfn = range.start; pfn < range.start + range.nrPages; pfn = toPfn(pfn + 1)) yield pfn;
}

/** The first frame of the range that passes the test. Ranges of commands may be huge: it stops where it can. */
export function findFrame(range: PfnRange, test: (pfn: Pfn) => boolean): Pfn | undefined {
  for (const pfn of framesOf(range)) if (test(pfn)) return pfn;
  return undefined;
}

export function someFrame(range: PfnRange, test: (pfn: Pfn) => boolean): boolean {
  return findFrame(range, test) !== undefined;
}

export function everyFrame(range: PfnRange, test: (pfn: Pfn) => boolean): boolean {
  return findFrame(range, (pfn) => !test(pfn)) === undefined;
}

/** First frames of the pageblocks that the range touches, ascending. */
export function pageblocksOf(machine: Machine, range: PfnRange): readonly Pfn[] {
  const starts: Pfn[] = [];
  const size = 2 ** machine.description.geometry.pageblockOrder;
  for (let start = pageblockStart(machine, range.start); start < range.start + range.nrPages; start = toPfn(start + size)) starts.push(start);
  return starts;
}

/** Not on the LRU, although its kind belongs there: somebody has it, or it is on its way in a batch. */
export function isOffLru({ lruIsolated, batch }: Allocation): boolean {
  return lruIsolated || batch === "add";
}

export function allocationAt(machine: Machine, pfn: Pfn): Allocation | undefined {
  const frame = frameAt(machine, pfn);
  return frame === undefined || frame.alloc < 0 ? undefined : machine.allocations[frame.alloc];
}

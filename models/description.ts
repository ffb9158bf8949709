/**
 * What a machine is before its first command: its sizes, its memory at boot, and how it is configured.
 *
 * Plain data: it goes to and from JSON files (docs/reports.md#machine-files has the format). All frame numbers are absolute.
 */
import { brokenGeometryRule, memmapPages, pageblockPages } from "./geometry.ts";
import type { Geometry } from "./geometry.ts";
import { alignUp, hex, isAligned, pfnRange, rangeEnd, rangesOverlap, showRange } from "./pfn.ts";
import type { Order, Pfn, PfnRange } from "./pfn.ts";

/** A NUMA node. Its number is its place in the list of nodes. */
export interface NodeDescription {
  /** Memory at boot, ascending, not overlapping. Empty: a memoryless node, online only if it has CPUs. */
  readonly memory: readonly PfnRange[];
  /** First frame of zone Movable at boot (`kernelcore=`, `movable_node`), rounded up to the largest order; null: none. */
  readonly movableStart: Pfn | null;
  /** A node with a CPU stays online when its memory goes. */
  readonly cpus: boolean;
}

/**
 * A contiguous memory area declared at boot. Base and size are multiples of a pageblock, in memory that is not reserved.
 * An area across a zone border can not be activated: Linux `cma_activate_area()`, mm/cma.c, v6.12.
 */
export interface CmaAreaDescription {
  readonly base: Pfn;
  readonly nrPages: number;
  /** Each bit of the area's bitmap stands for 2^this frames. */
  readonly orderPerBit: number;
  /** cma_reserve_pages_on_error(): the frames of an area that can not be activated stay reserved. Left out: the buddy gets them. */
  readonly reservePagesOnError?: boolean;
}

/** A size of huge pages that the machine keeps pools of, one a node: `struct hstate`. */
export interface HugePageSize {
  /** From 1 to pageblock order. */
  readonly order: Order;
  /** Linux `hugepage_migration_supported()`: pages in use can be migrated (kind `hugetlb`), or can not (`hugetlb-fixed`). */
  readonly migratable: boolean;
}

/** A dax device whose memory its driver can add: `struct dev_dax`, bound to dax/kmem. */
export interface DaxDeviceDescription {
  /** target_node: the node that the memory joins. */
  readonly node: number;
  /** In the order of the device. Outside boot memory, and apart from those of all devices. */
  readonly ranges: readonly PfnRange[];
}

/** A virtio-mem device, all of whose region is usable. Its driver has it from boot on: docs/fidelity.md#virtio-mem. */
export interface VirtioMemDescription {
  readonly node: number;
  /** Outside boot memory, windows and dax devices. It may reach beyond what can be mapped. */
  readonly region: PfnRange;
}

/** What decides how hotplugged memory may leave, and what a failed add leaves behind. */
export type Arch = "x86-64" | "arm64";

/** Linux `memmap_on_memory` module parameter, mm/memory_hotplug.c, v6.12. */
export type MemmapOnMemoryMode = "never" | "yes" | "force";

/** Linux `mhp_default_online_type` (`auto_online_blocks` in sysfs). */
export type AutoOnline = "offline" | "online" | "online_kernel" | "online_movable";

/** Linux `memory_hotplug.online_policy`. */
export type OnlinePolicy = "contig-zones" | "auto-movable";

export interface MachineDescription {
  readonly name: string;
  readonly geometry: Geometry;
  /** x86-64: boot memory may go offline and be removed. arm64: a boot section is never offlined (EPERM). */
  readonly arch: Arch;
  /** Zone DMA ends before this frame; 0: there is no zone DMA. */
  readonly dmaEnd: Pfn;
  /** Zone DMA32 begins where DMA ends and ends before this frame; equal to dmaEnd: there is no zone DMA32. */
  readonly dma32End: Pfn;
  readonly nodes: readonly NodeDescription[];
  /** Frames taken before the buddy allocator was up: PageReserved, present but not managed. Inside boot memory. */
  readonly reserved: readonly PfnRange[];
  /**
   * First of the frames that hold the memmap of the boot sections, in section order, each section's memmap contiguous;
   * they must lie in boot memory and count as reserved. null: the boot memmap lies outside the modelled memory.
   */
  readonly bootMemmap: Pfn | null;
  readonly cma: readonly CmaAreaDescription[];
  readonly memmapOnMemory: MemmapOnMemoryMode;
  /** The `movable_node` boot option: an online without a preference goes to Movable where both zones would do. */
  readonly movableNode: boolean;
  readonly autoOnline: AutoOnline;
  readonly onlinePolicy: OnlinePolicy;
  /** Percent: movable memory allowed for each 100 of kernel memory present at boot. 0: never movable. */
  readonly autoMovableRatio: number;
  readonly autoMovableNumaAware: boolean;
  /** A virtio balloon without VIRTIO_BALLOON_F_DEFLATE_ON_OOM, which may take pages: `inflate`. Left out: there is none. */
  readonly balloon?: true;
  /** NR_ISOLATED_ANON and NR_ISOLATED_FILE are kept, in a global part and in that of one CPU. Left out: they are not. */
  readonly nodeStats?: true;
  /** Requests of several pages that can not wait reserve pageblocks: `alloc-atomic`. Left out: there are none. */
  readonly highAtomic?: true;
  /** Pages can be in the per-CPU batches of the LRU, which hold a reference: `lru-batch`. Left out: they never are. */
  readonly lruBatches?: true;
  /** The frame of zeroes that private mappings share until they write: one of the reserved frames. Left out: it lies outside the modelled memory. */
  readonly zeroPage?: Pfn;
  /** Sizes of huge pages, orders ascending. Left out: there are no pools. */
  readonly hugePages?: readonly HugePageSize[];
  /** First frame that can not be mapped: an add or device map that reaches beyond it is refused. */
  readonly hotplugEnd: Pfn;
  /** `compact` can be issued: CONFIG_COMPACTION. Absent: not. */
  readonly compaction?: true;
  /** The boot options `debug_pagealloc` and `debug_guardpage_minorder`: halves of split blocks below this order become guard pages. Absent: none. */
  readonly guardMinOrder?: Order;
  /** Address ranges of devices that the firmware names (a CXL window, the BAR of a bridge), ascending, not overlapping, outside boot memory. Left out: none. */
  readonly windows?: readonly PfnRange[];
  /** Devices may be mapped in compound pages: `vmemmapShift`. Left out: they may not. */
  readonly compoundDevices?: true;
  /** Devices whose memory can be added: `kmem-probe`. Left out: none. */
  readonly daxDevices?: readonly DaxDeviceDescription[];
  /** A virtio-mem device: `vmem-request`. Left out: there is none. */
  readonly virtioMem?: VirtioMemDescription;
}

/** Frame numbers end here: 2^40 frames are 4 PiB of 4 KiB pages. */
export const maxFrames: number = 2 ** 40;

/** Nodes are at most this many, so that a zone index fits in a byte. */
export const maxNodes = 16;

/** What is wrong with a description, as one line that names the field, or undefined. */
export function checkDescription(description: MachineDescription): string | undefined {
  const { geometry, nodes } = description;
  const rule = brokenGeometryRule(geometry);
  if (rule !== undefined) return `geometry: ${rule.title} (rule ${rule.id})`;
  if (description.hotplugEnd > maxFrames) return `hotplugEnd: ${hex(description.hotplugEnd)} is above the limit of ${hex(maxFrames)}`;
  if (nodes.length === 0 || nodes.length > maxNodes) return `nodes: expected 1 to ${maxNodes}, got ${nodes.length}`;
  if (description.dmaEnd > description.dma32End) return `dma32End: ${hex(description.dma32End)} is below dmaEnd ${hex(description.dmaEnd)}`;
  return checkGuard(description) ?? checkMemory(description) ?? checkTaken(description) ?? checkCma(description) ?? checkWindows(description) ?? checkHugePages(description) ?? checkDaxDevices(description) ?? checkVirtioMem(description);
}

/** Linux `debug_guardpage_minorder_setup()`, mm/debug_page_alloc.c, v6.12. A guard block lies in one pageblock. */
function checkGuard({ geometry, guardMinOrder }: MachineDescription): string | undefined {
  const highest = Math.min(Math.floor(geometry.maxPageOrder / 2), geometry.pageblockOrder);
  return guardMinOrder !== undefined && (guardMinOrder < 1 || guardMinOrder > highest) ? `guardMinOrder: expected 1 to ${highest}, got ${guardMinOrder}` : undefined;
}

/** A range of boot memory, and the node that it belongs to. */
export interface NodeMemory {
  readonly node: number;
  readonly range: PfnRange;
}

// A description never changes, and machines are booted from the same one many times.
const knownMemory = new WeakMap<MachineDescription, readonly NodeMemory[]>();
const knownSections = new WeakMap<MachineDescription, readonly number[]>();

/** The boot memory of all nodes, ascending. */
export function bootMemory(description: MachineDescription): readonly NodeMemory[] {
  const known = knownMemory.get(description);
  if (known !== undefined) return known;
  const memory = sortedMemory(description);
  knownMemory.set(description, memory);
  return memory;
}

function sortedMemory(description: MachineDescription): readonly NodeMemory[] {
  return description.nodes.flatMap(({ memory }, node) => memory.map((range) => ({ node, range }))).toSorted((a, b) => a.range.start - b.range.start);
}

function checkMemory(description: MachineDescription): string | undefined {
  for (const [node, { memory, movableStart }] of description.nodes.entries()) {
    for (const [index, range] of memory.entries()) {
      const where = `nodes[${node}].memory[${index}]`;
      if (range.nrPages < 1) return `${where}: ${showRange(range)} is empty`;
      const before = memory[index - 1];
      if (before !== undefined && range.start < rangeEnd(before)) return `${where}: ${showRange(range)} does not lie behind ${showRange(before)}`;
    }
    const last = memory.at(-1);
    if (movableStart !== null && (last === undefined || movableStart >= rangeEnd(last))) return `nodes[${node}].movableStart: ${hex(movableStart)} lies behind the node's memory`;
  }
  const memory = bootMemory(description);
  const last = memory.at(-1);
  if (last === undefined) return "nodes: no node has memory";
  const clash = memory.find(({ range }, index) => memory.some((other, at) => at > index && rangesOverlap(range, other.range)));
  if (clash !== undefined) return `nodes[${clash.node}].memory: ${showRange(clash.range)} overlaps memory of another node`;
  if (rangeEnd(last.range) > description.hotplugEnd) return `hotplugEnd: ${hex(description.hotplugEnd)} lies inside boot memory, which ends at ${hex(rangeEnd(last.range))}`;
  return undefined;
}

/** Sections that hold boot memory, ascending. */
export function earlySections(description: MachineDescription): readonly number[] {
  const known = knownSections.get(description);
  if (known !== undefined) return known;
  const sections = sectionsOfMemory(description);
  knownSections.set(description, sections);
  return sections;
}

function sectionsOfMemory(description: MachineDescription): readonly number[] {
  const { sectionPages } = description.geometry;
  const sections = new Set<number>();
  for (const { range } of bootMemory(description)) {
    for (let nr = Math.floor(range.start / sectionPages); nr * sectionPages < rangeEnd(range); nr++) sections.add(nr);
  }
  return [...sections].toSorted((a, b) => a - b);
}

/** The frames of the boot memmap, or undefined where it lies outside the modelled memory. */
export function bootMemmapRange(description: MachineDescription): PfnRange | undefined {
  if (description.bootMemmap === null) return undefined;
  return { start: description.bootMemmap, nrPages: memmapPages(description.geometry, description.geometry.sectionPages) * earlySections(description).length };
}

function insideBootMemory(description: MachineDescription, range: PfnRange): boolean {
  return bootMemory(description).some((memory) => range.start >= memory.range.start && rangeEnd(range) <= rangeEnd(memory.range));
}

function checkTaken(description: MachineDescription): string | undefined {
  for (const [index, range] of description.reserved.entries()) {
    if (range.nrPages < 1) return `reserved[${index}]: ${showRange(range)} is empty`;
    if (!insideBootMemory(description, range)) return `reserved[${index}]: ${showRange(range)} is not inside one range of boot memory`;
  }
  const { zeroPage } = description;
  if (zeroPage !== undefined && !description.reserved.some((range) => zeroPage >= range.start && zeroPage < rangeEnd(range))) return `zeroPage: ${hex(zeroPage)} is not a reserved frame`;
  const memmap = bootMemmapRange(description);
  if (memmap !== undefined && !insideBootMemory(description, memmap)) return `bootMemmap: ${showRange(memmap)} (the memmap of ${earlySections(description).length} sections) is not inside one range of boot memory`;
  return undefined;
}

function checkWindows(description: MachineDescription): string | undefined {
  const { windows = [], hotplugEnd } = description;
  for (const [index, window] of windows.entries()) {
    const where = `windows[${index}]: ${showRange(window)}`;
    if (window.nrPages < 1) return `${where} is empty`;
    if (rangeEnd(window) > hotplugEnd) return `${where} reaches beyond hotplugEnd`;
    if (bootMemory(description).some(({ range }) => rangesOverlap(range, window))) return `${where} overlaps boot memory`;
    const before = windows[index - 1];
    if (before !== undefined && window.start < rangeEnd(before)) return `${where} does not lie behind ${showRange(before)}`;
  }
  return undefined;
}

function checkDaxDevices(description: MachineDescription): string | undefined {
  const { daxDevices, nodes } = description;
  if (daxDevices?.length === 0) return "daxDevices: expected at least one device; a machine without any leaves it out";
  const seen: PfnRange[] = [];
  for (const [device, { node, ranges }] of (daxDevices ?? []).entries()) {
    if (node >= nodes.length) return `daxDevices[${device}].node: expected 0 to ${nodes.length - 1}, got ${node}`;
    if (ranges.length === 0) return `daxDevices[${device}].ranges: expected at least one range`;
    for (const [index, range] of ranges.entries()) {
      const where = `daxDevices[${device}].ranges[${index}]: ${showRange(range)}`;
      if (range.nrPages < 1) return `${where} is empty`;
      if (rangeEnd(range) > maxFrames) return `${where} reaches beyond the limit of ${hex(maxFrames)}`;
      if (bootMemory(description).some((memory) => rangesOverlap(memory.range, range))) return `${where} overlaps boot memory`;
      if (seen.some((other) => rangesOverlap(other, range))) return `${where} overlaps another range of a dax device`;
      seen.push(range);
    }
  }
  return undefined;
}

function checkVirtioMem(description: MachineDescription): string | undefined {
  const { virtioMem, nodes, windows = [], daxDevices = [] } = description;
  if (virtioMem === undefined) return undefined;
  const { node, region } = virtioMem;
  if (node >= nodes.length) return `virtioMem.node: expected 0 to ${nodes.length - 1}, got ${node}`;
  const where = `virtioMem.region: ${showRange(region)}`;
  if (region.nrPages < 1) return `${where} is empty`;
  if (rangeEnd(region) > maxFrames) return `${where} reaches beyond the limit of ${hex(maxFrames)}`;
  const others = [...bootMemory(description).map(({ range }) => range), ...windows, ...daxDevices.flatMap(({ ranges }) => ranges)];
  return others.some((other) => rangesOverlap(other, region)) ? `${where} overlaps boot memory, a window or a dax device` : undefined;
}

function checkCma(description: MachineDescription): string | undefined {
  const pageblock = pageblockPages(description.geometry);
  const memmap = bootMemmapRange(description);
  const taken = memmap === undefined ? description.reserved : [...description.reserved, memmap];
  for (const [index, area] of description.cma.entries()) {
    const range = pfnRange(area.base, area.nrPages);
    const where = `cma[${index}]: ${showRange(range)}`;
    if (area.nrPages < 1 || !isAligned(area.base, pageblock) || !isAligned(area.nrPages, pageblock)) return `${where} is not a multiple of a pageblock (${pageblock} frames)`;
    if (area.orderPerBit < 0 || area.orderPerBit > description.geometry.pageblockOrder) return `cma[${index}].orderPerBit: expected 0 to ${description.geometry.pageblockOrder}, got ${area.orderPerBit}`;
    if (!insideBootMemory(description, range)) return `${where} is not inside one range of boot memory`;
    if (taken.some((other) => rangesOverlap(range, other))) return `${where} overlaps reserved memory`;
    if (description.cma.some((other, at) => at < index && rangesOverlap(range, pfnRange(other.base, other.nrPages)))) return `${where} overlaps another area`;
  }
  return undefined;
}

/** Whether a zone may end inside the area, so that it may be one that can not be activated. */
export function crossesZoneBorder(description: MachineDescription, { base, nrPages }: CmaAreaDescription): boolean {
  const movable = description.nodes.map(({ movableStart }) => (movableStart === null ? 0 : alignUp(movableStart, 2 ** description.geometry.maxPageOrder)));
  return [description.dmaEnd, description.dma32End, ...movable].some((border) => border > base && border < base + nrPages);
}

function checkHugePages({ geometry, hugePages }: MachineDescription): string | undefined {
  if (hugePages?.length === 0) return "hugePages: expected at least one size; a machine without pools leaves it out";
  for (const [index, { order }] of (hugePages ?? []).entries()) {
    if (order < 1 || order > geometry.pageblockOrder) return `hugePages[${index}].order: expected 1 to ${geometry.pageblockOrder}, got ${order}`;
    if (order <= (hugePages?.[index - 1]?.order ?? 0)) return `hugePages[${index}].order: ${order} does not lie above the order before it`;
  }
  return undefined;
}

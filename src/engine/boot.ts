/**
 * The machine right after boot: Linux memory_present(), sparse_init(), mm/sparse.c; free_area_init(), memmap_init(),
 * init_unavailable_range(), mm/mm_init.c; memory_dev_init(), drivers/base/memory.c, v6.12.
 *
 * Sections that are free as a whole are left untouched, so that the time goes with the number of sections.
 */
import { bootMemmapRange, bootMemory, memmapPages } from "../../models/index.ts";
import { isActive } from "./cma.ts";
import { FrameCode, Type, ZoneType, freeCode, orderPages, zonesPerNode } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { MemoryBlock } from "./memory-blocks.ts";
import type { Section } from "./section.ts";
import type { NodeState, Zone } from "./zone.ts";

interface Extent {
  readonly start: number;
  readonly end: number;
}

/** Boot memory of one zone. */
export interface Part extends Extent {
  readonly zone: Zone;
}

/** Free frames of one zone and of one kind of pageblock. */
interface Run extends Part {
  readonly isCma: boolean;
}

export class Boot {
  protected readonly m: Machine;
  /** Ascending. */
  #parts: readonly Part[] = [];
  #runs: readonly Run[] = [];

  constructor(machine: Machine) {
    this.m = machine;
  }

  run(): void {
    const { m } = this;
    for (const node of m.zones.nodes) this.#initNode(node);
    this.#parts = bootMemory(m.description).flatMap(({ node, range }) => this.partsOf(node, range.start, range.start + range.nrPages));
    m.cma.activateAll(({ base, nrPages }) => this.#parts.some(({ start, end }) => start <= base && base + nrPages <= end));
    this.#runs = coalesce(this.#parts.flatMap((part) => this.#freeRuns(part)));
    this.#count();
    this.#initSections();
    this.#initBlocks();
    for (const { range } of bootMemory(m.description)) m.resources.add(range.start, range.nrPages, "ram");
    for (const window of m.description.windows ?? []) m.resources.add(window.start, window.nrPages, "window");
    m.virtioMem.init();
    for (const zone of m.zones.all) if (zone.isPopulated) m.zones.setContiguous(zone);
    m.zonelists.rebuild();
  }

  /** calculate_node_totalpages(): the node's range, cut by the zone limits. */
  #initNode(node: NodeState): void {
    const { memory, movableStart } = this.m.description.nodes[node.node] ?? { memory: [], movableStart: null };
    node.online = memory.length > 0 || node.cpus;
    const first = memory[0];
    const last = memory.at(-1);
    if (first === undefined || last === undefined) return;
    node.start = first.start;
    node.spanned = last.start + last.nrPages - first.start;
    const { dmaEnd, dma32End } = this.m.description;
    const movable = movableStart === null ? node.end : Math.min(node.end, Math.ceil(movableStart / this.m.sizes.maxOrderPages) * this.m.sizes.maxOrderPages);
    const kernelEnd = Math.max(movable, node.start);
    this.#setSpan(node, ZoneType.DMA, node.start, Math.min(dmaEnd, kernelEnd));
    this.#setSpan(node, ZoneType.DMA32, Math.max(dmaEnd, node.start), Math.min(dma32End, kernelEnd));
    this.#setSpan(node, ZoneType.Normal, Math.max(dma32End, node.start), kernelEnd);
    this.#setSpan(node, ZoneType.Movable, kernelEnd, node.end);
  }

  #setSpan(node: NodeState, type: number, start: number, end: number): void {
    if (start >= end) return;
    const zone = this.m.zones.of(node.node, type);
    zone.start = start;
    zone.spanned = end - start;
    node.nrZones = Math.max(node.nrZones, type + 1);
  }

  /** Memory of a node, zone by zone. */
  protected partsOf(node: number, start: number, end: number): readonly Part[] {
    return this.m.zones
      .ofNode(node)
      .filter((zone) => zone.intersects(start, end - start))
      .map((zone) => ({ start: Math.max(start, zone.start), end: Math.min(end, zone.end), zone }));
  }

  /** What of the part is neither reserved nor boot memmap, cut at the borders of active CMA areas. */
  #freeRuns(part: Part): readonly Run[] {
    const { description } = this.m;
    const memmap = bootMemmapRange(description);
    const kept = this.m.cma.areas.filter(({ nrReserved }) => nrReserved > 0).map(({ base, nrReserved }) => ({ start: base, end: base + nrReserved }));
    const taken = [...[...description.reserved, ...(memmap === undefined ? [] : [memmap])].map(({ start, nrPages }) => ({ start, end: start + nrPages })), ...kept];
    const areas = this.m.cma.areas.filter(isActive).map(({ base, nrPages }) => ({ start: base, end: base + nrPages }));
    const ordinary = [...taken, ...areas].toSorted((a, b) => a.start - b.start);
    const runs: Run[] = areas.flatMap((area) => cut(part, area)).map((extent) => ({ ...extent, zone: part.zone, isCma: true }));
    let from = part.start;
    for (const { start, end } of ordinary) {
      if (start > from && from < part.end) runs.push({ start: from, end: Math.min(start, part.end), zone: part.zone, isCma: false });
      from = Math.max(from, end);
    }
    if (from < part.end) runs.push({ start: from, end: part.end, zone: part.zone, isCma: false });
    return runs.toSorted((a, b) => a.start - b.start);
  }

  #count(): void {
    const { m } = this;
    for (const { start, end, zone } of this.#parts) {
      zone.present += end - start;
      zone.presentEarly += end - start;
      m.zones.nodeOf(zone).present += end - start;
    }
    for (const { start, end, zone, isCma } of this.#runs) {
      m.zones.adjustManaged(zone, end - start);
      if (isCma) zone.cmaPages += end - start;
    }
    for (const zone of m.zones.all) if (zone.isPopulated) m.nodes.checkForMemory(zone);
    m.totals.nrMemmapBootPages = memmapPages(m.geometry, m.sizes.sectionPages) * m.bootSections.length;
    m.totals.maxPfn = Math.max(...this.#parts.map(({ end }) => end));
    m.sections.highestPresent = m.bootSections.at(-1) ?? 0;
  }

  #initSections(): void {
    const { sectionPages } = this.m.sizes;
    let firstPart = 0;
    let firstRun = 0;
    for (const nr of this.m.bootSections) {
      const section = this.m.sections.table.ensure(nr);
      const end = section.start + sectionPages;
      while ((this.#parts[firstPart]?.end ?? Number.POSITIVE_INFINITY) <= section.start) firstPart++;
      while ((this.#runs[firstRun]?.end ?? Number.POSITIVE_INFINITY) <= section.start) firstRun++;
      section.present = true;
      section.hasMemMap = true;
      section.online = true;
      section.early = true;
      section.usage = "boot";
      const run = this.#runs[firstRun];
      if (run !== undefined && run.start <= section.start && run.end >= end) this.#initWhole(section, run);
      else this.#initMixed(section, firstPart, firstRun);
      this.m.zones.noteSection(section);
    }
  }

  #initWhole(section: Section, { zone, isCma }: Run): void {
    const { sectionPages, sectionSubsections } = this.m.sizes;
    section.nrSubsections = sectionSubsections;
    section.zone = zone.index;
    section.type = isCma ? Type.Cma : Type.Movable;
    this.m.lists.addUntouched(section);
    this.m.buddy.account(zone, sectionPages, section.type);
  }

  /** A section with a border, a hole or taken frames in it. */
  #initMixed(section: Section, firstPart: number, firstRun: number): void {
    const { sectionPages } = this.m.sizes;
    const end = section.start + sectionPages;
    const parts = within(this.#parts, firstPart, section.start, end);
    this.#initSubsections(section, parts);
    this.linkFrames(section, parts, firstPart);
    section.frames = new Uint8Array(sectionPages).fill(FrameCode.Hole);
    for (const part of parts) section.frames.fill(FrameCode.Reserved, Math.max(0, part.start - section.start), Math.min(part.end, end) - section.start);
    this.initTypes(section, parts);
    for (const run of within(this.#runs, firstRun, section.start, end)) this.#freeRun(section, Math.max(0, run.start - section.start), Math.min(run.end, end) - section.start, run.zone);
  }

  /** sparse_init_subsection_map(): every subsection that memory touches. */
  #initSubsections(section: Section, parts: readonly Part[]): void {
    const { subsectionPages, sectionSubsections, sectionPages } = this.m.sizes;
    const bits = new Uint8Array(sectionSubsections);
    for (const { start, end } of parts) {
      const first = Math.floor(Math.max(0, start - section.start) / subsectionPages);
      bits.fill(1, first, Math.ceil(Math.min(end - section.start, sectionPages) / subsectionPages));
    }
    section.nrSubsections = bits.reduce((sum, bit) => sum + bit, 0);
    section.subsections = section.nrSubsections === sectionSubsections ? null : bits;
  }

  /** memmap_init(): memory links to its zone, a hole to that of the memory behind it, the last hole to that of the last memory. */
  protected linkFrames(section: Section, parts: readonly Part[], firstPart: number): void {
    const { sectionPages } = this.m.sizes;
    const behind = this.#parts[firstPart + parts.length] ?? this.#parts.at(-1);
    const last = parts.at(-1);
    if (behind === undefined || last === undefined) return;
    const zones = new Uint8Array(sectionPages).fill(behind.zone.index);
    for (const part of parts.toReversed()) zones.fill(part.zone.index, 0, Math.min(part.end - section.start, sectionPages));
    section.zone = last.zone.index;
    section.zones = zones.every((zone) => zone === section.zone) ? null : zones;
  }

  /** Movable where a pageblock's first frame is memory, CMA in the areas. */
  protected initTypes(section: Section, parts: readonly Part[]): void {
    const { pageblockPages, sectionPages } = this.m.sizes;
    this.m.pageblocks.setAll(section, Type.Unmovable);
    for (let offset = 0; offset < sectionPages; offset += pageblockPages) {
      const pfn = section.start + offset;
      const isCma = this.m.cma.areas.some((area) => isActive(area) && pfn >= area.base && pfn < area.base + area.nrPages);
      if (isCma) this.m.pageblocks.setType(section, offset, Type.Cma);
      else if (parts.some(({ start, end }) => pfn >= start && pfn < end)) this.m.pageblocks.setType(section, offset, Type.Movable);
    }
  }

  /** Free frames, in the largest aligned blocks. */
  #freeRun(section: Section, start: number, end: number, zone: Zone): void {
    const frames = this.m.lists.frames(section);
    for (let offset = start; offset < end; ) {
      let order = this.m.sizes.maxOrder;
      while (offset % orderPages(order) !== 0 || offset + orderPages(order) > end) order--;
      const type = this.m.pageblocks.typeAt(section, offset);
      frames.fill(FrameCode.Tail, offset, offset + orderPages(order));
      frames[offset] = freeCode(order);
      this.m.lists.add(section, offset, order, zone.index, type);
      this.m.buddy.account(zone, orderPages(order), type);
      offset += orderPages(order);
    }
  }

  /** add_boot_memory_block(), memory_block_add_nid(), early_node_zone_for_memory_block(). */
  #initBlocks(): void {
    const { blockPages, blockSections } = this.m.sizes;
    let firstPart = 0;
    let last = -1;
    for (const nr of this.presentSections()) {
      const id = Math.floor(nr / blockSections);
      if (id === last) continue;
      last = id;
      const start = id * blockPages;
      while ((this.#parts[firstPart]?.end ?? Number.POSITIVE_INFINITY) <= start) firstPart++;
      const nodes = this.#nodesOf(start, start + blockPages, firstPart);
      const block = new MemoryBlock({ id, start, node: nodes.last, boot: true, selfHosted: 0, group: null, state: "online" });
      block.zone = nodes.isOne ? this.zoneOfBlock(nodes.last, start) : null;
      this.m.blocks.add(block);
    }
  }

  /** for_each_present_section_nr(): up to the mark that next_present_section_nr() gives behind the last. */
  protected presentSections(): Iterable<number> {
    return this.m.bootSections;
  }

  /** The last node with memory in the range, and whether it is the only one. */
  #nodesOf(start: number, end: number, firstPart: number): { readonly last: number; readonly isOne: boolean } {
    const nodes = within(this.#parts, firstPart, start, end).map(({ zone }) => zone.node);
    const node = Math.max(0, ...nodes);
    return { last: node, isOne: nodes.every((other) => other === node) };
  }

  /** The one populated zone of the node whose span meets the block. */
  protected zoneOfBlock(node: number, start: number): Zone | null {
    let found: Zone | null = null;
    for (let type = 0; type < zonesPerNode; type++) {
      const zone = this.m.zones.of(node, type);
      if (!zone.isPopulated || !zone.intersects(start, this.m.sizes.blockPages)) continue;
      if (found !== null) return null;
      found = zone;
    }
    return found;
  }
}

/** The entries of an ascending list, from an index on, that meet `[start, end)`. */
function within<T extends Extent>(list: readonly T[], first: number, start: number, end: number): readonly T[] {
  const found: T[] = [];
  for (let at = first; at < list.length; at++) {
    const entry = list[at];
    if (entry === undefined || entry.start >= end) break;
    if (entry.end > start) found.push(entry);
  }
  return found;
}

function cut(a: Extent, b: Extent): readonly Extent[] {
  const start = Math.max(a.start, b.start);
  const end = Math.min(a.end, b.end);
  return start < end ? [{ start, end }] : [];
}

/** Runs that touch and are alike become one. */
function coalesce(runs: readonly Run[]): readonly Run[] {
  const merged: Run[] = [];
  for (const run of runs) {
    const before = merged.at(-1);
    if (before !== undefined && before.end === run.start && before.zone === run.zone && before.isCma === run.isCma) merged[merged.length - 1] = { ...before, end: run.end };
    else merged.push(run);
  }
  return merged;
}

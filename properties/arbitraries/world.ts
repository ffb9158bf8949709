/**
 * What a walk knows of its machine before the first command: sizes, and the frames where something begins or ends.
 */
import { alignDown, alignUp, blockPages, bootMemmapRange, bootMemory, maxOrderPages, pageblockPages, pfnRange, rangeEnd, rangesOverlap, toBlockId, toPfn } from "../../models/index.ts";
import type { BlockId, Geometry, MachineDescription, Pfn, PfnRange } from "../../models/index.ts";

export interface World {
  readonly description: MachineDescription;
  readonly geometry: Geometry;
  /** Frames of a pageblock, of the largest free block, of a subsection, section and memory block. */
  readonly pageblock: number;
  readonly maxBlock: number;
  readonly subsection: number;
  readonly section: number;
  readonly block: number;
  /** What device maps are multiples of: a subsection, or more where the memmap of one is less than a frame. */
  readonly deviceUnit: number;
  /** The units that things are aligned to, ascending, each once. */
  readonly units: readonly number[];
  /** Boot memory, ascending. */
  readonly boot: readonly PfnRange[];
  /** Everything a walk plays with: boot memory and the blocks that it may add. */
  readonly playground: PfnRange;
  /** Blocks without boot memory that may be added, ascending. The block of frame 0 is never one: no machine adds it. */
  readonly spareBlocks: readonly BlockId[];
  /** Blocks with boot memory, ascending. */
  readonly bootBlocks: readonly BlockId[];
  /** Parts of boot sections in which no subsection is taken: where a device can share a section with memory. */
  readonly bootGaps: readonly PfnRange[];
  /** Windows of devices, ascending. */
  readonly windows: readonly PfnRange[];
  /** Frames where the machine's description begins or ends something, ascending. */
  readonly edges: readonly Pfn[];
}

/** A walk adds at most this many blocks beyond boot memory; the largest machines have room for millions. */
const maxSpareBlocks = 8;

export function createWorld(description: MachineDescription): World {
  const { geometry } = description;
  const block = blockPages(geometry);
  const pageblock = pageblockPages(geometry);
  const maxBlock = maxOrderPages(geometry);
  const boot = bootMemory(description).map(({ range }) => range);
  const bootBlocks = blocksOf(boot, block);
  const spareBlocks = spare(boot, block, description.hotplugEnd);
  const { subsectionPages: subsection, sectionPages: section } = geometry;
  const start = boot[0]?.start ?? toPfn(0);
  const lowest = Math.min(start, ...spareBlocks.map((id) => id * block));
  const highest = Math.max(...boot.map(rangeEnd), ...spareBlocks.map((id) => (id + 1) * block));
  return {
    description,
    geometry,
    pageblock,
    maxBlock,
    subsection,
    section,
    block,
    deviceUnit: Math.max(subsection, geometry.pageBytes / geometry.structPageBytes),
    units: [...new Set([pageblock, maxBlock, subsection, section, block])].toSorted((a, b) => a - b),
    boot,
    playground: pfnRange(toPfn(lowest), highest - lowest),
    spareBlocks,
    bootBlocks,
    bootGaps: gaps(boot, geometry),
    windows: description.windows ?? [],
    edges: edges(description, boot),
  };
}

function blocksOf(ranges: readonly PfnRange[], block: number): readonly BlockId[] {
  const ids = new Set<number>();
  for (const range of ranges) {
    for (let id = Math.floor(range.start / block); id * block < rangeEnd(range); id++) ids.add(id);
  }
  return [...ids].toSorted((a, b) => a - b).map(toBlockId);
}

/** The first blocks of each gap between boot memory and of what follows it. */
function spare(boot: readonly PfnRange[], block: number, hotplugEnd: Pfn): readonly BlockId[] {
  const found: BlockId[] = [];
  const borders = [pfnRange(toPfn(0), block), ...boot, pfnRange(alignDown(hotplugEnd, block), 0)];
  for (const [index, range] of borders.entries()) {
    const next = borders[index + 1];
    if (next === undefined) break;
    const first = alignUp(rangeEnd(range), block);
    const end = Math.min(next.start, first + maxSpareBlocks * block);
    for (let start: number = first; start + block <= end; start += block) found.push(toBlockId(start / block));
  }
  // The blocks behind boot memory matter more than those in gaps below it, so the list is cut at its front.
  return found.slice(-maxSpareBlocks);
}

/** Runs of whole subsections, inside sections with boot memory, that boot memory does not touch. */
function gaps(boot: readonly PfnRange[], geometry: Geometry): readonly PfnRange[] {
  const found: PfnRange[] = [];
  const sections = new Set<number>();
  for (const range of boot) {
    for (const edge of [range.start, rangeEnd(range) - 1]) sections.add(Math.floor(edge / geometry.sectionPages));
  }
  for (const section of [...sections].toSorted((a, b) => a - b)) {
    let length = 0;
    for (let start = section * geometry.sectionPages; start <= (section + 1) * geometry.sectionPages; start += geometry.subsectionPages) {
      const part = pfnRange(toPfn(start), geometry.subsectionPages);
      const free = start < (section + 1) * geometry.sectionPages && !boot.some((memory) => rangesOverlap(memory, part));
      if (free) length += geometry.subsectionPages;
      else if (length > 0) found.push(pfnRange(toPfn(start - length), length));
      if (!free) length = 0;
    }
  }
  return found;
}

function edges(description: MachineDescription, boot: readonly PfnRange[]): readonly Pfn[] {
  const { geometry } = description;
  const memmap = bootMemmapRange(description);
  const areas = description.cma.map(({ base, nrPages }) => pfnRange(base, nrPages));
  const ranges = [...boot, ...description.reserved, ...areas, ...(description.windows ?? []), ...(memmap === undefined ? [] : [memmap])];
  const movable = description.nodes.flatMap(({ movableStart }) => (movableStart === null ? [] : [movableStart, alignUp(movableStart, maxOrderPages(geometry))]));
  const frames = new Set<Pfn>([toPfn(0), description.dmaEnd, description.dma32End, description.hotplugEnd, ...movable]);
  for (const range of ranges) frames.add(range.start).add(rangeEnd(range));
  return [...frames].toSorted((a, b) => a - b);
}

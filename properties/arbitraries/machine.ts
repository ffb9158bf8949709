/**
 * Random machines: small, valid, and awkward on purpose.
 *
 * Boot memory that begins and ends anywhere, holes and borders of zones inside pageblocks, sections and blocks, nodes
 * that interleave or come in descending order or have no memory, areas and reservations in odd places.
 */
import {
  alignDown, alignUp, blockPages, checkDescription, crossesZoneBorder, earlySections, maxOrderPages, memmapPages, pageblockPages, pfnAdd, pfnRange, rangeEnd, rangesOverlap, toPfn,
} from "../../models/index.ts";
import type { CmaAreaDescription, Geometry, MachineDescription, MemmapOnMemoryMode, NodeDescription, Pfn, PfnRange } from "../../models/index.ts";
import { at } from "./draw.ts";
import type { Draw } from "./draw.ts";

/** Frames of the largest random machine, the part that can be added included. */
export const maxDrawnFrames = 512;

export function drawGeometry(draw: Draw): Geometry {
  const ratio = draw.weighted([[5, 4], [1, 2], [1, 8], [1, 16]]);
  const pageblockOrder = draw.weighted([[5, 2], [3, 3], [1, 4]]);
  const maxPageOrder = Math.min(6, pageblockOrder + draw.weighted([[3, 0], [2, 1], [4, 2], [1, 3]]));
  const least = Math.max(maxPageOrder, Math.log2(ratio));
  const sectionOrder = Math.min(6, least + draw.weighted([[3, 0], [2, 1], [1, 2]]));
  const blockOrder = Math.min(7, sectionOrder + draw.weighted([[3, 0], [3, 1], [1, 2]]));
  // About a pageblock, so that either may be the larger.
  const subsectionOrder = Math.min(sectionOrder, Math.max(1, pageblockOrder + draw.weighted([[3, 0], [3, -1], [2, 1], [1, 2]])));
  return {
    pageBytes: 64 * ratio,
    structPageBytes: 64,
    pageblockOrder,
    maxPageOrder,
    subsectionPages: 2 ** subsectionOrder,
    sectionPages: 2 ** sectionOrder,
    blockSections: 2 ** (blockOrder - sectionOrder),
    pmdPages: 2 ** draw.pick([pageblockOrder, subsectionOrder, 1, 2]),
  };
}

export function drawMachine(draw: Draw): MachineDescription {
  const geometry = drawGeometry(draw);
  const block = blockPages(geometry);
  const nrBlocks = Math.min(8, Math.floor(maxDrawnFrames / block));
  const hotplugEnd = toPfn(nrBlocks * block - (draw.chance(1, 8) ? geometry.sectionPages / 2 : 0));
  const memory = drawMemory(draw, geometry, nrBlocks);
  const nodes = drawNodes(draw, geometry, memory);
  const end = rangeEnd(at(memory, memory.length - 1));
  const dmaEnd = draw.chance(1, 3) ? awkward(draw, geometry, 0, end) : toPfn(0);
  const dma32End = draw.chance(1, 2) ? toPfn(Math.max(dmaEnd, awkward(draw, geometry, dmaEnd, end))) : dmaEnd;
  const bare: MachineDescription = {
    name: "drawn",
    geometry,
    arch: draw.weighted([[2, "x86-64"], [1, "arm64"]]),
    dmaEnd,
    dma32End,
    nodes,
    reserved: [],
    bootMemmap: null,
    cma: [],
    memmapOnMemory: drawHosting(draw, geometry),
    movableNode: draw.chance(1, 4),
    autoOnline: draw.weighted([[4, "offline"], [1, "online"], [1, "online_movable"], [1, "online_kernel"]]),
    onlinePolicy: draw.weighted([[3, "contig-zones"], [1, "auto-movable"]]),
    autoMovableRatio: draw.pick([0, 50, 100, 301]),
    autoMovableNumaAware: draw.chance(1, 2),
    hotplugEnd,
  };
  return drawTaken(draw, bare);
}

/** A frame in [low, high): mostly where some unit begins, or next to it. */
function awkward(draw: Draw, geometry: Geometry, low: number, high: number): Pfn {
  const any = low + draw.below(Math.max(1, high - low));
  const unit = draw.pick([1, pageblockPages(geometry), maxOrderPages(geometry), geometry.subsectionPages, geometry.sectionPages, blockPages(geometry)]);
  const frame = alignDown(any, unit) + draw.weighted([[4, 0], [1, 1], [1, -1], [1, pageblockPages(geometry) / 2]]);
  return toPfn(Math.min(Math.max(frame, low), Math.max(low, high - 1)));
}

/** One to four ranges. Frame 0 is never memory: no zone of a real machine begins there. */
function drawMemory(draw: Draw, geometry: Geometry, nrBlocks: number): readonly PfnRange[] {
  const block = blockPages(geometry);
  const start = Math.max(1, awkward(draw, geometry, draw.chance(1, 4) ? 1 : block, 2 * block));
  const last = Math.max(start + 2 * maxOrderPages(geometry), awkward(draw, geometry, start + block, Math.max(start + block + 1, (nrBlocks - 2) * block)));
  const limit = Math.min(last, nrBlocks * block - geometry.sectionPages);
  let ranges: readonly PfnRange[] = [pfnRange(toPfn(start), Math.max(pageblockPages(geometry), limit - start))];
  for (let holes = draw.below(3); holes > 0; holes--) {
    const from = awkward(draw, geometry, start + 1, limit);
    const size = 1 + draw.below(draw.pick([pageblockPages(geometry), geometry.sectionPages, block]));
    // Half of the holes end where some unit does; some are of a frame or two.
    const end = draw.weighted([[2, alignUp(from + size, draw.pick([pageblockPages(geometry), geometry.sectionPages, block]))], [1, from + size], [1, from + 1 + draw.below(2)]]);
    const hole = pfnRange(from, end - from);
    const left = ranges.flatMap((range) => without(range, hole));
    // What is left has to be worth booting.
    if (sizeOf(left) >= 2 * pageblockPages(geometry)) ranges = left;
  }
  return ranges;
}

function without(range: PfnRange, hole: PfnRange): readonly PfnRange[] {
  if (!rangesOverlap(range, hole)) return [range];
  const before = pfnRange(range.start, hole.start - range.start);
  const behind = pfnRange(rangeEnd(hole), rangeEnd(range) - rangeEnd(hole));
  return [before, behind].filter(({ nrPages }) => nrPages > 0);
}

/**
 * One node; two that meet, interleave or descend; and nodes without memory. Two nodes never share a subsection: Linux looks
 * at one frame of each when it shrinks spans, and would leave memory out; no real machine is laid out so.
 */
function drawNodes(draw: Draw, geometry: Geometry, memory: readonly PfnRange[]): readonly NodeDescription[] {
  const first = at(memory, 0).start;
  const end = rangeEnd(at(memory, memory.length - 1));
  const cuts = draw.weighted([[3, 0], [3, 1], [2, 2]]);
  const borders = Array.from({ length: cuts }, () => alignDown(awkward(draw, geometry, first, end), geometry.subsectionPages)).toSorted((a, b) => a - b);
  const owner = (pfn: Pfn): number => borders.filter((border) => border <= pfn).length % 2;
  const pieces = borders.reduce<readonly PfnRange[]>((ranges, border) => upTo(ranges.flatMap((range) => cut(range, border)), border, geometry), memory);
  const lists = [pieces.filter(({ start }) => owner(start) === 0), pieces.filter(({ start }) => owner(start) === 1)].filter((list) => list.length > 0);
  if (draw.chance(1, 3)) lists.reverse();
  for (let empty = draw.weighted([[2, 0], [3, 1], [1, 2]]); empty > 0; empty--) lists.splice(draw.below(lists.length + 1), 0, []);
  return lists.map((list) => ({ memory: joined(list), movableStart: drawMovableStart(draw, geometry, list), cpus: draw.chance(2, 3) }));
}

function cut(range: PfnRange, border: Pfn): readonly PfnRange[] {
  if (border <= range.start || border >= rangeEnd(range)) return [range];
  return [pfnRange(range.start, border - range.start), pfnRange(border, rangeEnd(range) - border)];
}

/** The last range below the border goes on to the end of its subsection. */
function upTo(ranges: readonly PfnRange[], border: Pfn, { subsectionPages }: Geometry): readonly PfnRange[] {
  const last = ranges.findLast((range) => rangeEnd(range) <= border);
  return ranges.map((range) => (range === last ? pfnRange(range.start, alignUp(rangeEnd(range), subsectionPages) - range.start) : range));
}

/** Neighbouring ranges made one. */
function joined(ranges: readonly PfnRange[]): readonly PfnRange[] {
  const made: PfnRange[] = [];
  for (const range of ranges) {
    const last = made.at(-1);
    if (last !== undefined && rangeEnd(last) === range.start) made[made.length - 1] = pfnRange(last.start, last.nrPages + range.nrPages);
    else made.push(range);
  }
  return made;
}

function drawMovableStart(draw: Draw, geometry: Geometry, memory: readonly PfnRange[]): Pfn | null {
  const [first, last] = [memory[0], memory.at(-1)];
  return first === undefined || last === undefined || draw.chance(2, 3) ? null : awkward(draw, geometry, first.start, rangeEnd(last));
}

/**
 * Whether blocks may hold their own memmap. A self-hosted memmap that ends inside a subsection makes Linux cut live frames
 * out of zone spans; no real architecture has it, so no machine here does.
 */
function drawHosting(draw: Draw, geometry: Geometry): MemmapOnMemoryMode {
  const mode = draw.pick<MemmapOnMemoryMode>(["never", "yes", "force"]);
  const nrPages = memmapPages(geometry, blockPages(geometry));
  const hosted = mode === "force" ? alignUp(nrPages, pageblockPages(geometry)) : nrPages;
  return hosted % geometry.subsectionPages === 0 ? mode : "never";
}

/** Reserved ranges, the boot memmap and CMA areas, each only where it fits. */
function drawTaken(draw: Draw, bare: MachineDescription): MachineDescription {
  let machine = bare;
  const keep = (candidate: MachineDescription): void => {
    if (checkDescription(candidate) === undefined && hasFreeMemory(candidate)) machine = candidate;
  };
  const ranges = bare.nodes.flatMap(({ memory }) => memory);
  const { geometry } = bare;
  const pageblock = pageblockPages(geometry);
  if (draw.chance(1, 2)) {
    const nrPages = memmapPages(geometry, geometry.sectionPages) * earlySections(bare).length;
    const room = ranges.filter((range) => range.nrPages >= nrPages);
    if (room.length > 0) {
      const range = draw.pick(room);
      keep({ ...machine, bootMemmap: draw.chance(1, 2) ? range.start : pfnAdd(range.start, draw.below(range.nrPages - nrPages + 1)) });
    }
  }
  for (let nr = draw.below(3); nr > 0; nr--) {
    const range = draw.pick(ranges);
    const start = awkward(draw, geometry, range.start, rangeEnd(range));
    const nrPages = Math.min(rangeEnd(range) - start, 1 + draw.below(pageblock));
    const reserved = pfnRange(start, nrPages);
    if (!taken(machine).some((other) => rangesOverlap(other, reserved))) keep({ ...machine, reserved: [...machine.reserved, reserved].toSorted((a, b) => a.start - b.start) });
  }
  const nrAreas = draw.weighted([[2, 0], [3, 1], [1, 2]]);
  for (let tried = 0; tried < 6 && machine.cma.length < nrAreas; tried++) {
    const range = draw.pick(ranges);
    const base = alignUp(range.start + draw.below(range.nrPages), pageblock);
    const area: CmaAreaDescription = { base, nrPages: pageblock * (1 + draw.below(4)), orderPerBit: draw.below(geometry.pageblockOrder + 1) };
    // Every area of a random machine can be activated.
    if (!crossesZoneBorder(machine, area)) keep({ ...machine, cma: [...machine.cma, area] });
  }
  return machine;
}

function taken(machine: MachineDescription): readonly PfnRange[] {
  const memmap = machine.bootMemmap === null ? [] : [pfnRange(machine.bootMemmap, memmapPages(machine.geometry, machine.geometry.sectionPages) * earlySections(machine).length)];
  return [...machine.reserved, ...memmap];
}

/** At least two pageblocks are left to allocate from, CMA aside. */
function hasFreeMemory(machine: MachineDescription): boolean {
  return sizeOf(machine.nodes.flatMap(({ memory }) => memory)) - sizeOf(taken(machine)) - sizeOf(machine.cma) >= 2 * pageblockPages(machine.geometry);
}

function sizeOf(ranges: readonly { readonly nrPages: number }[]): number {
  return ranges.reduce((sum, { nrPages }) => sum + nrPages, 0);
}

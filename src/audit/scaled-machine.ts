/**
 * A small machine with the layout of a real one: the same nodes, zones, holes and blocks in the same order, each memory
 * block shrunk to a few frames, long runs of like blocks to two. Small enough to search.
 */
import { alignUp, checkDescription, toPfn } from "../../models/index.ts";
import type { Geometry, MachineDescription, NodeDescription, PfnRange, ZoneType } from "../../models/index.ts";
import type { Snapshot } from "./snapshot.ts";

/** Frames of a block of the small machine. */
const blockFrames = 32;

/** Blocks kept of a run of like ones, and blocks behind the last that can be added. */
const keptOfRun = 2;
const spareBlocks = 4;

/** A block of the small machine: what part of it is memory of which node and zone. */
interface SmallBlock {
  readonly parts: readonly { readonly start: number; readonly end: number; readonly node: number; readonly zone: ZoneType | null }[];
  /** Blocks with the same likeness are interchangeable. */
  readonly likeness: string;
}

/** The small machine, or why there is none. */
export function scaledMachine(snapshot: Snapshot): MachineDescription | { readonly why: string } {
  const { layout, sizes } = snapshot;
  if (layout === null || sizes === null) return { why: "the machine shows no memory blocks" };
  if (!snapshot.files.iomem.available) return { why: `/proc/iomem can not be read: ${snapshot.files.iomem.why}` };
  const blocks = compress(layout.blocks.map((_, index) => smallBlock(snapshot, index)), layout.blocks.map(({ block }) => block));
  const description = describe(snapshot, blocks);
  const fault = checkDescription(description);
  return fault === undefined ? description : { why: `the shrunk layout is not one that the model takes: ${fault}` };
}

/** Boot memory only: what was added later can be added again. */
function smallBlock(snapshot: Snapshot, index: number): SmallBlock {
  const { layout, zones } = snapshot;
  const block = layout?.blocks[index];
  if (layout === null || block === undefined || snapshot.boot[index] === false) return { parts: [], likeness: "added" };
  const first = block.block * layout.blockPages;
  const scale = (pfn: number): number => Math.floor(((pfn - first) * blockFrames) / layout.blockPages);
  const parts = layout.segments
    .filter((segment) => segment.block === index && segment.ram === true)
    .map((segment) => ({ start: scale(segment.start), end: scale(segment.end), node: block.nodes[0] ?? 0, zone: segment.zone === null ? null : (zones[segment.zone]?.type ?? null) }))
    .filter(({ start, end }) => end > start);
  return { parts, likeness: JSON.stringify(parts) };
}

/** Runs of like blocks and gaps between blocks, cut short. */
function compress(blocks: readonly SmallBlock[], ids: readonly number[]): readonly SmallBlock[] {
  const gap: SmallBlock = { parts: [], likeness: "gap" };
  const all = blocks.flatMap((block, index) => ((ids[index] ?? 0) > (ids[index - 1] ?? (ids[0] ?? 0) - 1) + 1 ? [gap, block] : [block]));
  return all.filter(({ likeness }, index) => index < keptOfRun || all.slice(index - keptOfRun, index).some((before) => before.likeness !== likeness));
}

function describe(snapshot: Snapshot, blocks: readonly SmallBlock[]): MachineDescription {
  const geometry = smallGeometry(snapshot);
  const parts = blocks.flatMap((block, index) => block.parts.map((part) => ({ ...part, start: part.start + (index + 1) * blockFrames, end: part.end + (index + 1) * blockFrames })));
  const end = (blocks.length + 1) * blockFrames;
  const startOf = (types: readonly ZoneType[]): number | undefined => parts.find(({ zone }) => zone !== null && types.includes(zone))?.start;
  const nodes = Math.max(0, ...parts.map(({ node }) => node)) + 1;
  const hasDma = parts.some(({ zone }) => zone === "DMA");
  const hasDma32 = parts.some(({ zone }) => zone === "DMA32");
  const normal = startOf(["Normal", "Movable"]) ?? end;
  const dmaEnd = hasDma ? (startOf(["DMA32", "Normal", "Movable"]) ?? end) : 0;
  const description: MachineDescription = {
    name: "this-machine",
    geometry,
    arch: (snapshot.files.version.available ? snapshot.files.version.value.arch : null) ?? "x86-64",
    dmaEnd: toPfn(dmaEnd),
    dma32End: toPfn(hasDma32 ? normal : dmaEnd),
    nodes: Array.from({ length: nodes }, (_, node) => nodeOf(parts.filter((part) => part.node === node))),
    reserved: [],
    bootMemmap: null,
    cma: [],
    memmapOnMemory: "yes",
    movableNode: false,
    autoOnline: "offline",
    onlinePolicy: "contig-zones",
    autoMovableRatio: 301,
    autoMovableNumaAware: true,
    hotplugEnd: toPfn(end + spareBlocks * blockFrames),
  };
  return withBootMemmap(description);
}

/** Pageblock and largest order as far apart as on the real machine, where that fits into a section. */
function smallGeometry({ geometry }: Snapshot): Geometry {
  const apart = geometry === null ? 1 : geometry.maxPageOrder - geometry.pageblockOrder;
  return { pageBytes: 512, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 2 + Math.min(2, Math.max(0, apart)), subsectionPages: 4, sectionPages: blockFrames, blockSections: 1, pmdPages: 4 };
}

function nodeOf(parts: readonly { readonly start: number; readonly end: number; readonly zone: ZoneType | null }[]): NodeDescription {
  const memory: PfnRange[] = [];
  for (const { start, end } of parts) {
    const last = memory.at(-1);
    if (last !== undefined && last.start + last.nrPages === start) memory[memory.length - 1] = { start: last.start, nrPages: end - last.start };
    else memory.push({ start: toPfn(start), nrPages: end - start });
  }
  const movable = parts.find(({ zone }) => zone === "Movable");
  return { memory, movableStart: movable === undefined ? null : alignUp(movable.start, 1), cpus: true };
}

/** The boot memmap at the end of the largest range of memory that holds it; outside the modelled memory if none does. */
function withBootMemmap(description: MachineDescription): MachineDescription {
  const ranges = description.nodes.flatMap(({ memory }) => memory).toSorted((a, b) => b.nrPages - a.nrPages || a.start - b.start);
  for (const range of ranges) {
    for (let back = blockFrames / 2; back <= range.nrPages; back += blockFrames / 2) {
      const placed = { ...description, bootMemmap: toPfn(range.start + range.nrPages - back) };
      if (checkDescription(placed) === undefined) return placed;
    }
  }
  return description;
}

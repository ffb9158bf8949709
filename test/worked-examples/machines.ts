/**
 * The machines of the worked examples. Each example changes only the fields it is about.
 */
import { pfnRange, toPfn } from "../../models/index.ts";
import type { CmaAreaDescription, Geometry, MachineDescription, NodeDescription, PfnRange } from "../../models/index.ts";

export function range(start: number, end: number): PfnRange {
  return pfnRange(toPfn(start), end - start);
}

/** A node with CPUs whose memory at boot is these ranges, given as `[start, end]`. */
export function node(...memory: readonly (readonly [number, number])[]): NodeDescription {
  return { memory: memory.map(([start, end]) => range(start, end)), movableStart: null, cpus: true };
}

/** As `node`, with zone Movable from `movableStart` on. */
export function nodeWithMovable(movableStart: number, ...memory: readonly (readonly [number, number])[]): NodeDescription {
  return { ...node(...memory), movableStart: toPfn(movableStart) };
}

/** A node that nothing but hotplugged memory keeps online. */
export const memoryless: NodeDescription = { memory: [], movableStart: null, cpus: false };

export function cmaArea(base: number, nrPages: number, orderPerBit: number): CmaAreaDescription {
  return { base: toPfn(base), nrPages, orderPerBit };
}

const base: Omit<MachineDescription, "name" | "geometry" | "nodes" | "hotplugEnd"> = {
  arch: "x86-64",
  dmaEnd: toPfn(0),
  dma32End: toPfn(0),
  reserved: [],
  bootMemmap: null,
  cma: [],
  memmapOnMemory: "never",
  movableNode: false,
  autoOnline: "offline",
  onlinePolicy: "contig-zones",
  autoMovableRatio: 301,
  autoMovableNumaAware: true,
};

function small(name: string, pageblockOrder: number, maxPageOrder: number): MachineDescription {
  const geometry: Geometry = { pageBytes: 256, structPageBytes: 64, pageblockOrder, maxPageOrder, subsectionPages: 4, sectionPages: 16, blockSections: 1, pmdPages: 4 };
  return { ...base, name, geometry, nodes: [node([0, 32])], hotplugEnd: toPfn(96) };
}

/** Pageblocks of 4 frames, free blocks of up to four pageblocks, frames 0 to 31 in zone Normal. */
export const machineA: MachineDescription = small("A", 2, 4);

/** Pageblocks of 8 frames, free blocks of up to two pageblocks. */
export const machineB: MachineDescription = small("B", 3, 4);

/** Pageblocks of 16 frames, which are the largest free blocks. */
export const machineC: MachineDescription = small("C", 4, 4);

/** The machine with memory in `[start, end)` only. */
export function cutTo(machine: MachineDescription, start: number, end: number): MachineDescription {
  return { ...machine, nodes: [node([start, end])] };
}

/** The machine with zone Movable from `movableStart` on. */
export function withMovable(machine: MachineDescription, movableStart: number): MachineDescription {
  return { ...machine, nodes: machine.nodes.map((entry) => ({ ...entry, movableStart: toPfn(movableStart) })) };
}

/**
 * Blocks of two sections of 16 frames, pageblocks and subsections of 4, free blocks of two pageblocks. A section's memmap
 * fills 4 frames, a block's 8. Boot memory is blocks 1 to 3; all of block 1 is reserved, 24 frames of it for the boot memmap.
 *
 *   32        56       64             96             128
 *   | memmap  | reserved | block 2     | block 3      |  hotplug
 */
export const toy: MachineDescription = {
  ...base,
  name: "toy",
  geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 3, subsectionPages: 4, sectionPages: 16, blockSections: 2, pmdPages: 4 },
  nodes: [node([32, 128])],
  reserved: [range(56, 64)],
  bootMemmap: toPfn(32),
  hotplugEnd: toPfn(512),
};

/** Frames of a memory block of 128 MiB. */
export const blockFrames = 32768;

/** Block 32, the first at 4 GiB: the frame where DIMMs begin. */
export const dimmStart = 1048576;

/**
 * A PC with 1 GiB: the hole below 1 MiB, 33 frames missing at the end. Its memmap lies low, so that every block but the
 * first has no reserved frame.
 */
export const pc: MachineDescription = {
  ...base,
  name: "pc",
  geometry: { pageBytes: 4096, structPageBytes: 64, pageblockOrder: 9, maxPageOrder: 10, subsectionPages: 512, sectionPages: blockFrames, blockSections: 1, pmdPages: 512 },
  dmaEnd: toPfn(4096),
  dma32End: toPfn(dimmStart),
  nodes: [node([1, 159], [256, 262111])],
  bootMemmap: toPfn(4096),
  hotplugEnd: toPfn(2 ** 34),
};

/** The same PC with block 0 only, for what happens to DIMMs. */
export const smallPc: MachineDescription = { ...pc, name: "small-pc", nodes: [node([1, 159], [256, blockFrames])] };

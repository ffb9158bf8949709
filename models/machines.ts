/**
 * The named machines. The tiny ones are small enough to be searched thoroughly, and their numbers are awkward on
 * purpose; the others have the real sizes of their architecture.
 */
import type { CmaAreaDescription, MachineDescription, NodeDescription } from "./description.ts";
import type { Geometry } from "./geometry.ts";
import { pfnRange, toPfn } from "./pfn.ts";
import type { PfnRange } from "./pfn.ts";

const range = (start: number, end: number): PfnRange => pfnRange(toPfn(start), end - start);

const node = (...memory: readonly PfnRange[]): NodeDescription => ({ memory, movableStart: null, cpus: true });

const memoryless: NodeDescription = { memory: [], movableStart: null, cpus: false };

const area = (start: number, end: number, orderPerBit: number): CmaAreaDescription => ({ base: toPfn(start), nrPages: end - start, orderPerBit });

const base: Omit<MachineDescription, "name" | "geometry" | "nodes" | "hotplugEnd"> = {
  arch: "x86-64",
  dmaEnd: toPfn(0),
  dma32End: toPfn(0),
  reserved: [],
  bootMemmap: null,
  cma: [],
  memmapOnMemory: "yes",
  movableNode: false,
  autoOnline: "offline",
  onlinePolicy: "contig-zones",
  autoMovableRatio: 301,
  autoMovableNumaAware: true,
};

// Zone DMA with a hole across two pageblocks; block 1 has the hole, block 2 the boot memmap and a CMA area, block 3 can
// go offline; [0x80, 0x100) can be added, on node 1 too, which has no memory yet. Free blocks of four pageblocks.
//
//   0x22      0x2e 0x32      0x40            0x58      0x60            0x80                          0x100
//   |   DMA   |    |   DMA   | memmap reserved | CMA    |   Normal      |   blocks 4 to 7, not added   |
const tiny: MachineDescription = {
  ...base,
  name: "tiny",
  geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 4, subsectionPages: 4, sectionPages: 16, blockSections: 2, pmdPages: 4 },
  dmaEnd: toPfn(0x40),
  dma32End: toPfn(0x40),
  nodes: [node(range(0x22, 0x2e), range(0x32, 0x80)), memoryless],
  bootMemmap: toPfn(0x40),
  cma: [area(0x58, 0x60, 1)],
  hotplugEnd: toPfn(0x100),
};

// A zone ends with a block that can go offline (block 2), so that the block can come back in another zone; two nodes
// with memory; blocks of one section; a pageblock is half of the largest free block.
const tiny34: MachineDescription = {
  ...base,
  name: "tiny-34",
  geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 3, maxPageOrder: 4, subsectionPages: 8, sectionPages: 32, blockSections: 1, pmdPages: 8 },
  dma32End: toPfn(0x60),
  nodes: [node(range(0x24, 0xa0)), node(range(0xa0, 0xc0))],
  bootMemmap: toPfn(0x60),
  movableNode: true,
  hotplugEnd: toPfn(0x140),
};

// One pageblock is the largest free block; a zone border inside a pageblock and inside block 2; zone Movable at boot;
// arm64 keeps boot memory online.
const tinyEqual: MachineDescription = {
  ...base,
  name: "tiny-equal",
  arch: "arm64",
  geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 3, maxPageOrder: 3, subsectionPages: 4, sectionPages: 16, blockSections: 2, pmdPages: 4 },
  dma32End: toPfn(0x44),
  nodes: [{ memory: [range(0x28, 0x80)], movableStart: toPfn(0x60), cpus: true }, memoryless],
  reserved: [range(0x42, 0x45)],
  bootMemmap: toPfn(0x28),
  cma: [area(0x48, 0x58, 0)],
  memmapOnMemory: "never",
  hotplugEnd: toPfn(0xe0),
};

// A pageblock is larger than a subsection; boot memory ends inside a subsection; the nodes' memory interleaves.
const tinyWide: MachineDescription = {
  ...base,
  name: "tiny-wide",
  geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 3, subsectionPages: 2, sectionPages: 8, blockSections: 4, pmdPages: 2 },
  nodes: [node(range(0x22, 0x40), range(0x60, 0x6b)), node(range(0x40, 0x60))],
  reserved: [range(0x22, 0x24)],
  bootMemmap: toPfn(0x24),
  memmapOnMemory: "force",
  hotplugEnd: toPfn(0xe0),
};

// Node 0 lies above node 1 and begins inside a section; two blocks begin with a section that is not there. New here is
// boot and what follows from it alone, so default searches leave it out.
//
//   0x32             0x52     0x58       0x60              0x80          0x90       0xa0                          0x100
//   |     node 1     |  hole  | reserved |     node 0      |  no section |  node 0  |   blocks 5 to 7, not added   |
const tinyGaps: MachineDescription = {
  ...base,
  name: "tiny-gaps",
  geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 3, subsectionPages: 4, sectionPages: 16, blockSections: 2, pmdPages: 4 },
  nodes: [node(range(0x58, 0x80), range(0x90, 0xa0)), node(range(0x32, 0x52))],
  reserved: [range(0x58, 0x60)],
  hotplugEnd: toPfn(0x100),
};

// Zone Movable at boot is one block: an inflated page that leaves it leaves its zone.
const tinyBalloon: MachineDescription = {
  ...base,
  name: "tiny-balloon",
  geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 4, subsectionPages: 4, sectionPages: 16, blockSections: 2, pmdPages: 4 },
  dmaEnd: toPfn(0x30),
  dma32End: toPfn(0x30),
  nodes: [{ memory: [range(0x20, 0x80)], movableStart: toPfn(0x60), cpus: true }, memoryless],
  bootMemmap: toPfn(0x20),
  hotplugEnd: toPfn(0xe0),
  balloon: true,
};

// Node 1 has no CPU and can lose all of its memory, one block, and get it back.
const tinyStats: MachineDescription = {
  ...base,
  name: "tiny-stats",
  geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 4, subsectionPages: 4, sectionPages: 16, blockSections: 2, pmdPages: 4 },
  nodes: [node(range(0x20, 0x60)), { memory: [range(0x60, 0x80)], movableStart: null, cpus: false }],
  bootMemmap: toPfn(0x20),
  hotplugEnd: toPfn(0xc0),
  nodeStats: true,
};

// CMA areas of which the first two reach across a zone border and can not be activated: the first, across DMA32 and
// Normal, is free memory, the second, across Normal and Movable, stays reserved. The zero page lies in zone Movable. New
// here is what long-term pins and CMA areas meet, so default searches leave it out.
//
//   0x20      0x40      0x48 0x50 0x58     0x70      0x7c     0x84  0x89    0x90     0x98     0xa0          0x100
//   | memmap   |  DMA32  | area 0 | Normal  | area 2  | area 1 | zero page   | area 3 | Movable |   not added   |
const tinyPins: MachineDescription = {
  ...base,
  name: "tiny-pins",
  geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 3, subsectionPages: 4, sectionPages: 16, blockSections: 2, pmdPages: 4 },
  dma32End: toPfn(0x50),
  nodes: [{ memory: [range(0x20, 0xa0)], movableStart: toPfn(0x80), cpus: true }, memoryless],
  reserved: [range(0x89, 0x8a)],
  zeroPage: toPfn(0x89),
  bootMemmap: toPfn(0x20),
  cma: [area(0x48, 0x58, 0), { ...area(0x7c, 0x84, 0), reservePagesOnError: true }, area(0x70, 0x78, 1), area(0x90, 0x98, 0)],
  hotplugEnd: toPfn(0x100),
};

// Halves of split blocks below order 2 are guard blocks: every pageblock of four frames that gives out less has some.
const tinyGuard: MachineDescription = {
  ...base,
  name: "tiny-guard",
  geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 4, subsectionPages: 4, sectionPages: 16, blockSections: 1, pmdPages: 4 },
  nodes: [node(range(0x23, 0x60))],
  cma: [area(0x50, 0x58, 0)],
  hotplugEnd: toPfn(0xa0),
  guardMinOrder: 2,
};

// The memory of node 1 lies between that of node 0, and both borders are inside a pageblock: two zones whose spans overlap,
// and free frames of one beside pages of the other. Compaction.
//
//   0x14       0x2c               0x44             0x5c
//   |  node 0  |      node 1      |     node 0     |
//      |  0x18 |  | 0x30 |  | 0x40 |  | 0x48 |  | 0x58     pageblocks
const tinyCompact: MachineDescription = {
  ...base,
  name: "tiny-compact",
  geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 3, maxPageOrder: 4, subsectionPages: 4, sectionPages: 16, blockSections: 1, pmdPages: 4 },
  nodes: [node(range(0x14, 0x2c), range(0x44, 0x5c)), node(range(0x2c, 0x44))],
  hotplugEnd: toPfn(0x80),
  compaction: true,
};

// Two nodes with a device window between them: sections that memory or devices can take. The memmap of a device that
// begins inside a section comes partly from its own frames and partly from a node, and node 1 begins where the window ends.
//
//   0x20                     0x40                                          0x80                     0xa0     0xc0
//   |   node 0, zone Normal  |   window: blocks 2 and 3, not added         |   node 1, zone Normal  | block 5 |
const tinyDevice: MachineDescription = {
  ...base,
  name: "tiny-device",
  geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 3, subsectionPages: 4, sectionPages: 16, blockSections: 2, pmdPages: 4 },
  nodes: [node(range(0x20, 0x40)), node(range(0x80, 0xa0))],
  reserved: [range(0x20, 0x24)],
  hotplugEnd: toPfn(0xc0),
  windows: [range(0x40, 0x80)],
};

// Pools of two sizes of huge pages, the smaller one below a pageblock. Blocks of one section, those at the start of each
// node can go offline; free blocks of two pageblocks. Searched where pools are meant, so default searches leave it out.
//
//   0x20                0x48                   0x60             0x80              0xc0
//   |      node 0       |   memmap reserved    |     node 1     |   not added     |
const tinyHuge: MachineDescription = {
  ...base,
  name: "tiny-huge",
  geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 3, subsectionPages: 4, sectionPages: 16, blockSections: 1, pmdPages: 4 },
  nodes: [node(range(0x20, 0x60)), node(range(0x60, 0x80))],
  bootMemmap: toPfn(0x48),
  hugePages: [
    { order: 1, migratable: true },
    { order: 2, migratable: true },
  ],
  hotplugEnd: toPfn(0xc0),
};

// Batches of the LRU hold references. Zone Movable at boot is one block that can go offline, and part of zone Normal is a CMA
// area, so that long-term pins have something to move. Searched where batches are meant, so default searches leave it out.
//
//   0x20        0x30   0x38   0x40            0x50            0x60          0x80
//   |  memmap    |      | CMA   |    Normal     |    Movable    |   not added  |
const tinyLru: MachineDescription = {
  ...base,
  name: "tiny-lru",
  geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 3, subsectionPages: 4, sectionPages: 16, blockSections: 1, pmdPages: 4 },
  nodes: [{ memory: [range(0x20, 0x60)], movableStart: toPfn(0x50), cpus: true }],
  bootMemmap: toPfn(0x20),
  cma: [area(0x38, 0x40, 0)],
  lruBatches: true,
  hotplugEnd: toPfn(0x80),
};

// Dax devices behind boot memory; no range of theirs begins and ends as its blocks do. The second range of device 0 lies
// beyond what can be mapped, as does that of device 2; device 1 has two good ranges, of two blocks and of one; the ranges of
// device 3 hold no block, device 4 has one that holds one and one that does not. Node 1 has no memory until a driver adds some.
//
//   0x20       0x60 0x64         0x94 0x9c      0xb4 0xb8      0xd4       0xe0               0xfc 0x100 0x110    0x130
//   |  node 0  |    | 1: [70,90) |    | 1: [a0] |    | 0: [c0] | 3: small | 4: [e0] | small  | 3  | 0   | 2      |
const tinyKmem: MachineDescription = {
  ...base,
  name: "tiny-kmem",
  geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 3, subsectionPages: 4, sectionPages: 16, blockSections: 1, pmdPages: 4 },
  nodes: [node(range(0x20, 0x60)), memoryless],
  hotplugEnd: toPfn(0x100),
  daxDevices: [
    { node: 0, ranges: [range(0xb8, 0xd4), range(0x100, 0x110)] },
    { node: 1, ranges: [range(0x64, 0x94), range(0x9c, 0xb4)] },
    { node: 0, ranges: [range(0x110, 0x130)] },
    { node: 0, ranges: [range(0xd4, 0xe0), range(0xfc, 0x100)] },
    { node: 1, ranges: [range(0xe0, 0xf4), range(0xf4, 0xfc)] },
  ],
};

// The region of a virtio-mem device: it begins and ends inside memory blocks, and what can be mapped ends inside it. Blocks 4
// to 6 can be used. Node 1 has no other memory.
//
//   0x20        0x60     0x70    0x80      0xa0      0xc0      0xe0               0x110
//   |  node 0   |        | part  | block 4 | block 5 | block 6 | can not be mapped |
const tinyVmem: MachineDescription = {
  ...base,
  name: "tiny-vmem",
  geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 3, subsectionPages: 4, sectionPages: 16, blockSections: 2, pmdPages: 4 },
  nodes: [node(range(0x20, 0x60)), memoryless],
  hotplugEnd: toPfn(0xe0),
  virtioMem: { node: 1, region: range(0x70, 0x110) },
};

// A zone that is large enough for a reserve of two pageblocks of four frames, while all its blocks are online, and one that is
// too small for any. Searched where reserves are meant, so default searches leave it out.
//
//   0x40     0x80                                        0x280        0x2c0
//   |  DMA    |                  Normal                    |  not added  |
const tinyAtomic: MachineDescription = {
  ...base,
  name: "tiny-atomic",
  geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 4, subsectionPages: 16, sectionPages: 64, blockSections: 1, pmdPages: 16 },
  dmaEnd: toPfn(0x80),
  dma32End: toPfn(0x80),
  nodes: [node(range(0x40, 0x280))],
  highAtomic: true,
  hotplugEnd: toPfn(0x2c0),
};

// Room for devices in compound pages: of half a section, of a section, and of two.
//
//   0x20        0x60                   0x80            0xa0            0xc0            0xe0            0x100
//   |  node 0   |   section 3          |   section 4   |   section 5   |   section 6   |   section 7   |
const tinyCompound: MachineDescription = {
  ...base,
  name: "tiny-compound",
  geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 3, subsectionPages: 4, sectionPages: 32, blockSections: 1, pmdPages: 4 },
  nodes: [node(range(0x20, 0x60))],
  hotplugEnd: toPfn(0x100),
  compoundDevices: true,
};

const geometry4k: Geometry = { pageBytes: 4096, structPageBytes: 64, pageblockOrder: 9, maxPageOrder: 10, subsectionPages: 512, sectionPages: 32768, blockSections: 1, pmdPages: 512 };

// 1 GiB of a PC: the hole below 1 MiB, zone DMA up to 16 MiB, zone DMA32 up to 4 GiB.
const x8664: MachineDescription = {
  ...base,
  name: "x86-64",
  geometry: geometry4k,
  dmaEnd: toPfn(0x1000),
  dma32End: toPfn(0x100000),
  nodes: [node(range(0x1, 0x9f), range(0x100, 0x3ffdf)), memoryless],
  reserved: [range(0x1000, 0x3600)],
  bootMemmap: toPfn(0x3e000),
  hotplugEnd: toPfn(0x4_0000_0000),
};

const arm644k: MachineDescription = {
  ...base,
  name: "arm64-4k",
  arch: "arm64",
  geometry: geometry4k,
  dmaEnd: toPfn(0x100000),
  dma32End: toPfn(0x100000),
  nodes: [node(range(0x40000, 0x80000)), memoryless],
  reserved: [range(0x40200, 0x42000)],
  bootMemmap: toPfn(0x7e000),
  hotplugEnd: toPfn(0x1000_0000),
};

const arm6416k: MachineDescription = {
  ...base,
  name: "arm64-16k",
  arch: "arm64",
  geometry: { pageBytes: 16384, structPageBytes: 64, pageblockOrder: 11, maxPageOrder: 11, subsectionPages: 128, sectionPages: 8192, blockSections: 1, pmdPages: 2048 },
  dmaEnd: toPfn(0x40000),
  dma32End: toPfn(0x40000),
  nodes: [node(range(0x10000, 0x20000)), memoryless],
  reserved: [range(0x10080, 0x10800)],
  bootMemmap: toPfn(0x1f000),
  hotplugEnd: toPfn(0x400_0000),
};

const arm6464k: MachineDescription = {
  ...base,
  name: "arm64-64k",
  arch: "arm64",
  geometry: { pageBytes: 65536, structPageBytes: 64, pageblockOrder: 13, maxPageOrder: 13, subsectionPages: 32, sectionPages: 8192, blockSections: 1, pmdPages: 8192 },
  dmaEnd: toPfn(0x10000),
  dma32End: toPfn(0x10000),
  nodes: [node(range(0x4000, 0xc000)), memoryless],
  reserved: [range(0x4020, 0x4200)],
  bootMemmap: toPfn(0xb000),
  hotplugEnd: toPfn(0x100_0000),
};

/** The machines that searches run on by default. */
export const tinyMachines: readonly MachineDescription[] = [tiny, tiny34, tinyEqual, tinyWide];

/** Every machine that `--machine NAME` knows. */
export const namedMachines: readonly MachineDescription[] = [...tinyMachines, tinyGaps, tinyPins, tinyGuard, tinyCompact, tinyDevice, tinyBalloon, tinyStats, tinyHuge, tinyLru, tinyKmem, tinyVmem, tinyAtomic, tinyCompound, x8664, arm644k, arm6416k, arm6464k];

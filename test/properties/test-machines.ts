/**
 * Machines that the scenarios of these tests were found on. They stay as they are when the named machines change.
 */
import { pfnRange, toPfn } from "../../models/index.ts";
import type { MachineDescription, NodeDescription, PfnRange } from "../../models/index.ts";
import { given } from "./small-views.ts";

const range = (start: number, end: number): PfnRange => pfnRange(toPfn(start), end - start);

const node = (...memory: readonly PfnRange[]): NodeDescription => ({ memory, movableStart: null, cpus: true });

const memoryless: NodeDescription = { memory: [], movableStart: null, cpus: false };

const base: Omit<MachineDescription, "name" | "geometry" | "nodes" | "hotplugEnd"> = {
  arch: "x86-64", dmaEnd: toPfn(0), dma32End: toPfn(0), reserved: [], bootMemmap: null, cma: [], memmapOnMemory: "yes", movableNode: false, autoOnline: "offline", onlinePolicy: "contig-zones", autoMovableRatio: 301, autoMovableNumaAware: true,
};

export const testMachines: readonly MachineDescription[] = [
  {
    ...base,
    name: "hole and CMA",
    geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 4, subsectionPages: 4, sectionPages: 16, blockSections: 2, pmdPages: 4 },
    dmaEnd: toPfn(0x40),
    dma32End: toPfn(0x40),
    nodes: [node(range(0x22, 0x2e), range(0x32, 0x80)), memoryless],
    bootMemmap: toPfn(0x40),
    cma: [{ base: toPfn(0x58), nrPages: 8, orderPerBit: 1 }],
    hotplugEnd: toPfn(0x100),
  },
  {
    ...base,
    name: "zone border in a pageblock",
    geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 3, maxPageOrder: 4, subsectionPages: 8, sectionPages: 32, blockSections: 1, pmdPages: 8 },
    dma32End: toPfn(0x64),
    nodes: [node(range(0x24, 0xa0)), node(range(0xa0, 0xc0))],
    bootMemmap: toPfn(0x28),
    movableNode: true,
    hotplugEnd: toPfn(0x140),
  },
  {
    ...base,
    name: "pageblock as large as can be",
    arch: "arm64",
    geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 3, maxPageOrder: 3, subsectionPages: 4, sectionPages: 16, blockSections: 2, pmdPages: 4 },
    dma32End: toPfn(0x38),
    nodes: [{ memory: [range(0x28, 0x80)], movableStart: toPfn(0x60), cpus: true }, memoryless],
    reserved: [range(0x42, 0x45)],
    bootMemmap: toPfn(0x28),
    cma: [{ base: toPfn(0x48), nrPages: 16, orderPerBit: 0 }],
    memmapOnMemory: "never",
    hotplugEnd: toPfn(0xe0),
  },
  {
    ...base,
    name: "subsections smaller than pageblocks",
    geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 3, subsectionPages: 2, sectionPages: 8, blockSections: 4, pmdPages: 2 },
    nodes: [node(range(0x22, 0x40), range(0x60, 0x6b)), node(range(0x40, 0x60))],
    reserved: [range(0x22, 0x24)],
    bootMemmap: toPfn(0x24),
    memmapOnMemory: "force",
    hotplugEnd: toPfn(0xe0),
  },
  {
    ...base,
    name: "guard pages",
    geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 4, subsectionPages: 4, sectionPages: 16, blockSections: 1, pmdPages: 4 },
    nodes: [node(range(0x20, 0x40))],
    hotplugEnd: toPfn(0x60),
    guardMinOrder: 2,
  },
  {
    ...base,
    name: "interleaved nodes",
    geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 3, maxPageOrder: 4, subsectionPages: 4, sectionPages: 16, blockSections: 1, pmdPages: 4 },
    nodes: [node(range(0x14, 0x2c), range(0x44, 0x5c)), node(range(0x2c, 0x44))],
    hotplugEnd: toPfn(0x80),
    compaction: true,
  },
  {
    ...base,
    name: "a window between nodes",
    geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 3, subsectionPages: 4, sectionPages: 16, blockSections: 2, pmdPages: 4 },
    nodes: [node(range(0x20, 0x40)), node(range(0x80, 0xa0))],
    hotplugEnd: toPfn(0xc0),
    windows: [range(0x40, 0x80)],
  },
  {
    ...base,
    name: "huge pages",
    geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 3, subsectionPages: 4, sectionPages: 16, blockSections: 1, pmdPages: 4 },
    nodes: [node(range(0x20, 0x60)), node(range(0x60, 0x80))],
    bootMemmap: toPfn(0x48),
    hugePages: [{ order: 1, migratable: true }, { order: 2, migratable: true }],
    hotplugEnd: toPfn(0xc0),
  },
  {
    ...base,
    name: "batches of the LRU",
    geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 3, subsectionPages: 4, sectionPages: 16, blockSections: 1, pmdPages: 4 },
    nodes: [{ memory: [range(0x20, 0x60)], movableStart: toPfn(0x50), cpus: true }],
    lruBatches: true,
    hotplugEnd: toPfn(0x80),
  },
  {
    ...base,
    name: "virtio-mem",
    geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 3, subsectionPages: 4, sectionPages: 16, blockSections: 2, pmdPages: 4 },
    nodes: [node(range(0x20, 0x60))],
    hotplugEnd: toPfn(0xe0),
    virtioMem: { node: 0, region: range(0x70, 0x110) },
  },
  {
    ...base,
    name: "compound devices",
    geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 3, subsectionPages: 4, sectionPages: 32, blockSections: 1, pmdPages: 4 },
    nodes: [node(range(0x20, 0x60))],
    hotplugEnd: toPfn(0x100),
    compoundDevices: true,
  },
  {
    ...base,
    name: "dax devices",
    geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 3, subsectionPages: 4, sectionPages: 16, blockSections: 1, pmdPages: 4 },
    nodes: [node(range(0x20, 0x60))],
    hotplugEnd: toPfn(0x100),
    daxDevices: [{ node: 0, ranges: [range(0x6c, 0x94), range(0x9c, 0xb4)] }, { node: 0, ranges: [range(0xbc, 0xd4), range(0xd4, 0xe0)] }],
  },
  {
    ...base,
    name: "HighAtomic reserves",
    geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 4, subsectionPages: 16, sectionPages: 64, blockSections: 1, pmdPages: 16 },
    dmaEnd: toPfn(0x80),
    dma32End: toPfn(0x80),
    nodes: [node(range(0x40, 0x280))],
    highAtomic: true,
    hotplugEnd: toPfn(0x2c0),
  },
];

export function testMachine(name: string): MachineDescription {
  return given(testMachines.find((machine) => machine.name === name));
}

/**
 * The machine right after boot.
 *
 * Linux mm/sparse.c: sparse_init(), memory_present(); mm/mm_init.c: free_area_init(), memmap_init(); drivers/base/memory.c:
 * memory_dev_init(), v6.12. In words: `bootRules` in models/catalogue.ts.
 */
import { emptyFreeArea, freeOnePage, migratetypeOf } from "./buddy.ts";
import { zoneTypes } from "./command.ts";
import type { NodeId, ZoneType } from "./command.ts";
import { bootMemmapRange, bootMemory, earlySections } from "./description.ts";
import type { CmaAreaDescription, MachineDescription, NodeDescription } from "./description.ts";
import { blockPages, memmapPages } from "./geometry.ts";
import type { CmaArea, Machine, Node, Zone } from "./machine.ts";
import { everyFrame, frameAt, framesOf, insertResource, pageOf, pageblockOf, pageblocksOf, sectionOf, zoneAt, zoneIndex } from "./machine.ts";
import { alignUp, pfnRange, rangeContains, rangeEnd, rangesOverlap, toBlockId, toPfn } from "./pfn.ts";
import type { Pfn, PfnRange } from "./pfn.ts";
import type { Profile } from "./profile.ts";
import { blankPages, sectionFor } from "./sparsemem.ts";
import { FrameUse } from "./view.ts";
import { initVirtioMem } from "./virtio-mem.ts";
import { isPopulated, setZoneContiguous, updateNodeStates, zoneIntersects, zonesOfNode } from "./zone.ts";

export function bootMachine(description: MachineDescription, profile: Profile): Machine {
  const machine: Machine = {
    description,
    profile,
    sections: {},
    zones: description.nodes.flatMap((node, id) => zoneTypes.map((type) => bootZone(description, node, id, type))),
    nodes: description.nodes.map(bootNode),
    blocks: {},
    groups: {},
    allocations: {},
    isolations: [],
    tasks: {},
    cma: [],
    hugePools: (description.hugePages ?? []).map(({ order, migratable }) => ({ order, kind: migratable ? "hugetlb" : "hugetlb-fixed", reserved: 0, total: 0, free: 0, nodes: description.nodes.map(() => ({ total: 0, free: 0 })) })),
    devices: {},
    kmem: {},
    virtioMemBroken: false,
    resources: [],
    vetoes: {},
    failures: {},
    autoOnline: description.autoOnline,
    onlinePolicy: description.onlinePolicy,
    autoMovableRatio: description.autoMovableRatio,
    autoMovableNumaAware: description.autoMovableNumaAware,
    totalram: 0,
    nrMemmapPages: 0,
    nrMemmapBootPages: memmapPages(description.geometry, description.geometry.sectionPages) * earlySections(description).length,
    numPoisoned: 0,
    maxPfn: toPfn(Math.max(...bootMemory(description).map(({ range }) => rangeEnd(range)))),
    highestPresentSection: earlySections(description).at(-1) ?? 0,
    permissionsUsed: {},
  };
  for (const { range } of bootMemory(description)) insertResource(machine, { range, kind: "ram" });
  for (const range of description.windows ?? []) insertResource(machine, { range, kind: "window" });
  initVirtioMem(machine);
  for (const nr of earlySections(description)) makeEarlySection(machine, nr);
  linkPages(machine);
  machine.cma.push(...description.cma.map((area) => activateArea(machine, area)));
  typePageblocks(machine);
  countPages(machine);
  freeBootMemory(machine);
  makeBootBlocks(machine);
  for (const [index, zone] of machine.zones.entries()) if (isPopulated(zone)) setZoneContiguous(machine, index);
  for (const id of machine.nodes.keys()) updateNodeStates(machine, id);
  return machine;
}

/** From the node's first frame of memory to its last: Linux `get_pfn_range_for_nid()`. */
function nodeRange(node: NodeDescription): PfnRange {
  const first = node.memory[0];
  const last = node.memory.at(-1);
  return first === undefined || last === undefined ? pfnRange(toPfn(0), 0) : pfnRange(first.start, rangeEnd(last) - first.start);
}

/** Linux `zone_spanned_pages_in_node()` and `adjust_zone_range_for_zone_movable()`. */
function zoneRange(description: MachineDescription, node: NodeDescription, type: ZoneType): PfnRange {
  const { dmaEnd, dma32End, geometry } = description;
  const range = nodeRange(node);
  const end = rangeEnd(range);
  const movable = node.movableStart === null ? end : Math.min(end, alignUp(node.movableStart, 2 ** geometry.maxPageOrder));
  const limits: Readonly<Record<ZoneType, readonly [number, number]>> = { DMA: [0, dmaEnd], DMA32: [dmaEnd, dma32End], Normal: [dma32End, end], Movable: [movable, end], Device: [0, 0] };
  const [low, high] = limits[type];
  const start = Math.max(low, range.start);
  const stop = Math.min(high, type === "Movable" ? end : movable);
  return start < stop ? pfnRange(toPfn(start), stop - start) : pfnRange(toPfn(0), 0);
}

function bootZone(description: MachineDescription, node: NodeDescription, id: NodeId, type: ZoneType): Zone {
  const { start, nrPages } = zoneRange(description, node, type);
  return { node: id, type, start, spanned: nrPages, present: 0, presentEarly: 0, managed: 0, cmaPages: 0, nrFree: 0, nrFreeCma: 0, nrFreeHighAtomic: 0, nrReservedHighAtomic: 0, nrIsolatePageblock: 0, contiguous: false, freeArea: emptyFreeArea(description.geometry.maxPageOrder), pcp: [], pcpDisabledBy: [] };
}

function bootNode(node: NodeDescription): Node {
  const { start, nrPages } = nodeRange(node);
  return { start, spanned: nrPages, present: 0, nrZones: 0, online: node.memory.length > 0 || node.cpus, hasMemory: false, hasNormalMemory: false, isolatedAnon: { global: 0, part: 0 }, isolatedFile: { global: 0, part: 0 }, cpus: node.cpus };
}

/** Linux `memory_present()`, `sparse_init_nid()`, `sparse_init_subsection_map()`. */
function makeEarlySection(machine: Machine, nr: number): void {
  const { sectionPages, subsectionPages } = machine.description.geometry;
  const section = sectionFor(machine, nr);
  const start = nr * sectionPages;
  Object.assign(section, { present: true, hasMemMap: true, online: true, early: true, usage: "boot" });
  section.backing = section.backing.map(() => "b");
  section.subsections = section.backing.map((_, index) => {
    const subsection = pfnRange(toPfn(start + index * subsectionPages), subsectionPages);
    return bootMemory(machine.description).some(({ range }) => rangesOverlap(range, subsection));
  });
  blankPages(machine, section);
}

/** The boot zone that memory of this node at this frame belongs to. */
function zoneOfMemory(machine: Machine, node: NodeId, pfn: Pfn): number {
  const index = zonesOfNode(machine, node).findIndex((zone) => pfn >= zone.start && pfn < zone.start + zone.spanned);
  return node * zoneTypes.length + index;
}

/**
 * Linux `memmap_init()` and `init_unavailable_range()`: memory links to its zone; a hole to the zone of the memory behind
 * it, behind the last memory to that of the last.
 */
function linkPages(machine: Machine): void {
  const memory = bootMemory(machine.description);
  const { sectionPages } = machine.description.geometry;
  const last = memory.at(-1);
  let link = last === undefined ? -1 : zoneOfMemory(machine, last.node, toPfn(rangeEnd(last.range) - 1));
  for (const nr of earlySections(machine.description).toReversed()) {
    for (let pfn = (nr + 1) * sectionPages - 1; pfn >= nr * sectionPages; pfn--) {
      const here = memory.find(({ range }) => rangeContains(range, toPfn(pfn)));
      if (here !== undefined) link = zoneOfMemory(machine, here.node, toPfn(pfn));
      const page = pageOf(machine, toPfn(pfn));
      page.zone = link;
      page.use = here === undefined ? FrameUse.Hole : FrameUse.Limbo;
    }
  }
}

/** Linux `cma_activate_area()`, mm/cma.c, v6.12: an area that is not in one zone has no frames, whatever the others are. */
function activateArea(machine: Machine, { base, nrPages, orderPerBit }: CmaAreaDescription): CmaArea {
  const zone = pageOf(machine, base).zone;
  if (!everyFrame(pfnRange(base, nrPages), (pfn) => pageOf(machine, pfn).zone === zone)) return { base, nrPages: 0, orderPerBit, bitmap: [] };
  return { base, nrPages, orderPerBit, bitmap: Array.from({ length: Math.ceil(nrPages / 2 ** orderPerBit) }, () => false) };
}

/** Frames that stay reserved because their area could not be activated. */
function keptOfDeadAreas(machine: Machine): readonly PfnRange[] {
  return machine.description.cma.filter(({ reservePagesOnError }, area) => reservePagesOnError === true && machine.cma[area]?.nrPages === 0).map(({ base, nrPages }) => pfnRange(base, nrPages));
}

/** Linux `memmap_init_range()`: a pageblock gets its type with its first frame, if that is memory. */
function typePageblocks(machine: Machine): void {
  for (const { range } of bootMemory(machine.description)) {
    for (const start of pageblocksOf(machine, range)) if (rangeContains(range, start)) pageblockOf(machine, start).type = "Movable";
  }
  for (const { base, nrPages } of machine.cma) {
    for (const start of pageblocksOf(machine, pfnRange(base, nrPages))) pageblockOf(machine, start).type = "CMA";
    zoneAt(machine, pageOf(machine, base).zone).cmaPages += nrPages;
  }
}

function countPages(machine: Machine): void {
  for (const { range } of bootMemory(machine.description)) {
    for (const pfn of framesOf(range)) {
      const zone = zoneAt(machine, pageOf(machine, pfn).zone);
      zone.present += 1;
      zone.presentEarly += 1;
    }
  }
  for (const [id, node] of machine.nodes.entries()) {
    const zones = zonesOfNode(machine, id);
    node.present = zones.reduce((total, { present }) => total + present, 0);
    node.nrZones = zones.findLastIndex(({ spanned }) => spanned > 0) + 1;
  }
}

/** Linux `memblock_free_all()`: what nobody has reserved goes to the buddy. */
function freeBootMemory(machine: Machine): void {
  const memmap = bootMemmapRange(machine.description);
  const reserved = [...machine.description.reserved, ...(memmap === undefined ? [] : [memmap]), ...keptOfDeadAreas(machine)];
  for (const { range } of bootMemory(machine.description)) {
    for (const pfn of framesOf(range)) {
      if (reserved.some((taken) => rangeContains(taken, pfn))) {
        pageOf(machine, pfn).use = FrameUse.Reserved;
        continue;
      }
      freeOnePage(machine, pfn, 0, migratetypeOf(machine, pfn));
      zoneAt(machine, pageOf(machine, pfn).zone).managed += 1;
      machine.totalram += 1;
    }
  }
}

/** Linux `memory_dev_init()`, `early_node_zone_for_memory_block()`, `memory_block_add_nid()`. */
function makeBootBlocks(machine: Machine): void {
  const size = blockPages(machine.description.geometry);
  const memory = bootMemory(machine.description);
  const { blockSections } = machine.description.geometry;
  const ids = new Set(earlySections(machine.description).map((nr) => Math.floor(nr / blockSections)));
  for (const id of ids) {
    const range = pfnRange(toPfn(id * size), size);
    const nodes = [...new Set(memory.filter((part) => rangesOverlap(part.range, range)).map(({ node }) => node))].toSorted((a, b) => a - b);
    const node = nodes.at(-1) ?? 0;
    const zones = zoneTypes.map((type) => zoneIndex(node, type)).filter((index) => isPopulated(zoneAt(machine, index)) && zoneIntersects(zoneAt(machine, index), range));
    const [zone] = zones;
    machine.blocks[id] = { id: toBlockId(id), state: "online", onlineType: "offline", node, zone: nodes.length === 1 && zones.length === 1 && zone !== undefined ? zone : null, selfHosted: 0, group: null, nrHwpoison: 0, references: 0, boot: true };
  }
}

/** Whether a frame is part of the boot memmap. */
export function holdsBootMemmap(machine: Machine, pfn: Pfn): boolean {
  const memmap = bootMemmapRange(machine.description);
  return memmap !== undefined && rangeContains(memmap, pfn) && frameAt(machine, pfn)?.use === FrameUse.Reserved && sectionOf(machine, pfn)?.present === true;
}

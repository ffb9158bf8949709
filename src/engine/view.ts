/** What can be seen of the engine: views are made when asked for, from the state alone. */
import { migratetypes, pfnRange, toBlockId, toPfn, viewOfParts, zoneTypes } from "../../models/index.ts";
import type {
  AllocationView, BlockView, CmaAreaView, DeviceView, Fact, FreeBlockView, GroupView, HugePoolView, IsolationView, KmemView, Migratetype, NodeView, PageblockView, PfnRange, ResourceView, SectionView, TaskView, TotalsView, View, ViewParts, ZoneView,
} from "../../models/index.ts";
import type { Altmap } from "./altmap.ts";
import { isActive } from "./cma.ts";
import { sumOf } from "./hugetlb.ts";
import { AllocFlag, Type, isFree, isPcp, orderOf, pcpList } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { broken, unreachable } from "./result.ts";
import { CompoundPages, isUntouched, zoneAt } from "./section.ts";
import type { Section } from "./section.ts";
import type { Task } from "./tasks.ts";
import { viewFrames } from "./view-frames.ts";

export function viewOf(m: Machine, wanted?: readonly Fact[]): View {
  let lists: ReturnType<typeof viewLists> | undefined;
  const both = (): ReturnType<typeof viewLists> => (lists ??= viewLists(m));
  const parts: ViewParts = {
    zones: () => m.zones.all.map((zone) => viewZone(m, zone.index)),
    nodes: () => viewNodes(m),
    blocks: () => viewBlocks(m),
    sections: () => viewSections(m),
    pageblocks: () => viewPageblocks(m),
    frames: () => viewFrames(m),
    freeBlocks: () => both().free,
    pcp: () => both().pcp,
    allocations: () => viewAllocations(m),
    isolations: () => viewIsolations(m),
    tasks: () => m.tasks.all().map(([nr, task]) => viewTask(m, nr, task)),
    cma: () => viewCma(m),
    hugePools: () => viewHugePools(m),
    groups: () => viewGroups(m),
    devices: () => viewDevices(m),
    kmem: () => viewKmem(m),
    resources: () => viewResources(m),
    totals: () => viewTotals(m),
  };
  return viewOfParts(m.geometry, parts, wanted);
}

function viewZone(m: Machine, index: number): ZoneView {
  const zone = m.zones.at(index);
  const type = zoneTypes[zone.type];
  if (type === undefined) throw broken(`zone ${index} has no type`);
  return {
    node: zone.node,
    type,
    start: toPfn(zone.start),
    spanned: zone.spanned,
    present: zone.present,
    presentEarly: zone.presentEarly,
    managed: zone.managed,
    nrFree: zone.nrFree,
    nrFreeCma: zone.nrFreeCma,
    ...(m.description.highAtomic === true ? { nrFreeHighAtomic: zone.nrFreeHighAtomic, nrReservedHighAtomic: zone.nrReservedHighAtomic } : {}),
    nrFreeBlocks: m.lists.nrFreeBlocks(index),
    nrIsolatePageblock: zone.nrIsolatePageblock,
    contiguous: zone.contiguous,
    pcpDisabled: (zone.pcpDisabledByCommand ? 1 : 0) + zone.pcpDisabledByTasks,
  };
}

function viewNodes(m: Machine): readonly NodeView[] {
  return m.zones.nodes.map((node) => ({
    node: node.node,
    start: toPfn(node.start),
    spanned: node.spanned,
    present: node.present,
    online: node.online,
    hasMemory: node.hasMemory,
    hasNormalMemory: node.hasNormalMemory,
    nrZones: node.nrZones,
    zonelist: node.online ? node.zonelist.map(({ index }) => index) : [],
    ...viewStats(m, node.node),
  }));
}

function viewStats(m: Machine, node: number): Pick<NodeView, "nrIsolatedAnon" | "nrIsolatedFile"> {
  if (m.description.nodeStats !== true) return {};
  const { anon, file } = m.nodeStats.of(node);
  return { nrIsolatedAnon: anon[0] + anon[1], nrIsolatedFile: file[0] + file[1] };
}

function viewBlocks(m: Machine): readonly BlockView[] {
  return m.blocks.all().map((block) => ({
    block: toBlockId(block.id),
    state: block.state,
    onlineType: block.onlineType,
    node: block.node,
    zone: block.zone?.index ?? null,
    selfHosted: block.selfHosted,
    group: block.group,
    nrHwpoison: block.nrHwpoison,
    references: block.nrReferences,
    boot: block.boot,
    validZones: m.blocks.validZones(block),
  }));
}

function sectionsOf(m: Machine): readonly Section[] {
  return m.sections.table.between(0, Number.POSITIVE_INFINITY);
}

function viewSections(m: Machine): readonly SectionView[] {
  return sectionsOf(m).map((section) => ({
    section: section.nr,
    present: section.present,
    hasMemMap: section.hasMemMap,
    online: section.online,
    early: section.early,
    taint: section.taint,
    usage: section.usage,
    subsectionMap: section.usage === "none" ? "" : m.sections.showSubsections(section, (added) => (added ? "1" : "0")),
    backing: m.sections.showSubsections(section, (_added, at) => backingOf(section, at * m.sizes.subsectionPages)),
  }));
}

function backingOf(section: Section, offset: number): string {
  if (section.early) return "b";
  const pfn = section.start + offset;
  const chunk = section.memmap.find(({ start, nrPages }) => pfn >= start && pfn < start + nrPages);
  return chunk === undefined ? "-" : chunk.host === "self" ? "s" : chunk.host === "kernel" ? "k" : chunk.host instanceof CompoundPages ? "c" : "d";
}

function typeName(type: number): Migratetype {
  const name = migratetypes[type];
  if (name === undefined) throw broken(`there is no migratetype ${type}`);
  return name;
}

function viewPageblocks(m: Machine): readonly PageblockView[] {
  const keepsTypes = !m.quirks.isOn("KD-4") && !m.quirks.isOn("EX-7");
  const views: PageblockView[] = [];
  for (const section of sectionsOf(m)) {
    if (!section.online) continue;
    for (let offset = 0; offset < m.sizes.sectionPages; offset += m.sizes.pageblockPages) {
      const type = m.pageblocks.typeAt(section, offset);
      const saved = type === Type.Isolate && keepsTypes ? { savedType: typeName(m.pageblocks.savedTypeAt(section, offset)) } : {};
      views.push({ start: toPfn(section.start + offset), type: typeName(type), ...saved });
    }
  }
  return views;
}

/** Free blocks and per-CPU entries, ascending. */
function viewLists(m: Machine): { readonly free: readonly FreeBlockView[]; readonly pcp: readonly FreeBlockView[] } {
  const free: FreeBlockView[] = [];
  const pcp: FreeBlockView[] = [];
  for (const section of sectionsOf(m)) {
    if (isUntouched(section)) {
      for (let offset = 0; offset < m.sizes.sectionPages; offset += m.sizes.maxOrderPages) free.push({ pfn: toPfn(section.start + offset), order: m.sizes.maxOrder, zone: section.zone, type: typeName(section.type) });
      continue;
    }
    for (const [offset, code] of section.frames?.entries() ?? []) {
      if (isFree(code)) free.push(viewBlock(section, offset, orderOf(code), freeListOf(m, section, offset, orderOf(code))));
      else if (isPcp(code)) pcp.push(viewBlock(section, offset, orderOf(code), pcpTypeOf(m, section, offset, orderOf(code))));
    }
  }
  return { free, pcp };
}

function viewBlock(section: Section, offset: number, order: number, type: number): FreeBlockView {
  return { pfn: toPfn(section.start + offset), order, zone: zoneAt(section, offset), type: typeName(type) };
}

function freeListOf(m: Machine, section: Section, offset: number, order: number): number {
  return m.lists.listOf(section, offset, order, zoneAt(section, offset), m.pageblocks.typeAt(section, offset));
}

function pcpTypeOf(m: Machine, section: Section, offset: number, order: number): number {
  const type = [Type.Unmovable, Type.Movable, Type.Reclaimable].find((list) => m.lists.has(section, offset, order, zoneAt(section, offset), pcpList + list));
  if (type === undefined) throw broken(`per-CPU entry ${section.start + offset} is on no list`);
  return type;
}

function viewKmem(m: Machine): readonly KmemView[] {
  return m.kmem.all().map(([device, { group, ranges, added }]) => ({ device, group, ranges: ranges.filter((_, at) => added.has(at)).map(({ start, nrPages }) => pfnRange(toPfn(start), nrPages)) }));
}

function viewAllocations(m: Machine): readonly AllocationView[] {
  const { allocations } = m;
  const hasBalloon = m.description.balloon === true;
  const hasBatches = m.description.lruBatches === true;
  const blocks: readonly AllocationView[] = allocations.slots().map((slot) => ({
    id: allocations.id(slot),
    kind: allocations.kind(slot).name,
    order: allocations.order(slot),
    compound: allocations.has(slot, AllocFlag.Compound),
    ranges: [pfnRange(toPfn(allocations.head(slot)), allocations.nrPages(slot))],
    holds: allocations.holds(slot),
    pins: allocations.pins(slot, false),
    longTermPins: allocations.pins(slot, true),
    lruIsolated: allocations.has(slot, AllocFlag.LruIsolated),
    freed: allocations.has(slot, AllocFlag.Freed),
    ...(hasBalloon ? { inflated: allocations.has(slot, AllocFlag.Inflated) } : {}),
    ...(m.hugetlb.pools.length > 0 ? { pool: m.hugetlb.isPooled(slot) } : {}),
    ...(hasBatches ? { lruBatch: allocations.has(slot, AllocFlag.BatchAdd) ? "add" : allocations.has(slot, AllocFlag.BatchMove) ? "move" : "none" } : {}),
  }));
  const contigs: readonly AllocationView[] = m.contigs.all().map(({ id, kind, compound, ranges }) => ({
    id,
    kind,
    order: null,
    compound,
    ranges: ranges.map(({ start, end }) => pfnRange(toPfn(start), end - start)),
    holds: 0,
    pins: 0,
    longTermPins: 0,
    lruIsolated: false,
    freed: false,
    ...(hasBalloon ? { inflated: false } : {}),
    ...(m.hugetlb.pools.length > 0 ? { pool: false } : {}),
    ...(hasBatches ? { lruBatch: "none" } : {}),
  }));
  return [...blocks, ...contigs].toSorted((a, b) => a.id - b.id);
}

function viewIsolations(m: Machine): readonly IsolationView[] {
  const tokens = [...m.isolation.tokens].toSorted(([a], [b]) => a - b).map(([token, book]) => ({ owner: { token }, pageblocks: ascending(book.pageblocks) }));
  const tasks = m.tasks.all().map(([nr, task]) => ({ owner: { task: nr }, pageblocks: ascending(m.tasks.bookOf(task)?.pageblocks ?? new Set()) }));
  return [...tokens, ...tasks].filter(({ pageblocks }) => pageblocks.length > 0);
}

function ascending(pfns: ReadonlySet<number>): IsolationView["pageblocks"] {
  return [...pfns].toSorted((a, b) => a - b).map(toPfn);
}

function viewTask(m: Machine, nr: number, task: Task): TaskView {
  const phase = task.kind === "online" ? "onlining" : task.phase;
  return { task: nr, op: task.kind, phase, range: rangeOfTask(m, task) };
}

function rangeOfTask(m: Machine, task: Task): PfnRange {
  switch (task.kind) {
    case "online":
    case "offline":
      return pfnRange(toPfn(task.op.block.start), m.sizes.blockPages);
    case "alloc-contig":
      return pfnRange(toPfn(task.op.start), task.op.nrPages);
    default:
      return unreachable(task);
  }
}

function viewCma(m: Machine): readonly CmaAreaView[] {
  return m.cma.areas.map((area, nr) => ({ area: nr, base: toPfn(area.base), nrPages: isActive(area) ? area.nrPages : 0, orderPerBit: area.orderPerBit, bitmap: m.cma.show(area) }));
}

function viewHugePools(m: Machine): readonly HugePoolView[] {
  return m.hugetlb.pools.map(({ order, reserved, nrPages, nrFree }) => ({
    order,
    reserved,
    total: sumOf(nrPages),
    free: sumOf(nrFree),
    nodes: [...nrPages].map((total, node) => ({ total, free: nrFree[node] ?? 0 })),
  }));
}

function viewGroups(m: Machine): readonly GroupView[] {
  return m.groups.all().map(({ id, node, dynamic, pages, presentKernel, presentMovable, blocks }) => ({
    group: id,
    node,
    dynamic,
    pages,
    presentKernel,
    presentMovable,
    blocks: [...blocks].toSorted((a, b) => a - b).map(toBlockId),
  }));
}

function viewDevices(m: Machine): readonly DeviceView[] {
  return m.devices.all().map(({ id, start, nrPages, altmap, vmemmapShift }) => ({ device: id, range: pfnRange(toPfn(start), nrPages), ...(altmap === null ? {} : { altmap: shownAltmap(altmap) }), ...(vmemmapShift === 0 ? {} : { vmemmapShift }) }));
}

function shownAltmap({ reserve, free, align, alloc }: Altmap): NonNullable<DeviceView["altmap"]> {
  return { reserve, free, align, alloc };
}

function viewResources(m: Machine): readonly ResourceView[] {
  return m.resources.all().map(({ start, end, kind }) => ({ range: pfnRange(toPfn(start), end - start), kind }));
}

function viewTotals(m: Machine): TotalsView {
  const { totalram, nrMemmapPages, nrMemmapBootPages, numPoisoned, maxPfn } = m.totals;
  return { totalram, nrMemmapPages, nrMemmapBootPages, numPoisoned, maxPfn: toPfn(maxPfn), highestPresentSection: m.sections.highestPresent };
}

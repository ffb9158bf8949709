/**
 * What can be seen of the machine: the state as a view. Nothing here changes anything.
 */
import { listTypes, migratetypeOf } from "./buddy.ts";
import { pfnToOnlinePage, pfnValid } from "./sparsemem.ts";
import type { Allocation, Frame, Machine, Section } from "./machine.ts";
import { allocationAt, framesOf, knownSections, pageblockOf } from "./machine.ts";
import { pageKindTraits } from "./page-kind.ts";
import { pfnRange, rangeContains, rangeEnd, toPfn } from "./pfn.ts";
import type { Pfn, PfnRange } from "./pfn.ts";
import { FrameFlag, FrameUse, NONE, viewOfParts } from "./view.ts";
import type { AllocationView, BlockView, Fact, FrameTable, FreeBlockView, IsolationView, NodeView, PageblockView, SectionView, TaskView, View, ViewParts, ZoneView } from "./view.ts";
import { zonelist } from "./zone.ts";
import { validZones } from "./zone-choice.ts";
import { blockRange } from "./notifier.ts";

export function showMachine(machine: Machine, wanted?: readonly Fact[]): View {
  const { totalram, nrMemmapPages, nrMemmapBootPages, numPoisoned, maxPfn, highestPresentSection } = machine;
  const parts: ViewParts = {
    zones: () => machine.zones.map((zone) => showZone(machine, zone)),
    nodes: () => machine.nodes.map((_, id) => showNode(machine, id)),
    blocks: () => Object.values(machine.blocks).toSorted((a, b) => a.id - b.id).map((block): BlockView => {
      const { id, state, onlineType, node, zone, selfHosted, group, nrHwpoison, references, boot } = block;
      return { block: id, state, onlineType, node, zone, selfHosted, group, nrHwpoison, references, boot, validZones: validZones(machine, block) };
    }),
    sections: () => knownSections(machine).filter(({ present, usage }) => present || usage !== "none").map(showSection),
    pageblocks: () => showPageblocks(machine),
    frames: () => showFrames(machine),
    freeBlocks: () => showFreeBlocks(machine),
    pcp: () => machine.zones.flatMap(({ pcp }, zone) => pcp.map(({ pfn, order, type }): FreeBlockView => ({ pfn, order, zone, type }))).toSorted((a, b) => a.pfn - b.pfn),
    allocations: () => Object.values(machine.allocations).toSorted((a, b) => a.id - b.id).map((allocation) => showAllocation(machine, allocation)),
    isolations: () => showIsolations(machine),
    tasks: () => Object.values(machine.tasks).toSorted((a, b) => a.task - b.task).map((task): TaskView => {
      const block = task.kind === "alloc-contig" ? undefined : machine.blocks[task.block];
      return { task: task.task, op: task.kind, phase: task.phase, range: task.kind === "alloc-contig" ? task.range : block === undefined ? pfnRange(toPfn(0), 0) : blockRange(machine, block) };
    }),
    cma: () => machine.cma.map(({ base, nrPages, orderPerBit, bitmap }, area) => ({ area, base, nrPages, orderPerBit, bitmap: bits(bitmap) })),
    hugePools: () => machine.hugePools.map(({ order, reserved, total, free, nodes }) => ({ order, reserved, total, free, nodes: nodes.map((part) => ({ ...part })) })),
    groups: () => Object.values(machine.groups).toSorted((a, b) => a.id - b.id).map(({ id, node, dynamic, pages, presentKernel, presentMovable }) => ({
      group: id, node, dynamic, pages, presentKernel, presentMovable, blocks: Object.values(machine.blocks).filter(({ group }) => group === id).map((block) => block.id).toSorted((a, b) => a - b),
    })),
    devices: () => Object.values(machine.devices).map(({ id, range, altmap, vmemmapShift }) => ({ device: id, range, ...(altmap === null ? {} : { altmap: { ...altmap } }), ...(vmemmapShift === 0 ? {} : { vmemmapShift }) })).toSorted((a, b) => a.range.start - b.range.start),
    kmem: () => Object.values(machine.kmem).toSorted((a, b) => a.device - b.device).map(({ device, group, added }) => ({ device, group, ranges: added.filter((range) => range !== null) })),
    resources: () => machine.resources.map(({ range, kind }) => ({ range, kind })),
    totals: () => ({ totalram, nrMemmapPages, nrMemmapBootPages, numPoisoned, maxPfn, highestPresentSection }),
  };
  return viewOfParts(machine.description.geometry, parts, wanted);
}

function showZone(machine: Machine, { node, type, start, spanned, present, presentEarly, managed, nrFree, nrFreeCma, nrFreeHighAtomic, nrReservedHighAtomic, freeArea, nrIsolatePageblock, contiguous, pcpDisabledBy }: Machine["zones"][number]): ZoneView {
  const nrFreeBlocks = freeArea.map((lists) => listTypes.reduce((total, list) => total + lists[list].length, 0));
  const reserve = machine.description.highAtomic === true ? { nrFreeHighAtomic, nrReservedHighAtomic } : {};
  return { node, type, start, spanned, present, presentEarly, managed, nrFree, nrFreeCma, ...reserve, nrFreeBlocks, nrIsolatePageblock, contiguous, pcpDisabled: pcpDisabledBy.length };
}

function showNode(machine: Machine, id: number): NodeView {
  const node = machine.nodes[id];
  if (node === undefined) throw new Error(`no node ${id}`);
  const { start, spanned, present, online, hasMemory, hasNormalMemory, nrZones, isolatedAnon, isolatedFile } = node;
  const stats = machine.description.nodeStats === true ? { nrIsolatedAnon: isolatedAnon.global + isolatedAnon.part, nrIsolatedFile: isolatedFile.global + isolatedFile.part } : {};
  return { node: id, start, spanned, present, online, hasMemory, hasNormalMemory, nrZones, zonelist: online ? zonelist(machine, id) : [], ...stats };
}

function showSection({ nr, present, hasMemMap, online, early, taint, usage, subsections, backing }: Section): SectionView {
  return { section: nr, present, hasMemMap, online, early, taint, usage, subsectionMap: bits(subsections), backing: backing.join("") };
}

function bits(flags: readonly boolean[]): string {
  return flags.map((flag) => (flag ? "1" : "0")).join("");
}

function showPageblocks(machine: Machine): readonly PageblockView[] {
  const { sectionPages, pageblockOrder } = machine.description.geometry;
  const keepsType = !machine.profile.on.includes("KD-4") && !machine.profile.on.includes("EX-7");
  return knownSections(machine)
    .filter(({ online }) => online)
    .flatMap(({ nr, pageblocks }) => pageblocks.map((_, index) => toPfn(nr * sectionPages + index * 2 ** pageblockOrder)))
    .map((start) => {
      const pageblock = pageblockOf(machine, start);
      return { start, type: migratetypeOf(machine, start), ...(pageblock.isolated && keepsType ? { savedType: pageblock.type } : {}) };
    });
}

function showFrames(machine: Machine): FrameTable {
  const { sectionPages } = machine.description.geometry;
  const sections = knownSections(machine).filter(({ present }) => present);
  const size = sections.length * sectionPages;
  const table = { use: new Uint8Array(size), flags: new Uint8Array(size), zone: new Uint8Array(size), order: new Uint8Array(size) };
  for (const [place, section] of sections.entries()) {
    for (const [offset, frame] of section.frames.entries()) {
      const at = place * sectionPages + offset;
      table.use[at] = frame.use;
      table.flags[at] = flagsOf(machine, toPfn(section.nr * sectionPages + offset), frame);
      table.zone[at] = linkMeans(machine, toPfn(section.nr * sectionPages + offset), frame) ? frame.zone : NONE;
      table.order[at] = frame.order < 0 ? NONE : frame.order;
    }
  }
  return { ranges: coalesce(sections.map(({ nr }) => pfnRange(toPfn(nr * sectionPages), sectionPages))), ...table };
}

/** Whether somebody has initialised the page since it came to be what it is. */
function linkMeans(machine: Machine, pfn: Pfn, { use, zone }: Frame): boolean {
  if (zone < 0 || use === FrameUse.Absent || use === FrameUse.Offline) return false;
  return use !== FrameUse.Device || !Object.values(machine.devices).some(({ range, altmap }) => altmap !== null && rangeContains(pfnRange(range.start, altmap.reserve), pfn));
}

function showFreeBlocks(machine: Machine): readonly FreeBlockView[] {
  const views: FreeBlockView[] = [];
  for (const [zone, { freeArea }] of machine.zones.entries()) {
    for (const [order, lists] of freeArea.entries()) {
      for (const type of listTypes) for (const pfn of lists[type]) views.push({ pfn, order, zone, type });
    }
  }
  return views.toSorted((a, b) => a.pfn - b.pfn);
}

function flagsOf(machine: Machine, pfn: Pfn, frame: Frame): number {
  const online = pfnToOnlinePage(machine, pfn) === undefined ? 0 : FrameFlag.Online;
  return (pfnValid(machine, pfn) ? FrameFlag.Valid : 0) + online + (frame.poisoned ? FrameFlag.Hwpoison : 0) + mobility(machine, pfn, frame);
}

function mobility(machine: Machine, pfn: Pfn, frame: Frame): number {
  if (frame.use === FrameUse.Memmap) return FrameFlag.Unmovable;
  const allocation = allocationAt(machine, pfn);
  if (allocation === undefined) return 0;
  return allocation.kind !== "contig" && allocation.kind !== "cma" && pageKindTraits[allocation.kind].movable ? FrameFlag.Movable : FrameFlag.Unmovable;
}

/** Neighbouring ranges as one. */
function coalesce(ranges: readonly PfnRange[]): readonly PfnRange[] {
  const joined: PfnRange[] = [];
  for (const range of ranges) {
    const last = joined.at(-1);
    if (last !== undefined && rangeEnd(last) === range.start) joined[joined.length - 1] = pfnRange(last.start, last.nrPages + range.nrPages);
    else joined.push(range);
  }
  return joined;
}

function showAllocation(machine: Machine, allocation: Allocation): AllocationView {
  const { id, kind, compound, pfn, holds, pins, longTermPins, lruIsolated, freed, inflated, batch } = allocation;
  const contig = kind === "contig" || kind === "cma";
  const frames = contig ? [...framesOf(pfnRange(pfn, allocation.nrPages))].filter((at) => allocationAt(machine, at) === allocation) : [];
  const ranges = contig ? coalesce(frames.map((at) => pfnRange(at, 1))) : [pfnRange(pfn, 2 ** (allocation.order ?? 0))];
  const pool = machine.hugePools.length > 0 ? { pool: allocation.pool } : {};
  const lruBatch = machine.description.lruBatches === true ? { lruBatch: batch } : {};
  return { id, kind, order: contig ? null : allocation.order, compound, ranges, holds, pins, longTermPins, lruIsolated, freed, ...(machine.description.balloon === true ? { inflated } : {}), ...pool, ...lruBatch };
}

function showIsolations(machine: Machine): readonly IsolationView[] {
  const views = machine.isolations.filter(({ pageblocks }) => pageblocks.length > 0).map(({ owner, pageblocks }) => ({ owner, pageblocks: pageblocks.toSorted((a, b) => a - b) }));
  return views.toSorted((a, b) => rankOf(a) - rankOf(b));
}

/** Tokens before tasks. */
function rankOf({ owner }: IsolationView): number {
  return "token" in owner ? owner.token : 2 ** 32 + owner.task;
}

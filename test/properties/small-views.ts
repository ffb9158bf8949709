/**
 * A little machine written down by hand, with every fact of a view, and one of everything that rules speak of.
 *
 *   0x20      0x24    0x2c           0x38  0x3c  0x40      0x48   0x4c     0x50           0x60        0x80  0x84  0x8c
 *   | hole,     | CMA   | memmap,        | user | dev | own memmap | folio | isolated | PageOffline, | offline | -  | dev |
 *   | reserved  | area  | kernel, poison | pcp  |  1  |            |       | token 7  | contig, free |         |    |  2  |
 *   |<------------- block 1, from boot, zone Normal -------->|<---- block 2, added, zone Movable ---->| block 3 | section 8
 */
import { FrameFlag, FrameUse, NONE, toBlockId, toPfn } from "../../models/index.ts";
import type { AllocationView, BlockView, FrameTable, FreeBlockView, Geometry, Migratetype, PageblockView, SectionView, View, ZoneView } from "../../models/index.ts";

/** The same shape, but open to edits. */
export type Editable<T> = T extends Uint8Array | number | string | boolean | null | undefined ? T : { -readonly [K in keyof T]: Editable<T[K]> };

export const geometry: Geometry = { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 4, subsectionPages: 4, sectionPages: 16, blockSections: 2, pmdPages: 4 };

export const normal = 2;
export const movable = 3;
export const device = 4;

const valid = FrameFlag.Valid;
const online = FrameFlag.Valid + FrameFlag.Online;

interface Run {
  readonly use: FrameUse;
  readonly flags: number;
  readonly zone: number;
}

/** First frame, frames, and what they are. */
const runs: readonly (readonly [number, number, Run])[] = [
  [0x20, 1, { use: FrameUse.Hole, flags: online, zone: normal }],
  [0x21, 3, { use: FrameUse.Reserved, flags: online, zone: normal }],
  [0x24, 4, { use: FrameUse.Allocated, flags: online, zone: normal }],
  [0x28, 4, { use: FrameUse.Free, flags: online, zone: normal }],
  [0x2c, 10, { use: FrameUse.Memmap, flags: online + FrameFlag.Unmovable, zone: normal }],
  [0x36, 1, { use: FrameUse.Allocated, flags: online + FrameFlag.Unmovable, zone: normal }],
  [0x37, 1, { use: FrameUse.Poisoned, flags: online + FrameFlag.Hwpoison, zone: normal }],
  [0x38, 1, { use: FrameUse.Allocated, flags: online + FrameFlag.Movable, zone: normal }],
  [0x39, 1, { use: FrameUse.Pcp, flags: online, zone: normal }],
  [0x3a, 2, { use: FrameUse.Free, flags: online, zone: normal }],
  [0x3c, 4, { use: FrameUse.Device, flags: valid, zone: device }],
  [0x40, 8, { use: FrameUse.SelfHosted, flags: online, zone: movable }],
  [0x48, 4, { use: FrameUse.Allocated, flags: online + FrameFlag.Movable, zone: movable }],
  [0x4c, 2, { use: FrameUse.Free, flags: online, zone: movable }],
  [0x4e, 1, { use: FrameUse.Allocated, flags: online + FrameFlag.Movable, zone: movable }],
  [0x4f, 1, { use: FrameUse.Free, flags: online, zone: movable }],
  [0x50, 2, { use: FrameUse.PageOffline, flags: online, zone: movable }],
  [0x52, 2, { use: FrameUse.Allocated, flags: online + FrameFlag.Unmovable, zone: movable }],
  [0x54, 12, { use: FrameUse.Free, flags: online, zone: movable }],
  [0x60, 32, { use: FrameUse.Offline, flags: valid, zone: NONE }],
  [0x80, 4, { use: FrameUse.Absent, flags: 0, zone: NONE }],
  [0x84, 8, { use: FrameUse.Device, flags: valid, zone: device }],
  [0x8c, 4, { use: FrameUse.Absent, flags: 0, zone: NONE }],
];

const freeBlocks = (): Editable<FreeBlockView>[] => [
  { pfn: toPfn(0x28), order: 2, zone: normal, type: "CMA" },
  { pfn: toPfn(0x3a), order: 1, zone: normal, type: "Movable" },
  { pfn: toPfn(0x4c), order: 1, zone: movable, type: "Isolate" },
  { pfn: toPfn(0x4f), order: 0, zone: movable, type: "Isolate" },
  { pfn: toPfn(0x54), order: 2, zone: movable, type: "Movable" },
  { pfn: toPfn(0x58), order: 3, zone: movable, type: "Movable" },
];

function frames(): Editable<FrameTable> {
  const count = 0x90 - 0x20;
  const table = { ranges: [{ start: toPfn(0x20), nrPages: count }], use: new Uint8Array(count), flags: new Uint8Array(count), zone: new Uint8Array(count).fill(NONE), order: new Uint8Array(count).fill(NONE) };
  for (const [start, nrPages, run] of runs) {
    const row = start - 0x20;
    table.use.fill(run.use, row, row + nrPages);
    table.flags.fill(run.flags, row, row + nrPages);
    table.zone.fill(run.zone, row, row + nrPages);
  }
  // The surplus frame of the CMA area is a movable page, the frames before it are of the CMA allocation.
  table.flags.fill(online + FrameFlag.Unmovable, 4, 7);
  table.flags[7] = online + FrameFlag.Movable;
  for (const { pfn, order } of freeBlocks()) table.order[pfn - 0x20] = order;
  return table;
}

function section(number: number, rest: Partial<SectionView>): Editable<SectionView> {
  return { section: number, present: true, hasMemMap: true, online: true, early: false, taint: false, usage: "allocated", subsectionMap: "1111", backing: "kkkk", ...rest };
}

function zone(node: number, type: ZoneView["type"], rest: Partial<Editable<ZoneView>> = {}): Editable<ZoneView> {
  const nothing = { start: toPfn(0), spanned: 0, present: 0, presentEarly: 0, managed: 0, nrFree: 0, nrFreeCma: 0, nrFreeBlocks: [0, 0, 0, 0, 0], nrIsolatePageblock: 0, contiguous: false, pcpDisabled: 0 };
  return { node, type, ...nothing, ...rest };
}

function allocation(id: number, kind: AllocationView["kind"], start: number, nrPages: number, rest: Partial<AllocationView> = {}): Editable<AllocationView> {
  const { order = 0, compound = false, holds = 0, pins = 0, longTermPins = 0, lruIsolated = false, freed = false } = rest;
  return { id, kind, order, compound, ranges: [{ start: toPfn(start), nrPages }], holds, pins, longTermPins, lruIsolated, freed };
}

const types: Readonly<Record<number, Migratetype>> = { 0x20: "Unmovable", 0x24: "CMA", 0x28: "CMA", 0x2c: "Unmovable", 0x30: "Unmovable", 0x34: "Unmovable", 0x3c: "Unmovable", 0x40: "Unmovable", 0x44: "Unmovable", 0x4c: "Isolate" };

function pageblocks(): Editable<PageblockView>[] {
  const list: Editable<PageblockView>[] = [];
  for (let start = 0x20; start < 0x60; start += 4) {
    const type = types[start] ?? "Movable";
    list.push({ start: toPfn(start), type, ...(type === "Isolate" ? { savedType: "Movable" as const } : {}) });
  }
  return list;
}

function block(id: number, rest: Partial<Editable<BlockView>>): Editable<BlockView> {
  return { block: toBlockId(id), state: "online", onlineType: "offline", node: 0, zone: null, selfHosted: 0, group: null, nrHwpoison: 0, references: 0, boot: false, validZones: [], ...rest };
}

/** The machine, at rest. Each call makes a new one. */
export function smallView(): Editable<View> {
  return {
    geometry,
    zones: [
      zone(0, "DMA"),
      zone(0, "DMA32"),
      zone(0, "Normal", { start: toPfn(0x21), spanned: 27, present: 27, presentEarly: 27, managed: 24, nrFree: 6, nrFreeCma: 4, nrFreeBlocks: [0, 1, 1, 0, 0], contiguous: true }),
      zone(0, "Movable", { start: toPfn(0x40), spanned: 32, present: 32, managed: 22, nrFree: 12, nrFreeBlocks: [1, 1, 1, 1, 0], nrIsolatePageblock: 1 }),
      zone(0, "Device", { start: toPfn(0x3c), spanned: 0x50 }),
      ...(["DMA", "DMA32", "Normal", "Movable", "Device"] as const).map((type) => zone(1, type)),
    ],
    nodes: [
      { node: 0, start: toPfn(0x21), spanned: 0x6b, present: 59, online: true, hasMemory: true, hasNormalMemory: true, nrZones: 5, zonelist: [movable, normal] },
      { node: 1, start: toPfn(0), spanned: 0, present: 0, online: false, hasMemory: false, hasNormalMemory: false, nrZones: 0, zonelist: [] },
    ],
    blocks: [
      block(1, { zone: normal, nrHwpoison: 1, boot: true, validZones: ["Normal"] }),
      block(2, { zone: movable, selfHosted: 8, group: 9, validZones: ["Movable"] }),
      block(3, { state: "offline", validZones: ["Normal", "Movable"] }),
    ],
    sections: [
      section(2, { early: true, usage: "boot", backing: "bbbb" }),
      section(3, { early: true, usage: "boot", backing: "bbbb", taint: true }),
      section(4, { backing: "ssss" }),
      section(5, { backing: "ssss" }),
      section(6, { online: false }),
      section(7, { online: false }),
      section(8, { online: false, taint: true, subsectionMap: "0110", backing: "-kk-" }),
      section(10, { present: false, hasMemMap: false, online: false, usage: "boot", subsectionMap: "0000", backing: "----" }),
    ],
    pageblocks: pageblocks(),
    frames: frames(),
    freeBlocks: freeBlocks(),
    pcp: [{ pfn: toPfn(0x39), order: 0, zone: normal, type: "Movable" }],
    allocations: [
      allocation(1, "kernel", 0x36, 1),
      allocation(2, "user", 0x38, 1, { longTermPins: 1 }),
      allocation(3, "folio", 0x48, 4, { order: 2, compound: true }),
      allocation(4, "user", 0x4e, 1, { holds: 1, freed: true }),
      allocation(5, "cma", 0x24, 3, { order: null }),
      allocation(6, "file", 0x27, 1),
      allocation(8, "contig", 0x52, 2, { order: null }),
    ],
    isolations: [{ owner: { token: 7 }, pageblocks: [toPfn(0x4c)] }],
    tasks: [],
    cma: [{ area: 0, base: toPfn(0x24), nrPages: 8, orderPerBit: 1, bitmap: "1100" }],
    hugePools: [],
    groups: [{ group: 9, node: 0, dynamic: true, pages: 32, presentKernel: 0, presentMovable: 32, blocks: [toBlockId(2)] }],
    devices: [
      { device: 1, range: { start: toPfn(0x3c), nrPages: 4 } },
      { device: 2, range: { start: toPfn(0x84), nrPages: 8 } },
    ],
    kmem: [],
    resources: [
      { range: { start: toPfn(0x21), nrPages: 27 }, kind: "ram" },
      { range: { start: toPfn(0x3c), nrPages: 4 }, kind: "device" },
      { range: { start: toPfn(0x40), nrPages: 32 }, kind: "ram" },
      { range: { start: toPfn(0x60), nrPages: 32 }, kind: "ram" },
      { range: { start: toPfn(0x84), nrPages: 8 }, kind: "device" },
    ],
    totals: { totalram: 46, nrMemmapPages: 18, nrMemmapBootPages: 8, numPoisoned: 1, maxPfn: toPfn(0x80), highestPresentSection: 8 },
  };
}

/** The same machine with a half-done offline of block 2. */
export function goingOffline(): Editable<View> {
  const view = smallView();
  const starts = [0x48, 0x4c, 0x50, 0x54, 0x58, 0x5c];
  edit(view.blocks, 1, { state: "going-offline", validZones: ["Movable", "Normal"] });
  view.tasks = [{ task: 1, op: "offline", phase: "isolated", range: { start: toPfn(0x40), nrPages: 32 } }];
  view.isolations = [{ owner: { task: 1 }, pageblocks: starts.map(toPfn) }];
  for (const pageblock of given(view.pageblocks)) if (starts.includes(pageblock.start)) Object.assign(pageblock, { type: "Isolate", savedType: "Movable" });
  for (const free of given(view.freeBlocks)) if (free.zone === movable) free.type = "Isolate";
  edit(view.zones, movable, { present: 24, nrFree: 0, nrIsolatePageblock: 6, pcpDisabled: 1 });
  edit(view.nodes, 0, { present: 51 });
  edit(view.groups, 0, { presentMovable: 24 });
  return view;
}

/** The same machine with a pool of huge pages, one of which is in use. */
export function poolInUse(): Editable<View> {
  const view = smallView();
  editAllocation(view, 3, { kind: "hugetlb", pool: true });
  view.hugePools = [{ order: 2, reserved: 0, total: 1, free: 0, nodes: [{ total: 1, free: 0 }, { total: 0, free: 0 }] }];
  return view;
}

/** The same machine, block 2 being memory of a dax device. */
export function daxMemory(): Editable<View> {
  const view = smallView();
  const range = { start: toPfn(0x40), nrPages: 32 };
  view.kmem = [{ device: 0, group: 9, ranges: [range] }];
  given(view.resources).splice(2, 0, { range: { ...range }, kind: "kmem" });
  edit(view.groups, 0, { dynamic: false });
  return view;
}

/** The same machine with a half-done online of block 3 to zone Normal. */
export function comingOnline(): Editable<View> {
  const view = smallView();
  edit(view.blocks, 2, { onlineType: "online_kernel" });
  view.tasks = [{ task: 1, op: "online", phase: "onlining", range: { start: toPfn(0x60), nrPages: 32 } }];
  edit(view.zones, normal, { spanned: 0x5f, contiguous: false });
  // Block 3 now lies in the span of Normal alone, as it did before by default.
  return view;
}

export function given<T>(fact: T | undefined): T {
  if (fact === undefined) throw new TypeError("the little machine has every fact");
  return fact;
}

/** Changes fields of one entry of a list. */
export function edit<T extends object>(list: T[] | undefined, index: number, changes: Partial<T>): void {
  const entry = given(list)[index];
  if (entry === undefined) throw new RangeError(`no entry ${index}`);
  Object.assign(entry, changes);
}

/** Changes the entry that the test picks. */
function editWhere<T extends object>(list: T[] | undefined, pick: (entry: T) => boolean, changes: Partial<T>): void {
  edit(list, given(list).findIndex(pick), changes);
}

export function editSection(view: Editable<View>, number: number, changes: Partial<Editable<SectionView>>): void {
  editWhere(view.sections, (one) => one.section === number, changes);
}

export function editBlock(view: Editable<View>, id: number, changes: Partial<Editable<BlockView>>): void {
  editWhere(view.blocks, (one) => one.block === id, changes);
}

export function editPageblock(view: Editable<View>, start: number, changes: Partial<Editable<PageblockView>>): void {
  editWhere(view.pageblocks, (one) => one.start === start, changes);
}

export function editFreeBlock(view: Editable<View>, pfn: number, changes: Partial<Editable<FreeBlockView>>): void {
  editWhere(view.freeBlocks, (one) => one.pfn === pfn, changes);
}

export function editAllocation(view: Editable<View>, id: number, changes: Partial<Editable<AllocationView>>): void {
  editWhere(view.allocations, (one) => one.id === id, changes);
}

/** Changes what the table says of one frame. */
export function frame(view: Editable<View>, pfn: number, changes: Partial<Record<"use" | "flags" | "zone" | "order", number>>): void {
  const table = given(view.frames);
  const row = pfn - (table.ranges[0]?.start ?? 0);
  for (const column of ["use", "flags", "zone", "order"] as const) {
    const value = changes[column];
    if (value !== undefined) table[column][row] = value;
  }
}

/** For each invariant the smallest way to break it in the little machine. */
import { FrameFlag, FrameUse, NONE, toPfn } from "../../models/index.ts";
import type { View } from "../../models/index.ts";
import { comingOnline, daxMemory, device, edit, editAllocation, editBlock, editFreeBlock, editPageblock, editSection, frame, given, goingOffline, movable, normal, poolInUse, smallView } from "./small-views.ts";
import type { Editable } from "./small-views.ts";

export interface BadView {
  readonly what: string;
  /** What the evidence points at. */
  readonly at: string;
  readonly edit: (view: Editable<View>) => void;
  /** The machine that is edited, where that is not the one at rest. */
  readonly from?: () => Editable<View>;
  /** Other invariants that the same edit breaks. */
  readonly also: readonly string[];
}

const online = FrameFlag.Valid + FrameFlag.Online;

const nothing = { holds: 0, pins: 0, longTermPins: 0, lruIsolated: false, freed: false } as const;

export const badViews: Readonly<Record<string, BadView>> = {
  // Sections and memmap
  "HP-01": { what: "an absent section with a memmap", at: "section 10", edit: (v) => editSection(v, 10, { hasMemMap: true }), also: [] },
  "HP-02": { what: "a tainted section that is gone", at: "section 10", edit: (v) => editSection(v, 10, { taint: true }), also: [] },
  "HP-03": { what: "an absent section with a subsection", at: "section 10", edit: (v) => editSection(v, 10, { subsectionMap: "1000" }), also: [] },
  "HP-04": { what: "a usage record left behind", at: "section 10", edit: (v) => editSection(v, 10, { usage: "allocated" }), also: [] },
  "HP-06": { what: "a section above the highest", at: "section 8", edit: (v) => Object.assign(given(v.totals), { highestPresentSection: 7 }), also: [] },
  "HP-07": { what: "an early section of which a subsection has no memmap", at: "section 3", edit: (v) => editSection(v, 3, { backing: "bbb-" }), also: [] },
  "HP-08": { what: "a memmap frame nobody needs", at: "all zones", edit: (v) => frame(v, 0x37, { use: FrameUse.Memmap, flags: online + FrameFlag.Hwpoison + FrameFlag.Unmovable }), also: [] },
  "HP-09": { what: "boot memmap counted once too often", at: "nr_memmap_boot_pages", edit: (v) => Object.assign(given(v.totals), { nrMemmapBootPages: 12 }), also: [] },
  "HP-10": { what: "memmap not counted off", at: "nr_memmap_pages", edit: (v) => Object.assign(given(v.totals), { nrMemmapPages: 19 }), also: [] },
  "HP-11": { what: "added subsections of a block that is gone", at: "0x60, 0x64, 0x68, 0x6c, 0x70, 0x74, 0x78, 0x7c", edit: (v) => given(v.blocks).pop(), also: ["HP-52"] },
  "FC-01": { what: "a map that is too short", at: "section 10", edit: (v) => editSection(v, 10, { subsectionMap: "000" }), also: [] },
  "FC-02": { what: "an early section with a new usage record", at: "section 2", edit: (v) => editSection(v, 2, { usage: "allocated" }), also: [] },
  "FC-42": { what: "a section listed twice", at: "section 10", edit: (v) => given(v.sections).push({ ...given(given(v.sections).at(-1)) }), also: [] },
  "FC-43": { what: "a section whose frames are not shown", at: "frames", edit: (v) => Object.assign(given(v.frames), { ranges: [{ start: toPfn(0x20), nrPages: 0x60 }] }), also: [] },
  "HP-24": { what: "a block that hosts half its memmap", at: "block 2", edit: (v) => editBlock(v, 2, { selfHosted: 4 }), also: ["HP-63"] },
  "HP-63": { what: "a frame of the block's own memmap in use", at: "0x47", edit: (v) => frame(v, 0x47, { use: FrameUse.PageOffline }), also: [] },
  "FC-03": { what: "a pageblock of self-hosted memmap made Movable", at: "0x44", edit: (v) => editPageblock(v, 0x44, { type: "Movable" }), also: [] },
  "FC-04": { what: "a block backed by a kernel zone that hosts its memmap", at: "section 5", edit: (v) => editSection(v, 5, { backing: "kkkk" }), also: ["HP-08"] },

  // Blocks
  "HP-14": { what: "a block listed twice", at: "block 3", edit: (v) => given(v.blocks).push({ ...given(given(v.blocks).at(-1)) }), also: [] },
  "HP-15": { what: "an added block with a hole", at: "block 3", edit: (v) => editSection(v, 7, { subsectionMap: "1110", backing: "kkk-" }), also: ["FC-06", "HP-08", "HP-10", "PG-01"] },
  "HP-16": { what: "a block going offline with nobody at work", at: "block 1", edit: (v) => editBlock(v, 1, { state: "going-offline", validZones: ["Normal", "Movable"] }), also: [] },
  "HP-17": { what: "one section of an online block not online", at: "block 2", edit: (v) => editSection(v, 5, { online: false }), also: ["FC-07", "FC-21", "HP-59", "PG-01"] },
  "HP-18": { what: "one early section of an online block not online", at: "block 1", edit: (v) => editSection(v, 3, { online: false }), also: ["FC-07", "FC-21", "HP-59", "PG-01"] },
  "HP-19": { what: "an online section in no block", at: "section 8", edit: (v) => editSection(v, 8, { online: true }), also: ["FC-21"] },
  "HP-20": { what: "an offline block with a zone", at: "block 3", edit: (v) => editBlock(v, 3, { zone: normal }), also: [] },
  "HP-21": { what: "a frame of the block in another zone", at: "0x5f", edit: (v) => frame(v, 0x5f, { zone: normal }), also: ["HP-29", "PG-03", "PG-13", "PG-24"] },
  "HP-22": { what: "an added block online without a zone", at: "block 2", edit: (v) => editBlock(v, 2, { zone: null, validZones: ["none"] }), also: ["HP-20", "HP-49"] },
  "HP-25": { what: "a wish for the next online", at: "block 2", edit: (v) => editBlock(v, 2, { onlineType: "online_movable" }), also: [] },
  "FC-93": { what: "a block that somebody looked up and did not put", at: "block 2", edit: (v) => editBlock(v, 2, { references: 1 }), also: [] },
  "FC-05": { what: "an offline block that cannot go to Movable", at: "block 3", edit: (v) => editBlock(v, 3, { validZones: ["Normal"] }), also: [] },

  // Frames
  "PG-01": { what: "an absent frame where memory was added", at: "0x60", edit: (v) => frame(v, 0x60, { use: FrameUse.Absent }), also: [] },
  "HP-12": { what: "an online frame that is not valid", at: "0x20", edit: (v) => frame(v, 0x20, { flags: FrameFlag.Online }), also: ["FC-06"] },
  "HP-13": { what: "a device frame that looks online", at: "0x3c", edit: (v) => frame(v, 0x3c, { flags: online }), also: ["FC-07"] },
  "FC-06": { what: "a valid frame where nothing was added", at: "0x80", edit: (v) => frame(v, 0x80, { flags: FrameFlag.Valid }), also: [] },
  "FC-07": { what: "a hole in online memory that can not be looked at", at: "0x20", edit: (v) => frame(v, 0x20, { flags: FrameFlag.Valid }), also: [] },
  "HP-28": { what: "a device frame in zone Normal", at: "0x3c", edit: (v) => frame(v, 0x3c, { zone: normal }), also: [] },
  "HP-48": { what: "an online frame without a zone", at: "0x20", edit: (v) => frame(v, 0x20, { zone: NONE }), also: [] },
  "FC-08": { what: "an offline frame that still has its zone", at: "0x60", edit: (v) => frame(v, 0x60, { zone: movable }), also: [] },
  "HP-61": { what: "a reserved frame in added memory", at: "0x50", edit: (v) => frame(v, 0x50, { use: FrameUse.Reserved }), also: [] },
  "FC-09": { what: "a frame of a device that is a hole", at: "0x3c", edit: (v) => frame(v, 0x3c, { use: FrameUse.Hole }), also: [] },
  "FC-10": { what: "a lost frame", at: "0x37", edit: (v) => frame(v, 0x37, { use: FrameUse.Limbo }), also: [] },

  // Owners and free lists
  "PG-02": { what: "a free frame on a per-CPU list", at: "0x3a", edit: (v) => edit(v.pcp, 0, { pfn: toPfn(0x3a) }), also: ["FC-12", "PG-08"] },
  "FC-11": { what: "a free block that is on no list", at: "[0x58, 0x60)", edit: (v) => given(v.freeBlocks).pop(), also: ["PG-04", "PG-09", "PG-10"] },
  "FC-12": { what: "a per-CPU frame that is on no list", at: "0x39", edit: (v) => given(v.pcp).pop(), also: [] },
  "FC-13": { what: "an allocated frame of nobody", at: "0x36", edit: (v) => given(v.allocations).shift(), also: ["FC-26"] },
  "HP-59": { what: "an allocation in memory that is gone", at: "0xa0", edit: (v) => given(v.allocations).push({ id: 20, kind: "user", order: 0, compound: false, ranges: [{ start: toPfn(0xa0), nrPages: 1 }], ...nothing }), also: [] },
  "PG-03": { what: "a free block of another zone than its frames", at: "0x4f", edit: (v) => editFreeBlock(v, 0x4f, { zone: normal }), also: ["PG-09"] },
  "PG-04": { what: "a tail of a free block that carries an order", at: "0x29", edit: (v) => frame(v, 0x29, { order: 0 }), also: [] },
  "PG-05": { what: "a free block listed twice", at: "[0x58, 0x60)", edit: (v) => given(v.freeBlocks).push({ pfn: toPfn(0x58), order: 3, zone: movable, type: "Movable" }), also: ["PG-09", "PG-10"] },
  "PG-06": { what: "a free block over the border of a section", at: "[0x58, 0x68)", edit: (v) => editFreeBlock(v, 0x58, { order: 4 }), also: ["FC-11", "HP-59", "PG-03", "PG-04", "PG-09", "PG-10"] },
  "PG-08": { what: "a per-CPU entry of type CMA", at: "0x39", edit: (v) => edit(v.pcp, 0, { type: "CMA" }), also: [] },
  "PG-15": { what: "a free block on the list of another type", at: "[0x58, 0x60)", edit: (v) => editFreeBlock(v, 0x58, { type: "Reclaimable" }), also: [] },
  "PG-16": { what: "a free block of an isolated pageblock on a normal list", at: "[0x4c, 0x4e)", edit: (v) => editFreeBlock(v, 0x4c, { type: "Movable" }), also: ["PG-10", "PG-15"] },
  "PG-17": {
    what: "two free buddies side by side", at: "[0x58, 0x5c)",
    edit: (v) => {
      editFreeBlock(v, 0x58, { order: 2 });
      frame(v, 0x58, { order: 2 });
      frame(v, 0x5c, { order: 2 });
      given(v.freeBlocks).push({ pfn: toPfn(0x5c), order: 2, zone: movable, type: "Movable" });
      edit(v.zones, movable, { nrFreeBlocks: [1, 1, 3, 0, 0] });
    },
    also: [],
  },
  "PG-18": { what: "a free block half of which is isolated", at: "[0x58, 0x60)", edit: (v) => editPageblock(v, 0x5c, { type: "Isolate" }), also: ["PG-12", "PG-15", "PG-16", "PG-19", "PG-24"] },
  "PG-22": { what: "an entry on a per-CPU list that is disabled", at: "0x39", edit: (v) => edit(v.zones, normal, { pcpDisabled: 1 }), also: [] },

  // Counters
  "PG-09": { what: "a free block counted twice", at: "zone Movable of node 0, order 3", edit: (v) => edit(v.zones, movable, { nrFreeBlocks: [1, 1, 1, 2, 0] }), also: [] },
  "PG-10": { what: "NR_FREE_PAGES one too high", at: "zone Normal of node 0", edit: (v) => edit(v.zones, normal, { nrFree: 7 }), also: ["PG-24"] },
  "PG-11": { what: "NR_FREE_CMA_PAGES one too low", at: "zone Normal of node 0", edit: (v) => edit(v.zones, normal, { nrFreeCma: 3 }), also: ["FC-16"] },
  "PG-24": { what: "isolated frames counted as free", at: "zone Movable of node 0", edit: (v) => edit(v.zones, movable, { nrFree: 15 }), also: ["PG-10"] },
  "FC-15": { what: "more free frames than managed ones", at: "zone Movable of node 0", edit: (v) => edit(v.zones, movable, { nrFree: 23 }), also: ["PG-10", "PG-24"] },
  "FC-16": { what: "a free CMA pageblock made Movable", at: "zone Normal of node 0", edit: (v) => editPageblock(v, 0x28, { type: "Movable" }), also: ["PG-15", "PG-44"] },
  "PG-13": { what: "managed one too low", at: "zone Movable of node 0", edit: (v) => edit(v.zones, movable, { managed: 21 }), also: ["HP-40"] },
  "HP-29": { what: "present one too high", at: "zone Movable of node 0", edit: (v) => edit(v.zones, movable, { present: 33 }), also: ["HP-39"] },
  "HP-30": { what: "more present than spanned", at: "zone Movable of node 0", edit: (v) => edit(v.zones, movable, { present: 39 }), also: ["HP-29", "HP-39"] },
  "FC-39": { what: "more early frames than frames", at: "zone Normal of node 0", edit: (v) => edit(v.zones, normal, { presentEarly: 28 }), also: ["HP-31"] },
  "HP-31": { what: "early frames not counted", at: "zone Normal of node 0", edit: (v) => edit(v.zones, normal, { presentEarly: 0 }), also: [] },
  "HP-32": { what: "more managed than present", at: "zone Movable of node 0", edit: (v) => edit(v.zones, movable, { managed: 33 }), also: ["HP-40", "PG-13"] },
  "HP-33": { what: "an empty zone that starts somewhere", at: "zone DMA of node 0", edit: (v) => edit(v.zones, 0, { start: toPfn(0x20) }), also: [] },
  "HP-40": { what: "totalram that forgot a zone", at: "totalram", edit: (v) => Object.assign(given(v.totals), { totalram: 24 }), also: [] },
  "FC-14": { what: "a counter below zero", at: "zone DMA of node 0", edit: (v) => edit(v.zones, 0, { managed: -1 }), also: ["FC-15", "HP-40", "PG-13"] },

  // Zones and nodes
  "HP-34": { what: "a zone that ends before its last pageblock", at: "[0x5c, 0x60)", edit: (v) => edit(v.zones, movable, { spanned: 28 }), also: [] },
  "HP-37": { what: "frames present in zone Device", at: "zone Device of node 0", edit: (v) => edit(v.zones, device, { present: 4 }), also: ["HP-29", "HP-39", "HP-47"] },
  "FC-40": { what: "a contiguous zone Device", at: "zone Device of node 0", edit: (v) => edit(v.zones, device, { contiguous: true }), also: ["HP-43"] },
  "HP-43": { what: "a contiguous zone that ends in a device", at: "0x3c", edit: (v) => edit(v.zones, normal, { spanned: 28 }), also: [] },
  "FC-17": { what: "two zones in the wrong order", at: "zone 0 of the list", edit: (v) => edit(v.zones, 0, { type: "DMA32" }), also: [] },
  "HP-38": { what: "a node that begins at frame 0", at: "node 0", edit: (v) => edit(v.nodes, 0, { start: toPfn(0) }), also: [] },
  "HP-39": { what: "present frames of a node counted twice", at: "node 0", edit: (v) => edit(v.nodes, 0, { present: 91 }), also: [] },
  "HP-44": { what: "a node without normal memory that has some", at: "node 0", edit: (v) => edit(v.nodes, 0, { hasNormalMemory: false }), also: [] },
  "HP-45": { what: "a block on an offline node", at: "node 1", edit: (v) => editBlock(v, 3, { node: 1 }), also: [] },
  "HP-46": { what: "nr_zones below the highest zone", at: "node 0", edit: (v) => edit(v.nodes, 0, { nrZones: 4 }), also: [] },
  "HP-47": { what: "a populated zone that allocations do not try", at: "node 0", edit: (v) => edit(v.nodes, 0, { zonelist: [movable] }), also: [] },
  "FC-18": { what: "an offline node that spans something", at: "node 1", edit: (v) => edit(v.nodes, 1, { spanned: 4 }), also: ["HP-38"] },
  "FC-19": { what: "a node that is missing", at: "nodes", edit: (v) => given(v.nodes).pop(), also: [] },

  // Isolation and tasks
  "PG-12": { what: "an isolated pageblock not counted", at: "zone Movable of node 0", edit: (v) => edit(v.zones, movable, { nrIsolatePageblock: 0 }), also: ["HP-41"] },
  "HP-41": { what: "an isolated pageblock held twice", at: "zone Movable of node 0", edit: (v) => given(v.isolations).push({ owner: { token: 8 }, pageblocks: [toPfn(0x4c)] }), also: ["PG-19"] },
  "HP-42": { what: "a pageblock left isolated", at: "0x4c", edit: (v) => given(v.isolations).pop(), also: ["HP-41", "PG-19"] },
  "PG-19": { what: "an owner whose pageblock is not isolated", at: "0x54", edit: (v) => edit(v.isolations, 0, { pageblocks: [toPfn(0x4c), toPfn(0x54)] }), also: ["HP-41"] },
  "FC-20": { what: "an owner of a pageblock that is offline", at: "0x60", edit: (v) => edit(v.isolations, 0, { pageblocks: [toPfn(0x4c), toPfn(0x60)] }), also: [] },
  "PG-20": { what: "an isolation of an operation that has ended", at: "task 1", edit: (v) => edit(v.isolations, 0, { owner: { task: 1 } }), also: [] },
  "PG-25": { what: "an isolated pageblock at the edge of its zone", at: "0x4c", edit: (v) => edit(v.zones, movable, { start: toPfn(0x4e), spanned: 18 }), also: ["HP-30", "HP-34"] },
  "FC-21": { what: "a pageblock missing", at: "0x5c", edit: (v) => given(v.pageblocks).pop(), also: [] },
  "FC-22": { what: "a pageblock to be given a type back that is not isolated", at: "0x54", edit: (v) => editPageblock(v, 0x54, { savedType: "Movable" }), also: [] },
  "FC-36": { what: "two blocks going offline at once", at: "device_hotplug_lock", from: goingOffline, edit: (v) => given(v.tasks).push({ task: 2, op: "online", phase: "onlining", range: { start: toPfn(0x60), nrPages: 32 } }), also: [] },
  "FC-37": { what: "an offline in the phase of an online", at: "task 1 (offline)", from: goingOffline, edit: (v) => edit(v.tasks, 0, { phase: "onlining" }), also: [] },
  "FC-38": { what: "per-CPU lists enabled during an offline", at: "task 1 (offline)", from: goingOffline, edit: (v) => edit(v.zones, movable, { pcpDisabled: 0 }), also: [] },

  // Allocations
  "PG-07": { what: "a frame of two allocations", at: "0x26", edit: (v) => editAllocation(v, 6, { ranges: [{ start: toPfn(0x26), nrPages: 1 }] }), also: ["FC-13", "FC-26", "PG-33", "PG-43"] },
  "FC-23": { what: "ranges not coalesced", at: "0x52", edit: (v) => editAllocation(v, 8, { ranges: [{ start: toPfn(0x52), nrPages: 1 }, { start: toPfn(0x53), nrPages: 1 }] }), also: [] },
  "FC-24": { what: "a folio that is not compound", at: "[0x48, 0x4c)", edit: (v) => editAllocation(v, 3, { compound: false }), also: [] },
  "FC-89": { what: "a page counted as isolated that is on the LRU", at: "node 0", edit: (v) => edit(v.nodes, 0, { nrIsolatedAnon: 1 }), also: [] },
  "FC-88": { what: "a kernel page in a balloon", at: "0x36", edit: (v) => editAllocation(v, 1, { inflated: true }), also: ["PG-13"] },
  "FC-25": { what: "a freed page nobody refers to", at: "0x4e", edit: (v) => editAllocation(v, 4, { holds: 0 }), also: [] },
  "FC-26": { what: "a kernel page marked movable", at: "0x36", edit: (v) => frame(v, 0x36, { flags: online + FrameFlag.Movable }), also: [] },
  "HP-62": { what: "an unmovable mark in zone Movable", at: "0x4e", edit: (v) => frame(v, 0x4e, { flags: online + FrameFlag.Unmovable }), also: ["FC-26"] },
  "PG-32": {
    what: "a kernel page in zone Movable", at: "0x4e",
    edit: (v) => {
      editAllocation(v, 4, { kind: "kernel" });
      frame(v, 0x4e, { flags: online + FrameFlag.Unmovable });
    },
    also: ["HP-62"],
  },
  "PG-33": { what: "a page table in a CMA pageblock", at: "0x27", edit: (v) => editAllocation(v, 6, { kind: "page-table" }), also: ["FC-26", "PG-43"] },
  "FC-27": { what: "a page in zone Movable pinned for long", at: "0x4e", edit: (v) => editAllocation(v, 4, { longTermPins: 1 }), also: [] },

  // CMA
  "PG-42": { what: "a bit set for nobody", at: "CMA area 0 at 0x24", edit: (v) => edit(v.cma, 0, { bitmap: "1110" }), also: [] },
  "PG-43": { what: "a kernel page in the surplus of a CMA bit", at: "0x27", edit: (v) => editAllocation(v, 6, { kind: "kernel" }), also: ["FC-26", "PG-33"] },
  "PG-46": { what: "a reserved frame where a CMA bit is clear", at: "0x28", edit: (v) => frame(v, 0x28, { use: FrameUse.Reserved }), also: ["FC-11", "FC-16", "PG-13", "PG-24"] },
  "PG-44": { what: "a pageblock of the area made Unmovable", at: "0x24", edit: (v) => editPageblock(v, 0x24, { type: "Unmovable" }), also: [] },
  "FC-28": { what: "a CMA pageblock outside every area", at: "0x58", edit: (v) => editPageblock(v, 0x58, { type: "CMA" }), also: ["FC-16", "PG-15"] },
  "FC-41": { what: "an isolated pageblock outside every area that is to become CMA", at: "0x4c", edit: (v) => editPageblock(v, 0x4c, { savedType: "CMA" }), also: [] },
  "FC-49": { what: "an area whose last frame is of another zone", at: "0x2b", edit: (v) => frame(v, 0x2b, { zone: movable }), also: ["FC-16", "HP-21", "HP-29", "HP-31", "HP-43", "PG-03", "PG-13", "PG-24"] },
  "FC-29": { what: "a CMA allocation outside every area", at: "[0x52, 0x54)", edit: (v) => editAllocation(v, 8, { kind: "cma" }), also: [] },

  // Poison
  "FC-94": { what: "a guard page beside a free one", at: "0x3b", edit: (v) => frame(v, 0x3b, { use: FrameUse.Guard }), also: ["FC-11", "PG-24"] },
  "PG-50": { what: "a poisoned frame on a free list", at: "0x28", edit: (v) => frame(v, 0x28, { flags: online + FrameFlag.Hwpoison }), also: ["FC-34", "FC-35"] },
  "FC-33": { what: "a bad frame that is not marked", at: "0x37", edit: (v) => frame(v, 0x37, { flags: online }), also: ["FC-34", "FC-35"] },
  "FC-34": { what: "poison counted in the wrong block", at: "block 2", edit: (v) => editBlock(v, 2, { nrHwpoison: 1 }), also: [] },
  "FC-35": { what: "poison counted twice", at: "num_poisoned_pages", edit: (v) => Object.assign(given(v.totals), { numPoisoned: 2 }), also: [] },

  // Groups, devices, resources
  "HP-23": { what: "a block on another node than its group", at: "block 2", edit: (v) => edit(v.groups, 0, { node: 1 }), also: ["HP-51"] },
  "HP-49": { what: "a group that counts its block as kernel memory", at: "group 9", edit: (v) => edit(v.groups, 0, { presentKernel: 32, presentMovable: 0 }), also: [] },
  "HP-50": { what: "a block whose group does not list it", at: "group 9", edit: (v) => edit(v.groups, 0, { blocks: [] }), also: [] },
  "HP-51": { what: "more movable frames in groups than there are", at: "node 0", edit: (v) => edit(v.groups, 0, { presentMovable: 64 }), also: ["HP-49"] },
  "HP-55": { what: "a device beyond zone Device", at: "0x84", edit: (v) => edit(v.zones, device, { spanned: 0x4c }), also: ["HP-38"] },
  "FC-30": { what: "a device of half a subsection", at: "[0x84, 0x8a)", edit: (v) => edit(v.devices, 1, { range: { start: toPfn(0x84), nrPages: 6 } }), also: ["FC-09", "FC-32"] },
  "HP-52": { what: "an added block that is no System RAM", at: "[0x60, 0x80)", edit: (v) => given(v.resources).splice(3, 1), also: [] },
  "FC-31": { what: "two resources that overlap", at: "0x3c", edit: (v) => edit(v.resources, 0, { range: { start: toPfn(0x21), nrPages: 28 } }), also: [] },
  "FC-32": { what: "a device that is no resource", at: "resource tree", edit: (v) => given(v.resources).pop(), also: [] },
  "FC-90": { what: "a device that holds a memmap frame for nobody", at: "device 2 at [0x84, 0x8c)", edit: (v) => edit(v.devices, 1, { altmap: { reserve: 0, free: 2, align: 0, alloc: 1 } }), also: [] },
  "FC-91": { what: "a frame that a driver keeps and somebody has initialised", at: "0x84", edit: (v) => edit(v.devices, 1, { altmap: { reserve: 1, free: 0, align: 0, alloc: 0 } }), also: [] },
  "FC-92": { what: "a window that ends inside System RAM", at: "0x60", edit: (v) => given(v.resources).push({ range: { start: toPfn(0x70), nrPages: 16 }, kind: "window" }), also: [] },
  "HP-54": { what: "max_pfn inside System RAM", at: "[0x60, 0x80)", edit: (v) => Object.assign(given(v.totals), { maxPfn: toPfn(0x7f) }), also: [] },

  // Pools of huge pages
  "HT-01": { what: "a huge page counted on another node", at: "pool of order 2, node 0, pool of order 2, node 1", from: poolInUse, edit: (v) => edit(v.hugePools, 0, { nodes: [{ total: 0, free: 0 }, { total: 1, free: 0 }] }), also: [] },
  "HT-02": { what: "a pool with more pages than its nodes have", at: "pool of order 2", from: poolInUse, edit: (v) => edit(v.hugePools, 0, { total: 2 }), also: [] },
  "HT-03": { what: "a page promised while none is free", at: "pool of order 2", from: poolInUse, edit: (v) => edit(v.hugePools, 0, { reserved: 1 }), also: [] },
  "HT-04": { what: "a folio that is of a pool", at: "[0x48, 0x4c)", from: poolInUse, edit: (v) => editAllocation(v, 3, { kind: "folio" }), also: [] },

  // Batches of the LRU
  "LB-01": { what: "a kernel page in a batch", at: "0x36", edit: (v) => editAllocation(v, 1, { lruBatch: "move" }), also: [] },
  "LB-02": { what: "a page in a batch beside a block that is going offline", at: "0x38", from: goingOffline, edit: (v) => editAllocation(v, 2, { lruBatch: "move" }), also: [] },

  // Memory of a virtio-mem device
  "VM-01": { what: "a block in the region of a virtio-mem device that is of no group", at: "[0x60, 0x80)", edit: (v) => given(v.resources).push({ range: { start: toPfn(0x60), nrPages: 32 }, kind: "virtio-mem" }), also: [] },

  // Memory of dax devices
  "KM-01": { what: "memory of a dax device in the group of another", at: "0x40", from: daxMemory, edit: (v) => edit(v.kmem, 0, { group: 8 }), also: [] },
  "KM-02": { what: "a region that is reserved for memory where there is none", at: "[0xa0, 0xc0)", from: daxMemory, edit: (v) => given(v.resources).push({ range: { start: toPfn(0xa0), nrPages: 32 }, kind: "kmem" }), also: [] },

  // HighAtomic reserves
  "HA-01": { what: "a HighAtomic pageblock that is not counted", at: "zone Movable of node 0", edit: (v) => {
    edit(v.zones, movable, { nrReservedHighAtomic: 0 });
    editPageblock(v, 0x48, { type: "HighAtomic" });
  }, also: [] },
  "HA-02": { what: "free frames counted as HighAtomic that are not", at: "zone Normal of node 0", edit: (v) => edit(v.zones, normal, { nrFreeHighAtomic: 2 }), also: [] },
};

export const machines: Readonly<Record<string, () => Editable<View>>> = { "at rest": smallView, "with a block going offline": goingOffline, "with a block coming online": comingOnline, "with a pool of huge pages": poolInUse, "with memory of a dax device": daxMemory };

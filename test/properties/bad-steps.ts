/** For each law a step that keeps all laws, and the smallest way to make that step break it. */
import { FrameFlag, FrameUse, toPfn } from "../../models/index.ts";
import { edit, editAllocation, editBlock, editPageblock, editSection, given } from "./small-views.ts";
import { addBlock, atomic, batch, block4, both, compacted, contig, count, frame, free, grantOf, grow, isolate, isolated, kernel, movable, movableBlock, normal, probe, state, user } from "./step-edits.ts";
import type { BadStep } from "./step-edits.ts";

export const badSteps: Readonly<Record<string, BadStep>> = {
  // Outcomes and footprints
  "FC-78": { commands: [{ op: "remove", start: toPfn(0x60), nrPages: 32 }], what: "an errno that the command does not have", at: "remove", edit: ({ outcome }) => Object.assign(outcome, { errno: "EIO" }) },
  "FC-79": { commands: [user(1), { op: "hold", id: 1 }], what: "a grant that belongs to no allocation", at: "hold", edit: ({ outcome }) => Object.assign(outcome, { grant: { pfn: toPfn(0x60), order: 0 } }) },
  "FC-50": { commands: [user(1), { op: "hold", id: 1 }], what: "a reference that takes a free frame", at: "zone Normal of node 0", edit: ({ after }) => count(after, normal, "nrFree", -1) },
  "FC-51": { commands: [isolate(1, 0x60, 4), { op: "test-isolated", start: toPfn(0x60), nrPages: 4, mode: "contig" }], what: "a test that undoes what it tests", at: "0x60", also: ["FC-50"], edit: ({ after }) => editPageblock(after, 0x60, { type: "Movable" }) },
  "HP-60": { commands: [state(99, "online")], what: "a refusal that takes a free frame", at: "zone Normal of node 0", edit: ({ after }) => count(after, normal, "nrFree", -1) },

  // Taking and giving pages
  "PG-55": { commands: [user(1)], what: "more frames than asked for", at: "0x60, 0x60, 0x61", edit: (step) => Object.assign(grantOf(step), { order: 1 }) },
  "PG-31": { commands: [kernel(1)], what: "a frame above the zone asked for", at: "0x60", edit: ({ command }) => Object.assign(command, { zone: "DMA" }) },
  "PG-21": { commands: [user(1)], what: "a frame of an isolated pageblock", at: "0x60", edit: (step) => isolated(step, 0x60) },
  "FC-52": { commands: [user(1)], what: "a poisoned frame", at: "0x60", edit: (step) => both(step, (view) => frame(view, grantOf(step).pfn, { flags: 3 + FrameFlag.Hwpoison })) },
  "PG-35": { commands: [kernel(1)], what: "a claimed pageblock that is not told", at: "0x60", edit: (step) => Object.assign(grantOf(step), { retyped: [] }) },
  "PG-53": { commands: [{ ...kernel(1), order: 4, zone: "DMA" }], what: "a failure while there is a free frame", at: "zone DMA of node 0", edit: ({ command }) => Object.assign(command, { order: 0 }) },
  "FC-53": { commands: [user(1), user(2)], what: "a page of somebody else that is gone", at: "0x60", edit: ({ after }) => given(after.allocations).shift() },
  "PG-14": { commands: [user(1), free(1)], what: "a frame that nobody has any more", at: "zone Normal of node 0", edit: ({ after }) => frame(after, 0x7f, { use: FrameUse.PageOffline }) },
  "PG-23": {
    commands: [user(1), isolate(1, 0x60, 4), free(1, true)],
    what: "a frame of an isolated pageblock on a per-CPU list",
    at: "0x60",
    edit: ({ after }) => {
      frame(after, 0x60, { use: FrameUse.Pcp });
      given(after.pcp).push({ pfn: toPfn(0x60), order: 0, zone: normal, type: "Movable" });
    },
  },
  "FC-54": { commands: [user(1), free(1)], what: "a freed frame that is lost", at: "0x60", edit: ({ before, after }) => frame(after, given(before.allocations?.[0]?.ranges[0]?.start), { use: FrameUse.Limbo }) },
  "FC-55": { commands: [user(1), { op: "hold", id: 1 }, free(1)], what: "a held page that its owner still owns", at: "0x60", edit: ({ after }) => editAllocation(after, 1, { freed: false }) },
  "PG-40": { commands: [contig(1, 0x60, 4), { op: "free-contig", start: toPfn(0x60), nrPages: 2, pcp: false }], what: "a frame freed too little", at: "[0x60, 0x64)", edit: ({ after }) => editAllocation(after, 1, { ranges: [{ start: toPfn(0x61), nrPages: 3 }] }) },
  "PG-52": { commands: [user(1), free(1)], what: "a reserved frame taken by a driver", at: "0x40", edit: ({ after }) => frame(after, 0x40, { use: FrameUse.PageOffline }) },
  "PG-54": { commands: [user(1), free(1, true), { op: "drain", node: 0, zone: "Normal" }], what: "an entry left on a per-CPU list", at: "0x60", edit: ({ after }) => given(after.pcp).push({ pfn: toPfn(0x60), order: 0, zone: normal, type: "Movable" }) },
  "FC-56": { commands: [{ op: "fake-offline", start: toPfn(0x60), nrPages: 4, drops: true }], what: "PageOffline frames still managed", at: "managed of all zones", edit: ({ after }) => count(after, normal, "managed", 4) },

  // Isolation
  "PG-26": { commands: [isolate(1, 0x60, 8)], what: "a pageblock of the range not isolated", at: "0x64", edit: ({ after }) => editPageblock(after, 0x64, { type: "Movable" }) },
  "PG-27": { commands: [isolate(1, 0x54, 16)], what: "a pageblock left isolated", at: "0x70", edit: ({ after }) => editPageblock(after, 0x70, { type: "Isolate", savedType: "Movable" }) },
  "PG-28": { commands: [isolate(1, 0x60, 8), { op: "unisolate", id: 1, start: toPfn(0x60), nrPages: 4 }], what: "a pageblock of the rest undone as well", at: "0x64", edit: ({ after }) => editPageblock(after, 0x64, { type: "Movable" }) },
  "FC-57": { commands: [isolate(1, 0x54, 16)], what: "a pageblock that lost its type", at: "0x54", edit: ({ after }) => editPageblock(after, 0x54, { type: "Unmovable" }) },
  "FC-80": { commands: [user(1), isolate(1, 0x60, 4), { op: "unisolate", id: 1, start: toPfn(0x60), nrPages: 4 }], what: "a pageblock that lost its type while it was isolated", at: "0x60", edit: ({ after }) => editPageblock(after, 0x60, { type: "Unmovable" }) },
  "FC-81": { commands: [...movableBlock, user(1), { op: "veto", event: "GOING_OFFLINE", errno: "EBUSY" }, state(4, "offline")], what: "a pageblock that lost its type in vain", at: "0x80", edit: ({ after }) => editPageblock(after, 0x80, { type: "Unmovable" }) },
  "PG-29": { commands: [{ op: "test-isolated", start: toPfn(0x60), nrPages: 4, mode: "contig" }], what: "a range that is not isolated and passes", at: "[0x60, 0x64)", edit: (step) => Object.assign(step, { outcome: { result: "ok" } }) },
  "PG-30": { commands: [user(1), isolate(1, 0x60, 4)], what: "a kernel page in a pageblock that was isolated", at: "0x60", edit: (step) => both(step, (view) => editAllocation(view, 1, { kind: "kernel" })) },
  "FC-82": { commands: [...movableBlock, state(4, "offline")], what: "a CMA pageblock in a block that went offline", at: "0x84", edit: ({ before }) => editPageblock(before, 0x84, { type: "CMA" }) },
  "FC-83": { commands: [kernel(1), isolate(1, 0x60, 4)], what: "a refusal though nothing is in the way", at: "[0x70, 0x74)", edit: ({ command }) => Object.assign(command, { start: toPfn(0x70) }) },
  "FC-84": {
    commands: [...movableBlock, { op: "start", task: 1, command: state(4, "offline") }, { op: "step", task: 1 }, { op: "step", task: 1 }],
    what: "a frame in use when the block went",
    at: "0x81",
    edit: ({ before }) => frame(before, 0x81, { use: FrameUse.Pcp }),
  },

  // Compaction
  "FC-95": { machine: "interleaved nodes", commands: compacted, what: "a page that was moved to another node", at: "0x40", edit: (step) => both(step, (view) => frame(view, 0x40, { zone: normal })) },
  "FC-96": { machine: "interleaved nodes", commands: compacted, what: "a page that was moved to an Unmovable pageblock", at: "0x40", edit: (step) => both(step, (view) => editPageblock(view, 0x40, { type: "Unmovable" })) },
  "FC-97": { machine: "interleaved nodes", commands: compacted, what: "a hugetlb page that was moved", at: "0x2c", edit: (step) => both(step, (view) => editAllocation(view, 1, { kind: "hugetlb" })) },

  // Contiguous allocation
  "PG-36": { commands: [user(1), contig(9, 0x54, 16)], what: "a page that is gone after a failure", at: "0x60", edit: ({ after }) => given(after.allocations).pop() },
  "FC-58": { commands: [{ ...contig(9, 0x60, 2), compound: true }], what: "frames lost because the compound page does not fit", at: "free and per-CPU frames", edit: ({ after }) => frame(after, 0x60, { use: FrameUse.Limbo }) },
  "PG-37": { commands: [{ ...contig(9, 0x60, 4), gfp: "nofail" }], what: "a request that may not fail and fails", at: "[0x60, 0x64)", edit: ({ outcome }) => Object.assign(outcome, { errno: "ENOMEM" }) },
  "PG-38": { commands: [contig(9, 0x60, 4)], what: "a frame of the range that stayed free", at: "0x62, free and per-CPU frames", edit: ({ after }) => frame(after, 0x62, { use: FrameUse.Free }) },
  "PG-39": { commands: [{ op: "fake-offline", start: toPfn(0x60), nrPages: 4, drops: true }, contig(9, 0x70, 4)], what: "a PageOffline frame that its driver loses", at: "0x61", edit: ({ after }) => frame(after, 0x61, { use: FrameUse.PageOfflineDropped }) },
  "PG-41": { commands: [isolate(1, 0x60, 4), contig(9, 0x5e, 8)], what: "an isolation of somebody else undone", at: "0x60", edit: ({ after }) => editPageblock(after, 0x60, { type: "Movable" }) },
  "FC-59": { commands: [{ op: "alloc-contig-pages", id: 9, nrPages: 4, node: 0, thisNode: true, movable: false }], what: "a range of another node than asked for", at: "[0x60, 0x64)", edit: ({ command }) => Object.assign(command, { node: 1 }) },
  "PG-45": { commands: [{ op: "cma-alloc", id: 9, area: 0, nrPages: 2, align: 1 }], what: "a range that is not aligned as asked", at: "[0x58, 0x5a)", edit: ({ command }) => Object.assign(command, { align: 4 }) },
  "FC-60": { commands: [...movableBlock, user(1), user(2), { op: "hold", id: 2 }, contig(9, 0x80, 4)], what: "a page that moved into the range", at: "0x84", edit: ({ command }) => Object.assign(command, { nrPages: 8 }) },

  // Moving and pinning
  "FC-61": { commands: [...movableBlock, user(1), state(4, "offline")], what: "an unmovable page that moved", at: "0x80", edit: (step) => both(step, (view) => editAllocation(view, 1, { kind: "kernel" })) },
  "FC-62": { commands: [...movableBlock, user(1), contig(9, 0x80, 4)], what: "a single page of a kernel zone that moved into zone Movable", at: "0x84", edit: (step) => both(step, (view) => frame(view, 0x80, { zone: normal })) },
  "PG-47": { commands: [user(1), { op: "pin", id: 1, longTerm: true }], what: "a page pinned for long in a CMA pageblock", at: "0x60", edit: (step) => both(step, (view) => editPageblock(view, 0x60, { type: "CMA" })) },
  "PG-48": { commands: [user(1), { op: "pin", id: 1, longTerm: false }, user(2), free(2)], what: "a pinned page that moved", at: "0x60", edit: ({ after }) => editAllocation(after, 1, { ranges: [{ start: toPfn(0x7f), nrPages: 1 }] }) },
  "PG-49": { commands: [user(1), { op: "pin", id: 1, longTerm: false }], what: "a pin counted twice", at: "0x60", edit: ({ after }) => editAllocation(after, 1, { pins: 2 }) },
  "FC-63": { commands: [user(1), { op: "hold", id: 1 }], what: "a reference counted twice", at: "0x60", edit: ({ after }) => editAllocation(after, 1, { holds: 2 }) },

  // Poison
  "PG-51": { commands: [{ op: "poison", pfn: toPfn(0x60) }], what: "a neighbour that is gone too", at: "0x61", edit: ({ after }) => frame(after, 0x61, { use: FrameUse.Poisoned }) },
  "FC-64": { commands: [{ op: "poison", pfn: toPfn(0x60) }], what: "a bad frame still free", at: "0x60", edit: ({ after }) => frame(after, 0x60, { use: FrameUse.Free }) },
  "FC-65": { commands: [user(1)], what: "a frame that turns bad by itself", at: "0x7f", edit: ({ after }) => frame(after, 0x7f, { flags: 3 + FrameFlag.Hwpoison }) },
  "HP-27": {
    commands: [{ op: "set", setting: { option: "auto_online_blocks", value: "online_movable" } }, addBlock, { op: "poison", pfn: toPfn(0x84) }, state(4, "offline"), { op: "add", start: toPfn(0xa0), nrPages: 32, node: 0, memmapOnMemory: false, group: null }],
    what: "a block with poison that comes online",
    at: "block 4",
    edit: ({ after }) => editBlock(after, 4, { state: "online" }),
  },

  // Adding and removing
  "HP-57": { commands: [addBlock], what: "a subsection that was not added", at: "section 9", edit: ({ after }) => editSection(after, 9, { subsectionMap: "1110" }) },
  "FC-67": { commands: [addBlock], what: "a block that was not made", at: "block 4", edit: ({ after }) => given(after.blocks).pop() },
  "FC-85": {
    commands: [{ op: "set", setting: { option: "auto_online_blocks", value: "online_movable" } }, { op: "veto", event: "GOING_ONLINE", errno: "EBUSY" }, { op: "add", start: toPfn(0x80), nrPages: 64, node: 0, memmapOnMemory: false, group: null }],
    what: "a block online behind one that failed",
    at: "block 5",
    edit: ({ after }) => editBlock(after, 5, { state: "online" }),
  },
  "HP-26": {
    commands: [{ op: "add", start: toPfn(0x80), nrPages: 64, node: 0, memmapOnMemory: true, group: null }],
    what: "one block of two that hosts its memmap",
    at: "block 4, block 5",
    also: ["FC-68"],
    edit: ({ after }) => editBlock(after, 5, { selfHosted: 0 }),
  },
  "FC-68": { commands: [addBlock], what: "a memmap with one block too few", at: "[0x80, 0xa0)", edit: ({ outcome }) => given(outcome.memmap).pop() },
  "HP-67": { commands: [addBlock, { op: "remove", ...block4 }], what: "a frame managed too much once the memory is gone", at: "zone Normal of node 0", edit: ({ after }) => count(after, normal, "managed", 1) },
  "FC-69": { commands: [{ op: "fail-next", what: "memmap", skip: 1 }, addBlock], what: "a section left behind", at: "section 8", edit: ({ after }) => given(after.sections).push({ section: 8, present: true, hasMemMap: true, online: false, early: false, taint: false, usage: "allocated", subsectionMap: "1111", backing: "kkkk" }) },
  "FC-70": { commands: [{ op: "fail-next", what: "memmap", skip: 0 }, addBlock], what: "max_pfn raised by a failed add", at: "max_pfn", edit: ({ after }) => Object.assign(given(after.totals), { maxPfn: toPfn(0xa0) }) },
  "FC-71": {
    commands: [{ op: "device-map", id: 1, start: toPfn(0x84), nrPages: 8, node: 0 }, { op: "device-map", id: 2, start: toPfn(0x80), nrPages: 16, node: 0 }],
    what: "frames of a live device forgotten",
    at: "0x84",
    edit: ({ after }) => frame(after, 0x84, { use: FrameUse.Absent }),
  },

  // Online and offline
  "HP-56": { commands: movableBlock, what: "a block that counts one frame too many", at: "zone Movable of node 0", edit: ({ after }) => count(after, movable, "present", 1) },
  "FC-66": { commands: movableBlock, what: "a block that gives one frame too few", at: "zone Movable of node 0", edit: ({ after }) => count(after, movable, "managed", -1) },
  "HP-58": { commands: [...movableBlock, user(1), state(4, "offline")], what: "a page that went with its block", at: "0x80", edit: ({ after }) => given(after.allocations).pop() },
  "HP-64": { commands: movableBlock, what: "an onlined pageblock that is Unmovable", at: "0x84", edit: ({ after }) => editPageblock(after, 0x84, { type: "Unmovable" }) },
  "HP-66": { commands: [...movableBlock, user(1)], what: "a block that changes its zone", at: "block 4", also: ["FC-50", "HP-56"], edit: ({ after }) => editBlock(after, 4, { zone: normal }) },
  "HP-35": { commands: [...movableBlock, state(4, "offline")], what: "a zone that keeps its span without memory", at: "zone Movable of node 0", edit: ({ after }) => edit(after.zones, movable, { start: toPfn(0x80), spanned: 32 }) },
  "HP-36": { commands: movableBlock, what: "a zone that ends inside a pageblock", at: "zone Movable of node 0", edit: ({ after }) => count(after, movable, "spanned", -2) },

  // Notifiers
  "HP-65": { commands: movableBlock, what: "a notifier asked after the block was online", at: "notifier events", edit: ({ outcome }) => given(outcome.events).push(given(outcome.events?.[0])) },
  "FC-72": { commands: movableBlock, what: "a notifier told of half the block", at: "[0x80, 0x90)", edit: ({ outcome }) => Object.assign(given(outcome.events?.[1]), { nrPages: 16 }) },
  "FC-73": { commands: movableBlock, what: "a block online and nobody told", at: "block 4", edit: ({ outcome }) => delete outcome.events },

  // Lifetimes
  "HP-05": { commands: [addBlock], what: "an added section that is early", at: "section 8", edit: ({ after }) => editSection(after, 8, { early: true }) },
  "HP-68": { commands: [addBlock], what: "max_pfn lowered", at: "max_pfn", edit: ({ after }) => Object.assign(given(after.totals), { maxPfn: toPfn(0x40) }) },
  "FC-74": { commands: [user(1)], what: "a block that changes its node", at: "block 3", also: ["FC-50"], edit: ({ after }) => editBlock(after, 3, { node: 1 }) },
  "FC-75": { commands: [addBlock, { op: "veto", event: "GOING_ONLINE", errno: "EBUSY" }, state(4, "online")], what: "nr_zones grown by a refused online", at: "node 0", edit: ({ after }) => edit(after.nodes, 0, { nrZones: 5 }) },
  "FC-76": {
    commands: [...movableBlock, { op: "add", start: toPfn(0xa0), nrPages: 32, node: 0, memmapOnMemory: false, group: null }, state(5, "online_movable"), { op: "poison", pfn: toPfn(0xa1) }, user(1), { op: "veto", event: "GOING_OFFLINE", errno: "EBUSY" }, { op: "offline-and-remove", start: toPfn(0x80), nrPages: 64 }],
    what: "a block that comes back in another zone",
    at: "block 4",
    also: ["HP-56", "HP-66"],
    edit: ({ after }) => editBlock(after, 4, { zone: normal }),
  },
  "FC-77": { commands: movableBlock, what: "another block going offline as well", at: "block 3", edit: ({ after }) => editBlock(after, 3, { state: "going-offline" }) },

  // Pools of huge pages
  "HT-05": { machine: "huge pages", commands: [grow(1)], what: "a page that made two", at: "pool of order 1", edit: ({ after }) => edit(after.hugePools, 0, { total: 2 }) },
  "HT-06": { machine: "huge pages", commands: [grow(1), { op: "huge-reserve", order: 1, count: 1 }], what: "a promise that nobody wrote down", at: "pool of order 1", edit: ({ after }) => edit(after.hugePools, 0, { reserved: 0 }) },
  "HT-07": { machine: "huge pages", commands: [grow(1), grow(2), { op: "huge-shrink", id: 1 }], what: "a page given up that was promised", at: "pool of order 1", edit: (step) => both(step, (view) => edit(view.hugePools, 0, { reserved: 2 })) },

  // Batches of the LRU
  "LB-03": { machine: "batches of the LRU", commands: [user(1), batch(1), { op: "lru-drain" }], what: "a page that a drain left in its batch", at: "0x50", edit: ({ after }) => editAllocation(after, 1, { lruBatch: "move" }) },
  "LB-04": { machine: "batches of the LRU", commands: [user(1), batch(1), { op: "lru-drain" }], what: "a page that a drain took", at: "0x50", also: ["FC-54"], edit: ({ after }) => given(after.allocations).pop() },
  "LB-05": { machine: "batches of the LRU", commands: [user(1), user(2), batch(1), { op: "hold", id: 2 }], what: "a page in a batch that was only held", at: "0x51", also: ["FC-50"], edit: ({ after }) => editAllocation(after, 2, { lruBatch: "move" }) },
  "LB-06": {
    machine: "batches of the LRU",
    commands: [user(1), batch(1), { op: "pin", id: 1, longTerm: true }],
    what: "a pin that fails for a batch",
    at: "0x50",
    edit: (step) => Object.assign(step, { after: structuredClone(step.before), outcome: { result: "refused", errno: "ENOMEM", because: { kind: "stuck" } } }),
  },

  // Memory of a virtio-mem device
  "VM-02": { machine: "virtio-mem", commands: [{ op: "vmem-request", nrPages: 64 }], what: "a block less than asked for", at: "block 5", edit: ({ after }) => given(after.blocks).pop() },

  // Memory of dax devices
  "KM-03": { machine: "dax devices", commands: [probe(0)], what: "a range that was added and whose block is not there", at: "block 10", edit: ({ after }) => given(after.blocks).pop() },
  "KM-04": { machine: "dax devices", commands: [{ ...addBlock, start: toPfn(0xa0), nrPages: 16 }, probe(0), { op: "kmem-remove", device: 0 }], what: "memory of somebody else that is taken away", at: "block 10", edit: ({ after }) => given(after.blocks).pop() },

  // HighAtomic reserves
  "PG-34": { machine: "HighAtomic reserves", commands: [atomic(1)], what: "a pageblock of a zone that has no percent to give", at: "[0x80, 0x84)", edit: (step) => both(step, (view) => edit(view.zones, normal, { managed: 399 })) },
  "HA-03": { machine: "HighAtomic reserves", commands: [atomic(1)], what: "a reserve that is not counted", at: "zone Normal of node 0", edit: ({ after }) => edit(after.zones, normal, { nrReservedHighAtomic: 0 }) },
  "HA-04": { machine: "HighAtomic reserves", commands: [atomic(1), { ...kernel(2), order: 1 }], what: "a block of the reserve for a request that can wait", at: "[0x82, 0x84)", also: ["PG-55"], edit: (step) => Object.assign(grantOf(step), { pfn: toPfn(0x82) }) },
};

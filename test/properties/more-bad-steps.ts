/** More ways to break a law, where it says several things. */
import { FrameFlag, FrameUse, NONE, toBlockId, toPfn } from "../../models/index.ts";
import type { Command } from "../../models/index.ts";
import { edit, editAllocation, editBlock, editPageblock, editSection, given } from "./small-views.ts";
import { addBlock, batch, block4, both, compacted, contig, count, frame, free, grantOf, isolate, isolated, kernel, movable, movableBlock, normal, row, state, user } from "./step-edits.ts";
import type { BadStep } from "./step-edits.ts";

export interface OneMore extends Omit<BadStep, "also"> {
  readonly id: string;
}

const online = FrameFlag.Valid + FrameFlag.Online;
const poisoned = online + FrameFlag.Hwpoison;

const hosted: readonly Command[] = [{ op: "add", ...block4, node: 0, memmapOnMemory: true, group: null }, state(4, "online_movable")];
const block5 = { start: toPfn(0xa0), nrPages: 32 } as const;
const map: Command = { op: "device-map", id: 1, start: toPfn(0x84), nrPages: 8, node: 0 };
const moves: readonly Command[] = [...movableBlock, user(1), contig(9, 0x80, 4)];

const unisolate: readonly Command[] = [isolate(1, 0x60, 8), { op: "unisolate", id: 1, start: toPfn(0x60), nrPages: 4 }];

export const moreBadSteps: readonly OneMore[] = [
  // Outcomes and footprints
  { id: "FC-78", commands: [{ op: "remove", start: toPfn(0x60), nrPages: 32 }], what: "a refusal without an errno", at: "remove", edit: ({ outcome }) => delete outcome.errno },
  { id: "FC-78", commands: [user(1)], what: "a success with an errno", at: "alloc", edit: ({ outcome }) => Object.assign(outcome, { errno: "ENOMEM" }) },
  { id: "FC-78", commands: [user(1)], what: "a livelock that is not interrupted", at: "alloc", edit: ({ outcome }) => Object.assign(outcome, { result: "livelock", errno: "EBUSY" }) },
  { id: "FC-79", commands: [user(1)], what: "a page from nowhere", at: "alloc", edit: ({ outcome }) => delete outcome.grant },
  { id: "FC-79", commands: [{ op: "cma-alloc", id: 9, area: 0, nrPages: 2, align: 1 }], what: "contiguous pages from nowhere", at: "cma-alloc", edit: ({ outcome }) => delete outcome.start },
  { id: "FC-79", commands: [addBlock], what: "an add that is not done", at: "add", edit: ({ outcome }) => Object.assign(outcome, { result: "running" }) },
  { id: "FC-79", commands: [addBlock, addBlock], what: "a memmap for a skipped add", at: "add", edit: ({ outcome }) => Object.assign(outcome, { result: "skipped", memmap: [{ pfn: toPfn(0x60), order: 2 }] }) },
  { id: "FC-50", commands: [user(1), isolate(1, 0x70, 4)], what: "an isolation that ends an allocation", at: "allocation 1", edit: ({ after }) => given(after.allocations).shift() },
  { id: "HP-60", commands: [user(1), free(2)], what: "a skipped free that frees", at: "allocation 1", edit: ({ after }) => given(after.allocations).shift() },
  { id: "HP-60", commands: [{ ...contig(9, 0x60, 4), gfp: "nofail" }], what: "a drain for flags that are not allowed", at: "0x60", edit: (step) => frame(step.before, 0x60, { use: FrameUse.Pcp }) },
  { id: "HP-60", commands: [addBlock, state(4, "offline")], what: "a block offline twice, and its zone spans more", at: "zone Normal of node 0", edit: ({ after }) => count(after, normal, "spanned", 1) },

  // Taking and giving pages
  { id: "PG-55", commands: [{ ...user(1), kind: "folio", order: 1 }], what: "a folio out of line", at: "0x61, 0x61, 0x62, 0x60", edit: (step) => Object.assign(grantOf(step), { pfn: toPfn(0x61) }) },
  { id: "PG-55", commands: [user(1)], what: "a page of another kind than asked for", at: "0x60", edit: ({ after }) => editAllocation(after, 1, { kind: "file" }) },
  { id: "PG-55", commands: [user(1)], what: "a frame that was in use", at: "0x60", edit: ({ before }) => frame(before, 0x60, { use: FrameUse.Reserved }) },
  { id: "PG-55", commands: [user(1)], what: "another frame that is gone besides", at: "0x7f", edit: ({ after }) => frame(after, 0x7f, { use: FrameUse.Limbo }) },
  { id: "PG-31", commands: [{ ...user(1), thisNode: true }], what: "a page of another node than asked for", at: "0x60", edit: ({ command }) => Object.assign(command, { node: 1 }) },
  { id: "PG-31", commands: [{ ...user(1), kind: "folio", order: 1 }], what: "a folio of two zones", at: "0x61", edit: ({ before }) => frame(before, 0x61, { zone: movable }) },
  { id: "PG-21", commands: moves, what: "a page moved into an isolated pageblock", at: "0x84", edit: (step) => isolated(step, 0x84) },
  { id: "FC-52", commands: [addBlock], what: "a memmap in a poisoned frame", at: "0x60", edit: (step) => both(step, (view) => frame(view, 0x60, { flags: poisoned })) },
  { id: "PG-35", commands: [user(1), free(1)], what: "a pageblock made CMA by a free", at: "0x7c", edit: ({ after }) => editPageblock(after, 0x7c, { type: "CMA" }) },
  { id: "PG-35", commands: [user(1)], what: "a pageblock made Unmovable for a movable page", at: "0x60, 0x60", edit: ({ after }) => editPageblock(after, 0x60, { type: "Unmovable" }) },
  { id: "PG-35", commands: [kernel(1)], what: "a pageblock claimed from which nothing was taken", at: "0x70, 0x60", edit: ({ after }) => editPageblock(after, 0x70, { type: "Unmovable" }) },
  { id: "FC-54", commands: [user(1), { op: "hold", id: 1 }, { op: "poison", pfn: toPfn(0x60) }, { op: "release", id: 1 }, free(1)], what: "a poisoned frame freed for use", at: "0x60", edit: ({ after }) => frame(after, 0x60, { use: FrameUse.Free }) },
  { id: "FC-55", commands: [user(1), free(1)], what: "a freed page that is still there", at: "0x60", edit: ({ before, after }) => given(after.allocations).push(given(given(before.allocations)[0])) },
  { id: "FC-55", commands: [user(1), { op: "hold", id: 1 }, free(1)], what: "a held page that is gone", at: "0x60", edit: ({ after }) => given(after.allocations).shift() },
  { id: "PG-52", commands: [user(1), free(1)], what: "a frame that becomes reserved", at: "0x7f", edit: ({ after }) => frame(after, 0x7f, { use: FrameUse.Reserved }) },
  { id: "PG-52", commands: [user(1), { op: "free-reserved", pfn: toPfn(0x60) }], what: "a reserved frame given up that nobody named", at: "0x40", edit: ({ after }) => frame(after, 0x40, { use: FrameUse.Limbo }) },
  { id: "PG-54", commands: [user(1), free(1, true), { op: "pcp-disable", node: 0, zone: "Normal" }], what: "an entry left on a list that is disabled", at: "0x60", edit: ({ before, after }) => given(after.pcp).push(given(given(before.pcp)[0])) },

  // Isolation
  { id: "PG-26", commands: [isolate(1, 0x60, 4)], what: "a pageblock that nobody holds", at: "0x60", edit: ({ after }) => given(after.isolations).pop() },
  { id: "PG-26", commands: [isolate(1, 0x60, 4)], what: "a pageblock beside the range isolated", at: "0x64", edit: ({ after }) => editPageblock(after, 0x64, { type: "Isolate", savedType: "Movable" }) },
  { id: "PG-26", commands: [isolate(1, 0x60, 4)], what: "isolated frames that count as free", at: "zone Normal of node 0", edit: ({ after }) => count(after, normal, "nrFree", 4) },
  { id: "PG-26", commands: [isolate(1, 0x60, 4)], what: "a pageblock isolated once more", at: "0x60", edit: ({ before }) => editPageblock(before, 0x60, { type: "Isolate", savedType: "Movable" }) },
  { id: "PG-27", commands: [isolate(1, 0x54, 16)], what: "free frames lost in vain", at: "zone Normal of node 0", edit: ({ after }) => count(after, normal, "nrFree", -1) },
  { id: "PG-28", commands: unisolate, what: "a pageblock that stays isolated", at: "0x60", edit: ({ after }) => editPageblock(after, 0x60, { type: "Isolate", savedType: "Movable" }) },
  { id: "PG-28", commands: unisolate, what: "a pageblock that its owner still holds", at: "0x60", edit: ({ after }) => given(after.isolations?.[0]).pageblocks.unshift(toPfn(0x60)) },
  { id: "PG-28", commands: unisolate, what: "frames given back that do not count as free", at: "zone Normal of node 0", edit: ({ after }) => count(after, normal, "nrFree", -4) },
  { id: "FC-80", commands: [isolate(1, 0x60, 4), { op: "unisolate", id: 1, start: toPfn(0x60), nrPages: 4 }], what: "a free pageblock that became CMA", at: "0x60", edit: ({ after }) => editPageblock(after, 0x60, { type: "CMA" }) },
  { id: "FC-57", commands: [user(1), contig(9, 0x61, 2)], what: "a pageblock that a contiguous allocation made Unmovable", at: "0x60", edit: ({ after }) => editPageblock(after, 0x60, { type: "Unmovable" }) },
  { id: "PG-30", commands: [isolate(1, 0x60, 4)], what: "a CMA pageblock isolated for others", at: "0x60", edit: (step) => editPageblock(step.before, 0x60, { type: "CMA" }) },
  { id: "PG-30", commands: [isolate(1, 0x60, 4)], what: "a hole isolated", at: "0x61", edit: ({ before }) => frame(before, 0x61, { use: FrameUse.Hole }) },
  { id: "PG-30", commands: [{ ...user(1), kind: "driver-movable" }, contig(9, 0x60, 4)], what: "a kernel page that makes way", at: "0x60", edit: (step) => both(step, (view) => editAllocation(view, 1, { kind: "page-table" })) },
  { id: "FC-82", commands: [addBlock, state(4, "online_kernel"), user(1), state(4, "offline")], what: "a kernel page in a block that went offline", at: "0x84", edit: ({ before }) => frame(before, 0x84, { use: FrameUse.Memmap }) },
  { id: "FC-82", commands: [...movableBlock, state(4, "offline")], what: "a reserved frame in a movable block that went offline", at: "0x81", edit: ({ before }) => frame(before, 0x81, { use: FrameUse.Reserved }) },
  { id: "PG-30", commands: [{ ...user(1), kind: "folio", order: 2 }, isolate(1, 0x60, 4)], what: "a folio off the LRU in a pageblock that was isolated", at: "[0x60, 0x64)", edit: (step) => both(step, (view) => editAllocation(view, 1, { lruIsolated: true })) },
  { id: "FC-83", commands: [kernel(1), contig(9, 0x60, 4)], what: "a contiguous allocation refused for nothing", at: "[0x70, 0x74)", edit: ({ command }) => Object.assign(command, { start: toPfn(0x70) }) },
  { id: "FC-83", commands: [user(1), { op: "hold", id: 1 }, contig(9, 0x60, 4)], what: "a page refused that could make way", at: "[0x60, 0x64)", edit: ({ before }) => editAllocation(before, 1, { holds: 0 }) },
  { id: "FC-83", commands: [{ ...user(1), kind: "file" }, { ...contig(9, 0x60, 4), gfp: "nofs" }], what: "a file page refused that could make way", at: "[0x60, 0x64)", edit: ({ command }) => Object.assign(command, { gfp: "kernel" }) },

  // Contiguous allocation
  { id: "PG-36", commands: [user(1), contig(9, 0x54, 16)], what: "an allocation out of a failure", at: "0x70", edit: ({ after }) => given(after.allocations).push({ ...given(given(after.allocations)[0]), id: 9, ranges: [{ start: toPfn(0x70), nrPages: 1 }] }) },
  { id: "PG-36", commands: [{ ...user(1), kind: "file" }, contig(9, 0x54, 16)], what: "a file page that is gone and nobody says so", at: "0x60", edit: ({ after }) => given(after.allocations).pop() },
  { id: "PG-36", commands: [user(1), contig(9, 0x54, 16)], what: "a page that loses its kind", at: "0x60", edit: ({ after }) => editAllocation(after, 1, { kind: "file" }) },
  { id: "PG-36", commands: [user(1), contig(9, 0x54, 16)], what: "a page that moved and nobody says so", at: "0x60", edit: ({ after }) => editAllocation(after, 1, { ranges: [{ start: toPfn(0x70), nrPages: 1 }] }) },
  { id: "PG-36", commands: [user(1), contig(9, 0x54, 16)], what: "a free frame lost", at: "free and per-CPU frames", edit: ({ after }) => frame(after, 0x70, { use: FrameUse.Limbo }) },
  { id: "PG-36", commands: [{ ...user(1), kind: "file" }, { ...user(2), order: 0 }, { op: "hold", id: 2 }, contig(9, 0x60, 4)], what: "a page dropped that is no file", at: "0x60", edit: ({ before }) => editAllocation(before, 1, { kind: "user" }) },
  { id: "PG-38", commands: [contig(9, 0x60, 4)], what: "a new allocation that begins elsewhere", at: "0x60", edit: ({ after }) => editAllocation(after, 9, { ranges: [{ start: toPfn(0x64), nrPages: 4 }] }) },
  { id: "PG-38", commands: [contig(9, 0x60, 4)], what: "a new allocation of fewer frames", at: "0x60", edit: ({ after }) => editAllocation(after, 9, { ranges: [{ start: toPfn(0x60), nrPages: 3 }] }) },
  { id: "PG-38", commands: [{ op: "alloc-contig-pages", id: 9, nrPages: 4, node: 0, thisNode: false, movable: false }], what: "a frame of a search that stayed free", at: "0x61, free and per-CPU frames", edit: ({ after }) => frame(after, 0x61, { use: FrameUse.Free }) },
  { id: "PG-38", commands: [{ op: "cma-alloc", id: 9, area: 0, nrPages: 2, align: 1 }], what: "a frame of a CMA allocation that stayed free", at: "0x59, free and per-CPU frames", edit: ({ after }) => frame(after, 0x59, { use: FrameUse.Free }) },
  { id: "PG-38", commands: [{ op: "fake-offline", start: toPfn(0x60), nrPages: 4, drops: true }], what: "a frame that is not PageOffline", at: "0x61", edit: ({ after }) => frame(after, 0x61, { use: FrameUse.PageOfflineDropped }) },
  { id: "PG-39", commands: [user(1), { op: "hold", id: 1 }, contig(9, 0x70, 4)], what: "a held page moved", at: "0x60", edit: ({ after }) => editAllocation(after, 1, { ranges: [{ start: toPfn(0x68), nrPages: 1 }] }) },
  {
    id: "PG-39",
    commands: [user(1), { op: "hold", id: 1 }, contig(9, 0x70, 4)],
    what: "a held page that is gone",
    at: "0x60",
    edit: ({ after }) => {
      given(after.allocations).shift();
      frame(after, 0x60, { use: FrameUse.Free });
    },
  },
  { id: "PG-39", commands: [{ op: "poison", pfn: toPfn(0x70) }, contig(9, 0x60, 4)], what: "a poisoned frame freed", at: "0x70", edit: ({ after }) => frame(after, 0x70, { use: FrameUse.Free }) },
  { id: "PG-41", commands: [isolate(1, 0x60, 4), contig(9, 0x70, 4)], what: "a contiguous allocation over an isolated pageblock", at: "0x60", edit: ({ command }) => Object.assign(command, { start: toPfn(0x60) }) },
  { id: "FC-59", commands: [{ op: "alloc-contig-pages", id: 9, nrPages: 4, node: 0, thisNode: false, movable: false }], what: "a range that is not aligned", at: "0x62", edit: ({ outcome }) => Object.assign(outcome, { start: toPfn(0x62) }) },
  { id: "FC-59", commands: [{ op: "alloc-contig-pages", id: 9, nrPages: 4, node: 0, thisNode: false, movable: false }], what: "a range in zone Movable", at: "[0x60, 0x64)", edit: ({ after }) => given(after.frames).zone.fill(movable) },
  { id: "FC-59", commands: [{ op: "alloc-contig-pages", id: 9, nrPages: 4, node: 0, thisNode: false, movable: true }], what: "a range of two zones", at: "0x63", edit: ({ after }) => frame(after, 0x63, { zone: movable }) },
  { id: "PG-45", commands: [{ op: "cma-alloc", id: 9, area: 0, nrPages: 2, align: 1 }], what: "a range outside the area", at: "[0x60, 0x62)", edit: ({ outcome }) => Object.assign(outcome, { start: toPfn(0x60) }) },
  { id: "PG-45", commands: [{ op: "cma-alloc", id: 9, area: 0, nrPages: 2, align: 1 }], what: "CMA pages that are not CMA", at: "0x58", edit: ({ after }) => editAllocation(after, 9, { kind: "contig" }) },
  { id: "PG-45", commands: [{ op: "cma-alloc", id: 9, area: 0, nrPages: 99, align: 0 }], what: "bits taken in vain", at: "CMA area 0", edit: ({ after }) => edit(after.cma, 0, { bitmap: "1000" }) },
  { id: "FC-95", machine: "interleaved nodes", commands: compacted, what: "a page of another node that was moved", at: "0x2c", edit: (step) => both(step, (view) => frame(view, 0x2c, { zone: normal })) },
  { id: "FC-95", machine: "interleaved nodes", commands: compacted, what: "a page that was moved behind the end of the zone", at: "0x40", edit: ({ before }) => Object.assign(given(before.zones?.[7]), { spanned: 20 }) },
  { id: "FC-96", machine: "interleaved nodes", commands: compacted, what: "a page that was moved inside its pageblock", at: "0x2d", edit: ({ outcome }) => Object.assign(given(outcome.moved?.[0]).to, { pfn: toPfn(0x2d) }) },
  { id: "FC-97", machine: "interleaved nodes", commands: compacted, what: "a page that is gone", at: "0x2c", edit: ({ after }) => given(after.allocations).pop() },
  { id: "FC-60", commands: moves, what: "a page that does not begin in the range and moved", at: "0x80", edit: ({ command }) => Object.assign(command, { start: toPfn(0x81), nrPages: 3 }) },
  { id: "FC-60", commands: [...movableBlock, user(1), state(4, "offline")], what: "a page moved within the block that is emptied", at: "0x81", edit: ({ outcome }) => Object.assign(given(outcome.moved?.[0]).to, { pfn: toPfn(0x81) }) },

  {
    id: "FC-60",
    commands: [...movableBlock, user(1), { op: "alloc-contig-pages", id: 9, nrPages: 4, node: 0, thisNode: false, movable: true }],
    what: "a page that moved within what a search empties",
    at: "0x81",
    edit: ({ outcome }) => Object.assign(given(outcome.attempts?.[0]?.moved?.[0]).to, { pfn: toPfn(0x81) }),
  },
  { id: "FC-60", commands: [...movableBlock, user(1), { op: "offline-and-remove", ...block4 }], what: "a page that moved within a block that is removed", at: "0x81", edit: ({ outcome }) => Object.assign(given(outcome.moved?.[0]).to, { pfn: toPfn(0x81) }) },
  {
    id: "FC-60",
    commands: [...movableBlock, user(1), { op: "start", task: 1, command: contig(9, 0x80, 4) }, { op: "step", task: 1 }, { op: "step", task: 1 }],
    what: "a page that moved within the range of a task",
    at: "0x81",
    edit: ({ outcome }) => Object.assign(given(outcome.moved?.[0]).to, { pfn: toPfn(0x81) }),
  },

  // Moving and pinning
  { id: "FC-61", commands: moves, what: "a move of nobody", at: "0x80", edit: ({ outcome }) => Object.assign(given(outcome.moved?.[0]), { id: 99 }) },
  { id: "FC-61", commands: moves, what: "a held page that moved", at: "0x80", edit: (step) => both(step, (view) => editAllocation(view, 1, { holds: 1 })) },
  { id: "LB-04", machine: "batches of the LRU", commands: [user(1), batch(1), free(1), { op: "lru-drain" }], what: "a freed page that a drain kept", at: "0x50", edit: ({ before, after }) => given(after.allocations).push(structuredClone(given(given(before.allocations)[0]))) },
  { id: "LB-05", machine: "batches of the LRU", commands: [user(1), { op: "lru-isolate", id: 1 }, batch(1)], what: "a page that was off the LRU and moves on it", at: "0x50", edit: ({ after }) => editAllocation(after, 1, { lruBatch: "move" }) },
  { id: "FC-61", commands: moves, what: "a page off the LRU that moved", at: "0x80", edit: (step) => both(step, (view) => editAllocation(view, 1, { lruIsolated: true })) },
  { id: "FC-61", commands: moves, what: "a poisoned page that moved", at: "0x80", edit: (step) => both(step, (view) => frame(view, 0x80, { flags: poisoned + FrameFlag.Movable })) },
  { id: "FC-61", commands: moves, what: "a page that moved into a larger block", at: "0x84", edit: ({ outcome }) => Object.assign(given(outcome.moved?.[0]).to, { order: 1 }) },
  { id: "FC-61", commands: moves, what: "a page that moved twice", at: "0x80, 0x80", edit: ({ outcome }) => given(outcome.moved).push({ ...given(outcome.moved?.[0]) }) },
  { id: "FC-61", commands: moves, what: "a page that moved from where it was not", at: "0x81", edit: ({ outcome }) => Object.assign(given(outcome.moved?.[0]), { from: toPfn(0x81) }) },
  { id: "FC-61", commands: moves, what: "a page that is not where it moved", at: "0x84", edit: ({ after }) => editAllocation(after, 1, { ranges: [{ start: toPfn(0x85), nrPages: 1 }] }) },
  { id: "FC-62", commands: [...movableBlock, user(1), { op: "pin", id: 1, longTerm: true }], what: "a long-term pin that moved its page to zone Movable", at: "0x68", edit: (step) => both(step, (view) => frame(view, 0x68, { zone: movable })) },
  {
    id: "FC-62",
    commands: [{ ...addBlock, ...block5, node: 1 }, state(5, "online_movable"), ...movableBlock, user(1), state(4, "offline")],
    what: "an offline that stays on its node though there is another",
    at: "0xa0",
    edit: (step) => both(step, ({ frames }) => given(frames).zone.fill(movable)),
  },
  { id: "PG-47", commands: [...movableBlock, user(1), { op: "pin", id: 1, longTerm: true }], what: "a page pinned for long in zone Movable", at: "0x68", edit: ({ after }) => frame(after, 0x68, { zone: movable }) },
  { id: "PG-47", commands: [user(1), { op: "pin", id: 1, longTerm: true }], what: "a page pinned for long in an isolated pageblock", at: "0x60", edit: (step) => isolated(step, 0x60) },
  { id: "PG-49", commands: [kernel(1), { op: "pin", id: 1, longTerm: false }], what: "a pin that failed and counts", at: "0x60", edit: ({ after }) => editAllocation(after, 1, { pins: 1 }) },
  { id: "PG-49", commands: [user(1), { op: "pin", id: 1, longTerm: true }], what: "a long-term pin counted as a short one", at: "0x60", edit: ({ after }) => editAllocation(after, 1, { pins: 1, longTermPins: 0 }) },
  { id: "PG-49", commands: [user(1), { op: "pin", id: 1, longTerm: false }, { op: "unpin", id: 1, longTerm: false }], what: "an unpin that does not count", at: "0x60", edit: ({ after }) => editAllocation(after, 1, { pins: 1 }) },
  { id: "FC-63", commands: [user(1), { op: "lru-isolate", id: 1 }], what: "a page that stays on the LRU", at: "0x60", edit: ({ after }) => editAllocation(after, 1, { lruIsolated: false }) },

  // Poison
  { id: "FC-64", commands: [{ op: "poison", pfn: toPfn(0x60) }], what: "a bad frame that is not marked", at: "0x60", edit: ({ after }) => frame(after, 0x60, { flags: online }) },
  { id: "FC-64", commands: [{ op: "poison", pfn: toPfn(0x60) }, { op: "unpoison", pfn: toPfn(0x60) }], what: "a frame lost as its poison was taken back", at: "0x60", edit: ({ after }) => frame(after, 0x60, { use: FrameUse.Limbo }) },
  { id: "FC-65", commands: [{ op: "poison", pfn: toPfn(0x60) }, user(1)], what: "a bad frame that heals by itself", at: "0x60", edit: ({ after }) => frame(after, 0x60, { flags: online }) },

  // Adding and removing
  { id: "HP-57", commands: [addBlock, { op: "remove", ...block4 }], what: "a subsection of somebody else removed", at: "section 7", edit: ({ after }) => editSection(after, 7, { subsectionMap: "1110" }) },
  { id: "HP-57", commands: [map, { op: "device-unmap", id: 1 }], what: "a device of which a subsection stays", at: "section 8", edit: ({ after }) => given(after.sections).push({ section: 8, present: true, hasMemMap: true, online: false, early: false, taint: true, usage: "allocated", subsectionMap: "0100", backing: "-k--" }) },
  { id: "FC-67", commands: [addBlock], what: "a block added that was there", at: "block 4", edit: ({ before, after }) => given(before.blocks).push(given(given(after.blocks).at(-1))) },
  { id: "FC-67", commands: [addBlock], what: "added memory that is no resource", at: "[0x80, 0xa0)", edit: ({ after }) => given(after.resources).pop() },
  { id: "FC-67", commands: [addBlock, { op: "remove", ...block4 }], what: "a removed block that is still there", at: "block 4", edit: ({ before, after }) => given(after.blocks).push(given(given(before.blocks).at(-1))) },
  { id: "FC-67", commands: [addBlock, { op: "remove", ...block4 }], what: "removed memory that is still a resource", at: "[0x80, 0xa0)", edit: ({ before, after }) => given(after.resources).push(given(given(before.resources).at(-1))) },
  { id: "FC-68", commands: [addBlock], what: "a memmap that lies in a free frame", at: "0x60", edit: ({ after }) => frame(after, 0x60, { use: FrameUse.Free }) },
  { id: "FC-68", commands: [{ op: "add", ...block4, node: 0, memmapOnMemory: true, group: null }], what: "a memmap taken though the block hosts it", at: "0x60, [0x80, 0xa0)", edit: ({ outcome }) => Object.assign(outcome, { memmap: [{ pfn: toPfn(0x60), order: 0 }] }) },
  { id: "HP-67", commands: [addBlock], what: "a zone that grows before the block is online", at: "zone Normal of node 0", edit: ({ after }) => count(after, normal, "spanned", 32) },
  { id: "HP-67", commands: [addBlock], what: "a node that counts memory before it is online", at: "node 0", edit: ({ after }) => edit(after.nodes, 0, { present: 999 }) },
  { id: "FC-69", commands: [{ op: "fail-next", what: "memmap", skip: 1 }, addBlock], what: "memmap counted that was given back", at: "nr_memmap_pages", edit: ({ after }) => Object.assign(given(after.totals), { nrMemmapPages: 4 }) },
  { id: "FC-71", commands: [map, { op: "device-map", id: 2, start: toPfn(0x80), nrPages: 16, node: 0 }], what: "a frame of a live device that looks online", at: "0x84", edit: ({ after }) => frame(after, 0x84, { flags: online }) },

  // Online and offline
  { id: "HP-56", commands: [...movableBlock, state(4, "offline")], what: "frames that stay present after their block", at: "zone Movable of node 0", edit: ({ after }) => count(after, movable, "present", 1) },
  { id: "FC-66", commands: [...movableBlock, state(4, "offline")], what: "frames that stay managed after their block", at: "zone Movable of node 0", edit: ({ after }) => count(after, movable, "managed", 1) },
  { id: "HP-58", commands: [...movableBlock, user(1), state(4, "offline")], what: "a page in the block that went offline", at: "0x81", edit: ({ after }) => editAllocation(after, 1, { ranges: [{ start: toPfn(0x81), nrPages: 1 }] }) },
  { id: "HP-58", commands: [...movableBlock, state(4, "offline")], what: "a hole in a block that went offline", at: "0x81", edit: ({ before }) => frame(before, 0x81, { use: FrameUse.Hole }) },
  { id: "HP-64", commands: movableBlock, what: "a frame that is not free once it is online", at: "0x81", edit: ({ after }) => frame(after, 0x81, { use: FrameUse.PageOffline }) },
  { id: "HP-35", commands: movableBlock, what: "a zone that begins before its memory", at: "zone Movable of node 0", edit: ({ after }) => edit(after.zones, movable, { start: toPfn(0x60), spanned: 0x40 }) },
  { id: "HP-36", commands: movableBlock, what: "a zone that begins inside a subsection", at: "zone Movable of node 0", edit: ({ after }) => edit(after.zones, movable, { start: toPfn(0x82), spanned: 30 }) },

  // Notifiers
  { id: "HP-65", commands: [...movableBlock, state(4, "offline")], what: "an offline that nobody was told to come", at: "notifier events", edit: ({ outcome }) => given(outcome.events).shift() },
  { id: "HP-65", commands: [addBlock, { op: "write-online", block: toBlockId(4), value: true }], what: "an online by the other file that nobody prepared", at: "notifier events", edit: ({ outcome }) => given(outcome.events).shift() },
  { id: "HP-65", commands: [addBlock], what: "an event of an add", at: "block 4", edit: ({ outcome }) => Object.assign(outcome, { events: [{ event: "ONLINE", ...block4 }] }) },
  { id: "FC-72", commands: hosted, what: "an event that names the memmap too", at: "[0x80, 0xa0)", edit: ({ outcome }) => Object.assign(given(outcome.events?.[2]), block4) },
  { id: "FC-72", commands: hosted, what: "a preparation that names the memmap too", at: "[0x80, 0xa0)", edit: ({ outcome }) => Object.assign(given(outcome.events?.[0]), block4) },
  { id: "FC-73", commands: [...movableBlock, state(4, "offline")], what: "a block offline and nobody told", at: "block 4", edit: ({ outcome }) => delete outcome.events },

  // Lifetimes
  { id: "HP-68", commands: [map, addBlock], what: "a zone Device that shrinks", at: "zone Device of node 0", edit: ({ after }) => edit(after.zones, 4, { spanned: 4 }) },
  { id: "HP-68", commands: [addBlock], what: "a highest section that falls", at: "highest present section", edit: ({ after }) => Object.assign(given(after.totals), { highestPresentSection: 2 }) },
  { id: "HP-68", commands: movableBlock, what: "nr_zones that falls", at: "node 0", edit: ({ after }) => edit(after.nodes, 0, { nrZones: 2 }) },
  { id: "FC-75", commands: [addBlock, { op: "veto", event: "GOING_ONLINE", errno: "EBUSY" }, state(4, "online")], what: "a zone that is contiguous no more because of a refused online", at: "zone Normal of node 0", edit: (step) => edit(step.before.zones, normal, { contiguous: !given(given(step.before.zones)[normal]).contiguous }) },
  { id: "FC-75", commands: [addBlock, { op: "veto", event: "GOING_ONLINE", errno: "EBUSY" }, state(4, "online")], what: "a zone that keeps the block that was refused", at: "zone Normal of node 0", edit: ({ after }) => count(after, normal, "spanned", 32) },
  { id: "FC-76", commands: [...movableBlock, { op: "veto", event: "GOING_OFFLINE", errno: "EBUSY" }, { op: "offline-and-remove", ...block4 }], what: "a block removed in vain", at: "block 4", edit: ({ after }) => given(after.blocks).pop() },
  { id: "FC-77", commands: [addBlock, { op: "veto", event: "GOING_ONLINE", errno: "EBUSY" }, state(4, "online")], what: "a block online though that was refused", at: "block 4", edit: ({ after }) => editBlock(after, 4, { state: "online" }) },
  { id: "FC-62", commands: moves, what: "a page that moved to no zone", at: "0x84", edit: (step) => both(step, ({ frames }) => (given(frames).zone[row(given(frames), 0x84)] = NONE)) },
];

export interface GoodStep {
  readonly what: string;
  readonly commands: readonly Command[];
  /** Result or errno. */
  readonly answer: string;
}

/** All frames that are not CMA taken, so that only those are free. */
const onlyCmaFree: readonly Command[] = [contig(1, 0x60, 32), contig(2, 0x24, 8), contig(3, 0x34, 12), { ...kernel(4), order: 1 }, { ...kernel(5), order: 1 }, { ...kernel(6), order: 1 }];

/** Steps that come close to breaking a law, and do not. */
export const goodSteps: readonly GoodStep[] = [
  { what: "a kernel page refused while CMA frames are free", commands: [...onlyCmaFree, kernel(7)], answer: "ENOMEM" },
  { what: "a movable page given from CMA frames", commands: [...onlyCmaFree, user(7)], answer: "ok" },
  { what: "flags refused over an isolated pageblock", commands: [isolate(1, 0x60, 4), { ...contig(9, 0x60, 4), gfp: "nofail" }], answer: "EINVAL" },
  { what: "a test that passes over a poisoned frame", commands: [{ op: "poison", pfn: toPfn(0x60) }, { op: "isolate", id: 1, start: toPfn(0x60), nrPages: 4, mode: "offline" }, { op: "test-isolated", start: toPfn(0x60), nrPages: 4, mode: "offline" }], answer: "ok" },
  { what: "a test that does not pass over a poisoned frame for others", commands: [{ op: "poison", pfn: toPfn(0x70) }, isolate(1, 0x60, 4), { op: "test-isolated", start: toPfn(0x70), nrPages: 4, mode: "contig" }], answer: "EBUSY" },
  { what: "a CMA pageblock isolated for CMA", commands: [{ op: "isolate", id: 1, start: toPfn(0x58), nrPages: 4, mode: "cma" }], answer: "ok" },
  { what: "a folio that begins before the range and stays", commands: [{ ...user(1), kind: "folio", order: 2 }, contig(9, 0x62, 2)], answer: "EBUSY" },
  { what: "a hugetlb page that begins before the range and moves", commands: [{ ...user(1), kind: "hugetlb", order: 2 }, contig(9, 0x62, 2)], answer: "ok" },
  { what: "a bad frame in use that is retired once more", commands: [user(1), { op: "hold", id: 1 }, { op: "poison", pfn: toPfn(0x60) }, { op: "soft-offline", pfn: toPfn(0x60) }], answer: "ok" },
  { what: "a page on a per-CPU list of an isolated pageblock given out", commands: [user(1), free(1, true), isolate(1, 0x60, 4), user(2)], answer: "ok" },
  { what: "a page pinned for long that comes into an isolated pageblock on its way", commands: [...movableBlock, user(2), kernel(1), free(1, true), isolate(1, 0x68, 4), { op: "pin", id: 2, longTerm: true }], answer: "ok" },
  { what: "a page of an unaligned contiguous allocation freed", commands: [contig(9, 0x61, 5), { op: "free-contig", start: toPfn(0x62), nrPages: 1, pcp: true }], answer: "ok" },
  { what: "a device mapped beside memory and unmapped", commands: [map, { op: "device-unmap", id: 1 }], answer: "ok" },
];

/** For each law a step that keeps it, and the smallest way to make that step break it. */
import { FrameFlag, FrameUse, createReference, parseProfile, toBlockId, toPfn } from "../../models/index.ts";
import type { Command, FrameTable, Outcome, View } from "../../models/index.ts";
import type { StepRecord } from "../../properties/index.ts";
import { edit, editAllocation, editBlock, editPageblock, editSection, given } from "./small-views.ts";
import type { Editable } from "./small-views.ts";
import { testMachine } from "./test-machines.ts";

export interface EditableStep {
  before: Editable<View>;
  command: Editable<Command>;
  outcome: Editable<Outcome>;
  after: Editable<View>;
}

export interface BadStep {
  /** The commands on a machine right after boot; the last one is the step. */
  readonly commands: readonly Command[];
  /** Under the profile strict, if it says nothing else. */
  readonly profile?: string;
  /** On the first of the test machines, if it says nothing else. */
  readonly machine?: string;
  readonly what: string;
  readonly edit: (step: EditableStep) => void;
}

/** The last command of a run of the reference, as a step. */
export function lastStep(machine: string, profile: string, commands: readonly Command[]): StepRecord {
  const parsed = parseProfile(profile);
  if ("error" in parsed) throw new TypeError(parsed.error);
  const subject = createReference(testMachine(machine), parsed);
  let step: StepRecord | undefined;
  for (const command of commands) {
    const before = subject.view();
    const outcome = subject.apply(command);
    step = { before, command, outcome, after: subject.view() };
  }
  return given(step);
}

/** A copy of a step that can be edited. */
export function editable({ before, command, outcome, after }: StepRecord): EditableStep {
  return { before: structuredClone(before) as Editable<View>, command: structuredClone(command) as Editable<Command>, outcome: structuredClone(outcome) as Editable<Outcome>, after: structuredClone(after) as Editable<View> };
}

const block4 = { start: toPfn(0x80), nrPages: 32 } as const;

const user = (id: number): Command => ({ op: "alloc", id, kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" });
const kernel = (id: number): Command => ({ ...user(id), kind: "kernel" }) as Command;
const free = (id: number, pcp = false): Command => ({ op: "free", id, pcp });
const isolate = (id: number, start: number, nrPages: number): Command => ({ op: "isolate", id, start: toPfn(start), nrPages, mode: "contig" });
const contig = (id: number, start: number, nrPages: number): Command => ({ op: "alloc-contig", id, start: toPfn(start), nrPages, compound: false, gfp: "kernel" });
const addBlock: Command = { op: "add", ...block4, node: 0, memmapOnMemory: false, group: null };
const state = (block: number, value: "online" | "online_kernel" | "online_movable" | "offline"): Command => ({ op: "write-state", block: toBlockId(block), value });
const movableBlock: readonly Command[] = [addBlock, state(4, "online_movable")];
const normal = 2;
const movable = 3;

function row(table: FrameTable | Editable<FrameTable>, pfn: number): number {
  let first = 0;
  for (const { start, nrPages } of table.ranges) {
    if (pfn >= start && pfn < start + nrPages) return first + pfn - start;
    first += nrPages;
  }
  throw new RangeError(`no frame ${pfn}`);
}

/** Changes what a view says of one frame. */
function frame(view: Editable<View>, pfn: number, changes: Partial<Record<"use" | "flags", number>>): void {
  const table = given(view.frames);
  if (changes.use !== undefined) table.use[row(table, pfn)] = changes.use;
  if (changes.flags !== undefined) table.flags[row(table, pfn)] = changes.flags;
}

/** Adds to a counter of a zone. */
function count(view: Editable<View>, zone: number, field: "present" | "managed" | "nrFree" | "spanned", n: number): void {
  edit(view.zones, zone, { [field]: (view.zones?.[zone]?.[field] ?? 0) + n });
}

function grantOf({ outcome }: EditableStep): NonNullable<Editable<Outcome>["grant"]> {
  return given(outcome.grant);
}

export const badSteps: Readonly<Record<string, BadStep>> = {
  // Outcomes and footprints
  "FC-78": { commands: [{ op: "remove", start: toPfn(0x60), nrPages: 32 }], what: "an errno that the command does not have", edit: ({ outcome }) => Object.assign(outcome, { errno: "EIO" }) },
  "FC-79": { commands: [user(1), { op: "hold", id: 1 }], what: "a grant that belongs to no allocation", edit: ({ outcome }) => Object.assign(outcome, { grant: { pfn: toPfn(0x60), order: 0 } }) },
  "FC-50": { commands: [user(1), { op: "hold", id: 1 }], what: "a reference that takes a free frame", edit: ({ after }) => count(after, normal, "nrFree", -1) },
  "FC-51": { commands: [{ op: "test-isolated", start: toPfn(0x60), nrPages: 4, mode: "contig" }], what: "a test that isolates", edit: ({ after }) => editPageblock(after, 0x60, { type: "Isolate" }) },
  "HP-60": { commands: [state(99, "online")], what: "a refusal that brings a block offline", edit: ({ after }) => editBlock(after, 3, { state: "offline" }) },

  // Taking and giving pages
  "PG-55": { commands: [user(1)], what: "more frames than asked for", edit: (step) => Object.assign(grantOf(step), { order: 1 }) },
  "PG-31": { commands: [kernel(1)], what: "a frame above the zone asked for", edit: ({ command }) => Object.assign(command, { zone: "DMA" }) },
  "PG-21": { commands: [isolate(1, 0x60, 4), user(1)], what: "a frame of an isolated pageblock", edit: (step) => Object.assign(grantOf(step), { pfn: toPfn(0x60) }) },
  "FC-52": { commands: [user(1)], what: "a poisoned frame", edit: (step) => frame(step.before, grantOf(step).pfn, { flags: 3 + FrameFlag.Hwpoison }) },
  "PG-35": { commands: [kernel(1)], what: "a claimed pageblock that is not told", edit: (step) => Object.assign(grantOf(step), { retyped: [] }) },
  "PG-53": { commands: [{ ...kernel(1), order: 4, zone: "DMA" } as Command], what: "a failure while there is a free frame", edit: ({ command }) => Object.assign(command, { order: 0 }) },
  "FC-53": { commands: [user(1), user(2)], what: "a page of somebody else that moved", edit: ({ after }) => editAllocation(after, 1, { ranges: [{ start: toPfn(0x7f), nrPages: 1 }] }) },
  "PG-14": { commands: [user(1)], what: "a frame that nobody has any more", edit: ({ after }) => frame(after, 0x7f, { use: FrameUse.PageOffline }) },
  "PG-23": {
    commands: [user(1), isolate(1, 0x58, 4), free(1, true)],
    what: "a frame of an isolated pageblock on a per-CPU list",
    edit: ({ before, after }) => {
      const page = given(before.allocations?.[0]?.ranges[0]?.start);
      frame(after, page, { use: FrameUse.Pcp });
      editPageblock(after, page - (page % 4), { type: "Isolate" });
      given(after.pcp).push({ pfn: page, order: 0, zone: normal, type: "Movable" });
    },
  },
  "FC-54": { commands: [user(1), free(1)], what: "a freed frame that is lost", edit: ({ before, after }) => frame(after, given(before.allocations?.[0]?.ranges[0]?.start), { use: FrameUse.Limbo }) },
  "FC-55": { commands: [user(1), { op: "hold", id: 1 }, free(1)], what: "a held page that its owner still owns", edit: ({ after }) => editAllocation(after, 1, { freed: false }) },
  "PG-40": { commands: [contig(1, 0x60, 4), { op: "free-contig", start: toPfn(0x60), nrPages: 2, pcp: false }], what: "a frame freed too much", edit: ({ after }) => editAllocation(after, 1, { ranges: [{ start: toPfn(0x63), nrPages: 1 }] }) },
  "PG-52": { commands: [user(1)], what: "a reserved frame given away", edit: ({ after }) => frame(after, 0x40, { use: FrameUse.Free }) },
  "PG-54": { commands: [user(1), free(1, true), { op: "drain", node: 0, zone: "Normal" }], what: "an entry left on a per-CPU list", edit: ({ after }) => given(after.pcp).push({ pfn: toPfn(0x60), order: 0, zone: normal, type: "Movable" }) },
  "FC-56": { commands: [{ op: "fake-offline", start: toPfn(0x60), nrPages: 4, drops: true }], what: "PageOffline frames still managed", edit: ({ after }) => count(after, normal, "managed", 4) },

  // Isolation
  "PG-26": { commands: [isolate(1, 0x60, 8)], what: "a pageblock of the range not isolated", edit: ({ after }) => editPageblock(after, 0x64, { type: "Movable" }) },
  "PG-27": { commands: [isolate(1, 0x54, 16)], what: "a pageblock left isolated", edit: ({ after }) => editPageblock(after, 0x60, { type: "Isolate" }) },
  "PG-28": { commands: [isolate(1, 0x60, 8), { op: "unisolate", id: 1, start: toPfn(0x60), nrPages: 4 }], what: "a pageblock of the rest undone as well", edit: ({ after }) => editPageblock(after, 0x64, { type: "Movable" }) },
  "FC-57": { commands: [isolate(1, 0x54, 16)], what: "a pageblock that lost its type", edit: ({ after }) => editPageblock(after, 0x54, { type: "Unmovable" }) },
  "PG-29": { commands: [{ op: "test-isolated", start: toPfn(0x60), nrPages: 4, mode: "contig" }], what: "a range that is not isolated and passes", edit: ({ outcome }) => Object.assign(outcome, { result: "ok" }) },
  "PG-30": { commands: [isolate(1, 0x60, 4)], what: "a reserved frame in a pageblock that was isolated", edit: ({ before }) => frame(before, 0x61, { use: FrameUse.Reserved }) },

  // Contiguous allocation
  "PG-36": { commands: [user(1), contig(9, 0x54, 16)], what: "a page that is gone after a failure", edit: ({ after }) => given(after.allocations).pop() },
  "FC-58": { commands: [{ ...contig(9, 0x60, 2), compound: true } as Command], what: "frames lost because the compound page does not fit", edit: ({ after }) => frame(after, 0x60, { use: FrameUse.Limbo }) },
  "PG-37": { commands: [{ ...contig(9, 0x60, 4), gfp: "nofail" } as Command], what: "a request that may not fail and fails", edit: ({ outcome }) => Object.assign(outcome, { errno: "EBUSY" }) },
  "PG-38": { commands: [contig(9, 0x60, 4)], what: "a frame of the range that stayed free", edit: ({ after }) => frame(after, 0x62, { use: FrameUse.Free }) },
  "PG-39": { commands: [user(1), contig(9, 0x58, 4), contig(8, 0x60, 32)], what: "a pinned page that moved", edit: (step) => pinMoved(step) },
  "PG-41": { commands: [isolate(1, 0x60, 4), contig(9, 0x5e, 8)], what: "an isolation of somebody else undone", edit: ({ after }) => editPageblock(after, 0x60, { type: "Movable" }) },
  "FC-59": { commands: [{ op: "alloc-contig-pages", id: 9, nrPages: 4, node: 0, thisNode: false, movable: false }], what: "a range that is not aligned", edit: ({ outcome }) => Object.assign(outcome, { start: toPfn(given(outcome.start) + 2) }) },
  "PG-45": { commands: [{ op: "cma-alloc", id: 9, area: 0, nrPages: 2, align: 1 }], what: "a range that is not aligned as asked", edit: ({ outcome }) => Object.assign(outcome, { start: toPfn(given(outcome.start) + 1) }) },
  "FC-60": { commands: [...movableBlock, user(1), contig(9, 0x80, 4)], what: "a page that moved into the range", edit: ({ outcome }) => Object.assign(given(outcome.moved?.[0]).to, { pfn: toPfn(0x81) }) },

  // Moving and pinning
  "FC-61": { commands: [...movableBlock, user(1), contig(9, 0x80, 4)], what: "an unmovable page that moved", edit: ({ before }) => editAllocation(before, 1, { kind: "kernel" }) },
  "FC-62": {
    commands: [...movableBlock, user(1), contig(9, 0x80, 4)],
    what: "a single page of a kernel zone that moved into zone Movable",
    edit: ({ before }) => {
      const table = given(before.frames);
      table.zone[row(table, 0x80)] = normal;
    },
  },
  "PG-47": { commands: [user(1), { op: "pin", id: 1, longTerm: true }], what: "a page pinned for long in a CMA pageblock", edit: ({ after }) => editPageblock(after, pageblockOf(after, 1), { type: "CMA" }) },
  "PG-48": { commands: [user(1), { op: "pin", id: 1, longTerm: false }, user(2)], what: "a pinned page that moved", edit: ({ after }) => editAllocation(after, 1, { ranges: [{ start: toPfn(0x7f), nrPages: 1 }] }) },
  "PG-49": { commands: [user(1), { op: "pin", id: 1, longTerm: false }], what: "a pin counted twice", edit: ({ after }) => editAllocation(after, 1, { pins: 2 }) },
  "FC-63": { commands: [user(1), { op: "hold", id: 1 }], what: "a reference counted twice", edit: ({ after }) => editAllocation(after, 1, { holds: 2 }) },

  // Poison
  "PG-51": { commands: [{ op: "poison", pfn: toPfn(0x60) }], what: "a neighbour that is gone too", edit: ({ after }) => frame(after, 0x61, { use: FrameUse.Poisoned }) },
  "FC-64": { commands: [{ op: "poison", pfn: toPfn(0x60) }], what: "a bad frame still free", edit: ({ after }) => frame(after, 0x60, { use: FrameUse.Free }) },
  "FC-65": { commands: [user(1)], what: "a frame that turns bad by itself", edit: ({ after }) => frame(after, 0x7f, { flags: 3 + FrameFlag.Hwpoison }) },
  "HP-27": {
    commands: [...movableBlock, { op: "poison", pfn: toPfn(0x84) }, state(4, "offline"), state(4, "online")],
    what: "a block with poison that comes online",
    edit: ({ after }) => editBlock(after, 4, { state: "online" }),
  },

  // Adding and removing
  "HP-57": { commands: [addBlock], what: "a subsection that was not added", edit: ({ after }) => editSection(after, 9, { subsectionMap: "1110" }) },
  "FC-67": { commands: [addBlock], what: "a block that was not made", edit: ({ after }) => given(after.blocks).pop() },
  "HP-26": {
    commands: [{ op: "add", start: toPfn(0x80), nrPages: 64, node: 0, memmapOnMemory: true, group: null }],
    what: "one block of two that hosts its memmap",
    edit: ({ after }) => editBlock(after, 5, { selfHosted: 0 }),
  },
  "FC-68": { commands: [addBlock], what: "a memmap with one block too few", edit: ({ outcome }) => given(outcome.memmap).pop() },
  "HP-67": { commands: [addBlock], what: "present frames before the block is online", edit: ({ after }) => count(after, normal, "present", 32) },
  "FC-69": { commands: [{ op: "fail-next", what: "memmap", skip: 1 }, addBlock], what: "a section left behind", edit: ({ after }) => given(after.sections).push({ section: 8, present: true, hasMemMap: true, online: false, early: false, taint: false, usage: "allocated", subsectionMap: "1111", backing: "kkkk" }) },
  "FC-70": { commands: [{ op: "fail-next", what: "memmap", skip: 0 }, addBlock], what: "max_pfn raised by a failed add", edit: ({ after }) => Object.assign(given(after.totals), { maxPfn: toPfn(0xa0) }) },
  "FC-71": {
    commands: [{ op: "device-map", id: 1, start: toPfn(0x84), nrPages: 8, node: 0 }, { op: "device-map", id: 2, start: toPfn(0x80), nrPages: 16, node: 0 }],
    what: "frames of a live device forgotten",
    edit: ({ after }) => frame(after, 0x84, { use: FrameUse.Absent }),
  },

  // Online and offline
  "HP-56": { commands: movableBlock, what: "a block that counts one frame too many", edit: ({ after }) => count(after, movable, "present", 1) },
  "FC-66": { commands: movableBlock, what: "a block that gives one frame too few", edit: ({ after }) => count(after, movable, "managed", -1) },
  "HP-58": { commands: [...movableBlock, user(1), state(4, "offline")], what: "a page that went with its block", edit: ({ after }) => given(after.allocations).pop() },
  "HP-64": { commands: movableBlock, what: "an onlined pageblock that is Unmovable", edit: ({ after }) => editPageblock(after, 0x84, { type: "Unmovable" }) },
  "HP-66": { commands: [...movableBlock, user(1)], what: "a block that changes its zone", edit: ({ after }) => editBlock(after, 4, { zone: normal }) },
  "HP-35": { commands: [...movableBlock, state(4, "offline")], what: "a zone that keeps its span without memory", edit: ({ after }) => edit(after.zones, movable, { start: toPfn(0x80), spanned: 32 }) },
  "HP-36": { commands: movableBlock, what: "a zone that ends inside a pageblock", edit: ({ after }) => count(after, movable, "spanned", -2) },

  // Notifiers
  "HP-65": { commands: movableBlock, what: "a notifier asked after the block was online", edit: ({ outcome }) => given(outcome.events).push(given(outcome.events?.[0])) },
  "FC-72": { commands: movableBlock, what: "a notifier told of half the block", edit: ({ outcome }) => Object.assign(given(outcome.events?.[1]), { nrPages: 16 }) },
  "FC-73": { commands: movableBlock, what: "a block online and nobody told", edit: ({ outcome }) => delete outcome.events },

  // Lifetimes
  "HP-05": { commands: [user(1)], what: "a section that becomes early", edit: ({ before }) => edit(before.sections, 0, { early: false }) },
  "HP-68": { commands: [user(1)], what: "max_pfn lowered", edit: ({ after }) => Object.assign(given(after.totals), { maxPfn: toPfn(0x40) }) },
  "FC-74": { commands: [user(1)], what: "a block that changes its node", edit: ({ after }) => editBlock(after, 3, { node: 1 }) },
  "FC-75": { commands: [addBlock, { op: "veto", event: "GOING_ONLINE", errno: "EBUSY" }, state(4, "online")], what: "nr_zones grown by a refused online", edit: ({ after }) => edit(after.nodes, 0, { nrZones: 5 }) },
  "FC-76": {
    commands: [...movableBlock, { op: "add", start: toPfn(0xa0), nrPages: 32, node: 0, memmapOnMemory: false, group: null }, state(5, "online_movable"), { op: "poison", pfn: toPfn(0xa1) }, user(1), { op: "veto", event: "GOING_OFFLINE", errno: "EBUSY" }, { op: "offline-and-remove", start: toPfn(0x80), nrPages: 64 }],
    what: "a block that comes back in another zone",
    edit: ({ after }) => editBlock(after, 4, { zone: normal }),
  },
  "FC-77": { commands: movableBlock, what: "another block offline as well", edit: ({ after }) => editBlock(after, 3, { state: "offline" }) },
};

/** First frame of the pageblock that an allocation lies in. */
function pageblockOf(view: Editable<View>, id: number): number {
  const start = given(view.allocations?.find((one) => one.id === id)?.ranges[0]?.start);
  return start - (start % 4);
}

/** Pins the first page that the step moved. */
function pinMoved({ before, outcome }: EditableStep): void {
  editAllocation(before, given(outcome.moved?.[0]).id, { pins: 1 });
}

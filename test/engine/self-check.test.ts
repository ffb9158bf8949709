/**
 * The self-check counts again what the engine stores twice: each copy of a fact that is spoiled is told, and where.
 *
 * Block 2 and 3 are boot memory, the last of which has a CMA area, a contiguous allocation, a poisoned frame and isolated
 * pageblocks; blocks 4 and 5 were added to zone Movable, the second with its own memmap; block 6 is offline.
 *
 *   64          96    100 101   104    107      112     120   128 132  133        160     168        192        224
 *   | memmap 80 | CMA | . | bad | contig | free | isolated |  | M | pcp | user ... | memmap |  free   | offline  |
 */
import { describe, expect, it } from "vitest";
import { linux612, strict, toBlockId, toPfn } from "../../models/index.ts";
import type { Add, Command, PageKind, Profile } from "../../models/index.ts";
import type { MemoryBlock } from "../../src/engine/memory-blocks.ts";
import { Machine } from "../../src/engine/machine.ts";
import { FrameCode, Type, pcpList } from "../../src/engine/layout.ts";
import { shippedParts } from "../../src/engine/parts.ts";
import type { Section } from "../../src/engine/section.ts";
import { selfCheck } from "../../src/engine/self-check.ts";
import type { Zone } from "../../src/engine/zone.ts";
import { worked } from "./box.ts";

const description = { ...worked, cma: [{ base: toPfn(96), nrPages: 4, orderPerBit: 0 }] };

const add = (start: number, memmapOnMemory: boolean, group: number | null = null): Add => ({ op: "add", start: toPfn(start), nrPages: 32, node: 0, memmapOnMemory, group });
const alloc = (id: number, kind: PageKind, order = 0): Command => ({ op: "alloc", id, kind, order, node: 0, thisNode: false, zone: "normal" });
const commands: readonly Command[] = [
  { op: "group-static", id: 1, node: 0, maxPages: 64 },
  add(128, false, 1),
  add(160, true),
  add(192, false),
  { op: "write-state", block: toBlockId(4), value: "online_movable" },
  { op: "write-state", block: toBlockId(5), value: "online_movable" },
  alloc(1, "folio", 2),
  alloc(2, "kernel"),
  alloc(3, "user"),
  alloc(4, "user"),
  { op: "free", id: 3, pcp: true },
  { op: "alloc-contig", id: 5, start: toPfn(104), nrPages: 3, compound: false, gfp: "kernel" },
  { op: "isolate", id: 1, start: toPfn(112), nrPages: 8, mode: "contig" },
  { op: "poison", pfn: toPfn(101) },
  { op: "cma-alloc", id: 6, area: 0, nrPages: 2, align: 0 },
];

function sound(profile: Profile = strict): Machine {
  const machine = new Machine(description, profile, shippedParts);
  for (const command of commands) {
    const outcome = machine.commands.run(command);
    if (outcome.result !== "ok") throw new Error(JSON.stringify([command, outcome]));
  }
  return machine;
}

function given<T>(value: T | null | undefined): T {
  if (value === undefined || value === null) throw new Error("the example has none");
  return value;
}

const section = (m: Machine, nr: number): Section => given(m.sections.table.get(nr));
const block = (m: Machine, id: number): MemoryBlock => given(m.blocks.get(id));
const zone = (m: Machine, index: number): Zone => m.zones.at(index);
const frames = (m: Machine, nr: number): Uint8Array => given(section(m, nr).frames);

interface Spoiling {
  readonly what: string;
  readonly spoil: (m: Machine) => unknown;
  /** `where or frame: was, is`, of each thing that is told. */
  readonly told: readonly string[];
}

const spoilings: readonly Spoiling[] = [
  { what: "a subsection more than its bits", spoil: (m) => {
    section(m, 9).subsections = Uint8Array.of(1, 1, 1, 0);
  }, told: ["section 9: subsections: 3, 4", "zone Movable of node 0: sections wholly its own: 3, 4"] },
  { what: "sections in the wrong order", spoil: (m) => {
    const numbers = m.sections.table.numbers as number[];
    numbers.unshift(given(numbers.pop()));
  }, told: ["section numbers ascending: true, false"] },
  { what: "a section without a subsection that is present", spoil: (m) => {
    section(m, 12).nrSubsections = 0;
  }, told: ["section 12: present: false, true"] },
  { what: "an isolated pageblock that its section does not count", spoil: (m) => {
    section(m, 7).nrIsolated = 1;
  }, told: ["section 7: isolated pageblocks: 2, 1", "isolated pageblocks in books: 1, 2"] },
  { what: "a frame inside a unit that has become a head", spoil: (m) => {
    frames(m, 5)[3] = FrameCode.Reserved;
  }, told: ["83: inside the unit at 82, code 2"] },
  { what: "a frame between units that belongs to none", spoil: (m) => {
    frames(m, 6)[5] = FrameCode.Tail;
  }, told: ["101: the first frame of a unit, inside one", "zone Normal of node 0: managed: 63, 64", "zone Normal of node 0: present: 95, 96", "zone Normal of node 0: present early: 95, 96"] },
  { what: "a block of the allocator without a label", spoil: (m) => m.allocations.remove(m.allocations.slotOf(4)), told: ["133: an allocation, of no label"] },
  { what: "a frame of a contiguous allocation without a label", spoil: (m) => m.contigs.removeFrames(given(m.contigs.get(5)), 106, 107), told: ["106: of a contiguous allocation, of no label"] },
  { what: "a free frame that is taken", spoil: (m) => {
    frames(m, 6)[4] = FrameCode.PageOffline;
  }, told: ["zone Normal of node 0: list 1, blocks of order 0: 1, 2", "zone Normal of node 0: free frames: 32, 33", "zone Normal of node 0: managed: 63, 64"] },
  { what: "a free block on no list", spoil: (m) => m.lists.remove(section(m, 5), 1, 0, 2, Type.Unmovable), told: ["81: on one free list, on lists ", "zone Normal of node 0: free frames: 32, 33"] },
  { what: "a free block on two lists", spoil: (m) => m.lists.add(section(m, 5), 1, 0, 2, Type.Movable), told: ["81: on one free list, on lists 0, 1", "zone Normal of node 0: list 0, blocks of order 0: 0, 1", "zone Normal of node 0: list 1, blocks of order 0: 2, 3", "zone Normal of node 0: free frames: 32, 33"] },
  { what: "a per-CPU entry on a free list", spoil: (m) => [m.lists.remove(section(m, 8), 4, 0, 3, pcpList + Type.Movable), m.lists.add(section(m, 8), 4, 0, 3, Type.Movable)], told: ["132: on one per-CPU list, on lists 1", "zone Movable of node 0: list 1, blocks of order 0: 0, 1"] },
  { what: "a list that has lost a section", spoil: (m) => m.lists.list(2, Type.Isolate).sections[2]?.delete(7), told: ["112: found by list 5 of zone 2, not found", "116: found by list 5 of zone 2, not found"] },
  { what: "a pageblock of another type than the list of its block", spoil: (m) => given(section(m, 5).types).fill(Type.Movable, 1, 2), told: ["84: a pageblock of type 0, as its list, of type 1"] },
  { what: "a list that counts a block too many", spoil: (m) => given(m.lists.list(3, Type.Movable).count).fill(9, 3, 4), told: ["zone Movable of node 0: list 1, blocks of order 3: 6, 9"] },
  { what: "a zone with a free frame too many", spoil: (m) => zone(m, 2).nrFree++, told: ["zone Normal of node 0: free frames: 33, 34"] },
  { what: "a zone with a free CMA frame too many", spoil: (m) => zone(m, 2).nrFreeCma++, told: ["zone Normal of node 0: free CMA frames: 2, 3"] },
  { what: "a zone with an isolated pageblock too many", spoil: (m) => zone(m, 3).nrIsolatePageblock++, told: ["zone Movable of node 0: isolated pageblocks: 0, 1"] },
  { what: "a zone with a whole section too many", spoil: (m) => zone(m, 3).nrWholeSections++, told: ["zone Movable of node 0: sections wholly its own: 4, 5"] },
  { what: "a zone with a managed frame too many", spoil: (m) => zone(m, 3).managed++, told: ["zone Movable of node 0: managed: 56, 57", "totalram: 121, 120"] },
  { what: "a zone with a present frame too many", spoil: (m) => zone(m, 3).present++, told: ["zone Movable of node 0: present: 64, 65", "node 0: present: 161, 160"] },
  { what: "a zone with an early frame too many", spoil: (m) => zone(m, 3).presentEarly++, told: ["zone Movable of node 0: present early: 0, 1"] },
  { what: "a node with a present frame too many", spoil: (m) => given(m.zones.nodes[0]).present++, told: ["node 0: present: 160, 161"] },
  { what: "a node that has no memory", spoil: (m) => Object.assign(given(m.zones.nodes[0]), { hasMemory: false }), told: ["node 0: has memory: true, false"] },
  { what: "a zonelist without a zone", spoil: (m) => Object.assign(given(m.zones.nodes[0]), { zonelist: [zone(m, 2)] }), told: ["node 0: zonelist: 2, 1"] },
  { what: "an allocation of another order than its block", spoil: (m) => m.allocations.setOrder(m.allocations.slotOf(1), 1), told: ["128: the head of allocation 1, code 194"] },
  { what: "an allocation at another frame", spoil: (m) => m.allocations.setHead(m.allocations.slotOf(2), 81), told: ["80: an allocation, of no label", "81: the head of allocation 2, code 128"] },
  { what: "an allocation that is freed and nobody holds", spoil: (m) => m.allocations.setFlag(m.allocations.slotOf(4), 4, true), told: ["133: gone with the last reference, allocation 4, freed"] },
  { what: "a bit of a CMA area that nobody has taken", spoil: (m) => given(m.cma.areas[0]).bits.fill(1), told: ["CMA area 0: bits taken: 2, 4"] },
  { what: "a pageblock with two owners", spoil: (m) => m.isolation.tokens.set(2, given(m.isolation.tokens.get(1))), told: ["isolated pageblocks with one owner: 2, 4", "isolated pageblocks in books: 2, 4"] },
  { what: "a pageblock that nobody owns", spoil: (m) => given(m.isolation.tokens.get(1)).pageblocks.delete(112), told: ["isolated pageblocks in books: 2, 1"] },
  { what: "a pageblock that a book has and that is not isolated", spoil: (m) => given(m.isolation.tokens.get(1)).pageblocks.add(120), told: ["120: isolated, as a book says, not isolated", "isolated pageblocks in books: 2, 3"] },
  { what: "a block with a poisoned frame too many", spoil: (m) => block(m, 3).nrHwpoison++, told: ["block 3: poisoned frames: 1, 2"] },
  { what: "a block that its group does not know", spoil: (m) => given(m.groups.get(1)).blocks.delete(4), told: ["block 4: in its group: true, false"] },
  { what: "an offline block with a zone", spoil: (m) => {
    block(m, 6).zone = zone(m, 2);
  }, told: ["block 6: zone: true, false"] },
  { what: "a frame too many in all", spoil: (m) => m.totals.totalram++, told: ["totalram: 120, 121"] },
  { what: "a memmap frame too many", spoil: (m) => m.totals.nrMemmapPages++, told: ["memmap frames: 24, 25"] },
  { what: "a boot memmap frame too many", spoil: (m) => m.totals.nrMemmapBootPages++, told: ["boot memmap frames: 24, 25"] },
  { what: "a poisoned frame too many", spoil: (m) => m.totals.numPoisoned++, told: ["poisoned frames: 1, 2"] },
  { what: "a memmap frame that has become something else", spoil: (m) => {
    frames(m, 4)[0] = FrameCode.Reserved;
  }, told: ["zone Normal of node 0: managed: 63, 64", "64: a memmap frame, code 2"] },
  { what: "an allocation of frames that are free", spoil: (m) => m.allocations.add(9, 0, 0, 81), told: ["81: the head of allocation 9, code 128"] },
  { what: "a section of an online block that is not online", spoil: (m) => {
    section(m, 10).online = false;
  }, told: ["zone Movable of node 0: list 1, blocks of order 3: 5, 6", "zone Movable of node 0: free frames: 42, 50", "zone Movable of node 0: sections wholly its own: 3, 4", "zone Movable of node 0: managed: 48, 56", "zone Movable of node 0: present: 48, 64"] },
];

function toldOf(m: Machine): readonly string[] {
  return selfCheck(m).map(({ pfn, where, was, is }) => `${where ?? String(pfn)}: ${was}, ${is}`);
}

describe("the self-check", () => {
  it.each([strict, linux612])("finds nothing in a sound machine: $name", (profile) => {
    expect(toldOf(sound(profile))).toEqual([]);
  });

  it.each(spoilings)("tells of $what", ({ spoil, told }) => {
    const machine = sound();
    spoil(machine);

    expect(toldOf(machine)).toEqual(told);
  });

  // Undoing the isolation of a part of a larger block: from then on Linux itself counts free frames wrongly.
  it("says nothing of free counts and list types once KD-1 has let them drift, and still tells of the rest", () => {
    const machine = sound(linux612);
    given(section(machine, 5).types).fill(Type.Movable, 1, 2);
    machine.quirks.applies("KD-1");
    zone(machine, 2).nrFree++;
    zone(machine, 2).nrFreeCma++;
    zone(machine, 2).nrIsolatePageblock++;
    given(machine.isolation.tokens.get(1)).pageblocks.delete(112);
    machine.totals.totalram++;

    expect(toldOf(machine)).toEqual(["totalram: 120, 121"]);
  });

  it("says nothing of who owns what is isolated once KD-2 has let owners undo each other", () => {
    const machine = sound(linux612);
    machine.quirks.applies("KD-2");
    given(machine.isolation.tokens.get(1)).pageblocks.delete(112);
    zone(machine, 2).nrFree++;

    expect(toldOf(machine)).toEqual(["zone Normal of node 0: free frames: 33, 34"]);
  });
});

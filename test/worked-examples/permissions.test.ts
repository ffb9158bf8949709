/** Each known difference of Linux is counted where it made one, and nowhere else. */
import { describe, expect, it } from "vitest";
import { linux612, strict, toPfn } from "../../models/index.ts";
import type { Command, MachineDescription, PageKind, Profile, Subject, SwitchId } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { add, alloc, compoundContig, contig, deviceMap, free, freeContig, freeToPcp, isolate, offlineAndRemove, pin, place, poison, unisolate, unpoison, writeState } from "./commands.ts";
import { cutTo, machineA, machineB, node, range, toy, withMovable } from "./machines.ts";

interface Case {
  readonly machine: MachineDescription;
  /** Blocks that are in use before the first command, by kind, order and first frame; the id is the frame. */
  readonly blocks?: readonly (readonly [PageKind, number, number])[];
  readonly commands: readonly Command[];
  readonly uses: readonly SwitchId[];
}

const vetoOnline: Command = { op: "veto", event: "GOING_ONLINE", errno: "ENOMEM" };

/** Four frames for a request that can not wait. */
const atomic = (id: number): Command => ({ op: "alloc-atomic", id, order: 2, node: 0, zone: "normal" });

const reserving: MachineDescription = { ...machineA, nodes: [node([0, 512])], hotplugEnd: toPfn(512), highAtomic: true };

const cases: Readonly<Record<string, Case>> = {
  "undoing the isolation of a part of a larger block": {
    machine: cutTo(machineA, 0, 16),
    blocks: [["user", 0, 0]],
    commands: [isolate(1, 0, 4), isolate(2, 4, 8), free(0), unisolate(1, 0, 4)],
    uses: ["KD-1"],
  },
  "a contiguous allocation that meets a foreign isolation": { machine: machineA, commands: [isolate(1, 0, 8), contig(100, 6, 10)], uses: ["KD-2"] },
  "a compound contiguous allocation that does not fit": { machine: machineB, commands: [compoundContig(100, 0, 4)], uses: ["KD-3"] },
  "undoing the isolation of an Unmovable pageblock": { machine: machineA, commands: [alloc(0, "kernel"), free(0), isolate(1, 0, 4), unisolate(1, 0, 4)], uses: ["KD-4"] },
  "freeing a block with a poisoned frame": { machine: machineA, blocks: [["kernel", 2, 4]], commands: [poison(5), free(4)], uses: ["KD-8"] },
  "unpoisoning a frame freed while poisoned": { machine: machineA, blocks: [["kernel", 0, 5]], commands: [poison(5), free(5), unpoison(5)], uses: ["KD-8"] },
  "a long-term pin of a page off the LRU": { machine: withMovable(machineA, 16), blocks: [["user", 0, 20]], commands: [{ op: "lru-isolate", id: 20 }, pin(20, true)], uses: ["KD-9"] },
  "freeing a compound contiguous allocation that is not aligned": {
    machine: machineA,
    blocks: [["folio", 1, 0], ["folio", 1, 6]],
    commands: [compoundContig(100, 2, 6), freeContig(2, 6)],
    uses: ["KD-11"],
  },
  "an add that fails at its third section": { machine: toy, commands: [{ op: "fail-next", what: "memmap", skip: 2 }, add(128, 192)], uses: ["EX-1", "EX-3"] },
  "a vetoed online in an empty zone": { machine: toy, commands: [add(128, 160), vetoOnline, writeState(4, "online_movable")], uses: ["EX-6"] },
  "a failed offline of an Unmovable pageblock": {
    machine: { ...toy, arch: "arm64" },
    commands: [alloc(0, "kernel"), free(0), writeState(2, "offline")],
    uses: ["EX-7"],
  },
  "a device that encloses another": {
    machine: { ...toy, nodes: [node([32, 132])], reserved: [range(60, 64)] },
    commands: [deviceMap(1, 136, 140), deviceMap(2, 132, 144)],
    uses: ["EX-9"],
  },
  "a failed removal behind which a zone has shrunk": {
    machine: { ...toy, dma32End: toPfn(128) },
    commands: [add(128, 160), writeState(4, "online"), contig(100, 128, 129), offlineAndRemove(96, 160)],
    uses: ["EX-10"],
  },
  "a failed removal behind which the block fits its zone still": { machine: toy, commands: [add(128, 160), writeState(4, "online"), contig(100, 128, 129), offlineAndRemove(96, 160)], uses: [] },
  "an online word that is refused": { machine: toy, commands: [add(128, 160), writeState(4, "online"), writeState(4, "online_movable")], uses: ["S-05"] },
  "going offline with a frame that can not move": { machine: toy, commands: [add(128, 160), writeState(4, "online_movable"), contig(100, 128, 129), writeState(4, "offline")], uses: ["S-30"] },
  "giving up a free pageblock of the HighAtomic reserve": { machine: reserving, commands: [atomic(1), free(1), { op: "unreserve", node: 0, movable: false, force: true }], uses: ["KD-6"] },
  "an atomic request that a per-CPU list serves": { machine: reserving, commands: [alloc(1, "kernel", 2), freeToPcp(1), atomic(2)], uses: ["KD-12"] },
  "nothing out of the ordinary": { machine: machineA, commands: [alloc(0, "user"), isolate(1, 4, 8), unisolate(1, 4, 8), contig(100, 8, 16), freeContig(8, 16), free(0)], uses: [] },
};

describe.each(subjects)("permissions: $name", ({ create }) => {
  function after({ machine, blocks = [], commands }: Case, profile: Profile): Subject {
    const subject = create(machine, profile);
    for (const [kind, order, pfn] of blocks) place(subject, alloc(pfn, kind, order), pfn);
    for (const command of commands) subject.apply(command);
    return subject;
  }

  it.each(Object.entries(cases))("counts what Linux does differently: %s", (_, example) => {
    const used = after(example, linux612).permissionsUsed();

    expect(Object.keys(used).toSorted()).toEqual([...example.uses].toSorted());
    expect(Object.values(used).filter((times) => times < 1)).toEqual([]);
  });

  it.each(Object.entries(cases))("counts nothing under strict: %s", (_, example) => {
    expect(after(example, strict).permissionsUsed()).toEqual({});
  });
});

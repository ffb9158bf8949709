/**
 * For each clause the smallest lies that it alone stands against: an outcome that is admitted, and the same with one thing
 * changed that nothing but this clause asks about.
 */
import { describe, expect, it } from "vitest";
import { clauses, createReference, strict, toPfn } from "../../models/index.ts";
import type { Command, MachineDescription, Outcome, Subject } from "../../models/index.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { subjects } from "../subjects.ts";
import { add, alloc, cmaAlloc, contig, free, freeToPcp, frames, grant, isolate, occupy, place, prepare, softOffline, writeState } from "../worked-examples/commands.ts";
import { cmaArea, cutTo, machineA, node, toy, withMovable } from "../worked-examples/machines.ts";

interface Lie {
  readonly clause: string;
  readonly what: string;
  /** The frames concerned, where there are some. */
  readonly at?: readonly number[];
  /** What the engine, which asks in another order, names instead. */
  readonly ofEngine?: readonly [clause: string, at: readonly number[]];
  readonly machine: MachineDescription;
  readonly state?: (subject: Subject) => void;
  readonly command: Command;
  /** What is told instead of what was done. */
  readonly told: (truth: Outcome) => Outcome;
}

const withCma: MachineDescription = { ...machineA, cma: [cmaArea(16, 8, 0)] };
const small = cutTo(machineA, 0, 16);
const hold: Command = { op: "hold", id: 1 };
const oneUser = (subject: Subject): void => place(subject, alloc(1, "user"), 5);
const bit16Taken = (subject: Subject): void => place(subject, alloc(1, "user"), 16);

/** Sixteen frames are free, and no two of them side by side. */
function everySecondInUse(subject: Subject): void {
  occupy(subject, "user", frames(0, 32));
  prepare(subject, ...frames(0, 16).map((nr) => free(2 * nr)));
}

/** Two pages in the range of a contiguous allocation that has begun. */
function twoToMove(subject: Subject): void {
  occupy(subject, "user", [5, 6]);
  subject.apply({ op: "start", task: 1, command: contig(99, 4, 8) });
  subject.apply({ op: "step", task: 1 });
}

/** Two pages in a block whose offline has begun. */
function offlineToMove(subject: Subject): void {
  occupy(subject, "user", [100, 101]);
  subject.apply({ op: "start", task: 1, command: writeState(3, "offline") });
  subject.apply({ op: "step", task: 1 });
}

/** What is told of that step when neither page can move. */
function stepOfStuckOffline(): Outcome {
  const subject = createReference(toy, strict);
  occupy(subject, "user", [100, 101]);
  for (const id of [100, 101]) prepare(subject, { op: "pin", id, longTerm: false });
  subject.apply({ op: "start", task: 1, command: writeState(3, "offline") });
  subject.apply({ op: "step", task: 1 });
  return subject.apply({ op: "step", task: 1 });
}

/** What is told of the same block when a page of it can not move. */
function stuckOffline(): Outcome {
  const subject = createReference(toy, strict);
  place(subject, alloc(1, "user"), 100);
  prepare(subject, { op: "pin", id: 1, longTerm: false });
  return subject.apply(writeState(3, "offline"));
}

/** The truth with this grant. */
function gives(pfn: number, order = 0, retyped: readonly number[] = []): Lie["told"] {
  return (truth) => ({ ...truth, grant: grant(pfn, order, retyped) });
}

const lies: readonly Lie[] = [
  { clause: "outcome-result", what: "another errno", machine: machineA, command: writeState(99, "online"), told: (truth) => ({ ...truth, errno: "EIO" }) },
  { clause: "outcome-result", what: "a refusal where nothing stands in the way", machine: machineA, command: isolate(1, 0, 4), told: () => ({ result: "refused", errno: "EBUSY" }) },
  { clause: "outcome-result", what: "success where something does", at: [0], machine: small, state: (subject) => place(subject, alloc(1, "kernel"), 0, [0, 4, 8, 12]), command: isolate(1, 0, 4), told: () => ({ result: "ok" }) },
  { clause: "outcome-result", what: "an attempt of a search that failed although nothing was in its way", at: [16], machine: withCma, command: cmaAlloc(1, 2), told: ({ attempts = [], ...truth }) => ({ ...truth, attempts: attempts.map((attempt) => ({ ...attempt, errno: "EBUSY" })) }) },
  { clause: "outcome-shape", what: "frames for a command that gives none", machine: machineA, state: oneUser, command: hold, told: (truth) => ({ ...truth, grant: grant(8) }) },
  { clause: "outcome-shape", what: "a range that begins elsewhere", at: [16], ofEngine: ["outcome-shape", []], machine: withCma, command: cmaAlloc(1, 2), told: (truth) => ({ ...truth, start: toPfn(18) }) },
  { clause: "outcome-shape", what: "a page moved by a command that moves none", ofEngine: ["move-allowed", []], machine: machineA, state: oneUser, command: hold, told: (truth) => ({ ...truth, moved: [{ id: 1, from: toPfn(5), to: grant(8) }] }) },
  { clause: "outcome-shape", what: "an attempt behind the one that succeeded", ofEngine: ["attempt-order", []], machine: withCma, command: cmaAlloc(1, 2), told: ({ attempts = [], ...truth }) => ({ ...truth, attempts: [...attempts, { start: toPfn(18) }] }) },
  { clause: "grant-free", what: "a frame in use", at: [5], machine: machineA, state: oneUser, command: alloc(2, "user"), told: gives(5) },
  { clause: "grant-free", what: "a block with one frame in use", at: [4, 5], ofEngine: ["grant-aligned", [4]], machine: machineA, state: oneUser, command: alloc(2, "folio", 1), told: gives(4, 1) },
  { clause: "grant-free", what: "a frame that is not there", at: [90], machine: machineA, command: alloc(1, "user"), told: gives(90) },
  { clause: "grant-aligned", what: "a block that is not aligned", at: [5, 6], ofEngine: ["grant-aligned", [5]], machine: machineA, command: alloc(1, "folio", 1), told: gives(5, 1) },
  { clause: "grant-aligned", what: "a block of another order", at: [4], machine: machineA, command: alloc(1, "user"), told: gives(4, 1) },
  { clause: "grant-free", what: "a block of two frames although every second one is in use", at: [4, 5], ofEngine: ["grant-aligned", [4]], machine: machineA, state: everySecondInUse, command: alloc(99, "folio", 1), told: () => ({ result: "ok", grant: grant(4, 1) }) },
  { clause: "grant-aligned", what: "free frames that are two blocks", at: [0, 1, 2, 3, 4, 5, 6, 7], ofEngine: ["grant-aligned", [0]], machine: machineA, state: (subject) => prepare(subject, isolate(1, 0, 4)), command: alloc(1, "kernel", 3), told: gives(0, 3) },
  { clause: "grant-zone", what: "a frame of zone Movable for the kernel", at: [20], machine: withMovable(machineA, 16), command: alloc(1, "kernel"), told: gives(20) },
  { clause: "grant-zone", what: "a frame of another node", at: [20], machine: { ...machineA, nodes: [node([0, 16]), node([16, 32])] }, command: { ...alloc(1, "user"), thisNode: true }, told: gives(20) },
  { clause: "grant-not-isolated", what: "a frame of an isolated pageblock", at: [4], machine: machineA, state: (subject) => prepare(subject, isolate(1, 4, 8)), command: alloc(1, "user"), told: gives(4) },
  { clause: "grant-type", what: "a CMA frame for the kernel", at: [16], machine: withCma, command: alloc(1, "kernel"), told: gives(16) },
  { clause: "grant-type", what: "a per-CPU frame of another type", at: [5], machine: machineA, state: (subject) => {
    oneUser(subject);
    prepare(subject, freeToPcp(1));
  }, command: alloc(2, "kernel"), told: gives(5) },
  { clause: "grant-type", what: "a part of a per-CPU block", at: [5], ofEngine: ["grant-free", [5]], machine: machineA, state: (subject) => {
    place(subject, alloc(1, "folio", 1), 4);
    prepare(subject, freeToPcp(1));
  }, command: alloc(2, "user"), told: gives(5) },
  { clause: "grant-fallback", what: "a Movable frame for a reclaimable page although Unmovable has one", at: [17], machine: machineA, state: (subject) => {
    place(subject, alloc(1, "kernel"), 0, [0, 4, 8, 12]);
    place(subject, alloc(2, "user"), 16);
  }, command: alloc(3, "slab-reclaimable"), told: gives(17) },
  { clause: "grant-retype", what: "a pageblock claimed that has the type already", at: [0], machine: machineA, command: alloc(1, "user"), told: gives(0, 0, [0]) },
  { clause: "grant-retype", what: "a large block claimed in part", at: [0, 4], ofEngine: ["grant-retype", [0]], machine: small, command: alloc(1, "kernel"), told: gives(0, 0, [0, 4]) },
  { clause: "grant-retype", what: "a pageblock claimed far from the block", at: [0, 4, 8, 12, 16], ofEngine: ["grant-retype", [0]], machine: small, command: alloc(1, "kernel"), told: gives(0, 0, [0, 4, 8, 12, 16]) },
  { clause: "grant-retype", what: "another pageblock claimed than the one around", at: [8], ofEngine: ["grant-retype", [6]], machine: machineA, state: (subject) => occupy(subject, "user", [4]), command: alloc(1, "kernel", 1), told: gives(6, 1, [8]) },
  { clause: "grant-retype", what: "a pageblock claimed for a per-CPU frame", at: [5], machine: machineA, state: (subject) => {
    oneUser(subject);
    prepare(subject, freeToPcp(1));
  }, command: alloc(2, "user"), told: gives(5, 0, [4]) },
  { clause: "grant-retype", what: "a CMA pageblock claimed", at: [16, 20], ofEngine: ["grant-retype", [16]], machine: withCma, command: alloc(1, "user"), told: gives(16, 0, [16, 20]) },
  { clause: "refusal-needless", what: "no frame although there are some", machine: machineA, command: alloc(1, "user"), told: () => ({ result: "refused", errno: "ENOMEM" }) },
  { clause: "move-allowed", what: "a page moved that lies elsewhere", at: [9], machine: machineA, state: (subject) => occupy(subject, "user", [5, 9]), command: contig(99, 4, 8), told: ({ moved = [], ...truth }) => ({ ...truth, moved: [...moved, { id: 9, from: toPfn(9), to: grant(20) }] }) },
  { clause: "move-allowed", what: "a page moved from where it is not", at: [6], machine: machineA, state: oneUser, command: contig(99, 4, 8), told: ({ moved = [], ...truth }) => ({ ...truth, moved: moved.map((move) => ({ ...move, from: toPfn(6) })) }) },
  { clause: "move-allowed", what: "a page moved twice", at: [5], machine: machineA, state: oneUser, command: contig(99, 4, 8), told: ({ moved = [], ...truth }) => ({ ...truth, moved: [...moved, ...moved] }) },
  { clause: "move-missing", what: "a page left in the range", at: [5], machine: machineA, state: oneUser, command: contig(99, 4, 8), told: (truth) => ({ ...truth, moved: [] }) },
  { clause: "move-missing", what: "a page left in a block that went offline", at: [100], machine: toy, state: (subject) => place(subject, alloc(1, "user"), 100), command: writeState(3, "offline"), told: (truth) => ({ ...truth, moved: [] }) },
  { clause: "move-missing", what: "a page left in a block, as if another were in the way", at: [100], machine: toy, state: (subject) => place(subject, alloc(1, "user"), 100), command: writeState(3, "offline"), told: () => stuckOffline() },
  { clause: "move-missing", what: "a step that ends although a page is left", at: [5], ofEngine: ["outcome-shape", [4]], machine: machineA, state: twoToMove, command: { op: "step", task: 1 }, told: (truth) => ({ ...truth, moved: [] }) },
  { clause: "outcome-shape", what: "two pages moved in one step", ofEngine: ["outcome-shape", [4]], machine: machineA, state: twoToMove, command: { op: "step", task: 1 }, told: ({ moved = [], ...truth }) => ({ ...truth, moved: [...moved, { id: 6, from: toPfn(6), to: grant(20) }] }) },
  { clause: "move-missing", what: "a step of an offline that ends although a page is left", at: [100], machine: toy, state: offlineToMove, command: { op: "step", task: 1 }, told: () => stepOfStuckOffline() },
  { clause: "outcome-shape", what: "two pages moved in one step of an offline", ofEngine: ["outcome-shape", [96]], machine: toy, state: offlineToMove, command: { op: "step", task: 1 }, told: ({ moved = [], ...truth }) => ({ ...truth, moved: [...moved, { id: 101, from: toPfn(101), to: grant(70) }] }) },
  { clause: "move-missing", what: "a page left in a block beside one that has nowhere to go", at: [100], machine: toy, state: (subject) => {
    occupy(subject, "user", [...frames(64, 95), 100]);
    place(subject, alloc(1, "folio", 1), 102);
  }, command: writeState(3, "offline"), told: () => ({ result: "ok" }) },
  { clause: "grant-aligned", what: "a page compacted to where it is not aligned", at: [15], machine: { ...small, compaction: true }, state: (subject) => {
    place(subject, alloc(1, "folio", 1), 0);
    place(subject, alloc(2, "user"), 12);
  }, command: { op: "compact", node: 0, zone: "Normal" }, told: (truth) => ({ ...truth, moved: [{ id: 1, from: toPfn(0), to: grant(15, 1) }] }) },
  { clause: "drop-allowed", what: "a page dropped that is no file's", ofEngine: ["drop-allowed", [5]], machine: machineA, state: oneUser, command: contig(99, 4, 8), told: (truth) => ({ ...truth, moved: [], dropped: [1] }) },
  { clause: "drop-allowed", what: "a page taken out of use and dropped that is no file's", ofEngine: ["refusal-needless", []], machine: machineA, state: oneUser, command: softOffline(5), told: (truth) => ({ ...truth, moved: [], dropped: [1] }) },
  { clause: "attempt-order", what: "the first candidate left out", at: [16], machine: withCma, command: cmaAlloc(1, 2), told: (truth) => ({ ...truth, attempts: [{ start: toPfn(18) }] }) },
  { clause: "attempt-order", what: "a search that ends early", at: [17], machine: withCma, state: (subject) => {
    bit16Taken(subject);
    prepare(subject, { op: "pin", id: 1, longTerm: false });
  }, command: cmaAlloc(2, 2), told: ({ attempts = [], ...truth }) => ({ ...truth, attempts: attempts.slice(0, 1) }) },
  { clause: "notifier-order", what: "two calls in the wrong order", machine: toy, state: (subject) => prepare(subject, add(128, 160)), command: writeState(4, "online"), told: ({ events = [], ...truth }) => ({ ...truth, events: events.toReversed() }) },
  { clause: "notifier-order", what: "a call of another range", machine: toy, state: (subject) => prepare(subject, add(128, 160)), command: writeState(4, "online"), told: ({ events = [], ...truth }) => ({ ...truth, events: events.map((event) => ({ ...event, nrPages: 16 })) }) },
  { clause: "notifier-order", what: "a call where none is made", machine: machineA, state: oneUser, command: hold, told: (truth) => ({ ...truth, events: [{ event: "ONLINE", start: toPfn(0), nrPages: 16 }] }) },
  { clause: "notifier-order", what: "a call left out", machine: toy, state: (subject) => prepare(subject, add(128, 160)), command: writeState(4, "online"), told: ({ events = [], ...truth }) => ({ ...truth, events: events.slice(0, -1) }) },
  { clause: "memmap-size", what: "a block of another order", at: [64], machine: toy, command: add(128, 160), told: ({ memmap = [], ...truth }) => ({ ...truth, memmap: memmap.map((block) => ({ ...block, order: 1 })) }) },
  { clause: "refusal-needless", what: "single frames for a memmap although there are blocks", machine: toy, command: add(128, 160), told: (truth) => ({ ...truth, memmap: frames(64, 72).map((pfn) => grant(pfn)) }) },
];

/** A subject in the state of the lie. */
function before({ machine, state }: Lie, create: (typeof subjects)[number]["create"]): Subject {
  const subject = create(machine, strict);
  state?.(subject);
  return subject;
}

describe("the clauses", () => {
  it("have a lie each", () => {
    expect([...new Set(lies.map(({ clause }) => clause))].toSorted()).toEqual(Object.keys(clauses).toSorted());
  });
});

describe.each(subjects)("the $name", ({ name, create }) => {
  it.each(lies)("admits the truth, and breaks $clause by $what", (lie) => {
    const truth = before(lie, create).apply(lie.command);

    expect(before(lie, create).follow(lie.command, truth)).toEqual({ verdict: "admitted" });
    const { clause, at = [], ofEngine = [clause, at] } = lie;
    const [named, where] = name === "engine" ? ofEngine : [clause, at];
    expect(before(lie, create).follow(lie.command, lie.told(truth))).toMatchObject({ verdict: "breach", clause: named, frames: where });
  });
});

describe("a clause of the reference", () => {
  it.each(lies)("tells of $what why, and what would have been permitted", (lie) => {
    const [{ create }] = subjects as readonly [(typeof subjects)[number]];
    const verdict = before(lie, create).follow(lie.command, lie.told(before(lie, create).apply(lie.command)));

    if (verdict.verdict !== "breach") throw new Error("it is admitted");
    expect(verdict.because).toMatch(/\w/u);
    expect(verdict.permitted.filter((words) => words !== "")).not.toEqual([]);
  });
});

describe("a breach of the engine", () => {
  it.each(lies)("tells of $what why", (lie) => {
    const verdict = before(lie, createEngine).follow(lie.command, lie.told(before(lie, createEngine).apply(lie.command)));

    expect(verdict).toMatchObject({ because: expect.stringMatching(/, because \w/u) as string, permitted: [expect.stringMatching(/\w/u) as string] });
  });

  it("tells what would have been permitted, zones by name", () => {
    const engine = createEngine({ ...machineA, dma32End: toPfn(16) }, strict);

    expect(engine.follow(alloc(1, "user"), { result: "ok", grant: grant(90) })).toMatchObject({ permitted: ["1 aligned frames of one free block on a list that a Movable request may use, or a per-CPU entry of that order and type, in zone Normal of node 0, DMA32 of node 0"] });
  });
});

describe("the truth of an allocation", () => {
  it("is any block that the rules permit, and not one that the subject likes best", () => {
    for (const { create } of subjects) {
      for (const pfn of frames(0, 32)) expect(create(machineA, strict).follow(alloc(1, "user"), { result: "ok", grant: grant(pfn) })).toEqual({ verdict: "admitted" });
      const subject = create(machineA, strict);
      occupy(subject, "user", [3]);
      prepare(subject, free(3));
      expect(subject.follow(alloc(1, "user"), { result: "ok", grant: grant(3) })).toEqual({ verdict: "admitted" });
    }
  });

  // | 4 user | 5 free | 6 free pair |   the pair goes to the kernel, and its pageblock with it
  it("may claim the pageblock around a smaller block, as its head is told", () => {
    for (const { create } of subjects) {
      const subject = create(machineA, strict);
      occupy(subject, "user", [4]);

      expect(subject.follow(alloc(1, "kernel", 1), { result: "ok", grant: grant(6, 1, [4]) })).toEqual({ verdict: "admitted" });
      expect(subject.view().pageblocks?.filter(({ type }) => type === "Unmovable").map(({ start }) => start)).toEqual([4]);
    }
  });
});

/** Per-CPU batches of the LRU hold references, and keep pages where they are until somebody drains them. */
import { describe, expect, it } from "vitest";
import { namedMachines, strict, toPfn } from "../../models/index.ts";
import type { Command, MachineDescription, Subject } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { alloc, contig, fakeOffline, free, pin, pinRange, poison, prepare, softOffline, writeState } from "./commands.ts";
import { allocation, framesOf, run, useOf, zoneView } from "./notation.ts";

// A page of a process lies in zone Movable, at its lowest free frame.
//
//   0x20        0x30   0x38   0x40            0x50            0x60          0x80
//   |  memmap    |      | CMA   |    Normal     |    Movable    |   not added  |
const machine = namedMachines.find(({ name }) => name === "tiny-lru");

function machineOf(): MachineDescription {
  if (machine === undefined) throw new Error("there is no machine tiny-lru");
  return machine;
}

const isolate = (id: number): Command => ({ op: "lru-isolate", id });
const batch = (id: number): Command => ({ op: "lru-batch", id });
const drain: Command = { op: "lru-drain" };

function batchOf(subject: Subject, id: number): string | undefined {
  return allocation(subject, id)?.lruBatch;
}

/** Why a command is skipped, or how it ends. */
function reason(subject: Subject, command: Command): string | undefined {
  const { result, because } = subject.apply(command);
  return result === "skipped" ? because?.kind : result;
}

describe.each(subjects)("a batch of the LRU: $name", ({ create }) => {
  /** Page 1 is on the LRU and in a batch, page 2 is still to be added. */
  function twoBatched(): Subject {
    const subject = create(machineOf(), strict);
    prepare(subject, alloc(1, "user"), alloc(2, "user"), batch(1), isolate(2), batch(2));
    return subject;
  }

  /** Page 1 is at 0x50 of zone Normal, as there is no other, and still to be added. */
  function toBeAdded(): Subject {
    const subject = create({ ...machineOf(), cma: [], nodes: [{ memory: machineOf().nodes[0]?.memory ?? [], movableStart: null, cpus: true }] }, strict);
    prepare(subject, contig(9, 0x30, 0x50), alloc(1, "user"), isolate(1), batch(1));
    return subject;
  }

  it("has pages that are on the LRU, and pages that are to be added", () => {
    const subject = twoBatched();

    expect([batchOf(subject, 1), batchOf(subject, 2)]).toEqual(["move", "add"]);
    expect(allocation(subject, 2)?.lruIsolated).toBe(false);
    expect(reason(subject, isolate(1))).toBe("ok");
    expect(reason(subject, isolate(2))).toBe("not-on-lru");
    prepare(subject, drain);
    expect([batchOf(subject, 1), batchOf(subject, 2)]).toEqual(["none", "none"]);
    expect(reason(subject, isolate(2))).toBe("ok");
  });

  it("is drained by a long-term pin that meets a page with a reference too many, on the LRU or not", () => {
    for (const id of [1, 2]) {
      const subject = twoBatched();

      expect(run(subject, pin(id, true))).toBe("ok");
      expect(framesOf(subject, id)).toBe("48");
      expect([batchOf(subject, 1), batchOf(subject, 2)]).toEqual(["none", "none"]);
    }
  });

  it("is drained for all pages of a range before the first of them moves", () => {
    const subject = twoBatched();
    prepare(subject, alloc(3, "user"));

    expect(run(subject, pinRange(3, 0, 1))).toBe("ok");
    expect([framesOf(subject, 3), framesOf(subject, 1)]).toEqual(["48", "49"]);
  });

  it("is drained for a page that somebody else refers to, in vain", () => {
    const subject = twoBatched();
    prepare(subject, alloc(3, "user"), { op: "hold", id: 3 });

    expect(run(subject, pin(3, true))).toBe("ENOMEM");
    expect([batchOf(subject, 1), batchOf(subject, 2)]).toEqual(["none", "none"]);
  });

  it("is not drained by a pin that moves nothing, or that meets no reference too many", () => {
    const subject = twoBatched();
    prepare(subject, alloc(3, "folio", 1), alloc(4, "user"), pin(1, false), pin(3, true), pin(4, true));

    expect([batchOf(subject, 1), batchOf(subject, 2)]).toEqual(["move", "add"]);
  });

  it("keeps a page that its owner frees, and frees it when it is drained", () => {
    const subject = twoBatched();
    prepare(subject, free(1), free(2));
    expect([useOf(subject, 0x50), useOf(subject, 0x51), zoneView(subject, "Movable").nrFree]).toEqual(["allocated", "allocated", 14]);

    prepare(subject, drain);

    expect([allocation(subject, 1), allocation(subject, 2), zoneView(subject, "Movable").nrFree]).toEqual([undefined, undefined, 16]);
  });

  it("is drained by an offline before it isolates, and stays empty until that is over", () => {
    const subject = twoBatched();
    prepare(subject, free(2));
    expect(run(subject, { op: "start", task: 1, command: writeState(5, "offline") })).toBe("running");

    expect([batchOf(subject, 1), allocation(subject, 2)]).toEqual(["none", undefined]);
    prepare(subject, isolate(1), batch(1));
    expect([batchOf(subject, 1), allocation(subject, 1)?.lruIsolated]).toEqual(["none", false]);
    expect([run(subject, { op: "step", task: 1 }), run(subject, { op: "signal", task: 1 })]).toEqual(["running", "EINTR"]);
    prepare(subject, batch(1));
    expect(batchOf(subject, 1)).toBe("move");
  });

  it("is drained by a contiguous allocation once it has isolated its range", () => {
    const subject = twoBatched();
    expect(run(subject, { op: "start", task: 1, command: contig(3, 0x50, 0x54) })).toBe("running");
    expect([batchOf(subject, 1), batchOf(subject, 2)]).toEqual(["move", "add"]);

    expect(run(subject, { op: "step", task: 1 })).toBe("running");
    prepare(subject, batch(1));

    expect([batchOf(subject, 1), batchOf(subject, 2)]).toEqual(["none", "none"]);
    expect(run(twoBatched(), fakeOffline(0x50, 0x54, false))).toBe("ok");
  });

  // Outside zone Movable it has to look movable, before the batches are drained.
  it("makes a page that is to be added unmovable to a contiguous allocation, and not to an offline", () => {
    expect(framesOf(toBeAdded(), 1)).toBe("80");
    expect(run(toBeAdded(), contig(2, 0x50, 0x54))).toBe("EBUSY");
    const subject = toBeAdded();
    prepare(subject, { op: "free-contig", start: toPfn(0x30), nrPages: 0x20, pcp: false });
    expect(run(subject, writeState(5, "offline"))).toBe("ok");
  });

  it("is drained for a memory error in a page of the LRU, and in one that is on its way there", () => {
    for (const pfn of [0x50, 0x51]) {
      const subject = twoBatched();

      expect(run(subject, poison(pfn))).toBe("ok");
      expect(useOf(subject, pfn)).toBe("poisoned");
    }
  });

  it("is drained by a soft offline of a page that is on its way to the LRU, not of one that is there", () => {
    const subject = twoBatched();

    expect(run(subject, softOffline(0x50))).toBe("EBUSY");
    expect([batchOf(subject, 1), batchOf(subject, 2)]).toEqual(["move", "add"]);
    expect(run(subject, softOffline(0x51))).toBe("ok");
    expect(batchOf(subject, 1)).toBe("none");
  });

  it("is not drained by a soft offline of a driver's page", () => {
    const subject = twoBatched();
    prepare(subject, alloc(3, "driver-movable"));
    const pfn = Number(framesOf(subject, 3));

    run(subject, softOffline(pfn));

    expect([batchOf(subject, 1), batchOf(subject, 2)]).toEqual(["move", "add"]);
  });

  it("leaves a page that its owner has freed to the memory error that looks at it", () => {
    const subject = twoBatched();
    prepare(subject, free(1));

    expect(run(subject, poison(0x50))).toBe("ok");
    expect([useOf(subject, 0x50), allocation(subject, 1)]).toEqual(["poisoned", undefined]);
  });

  it("leaves the frame of a freed page out of use that has gone bad in the meantime", () => {
    const subject = twoBatched();
    prepare(subject, free(2));

    expect(run(subject, poison(0x51))).toBe("EBUSY");
    expect([useOf(subject, 0x51), allocation(subject, 2)]).toEqual(["poisoned", undefined]);
  });

  it("takes single pages of the LRU, each once, and only where there are batches", () => {
    const { lruBatches: _, ...plain } = machineOf();
    const subject = twoBatched();
    prepare(subject, alloc(3, "folio", 1), alloc(4, "kernel"), { op: "hold", id: 1 }, free(1));

    expect([1, 2, 3, 4, 5].map((id) => reason(subject, batch(id)))).toEqual(["freed-already", "in-batch", "not-single-lru", "not-single-lru", "no-such-label"]);
    expect([batch(1), drain].map((command) => reason(create(plain, strict), command))).toEqual(["no-lru-batches", "no-lru-batches"]);
  });
});

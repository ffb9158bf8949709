/** What a naive reading of zone spans gets wrong: how they are chosen, grow, shrink and stay. */
import { describe, expect, it } from "vitest";
import { linux612, strict, toPfn } from "../../models/index.ts";
import type { MachineDescription, Profile, Subject } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { add, alloc, offlineAndRemove, place, prepare, writeState } from "./commands.ts";
import { node, toy } from "./machines.ts";
import { blockState, nodeTuple, nodeView, run, validZones, zoneTuple, zoneView } from "./notation.ts";

describe.each(subjects)("the zone of a block, closely: $name", ({ create }) => {
  it("changes its default as other blocks come and go", () => {
    const subject = create(toy, linux612);
    prepare(subject, add(128, 224), writeState(4, "online_movable"));
    expect(validZones(subject, 5)).toBe("Normal Movable");

    prepare(subject, writeState(6, "online_movable"));
    expect(validZones(subject, 5)).toBe("Movable Normal");

    prepare(subject, writeState(6, "offline"));
    expect(validZones(subject, 5)).toBe("Normal Movable");
  });

  // Blocks 5 and 7 are Movable, block 8 Normal: the spans of both zones cover block 6.
  it.each([
    { movableNode: false, zones: "Normal Movable" },
    { movableNode: true, zones: "Movable Normal" },
  ])("is $zones where both spans cover it, movable_node being $movableNode", ({ movableNode, zones }) => {
    const subject = create({ ...toy, movableNode }, linux612);
    prepare(subject, add(128, 288), writeState(5, "online_movable"), writeState(7, "online_movable"), writeState(8, "online_kernel"));

    expect(validZones(subject, 6)).toBe(zones);
  });

  it("is Normal outside the span of DMA32, also below its limit", () => {
    const subject = create({ ...toy, dma32End: toPfn(512) }, linux612);
    prepare(subject, add(128, 160), writeState(4, "online"));

    expect(zoneTuple(subject, "DMA32").slice(0, 3)).toEqual([32, 96, 96]);
    expect(blockState(subject, 4)).toBe("online Normal");
  });

  it.each([
    { what: "ends where DMA32 begins", block: 2, start: 64 },
    { what: "begins where DMA32 ends", block: 4, start: 128 },
  ])("is Normal for a block that $what", ({ block, start }) => {
    const subject = create({ ...toy, nodes: [node([96, 128])], reserved: [], bootMemmap: toPfn(96), dma32End: toPfn(512) }, linux612);
    prepare(subject, add(start, start + 32), writeState(block, "online_kernel"));

    expect(zoneTuple(subject, "DMA32").slice(0, 2)).toEqual([96, 32]);
    expect(blockState(subject, block)).toBe("online Normal");
  });

  // Block 3 ends zone DMA32; block 4 is Normal and holds a kernel page. Both are to be removed, block 3 goes offline first.
  function zoneShrunkBehind(profile: Profile): Subject {
    const subject = create({ ...toy, dma32End: toPfn(128) }, profile);
    prepare(subject, add(128, 160), writeState(4, "online"));
    place(subject, alloc(1, "kernel"), 128);
    expect(run(subject, offlineAndRemove(96, 160))).toBe("EBUSY");
    return subject;
  }

  it("is another one after a failed removal, because the zone has shrunk meanwhile (linux-6.12)", () => {
    const subject = zoneShrunkBehind(linux612);

    expect(blockState(subject, 3)).toBe("online Normal");
    expect(zoneTuple(subject, "DMA32").slice(0, 3)).toEqual([32, 64, 64]);
  });

  it("is the same after a failed removal (strict)", () => {
    const subject = zoneShrunkBehind(strict);

    expect(blockState(subject, 3)).toBe("online DMA32");
    expect(zoneTuple(subject, "DMA32").slice(0, 3)).toEqual([32, 96, 96]);
  });
});

// Zone DMA32 ends behind its memory, at the limit; nothing of the boot memory is reserved.
//
//   32        64        96                 160       192       256
//   | block 1 | block 2 |       hole                 | Normal   |
//   |<-------------- DMA32 --------------->|<----- Normal ----->|
describe.each(subjects)("a zone with a hole at its end: $name", ({ create }) => {
  const machine: MachineDescription = { ...toy, dma32End: toPfn(160), nodes: [node([32, 96], [192, 256])], reserved: [], bootMemmap: null };

  it("spans the hole", () => {
    expect(zoneTuple(create(machine, linux612), "DMA32")).toEqual([32, 128, 64, 64]);
  });

  it("does not shrink when its last block goes offline", () => {
    const subject = create(machine, linux612);
    prepare(subject, writeState(2, "offline"));

    expect(zoneTuple(subject, "DMA32")).toEqual([32, 128, 32, 32]);
  });

  it("keeps its end when its start moves", () => {
    const subject = create(machine, linux612);
    prepare(subject, writeState(1, "offline"));

    expect(zoneTuple(subject, "DMA32")).toEqual([64, 96, 32, 32]);
    expect(nodeTuple(subject)).toEqual([64, 192, 96]);
  });
});

describe.each(subjects)("a zone with holes at both ends: $name", ({ create }) => {
  // Zone DMA32 is [64, 192), its memory block 3, [96, 128).
  it("spans something still when nothing of it is present", () => {
    const subject = create({ ...toy, dmaEnd: toPfn(64), dma32End: toPfn(192), nodes: [node([32, 64], [96, 128], [192, 256])], reserved: [], bootMemmap: null }, linux612);
    expect(zoneTuple(subject, "DMA32")).toEqual([64, 128, 32, 32]);

    prepare(subject, writeState(3, "offline"));

    expect(zoneTuple(subject, "DMA32")).toEqual([64, 128, 0, 0]);
  });
});

describe.each(subjects)("what a zone leaves on its node: $name", ({ create }) => {
  it("is the number of zones, which does not fall when the highest one empties", () => {
    const subject = create(toy, linux612);
    expect(nodeView(subject, 0).nrZones).toBe(3);

    prepare(subject, add(128, 160), writeState(4, "online_movable"), writeState(4, "offline"));

    expect(zoneTuple(subject, "Movable")).toEqual([0, 0, 0, 0]);
    expect(nodeView(subject, 0).nrZones).toBe(4);
  });

  // Block 5 is online in zone Movable; going online is vetoed for block 6, and on a fresh machine for block 5.
  function vetoed(profile: Profile, firstOnline: boolean): Subject {
    const subject = create(toy, profile);
    prepare(subject, add(128, 224), ...(firstOnline ? [writeState(5, "online_movable")] : []), { op: "veto", event: "GOING_ONLINE", errno: "ENOMEM" });
    expect(run(subject, writeState(6, "online_movable"))).toBe("ENOMEM");
    return subject;
  }

  it("is a zone known as contiguous, and one more zone, after a vetoed online (linux-6.12)", () => {
    expect(zoneView(vetoed(linux612, true), "Movable").contiguous).toBe(true);
    expect(nodeView(vetoed(linux612, false), 0).nrZones).toBe(4);
  });

  it("is nothing after a vetoed online (strict)", () => {
    expect(zoneView(vetoed(strict, true), "Movable").contiguous).toBe(false);
    expect(nodeView(vetoed(strict, false), 0).nrZones).toBe(3);
  });
});

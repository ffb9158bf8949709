/** What a PC with blocks of 128 MiB was seen to do, frame numbers and all. DIMMs begin with block 32, at 4 GiB. */
import { describe, expect, it } from "vitest";
import { linux612, strict } from "../../models/index.ts";
import type { Command, MachineDescription, Profile, Subject } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { add, addSelfHosted, poison, prepare, remove, writeOnline, writeState } from "./commands.ts";
import { blockFrames, dimmStart, memoryless, pc, smallPc } from "./machines.ts";
import { answer, blockState, blockView, counts, events, fact, nodeTuple, nodeView, run, sectionText, totals, validZones, zoneTuple, zoneView } from "./notation.ts";

const everySubsection = "1".repeat(64);

/** Adds so many blocks from block 32 on. */
function dimm(nrBlocks: number, node = 0): Command {
  return add(dimmStart, dimmStart + nrBlocks * blockFrames, null, node);
}

/** What the node masks say of node 1. */
function masks(subject: Subject): string {
  const { online, hasMemory, hasNormalMemory } = nodeView(subject, 1);
  return [online ? "online" : "offline", hasMemory ? "memory" : "", hasNormalMemory ? "normal-memory" : ""].filter((word) => word !== "").join(" ");
}

describe.each(subjects)("a PC with 1 GiB after boot: $name", ({ create }) => {
  it("has zones DMA and DMA32, and no single zone for block 0", () => {
    const view = create(pc, linux612).view();

    expect(zoneTuple(view, "DMA")).toEqual([1, 4095, 3998, 3998]);
    expect(zoneTuple(view, "DMA32").slice(0, 3)).toEqual([4096, 258015, 258015]);
    expect(zoneView(view, "DMA")).toMatchObject({ presentEarly: 3998, contiguous: true });
    expect(zoneView(view, "DMA32").presentEarly).toBe(258015);
    expect(nodeTuple(view)).toEqual([1, 262110, 262013]);
    expect(totals(view).nrMemmapBootPages).toBe(4096);
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((id) => validZones(view, id))).toEqual(["none", "DMA32", "DMA32", "DMA32", "DMA32", "DMA32", "DMA32", "DMA32"]);
    expect([0, 7].map((nr) => sectionText(view, nr))).toEqual([`present memmap online early usage boot ${everySubsection}`, `present memmap online early usage boot ${everySubsection}`]);
  });
});

describe.each(subjects)("a DIMM of 512 MiB: $name", ({ create }) => {
  function withDimm(profile: Profile = linux612): Subject {
    const subject = create(smallPc, profile);
    prepare(subject, dimm(4));
    return subject;
  }

  it("is four offline blocks, which may go to either zone, and changes no zone", () => {
    const view = withDimm().view();

    expect([32, 33, 34, 35].map((id) => blockState(view, id))).toEqual(["offline", "offline", "offline", "offline"]);
    expect([32, 33, 34, 35].map((id) => validZones(view, id))).toEqual(["Normal Movable", "Normal Movable", "Normal Movable", "Normal Movable"]);
    expect(totals(view).nrMemmapPages).toBe(2048);
    expect(zoneTuple(view, "DMA32")).toEqual(zoneTuple(create(smallPc, linux612), "DMA32"));
    expect(nodeTuple(view)).toEqual([1, 32767, 32670]);
  });

  it("goes to zone Normal where neither zone's span is met", () => {
    const subject = withDimm();

    prepare(subject, writeState(33, "online_movable"));
    expect(zoneTuple(subject, "Movable")).toEqual([1081344, 32768, 32768, 32768]);
    prepare(subject, writeState(35, "online"));
    expect(zoneTuple(subject, "Normal")).toEqual([1146880, 32768, 32768, 32768]);
    prepare(subject, writeState(34, "online"));
    expect(zoneTuple(subject, "Normal")).toEqual([1114112, 65536, 65536, 65536]);
  });

  it("answers writes that change nothing differently in state and in online", () => {
    const subject = withDimm();
    prepare(subject, writeState(32, "online"));

    expect(run(subject, writeState(32, "online"))).toBe("EINVAL");
    expect(run(subject, writeOnline(32, true))).toBe("ok");
    expect(run(subject, writeState(33, "offline"))).toBe("EINVAL");
    expect(run(subject, writeOnline(33, false))).toBe("ok");
  });

  // online_movable is written once more while the block is online; then it goes offline and online again.
  it("remembers the word of a refused write for one online (linux-6.12)", () => {
    const subject = withDimm();
    prepare(subject, writeState(32, "online_movable"));

    expect(run(subject, writeState(32, "online_movable"))).toBe("EINVAL");
    prepare(subject, writeState(32, "offline"), writeOnline(32, true));
    expect(blockState(subject, 32)).toBe("online Movable");
    prepare(subject, writeState(32, "offline"), writeOnline(32, true));
    expect(blockState(subject, 32)).toBe("online Normal");
  });

  it("forgets the word of a refused write (strict)", () => {
    const subject = withDimm(strict);
    prepare(subject, writeState(32, "online_movable"));

    expect(run(subject, writeState(32, "online_movable"))).toBe("EINVAL");
    prepare(subject, writeState(32, "offline"), writeOnline(32, true));
    expect(blockState(subject, 32)).toBe("online Normal");
  });

  it("changes nothing that can be seen when going online is vetoed, but forgets the word", () => {
    const subject = withDimm();
    const before = subject.view(["sections"]);
    prepare(subject, { op: "veto", event: "GOING_ONLINE", errno: "ENOMEM" });
    const outcome = subject.apply(writeState(33, "online_movable"));

    expect(answer(outcome)).toBe("ENOMEM");
    expect(events(outcome)).toBe("PREPARE_ONLINE[1081344,1114112) GOING_ONLINE[1081344,1114112) CANCEL_ONLINE[1081344,1114112) FINISH_OFFLINE[1081344,1114112)");
    expect(zoneTuple(subject, "Movable")).toEqual([0, 0, 0, 0]);
    expect(subject.view(["sections"]).sections).toEqual(before.sections);
    prepare(subject, writeOnline(33, true));
    expect(blockState(subject, 33)).toBe("online Normal");
  });

  it("stays online when going offline is vetoed, and nothing stays isolated", () => {
    const subject = withDimm();
    prepare(subject, writeState(33, "online_movable"), { op: "veto", event: "GOING_OFFLINE", errno: "EPERM" });

    expect(run(subject, writeState(33, "offline"))).toBe("EPERM");
    expect(blockState(subject, 33)).toBe("online Movable");
    expect(counts(subject, "Movable")).toBe("nf 32768 iso 0");
  });

  it("counts a poisoned frame as managed until its block is offline, and keeps the block offline then", () => {
    const subject = withDimm();
    prepare(subject, writeState(33, "online_movable"), writeState(34, "online_movable"), poison(1081349));

    expect(zoneTuple(subject, "Movable").slice(2)).toEqual([65536, 65536]);
    prepare(subject, writeState(33, "offline"));
    expect(zoneTuple(subject, "Movable").slice(2)).toEqual([32768, 32768]);
    expect(run(subject, writeState(33, "online_movable"))).toBe("EHWPOISON");
  });

  it("knows a zone as contiguous only after something left it", () => {
    const subject = withDimm();
    const contiguousAfter = (...words: readonly Command[]): boolean | undefined => {
      prepare(subject, ...words);
      return zoneView(subject, "Movable").contiguous;
    };

    expect(contiguousAfter(writeState(33, "online_movable"))).toBe(false);
    expect(contiguousAfter(writeState(34, "online_movable"))).toBe(false);
    expect(contiguousAfter(writeState(34, "offline"))).toBe(true);
    expect(contiguousAfter(writeState(35, "online_movable"))).toBe(false);
    expect(contiguousAfter(writeState(35, "offline"))).toBe(true);
    prepare(subject, { op: "veto", event: "GOING_ONLINE", errno: "EPERM" });
    expect(run(subject, writeState(32, "online_movable"))).toBe("EPERM");
    expect(contiguousAfter()).toBe(true);
    expect(contiguousAfter(writeState(33, "offline"))).toBe(true);
    expect(zoneTuple(subject, "Movable")).toEqual([0, 0, 0, 0]);
  });
});

describe.each(subjects)("spans of zones Normal and Movable: $name", ({ create }) => {
  it("may overlap", () => {
    const subject = create(smallPc, linux612);
    prepare(subject, dimm(5), writeState(33, "online_movable"), writeState(35, "online_movable"));

    expect(validZones(subject, 34)).toBe("Movable Normal");
    expect(validZones(subject, 36)).toBe("Normal Movable");
    expect(zoneTuple(subject, "Movable")).toEqual([1081344, 98304, 65536, 65536]);

    prepare(subject, writeState(32, "online_kernel"), writeState(34, "online_kernel"));

    expect(zoneTuple(subject, "Normal")).toEqual([1048576, 98304, 65536, 65536]);
    expect(zoneTuple(subject, "Movable")).toEqual([1081344, 98304, 65536, 65536]);
  });
});

describe.each(subjects)("a DIMM that hosts its memmap: $name", ({ create }) => {
  it("keeps 512 frames of each block from the buddy allocator", () => {
    const subject = create({ ...smallPc, memmapOnMemory: "yes" }, linux612);
    prepare(subject, addSelfHosted(dimmStart, dimmStart + 4 * blockFrames), writeState(33, "online_movable"), writeState(34, "online_movable"));

    expect(zoneTuple(subject, "Movable").slice(2)).toEqual([65536, 64512]);
    expect(totals(subject).nrMemmapPages).toBe(2048);
    prepare(subject, writeState(33, "offline"));
    expect(zoneTuple(subject, "Movable")).toEqual([1114112, 32768, 32768, 32256]);
    prepare(subject, writeState(34, "offline"));
    expect(zoneTuple(subject, "Movable")).toEqual([0, 0, 0, 0]);
    expect(totals(subject).nrMemmapPages).toBe(2048);
  });
});

describe.each(subjects)("a DIMM on a node of its own: $name", ({ create }) => {
  const twoNodes: MachineDescription = { ...smallPc, nodes: [...smallPc.nodes, memoryless] };

  it("gives the node its memory, and takes the node along when it goes", () => {
    const subject = create(twoNodes, linux612);
    expect(masks(subject)).toBe("offline");

    prepare(subject, dimm(4, 1));
    expect(masks(subject)).toBe("online");
    prepare(subject, writeState(32, "online_kernel"), writeState(33, "online_movable"));
    expect(masks(subject)).toBe("online memory normal-memory");
    prepare(subject, writeState(32, "offline"));
    expect(masks(subject)).toBe("online memory");
    prepare(subject, writeState(33, "offline"));
    expect(masks(subject)).toBe("online");

    prepare(subject, remove(dimmStart, dimmStart + 4 * blockFrames));
    expect(masks(subject)).toBe("offline");
    expect(totals(subject).nrMemmapPages).toBe(0);
    expect(fact(subject.view(["resources"]), "resources").map(({ range }) => range.start)).toEqual([1, 256]);
    expect(blockView(subject, 32)).toBeUndefined();
  });
});

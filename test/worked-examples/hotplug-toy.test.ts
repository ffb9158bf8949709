/** Adding, onlining, offlining and removing memory blocks of the toy machine. */
import { describe, expect, it } from "vitest";
import { linux612, strict } from "../../models/index.ts";
import type { Profile, Subject } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { add, addSelfHosted, alloc, free, place, prepare, remove, writeState } from "./commands.ts";
import { toy } from "./machines.ts";
import { answer, blockState, blockView, counts, events, freeLists, nodeTuple, nodeView, pageblocksOf, run, sectionText, totals, useOf, zoneTuple, zoneView } from "./notation.ts";

describe.each(subjects)("the toy machine after boot: $name", ({ create }) => {
  it("spans its boot memory, of which block 1 is reserved", () => {
    const subject = create(toy, linux612);

    expect(zoneTuple(subject, "Normal")).toEqual([32, 96, 96, 64]);
    expect(zoneView(subject, "Normal").presentEarly).toBe(96);
    expect(nodeTuple(subject)).toEqual([32, 96, 96]);
    expect(totals(subject)).toMatchObject({ totalram: 64, nrMemmapBootPages: 24, nrMemmapPages: 0, maxPfn: 128 });
    expect([1, 2, 3].map((id) => blockState(subject, id))).toEqual(["online Normal", "online Normal", "online Normal"]);
    expect(sectionText(subject, 7)).toBe("present memmap online early usage boot 1111");
  });
});

// Block 3 is boot memory, [96, 128), and all free.
describe.each(subjects)("boot memory goes offline: $name", ({ create }) => {
  it("shrinks the zone and the node at their end", () => {
    const subject = create(toy, linux612);
    const outcome = subject.apply(writeState(3, "offline"));

    expect(answer(outcome)).toBe("ok");
    expect(events(outcome)).toBe("GOING_OFFLINE[96,128) OFFLINE[96,128) FINISH_OFFLINE[96,128)");
    expect(zoneTuple(subject, "Normal")).toEqual([32, 64, 64, 32]);
    expect(zoneView(subject, "Normal").presentEarly).toBe(64);
    expect(nodeTuple(subject)).toEqual([32, 64, 64]);
    expect(totals(subject).totalram).toBe(32);
    expect(counts(subject)).toBe("nf 32 iso 0");
  });

  it("leaves the sections present and early, and the block without a zone", () => {
    const subject = create(toy, linux612);
    prepare(subject, writeState(3, "offline"));

    expect([6, 7].map((nr) => sectionText(subject, nr))).toEqual(["present memmap early usage boot 1111", "present memmap early usage boot 1111"]);
    expect(blockView(subject, 3)).toMatchObject({ state: "offline", zone: null });
  });

  // One kernel page in block 3 has claimed two pageblocks and is gone again.
  function retypedOnArm64(profile: Profile): Subject {
    const subject = create({ ...toy, arch: "arm64" }, profile);
    place(subject, alloc(1, "kernel"), 96, [96, 100]);
    prepare(subject, free(1));
    return subject;
  }

  it("is vetoed on arm64, and everything but pageblock types is as before (linux-6.12)", () => {
    const subject = retypedOnArm64(linux612);
    const outcome = subject.apply(writeState(3, "offline"));

    expect(answer(outcome)).toBe("EPERM");
    expect(events(outcome)).toBe("GOING_OFFLINE[96,128) CANCEL_OFFLINE[96,128)");
    expect(zoneTuple(subject, "Normal")).toEqual([32, 96, 96, 64]);
    expect(counts(subject)).toBe("nf 64 iso 0");
    expect(blockState(subject, 3)).toBe("online Normal");
    expect(pageblocksOf(subject, 96, 128)).toBe("MMMMMMMM");
  });

  it("is vetoed on arm64, and everything is as before (strict)", () => {
    const subject = retypedOnArm64(strict);
    const before = subject.view();

    expect(pageblocksOf(subject, 96, 128)).toBe("UUMMMMMM");
    expect(run(subject, writeState(3, "offline"))).toBe("EPERM");
    expect(subject.view()).toEqual(before);
  });

  it("is refused where frames are reserved, without a notifier call", () => {
    const subject = create(toy, linux612);
    const before = subject.view();
    const outcome = subject.apply(writeState(1, "offline"));

    expect(answer(outcome)).toBe("EBUSY");
    expect(events(outcome)).toBe("");
    expect(subject.view()).toEqual(before);
  });
});

describe.each(subjects)("boot memory is removed: $name", ({ create }) => {
  function removed(): Subject {
    const subject = create(toy, linux612);
    prepare(subject, writeState(3, "offline"), remove(96, 128));
    return subject;
  }

  // Sections 6 and 7 had their memmap in [48, 56).
  it("gives the boot memmap of its sections to the zone that hosts it", () => {
    const subject = removed();

    expect(totals(subject)).toMatchObject({ totalram: 40, nrMemmapBootPages: 16, nrMemmapPages: 0 });
    expect(zoneTuple(subject, "Normal")).toEqual([32, 64, 64, 40]);
    expect([47, 48, 55, 56].map((pfn) => useOf(subject, pfn))).toEqual(["reserved", "free", "free", "reserved"]);
  });

  it("keeps only the usage records of its sections", () => {
    const subject = removed();

    expect(blockState(subject, 3)).toBe("absent");
    expect([6, 7].map((nr) => sectionText(subject, nr))).toEqual(["usage boot 0000", "usage boot 0000"]);
  });

  it("comes back as sections that are not early, with a memmap from the buddy allocator", () => {
    const subject = removed();
    prepare(subject, add(96, 128));

    expect([6, 7].map((nr) => sectionText(subject, nr))).toEqual(["present memmap usage boot 1111", "present memmap usage boot 1111"]);
    expect(totals(subject)).toMatchObject({ totalram: 40, nrMemmapBootPages: 16, nrMemmapPages: 8 });
    expect(zoneTuple(subject, "Normal")).toEqual([32, 64, 64, 40]);
  });
});

describe.each(subjects)("memory is added: $name", ({ create }) => {
  it("makes sections and offline blocks, and changes no zone or node", () => {
    const subject = create(toy, linux612);
    prepare(subject, add(128, 192));

    expect([8, 9, 10, 11].map((nr) => sectionText(subject, nr))).toEqual(Array.from({ length: 4 }, () => "present memmap usage allocated 1111"));
    expect(blockView(subject, 4)).toMatchObject({ state: "offline", node: 0, zone: null });
    expect(blockView(subject, 5)).toMatchObject({ state: "offline", node: 0, zone: null });
    expect(totals(subject)).toMatchObject({ totalram: 64, nrMemmapPages: 16, maxPfn: 192 });
    expect(zoneTuple(subject, "Normal")).toEqual([32, 96, 96, 64]);
    expect(zoneTuple(subject, "Movable")).toEqual([0, 0, 0, 0]);
    expect(nodeTuple(subject)).toEqual([32, 96, 96]);
  });

  // The memmap of the third section, section 10, can not be had.
  function failedAtThirdSection(profile: Profile): Subject {
    const subject = create(toy, profile);
    prepare(subject, { op: "fail-next", what: "memmap", skip: 2 });
    expect(run(subject, add(128, 192))).toBe("ENOMEM");
    return subject;
  }

  it("leaves the earlier sections of a failed add, so that the range can never be added (linux-6.12)", () => {
    const subject = failedAtThirdSection(linux612);

    expect([8, 9, 10, 11].map((nr) => sectionText(subject, nr))).toEqual(["present memmap usage allocated 1111", "present memmap usage allocated 1111", "absent", "absent"]);
    expect([4, 5].map((id) => blockState(subject, id))).toEqual(["absent", "absent"]);
    expect(totals(subject)).toMatchObject({ nrMemmapPages: 8, maxPfn: 192 });
    expect(subject.view().resources).toEqual([{ range: { start: 32, nrPages: 96 }, kind: "ram" }]);
    expect(run(subject, add(128, 192))).toBe("EEXIST");
    expect(run(subject, add(128, 192))).toBe("EEXIST");
  });

  it("leaves nothing of a failed add (strict)", () => {
    const subject = failedAtThirdSection(strict);

    expect([8, 9, 10, 11].map((nr) => sectionText(subject, nr))).toEqual(["absent", "absent", "absent", "absent"]);
    expect(totals(subject)).toMatchObject({ nrMemmapPages: 0, maxPfn: 128 });
    expect(counts(subject)).toBe("nf 64 iso 0");
    expect(run(subject, add(128, 192))).toBe("ok");
  });
});

describe.each(subjects)("a block goes online in an empty zone: $name", ({ create }) => {
  it("gives the zone its range, and the buddy allocator blocks of the largest order", () => {
    const subject = create(toy, linux612);
    prepare(subject, add(128, 192));
    const outcome = subject.apply(writeState(5, "online_movable"));

    expect(answer(outcome)).toBe("ok");
    expect(events(outcome)).toBe("PREPARE_ONLINE[160,192) GOING_ONLINE[160,192) ONLINE[160,192)");
    expect(zoneTuple(subject, "Movable")).toEqual([160, 32, 32, 32]);
    expect(zoneView(subject, "Movable")).toMatchObject({ presentEarly: 0, contiguous: false });
    expect(freeLists(subject, "Movable")).toBe("o3/M:[160,168,176,184]");
    expect(counts(subject, "Movable")).toBe("nf 32 iso 0");
    expect(nodeTuple(subject)).toEqual([32, 160, 128]);
    expect(nodeView(subject, 0).nrZones).toBe(4);
    expect(totals(subject).totalram).toBe(96);
  });
});

// Block 5 is plain, block 6 hosts its own memmap in its first 8 frames.
//
//   160            192        200            224
//   | block 5      | memmap   | block 6      |
describe.each(subjects)("a block that hosts its memmap: $name", ({ create }) => {
  function addedSelfHosted(): Subject {
    const subject = create({ ...toy, memmapOnMemory: "yes" }, linux612);
    prepare(subject, add(128, 192), writeState(5, "online_movable"), addSelfHosted(192, 224));
    return subject;
  }

  function onlineSelfHosted(): Subject {
    const subject = addedSelfHosted();
    prepare(subject, writeState(6, "online_movable"));
    return subject;
  }

  it("takes its memmap from itself", () => {
    const subject = addedSelfHosted();

    expect(blockView(subject, 6)).toMatchObject({ state: "offline", selfHosted: 8 });
    expect(totals(subject).nrMemmapPages).toBe(24);
    expect(counts(subject)).toBe("nf 48 iso 0");
  });

  it("counts the memmap as present, but not as managed", () => {
    const subject = addedSelfHosted();
    const outcome = subject.apply(writeState(6, "online_movable"));

    expect(events(outcome)).toBe("PREPARE_ONLINE[200,224) GOING_ONLINE[200,224) ONLINE[200,224)");
    expect(zoneTuple(subject, "Movable")).toEqual([160, 64, 64, 56]);
    expect(pageblocksOf(subject, 192, 224)).toBe("UUMMMMMM");
    expect(freeLists(subject, "Movable")).toBe("o3/M:[160,168,176,184,200,208,216]");
    expect(counts(subject, "Movable")).toBe("nf 56 iso 0");
    expect([192, 199, 200].map((pfn) => useOf(subject, pfn))).toEqual(["self-hosted memmap", "self-hosted memmap", "free"]);
  });

  it("leaves the zone as it was when it goes offline", () => {
    const subject = onlineSelfHosted();
    const outcome = subject.apply(writeState(6, "offline"));

    expect(answer(outcome)).toBe("ok");
    expect(events(outcome)).toBe("GOING_OFFLINE[200,224) OFFLINE[200,224) FINISH_OFFLINE[200,224)");
    expect(zoneTuple(subject, "Movable")).toEqual([160, 32, 32, 32]);
    expect(totals(subject).nrMemmapPages).toBe(24);
  });

  it("stays in the zone alone, its memmap included, when the block before it goes", () => {
    const subject = onlineSelfHosted();
    prepare(subject, writeState(5, "offline"));

    expect(zoneTuple(subject, "Movable")).toEqual([192, 32, 32, 24]);
  });

  it("leaves the zone empty and contiguous when it goes last", () => {
    const subject = onlineSelfHosted();
    prepare(subject, writeState(5, "offline"), writeState(6, "offline"));

    expect(zoneTuple(subject, "Movable")).toEqual([0, 0, 0, 0]);
    expect(zoneView(subject, "Movable").contiguous).toBe(true);
  });
});

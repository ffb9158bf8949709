/** What a naive reading of memory hotplug gets wrong: adding, devices, groups, policies, half-done operations. */
import { describe, expect, it } from "vitest";
import { linux612, strict } from "../../models/index.ts";
import type { Geometry, MachineDescription, Profile, Subject } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { add, addSelfHosted, alloc, contig, deviceMap, deviceUnmap, fakeOffline, fakeOnline, frames, offlineAndRemove, place, prepare, remove, testIsolated, writeState } from "./commands.ts";
import { memoryless, node, range, toy } from "./machines.ts";
import { answer, blockState, blockView, counts, events, isOnline, isValid, nodeView, pageblocksOf, run, sectionText, totals, useOf, validZones, zoneTuple, zoneView } from "./notation.ts";

describe.each(subjects)("adding memory, closely: $name", ({ create }) => {
  it("keeps a node online until the last of its blocks is removed, online or not", () => {
    const subject = create({ ...toy, nodes: [...toy.nodes, memoryless] }, linux612);
    prepare(subject, add(128, 192, null, 1), remove(128, 160));
    expect(nodeView(subject, 1).online).toBe(true);

    prepare(subject, remove(160, 192));
    expect(nodeView(subject, 1).online).toBe(false);
  });

  it("makes frames valid, not online", () => {
    const subject = create(toy, linux612);
    prepare(subject, add(128, 160));

    expect([isValid(subject, 128), isOnline(subject, 128), useOf(subject, 128)]).toEqual([true, false, "offline"]);
  });

  it("tests the mappable range before conflicts and conflicts before alignment", () => {
    const subject = create(toy, linux612);

    expect(run(subject, add(128, 128))).toBe("E2BIG");
    expect(run(subject, add(500, 520))).toBe("E2BIG");
    expect(run(subject, add(100, 140))).toBe("EEXIST");
    expect(run(subject, add(130, 160))).toBe("EINVAL");
  });

  it("frees the usage record of a section that was added when it goes", () => {
    const subject = create(toy, linux612);
    prepare(subject, add(128, 160), remove(128, 160));

    expect([8, 9].map((nr) => sectionText(subject, nr))).toEqual(["absent", "absent"]);
    expect(counts(subject)).toBe("nf 64 iso 0");
  });

  it("falls back to a memmap in the kernel zones when the memory can not host it", () => {
    const subject = create(toy, linux612);

    expect(run(subject, addSelfHosted(128, 160))).toBe("ok");
    expect(blockView(subject, 4)?.selfHosted).toBe(0);
    expect(counts(subject)).toBe("nf 56 iso 0");
  });

  it("succeeds although no block could go online by itself, and tries none behind the first", () => {
    const subject = create({ ...toy, autoOnline: "online_movable" }, linux612);
    prepare(subject, { op: "veto", event: "GOING_ONLINE", errno: "ENOMEM" });

    expect(run(subject, add(128, 192))).toBe("ok");
    expect([4, 5].map((id) => blockState(subject, id))).toEqual(["offline", "offline"]);
  });

  it("onlines every block by itself where it is set so", () => {
    const subject = create({ ...toy, autoOnline: "online_movable" }, linux612);

    expect(run(subject, add(128, 192))).toBe("ok");
    expect([4, 5].map((id) => blockState(subject, id))).toEqual(["online Movable", "online Movable"]);
  });
});

describe.each(subjects)("boot memory, closely: $name", ({ create }) => {
  it("has online sections also where every frame is reserved", () => {
    const subject = create(toy, linux612);

    expect(sectionText(subject, 2)).toBe("present memmap online early usage boot 1111");
    expect(useOf(subject, 32)).toBe("reserved");
  });

  // Boot memory ends in the middle of a subsection, in the first section of block 4.
  //
  //   128   130   132
  //   | RAM | hole | no subsection ...
  it("shows a hole below a subsection as online, and a boot block with a section that is not there", () => {
    const subject = create({ ...toy, nodes: [node([32, 130])], reserved: [range(60, 64)] }, linux612);

    expect([129, 130, 131, 132].map((pfn) => isOnline(subject, pfn))).toEqual([true, true, true, false]);
    expect(useOf(subject, 130)).toBe("hole");
    expect(blockState(subject, 4)).toBe("online Normal");
    expect(sectionText(subject, 9)).toBe("absent");
  });

  it("belongs to the last node and to no zone where a block spans two nodes, and stays online", () => {
    const subject = create({ ...toy, nodes: [node([32, 112]), node([112, 160])], reserved: [] }, linux612);

    expect(blockView(subject, 3)).toMatchObject({ node: 1, zone: null });
    expect(validZones(subject, 3)).toBe("none");
    expect(run(subject, writeState(3, "offline"))).toBe("EINVAL");
  });

  it("is not early any more when it was removed and added again", () => {
    const subject = create(toy, linux612);
    prepare(subject, writeState(3, "offline"), remove(96, 128), add(96, 128), writeState(3, "online_kernel"));

    expect(zoneView(subject, "Normal")).toMatchObject({ present: 96, presentEarly: 64 });
  });

  it("is refused on arm64 for its reserved frames first, not for being boot memory", () => {
    expect(run(create({ ...toy, arch: "arm64" }, linux612), writeState(1, "offline"))).toBe("EBUSY");
  });
});

// The tail of a boot section, [132, 144), is free for devices; one is mapped at [136, 140).
//
//   128   132      136      140      144
//   | RAM |        | device |        |
//         |<----- second device ---->|
describe.each(subjects)("device memory, closely: $name", ({ create }) => {
  const machine: MachineDescription = { ...toy, nodes: [node([32, 132]), memoryless], reserved: [range(60, 64)] };

  function enclosed(profile: Profile): Subject {
    const subject = create(machine, profile);
    prepare(subject, deviceMap(1, 136, 140));
    return subject;
  }

  it("forgets a device that another one tried to enclose, so that its frames look online (linux-6.12)", () => {
    const subject = enclosed(linux612);

    expect(run(subject, deviceMap(2, 132, 144))).toBe("EEXIST");
    expect([135, 136, 139, 140].map((pfn) => isOnline(subject, pfn))).toEqual([false, true, true, false]);
  });

  it("refuses to enclose a device (strict)", () => {
    const subject = enclosed(strict);

    expect(run(subject, deviceMap(2, 132, 144))).toBe("ENOMEM");
    expect([135, 136, 139, 140].map((pfn) => isOnline(subject, pfn))).toEqual([false, false, false, false]);
  });

  it("keeps its node online for good", () => {
    const subject = create(machine, linux612);
    prepare(subject, add(160, 192, null, 1), { op: "device-map", id: 1, start: range(192, 208).start, nrPages: 16, node: 1 });
    prepare(subject, deviceUnmap(1), remove(160, 192));

    expect(zoneTuple(subject, "Device", 1)).toEqual([192, 16, 0, 0]);
    expect(nodeView(subject, 1)).toMatchObject({ start: 192, spanned: 16, present: 0, online: true });
  });
});

describe.each(subjects)("groups and policies, closely: $name", ({ create }) => {
  it("counts self-hosted memmap in its group, and keeps the group while an offline block is in it", () => {
    const subject = create({ ...toy, memmapOnMemory: "yes" }, linux612);
    prepare(subject, { op: "group-static", id: 1, node: 0, maxPages: 32 });
    prepare(subject, { op: "add", start: range(128, 160).start, nrPages: 32, node: 0, memmapOnMemory: true, group: 1 }, writeState(4, "online_movable"));

    expect(subject.view().groups).toMatchObject([{ presentKernel: 0, presentMovable: 32 }]);
    prepare(subject, writeState(4, "offline"));
    expect(subject.view().groups).toMatchObject([{ presentKernel: 0, presentMovable: 0, blocks: [4] }]);
    expect(run(subject, { op: "group-unregister", id: 1 })).toBe("EBUSY");
    prepare(subject, remove(128, 160));
    expect(run(subject, { op: "group-unregister", id: 1 })).toBe("ok");
  });

  it("does not ask the policy when the word names the zone", () => {
    const subject = create({ ...toy, onlinePolicy: "auto-movable", autoMovableRatio: 0 }, linux612);
    prepare(subject, add(128, 192), writeState(4, "online_movable"), writeState(5, "online"));

    expect([4, 5].map((id) => blockState(subject, id))).toEqual(["online Movable", "online Normal"]);
  });

  // Block 3 leaves 64 frames of kernel memory at boot and makes 32 movable: one more block fits the ratio of 100.
  it("does not count boot memory in zone Movable as kernel memory", () => {
    const subject = create({ ...toy, onlinePolicy: "auto-movable", autoMovableRatio: 100 }, linux612);
    prepare(subject, writeState(3, "offline"), writeState(3, "online_movable"), add(128, 192), writeState(4, "online"), writeState(5, "online"));

    expect([4, 5].map((id) => blockState(subject, id))).toEqual(["online Movable", "online Normal"]);
  });

  // Zone DMA32 spans [32, 160), block 4 included. Its unit is [128, 192); the policy asks for the kernel zone of what lies
  // behind the unit.
  //
  //   32            128       160        192      224
  //   | RAM         | block 4 |          | RAM    |
  //   |<------ DMA32 -------->|<----- Normal ---->|
  it("asks for the kernel zone behind the unit when a unit may not be movable", () => {
    const gap: MachineDescription = { ...toy, dma32End: range(160, 161).start, nodes: [node([32, 128], [192, 224])], reserved: [], onlinePolicy: "auto-movable", autoMovableRatio: 1 };
    const subject = create(gap, linux612);
    prepare(subject, { op: "group-dynamic", id: 1, node: 0, unitPages: 64 }, add(128, 160, 1));

    expect(zoneTuple(subject, "DMA32").slice(0, 2)).toEqual([32, 128]);
    prepare(subject, writeState(4, "online"));
    expect(blockState(subject, 4)).toBe("online Normal");
    prepare(subject, writeState(4, "offline"), writeState(4, "online_kernel"));
    expect(blockState(subject, 4)).toBe("online DMA32");
  });
});

describe.each(subjects)("offline, closely: $name", ({ create }) => {
  // Frame 160 of block 5 is of a contiguous allocation, which nobody can move.
  function immovableFrame(profile: Profile, word: "online_kernel" | "online_movable"): Subject {
    const subject = create(toy, profile);
    prepare(subject, add(128, 192), writeState(5, word), contig(1, 160, 161));
    return subject;
  }

  it("never ends in zone Movable while a frame can not be moved (linux-6.12)", () => {
    const subject = immovableFrame(linux612, "online_movable");
    const outcome = subject.apply(writeState(5, "offline"));

    expect(outcome).toMatchObject({ result: "livelock", errno: "EINTR" });
    expect(events(outcome)).toBe("GOING_OFFLINE[160,192) CANCEL_OFFLINE[160,192)");
    expect(blockState(subject, 5)).toBe("online Movable");
    expect(counts(subject, "Movable")).toBe("nf 31 iso 0");
  });

  it("is refused in zone Movable when a frame can not be moved (strict)", () => {
    const subject = immovableFrame(strict, "online_movable");

    expect(run(subject, writeState(5, "offline"))).toBe("EBUSY");
    expect(blockState(subject, 5)).toBe("online Movable");
  });

  it("is refused in a kernel zone before any notifier is called", () => {
    const outcome = immovableFrame(linux612, "online_kernel").apply(writeState(5, "offline"));

    expect(answer(outcome)).toBe("EBUSY");
    expect(events(outcome)).toBe("");
  });

  it("takes back only what was not managed already: frames that a driver keeps and then gives up", () => {
    const subject = create(toy, linux612);
    prepare(subject, add(128, 192), writeState(5, "online_movable"), fakeOffline(160, 168, true));

    expect(zoneTuple(subject, "Movable")).toEqual([160, 32, 32, 24]);
    prepare(subject, writeState(5, "offline"));
    expect(zoneTuple(subject, "Movable")).toEqual([0, 0, 0, 0]);
    expect(totals(subject).totalram).toBe(64);
  });

  it("is refused while a driver keeps frames", () => {
    const subject = create(toy, linux612);
    prepare(subject, add(128, 192), writeState(5, "online_movable"), fakeOffline(160, 168, false));

    expect(run(subject, writeState(5, "offline"))).toBe("EBUSY");
    expect(zoneTuple(subject, "Movable")).toEqual([160, 32, 32, 24]);
  });

  it("succeeds once the driver has given its frames back", () => {
    const subject = create(toy, linux612);
    prepare(subject, add(128, 192), writeState(5, "online_movable"), fakeOffline(160, 168, false), fakeOnline(160, 168));
    expect(zoneTuple(subject, "Movable")).toEqual([160, 32, 32, 32]);

    expect(run(subject, writeState(5, "offline"))).toBe("ok");
    expect(totals(subject).totalram).toBe(64);
  });

  it("shows the zones a block may go to while it is going offline", () => {
    const subject = create(toy, linux612);
    prepare(subject, add(128, 192), writeState(5, "online_kernel"));
    expect(validZones(subject, 5)).toBe("Normal");

    expect(run(subject, { op: "start", task: 1, command: writeState(5, "offline") })).toBe("running");
    expect(blockState(subject, 5)).toBe("going-offline");
    expect(validZones(subject, 5)).toBe("Normal Movable");
  });

  // The driver has given up its frames [160, 168) because the block is going offline.
  it("passes the offline test with frames that a driver has given up, and no other test", () => {
    const subject = create(toy, linux612);
    prepare(subject, add(128, 192), writeState(5, "online_movable"), fakeOffline(160, 168, true));
    subject.apply({ op: "start", task: 1, command: writeState(5, "offline") });
    expect(run(subject, testIsolated(160, 192, "offline"))).toBe("EBUSY");

    expect(run(subject, { op: "step", task: 1 })).toBe("running");
    expect(useOf(subject, 160)).toBe("page-offline dropped");
    expect(run(subject, testIsolated(160, 192, "offline"))).toBe("ok");
    expect(run(subject, testIsolated(160, 192, "contig"))).toBe("EBUSY");
  });

  it("does not online again what was offline before", () => {
    const subject = create(toy, linux612);
    prepare(subject, add(128, 192), writeState(5, "online_kernel"));
    place(subject, alloc(1, "kernel"), 160);

    expect(run(subject, offlineAndRemove(128, 192))).toBe("EBUSY");
    expect([4, 5].map((id) => blockState(subject, id))).toEqual(["offline", "online Normal"]);
  });
});

describe.each(subjects)("online, closely: $name", ({ create }) => {
  it("makes every pageblock Movable, in kernel zones too", () => {
    const subject = create(toy, linux612);
    prepare(subject, add(128, 160), writeState(4, "online_kernel"));

    expect(pageblocksOf(subject, 128, 160)).toBe("MMMMMMMM");
  });

  // Blocks of four sections: the memmap of a block fills its first section.
  //
  //   128           144           160           176           192
  //   | section 8   | section 9   | section 10  | section 11  |
  //   | memmap      |
  it("takes a section along that holds nothing but the block's memmap", () => {
    const geometry: Geometry = { ...toy.geometry, blockSections: 4 };
    const subject = create({ ...toy, geometry, nodes: [node([64, 128])], reserved: [], bootMemmap: range(64, 80).start, memmapOnMemory: "yes" }, linux612);
    prepare(subject, addSelfHosted(128, 192), writeState(2, "online_movable"));

    expect([8, 9, 10, 11].map((nr) => sectionText(subject, nr))).toEqual(frames(0, 4).map(() => "present memmap online usage allocated 1111"));
    expect(zoneTuple(subject, "Movable")).toEqual([128, 64, 64, 48]);
    prepare(subject, writeState(2, "offline"));
    expect([8, 9, 10, 11].map((nr) => sectionText(subject, nr))).toEqual(frames(0, 4).map(() => "present memmap usage allocated 1111"));
    expect(zoneTuple(subject, "Movable")).toEqual([0, 0, 0, 0]);
  });

  it("takes a section along that holds the block's memmap and other frames", () => {
    const subject = create({ ...toy, memmapOnMemory: "yes" }, linux612);
    prepare(subject, addSelfHosted(128, 160), writeState(4, "online_movable"));

    expect(sectionText(subject, 8)).toBe("present memmap online usage allocated 1111");
  });
});

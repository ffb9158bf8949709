import { describe, expect, it } from "vitest";
import { linux612, namedMachines, pfnRange, strict, toBlockId, toPfn } from "../../models/index.ts";
import type { Add, MachineDescription } from "../../models/index.ts";
import { Box, eventsOf, worked } from "./box.ts";

describe("boot", () => {
  it("counts what is there", () => {
    const box = new Box();

    expect(box.numbers("Normal")).toEqual([32, 96, 96, 64]);
    expect(box.zone("Normal").presentEarly).toBe(96);
    expect(box.view().totals).toMatchObject({ totalram: 64, nrMemmapBootPages: 24, nrMemmapPages: 0, maxPfn: 128 });
    expect(box.view().nodes?.[0]).toMatchObject({ start: 32, spanned: 96, present: 96 });
  });

  it("is a PC of 1 GiB", () => {
    const machine = namedMachines.find(({ name }) => name === "x86-64");
    if (machine === undefined) throw new Error("no machine x86-64");
    const box = new Box(machine, linux612);

    expect(box.zone("DMA")).toMatchObject({ start: 1, spanned: 4095, present: 3998, presentEarly: 3998, contiguous: true });
    expect(box.zone("DMA32")).toMatchObject({ start: 4096, spanned: 258_015, present: 258_015 });
    expect(box.view().nodes?.[0]).toMatchObject({ start: 1, spanned: 262_110, present: 262_013 });
    expect(box.view().totals?.nrMemmapBootPages).toBe(4096);
    expect([0, 1, 7].map((block) => box.validZones(block))).toEqual(["none", "DMA32", "DMA32"]);
    expect(box.write(7, "offline")).toBe("EINVAL");
    expect(box.write(0, "offline")).toBe("EINVAL");
  });
});

describe("offline of boot memory", () => {
  it("shrinks the zone at the end that it touched", () => {
    const box = new Box();

    const outcome = box.do({ op: "write-state", block: toBlockId(3), value: "offline" });

    expect(eventsOf(outcome)).toBe("GOING_OFFLINE[96,128) OFFLINE[96,128) FINISH_OFFLINE[96,128)");
    expect(box.numbers("Normal")).toEqual([32, 64, 64, 32]);
    expect(box.zone("Normal")).toMatchObject({ presentEarly: 64, nrIsolatePageblock: 0 });
    expect(box.view().nodes?.[0]).toMatchObject({ start: 32, spanned: 64, present: 64 });
    expect(box.section(6)).toBe("present offline boot 1111 bbbb");
  });

  it("is vetoed on arm64, after the isolation", () => {
    const box = new Box({ ...worked, arch: "arm64" });
    const before = box.view();

    const outcome = box.do({ op: "write-state", block: toBlockId(3), value: "offline" });

    expect(outcome.errno).toBe("EPERM");
    expect(eventsOf(outcome)).toBe("GOING_OFFLINE[96,128) CANCEL_OFFLINE[96,128)");
    expect(box.view()).toEqual(before);
  });

  it("is busy where frames are reserved, and nobody is told", () => {
    const outcome = new Box().do({ op: "write-state", block: toBlockId(1), value: "offline" });

    expect([outcome.errno, outcome.events]).toEqual(["EBUSY", undefined]);
  });

  it("lets the boot memmap go with the memory, and takes a new one when it comes back", () => {
    const box = new Box();
    box.write(3, "offline");

    expect(box.remove(96, 128).result).toBe("ok");
    expect(box.section(6)).toBe("gone offline boot 0000 ----");
    expect(box.view().totals).toMatchObject({ nrMemmapBootPages: 16, totalram: 40 });
    expect(box.zone("Normal").managed).toBe(40);
    expect(box.add(96, 128).result).toBe("ok");

    expect(box.section(6)).toBe("present offline boot 1111 kkkk");
    expect(box.view().totals).toMatchObject({ nrMemmapPages: 8, totalram: 40 });
  });
});

describe("added memory", () => {
  it("changes no zone", () => {
    const box = new Box();
    const before = box.zone("Normal");

    const outcome = box.add(128, 192);

    // Four frames for each section, as one block of PMD size.
    expect(outcome.memmap?.map(({ order }) => order)).toEqual([2, 2, 2, 2]);
    expect(box.zone("Normal")).toMatchObject({ start: before.start, spanned: before.spanned, present: before.present, managed: before.managed });
    expect(box.view().totals).toMatchObject({ nrMemmapPages: 16, maxPfn: 192, highestPresentSection: 11 });
    expect(box.validZones(4)).toBe("Normal Movable");
  });

  it("joins a zone when it goes online", () => {
    const box = new Box();
    box.add(128, 192);

    const outcome = box.do({ op: "write-state", block: toBlockId(5), value: "online_movable" });

    expect(eventsOf(outcome)).toBe("PREPARE_ONLINE[160,192) GOING_ONLINE[160,192) ONLINE[160,192)");
    expect(box.numbers("Movable")).toEqual([160, 32, 32, 32]);
    expect(box.zone("Movable")).toMatchObject({ presentEarly: 0, contiguous: false, nrIsolatePageblock: 0 });
    expect(box.view().nodes?.[0]).toMatchObject({ start: 32, spanned: 160, present: 128, nrZones: 4 });
    expect(box.view().freeBlocks?.filter(({ pfn }) => pfn >= 160).map(({ pfn, order, type }) => `${pfn}/${order}/${type}`)).toEqual(["160/3/Movable", "168/3/Movable", "176/3/Movable", "184/3/Movable"]);
  });

  it("hosts its own memmap", () => {
    const box = new Box();
    box.add(128, 192);
    box.write(5, "online_movable");

    expect(box.add(192, 224, { memmapOnMemory: true }).memmap).toBeUndefined();
    const online = box.do({ op: "write-state", block: toBlockId(6), value: "online_movable" });
    expect(eventsOf(online)).toBe("PREPARE_ONLINE[200,224) GOING_ONLINE[200,224) ONLINE[200,224)");
    expect(box.numbers("Movable")).toEqual([160, 64, 64, 56]);
    expect(box.view().freeBlocks?.filter(({ pfn }) => pfn >= 192).map(({ pfn, order }) => `${pfn}/${order}`)).toEqual(["200/3", "208/3", "216/3"]);
    const offline = box.do({ op: "write-state", block: toBlockId(6), value: "offline" });

    expect(eventsOf(offline)).toBe("GOING_OFFLINE[200,224) OFFLINE[200,224) FINISH_OFFLINE[200,224)");
    expect(box.numbers("Movable")).toEqual([160, 32, 32, 32]);
  });

  it("shrinks a zone from its start, and to nothing", () => {
    const box = new Box();
    box.add(128, 192);
    box.write(5, "online_movable");
    box.add(192, 224, { memmapOnMemory: true });
    box.write(6, "online_movable");

    box.write(5, "offline");
    expect(box.numbers("Movable")).toEqual([192, 32, 32, 24]);
    box.write(6, "offline");

    expect(box.numbers("Movable")).toEqual([0, 0, 0, 0]);
    expect(box.zone("Movable").contiguous).toBe(true);
  });

  // Linux would host it, and its scan for the new end would begin in the middle of a subsection and cut two live frames out.
  it("hosts no memmap that is no whole number of subsections", () => {
    const box = new Box({ ...worked, geometry: { ...worked.geometry, structPageBytes: 32, subsectionPages: 8, pmdPages: 4 }, bootMemmap: null });
    box.add(128, 192);
    box.write(5, "online_movable");
    box.add(192, 224, { memmapOnMemory: true });
    box.write(6, "online_movable");

    box.write(6, "offline");

    expect(box.numbers("Movable")).toEqual([160, 32, 32, 32]);
  });

  it("stays behind where the kernel gives up in the middle", () => {
    const box = new Box(worked, linux612);
    box.do({ op: "fail-next", what: "memmap", skip: 2 });

    expect(box.add(128, 192).errno).toBe("ENOMEM");
    expect(box.section(8)).toBe("present offline allocated 1111 kkkk");
    expect(box.section(10)).toBe("");
    expect(box.view().totals).toMatchObject({ nrMemmapPages: 8, maxPfn: 192 });
    expect(box.add(128, 192).errno).toBe("EEXIST");
  });

  it("leaves nothing behind by contract", () => {
    const box = new Box();
    box.do({ op: "fail-next", what: "memmap", skip: 2 });
    const blocks = (): readonly string[] => (box.view().freeBlocks ?? []).map(({ pfn, order }) => `${pfn}/${order}`);
    const { totals, sections } = box.view();
    const free = blocks();

    expect(box.add(128, 192).errno).toBe("ENOMEM");

    const after = box.view();
    expect(after.sections).toEqual(sections);
    expect(blocks()).toEqual(free);
    expect(after.totals).toEqual({ ...totals, highestPresentSection: 9 });
  });
});

describe("errnos of add", () => {
  it("come in the kernel's order", () => {
    const box = new Box();
    const errno = (start: number, end: number, fields: Partial<Add> = {}): string | undefined => box.add(start, end, fields).errno;

    expect(errno(130, 130)).toBe("E2BIG");
    expect(errno(500, 520)).toBe("E2BIG");
    expect(errno(100, 130)).toBe("EEXIST");
    expect(errno(130, 160)).toBe("EINVAL");
    expect(errno(128, 160, { group: 7, node: 9 })).toBe("EINVAL");
    expect(errno(128, 160, { node: 9 })).toBe("EINVAL");
  });
});

describe("offline and remove", () => {
  it("puts back what it took when a later block refuses", () => {
    const box = new Box();
    box.add(128, 192);
    box.write(4, "online_movable");
    box.write(5, "online_kernel");
    box.engine.follow({ op: "alloc", id: 1, kind: "kernel", order: 0, node: 0, thisNode: false, zone: "normal" }, { result: "ok", grant: { pfn: toPfn(170), order: 0 } });

    const outcome = box.do({ op: "offline-and-remove", start: toPfn(128), nrPages: 64 });

    expect(outcome.errno).toBe("EBUSY");
    expect([4, 5].map((block) => box.validZones(block))).toEqual(["Movable", "Normal"]);
    expect(eventsOf(outcome)).toBe("GOING_OFFLINE[128,160) OFFLINE[128,160) FINISH_OFFLINE[128,160) PREPARE_ONLINE[128,160) GOING_ONLINE[128,160) ONLINE[128,160)");
  });

  it("re-onlines by word where the kernel does, in the zone it had by contract", () => {
    const drifting: MachineDescription = { ...worked, dma32End: toPfn(128), reserved: [pfnRange(toPfn(32), 32)], nodes: [{ memory: [pfnRange(toPfn(32), 96)], movableStart: null, cpus: true }] };
    for (const [profile, zone] of [[strict, "DMA32"], [linux612, "Normal"]] as const) {
      const box = new Box(drifting, profile);
      box.add(128, 160);
      box.write(4, "online_kernel");
      box.engine.follow({ op: "alloc", id: 1, kind: "kernel", order: 0, node: 0, thisNode: false, zone: "normal" }, { result: "ok", grant: { pfn: toPfn(140), order: 0 } });

      expect(box.do({ op: "offline-and-remove", start: toPfn(96), nrPages: 64 }).errno).toBe("EBUSY");

      expect(box.validZones(3)).toBe(zone);
    }
  });

  it("refuses to remove what is online, and stops at a misaligned range", () => {
    const box = new Box();
    box.add(128, 192);
    box.write(5, "online");

    expect(box.remove(128, 192).errno).toBe("EBUSY");
    expect(box.remove(130, 160).result).toBe("bug");
    expect(box.remove(192, 224).result).toBe("skipped");
  });
});

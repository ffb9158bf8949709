/** Devices that hold their memmap themselves, and memory inside windows of the resource tree. */
import { describe, expect, it } from "vitest";
import { namedMachines, strict, toPfn } from "../../models/index.ts";
import type { Command, DeviceMap, MachineDescription, Subject } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { add, deviceUnmap, frames, prepare } from "./commands.ts";
import { node, toy } from "./machines.ts";
import { answer, run, section, totals, useOf } from "./notation.ts";

// Sections of 16 frames, whose memmap takes 4; a window [0x40, 0x80) between the memory of two nodes.
const found = namedMachines.find(({ name }) => name === "tiny-device");
if (found === undefined) throw new Error("there is no machine tiny-device");
const machine: MachineDescription = found;

function map(start: number, end: number, altmap: Pick<DeviceMap, "reserve" | "free">, of = 0): DeviceMap {
  return { op: "device-map", id: 1, start: toPfn(start), nrPages: end - start, node: of, ...altmap };
}

function altmapOf(subject: Subject): unknown {
  return subject.view(["devices"]).devices?.[0]?.altmap;
}

function zonesOf(subject: Subject, pfns: readonly number[]): readonly unknown[] {
  const table = subject.view(["frames"]).frames;
  return pfns.map((pfn) => {
    let row = 0;
    for (const range of table?.ranges ?? []) {
      if (pfn >= range.start && pfn < range.start + range.nrPages) return table?.zone[row + pfn - range.start];
      row += range.nrPages;
    }
    return undefined;
  });
}

describe.each(subjects)("a device that holds its memmap: $name", ({ create }) => {
  // |0x5c    0x60                 0x80
  // | part   | two whole sections |      the part: one frame from node 1; the sections: 8 frames from 0x68 on
  // | kept 10 | - | memmap        |
  const shared = map(0x5c, 0x80, { reserve: 10, free: 12 }, 1);

  it("takes the memmap of whole sections from its own range, at multiples of their size", () => {
    const subject = create(machine, strict);

    const outcome = subject.apply(shared);

    expect(answer(outcome)).toBe("ok");
    expect(altmapOf(subject)).toEqual({ reserve: 10, free: 12, align: 2, alloc: 8 });
    expect(outcome.memmap?.map(({ order }) => order)).toEqual([0]);
    expect([5, 6, 7].map((nr) => section(subject, nr)?.backing)).toEqual(["---k", "dddd", "dddd"]);
    expect(totals(subject).nrMemmapPages).toBe(9);
  });

  it("leaves the pages of what the driver keeps alone", () => {
    const subject = create(machine, strict);

    prepare(subject, shared);

    const none = 255;
    expect(zonesOf(subject, frames(0x5c, 0x80))).toEqual([...frames(0x5c, 0x66).map(() => none), ...frames(0x66, 0x80).map(() => 9)]);
    expect(frames(0x5c, 0x80).every((pfn) => useOf(subject, pfn) === "device")).toBe(true);
  });

  // The boot memory ends inside section 8, whose memmap is there already.
  it("leaves them alone in a section of boot memory, too", () => {
    const subject = create({ ...toy, nodes: [node([32, 132])] }, strict);

    prepare(subject, map(136, 144, { reserve: 5, free: 1 }));

    expect(zonesOf(subject, frames(136, 144))).toEqual([255, 255, 255, 255, 255, ...frames(141, 144).map(() => 4)]);
  });

  it("gives back what came from elsewhere, and nothing of its own", () => {
    const subject = create(machine, strict);
    const free = (): readonly unknown[] => (subject.view(["freeBlocks"]).freeBlocks ?? []).map(({ pfn, order }) => [pfn, order]);
    const before = free();

    prepare(subject, shared, deviceUnmap(1));

    expect(free()).toEqual(before);
    expect(totals(subject).nrMemmapPages).toBe(0);
  });

  it("is refused where what it sets aside does not suffice, and leaves nothing behind", () => {
    const subject = create(machine, strict);

    expect(run(subject, map(0x40, 0x60, { reserve: 1, free: 10 }))).toBe("ENOMEM");
    expect(section(subject, 4)).toBeUndefined();
    expect(run(subject, map(0x40, 0x60, { reserve: 1, free: 11 }))).toBe("ok");
    expect(altmapOf(subject)).toEqual({ reserve: 1, free: 11, align: 3, alloc: 8 });
  });

  it("is refused where it would set aside more than it has, before its alignment is looked at", () => {
    const subject = create(machine, strict);
    const crooked: Command = { ...map(0x41, 0x60, { reserve: 30, free: 2 }), id: 2 };

    expect(run(subject, map(0x40, 0x60, { reserve: 30, free: 3 }))).toBe("EINVAL");
    expect(subject.apply(crooked)).toMatchObject({ errno: "EINVAL", because: { kind: "altmap-bounds" } });
    expect(run(subject, map(0x40, 0x60, { reserve: 20, free: 12 }))).toBe("skipped");
  });

  it("takes all of its memmap from its own range on arm64, that of parts frame by frame", () => {
    const subject = create({ ...machine, arch: "arm64" }, strict);

    prepare(subject, map(0x5c, 0x70, { reserve: 1, free: 8 }));

    // One frame at 0x5d, then a block of four at 0x60.
    expect(altmapOf(subject)).toEqual({ reserve: 1, free: 8, align: 2, alloc: 5 });
    expect([5, 6].map((nr) => section(subject, nr)?.backing)).toEqual(["---d", "dddd"]);
  });
});

describe.each(subjects)("memory inside a window: $name", ({ create }) => {
  it("is added where the window holds all of it", () => {
    const subject = create(machine, strict);

    expect(run(subject, add(0x40, 0x60))).toBe("ok");
    expect(run(subject, add(0x40, 0x60))).toBe("EEXIST");
    expect(subject.view(["resources"]).resources).toContainEqual({ range: { start: 0x40, nrPages: 0x40 }, kind: "window" });
    prepare(subject, { op: "remove", start: toPfn(0x40), nrPages: 0x20 });
    expect(subject.view(["resources"])).toEqual(create(machine, strict).view(["resources"]));
  });

  it("is refused across the end of a window", () => {
    const subject = create({ ...machine, windows: [{ start: toPfn(0x50), nrPages: 0x30 }] }, strict);

    expect(run(subject, add(0x40, 0x60))).toBe("EEXIST");
    expect(run(subject, add(0x60, 0x80))).toBe("ok");
  });

  it("is found by who looks for System RAM in the window", () => {
    const subject = create(machine, strict);
    prepare(subject, add(0x40, 0x60));

    expect(run(subject, map(0x50, 0x70, {}))).toBe("ENXIO");
    expect(run(subject, map(0x60, 0x70, {}))).toBe("ok");
  });

  it("is no place for a device that reaches beyond it", () => {
    expect(create(machine, strict).apply(map(0x70, 0x90, {}))).toMatchObject({ result: "skipped", because: { kind: "window-edge" } });
  });
});

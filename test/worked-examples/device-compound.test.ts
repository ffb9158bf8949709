/** Devices in compound pages, which share their memmap: Linux vmemmap_populate_compound_pages(), mm/sparse-vmemmap.c, v6.12. */
import { describe, expect, it } from "vitest";
import { linux612, namedMachines, strict, toPfn } from "../../models/index.ts";
import type { Command, DeviceMap, MachineDescription, Subject } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { prepare } from "./commands.ts";
import { run, section, totals, zoneView } from "./notation.ts";

// Sections of 32 frames, whose memmap is 8 frames; that of 16 frames is 4. Node 0 is [0x20, 0x60).
const machine = namedMachines.find(({ name }) => name === "tiny-compound");

function machineOf(): MachineDescription {
  if (machine === undefined) throw new Error("there is no machine tiny-compound");
  return machine;
}

function map(start: number, end: number, vmemmapShift?: number, extra: Partial<DeviceMap> = {}): Command {
  return { op: "device-map", id: 1, start: toPfn(start), nrPages: end - start, node: 0, ...(vmemmapShift === undefined ? {} : { vmemmapShift }), ...extra };
}

const unmap: Command = { op: "device-unmap", id: 1 };

/** nr_memmap_pages, and the frames of zone Normal that are not free. */
function memmap(subject: Subject): readonly (number | undefined)[] {
  return [totals(subject).nrMemmapPages, 0x40 - (zoneView(subject, "Normal").nrFree ?? 0)];
}

/** Why a command is skipped. */
function skipped(subject: Subject, command: Command): string | undefined {
  const { result, because } = subject.apply(command);
  return result === "skipped" ? because?.kind : result;
}

describe.each(subjects)("a device in compound pages: $name", ({ create }) => {
  it.each([
    { what: "single pages", start: 0x80, end: 0xa0, shift: undefined, frames: 8, backing: "kkkkkkkk" },
    { what: "compound pages whose memmap is two frames", start: 0x80, end: 0xa0, shift: 3, frames: 8, backing: "kkkkkkkk" },
    { what: "two of half a section", start: 0x80, end: 0xa0, shift: 4, frames: 4, backing: "cccccccc" },
    { what: "one of half a section, in half a section", start: 0x90, end: 0xa0, shift: 4, frames: 2, backing: "----cccc" },
    { what: "one of a section", start: 0x80, end: 0xa0, shift: 5, frames: 2, backing: "cccccccc" },
    { what: "one of two sections", start: 0x80, end: 0xc0, shift: 6, frames: 2, backing: "cccccccc" },
    { what: "two of two sections", start: 0x80, end: 0x100, shift: 6, frames: 4, backing: "cccccccc" },
  ])("takes what its memmap needs, and gives it back: $what", ({ start, end, shift, frames, backing }) => {
    const subject = create(machineOf(), strict);

    prepare(subject, map(start, end, shift));
    expect(memmap(subject)).toEqual([frames, frames]);
    expect(section(subject, 4)?.backing).toBe(backing);
    prepare(subject, unmap);
    expect(memmap(subject)).toEqual([0, 0]);
  });

  it("takes single frames", () => {
    const { memmap: taken = [] } = create(machineOf(), strict).apply(map(0x80, 0xa0, 4));

    expect(taken.map(({ order }) => order)).toEqual([0, 0, 0, 0]);
  });

  it("has its own memmap on arm64, and where it holds its memmap itself", () => {
    const arm64 = create({ ...machineOf(), arch: "arm64" }, strict);
    const own = create(machineOf(), strict);

    prepare(arm64, map(0x80, 0xa0, 4));
    prepare(own, map(0x80, 0xa0, 4, { free: 12 }));

    expect(memmap(arm64)).toEqual([8, 8]);
    expect(memmap(own)).toEqual([8, 0]);
  });

  it.each([strict, linux612])("leaves no more than its first section when the second fails: $name", (profile) => {
    const subject = create(machineOf(), profile);
    prepare(subject, { op: "fail-next", what: "memmap", skip: 1 });

    expect(run(subject, map(0x80, 0xc0, 6))).toBe("ENOMEM");

    expect(memmap(subject)).toEqual(profile === strict ? [0, 0] : [2, 2]);
  });

  it("is whole compound pages, on a machine that has such devices", () => {
    const { compoundDevices: _, ...without } = machineOf();
    const subject = create(machineOf(), strict);

    expect(skipped(create(without, strict), map(0x80, 0xa0, 4))).toBe("no-compound-devices");
    expect(skipped(subject, map(0x80, 0xa0, 6))).toBe("compound-range");
    expect(skipped(subject, map(0x88, 0x98, 4))).toBe("compound-range");
    prepare(subject, map(0x80, 0xa0, 4));
    expect(subject.view(["devices"]).devices).toEqual([{ device: 1, range: { start: 0x80, nrPages: 32 }, vmemmapShift: 4 }]);
  });
});

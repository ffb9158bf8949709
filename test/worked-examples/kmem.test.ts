/** Memory of dax devices that a driver adds, range by range: Linux drivers/dax/kmem.c, v6.12. */
import { describe, expect, it } from "vitest";
import { linux612, namedMachines, strict, toPfn } from "../../models/index.ts";
import type { Command, MachineDescription, Subject } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { add, prepare, writeState } from "./commands.ts";
import { range } from "./machines.ts";
import { blockState, nodeView, run, totals } from "./notation.ts";

// Blocks of 16 frames. Of device 0 the second range can not be mapped; device 1 has two good ranges, on node 1, which has
// nothing else; device 3 has no whole block, device 4 has one and a range that is too small.
const machine = namedMachines.find(({ name }) => name === "tiny-kmem");

function machineOf(): MachineDescription {
  if (machine === undefined) throw new Error("there is no machine tiny-kmem");
  return machine;
}

const probe = (device: number, group = 1): Command => ({ op: "kmem-probe", device, group });
const letGo = (device: number): Command => ({ op: "kmem-remove", device });
const failNext = (what: "memory-block" | "memmap" | "node", skip = 0): Command => ({ op: "fail-next", what, skip });

/** Why a command is skipped. */
function skipped(subject: Subject, command: Command): string | undefined {
  const { result, because } = subject.apply(command);
  return result === "skipped" ? because?.kind : result;
}

/** Memory blocks behind boot memory. */
function added(subject: Subject): readonly number[] {
  return (subject.view(["blocks"]).blocks ?? []).map(({ block }) => Number(block)).filter((block) => block > 5);
}

/** What drivers have reserved for memory, by its first frame. */
function reserved(subject: Subject): readonly number[] {
  return (subject.view(["resources"]).resources ?? []).filter(({ kind }) => kind === "kmem").map((resource) => Number(resource.range.start));
}

function groups(subject: Subject): readonly (readonly number[])[] {
  return (subject.view(["groups"]).groups ?? []).map(({ group, pages }) => [group, pages]);
}

describe.each(subjects)("the driver of dax devices: $name", ({ create }) => {
  it("adds the whole blocks of each range, in a group of its own, and takes them away again", () => {
    const subject = create(machineOf(), strict);

    prepare(subject, probe(1));
    expect(added(subject)).toEqual([7, 8, 10]);
    expect(reserved(subject)).toEqual([0x70, 0xa0]);
    expect(groups(subject)).toEqual([[1, 48]]);
    expect(subject.view(["kmem"]).kmem).toEqual([{ device: 1, group: 1, ranges: [{ start: 0x70, nrPages: 32 }, { start: 0xa0, nrPages: 16 }] }]);
    expect(nodeView(subject, 1).online).toBe(true);
    prepare(subject, letGo(1));
    expect(added(subject)).toEqual([]);
    expect(reserved(subject)).toEqual([]);
    expect(groups(subject)).toEqual([]);
    expect(subject.view(["kmem"]).kmem).toEqual([]);
    expect(nodeView(subject, 1).online).toBe(false);
  });

  it("has the System RAM inside what it reserved", () => {
    const subject = create(machineOf(), strict);
    prepare(subject, probe(0));

    expect(subject.view(["resources"]).resources).toEqual([
      { range: { start: 0x20, nrPages: 0x40 }, kind: "ram" },
      { range: { start: 0xc0, nrPages: 16 }, kind: "kmem" },
      { range: { start: 0xc0, nrPages: 16 }, kind: "ram" },
    ]);
    expect(subject.apply({ op: "device-map", id: 1, start: toPfn(0xc0), nrPages: 4, node: 0 })).toMatchObject({ errno: "ENXIO" });
  });

  it("passes over a later range where somebody else has memory, and leaves that alone", () => {
    const subject = create(machineOf(), strict);
    prepare(subject, add(0xa0, 0xb0, null, 0), probe(1));

    expect(added(subject)).toEqual([7, 8, 10]);
    expect(reserved(subject)).toEqual([0x70]);
    expect(groups(subject)).toEqual([[1, 48]]);
    prepare(subject, letGo(1));
    expect(added(subject)).toEqual([10]);
    expect(groups(subject)).toEqual([]);
  });

  it("passes over a first range that has no whole block", () => {
    const ranges = [range(0x64, 0x6c), range(0xa0, 0xb4)];
    const subject = create({ ...machineOf(), daxDevices: [{ node: 0, ranges }] }, strict);

    expect(run(subject, probe(0))).toBe("ok");
    expect(added(subject)).toEqual([10]);
    expect(reserved(subject)).toEqual([0xa0]);
    expect(groups(subject)).toEqual([[1, 16]]);
  });

  it("passes over a later range that can not be mapped, or for which there is no memory", () => {
    const subject = create(machineOf(), strict);
    prepare(subject, probe(0), failNext("memory-block", 2), probe(1, 2));

    expect(added(subject)).toEqual([7, 8, 12]);
    expect(reserved(subject)).toEqual([0x70, 0xc0]);
    prepare(subject, letGo(0), letGo(1));
    expect(added(subject)).toEqual([]);
    expect(groups(subject)).toEqual([]);
    expect(totals(subject).nrMemmapPages).toBe(0);
  });

  it.each([
    { why: "is somebody else's", before: add(0x70, 0x80, null, 0), errno: "EBUSY" },
    { why: "can not be registered", before: failNext("memory-block", 1), errno: "ENOMEM" },
    { why: "has no node", before: failNext("node"), errno: "ENOMEM" },
  ])("is refused when the first range $why, and leaves nothing", ({ before, errno }) => {
    const subject = create(machineOf(), strict);
    prepare(subject, before);
    const blocks = added(subject);

    expect(run(subject, probe(1))).toBe(errno);

    expect(added(subject)).toEqual(blocks);
    expect(reserved(subject)).toEqual([]);
    expect(groups(subject)).toEqual([]);
    expect(skipped(subject, letGo(1))).toBe("not-bound");
  });

  it("is refused where no range holds a block, and where the first can not be mapped", () => {
    const subject = create(machineOf(), strict);

    expect(subject.apply(probe(3))).toMatchObject({ errno: "EINVAL", because: { kind: "too-small" } });
    expect(subject.apply(probe(2))).toMatchObject({ errno: "E2BIG" });
  });

  it("leaves behind what is online, which then is in its own way", () => {
    const subject = create(machineOf(), strict);
    prepare(subject, probe(1), writeState(7, "online"), letGo(1));

    expect(added(subject)).toEqual([7, 8]);
    expect(reserved(subject)).toEqual([0x70]);
    expect(groups(subject)).toEqual([[1, 48]]);
    expect(run(subject, probe(1, 2))).toBe("EBUSY");
    prepare(subject, writeState(7, "offline"));
    expect(run(subject, probe(1, 2))).toBe("EBUSY");
    expect(skipped(subject, { op: "remove", start: toPfn(0x70), nrPages: 32 })).toBe("driver-memory");
  });

  it("comes back with the ranges that are free", () => {
    const subject = create(machineOf(), strict);
    prepare(subject, probe(1), writeState(10, "online"), letGo(1), probe(1, 2));

    expect(added(subject)).toEqual([7, 8, 10]);
    expect(groups(subject)).toEqual([[1, 48], [2, 48]]);
    prepare(subject, letGo(1));
    expect(added(subject)).toEqual([10]);
    expect(groups(subject)).toEqual([[1, 48]]);
  });

  it("keeps the group of a device with a range that is too small", () => {
    const subject = create(machineOf(), linux612);
    prepare(subject, probe(4), letGo(4));

    expect(added(subject)).toEqual([]);
    expect(groups(subject)).toEqual([[1, 16]]);
    expect(skipped(subject, probe(4))).toBe("label-in-use");
  });

  it("brings memory online as it adds it, where that is asked for", () => {
    const subject = create({ ...machineOf(), autoOnline: "online_movable" }, strict);
    prepare(subject, { op: "veto", event: "GOING_ONLINE", errno: "EIO" }, probe(1));

    expect([7, 8, 10].map((block) => blockState(subject, block).split(" ")[0])).toEqual(["offline", "offline", "online"]);
  });

  it("alone removes its memory, and takes a device once", () => {
    const subject = create(machineOf(), strict);
    prepare(subject, probe(1));

    expect(skipped(subject, { op: "offline-and-remove", start: toPfn(0xa0), nrPages: 16 })).toBe("driver-memory");
    expect(skipped(subject, probe(1, 2))).toBe("bound");
    expect(skipped(subject, probe(9, 2))).toBe("no-such-device");
    expect(run(subject, { op: "group-unregister", id: 1 })).toBe("EBUSY");
  });

  it("keeps a group that somebody else has put memory into", () => {
    const subject = create(machineOf(), strict);
    prepare(subject, probe(0), { op: "add", start: toPfn(0x60), nrPages: 16, node: 0, memmapOnMemory: false, group: 1 }, letGo(0));

    // The group has room for the range that could not be mapped too.
    expect(added(subject)).toEqual([6]);
    expect(groups(subject)).toEqual([[1, 32]]);
  });
});

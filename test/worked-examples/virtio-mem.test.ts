/** A virtio-mem device asks for memory: Linux drivers/virtio/virtio_mem.c, v6.12, in big block mode. */
import { describe, expect, it } from "vitest";
import { linux612, namedMachines, strict, toPfn } from "../../models/index.ts";
import type { Command, MachineDescription, Subject } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { prepare, writeState } from "./commands.ts";
import { blockView, nodeView, run } from "./notation.ts";

// Blocks of 32 frames. The region is [0x70, 0x110), and frames from 0xe0 on can not be mapped: blocks 4, 5 and 6 can be used.
const machine = namedMachines.find(({ name }) => name === "tiny-vmem");

function machineOf(): MachineDescription {
  if (machine === undefined) throw new Error("there is no machine tiny-vmem");
  return machine;
}

const request = (nrBlocks: number, frames = 0): Command => ({ op: "vmem-request", nrPages: nrBlocks * 32 + frames });
const fail = (what: "usage" | "memory-block" | "node", skip = 0): Command => ({ op: "fail-next", what, skip });

/** Blocks behind boot memory, each with its group. */
function blocks(subject: Subject): readonly (readonly (number | null | undefined)[])[] {
  return (subject.view(["blocks"]).blocks ?? []).filter(({ boot }) => boot === false).map(({ block, group }) => [block, group]);
}

/** Why a command is skipped. */
function skipped(subject: Subject, command: Command): string | undefined {
  const { result, because } = subject.apply(command);
  return result === "skipped" ? because?.kind : result;
}

describe.each(subjects)("a virtio-mem device: $name", ({ create }) => {
  it("gets memory blocks from the lowest on, in its dynamic group, and gives the highest back", () => {
    const subject = create(machineOf(), strict);
    expect(subject.view(["groups"]).groups).toEqual([{ group: 0, node: 1, dynamic: true, pages: 32, presentKernel: 0, presentMovable: 0, blocks: [] }]);

    prepare(subject, request(2));
    expect(blocks(subject)).toEqual([[4, 0], [5, 0]]);
    expect(nodeView(subject, 1).online).toBe(true);
    prepare(subject, request(1));
    expect(blocks(subject)).toEqual([[4, 0]]);
    prepare(subject, request(0));
    expect(blocks(subject)).toEqual([]);
    expect(nodeView(subject, 1).online).toBe(false);
  });

  it("leaves what is less than a block", () => {
    const subject = create(machineOf(), strict);
    prepare(subject, request(0, 31), request(1, 31));
    expect(blocks(subject)).toEqual([[4, 0]]);

    prepare(subject, request(0, 1));
    expect(blocks(subject)).toEqual([[4, 0]]);
  });

  it("gets what can be mapped of its region and no more", () => {
    const subject = create(machineOf(), strict);

    expect(subject.apply(request(4))).toMatchObject({ result: "refused", errno: "ENOSPC", because: { kind: "no-usable-block" } });
    expect(blocks(subject)).toEqual([[4, 0], [5, 0], [6, 0]]);
    expect(run(subject, request(5))).toBe("ENOSPC");
    expect(run(subject, request(3))).toBe("ok");
  });

  it("gets nothing where none of it can be mapped", () => {
    const subject = create({ ...machineOf(), hotplugEnd: toPfn(0x70) }, strict);

    expect(run(subject, request(1))).toBe("ENOSPC");
    expect(run(subject, request(0, 31))).toBe("ok");
  });

  it("keeps what is online, and fills gaps", () => {
    const subject = create(machineOf(), strict);
    prepare(subject, request(3), writeState(5, "online"), request(0));
    expect(blocks(subject)).toEqual([[5, 0]]);

    prepare(subject, request(2));
    expect(blocks(subject)).toEqual([[4, 0], [5, 0]]);
  });

  it("keeps what was added when there is no memory for more, and goes on at the next request", () => {
    const subject = create(machineOf(), strict);
    prepare(subject, fail("memory-block", 1));

    expect(run(subject, request(3))).toBe("ENOMEM");
    expect(blocks(subject)).toEqual([[4, 0]]);
    expect(run(subject, request(3))).toBe("ok");
  });

  it("is given up after an error that its driver does not know", () => {
    const subject = create(machineOf(), linux612);
    prepare(subject, fail("usage", 1));

    expect(run(subject, request(1))).toBe("ENOMEM");
    expect(run(subject, request(1))).toBe("EEXIST");
    expect(skipped(subject, request(0))).toBe("device-broken");
  });

  it("brings memory online as it adds it, where that is asked for", () => {
    const subject = create({ ...machineOf(), autoOnline: "online_movable" }, strict);

    expect(run(subject, request(4))).toBe("ENOSPC");
    expect([4, 5, 6].map((block) => blockView(subject, block)?.state)).toEqual(["online", "online", "online"]);
  });

  it("waits while a gibibyte of it is not online yet", () => {
    const big = namedMachines.find(({ name }) => name === "x86-64");
    if (big === undefined) throw new Error("there is no machine x86-64");
    const subject = create({ ...big, virtioMem: { node: 0, region: { start: toPfn(0x100000), nrPages: 0x80000 } } }, strict);

    expect(subject.apply({ op: "vmem-request", nrPages: 9 * 32768 })).toMatchObject({ errno: "ENOSPC", because: { kind: "too-much-offline" } });
    expect(blocks(subject).length).toBe(8);
  }, 60_000);

  it("has its region to itself, which is not busy and System RAM all the same", () => {
    const subject = create(machineOf(), strict);
    prepare(subject, request(1));

    expect(subject.view(["resources"]).resources?.slice(1)).toEqual([{ range: { start: 0x70, nrPages: 0xa0 }, kind: "virtio-mem" }, { range: { start: 0x80, nrPages: 32 }, kind: "ram" }]);
    expect(skipped(subject, { op: "add", start: toPfn(0xa0), nrPages: 32, node: 0, memmapOnMemory: false, group: null })).toBe("driver-memory");
    expect(skipped(subject, { op: "remove", start: toPfn(0x80), nrPages: 32 })).toBe("driver-memory");
    expect(skipped(subject, { op: "group-unregister", id: 0 })).toBe("driver-group");
    expect(run(subject, { op: "device-map", id: 1, start: toPfn(0xc0), nrPages: 4, node: 0 })).toBe("ENXIO");
  });

  it("is there only where a machine has one", () => {
    const { virtioMem: _, ...without } = machineOf();

    expect(skipped(create(without, strict), request(1))).toBe("no-virtio-mem");
  });
});

/** HighAtomic reserves: pageblocks kept for requests of several pages that can not wait. */
import { describe, expect, it } from "vitest";
import { linux612, namedMachines, strict, toPfn } from "../../models/index.ts";
import type { Command, MachineDescription, Profile, Subject, ZoneModifier } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { alloc, contig, free, freeToPcp, granted, isolate, prepare, unisolate, writeState } from "./commands.ts";
import { pageblocksOf, pcpLists, run, told, zoneView } from "./notation.ts";

// Pageblocks of four frames. One percent of zone Normal (512 frames) is five frames, or two pageblocks; of zone DMA none.
//
//   0x40     0x80                                        0x280        0x2c0
//   |  DMA    |                  Normal                    |  not added  |
const machine = namedMachines.find(({ name }) => name === "tiny-atomic");

function machineOf(): MachineDescription {
  if (machine === undefined) throw new Error("there is no machine tiny-atomic");
  return machine;
}

const atomic = (id: number, order = 1, zone: ZoneModifier = "normal"): Command => ({ op: "alloc-atomic", id, order, node: 0, zone });
const unreserve = (force: boolean, movable = false): Command => ({ op: "unreserve", node: 0, movable, force });

/** Frames reserved, and those of them that are free. */
function reserve(subject: Subject, type: "DMA" | "Normal" = "Normal"): readonly (number | undefined)[] {
  const { nrReservedHighAtomic, nrFreeHighAtomic } = zoneView(subject, type);
  return [nrReservedHighAtomic, nrFreeHighAtomic];
}

function reason(subject: Subject, command: Command): string | undefined {
  const { result, because } = subject.apply(command);
  return result === "skipped" ? because?.kind : result;
}

describe.each(subjects)("HighAtomic reserves: $name", ({ create }) => {
  function after(...commands: readonly Command[]): Subject {
    const subject = create(machineOf(), strict);
    prepare(subject, ...commands);
    return subject;
  }

  it("are the pageblocks around what was given, until one percent is reserved", () => {
    const subject = after(atomic(1));
    expect(reserve(subject)).toEqual([4, 2]);
    expect(pageblocksOf(subject, 0x80, 0x94)).toBe("HUUUM");

    prepare(subject, atomic(2, 2));
    expect(reserve(subject)).toEqual([8, 2]);
    prepare(subject, atomic(3, 2));
    expect(reserve(subject)).toEqual([8, 2]);
    expect(pageblocksOf(subject, 0x80, 0x94)).toBe("HHUUM");
  });

  it("take all pageblocks of a larger block, also beyond the limit", () => {
    const subject = after(atomic(1, 4));

    expect(reserve(subject)).toEqual([16, 0]);
    expect(pageblocksOf(subject, 0x80, 0x94)).toBe("HHHHM");
  });

  it("are not made in a zone of which a pageblock is more than one percent", () => {
    const subject = after(atomic(1, 1, "DMA"));

    expect(reserve(subject, "DMA")).toEqual([0, 0]);
    expect(pageblocksOf(subject, 0x40, 0x50)).toBe("UUUU");
  });

  it("are smaller where the zone has become smaller", () => {
    const subject = after(writeState(9, "offline"), writeState(8, "offline"), atomic(1), atomic(2, 2));
    expect(zoneView(subject, "Normal").managed).toBe(384);

    expect(reserve(subject)).toEqual([0, 0]);
  });

  it("serve those they are for first, and nobody else", () => {
    const subject = after(atomic(1));

    expect(told(after(atomic(1)), alloc(2, "kernel", 1), granted(0x82, 1))).toMatch(/^breach of grant-type/);
    expect(subject.apply(alloc(3, "kernel", 1))).toMatchObject(granted(0x84, 1));
    expect(subject.apply(atomic(4))).toMatchObject(granted(0x82, 1));
    expect(reserve(subject)).toEqual([4, 0]);
  });

  it("do not count as free for others", () => {
    const { nodes: _, ...rest } = machineOf();
    const subject = create({ ...rest, dmaEnd: toPfn(0x40), dma32End: toPfn(0x40), nodes: [{ memory: [{ start: toPfn(0x80), nrPages: 448 }], movableStart: null, cpus: true }] }, strict);
    prepare(subject, atomic(1), contig(2, 0x84, 0x240));
    expect([zoneView(subject, "Normal").nrFree, ...reserve(subject)]).toEqual([2, 4, 2]);

    expect(run(subject, alloc(3, "user"))).toBe("ENOMEM");
    expect(run(subject, alloc(3, "kernel", 1))).toBe("ENOMEM");
    expect(run(subject, atomic(3))).toBe("ok");
  });

  it("are given up under memory pressure, the last pageblock only by force", () => {
    const subject = after(atomic(1), atomic(2, 2), free(2), unreserve(false));
    expect(reserve(subject)).toEqual([4, 4]);
    expect(pageblocksOf(subject, 0x80, 0x94)).toBe("UHUUM");

    prepare(subject, unreserve(false));
    expect(reserve(subject)).toEqual([4, 4]);
    prepare(subject, unreserve(true, true));
    expect(reserve(subject)).toEqual([0, 0]);
    expect(pageblocksOf(subject, 0x80, 0x94)).toBe("UMUUM");
  });

  function wholeGivenUp(profile: Profile): Subject {
    const subject = create(machineOf(), profile);
    prepare(subject, atomic(1, 2), free(1), unreserve(true));
    return subject;
  }

  it("merge with what is beside them when they are given up whole; in Linux they do not", () => {
    expect(zoneView(wholeGivenUp(strict), "Normal").nrFreeBlocks).toEqual([0, 0, 0, 0, 32]);
    expect(zoneView(wholeGivenUp(linux612), "Normal").nrFreeBlocks).toEqual([0, 0, 2, 1, 31]);
  });

  function fromList(profile: Profile): Subject {
    const subject = create(machineOf(), profile);
    prepare(subject, alloc(1, "kernel", 1), freeToPcp(1), atomic(2));
    return subject;
  }

  it("do not grow by what came from a per-CPU list; in Linux they do", () => {
    expect([reserve(fromList(strict)), reserve(fromList(linux612))]).toEqual([[0, 0], [4, 2]]);
  });

  it("count as movable on per-CPU lists, and come back to the reserve", () => {
    const subject = after(atomic(1), freeToPcp(1));
    expect(pcpLists(subject)).toBe("o1/M:[128]");

    prepare(subject, { op: "drain", node: 0, zone: "Normal" });
    expect(reserve(subject)).toEqual([4, 4]);
  });

  function isolated(profile: Profile): Subject {
    const subject = create(machineOf(), profile);
    prepare(subject, atomic(1), free(1), isolate(1, 0x80, 0x84));
    expect(reserve(subject)).toEqual([4, 0]);
    prepare(subject, unisolate(1, 0x80, 0x84));
    return subject;
  }

  it("come back when their isolation is undone; Linux makes them Movable, and counts them still", () => {
    expect([reserve(isolated(strict)), pageblocksOf(isolated(strict), 0x80, 0x88)]).toEqual([[4, 4], "HU"]);
    expect([reserve(isolated(linux612)), pageblocksOf(isolated(linux612), 0x80, 0x88)]).toEqual([[4, 0], "MM"]);
  });

  it("are for requests of two frames and more, and only where there are any", () => {
    const { highAtomic: _, ...plain } = machineOf();
    const subject = after(atomic(1));

    expect([atomic(1), atomic(2, 0), atomic(2, 5), { ...atomic(2), node: 1 } as Command, { ...unreserve(true), node: 1 } as Command].map((command) => reason(subject, command))).toEqual(["label-in-use", "order-of-kind", "order-of-kind", "no-such-node", "no-such-node"]);
    expect([atomic(1), unreserve(true)].map((command) => reason(create(plain, strict), command))).toEqual(["no-high-atomic", "no-high-atomic"]);
  });
});

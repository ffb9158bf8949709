/** Guard pages (debug_pagealloc): what splitting leaves out of the free lists, and what merging takes back. */
import { describe, expect, it } from "vitest";
import { checkDescription, linux612, strict } from "../../models/index.ts";
import type { MachineDescription } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { alloc, contig, free, freeToPcp, granted, place, poison, prepare, softOffline, unpoison, writeState } from "./commands.ts";
import { cutTo, machineA, nodeWithMovable } from "./machines.ts";
import { allocator, answer, framesOf, run, told, useOf } from "./notation.ts";

/** Pageblocks of 4 frames, free blocks of up to 16; halves of one and two frames become guard blocks. */
const guarded: MachineDescription = { ...machineA, guardMinOrder: 2 };

describe.each(subjects)("guard pages: $name", ({ create }) => {
  it("keep the small halves of a split block from the lists and from the free count", () => {
    const subject = create(guarded, linux612);

    expect(subject.apply(alloc(1, "user"))).toMatchObject(granted(0));
    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/M:[4] pb=MMMMMMMM nf 28 iso 0");
    expect([0, 1, 2, 3].map((pfn) => useOf(subject, pfn))).toEqual(["allocated", "guard", "guard", "guard"]);
  });

  it("are made of the halves below the least order alone", () => {
    const subject = create({ ...guarded, guardMinOrder: 1 }, linux612);
    prepare(subject, alloc(1, "user"));

    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/M:[4] o1/M:[2] pb=MMMMMMMM nf 30 iso 0");
    expect(useOf(subject, 1)).toBe("guard");
  });

  it("count as free again when what lies beside them is freed", () => {
    const subject = create(guarded, linux612);
    prepare(subject, alloc(1, "user"), free(1));

    expect(allocator(subject)).toBe("o4/M:[0,16] pb=MMMMMMMM nf 32 iso 0");
  });

  it("stay while what lies beside them is on a per-CPU list", () => {
    const subject = create(guarded, linux612);
    prepare(subject, alloc(1, "user"), freeToPcp(1));

    expect(useOf(subject, 1)).toBe("guard");

    prepare(subject, { op: "drain", node: 0, zone: "Normal" });

    expect(allocator(subject)).toBe("o4/M:[0,16] pb=MMMMMMMM nf 32 iso 0");
  });

  it("are given to nobody", () => {
    const subject = create(guarded, linux612);
    prepare(subject, alloc(1, "user"));

    expect(told(subject, alloc(2, "user"), granted(1))).toContain("grant-free");

    const alone = create(guarded, linux612);
    prepare(alone, alloc(1, "user"));

    expect(alone.apply(alloc(2, "user"))).toMatchObject(granted(4));
  });

  // A claim for kernel memory takes the pageblock's free blocks along; the guards follow when they merge.
  it("come back to the list of the type that their pageblock has by then", () => {
    const subject = create(cutTo(guarded, 0, 4), linux612);
    prepare(subject, alloc(1, "user"), free(1), alloc(2, "kernel"), free(2));

    expect(allocator(subject)).toBe("o2/U:[0] pb=U nf 4 iso 0");
  });

  it("make way with the page beside them for a contiguous allocation, and keep a range without that page from being had", () => {
    const subject = create(guarded, linux612);
    place(subject, alloc(1, "user"), 9);

    expect(useOf(subject, 8)).toBe("guard");
    expect(run(subject, contig(2, 8, 9))).toBe("EBUSY");
    expect(run(subject, contig(2, 8, 12))).toBe("ok");
    expect(framesOf(subject, 2)).toBe("8-11");
    expect(framesOf(subject, 1)).toBe("12");
  });

  it("are no frames that a memory error can be contained in", () => {
    const subject = create(guarded, linux612);
    prepare(subject, alloc(1, "user"));

    expect(answer(subject.apply(poison(1)))).toBe("skipped");
    expect(answer(subject.apply(softOffline(1)))).toBe("EIO");
  });

  it("are left beside a frame that is taken off its free block, and come back with it", () => {
    const subject = create(guarded, linux612);
    prepare(subject, poison(5));

    expect([4, 6, 7].map((pfn) => useOf(subject, pfn))).toEqual(["guard", "guard", "guard"]);
    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/M:[0] pb=MMMMMMMM nf 28 iso 0");

    prepare(subject, unpoison(5));

    expect(allocator(subject)).toBe("o4/M:[0,16] pb=MMMMMMMM nf 32 iso 0");
  });

  // In Linux the offline passes over the poisoned frame and then waits for the guard beside it, which never comes free.
  it("beside a poisoned frame keep their block online", () => {
    const machine: MachineDescription = { ...guarded, nodes: [nodeWithMovable(16, [0, 32])] };
    const [contract, linux] = [create(machine, strict), create(machine, linux612)];
    prepare(contract, poison(17));
    prepare(linux, poison(17));

    expect(run(contract, writeState(1, "offline"))).toBe("EBUSY");
    expect(linux.apply(writeState(1, "offline"))).toMatchObject({ result: "livelock", errno: "EINTR" });
  });
});

describe("the least order that is no guard block", () => {
  it("is from 1 to half the largest order, and within a pageblock", () => {
    expect([0, 1, 2, 3].map((guardMinOrder) => checkDescription({ ...machineA, guardMinOrder }))).toEqual(["guardMinOrder: expected 1 to 2, got 0", undefined, undefined, "guardMinOrder: expected 1 to 2, got 3"]);
  });
});

/** What a naive reading of the page allocator gets wrong: counters, lists, types, references, poison. */
import { describe, expect, it } from "vitest";
import { linux612, strict } from "../../models/index.ts";
import type { Profile, Subject } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { alloc, cmaAlloc, contig, frames, free, freeToPcp, granted, isolate, occupy, pin, place, poison, prepare, softOffline, unisolate, unpoison } from "./commands.ts";
import { cmaArea, cutTo, machineA, machineB } from "./machines.ts";
import { allocation, allocator, counts, framesOf, freeLists, isHwpoison, pageblocks, pcpLists, run, told, totals, useOf, zoneView } from "./notation.ts";

describe.each(subjects)("counters and lists, closely: $name", ({ create }) => {
  it("counts isolated blocks among the free blocks, not their pages among the free pages", () => {
    const subject = create(machineA, linux612);
    prepare(subject, isolate(1, 4, 8));

    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/M:[0] o2/I:[4] pb=MIMMMMMM nf 28 iso 1");
    expect(zoneView(subject, "Normal").nrFreeBlocks).toEqual([0, 0, 2, 1, 1]);
  });

  it("frees to the list of the pageblock, whatever the request was", () => {
    const subject = create(machineA, linux612);
    occupy(subject, "kernel", [4]);
    prepare(subject, free(4));

    expect(allocator(subject)).toBe("o4/M:[0,16] pb=MMMMMMMM nf 32 iso 0");
  });

  function cmaFrameFreed(): Subject {
    const subject = create({ ...machineA, cma: [cmaArea(16, 8, 0)] }, linux612);
    occupy(subject, "user", [17]);
    prepare(subject, freeToPcp(17));
    return subject;
  }

  it("frees a CMA frame to the Movable per-CPU list, from which no other request takes it", () => {
    expect(pcpLists(cmaFrameFreed())).toBe("o0/M:[17]");
    expect(told(cmaFrameFreed(), alloc(1, "kernel"), granted(17))).toMatch(/^breach/);
    expect(told(cmaFrameFreed(), alloc(1, "user"), granted(17))).toBe("admitted");
  });

  // Pageblock 0 is Unmovable with one kernel page, pageblock 1 Movable and free. The kernel page is freed.
  it("gives a merged block the type of the part that was freed last, pageblocks included", () => {
    const subject = create(cutTo(machineB, 0, 16), linux612);
    occupy(subject, "user", frames(0, 16));
    prepare(subject, ...frames(0, 8).map((pfn) => free(pfn)), alloc(100, "kernel"), ...frames(8, 16).map((pfn) => free(pfn)));
    expect(allocator(subject)).toBe("o3/M:[8] o2/U:[4] o1/U:[2] o0/U:[1] pb=UM nf 15 iso 0");

    prepare(subject, free(100));

    expect(allocator(subject)).toBe("o4/U:[0] pb=UU nf 16 iso 0");
  });

  it("fails an allocation whose frame lies on a per-CPU list, because the watermark does not see it", () => {
    const subject = create(cutTo(machineA, 0, 16), linux612);
    occupy(subject, "user", frames(0, 16));
    prepare(subject, freeToPcp(5));

    expect(run(subject, alloc(100, "user"))).toBe("ENOMEM");
    expect(pcpLists(subject)).toBe("o0/M:[5]");
  });

  it("fails an allocation when every free frame is isolated", () => {
    const subject = create(cutTo(machineA, 0, 16), linux612);
    prepare(subject, isolate(1, 0, 16));

    expect(counts(subject)).toBe("nf 0 iso 4");
    expect(run(subject, alloc(100, "user"))).toBe("ENOMEM");
  });
});

describe.each(subjects)("choosing a list, closely: $name", ({ create }) => {
  it("takes a movable page from its own lists first, if CMA is not most of what is free", () => {
    const subject = create({ ...machineA, cma: [cmaArea(16, 8, 0)] }, linux612);
    expect(freeLists(subject)).toBe("o4/M:[0] o3/M:[24] o3/C:[16]");

    expect(subject.apply(alloc(100, "user"))).toMatchObject(granted(24));
  });

  // Free are the CMA area [16, 20) and the Unmovable pageblocks [0, 8).
  it("takes a movable page from CMA rather than from another type", () => {
    const subject = create({ ...machineA, cma: [cmaArea(16, 4, 0)] }, linux612);
    occupy(subject, "kernel", [...frames(0, 16), ...frames(20, 32)], [0, 4, 8, 12]);
    prepare(subject, ...frames(0, 8).map((pfn) => free(pfn)));
    expect(freeLists(subject)).toBe("o3/U:[0] o2/C:[16]");

    expect(subject.apply(alloc(100, "user"))).toMatchObject(granted(16));
  });

  // The last pageblock, [28, 32), ends behind the zone.
  it("neither isolates nor claims a pageblock that the zone's end cuts", () => {
    const subject = create(cutTo(machineA, 0, 30), linux612);
    expect(run(subject, isolate(1, 28, 30))).toBe("EBUSY");

    occupy(subject, "user", frames(0, 28));
    expect(freeLists(subject)).toBe("o1/M:[28]");
    expect(subject.apply(alloc(100, "kernel"))).toEqual(granted(28));
    expect(allocator(subject)).toBe("o0/M:[29] pb=MMMMMMMM nf 1 iso 0");
  });
});

// Kernel frames [8, 16), order 3 and not compound, of which someone else holds a reference.
describe.each(subjects)("a freed block that someone holds: $name", ({ create }) => {
  it("keeps its first frame only", () => {
    const subject = create(machineA, linux612);
    place(subject, alloc(1, "kernel", 3), 8);
    prepare(subject, { op: "hold", id: 1 }, free(1));

    expect(framesOf(subject, 1)).toBe("8");
    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[0] o2/M:[12] o1/M:[10] o0/M:[9] pb=MMMMMMMM nf 31 iso 0");

    prepare(subject, { op: "release", id: 1 });

    expect(allocator(subject)).toBe("o4/M:[0,16] pb=MMMMMMMM nf 32 iso 0");
  });

  it("keeps all its frames if it is compound", () => {
    const subject = create(machineA, linux612);
    place(subject, alloc(1, "slab", 3), 8);
    prepare(subject, { op: "hold", id: 1 }, free(1));

    expect(framesOf(subject, 1)).toBe("8-15");
    expect(counts(subject)).toBe("nf 24 iso 0");
  });
});

describe.each(subjects)("poison, closely: $name", ({ create }) => {
  it("marks a kernel page and counts it, although it is refused", () => {
    const subject = create(machineA, linux612);
    occupy(subject, "kernel", [5]);

    expect(run(subject, poison(5))).toBe("EBUSY");
    expect(isHwpoison(subject, 5)).toBe(true);
    expect(totals(subject).numPoisoned).toBe(1);
    expect(framesOf(subject, 5)).toBe("5");
  });

  it("keeps a marked frame from the buddy allocator when it is freed alone", () => {
    const subject = create(machineA, linux612);
    occupy(subject, "kernel", [5]);
    run(subject, poison(5));
    prepare(subject, free(5));

    expect(useOf(subject, 5)).toBe("poisoned");
    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/M:[0] o1/M:[6] o0/M:[4] pb=MMMMMMMM nf 31 iso 0");
  });

  // Kernel frames [4, 8); frame 5 is poisoned while they are in use.
  function poisonedInside(profile: Profile): Subject {
    const subject = create(machineA, profile);
    place(subject, alloc(1, "kernel", 2), 4);
    run(subject, poison(5));
    prepare(subject, free(1));
    return subject;
  }

  it("gives a marked frame to the buddy allocator inside a larger block (linux-6.12)", () => {
    const subject = poisonedInside(linux612);

    expect(allocator(subject)).toBe("o4/M:[0,16] pb=MMMMMMMM nf 32 iso 0");
    expect(isHwpoison(subject, 5)).toBe(true);
  });

  it("keeps a marked frame back when the larger block around it is freed (strict)", () => {
    const subject = poisonedInside(strict);

    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/M:[0] o1/M:[6] o0/M:[4] pb=MMMMMMMM nf 31 iso 0");
    expect(useOf(subject, 5)).toBe("poisoned");
  });

  function unpoisonedAfterFree(profile: Profile): Subject {
    const subject = create(machineA, profile);
    occupy(subject, "kernel", [5]);
    run(subject, poison(5));
    prepare(subject, free(5), unpoison(5));
    return subject;
  }

  it("loses a frame that was freed while poisoned when it is unpoisoned (linux-6.12)", () => {
    const subject = unpoisonedAfterFree(linux612);

    expect(useOf(subject, 5)).toBe("limbo");
    expect(counts(subject)).toBe("nf 31 iso 0");
  });

  it("gives a frame back that was freed while poisoned when it is unpoisoned (strict)", () => {
    expect(allocator(unpoisonedAfterFree(strict))).toBe("o4/M:[0,16] pb=MMMMMMMM nf 32 iso 0");
  });

  it("drains the per-CPU lists of the zone", () => {
    const subject = create(machineA, linux612);
    occupy(subject, "user", [20]);
    prepare(subject, freeToPcp(20), poison(5));

    expect(pcpLists(subject)).toBe("");
    expect(counts(subject)).toBe("nf 31 iso 0");
  });

  it("retires the frame of a page that was moved away first", () => {
    const subject = create(machineA, linux612);
    occupy(subject, "user", [5]);

    expect(subject.apply(softOffline(5))).toEqual({ result: "ok", moved: [{ id: 5, from: 5, to: { pfn: 4, order: 0 } }] });
    expect(useOf(subject, 5)).toBe("poisoned");
    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/M:[0] o1/M:[6] pb=MMMMMMMM nf 30 iso 0");
  });

  it("takes a frame out of an isolated pageblock without changing the free count", () => {
    const subject = create(machineA, linux612);
    prepare(subject, isolate(1, 4, 8), poison(6));

    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/M:[0] o1/I:[4] o0/I:[7] pb=MIMMMMMM nf 28 iso 1");
    expect(useOf(subject, 6)).toBe("poisoned");
  });
});

describe.each(subjects)("isolation and types, closely: $name", ({ create }) => {
  it("finds a page unmovable while someone has it off the LRU", () => {
    const subject = create(machineA, linux612);
    occupy(subject, "user", [5]);
    prepare(subject, { op: "lru-isolate", id: 5 });
    expect(run(subject, isolate(1, 4, 8))).toBe("EBUSY");

    prepare(subject, { op: "lru-putback", id: 5 });
    expect(run(subject, isolate(1, 4, 8))).toBe("ok");
  });

  // Pageblocks 0 to 3 are Unmovable, frame 4 is in kernel use. The first and the last pageblock are isolated before the
  // inner one refuses; both come back Movable, and the last one merges with its neighbour.
  //
  //   0         4               8         12        16
  //   | isolate | kernel, EBUSY | isolate |         |
  //     undone                    undone    merged
  it("isolates the first and the last pageblock before the inner ones", () => {
    const subject = create(machineA, linux612);
    occupy(subject, "kernel", [4], [0, 4, 8, 12]);

    expect(run(subject, isolate(1, 0, 12))).toBe("EBUSY");
    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/M:[0] o1/U:[6] o0/U:[5] pb=MUMMMMMM nf 31 iso 0");
  });

  it("does not look at the frames of a CMA pageblock in mode cma, and takes none in another", () => {
    const subject = create({ ...machineA, cma: [cmaArea(16, 8, 0)] }, linux612);
    prepare(subject, cmaAlloc(1, 1));

    expect(run(subject, isolate(1, 16, 20, "contig"))).toBe("EBUSY");
    expect(run(subject, isolate(1, 16, 20, "offline"))).toBe("EBUSY");
    expect(run(subject, isolate(1, 16, 20, "cma"))).toBe("ok");
  });

  // Token 1 holds the CMA pageblock [16, 20); a contiguous allocation meets it.
  function foreignCma(profile: Profile): Subject {
    const subject = create({ ...machineA, cma: [cmaArea(16, 8, 0)] }, profile);
    prepare(subject, isolate(1, 16, 20, "cma"));
    expect(run(subject, contig(100, 16, 18))).toBe("EBUSY");
    return subject;
  }

  it("turns a CMA pageblock that someone else isolated Movable for good (linux-6.12)", () => {
    expect(pageblocks(foreignCma(linux612))).toBe("MMMMMCMM");
  });

  it("leaves a CMA pageblock that someone else isolated to its owner (strict)", () => {
    const subject = foreignCma(strict);
    expect(pageblocks(subject)).toBe("MMMMICMM");

    prepare(subject, unisolate(1, 16, 20));
    expect(pageblocks(subject)).toBe("MMMMCCMM");
  });

  it("moves a page out of an isolated pageblock before it is pinned for long", () => {
    const subject = create(machineA, linux612);
    occupy(subject, "user", [5]);
    prepare(subject, isolate(1, 4, 8), pin(5, true));

    expect(framesOf(subject, 5)).toBe("16");
    expect(allocation(subject, 5)?.longTermPins).toBe(1);
  });
});

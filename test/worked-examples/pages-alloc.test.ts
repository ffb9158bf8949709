/** The page allocator: splitting and merging, claiming and stealing, per-CPU lists, poison, CMA preference. */
import { describe, expect, it } from "vitest";
import { linux612 } from "../../models/index.ts";
import type { MachineDescription, Subject } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { alloc, contig, frames, free, freeToPcp, granted, isolate, occupy, place, poison, prepare, testIsolated, unisolate, unpoison } from "./commands.ts";
import { cmaArea, cutTo, machineA, machineB } from "./machines.ts";
import { allocator, framesOf, freeLists, isHwpoison, pageblocks, pcpLists, run, told, useOf } from "./notation.ts";

describe.each(subjects)("splitting and merging: $name", ({ create }) => {
  it("gives the lowest frame and leaves one half of each order", () => {
    const subject = create(machineA, linux612);

    expect(subject.apply(alloc(1, "user"))).toMatchObject(granted(0));
    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/M:[4] o1/M:[2] o0/M:[1] pb=MMMMMMMM nf 31 iso 0");
  });

  it("merges a freed frame up to the largest order", () => {
    const subject = create(machineA, linux612);
    prepare(subject, alloc(1, "user"), free(1));

    expect(allocator(subject)).toBe("o4/M:[0,16] pb=MMMMMMMM nf 32 iso 0");
  });

  // An order-0 request for kernel memory takes a whole block of order 4 to its type, and it stays there.
  it("claims four pageblocks for one unmovable frame", () => {
    const subject = create(machineA, linux612);

    expect(subject.apply(alloc(1, "kernel"))).toMatchObject(granted(0, 0, [0, 4, 8, 12]));
    expect(allocator(subject)).toBe("o4/M:[16] o3/U:[8] o2/U:[4] o1/U:[2] o0/U:[1] pb=UUUUMMMM nf 31 iso 0");

    prepare(subject, free(1));

    expect(allocator(subject)).toBe("o4/U:[0] o4/M:[16] pb=UUUUMMMM nf 32 iso 0");
  });
});

// Two pageblocks of eight frames. A block below order 1 can not be claimed for a movable request; a pageblock is claimed
// when at least four of its frames are free or of the request's sort.
describe.each(subjects)("claiming and stealing: $name", ({ create }) => {
  const machine: MachineDescription = cutTo(machineB, 0, 16);

  function unmovableExcept(freed: readonly number[]): Subject {
    const subject = create(machine, linux612);
    occupy(subject, "kernel", frames(0, 16), [0, 8]);
    prepare(subject, ...freed.map((pfn) => free(pfn)));
    return subject;
  }

  function movableExcept(freed: readonly number[]): Subject {
    const subject = create(machine, linux612);
    occupy(subject, "user", frames(0, 16));
    prepare(subject, ...freed.map((pfn) => free(pfn)));
    return subject;
  }

  it("steals a single frame for a movable request and leaves the pageblock's type", () => {
    const subject = unmovableExcept([3, 10]);

    expect(freeLists(subject)).toBe("o0/U:[3,10]");
    expect(told(subject, alloc(100, "user"), granted(10))).toBe("admitted");
    expect(allocator(subject)).toBe("o0/U:[3] pb=UU nf 1 iso 0");
  });

  it("steals the lowest frame when it runs alone", () => {
    const subject = unmovableExcept([3, 10]);

    expect(subject.apply(alloc(100, "user"))).toMatchObject(granted(3));
    expect(allocator(subject)).toBe("o0/U:[10] pb=UU nf 1 iso 0");
  });

  it("steals when two frames of a pageblock are free", () => {
    const subject = unmovableExcept([2, 3]);

    expect(freeLists(subject)).toBe("o1/U:[2]");
    expect(subject.apply(alloc(100, "user"))).toMatchObject(granted(2));
    expect(allocator(subject)).toBe("o0/U:[3] pb=UU nf 1 iso 0");
  });

  it("claims the pageblock when four frames are free", () => {
    const subject = unmovableExcept([0, 1, 2, 3]);

    expect(freeLists(subject)).toBe("o2/U:[0]");
    expect(subject.apply(alloc(100, "user"))).toMatchObject(granted(0, 0, [0]));
    expect(allocator(subject)).toBe("o1/M:[2] o0/M:[1] pb=MU nf 3 iso 0");
  });

  it("gives the smallest block of the pageblock that it claimed", () => {
    const subject = unmovableExcept([0, 1, 2, 3, 6]);

    expect(freeLists(subject)).toBe("o2/U:[0] o0/U:[6]");
    expect(subject.apply(alloc(100, "user"))).toMatchObject(granted(6, 0, [0]));
    expect(allocator(subject)).toBe("o2/M:[0] pb=MU nf 4 iso 0");
  });

  it("puts an unmovable frame among movable ones when it can not claim", () => {
    const subject = movableExcept([5]);

    expect(freeLists(subject)).toBe("o0/M:[5]");
    expect(subject.apply(alloc(100, "kernel"))).toMatchObject(granted(5));
    expect(allocator(subject)).toBe("pb=MM nf 0 iso 0");
  });

  it("claims a pageblock in which four movable frames stay", () => {
    const subject = movableExcept([4, 5, 6, 7]);

    expect(freeLists(subject)).toBe("o2/M:[4]");
    expect(subject.apply(alloc(100, "kernel"))).toMatchObject(granted(4, 0, [0]));
    expect(allocator(subject)).toBe("o1/U:[6] o0/U:[5] pb=UM nf 3 iso 0");
  });
});

// Frame 5 was freed to a per-CPU list; then its pageblock [4, 8) is isolated.
describe.each(subjects)("per-CPU lists: $name", ({ create }) => {
  function freedToPcp(): Subject {
    const subject = create(machineA, linux612);
    occupy(subject, "user", [5]);
    prepare(subject, freeToPcp(5));
    return subject;
  }

  function isolatedAround(): Subject {
    const subject = freedToPcp();
    prepare(subject, isolate(1, 4, 8));
    return subject;
  }

  it("does not count a per-CPU frame as free", () => {
    const subject = freedToPcp();

    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/M:[0] o1/M:[6] o0/M:[4] pb=MMMMMMMM nf 31 iso 0");
    expect(pcpLists(subject)).toBe("o0/M:[5]");
    expect(useOf(subject, 5)).toBe("pcp");
  });

  it("leaves it on the per-CPU list when its pageblock is isolated, so that the test fails", () => {
    const subject = isolatedAround();

    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/M:[0] o1/I:[6] o0/I:[4] pb=MIMMMMMM nf 28 iso 1");
    expect(run(subject, testIsolated(4, 8))).toBe("EBUSY");
  });

  it("may give it away although its pageblock is isolated", () => {
    const subject = isolatedAround();

    expect(told(subject, alloc(100, "user"), granted(5))).toBe("admitted");
    expect(pcpLists(subject)).toBe("");
    expect(framesOf(subject, 100)).toBe("5");
  });

  it("gives no other frame of the isolated pageblock", () => {
    expect(told(isolatedAround(), alloc(100, "user"), granted(4))).toMatch(/^breach/);
  });

  it("drains it to the isolated list, where it merges", () => {
    const subject = isolatedAround();
    prepare(subject, { op: "drain", node: 0, zone: "Normal" });

    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/M:[0] o2/I:[4] pb=MIMMMMMM nf 28 iso 1");
    expect(run(subject, testIsolated(4, 8))).toBe("ok");

    prepare(subject, unisolate(1, 4, 8));

    expect(allocator(subject)).toBe("o4/M:[0,16] pb=MMMMMMMM nf 32 iso 0");
  });

  it("frees into an isolated pageblock at once, without the per-CPU list", () => {
    const subject = create(machineA, linux612);
    occupy(subject, "user", [5]);
    prepare(subject, isolate(1, 4, 8), freeToPcp(5));

    expect(pcpLists(subject)).toBe("");
    expect(freeLists(subject)).toBe("o4/M:[16] o3/M:[8] o2/M:[0] o2/I:[4]");
    expect(run(subject, testIsolated(4, 8))).toBe("ok");
  });
});

// A memory error strikes frame 6 while it is free.
//
//   0      4  5  6       7  8
//   | free | free | bad  | free ...
describe.each(subjects)("a poisoned frame: $name", ({ create }) => {
  function poisoned(): Subject {
    const subject = create(machineA, linux612);
    prepare(subject, poison(6));
    return subject;
  }

  it("leaves the free lists alone, and nothing else does", () => {
    const subject = poisoned();

    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/M:[0] o1/M:[4] o0/M:[7] pb=MMMMMMMM nf 31 iso 0");
    expect(useOf(subject, 6)).toBe("poisoned");
    expect(isHwpoison(subject, 6)).toBe(true);
  });

  it("is skipped by an offline test of its pageblock and fails any other", () => {
    const subject = poisoned();

    expect(run(subject, isolate(1, 4, 8, "offline"))).toBe("ok");
    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/M:[0] o1/I:[4] o0/I:[7] pb=MIMMMMMM nf 28 iso 1");
    expect(run(subject, testIsolated(4, 8, "offline"))).toBe("ok");
    expect(run(subject, testIsolated(4, 8, "contig"))).toBe("EBUSY");
  });

  it("keeps its whole pageblock from contiguous allocation, and no other", () => {
    const subject = poisoned();
    prepare(subject, isolate(1, 4, 8, "offline"), unisolate(1, 4, 8));

    expect(run(subject, contig(100, 4, 6))).toBe("EBUSY");
    expect(run(subject, contig(101, 0, 4))).toBe("ok");
    expect(framesOf(subject, 101)).toBe("0-3");
  });

  it("comes back and merges when it is unpoisoned", () => {
    const subject = poisoned();

    expect(run(subject, unpoison(6))).toBe("ok");
    expect(allocator(subject)).toBe("o4/M:[0,16] pb=MMMMMMMM nf 32 iso 0");
    expect(isHwpoison(subject, 6)).toBe(false);
  });
});

// Only the CMA area [16, 24) and the pageblock [12, 16) are free.
describe.each(subjects)("CMA preference: $name", ({ create }) => {
  function mostlyCma(): Subject {
    const subject = create({ ...machineA, cma: [cmaArea(16, 8, 0)] }, linux612);
    occupy(subject, "kernel", [...frames(0, 12), ...frames(24, 32)]);
    return subject;
  }

  it("takes a movable page from CMA first when more than half of the free pages are CMA", () => {
    const subject = mostlyCma();

    expect(allocator(subject)).toBe("o3/C:[16] o2/M:[12] pb=MMMMCCMM nf 12 cma 8 iso 0");
    expect(subject.apply(alloc(100, "user"))).toMatchObject(granted(16));
  });

  it("takes an unmovable page from the other memory, and fails when only CMA is left", () => {
    const subject = mostlyCma();
    prepare(subject, alloc(100, "user"));

    expect(subject.apply(alloc(101, "kernel"))).toMatchObject(granted(12, 0, [12]));
    expect(pageblocks(subject)).toBe("MMMUCCMM");
    expect(run(subject, alloc(102, "kernel", 2))).toBe("ENOMEM");
    expect(allocator(subject)).toBe("o2/C:[20] o1/U:[14] o1/C:[18] o0/U:[13] o0/C:[17] pb=MMMUCCMM nf 10 cma 7 iso 0");
  });
});

// Frame 0 has claimed [0, 16) for Unmovable, frame 16 is a user page. Both lists have blocks of orders 0 to 3, Reclaimable has none.
//
//   0   1                16   17                32
//   | U | Unmovable, free | M | Movable, free     |
describe.each(subjects)("the other type that is taken: $name", ({ create }) => {
  function bothTypes(): Subject {
    const subject = create(machineA, linux612);
    place(subject, alloc(1, "kernel"), 0, [0, 4, 8, 12]);
    place(subject, alloc(2, "user"), 16);
    expect(allocator(subject)).toBe("o3/U:[8] o3/M:[24] o2/U:[4] o2/M:[20] o1/U:[2] o1/M:[18] o0/U:[1] o0/M:[17] pb=UUUUMMMM nf 30 iso 0");
    return subject;
  }

  it("is Unmovable before Movable for a reclaimable request", () => {
    expect(told(bothTypes(), alloc(3, "slab-reclaimable"), granted(17))).toMatch(/^breach of grant-fallback/);
    expect(told(bothTypes(), alloc(3, "slab-reclaimable"), granted(24, 0, [24]))).toMatch(/^breach of grant-fallback/);
    expect(told(bothTypes(), alloc(3, "slab-reclaimable"), granted(1))).toBe("admitted");
  });

  it.each([
    { pfn: 17, answer: /^admitted$/ },
    { pfn: 18, answer: /^breach of grant-fallback/ },
  ])("is the later one where the first has no block of that order, as at $pfn", ({ pfn, answer }) => {
    const subject = bothTypes();
    place(subject, alloc(3, "kernel"), 1);

    expect(told(subject, alloc(4, "slab-reclaimable"), granted(pfn))).toMatch(answer);
  });

  // Order 1 is what Unmovable lacks: the pageblock around 18 is claimed for it, and 17 is its smallest block.
  it.each([
    { retyped: [16], answer: /^admitted$/ },
    { retyped: [], answer: /^breach of grant-fallback/ },
  ])("may be a smaller block of a pageblock that was claimed for a larger one: $retyped", ({ retyped, answer }) => {
    const subject = bothTypes();
    place(subject, alloc(3, "kernel", 1), 2);

    expect(told(subject, alloc(4, "slab-reclaimable"), granted(17, 0, retyped))).toMatch(answer);
  });

  it("is what the kernel's search takes", () => {
    expect(bothTypes().apply(alloc(3, "slab-reclaimable"))).toMatchObject(granted(8, 0, [8, 12]));
  });
});

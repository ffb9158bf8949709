/** Isolation of pageblocks: what it takes, what its undoing gives back, and what is lost on the way. */
import { describe, expect, it } from "vitest";
import { linux612, strict } from "../../models/index.ts";
import type { Profile, Subject } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { add, alloc, compoundContig, contig, free, granted, isolate, occupy, place, prepare, testIsolated, unisolate, writeState } from "./commands.ts";
import { cutTo, machineA, machineC, withMovable } from "./machines.ts";
import { allocator, counts, fact, framesOf, freeLists, pageblocks, run } from "./notation.ts";

describe.each(subjects)("isolating free memory: $name", ({ create }) => {
  // The range is [5, 11); the pageblocks [4, 8) and [8, 12) are isolated, each splitting a larger free block.
  //
  //   0      4         8         12                  32
  //   | free | isolate | isolate | free ...          |
  it("isolates the whole pageblocks around the range and gives them back", () => {
    const subject = create(machineA, linux612);

    expect(run(subject, isolate(1, 5, 11))).toBe("ok");
    expect(allocator(subject)).toBe("o4/M:[16] o2/M:[0,12] o2/I:[4,8] pb=MIIMMMMM nf 24 iso 2");
    expect(run(subject, unisolate(1, 5, 11))).toBe("ok");
    expect(allocator(subject)).toBe("o4/M:[0,16] pb=MMMMMMMM nf 32 iso 0");
  });
});

// Four pageblocks are isolated as one free block of the largest order, which is two orders above a pageblock, and given
// back one by one. An online does the same at its end.
describe.each(subjects)("undoing one pageblock of a larger block: $name", ({ create }) => {
  function oneIsolatedBlock(profile: Profile): Subject {
    const subject = create(cutTo(machineA, 0, 16), profile);
    for (const pfn of [0, 4, 8, 12]) place(subject, alloc(pfn, "folio", 2), pfn);
    prepare(subject, isolate(1, 0, 16), free(0), free(4), free(8), free(12));
    return subject;
  }

  it("merges isolated frames across pageblocks as they are freed", () => {
    expect(allocator(oneIsolatedBlock(linux612))).toBe("o4/I:[0] pb=IIII nf 0 iso 4");
  });

  it("releases the frames of the last pageblock with those of the third (linux-6.12)", () => {
    const subject = oneIsolatedBlock(linux612);

    prepare(subject, unisolate(1, 0, 4));
    expect(allocator(subject)).toBe("o3/I:[8] o2/M:[0] o2/I:[4] pb=MIII nf 4 iso 3");
    prepare(subject, unisolate(1, 4, 8));
    expect(allocator(subject)).toBe("o3/M:[0] o3/I:[8] pb=MMII nf 8 iso 2");
    prepare(subject, unisolate(1, 8, 12));
    expect(allocator(subject)).toBe("o4/M:[0] pb=MMMI nf 16 iso 1");
    prepare(subject, unisolate(1, 12, 16));
    expect(allocator(subject)).toBe("o4/M:[0] pb=MMMM nf 16 iso 0");
  });

  it("releases exactly the frames of each pageblock (strict)", () => {
    const subject = oneIsolatedBlock(strict);

    prepare(subject, unisolate(1, 0, 8));
    expect(allocator(subject)).toBe("o3/M:[0] o3/I:[8] pb=MMII nf 8 iso 2");
    prepare(subject, unisolate(1, 8, 12));
    expect(allocator(subject)).toBe("o3/M:[0] o2/M:[8] o2/I:[12] pb=MMMI nf 12 iso 1");
    prepare(subject, unisolate(1, 12, 16));
    expect(allocator(subject)).toBe("o4/M:[0] pb=MMMM nf 16 iso 0");
  });

  it.each([linux612, strict])("leaves one movable block of the largest order after an online ($name)", (profile) => {
    const subject = create(machineA, profile);
    prepare(subject, add(32, 48), writeState(2, "online_movable"));

    expect(allocator(subject, "Movable")).toBe("o4/M:[32] pb=MMMM nf 16 iso 0");
  });
});

// Pageblocks 0 to 3 are Unmovable.
describe.each(subjects)("types after isolation: $name", ({ create }) => {
  function unmovableHalf(profile: Profile, ...kernelFrames: readonly number[]): Subject {
    const subject = create(machineA, profile);
    if (kernelFrames.length === 0) prepare(subject, alloc(0, "kernel"), free(0));
    else occupy(subject, "kernel", kernelFrames, [0, 4, 8, 12]);
    return subject;
  }

  it("takes one pageblock out of a block of four", () => {
    const subject = unmovableHalf(linux612);
    prepare(subject, isolate(1, 0, 4));

    expect(allocator(subject)).toBe("o4/M:[16] o3/U:[8] o2/U:[4] o2/I:[0] pb=IUUUMMMM nf 28 iso 1");
  });

  it("turns the pageblock and, by merging, its neighbours Movable (linux-6.12)", () => {
    const subject = unmovableHalf(linux612);
    prepare(subject, isolate(1, 0, 4), unisolate(1, 0, 4));

    expect(allocator(subject)).toBe("o4/M:[0,16] pb=MMMMMMMM nf 32 iso 0");
  });

  it("gives the pageblock its type back (strict)", () => {
    const subject = unmovableHalf(strict);
    prepare(subject, isolate(1, 0, 4), unisolate(1, 0, 4));

    expect(allocator(subject)).toBe("o4/U:[0] o4/M:[16] pb=UUUUMMMM nf 32 iso 0");
  });

  // Frame 8 is in kernel use. [0, 4) is isolated first, then [8, 12) refuses; [0, 4) comes back and merges with [4, 8).
  //
  //   0         4          8                12
  //   | isolate | not asked | kernel, EBUSY | ...
  //     undone
  it("turns two pageblocks Movable although it failed (linux-6.12)", () => {
    const subject = unmovableHalf(linux612, 8);

    expect(allocator(subject)).toBe("o4/M:[16] o3/U:[0] o2/U:[12] o1/U:[10] o0/U:[9] pb=UUUUMMMM nf 31 iso 0");
    expect(run(subject, contig(100, 2, 12))).toBe("EBUSY");
    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[0] o2/U:[12] o1/U:[10] o0/U:[9] pb=MMUUMMMM nf 31 iso 0");
  });

  it("changes nothing when it fails (strict)", () => {
    const subject = unmovableHalf(strict, 8);

    expect(run(subject, contig(100, 2, 12))).toBe("EBUSY");
    expect(allocator(subject)).toBe("o4/M:[16] o3/U:[0] o2/U:[12] o1/U:[10] o0/U:[9] pb=UUUUMMMM nf 31 iso 0");
  });

  it("turns the pageblocks of a range that was taken Movable (linux-6.12)", () => {
    const subject = unmovableHalf(linux612, 0);

    expect(run(subject, contig(100, 5, 12))).toBe("ok");
    expect(allocator(subject)).toBe("o4/M:[16] o2/U:[12] o1/U:[2] o0/U:[1] o0/M:[4] pb=UMMUMMMM nf 24 iso 0");
  });

  it("leaves the types of a range that was taken (strict)", () => {
    const subject = unmovableHalf(strict, 0);

    expect(run(subject, contig(100, 5, 12))).toBe("ok");
    expect(allocator(subject)).toBe("o4/M:[16] o2/U:[12] o1/U:[2] o0/U:[1,4] pb=UUUUMMMM nf 24 iso 0");
  });
});

// Kernel frames [8, 16), order 3; the pageblock [12, 16) holds only the tail of it.
//
//   0           8        12      16
//   | free      | kernel, order 3 | free
describe.each(subjects)("a high-order block that reaches into the pageblock: $name", ({ create }) => {
  it("passes the check by its tails and fails the test, if it is not compound", () => {
    const subject = create(machineA, linux612);
    place(subject, alloc(1, "kernel", 3), 8);

    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[0] pb=MMMMMMMM nf 24 iso 0");
    expect(run(subject, isolate(1, 12, 16, "offline"))).toBe("ok");
    expect(run(subject, testIsolated(12, 16, "offline"))).toBe("EBUSY");
  });

  it("fails a contiguous allocation of its tails, if it is not compound", () => {
    const subject = create(machineA, linux612);
    place(subject, alloc(1, "kernel", 3), 8);

    expect(run(subject, contig(100, 12, 16))).toBe("EBUSY");
    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[0] pb=MMMMMMMM nf 24 iso 0");
    expect(framesOf(subject, 1)).toBe("8-15");
  });

  it("fails isolation at once, if it is compound", () => {
    const subject = create(machineA, linux612);
    place(subject, alloc(1, "slab", 3), 8);

    expect(run(subject, isolate(1, 12, 16, "offline"))).toBe("EBUSY");
    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[0] pb=MMMMMMMM nf 24 iso 0");
  });

  it("fails isolation in zone Movable too, because it reaches across the border", () => {
    const subject = create(withMovable(machineA, 0), linux612);
    prepare(subject, compoundContig(1, 8, 16));

    expect(run(subject, isolate(1, 12, 16, "offline"))).toBe("EBUSY");
    expect(counts(subject, "Movable")).toBe("nf 24 iso 0");
  });
});

// Pageblocks are asked in steps from the first frame of the range, so that the second one is not.
//
//   0                14     15    16
//   | isolated, free | user | free | free, not isolated
//                           |<- asked ->|
describe.each(subjects)("a range that ends in the next pageblock: $name", ({ create }) => {
  it("passes the test although that pageblock is not isolated, if its frames are free", () => {
    const subject = create(machineC, strict);
    place(subject, alloc(1, "user"), 14);
    prepare(subject, isolate(1, 0, 16));

    expect(run(subject, testIsolated(15, 17))).toBe("ok");
    expect(run(subject, testIsolated(14, 17))).toBe("EBUSY");
  });
});

// Frame 5 is of a contiguous allocation, which nobody can move.
describe.each(subjects)("an immovable frame: $name", ({ create }) => {
  function immovableFrame(zoneMovable: boolean): Subject {
    const subject = create(zoneMovable ? withMovable(machineA, 0) : machineA, linux612);
    prepare(subject, contig(1, 5, 6));
    return subject;
  }

  it("does not hinder isolation in zone Movable, but the test", () => {
    const subject = immovableFrame(true);

    expect(run(subject, isolate(1, 4, 8))).toBe("ok");
    expect(run(subject, testIsolated(4, 8))).toBe("EBUSY");
  });

  it("does not hinder its neighbours in zone Movable, but its own range", () => {
    const subject = immovableFrame(true);

    expect(run(subject, contig(100, 4, 8))).toBe("EBUSY");
    expect(run(subject, contig(101, 6, 8))).toBe("ok");
    expect(framesOf(subject, 101)).toBe("6-7");
  });

  it("hinders the whole pageblock in zone Normal", () => {
    const subject = immovableFrame(false);

    expect(run(subject, isolate(1, 4, 8))).toBe("EBUSY");
    expect(run(subject, contig(100, 6, 8))).toBe("EBUSY");
  });
});

// Two owners isolate neighbouring pageblocks, and frame 0 is freed meanwhile: the free frames of both are one block.
//
//   0         4         8              16
//   | owner 1 | owner 2 | free         |
describe.each(subjects)("undoing one of two isolations: $name", ({ create }) => {
  function twoOwners(profile: Profile): Subject {
    const subject = create(cutTo(machineA, 0, 16), profile);
    prepare(subject, alloc(100, "user"), isolate(1, 0, 4), isolate(2, 4, 8));
    return subject;
  }

  function merged(profile: Profile): Subject {
    const subject = twoOwners(profile);
    prepare(subject, free(100));
    return subject;
  }

  it.each([linux612, strict])("merges across the owners when the frame is freed ($name)", (profile) => {
    expect(allocator(twoOwners(profile))).toBe("o3/M:[8] o2/I:[4] o1/I:[2] o0/I:[1] pb=IIMM nf 8 iso 2");
    expect(allocator(merged(profile))).toBe("o3/M:[8] o3/I:[0] pb=IIMM nf 8 iso 2");
  });

  it("is shown by label, whichever was first", () => {
    const subject = create(machineA, strict);
    prepare(subject, isolate(2, 8, 12), isolate(1, 0, 4));

    expect(fact(subject.view(), "isolations")).toEqual([{ owner: { token: 1 }, pageblocks: [0] }, { owner: { token: 2 }, pageblocks: [8] }]);
  });

  it("makes the other owner's frames allocatable (linux-6.12)", () => {
    const subject = merged(linux612);
    prepare(subject, unisolate(1, 0, 4));

    expect(allocator(subject)).toBe("o4/M:[0] pb=MIMM nf 16 iso 1");
    expect(subject.apply(alloc(10, "folio", 1))).toMatchObject(granted(0, 1));
    expect(subject.apply(alloc(11, "folio", 1))).toMatchObject(granted(2, 1));
    expect(subject.apply(alloc(12, "folio", 1))).toMatchObject(granted(4, 1));
  });

  it("counts frames twice when the other owner undoes its own (linux-6.12)", () => {
    const subject = merged(linux612);
    prepare(subject, unisolate(1, 0, 4), alloc(10, "folio", 1), alloc(11, "folio", 1), alloc(12, "folio", 1), unisolate(2, 4, 8));

    expect(freeLists(subject)).toBe("o3/M:[8] o1/M:[6]");
    expect(counts(subject)).toBe("nf 12 iso 0");
  });

  it("lets an unmovable request claim the isolated pageblock, which stays counted as isolated (linux-6.12)", () => {
    const subject = merged(linux612);
    prepare(subject, unisolate(1, 0, 4), alloc(10, "kernel"));

    expect(pageblocks(subject)).toBe("UUUU");
    prepare(subject, unisolate(2, 4, 8));
    expect(counts(subject)).toBe("nf 15 iso 1");
  });

  it("takes only its own pageblock out of the block (strict)", () => {
    const subject = merged(strict);
    prepare(subject, unisolate(1, 0, 4));

    expect(allocator(subject)).toBe("o3/M:[8] o2/M:[0] o2/I:[4] pb=MIMM nf 12 iso 1");
    prepare(subject, unisolate(2, 4, 8));
    expect(allocator(subject)).toBe("o4/M:[0] pb=MMMM nf 16 iso 0");
  });
});

// Token 1 holds [0, 8); a contiguous allocation wants [6, 10) and is refused at [4, 8).
describe.each(subjects)("a contiguous allocation that meets a foreign isolation: $name", ({ create }) => {
  function heldByToken(profile: Profile): Subject {
    const subject = create(machineA, profile);
    prepare(subject, isolate(1, 0, 8));
    return subject;
  }

  it("clears the part of it that lies in its range (linux-6.12)", () => {
    const subject = heldByToken(linux612);

    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/I:[0,4] pb=IIMMMMMM nf 24 iso 2");
    expect(run(subject, contig(100, 6, 10))).toBe("EBUSY");
    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/M:[4] o2/I:[0] pb=IMMMMMMM nf 28 iso 1");
  });

  it("leaves it as it was (strict)", () => {
    const subject = heldByToken(strict);

    expect(run(subject, contig(100, 6, 10))).toBe("EBUSY");
    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/I:[0,4] pb=IIMMMMMM nf 24 iso 2");
    expect(fact(subject.view(), "isolations")).toEqual([{ owner: { token: 1 }, pageblocks: [0, 4] }]);
  });
});

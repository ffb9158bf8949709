/** What a naive reading of contiguous allocation gets wrong: which pages move, where to, and what is tried next. */
import { describe, expect, it } from "vitest";
import { linux612, strict, toPfn } from "../../models/index.ts";
import type { Command, Profile, Subject } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { alloc, cmaAlloc, cmaRelease, compoundContig, contig, frames, free, freeContig, grant, isolate, occupy, place, prepare } from "./commands.ts";
import { cmaArea, machineA, machineB, withMovable } from "./machines.ts";
import { allocator, fact, framesOf, run, told, useOf } from "./notation.ts";

describe.each(subjects)("a clean file page in the range: $name", ({ create }) => {
  function filePage(): Subject {
    const subject = create(machineA, linux612);
    occupy(subject, "file", [5]);
    return subject;
  }

  const withoutFs: Command = { op: "alloc-contig", id: 100, start: toPfn(4), nrPages: 4, compound: false, gfp: "nofs" };

  it("is dropped, when it runs alone", () => {
    const subject = filePage();

    expect(subject.apply(contig(100, 4, 8))).toEqual({ result: "ok", dropped: [5] });
    expect(framesOf(subject, 5)).toBe("none");
    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/M:[0] pb=MMMMMMMM nf 28 iso 0");
  });

  it("may be moved instead", () => {
    const subject = filePage();

    expect(told(subject, contig(100, 4, 8), { result: "ok", moved: [{ id: 5, from: toPfn(5), to: grant(0) }] })).toBe("admitted");
    expect(framesOf(subject, 5)).toBe("0");
  });

  it("stays, and the allocation fails, when the file system must not be entered", () => {
    const subject = filePage();

    expect(run(subject, withoutFs)).toBe("EBUSY");
    expect(framesOf(subject, 5)).toBe("5");
  });

  it("is not dropped if it is anonymous", () => {
    const subject = create(machineA, linux612);
    occupy(subject, "user", [5]);

    expect(told(subject, contig(100, 4, 8), { result: "ok", dropped: [5] })).toMatch(/^breach/);
  });
});

// Hugetlb frames [4, 8), of a size that can be migrated; the range begins inside them.
//
//   0       4     6       8      10
//   | free  | hugetlb     | free |
//                 |<-- range --->|
describe.each(subjects)("a hugetlb page across the start of the range: $name", ({ create }) => {
  it("is moved whole, and the part before the range is released", () => {
    const subject = create(machineB, linux612);
    place(subject, alloc(1, "hugetlb", 2), 4);

    expect(run(subject, contig(100, 6, 10))).toBe("ok");
    expect(framesOf(subject, 1)).toBe("16-19");
    expect(allocator(subject)).toBe("o3/M:[24] o2/M:[0,12,20] o1/M:[4,10] pb=MMMM nf 24 iso 0");
  });

  it("fails the allocation when its size can not be migrated", () => {
    const subject = create(machineB, linux612);
    place(subject, alloc(1, "hugetlb-fixed", 2), 4);

    expect(run(subject, contig(100, 6, 10))).toBe("EBUSY");
    expect(framesOf(subject, 1)).toBe("4-7");
  });
});

// Zone Normal is [0, 16), zone Movable [16, 32). Of zone Normal nothing is free.
describe.each(subjects)("where a page of zone Normal moves to: $name", ({ create }) => {
  it("is not zone Movable for a single page", () => {
    const subject = create(withMovable(machineA, 16), linux612);
    occupy(subject, "user", frames(0, 16));

    expect(run(subject, contig(100, 4, 5))).toBe("ENOMEM");
    expect(framesOf(subject, 4)).toBe("4");
  });

  it("may be zone Movable for a large folio", () => {
    const subject = create(withMovable(machineA, 16), linux612);
    for (const pfn of [0, 4, 8, 12]) place(subject, alloc(pfn, "folio", 2), pfn);

    expect(run(subject, contig(100, 4, 8))).toBe("ok");
    expect(framesOf(subject, 4)).toBe("16-19");
  });

  // Only the CMA area [16, 20) is free.
  it("may be a CMA area for a single page", () => {
    const subject = create({ ...machineA, cma: [cmaArea(16, 4, 0)] }, linux612);
    occupy(subject, "user", [...frames(0, 16), ...frames(20, 32)]);

    expect(run(subject, contig(100, 4, 5))).toBe("ok");
    expect(framesOf(subject, 4)).toBe("16");
  });
});

// Token 1 holds the free pageblock [0, 4). A contiguous allocation moves the page at 5 away, and its old frame merges with
// what token 1 holds, so that the free block taken begins before the range.
//
//   0         4   5   6       8
//   | token 1 |   X   |       |
//             |<-- range ---->|
//   |<---- one free block --->|
describe.each(subjects)("a free block that begins before the pageblocks of the range: $name", ({ create }) => {
  it("goes back to its owner's isolation", () => {
    const subject = create(machineA, linux612);
    occupy(subject, "user", [5]);
    prepare(subject, isolate(1, 0, 4));

    expect(run(subject, contig(100, 4, 8))).toBe("ok");
    expect(framesOf(subject, 100)).toBe("4-7");
    expect(framesOf(subject, 5)).toBe("8");
    expect(allocator(subject)).toBe("o4/M:[16] o2/M:[12] o2/I:[0] o1/M:[10] o0/M:[9] pb=IMMMMMMM nf 23 iso 1");
  });
});

describe.each(subjects)("freeing a compound contiguous allocation: $name", ({ create }) => {
  it("frees nothing when the range is a part of it", () => {
    const subject = create(machineA, linux612);
    prepare(subject, compoundContig(1, 8, 16));
    const before = subject.view();

    expect(run(subject, freeContig(8, 12))).toBe("EINVAL");
    expect(subject.view()).toEqual(before);
  });

  it("frees all of it when the range is exactly it", () => {
    const subject = create(machineA, linux612);
    prepare(subject, compoundContig(1, 8, 16), freeContig(8, 16));

    expect(allocator(subject)).toBe("o4/M:[0,16] pb=MMMMMMMM nf 32 iso 0");
  });

  it.each([linux612, strict])("frees it by pageblocks when its head is aligned to a pageblock, not to its size ($name)", (profile) => {
    const subject = create(machineA, profile);
    prepare(subject, compoundContig(1, 4, 12), freeContig(4, 12));

    expect(allocator(subject)).toBe("o4/M:[0,16] pb=MMMMMMMM nf 32 iso 0");
  });

  // Two free blocks, [2, 4) and [4, 6), are taken as one compound page whose head is not aligned to a pageblock.
  //
  //   0      2      4      6      8
  //   | user | free | free | user | free ...
  function misaligned(profile: Profile): Subject {
    const subject = create(machineA, profile);
    occupy(subject, "user", [0, 1, 6, 7]);
    prepare(subject, compoundContig(100, 2, 6));
    return subject;
  }

  it("stops the kernel when its head is not aligned (linux-6.12)", () => {
    const subject = misaligned(linux612);
    const before = subject.view();

    expect(run(subject, freeContig(2, 6))).toBe("bug");
    expect(subject.view()).toEqual(before);
  });

  it("frees it singly when its head is not aligned (strict)", () => {
    const subject = misaligned(strict);
    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] pb=MMMMMMMM nf 24 iso 0");

    expect(run(subject, freeContig(2, 6))).toBe("ok");
    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o1/M:[2,4] pb=MMMMMMMM nf 28 iso 0");
  });

  it("frees any part of one that is not compound", () => {
    const subject = create(machineA, linux612);
    prepare(subject, contig(1, 8, 16), freeContig(10, 13));

    expect(framesOf(subject, 1)).toBe("8-9 13-15");
    expect([9, 10, 12, 13].map((pfn) => useOf(subject, pfn))).toEqual(["allocated", "free", "free", "allocated"]);
  });
});

describe.each(subjects)("the search in a CMA area: $name", ({ create }) => {
  // Everything is in use but frames 18 and 19; the page at 16 would have to leave its pageblock.
  it("ends with the first range that can not be emptied, though the next would do", () => {
    const subject = create({ ...machineA, cma: [cmaArea(16, 8, 0)] }, linux612);
    occupy(subject, "user", frames(0, 32));
    prepare(subject, free(18), free(19));

    expect(subject.apply(cmaAlloc(100, 1))).toMatchObject({ result: "refused", errno: "ENOMEM", attempts: [{ start: 16, errno: "ENOMEM" }] });
    expect(fact(subject.view(), "cma")[0]?.bitmap).toBe("00000000");
  });

  it("aligns frame numbers, not places in the area", () => {
    const subject = create({ ...machineA, cma: [cmaArea(4, 8, 0)] }, linux612);

    expect(subject.apply(cmaAlloc(1, 2, 3))).toMatchObject({ result: "ok", start: 8 });
    expect(fact(subject.view(), "cma")[0]?.bitmap).toBe("00001100");
  });

  it("gives back nothing that does not begin in the area", () => {
    const subject = create({ ...machineA, cma: [cmaArea(16, 4, 0), cmaArea(20, 4, 0)] }, linux612);
    prepare(subject, { op: "cma-alloc", id: 1, area: 1, nrPages: 2, align: 0 });
    const before = subject.view();

    expect(run(subject, cmaRelease(1))).toBe("EINVAL");
    expect(subject.view()).toEqual(before);
  });
});

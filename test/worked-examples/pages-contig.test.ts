/** Contiguous allocation: what it moves, what it needs, and what it leaves when it fails. */
import { describe, expect, it } from "vitest";
import { linux612, strict, toPfn } from "../../models/index.ts";
import type { Move, Profile, Subject } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { alloc, compoundContig, contig, frames, free, freeContig, grant, occupy, pin, place, prepare } from "./commands.ts";
import { cutTo, machineA, machineB, machineC } from "./machines.ts";
import { allocation, allocator, framesOf, freeLists, run, told, useOf } from "./notation.ts";

/** The page at `from`, whose id is that number, moves to the frame `to`. */
function moved(from: number, to: number): Move {
  return { id: from, from: toPfn(from), to: grant(to) };
}

// Frame 4 is in kernel use; [6, 10) shares its pageblock [4, 8), [8, 10) does not.
describe.each(subjects)("an unmovable frame beside the range: $name", ({ create }) => {
  function kernelFrame(): Subject {
    const subject = create(machineA, linux612);
    occupy(subject, "kernel", [4]);
    return subject;
  }

  it("fails a range that shares its pageblock, and nothing changes", () => {
    const subject = kernelFrame();
    const before = subject.view();

    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/M:[0] o1/M:[6] o0/M:[5] pb=MMMMMMMM nf 31 iso 0");
    expect(run(subject, contig(100, 6, 10))).toBe("EBUSY");
    expect(subject.view()).toEqual(before);
  });

  it("does not concern a range in other pageblocks", () => {
    const subject = kernelFrame();

    expect(run(subject, contig(100, 8, 10))).toBe("ok");
    expect(allocator(subject)).toBe("o4/M:[16] o2/M:[0,12] o1/M:[6,10] o0/M:[5] pb=MMMMMMMM nf 29 iso 0");
    expect(framesOf(subject, 100)).toBe("8-9");
  });
});

// Pages on the LRU at 5, 7 and 9; the range begins behind the first. Only [0, 4) and [16, 32) can take what must move.
//
//   0        4     5   6     7   8    9   10       13   16
//   | free   |     X   |     Y        Z            |    |
//                      |<------- range ----------->|
describe.each(subjects)("moving pages out of the range: $name", ({ create }) => {
  function threePages(): Subject {
    const subject = create(machineA, linux612);
    occupy(subject, "user", [5, 7, 9]);
    return subject;
  }

  it("moves the pages of the range and releases what it took behind its end", () => {
    const subject = threePages();

    expect(allocator(subject)).toBe("o4/M:[16] o2/M:[0,12] o1/M:[10] o0/M:[4,6,8] pb=MMMMMMMM nf 29 iso 0");
    expect(told(subject, contig(100, 6, 13), { result: "ok", moved: [moved(9, 0), moved(7, 1)] })).toBe("admitted");
    expect(allocator(subject)).toBe("o4/M:[16] o1/M:[2,14] o0/M:[4,13] pb=MMMMMMMM nf 22 iso 0");
    expect([5, 7, 9, 100].map((id) => framesOf(subject, id))).toEqual(["5", "1", "0", "6-12"]);
  });

  it("moves the lowest page first when it runs alone", () => {
    const subject = threePages();

    expect(subject.apply(contig(100, 6, 13))).toEqual({ result: "ok", moved: [moved(7, 0), moved(9, 1)] });
    expect(freeLists(subject)).toBe("o4/M:[16] o1/M:[2,14] o0/M:[4,13]");
  });

  it("gives every frame back", () => {
    const subject = threePages();
    prepare(subject, contig(100, 6, 13), freeContig(6, 13));

    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o1/M:[2,6] o0/M:[4] pb=MMMMMMMM nf 29 iso 0");
    expect(framesOf(subject, 100)).toBe("none");
  });

  it("must not move a page that lies outside the range", () => {
    const verdict = told(threePages(), contig(100, 6, 13), { result: "ok", moved: [moved(9, 0), moved(7, 1), moved(5, 2)] });

    expect(verdict).toMatch(/^breach/);
  });

  it("must not move a page into the isolated pageblocks", () => {
    expect(told(threePages(), contig(100, 6, 13), { result: "ok", moved: [moved(9, 0), moved(7, 14)] })).toMatch(/^breach/);
  });

  it("must not succeed without having moved every page", () => {
    expect(told(threePages(), contig(100, 6, 13), { result: "ok", moved: [moved(9, 0)] })).toMatch(/^breach/);
  });
});

// As above, and the page at 9 is pinned.
describe.each(subjects)("a pinned page in the range: $name", ({ create }) => {
  function pinned(): Subject {
    const subject = create(machineA, linux612);
    occupy(subject, "user", [5, 7, 9]);
    prepare(subject, pin(9, false));
    return subject;
  }

  it("fails the allocation, and no frame is lost", () => {
    const subject = pinned();

    expect(run(subject, contig(100, 6, 13))).toBe("EBUSY");
    expect(allocator(subject)).toMatch(/ pb=MMMMMMMM nf 29 iso 0$/);
    expect([5, 9, 100].map((id) => framesOf(subject, id))).toEqual(["5", "9", "none"]);
  });

  it("may leave another page where it has moved by then", () => {
    const subject = pinned();

    expect(told(subject, contig(100, 6, 13), { result: "refused", errno: "EBUSY", moved: [moved(7, 0)] })).toBe("admitted");
    expect(allocator(subject)).toBe("o4/M:[16] o2/M:[12] o1/M:[2,6,10] o0/M:[1,4,8] pb=MMMMMMMM nf 29 iso 0");
    expect(framesOf(subject, 7)).toBe("0");
  });

  it("may leave the other page where it was", () => {
    const subject = pinned();

    expect(told(subject, contig(100, 6, 13), { result: "refused", errno: "EBUSY" })).toBe("admitted");
    expect(allocator(subject)).toBe("o4/M:[16] o2/M:[0,12] o1/M:[10] o0/M:[4,6,8] pb=MMMMMMMM nf 29 iso 0");
  });

  it("must not be moved", () => {
    expect(told(pinned(), contig(100, 6, 13), { result: "ok", moved: [moved(9, 0), moved(7, 1)] })).toMatch(/^breach/);
  });
});

// Frames 0 to 15, all in use by movable pages but one.
describe.each(subjects)("too few frames to move to: $name", ({ create }) => {
  function fullExcept(freed: number): Subject {
    const subject = create(cutTo(machineA, 0, 16), linux612);
    occupy(subject, "user", frames(0, 16));
    prepare(subject, free(freed));
    return subject;
  }

  it("fails when the only free frame shares the isolated pageblock", () => {
    const subject = fullExcept(3);
    const before = subject.view();

    expect(run(subject, contig(100, 0, 2))).toBe("ENOMEM");
    expect(subject.view()).toEqual(before);
    expect(allocator(subject)).toBe("o0/M:[3] pb=MMMM nf 1 iso 0");
  });

  it("leaves the page that it could move at its new place", () => {
    const subject = fullExcept(15);

    expect(told(subject, contig(100, 0, 2), { result: "refused", errno: "ENOMEM", moved: [moved(1, 15)] })).toBe("admitted");
    expect(allocator(subject)).toBe("o0/M:[1] pb=MMMM nf 1 iso 0");
    expect([0, 1].map((id) => framesOf(subject, id))).toEqual(["0", "15"]);
  });

  it("moves the lowest page first when it runs alone", () => {
    const subject = fullExcept(15);

    expect(subject.apply(contig(100, 0, 2))).toMatchObject({ result: "refused", errno: "ENOMEM", moved: [moved(0, 15)] });
    expect(allocator(subject)).toBe("o0/M:[0] pb=MMMM nf 1 iso 0");
  });
});

// A folio of four frames at [4, 8), in the middle of the pageblock [0, 8).
//
//   0       2       4       6       8       10
//   | free          | folio         | free
//           |<- moved whole ->|
//                           |<- head before it ->|
describe.each(subjects)("a large folio across a border of the range: $name", ({ create }) => {
  function folioInside(): Subject {
    const subject = create(machineB, linux612);
    place(subject, alloc(1, "folio", 2), 4);
    return subject;
  }

  it("fails a range that begins inside the folio", () => {
    const subject = folioInside();

    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/M:[0] pb=MMMM nf 28 iso 0");
    expect(run(subject, contig(100, 6, 10))).toBe("EBUSY");
    expect(framesOf(subject, 1)).toBe("4-7");
    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/M:[0] pb=MMMM nf 28 iso 0");
  });

  it("moves it whole when the range ends inside the folio, and releases the part behind", () => {
    const subject = folioInside();

    expect(subject.apply(contig(100, 2, 6))).toEqual({ result: "ok", moved: [{ id: 1, from: 4, to: { pfn: 8, order: 2 } }] });
    expect(allocator(subject)).toBe("o4/M:[16] o2/M:[12] o1/M:[0,6] pb=MMMM nf 24 iso 0");
    expect(framesOf(subject, 100)).toBe("2-5");
  });
});

describe.each(subjects)("a compound contiguous allocation: $name", ({ create }) => {
  it.each([linux612, strict])("takes one free block that is exactly the range ($name)", (profile) => {
    const subject = create(machineB, profile);

    expect(run(subject, compoundContig(100, 8, 16))).toBe("ok");
    expect(framesOf(subject, 100)).toBe("8-15");
    expect(allocation(subject, 100)?.compound).toBe(true);
    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[0] pb=MMMM nf 24 iso 0");
  });

  it.each([linux612, strict])("takes two free blocks that are exactly the range, though its head is not aligned to its size ($name)", (profile) => {
    const subject = create(machineA, profile);

    expect(run(subject, compoundContig(100, 4, 12))).toBe("ok");
    expect(framesOf(subject, 100)).toBe("4-11");
    expect(allocation(subject, 100)?.compound).toBe(true);
  });

  function halfAPageblock(profile: Profile): Subject {
    const subject = create(machineB, profile);
    expect(run(subject, compoundContig(100, 0, 4))).toBe("EINVAL");
    return subject;
  }

  it("loses the whole pageblock when the free block is larger than the range (linux-6.12)", () => {
    const subject = halfAPageblock(linux612);

    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] pb=MMMM nf 24 iso 0");
    expect(frames(0, 8).map((pfn) => useOf(subject, pfn))).toEqual(frames(0, 8).map(() => "limbo"));
  });

  it("loses nothing when the free block is larger than the range (strict)", () => {
    expect(allocator(halfAPageblock(strict))).toBe("o4/M:[0,16] pb=MMMM nf 32 iso 0");
  });
});

// Pageblocks of 16 frames: the range [6, 13) isolates [0, 16).
describe.each(subjects)("a pageblock that is the largest free block: $name", ({ create }) => {
  function pageAt(pfn: number): Subject {
    const subject = create(machineC, linux612);
    occupy(subject, "user", [pfn]);
    return subject;
  }

  it("leaves a page of the pageblock that lies outside the range", () => {
    const subject = pageAt(5);

    expect(allocator(subject)).toBe("o4/M:[16] o3/M:[8] o2/M:[0] o1/M:[6] o0/M:[4] pb=MM nf 31 iso 0");
    expect(run(subject, contig(100, 6, 13))).toBe("ok");
    expect(framesOf(subject, 5)).toBe("5");
    expect(allocator(subject)).toBe("o4/M:[16] o2/M:[0] o1/M:[14] o0/M:[4,13] pb=MM nf 24 iso 0");
  });

  it("moves a page of the range out of the pageblock", () => {
    const subject = pageAt(7);

    expect(run(subject, contig(100, 6, 13))).toBe("ok");
    expect(framesOf(subject, 7)).toBe("16");
    expect(allocator(subject)).toBe("o3/M:[24] o2/M:[0,20] o1/M:[4,14,18] o0/M:[13,17] pb=MM nf 24 iso 0");
  });
});

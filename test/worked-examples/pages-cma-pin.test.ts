/** CMA areas, and long-term pins that keep out of them and of zone Movable. */
import { describe, expect, it } from "vitest";
import { linux612, strict, toPfn } from "../../models/index.ts";
import type { Profile, Subject } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { alloc, cmaAlloc, cmaRelease, contig, frames, occupy, pin, pinRange, place, poison, prepare } from "./commands.ts";
import { cmaArea, machineA, range, withMovable } from "./machines.ts";
import { allocation, allocator, fact, framesOf, pageblocks, run, useOf } from "./notation.ts";

function bitmap(subject: Subject): string {
  return fact(subject.view(), "cma")[0]?.bitmap ?? "no area";
}

// The area [16, 24) has one bit for two frames.
describe.each(subjects)("a CMA area with two frames a bit: $name", ({ create }) => {
  function twoFramesABit(): Subject {
    return create({ ...machineA, cma: [cmaArea(16, 8, 1)] }, linux612);
  }

  it("takes only the frames asked for and sets every bit they touch", () => {
    const subject = twoFramesABit();

    expect(allocator(subject)).toBe("o4/M:[0] o3/M:[24] o3/C:[16] pb=MMMMCCMM nf 32 cma 8 iso 0");
    expect(subject.apply(cmaAlloc(1, 3))).toMatchObject({ result: "ok", start: 16 });
    expect(bitmap(subject)).toBe("1100");
    expect(allocator(subject)).toBe("o4/M:[0] o3/M:[24] o2/C:[20] o0/C:[19] pb=MMMMCCMM nf 29 cma 5 iso 0");
  });

  it("leaves the surplus frame of a bit to movable requests", () => {
    const subject = twoFramesABit();
    prepare(subject, cmaAlloc(1, 3));

    expect(subject.apply(cmaAlloc(2, 1))).toMatchObject({ result: "ok", start: 20 });
    expect(bitmap(subject)).toBe("1110");
    expect(allocator(subject)).toBe("o4/M:[0] o3/M:[24] o1/C:[22] o0/C:[19,21] pb=MMMMCCMM nf 28 cma 4 iso 0");
  });

  it("gives the frames back and clears the bits", () => {
    const subject = twoFramesABit();
    prepare(subject, cmaAlloc(1, 3), cmaAlloc(2, 1));

    expect(run(subject, cmaRelease(1))).toBe("ok");
    expect(bitmap(subject)).toBe("0010");
    expect(allocator(subject)).toBe("o4/M:[0] o3/M:[24] o2/C:[16] o1/C:[22] o0/C:[21] pb=MMMMCCMM nf 31 cma 7 iso 0");
  });
});

// A pinned page at 17, inside the area [16, 24).
describe.each(subjects)("a pinned page in a CMA area: $name", ({ create }) => {
  function pinnedInArea(): Subject {
    const subject = create({ ...machineA, cma: [cmaArea(16, 8, 0)] }, linux612);
    occupy(subject, "user", [17]);
    prepare(subject, pin(17, false));
    return subject;
  }

  it("makes the search go on behind it", () => {
    const subject = pinnedInArea();

    expect(subject.apply(cmaAlloc(1, 2, 1))).toMatchObject({ result: "ok", start: 18, attempts: [{ start: 16, errno: "EBUSY" }, { start: 18 }] });
    expect(bitmap(subject)).toBe("00110000");
    expect(allocator(subject)).toBe("o4/M:[0] o3/M:[24] o2/C:[20] o0/C:[16] pb=MMMMCCMM nf 29 cma 5 iso 0");
    expect(framesOf(subject, 17)).toBe("17");
  });

  it("leaves the area as it was when another caller wants a part of it", () => {
    const subject = pinnedInArea();
    prepare(subject, cmaAlloc(1, 2, 1));
    const before = subject.view();

    expect(run(subject, contig(100, 14, 18))).toBe("EBUSY");
    expect(subject.view()).toEqual(before);
  });
});

// Zone Normal is [0, 16), zone Movable [16, 32); a page of a process lies at 20.
describe.each(subjects)("a long-term pin in zone Movable: $name", ({ create }) => {
  function pageInMovable(): Subject {
    const subject = create(withMovable(machineA, 16), linux612);
    occupy(subject, "user", [20]);
    return subject;
  }

  it("fails where a frame of the page is bad, so that it can not be copied", () => {
    const subject = create(withMovable(machineA, 16), linux612);
    place(subject, alloc(1, "folio", 1), 20);

    expect(subject.apply(poison(21))).toMatchObject({ because: { kind: "folio-not-split" } });
    expect(run(subject, pin(1, true))).toBe("ENOMEM");
    expect(framesOf(subject, 1)).toBe("20-21");
  });

  it("moves the page to zone Normal by an unmovable request, then pins it", () => {
    const subject = pageInMovable();

    expect(subject.apply(pin(20, true))).toEqual({ result: "ok", moved: [{ id: 20, from: 20, to: { pfn: 0, order: 0, retyped: [0, 4, 8, 12] } }] });
    expect(framesOf(subject, 20)).toBe("0");
    expect(allocation(subject, 20)?.longTermPins).toBe(1);
    expect(pageblocks(subject, "Normal")).toBe("UUUU");
    expect(useOf(subject, 20)).toBe("free");
  });

  it("fails when zone Normal is full, and the page stays unpinned", () => {
    const subject = pageInMovable();
    occupy(subject, "kernel", frames(0, 16));

    expect(run(subject, pin(20, true))).toBe("ENOMEM");
    expect(framesOf(subject, 20)).toBe("20");
    expect(allocation(subject, 20)?.longTermPins).toBe(0);
  });

  it("fails when someone else has pinned the page", () => {
    const subject = pageInMovable();
    prepare(subject, pin(20, false));

    expect(run(subject, pin(20, true))).toBe("ENOMEM");
    expect(framesOf(subject, 20)).toBe("20");
    expect(allocation(subject, 20)).toMatchObject({ pins: 1, longTermPins: 0 });
  });

  function offTheLru(profile: Profile): Subject {
    const subject = create(withMovable(machineA, 16), profile);
    occupy(subject, "user", [20]);
    prepare(subject, { op: "lru-isolate", id: 20 });
    return subject;
  }

  it("tries for ever while someone has the page off the LRU (linux-6.12)", () => {
    const subject = offTheLru(linux612);

    expect(run(subject, pin(20, true))).toBe("livelock");
    expect(framesOf(subject, 20)).toBe("20");
    expect(allocation(subject, 20)?.longTermPins).toBe(0);
  });

  it("is refused while someone has the page off the LRU (strict)", () => {
    const subject = offTheLru(strict);

    expect(run(subject, pin(20, true))).toBe("EAGAIN");
    expect(framesOf(subject, 20)).toBe("20");
  });
});

// Zone Movable begins at 16, in the middle of the second area; pageblocks are 4 frames, free blocks up to 16.
//
//   0         8         12        16        20        24        28
//   |         | area 0  |      area 1       |         | area 2  |
describe.each(subjects)("a CMA area across a zone border: $name", ({ create }) => {
  const areas = [cmaArea(8, 4, 0), cmaArea(12, 8, 0), cmaArea(24, 4, 1)];

  function booted(reservePagesOnError: boolean): Subject {
    const cma = areas.map((area, nr) => (nr === 1 && reservePagesOnError ? { ...area, reservePagesOnError } : area));
    return create({ ...withMovable(machineA, 16), cma }, strict);
  }

  it("is given up alone, and has no frames and no bits", () => {
    const subject = booted(false);

    expect(fact(subject.view(), "cma").map(({ nrPages, bitmap: bits }) => [nrPages, bits])).toEqual([[4, "0000"], [0, ""], [4, "00"]]);
    expect(pageblocks(subject) + pageblocks(subject, "Movable")).toBe("MMCMMMCM");
  });

  it("leaves its frames to the buddy, which manages them", () => {
    const subject = booted(false);

    expect(useOf(subject, 12)).toBe("free");
    expect(useOf(subject, 19)).toBe("free");
    expect(fact(subject.view(), "zones").filter(({ spanned }) => spanned > 0).map(({ type, managed }) => [type, managed])).toEqual([["Normal", 16], ["Movable", 16]]);
  });

  it("keeps its frames reserved if it was declared so", () => {
    const subject = booted(true);

    expect([11, 12, 15, 16, 19, 20].map((pfn) => useOf(subject, pfn))).toEqual(["free", "reserved", "reserved", "reserved", "reserved", "free"]);
    expect(fact(subject.view(), "zones").filter(({ spanned }) => spanned > 0).map(({ type, managed }) => [type, managed])).toEqual([["Normal", 12], ["Movable", 12]]);
  });

  it("gives nothing, and takes nothing back, while the others do", () => {
    const subject = booted(false);
    const refused = subject.apply(cmaAlloc(1, 1, 0, 1));

    expect(refused).toMatchObject({ result: "refused", errno: "ENOMEM", because: { kind: "not-active" } });
    expect(subject.apply(cmaAlloc(1, 2, 0, 0))).toMatchObject({ result: "ok", start: 8 });
    expect(subject.apply(cmaAlloc(2, 2, 0, 2))).toMatchObject({ result: "ok", start: 24 });
    expect(run(subject, cmaRelease(1, 1))).toBe("EINVAL");
    expect(run(subject, cmaRelease(2, 2))).toBe("ok");
  });
});

/** Long-term pins of the allocations 1 and 17. */
function pins(subject: Subject): readonly unknown[] {
  return [1, 17].map((id) => allocation(subject, id)?.longTermPins);
}

// A folio of four pages in zone Normal, a page in the CMA area [16, 24); the range is two pages of the folio and the page.
//
//   0         4         8                   16                  24
//   |         | folio   |                   | page   CMA        |
//                  ^^^^                       ^
describe.each(subjects)("a range of pages pinned for long: $name", ({ create }) => {
  function folioAndPage(profile: Profile): Subject {
    const subject = create({ ...machineA, cma: [cmaArea(16, 8, 0)] }, profile);
    place(subject, alloc(1, "folio", 2), 4);
    occupy(subject, "user", [17]);
    return subject;
  }

  it("moves what lies where pins may not, looking at each page of it, and counts a pin for each page", () => {
    const subject = folioAndPage(strict);
    const outcome = subject.apply(pinRange(1, 2, 17));

    expect(outcome).toMatchObject({ result: "ok", moved: [{ id: 17, from: 17 }] });
    expect(pins(subject)).toEqual([2, 1]);
    expect(framesOf(subject, 1)).toBe("4-7");
  });

  it("moves large pages as wholes, and each before the one behind it", () => {
    const subject = create({ ...machineA, cma: [cmaArea(16, 8, 0)] }, strict);
    place(subject, alloc(1, "folio", 2), 20);
    occupy(subject, "user", [17]);

    expect(subject.apply(pinRange(1, 3, 17))).toMatchObject({ result: "ok", moved: [{ id: 1, from: 20 }, { id: 17, from: 17 }] });
    expect(pins(subject)).toEqual([1, 1]);
  });

  it("pins nothing where one page can not be moved, and leaves those moved that could", () => {
    const subject = create({ ...machineA, cma: [cmaArea(16, 8, 0)] }, strict);
    place(subject, alloc(1, "folio", 2), 20);
    occupy(subject, "user", [17]);
    prepare(subject, { op: "hold", id: 1 });

    expect(subject.apply(pinRange(1, 0, 17))).toMatchObject({ result: "refused", errno: "ENOMEM", because: { kind: "stuck" }, moved: [{ id: 17, from: 17 }] });
    expect(pins(subject)).toEqual([0, 0]);
  });

  it.each([
    { profile: strict, answer: { result: "refused", errno: "EAGAIN" } },
    { profile: linux612, answer: { result: "livelock", errno: "EINTR" } },
  ])("does not end well while somebody has one of the pages off the LRU, in profile $profile.name", ({ profile, answer }) => {
    const subject = create({ ...machineA, cma: [cmaArea(16, 8, 0)] }, profile);
    occupy(subject, "user", [17, 18]);
    prepare(subject, { op: "lru-isolate", id: 17 });

    expect(subject.apply(pinRange(17, 0, 18))).toMatchObject({ ...answer, because: { kind: "off-lru" }, moved: [{ id: 18, from: 18 }] });
    expect(allocation(subject, 18)?.longTermPins).toBe(0);
  });

  it("stops at a page without a target", () => {
    const subject = create({ ...machineA, cma: [cmaArea(16, 8, 0)] }, strict);
    place(subject, alloc(1, "folio", 2), 20);
    occupy(subject, "user", [17]);
    occupy(subject, "kernel", [0, 2, 4, 6, 8, 10, 12, 14, 24, 26, 28, 30]);

    expect(subject.apply(pinRange(1, 0, 17))).toMatchObject({ result: "refused", errno: "ENOMEM", because: { kind: "no-target" } });
    expect(framesOf(subject, 17)).toBe("17");
  });

  it("is skipped where there is no such range", () => {
    const subject = folioAndPage(strict);
    const ranges = [pinRange(1, 4, 17), pinRange(null, 1, 17), pinRange(1, 0, 1), pinRange(null, 0, null), pinRange(1, 0, 17, true)];

    expect(ranges.map((command) => subject.apply(command).because?.kind)).toEqual(ranges.map(() => "no-such-range"));
    expect(subject.apply(pinRange(1, 0, 99)).because?.kind).toBe("no-such-label");
    expect(pins(subject)).toEqual([0, 0]);
  });

  it("has to be mapped as a whole", () => {
    const subject = folioAndPage(strict);
    occupy(subject, "kernel", [8]);

    expect(subject.apply(pinRange(17, 0, 8))).toMatchObject({ result: "refused", errno: "EFAULT" });
    expect(framesOf(subject, 17)).toBe("17");
  });
});

// Frame 24, in zone Movable, holds the zero page.
describe.each(subjects)("the zero page in zone Movable: $name", ({ create }) => {
  function withZeroPage(): Subject {
    return create({ ...withMovable(machineA, 16), reserved: [range(24, 25)], zeroPage: toPfn(24) }, linux612);
  }

  it("is pinned for long where it is, and nobody counts", () => {
    const subject = withZeroPage();
    const before = JSON.stringify(subject.view());

    expect(subject.apply(pinRange(null, 0, null, true))).toEqual({ result: "ok" });
    expect(JSON.stringify(subject.view())).toBe(before);
  });

  it("does not keep the pages around it from being moved and pinned", () => {
    const subject = withZeroPage();
    occupy(subject, "user", [20, 21]);

    expect(subject.apply(pinRange(20, 0, 21, true))).toMatchObject({ result: "ok", moved: [{ id: 20, from: 20 }, { id: 21, from: 21 }] });
    expect([20, 21].map((id) => allocation(subject, id)?.longTermPins)).toEqual([1, 1]);
  });

  it("is never given to the allocator", () => {
    expect(withZeroPage().apply({ op: "free-reserved", pfn: toPfn(24) })).toMatchObject({ result: "skipped", because: { kind: "not-reserved" } });
  });
});

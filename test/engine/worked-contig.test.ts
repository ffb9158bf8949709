import { describe, expect, it } from "vitest";
import { base, contract, geometryA, geometryB, geometryC, kernel, resultOf } from "./toy.ts";

describe("a contiguous allocation", () => {
  it("is refused for an unmovable frame outside its range, inside its pageblock", () => {
    const toy = contract(geometryA);
    toy.place(1, "kernel", 4);
    const before = toy.lists();

    expect(resultOf(toy.contig(2, 6, 10))).toBe("EBUSY");
    expect(toy.lists()).toBe(before);
    expect(resultOf(toy.contig(3, 8, 10))).toBe("ok");
    expect(toy.lists()).toBe("o4/M:16 o2/M:0,12 o1/M:6,10 o0/M:5");
    expect(toy.counts().nf).toBe(29);
  });

  // |<-- isolated [4, 16) -->|   X at 5 is outside the range, Y at 7 and Z at 9 are inside.
  it("moves what is inside and gives back what is around", () => {
    const toy = contract(geometryA);
    toy.place(1, "user", 5);
    toy.place(2, "user", 7);
    toy.place(3, "user", 9);

    const outcome = toy.contig(4, 6, 13);

    expect(outcome.moved?.map(({ id, to }) => [id, to.pfn - base])).toEqual([[2, 0], [3, 1]]);
    expect(toy.at(1)).toBe(5);
    expect(toy.lists()).toBe("o4/M:16 o1/M:2,14 o0/M:4,13");
    expect(toy.counts()).toEqual({ nf: 22, iso: 0 });
    toy.freeContig(6, 7);
    expect(toy.lists()).toBe("o4/M:16 o3/M:8 o1/M:2,6 o0/M:4");
  });

  it("is busy where a page is pinned", () => {
    const toy = contract(geometryA);
    toy.place(1, "user", 5);
    toy.place(2, "user", 7);
    toy.place(3, "user", 9);
    toy.do({ op: "pin", id: 3, longTerm: false });

    expect(resultOf(toy.contig(4, 6, 13))).toBe("EBUSY");
    expect(toy.counts()).toEqual({ nf: 29, iso: 0 });
    expect([toy.at(1), toy.at(3)]).toEqual([5, 9]);
  });

  it("finds no target although its own pageblock has free frames", () => {
    const toy = contract({ ...geometryA, nrPages: 16 });
    toy.fill("user", 0, 16, [3]);

    expect(resultOf(toy.contig(100, 0, 2))).toBe("ENOMEM");

    expect(toy.lists()).toBe("o0/M:3");
  });

  it("leaves what has moved when it runs out of targets", () => {
    const toy = contract({ ...geometryA, nrPages: 16 });
    toy.fill("user", 0, 16, [15]);

    const outcome = toy.contig(100, 0, 2);

    expect([outcome.errno, outcome.moved?.length]).toEqual(["ENOMEM", 1]);
    expect(toy.counts().nf).toBe(1);
  });

  it("moves a folio that crosses its end, and is busy with one that crosses its start", () => {
    const toy = contract(geometryB);
    toy.place(1, "folio", 4, 2);

    expect(resultOf(toy.contig(2, 6, 10))).toBe("EBUSY");
    expect(toy.at(1)).toBe(4);
    expect(resultOf(toy.contig(3, 2, 6))).toBe("ok");
    expect(toy.at(1)).toBe(8);
    expect(toy.lists()).toBe("o4/M:16 o2/M:12 o1/M:0,6");
  });

  it("moves hugetlb reached at a tail", () => {
    const toy = contract(geometryB);
    toy.place(1, "hugetlb", 4, 2);

    expect(resultOf(toy.contig(2, 6, 8))).toBe("ok");
    expect(toy.at(1)).toBe(8);
  });

  it("takes one compound page where free blocks fit exactly, aligned or not", () => {
    const toy = contract(geometryA);
    expect(resultOf(toy.contig(1, 4, 12, true))).toBe("ok");
    expect(toy.view().allocations?.[0]).toMatchObject({ kind: "contig", compound: true, order: null });

    const wide = contract(geometryB);
    expect(resultOf(wide.contig(1, 8, 16, true))).toBe("ok");
  });

  it("gives frames of a compound misfit back by contract, and loses them where the kernel does", () => {
    const toy = contract(geometryB);
    expect(resultOf(toy.contig(1, 0, 4, true))).toBe("EINVAL");
    expect(toy.lists()).toBe("o4/M:0,16");

    const leaking = kernel(geometryB);
    expect(resultOf(leaking.contig(1, 0, 4, true))).toBe("EINVAL");
    expect(leaking.lists()).toBe("o4/M:16 o3/M:8");
    expect([...(leaking.view().frames?.use ?? [])].slice(0, 9).map((use) => use === 13)).toEqual([true, true, true, true, true, true, true, true, false]);
  });

  it("clears a foreign isolation where the kernel does", () => {
    const toy = kernel(geometryA);
    toy.isolate(1, 0, 8);
    expect(resultOf(toy.contig(1, 6, 10))).toBe("EBUSY");
    expect(toy.lists()).toBe("o4/M:16 o3/M:8 o2/M:4 o2/I:0");
    expect(toy.types()).toBe("IMMMMMMM");
    expect(toy.counts()).toEqual({ nf: 28, iso: 1 });
    expect(toy.view().isolations).toEqual([{ owner: { token: 1 }, pageblocks: [base, base + 4] }]);
  });

  it("leaves a foreign isolation alone by contract", () => {
    const toy = contract(geometryA);
    toy.isolate(1, 0, 8);
    const before = toy.view();

    expect(resultOf(toy.contig(1, 6, 10))).toBe("EBUSY");

    expect(toy.view()).toEqual(before);
  });

  it("needs the whole pageblock empty of unmovable pages where that is the largest block", () => {
    const toy = contract(geometryC);
    toy.place(1, "user", 5);
    expect(resultOf(toy.contig(2, 6, 13))).toBe("ok");
    expect(toy.lists()).toBe("o4/M:16 o2/M:0 o1/M:14 o0/M:4,13");

    const moving = contract(geometryC);
    moving.place(1, "user", 7);
    expect(resultOf(moving.contig(2, 6, 13))).toBe("ok");
    expect(moving.at(1)).toBe(16);
    expect(moving.counts().nf).toBe(24);
  });

  // Frames 2 to 5 of a pageblock of 8 fit exactly, and 2 is no multiple of 4.
  it("stops the kernel when a misaligned compound one is freed, and is freed singly by contract", () => {
    for (const [toy, result] of [[kernel(geometryB), "bug"], [contract(geometryB), "ok"]] as const) {
      toy.fill("user", 0, 8, [2, 3, 4, 5]);
      toy.contig(100, 2, 6, true);

      expect(resultOf(toy.freeContig(2, 3))).toBe("EINVAL");
      expect(resultOf(toy.freeContig(3, 1))).toBe("skipped");
      expect(resultOf(toy.freeContig(2, 4))).toBe(result);
    }
  });
});

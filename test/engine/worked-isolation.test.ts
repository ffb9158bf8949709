import { describe, expect, it } from "vitest";
import { base, contract, geometryA, kernel, resultOf } from "./toy.ts";
import type { Toy } from "./toy.ts";

function shared(toy: Toy): void {
  toy.alloc(1, "user");
  toy.isolate(1, 0, 4);
  toy.isolate(2, 4, 8);
  toy.free(1);
}

describe("isolation", () => {
  it("splits a larger free block at the pageblock and gives it back whole", () => {
    const toy = contract(geometryA);

    expect(resultOf(toy.isolate(1, 5, 11))).toBe("ok");
    expect(toy.lists()).toBe("o4/M:16 o2/M:0,12 o2/I:4,8");
    expect(toy.types()).toBe("MIIMMMMM");
    expect(toy.counts()).toEqual({ nf: 24, iso: 2 });
    toy.unisolate(1, 5, 11);

    expect(toy.lists()).toBe("o4/M:0,16");
    expect(toy.counts()).toEqual({ nf: 32, iso: 0 });
  });

  it("leaves per-CPU entries to be drained", () => {
    const toy = contract(geometryA);
    toy.place(1, "user", 5);
    toy.free(1, true);

    toy.isolate(1, 4, 8);
    expect(toy.lists()).toBe("o4/M:16 o3/M:8 o2/M:0 o1/I:6 o0/I:4");
    expect(toy.counts().nf).toBe(28);
    expect(resultOf(toy.test(4, 8))).toBe("EBUSY");
    toy.do({ op: "drain", node: 0, zone: "Normal" });

    expect(toy.lists()).toBe("o4/M:16 o3/M:8 o2/M:0 o2/I:4");
    expect(toy.counts().nf).toBe(28);
    expect(resultOf(toy.test(4, 8))).toBe("ok");
  });

  it("gives a per-CPU entry of an isolated pageblock away until it is drained", () => {
    const toy = contract(geometryA);
    toy.place(1, "user", 5);
    toy.free(1, true);
    toy.isolate(1, 4, 8);

    toy.alloc(2, "user");

    expect(toy.at(2)).toBe(5);
  });

  // pb=UUUUMMMM, all free. The freed pageblock's type wins over the buddies it merges with, also outside the range.
  it("forgets types where the kernel does, outside the range too", () => {
    const toy = kernel(geometryA);
    toy.alloc(1, "kernel");
    toy.free(1);

    toy.isolate(1, 0, 4);
    expect(toy.lists()).toBe("o4/M:16 o3/U:8 o2/U:4 o2/I:0");
    toy.unisolate(1, 0, 4);

    expect(toy.types()).toBe("MMMMMMMM");
    expect(toy.lists()).toBe("o4/M:0,16");
  });

  it("gives types back by contract", () => {
    const toy = contract(geometryA);
    toy.alloc(1, "kernel");
    toy.free(1);

    toy.isolate(1, 0, 4);
    expect(toy.view().pageblocks?.[0]).toEqual({ start: base, type: "Isolate", savedType: "Unmovable" });
    toy.unisolate(1, 0, 4);

    expect(toy.types()).toBe("UUUUMMMM");
    expect(toy.lists()).toBe("o4/M:16 o4/U:0");
  });

  it("forgets the type of the first pageblock when the last one refuses", () => {
    const toy = kernel(geometryA);
    toy.alloc(1, "kernel");
    toy.free(1);
    toy.place(2, "kernel", 8);

    expect(resultOf(toy.contig(3, 2, 12))).toBe("EBUSY");

    expect(toy.types()).toBe("MMUUMMMM");
    expect(toy.lists()).toBe("o4/M:16 o3/M:0 o2/U:12 o1/U:10 o0/U:9");
    expect(toy.counts()).toEqual({ nf: 31, iso: 0 });
  });

  it("does not look at the tails of a block that is not compound", () => {
    const toy = contract(geometryA);
    toy.place(1, "kernel", 8, 3);

    expect(resultOf(toy.isolate(1, 12, 16, "offline"))).toBe("ok");
    expect(resultOf(toy.test(12, 16, "offline"))).toBe("EBUSY");
    toy.unisolate(1, 12, 16);
    expect(resultOf(toy.contig(2, 12, 16))).toBe("EBUSY");
  });

  it("refuses a compound page that is not movable", () => {
    const toy = contract(geometryA);
    toy.place(1, "slab", 8, 3);

    expect(resultOf(toy.isolate(1, 12, 16))).toBe("EBUSY");
  });

  it("believes zone Movable, but not across a compound page", () => {
    const toy = contract({ ...geometryA, movable: 0 });
    expect(resultOf(toy.contig(1, 5, 6))).toBe("ok");

    expect(resultOf(toy.isolate(1, 4, 8))).toBe("ok");
    expect(resultOf(toy.test(4, 8))).toBe("EBUSY");
    toy.unisolate(1, 4, 8);
    expect(resultOf(toy.contig(2, 6, 8))).toBe("ok");
    expect(resultOf(toy.contig(3, 4, 8))).toBe("EBUSY");
    expect(resultOf(toy.contig(4, 8, 16, true))).toBe("ok");
    expect(resultOf(toy.isolate(2, 12, 16))).toBe("EBUSY");
  });
});

describe("a partial undo of a block that two owners isolated", () => {
  it("leaks isolation where the kernel does", () => {
    const toy = kernel({ ...geometryA, nrPages: 16 });
    shared(toy);
    expect(toy.lists()).toBe("o3/M:8 o3/I:0");

    toy.unisolate(1, 0, 4);
    expect(toy.lists()).toBe("o4/M:0");
    expect(toy.types().slice(0, 4)).toBe("MIMM");
    expect(toy.counts()).toEqual({ nf: 16, iso: 1 });
    for (const id of [10, 11, 12]) toy.alloc(id, "folio", 1);
    expect([10, 11, 12].map((id) => toy.at(id))).toEqual([0, 2, 4]);
    toy.unisolate(2, 4, 8);

    expect(toy.counts()).toEqual({ nf: 12, iso: 0 });
    expect(toy.engine.permissionsUsed()["KD-1"]).toBe(1);
  });

  it("takes only the owner's pageblock by contract", () => {
    const toy = contract({ ...geometryA, nrPages: 16 });
    shared(toy);

    toy.unisolate(1, 0, 4);

    expect(toy.lists()).toBe("o3/M:8 o2/M:0 o2/I:4");
    expect(toy.counts()).toEqual({ nf: 12, iso: 1 });
  });
});

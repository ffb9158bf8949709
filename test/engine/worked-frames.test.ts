import { describe, expect, it } from "vitest";
import { toPfn } from "../../models/index.ts";
import type { Outcome } from "../../models/index.ts";
import { base, contract, geometryA, kernel, resultOf } from "./toy.ts";
import type { Toy } from "./toy.ts";

function cmaAlloc(toy: Toy, id: number, nrPages: number, align = 0): Outcome {
  return toy.do({ op: "cma-alloc", id, area: 0, nrPages, align });
}

describe("poison", () => {
  it("takes a frame off its block and keeps it from contiguous allocations", () => {
    const toy = contract(geometryA);

    expect(resultOf(toy.do({ op: "poison", pfn: toPfn(base + 6) }))).toBe("ok");
    expect(toy.lists()).toBe("o4/M:16 o3/M:8 o2/M:0 o1/M:4 o0/M:7");
    expect(resultOf(toy.isolate(1, 4, 8, "offline"))).toBe("ok");
    expect(resultOf(toy.test(4, 8, "offline"))).toBe("ok");
    expect(resultOf(toy.test(4, 8))).toBe("EBUSY");
    toy.unisolate(1, 4, 8);
    expect(resultOf(toy.contig(2, 4, 6))).toBe("EBUSY");
    expect(resultOf(toy.contig(3, 0, 4))).toBe("ok");
    toy.freeContig(0, 4);
    toy.do({ op: "unpoison", pfn: toPfn(base + 6) });

    expect(toy.lists()).toBe("o4/M:0,16");
    expect(toy.view().totals?.numPoisoned).toBe(0);
  });

  it("keeps a poisoned frame of a larger block away by contract, and hands it out where the kernel does", () => {
    for (const [toy, lists] of [[contract(geometryA), "o4/M:16 o3/M:8 o2/M:0 o1/M:4 o0/M:7"], [kernel(geometryA), "o4/M:0,16"]] as const) {
      toy.place(1, "kernel", 4, 2);
      expect(resultOf(toy.do({ op: "poison", pfn: toPfn(base + 6) }))).toBe("EBUSY");
      toy.free(1);
      expect(toy.lists()).toBe(lists);
    }
  });
});

describe("CMA", () => {
  const area = { ...geometryA, cma: [16, 8, 1] } as const;

  // Bits of two frames: three frames take two bits, and the fourth frame stays free.
  it("counts bits of several frames", () => {
    const toy = contract(area);
    expect(toy.lists()).toBe("o4/M:0 o3/M:24 o3/C:16");

    expect(cmaAlloc(toy, 1, 3).start).toBe(base + 16);
    expect(toy.lists()).toBe("o4/M:0 o3/M:24 o2/C:20 o0/C:19");
    expect(toy.view().cma?.[0]?.bitmap).toBe("1100");
    expect(cmaAlloc(toy, 2, 1).start).toBe(base + 20);
    expect(toy.lists()).toBe("o4/M:0 o3/M:24 o1/C:22 o0/C:19,21");
    toy.do({ op: "cma-release", area: 0, id: 1, pcp: false });

    expect(toy.lists()).toBe("o4/M:0 o3/M:24 o2/C:16 o1/C:22 o0/C:21");
    expect(toy.view().cma?.[0]?.bitmap).toBe("0010");
    expect(toy.types()).toBe("MMMMCCMM");
  });

  it("goes on behind a busy run", () => {
    const toy = contract({ ...geometryA, cma: [16, 8, 0] });
    toy.place(1, "user", 17);
    toy.do({ op: "pin", id: 1, longTerm: false });

    const outcome = cmaAlloc(toy, 2, 2, 1);

    expect(outcome.attempts).toEqual([{ start: base + 16, errno: "EBUSY" }, { start: base + 18 }]);
    expect(toy.view().cma?.[0]?.bitmap).toBe("00110000");
    expect(resultOf(toy.contig(3, 14, 18))).toBe("EBUSY");
  });

  it("serves movable requests first when most of what is free is CMA", () => {
    const toy = contract({ ...geometryA, cma: [16, 8, 0] });
    toy.fill("user", 0, 12);
    toy.fill("user", 24, 32);

    expect(toy.alloc(100, "user").grant?.pfn).toBe(base + 16);
    expect(toy.alloc(101, "kernel").grant).toEqual({ pfn: base + 12, order: 0, retyped: [base + 12] });
    expect(resultOf(toy.alloc(102, "kernel", 2))).toBe("ENOMEM");
  });
});

describe("a long-term pin", () => {
  it("moves the page out of zone Movable", () => {
    const toy = contract({ ...geometryA, movable: 16 });
    toy.place(1, "user", 20);

    const outcome = toy.do({ op: "pin", id: 1, longTerm: true });

    expect(outcome.moved?.[0]?.to).toEqual({ pfn: base, order: 0, retyped: [0, 4, 8, 12].map((frame) => base + frame) });
    expect(toy.view().allocations?.[0]?.longTermPins).toBe(1);
  });

  it("is refused without room, with another pin, and off the LRU", () => {
    const full = contract({ ...geometryA, movable: 16 });
    full.fill("user", 0, 16);
    full.place(100, "user", 20);
    expect(resultOf(full.do({ op: "pin", id: 100, longTerm: true }))).toBe("ENOMEM");

    const pinned = contract({ ...geometryA, movable: 16 });
    pinned.place(1, "user", 20);
    pinned.do({ op: "pin", id: 1, longTerm: false });
    expect(resultOf(pinned.do({ op: "pin", id: 1, longTerm: true }))).toBe("ENOMEM");

    for (const [toy, result] of [[contract({ ...geometryA, movable: 16 }), "refused EAGAIN"], [kernel({ ...geometryA, movable: 16 }), "livelock EINTR"]] as const) {
      toy.place(1, "user", 20);
      toy.do({ op: "lru-isolate", id: 1 });
      const outcome = toy.do({ op: "pin", id: 1, longTerm: true });
      expect(`${outcome.result} ${outcome.errno}`).toBe(result);
    }
  });
});

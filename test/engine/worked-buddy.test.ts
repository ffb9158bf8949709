import { describe, expect, it } from "vitest";
import { base, contract, geometryA, geometryB } from "./toy.ts";

describe("free blocks", () => {
  it("split from the lowest frame and merge again", () => {
    const toy = contract(geometryA);

    toy.alloc(1, "user");
    expect(toy.lists()).toBe("o4/M:16 o3/M:8 o2/M:4 o1/M:2 o0/M:1");
    expect(toy.counts().nf).toBe(31);
    toy.free(1);

    expect(toy.lists()).toBe("o4/M:0,16");
    expect(toy.counts().nf).toBe(32);
  });

  it("let one unmovable frame claim four pageblocks", () => {
    const toy = contract(geometryA);

    const outcome = toy.alloc(1, "kernel");

    expect(outcome.grant?.retyped).toEqual([0, 4, 8, 12].map((frame) => base + frame));
    expect(toy.lists()).toBe("o4/M:16 o3/U:8 o2/U:4 o1/U:2 o0/U:1");
    expect(toy.types()).toBe("UUUUMMMM");
    toy.free(1);
    expect(toy.lists()).toBe("o4/M:16 o4/U:0");
  });
});

describe("claiming in pageblocks of 8", () => {
  // Two pageblocks, all frames taken but some: which frame does a request of the other type get?
  const rows: readonly (readonly [name: string, filled: "kernel" | "user", free: readonly number[], request: "user" | "kernel", frame: number, types: string])[] = [
    ["steals the lowest where order 0 is too small to claim for", "kernel", [3, 10], "user", 3, "UU"],
    ["steals where too little of the pageblock is alike", "kernel", [2, 3], "user", 2, "UU"],
    ["claims where half of the pageblock is free", "kernel", [0, 1, 2, 3], "user", 0, "MU"],
    ["hands out the smallest block of what it claimed", "kernel", [0, 1, 2, 3, 6], "user", 6, "MU"],
    ["pollutes a pageblock of movable pages", "user", [5], "kernel", 5, "MM"],
    ["claims half-free movable pageblocks for the kernel", "user", [4, 5, 6, 7], "kernel", 4, "UM"],
  ];

  it.each(rows)("%s", (_name, filled, free, request, frame, types) => {
    const toy = contract({ ...geometryB, nrPages: 16 });
    for (let id = 0; id < 16; id++) toy.alloc(id, filled);
    for (const id of free) toy.free(id);

    const outcome = toy.alloc(100, request);

    expect(outcome.grant?.pfn).toBe(base + frame);
    expect(toy.types().slice(0, 2)).toBe(types);
  });
});

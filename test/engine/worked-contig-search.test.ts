import { assert, maxSafeNat, nat, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { linux612, namedMachines, pfnRange, strict, toPfn } from "../../models/index.ts";
import type { AllocContigPages, Attempt, MachineDescription, Outcome, Verdict } from "../../models/index.ts";
import { alignByMask } from "../../src/engine/contig-search.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { Box } from "./box.ts";
import { resultOf, toyMachine } from "./toy.ts";

const sectionPages = 32_768;

/** A PC of 1 GiB, and memory of node 1 from 4 GiB on: sections that go online to zone Movable, then some to zone Normal. */
function pc(nrMovable: number, nrNormal: number): Box {
  const machine = namedMachines.find(({ name }) => name === "x86-64");
  if (machine === undefined) throw new Error("no machine x86-64");
  const box = new Box(machine, linux612);
  box.add(0x100000, 0x100000 + (nrMovable + nrNormal) * sectionPages, { node: 1 });
  for (let n = 0; n < nrMovable + nrNormal; n++) expect(box.write(32 + n, n < nrMovable ? "online_movable" : "online_kernel")).toBe("ok");
  return box;
}

/** Each search takes a label of its own: its size, and which zones. */
function search(nrPages: number, movable: boolean, node = 1): AllocContigPages {
  return { op: "alloc-contig-pages", id: nrPages + (movable ? 2 ** 20 : 0), nrPages, node, thisNode: true, movable };
}

/** A machine with one zone, [high + 5, high + 32). */
function oddStart(high: number): MachineDescription {
  return { ...toyMachine(), nodes: [{ memory: [pfnRange(toPfn(high + 5), 27)], movableStart: null, cpus: true }], hotplugEnd: toPfn(high + 0x100) };
}

function startsOf(outcome: Outcome): readonly number[] {
  return (outcome.attempts ?? []).map(({ start }) => start);
}

describe("a search for contiguous pages", () => {
  // Seen on a real kernel: zone Movable [0x100000, 0x108000), zone Normal [0x108000, 0x110000), nothing else taken.
  it("gives what Linux was seen to give", () => {
    const box = pc(1, 1);
    expect([box.numbers("Movable", 1), box.numbers("Normal", 1)]).toEqual([[1_048_576, 32_768, 32_768, 32_768], [1_081_344, 32_768, 32_768, 32_768]]);

    const movable = [1, 3, 512, 700, 1024, 5000].map((n) => box.do(search(n, true)).start);
    const normal = [3, 512, 700].map((n) => box.do(search(n, false)).start);

    expect(movable).toEqual([1_048_576, 1_048_579, 1_049_088, 1_049_976, 1_051_648, 1_053_576]);
    expect(normal).toEqual([1_081_344, 1_081_856, 1_082_744]);
    expect(resultOf(box.do(search(32_768, false)))).toBe("ENOMEM");
    expect([box.zone("Movable", 1).nrFree, box.zone("Normal", 1).nrFree]).toEqual([25_528, 31_553]);
  });

  it("tries every n-th frame from the first candidate on", () => {
    const box = pc(1, 1);
    for (const n of [1, 3, 512]) box.do(search(n, true));

    const outcome = box.do(search(700, true));

    expect(outcome.attempts).toEqual([{ start: 1_048_576, errno: "EBUSY" }, { start: 1_049_276, errno: "EBUSY" }, { start: 1_049_976 }]);
  });

  // Zone Normal is [0x108000, 0x120000) and 39999 is 0x9c3f, so bit 15 of 0x111c3f is cleared too.
  //
  //   0x108000    0x110000                     0x119c40          0x120000
  //   | no candidate | ------- 40000 ----------- | the next would not fit
  it("begins behind the start of the zone where the mask says so", () => {
    const box = pc(1, 3);

    const first = box.do(search(40_000, false));
    const second = box.do({ ...search(40_000, false), id: 1 });

    expect([first.start, startsOf(first)]).toEqual([0x110000, [0x110000]]);
    expect([resultOf(second), startsOf(second)]).toEqual(["ENOMEM", [0x110000]]);
  });

  // 65541 is 0x10005: bit 15 stays, although the number of frames is larger than that bit.
  it("begins at the start of the zone where the mask has none of its bits", () => {
    const outcome = pc(1, 3).do(search(65_542, false));

    expect(outcome.start).toBe(0x108000);
  });

  // One zone [b + 5, b + 32): the first candidate of each size, by hand.
  const firsts = [[1, 5], [2, 6], [3, 5], [4, 8], [5, 9], [6, 10], [7, 9], [8, 8], [9, 5], [10, 6], [11, 5], [12, 16], [13, 17], [14, 18], [15, 17], [16, 16]] as const;

  it.each([0x100, 2 ** 31, 2 ** 32 - 0x100, 2 ** 32, 2 ** 39 + 2 ** 32])("aligns by the mask in a zone that begins 5 frames behind %d", (high) => {
    const found = firsts.map(([nrPages]) => [nrPages, (startsOf(createEngine(oddStart(high), strict).apply(search(nrPages, false, 0)))[0] ?? 0) - high]);

    expect(found).toEqual(firsts);
  });
});

// Of 5 frames, in the zone [b + 5, b + 32): the mask is 4. The first range is taken, and is in the way of the second.
//
//   5        9         14        19        24        29
//   | no     | taken   | busy,   | free    |         | would not fit
//     candidate          shares a pageblock with 13
describe("a search that is told", () => {
  const high = 2 ** 32;
  const busy = (frame: number): Attempt => ({ start: toPfn(high + frame), errno: "EBUSY" });
  const fine = (frame: number): Attempt => ({ start: toPfn(high + frame) });
  const judge = (attempts: readonly Attempt[]): Verdict => {
    const engine = createEngine(oddStart(high), strict);
    expect(engine.apply({ ...search(5, false, 0), id: 1 }).attempts).toEqual([fine(9)]);
    const { start } = attempts.at(-1) ?? fine(0);
    return engine.follow(search(5, false, 0), { result: "ok", attempts, start });
  };

  it("is admitted where it tried the candidates in turn", () => {
    expect(judge([busy(9), busy(14), fine(19)])).toEqual({ verdict: "admitted" });
  });

  it.each([
    ["at the start of the zone", [fine(5)], 9],
    ["from the start of the zone on", [busy(5), busy(10), busy(15), fine(20)], 9],
    ["a multiple of the size", [busy(10), busy(15), fine(20)], 9],
    ["aligned to the next power of two", [busy(8), busy(13), fine(18)], 9],
    ["behind a candidate that it left out", [busy(9), fine(19)], 14],
    ["off its candidates later on", [busy(9), busy(14), fine(20)], 19],
  ] as const)("is in breach where it tried a range %s", (_what, attempts, due) => {
    expect(judge(attempts)).toMatchObject({ verdict: "breach", clause: "attempt-order", permitted: [`an attempt at 0x1000000${due.toString(16).padStart(2, "0")}`] });
  });

  it("is in breach where it went on after a range that it could have", () => {
    expect(judge([busy(9), busy(14), fine(19), fine(24)])).toMatchObject({ verdict: "breach", clause: "attempt-order" });
  });
});

function exact(pfn: number, n: number): number {
  return Number((BigInt(pfn) + BigInt(n - 1)) & ~BigInt(n - 1));
}

describe("alignByMask", () => {
  it.each([
    [0, 1, 0], [0, 7, 0], [1, 2, 2], [1, 3, 1], [1, 6, 2], [5, 5, 9], [1_048_577, 700, 1_048_580],
    // The carry goes into the upper half; all of the lower half is cleared; bits of both halves, or of the upper one.
    [2 ** 32 - 1, 4, 2 ** 32], [2 ** 32 - 1, 3, 2 ** 32 + 1], [2 ** 33 + 1, 2 ** 32, 3 * 2 ** 32], [2 ** 32 + 2, 2 ** 32 + 2, 2 ** 33 + 2], [2 ** 32, 2 ** 33 + 1, 2 ** 32],
    // Bit 31 is no sign.
    [2 ** 31, 3, 2 ** 31], [2 ** 31 + 2 ** 30, 5, 2 ** 31 + 2 ** 30], [2 ** 51 + 2 ** 31 + 1, 4, 2 ** 51 + 2 ** 31 + 4],
  ])("of %d for %d frames is %d", (pfn, n, aligned) => {
    expect(alignByMask(pfn, n)).toBe(aligned);
  });

  it("is exact as long as the sum is", () => {
    assert(property(maxSafeNat(), maxSafeNat(), nat(52), nat(52), (a, b, less, fewer) => {
      const pfn = Math.floor(a / 2 ** (less + 1));
      const n = Math.floor(b / 2 ** (fewer + 1)) + 1;
      expect(alignByMask(pfn, n)).toBe(exact(pfn, n));
    }), { numRuns: 2000, seed: 1 });
  });
});

import { describe, expect, it } from "vitest";
import { drawFrom, recordingTape, replayTape, pseudoRandom, seededTape } from "../../properties/arbitraries/index.ts";
import type { Draw } from "../../properties/arbitraries/index.ts";

function numbers(seed: number, n: number, count: number): readonly number[] {
  const tape = seededTape(seed);
  return Array.from({ length: count }, () => tape(n));
}

describe("seededTape", () => {
  it("gives the same numbers for a seed on every machine", () => {
    expect(numbers(1, 2 ** 32, 4)).toEqual([2_324_069_543, 3_442_680_665, 1_747_786_225, 667_039_433]);
    expect(numbers(2 ** 40 + 7, 1000, 6)).toEqual([171, 84, 744, 143, 299, 297]);
  });

  it("gives other numbers for another seed, whichever bits of it differ", () => {
    const seeds = [0, 1, 2, 2 ** 31, 2 ** 32, 2 ** 33, 2 ** 52];

    const starts = new Set(seeds.map((seed) => numbers(seed, 2 ** 32, 3).join()));

    expect(starts.size).toBe(seeds.length);
  });

  it("gives other numbers for another run of a seed", () => {
    const starts = new Set([0, 1, 2, 1000, 2 ** 40].map((run) => {
      const tape = seededTape(1, run);
      return [tape(2 ** 32), tape(2 ** 32)].join();
    }));

    expect(starts.size).toBe(5);
    expect(seededTape(1, 0)(2 ** 32)).toBe(seededTape(1)(2 ** 32));
  });

  it.each([1, 2, 3, 7, 1000, 2 ** 32, 2 ** 40, 2 ** 52])("stays below %d and reaches both halves of it", (n) => {
    const drawn = numbers(3, n, 500);

    expect(drawn.every((number) => Number.isSafeInteger(number) && number >= 0 && number < n)).toBe(true);
    expect(n === 1 || (drawn.some((number) => number < n / 2) && drawn.some((number) => number >= n / 2))).toBe(true);
  });

  it("gives each of a few numbers about as often", () => {
    const drawn = numbers(4, 5, 5000);

    for (const number of [0, 1, 2, 3, 4]) expect(drawn.filter((other) => other === number).length).toBeGreaterThan(900);
  });
});

describe("Draw", () => {
  it("weighs", () => {
    const draw = pseudoRandom(5);

    const drawn = Array.from({ length: 4000 }, () => draw.weighted([[3, "often"], [1, "seldom"], [0, "never"]]));

    expect(drawn.filter((word) => word === "seldom").length).toBeGreaterThan(850);
    expect(drawn.filter((word) => word === "seldom").length).toBeLessThan(1150);
    expect(drawn).not.toContain("never");
  });

  it("knows certain and impossible chances", () => {
    const draw = pseudoRandom(6);

    expect(Array.from({ length: 50 }, () => draw.chance(0, 3))).not.toContain(true);
    expect(Array.from({ length: 50 }, () => draw.chance(3, 3))).not.toContain(false);
  });

  it("throws where there is nothing to choose", () => {
    const draw = pseudoRandom(7);

    expect(() => draw.pick([])).toThrow("index 0 is outside a list of 0");
    expect(() => draw.weighted([[0, "never"]])).toThrow("weight above 0");
  });
});

function choose(draw: Draw): readonly unknown[] {
  return [draw.below(100), draw.pick(["a", "b", "c"]), draw.chance(1, 2), draw.weighted([[2, "x"], [5, "y"]]), draw.below(2 ** 40)];
}

describe("replayTape", () => {
  it("makes the choices again that a recorded tape made", () => {
    const record: number[] = [];
    const first = choose(drawFrom(recordingTape(seededTape(8), record)));

    expect(choose(drawFrom(replayTape(record)))).toEqual(first);
  });

  it("reads numbers that are too large as remainders, and 0 behind its end", () => {
    const draw = drawFrom(replayTape([17]));

    expect([draw.below(10), draw.below(10), draw.pick(["first", "second"])]).toEqual([7, 0, "first"]);
  });
});

import { array, assert, integer, property, uint8Array } from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesTape, drawFrom, recordingTape, replayTape, pseudoRandom, seededTape } from "../../properties/arbitraries/index.ts";
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

describe("bytesTape", () => {
  it("reads as many bytes as the values of a choice need, the most significant first", () => {
    const { tape, ended } = bytesTape(Uint8Array.of(3, 1, 2, 0, 1, 5));

    expect([tape(256), tape(257), tape(65_537), ended()]).toEqual([3, 258 - 257, 5 + 256, false]);
    expect([tape(2), ended()]).toEqual([0, true]);
  });

  it("makes any choices from some bytes", () => {
    assert(
      property(array(integer({ min: 2, max: 2 ** 40 }).chain((n) => integer({ min: 0, max: n - 1 }).map((number) => [n, number] as const))), (choices) => {
        const { tape, ended } = bytesTape(Uint8Array.from(choices.flatMap(([n, number]) => bigEndian(number, n))));

        expect(choices.map(([n]) => tape(n))).toEqual(choices.map(([, number]) => number));
        expect(ended()).toBe(false);
      }),
    );
  });

  it("makes choices of any bytes, 0 where they run out and from there on", () => {
    assert(
      property(uint8Array({ maxLength: 8 }), array(integer({ min: 2, max: 2 ** 52 }), { minLength: 9 }), (bytes, sizes) => {
        const { tape, ended } = bytesTape(bytes);

        for (const size of sizes) {
          const before = ended();
          const number = tape(size);
          expect(Number.isSafeInteger(number) && number >= 0 && number < size).toBe(true);
          if (before) expect(number).toBe(0);
        }
        expect(ended()).toBe(true);
      }),
    );
  });

  it("does not read on behind a choice for which too few bytes were left", () => {
    const { tape } = bytesTape(Uint8Array.of(9, 9, 9));

    expect([tape(10), tape(2 ** 24), tape(256)]).toEqual([9, 0, 0]);
  });
});

/** The number in the bytes that a choice among n takes. */
function bigEndian(number: number, n: number): readonly number[] {
  const bytes: number[] = [];
  let rest = number;
  for (let values = 1; values < n; values *= 256) {
    bytes.unshift(rest % 256);
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

import { assert, integer, letrec, oneof, property, record, tuple, array, constant } from "fast-check";
import type { Arbitrary } from "fast-check";
import { describe, expect, it } from "vitest";
import { createOdometer, drawFrom } from "../../properties/arbitraries/index.ts";
import type { Draw } from "../../properties/arbitraries/index.ts";

/** Everything that a generator makes, in the order of making. */
function everything<T>(longest: number, make: (draw: Draw) => T): { readonly made: readonly T[]; readonly cut: number } {
  const odometer = createOdometer(longest);
  const made: T[] = [];
  do made.push(make(drawFrom(odometer.tape)));
  while (odometer.turn());
  return { made, cut: odometer.cut() };
}

/** A generator as a tree: a leaf, or a choice among trees. */
type Tree = { readonly leaf: number } | { readonly choice: readonly Tree[] };

const { tree } = letrec<{ tree: Tree }>((tie) => ({
  tree: oneof({ maxDepth: 5, depthSize: "small" }, record({ leaf: constant(0) }), record({ choice: array(tie("tree") as Arbitrary<Tree>, { minLength: 1, maxLength: 4 }) })),
}));

/** The leaves numbered from the left, from this number on. */
function numbered(plain: Tree, first: number): readonly [Tree, number] {
  if ("leaf" in plain) return [{ leaf: first }, first + 1];
  let next = first;
  const choice = plain.choice.map((branch) => {
    const [made, behind] = numbered(branch, next);
    next = behind;
    return made;
  });
  return [{ choice }, next];
}

function walk(draw: Draw, at: Tree): number {
  return "leaf" in at ? at.leaf : walk(draw, draw.pick(at.choice));
}

describe("an odometer", () => {
  it("makes every sequence of choices once, in their order", () => {
    const { made, cut } = everything(3, (draw) => `${draw.below(2)}${draw.pick(["a", "b", "c"])}${draw.chance(1, 2) ? "+" : "-"}`);

    expect(made).toEqual(["0a+", "0a-", "0b+", "0b-", "0c+", "0c-", "1a+", "1a-", "1b+", "1b-", "1c+", "1c-"]);
    expect(cut).toBe(0);
  });

  it("visits each leaf of any generator once, however uneven its branches", () => {
    assert(
      property(tree, (plain) => {
        const [leaves, count] = numbered(plain, 0);

        const { made, cut } = everything(8, (draw) => walk(draw, leaves));

        expect(made).toEqual(Array.from({ length: count }, (_, leaf) => leaf));
        expect(cut).toBe(0);
      }),
    );
  });

  it("counts as many sequences as the choices multiply to", () => {
    assert(
      property(tuple(integer({ min: 1, max: 5 }), integer({ min: 1, max: 5 }), integer({ min: 1, max: 5 })), (sizes) => {
        const { made } = everything(3, (draw) => sizes.map((size) => draw.below(size)).join());

        expect(new Set(made).size).toBe(sizes.reduce((product, size) => product * size, 1));
        expect(made).toHaveLength(new Set(made).size);
      }),
    );
  });

  it("makes one pass of a generator that chooses nothing", () => {
    expect(everything(3, () => "done").made).toEqual(["done"]);
  });

  it("takes the first of each choice behind the longest that is counted, and says how often", () => {
    const { made, cut } = everything(1, (draw) => [draw.below(2), draw.below(2)]);

    expect(made).toEqual([[0, 0], [1, 0]]);
    expect(cut).toBe(2);
  });

  it("does not go on with a generator that depends on more than its choices", () => {
    let pass = 0;
    const otherSize = (draw: Draw): void => {
      draw.below(pass++ === 0 ? 2 : 3);
    };
    const fewer = (draw: Draw): void => {
      for (let left = 2 - pass++; left > 0; left--) draw.below(2);
    };

    expect(() => everything(3, otherSize)).toThrow("choice 0 was one of 2 and is one of 3 now: the generator depends on more than its tape");
    pass = 0;
    expect(() => everything(3, fewer)).toThrow("the generator made 1 choices where it made 2 before");
  });
});

/**
 * A fast-check `Arbitrary` over what a `Draw` makes and plain-data passes simplify.
 *
 * `generate` takes one seed from fast-check's random source, so that its `seed` and `path` replay everything. Shrinking looks at
 * the value alone: a value from a file (given through `examples`) shrinks exactly as a generated one does.
 */
import { Arbitrary, Stream, Value } from "fast-check";
import type { Random } from "fast-check";
import { pseudoRandom } from "./draw.ts";
import type { Draw } from "./draw.ts";

export interface Drawn<T> {
  readonly draw: (draw: Draw) => T;
  /** Whether foreign data is such a value. */
  readonly is: (value: unknown) => value is T;
  /** Ways to make a value simpler. Each proposes strictly simpler values, and no value has endlessly many below it. */
  readonly passes: readonly ((value: T) => Iterable<T>)[];
}

/** The pass that made a value, and how many of its proposals were tried before. */
interface Cursor {
  readonly pass: number;
  readonly skip: number;
}

export function drawnArbitrary<T>(drawn: Drawn<T>): Arbitrary<T> {
  return new DrawnArbitrary(drawn);
}

class DrawnArbitrary<T> extends Arbitrary<T> {
  readonly #drawn: Drawn<T>;

  constructor(drawn: Drawn<T>) {
    super();
    this.#drawn = drawn;
  }

  override generate(random: Random, _biasFactor: number | undefined): Value<T> {
    return new Value(this.#drawn.draw(pseudoRandom(random.nextInt(0, 2 ** 32 - 1))), undefined);
  }

  override canShrinkWithoutContext(value: unknown): value is T {
    return this.#drawn.is(value);
  }

  override shrink(value: T, context: unknown): Stream<Value<T>> {
    return new Stream(this.#simpler(value, isCursor(context) ? context : { pass: 0, skip: 0 }));
  }

  /**
   * Every proposal of every pass, once, beginning behind the one that led here. What comes before it was tried on a
   * value that is nearly the same, so it is least likely to lead anywhere and is tried last.
   */
  *#simpler(value: T, { pass, skip }: Cursor): IterableIterator<Value<T>> {
    const { passes } = this.#drawn;
    for (let turn = 0; turn <= passes.length; turn++) {
      const index = (pass + turn) % passes.length;
      const [from, to] = [turn === 0 ? skip : 0, turn === passes.length ? skip : Number.POSITIVE_INFINITY];
      let nth = 0;
      for (const candidate of passes[index]?.(value) ?? []) {
        if (nth >= to) break;
        if (nth >= from) yield new Value(candidate, { pass: index, skip: nth } satisfies Cursor);
        nth++;
      }
    }
  }
}

function isCursor(context: unknown): context is Cursor {
  return typeof context === "object" && context !== null && "pass" in context && "skip" in context;
}

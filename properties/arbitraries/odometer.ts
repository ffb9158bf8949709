/**
 * Every choice that a generator can make, one sequence after the other: a tape that counts like the wheels of an
 * odometer. The wheel of a choice has as many digits as the choice has values; after each sequence the last wheel turns
 * by one, and those that have come around fall away. A generator that ends sooner after one choice than after another
 * gives a tree, of which every leaf is visited once, in the order of the choices.
 * The idea is that of exhaustigen by Graydon Hoare.
 */
import type { Tape } from "./draw.ts";

/** Counts how the odometer stands. */
export interface Odometer {
  /** For one pass of the generator from its beginning. */
  readonly tape: Tape;
  /** After a pass: turns to the next sequence; false when all have been. */
  readonly turn: () => boolean;
  /** Passes so far that asked for more choices than are counted: behind those they read 0, so that not everything was tried. */
  readonly cut: () => number;
}

interface Wheel {
  readonly digits: number;
  at: number;
}

/** `longest`: choices of one sequence that are counted. */
export function createOdometer(longest: number): Odometer {
  const wheels: Wheel[] = [];
  let read = 0;
  let cut = 0;
  return {
    tape: (n) => {
      const known = wheels[read];
      if (known !== undefined) {
        if (known.digits !== n) throw new Error(`choice ${read} was one of ${known.digits} and is one of ${n} now: the generator depends on more than its tape`);
        read++;
        return known.at;
      }
      read++;
      if (wheels.length < longest) wheels.push({ digits: n, at: 0 });
      return 0;
    },
    turn: () => {
      if (read > longest) cut++;
      // A pass may have read less than the one before only behind the wheel that turned, and those have fallen away.
      if (read < wheels.length) throw new Error(`the generator made ${read} choices where it made ${wheels.length} before: it depends on more than its tape`);
      read = 0;
      for (let last = wheels.at(-1); last !== undefined; last = wheels.at(-1)) {
        if (last.at + 1 < last.digits) {
          last.at++;
          return true;
        }
        wheels.pop();
      }
      return false;
    },
    cut: () => cut,
  };
}

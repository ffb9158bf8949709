/**
 * Where a generator's choices come from: a tape of numbers that is read once, from front to back.
 *
 * Everything that is generated reads a `Draw` and nothing else, so the same tape makes the same scenario on every
 * machine. A tape is pseudo-random (`seededTape`), given as numbers (`replayTape`) or as bytes (`bytesTape`), or counts
 * through all that can be chosen (odometer.ts); and any tape can be written down while it is read (`recordingTape`).
 */

/** Choices, one at a time. */
export interface Draw {
  /** A whole number from 0 to n - 1; n is at least 1. */
  below(n: number): number;
  /** True `times` times in `outOf`. */
  chance(times: number, outOf: number): boolean;
  /** One entry of a list that is not empty. */
  pick<T>(list: readonly T[]): T;
  /** One value, each as often as its weight (a whole number) says; at least one weight is above 0. */
  weighted<T>(entries: readonly (readonly [weight: number, value: T])[]): T;
}

/** The next number of a tape, from 0 to n - 1. */
export type Tape = (n: number) => number;

export function drawFrom(tape: Tape): Draw {
  return {
    below: (n) => (n > 1 ? tape(n) : 0),
    chance: (times, outOf) => times > 0 && (times >= outOf || tape(outOf) < times),
    pick: (list) => at(list, list.length > 1 ? tape(list.length) : 0),
    weighted: (entries) => {
      let left = 0;
      for (const [weight] of entries) left += weight;
      if (left > 1) left = tape(left);
      else left = 0;
      for (const [weight, value] of entries) {
        if (left < weight) return value;
        left -= weight;
      }
      throw new Error("a weighted choice needs a weight above 0");
    },
  };
}

/** A draw from a pseudo-random tape: one of its own for each seed and each run. Any whole numbers will do. */
export function pseudoRandom(seed: number, run: number = 0): Draw {
  return drawFrom(seededTape(seed, run));
}

/** Numbers that are thrown away at first: until then the parts of the seed show. */
const warmUp = 16;

/**
 * xoshiro128** by Blackman and Vigna (public domain), its state filled from the seed and the run. The bit operators work
 * on the generator's own 32-bit words, never on frame numbers.
 */
export function seededTape(seed: number, run: number = 0): Tape {
  let [a, b, c, d] = [mix(seed), mix(seed / 2 ** 32), mix(run), mix(run / 2 ** 32 + 1)];
  const word = (): number => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  for (let thrown = 0; thrown < warmUp; thrown++) word();
  return (n) => {
    if (n <= 2 ** 32) return Math.floor((word() * n) / 2 ** 32);
    return Math.min(n - 1, Math.floor(((word() * 2 ** 21 + (word() >>> 11)) / 2 ** 53) * n));
  };
}

/** The low 32 bits of a whole number, mixed so that each of them changes about half of the result: the end of MurmurHash3. */
function mix(number: number): number {
  let word = (Math.floor(number) % 2 ** 32) + 0x9e3779b9;
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return word ^ (word >>> 16);
}

/** Reads the numbers given, each reduced to what was asked for; behind their end it reads 0. */
export function replayTape(numbers: readonly number[]): Tape {
  let next = 0;
  return (n) => {
    const number = numbers[next] ?? 0;
    next++;
    return number % n;
  };
}

/** A tape of bytes, and whether something was asked for that it did not have. */
export interface BytesTape {
  readonly tape: Tape;
  readonly ended: () => boolean;
}

/**
 * Reads the choices from bytes that somebody else made, a fuzzer for example. A choice among n takes as few bytes as n
 * values need, the most significant first, reduced to what was asked for: so any bytes will do, and a changed byte changes
 * one choice. A choice for which too few are left is 0, as are all behind it.
 */
export function bytesTape(bytes: Uint8Array): BytesTape {
  let next = 0;
  let ended = false;
  return {
    tape: (n) => {
      let number = 0;
      for (let values = 1; values < n; values *= 256) {
        const byte = bytes[next];
        next++;
        if (byte === undefined) ended = true;
        number = ended ? 0 : (number * 256 + (byte ?? 0)) % n;
      }
      return number;
    },
    ended: () => ended,
  };
}

/** Reads another tape and appends what it read to `record`. */
export function recordingTape(tape: Tape, record: number[]): Tape {
  return (n) => {
    const number = tape(n);
    record.push(number);
    return number;
  };
}

/** The entry at an index that is known to be inside. */
export function at<T>(list: readonly T[], index: number): T {
  const entry = list[index];
  if (entry === undefined) throw new Error(`index ${index} is outside a list of ${list.length}`);
  return entry;
}

/** One entry that fits, the first from a random place on; undefined: none does. */
export function pickWhere<T>(draw: Draw, list: readonly T[], fits: (entry: T) => boolean): T | undefined {
  const from = draw.below(Math.max(1, list.length));
  for (let index = from; index < list.length; index++) {
    const entry = list[index];
    if (entry !== undefined && fits(entry)) return entry;
  }
  for (let index = 0; index < from; index++) {
    const entry = list[index];
    if (entry !== undefined && fits(entry)) return entry;
  }
  return undefined;
}

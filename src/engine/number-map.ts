/**
 * A map from whole numbers up to 2^53 to small whole numbers, with open addressing in typed arrays: labels and frame
 * numbers to places in the tables of allocations. 12 bytes an entry and no objects.
 */
export class NumberMap {
  #keys: Float64Array;
  /** Value plus 1; 0 where there is no entry. */
  #values: Int32Array;
  #mask: number;
  #size = 0;

  constructor() {
    this.#keys = new Float64Array(16);
    this.#values = new Int32Array(16);
    this.#mask = 15;
  }

  get size(): number {
    return this.#size;
  }

  #home(key: number): number {
    const low = key | 0;
    const high = (key / 4_294_967_296) | 0;
    const hash = Math.imul(low ^ Math.imul(high, 0x5bd1_e995), 0x9e37_79b1);
    return (hash ^ (hash >>> 15)) & this.#mask;
  }

  /** The value, or -1. */
  get(key: number): number {
    for (let at = this.#home(key); ; at = (at + 1) & this.#mask) {
      const value = this.#values[at] ?? 0;
      if (value === 0) return -1;
      if (this.#keys[at] === key) return value - 1;
    }
  }

  set(key: number, value: number): void {
    if (this.#size * 2 >= this.#mask) this.#grow();
    let at = this.#home(key);
    while (this.#values[at] !== 0 && this.#keys[at] !== key) at = (at + 1) & this.#mask;
    if (this.#values[at] === 0) this.#size++;
    this.#keys[at] = key;
    this.#values[at] = value + 1;
  }

  /** Takes the entry out and closes the gap, so that no probe ever meets a hole. */
  delete(key: number): void {
    let at = this.#home(key);
    while (this.#values[at] !== 0 && this.#keys[at] !== key) at = (at + 1) & this.#mask;
    if (this.#values[at] === 0) return;
    this.#size--;
    for (let next = (at + 1) & this.#mask; this.#values[next] !== 0; next = (next + 1) & this.#mask) {
      const home = this.#home(this.#keys[next] ?? 0);
      const isBetween = at <= next ? at < home && home <= next : at < home || home <= next;
      if (isBetween) continue;
      this.#keys[at] = this.#keys[next] ?? 0;
      this.#values[at] = this.#values[next] ?? 0;
      at = next;
    }
    this.#values[at] = 0;
  }

  #grow(): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#mask = this.#mask * 2 + 1;
    this.#keys = new Float64Array(this.#mask + 1);
    this.#values = new Int32Array(this.#mask + 1);
    this.#size = 0;
    for (let at = 0; at < values.length; at++) {
      const value = values[at] ?? 0;
      if (value !== 0) this.set(keys[at] ?? 0, value - 1);
    }
  }
}

/**
 * Ordered sets of places: the free blocks of one section by order, and the sections that have such blocks.
 *
 * A leaf has one bit a block, order by order, with summary bits above (32 places a word), so that the lowest block is
 * found in three steps for up to 2^15 of them.
 */
import { byteAt, freeCode, lowestBit, wordAt } from "./layout.ts";

/** Where the bits of each order stand in the words of a leaf. -1: that level is not needed. */
export interface LeafShape {
  readonly nrWords: number;
  readonly level0: Int32Array;
  readonly level1: Int32Array;
  readonly level2: Int32Array;
  /** Words of the topmost level of each order. */
  readonly nrTop: Int32Array;
}

export function leafShape(sectionPages: number, maxOrder: number): LeafShape {
  const level0 = new Int32Array(maxOrder + 1);
  const level1 = new Int32Array(maxOrder + 1).fill(-1);
  const level2 = new Int32Array(maxOrder + 1).fill(-1);
  const nrTop = new Int32Array(maxOrder + 1);
  let nrWords = 0;
  for (let order = 0; order <= maxOrder; order++) {
    let places = sectionPages / 2 ** order;
    for (const level of [level0, level1, level2]) {
      if (level !== level0 && places <= 1) break;
      places = Math.ceil(places / 32);
      level[order] = nrWords;
      nrTop[order] = places;
      nrWords += places;
    }
  }
  return { nrWords, level0, level1, level2, nrTop };
}

/**
 * The free blocks of one list in one section.
 *
 * A bit above says that the word below may have a bit; it is taken back when a search finds that it has none. So a block
 * that comes and goes touches one word.
 */
export class FreeLeaf {
  /** Orders for which the section stands in the list's set of sections. */
  listed = 0;
  readonly #words: Int32Array;
  readonly #level0: Int32Array;
  readonly #level1: Int32Array;
  readonly #level2: Int32Array;
  readonly #nrTop: Int32Array;

  constructor(shape: LeafShape) {
    this.#words = new Int32Array(shape.nrWords);
    this.#level0 = shape.level0;
    this.#level1 = shape.level1;
    this.#level2 = shape.level2;
    this.#nrTop = shape.nrTop;
  }

  has(order: number, place: number): boolean {
    return (wordAt(this.#words, wordAt(this.#level0, order) + (place >>> 5)) & (1 << (place & 31))) !== 0;
  }

  add(order: number, place: number): void {
    const words = this.#words;
    const at0 = wordAt(this.#level0, order) + (place >>> 5);
    const old0 = wordAt(words, at0);
    words[at0] = old0 | (1 << (place & 31));
    if (old0 === 0) this.#mark(order, place >>> 5);
  }

  /** The word at this place of the lowest level has a bit now. */
  #mark(order: number, place: number): void {
    const base1 = wordAt(this.#level1, order);
    if (base1 < 0) return;
    const words = this.#words;
    const at1 = base1 + (place >>> 5);
    const old1 = wordAt(words, at1);
    const bit1 = 1 << (place & 31);
    if ((old1 & bit1) !== 0) return;
    words[at1] = old1 | bit1;
    const base2 = wordAt(this.#level2, order);
    if (old1 !== 0 || base2 < 0) return;
    const at2 = base2 + (place >>> 10);
    words[at2] = wordAt(words, at2) | (1 << ((place >>> 5) & 31));
  }

  remove(order: number, place: number): void {
    const at0 = wordAt(this.#level0, order) + (place >>> 5);
    this.#words[at0] = wordAt(this.#words, at0) & ~(1 << (place & 31));
  }

  /** Enters the upper halves of a block, of orders `high - 1` down to `low`, writes their codes and counts them. */
  addHalves(frames: Uint8Array, count: Int32Array, offset: number, low: number, high: number): void {
    const words = this.#words;
    const level0 = this.#level0;
    for (let order = high - 1; order >= low; order--) {
      const upper = offset + (1 << order);
      frames[upper] = freeCode(order);
      const place = upper >>> order;
      const at0 = wordAt(level0, order) + (place >>> 5);
      const old0 = wordAt(words, at0);
      words[at0] = old0 | (1 << (place & 31));
      if (old0 === 0) this.#mark(order, place >>> 5);
      count[order] = wordAt(count, order) + 1;
    }
  }

  /**
   * Takes the buddies of a block out, one order after the other below `limit`, as long as the next one is a free block of
   * this leaf; erases their codes and counts them off. The order that the block has then; its offset is rounded down to it.
   */
  removeBuddies(frames: Uint8Array, count: Int32Array, offset: number, order: number, limit: number): number {
    const words = this.#words;
    const level0 = this.#level0;
    let head = offset;
    let size = order;
    while (size < limit) {
      const buddy = head ^ (1 << size);
      if (byteAt(frames, buddy) !== freeCode(size)) break;
      const place = buddy >>> size;
      const at0 = wordAt(level0, size) + (place >>> 5);
      const old0 = wordAt(words, at0);
      const bit = 1 << (place & 31);
      if ((old0 & bit) === 0) break;
      words[at0] = old0 & ~bit;
      count[size] = wordAt(count, size) - 1;
      frames[buddy] = 0;
      head &= buddy;
      size++;
    }
    return size;
  }

  /** The lowest place of this order, or -1. */
  lowest(order: number): number {
    const base1 = wordAt(this.#level1, order);
    const base2 = wordAt(this.#level2, order);
    if (base1 < 0) return this.#lowestFrom(wordAt(this.#level0, order), wordAt(this.#nrTop, order));
    for (;;) {
      const at1 = base2 < 0 ? this.#lowestFrom(base1, wordAt(this.#nrTop, order)) : this.#lowestThrough(base2, base1, order);
      if (at1 < 0) return -1;
      const word = wordAt(this.#words, wordAt(this.#level0, order) + at1);
      if (word !== 0) return at1 * 32 + lowestBit(word);
      this.#unmark(base1, at1);
    }
  }

  /** By the second level: place of the lowest bit of the first, or -1. */
  #lowestThrough(base2: number, base1: number, order: number): number {
    for (;;) {
      const at2 = this.#lowestFrom(base2, wordAt(this.#nrTop, order));
      if (at2 < 0) return -1;
      const word = wordAt(this.#words, base1 + at2);
      if (word !== 0) return at2 * 32 + lowestBit(word);
      this.#unmark(base2, at2);
    }
  }

  /** Place of the lowest bit of some words, or -1. */
  #lowestFrom(base: number, nrWords: number): number {
    for (let at = 0; at < nrWords; at++) {
      const word = wordAt(this.#words, base + at);
      if (word !== 0) return at * 32 + lowestBit(word);
    }
    return -1;
  }

  #unmark(base: number, place: number): void {
    const at = base + (place >>> 5);
    this.#words[at] = wordAt(this.#words, at) & ~(1 << (place & 31));
  }
}

const chunkSections = 1024;

/** 1024 section numbers: 32 words of bits and one that says which are not 0. */
class Chunk {
  readonly words: Int32Array = new Int32Array(32);
  summary = 0;
}

/** A set of section numbers of any size that gives its least member quickly. */
export class SectionSet {
  readonly #keys: number[] = [];
  readonly #chunks: Map<number, Chunk> = new Map();

  add(nr: number): void {
    const key = Math.floor(nr / chunkSections);
    let chunk = this.#chunks.get(key);
    if (chunk === undefined) {
      chunk = new Chunk();
      this.#chunks.set(key, chunk);
      this.#keys.splice(lowerBound(this.#keys, key), 0, key);
    }
    const bit = nr % chunkSections;
    chunk.words[bit >>> 5] = wordAt(chunk.words, bit >>> 5) | (1 << (bit & 31));
    chunk.summary |= 1 << (bit >>> 5);
  }

  delete(nr: number): void {
    const key = Math.floor(nr / chunkSections);
    const chunk = this.#chunks.get(key);
    if (chunk === undefined) return;
    const bit = nr % chunkSections;
    const word = wordAt(chunk.words, bit >>> 5) & ~(1 << (bit & 31));
    chunk.words[bit >>> 5] = word;
    if (word !== 0) return;
    chunk.summary &= ~(1 << (bit >>> 5));
    if (chunk.summary !== 0) return;
    this.#chunks.delete(key);
    this.#keys.splice(lowerBound(this.#keys, key), 1);
  }

  has(nr: number): boolean {
    const chunk = this.#chunks.get(Math.floor(nr / chunkSections));
    const bit = nr % chunkSections;
    return chunk !== undefined && (wordAt(chunk.words, bit >>> 5) & (1 << (bit & 31))) !== 0;
  }

  /** The least member, or -1. */
  first(): number {
    const key = this.#keys[0];
    if (key === undefined) return -1;
    const chunk = this.#chunks.get(key);
    if (chunk === undefined) return -1;
    const at = lowestBit(chunk.summary);
    return key * chunkSections + at * 32 + lowestBit(wordAt(chunk.words, at));
  }
}

/** Index of the first entry of an ascending list that is not below the value. */
export function lowerBound(list: readonly number[], value: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

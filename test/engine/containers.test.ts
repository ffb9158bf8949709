/** The containers of the engine, each beside the plain one that it stands for, on sizes that tiny machines do not have. */
import { describe, expect, it } from "vitest";
import { FreeLeaf, SectionSet, leafShape, lowerBound } from "../../src/engine/free-bits.ts";
import { freeCode, orderPages } from "../../src/engine/layout.ts";
import { NumberMap } from "../../src/engine/number-map.ts";
import { SectionTable } from "../../src/engine/section-table.ts";
import { randomFrom } from "./walk.ts";

const steps = 1500;

function lowestOf(places: ReadonlySet<number>): number {
  return places.size === 0 ? -1 : Math.min(...places);
}

describe("the free blocks of a section", () => {
  // One word an order; one level above it; two levels.
  it.each([[32, 4], [64, 6], [128, 3], [1024, 10], [2048, 5], [32_768, 10]])("of %i frames, orders up to %i, are a set for each order", (sectionPages, maxOrder) => {
    const random = randomFrom(sectionPages + maxOrder);
    const below = (n: number): number => Math.floor(random() * n);
    const leaf = new FreeLeaf(leafShape(sectionPages, maxOrder));
    const sets = Array.from({ length: maxOrder + 1 }, () => new Set<number>());
    const wrong: unknown[] = [];
    for (let step = 0; step < steps; step++) {
      const order = below(maxOrder + 1);
      const places = sets[order] ?? new Set();
      const nrPlaces = sectionPages / 2 ** order;
      // Near the end of a word, at both ends, or anywhere.
      const place = [below(nrPlaces), nrPlaces - 1, Math.min(nrPlaces - 1, 31 + below(3)), Math.min(nrPlaces - 1, 1023 + below(3)), lowestOf(places)][below(5)] ?? 0;
      if (place < 0) continue;
      if (places.has(place)) {
        leaf.remove(order, place);
        places.delete(place);
      } else {
        leaf.add(order, place);
        places.add(place);
      }
      const other = below(maxOrder + 1);
      if (leaf.has(order, place) !== places.has(place) || leaf.lowest(other) !== lowestOf(sets[other] ?? new Set())) wrong.push([step, order, place, other]);
    }
    expect(wrong).toEqual([]);
    for (const [order, places] of sets.entries()) {
      for (const place of places) leaf.remove(order, place);
      expect([order, leaf.lowest(order)]).toEqual([order, -1]);
    }
  });

  it.each([[64, 6], [2048, 10]])("of %i frames, orders up to %i, split and merge again", (sectionPages, maxOrder) => {
    const leaf = new FreeLeaf(leafShape(sectionPages, maxOrder));
    const frames = new Uint8Array(sectionPages);
    const count = new Int32Array(maxOrder + 1);
    const head = sectionPages - orderPages(maxOrder);

    leaf.addHalves(frames, count, head, 0, maxOrder);
    expect([...count]).toEqual(Array.from({ length: maxOrder + 1 }, (_, order) => (order < maxOrder ? 1 : 0)));
    for (let order = 0; order < maxOrder; order++) expect([leaf.lowest(order), frames[head + orderPages(order)]]).toEqual([(head + orderPages(order)) / orderPages(order), freeCode(order)]);

    expect(leaf.removeBuddies(frames, count, head, 0, maxOrder)).toBe(maxOrder);
    expect([...count, ...frames].filter((value) => value !== 0)).toEqual([]);
    for (let order = 0; order <= maxOrder; order++) expect(leaf.lowest(order)).toBe(-1);
  });

  it("merge no further than a buddy of the same order that is of this list, and not beyond the limit", () => {
    const leaf = new FreeLeaf(leafShape(64, 6));
    const frames = new Uint8Array(64);
    const count = new Int32Array(7);
    leaf.addHalves(frames, count, 0, 0, 3);

    expect(leaf.removeBuddies(frames, count, 0, 0, 1)).toBe(1);
    leaf.remove(2, 1);
    expect(leaf.removeBuddies(frames, count, 0, 1, 6)).toBe(2);
    expect([...count]).toEqual([0, 0, 1, 0, 0, 0, 0]);
    expect(frames[4]).toBe(freeCode(2));
  });
});

describe("a set of section numbers", () => {
  it("is a set that knows its least", () => {
    const random = randomFrom(1);
    const set = new SectionSet();
    const plain = new Set<number>();
    const wrong: unknown[] = [];
    for (let step = 0; step < 2 * steps; step++) {
      const nr = [Math.floor(random() * 40), 1000 + Math.floor(random() * 50), 5_000_000 + 1024 * Math.floor(random() * 5), lowestOf(plain)][Math.floor(random() * 4)] ?? 0;
      if (nr < 0) continue;
      if (set.has(nr) !== plain.has(nr)) wrong.push([step, nr]);
      if (plain.has(nr) || random() < 0.3) {
        set.delete(nr);
        plain.delete(nr);
      } else {
        set.add(nr);
        plain.add(nr);
      }
      if (set.first() !== lowestOf(plain)) wrong.push([step, nr, "first"]);
    }
    expect(wrong).toEqual([]);
    for (const nr of plain) set.delete(nr);
    expect([set.first(), set.has(0), set.has(9_999_999)]).toEqual([-1, false, false]);
  });
});

describe("a map of numbers", () => {
  it("is a map, whatever collides", () => {
    const random = randomFrom(2);
    const map = new NumberMap();
    const plain = new Map<number, number>();
    const wrong: unknown[] = [];
    for (let step = 0; step < 4 * steps; step++) {
      const key = [Math.floor(random() * 50), 16 * Math.floor(random() * 50), 2 ** 32 * Math.floor(random() * 20), 2 ** 53 - 1 - Math.floor(random() * 20)][Math.floor(random() * 4)] ?? 0;
      if (map.get(key) !== (plain.get(key) ?? -1)) wrong.push([step, key]);
      if (random() < 0.45) {
        map.delete(key);
        plain.delete(key);
      } else {
        map.set(key, step);
        plain.set(key, step);
      }
      if (map.size !== plain.size) wrong.push([step, key, map.size]);
      if (step % 97 === 0) wrong.push(...[...plain].filter(([each, value]) => map.get(each) !== value));
    }
    expect(wrong).toEqual([]);
  });
});

describe("the least place in a list that is not below a number", () => {
  it.each([[[], 5, 0], [[3], 3, 0], [[3], 4, 1], [[1, 3, 5], 0, 0], [[1, 3, 5], 4, 2], [[1, 3, 5, 7], 7, 3], [[1, 3, 5, 7], 8, 4]])("of %j for %i is %i", (list, value, place) => {
    expect(lowerBound(list, value)).toBe(place);
  });
});

describe("the table of sections", () => {
  it("finds sections by number, by frame and by range, in whatever order they came", () => {
    const table = new SectionTable(16);
    for (const nr of [7, 3, 300, 5, 3]) table.ensure(nr);

    expect(table.numbers).toEqual([3, 5, 7, 300]);
    expect([table.get(5)?.start, table.get(4), table.get(-1), table.at(0x55)?.nr, table.at(0x60), table.at(300 * 16 + 15)?.nr, table.at(301 * 16)]).toEqual([80, undefined, undefined, 5, undefined, 300, undefined]);
    expect(table.between(0x5f, 0x71).map(({ nr }) => nr)).toEqual([5, 7]);
    expect(table.between(0x60, 0x70).map(({ nr }) => nr)).toEqual([]);
    expect([table.following(6)?.nr, table.following(7)?.nr, table.following(301), table.preceding(6)?.nr, table.preceding(5)?.nr, table.preceding(2)]).toEqual([7, 7, undefined, 5, 5, undefined]);

    for (const nr of [5, 300]) {
      const section = table.get(nr);
      if (section !== undefined) table.delete(section);
    }
    expect([table.numbers, table.get(5), table.at(0x55), table.at(300 * 16)]).toEqual([[3, 7], undefined, undefined, undefined]);
  });
});

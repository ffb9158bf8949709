/** The words everything else is said in: sizes, frame numbers, page kinds, profiles, the catalogue. */
import { describe, expect, it } from "vitest";
import {
  alignDown, alignUp, autoMovableRules, bootRules, brokenGeometryRule, clauses, commandCatalogue, generalRules, geometryRules, isPowerOfTwo, linux612, memmapPages, namedMachines, orderFits, pageKindTraits, pageKinds,
  parseProfile, pfnRange, rangesOverlap, showRange, strict, switchIds, switches, toPfn,
} from "../../models/index.ts";
import type { CommandEntry, Geometry, Op, PageKind, PageKindTraits } from "../../models/index.ts";

const sizes: Geometry = { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 4, subsectionPages: 4, sectionPages: 16, blockSections: 2, pmdPages: 4 };

describe("geometry", () => {
  it("keeps every rule in each named machine", () => {
    expect(namedMachines.map(({ geometry }) => brokenGeometryRule(geometry))).toEqual(namedMachines.map(() => undefined));
  });

  it.each<{ readonly rule: string; readonly change: Partial<Geometry> }>([
    { rule: "G0", change: { pmdPages: 3 } },
    { rule: "G0", change: { pageblockOrder: 2.5 } },
    { rule: "G1", change: { maxPageOrder: 5 } },
    { rule: "G2", change: { subsectionPages: 32 } },
    { rule: "G3", change: { pageblockOrder: 1 } },
    { rule: "G3", change: { pageblockOrder: 5 } },
    { rule: "G7", change: { structPageBytes: 256 } },
    { rule: "G7", change: { structPageBytes: 8 } },
  ])("breaks $rule with $change", ({ rule, change }) => {
    expect(brokenGeometryRule({ ...sizes, ...change })?.id).toBe(rule);
  });

  // A size that is a power of two is never below one, so that this rule is never the first that breaks.
  it("has no block of less than a section", () => {
    expect(geometryRules.find(({ id }) => id === "G4")?.holds({ ...sizes, blockSections: 0 })).toBe(false);
  });

  it("may have a pageblock larger than a subsection, or as large as a section", () => {
    expect(brokenGeometryRule({ ...sizes, pageblockOrder: 4, subsectionPages: 2 })).toBeUndefined();
  });

  it("has each rule once", () => {
    expect(new Set(geometryRules.map(({ id }) => id)).size).toBe(geometryRules.length);
  });

  it("rounds a memmap up to whole frames", () => {
    expect([4, 5, 16].map((nrPages) => memmapPages(sizes, nrPages))).toEqual([1, 2, 4]);
  });
});

describe("frame numbers", () => {
  it("are aligned exactly beyond 2^32, to any count", () => {
    expect(alignDown(2 ** 40 + 7, 512)).toBe(2 ** 40);
    expect(alignUp(2 ** 40 + 7, 512)).toBe(2 ** 40 + 512);
    expect([alignDown(17, 6), alignUp(17, 6), alignUp(18, 6)]).toEqual([12, 18, 18]);
  });

  it("are powers of two beyond 2^32 as well", () => {
    expect([2 ** 40, 2 ** 40 + 1, 1, 0, -2, 0.5].map(isPowerOfTwo)).toEqual([true, false, true, false, false, false]);
  });

  it("do not overlap where one range ends as the other begins", () => {
    const range = pfnRange(toPfn(16), 16);

    expect(rangesOverlap(range, pfnRange(toPfn(32), 16))).toBe(false);
    expect(rangesOverlap(range, pfnRange(toPfn(31), 1))).toBe(true);
  });

  it("print in hex, half open", () => {
    expect(showRange(pfnRange(toPfn(32), 16))).toBe("[0x20, 0x30)");
  });
});

function row(traits: PageKindTraits): readonly (string | number | boolean)[] {
  return [traits.migratetype, traits.highestZone, traits.minOrder, traits.maxOrder, traits.compound, traits.lru, traits.movable, traits.mapped];
}

// Which page kinds ask for what: GFP_HIGHUSER_MOVABLE and GFP_TRANSHUGE reach zone Movable, GFP_HIGHUSER and GFP_KERNEL end at
// Normal; the migratetype follows from the movable and the reclaimable bit.
describe("page kinds", () => {
  const expected: Readonly<Record<PageKind, readonly (string | number | boolean)[]>> = {
    //                    type           up to      orders             compound lru    movable mapped
    user: ["Movable", "Movable", 0, 0, false, true, true, true],
    file: ["Movable", "Movable", 0, 0, false, true, true, true],
    folio: ["Movable", "Movable", 1, "pageblock", true, true, true, true],
    hugetlb: ["Movable", "Movable", 1, "pageblock", true, false, true, true],
    "hugetlb-fixed": ["Unmovable", "Normal", 1, "pageblock", true, false, false, true],
    "driver-movable": ["Movable", "Movable", 0, 0, false, false, true, false],
    kernel: ["Unmovable", "Normal", 0, "max", false, false, false, false],
    slab: ["Unmovable", "Normal", 0, "max", true, false, false, false],
    "slab-reclaimable": ["Reclaimable", "Normal", 0, "max", true, false, false, false],
    "page-table": ["Unmovable", "Normal", 0, 0, false, false, false, false],
  };

  it.each(pageKinds)("%s asks for its migratetype and zones, and is what it is", (kind) => {
    expect(row(pageKindTraits[kind])).toEqual(expected[kind]);
  });

  it("take a zone modifier only where they are of the kernel", () => {
    expect(pageKinds.filter((kind) => pageKindTraits[kind].takesZoneModifier)).toEqual(["kernel", "slab", "slab-reclaimable", "page-table"]);
  });

  it.each<{ readonly kind: PageKind; readonly fits: readonly number[] }>([
    { kind: "user", fits: [0] },
    { kind: "folio", fits: [1, 2] },
    { kind: "hugetlb-fixed", fits: [1, 2] },
    { kind: "kernel", fits: [0, 1, 2, 3, 4] },
    { kind: "page-table", fits: [0] },
  ])("$kind comes in orders $fits", ({ kind, fits }) => {
    expect([-1, 0, 1, 2, 3, 4, 5].filter((order) => orderFits(sizes, kind, order))).toEqual(fits);
  });
});

describe("profiles", () => {
  it("strict has no switch on, linux-6.12 every one", () => {
    expect(strict.on).toEqual([]);
    expect(linux612.on).toEqual(switchIds);
  });

  it("has each switch explained, in order", () => {
    expect(switches.map(({ id }) => id)).toEqual(switchIds);
  });

  it.each([
    { text: "strict", on: [] },
    { text: "linux-6.12", on: [...switchIds] },
    { text: "strict+KD-2", on: ["KD-2"] },
    { text: "strict+KD-11", on: ["KD-11"] },
    { text: "strict+EX-10+KD-1", on: ["KD-1", "EX-10"] },
    { text: "strict+KD-1-KD-1", on: [] },
    { text: "strict-KD-1", on: [] },
    { text: "linux-6.12-EX-7", on: switchIds.filter((id) => id !== "EX-7") },
    { text: "linux-6.12-EX-1-KD-1", on: switchIds.filter((id) => id !== "EX-1" && id !== "KD-1") },
    { text: "linux-6.12-S-05+S-05", on: [...switchIds] },
  ])("reads $text", ({ text, on }) => {
    expect(parseProfile(text)).toEqual({ name: text, on });
  });

  it.each([
    { text: "", error: 'unknown profile "", expected strict or linux-6.12, optionally followed by +SWITCH or -SWITCH' },
    { text: "linux-6.1", error: 'unknown profile "linux-6.1", expected strict or linux-6.12, optionally followed by +SWITCH or -SWITCH' },
    { text: "strictly", error: 'unknown profile "strictly", expected strict or linux-6.12, optionally followed by +SWITCH or -SWITCH' },
    { text: "strict+", error: `unknown switch in profile "strict+" at "+", expected + or - and one of ${switchIds.join(", ")}` },
    { text: "strict+KD-7", error: `unknown switch in profile "strict+KD-7" at "+KD-7", expected + or - and one of ${switchIds.join(", ")}` },
    { text: "strict+KD-1+KD-22", error: `unknown switch in profile "strict+KD-1+KD-22" at "+KD-22", expected + or - and one of ${switchIds.join(", ")}` },
  ])("refuses $text", ({ text, error }) => {
    expect(parseProfile(text)).toEqual({ error });
  });
});

describe("the catalogue", () => {
  // One line for each operation, so that the compiler asks for a new one here.
  const ops: Readonly<Record<Op, true>> = {
    alloc: true, "alloc-atomic": true, unreserve: true, free: true, drain: true, "pcp-disable": true, "pcp-enable": true, compact: true, hold: true, release: true, "lru-isolate": true, "lru-putback": true, "lru-batch": true, "lru-drain": true, pin: true, "pin-range": true, unpin: true, poison: true, "soft-offline": true, unpoison: true,
    "free-reserved": true, inflate: true, deflate: true, "vmstat-refresh": true, isolate: true, unisolate: true, "test-isolated": true, "alloc-contig": true, "free-contig": true, "alloc-contig-pages": true, "cma-alloc": true, "cma-release": true, "fake-offline": true,
    "fake-online": true, add: true, remove: true, "offline-and-remove": true, "write-state": true, "write-online": true, "group-static": true, "group-dynamic": true, "group-unregister": true, "device-map": true,
    "device-unmap": true, "huge-grow": true, "huge-shrink": true, "huge-reserve": true, "huge-use": true, "kmem-probe": true, "kmem-remove": true, "vmem-request": true, set: true, veto: true, "fail-next": true, start: true, step: true, signal: true,
  };
  const entries: readonly (readonly [string, CommandEntry])[] = Object.entries(commandCatalogue);

  it("has an entry for every operation, in their order, and no other", () => {
    expect(Object.keys(commandCatalogue)).toEqual(Object.keys(ops));
  });

  it.each(entries)("%s says what it does and where that was read", (_, entry) => {
    expect(entry.title).not.toBe("");
    expect(entry.source).not.toBe("");
    expect(entry.effects.length).toBeGreaterThan(0);
  });

  it.each(entries)("%s gives each reason once", (_, entry) => {
    for (const list of [entry.skipped, entry.refused, entry.other ?? []]) {
      const reasons = list.map(({ reason }) => reason);
      expect(reasons).toEqual([...new Set(reasons)]);
    }
  });

  it("names only switches that exist", () => {
    const text = JSON.stringify([commandCatalogue, generalRules, bootRules, autoMovableRules]);
    const named = [...text.matchAll(/\[([A-Z]+-\d+)\]/g)].map(([, id]) => id);

    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((id) => !switchIds.some((known) => known === id))).toEqual([]);
  });

  it("has a sentence for each clause", () => {
    expect(Object.entries(clauses).filter(([id, title]) => id === "" || title === "")).toEqual([]);
    expect(Object.keys(clauses).length).toBeGreaterThan(0);
  });
});

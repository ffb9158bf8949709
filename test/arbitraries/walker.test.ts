import { beforeAll, describe, expect, it } from "vitest";
import { createReference, namedMachines, tinyMachines } from "../../models/index.ts";
import type { MachineDescription, View } from "../../models/index.ts";
import { behaviours, createWalker, drawLength, generateScenario, isCommand, ops, recipes, pseudoRandom } from "../../properties/arbitraries/index.ts";
import { profileOf, tallyRuns } from "./tally.ts";
import type { Tally } from "./tally.ts";

function machineCalled(name: string): MachineDescription {
  const machine = namedMachines.find((candidate) => candidate.name === name);
  if (machine === undefined) throw new Error(`no machine is called ${name}`);
  return machine;
}

const tiny = machineCalled("tiny");

/** Refused and skipped commands, of all. */
function unacceptedShare({ ops: seen, commands }: Tally): number {
  return [...seen.values()].reduce((sum, { refused, skipped }) => sum + refused + skipped, 0) / commands;
}

/** Least number of times that each recipe must reach its end in 300 runs on tiny; a little less than half of what is measured. */
const leastCompleted: Readonly<Record<string, number>> = {
  "two-owners": 20,
  "isolated-on-pcp": 22,
  "type-after-isolation": 30,
  "isolation-fails": 45,
  "mixed-merge": 29,
  starved: 14,
  "contig-over-isolation": 38,
  "contig-migrates": 15,
  "contig-from-tail": 23,
  "crooked-compound": 30,
  "contig-search": 22,
  "cma-fragmented": 15,
  "long-term-pin": 15,
  "poisoned-block": 14,
  "poison-and-back": 19,
  "freed-while-held": 34,
  "nothing-free": 12,
  retire: 30,
  "whole-life": 20,
  "self-hosted": 18,
  "boot-reborn": 5,
  "node-reborn": 8,
  "between-two": 6,
  "auto-movable": 23,
  "stale-online-type": 30,
  "failed-add": 24,
  vetoed: 19,
  "memmap-elsewhere": 13,
  "add-without-memory": 12,
  rollback: 12,
  "mixed-memmaps": 21,
  "held-page": 22,
  "poisoned-offline": 26,
  "fake-offline": 14,
  "zone-taken": 23,
  "device-overlap": 31,
  "device-then-memory": 12,
  "failed-map": 11,
  "offline-interleaved": 27,
  "online-interleaved": 17,
  "contig-interleaved": 12,
  "two-tasks": 10,
  interrupted: 13,
};

/** Percent of the frames that commands name which must lie at such a place; about half of what is measured. */
const leastAt: Readonly<Record<string, number>> = {
  "first frame of a pageblock": 50,
  "last frame of a pageblock": 2,
  "inside a pageblock": 6,
  "first or last frame of a subsection": 42,
  "first frame of a section": 22,
  "last frame of a section": 1,
  "first frame of a largest block": 22,
  "last frame of a largest block": 1,
  "first or last frame of memory": 0.3,
  "border of a memory block": 20,
  "end of boot memory or of a hole": 5,
  "zone border": 10,
  "end of a CMA area": 3,
  "first frame of an allocation": 10,
  "just outside an allocation": 8,
  "isolated pageblock": 6,
  "neighbour of an isolated pageblock": 3,
  "first frame of a free block": 12,
  "buddy of a free block": 13,
  "on a per-CPU list": 0.3,
  "range of a half-done task": 0.5,
  device: 0.5,
  "end of a self-hosted memmap": 3,
  poisoned: 2,
  hole: 0.4,
  offline: 4,
  "not present": 10,
};

describe("a walk over tiny", () => {
  let tally: Tally;
  beforeAll(() => {
    tally = tallyRuns(tiny, "strict", 300);
  }, 120_000);

  it("makes valid data only", () => {
    expect(tally.invalid).toEqual([]);
  });

  it("is near its greatest length, with a few short runs", () => {
    const short = tally.lengths.filter((length) => length < 60).length;

    expect(Math.max(...tally.lengths)).toBe(120);
    expect(short).toBeGreaterThan(5);
    expect(short).toBeLessThan(40);
    expect(tally.commands / tally.lengths.length).toBeGreaterThan(75);
  });

  it("compacts nothing where that can not be done", () => {
    expect(tally.ops.get("compact")).toBeUndefined();
    expect(tally.recipes.get("compact-node")).toBeUndefined();
  });

  it("makes every command in a way that is accepted, and in one that is refused or skipped", () => {
    // tiny has no memory reserved outside its boot memmap, no balloon, no statistics of nodes, no zero page, no compaction, no batches of the LRU, no HighAtomic reserves, no pools of huge pages, no dax devices, and no virtio-mem device.
    const made = ops.filter((op) => op !== "compact" && op !== "pin-range" && !op.startsWith("huge-") && op !== "lru-batch" && op !== "lru-drain" && !op.startsWith("kmem-") && op !== "vmem-request" && op !== "alloc-atomic" && op !== "unreserve");
    const neverAccepted = made.filter((op) => (tally.ops.get(op)?.accepted ?? 0) === 0);
    const neverRefused = made.filter((op) => (tally.ops.get(op)?.refused ?? 0) + (tally.ops.get(op)?.skipped ?? 0) === 0);

    expect(neverAccepted).toEqual(["free-reserved", "inflate", "deflate", "vmstat-refresh"]);
    // No state refuses these.
    expect(neverRefused).toEqual(["inflate", "deflate", "vmstat-refresh", "set", "veto", "fail-next"]);
  });

  it("is refused or skipped in about one command of five", () => {
    expect(unacceptedShare(tally)).toBeGreaterThan(0.15);
    expect(unacceptedShare(tally)).toBeLessThan(0.28);
  });

  it("refers mostly to what exists, and sometimes to what does not", () => {
    const { valid, dangling } = tally.references;

    expect(valid / (valid + dangling)).toBeGreaterThan(0.85);
    expect(dangling / (valid + dangling)).toBeGreaterThan(0.03);
  });

  it("names frames where something begins or ends", () => {
    const seldom = Object.entries(leastAt).filter(([place, least]) => ((tally.places.get(place) ?? 0) * 100) / tally.frames < least);

    expect(seldom).toEqual([]);
  });

  it("walks to nearly empty and to nearly full memory", () => {
    expect(tally.nearlyEmpty).toBeGreaterThan(tally.commands / 100);
    expect(tally.nearlyFull).toBeGreaterThan(tally.commands / 1000);
    expect(tally.reasons.get("alloc ENOMEM no-free-block")).toBeGreaterThan(100);
  });

  it("completes every recipe that the machine allows", () => {
    const possible = recipes.map(({ id }) => id).filter((id) => !elsewhere.has(id));
    const seldom = possible.filter((id) => (tally.recipes.get(id)?.completed ?? 0) < (leastCompleted[id] ?? Number.POSITIVE_INFINITY));

    expect(seldom).toEqual([]);
  });
});

/** Recipes that tiny does not allow. */
const elsewhere: ReadonlySet<string> = new Set(["device-beside-memory", "range-from-tail", "compact-node", "balloon-moves", "node-stats-return", "device-own-memmap", "memory-in-window", "huge-offline", "huge-poison", "huge-held", "batched-pin", "batched-free", "kmem-range-taken", "kmem-range-fails", "kmem-online-stays", "vmem-grow-and-shrink", "atomic-reserve", "atomic-from-list", "device-compound-pages"]);

describe("a walk over the other small machines", () => {
  it("compacts zones where that can be done, and asks for zones that are not there", () => {
    const { ops: seen, recipes: done, invalid } = tallyRuns(machineCalled("tiny-compact"), "strict", 40);

    expect(seen.get("compact")?.accepted).toBeGreaterThan(50);
    expect(seen.get("compact")?.skipped).toBeGreaterThan(2);
    expect(done.get("compact-node")?.completed).toBeGreaterThan(4);
    expect(invalid).toEqual([]);
  });

  it("reaches what tiny does not have: reserved memory, and devices in sections of boot memory", () => {
    for (const name of ["tiny-equal", "tiny-wide"]) {
      const { ops: seen, recipes: done, invalid } = tallyRuns(machineCalled(name), "strict", 80);

      expect(seen.get("free-reserved")?.accepted).toBeGreaterThan(5);
      expect(done.get("device-beside-memory")?.completed).toBeGreaterThan(2);
      expect(invalid).toEqual([]);
    }
  });

  it("takes nodes with uncounted statistics away and back where they are kept", () => {
    const { ops: seen, recipes: done, invalid } = tallyRuns(machineCalled("tiny-stats"), "strict", 40);

    expect(seen.get("vmstat-refresh")?.accepted).toBeGreaterThan(30);
    expect(done.get("node-stats-return")?.completed).toBeGreaterThan(3);
    expect(invalid).toEqual([]);
  });

  it("puts pages in batches of the LRU where there are some", () => {
    const { ops: seen, recipes: done, invalid } = tallyRuns(machineCalled("tiny-lru"), "strict", 40);

    expect(seen.get("lru-batch")?.accepted).toBeGreaterThan(25);
    expect(seen.get("lru-batch")?.skipped).toBeGreaterThan(4);
    expect(seen.get("lru-drain")?.accepted).toBeGreaterThan(3);
    expect(done.get("batched-pin")?.completed).toBeGreaterThan(4);
    expect(done.get("batched-free")?.completed).toBeGreaterThan(2);
    expect(invalid).toEqual([]);
  });

  it("reserves pageblocks for requests that can not wait where there are reserves", () => {
    const { ops: seen, recipes: done, invalid } = tallyRuns(machineCalled("tiny-atomic"), "strict", 30);

    expect(seen.get("alloc-atomic")?.accepted).toBeGreaterThan(40);
    expect(seen.get("unreserve")?.accepted).toBeGreaterThan(5);
    expect(done.get("atomic-reserve")?.completed).toBeGreaterThan(3);
    expect(done.get("atomic-from-list")?.completed).toBeGreaterThan(3);
    expect(invalid).toEqual([]);
  });

  it("fills and empties a balloon where there is one", () => {
    const { ops: seen, recipes: done, invalid } = tallyRuns(machineCalled("tiny-balloon"), "strict", 40);

    expect(seen.get("inflate")?.accepted).toBeGreaterThan(30);
    expect(seen.get("inflate")?.skipped).toBeGreaterThan(3);
    expect(seen.get("deflate")?.accepted).toBeGreaterThan(9);
    expect(done.get("balloon-moves")?.completed).toBeGreaterThan(5);
    expect(invalid).toEqual([]);
  });

  it("reaches what comes with a zero page: ranges of pages that are pinned", () => {
    const { ops: seen, recipes: done, invalid } = tallyRuns(machineCalled("tiny-pins"), "strict", 80);

    expect(seen.get("pin-range")?.accepted).toBeGreaterThan(8);
    expect((seen.get("pin-range")?.refused ?? 0) + (seen.get("pin-range")?.skipped ?? 0)).toBeGreaterThan(8);
    expect(done.get("range-from-tail")?.completed).toBeGreaterThan(2);
    expect(invalid).toEqual([]);
  });

  it("reaches what comes with windows: devices that hold their memmap, and memory inside a window", () => {
    const { recipes: done, invalid } = tallyRuns(machineCalled("tiny-device"), "strict", 80);

    expect(done.get("device-own-memmap")?.completed ?? 0).toBeGreaterThan(5);
    expect(done.get("memory-in-window")?.completed ?? 0).toBeGreaterThan(5);
    expect(invalid).toEqual([]);
  });

  it("maps devices in compound pages, where a machine has such", () => {
    const maps = Array.from({ length: 30 }, (_, seed) => generateScenario(pseudoRandom(seed), createReference, machineCalled("tiny-compound"), profileOf("strict"), { behaviour: "device", length: 40 })).flatMap(({ commands }) => commands.filter((command) => command.op === "device-map"));

    expect(maps.filter(({ vmemmapShift = 0 }) => vmemmapShift >= 4).length).toBeGreaterThan(15);
    expect(maps.filter(({ vmemmapShift }) => vmemmapShift === undefined).length).toBeGreaterThan(3);
    expect(tallyRuns(machineCalled("tiny-compound"), "strict", 80).recipes.get("device-compound-pages")?.completed ?? 0).toBeGreaterThan(5);
  });

  it("reaches the pools of huge pages, where a machine has some and nowhere else", () => {
    const { ops: seen, recipes: done, invalid } = tallyRuns(machineCalled("tiny-huge"), "strict", 80);
    const seldom = ops.filter((op) => op.startsWith("huge-") && ((seen.get(op)?.accepted ?? 0) < 40 || (seen.get(op)?.refused ?? 0) + (seen.get(op)?.skipped ?? 0) < 5));

    expect(seldom).toEqual([]);
    for (const { id } of recipes) if (id.startsWith("huge-")) expect([id, (done.get(id)?.completed ?? 0) > 15]).toEqual([id, true]);
    expect(invalid).toEqual([]);
    for (const machine of tinyMachines) expect([...tallyRuns(machine, "strict", 10).ops.keys()].filter((op) => op.startsWith("huge-"))).toEqual([]);
  });

  it("reaches the memory of dax devices, where a machine has some and nowhere else", () => {
    const { ops: seen, recipes: done, invalid } = tallyRuns(machineCalled("tiny-kmem"), "strict", 80);
    const seldom = ops.filter((op) => op.startsWith("kmem-") && ((seen.get(op)?.accepted ?? 0) < 15 || (seen.get(op)?.refused ?? 0) + (seen.get(op)?.skipped ?? 0) < 3));

    expect(seldom).toEqual([]);
    for (const { id } of recipes) if (id.startsWith("kmem-")) expect([id, (done.get(id)?.completed ?? 0) > 3]).toEqual([id, true]);
    expect(invalid).toEqual([]);
    for (const machine of tinyMachines) expect([...tallyRuns(machine, "strict", 10).ops.keys()].filter((op) => op.startsWith("kmem-"))).toEqual([]);
  });

  it("reaches the requests of a virtio-mem device, where a machine has one and nowhere else", () => {
    const { ops: seen, recipes: done, invalid } = tallyRuns(machineCalled("tiny-vmem"), "strict", 80);

    expect(seen.get("vmem-request")?.accepted ?? 0).toBeGreaterThan(40);
    expect(seen.get("vmem-request")?.refused ?? 0).toBeGreaterThan(10);
    expect(done.get("vmem-grow-and-shrink")?.completed ?? 0).toBeGreaterThan(5);
    expect(invalid).toEqual([]);
    for (const machine of tinyMachines) expect(tallyRuns(machine, "strict", 10).ops.has("vmem-request")).toBe(false);
  });

  it("completes every recipe on some machine", () => {
    expect(recipes.filter((recipe) => !elsewhere.has(recipe.id) && leastCompleted[recipe.id] === undefined)).toEqual([]);
  });
});

describe.each(behaviours)("the behaviour %s", (behaviour) => {
  it("walks over every small machine", () => {
    for (const machine of tinyMachines) {
      const { commands, outcomes } = generateScenario(pseudoRandom(11), createReference, machine, profileOf("strict"), { behaviour, length: 60 });

      expect(commands.every(isCommand)).toBe(true);
      expect(outcomes.filter(({ result }) => result === "ok" || result === "running").length).toBeGreaterThan(15);
    }
  });
});

describe("the options of a walk", () => {
  it("give the length", () => {
    expect(generateScenario(pseudoRandom(1), createReference, tiny, profileOf("strict"), { length: 7 }).commands).toHaveLength(7);
    expect(drawLength(pseudoRandom(1), { length: 7 })).toBe(7);
  });

  it("give the share of commands that must be refused", () => {
    const few = tallyRuns(tiny, "strict", 25, { behaviour: "churn", refusedPercent: 0 });
    const many = tallyRuns(tiny, "strict", 25, { behaviour: "churn", refusedPercent: 80 });

    expect(unacceptedShare(few)).toBeLessThan(0.2);
    expect(unacceptedShare(many)).toBeGreaterThan(0.4);
  });
});

describe("a walker", () => {
  it("makes the same commands from the same seed, and others from another", () => {
    const [first, again, other] = [21, 21, 22].map((seed) => JSON.stringify(generateScenario(pseudoRandom(seed), createReference, tiny, profileOf("strict"))));

    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it("walks by what it is shown: the same view leads to the same command", () => {
    const view = createReference(tiny, profileOf("strict")).view();
    const first = createWalker(pseudoRandom(5), tiny);
    const second = createWalker(pseudoRandom(5), tiny);

    expect(Array.from({ length: 40 }, () => first.next(view))).toEqual(Array.from({ length: 40 }, () => second.next(view)));
  });

  it("goes on where a view shows nothing", () => {
    const blind: View = { geometry: tiny.geometry };
    const walker = createWalker(pseudoRandom(6), tiny);

    const commands = Array.from({ length: 200 }, () => walker.next(blind));

    expect(commands.every(isCommand)).toBe(true);
  });

  it("names frames of large machines exactly", () => {
    const machine = machineCalled("x86-64");
    const view = createReference(machine, profileOf("strict")).view();

    const commands = [1, 2, 3, 4, 5, 6].flatMap((seed) => {
      const walker = createWalker(pseudoRandom(seed), machine, { behaviour: "refuse", refusedPercent: 100 });
      return Array.from({ length: 150 }, () => walker.next(view));
    });

    expect(commands.every(isCommand)).toBe(true);
    expect(commands.some((command) => "start" in command && command.start + command.nrPages > 2 ** 33)).toBe(true);
  });
});

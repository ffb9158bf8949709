import { describe, expect, it } from "vitest";
import { createReference, tinyMachines, toBlockId, toPfn } from "../../models/index.ts";
import type { Command, MachineDescription } from "../../models/index.ts";
import { alphabet, compareMachines, compareScenarios, drawMachine, generateScenario, hasOwnLabels, isScenario, onSmallerMachines, ops, opsBySimplicity, passes, pseudoRandom, simplerThan, simplifications, thoroughPasses } from "../../properties/arbitraries/index.ts";
import type { Scenario } from "../../properties/arbitraries/index.ts";
import { profileOf } from "./tally.ts";

const [tiny] = tinyMachines;
if (tiny === undefined) throw new Error("there are no small machines");

function scenario(commands: readonly Command[], machine: MachineDescription | undefined = tiny): Scenario {
  if (machine === undefined) throw new Error("no machine");
  return { machine, profile: "strict", commands };
}

function walked(seed: number): Scenario {
  const machine = tinyMachines[seed % tinyMachines.length];
  if (machine === undefined) throw new Error("no machine");
  return scenario(generateScenario(pseudoRandom(seed), createReference, machine, profileOf("strict"), { length: 50 }).commands, machine);
}

function proposals(pass: string, commands: readonly Command[]): readonly (readonly Command[])[] {
  const found = [...passes, ...thoroughPasses()].find(({ id }) => id === pass);
  if (found === undefined) throw new Error(`no pass is called ${pass}`);
  return [...found.candidates(scenario(commands))].map((candidate) => candidate.commands);
}

const alloc = (id: number): Command => ({ op: "alloc", id, kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" });
const free = (id: number): Command => ({ op: "free", id, pcp: false });
const contig = (id: number, start: number, nrPages: number): Command => ({ op: "alloc-contig", id, start: toPfn(start), nrPages, compound: false, gfp: "kernel" });
const device = (start: number, nrPages: number, reserve: number, aside: number): Command => ({ op: "device-map", id: 1, start: toPfn(start), nrPages, node: 0, reserve, free: aside });
const twice = (pfn: number): readonly Command[] => [{ op: "poison", pfn: toPfn(pfn) }, { op: "unpoison", pfn: toPfn(pfn) }];
const isolate = (start: number, nrPages: number, id = 1): Command => ({ op: "isolate", id, start: toPfn(start), nrPages, mode: "offline" });

/** A block is added, brought online, and a frame of it poisoned. */
const inBlock = (block: number): readonly Command[] => [
  { op: "add", start: toPfn(block * 32), nrPages: 32, node: 0, memmapOnMemory: false, group: null },
  { op: "write-state", block: toBlockId(block), value: "online" },
  { op: "poison", pfn: toPfn(block * 32 + 5) },
];

describe("simplerThan", () => {
  it("knows every command", () => {
    expect([...opsBySimplicity].toSorted()).toEqual([...ops].toSorted());
  });

  it.each<[string, readonly Command[], readonly Command[]]>([
    ["fewer commands", [isolate(0x61, 7)], [alloc(1), alloc(2)]],
    ["an op that stands before", [alloc(1), free(1)], [free(1), alloc(1)]],
    ["the start of a pageblock", [isolate(0x64, 1)], [isolate(0x61, 1)]],
    ["a lower frame", [isolate(0x60, 4)], [isolate(0x64, 4)]],
    ["fewer frames", [isolate(0x61, 1)], [isolate(0x60, 4)]],
    ["any frames rather than none", [isolate(0x60, 4)], [isolate(0x60, 0)]],
    ["labels from 1 on", [alloc(1)], [alloc(2)]],
    ["label 1 rather than 0", [alloc(1)], [alloc(0)]],
    ["no group", [{ op: "add", start: toPfn(0x80), nrPages: 32, node: 0, memmapOnMemory: false, group: null }], [{ op: "add", start: toPfn(0x80), nrPages: 32, node: 0, memmapOnMemory: false, group: 1 }]],
    ["a simpler command in a task", [{ op: "start", task: 1, command: { op: "write-state", block: toBlockId(3), value: "online" } }], [{ op: "start", task: 1, command: { op: "write-state", block: toBlockId(3), value: "offline" } }]],
  ])("prefers %s", (_, simple, other) => {
    expect(simplerThan(scenario(simple), scenario(other))).toBe(true);
    expect(simplerThan(scenario(other), scenario(simple))).toBe(false);
  });

  it("is a total order", () => {
    const some = [1, 2, 3, 4].flatMap((seed) => {
      const whole = walked(4 * seed);
      return [whole, ...[...simplifications(whole)].filter((_, index) => index % 97 === 0)];
    });
    const sorted = some.toSorted(compareScenarios);

    for (const [index, a] of sorted.entries()) {
      for (const b of sorted.slice(index)) {
        expect(compareScenarios(a, b)).toBeLessThanOrEqual(0);
        expect(compareScenarios(a, b) + compareScenarios(b, a)).toBe(0);
        expect(compareScenarios(a, b) === 0).toBe(JSON.stringify(a) === JSON.stringify(b));
      }
    }
  });
});

describe("every pass", () => {
  it.each(passes.map((pass) => [pass.id, pass] as const))("%s proposes scenarios that are valid and simpler, the same each time", (_, pass) => {
    let proposed = 0;
    for (let seed = 1; seed <= 6 || (proposed === 0 && seed < 60); seed++) {
      const whole = walked(seed);
      const candidates = [...pass.candidates(pass.id === "pairs" ? { ...whole, commands: whole.commands.slice(0, 12) } : whole)];
      proposed += candidates.length;
      expect(candidates.every((candidate) => isScenario(candidate) && simplerThan(candidate, whole))).toBe(true);
      expect([...pass.candidates(whole)]).toEqual([...pass.candidates(structuredClone(whole))]);
    }
    expect(proposed).toBeGreaterThan(0);
  });

  it("is needed: what it proposes stands in no other", () => {
    const commands: readonly Command[] = [
      alloc(2), alloc(3),
      { op: "set", setting: { option: "online_policy", value: "auto-movable" } },
      { op: "add", start: toPfn(0xa0), nrPages: 32, node: 0, memmapOnMemory: false, group: null },
      { op: "write-online", block: toBlockId(5), value: true },
      { op: "start", task: 7, command: { op: "write-state", block: toBlockId(5), value: "offline" } },
      { op: "step", task: 7 },
      alloc(4), alloc(5), alloc(6), alloc(8), alloc(9),
      { op: "hold", id: 4 },
      free(5), free(4),
      { op: "write-state", block: toBlockId(5), value: "offline" },
      { op: "remove", start: toPfn(0xa0), nrPages: 32 },
      { op: "device-map", id: 1, start: toPfn(0xc0), nrPages: 16, node: 0 },
      { op: "device-unmap", id: 1 },
    ];
    const count = new Map<string, number>();
    const all = passes.map((pass) => new Set([...pass.candidates(scenario(commands))].map((candidate) => JSON.stringify(candidate.commands))));
    for (const texts of all) for (const text of texts) count.set(text, (count.get(text) ?? 0) + 1);

    const superfluous = passes.filter((_, index) => ![...(all[index] ?? [])].some((text) => count.get(text) === 1)).map(({ id }) => id);

    expect(superfluous).toEqual([]);
  });
});

describe("a thorough pass", () => {
  const add: Command = { op: "add", start: toPfn(0x80), nrPages: 32, node: 0, memmapOnMemory: false, group: null };
  const pair = [alloc(1), { op: "hold", id: 1 }, add] as const;
  /** Commands that each proposal of a pass has. */
  const lengths: Readonly<Record<string, number>> = { single: 1, "given-back": 4, last: 3, replaced: 3, "left-out-and-replaced": 2, "left-out-and-varied": 4 };

  it.each(thoroughPasses().map((pass) => [pass.id, pass] as const))("%s proposes scenarios that are valid and simpler, with labels from 1 on", (id, pass) => {
    const mapped = { op: "device-map", id: 1, start: toPfn(0), nrPages: 8, node: 0 } as const;
    const whole = scenario(id === "left-out-and-varied" ? [alloc(1), ...pair.slice(1), add, add] : id === "given-back" ? [add, mapped, add, { op: "device-unmap", id: 1 }] : [...pair]);
    const candidates = [...pass.candidates(whole)];

    expect(candidates.length).toBeGreaterThan(100);
    expect(candidates.every((candidate) => isScenario(candidate) && simplerThan(candidate, whole) && hasOwnLabels(candidate.commands))).toBe(true);
    expect(candidates.every(({ commands }) => commands.length === lengths[id])).toBe(true);
  });

  it("says of which proposals everything is worth knowing", () => {
    expect(thoroughPasses().filter(({ telling }) => telling === true).map(({ id }) => id)).toEqual(["last"]);
    expect(proposals("last", pair).every((commands) => JSON.stringify(commands.slice(0, 2)) === JSON.stringify(pair.slice(0, 2)))).toBe(true);
    expect(proposals("last", pair)).toContainEqual([alloc(1), { op: "hold", id: 1 }, { op: "drain", node: 0, zone: "Normal" }]);
    expect(proposals("last", [alloc(1)])).toEqual([]);
  });

  it("takes a block of pages for whatever is made and given back", () => {
    const poisoned: readonly Command[] = [{ op: "poison", pfn: toPfn(0x60) }, { op: "unpoison", pfn: toPfn(0x60) }];
    const kernel = { ...alloc(1), kind: "kernel", order: 4 } as Command;

    expect(proposals("given-back", poisoned)).toContainEqual([alloc(1), free(1)]);
    expect(proposals("given-back", poisoned)).toContainEqual([kernel, free(1)]);
    expect(proposals("given-back", [alloc(1), { ...kernel, id: 2 } as Command, free(1)])).toContainEqual([alloc(1), { ...alloc(2), kind: "folio", order: 1 }, free(2)]);
    expect(proposals("given-back", poisoned.toReversed())).toEqual([]);
  });

  it("leaves one command out of a longer scenario and gives another one other values", () => {
    const folio = { ...alloc(1), kind: "folio", order: 2 } as Command;

    expect(proposals("left-out-and-varied", [alloc(1), alloc(2), alloc(3), add])).toContainEqual([folio, alloc(2), add]);
    expect(proposals("left-out-and-varied", [alloc(1), alloc(2), add])).toEqual([]);
    expect(proposals("left-out-and-replaced", [alloc(1), alloc(2), alloc(3), add])).toContainEqual([alloc(1), alloc(2), { op: "hold", id: 1 }]);
    expect(proposals("left-out-and-replaced", [alloc(1), alloc(2), alloc(3), add]).every(([first, second]) => JSON.stringify([first, second]) === JSON.stringify([alloc(1), alloc(2)]))).toBe(true);
  });

  it("tries every command of the narrow alphabet alone, the simplest first", () => {
    const singles = proposals("single", pair);
    const all = alphabet(tiny, "narrow").filter((command) => hasOwnLabels([command]));

    expect(singles.map((commands) => JSON.stringify(commands)).toSorted()).toEqual(all.map((command) => JSON.stringify([command])).toSorted());
    expect(singles.map((commands) => scenario(commands)).toSorted(compareScenarios).map(({ commands }) => commands)).toEqual(singles);
  });

  it("leaves out what changes nothing where it stands, but for the last command", () => {
    const asked: number[] = [];
    const pass = thoroughPasses((_, before) => (asked.push(before.length), true)).find(({ id }) => id === "replaced");
    const commands = [...(pass?.candidates(scenario([...pair])) ?? [])].map((candidate) => candidate.commands);

    expect(commands.length).toBeGreaterThan(100);
    expect(commands.every((candidate) => JSON.stringify(candidate.slice(0, 2)) === JSON.stringify(pair.slice(0, 2)))).toBe(true);
    expect([...new Set(asked)]).toEqual([0, 1]);
  });

  it("keeps what later commands speak of", () => {
    const kernel = { ...alloc(1), kind: "kernel", order: 4 } as Command;

    expect(proposals("replaced", [kernel, { op: "hold", id: 1 }, add])).toContainEqual([alloc(1), { op: "hold", id: 1 }, add]);
    expect(proposals("replaced", [alloc(1), alloc(2), { op: "unpin", id: 2, longTerm: true }])).toContainEqual([alloc(1), alloc(2), { op: "hold", id: 2 }]);
    expect(proposals("left-out-and-replaced", [alloc(1), { ...kernel, id: 2 } as Command, { op: "unpin", id: 2, longTerm: true }])).toContainEqual([alloc(1), { op: "unpin", id: 1, longTerm: true }]);
  });
});

/** Something that happens at the end of memory. */
const inLastBlock = (machine: MachineDescription): Scenario => {
  const { start, nrPages } = machine.nodes.flatMap(({ memory }) => memory).at(-1) ?? { start: toPfn(0), nrPages: 1 };
  return scenario([{ op: "poison", pfn: toPfn(start + nrPages - 1) }], machine);
};

const memoryHolds = ({ nodes }: MachineDescription, pfn: number): boolean => nodes.some(({ memory }) => memory.some(({ start, nrPages }) => start <= pfn && pfn < start + nrPages));

describe("a smaller machine", () => {
  const drawn = Array.from({ length: 40 }, (_, seed) => drawMachine(pseudoRandom(seed)));
  it("is valid and simpler, whatever it is made of", () => {
    for (const machine of drawn) {
      for (const candidate of onSmallerMachines(inLastBlock(machine))) {
        expect(isScenario(candidate)).toBe(true);
        expect(simplerThan(candidate, inLastBlock(machine))).toBe(true);
      }
    }
  });

  it("has frames at the same places of smaller units, and of units that moved", () => {
    const moved = drawn.flatMap((machine) => {
      const { sectionPages } = machine.geometry;
      const [before] = inLastBlock(machine).commands;
      return [...onSmallerMachines(inLastBlock(machine))].flatMap(({ machine: smaller, commands: [command] }) => (command?.op === "poison" && before?.op === "poison" && command.pfn !== before.pfn ? [{ machine, smaller, halves: smaller.geometry.sectionPages * 2 === sectionPages, pfn: command.pfn, from: before.pfn }] : []));
    });

    expect(moved.some(({ halves }) => halves)).toBe(true);
    expect(moved.some(({ halves }) => !halves)).toBe(true);
    expect(moved.every(({ machine, smaller }) => compareMachines(smaller, machine) < 0)).toBe(true);
    // The last frame of memory stays in memory, or the range that it ended was left out.
    expect(moved.filter(({ smaller, pfn }) => memoryHolds(smaller, pfn)).length).toBeGreaterThan(moved.length / 2);
    expect(moved.filter(({ halves }) => halves).every(({ pfn, from }) => pfn === Math.floor(from / 2))).toBe(true);
  });

  it("has blocks of half the sections, and commands that name the first half", () => {
    const wide = drawn.find(({ geometry }) => geometry.blockSections > 1);
    const halved = wide === undefined ? [] : [...onSmallerMachines(scenario([{ op: "write-state", block: toBlockId(3), value: "offline" }], wide))];

    expect(halved.map(({ machine, commands }) => [machine.geometry.blockSections, ...commands])).toContainEqual([(wide?.geometry.blockSections ?? 0) / 2, { op: "write-state", block: 6, value: "offline" }]);
  });
});

describe("single passes", () => {
  it("leave out a thing with everything that is done to it", () => {
    expect(proposals("things", [alloc(1), alloc(2), { op: "hold", id: 1 }, free(1), free(2)])).toEqual([
      [alloc(1), { op: "hold", id: 1 }, free(1)],
      [alloc(2), free(2)],
    ]);
  });

  it("make a task a command, at its beginning or at its end", () => {
    const offline: Command = { op: "write-state", block: toBlockId(3), value: "offline" };

    expect(proposals("steps", [{ op: "start", task: 1, command: { op: "write-state", block: toBlockId(3), value: "offline" } }, alloc(1), { op: "step", task: 1 }, { op: "signal", task: 1 }])).toEqual([
      [offline, alloc(1)],
      [alloc(1), offline],
    ]);
  });

  it("give what they make a label that is free and valid, also beside the largest", () => {
    const largest = 2 ** 31 - 1;
    const commands: readonly Command[] = [alloc(1), alloc(largest), { op: "fake-offline", start: toPfn(0x60), nrPages: 4, drops: false }];

    expect(proposals("words", commands)).toEqual([[alloc(1), alloc(largest), { op: "alloc-contig", id: 2, start: 0x60, nrPages: 4, compound: false, gfp: "kernel" }]]);
  });

  it("move all that happens in a block to a lower one", () => {
    expect(proposals("lower", inBlock(6))).toContainEqual(inBlock(4));
  });

  it("number labels from 1 in the order of their appearance, each kind for itself", () => {
    expect(proposals("labels", [alloc(9), isolate(0x60, 4, 9), alloc(3), free(9), free(3)])).toEqual([[alloc(1), isolate(0x60, 4, 1), alloc(2), free(1), free(2)]]);
    expect(proposals("labels", [alloc(1), free(1)])).toEqual([]);
  });

  it("put a policy into words", () => {
    const policy: Command = { op: "set", setting: { option: "online_policy", value: "auto-movable" } };

    expect(proposals("settings", [policy, { op: "write-state", block: toBlockId(4), value: "online" }])).toContainEqual([{ op: "write-state", block: toBlockId(4), value: "online_movable" }]);
  });

  it("move everything down at once, but nothing to frame 0", () => {
    const pair = (start: number): readonly Command[] => [isolate(start, 4, 1), isolate(start + 4, 4, 2)];

    expect(proposals("lower", pair(0x7c))).toContainEqual(pair(0x78));
    expect(proposals("lower", [isolate(4, 4)])).toEqual([]);
  });

  it("take a block that is there at boot for one that was added", () => {
    const [, online, poison] = inBlock(3);

    expect(proposals("boot", inBlock(5))).toContainEqual([online, poison]);
    expect(proposals("boot", inBlock(5))).toContainEqual([poison]);
  });

  it("arm a failure in place of allocations that leave nothing", () => {
    const add: Command = { op: "add", start: toPfn(0x80), nrPages: 32, node: 0, memmapOnMemory: false, group: null };

    expect(proposals("shortage", [alloc(1), alloc(2), alloc(3), add])).toContainEqual([{ op: "fail-next", what: "memmap", skip: 0 }, add]);
    expect(proposals("shortage", [alloc(1), add])).toEqual([]);
  });

  it("hold a page in place of allocations that leave it nowhere to go", () => {
    const offline: Command = { op: "write-state", block: toBlockId(3), value: "offline" };

    expect(proposals("shortage", [alloc(1), alloc(2), alloc(3), alloc(4), free(4), offline])).toContainEqual([alloc(4), free(4), alloc(5), { op: "hold", id: 5 }, offline]);
    expect(proposals("shortage", [alloc(1), alloc(2), alloc(3), offline])).toContainEqual([alloc(4), { op: "hold", id: 4 }, offline]);
  });

  it("put plainer commands in place of others", () => {
    const taken = { op: "alloc-contig", id: 1, start: toPfn(0x60), nrPages: 4, compound: false, gfp: "kernel" } as const;

    expect(proposals("words", [{ op: "start", task: 1, command: taken }])).toEqual([[{ op: "isolate", id: 1, start: 0x60, nrPages: 4, mode: "contig" }], [taken]]);
    expect(proposals("words", [{ op: "write-online", block: toBlockId(3), value: false }])).toEqual([[{ op: "write-state", block: 3, value: "offline" }]]);
    expect(proposals("words", [{ op: "fake-offline", start: toPfn(0x60), nrPages: 4, drops: true }])).toEqual([[taken]]);
    expect(proposals("words", [alloc(1), { op: "pin", id: 1, longTerm: true }, { op: "unpin", id: 1, longTerm: true }])).toContainEqual([alloc(1), { op: "hold", id: 1 }, { op: "release", id: 1 }]);
  });

  it("put a block that goes and is removed into one command", () => {
    const commands: readonly Command[] = [{ op: "write-state", block: toBlockId(3), value: "offline" }, alloc(1), { op: "remove", start: toPfn(0x60), nrPages: 32 }];
    const joined: Command = { op: "offline-and-remove", start: toPfn(0x60), nrPages: 32 };

    expect(proposals("joined", commands)).toEqual([[joined, alloc(1)], [alloc(1), joined]]);
    expect(proposals("joined", commands.toReversed())).toEqual([]);
  });

  it("take memory that comes and goes for a device that does", () => {
    const map: Command = { op: "device-map", id: 4, start: toPfn(0xc0), nrPages: 16, node: 1 };

    expect(proposals("devices", [map, { op: "device-unmap", id: 4 }])).toContainEqual([{ op: "add", start: 0xa0, nrPages: 32, node: 1, memmapOnMemory: false, group: null }, { op: "remove", start: 0xa0, nrPages: 32 }]);
    expect(proposals("devices", [map]).some(([first]) => first?.op === "add" && first.start === 0)).toBe(false);
  });

  it("take a page for a range that is allocated and given back, where it was and where a page may be", () => {
    const given: Command = { op: "free-contig", start: toPfn(0x58), nrPages: 3, pcp: true };
    const freed: Command = { op: "free", id: 1, pcp: true };

    expect(proposals("words", [contig(1, 0x58, 3), given, contig(2, 0x58, 3)])).toContainEqual([alloc(1), freed, contig(2, 0x60, 1)]);
    expect(proposals("words", [contig(1, 0x58, 3), given, { op: "drain", node: 0, zone: "Normal" }])).toContainEqual([alloc(1), freed, contig(2, 0x60, 1)]);
    expect(proposals("words", [contig(1, 0x58, 3), given, isolate(0x58, 3)])).toContainEqual([alloc(1), freed, isolate(0x60, 3)]);
    expect(proposals("words", [contig(1, 0x58, 3), { ...given, start: toPfn(0x5c) } as Command]).flat()).not.toContainEqual(alloc(1));
  });

  it("make a block a page, its kind and its order at once", () => {
    expect(proposals("words", [{ ...alloc(1), kind: "folio", order: 1 } as Command])).toEqual([[alloc(1)]]);
  });

  it("name a simpler frame wherever one is named", () => {
    expect(proposals("frames", twice(0x61))).toContainEqual(twice(0x60));
    expect(proposals("frames", [{ op: "poison", pfn: toPfn(0x61) }, { op: "unpoison", pfn: toPfn(0x62) }])).toEqual([]);
  });

  it("make a device smaller along with what it keeps and sets aside", () => {
    expect(proposals("values", [device(0xc0, 32, 16, 8)])).toContainEqual([device(0xcc, 20, 6, 6)]);
  });

  it("make a range shorter at either end, and move it", () => {
    expect(proposals("values", [isolate(0x62, 6)])).toContainEqual([isolate(0x62, 4)]);
    expect(proposals("values", [isolate(0x62, 6)])).toContainEqual([isolate(0x64, 4)]);
    expect(proposals("values", [isolate(0x62, 6)])).toContainEqual([isolate(0x60, 6)]);
  });

  it("have nothing to propose where nothing is simpler", () => {
    expect([...simplifications(scenario([]))]).toEqual([]);
    expect([...simplifications(scenario([alloc(1)]))].filter(({ commands }) => commands.length > 0)).toEqual([]);
  });
});

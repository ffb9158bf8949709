import { assert, check, property, sample } from "fast-check";
import { describe, expect, it } from "vitest";
import { createReference, tinyMachines, toBlockId, toPfn } from "../../models/index.ts";
import type { Command } from "../../models/index.ts";
import { compareMachines, drawMachine, generateScenario, isScenario, scenarioArbitrary, pseudoRandom } from "../../properties/arbitraries/index.ts";
import type { Scenario } from "../../properties/arbitraries/index.ts";
import { profileOf } from "./tally.ts";

const machines = tinyMachines.slice(0, 1);
const [tiny] = machines;
if (tiny === undefined) throw new Error("there are no small machines");

const arbitrary = scenarioArbitrary({ create: createReference, machines, profile: "strict", length: 40 });

/** Walks of a seed, put together to one scenario of a foreign hand. */
function foreign(seed: number): Scenario {
  return { machine: tiny ?? drawMachine(pseudoRandom(1)), profile: "strict", commands: generateScenario(pseudoRandom(seed), createReference, tiny ?? drawMachine(pseudoRandom(1)), profileOf("strict"), { length: 60 }).commands };
}

/** Fails where an add is followed by an online of a block of it, and that by a poison in that block. */
function holds({ commands }: Scenario): boolean {
  const added = commands.findIndex(({ op }) => op === "add");
  if (added < 0) return true;
  const add = commands[added];
  if (add?.op !== "add") return true;
  const online = commands.findIndex((command, index) => index > added && command.op === "write-state" && command.value !== "offline" && command.block * 32 >= add.start);
  return online < 0 || !commands.some((command, index) => index > online && command.op === "poison" && command.pfn >= 0x80);
}

const simplest: readonly Command[] = [
  { op: "add", start: toPfn(0), nrPages: 1, node: 0, memmapOnMemory: false, group: null },
  { op: "write-state", block: toBlockId(0), value: "online" },
  { op: "poison", pfn: toPfn(0x80) },
];

function failing(): Scenario {
  for (let seed = 1; seed < 300; seed++) {
    const found = foreign(seed);
    if (!holds(found)) return found;
  }
  throw new Error("no walk fails");
}

describe("scenarioArbitrary", () => {
  it("makes valid scenarios", () => {
    assert(
      property(arbitrary, (scenario) => isScenario(scenario) && scenario.commands.length === 40),
      { numRuns: 20, seed: 1 },
    );
  });

  it("makes the same scenarios from the same seed", () => {
    expect(sample(arbitrary, { numRuns: 5, seed: 7 })).toEqual(sample(arbitrary, { numRuns: 5, seed: 7 }));
    expect(sample(arbitrary, { numRuns: 1, seed: 8 })).not.toEqual(sample(arbitrary, { numRuns: 1, seed: 7 }));
  });

  it("makes of its seed a scenario of the length and behaviour asked for", () => {
    const poisoning = scenarioArbitrary({ create: createReference, machines, profile: "strict", behaviour: "poison", length: 20 });

    const struck = sample(poisoning, { numRuns: 40, seed: 3 }).filter(({ commands }) => commands.some(({ op }) => op === "poison" || op === "soft-offline"));

    expect(struck.length).toBeGreaterThan(25);
  });

  it("shrinks what it made, and repeats it from seed and path", () => {
    const keeps = property(arbitrary, holds);

    const first = check(keeps, { numRuns: 300, seed: 5 });
    const again = check(keeps, { numRuns: 300, seed: 5, path: first.counterexamplePath ?? "", endOnFailure: true });

    expect(first.failed).toBe(true);
    expect(first.counterexample?.[0]?.commands).toEqual(simplest);
    expect(again.numShrinks).toBe(0);
    expect(again.counterexample).toEqual(first.counterexample);
  });

  it("shrinks a foreign scenario to the same minimum", () => {
    const result = check(property(arbitrary, holds), { numRuns: 1, examples: [[failing()]] });

    expect(result.counterexample?.[0]?.commands).toEqual(simplest);
  });

  it("shrinks the machine too where machines are drawn", () => {
    const everywhere = scenarioArbitrary({ create: createReference, machines: drawMachine, profile: "strict", length: 30 });

    const result = check(property(everywhere, ({ commands }) => !commands.some(({ op }) => op === "isolate")), { numRuns: 100, seed: 2 });
    const [shrunk] = result.counterexample ?? [];

    expect(shrunk?.commands).toEqual([{ op: "isolate", id: 1, start: 0, nrPages: 1, mode: "offline" }]);
    expect(shrunk?.machine.cma).toEqual([]);
    expect(shrunk?.machine.nodes).toHaveLength(1);
    expect(shrunk?.machine.bootMemmap).toBeNull();
  });

  it("leaves named machines as they are", () => {
    const result = check(property(arbitrary, ({ commands }) => commands.length < 3), { numRuns: 1, seed: 1 });

    expect(compareMachines(result.counterexample?.[0].machine ?? tiny, tiny)).toBe(0);
    expect(result.counterexample?.[0].machine.name).toBe("tiny");
  });

  it("refuses a profile that there is not", () => {
    expect(() => scenarioArbitrary({ create: createReference, machines, profile: "linux-2.4" })).toThrow("unknown profile");
  });
});

describe("isScenario", () => {
  const good = foreign(1);

  it("accepts what comes back from JSON", () => {
    expect(isScenario(JSON.parse(JSON.stringify(good)))).toBe(true);
  });

  it.each<[string, unknown]>([
    ["nothing", null],
    ["an unknown profile", { ...good, profile: "linux-2.4" }],
    ["commands that are none", { ...good, commands: [{ op: "reclaim" }] }],
    ["no list of commands", { ...good, commands: {} }],
    ["a machine without sizes", { ...good, machine: { ...tiny, geometry: {} } }],
    ["a machine that is not valid", { ...good, machine: { ...tiny, hotplugEnd: 0 } }],
    ["a machine with nodes of another shape", { ...good, machine: { ...tiny, nodes: [{ memory: 3 }] } }],
    ["an unknown architecture", { ...good, machine: { ...tiny, arch: "m68k" } }],
  ])("refuses %s", (_, value) => {
    expect(isScenario(value)).toBe(false);
    expect(arbitrary.canShrinkWithoutContext(value)).toBe(false);
  });
});

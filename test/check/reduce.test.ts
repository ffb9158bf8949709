import { describe, expect, it } from "vitest";
import { createReference, strict, toBlockId, toPfn } from "../../models/index.ts";
import type { Command } from "../../models/index.ts";
import { aimedPass, compareMachines, drawMachine, generateScenario, passes, pseudoRandom, simplerMachines } from "../../properties/index.ts";
import type { Scenario } from "../../properties/index.ts";
import { reduce } from "../../src/check/reduce.ts";
import { replayScenario } from "../../src/check/replay.ts";
import { alloc, contig, isolate, tiny } from "./searching.ts";

const scenarioOf = (commands: readonly Command[]): Scenario => ({ machine: tiny, profile: "strict", commands });

const walked = (seed: number, length = 60): Scenario => scenarioOf(generateScenario(pseudoRandom(seed), createReference, tiny, strict, { length }).commands);

/** A stand-in for a defect: an online of a block behind boot memory somewhere after an add. */
function shows({ commands }: Scenario): boolean {
  const added = commands.findIndex(({ op }) => op === "add");
  return added >= 0 && commands.slice(added).some((command) => command.op === "write-state" && command.value !== "offline" && command.block >= 4);
}

const simplest: readonly Command[] = [
  { op: "add", start: toPfn(0), nrPages: 1, node: 0, memmapOnMemory: false, group: null },
  { op: "write-state", block: toBlockId(4), value: "online" },
];

/** A stand-in for one that shows anywhere. */
const does = ({ commands }: Scenario): boolean => commands.length > 0;

const showing = Array.from({ length: 60 }, (_, seed) => walked(seed))
  .filter(shows)
  .slice(0, 5);

/** A real one: the engine undoes the isolation of others. */
const undoesForeign = ({ machine, profile, commands }: Scenario): boolean => {
  const { finding } = replayScenario({ machine, profile, commands }, { subject: { subject: "engine", profile: "strict+KD-2", mutant: null } });
  return finding?.rule === "HP-41";
};

/** A poison strikes the second frame of a page of the kernel. */
function strikesSecondFrame({ commands }: Scenario): boolean {
  const subject = createReference(tiny, strict);
  return commands.some((command) => {
    const { allocations = [] } = subject.view();
    subject.apply(command);
    return command.op === "poison" && allocations.some(({ kind, ranges: [range] }) => kind === "kernel" && range !== undefined && range.nrPages > 1 && range.start + 1 === command.pfn);
  });
}

describe("reduce", () => {
  it("comes to the same end from wherever it starts", async () => {
    const ends = await Promise.all(showing.map((start) => reduce(start, { stillFails: shows, maxExecutions: 20_000 })));

    expect(showing).toHaveLength(5);
    expect(ends.map(({ scenario }) => scenario.commands)).toEqual(showing.map(() => simplest));
    expect(ends.map(({ complete }) => complete)).toEqual(showing.map(() => true));
  });

  it("comes to the same end from a longer start", async () => {
    const longer = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => scenarioOf([...walked(seed, 12).commands, isolate(91, 0x60), alloc(92), contig(93, 0x60)])).find(undoesForeign);
    if (longer === undefined) throw new Error("no walk leaves the frames as they were");

    const fromLonger = await reduce(longer, { stillFails: undoesForeign, thorough: false, maxExecutions: 20_000 });
    const fromShorter = await reduce(scenarioOf([isolate(1, 0x60), contig(1, 0x60)]), { stillFails: undoesForeign, thorough: false, maxExecutions: 20_000 });

    expect(fromLonger.scenario.commands).toHaveLength(2);
    expect(fromLonger.scenario).toEqual(fromShorter.scenario);
  });

  it("ends where nothing simpler fails, and there it stays", async () => {
    const { scenario } = await reduce(scenarioOf([alloc(1), isolate(1, 0x60), contig(2, 0x60)]), { stillFails: undoesForeign, thorough: false, maxExecutions: 20_000 });

    const simpler = [...passes, aimedPass(createReference)].flatMap((pass) => [...pass.candidates(scenario)]);
    const again = await reduce(scenario, { stillFails: undoesForeign, thorough: false, maxExecutions: 20_000 });

    expect(simpler.length).toBeGreaterThan(0);
    expect(simpler.filter(undoesForeign)).toEqual([]);
    expect(again).toMatchObject({ scenario, complete: true });
  });

  // The kernel's pages stand at 0x70 because pages of a process have broken the block at 0x60; without those they stand at
  // 0x60, and a poison at 0x71 that stays where it is misses them.
  it("lets frames follow the pages that they were aimed at", async () => {
    const start = scenarioOf([alloc(1), alloc(2), { op: "alloc", id: 3, kind: "kernel", order: 1, node: 0, thisNode: false, zone: "normal" }, { op: "poison", pfn: toPfn(0x71) }]);

    const { scenario, complete } = await reduce(start, { stillFails: strikesSecondFrame, maxExecutions: 20_000 });

    expect(strikesSecondFrame(start)).toBe(true);
    expect(scenario.commands.map(({ op }) => op)).toEqual(["alloc", "poison"]);
    expect(complete).toBe(true);
  });

  it("runs no scenario twice, and none that it was given", async () => {
    const [start] = showing;
    if (start === undefined) throw new Error("no walk shows it");
    const asked: string[] = [];

    const { executions } = await reduce(start, { stillFails: (scenario) => (asked.push(JSON.stringify(scenario.commands)), shows(scenario)), maxExecutions: 20_000 });

    expect(new Set(asked).size).toBe(asked.length);
    expect(asked).toHaveLength(executions);
  });

  it.each([0, 1, 7])("runs at most %d scenarios, and says that it was not done", async (maxExecutions) => {
    const [start] = showing;
    if (start === undefined) throw new Error("no walk shows it");
    let asked = 0;

    const reduced = await reduce(start, { stillFails: (scenario) => (asked++, shows(scenario)), maxExecutions });

    expect(reduced).toMatchObject({ executions: maxExecutions, complete: false });
    expect(asked).toBe(maxExecutions);
    expect(shows(reduced.scenario)).toBe(true);
    expect(reduced.scenario.commands.length).toBeLessThanOrEqual(start.commands.length);
  });

  it("is done where the limit is just enough", async () => {
    const { executions } = await reduce(scenarioOf(simplest), { stillFails: shows, maxExecutions: 20_000 });

    expect(await reduce(scenarioOf(simplest), { stillFails: shows, maxExecutions: executions })).toMatchObject({ executions, complete: true });
  });

  it("asks before every scenario, and stops with the best so far", async () => {
    const [start] = showing;
    if (start === undefined) throw new Error("no walk shows it");
    const sizes: number[] = [];

    const reduced = await reduce(start, {
      stillFails: shows,
      maxExecutions: 20_000,
      pulse: async ({ executions, commands }) => {
        sizes.push(commands);
        return executions < 40;
      },
    });

    expect(reduced).toMatchObject({ executions: 40, complete: false });
    expect(sizes).toHaveLength(41);
    expect(sizes[0]).toBe(start.commands.length);
    expect(sizes.at(-1)).toBe(reduced.scenario.commands.length);
    expect(reduced.scenario.commands.length).toBeLessThan(start.commands.length);
    expect(shows(reduced.scenario)).toBe(true);
  });

  it("simplifies the machine only where it may", async () => {
    const machine = drawMachine(pseudoRandom(3));
    const start: Scenario = { machine, profile: "strict", commands: [alloc(1), alloc(2)] };

    const kept = await reduce(start, { stillFails: does, maxExecutions: 20_000 });
    const simplified = await reduce(start, { stillFails: does, maxExecutions: 20_000, machineToo: true });

    expect(kept.scenario.machine).toBe(machine);
    expect(compareMachines(simplified.scenario.machine, machine)).toBeLessThan(0);
    expect([...simplerMachines(simplified.scenario.machine)]).toEqual([]);
    expect(simplified.scenario.commands).toEqual(kept.scenario.commands);
    expect(simplified.scenario.commands).toHaveLength(1);
  });
});

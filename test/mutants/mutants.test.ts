/** The search finds every mutant, and says of each what its historic bug is known for. */
import { describe, expect, it } from "vitest";
import { namedMachines, strict } from "../../models/index.ts";
import type { MachineDescription } from "../../models/index.ts";
import type { Counterexample, SubjectName } from "../../src/check/counterexample.ts";
import { runCommands } from "../../src/check/run.ts";
import { search, usualAudits } from "../../src/check/search.ts";
import { createSubject, findMutant } from "../../src/check/subjects.ts";
import { shippedParts } from "../../src/engine/parts.ts";
import { mutants } from "../../src/mutants/index.ts";
import type { Mutant } from "../../src/mutants/index.ts";

/** How a mutant is found. */
interface Expected {
  /** The rules, any of which speaks of the bug: which one comes first depends on what else the scenario holds. */
  readonly rules: readonly string[];
  /** Commands of the shrunk scenario at most. 0: it shows right after boot. */
  readonly commands: number;
  /** The seed of the search: one that comes to it early, so that all of them together take seconds. */
  readonly seed: number;
}

const expected: Readonly<Record<string, Expected>> = {
  B01: { rules: ["HP-38"], commands: 1, seed: 15 },
  B02: { rules: ["HP-35", "HP-43"], commands: 3, seed: 15 },
  B03: { rules: ["view-blocks.zone"], commands: 0, seed: 1 },
  B04: { rules: ["HP-21"], commands: 0, seed: 1 },
  B05: { rules: ["crash"], commands: 1, seed: 7 },
  B10: { rules: ["HP-17", "HP-18"], commands: 3, seed: 15 },
  B11: { rules: ["HP-47"], commands: 2, seed: 1 },
  B12: { rules: ["HP-48"], commands: 0, seed: 1 },
  B13: { rules: ["HP-44"], commands: 2, seed: 1 },
  B14: { rules: ["HP-29"], commands: 1, seed: 1 },
  B15: { rules: ["HP-41"], commands: 1, seed: 15 },
  B16: { rules: ["HP-65"], commands: 1, seed: 22 },
  B17: { rules: ["FC-89"], commands: 7, seed: 3 },
  B18: { rules: ["move-missing"], commands: 2, seed: 25 },
  B20: { rules: ["FC-37", "HP-16", "outcome-result"], commands: 3, seed: 8 },
  B21: { rules: ["FC-93"], commands: 1, seed: 8 },
  B22: { rules: ["FC-15", "PG-09"], commands: 2, seed: 12 },
  B23: { rules: ["HP-50"], commands: 3, seed: 81 },
  B24: { rules: ["FC-07"], commands: 0, seed: 1 },
  B25: { rules: ["FC-07"], commands: 1, seed: 15 },
  B26: { rules: ["outcome-result"], commands: 2, seed: 2 },
  B27: { rules: ["outcome-result"], commands: 2, seed: 29 },
  B28: { rules: ["FC-35"], commands: 3, seed: 154 },
  B29: { rules: ["HP-08"], commands: 2, seed: 2 },
  B30: { rules: ["FC-10"], commands: 2, seed: 22 },
  B31: { rules: ["outcome-result", "refusal-needless"], commands: 1, seed: 20 },
  B32: { rules: ["crash"], commands: 1, seed: 1 },
  B33: { rules: ["HP-01"], commands: 2, seed: 16 },
  B35: { rules: ["HP-01"], commands: 2, seed: 16 },
  B37: { rules: ["FC-14"], commands: 2, seed: 1 },
  B38: { rules: ["HP-10"], commands: 2, seed: 59 },
  B39: { rules: ["HP-10"], commands: 1, seed: 1 },
  B40: { rules: ["view-blocks"], commands: 0, seed: 1 },
  B41: { rules: ["FC-15", "PG-10"], commands: 2, seed: 25 },
  B42: { rules: ["FC-15", "FC-16", "PG-10", "PG-15"], commands: 4, seed: 50 },
  B44: { rules: ["FC-83", "outcome-result"], commands: 1, seed: 25 },
  B45: { rules: ["PG-15", "grant-retype"], commands: 2, seed: 7 },
  B46: { rules: ["PG-15"], commands: 6, seed: 39 },
  B47: { rules: ["FC-15", "PG-10", "PG-24"], commands: 2, seed: 1 },
  B49: { rules: ["HP-47"], commands: 4, seed: 11 },
  B50: { rules: ["view-pageblocks.type"], commands: 0, seed: 1 },
  B51: { rules: ["PG-34"], commands: 1, seed: 1 },
  B52: { rules: ["FC-10"], commands: 1, seed: 9 },
  B53: { rules: ["attempt-order"], commands: 3, seed: 24 },
  B54: { rules: ["PG-30", "PG-33"], commands: 1, seed: 8 },
  B55: { rules: ["PG-15"], commands: 0, seed: 1 },
  B56: { rules: ["FC-95", "move-allowed"], commands: 2, seed: 1 },
  B57: { rules: ["FC-95", "grant-zone"], commands: 3, seed: 4 },
  B58: { rules: ["FC-83", "move-missing"], commands: 3, seed: 5 },
  B60: { rules: ["view-zones.managed"], commands: 0, seed: 1 },
  B61: { rules: ["PG-45"], commands: 1, seed: 21 },
  B64: { rules: ["FC-10"], commands: 2, seed: 27 },
  B65: { rules: ["FC-15", "PG-10"], commands: 2, seed: 24 },
  B66: { rules: ["FC-27", "PG-47"], commands: 3, seed: 6 },
  B67: { rules: ["FC-27", "PG-47"], commands: 4, seed: 25 },
  B68: { rules: ["PG-49"], commands: 2, seed: 6 },
  B69: { rules: ["outcome-result", "refusal-needless"], commands: 4, seed: 6 },
  B70: { rules: ["LB-06"], commands: 3, seed: 1 },
  B71: { rules: ["outcome-result"], commands: 1, seed: 4 },
  B72: { rules: ["outcome-result"], commands: 2, seed: 14 },
  B73: { rules: ["FC-34"], commands: 2, seed: 28 },
  B74: { rules: ["FC-34", "FC-35", "FC-64", "outcome-result"], commands: 4, seed: 9 },
  B77: { rules: ["FC-64"], commands: 2, seed: 59 },
  B79: { rules: ["HT-03", "HT-07", "outcome-result"], commands: 3, seed: 1 },
  B82: { rules: ["PG-30", "outcome-result"], commands: 2, seed: 5 },
  B83: { rules: ["outcome-result", "view-zones.nrFree"], commands: 3, seed: 4 },
  B84: { rules: ["outcome-result"], commands: 2, seed: 2 },
  B85: { rules: ["outcome-result"], commands: 2, seed: 2 },
  B86: { rules: ["HP-28"], commands: 1, seed: 15 },
  B87: { rules: ["crash"], commands: 2, seed: 1 },
  B88: { rules: ["view-groups.pages"], commands: 1, seed: 8 },
  B89: { rules: ["FC-78", "outcome-result"], commands: 1, seed: 1 },
  B90: { rules: ["FC-14", "PG-13", "HP-33"], commands: 4, seed: 2 },
  B91: { rules: ["HP-29"], commands: 0, seed: 1 },
  B92: { rules: ["HP-48"], commands: 0, seed: 1 },
};

/** Scenarios that a search may walk. */
const maxRuns = 120;

function machineOf({ machine: name }: Mutant): MachineDescription {
  const machine = namedMachines.find((known) => known.name === name);
  if (machine === undefined) throw new Error(`no machine is called ${name}`);
  return machine;
}

/** Whether a class is made of another one. */
function isVariant(part: object, base: object | undefined): boolean {
  for (let above: object | null = Object.getPrototypeOf(part); above !== null; above = Object.getPrototypeOf(above)) if (above === base) return true;
  return false;
}

async function findingOf(mutant: Mutant, seed: number, maxReductions: number): Promise<Counterexample | undefined> {
  const subject: SubjectName = { subject: "engine", profile: strict.name, mutant: mutant.id };
  const { findings } = await search({
    machine: machineOf(mutant),
    profile: strict,
    subject,
    subjectProfile: strict,
    create: (machine, profile) => createSubject(subject, machine, profile),
    seed,
    runs: maxRuns,
    auditEvery: usualAudits,
    counting: false,
    maxReductions,
    thorough: false,
  });
  return findings[0];
}

describe("the mutants", () => {
  it("have ids of the catalogue, each once and in order", () => {
    const [first, ...historic] = mutants.map(({ id }) => id);

    expect(first).toBe("CANARY");
    expect(historic.filter((id) => !/^B(?:0[1-9]|[1-8][0-9]|9[0-2])$/u.test(id))).toEqual([]);
    expect(historic).toEqual([...new Set(historic)].toSorted());
    expect(historic.length).toBeGreaterThanOrEqual(50);
  });

  it("are found by their ids, in letters of either case", () => {
    expect(mutants.map(({ id }) => findMutant(id.toLowerCase()))).toEqual(mutants);
    expect(findMutant("B00")).toBeUndefined();
  });

  it.each(mutants.map((mutant) => [mutant.id, mutant] as const))("%s differs from the engine as it ships in one decision of its own", (_, { parts, title, effect }) => {
    const shipped = new Map(Object.entries(shippedParts));
    const replaced = Object.entries(parts).filter(([name, part]) => part !== shipped.get(name));

    expect(Object.keys(parts).toSorted()).toEqual([...shipped.keys()].toSorted());
    // When a zone shrinks is one decision that two parts share.
    expect(replaced.length === 1 || replaced.map(([name]) => name).join() === "Offline,Removal").toBe(true);
    expect(replaced.every(([name, part]) => isVariant(part, shipped.get(name)))).toBe(true);
    expect(title).not.toBe("");
    expect(effect).toMatch(/^\S.{20,}[^.]$/u);
  });

  it("are all expected to be found, and nothing else is", () => {
    expect(Object.keys(expected)).toEqual(mutants.map(({ id }) => id).filter((id) => id !== "CANARY"));
  });
});

describe("a search", () => {
  it.each([1, 2, 3, 4, 5])("finds the canary from seed %i", async (seed) => {
    const canary = findMutant("CANARY");
    const found = canary === undefined ? undefined : await findingOf(canary, seed, 0);

    expect(found?.subject.mutant).toBe("CANARY");
    expect(found?.run).toBeLessThan(5);
  });

  it.each(Object.entries(expected))("finds %s", async (id, { rules, commands, seed }) => {
    const mutant = findMutant(id);
    const found = mutant === undefined ? undefined : await findingOf(mutant, seed, 1200);
    if (mutant === undefined || found === undefined) throw new Error(`${id} was not found`);

    expect(rules).toContain(found.finding.rule);
    expect(found.commands.length).toBeLessThanOrEqual(commands);
    // The fault is the mutant's alone: what breaks it holds for the engine as it ships.
    const shipped: SubjectName = { subject: "engine", profile: strict.name, mutant: null };
    expect(runCommands({ machine: found.machine, profile: strict, create: () => createSubject(shipped, found.machine, strict) }, found.commands)).toEqual({ verdict: "holds" });
  });
});

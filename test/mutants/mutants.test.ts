/** The search finds every mutant, and says of each what its historic bug is known for. */
import { describe, expect, it } from "vitest";
import { namedMachines, strict } from "../../models/index.ts";
import type { MachineDescription } from "../../models/index.ts";
import type { Counterexample } from "../../src/check/counterexample.ts";
import { runCommands } from "../../src/check/run.ts";
import { search } from "../../src/check/search.ts";
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
};

/** Scenarios that a search may walk. */
const maxRuns = 60;
const maxReductions = 2000;

function machineOf({ machine: name }: Mutant): MachineDescription {
  const machine = namedMachines.find((known) => known.name === name);
  if (machine === undefined) throw new Error(`no machine is called ${name}`);
  return machine;
}

async function findingOf(mutant: Mutant, seed: number): Promise<Counterexample | undefined> {
  const subject = { subject: "engine", profile: strict.name, mutant: mutant.id } as const;
  const { findings } = await search({
    machine: machineOf(mutant),
    profile: strict,
    subject,
    subjectProfile: strict,
    create: (machine, profile) => createSubject(subject, machine, profile),
    seed,
    runs: maxRuns,
    maxReductions,
  });
  return findings[0];
}

describe("the mutants", () => {
  it("have ids of the catalogue, each once and in order", () => {
    const [first, ...historic] = mutants.map(({ id }) => id);

    expect(first).toBe("CANARY");
    expect(historic.filter((id) => !/^B(?:0[1-9]|[1-8][0-9]|9[0-2])$/u.test(id))).toEqual([]);
    expect(historic).toEqual([...new Set(historic)].toSorted());
    expect(historic.length).toBeGreaterThanOrEqual(40);
  });

  it("are found by their ids, in letters of either case", () => {
    expect(mutants.map(({ id }) => findMutant(id.toLowerCase()))).toEqual(mutants);
    expect(findMutant("B00")).toBeUndefined();
  });

  it.each(mutants.map((mutant) => [mutant.id, mutant] as const))("%s differs from the engine as it ships in one decision of its own", (_, { parts, title, effect }) => {
    const names = Object.keys(shippedParts) as (keyof typeof shippedParts)[];
    const replaced = names.filter((name) => parts[name] !== shippedParts[name]);

    expect(Object.keys(parts).toSorted()).toEqual(names.toSorted());
    expect(replaced.length === 1 || replaced.join() === "Offline,Removal").toBe(true);
    expect(replaced.every((name) => parts[name].prototype instanceof shippedParts[name])).toBe(true);
    expect(title).not.toBe("");
    expect(effect).toMatch(/^[a-z].*[^.]$/u);
  });

  it("are all expected to be found, and nothing else is", () => {
    expect(Object.keys(expected)).toEqual(mutants.map(({ id }) => id).filter((id) => id !== "CANARY"));
  });
});

describe("a search", () => {
  it.each([1, 2, 3, 4, 5])("finds the canary from seed %i", async (seed) => {
    const canary = findMutant("CANARY");
    const found = canary === undefined ? undefined : await findingOf(canary, seed);

    expect(found?.finding.kind).toMatch(/^(?:law|invariant|clause)$/u);
  });

  it.each(Object.entries(expected))("finds %s", async (id, { rules, commands, seed }) => {
    const mutant = findMutant(id);
    const found = mutant === undefined ? undefined : await findingOf(mutant, seed);
    if (mutant === undefined || found === undefined) throw new Error(`${id} was not found`);

    expect(rules).toContain(found.finding.rule);
    expect(found.commands.length).toBeLessThanOrEqual(commands);
    // The fault is the mutant's alone: what breaks it holds for the engine as it ships.
    const shipped = { subject: "engine", profile: strict.name, mutant: null } as const;
    expect(runCommands({ machine: found.machine, profile: strict, create: () => createSubject(shipped, found.machine, strict) }, found.commands)).toEqual({ verdict: "holds" });
  });
});

import { describe, expect, it } from "vitest";
import { createReference, strict } from "../../models/index.ts";
import type { Command, MachineDescription } from "../../models/index.ts";
import { generateScenario, pseudoRandom } from "../../properties/index.ts";
import type { Scenario } from "../../properties/index.ts";
import { failureOf } from "../../src/check/failure.ts";
import type { Failure } from "../../src/check/failure.ts";
import type { LockstepSetup } from "../../src/check/lockstep.ts";
import { runCommands } from "../../src/check/run.ts";
import { createSubject, findMutant } from "../../src/check/subjects.ts";
import { mutants } from "../../src/mutants/index.ts";
import { alloc, contig, faulty, isolate, machineNamed, tiny } from "./searching.ts";

const on = (mutant: string) => (machine: MachineDescription): LockstepSetup => ({ machine, profile: strict, create: () => createSubject({ subject: "engine", profile: "strict", mutant }, machine, strict) });

function failing(mutant: string, { machine, commands }: Scenario): { readonly failure: Failure; readonly rule: string } {
  const result = runCommands(on(mutant)(machine), commands);
  if (result.verdict !== "breach") throw new Error("nothing is broken");
  return { failure: failureOf({ setup: on(mutant), subjectProfile: strict, finding: result.broken.finding, explained: [] }), rule: result.broken.finding.rule };
}

/** A walk over the faulty machine, up to what breaks. */
function walked(mutant: string, seed: number): Scenario | undefined {
  const machine = machineNamed(findMutant(mutant)?.machine ?? "tiny");
  const { commands } = generateScenario(pseudoRandom(seed), createReference, machine, strict, { length: 30 });
  const result = runCommands(on(mutant)(machine), commands);
  return result.verdict === "breach" && result.broken.at > 2 ? { machine, profile: "strict", commands: commands.slice(0, result.broken.at + 1) } : undefined;
}

const onTiny = (commands: readonly Command[]): Scenario => ({ machine: tiny, profile: "strict", commands });

/** Isolations that do nothing, and contiguous requests that are always refused. */
const twoFaults = (machine: MachineDescription): LockstepSetup => ({
  machine,
  profile: strict,
  create: () => faulty({ apply: (command, right) => (command.op === "isolate" ? { result: "ok" } : command.op === "alloc-contig" ? { result: "refused", errno: "EBUSY" } : right()) }, machine),
});

describe("a failure", () => {
  // Each kind of finding has a first look of its own; none may lose a scenario that the whole judgement would take.
  it.each(["CANARY", "B01", "B10", "B15", "B42", "B67", "B72", "B05"].filter((id) => mutants.some((mutant) => mutant.id === id)))("of %s is seen wherever the whole judgement sees it", (id) => {
    const start = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => walked(id, seed)).find((scenario) => scenario !== undefined);
    if (start === undefined) return;
    const { failure, rule } = failing(id, start);
    const tried: readonly (readonly Command[])[] = [start.commands, ...start.commands.map((_, index) => start.commands.toSpliced(index, 1)).filter((_, index) => index % 4 === 0)];
    const whole = tried.map((commands) => runCommands(on(id)(start.machine), commands));

    expect(tried.map((commands) => failure.stillFails({ ...start, commands }))).toEqual(whole.map((result) => result.verdict === "breach" && result.broken.rules.includes(rule)));
    expect(whole.some(({ verdict }) => verdict === "breach")).toBe(true);
  });

  it("knows what changes nothing, and takes what is armed for a change", () => {
    const { inert } = failureOf({ setup: on("CANARY"), subjectProfile: strict, finding: { kind: "invariant", rule: "PG-31", title: "", source: "", evidence: [], because: "", permitted: [] }, explained: [] });
    const far = contig(9, 0x4000);

    expect(inert(tiny, [], far)).toBe(true);
    expect(inert(tiny, [alloc(1)], { op: "hold", id: 2 })).toBe(true);
    expect(inert(tiny, [alloc(1)], { op: "hold", id: 1 })).toBe(false);
    expect(inert(tiny, [alloc(1)], { op: "hold", id: 2 })).toBe(true);
    expect(inert(tiny, [], { op: "fail-next", what: "memmap", skip: 0 })).toBe(false);
    expect(inert(tiny, [], alloc(1))).toBe(false);
  });

  it("is another where another rule breaks, and that is noted with the simplest scenario seen", () => {
    const first = runCommands(twoFaults(tiny), [contig(1, 0x60)]);
    if (first.verdict !== "breach") throw new Error("nothing is broken");
    const failure = failureOf({ setup: twoFaults, subjectProfile: strict, finding: first.broken.finding, explained: [] });

    expect(failure.stillFails(onTiny([contig(1, 0x60)]))).toBe(true);
    expect(failure.others()).toEqual([]);
    expect(failure.stillFails(onTiny([isolate(1, 0x64)]))).toBe(false);
    expect(failure.stillFails(onTiny([isolate(1, 0x60)]))).toBe(false);
    expect(failure.stillFails(onTiny([isolate(1, 0x68)]))).toBe(false);
    expect(failure.others().map(({ scenario: { commands } }) => commands)).toEqual([[isolate(1, 0x60)]]);
  });
});

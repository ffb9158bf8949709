/**
 * The standard profile: walks from fixed seeds, every behaviour on every small machine under both profiles. It has to reach
 * every goal, errno cause, clause and antecedent of a rule, so that none of them holds only because nothing was there.
 *
 * What comes too seldom for that is listed with a scenario of its own that reaches it: `rare-scenarios.json`.
 */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { namedMachines, parseProfile } from "../../models/index.ts";
import type { MachineDescription, Profile } from "../../models/index.ts";
import { behaviours, createCoverage, createWalker, isScenario, marks, pseudoRandom } from "../../properties/index.ts";
import type { Behaviour, Coverage, Mark, MarkKind, Scenario, StepRecord } from "../../properties/index.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { machineNamed } from "./vacuity-machines.ts";

/** How often a mark has to be reached. A rule that had something to judge once in thousands of steps is hardly tested. */
const least: Readonly<Record<MarkKind, number>> = { clause: 20, rule: 20, goal: 1, switch: 1 };

/** Walks of each behaviour at most. */
const mostRounds = 8;
const commandsOfRun = 90;

/** Every named machine of a size that can be walked: what only some machines have, one of them has. */
const machines: readonly MachineDescription[] = namedMachines.filter((machine) => machine.hotplugEnd <= 4096);

function profileNamed(name: string): Profile {
  const profile = parseProfile(name);
  if ("error" in profile) throw new Error(profile.error);
  return profile;
}

const lanes = machines.flatMap((machine) => ["strict", "linux-6.12"].map((profile) => ({ machine, profile: profileNamed(profile) })));

function nameOf({ kind, id }: Mark): string {
  return `${kind}:${id}`;
}

interface Rare {
  readonly machine: string;
  readonly profile: string;
  readonly commands: Scenario["commands"];
}

/** Marks that are reached fewer than 50 times in 200 000 commands of such walks, if at all, each with a short way there. */
const rare = JSON.parse(readFileSync(new URL("rare-scenarios.json", import.meta.url), "utf8")) as Readonly<Record<string, Rare>>;

/** One walk, each step counted. */
function walk(coverage: Coverage, machine: MachineDescription, profile: Profile, behaviour: Behaviour, seed: number, run: number): void {
  const walker = createWalker(pseudoRandom(seed, run), machine, { behaviour });
  const subject = createEngine(machine, profile);
  let before = subject.view();
  for (let made = 0; made < commandsOfRun; made++) {
    const command = walker.next(before);
    const outcome = subject.apply(command);
    const after = subject.view();
    coverage.see({ before, command, outcome, after }, subject.permissionsUsed());
    before = after;
  }
}

describe("the standard profile", () => {
  const coverage = createCoverage(Math.max(...Object.values(least)));
  const missing = (): readonly string[] => marks.filter((mark) => coverage.count(mark) < least[mark.kind] && !mark.id.startsWith("skipped:") && rare[nameOf(mark)] === undefined).map((mark) => `${nameOf(mark)}: ${coverage.count(mark)}, wanted ${least[mark.kind]}: ${mark.when}`);

  beforeAll(() => {
    for (let run = 0; run < mostRounds * behaviours.length && (run < behaviours.length || missing().length > 0); run++) {
      for (const [lane, { machine, profile }] of lanes.entries()) walk(coverage, machine, profile, behaviours[run % behaviours.length] ?? "mixed", 1 + lane, run);
    }
  }, 240_000);

  it("reaches every goal, errno cause, clause and antecedent of a rule often enough", () => {
    expect(missing()).toEqual([]);
  });
});

/** The steps of the engine, each with whether it reaches the mark. */
function reaches(mark: Mark, { machine, profile, commands }: Rare): readonly boolean[] {
  const subject = createEngine(machineNamed(machine), profileNamed(profile));
  let before = subject.view();
  return commands.map((command) => {
    const outcome = subject.apply(command);
    const after = subject.view();
    const step: StepRecord = { before, command, outcome, after };
    before = after;
    return mark.reached(step, subject.permissionsUsed());
  });
}

describe("a mark that comes seldom", () => {
  it("is one that there is", () => {
    expect(Object.keys(rare).filter((name) => !marks.some((mark) => nameOf(mark) === name))).toEqual([]);
  });

  it("is a goal or a switch: no clause, and no antecedent of a rule", () => {
    expect(Object.keys(rare).filter((name) => !name.startsWith("goal:") && !name.startsWith("switch:"))).toEqual([]);
  });

  it.each(Object.entries(rare))("%s is reached by the last command of its scenario, and by none before", (name, scenario) => {
    const mark = marks.find((one) => nameOf(one) === name);
    if (mark === undefined) throw new Error(`there is no mark ${name}`);

    expect(isScenario({ ...scenario, machine: machineNamed(scenario.machine) })).toBe(true);
    expect(reaches(mark, scenario)).toEqual(scenario.commands.map((_, index) => index === scenario.commands.length - 1));
  });
});

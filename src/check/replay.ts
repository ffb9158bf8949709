/**
 * Replaying a scenario: the public way to judge plain data, used by the command line and by exported tests.
 */
import { checkDescription, parseProfile } from "../../models/index.ts";
import type { Command, MachineDescription, View } from "../../models/index.ts";
import type { Counterexample, Finding, SubjectName } from "./counterexample.ts";
import { tooLarge } from "./limits.ts";
import { startLockstep } from "./lockstep.ts";
import { counterexampleOf, runCommands } from "./run.ts";
import { judgedOn, subjectFault } from "./subjects.ts";

/** What is replayed. */
export interface ReplayableScenario {
  readonly machine: MachineDescription;
  /** The profile that judges. */
  readonly profile: string;
  readonly commands: readonly Command[];
}

export interface ReplayResult {
  readonly verdict: "holds" | "breach" | "inconclusive";
  /** What broke first. */
  readonly finding?: Finding;
  /** Why nothing can be said. */
  readonly because?: string;
}

/**
 * Judges a scenario. `subject`: who runs it; left out, the engine under the profile that judges.
 *
 * @throws RangeError for a machine that is not sound or too large, and for a profile or mutant that does not exist
 */
export function replayScenario(scenario: ReplayableScenario, { subject = { subject: "engine", profile: scenario.profile, mutant: null } }: { readonly subject?: SubjectName } = {}): ReplayResult {
  const result = runCommands(judgedFor(scenario, subject).setup, scenario.commands);
  switch (result.verdict) {
    case "holds":
      return { verdict: "holds" };
    case "breach":
      return { verdict: "breach", finding: result.broken.finding };
    case "inconclusive":
      return { verdict: "inconclusive", because: result.because };
  }
}

function judgedFor({ machine, profile }: ReplayableScenario, subject: SubjectName): ReturnType<typeof judgedOn> {
  const judging = parseProfile(profile);
  const judged = parseProfile(subject.profile);
  const fault = checkDescription(machine) ?? tooLarge(machine) ?? ("error" in judging ? judging.error : undefined) ?? ("error" in judged ? judged.error : undefined) ?? subjectFault(subject);
  if (fault !== undefined || "error" in judging) throw new RangeError(fault);
  return judgedOn(subject, machine, judging);
}

/** The whole counterexample of a scenario that breaks a rule; undefined where none is broken. */
export function replayCounterexample(scenario: ReplayableScenario, subject: SubjectName, about: Pick<Counterexample, "seed" | "run" | "reduction">): Counterexample | undefined {
  return counterexampleOf(judgedFor(scenario, subject), scenario.commands, about);
}

/** The subject at boot, then after each command. */
export function replayViews(scenario: ReplayableScenario, subject: SubjectName): readonly View[] {
  const lockstep = startLockstep(judgedFor(scenario, subject).setup);
  const views = [lockstep.view()];
  for (const command of scenario.commands) {
    lockstep.step(command);
    views.push(lockstep.view());
  }
  return views;
}

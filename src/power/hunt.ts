/** One search for one planted fault from one seed, up to the first thing that breaks, and what that comes down to. */
import { namedMachines, strict } from "../../models/index.ts";
import type { Command, MachineDescription } from "../../models/index.ts";
import type { SubjectName } from "../check/counterexample.ts";
import type { Memory } from "../check/failure.ts";
import { search, usualAudits } from "../check/search.ts";
import type { Progress } from "../check/search.ts";
import { createSubject } from "../check/subjects.ts";
import type { Mutant } from "../mutants/index.ts";

/** What one search came to. */
export interface Hunt {
  readonly seed: number;
  /** Scenarios walked, the one that broke included. */
  readonly runs: number;
  /** Commands walked up to the one that broke a rule, or to the limit. */
  readonly commands: number;
  /** How long it took, the reduction included, in seconds; null where nobody looked at a clock. */
  readonly seconds: number | null;
  /** null: nothing broke within the limit. */
  readonly found: Minimal | null;
}

/** The minimal form of a finding. */
export interface Minimal {
  readonly commands: readonly Command[];
  /** The rule that it breaks. */
  readonly rule: string;
  /** Scenarios run to reduce it. */
  readonly executions: number;
  /** Nothing simpler was left to try. */
  readonly complete: boolean;
}

export interface HuntLimits {
  /** Scenarios to walk at most. */
  readonly runs: number;
  /** Scenarios to run at most to reduce what was found. */
  readonly reductions: number;
}

/** The engine with that fault, under the profile without any permitted difference. */
export function subjectOf({ id }: Pick<Mutant, "id">): SubjectName {
  return { subject: "engine", profile: strict.name, mutant: id };
}

/** The machine on which the fault is looked for. */
export function machineOf({ id, machine: name }: Pick<Mutant, "id" | "machine">): MachineDescription {
  const machine = namedMachines.find((known) => known.name === name);
  if (machine === undefined) throw new Error(`mutant ${id}: no machine is called ${name}`);
  return machine;
}

export interface HuntOptions {
  readonly pulse?: (progress: Progress) => Promise<boolean>;
  /** A clock in milliseconds. */
  readonly now?: (() => number) | undefined;
  /** Of searches for the same mutant. */
  readonly memory?: Memory;
}

/** Searches. Same mutant, seed and limits, same result but for the time, unless `pulse` ends it. */
export async function hunt(mutant: Mutant, seed: number, { runs, reductions }: HuntLimits, { pulse, now, memory }: HuntOptions = {}): Promise<Hunt> {
  if (runs === 0) return { seed, runs: 0, commands: 0, seconds: null, found: null };
  const began = now?.() ?? 0;
  const subject = subjectOf(mutant);
  const result = await search({
    machine: machineOf(mutant),
    profile: strict,
    subject,
    subjectProfile: strict,
    create: (machine, profile) => createSubject(subject, machine, profile),
    seed,
    runs,
    auditEvery: usualAudits,
    counting: false,
    maxReductions: reductions,
    ...(pulse === undefined ? {} : { pulse }),
    ...(memory === undefined ? {} : { memory }),
  });
  // The simplest is told first. What it took to reduce the others belongs to the same search.
  const [first] = result.findings;
  const executions = result.findings.reduce((sum, { reduction }) => sum + (reduction?.executions ?? 0), 0);
  const found = first === undefined ? null : { commands: first.commands, rule: first.finding.rule, executions, complete: first.reduction?.complete ?? false };
  return { seed, runs: result.runs, commands: result.commands, seconds: now === undefined ? null : Math.round(now() - began) / 1000, found };
}

/** What a run of the checker found and covered: the value that the summary and the JSON report print. */
import type { SwitchId } from "../../models/index.ts";
import type { Counterexample } from "../check/counterexample.ts";

/** Breach: a counterexample was found. Inconclusive: nothing broke, and something could not be judged. */
export type RunVerdict = "holds" | "breach" | "inconclusive";

export interface GoalReport {
  readonly id: string;
  readonly title: string;
  /** Rules that say nothing where the goal was not reached. */
  readonly rules: readonly string[];
  readonly reached: boolean;
}

/** Whether a rule or a clause had something to say. */
export interface AskedReport {
  readonly id: string;
  readonly reached: boolean;
}

/** How often a switch of the profile made a difference. */
export interface PermissionReport {
  readonly id: SwitchId;
  readonly used: number;
}

export interface MachineReport {
  readonly machine: string;
  readonly runs: number;
  readonly commands: number;
}

export interface RunReport {
  readonly verdict: RunVerdict;
  /** Why nothing can be said, where the verdict is inconclusive. */
  readonly because?: string;
  /** null: the scenarios came from elsewhere. */
  readonly seed: number | null;
  readonly profile: string;
  readonly machines: readonly MachineReport[];
  readonly goals: readonly GoalReport[];
  /** Clauses of the specification: whether one had an outcome to judge. Left out: not counted. */
  readonly clauses?: readonly AskedReport[];
  /** Invariants and laws: whether there was what the rule is about. Left out: not counted. */
  readonly rules?: readonly AskedReport[];
  /** In the order of the switches; those that were never used may be left out. */
  readonly permissions: readonly PermissionReport[];
  /** Rules that read facts which the subject does not show. */
  readonly notCheckable?: readonly string[];
  /** Stopped before it had done all that was asked. */
  readonly interrupted?: boolean;
  /** Where every scenario of a sort was to be tried: whether every one was. */
  readonly exhausted?: boolean;
  /** Commands a second. Left out where the same run shall give the same bytes. */
  readonly rate?: number;
  /** The first finding first; one a defect. */
  readonly counterexamples: readonly Counterexample[];
}

/** Runs and commands of all machines together. */
export function totals({ machines }: Pick<RunReport, "machines">): { readonly runs: number; readonly commands: number } {
  return { runs: machines.reduce((sum, { runs }) => sum + runs, 0), commands: machines.reduce((sum, { commands }) => sum + commands, 0) };
}

/** What passes between the driver and its workers. */
import type { Recorded } from "./recorded.ts";

export interface PlannedTest {
  readonly name: string;
  /** Among the tests of its unit. */
  readonly index: number;
  /** How many places of mutants it passes: a measure of its time. */
  readonly cost: number;
  /** The places that it reaches, by their first mutants. */
  readonly reaches: readonly number[];
}

export interface PlannedUnit {
  readonly index: number;
  readonly name: string;
  /** Places reached before the tests of the unit. */
  readonly body: readonly number[];
  readonly tests: readonly PlannedTest[];
}

export interface Plan {
  /** Places that are reached while modules are loaded: their mutants need a process of their own each. */
  readonly atLoad: readonly number[];
  readonly units: readonly PlannedUnit[];
  readonly scenarios: readonly { readonly recorded: Recorded; readonly reaches: readonly (readonly [place: number, times: number])[] }[];
}

export type Request = { readonly ask: "plan"; readonly nrMutants: number; readonly runsEach: number } | { readonly ask: "judge"; readonly id: number; readonly place: number };

export interface Judged {
  readonly told: "judged";
  readonly id: number;
  /** What noticed it, or null. */
  readonly by: string | null;
  /** Some check reached its place. */
  readonly reached: boolean;
  /** Recorded runs that differed and were judged beside the specification, none of which broke a rule. */
  readonly lockstep: number;
}

export type Reply = { readonly told: "planned" } | Judged;

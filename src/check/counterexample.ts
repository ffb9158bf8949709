/**
 * A counterexample: everything a report needs, and everything a replay needs. Plain data except for the two views.
 */
import type { Command, MachineDescription, Outcome, SwitchId, View } from "../../models/index.ts";
import type { Evidence } from "../../properties/index.ts";

/** What said no. */
export type FindingKind = "invariant" | "law" | "clause" | "agreement" | "self-check" | "crash";

/** What broke, and why. */
export interface Finding {
  readonly kind: FindingKind;
  /** Id of the invariant or law, the clause of the specification, or the fact in which the views differ. */
  readonly rule: string;
  /** The sentence that should have been true. */
  readonly title: string;
  readonly source: string;
  readonly evidence: readonly Evidence[];
  /** In words, with "because". */
  readonly because: string;
  /** What the specification would have permitted, in words; empty where that does not apply. */
  readonly permitted: readonly string[];
}

/** Who was judged. */
export interface SubjectName {
  readonly subject: "engine" | "reference";
  /** The profile it ran under. */
  readonly profile: string;
  /** The fault planted in it, or null. */
  readonly mutant: string | null;
}

export interface Counterexample {
  readonly machine: MachineDescription;
  /** The profile that judged. */
  readonly profile: string;
  readonly subject: SubjectName;
  /** Seed and run of the search that found it; null for a scenario that came from a file. */
  readonly seed: number | null;
  readonly run: number | null;
  readonly commands: readonly Command[];
  /** What the subject answered, one a command up to the breaking one. */
  readonly outcomes: readonly Outcome[];
  /** Index of the command after which the rule was broken: the last one. */
  readonly breaking: number;
  readonly finding: Finding;
  /** What the reference would have answered to the breaking command. */
  readonly expected: Outcome;
  /** What identifies the defect across scenarios: rule, command, result. */
  readonly signature: string;
  /** Switches that, added to the judging profile, make this scenario pass: known differences of Linux. */
  readonly explainedBy: readonly SwitchId[];
  /** How it was reduced; null where it was not. */
  readonly reduction: { readonly fromCommands: number; readonly executions: number; readonly complete: boolean } | null;
  /** The subject before and after the breaking command. Not saved; a replay makes them again. */
  readonly before: View;
  readonly after: View;
}

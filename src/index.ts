/** The checker as a library. */
export type { Counterexample, Finding, FindingKind, SubjectName } from "./check/counterexample.ts";

/**
 * A run as JSON for programs, version 1.
 *
 * ```json
 * {
 *   "verdict": "holds" | "breach" | "inconclusive",
 *   "seed": 41, "machine": "tiny", "profile": "strict", "runs": 800, "commands": 310000,
 *   "goals": [{ "id": "...", "reached": true }],
 *   "clauses": [{ "id": "...", "reached": true }],
 *   "rules": [{ "id": "...", "reached": true }],
 *   "permissions": [{ "id": "KD-2", "used": 14 }],
 *   "counterexample": { "rule": "...", "title": "...", "commands": [...], "outcomes": [...], "breaking": 1, ... },
 *   "findings": [{ ... }]
 * }
 * ```
 *
 * `counterexample` is the first finding, `findings` are all of them where there are several. `machine` is one name, or
 * several with commas. `seed` is null where the scenarios did not come from one; `exhausted` is there where every scenario
 * of a sort was to be tried, and says whether every one was. `because` is there where the verdict is inconclusive. Commands, outcomes and evidence are as the
 * project's files have them, but frame numbers are numbers.
 */
import type { Command, Outcome, SwitchId } from "../../models/index.ts";
import type { Counterexample, SubjectName } from "../check/counterexample.ts";
import type { Evidence } from "../../properties/index.ts";
import { totals } from "./run-report.ts";
import type { RunReport, RunVerdict } from "./run-report.ts";

export interface JsonRun {
  /** Of this form; a field that is added does not change it. */
  readonly version: 1;
  readonly verdict: RunVerdict;
  readonly because?: string;
  readonly seed: number | null;
  readonly machine: string;
  readonly profile: string;
  readonly exhausted?: boolean;
  readonly runs: number;
  readonly commands: number;
  readonly goals: readonly { readonly id: string; readonly reached: boolean }[];
  readonly clauses?: readonly { readonly id: string; readonly reached: boolean }[];
  readonly rules?: readonly { readonly id: string; readonly reached: boolean }[];
  readonly permissions: readonly { readonly id: SwitchId; readonly used: number }[];
  readonly counterexample?: JsonCounterexample;
  readonly findings?: readonly JsonCounterexample[];
}

export interface JsonCounterexample {
  readonly rule: string;
  readonly title: string;
  readonly kind: string;
  readonly machine: string;
  readonly profile: string;
  readonly subject: SubjectName;
  readonly seed: number | null;
  readonly run: number | null;
  readonly commands: readonly Command[];
  readonly outcomes: readonly Outcome[];
  readonly breaking: number;
  readonly evidence: readonly Evidence[];
  readonly because: string;
  readonly permitted: readonly string[];
  readonly expected: Outcome;
  readonly source: string;
  readonly signature: string;
  readonly explainedBy: readonly SwitchId[];
  readonly reduction: Counterexample["reduction"];
}

/** The text of a run, on one line, with a line end: a stream of runs is JSON Lines. */
export function jsonReport(report: RunReport): string {
  return `${JSON.stringify(jsonRun(report))}\n`;
}

export function jsonRun(report: RunReport): JsonRun {
  const { verdict, because, seed, profile, exhausted, machines, goals, clauses, rules, permissions, counterexamples } = report;
  const [first] = counterexamples;
  return {
    version: 1,
    verdict,
    ...(because === undefined ? {} : { because }),
    seed,
    machine: machines.map(({ machine }) => machine).join(","),
    profile,
    ...(exhausted === undefined ? {} : { exhausted }),
    ...totals(report),
    goals: goals.map(({ id, reached }) => ({ id, reached })),
    ...(clauses === undefined ? {} : { clauses: clauses.map(({ id, reached }) => ({ id, reached })) }),
    ...(rules === undefined ? {} : { rules: rules.map(({ id, reached }) => ({ id, reached })) }),
    permissions: permissions.map(({ id, used }) => ({ id, used })),
    ...(first === undefined ? {} : { counterexample: jsonCounterexample(first) }),
    ...(counterexamples.length < 2 ? {} : { findings: counterexamples.map(jsonCounterexample) }),
  };
}

/** Everything but the two views, with the machine by its name. */
export function jsonCounterexample(counterexample: Counterexample): JsonCounterexample {
  const { finding, machine, profile, subject, seed, run, commands, outcomes, breaking, expected, signature, explainedBy, reduction } = counterexample;
  return {
    rule: finding.rule,
    title: finding.title,
    kind: finding.kind,
    machine: machine.name,
    profile,
    subject,
    seed,
    run,
    commands,
    outcomes,
    breaking,
    evidence: finding.evidence,
    because: finding.because,
    permitted: finding.permitted,
    expected,
    source: finding.source,
    signature,
    explainedBy,
    reduction,
  };
}

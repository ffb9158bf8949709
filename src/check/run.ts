/**
 * Running a list of commands in lockstep, and making a counterexample of what breaks.
 */
import { createReference, parseProfile } from "../../models/index.ts";
import type { Command, Outcome, Profile, SwitchId } from "../../models/index.ts";
import { becauseOf } from "./because.ts";
import type { Counterexample, Finding, SubjectName } from "./counterexample.ts";
import { startLockstep } from "./lockstep.ts";
import type { LockstepSetup } from "./lockstep.ts";
import type { StepRecord } from "../../properties/index.ts";

/** Where a list of commands broke a rule. */
export interface Break {
  /** Index of the command; -1: right after boot. */
  readonly at: number;
  readonly record: StepRecord | null;
  /** The most telling of what broke. */
  readonly finding: Finding;
  /** Everything that broke there, by rule; the most telling first. */
  readonly rules: readonly string[];
  /** The switches of the subject's profile that had made a difference by then. */
  readonly differed: readonly SwitchId[];
}

/** How far a list of commands was judged. */
export type RunResult = { readonly verdict: "holds" } | { readonly verdict: "breach"; readonly broken: Break } | { readonly verdict: "inconclusive"; readonly because: string; readonly at: number };

/** Runs the commands until a rule breaks. `boot`: as `startLockstep` takes it. */
export function runCommands(setup: LockstepSetup, commands: readonly Command[], boot: "judge" | "judged" = "judge"): RunResult {
  const lockstep = startLockstep(setup, boot);
  const broken = (at: number, record: StepRecord | null, findings: readonly Finding[]): RunResult | undefined => {
    const [finding] = findings;
    return finding === undefined ? undefined : { verdict: "breach", broken: { at, record, finding, rules: findings.map(({ rule }) => rule), differed: lockstep.differed() } };
  };
  const atBoot = broken(-1, null, lockstep.boot);
  if (atBoot !== undefined) return atBoot;
  for (const [at, command] of commands.entries()) {
    const step = lockstep.step(command);
    const breach = broken(at, step.record, step.findings);
    if (breach !== undefined) return breach;
    if (step.undecided !== null) return { verdict: "inconclusive", because: step.undecided, at };
  }
  return { verdict: "holds" };
}

/** The profile with one more switch on. */
export function withSwitches(profile: Profile, ids: readonly SwitchId[]): Profile {
  const missing = ids.filter((id) => !profile.on.includes(id));
  const parsed = parseProfile(profile.name + missing.map((id) => `+${id}`).join(""));
  if ("error" in parsed) throw new Error(parsed.error);
  return parsed;
}

/**
 * The switches that explain the breach of these commands: added to the judging profile they make them pass. One alone if
 * one will do; else a smallest set in the order of taking away; empty if all of the subject's together do not. Those that
 * have made a difference come first: nearly always it is one of them, and each try is a run.
 */
export function explainedBy(setup: LockstepSetup, subjectProfile: Profile, commands: readonly Command[], { differed }: Pick<Break, "differed">): readonly SwitchId[] {
  const differing = subjectProfile.on.filter((id) => !setup.profile.on.includes(id));
  const passesWith = (ids: readonly SwitchId[]): boolean => runCommands({ ...setup, profile: withSwitches(setup.profile, ids) }, commands).verdict === "holds";
  for (const ids of [differing.filter((id) => differed.includes(id)), differing]) {
    const single = ids.find((id) => passesWith([id]));
    if (single !== undefined) return [single];
    if (ids.length > 1 && passesWith(ids)) return smallest(ids, passesWith);
  }
  return [];
}

function smallest(ids: readonly SwitchId[], passesWith: (ids: readonly SwitchId[]) => boolean): readonly SwitchId[] {
  let kept = ids;
  for (const id of ids) {
    const without = kept.filter((other) => other !== id);
    if (passesWith(without)) kept = without;
  }
  return kept;
}

/** What stays the same when a scenario is reduced: the rule and the known difference behind it. */
export function signatureOf(finding: Finding, explained: readonly SwitchId[]): string {
  return explained.length > 0 ? explained.join("+") : finding.rule;
}

/** Who is judged, and how to make one. */
export interface Judged {
  readonly setup: LockstepSetup;
  readonly subjectProfile: Profile;
  readonly subject: SubjectName;
}

/** Everything a report needs about the commands, which break a rule at the last one. undefined: they do not. */
export function counterexampleOf(judged: Judged, commands: readonly Command[], about: Pick<Counterexample, "seed" | "run" | "reduction">): Counterexample | undefined {
  const { setup } = judged;
  const result = runCommands(setup, commands);
  if (result.verdict !== "breach") return undefined;
  const { at, record, finding } = result.broken;
  const used = commands.slice(0, at + 1);
  const lockstep = startLockstep(setup);
  const outcomes = used.slice(0, Math.max(0, at)).map((command) => lockstep.step(command).record.outcome);
  const reference = (setup.judge ?? createReference)(setup.machine, setup.profile);
  for (const [index, outcome] of outcomes.entries()) {
    const command = used[index];
    if (command !== undefined) reference.follow(command, outcome);
  }
  const explained = explainedBy(setup, judged.subjectProfile, used, result.broken);
  const expected: Outcome = record === null ? { result: "ok" } : reference.apply(record.command);
  const because = record === null ? finding.because : becauseOf(finding, { record, number: at + 1, expected, specification: reference.view() });
  return {
    machine: setup.machine,
    profile: setup.profile.name,
    subject: judged.subject,
    ...about,
    commands: used,
    outcomes: record === null ? [] : [...outcomes, record.outcome],
    breaking: at,
    finding: { ...finding, because },
    expected,
    signature: signatureOf(finding, explained),
    explainedBy: explained,
    before: record?.before ?? lockstep.view(),
    after: record?.after ?? lockstep.view(),
  };
}

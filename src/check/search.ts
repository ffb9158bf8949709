/**
 * The search: run after run a scenario is walked in lockstep, until a rule breaks or there are no more.
 *
 * Where the subject runs under another profile than the one that judges, differences are expected: each is reported once,
 * permitted from then on, and the search goes on to the next.
 */
import type { Command, CreateSubject, MachineDescription, Profile, SwitchId } from "../../models/index.ts";
import { compareScenarios, createCoverage, marks } from "../../properties/index.ts";
import type { Coverage, MarkKind, Scenario, StepRecord } from "../../properties/index.ts";
import type { Counterexample, Finding, SubjectName } from "./counterexample.ts";
import { createMemory, failureOf } from "./failure.ts";
import type { Memory, OtherFailure } from "./failure.ts";
import { startLockstep } from "./lockstep.ts";
import type { CheckedSubject, LockstepSetup } from "./lockstep.ts";
import { reduce } from "./reduce.ts";
import { counterexampleOf, explainedBy, runCommands, withSwitches } from "./run.ts";
import type { Judged } from "./run.ts";
import { walks } from "./sources.ts";
import type { Course, ScenarioSource } from "./sources.ts";

export interface SearchOptions {
  /** `drawn`: a new small one for every run. */
  readonly machine: MachineDescription | "drawn";
  /** The profile that judges. */
  readonly profile: Profile;
  readonly subject: SubjectName;
  readonly subjectProfile: Profile;
  /** Makes the subject for a machine and a profile. */
  readonly create: (machine: MachineDescription, profile: Profile) => CheckedSubject;
  /** Who follows it; left out, the specification. */
  readonly judge?: CreateSubject;
  readonly seed: number;
  readonly runs: number;
  /** Where the scenarios come from; left out: walks over the machine, from the seed. */
  readonly source?: ScenarioSource;
  /** Scenarios run at most to reduce one finding. */
  readonly maxReductions: number;
  /**
   * Every so many commands the state is audited whole; left out: 1, after every command. What comes of every single
   * command is judged by the specification and by the laws in any case. Where a rule breaks, the scenario is run again
   * with every state audited.
   */
  readonly auditEvery?: number;
  /** Of earlier searches on this machine, with this subject and these profiles. What it says decides no result, only how long it takes. */
  readonly memory?: Memory;
  /** Whether it is counted which goals, clauses and rules were reached; left out: yes. */
  readonly counting?: boolean;
  /** Findings are reduced until nothing near them is simpler, and other failures that are met are findings too; left out: yes. */
  readonly thorough?: boolean;
  /**
   * Asked before every run, after every command, and before every scenario of a reduction. false ends the search with the
   * best so far; `enough` ends the reduction alone.
   */
  readonly pulse?: (progress: Progress) => Promise<boolean | "enough">;
}

/** How often long searches audit: most of the time goes into audits, and what is wrong with a state mostly stays wrong. */
export const usualAudits = 4;

export interface Progress {
  readonly doing: "searching" | "reducing";
  readonly runs: number;
  readonly commands: number;
  /** While reducing: commands of the best so far. */
  readonly size: number | null;
  /** What was found and reduced before. */
  readonly findings: readonly Counterexample[];
}

export interface SearchResult {
  readonly verdict: "holds" | "breach" | "inconclusive";
  /** Why, where it is inconclusive. */
  readonly because: string | null;
  readonly runs: number;
  readonly commands: number;
  /** Stopped before the runs were used up. */
  readonly interrupted: boolean;
  /** There are no more scenarios than were run. */
  readonly exhausted: boolean;
  readonly goals: readonly Reached[];
  /** Clauses of the specification that had something to judge. */
  readonly clauses: readonly Reached[];
  /** Invariants and laws that had something to say. */
  readonly rules: readonly Reached[];
  readonly permissions: readonly { readonly id: SwitchId; readonly used: number }[];
  /** One for each defect, in the order of finding. */
  readonly findings: readonly Counterexample[];
}

/** Whether a mark was reached. */
export interface Reached {
  readonly id: string;
  readonly reached: boolean;
}

/** Runs the search. Same options, same result. */
export async function search(options: SearchOptions): Promise<SearchResult> {
  const state = newState(options);
  const { source = walks(options) } = options;
  while (state.runs < options.runs && !state.stopped && (await goesOn(options, state, null))) {
    const course = source(state.runs);
    if (course === undefined) {
      state.exhausted = true;
      break;
    }
    const broken = await oneRun(options, state, course);
    state.runs++;
    if (broken === undefined || (await settle(options, state, broken))) continue;
    await lookAgain(options, state, source);
    break;
  }
  const { findings, undecided } = state;
  const verdict = findings.length > 0 ? "breach" : undecided !== null || state.runs === 0 ? "inconclusive" : "holds";
  return {
    verdict,
    because: verdict === "inconclusive" ? (undecided ?? "no run was made") : null,
    runs: state.runs,
    commands: state.commands,
    interrupted: state.stopped,
    exhausted: state.exhausted,
    goals: reachedOf(state.coverage, "goal"),
    clauses: reachedOf(state.coverage, "clause"),
    rules: reachedOf(state.coverage, "rule"),
    permissions: [...state.used].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([id, used]) => ({ id, used })),
    findings,
  };
}

function reachedOf(coverage: Coverage, wanted: MarkKind): readonly Reached[] {
  return marks.filter(({ kind }) => kind === wanted).map((mark) => ({ id: mark.id, reached: coverage.count(mark) > 0 }));
}

interface State {
  runs: number;
  commands: number;
  readonly coverage: Coverage;
  readonly used: Map<SwitchId, number>;
  readonly findings: Counterexample[];
  /** Differences that have been reported and are permitted since. */
  known: readonly SwitchId[];
  undecided: string | null;
  stopped: boolean;
  exhausted: boolean;
}

function newState(options: SearchOptions): State {
  return { runs: 0, commands: 0, coverage: createCoverage(), used: new Map(options.profile.on.map((id) => [id, 0])), findings: [], known: [], undecided: null, stopped: false, exhausted: false };
}

/** Asks the caller. `size`: commands of the best so far, while reducing. */
async function goesOn({ pulse }: SearchOptions, state: State, size: number | null): Promise<boolean> {
  const answer = (await pulse?.({ doing: size === null ? "searching" : "reducing", runs: state.runs, commands: state.commands, size, findings: state.findings })) ?? true;
  if (answer === false) state.stopped = true;
  return answer === true || (answer === "enough" && size === null);
}

function setupOf({ create, subjectProfile, judge }: SearchOptions, machine: MachineDescription, profile: Profile): LockstepSetup {
  return { machine, profile, create: () => create(machine, subjectProfile), ...(judge === undefined ? {} : { judge }) };
}

/** Where a run went, up to the command that broke a rule. */
interface Broken {
  readonly machine: MachineDescription;
  readonly commands: readonly Command[];
}

/** Runs one scenario as it comes. undefined: no rule broke. */
async function oneRun(options: SearchOptions, state: State, { machine, next, news, ended }: Course): Promise<Broken | undefined> {
  const lockstep = startLockstep(setupOf(options, machine, withSwitches(options.profile, state.known)));
  const { auditEvery = 1, counting = true } = options;
  const commands: Command[] = [];
  let last: StepRecord | null = null;
  let broken = lockstep.boot.length > 0;
  let audited = true;
  let goingOn = true;
  while (!broken && goingOn) {
    const command = next(lockstep.view(), last);
    if (command === undefined) break;
    commands.push(command);
    state.commands++;
    // Not after the same commands in every run.
    audited = (commands.length + state.runs) % auditEvery === 0;
    const step = lockstep.step(command, audited);
    if (step.undecided !== null) {
      state.undecided = step.undecided;
      break;
    }
    last = step.record;
    broken = step.findings.length > 0;
    const found = broken || !counting ? [] : state.coverage.see(step.record, step.used, audited);
    if (found.length > 0) news?.(found);
    goingOn = await goesOn(options, state, null);
  }
  ended?.();
  if (!broken && !audited && state.undecided === null) broken = lockstep.audit().length > 0;
  for (const [id, used] of Object.entries(lockstep.permissionsUsed()) as [SwitchId, number][]) state.used.set(id, (state.used.get(id) ?? 0) + used);
  return broken ? { machine, commands } : undefined;
}

/** A finding of more commands than this may be an unlucky one. */
const short = 3;
/** Scenarios that are walked to find it again: as many as it took, within these bounds. And how often it is found again. */
const again = { least: 8, most: 60, findings: 3 } as const;

/** Where what was found stays long, the next walks may lead to something simpler: what they break is reduced too. */
async function lookAgain(options: SearchOptions, state: State, source: ScenarioSource): Promise<void> {
  const first = simplestOf(state.findings);
  if (options.source !== undefined || options.thorough === false || first === undefined || first.commands.length <= short || first.explainedBy.length > 0) return;
  const { runs, commands } = state;
  const last = Math.min(options.runs, runs + Math.min(again.most, Math.max(again.least, runs)));
  let left: number = again.findings;
  while (left > 0 && state.runs < last && (simplestOf(state.findings)?.commands.length ?? 0) > short && (await goesOn(options, state, null))) {
    const course = source(state.runs);
    if (course === undefined) break;
    const broken = await oneRun(options, state, course);
    state.runs++;
    if (broken === undefined || state.stopped) continue;
    left--;
    await settle(options, state, broken);
  }
  // It was found when it was found first.
  Object.assign(state, { runs, commands });
  const simplest = state.findings.toSorted(compareScenarios);
  const told = simplest.filter((finding, at) => !simplest.slice(0, at).some((known) => known.finding.rule === finding.finding.rule));
  state.findings.splice(0, state.findings.length, ...told);
}

/** Failures of other rules that are reduced, the simplest first. */
const maxOthers = 4;
/** Scenarios run at most to reduce one of them: most have one command by then. */
const maxForOther = 2000;

/** Reduces what was found and files it, with what else was met on the way; the simplest first. false: there is no point in going on. */
async function settle(options: SearchOptions, state: State, { machine, commands: walked }: Broken): Promise<boolean> {
  const { profile } = setupOf(options, machine, withSwitches(options.profile, state.known));
  const setupUnder = (judging: Profile) => (description: MachineDescription): LockstepSetup => setupOf(options, description, judging);
  const first = runCommands(setupUnder(profile)(machine), walked);
  if (first.verdict !== "breach") {
    state.undecided = "the same commands gave another result the second time";
    return false;
  }
  const commands = walked.slice(0, first.broken.at + 1);
  state.commands -= walked.length - commands.length;
  const explained = explainedBy(setupUnder(profile)(machine), options.subjectProfile, commands, first.broken);
  const { subjectProfile } = options;
  // What was judged with more permitted than the profile says is not the same.
  const memory = options.machine === "drawn" ? undefined : state.known.length > 0 ? createMemory() : (options.memory ?? createMemory());
  const found: Counterexample[] = [];
  /** Reduces one failure and files it, unless what it comes down to is known; returns what else was met. */
  const work = async (finding: Finding, start: Scenario, thorough: boolean, maxExecutions: number): Promise<readonly OtherFailure[]> => {
    const failure = failureOf({ setup: setupUnder(profile), subjectProfile, finding, explained, alsoOthers: thorough, ...(memory === undefined ? {} : { memory }) });
    const pulse = async ({ commands: size }: { readonly commands: number }): Promise<boolean> => goesOn(options, state, size);
    const { scenario, executions, complete } = await reduce(start, { stillFails: failure.stillFails, machineToo: options.machine === "drawn", thorough, inert: failure.inert, maxExecutions, pulse });
    // What is a breach of the profile that was asked for is told in its name.
    const plain = failureOf({ setup: setupUnder(options.profile), subjectProfile, finding, explained }).stillFails(scenario);
    const judged: Judged = { setup: setupUnder(plain ? options.profile : profile)(scenario.machine), subjectProfile, subject: options.subject };
    const counterexample = counterexampleOf(judged, scenario.commands, {
      // Another source has no seed that would lead there again.
      seed: options.source === undefined ? options.seed : null,
      run: options.source === undefined ? state.runs - 1 : null,
      reduction: { fromCommands: commands.length, executions, complete },
    });
    if (counterexample !== undefined && !found.some((known) => isSame(known, counterexample))) found.push(counterexample);
    return failure.others();
  };
  // A known difference of Linux is known by its name, and the search goes on behind it.
  const thorough = options.thorough !== false && explained.length === 0;
  const others = await work(first.broken.finding, { machine, profile: profile.name, commands }, thorough, options.maxReductions);
  if (found.length === 0) {
    state.undecided = "the reduced commands gave another result the second time";
    return false;
  }
  const reduced = new Set([first.broken.finding.rule]);
  for (const { finding, scenario } of thorough ? others.slice(0, maxOthers) : []) if (!state.stopped) await work(finding, scenario, false, Math.min(maxForOther, options.maxReductions));
  // What is told first is as simple as can be under the rule that it tells.
  for (let simplest = thorough ? simplestOf(found) : undefined; !state.stopped && simplest !== undefined && !reduced.has(simplest.finding.rule); simplest = simplestOf(found)) {
    const { finding } = simplest;
    reduced.add(finding.rule);
    await work(finding, { machine: simplest.machine, profile: profile.name, commands: simplest.commands }, true, options.maxReductions);
    const simpler = simplestOf(found);
    if (simpler !== simplest && simpler?.finding.rule === finding.rule) found.splice(found.indexOf(simplest), 1);
  }
  state.findings.push(...found.toSorted(compareScenarios));
  state.known = [...state.known, ...explained];
  return explained.length > 0;
}

function simplestOf(found: readonly Counterexample[]): Counterexample | undefined {
  return found.toSorted(compareScenarios)[0];
}

/** Whether one defect was found twice. */
function isSame(a: Counterexample, b: Counterexample): boolean {
  return compareScenarios(a, b) === 0;
}

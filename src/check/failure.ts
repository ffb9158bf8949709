/**
 * Whether a scenario still shows the failure that is being reduced, and which other failures were met on the way.
 *
 * Nearly all scenarios that a reduction tries show nothing. So each is first run by the subject alone, with the one rule
 * in question asked after each command: that is necessary, and several times cheaper than the whole judgement, which then
 * decides.
 */
import { createReference } from "../../models/index.ts";
import type { Command, Fact, MachineDescription, Op, Profile, SwitchId } from "../../models/index.ts";
import { checkStep, checkView, compareScenarios, disagreements, invariants, laws } from "../../properties/index.ts";
import type { Inert, Scenario } from "../../properties/index.ts";
import type { Finding, FindingKind } from "./counterexample.ts";
import { startLockstep } from "./lockstep.ts";
import type { CheckedSubject, Lockstep, LockstepSetup } from "./lockstep.ts";
import { explainedBy, runCommands, signatureOf } from "./run.ts";
import type { RunResult } from "./run.ts";

export interface FailureOptions {
  /** How to judge on a machine. */
  readonly setup: (machine: MachineDescription) => LockstepSetup;
  readonly subjectProfile: Profile;
  /** What broke, and the switches that explain it. */
  readonly finding: Finding;
  readonly explained: readonly SwitchId[];
  /** What came of scenarios that were run before. */
  readonly memory?: Memory;
  /** Other failures are looked for too; left out: yes. */
  readonly alsoOthers?: boolean;
}

/**
 * What came of scenarios on one machine with one subject under one profile: searches from several seeds come down to the same
 * few forms, and try the same around them.
 */
export interface Memory {
  readonly results: Map<string, RunResult>;
  /** By rule and scenario: whether it may break the rule. */
  readonly mayBreak: Map<string, boolean>;
}

export function createMemory(): Memory {
  return { results: new Map(), mayBreak: new Map() };
}

function remembered<T>(known: Map<string, T> | undefined, key: () => string, find: () => T): T {
  if (known === undefined) return find();
  const name = key();
  const before = known.get(name);
  if (before !== undefined) return before;
  const found = find();
  known.set(name, found);
  return found;
}

/** Another failure: its rule, and the simplest scenario that was seen to break it. */
export interface OtherFailure {
  readonly finding: Finding;
  readonly scenario: Scenario;
}

export interface Failure {
  /** `many`: one of a great many that are tried in vain. Left out: no. */
  readonly stillFails: (scenario: Scenario, many?: boolean) => boolean;
  /** Whether the subject does nothing that can be seen with the command, behind these. */
  readonly inert: Inert;
  /** Failures of other rules, the simplest first. None are noted where differences of a profile have to be told apart. */
  readonly others: () => readonly OtherFailure[];
}

/** Where other failures are looked for, scenarios of up to this many commands are always judged whole: whatever they break is worth knowing. */
const alwaysWhole = { few: 4, many: 1 } as const;

export function failureOf({ setup: setupOn, subjectProfile, finding, explained, memory, alsoOthers = true }: FailureOptions): Failure {
  const others = new Map<string, OtherFailure>();
  const booted = new WeakSet<MachineDescription>();
  const alike = signatureOf(finding, explained);

  const whole = (setup: LockstepSetup, { machine, commands }: Scenario): RunResult => {
    if (!booted.has(machine)) {
      const lockstep = startLockstep(setup);
      if (lockstep.boot.length > 0) return runCommands(setup, []);
      booted.add(machine);
    }
    return runCommands(setup, commands, "judged");
  };

  // Most single commands change nothing: the pair that one of them leaves untouched is as good as a new one for the next.
  let kept: { readonly machine: MachineDescription; readonly lockstep: Lockstep } | undefined;
  const holdsAlone = (setup: LockstepSetup, { machine, commands: [command, ...more] }: Scenario): boolean => {
    if (command === undefined || more.length > 0 || unseen.has(command.op) || !booted.has(machine)) return false;
    if (kept?.machine !== machine) kept = { machine, lockstep: startLockstep(setup, "judged") };
    const { record, findings, undecided } = kept.lockstep.step(command);
    if (findings.length > 0 || undecided !== null || record.after !== record.before) kept = undefined;
    return findings.length === 0 && undecided === null;
  };

  return {
    inert: inertWith(setupOn),
    others: () => [...others.values()].toSorted((a, b) => compareScenarios(a.scenario, b.scenario)),
    stillFails: (scenario, many = false) => {
      const setup = setupOn(scenario.machine);
      // A known difference of Linux may show under any rule.
      if (explained.length === 0 && scenario.commands.length > (alsoOthers ? (many ? alwaysWhole.many : alwaysWhole.few) : 0) && booted.has(scenario.machine) && !remembered(memory?.mayBreak, () => `${finding.kind} ${finding.rule} ${JSON.stringify(scenario.commands)}`, () => mayBreak(setup, finding, scenario.commands))) return false;
      const result = remembered(memory?.results, () => JSON.stringify(scenario.commands), () => (explained.length === 0 && holdsAlone(setup, scenario) ? ({ verdict: "holds" } as const) : whole(setup, scenario)));
      if (result.verdict !== "breach") return false;
      const { broken } = result;
      if (explained.length > 0) return signatureOf(broken.finding, explainedBy(setup, subjectProfile, scenario.commands, broken)) === alike;
      if (broken.rules.includes(finding.rule)) return true;
      if (subjectProfile.name === setup.profile.name) note(others, broken.finding, { ...scenario, commands: scenario.commands.slice(0, broken.at + 1) });
      return false;
    },
  };
}

/** What is armed or set can not be seen, nor that a driver has given its device up; it has an effect later. */
export const unseen: ReadonlySet<Op> = new Set<Op>(["set", "veto", "fail-next", "vmem-request"]);

function inertWith(setupOn: FailureOptions["setup"]): Inert {
  // A subject that a command has changed nothing in is good for the next one behind the same commands.
  let kept: { readonly subject: CheckedSubject; readonly machine: MachineDescription; readonly before: string } | undefined;
  return (machine, before, command) => {
    if (unseen.has(command.op)) return false;
    const text = JSON.stringify(before);
    try {
      if (kept?.machine !== machine || kept.before !== text) {
        kept = { subject: setupOn(machine).create(), machine, before: text };
        for (const earlier of before) kept.subject.apply(earlier);
      }
      const { subject } = kept;
      const view = subject.view();
      const { result } = subject.apply(command);
      if (result === "skipped" || (result === "refused" && disagreements(view, subject.view()).length === 0)) return true;
    } catch {
      // It stops the subject: anything but inert.
    }
    kept = undefined;
    return false;
  };
}

function note(others: Map<string, OtherFailure>, finding: Finding, scenario: Scenario): void {
  const known = others.get(finding.rule);
  if (known === undefined || compareScenarios(scenario, known.scenario) < 0) others.set(finding.rule, { finding, scenario });
}

/** Whether these commands may break the rule; false is certain. */
function mayBreak(setup: LockstepSetup, { kind, rule }: Finding, commands: readonly Command[]): boolean {
  const shows = sieve(setup, kind, rule);
  if (shows === undefined) return true;
  try {
    const subject = setup.create();
    return commands.some((command) => shows(subject, command));
  } catch {
    return kind === "crash";
  }
}

/** Gives the subject a command, and says whether that broke the rule; undefined: only the whole judgement can say. */
function sieve({ machine, profile, judge = createReference }: LockstepSetup, kind: FindingKind, rule: string): ((subject: CheckedSubject, command: Command) => boolean) | undefined {
  switch (kind) {
    case "crash":
      return (subject, command) => {
        subject.apply(command);
        subject.view();
        subject.selfCheck?.();
        return false;
      };
    case "self-check":
      return (subject, command) => {
        subject.apply(command);
        return (subject.selfCheck?.() ?? []).length > 0;
      };
    case "clause": {
      const reference = judge(machine, profile);
      let over = false;
      return (subject, command) => {
        if (over) return false;
        // The first outcome that can not be followed is the last that is judged.
        const verdict = reference.follow(command, subject.apply(command));
        over = verdict.verdict !== "admitted";
        return verdict.verdict === "breach" && verdict.clause === rule;
      };
    }
    case "invariant": {
      const asked = invariants.filter(({ id }) => id === rule);
      return (subject, command) => {
        subject.apply(command);
        return checkView(subject.view(), {}, asked).broken.length > 0;
      };
    }
    case "law": {
      const asked = laws.filter(({ id }) => id === rule);
      return (subject, command) => {
        const before = subject.view();
        const outcome = subject.apply(command);
        return checkStep({ before, command, outcome, after: subject.view() }, {}, asked).broken.length > 0;
      };
    }
    case "agreement": {
      const reference = judge(machine, profile);
      const fact = rule.replace(/^view-/u, "").split(".")[0] as Fact;
      let over = false;
      return (subject, command) => {
        // Where an outcome can not be followed, nothing is compared any more.
        over ||= reference.follow(command, subject.apply(command)).verdict !== "admitted";
        return !over && disagreements(reference.view([fact]), subject.view([fact])).some((difference) => `view-${difference.fact}` === rule);
      };
    }
  }
}

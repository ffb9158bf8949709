/**
 * A subject and the specification side by side: every outcome of the subject is followed, and every law is asked of every
 * step. Of the states in between, all of them or some are audited: both views are compared, every invariant is asked, and
 * the subject counts again what it stores twice.
 */
import { clauses, createReference, switchIds } from "../../models/index.ts";
import type { Breach, Command, CreateSubject, MachineDescription, Outcome, Profile, Subject, SwitchId, View } from "../../models/index.ts";
import { checkStep, checkView, disagreements, sameViews } from "../../properties/index.ts";
import type { Evidence, PermissionsUsed, StepRecord } from "../../properties/index.ts";
import type { Finding } from "./counterexample.ts";
import { addsTooMuch } from "./limits.ts";

/** A subject that can recount what it stores twice. */
export interface CheckedSubject extends Subject {
  readonly selfCheck?: () => readonly Evidence[];
}

export interface LockstepSetup {
  readonly machine: MachineDescription;
  /** The profile that judges. */
  readonly profile: Profile;
  /** Makes the subject, right after boot. */
  readonly create: () => CheckedSubject;
  /** Who follows it; left out, the specification. */
  readonly judge?: CreateSubject;
}

/** What one command came to. */
export interface LockstepStep {
  readonly record: StepRecord;
  /** What broke, the most telling first; empty: nothing. After a breach the pair is of no further use. */
  readonly findings: readonly Finding[];
  /** The specification could not decide. Never counts as passed. */
  readonly undecided: string | null;
  /** How often the judging profile had to permit something until now. */
  readonly used: PermissionsUsed;
}

export interface Lockstep {
  /** What is wrong right after boot. */
  readonly boot: readonly Finding[];
  /** The subject as it stands. */
  readonly view: () => View;
  /** `audited`: the state that it leads to is; left out: yes. */
  readonly step: (command: Command, audited?: boolean) => LockstepStep;
  /** What is wrong with the state as it is. */
  readonly audit: () => readonly Finding[];
  /** How often the judging profile had to permit something. */
  readonly permissionsUsed: () => Readonly<Partial<Record<SwitchId, number>>>;
  /** The switches of the subject's own profile that have made a difference in what it did. */
  readonly differed: () => readonly SwitchId[];
}

/** Boots both. `boot`: `judged` if what is right after boot has been judged on this machine before, and nothing was wrong. */
export function startLockstep({ machine, profile, create, judge = createReference }: LockstepSetup, boot: "judge" | "judged" = "judge"): Lockstep {
  const reference = judge(machine, profile);
  const booted = attempt(() => {
    const subject = create();
    return { subject, first: subject.view(), recount: boot === "judged" ? [] : (subject.selfCheck?.() ?? []) };
  });
  if ("crash" in booted) return stillborn(booted.crash, reference.view());
  const { subject, first, recount } = booted.value;
  let view = first;
  // The state that has been audited last, with nothing found, and how much had been permitted by then.
  let sound: { readonly view: View; readonly used: string } | undefined;
  const invariantsOf = (used: PermissionsUsed): readonly Finding[] => {
    // Rules fall silent where a switch was used, and speak of nothing but the view.
    const permitted = JSON.stringify(used);
    if (sound?.view === view && sound.used === permitted) return [];
    const found = brokenInvariants(view, used);
    sound = found.length === 0 ? { view, used: permitted } : undefined;
    return found;
  };
  return {
    boot: boot === "judged" ? [] : [...brokenInvariants(view, {}), ...differences(view, reference.view()), ...recounted(recount)],
    view: () => view,
    permissionsUsed: () => reference.permissionsUsed(),
    differed: () => usedOf(subject),
    audit: () => {
      const used = reference.permissionsUsed();
      return [...invariantsOf(used), ...differences(view, reference.view()), ...(used["KD-1"] === undefined ? selfChecked(subject) : [])];
    },
    step: (command, audited = true) => {
      const before = view;
      const tooMuch = addsTooMuch(machine, before, command);
      if (tooMuch !== undefined) return { record: { before, command, outcome: { result: "skipped", because: { kind: "too-large" } }, after: before }, findings: [], undecided: tooMuch, used: reference.permissionsUsed() };
      const answer = attempt(() => ({ outcome: subject.apply(command), after: subject.view() }));
      if ("crash" in answer) {
        const record: StepRecord = { before, command, outcome: { result: "bug", because: { kind: "crash", detail: answer.crash } }, after: before };
        return { record, findings: [crashed(answer.crash)], undecided: null, used: reference.permissionsUsed() };
      }
      const { outcome, after: shown } = answer.value;
      // A command that changes nothing leaves the view that is there, and all that has been worked out of it.
      const after = sameViews(before, shown) ? before : shown;
      view = after;
      const record: StepRecord = { before, command, outcome, after };
      const verdict = reference.follow(command, outcome);
      const used = reference.permissionsUsed();
      if (verdict.verdict === "inconclusive" || verdict.verdict === "unsupported") return { record, findings: [], undecided: verdict.because, used };
      const laws = brokenLaws(record, used);
      if (!audited) return { record, findings: verdict.verdict === "breach" ? [...laws, brokenClause(verdict, outcome)] : laws, undecided: null, used };
      const findings = [
        ...invariantsOf(used),
        ...laws,
        ...(verdict.verdict === "breach" ? [brokenClause(verdict, outcome)] : differences(view, reference.view())),
        ...(used["KD-1"] === undefined ? selfChecked(subject) : []),
      ];
      return { record, findings, undecided: null, used };
    },
  };
}

/** A subject that never booted. There is nothing to step; what is seen is the machine that it should have been. */
function stillborn(crash: string, view: View): Lockstep {
  return {
    boot: [crashed(crash)],
    view: () => view,
    permissionsUsed: () => ({}),
    differed: () => [],
    audit: () => [crashed(crash)],
    step: () => {
      throw new Error("a subject that did not boot takes no command");
    },
  };
}

function usedOf(subject: Subject): readonly SwitchId[] {
  const used = subject.permissionsUsed();
  return switchIds.filter((id) => (used[id] ?? 0) > 0);
}

function attempt<T>(action: () => T): { readonly value: T } | { readonly crash: string } {
  try {
    return { value: action() };
  } catch (error) {
    return { crash: error instanceof Error ? error.message : String(error) };
  }
}

function crashed(message: string): Finding {
  return { kind: "crash", rule: "crash", title: "an implementation answers every command", source: "models/subject.ts: apply() never throws", evidence: [], because: `the implementation stopped, because ${message}`, permitted: [] };
}

function brokenLaws(record: StepRecord, used: PermissionsUsed): readonly Finding[] {
  return checkStep(record, used).broken.map(({ law, evidence }): Finding => ({ kind: "law", rule: law.id, title: law.title, source: law.source, evidence, because: reason(evidence), permitted: [] }));
}

function brokenInvariants(view: View, used: PermissionsUsed): readonly Finding[] {
  return checkView(view, used).broken.map(({ invariant, evidence }): Finding => ({ kind: "invariant", rule: invariant.id, title: invariant.title, source: invariant.source, evidence, because: reason(evidence), permitted: [] }));
}

function reason(evidence: readonly Evidence[]): string {
  const [first] = evidence;
  return first === undefined ? "" : `it is ${first.is} and should be ${first.was}`;
}

function brokenClause(breach: Breach, { result, errno }: Outcome): Finding {
  const is = breach.clause === "outcome-result" ? `answered ${errno ?? result}` : "otherwise";
  return { kind: "clause", rule: breach.clause, title: clauses[breach.clause] ?? breach.clause, source: "the specification, models/", evidence: breach.frames.map((pfn) => ({ pfn, was: breach.permitted.join(" or "), is })), because: breach.because, permitted: breach.permitted };
}

function differences(subject: View, reference: View): readonly Finding[] {
  return disagreements(reference, subject).map(({ fact, evidence }): Finding => ({ kind: "agreement", rule: `view-${fact}`, title: `the implementation and the specification show the same ${fact}`, source: "the specification, models/", evidence, because: reason(evidence), permitted: [] }));
}

function selfChecked(subject: CheckedSubject): readonly Finding[] {
  const recount = attempt(() => subject.selfCheck?.() ?? []);
  return "crash" in recount ? [crashed(recount.crash)] : recounted(recount.value);
}

function recounted(evidence: readonly Evidence[]): readonly Finding[] {
  if (evidence.length === 0) return [];
  return [{ kind: "self-check", rule: "self-check", title: "what the implementation stores twice agrees", source: "src/engine/self-check.ts", evidence, because: reason(evidence), permitted: [] }];
}

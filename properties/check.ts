/**
 * Judging a view by all invariants, or a step by all laws: what is broken, and what could not be judged.
 */
import type { Op, SwitchId, View } from "../models/index.ts";
import { invariants } from "./invariants/index.ts";
import { laws } from "./laws/index.ts";
import { hasNeed } from "./rule.ts";
import type { Evidence, Invariant, Law, Need, StepRecord } from "./rule.ts";
import { opsOf } from "./step.ts";

/** How often each switch has made a difference, as a subject tells it. */
export type PermissionsUsed = Readonly<Partial<Record<SwitchId, number>>>;

export interface ViewVerdict {
  readonly broken: readonly { readonly invariant: Invariant; readonly evidence: readonly Evidence[] }[];
  /** Invariants that need facts the view does not have. Never counts as passed. */
  readonly notCheckable: readonly { readonly invariant: Invariant; readonly missing: readonly Need[] }[];
  /** Invariants that say nothing any more, because Linux breaks them and has been seen to. */
  readonly silenced: readonly { readonly invariant: Invariant; readonly because: readonly SwitchId[] }[];
}

export interface StepVerdict {
  readonly broken: readonly { readonly law: Law; readonly evidence: readonly Evidence[] }[];
  readonly notCheckable: readonly { readonly law: Law; readonly missing: readonly Need[] }[];
  readonly silenced: readonly { readonly law: Law; readonly because: readonly SwitchId[] }[];
}

/** The answers to the needs of a list of rules. */
interface Needs {
  /** Each need once. */
  readonly all: readonly Need[];
  /** For each rule, its needs as indices. */
  readonly ofRule: readonly (readonly number[])[];
}

const needsOfRules = new WeakMap<readonly (Invariant | Law)[], Needs>();

// Rules share most of their needs, so each is asked for once a view.
function needsOf(rules: readonly (Invariant | Law)[]): Needs {
  const before = needsOfRules.get(rules);
  if (before !== undefined) return before;
  const index = new Map<Need, number>();
  const ofRule = rules.map((rule) =>
    rule.needs.map((need) => {
      const at = index.get(need) ?? index.size;
      index.set(need, at);
      return at;
    }),
  );
  const needs = { all: [...index.keys()], ofRule };
  needsOfRules.set(rules, needs);
  return needs;
}

/** Which of the needs each view has, by index; 1: all views have it. */
function answer({ all }: Needs, before: View, after: View): Uint8Array {
  const answers = new Uint8Array(all.length);
  for (let index = 0; index < all.length; index++) {
    const need = all[index];
    if (need !== undefined && hasNeed(before, need) && (before === after || hasNeed(after, need))) answers[index] = 1;
  }
  return answers;
}

function lacks(needs: readonly number[] | undefined, answers: Uint8Array): boolean {
  if (needs !== undefined) for (const need of needs) if (answers[need] === 0) return true;
  return false;
}

function missing({ all, ofRule }: Needs, rule: number, answers: Uint8Array): readonly Need[] {
  return (ofRule[rule] ?? []).filter((need) => answers[need] === 0).flatMap((need) => all[need] ?? []);
}

const none: readonly SwitchId[] = [];

/** The switches that have made a difference. */
function activeOf(used: PermissionsUsed): readonly SwitchId[] {
  const active: SwitchId[] = [];
  for (const id in used) if ((used[id as SwitchId] ?? 0) > 0) active.push(id as SwitchId);
  return active;
}

function silencing(unless: readonly SwitchId[], active: readonly SwitchId[]): readonly SwitchId[] {
  return unless.length === 0 || active.length === 0 ? none : unless.filter((id) => active.includes(id));
}

/** Judges a view. `permissionsUsed`: of the subject that gave it; left out, no switch has been used. */
export function checkView(view: View, permissionsUsed: PermissionsUsed = {}, rules: readonly Invariant[] = invariants): ViewVerdict {
  const broken: { invariant: Invariant; evidence: readonly Evidence[] }[] = [];
  const notCheckable: { invariant: Invariant; missing: readonly Need[] }[] = [];
  const silenced: { invariant: Invariant; because: readonly SwitchId[] }[] = [];
  const needs = needsOf(rules);
  const answers = answer(needs, view, view);
  const active = activeOf(permissionsUsed);
  for (let index = 0; index < rules.length; index++) {
    const invariant = rules[index];
    if (invariant === undefined) continue;
    const because = silencing(invariant.unless, active);
    if (because.length > 0) silenced.push({ invariant, because });
    else if (lacks(needs.ofRule[index], answers)) notCheckable.push({ invariant, missing: missing(needs, index, answers) });
    else {
      const evidence = invariant.find(view);
      if (evidence.length > 0) broken.push({ invariant, evidence });
    }
  }
  return { broken, notCheckable, silenced };
}

/** Whether nobody can tell which operation the step carries on, and so which laws speak of it. */
function isBlind({ before, command }: StepRecord): boolean {
  return (command.op === "step" || command.op === "signal") && before.tasks === undefined;
}

const lawsByOps = new WeakMap<readonly Law[], Map<string, readonly number[]>>();

/** Indices of the laws that speak of these ops: of every command the same few. */
function lawsAbout(rules: readonly Law[], ops: readonly Op[]): readonly number[] {
  const key = ops.join(" ");
  const known = lawsByOps.get(rules) ?? new Map<string, readonly number[]>();
  lawsByOps.set(rules, known);
  const before = known.get(key);
  if (before !== undefined) return before;
  const about = rules.flatMap((law, index) => (law.ops.length === 0 || law.ops.some((op) => ops.includes(op)) ? [index] : []));
  known.set(key, about);
  return about;
}

/** Judges a step. A law that does not speak of the command is not asked. */
export function checkStep(step: StepRecord, permissionsUsed: PermissionsUsed = {}, rules: readonly Law[] = laws): StepVerdict {
  if (isBlind(step)) return { broken: [], notCheckable: rules.map((law) => ({ law, missing: ["tasks"] })), silenced: [] };
  const ops: readonly Op[] = opsOf(step);
  const broken: { law: Law; evidence: readonly Evidence[] }[] = [];
  const notCheckable: { law: Law; missing: readonly Need[] }[] = [];
  const silenced: { law: Law; because: readonly SwitchId[] }[] = [];
  const needs = needsOf(rules);
  const answers = answer(needs, step.before, step.after);
  const active = activeOf(permissionsUsed);
  for (const index of lawsAbout(rules, ops)) {
    const law = rules[index];
    if (law === undefined) continue;
    const because = silencing(law.unless, active);
    if (because.length > 0) silenced.push({ law, because });
    else if (lacks(needs.ofRule[index], answers)) notCheckable.push({ law, missing: missing(needs, index, answers) });
    else {
      const evidence = law.find(step);
      if (evidence.length > 0) broken.push({ law, evidence });
    }
  }
  return { broken, notCheckable, silenced };
}

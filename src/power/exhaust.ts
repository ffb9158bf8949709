/**
 * Every short scenario: whether a planted fault shows in fewer commands than the search came down to.
 *
 * Length 0 is the machine after boot. Length 1 is every command of the wide alphabet, length 2 every pair of the narrow
 * one. Labels count from 1 in the order of their first use: other names are the same scenario.
 *
 * An execution boots the engine with the fault and the engine as it ships, and compares the answer and the view after
 * the last command, and the recount of the faulty one. Where nothing differs, no rule can tell them apart. Where
 * something does, the scenario is run in lockstep with the specification, and counts if a rule breaks.
 *
 * What is left out, and said with the result: a command that both skip changes nothing, so the next one is tried on the
 * same pair of engines; and nothing is tried behind a first command that was skipped, or that changed nothing that can be
 * seen, unless it is one whose effect can not be seen (`unseen`: `set`, `veto`, `fail-next`, `vmem-request`).
 */
import type { Command, MachineDescription, View } from "../../models/index.ts";
import { alphabet, disagreements, hasOwnLabels, outcomeDifferences } from "../../properties/index.ts";
import type { Width } from "../../properties/index.ts";
import { unseen } from "../check/failure.ts";
import type { CheckedSubject, LockstepSetup } from "../check/lockstep.ts";
import { runCommands } from "../check/run.ts";

export interface ExhaustOptions {
  readonly machine: MachineDescription;
  /** The engine with the fault. */
  readonly faulty: () => CheckedSubject;
  /** The engine as it ships. */
  readonly shipped: () => CheckedSubject;
  /** The faulty engine beside the specification. */
  readonly setup: LockstepSetup;
  /** Scenarios of fewer commands than this are looked for; null: up to the longest. */
  readonly below: number | null;
  /** Executions at most. */
  readonly budget: number;
  /** Commands of the longest scenarios that are tried. */
  readonly longest?: 0 | 1 | 2;
  /** The alphabet of a length; left out, the one of alphabet.ts. */
  readonly commands?: (width: Width) => readonly Command[];
  /** Asked before every execution; false ends it. */
  readonly pulse?: (executions: number) => Promise<boolean>;
}

/**
 * - `proved`: every shorter scenario over the alphabet was tried, and none breaks a rule
 * - `shorter`: one does
 * - `not shorter in the budget`: none of those that were tried does, and not all were
 */
export type Judgement = "proved" | "shorter" | "not shorter in the budget";

export interface Exhausted {
  readonly says: Judgement;
  /** Every scenario over the alphabet of up to this many commands was tried; -1: not even the boot. */
  readonly upTo: number;
  readonly executions: number;
  /** The shortest scenario that breaks a rule, or null. */
  readonly commands: readonly Command[] | null;
  /** The rule that it breaks, or null. */
  readonly rule: string | null;
}

const longestLength = 2;

interface Run {
  readonly options: ExhaustOptions;
  executions: number;
  /** The budget or the caller ended it. */
  ended: boolean;
  /** The specification could not judge something that differs. */
  undecided: boolean;
}

/** Tries scenarios of 0, 1 and 2 commands, shortest first, until one breaks a rule. */
export async function exhaust(options: ExhaustOptions): Promise<Exhausted> {
  const { below, longest = longestLength } = options;
  const run: Run = { options, executions: 0, ended: false, undecided: false };
  const last = Math.min(longest, below === null ? longest : below - 1);
  let upTo = -1;
  for (let length = 0; length <= last; length++) {
    const found = await tryLength(run, length);
    if (found !== null) return { says: "shorter", upTo, executions: run.executions, ...found };
    if (run.ended || run.undecided) break;
    upTo = length;
  }
  const all = below !== null && upTo >= below - 1;
  return { says: all ? "proved" : "not shorter in the budget", upTo, executions: run.executions, commands: null, rule: null };
}

/** A scenario that breaks a rule. */
interface Breaking {
  readonly commands: readonly Command[];
  readonly rule: string;
}

async function tryLength(run: Run, length: number): Promise<Breaking | null> {
  const { options } = run;
  if (length === 0) return (await countOne(run)) ? breaks(run, []) : null;
  const { commands: commandsOf = (width: Width) => alphabet(options.machine, width) } = options;
  if (length === 1) return tryAll(run, [], commandsOf("wide"));
  const narrow = commandsOf("narrow");
  for (const first of narrow.filter((command) => hasOwnLabels([command]))) {
    if (!(await countOne(run))) return null;
    if (!leadsOn(options, first)) continue;
    const found = await tryAll(run, [first], narrow);
    if (found !== null || run.ended) return found;
  }
  return null;
}

/** Tries every command behind these. */
async function tryAll(run: Run, before: readonly Command[], commands: readonly Command[]): Promise<Breaking | null> {
  let pair: Pair | undefined;
  for (const command of commands) {
    const scenario = [...before, command];
    if (!hasOwnLabels(scenario)) continue;
    if (pair === undefined) {
      if (!(await countOne(run))) return null;
      pair = startPair(run.options, before);
    }
    const outcome = step(pair, command);
    if (outcome === "skipped") continue;
    pair = undefined;
    const breaking = outcome === "differs" ? breaks(run, scenario) : null;
    if (breaking !== null) return breaking;
  }
  return null;
}

async function countOne(run: Run): Promise<boolean> {
  const { budget, pulse } = run.options;
  if (run.executions >= budget || (pulse !== undefined && !(await pulse(run.executions)))) {
    run.ended = true;
    return false;
  }
  run.executions++;
  return true;
}

interface Pair {
  readonly faulty: CheckedSubject;
  readonly shipped: CheckedSubject;
}

function startPair({ faulty, shipped }: ExhaustOptions, before: readonly Command[]): Pair {
  const pair: Pair = { faulty: faulty(), shipped: shipped() };
  for (const command of before) {
    pair.faulty.apply(command);
    pair.shipped.apply(command);
  }
  return pair;
}

/** Both take the command. A fault that stops the engine differs. */
function step({ faulty, shipped }: Pair, command: Command): "skipped" | "same" | "differs" {
  const right = shipped.apply(command);
  try {
    const outcome = faulty.apply(command);
    if (outcomeDifferences(right, outcome).length > 0) return "differs";
    if (right.result === "skipped") return "skipped";
    return sameView(shipped.view(), faulty.view()) && (faulty.selfCheck?.() ?? []).length === 0 ? "same" : "differs";
  } catch {
    return "differs";
  }
}

function sameView(a: View, b: View): boolean {
  return disagreements(a, b).length === 0;
}

/** Whether something could be different behind this command. */
function leadsOn({ faulty }: ExhaustOptions, command: Command): boolean {
  const subject = faulty();
  const before = subject.view();
  const { result } = subject.apply(command);
  return result !== "skipped" && (unseen.has(command.op) || !sameView(before, subject.view()));
}

function breaks(run: Run, commands: readonly Command[]): Breaking | null {
  const result = runCommands(run.options.setup, commands);
  if (result.verdict === "inconclusive") run.undecided = true;
  return result.verdict === "breach" ? { commands, rule: result.broken.finding.rule } : null;
}

/**
 * What stands around a reduced scenario: which of its arguments make no difference, which neighbours can change places,
 * and the nearest scenario that passes. They say what the failure does not depend on, and where it ends.
 */
import { parseProfile } from "../../models/index.ts";
import type { Command, Outcome } from "../../models/index.ts";
import { commandFields, fieldValues, isCommand, withField } from "../../properties/index.ts";
import type { Field } from "../../properties/index.ts";
import type { Counterexample } from "./counterexample.ts";
import { startLockstep } from "./lockstep.ts";
import type { LockstepSetup } from "./lockstep.ts";
import { runCommands } from "./run.ts";
import { judgedOn } from "./subjects.ts";

/** A field that makes no difference: the same rule breaks with each value that was tried in its place. */
export interface AnyValue {
  /** Index of the command. */
  readonly command: number;
  readonly field: string;
  /** How many other values were tried; at least one. */
  readonly tried: number;
}

/** A scenario that passes and differs in one argument of one command, or lacks one command. */
export interface Passing {
  readonly commands: readonly Command[];
  readonly outcomes: readonly Outcome[];
  /** Index of the command that is different, or that was left out. */
  readonly command: number;
  /** The argument that is different; null: the command was left out. */
  readonly field: string | null;
}

export interface Around {
  readonly any: readonly AnyValue[];
  /** Indices of commands that can change places with the next one. */
  readonly swappable: readonly number[];
  /** null: nothing that was tried passes. */
  readonly passing: Passing | null;
}

/** Longer scenarios were not reduced to their end, and have too many neighbours. */
const maxCommands = 12;

/** Tries the neighbours of a counterexample, a run each. undefined: it is too long. */
export function aroundOf({ subject, machine, profile, commands, finding, outcomes, breaking }: Counterexample): Around | undefined {
  if (commands.length > maxCommands) return undefined;
  const judging = parseProfile(profile);
  if ("error" in judging) throw new RangeError(judging.error);
  const { setup } = judgedOn(subject, machine, judging);
  const boot = startLockstep(setup).boot.length === 0 ? "judged" : "judge";
  const run = (tried: readonly Command[]): "same" | "passes" | "other" => {
    const result = runCommands(setup, tried, boot);
    if (result.verdict === "holds") return "passes";
    return result.verdict === "breach" && result.broken.rules.includes(finding.rule) ? "same" : "other";
  };
  const any: AnyValue[] = [];
  const passing: Passing[] = [];
  for (const [index, command] of commands.entries()) {
    for (const field of commandFields(command.op)) {
      const verdicts = otherValues(setup, command, field).map((changed) => ({ changed: commands.with(index, changed), verdict: run(commands.with(index, changed)) }));
      if (verdicts.length > 0 && verdicts.every(({ verdict }) => verdict === "same")) any.push({ command: index, field: field.name, tried: verdicts.length });
      for (const { changed, verdict } of verdicts) if (verdict === "passes") passing.push({ commands: changed, outcomes: outcomesOf(setup, changed), command: index, field: field.name });
    }
  }
  for (const index of commands.keys()) {
    const left = commands.toSpliced(index, 1);
    if (index !== breaking && run(left) === "passes") passing.push({ commands: left, outcomes: outcomesOf(setup, left), command: index, field: null });
  }
  const swappable = commands.slice(1).flatMap((next, index) => (run(commands.with(index, next).with(index + 1, commands[index] ?? next)) === "same" ? [index] : []));
  return { any, swappable, passing: nearest(passing, outcomes) };
}

/** The command with each other value of the field; none for labels, which say what a command speaks of. */
function otherValues({ machine }: LockstepSetup, command: Command, field: Field): readonly Command[] {
  const { name, kind } = field;
  if (kind.is === "maker" || kind.is === "user" || kind.is === "task-command") return [];
  // What is left out is 0.
  const own: unknown = ({ ...command } as Readonly<Record<string, unknown>>)[name] ?? (kind.is === "optional" ? 0 : null);
  const near = typeof own === "number" && (kind.is === "pfn" || kind.is === "pages") ? [own - 1, own + 1] : [];
  const values = new Map([...near, ...fieldValues(machine, "narrow", field)].map((value) => [JSON.stringify(value), value]));
  values.delete(JSON.stringify(own));
  return [...values.values()].flatMap((value) => {
    const changed: unknown = withField({ ...command }, field, value);
    return isCommand(changed) ? [changed] : [];
  });
}

function outcomesOf(setup: LockstepSetup, commands: readonly Command[]): readonly Outcome[] {
  const lockstep = startLockstep(setup, "judged");
  return commands.map((command) => lockstep.step(command).record.outcome);
}

/**
 * Nearest: where each command comes to the same result as in the failing scenario; then where none is skipped that was
 * not; then with a different argument rather than without a command; then with a later command changed.
 */
function nearest(passing: readonly Passing[], failing: readonly Outcome[]): Passing | null {
  const rank = ({ outcomes, command, field }: Passing): readonly number[] => {
    const before = field === null ? failing.toSpliced(command, 1) : failing;
    const differs = outcomes.filter(({ result, errno }, index) => result !== before[index]?.result || errno !== before[index]?.errno).length;
    const skipped = outcomes.filter(({ result }, index) => result === "skipped" && before[index]?.result !== "skipped").length;
    return [skipped, differs, field === null ? 1 : 0, -command];
  };
  let best: Passing | null = null;
  for (const candidate of passing) if (best === null || isBefore(rank(candidate), rank(best))) best = candidate;
  return best;
}

function isBefore(a: readonly number[], b: readonly number[]): boolean {
  for (const [index, number] of a.entries()) {
    const difference = number - (b[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

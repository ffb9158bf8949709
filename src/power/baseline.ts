/**
 * What the searches are compared with: `commands` of fast-check as its manual has it. Commands are drawn without a look
 * at the state, from the wide alphabet, and run in lockstep under the same rules.
 */
import { asyncModelRun, asyncProperty, check, commands, constant, constantFrom, record } from "fast-check";
import type { Arbitrary, AsyncCommand } from "fast-check";
import { strict } from "../../models/index.ts";
import type { Command, MachineDescription, Op } from "../../models/index.ts";
import { commandFields, fieldValues, isCommand, opsOn, withField } from "../../properties/index.ts";
import { startLockstep } from "../check/lockstep.ts";
import type { Lockstep } from "../check/lockstep.ts";
import { createSubject } from "../check/subjects.ts";
import type { Mutant } from "../mutants/index.ts";
import { machineOf, subjectOf } from "./hunt.ts";

/** How many commands fast-check puts in a scenario. */
export interface BaselineKind {
  readonly id: string;
  readonly title: string;
  readonly size: { readonly size?: "max"; readonly maxCommands?: number };
}

export const baselines: readonly BaselineKind[] = [
  { id: "default", title: "fc.commands at its default size, up to 10 commands a scenario", size: {} },
  { id: "max", title: "fc.commands with size \"max\" and maxCommands 100", size: { size: "max", maxCommands: 100 } },
];

/** What one such search came to. */
export interface BaselineRun {
  readonly seed: number;
  readonly found: boolean;
  /** Scenarios run. */
  readonly executions: number;
  /** Commands walked up to the one that broke a rule, or to the limit. */
  readonly commands: number;
}

export interface BaselineOptions {
  readonly seed: number;
  /** Commands to walk at most. */
  readonly limit: number;
  /** Asked before every command; false ends it. */
  readonly pulse?: (commands: number) => Promise<boolean>;
}

/** Thrown to end a run of fast-check. */
class Ended extends Error {}

export async function runBaseline(mutant: Mutant, { size }: BaselineKind, { seed, limit, pulse }: BaselineOptions): Promise<BaselineRun> {
  const machine = machineOf(mutant);
  const subject = subjectOf(mutant);
  const state = { found: false, executions: 0, commands: 0 };
  const walk: Walk = async (command, model, lockstep) => {
    if (state.commands >= limit || (pulse !== undefined && !(await pulse(state.commands)))) throw new Ended();
    state.commands++;
    const { findings, undecided } = lockstep.step(command);
    state.found = findings.length > 0;
    model.judged = undecided === null;
    if (state.found) throw new Ended();
  };
  const property = asyncProperty(commands([...drawnCommands(machine, walk)], size), async (drawn) => {
    if (state.commands >= limit) throw new Ended();
    const lockstep = startLockstep({ machine, profile: strict, create: () => createSubject(subject, machine, strict) });
    state.executions++;
    state.found = lockstep.boot.length > 0;
    if (state.found) throw new Ended();
    await asyncModelRun(() => ({ model: { judged: true }, real: lockstep }), drawn);
  });
  // A scenario may be empty, so a limit on commands alone is none on scenarios.
  await check(property, { seed, numRuns: Math.max(1, limit), endOnFailure: true });
  return { seed, ...state };
}

/** All that a command may look at: whether the specification still follows. */
interface Model {
  judged: boolean;
}

type Walk = (command: Command, model: Model, lockstep: Lockstep) => Promise<void>;

/** One arbitrary an op, as fast-check wants them: all are as likely. */
function drawnCommands(machine: MachineDescription, walk: Walk): readonly Arbitrary<AsyncCommand<Model, Lockstep>>[] {
  return opsOn(machine).map((op) => commandArbitrary(machine, op).map((command) => ({ check: ({ judged }) => judged, run: (model, lockstep) => walk(command, model, lockstep), toString: () => JSON.stringify(command) })));
}

/** Every field on its own, from the values that the wide alphabet has for it. */
export function commandArbitrary(machine: MachineDescription, op: Op): Arbitrary<Command> {
  const fields = commandFields(op).map((field): readonly [string, Arbitrary<unknown>] => [field.name, constantFrom(...fieldValues(machine, "wide", field))]);
  return record({ op: constant(op), ...Object.fromEntries(fields) }).map((made) => asCommand(commandFields(op).reduce((command, field) => withField(command, field, command[field.name]), made as Readonly<Record<string, unknown>>)));
}

function asCommand(value: unknown): Command {
  if (!isCommand(value)) throw new Error(`the alphabet has a command that is none: ${JSON.stringify(value)}`);
  return value;
}

/**
 * Where the scenarios of a search come from. A scenario is made while it runs: each command is chosen for the machine as
 * it looks by then.
 */
import type { Command, MachineDescription, View } from "../../models/index.ts";
import { bytesTape, createOdometer, createWalker, drawFrom, drawMachine, pseudoRandom } from "../../properties/index.ts";
import type { Mark, StepRecord } from "../../properties/index.ts";

/** One scenario as it comes about. */
export interface Course {
  readonly machine: MachineDescription;
  /** The next command, for a machine that looks like this; undefined: the scenario ends here. `last`: the step before it. */
  readonly next: (view: View, last: StepRecord | null) => Command | undefined;
  /** Told which marks the last command reached that nothing had reached before, where there are any. */
  readonly news?: (marks: readonly Mark[]) => void;
  /** Told that the scenario has ended, whatever ended it. */
  readonly ended?: () => void;
}

/** The scenario of each run, asked for in order; undefined: there are no more. */
export type ScenarioSource = (run: number) => Course | undefined;

/** Scenarios of a run get a length of their own, mostly long. */
const minLength = 60;
const maxLength = 120;

/** Without end: walks from pseudo-random choices, each run with its own. */
export function walks({ machine, seed }: { readonly machine: MachineDescription | "drawn"; readonly seed: number }): ScenarioSource {
  return (run) => {
    const draw = pseudoRandom(seed, run);
    const drawn = machine === "drawn" ? drawMachine(draw) : machine;
    const length = draw.chance(1, 16) ? 1 + draw.below(minLength) : minLength + draw.below(maxLength - minLength + 1);
    const walker = createWalker(draw, drawn);
    let made = 0;
    return { machine: drawn, next: (view) => (made++ < length ? walker.next(view) : undefined) };
  };
}

/** Commands of a scenario that comes from bytes, at most: a megabyte of them would make a hundred thousand. */
export const maxTapeCommands = 1000;

/**
 * One walk, its choices read from bytes. It goes on while there are bytes: the choices of its last command may be taken
 * as 0 where they ran out. No bytes, no command.
 */
export function tapeWalk({ machine, bytes }: { readonly machine: MachineDescription | "drawn"; readonly bytes: Uint8Array }): ScenarioSource {
  return (run) => {
    if (run > 0) return undefined;
    const { tape, ended } = bytesTape(bytes);
    const draw = drawFrom(tape);
    const drawn = machine === "drawn" ? drawMachine(draw) : machine;
    const walker = createWalker(draw, drawn);
    let made = 0;
    return { machine: drawn, next: (view) => (ended() || made++ === maxTapeCommands ? undefined : walker.next(view)) };
  };
}

/** What is tried exhaustively. */
export interface Everything {
  readonly machine: MachineDescription;
  readonly commands: readonly Command[];
  /** Commands of a scenario, at most. */
  readonly length: number;
  /** Whether a command may stand behind these; left out: always. */
  readonly follows?: (before: readonly Command[], command: Command) => boolean;
}

/**
 * Every scenario over some commands, each once. A command that is skipped changes nothing, so nothing is tried behind it:
 * what would come is tried without it.
 */
export function everyScenario({ machine, commands, length, follows = () => true }: Everything): ScenarioSource {
  const odometer = createOdometer(length);
  const draw = drawFrom(odometer.tape);
  // Scenarios that begin alike come one after the other, and have the same choice behind that beginning.
  const known: { readonly before: readonly Command[]; readonly possible: readonly Command[] }[] = [];
  const possibleBehind = (made: readonly Command[]): readonly Command[] => {
    const last = known[made.length];
    if (last?.before.every((command, index) => command === made[index]) === true) return last.possible;
    const possible = commands.filter((command) => follows(made, command));
    known[made.length] = { before: [...made], possible };
    return possible;
  };
  let more = true;
  return (run) => {
    if (run > 0 && more) more = odometer.turn();
    if (!more) return undefined;
    const made: Command[] = [];
    return {
      machine,
      next: (_view, last) => {
        if (made.length === length || last?.outcome.result === "skipped") return undefined;
        const possible = possibleBehind(made);
        if (possible.length === 0) return undefined;
        const command = draw.pick(possible);
        made.push(command);
        return command;
      },
    };
  };
}

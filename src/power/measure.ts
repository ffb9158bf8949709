/** The measurement: every mutant searched for from every seed, then enumerated, then looked for by the baselines. */
import { strict } from "../../models/index.ts";
import { createMemory } from "../check/failure.ts";
import type { Progress } from "../check/search.ts";
import { createSubject } from "../check/subjects.ts";
import type { Mutant } from "../mutants/index.ts";
import { baselines, runBaseline } from "./baseline.ts";
import type { BaselineRun } from "./baseline.ts";
import { exhaust } from "./exhaust.ts";
import type { Exhausted } from "./exhaust.ts";
import { hunt, machineOf, subjectOf } from "./hunt.ts";
import type { Hunt } from "./hunt.ts";

/** What bounds the measurement. With the mutants and the seeds it decides every number. */
export interface Limits {
  /** Scenarios that one search walks at most. */
  readonly runs: number;
  /** Scenarios run at most to reduce one finding. */
  readonly reductions: number;
  /** Executions of the enumeration of short scenarios, a mutant. */
  readonly executions: number;
  /** Commands that a baseline walks at most from one seed; as many as the search walked, where that is more. */
  readonly baselineCommands: number;
  /** Seeds from which the baselines search, at most. */
  readonly baselineSeeds: number;
}

export const defaultLimits: Limits = { runs: 400, reductions: 20_000, executions: 200_000, baselineCommands: 2000, baselineSeeds: 3 };

/** What was measured of one mutant. */
export interface Measured {
  readonly mutant: Pick<Mutant, "id" | "title" | "machine">;
  /** One a seed, ascending. */
  readonly hunts: readonly Hunt[];
  /** null: it was stopped before. */
  readonly exhausted: Exhausted | null;
  /** By baseline, in the order of `baselines`: one a seed. */
  readonly baselines: readonly { readonly id: string; readonly runs: readonly BaselineRun[] }[];
}

export interface Measurement {
  /** Each mutant is searched for from seeds 1 to this. */
  readonly seeds: number;
  readonly limits: Limits;
  /** Seconds that one search may take, or null. */
  readonly seconds: number | null;
  readonly mutants: readonly Measured[];
  /** Stopped before everything was measured; what is here was measured whole. */
  readonly interrupted: boolean;
}

export interface MeasureOptions {
  readonly mutants: readonly Mutant[];
  readonly seeds: number;
  readonly limits: Limits;
  readonly seconds: number | null;
  readonly watch?: Watch;
  /** A clock in milliseconds; left out, no times are measured. */
  readonly now?: () => number;
}

/** What is going on, for progress. */
export interface Doing {
  /** Mutants that are done. */
  readonly done: number;
  readonly of: number;
  readonly id: string;
  readonly words: string;
  /** A search that a time limit may end. */
  readonly searching: boolean;
  /** This search: changes with each. */
  readonly search: string;
}

/** Asked often. `on`: go on; `enough`: end this search, which has found nothing; `stop`: end everything. */
export type Watch = (doing: Doing) => Promise<"on" | "enough" | "stop">;

class Stopped extends Error {}

/** Measures. Same options, same result, but for time limits and interruptions. */
export async function measure(options: MeasureOptions): Promise<Measurement> {
  const { seeds, limits, seconds } = options;
  const measured: Measured[] = [];
  let interrupted = false;
  for (const [done, mutant] of options.mutants.entries()) {
    const parts: Parts = { hunts: [], exhausted: null, baselines: baselines.map(({ id }) => ({ id, runs: [] })) };
    try {
      await measureMutant(options, mutant, done, parts);
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
      interrupted = true;
    }
    const { id, title, machine } = mutant;
    if (!interrupted || parts.hunts.length > 0) measured.push({ mutant: { id, title, machine }, ...parts });
    if (interrupted) break;
  }
  return { seeds, limits, seconds, mutants: measured, interrupted };
}

interface Parts {
  readonly hunts: Hunt[];
  exhausted: Exhausted | null;
  readonly baselines: { readonly id: string; readonly runs: BaselineRun[] }[];
}

/** Fills in the parts one by one; `Stopped` leaves those that are whole. */
async function measureMutant({ mutants, seeds, limits, watch, now }: MeasureOptions, mutant: Mutant, done: number, parts: Parts): Promise<void> {
  const doing = (words: string, search: string = mutant.id, searching = false): Doing => ({ done, of: mutants.length, id: mutant.id, words, search, searching });
  const ask = async (what: Doing): Promise<boolean> => {
    const answer = await watch?.(what);
    if (answer === "stop") throw new Stopped();
    return answer !== "enough";
  };
  const memory = createMemory();
  for (let seed = 1; seed <= seeds; seed++) {
    const pulse = ({ commands, size }: Progress): Promise<boolean> => ask(doing(size === null ? `seed ${seed}, ${commands} commands` : `seed ${seed}, ${size} commands left`, `${mutant.id} ${seed}`, size === null));
    const found = await hunt(mutant, seed, limits, { pulse, now, memory });
    parts.hunts.push(found);
  }
  const machine = machineOf(mutant);
  const faulty = () => createSubject(subjectOf(mutant), machine, strict);
  const found = parts.hunts.flatMap((each) => (each.found === null ? [] : [each.found.commands.length]));
  parts.exhausted = await exhaust({
    machine,
    faulty,
    shipped: () => createSubject({ ...subjectOf(mutant), mutant: null }, machine, strict),
    setup: { machine, profile: strict, create: faulty },
    below: found.length === 0 ? null : Math.min(...found),
    budget: limits.executions,
    pulse: (executions) => ask(doing(`short scenarios, ${executions} executions`)),
  });
  for (const [index, kind] of baselines.entries()) {
    for (const { seed, commands } of parts.hunts.slice(0, limits.baselineSeeds)) {
      // fast-check takes what is thrown in a run for a finding, so a stop is kept until it has ended.
      let stop = false;
      const pulse = async (walked: number): Promise<boolean> => {
        stop ||= (await watch?.(doing(`baseline ${kind.id}, seed ${seed}, ${walked} commands`))) === "stop";
        return !stop;
      };
      const run = await runBaseline(mutant, kind, { seed, limit: Math.max(limits.baselineCommands, commands), pulse });
      if (stop) throw new Stopped();
      parts.baselines[index]?.runs.push(run);
    }
  }
}

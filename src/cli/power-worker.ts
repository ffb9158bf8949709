/** One mutant of `framecheck power`, measured in a thread of its own. */
import type { MessagePort } from "node:worker_threads";
import { findMutant } from "../check/subjects.ts";
import { measure } from "../power/measure.ts";
import type { Doing, Limits, Measurement } from "../power/measure.ts";

export interface PowerTask {
  readonly id: string;
  readonly seeds: number;
  readonly limits: Limits;
  readonly seconds: number | null;
  /** The time of each search is measured. */
  readonly times: boolean;
  /** 1: the user has asked to stop. */
  readonly stop: Int32Array;
  /** Where progress goes, now and then. */
  readonly port: MessagePort;
}

/** Milliseconds between two looks at the clock, and between two words of progress. */
const beat = 20;
const telling = 250;

const now = (): number => performance.now();

export default async function measureOne({ id, seeds, limits, seconds, times, stop, port }: PowerTask): Promise<Measurement> {
  const mutant = findMutant(id);
  if (mutant === undefined) throw new Error(`no mutant ${id}`);
  let [last, told] = [now(), now()];
  let search = { name: "", began: last };
  const watch = async ({ words, searching, search: name }: Doing): Promise<"on" | "enough" | "stop"> => {
    if (search.name !== name) search = { name, began: now() };
    if (now() - last < beat) return "on";
    last = now();
    if (last - told >= telling) {
      told = last;
      port.postMessage(`${id}: ${words}`);
    }
    if (Atomics.load(stop, 0) !== 0) return "stop";
    return searching && seconds !== null && last - search.began >= 1000 * seconds ? "enough" : "on";
  };
  return measure({ mutants: [mutant], seeds, limits, seconds, watch, ...(times ? { now } : {}) });
}

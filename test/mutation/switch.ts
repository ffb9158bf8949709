/**
 * Which mutant is active. Every mutated module asks this one object, so that thousands of mutants live in one program
 * and none of them needs a build of its own.
 */
export interface MutantSwitch {
  /** The active mutant; 0: none. */
  id: number;
  /** How often the active one was reached. */
  hits: number;
  /** Reached more often than this, it is taken for a loop without an end. */
  limit: number;
  /** Where coverage is measured: how often each place was reached, counted for the first mutant there. */
  reached: Uint32Array | null;
  hit(): boolean;
}

/** The name under which the mutated modules find it. */
export const switchName = "mutantSwitch";

const found = (globalThis as Record<string, unknown>)[switchName] as MutantSwitch | undefined;

export const mutantSwitch: MutantSwitch = found ?? {
  id: 0,
  hits: 0,
  limit: Number.POSITIVE_INFINITY,
  reached: null,
  hit() {
    this.hits++;
    if (this.hits > this.limit) throw new Error(`a loop without an end: mutant ${this.id}`);
    return true;
  },
};
(globalThis as Record<string, unknown>)[switchName] = mutantSwitch;

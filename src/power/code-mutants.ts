/**
 * Mutants of the code: what `npm run mutation` came to, and the mutants that live on because nothing can tell them from
 * the original. Measured by hand from time to time; the numbers are of the sources as they stood then.
 */

/** A measurement of one part of the sources. */
export interface CodeMeasurement {
  readonly part: string;
  /** The command line behind `npm run mutation --`. */
  readonly arguments: string;
  readonly planted: number;
  /** How many of them were asked: all, or a sample that is the same every time. */
  readonly asked: number;
  readonly found: number;
  /** Of those that were not found: told apart by nothing, as `equivalents` says why. */
  readonly equivalent: number;
}

/** Mutants that answer and look as the original does, whatever is done. */
export interface Equivalent {
  readonly file: string;
  /** The source that is replaced, white space made single. */
  readonly was: string;
  /** What it becomes; null: whatever. */
  readonly becomes: string | null;
  readonly why: EquivalenceClass;
}

/** Why nothing can tell. */
export const equivalenceClasses = {
  "can-not-happen": "guards what the code around it never does, so that an error there would name the place; no command leads to it",
  "saves-time": "takes a shorter way to the same result",
  "same-value": "gives the same value for every argument that there is",
  "words-only": "changes the words of an error or of an explanation, which are no promise",
} as const;
export type EquivalenceClass = keyof typeof equivalenceClasses;

export const codeMeasurements: readonly CodeMeasurement[] = [];

export const equivalents: readonly Equivalent[] = [];

/** The triage of a mutant that was not found, or undefined: it is open. */
export function equivalentOf({ file, was, becomes }: { readonly file: string; readonly was: string; readonly becomes: string }): Equivalent | undefined {
  return equivalents.find((each) => each.file === file && each.was === was && (each.becomes === null || each.becomes === becomes));
}

/**
 * Where the choices of an operation come from: made here (alone), or told by the outcome of someone else (followed).
 *
 * The mechanisms ask; what they are told they check before they do it. What is not permitted is thrown as `Inadmissible`
 * and caught in one place, `follow` in models/reference.ts.
 */
import type { AllocId } from "./command.ts";
import type { Attempt, Errno, Grant, Move, Outcome } from "./outcome.ts";
import type { Pfn } from "./pfn.ts";

export type Choices = Alone | Told;

/** The specification runs by itself and takes the lowest frame number that the kernel's search allows. */
export interface Alone {
  readonly kind: "alone";
}

/** Choices of someone else, used up from the front. */
export interface Told {
  readonly kind: "told";
  /** The outcome of one step of a task: then a page that can move has to. */
  readonly stepwise: boolean;
  /** The errno that was told, for the few places where more than one is permitted. */
  readonly errno: Errno | undefined;
  grant: Grant | undefined;
  readonly memmap: Grant[];
  readonly moved: Move[];
  readonly dropped: AllocId[];
  readonly attempts: Attempt[];
}

export const alone: Alone = { kind: "alone" };

export function toldBy(outcome: Outcome, stepwise: boolean): Told {
  return { kind: "told", stepwise, errno: outcome.errno, grant: outcome.grant, memmap: [...(outcome.memmap ?? [])], moved: [...(outcome.moved ?? [])], dropped: [...(outcome.dropped ?? [])], attempts: [...(outcome.attempts ?? [])] };
}

/** The choices of one attempt of a search. */
export function toldByAttempt(attempt: Attempt): Told {
  return { kind: "told", stepwise: false, errno: attempt.errno, grant: undefined, memmap: [], moved: [...(attempt.moved ?? [])], dropped: [...(attempt.dropped ?? [])], attempts: [] };
}

/** A told choice that the operation had no use for, as words; undefined if all were used. */
export function unusedChoice(choices: Choices): string | undefined {
  if (choices.kind === "alone") return undefined;
  const left = { grant: choices.grant === undefined ? 0 : 1, memmap: choices.memmap.length, moved: choices.moved.length, dropped: choices.dropped.length, attempts: choices.attempts.length };
  const extra = Object.entries(left).filter(([, count]) => count > 0);
  return extra.length === 0 ? undefined : extra.map(([name, count]) => `${count} in ${name}`).join(", ");
}

/** Something was told that the specification does not permit. */
export class Inadmissible extends Error {
  readonly clause: string;
  readonly permitted: readonly string[];
  readonly frames: readonly Pfn[];

  constructor(clause: string, because: string, permitted: string, frames: readonly Pfn[] = []) {
    super(because);
    this.clause = clause;
    this.permitted = [permitted];
    this.frames = frames;
  }
}

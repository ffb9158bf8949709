/**
 * What a search has reached: marks, each counted up to a number that is enough.
 *
 * A mark is a goal, a clause of the specification that had something to judge, a rule that had something to say, or a
 * switch of the profile that made a difference. A rule that says nothing of what was seen has not been tested, though it
 * was never broken.
 */
import { clauses, switches } from "../models/index.ts";
import { goals } from "./goals.ts";
import { invariants } from "./invariants/index.ts";
import { laws } from "./laws/index.ts";
import { hasNeed } from "./rule.ts";
import type { Invariant, Law, StepRecord } from "./rule.ts";
import type { PermissionsUsed } from "./check.ts";
import { asks } from "./vacuity/clauses.ts";
import { occasionWords, speaksOfStep } from "./vacuity/occasions.ts";
import { speaksOfView, thingWords } from "./vacuity/things.ts";

export type MarkKind = "goal" | "clause" | "rule" | "switch";

export interface Mark {
  readonly kind: MarkKind;
  /** The id of the goal, rule or switch, the name of the clause. Unique among those of a kind. */
  readonly id: string;
  /** When it is reached, in words. */
  readonly when: string;
  /** It is reached where a state is audited. */
  readonly ofState: boolean;
  /** `used`: how often each switch has made a difference: a rule that a switch silences says nothing. */
  readonly reached: (step: StepRecord, used: PermissionsUsed) => boolean;
}

function judged({ needs, unless }: Invariant | Law, step: StepRecord, used: PermissionsUsed, both: boolean): boolean {
  return !unless.some((id) => (used[id] ?? 0) > 0) && needs.every((need) => hasNeed(step.after, need) && (!both || hasNeed(step.before, need)));
}

/** In the order: goals, clauses, invariants, laws, switches. */
export const marks: readonly Mark[] = [
  ...goals.map(({ id, title, reached }): Mark => ({ kind: "goal", id, when: title, ofState: false, reached })),
  ...Object.keys(clauses).map((id): Mark => ({ kind: "clause", id, when: clauses[id] ?? id, ofState: false, reached: (step) => asks[id]?.(step) === true })),
  ...invariants.map((invariant): Mark => ({ kind: "rule", id: invariant.id, when: `a view had ${thingWords(invariant)}`, ofState: true, reached: (step, used) => speaksOfView(invariant, step.after) && judged(invariant, step, used, false) })),
  ...laws.map((law): Mark => ({ kind: "rule", id: law.id, when: occasionWords(law), ofState: false, reached: (step, used) => speaksOfStep(law, step) && judged(law, step, used, true) })),
  ...switches.map(({ id, linux }): Mark => ({ kind: "switch", id, when: `it made a difference that ${linux}`, ofState: false, reached: (_step, used) => (used[id] ?? 0) > 0 })),
];

export interface Coverage {
  /** Counts what the step reached. Gives the marks that it reached for the first time. `audited`: the state behind it was; left out: yes. */
  readonly see: (step: StepRecord, used: PermissionsUsed, audited?: boolean) => readonly Mark[];
  /** How often the mark was reached; no more than is enough. */
  readonly count: (mark: Mark) => number;
}

/** `enough`: a mark that was reached so often is not looked for any more. */
export function createCoverage(enough: number = 1): Coverage {
  const counts = new Map<Mark, number>();
  let wanted: readonly Mark[] = marks;
  return {
    see: (step, used, audited = true) => {
      const found: Mark[] = [];
      let done = false;
      for (const mark of wanted) {
        if ((mark.ofState && !audited) || !mark.reached(step, used)) continue;
        const count = (counts.get(mark) ?? 0) + 1;
        counts.set(mark, count);
        if (count === 1) found.push(mark);
        if (count >= enough) done = true;
      }
      if (done) wanted = wanted.filter((mark) => (counts.get(mark) ?? 0) < enough);
      return found;
    },
    count: (mark) => counts.get(mark) ?? 0,
  };
}

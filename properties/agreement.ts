/**
 * Whether two implementations agree: the same outcomes, and the same view after every step.
 */
import type { Outcome, View } from "../models/index.ts";
import { compareViews } from "./compare.ts";
import { maxEvidence } from "./evidence.ts";
import type { Evidence, Need } from "./rule.ts";

/** A fact or field in which two views differ. */
export interface Disagreement {
  /** As `needs` of rules name it: `freeBlocks`, `zones.nrFree`, `frames.use`. */
  readonly fact: Need;
  /** `was`: in the first view; `is`: in the second. */
  readonly evidence: readonly Evidence[];
}

/** In what the views differ, of the facts that both have, in the order of the vocabulary. Empty: they agree. */
export function disagreements(a: View, b: View): readonly Disagreement[] {
  const found = new Map<Need, Evidence[]>();
  compareViews(a, b, (fact, evidence) => {
    const known = found.get(fact) ?? [];
    if (known.length < maxEvidence) known.push(...evidence());
    found.set(fact, known);
  });
  return [...found].map(([fact, evidence]) => ({ fact, evidence }));
}

/** Fields of an outcome that are a promise. `because` is an explanation and is not compared. */
const comparedFields = ["result", "errno", "grant", "memmap", "dropped", "moved", "attempts", "start", "events"] as const;

/** In which fields the outcomes differ. A list that is empty is the same as one that is left out. */
export function outcomeDifferences(a: Outcome, b: Outcome): readonly (typeof comparedFields)[number][] {
  return comparedFields.filter((field) => !sameChoice(a[field], b[field]));
}

function sameChoice(a: unknown, b: unknown): boolean {
  const [x, y] = [orNothing(a), orNothing(b)];
  if (x === y) return true;
  if (typeof x !== "object" || typeof y !== "object" || x === null || y === null) return false;
  const [fieldsX, fieldsY] = [x as Readonly<Record<string, unknown>>, y as Readonly<Record<string, unknown>>];
  return [...new Set([...Object.keys(x), ...Object.keys(y)])].every((key) => sameChoice(fieldsX[key], fieldsY[key]));
}

function orNothing(value: unknown): unknown {
  return Array.isArray(value) && value.length === 0 ? undefined : value;
}

/** Whether the outcomes are the same, but for the explanation. */
export function sameOutcome(a: Outcome, b: Outcome): boolean {
  return outcomeDifferences(a, b).length === 0;
}

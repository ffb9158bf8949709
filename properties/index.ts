/** Rules over views and steps, and how scenarios are made. */
export { missingNeeds } from "./rule.ts";
export type { Evidence, Goal, Invariant, Law, Need, StepRecord } from "./rule.ts";

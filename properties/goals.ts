/**
 * What a run must have reached, or it proved nothing: every answer of every command, and every situation that a rule
 * speaks of.
 */
import { contigGoals } from "./goals/contig.ts";
import { memoryGoals } from "./goals/memory.ts";
import { outcomeGoals } from "./goals/outcomes.ts";
import { pageGoals } from "./goals/pages.ts";
import type { Goal } from "./rule.ts";

/** In the order: the answers of the catalogue, then pages, then memory. */
export const goals: readonly Goal[] = [...outcomeGoals, ...pageGoals, ...contigGoals, ...memoryGoals];

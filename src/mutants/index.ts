/** Every mutant, in the order of the catalogue; the canary first. */
import { canary } from "./canary.ts";
import type { Mutant } from "./mutant.ts";

export type { Mutant } from "./mutant.ts";

export const mutants: readonly Mutant[] = [canary];

/** For each goal the shortest commands known whose last one reaches it. */
import { readFileSync } from "node:fs";
import type { Command } from "../../models/index.ts";

export interface GoalScenario {
  /** One of the test machines. */
  readonly machine: string;
  readonly profile: string;
  readonly commands: readonly Command[];
}

export const scenarios: Readonly<Record<string, GoalScenario>> = JSON.parse(readFileSync(new URL("goal-scenarios.json", import.meta.url), "utf8")) as Readonly<Record<string, GoalScenario>>;

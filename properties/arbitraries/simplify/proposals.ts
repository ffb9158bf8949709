/** What a pass proposes: commands in place of those of a scenario. */
import type { Command } from "../../../models/index.ts";
import type { Scenario } from "../scenario.ts";
import { simplerThan } from "../simplicity.ts";

export type Proposals = Generator<readonly Command[], void, undefined>;

/** Holds a pass to its promise: what is not simpler is not proposed. */
export function only(propose: (scenario: Scenario) => Proposals): (scenario: Scenario) => Iterable<Scenario> {
  return function* candidates(scenario) {
    for (const commands of propose(scenario)) {
      const candidate: Scenario = { ...scenario, commands };
      if (simplerThan(candidate, scenario)) yield candidate;
    }
  };
}

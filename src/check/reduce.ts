/**
 * Reduction: from a scenario that breaks a rule to the simplest one that breaks the same rule.
 *
 * Plain data in, plain data out: the passes of properties/arbitraries/simplify.ts propose simpler scenarios in a fixed
 * order; the first that still fails is taken, and so on until no pass has anything that fails. So the result does not
 * depend on how the scenario came about.
 */
import { createReference } from "../../models/index.ts";
import { aimedPass, onSmallerMachines, passes, thoroughPasses } from "../../properties/index.ts";
import type { Inert, Pass, Scenario } from "../../properties/index.ts";

export interface ReduceOptions {
  /** Whether the scenario still shows the same defect. `many`: it is one of the many that a thorough pass proposes. */
  readonly stillFails: (scenario: Scenario, many: boolean) => boolean;
  /** The machine may become simpler too: it was drawn, and nobody knows it by name. */
  readonly machineToo?: boolean;
  /** Everything near a short scenario is tried too; left out: yes. */
  readonly thorough?: boolean;
  /** As the thorough passes take it. */
  readonly inert?: Inert;
  /** Scenarios to run at most. */
  readonly maxExecutions: number;
  /** Asked before every execution; false ends the reduction with the best so far. */
  readonly pulse?: (state: { readonly executions: number; readonly commands: number }) => Promise<boolean>;
}

export interface Reduced {
  readonly scenario: Scenario;
  readonly executions: number;
  /** No pass had anything simpler that fails. */
  readonly complete: boolean;
}

/** The aimed pass runs the specification for what it proposes, and the thorough ones propose much: they come when the others have no more. */
const quickPasses: readonly Pass[] = [...passes, aimedPass(createReference)];

const machinePass: Pass = {
  id: "machine",
  title: "the machine is simpler, or smaller with every frame moved along",
  candidates: onSmallerMachines,
};

export async function reduce(start: Scenario, { stillFails, machineToo = false, thorough = true, inert, maxExecutions, pulse }: ReduceOptions): Promise<Reduced> {
  const fewPasses = [...quickPasses, ...(machineToo ? [machinePass] : [])];
  const allPasses = [...fewPasses, ...(thorough ? thoroughPasses(inert) : [])];
  const tried = new Set<string>();
  let scenario = start;
  let executions = 0;
  let stopped = false;

  const next = async (): Promise<Scenario | undefined> => {
    for (const [at, pass] of allPasses.entries()) {
      for (const candidate of pass.candidates(scenario)) {
        const key = JSON.stringify(machineToo ? candidate : candidate.commands);
        if (tried.has(key)) continue;
        tried.add(key);
        if (executions >= maxExecutions || (pulse !== undefined && !(await pulse({ executions, commands: scenario.commands.length })))) {
          stopped = true;
          return undefined;
        }
        executions++;
        if (stillFails(candidate, at >= fewPasses.length && pass.telling !== true)) return candidate;
      }
    }
    return undefined;
  };

  for (let simpler = await next(); simpler !== undefined; simpler = await next()) scenario = simpler;
  return { scenario, executions, complete: !stopped };
}

/** Scenarios for `fc.assert`: walks over a subject, shrunk as plain data. */
import type { Arbitrary } from "fast-check";
import { parseProfile } from "../../models/index.ts";
import type { CreateSubject, MachineDescription } from "../../models/index.ts";
import { aimedPass } from "./aim.ts";
import type { Draw } from "./draw.ts";
import { drawnArbitrary } from "./drawn-arbitrary.ts";
import { isScenario } from "./scenario.ts";
import type { Scenario } from "./scenario.ts";
import { passes } from "./simplify.ts";
import { simplerMachines } from "./simpler-machines.ts";
import { generateScenario } from "./walker.ts";
import type { ScenarioOptions } from "./walker.ts";

export interface ScenarioArbitraryOptions extends ScenarioOptions {
  /** Makes the subject that is walked over: the specification, as a rule. */
  readonly create: CreateSubject;
  /** Machines to choose from; or a way to draw one, and then shrinking simplifies the machine too. */
  readonly machines: readonly MachineDescription[] | ((draw: Draw) => MachineDescription);
  /** As `parseProfile` reads it. */
  readonly profile: string;
}

export function scenarioArbitrary(options: ScenarioArbitraryOptions): Arbitrary<Scenario> {
  const { create, machines, profile } = options;
  const parsed = parseProfile(profile);
  if ("error" in parsed) throw new Error(parsed.error);
  const drawn = typeof machines === "function";
  return drawnArbitrary<Scenario>({
    draw: (draw) => {
      const machine = drawn ? machines(draw) : draw.pick(machines);
      return { machine, profile, commands: generateScenario(draw, create, machine, parsed, options).commands };
    },
    is: isScenario,
    passes: [...[...passes, aimedPass(create)].map(({ candidates }) => candidates), ...(drawn ? [onSimplerMachines] : [])],
  });
}

function* onSimplerMachines(scenario: Scenario): Generator<Scenario, void, undefined> {
  for (const machine of simplerMachines(scenario.machine)) yield { ...scenario, machine };
}

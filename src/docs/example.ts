/** The example of docs/reports.md: a contiguous allocation clears the isolation of another (KD-2), and what is made of it. */
import { namedMachines, toPfn } from "../../models/index.ts";
import type { MachineDescription } from "../../models/index.ts";
import { replayCounterexample } from "../check/replay.ts";
import type { Counterexample } from "../check/counterexample.ts";
import type { Scenario } from "../formats/scenario.ts";
import { goals } from "../../properties/index.ts";
import type { RunReport } from "../report/run-report.ts";

/** The file name in the example. */
export const exampleFile = "found/bad_kd_2_tiny.json";

export function exampleScenario(): Scenario {
  return {
    title: "a contiguous allocation that can not isolate clears the isolation of another",
    machine: tiny(),
    profile: "strict",
    subject: { subject: "engine", profile: "strict+KD-2", mutant: null },
    commands: [
      { op: "isolate", id: 1, start: toPfn(0x24), nrPages: 1, mode: "offline" },
      { op: "alloc-contig", id: 1, start: toPfn(0x24), nrPages: 1, compound: false, gfp: "kernel" },
    ],
  };
}

/** As a search with seed 1 would have told it. */
export function exampleCounterexample(): Counterexample {
  const scenario = exampleScenario();
  if (scenario.subject === undefined) throw new Error("the example has no subject");
  const counterexample = replayCounterexample(scenario, scenario.subject, { seed: 1, run: 0, reduction: { fromCommands: 26, executions: 100, complete: true } });
  if (counterexample === undefined) throw new Error("the example of docs/reports.md breaks no rule any more");
  return counterexample;
}

/** A run that found it. */
export function exampleRun(): RunReport {
  const reached = goals.slice(0, 3);
  return {
    verdict: "breach",
    seed: 1,
    profile: "strict",
    machines: [{ machine: "tiny", runs: 1, commands: 26 }],
    goals: reached.map(({ id, title, rules }, index) => ({ id, title, rules, reached: index < 2 })),
    permissions: [{ id: "KD-2", used: 1 }],
    counterexamples: [exampleCounterexample()],
  };
}

function tiny(): MachineDescription {
  const machine = namedMachines.find(({ name }) => name === "tiny");
  if (machine === undefined) throw new Error("there is no machine tiny");
  return machine;
}

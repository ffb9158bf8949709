/** The machines and profiles that every test of the engine runs on, and walks over them. */
import { linux612, strict, tinyMachines } from "../../models/index.ts";
import type { Command, MachineDescription, Outcome, Profile, View } from "../../models/index.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { Walk, randomFrom } from "./walk.ts";

export interface World {
  readonly name: string;
  readonly machine: MachineDescription;
  readonly profile: Profile;
}

export const worlds: readonly World[] = tinyMachines.flatMap((machine) => [strict, linux612].map((profile) => ({ name: `${machine.name}, ${profile.name}`, machine, profile })));

/** One command of a walk, what the engine answered, how it then looked, and what it says of itself. */
export interface Step {
  readonly command: Command;
  readonly outcome: Outcome;
  readonly view: View;
  readonly selfCheck: readonly unknown[];
}

/** Walks an engine of its own and shows each step. */
export function walk({ machine, profile }: Omit<World, "name">, seed: number, length: number, show: (step: Step) => void): void {
  const engine = createEngine(machine, profile);
  const path = new Walk(machine, randomFrom(seed));
  let view = engine.view();
  for (let n = 0; n < length; n++) {
    const command = path.next(view);
    const outcome = engine.apply(command);
    view = engine.view();
    show({ command, outcome, view, selfCheck: engine.selfCheck() });
  }
}

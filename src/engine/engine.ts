/** The engine: a fast subject, alone or following. */
import type { Command, Fact, CreateSubject, MachineDescription, Outcome, Profile, Subject, SwitchId, Verdict, View } from "../../models/index.ts";
import { checkDescription } from "../../models/index.ts";
import { followOutcome } from "./follow.ts";
import { Machine } from "./machine.ts";
import { shippedParts } from "./parts.ts";
import type { EngineParts } from "./parts.ts";
import { selfCheck } from "./self-check.ts";
import type { SelfEvidence } from "./self-check.ts";
import { viewOf } from "./view.ts";

/** A subject that can also be asked whether what it stores twice agrees. */
export interface EngineSubject extends Subject {
  selfCheck(): readonly SelfEvidence[];
}

class Engine implements EngineSubject {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  apply(command: Command): Outcome {
    return this.#machine.commands.run(command);
  }

  follow(command: Command, outcome: Outcome): Verdict {
    return followOutcome(this.#machine, command, outcome);
  }

  view(wanted?: readonly Fact[]): View {
    return viewOf(this.#machine, wanted);
  }

  permissionsUsed(): Readonly<Partial<Record<SwitchId, number>>> {
    return this.#machine.quirks.used();
  }

  selfCheck(): readonly SelfEvidence[] {
    return selfCheck(this.#machine);
  }
}

export type CreateEngine = (description: MachineDescription, profile: Profile) => EngineSubject;

/** An engine made of these parts. */
export function createEngineWith(parts: EngineParts): CreateEngine {
  return (description, profile) => {
    const fault = checkDescription(description);
    if (fault !== undefined) throw new Error(`machine ${description.name}: ${fault}`);
    return new Engine(new Machine(description, profile, parts));
  };
}

export const createEngine: CreateEngine & CreateSubject = createEngineWith(shippedParts);

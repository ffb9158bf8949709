/**
 * Subjects by name: the engine, the engine with a planted fault, the reference itself.
 */
import { createReference, parseProfile, toPfn } from "../../models/index.ts";
import type { MachineDescription, Profile } from "../../models/index.ts";
import { createEngine, createEngineWith } from "../engine/engine.ts";
import type { EngineSubject } from "../engine/engine.ts";
import { mutants } from "../mutants/index.ts";
import type { Mutant } from "../mutants/index.ts";
import type { SubjectName } from "./counterexample.ts";
import type { CheckedSubject } from "./lockstep.ts";
import type { Judged } from "./run.ts";

/** The mutant of that id, letters in either case. */
export function findMutant(id: string): Mutant | undefined {
  return mutants.find((mutant) => mutant.id.toLowerCase() === id.toLowerCase());
}

/** Why there is no such subject, or undefined. */
export function subjectFault({ subject, mutant }: SubjectName): string | undefined {
  if (mutant === null) return undefined;
  if (findMutant(mutant) === undefined) return `no mutant "${mutant}"; framecheck mutants lists them`;
  return subject === "reference" ? "a fault can be planted in the engine only" : undefined;
}

/** Makes a subject right after boot. */
export function createSubject({ subject, mutant }: SubjectName, machine: MachineDescription, profile: Profile): CheckedSubject {
  if (subject === "reference") return createReference(machine, profile);
  if (mutant === null) return checked(createEngine(machine, profile));
  const planted = findMutant(mutant);
  if (planted === undefined) throw new Error(`no mutant ${mutant}`);
  return checked(createEngineWith(planted.parts)(machine, profile));
}

/** The engine with its evidence in the words of the rules. */
function checked(engine: EngineSubject): CheckedSubject {
  return {
    apply: (command) => engine.apply(command),
    follow: (command, outcome) => engine.follow(command, outcome),
    view: (wanted) => engine.view(wanted),
    permissionsUsed: () => engine.permissionsUsed(),
    selfCheck: () => engine.selfCheck().map(({ pfn, ...evidence }) => (pfn === undefined ? evidence : { ...evidence, pfn: toPfn(pfn) })),
  };
}

/** Who is judged on this machine under this profile. The names must have been checked. */
export function judgedOn(name: SubjectName, machine: MachineDescription, profile: Profile): Judged {
  const subjectProfile = parseProfile(name.profile);
  if ("error" in subjectProfile) throw new Error(subjectProfile.error);
  return { setup: { machine, profile, create: () => createSubject(name, machine, subjectProfile) }, subjectProfile, subject: name };
}

/** The options that say who is judged by what, on which machine; shared by several verbs. */
import { namedMachines, parseProfile } from "../../models/index.ts";
import type { MachineDescription, Profile } from "../../models/index.ts";
import type { SubjectName } from "../check/counterexample.ts";
import { tooLarge } from "../check/limits.ts";
import { findMutant } from "../check/subjects.ts";
import { parseMachine } from "../formats/machine.ts";
import { readInputFile } from "../formats/read-file.ts";
import { BadInput } from "./arguments.ts";

/** A machine by its name or from a file. A word with a slash or a dot is a file. */
export function machineNamed(word: string): MachineDescription {
  const named = namedMachines.find(({ name }) => name === word);
  if (named !== undefined) return named;
  if (!/[./]/u.test(word)) throw new BadInput(`--machine: no machine "${word}", expected a file, drawn, or one of ${namedMachines.map(({ name }) => name).join(", ")}`);
  const file = readInputFile(word);
  const machine = file.ok ? parseMachine(file.value) : file;
  if (!machine.ok) throw new BadInput(machine.error);
  const large = tooLarge(machine.value);
  if (large !== undefined) throw new BadInput(`${word}: machine: ${large}`);
  return machine.value;
}

export function profileNamed(option: string, word: string): Profile {
  const profile = parseProfile(word);
  if ("error" in profile) throw new BadInput(`${option}: ${profile.error}`);
  return profile;
}

/** The engine, with a planted fault where one is named. */
export function engineNamed(profile: Profile, mutant: string | undefined): SubjectName {
  if (mutant === undefined) return { subject: "engine", profile: profile.name, mutant: null };
  const found = findMutant(mutant);
  if (found === undefined) throw new BadInput(`--mutant: no mutant "${mutant}"; framecheck mutants lists them`);
  return { subject: "engine", profile: profile.name, mutant: found.id };
}

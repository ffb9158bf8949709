/** What the tests of the checking core share: names made to values, subjects that err on purpose, searches in few words. */
import { createReference, namedMachines, parseProfile, strict, toPfn } from "../../models/index.ts";
import type { AllocContig, Command, CreateSubject, Isolate, MachineDescription, Op, Outcome, Profile, Verdict, View } from "../../models/index.ts";
import type { SubjectName } from "../../src/check/counterexample.ts";
import type { CheckedSubject } from "../../src/check/lockstep.ts";
import { usualAudits } from "../../src/check/search.ts";
import type { SearchOptions } from "../../src/check/search.ts";
import { createSubject } from "../../src/check/subjects.ts";

export function machineNamed(name: string): MachineDescription {
  const found = namedMachines.find((machine) => machine.name === name);
  if (found === undefined) throw new Error(`there is no machine ${name}`);
  return found;
}

export const tiny: MachineDescription = machineNamed("tiny");

export function profileNamed(name: string): Profile {
  const profile = parseProfile(name);
  if ("error" in profile) throw new Error(profile.error);
  return profile;
}

/** What a subject does otherwise than the specification. */
export interface Fault {
  readonly apply?: (command: Command, right: () => Outcome) => Outcome;
  readonly view?: (right: View, commands: number) => View;
  readonly selfCheck?: CheckedSubject["selfCheck"];
}

/** The specification with a fault. `commands` of `view`: how many it has taken. */
export function faulty({ apply, view, selfCheck }: Fault, machine: MachineDescription = tiny, profile: Profile = strict): CheckedSubject {
  const right = createReference(machine, profile);
  let commands = 0;
  return {
    ...right,
    apply: (command) => {
      commands++;
      return apply === undefined ? right.apply(command) : apply(command, () => right.apply(command));
    },
    view: () => (view === undefined ? right.view() : view(right.view(), commands)),
    ...(selfCheck === undefined ? {} : { selfCheck }),
  };
}

/** A judge that can not make up its mind about one kind of command. */
export function hesitant(op: Op, verdict: Verdict): CreateSubject {
  return (machine, profile) => {
    const right = createReference(machine, profile);
    return { ...right, follow: (command, outcome) => (command.op === op ? verdict : right.follow(command, outcome)) };
  };
}

/** A search of the engine under that profile, judged by `strict` on `tiny` where nothing else is said, audited now and then. */
export function searching(subjectProfile: string, options: Partial<SearchOptions> & Pick<SearchOptions, "seed" | "runs">, mutant: string | null = null): SearchOptions {
  const subject: SubjectName = { subject: "engine", profile: subjectProfile, mutant };
  return { machine: tiny, profile: strict, subject, subjectProfile: profileNamed(subjectProfile), create: (machine, profile) => createSubject(subject, machine, profile), maxReductions: 20_000, auditEvery: usualAudits, ...options };
}

export const alloc = (id: number, kind: "user" | "kernel" = "user"): Command => ({ op: "alloc", id, kind, order: 0, node: 0, thisNode: false, zone: "normal" });

export const isolate = (id: number, start: number): Isolate => ({ op: "isolate", id, start: toPfn(start), nrPages: 1, mode: "offline" });

export const contig = (id: number, start: number): AllocContig => ({ op: "alloc-contig", id, start: toPfn(start), nrPages: 1, compound: false, gfp: "kernel" });

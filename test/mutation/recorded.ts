/**
 * Recorded runs: scenarios walked once in lockstep by what is not mutated, with what was answered and seen.
 *
 * A mutant of the engine that answers and looks as recorded is told apart by no rule. Where it differs, the scenario is run
 * in lockstep with the specification, and beside the specification alone: the mutant is found if a rule breaks, or if it
 * chooses otherwise. The same is asked of a mutant of the specification, with what the specification alone recorded. A mutant
 * of the rules is asked in lockstep at once: it is found if it breaks although nothing is wrong.
 */
import { createHash } from "node:crypto";
import { createReference, linux612, namedMachines, strict } from "../../models/index.ts";
import type { Command, MachineDescription, Outcome, Profile, View } from "../../models/index.ts";
import { drawMachine, generateScenario, outcomeDifferences, pseudoRandom } from "../../properties/index.ts";
import { startLockstep } from "../../src/check/lockstep.ts";
import type { CheckedSubject } from "../../src/check/lockstep.ts";
import { createSubject } from "../../src/check/subjects.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { createOtherEngine } from "../engine/other-choices.ts";
import type { Walker } from "./targets.ts";

export interface Walked {
  /** Whether the engine runs by itself, or follows what another one told, that uses every freedom it has. */
  readonly role: "alone" | "follower";
  readonly machine: MachineDescription;
  readonly profile: string;
  readonly commands: readonly Command[];
  readonly outcomes: readonly Outcome[];
}

export interface Recorded extends Walked {
  /** Of each answer; of the explanation its kind. */
  readonly answers: readonly string[];
  /** Of the view after boot, and behind the commands at which it is looked. */
  readonly looks: readonly string[];
}

/** Where the state is recounted. */
const recountEvery = 5;
/** Where the view is compared. */
const lookEvery = 2;

/** Machines small enough to be shown whole after every command. */
const smallMachines: readonly MachineDescription[] = namedMachines.filter(({ hotplugEnd }) => hotplugEnd <= 0x1000);

/** Seeds of the search that have been pinned, and runs of each lane. */
const seed = 1;

/** Walks the pinned runs: `each` of every small machine and profile, five times as many on drawn machines, and half as many to be followed; in lockstep none of these. */
export function walkPinned(each: number, walker: Walker): readonly Walked[] {
  const lanes = [...smallMachines, ...Array.from({ length: 5 }, () => "drawn" as const)];
  const walks = (role: Walked["role"], runs: number): readonly Walked[] => lanes.flatMap((lane, nr) => [strict, linux612].flatMap((profile) => Array.from({ length: runs }, (_, run) => walked(role, lane, profile, 1000 * nr + run))));
  return [...walks("alone", each), ...(walker === "lockstep" ? [] : walks("follower", Math.ceil(each / 2)))];
}

function walked(role: Walked["role"], lane: MachineDescription | "drawn", profile: Profile, run: number): Walked {
  const draw = pseudoRandom(seed, run);
  const machine = lane === "drawn" ? drawMachine(draw) : lane;
  const { commands, outcomes } = generateScenario(draw, role === "alone" ? createEngine : createOtherEngine, machine, profile);
  return { role, machine, profile: profile.name, commands, outcomes };
}

function walkerOn({ machine, profile }: Walked, walker: Walker): CheckedSubject {
  return createSubject({ subject: walker === "specification" ? "reference" : "engine", profile, mutant: null }, machine, profileNamed(profile));
}

/** What the walker that is loaded answers and shows. */
export function record(scenario: Walked, walker: Walker): Recorded {
  const subject = walkerOn(scenario, walker);
  const looks = [lookOf(subject.view())];
  const answers = scenario.commands.map((_, at) => {
    const answer = answered(subject, scenario, at);
    if (looksAt(scenario, at)) looks.push(lookOf(subject.view()));
    return answer;
  });
  return { ...scenario, answers, looks };
}

/** Whether it differs anywhere from what was recorded, or its own recount from itself; in lockstep, whether a rule breaks. */
export function differs(scenario: Recorded, walker: Walker): boolean {
  if (walker === "lockstep") return brokenIn(scenario) !== undefined;
  try {
    const subject = walkerOn(scenario, walker);
    const isSound = (): boolean => (subject.selfCheck?.() ?? []).length === 0;
    let look = 0;
    if (lookOf(subject.view()) !== scenario.looks[look++] || !isSound()) return true;
    return scenario.commands.some((_, at) => {
      if (answered(subject, scenario, at) !== scenario.answers[at]) return true;
      if (looksAt(scenario, at) && lookOf(subject.view()) !== scenario.looks[look++]) return true;
      return recountsAt(scenario, at) && !isSound();
    });
  } catch {
    return true;
  }
}

/**
 * What notices: the rule that breaks when the engine is run beside the specification; or the specification run alone, which
 * chooses as the engine does. undefined: neither.
 */
export function noticedIn(scenario: Walked): string | undefined {
  if (scenario.role === "follower") return "it follows otherwise";
  return brokenIn(scenario) ?? otherAlone(scenario);
}

function brokenIn(scenario: Walked): string | undefined {
  const profile = profileNamed(scenario.profile);
  const { machine } = scenario;
  const lockstep = startLockstep({ machine, profile, create: () => createSubject({ subject: "engine", profile: profile.name, mutant: null }, machine, profile) });
  if (lockstep.boot[0] !== undefined) return lockstep.boot[0].rule;
  for (const command of scenario.commands) {
    const { findings, undecided } = lockstep.step(command);
    if (findings[0] !== undefined) return findings[0].rule;
    if (undecided !== null) return undefined;
  }
  return undefined;
}

/** Without half-done operations, of whose steps the order is not prescribed. */
function otherAlone(scenario: Walked): string | undefined {
  const reference = createReference(scenario.machine, profileNamed(scenario.profile));
  const engine = createEngine(scenario.machine, profileNamed(scenario.profile));
  for (const command of scenario.commands.filter(({ op }) => op !== "start" && op !== "step" && op !== "signal")) {
    const [theirs, ours] = [reference.apply(command), engine.apply(command)];
    const [field] = outcomeDifferences(theirs, ours);
    if (field !== undefined) return `alone, it chooses otherwise: ${field}`;
    if (ours.because?.kind.replace(/^offline-/u, "") !== theirs.because?.kind) return "it gives another reason";
  }
  return undefined;
}

/** What it answers to the next command, or what it says of the answer of another. */
function answered(subject: CheckedSubject, { role, commands, outcomes }: Walked, at: number): string {
  const [command, outcome] = [commands[at], outcomes[at]];
  if (command === undefined || outcome === undefined) throw new Error("a recorded run is longer than it is");
  return role === "alone" ? answerOf(subject.apply(command)) : subject.follow(command, outcome).verdict;
}

function profileNamed(name: string): Profile {
  return name === linux612.name ? linux612 : strict;
}

function looksAt({ commands }: Walked, at: number): boolean {
  return at % lookEvery === 0 || at === commands.length - 1;
}

function recountsAt({ commands }: Walked, at: number): boolean {
  return at % recountEvery === 0 || at === commands.length - 1;
}

function answerOf(outcome: Outcome): string {
  return digest({ ...outcome, because: outcome.because?.kind });
}

function lookOf(view: View): string {
  return digest(view);
}

function digest(value: unknown): string {
  return createHash("md5").update(JSON.stringify(value)).digest("base64");
}

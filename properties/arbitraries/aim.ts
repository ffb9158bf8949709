/**
 * Simpler scenarios whose frames still hit what they hit before.
 *
 * `poison 0x7a` means the page that stands there. Take an earlier allocation away and the page stands elsewhere: the
 * poison misses, the failure is gone, and a reducer that only leaves out commands is stuck with allocations that do
 * nothing but push a page to its place. So this pass first runs the scenario and notes which allocation each frame was
 * in, or in which pageblock near one; then it takes commands away, and aims the frames again while it runs what is left.
 */
import { pageblockPages, parseProfile, rangeContains, rangeEnd, toPfn } from "../../models/index.ts";
import type { Command, CreateSubject, PfnRange, Subject, View } from "../../models/index.ts";
import { mapFields } from "./command-fields.ts";
import type { Scenario } from "./scenario.ts";
import { simplerThan } from "./simplicity.ts";
import { passes } from "./simplify.ts";
import type { Pass } from "./simplify.ts";

/** A frame by what it is near to: an allocation, live or freed since, or the pageblocks that a token isolates. */
interface Aim {
  readonly near: string;
  /** The distance counts from the first frame, or from the frame behind the last. */
  readonly from: "origin" | "end";
  readonly distance: number;
  /** The frame that it is in the scenario as it stands. */
  readonly pfn: number;
}

/** Passes whose proposals are worth a run of the specification each. */
const aimedPasses: ReadonlySet<string> = new Set(["chunks", "things", "singles", "pairs", "steps", "lower", "words", "values"]);
/** In longer scenarios taking commands away pays without aiming. */
const maxCommands = 40;
/** Frames at most this many pageblocks from an allocation are aimed by it. */
const maxPageblocks = 3;

/** The pass, over a subject that tells where allocations go: the specification, as a rule. */
export function aimedPass(create: CreateSubject): Pass {
  return {
    id: "aim",
    title: "commands are left out or become simpler, and frames follow the allocations that they were aimed at",
    candidates: (scenario) => aimed(scenario, create),
  };
}

function* aimed(scenario: Scenario, create: CreateSubject): Generator<Scenario, void, undefined> {
  if (scenario.commands.length > maxCommands) return;
  const start = (): Subject | undefined => {
    const profile = parseProfile(scenario.profile);
    return "error" in profile ? undefined : create(scenario.machine, profile);
  };
  const aims: Aim[] = [];
  const commands = takeAim(scenario, aims, start());
  if (aims.length === 0) return;
  for (const pass of passes) {
    if (!aimedPasses.has(pass.id)) continue;
    for (const candidate of pass.candidates({ ...scenario, commands })) {
      const hit = aimAgain(candidate, aims, start());
      if (hit === undefined) continue;
      const simpler: Scenario = { ...scenario, commands: hit };
      if (simplerThan(simpler, scenario)) yield simpler;
    }
  }
}

// While the passes work, an aimed frame is a number beyond all frames: base + which aim it is, in steps so wide that no
// pass makes one aim of another.
const base = 2 ** 51;
const step = 2 ** 20;

/** Where things are, or were when they were last seen. */
interface Landmark {
  /** The frame from which distances count. */
  readonly origin: number;
  /** Behind its last frame. */
  readonly end: number;
  readonly ranges: readonly PfnRange[];
}

/** Takes down where allocations and isolations are now; those that are gone stay as they were. */
function survey(view: View, pageblock: number, landmarks: Map<string, Landmark>): void {
  for (const { id, ranges } of view.allocations ?? []) {
    const first = ranges[0]?.start;
    if (first === undefined) continue;
    landmarks.set(`allocation ${id}`, { origin: first, end: Math.max(...ranges.map(rangeEnd)), ranges });
    // Beside an allocation pageblocks count: what is done to its neighbours is done to all of them.
    landmarks.set(`around ${id}`, { origin: first - (first % pageblock), end: first, ranges: [] });
  }
  for (const { owner, pageblocks } of view.isolations ?? []) {
    const first = pageblocks[0];
    if (first !== undefined && "token" in owner) landmarks.set(`token ${owner.token}`, { origin: first, end: first, ranges: pageblocks.map((start) => ({ start, nrPages: pageblock })) });
  }
}

/** The commands with every frame that is near to something written as an aim. */
function takeAim({ machine, commands }: Scenario, aims: Aim[], subject: Subject | undefined): readonly Command[] {
  if (subject === undefined) return commands;
  const pageblock = pageblockPages(machine.geometry);
  const landmarks = new Map<string, Landmark>();
  return commands.map((command) => {
    survey(subject.view(), pageblock, landmarks);
    subject.apply(command);
    const coded = mapFields(command, (kind, value) => {
      const aim = kind.is === "pfn" ? aimAt(landmarks, Number(value), pageblock) : undefined;
      if (aim === undefined) return value;
      aims.push(aim);
      return base + (aims.length - 1) * step;
    });
    return coded ?? command;
  });
}

/** What the frame is in, the last that was made; else what it is nearest to. */
function aimAt(landmarks: ReadonlyMap<string, Landmark>, pfn: number, pageblock: number): Aim | undefined {
  let best: Aim | undefined;
  let bestRank = Number.POSITIVE_INFINITY;
  for (const [near, { origin, end, ranges }] of landmarks) {
    const distance = pfn - origin;
    const rank = ranges.some((range) => rangeContains(range, toPfn(pfn))) ? -1 : Math.abs(distance);
    if (rank > maxPageblocks * pageblock || rank > bestRank || (rank >= 0 && ranges.length > 0)) continue;
    // A frame near the end of an allocation stays near the end where that is made smaller.
    best = rank < 0 && end - pfn < distance ? { near, from: "end", distance: pfn - end, pfn } : { near, from: "origin", distance, pfn };
    bestRank = rank;
  }
  return best;
}

/** The commands with frames again; undefined where all of them are what they were, or where one is no frame. */
function aimAgain({ machine, commands }: Scenario, aims: readonly Aim[], subject: Subject | undefined): readonly Command[] | undefined {
  if (subject === undefined) return undefined;
  const pageblock = pageblockPages(machine.geometry);
  const landmarks = new Map<string, Landmark>();
  const made: Command[] = [];
  let moved = false;
  for (const command of commands) {
    survey(subject.view(), pageblock, landmarks);
    const aimedAgain = mapFields(command, (kind, value) => {
      if (kind.is !== "pfn" || Number(value) < base) return value;
      const aim = aims[(Number(value) - base) / step];
      if (aim === undefined) return undefined;
      const pfn = (landmarks.get(aim.near)?.[aim.from] ?? aim.pfn - aim.distance) + aim.distance;
      if (pfn !== aim.pfn) moved = true;
      return pfn;
    });
    if (aimedAgain === undefined) return undefined;
    subject.apply(aimedAgain);
    made.push(aimedAgain);
  }
  return moved ? made : undefined;
}

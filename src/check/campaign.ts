/**
 * A campaign: a search that goes on from what it has reached. A scenario that reaches a mark for the first time is kept up
 * to there. When walks from boot bring nothing new any more, every second run begins with one that was kept, changed a
 * little, and walks on from its end.
 *
 * Everything comes from the seed and from what was kept before: the same of both, the same campaign. It has not reached
 * more than plain walks where that was measured: README.md.
 */
import type { Command, MachineDescription } from "../../models/index.ts";
import { createWalker, pseudoRandom } from "../../properties/index.ts";
import type { Draw, Mark, Scenario } from "../../properties/index.ts";
import { mutate } from "./mutate.ts";
import { walks } from "./sources.ts";
import type { Course, ScenarioSource } from "./sources.ts";

/** A scenario to begin with. */
export type Start = Pick<Scenario, "machine" | "commands">;

/** A scenario that reached something first. */
export interface Kept extends Start {
  /** What its last command reached that nothing had reached before. */
  readonly marks: readonly Mark[];
}

export interface CampaignOptions {
  readonly machine: MachineDescription | "drawn";
  readonly seed: number;
  /** Kept before: each is run again first, as it is. */
  readonly corpus?: readonly Start[];
  /** Told of each scenario as it is kept. */
  readonly keep?: (kept: Kept) => void;
}

/** Runs that reached nothing new before those that were kept are tried: until then walks from boot reach more. */
const patience = 4;
/** Changes of a scenario before it is run again, at most. */
const maxChanges = 4;
/** Commands that are walked behind it. */
const minBehind = 10;
const maxBehind = 60;
/** Of those that were kept, how many are the last. */
const lately = 16;
/** Commands of a scenario that is begun with, at most: what is longer makes every run slow. */
const maxBegin = 200;

/** Without end. */
export function campaign({ machine, seed, corpus = [], keep }: CampaignOptions): ScenarioSource {
  const fresh = walks({ machine, seed });
  const kept: Start[] = [...corpus];
  let stale = 0;

  /** The course, with its commands noted, and kept up to the last that reached something new. */
  const watched = (course: Course): Course => {
    const made: Command[] = [];
    let worth: { readonly length: number; readonly marks: readonly Mark[] } | undefined;
    return {
      machine: course.machine,
      next: (view, last) => {
        const command = course.next(view, last);
        if (command !== undefined) made.push(command);
        return command;
      },
      news: (marks) => {
        stale = 0;
        worth = { length: made.length, marks };
      },
      ended: () => {
        if (worth === undefined) return;
        const scenario: Kept = { machine: course.machine, commands: made.slice(0, worth.length), marks: worth.marks };
        kept.push(scenario);
        keep?.(scenario);
      },
    };
  };

  return (run) => {
    const before = corpus[run];
    if (before !== undefined) return replayed(before);
    // The walks of a campaign are the same whatever was kept before.
    const walk = run - corpus.length;
    const draw = pseudoRandom(seed, 2 ** 32 + walk);
    stale++;
    const course = stale > patience && kept.length > 0 && draw.chance(1, 2) ? changed(draw, kept) : fresh(walk);
    return course === undefined ? undefined : watched(course);
  };
}

function replayed({ machine, commands }: Start): Course {
  let at = 0;
  return { machine, next: () => commands[at++] };
}

function changed(draw: Draw, kept: readonly Start[]): Course {
  // Every second time one of those kept lately: what they reached is the least explored.
  const { machine, commands } = draw.pick(draw.chance(1, 2) ? kept.slice(-lately) : kept);
  const others = kept.filter((other) => other.machine === machine).map((other) => other.commands);
  let begin = commands;
  for (let changes = draw.below(maxChanges + 1); changes > 0; changes--) begin = mutate(draw, machine, begin, others).slice(0, maxBegin);
  const length = begin.length + minBehind + draw.below(maxBehind - minBehind + 1);
  const walker = createWalker(draw, machine, { behind: begin });
  let made = 0;
  return {
    machine,
    next: (view) => {
      const at = made++;
      return begin[at] ?? (at < length ? walker.next(view) : undefined);
    },
  };
}

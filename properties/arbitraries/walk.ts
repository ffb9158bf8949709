/**
 * What a maker of commands has at hand: choices, the machine, the habits of the run, what can be seen now, and labels.
 */
import type { Command, Op } from "../../models/index.ts";
import { labelsOf, maxLabel } from "./command-fields.ts";
import type { LabelKind } from "./command-fields.ts";
import type { Draw } from "./draw.ts";
import type { Habits } from "./habits.ts";
import type { Situation } from "./situation.ts";
import type { World } from "./world.ts";

export interface Walk {
  readonly draw: Draw;
  readonly world: World;
  readonly habits: Habits;
  readonly now: Situation;
  readonly labels: Labels;
  /** Percent of memory in use that the run walks towards now. */
  fill: number;
}

/** From here on a run is far from the fill that it walks towards, and takes larger steps. */
export const farFromFill = 15;

/** Makes one command, or none where the situation does not allow one of its sort. */
export type Make = (walk: Walk) => Command | undefined;

/** How a command is made. */
export interface Maker {
  /** One that should be accepted as things stand. */
  readonly accepted: Make;
  /** Ways to make one that has to be refused or skipped; empty: no state refuses it. */
  readonly refused: readonly Make[];
}

export type Makers<O extends Op> = { readonly [Name in O]: Maker };

/** Labels of a run: 1, 2, 3, ... of each kind. */
export interface Labels {
  /** One that nobody has used. */
  fresh(kind: LabelKind): number;
  /** One that nothing has. */
  dangling(draw: Draw, kind: LabelKind): number;
}

/** The highest label of each kind in these commands. The upper half of the range does not count: it is for labels that nothing has. */
export function highestLabels(commands: readonly Command[]): Record<LabelKind, number> {
  const highest: Record<LabelKind, number> = { alloc: 0, token: 0, task: 0, group: 0, device: 0 };
  for (const { label, id } of commands.flatMap(labelsOf)) if (id < maxLabel / 2) highest[label] = Math.max(highest[label], id);
  return highest;
}

/** `before`: commands whose labels are used already. */
export function createLabels(before: readonly Command[] = []): Labels {
  const used = highestLabels(before);
  return {
    fresh: (kind) => {
      used[kind]++;
      return used[kind];
    },
    dangling: (draw, kind) => (draw.chance(1, 8) ? maxLabel - draw.below(2) : used[kind] + 100 + draw.below(3)),
  };
}

/** The first of these ways that works, from a random one on. */
export function firstThatWorks(walk: Walk, ways: readonly Make[]): Command | undefined {
  const from = walk.draw.below(Math.max(1, ways.length));
  for (let tried = 0; tried < ways.length; tried++) {
    const command = ways[(from + tried) % ways.length]?.(walk);
    if (command !== undefined) return command;
  }
  return undefined;
}

export function percent(walk: Walk, share: number): boolean {
  return walk.draw.chance(share, 100);
}

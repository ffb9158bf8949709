/**
 * What a recipe is: a sequence of commands that brings a rare situation about, told as a script.
 *
 * A script proposes its next command when it is asked for one, from what can be seen at that moment; other commands may
 * come between any two of its own. It gives up (false) where the situation does not allow it to go on, and says true
 * when it has reached what it is for. null: nothing to propose this time, ask again.
 */
import type { Command } from "../../../models/index.ts";
import type { Behaviour } from "../habits.ts";
import type { Walk } from "../walk.ts";
import type { World } from "../world.ts";

export type Script<Result = boolean> = Generator<Command | null, Result, undefined>;

export interface Recipe {
  readonly id: string;
  /** The situation that it brings about, as a sentence. */
  readonly title: string;
  /** Behaviours that favour it. */
  readonly favoured: readonly Behaviour[];
  /** Whether a machine allows it at all. */
  readonly possible: (world: World) => boolean;
  readonly run: (walk: Walk) => Script;
}

export const always = (): boolean => true;

/** The machine has room for blocks that were not there at boot. */
export const hasRoom = ({ spareBlocks }: World): boolean => spareBlocks.length > 0;

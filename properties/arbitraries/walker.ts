/**
 * A walk over one machine: proposes the next command from what can be seen.
 *
 * The caller applies the command to whatever it tests and gives the new view back. So a search needs no second model,
 * and a scenario grows along states that really come about, where a list of commands drawn blindly would mostly be skipped.
 */
import type { Command, MachineDescription, Profile, View, CreateSubject, Outcome } from "../../models/index.ts";
import type { Draw } from "./draw.ts";
import { behaviours, drawHabits } from "./habits.ts";
import type { Behaviour } from "./habits.ts";
import { makers } from "./makers/index.ts";
import { recipes } from "./recipes/index.ts";
import type { Recipe, Script } from "./recipes/recipe.ts";
import { Situation } from "./situation.ts";
import { createLabels, farFromFill, firstThatWorks, percent } from "./walk.ts";
import type { Walk } from "./walk.ts";
import { createWorld } from "./world.ts";
import type { World } from "./world.ts";

export interface WalkerOptions {
  /** What the run is to be about; left out: drawn. */
  readonly behaviour?: Behaviour;
  /** Percent of the commands made outside recipes that must be refused or skipped; left out: as the behaviour says. */
  readonly refusedPercent?: number;
  /** Commands that were run before, whose labels are not to be made again. */
  readonly behind?: readonly Command[];
}

export interface ScenarioOptions extends WalkerOptions {
  /** Commands of a run. Left out: 60 to 120, and fewer in one run of sixteen. */
  readonly length?: number;
}

/** What became of the recipes of a run, by id. */
export type RecipeCounts = Readonly<Record<string, { readonly begun: number; readonly completed: number }>>;

export interface Walker {
  readonly behaviour: Behaviour;
  /** The next command, for a machine that looks like this now. */
  next(view: View): Command;
  recipeCounts(): RecipeCounts;
}

interface Running {
  readonly recipe: Recipe;
  readonly script: Script;
  /** How often it had nothing to propose. */
  passes: number;
}

/** A recipe that waits for others this often is given up. */
const maxPasses = 16;
/** Recipes that a run knows. Fewer make a run that does the same few rare things in many ways. */
const repertoireSize = 6;

export function createWalker(draw: Draw, description: MachineDescription, options: WalkerOptions = {}): Walker {
  const world = worldOf(description);
  const behaviour = options.behaviour ?? draw.pick(behaviours);
  const habits = drawHabits(draw, description, behaviour, options.refusedPercent ?? null);
  const repertoire = drawRepertoire(draw, world, behaviour);
  const walk: Walk = { draw, world, habits, now: new Situation(world), labels: createLabels(options.behind), fill: 50 };
  const running: Running[] = [];
  const counts = new Map<string, { begun: number; completed: number }>();
  let nrCommands = 0;

  const countOf = (recipe: Recipe): { begun: number; completed: number } => {
    const known = counts.get(recipe.id);
    if (known !== undefined) return known;
    const count = { begun: 0, completed: 0 };
    counts.set(recipe.id, count);
    return count;
  };

  const fromRecipe = (): Command | undefined => {
    if (running.length < habits.recipesAtOnce && (running.length === 0 || draw.chance(1, 4))) {
      const recipe = draw.pick(repertoire);
      countOf(recipe).begun++;
      running.push({ recipe, script: recipe.run(walk), passes: 0 });
    }
    const index = draw.below(running.length);
    const turn = running[index];
    if (turn === undefined) return undefined;
    const said = turn.script.next();
    if (said.done === true) {
      if (said.value) countOf(turn.recipe).completed++;
      running.splice(index, 1);
      return undefined;
    }
    if (said.value !== null) return said.value;
    turn.passes++;
    if (turn.passes > maxPasses) running.splice(index, 1);
    return undefined;
  };

  return {
    behaviour,
    next: (view) => {
      walk.now.look(view);
      const commands = nrCommands;
      nrCommands++;
      if (percent(walk, habits.recipePercent)) {
        for (let tried = 0; tried < 3; tried++) {
          const command = fromRecipe();
          if (command !== undefined) return command;
        }
      }
      return freely(walk, commands);
    },
    recipeCounts: () => Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** A command of the run's liking; what it would like most may not be possible now. */
function freely(walk: Walk, nrCommands: number): Command {
  const { draw, habits, now } = walk;
  walk.fill = habits.fills[Math.floor(nrCommands / habits.fillLength) % habits.fills.length] ?? walk.fill;
  const refuse = percent(walk, habits.refusedPercent);
  for (let tried = 0; tried < 16; tried++) {
    let op = draw.pick(habits.ops);
    // Towards the fill that the run has in mind: what would lead away from it gives way two times in three, and far from
    // it other commands give way too.
    const used = now.percentUsed;
    if (op === "alloc" || op === "free" ? draw.chance(2, 3) : Math.abs(used - walk.fill) > farFromFill && draw.chance(1, 3)) op = used < walk.fill ? "alloc" : "free";
    const maker = makers[op];
    const command = refuse ? firstThatWorks(walk, maker.refused) : maker.accepted(walk);
    if (command !== undefined) return command;
  }
  return { op: "alloc", id: walk.labels.fresh("alloc"), kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" };
}

function drawRepertoire(draw: Draw, world: World, behaviour: Behaviour): readonly Recipe[] {
  const possible = recipes.filter((recipe) => recipe.possible(world)).map((recipe) => [recipe.favoured.includes(behaviour) ? 4 : 1, recipe] as const);
  const known: Recipe[] = [];
  for (let nr = 0; nr < repertoireSize; nr++) known.push(draw.weighted(possible));
  return known;
}

const worlds = new WeakMap<MachineDescription, World>();

/** The world of a description, made once for each: a search walks the same machine many times. */
function worldOf(description: MachineDescription): World {
  const known = worlds.get(description);
  if (known !== undefined) return known;
  const world = createWorld(description);
  worlds.set(description, world);
  return world;
}

/** The length of a run: nearly always near the longest, because what is rare needs time to come about. */
export function drawLength(draw: Draw, options: ScenarioOptions): number {
  if (options.length !== undefined) return options.length;
  return draw.chance(1, 16) ? 1 + draw.below(20) : 60 + draw.below(61);
}

/** A walk over a subject that runs alone. */
export function generateScenario(
  draw: Draw,
  create: CreateSubject,
  description: MachineDescription,
  profile: Profile,
  options: ScenarioOptions = {},
): { readonly commands: readonly Command[]; readonly outcomes: readonly Outcome[]; readonly recipes: RecipeCounts; readonly behaviour: Behaviour } {
  const length = drawLength(draw, options);
  const walker = createWalker(draw, description, options);
  const subject = create(description, profile);
  const commands: Command[] = [];
  const outcomes: Outcome[] = [];
  while (commands.length < length) {
    const command = walker.next(subject.view());
    commands.push(command);
    outcomes.push(subject.apply(command));
  }
  return { commands, outcomes, recipes: walker.recipeCounts(), behaviour: walker.behaviour };
}

/**
 * What is simpler than a scenario: passes over plain data.
 *
 * Each pass proposes scenarios that are simpler in the order of `simplerThan`; whoever reduces a failing scenario tries
 * them and goes on from one that still fails. A pass knows nothing of why a scenario fails and never runs anything, so a
 * scenario from a file is reduced exactly as a generated one is.
 */
import type { Scenario } from "./scenario.ts";
import { blocksGivenBack, lastReplaced, leftOutAndReplaced, leftOutAndVaried, replaced, single } from "./simplify/alphabet.ts";
import type { Inert } from "./simplify/alphabet.ts";
import { withoutChunks, withoutOne, withoutTail, withoutThings, withoutTwo } from "./simplify/leave-out.ts";
import { lowered, onBootBlocks } from "./simplify/move.ts";
import { only } from "./simplify/proposals.ts";
import { devicesAsMemory, inOneCommand, withSimplerOp, withoutSettings, withoutShortage, withoutSteps } from "./simplify/replace.ts";
import { renumbered, sharedFrames, swapped, withSimplerValue } from "./simplify/values.ts";

export interface Pass {
  readonly id: string;
  /** What it proposes, as a sentence. */
  readonly title: string;
  readonly candidates: (scenario: Scenario) => Iterable<Scenario>;
  /** Whatever its proposals break is worth knowing, besides the rule in question. Left out: as whoever reduces thinks. */
  readonly telling?: true;
}

/** The passes, in the order in which they pay: first what makes a long scenario short, last what makes a short one plain. */
export const passes: readonly Pass[] = [
  { id: "tail", title: "the last commands are left out", candidates: only(withoutTail) },
  { id: "chunks", title: "a run of commands is left out", candidates: only(withoutChunks) },
  { id: "things", title: "a thing is left out with everything that is done to it", candidates: only(withoutThings) },
  { id: "singles", title: "one command is left out", candidates: only(withoutOne) },
  { id: "pairs", title: "two commands are left out", candidates: only(withoutTwo) },
  { id: "steps", title: "an operation in steps becomes one command", candidates: only(withoutSteps) },
  { id: "settings", title: "a setting is left out, and the blocks that it decided about are told what to be", candidates: only(withoutSettings) },
  { id: "joined", title: "a block goes offline and is removed in one command", candidates: only(inOneCommand) },
  { id: "devices", title: "a device that comes and goes becomes memory that does", candidates: only(devicesAsMemory) },
  { id: "boot", title: "a block that was added becomes a block that is there at boot", candidates: only(onBootBlocks) },
  { id: "shortage", title: "allocations that leave nothing become a failure that is armed, or a page that is held", candidates: only(withoutShortage) },
  { id: "lower", title: "a block, pageblock or node becomes a lower one throughout, or everything moves down", candidates: only(lowered) },
  { id: "words", title: "one command becomes a simpler one", candidates: only(withSimplerOp) },
  { id: "values", title: "one field of one command becomes simpler", candidates: only(withSimplerValue) },
  { id: "frames", title: "a frame that several commands name becomes a simpler one in all of them", candidates: only(sharedFrames) },
  { id: "labels", title: "labels are numbered from 1 in the order of their appearance", candidates: only(renumbered) },
  { id: "order", title: "two neighbouring commands change places", candidates: only(swapped) },
];

/** Passes that try everything near a short scenario, for when the others have no more. Many proposals, most of them in vain; `inert` saves some. */
export const thoroughPasses = (inert: Inert = () => false): readonly Pass[] => [
  { id: "single", title: "one command of the alphabet, and no other", candidates: only(single) },
  { id: "given-back", title: "something that is made and given back becomes a block of pages that is", candidates: only(blocksGivenBack) },
  { id: "last", title: "the last command becomes one of the alphabet", candidates: only(lastReplaced(inert)), telling: true },
  { id: "replaced", title: "one command becomes one of the alphabet", candidates: only(replaced(inert)) },
  { id: "left-out-and-replaced", title: "one command is left out, and another becomes one of the alphabet", candidates: only(leftOutAndReplaced(inert)) },
  { id: "left-out-and-varied", title: "one command is left out, and one field of another takes another value", candidates: only(leftOutAndVaried) },
];

/** Every proposal of every pass. */
export function* simplifications(scenario: Scenario): Generator<Scenario, void, undefined> {
  for (const pass of passes) yield* pass.candidates(scenario);
}

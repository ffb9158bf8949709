/** Recipes around a virtio-mem device. */
import { rangeContains } from "../../../models/index.ts";
import { pickWhere } from "../draw.ts";
import { behaviours } from "../habits.ts";
import { nrRegionBlocks } from "../makers/vmem.ts";
import type { Walk } from "../walk.ts";
import type { World } from "../world.ts";
import type { Recipe, Script } from "./recipe.ts";
import { hotplugIdle, writeState } from "./steps.ts";

function* request(walk: Walk, nrBlocks: number): Script {
  if (!(yield* hotplugIdle(walk))) return false;
  yield { op: "vmem-request", nrPages: nrBlocks * walk.world.block };
  return true;
}

// It grows, one of its blocks comes online, it shrinks around that one, and grows again.
//
//   | offline | online | offline |     |   -   | online |   -   |
function* growAndShrink(walk: Walk): Script {
  const { draw, now, world } = walk;
  const region = world.description.virtioMem?.region;
  if (region === undefined || !(yield* request(walk, 1 + draw.below(nrRegionBlocks(walk))))) return false;
  const block = pickWhere(draw, now.blocks, ({ block: id, state }) => state === "offline" && rangeContains(region, now.blockRange(id).start));
  if (block === undefined || !(yield* writeState(walk, block.block, draw.pick(walk.habits.onlineWords)))) return false;
  if (!(yield* request(walk, draw.below(2)))) return false;
  if (draw.chance(1, 2) && (yield* hotplugIdle(walk))) yield { op: "fail-next", what: draw.pick(["usage", "memmap", "memory-block"]), skip: draw.below(2) };
  return yield* request(walk, draw.below(nrRegionBlocks(walk) + 2));
}

const hasVirtioMem = ({ description }: World): boolean => description.virtioMem !== undefined;

export const vmemRecipes: readonly Recipe[] = [{ id: "vmem-grow-and-shrink", title: "a virtio-mem device grows, shrinks around a block that is online, and grows again", favoured: behaviours, possible: hasVirtioMem, run: growAndShrink }];

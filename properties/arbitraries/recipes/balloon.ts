/** Recipes around the balloon. */
import { firstFrame } from "../allocation.ts";
import { pickWhere } from "../draw.ts";
import { inflateOne, pickAllocation } from "../makers/pages.ts";
import type { Walk } from "../walk.ts";
import type { Recipe, Script } from "./recipe.ts";
import { onlineWord, takeOffline, writeState } from "./steps.ts";

// Inflated pages have to leave their block, and come to another zone; then they are given back.
function* balloonMoves(walk: Walk): Script {
  const { draw, now } = walk;
  for (let taken = 1 + draw.below(3); taken > 0; taken--) {
    const command = inflateOne(walk);
    if (command !== undefined) yield command;
  }
  const page = pickAllocation(walk, (allocation) => allocation.inflated === true);
  const from = page === undefined ? undefined : firstFrame(page);
  if (page === undefined || from === undefined) return false;
  const block = now.blockOf(from);
  if (draw.chance(1, 6)) yield { op: "soft-offline", pfn: from };
  else if (!(yield* takeOffline(walk, block))) return false;
  const moved = now.allocation(page.id) !== undefined && firstFrame(page) !== now.allocation(page.id)?.ranges[0]?.start;
  yield { op: "deflate", id: page.id };
  const offline = pickWhere(draw, now.blocks, (candidate) => candidate.block === block && candidate.state === "offline");
  if (offline !== undefined && draw.chance(1, 2)) yield* writeState(walk, block, onlineWord(walk));
  return moved;
}

export const balloonRecipes: readonly Recipe[] = [
  { id: "balloon-moves", title: "an inflated page makes way, to another zone perhaps, and is given back", favoured: ["hotplug", "mixed"], possible: ({ description }) => description.balloon === true, run: balloonMoves },
];

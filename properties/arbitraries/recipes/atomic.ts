/** Recipes around HighAtomic reserves. */
import { atomicOf } from "../makers/pages.ts";
import type { Walk } from "../walk.ts";
import type { Recipe, Script } from "./recipe.ts";
import { allocate, letGo } from "./steps.ts";

// The reserve grows, and is used or given up.
function* atomicReserve(walk: Walk): Script {
  const { draw, now } = walk;
  const first = atomicOf(walk, draw.weighted([[3, 1], [1, 2], [1, 3]]));
  yield first;
  if (now.allocation(first.id) === undefined) return false;
  const grown = now.zones.some(({ nrReservedHighAtomic = 0 }) => nrReservedHighAtomic > 0);
  if (draw.chance(1, 4)) yield { op: "free", id: first.id, pcp: true };
  else if (draw.chance(2, 3) && !(yield* letGo(walk, first.id))) return false;
  if (draw.chance(1, 2)) yield atomicOf(walk, draw.chance(1, 2) ? first.order : 1);
  if (draw.chance(2, 3)) yield { op: "unreserve", node: first.node, movable: draw.chance(1, 2), force: draw.chance(3, 4) };
  return grown;
}

// A request that can not wait finds what it needs on a per-CPU list.
function* atomicFromList(walk: Walk): Script {
  const { draw, now } = walk;
  const order = draw.chance(3, 4) ? 1 : 2;
  const page = yield* allocate(walk, "kernel", order);
  const first = page?.ranges[0]?.start;
  if (page === undefined || first === undefined) return false;
  yield { op: "free", id: page.id, pcp: true };
  const listed = now.pcp.some(({ pfn }) => pfn === first);
  yield atomicOf(walk, order);
  return listed && now.pcp.every(({ pfn }) => pfn !== first);
}

const possible: Recipe["possible"] = ({ description }) => description.highAtomic === true;

export const atomicRecipes: readonly Recipe[] = [
  { id: "atomic-reserve", title: "requests that can not wait reserve pageblocks, use them, and give them up", favoured: ["mixed", "churn", "fragment", "isolate"], possible, run: atomicReserve },
  { id: "atomic-from-list", title: "a request that can not wait is served from a per-CPU list", favoured: ["mixed", "churn"], possible, run: atomicFromList },
];

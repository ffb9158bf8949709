/** Recipes around the batches of the LRU. */
import { isBatchable, isFreeable } from "../allocation.ts";
import { pickAllocation } from "../makers/pages.ts";
import type { Walk } from "../walk.ts";
import type { Recipe, Script } from "./recipe.ts";
import { allocate, movablePage } from "./steps.ts";

// A page that has to move before it is pinned for long is in a batch; others are too, and some of them were freed.
function* batchedPin(walk: Walk): Script {
  const { draw, now } = walk;
  const fits = isBatchable;
  const page = (yield* movablePage(walk, fits)) ?? (yield* allocate(walk, draw.pick(["user", "file"]), 0));
  if (page === undefined) return false;
  const other = pickAllocation(walk, (candidate) => candidate.id !== page.id && isBatchable(candidate));
  if (other !== undefined && draw.chance(1, 3)) {
    yield { op: "lru-batch", id: other.id };
    const batched = now.allocation(other.id);
    if (batched !== undefined && isFreeable(batched) && draw.chance(1, 2)) yield { op: "free", id: other.id, pcp: false };
  }
  if (draw.chance(1, 3)) yield { op: "lru-isolate", id: page.id };
  yield { op: "lru-batch", id: page.id };
  const from = now.allocation(page.id)?.ranges[0]?.start;
  yield { op: "pin", id: page.id, longTerm: true };
  const pinned = now.allocation(page.id);
  return pinned !== undefined && pinned.longTermPins > 0 && pinned.ranges[0]?.start !== from;
}

// A page in a batch is freed by its owner, and goes with whatever drains the batch.
function* batchedFree(walk: Walk): Script {
  const { draw, now } = walk;
  const page = pickAllocation(walk, isBatchable) ?? (yield* allocate(walk, draw.pick(["user", "file"]), 0));
  if (page === undefined) return false;
  if (draw.chance(1, 2) && !page.lruIsolated) yield { op: "lru-isolate", id: page.id };
  yield { op: "lru-batch", id: page.id };
  if (now.allocation(page.id)?.lruBatch === "none") return false;
  yield { op: "free", id: page.id, pcp: draw.chance(1, 2) };
  const first = now.allocation(page.id)?.ranges[0]?.start;
  if (first === undefined) return false;
  const how = draw.below(4);
  if (how === 0) yield { op: "poison", pfn: first };
  else if (how === 1) yield { op: "soft-offline", pfn: first };
  else yield { op: "lru-drain" };
  return now.allocation(page.id) === undefined;
}

const possible: Recipe["possible"] = ({ description }) => description.lruBatches === true;

export const lruBatchRecipes: readonly Recipe[] = [
  { id: "batched-pin", title: "a page in a batch of the LRU has to move before it is pinned for long", favoured: ["mixed", "cma", "churn"], possible, run: batchedPin },
  { id: "batched-free", title: "a page in a batch of the LRU is freed, and goes with the batch", favoured: ["mixed", "churn", "poison"], possible, run: batchedFree },
];

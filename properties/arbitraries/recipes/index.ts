/** Every recipe. */
import { atomicRecipes } from "./atomic.ts";
import { balloonRecipes } from "./balloon.ts";
import { blockRecipes } from "./blocks.ts";
import { contigRecipes } from "./contig.ts";
import { deviceRecipes } from "./devices.ts";
import { hugeRecipes } from "./huge.ts";
import { isolationRecipes } from "./isolation.ts";
import { lruBatchRecipes } from "./lru-batches.ts";
import { kmemRecipes } from "./kmem.ts";
import { pageRecipes } from "./pages.ts";
import type { Recipe } from "./recipe.ts";
import { refusalRecipes } from "./refusals.ts";
import { statsRecipes } from "./stats.ts";
import { taskRecipes } from "./tasks.ts";
import { vmemRecipes } from "./vmem.ts";

export const recipes: readonly Recipe[] = [...isolationRecipes, ...contigRecipes, ...pageRecipes, ...blockRecipes, ...refusalRecipes, ...deviceRecipes, ...taskRecipes, ...balloonRecipes, ...statsRecipes, ...hugeRecipes, ...lruBatchRecipes, ...kmemRecipes, ...vmemRecipes, ...atomicRecipes];

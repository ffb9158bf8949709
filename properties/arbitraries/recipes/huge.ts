/** Recipes around pools of huge pages. */
import { pfnAdd, rangesOverlap } from "../../../models/index.ts";
import type { AllocationView, BlockView, NodeId } from "../../../models/index.ts";
import { firstFrame, isFreeHugePage } from "../allocation.ts";
import { pickWhere } from "../draw.ts";
import { behaviours } from "../habits.ts";
import { drawNode } from "../makers/pages.ts";
import type { Walk } from "../walk.ts";
import type { World } from "../world.ts";
import type { Recipe, Script } from "./recipe.ts";
import { clearOut, hotplugIdle, letGo, onlineBlock } from "./steps.ts";

/** One more free page for the pool of this order, of the node; undefined: there is no room. */
function* grow(walk: Walk, order: number, node: NodeId): Script<AllocationView | undefined> {
  const id = walk.labels.fresh("alloc");
  yield { op: "huge-grow", id, order, node };
  return walk.now.allocation(id);
}

function drawSize(walk: Walk): number {
  return walk.draw.pick((walk.world.description.hugePages ?? []).map(({ order }) => order));
}

/** A few free pages for the pools, of both sizes where there are two. */
function* fill(walk: Walk, node: NodeId): Script {
  let grown = 0;
  for (let left = 1 + walk.draw.below(4); left > 0; left--) if ((yield* grow(walk, drawSize(walk), node)) !== undefined) grown++;
  return grown > 0;
}

function holdsHugePage(walk: Walk, { block }: BlockView): boolean {
  const range = walk.now.blockRange(block);
  return walk.now.allocations.some((page) => page.pool === true && page.ranges.some((taken) => rangesOverlap(taken, range)));
}

/** A block that could go offline but for the huge pages in it. */
function* blockWithHugePages(walk: Walk): Script<BlockView | undefined> {
  const { draw, now } = walk;
  const find = (): BlockView | undefined => pickWhere(draw, now.blocks, (block) => now.mayGoOffline(block) && holdsHugePage(walk, block));
  const found = find();
  if (found !== undefined) return found;
  const block = yield* onlineBlock(walk);
  const node = block === undefined ? undefined : now.block(block)?.node;
  if (node === undefined || !(yield* fill(walk, node))) return undefined;
  return find();
}

// Free huge pages stand in a block that goes offline, some of them promised.
function* offlineHugePages(walk: Walk): Script {
  const { draw, now } = walk;
  yield* fill(walk, drawNode(walk));
  const block = yield* blockWithHugePages(walk);
  if (block === undefined) return false;
  const pool = pickWhere(draw, now.hugePools, ({ free }) => free > 0);
  if (pool !== undefined && draw.chance(1, 2)) yield { op: "huge-reserve", order: pool.order, count: draw.chance(2, 3) ? pool.free : draw.below(pool.free + 1) };
  const inBlock = pickWhere(draw, now.allocations, (page) => isFreeHugePage(page) && page.ranges.some(({ start }) => now.blockOf(start) === block.block));
  if (inBlock !== undefined && draw.chance(1, 4)) yield { op: "huge-use", id: inBlock.id, reserved: now.hugePools.some(({ order, reserved }) => order === inBlock.order && reserved > 0) };
  yield* clearOut(walk, block.block);
  if (!(yield* hotplugIdle(walk))) return false;
  yield { op: "write-state", block: block.block, value: "offline" };
  const gone = now.block(block.block)?.state === "offline";
  for (const { order, reserved } of now.hugePools) if (reserved > 0 && draw.chance(2, 3)) yield { op: "huge-reserve", order, count: 0 };
  if (gone || !(yield* hotplugIdle(walk))) return gone;
  yield { op: "write-state", block: block.block, value: "offline" };
  return true;
}

// A memory error strikes a free huge page that is promised: the page stays, and the error is a test.
function* poisonPromised(walk: Walk): Script {
  const { draw, now } = walk;
  const page = pickWhere(draw, now.allocations, isFreeHugePage) ?? (yield* grow(walk, drawSize(walk), drawNode(walk)));
  const start = page === undefined ? undefined : firstFrame(page);
  const pool = now.hugePools.find(({ order }) => order === page?.order);
  if (page === undefined || start === undefined || pool === undefined || page.order === null || now.nrPoisoned >= walk.habits.maxPoisoned) return false;
  yield { op: "huge-reserve", order: pool.order, count: pool.free };
  const size = 2 ** page.order;
  const bad = draw.chance(2, 3) ? 0 : draw.below(size);
  yield { op: draw.chance(7, 8) ? "poison" : "soft-offline", pfn: pfnAdd(start, bad) };
  // A good frame of the page is asked about first: that one frame is bad says nothing of another.
  if (!draw.chance(1, 8)) yield { op: "unpoison", pfn: pfnAdd(start, (bad + 1 + draw.below(size - 1)) % size) };
  if (!draw.chance(1, 4)) yield { op: "unpoison", pfn: pfnAdd(start, bad) };
  if (draw.chance(1, 2)) yield { op: "huge-reserve", order: pool.order, count: 0 };
  return true;
}

// A page in use is freed while somebody holds it, and is free in its pool only then.
function* heldBeyondUse(walk: Walk): Script {
  const { draw, now } = walk;
  const page = pickWhere(draw, now.allocations, isFreeHugePage) ?? (yield* grow(walk, drawSize(walk), drawNode(walk)));
  if (page === undefined) return false;
  const promised = draw.chance(1, 2);
  const pool = now.hugePools.find(({ order }) => order === page.order);
  if (promised && pool !== undefined && pool.reserved === 0 && pool.free > 0) yield { op: "huge-reserve", order: pool.order, count: 1 };
  yield { op: "huge-use", id: page.id, reserved: promised };
  yield { op: "hold", id: page.id };
  const start = now.allocation(page.id)?.ranges[0]?.start;
  if (draw.chance(1, 2) && start !== undefined) yield { op: "alloc-contig", id: walk.labels.fresh("alloc"), start, nrPages: walk.world.pageblock, compound: false, gfp: "kernel" };
  yield { op: "free", id: page.id, pcp: false };
  if (draw.chance(1, 2) && start !== undefined && now.nrPoisoned < walk.habits.maxPoisoned) yield { op: "poison", pfn: start };
  return yield* letGo(walk, page.id);
}

// Whoever searches a machine with pools means them, whatever else the run is about.
const hasPools = ({ description }: World): boolean => description.hugePages !== undefined;

export const hugeRecipes: readonly Recipe[] = [
  { id: "huge-offline", title: "a block with free huge pages goes offline, some of them promised", favoured: behaviours, possible: hasPools, run: offlineHugePages },
  { id: "huge-poison", title: "an error strikes a free huge page that is promised, and is taken back", favoured: behaviours, possible: hasPools, run: poisonPromised },
  { id: "huge-held", title: "a huge page is given back while somebody holds it", favoured: behaviours, possible: hasPools, run: heldBeyondUse },
];

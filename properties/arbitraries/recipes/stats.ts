/** Recipes around the statistics of nodes. */
import type { NodeId } from "../../../models/index.ts";
import { pickWhere } from "../draw.ts";
import type { Walk } from "../walk.ts";
import type { Recipe, Script } from "./recipe.ts";
import { add, allocate, hotplugIdle, onlineWord, remove, roomFor, takeOffline, writeState } from "./steps.ts";

// Pages of a node are counted as isolated and put back, on either side of a fold; then the node goes with all its memory, and comes back.
function* nodeStatsReturn(walk: Walk): Script {
  const { draw, now, world } = walk;
  const { nodes } = world.description;
  const node: NodeId | undefined = pickWhere(draw, nodes.map((_, id) => id), (id) => nodes[id]?.cpus === false);
  if (node === undefined) return false;
  const known = now.blocks.find((block) => block.node === node);
  const block = known?.block ?? (yield* roomFor(walk, 1));
  if (block === undefined || (known === undefined && !(yield* add(walk, block, 1, { node })))) return false;
  if (now.block(block)?.state !== "online" && !(yield* writeState(walk, block, onlineWord(walk)))) return false;
  const page = yield* allocate(walk, draw.pick(["user", "file"]), 0, node);
  const isOfNode = page !== undefined && now.zoneView(page.ranges[0]?.start ?? 0)?.node === node;
  if (!isOfNode) return false;
  yield { op: "lru-isolate", id: page.id };
  yield { op: "vmstat-refresh" };
  yield { op: "lru-putback", id: page.id };
  for (let left = 0; left < 4; left++) {
    const next = now.blocks.find((candidate) => candidate.node === node);
    if (next === undefined) break;
    if (!(yield* takeOffline(walk, next.block)) || !(yield* remove(walk, now.blockRange(next.block)))) return false;
  }
  if (!(yield* hotplugIdle(walk))) return false;
  return yield* add(walk, block, 1, { node });
}

export const statsRecipes: readonly Recipe[] = [
  {
    id: "node-stats-return",
    title: "a node goes with counts that were not folded, and comes back",
    favoured: ["hotplug", "mixed"],
    possible: ({ description }) => description.nodeStats === true && description.nodes.some(({ cpus }) => !cpus),
    run: nodeStatsReturn,
  },
];

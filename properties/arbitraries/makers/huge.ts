/** Commands of the pools of huge pages. Only on machines that keep such pages. */
import type { HugePoolView, Op } from "../../../models/index.ts";
import { isFreeHugePage } from "../allocation.ts";
import { pickWhere } from "../draw.ts";
import type { Makers, Walk } from "../walk.ts";
import { drawNode, pickAllocation } from "./pages.ts";

type HugeOp = Extract<Op, `huge-${string}`>;

function drawOrder(walk: Walk): number | undefined {
  const sizes = walk.world.description.hugePages;
  return sizes === undefined ? undefined : walk.draw.pick(sizes).order;
}

function poolWhere(walk: Walk, fits: (pool: HugePoolView) => boolean): HugePoolView | undefined {
  return pickWhere(walk.draw, walk.now.hugePools, fits);
}

const anyLabel = (walk: Walk): number => pickAllocation(walk, (allocation) => !isFreeHugePage(allocation))?.id ?? walk.labels.dangling(walk.draw, "alloc");

export const hugeMakers: Makers<HugeOp> = {
  "huge-grow": {
    accepted: (walk) => {
      const order = drawOrder(walk);
      return order === undefined ? undefined : { op: "huge-grow", id: walk.labels.fresh("alloc"), order, node: drawNode(walk) };
    },
    refused: [
      (walk) => ({ op: "huge-grow", id: walk.labels.fresh("alloc"), order: walk.world.geometry.maxPageOrder + 1 + walk.draw.below(2), node: drawNode(walk) }),
      (walk) => ({ op: "huge-grow", id: walk.labels.fresh("alloc"), order: drawOrder(walk) ?? 1, node: walk.world.description.nodes.length }),
      (walk) => {
        const taken = pickAllocation(walk, () => true);
        return taken === undefined ? undefined : { op: "huge-grow", id: taken.id, order: drawOrder(walk) ?? 1, node: drawNode(walk) };
      },
    ],
  },
  "huge-shrink": {
    accepted: (walk) => {
      const page = pickAllocation(walk, isFreeHugePage);
      return page === undefined ? undefined : { op: "huge-shrink", id: page.id };
    },
    refused: [(walk) => ({ op: "huge-shrink", id: anyLabel(walk) }), (walk) => ({ op: "huge-shrink", id: walk.labels.dangling(walk.draw, "alloc") })],
  },
  "huge-reserve": {
    accepted: (walk) => {
      const pool = poolWhere(walk, ({ free }) => free > 0);
      return pool === undefined ? undefined : { op: "huge-reserve", order: pool.order, count: walk.draw.chance(1, 2) ? pool.free : walk.draw.below(pool.free + 1) };
    },
    refused: [
      (walk) => {
        const pool = poolWhere(walk, () => true);
        return pool === undefined ? undefined : { op: "huge-reserve", order: pool.order, count: pool.free + 1 + walk.draw.below(2) };
      },
      (walk) => ({ op: "huge-reserve", order: walk.world.geometry.maxPageOrder + 1, count: walk.draw.below(2) }),
    ],
  },
  "huge-use": {
    accepted: (walk) => {
      const page = pickAllocation(walk, isFreeHugePage);
      const pool = poolWhere(walk, ({ order }) => order === page?.order);
      if (page === undefined || pool === undefined) return undefined;
      return { op: "huge-use", id: page.id, reserved: pool.reserved > 0 && (pool.reserved === pool.free || walk.draw.chance(1, 2)) };
    },
    refused: [
      (walk) => ({ op: "huge-use", id: anyLabel(walk), reserved: walk.draw.chance(1, 2) }),
      (walk) => ({ op: "huge-use", id: walk.labels.dangling(walk.draw, "alloc"), reserved: false }),
      (walk) => {
        const page = pickAllocation(walk, isFreeHugePage);
        return page === undefined ? undefined : { op: "huge-use", id: page.id, reserved: walk.draw.chance(1, 2) };
      },
    ],
  },
};

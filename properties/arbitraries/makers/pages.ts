/** Commands of the page allocator: pages, per-CPU lists, references. */
import { orderFits, pageKindTraits, pageKinds, zoneTypes } from "../../../models/index.ts";
import type { Alloc, AllocAtomic, AllocId, AllocationView, NodeId, Op, PageKind, PinRange, ZoneType, ZoneView } from "../../../models/index.ts";
import { firstFrame, isBatchable, isFreeable, isInBatch, isLru, isMapped } from "../allocation.ts";
import { pickWhere } from "../draw.ts";
import { farFromFill, percent } from "../walk.ts";
import type { Make, Makers, Walk } from "../walk.ts";

type PageOp = Extract<Op, "alloc" | "alloc-atomic" | "unreserve" | "free" | "drain" | "pcp-disable" | "pcp-enable" | "compact" | "hold" | "release" | "lru-isolate" | "lru-putback" | "lru-batch" | "lru-drain" | "pin" | "pin-range" | "unpin" | "inflate" | "deflate">;

/** A request for a block; the rest of it by the habits of the run. */
export function allocOf(walk: Walk, kind: PageKind, order: number): Alloc {
  const { draw, habits, labels } = walk;
  return {
    op: "alloc",
    id: labels.fresh("alloc"),
    kind,
    order,
    node: drawNode(walk),
    thisNode: percent(walk, habits.thisNodePercent),
    zone: pageKindTraits[kind].takesZoneModifier ? draw.pick(habits.zones) : "normal",
  };
}

/** A node to ask for: online ones only, unless there is none. */
export function drawNode(walk: Walk): NodeId {
  return pickWhere(walk.draw, walk.habits.nodes, (node) => walk.now.isNodeOnline(node)) ?? 0;
}

const allocSome: Make = (walk) => {
  const { now, draw, habits } = walk;
  const largest = now.largestFreeOrder;
  if (largest < 0) return undefined;
  const liked = draw.pick(habits.kinds);
  // What kernel zones no longer have, movable pages may still find.
  const kind = pageKindTraits[liked].highestZone === "Normal" && now.nrFreeKernel <= 0 && draw.chance(7, 8) ? draw.pick<PageKind>(["user", "folio"]) : liked;
  const { minOrder } = pageKindTraits[kind];
  if (largest < minOrder) return allocOf(walk, "user", 0);
  let top = minOrder;
  while (top < largest && orderFits(walk.world.geometry, kind, top + 1)) top++;
  const orders = walk.fill - now.percentUsed > farFromFill && draw.chance(3, 4) ? "large" : habits.orders;
  return allocOf(walk, kind, drawOrder(walk, minOrder, top, orders));
};

function drawOrder(walk: Walk, low: number, high: number, orders: "any" | "small" | "large"): number {
  const { draw } = walk;
  if (high === low) return low;
  if (orders === "any") return low + draw.below(high - low + 1);
  // Half the time the end of the scale, else one step nearer to the other end, and so on.
  let steps = 0;
  while (steps < high - low && draw.chance(1, 2)) steps++;
  return orders === "small" ? low + steps : high - steps;
}

/** Half of the time a page from an isolated pageblock, if there is one: what is freed there is what goes wrong. */
const freeSome: Make = (walk) => {
  const { draw, now, habits } = walk;
  const inIsolated = now.isolations.length > 0 && draw.chance(1, 2) ? pickWhere(draw, now.allocations, (allocation) => isFreeable(allocation) && now.isIsolated(firstFrame(allocation) ?? 0)) : undefined;
  const allocation = inIsolated ?? pickWhere(draw, now.allocations, isFreeable);
  return allocation === undefined ? undefined : { op: "free", id: allocation.id, pcp: percent(walk, habits.pcpPercent) };
};

/** An allocation of this sort, if there is one. */
export function pickAllocation(walk: Walk, fits: (allocation: AllocationView) => boolean): AllocationView | undefined {
  return pickWhere(walk.draw, walk.now.allocations, fits);
}

function pickZone(walk: Walk, fits: (zone: ZoneView) => boolean): { readonly node: NodeId; readonly zone: ZoneType } | undefined {
  const zone = pickWhere(walk.draw, walk.now.zones, fits);
  return zone === undefined ? undefined : { node: zone.node, zone: zone.type };
}

function noSuchNode(walk: Walk): NodeId {
  return walk.world.description.nodes.length + walk.draw.below(2);
}

function anyZone(walk: Walk): { readonly node: NodeId; readonly zone: ZoneType } {
  return { node: noSuchNode(walk), zone: walk.draw.pick(zoneTypes) };
}

const isFreed = (allocation: AllocationView): boolean => allocation.freed;
const isTaken = ({ kind }: AllocationView): boolean => kind === "contig" || kind === "cma";

/** A label of nothing, or of something that the command is not for. */
const wrongAlloc = (fits: (allocation: AllocationView) => boolean) => (walk: Walk): number => pickAllocation(walk, fits)?.id ?? walk.labels.dangling(walk.draw, "alloc");

const danglingAlloc = (walk: Walk): number => walk.labels.dangling(walk.draw, "alloc");

function pinRangeOf(walk: Walk, first: AllocId | null, last: AllocId | null): PinRange {
  const { draw, now, world } = walk;
  const order = first === null ? 0 : (now.allocation(first)?.order ?? 0);
  const zero = world.description.zeroPage !== undefined && draw.chance(1, 3);
  return { op: "pin-range", first, skip: draw.chance(1, 3) ? 0 : draw.below(2 ** order), zero, last, longTerm: draw.chance(2, 3) };
}

/** The end of a large page and what lies behind it, mostly; the zero page alone, now and then. */
const pinRangeSome: Make = (walk) => {
  const { draw, world } = walk;
  if (world.description.zeroPage !== undefined && draw.chance(1, 6)) return { ...pinRangeOf(walk, null, null), zero: true };
  const last = pickAllocation(walk, isMapped);
  const first = pickAllocation(walk, (candidate) => isMapped(candidate) && candidate !== last && (candidate.order ?? 0) > 0) ?? pickAllocation(walk, (candidate) => isMapped(candidate) && candidate !== last);
  if (last === undefined) return undefined;
  return pinRangeOf(walk, first?.id ?? null, last.id);
};

export const pageMakers: Makers<PageOp> = {
  alloc: {
    accepted: allocSome,
    refused: [
      (walk) => ({ ...allocOf(walk, "user", 0), id: pickAllocation(walk, () => true)?.id ?? walk.labels.fresh("alloc"), node: noSuchNode(walk) }),
      (walk) => {
        const taken = pickAllocation(walk, () => true);
        return taken === undefined ? undefined : { ...allocOf(walk, "user", 0), id: taken.id };
      },
      (walk) => {
        const kind = walk.draw.pick(pageKinds);
        const order = walk.draw.below(walk.world.geometry.maxPageOrder + 3);
        return orderFits(walk.world.geometry, kind, order) ? undefined : allocOf(walk, kind, order);
      },
      (walk) => {
        const order = walk.now.largestFreeOrder + 1;
        return order > walk.world.geometry.maxPageOrder ? undefined : allocOf(walk, "kernel", order);
      },
      (walk) => {
        const node = pickWhere(walk.draw, walk.habits.nodes, (candidate) => !walk.now.isNodeOnline(candidate));
        return node === undefined ? undefined : { ...allocOf(walk, "user", 0), node };
      },
    ],
  },
  free: {
    accepted: freeSome,
    refused: [
      (walk) => ({ op: "free", id: danglingAlloc(walk), pcp: walk.draw.chance(1, 2) }),
      (walk) => ({ op: "free", id: wrongAlloc(isFreed)(walk), pcp: false }),
      (walk) => ({ op: "free", id: wrongAlloc(isTaken)(walk), pcp: false }),
    ],
  },
  "alloc-atomic": {
    accepted: (walk) => atomicOne(walk),
    refused: [
      (walk) => {
        const taken = pickAllocation(walk, () => true);
        return taken === undefined ? undefined : { ...atomicOf(walk, 1), id: taken.id };
      },
      (walk) => atomicOf(walk, walk.draw.chance(1, 2) ? 0 : walk.world.geometry.maxPageOrder + 1),
      (walk) => ({ ...atomicOf(walk, 1), node: noSuchNode(walk) }),
      (walk) => (walk.now.largestFreeOrder < walk.world.geometry.maxPageOrder ? atomicOf(walk, walk.world.geometry.maxPageOrder) : undefined),
    ],
  },
  unreserve: {
    accepted: (walk) => ({ op: "unreserve", node: drawNode(walk), movable: walk.draw.chance(1, 2), force: walk.draw.chance(2, 3) }),
    refused: [(walk) => ({ op: "unreserve", node: noSuchNode(walk), movable: false, force: true })],
  },
  drain: {
    accepted: (walk) => {
      const zone = walk.now.pcp.length === 0 ? pickZone(walk, ({ managed }) => managed > 0) : listedZone(walk);
      return zone === undefined ? undefined : { op: "drain", ...zone };
    },
    refused: [(walk) => ({ op: "drain", ...anyZone(walk) })],
  },
  "pcp-disable": {
    accepted: (walk) => {
      const zone = pickZone(walk, ({ managed, pcpDisabled }) => managed > 0 && pcpDisabled === 0);
      return zone === undefined ? undefined : { op: "pcp-disable", ...zone };
    },
    refused: [
      (walk) => ({ op: "pcp-disable", ...anyZone(walk) }),
      (walk) => ({ op: "pcp-disable", ...(pickZone(walk, ({ pcpDisabled }) => (pcpDisabled ?? 0) > 0) ?? anyZone(walk)) }),
    ],
  },
  "pcp-enable": {
    accepted: (walk) => {
      const zone = pickZone(walk, ({ pcpDisabled }) => (pcpDisabled ?? 0) > 0);
      return zone === undefined ? undefined : { op: "pcp-enable", ...zone };
    },
    refused: [
      (walk) => ({ op: "pcp-enable", ...anyZone(walk) }),
      (walk) => ({ op: "pcp-enable", ...(pickZone(walk, ({ pcpDisabled }) => pcpDisabled === 0) ?? anyZone(walk)) }),
    ],
  },
  compact: {
    accepted: (walk) => {
      const zone = pickZone(walk, ({ managed }) => managed > 0);
      return zone === undefined ? undefined : { op: "compact", ...zone };
    },
    refused: [(walk) => ({ op: "compact", ...anyZone(walk) })],
  },
  hold: {
    accepted: (walk) => {
      const allocation = pickAllocation(walk, isFreeable);
      return allocation === undefined ? undefined : { op: "hold", id: allocation.id };
    },
    refused: [(walk) => ({ op: "hold", id: danglingAlloc(walk) }), (walk) => ({ op: "hold", id: wrongAlloc(isFreed)(walk) }), (walk) => ({ op: "hold", id: wrongAlloc(isTaken)(walk) })],
  },
  release: {
    accepted: (walk) => {
      const allocation = pickAllocation(walk, ({ holds }) => holds > 0);
      return allocation === undefined ? undefined : { op: "release", id: allocation.id };
    },
    refused: [(walk) => ({ op: "release", id: danglingAlloc(walk) }), (walk) => ({ op: "release", id: wrongAlloc(({ holds }) => holds === 0)(walk) })],
  },
  "lru-isolate": {
    accepted: (walk) => {
      const allocation = pickAllocation(walk, (candidate) => isLru(candidate) && !candidate.lruIsolated && !candidate.freed);
      return allocation === undefined ? undefined : { op: "lru-isolate", id: allocation.id };
    },
    refused: [
      (walk) => ({ op: "lru-isolate", id: danglingAlloc(walk) }),
      (walk) => ({ op: "lru-isolate", id: wrongAlloc((candidate) => !isLru(candidate) || candidate.lruIsolated)(walk) }),
      (walk) => ({ op: "lru-isolate", id: wrongAlloc(isFreed)(walk) }),
    ],
  },
  "lru-putback": {
    accepted: (walk) => {
      const allocation = pickAllocation(walk, ({ lruIsolated }) => lruIsolated);
      return allocation === undefined ? undefined : { op: "lru-putback", id: allocation.id };
    },
    refused: [(walk) => ({ op: "lru-putback", id: danglingAlloc(walk) }), (walk) => ({ op: "lru-putback", id: wrongAlloc(({ lruIsolated }) => !lruIsolated)(walk) })],
  },
  "lru-batch": {
    accepted: (walk) => {
      const allocation = pickAllocation(walk, isBatchable);
      return allocation === undefined ? undefined : { op: "lru-batch", id: allocation.id };
    },
    refused: [
      (walk) => ({ op: "lru-batch", id: danglingAlloc(walk) }),
      (walk) => ({ op: "lru-batch", id: wrongAlloc((candidate) => !isLru(candidate) || candidate.order !== 0)(walk) }),
      (walk) => ({ op: "lru-batch", id: wrongAlloc((candidate) => isInBatch(candidate) && !candidate.freed)(walk) }),
      (walk) => ({ op: "lru-batch", id: wrongAlloc(isFreed)(walk) }),
    ],
  },
  "lru-drain": {
    accepted: () => ({ op: "lru-drain" }),
    refused: [],
  },
  pin: {
    accepted: (walk) => {
      const allocation = pickAllocation(walk, isMapped);
      return allocation === undefined ? undefined : { op: "pin", id: allocation.id, longTerm: walk.draw.chance(1, 2) };
    },
    refused: [
      (walk) => ({ op: "pin", id: danglingAlloc(walk), longTerm: walk.draw.chance(1, 2) }),
      (walk) => ({ op: "pin", id: wrongAlloc((candidate) => !isMapped(candidate))(walk), longTerm: walk.draw.chance(1, 2) }),
      (walk) => ({ op: "pin", id: wrongAlloc(({ lruIsolated, holds, pins }) => lruIsolated || holds > 0 || pins > 0)(walk), longTerm: true }),
    ],
  },
  "pin-range": {
    accepted: pinRangeSome,
    refused: [
      (walk) => pinRangeOf(walk, danglingAlloc(walk), null),
      (walk) => pinRangeOf(walk, null, wrongAlloc((candidate) => !isMapped(candidate))(walk)),
      (walk) => pinRangeOf(walk, pickAllocation(walk, isMapped)?.id ?? null, wrongAlloc(({ lruIsolated, holds, pins }) => lruIsolated || holds > 0 || pins > 0)(walk)),
      (walk) => pinRangeOf(walk, wrongAlloc(isFreed)(walk), null),
      (walk) => {
        const id = pickAllocation(walk, isMapped)?.id ?? null;
        return { ...pinRangeOf(walk, id, walk.draw.chance(1, 2) ? id : null), skip: walk.draw.below(2) * walk.world.pageblock, zero: false };
      },
    ],
  },
  unpin: {
    accepted: (walk) => {
      const allocation = pickAllocation(walk, ({ pins, longTermPins }) => pins > 0 || longTermPins > 0);
      return allocation === undefined ? undefined : { op: "unpin", id: allocation.id, longTerm: allocation.pins === 0 || (allocation.longTermPins > 0 && walk.draw.chance(1, 2)) };
    },
    refused: [
      (walk) => ({ op: "unpin", id: danglingAlloc(walk), longTerm: walk.draw.chance(1, 2) }),
      (walk) => ({ op: "unpin", id: wrongAlloc(({ pins }) => pins === 0)(walk), longTerm: false }),
      (walk) => ({ op: "unpin", id: wrongAlloc(({ longTermPins }) => longTermPins === 0)(walk), longTerm: true }),
    ],
  },
  inflate: {
    accepted: (walk) => inflateOne(walk),
    refused: [
      (walk) => {
        const taken = pickAllocation(walk, () => true);
        return taken === undefined ? undefined : { op: "inflate", id: taken.id, node: drawNode(walk) };
      },
      (walk) => ({ op: "inflate", id: walk.labels.fresh("alloc"), node: noSuchNode(walk) }),
      (walk) => (walk.now.largestFreeOrder < 0 ? { op: "inflate", id: walk.labels.fresh("alloc"), node: drawNode(walk) } : undefined),
    ],
  },
  deflate: {
    accepted: (walk) => {
      const allocation = pickAllocation(walk, ({ inflated }) => inflated === true);
      return allocation === undefined ? undefined : { op: "deflate", id: allocation.id };
    },
    refused: [(walk) => ({ op: "deflate", id: danglingAlloc(walk) }), (walk) => ({ op: "deflate", id: wrongAlloc(({ inflated }) => inflated !== true)(walk) })],
  },
};

/** Of machines with a balloon: a page for it, and one out of it. */
export const inflateOne: Make = (walk) => (walk.now.largestFreeOrder < 0 ? undefined : { op: "inflate", id: walk.labels.fresh("alloc"), node: drawNode(walk) });

/** Of machines with HighAtomic reserves: a request that can not wait. */
export function atomicOf(walk: Walk, order: number): AllocAtomic {
  return { op: "alloc-atomic", id: walk.labels.fresh("alloc"), order, node: drawNode(walk), zone: walk.draw.pick(walk.habits.zones) };
}

/** Small orders mostly, as far as there are blocks. */
const atomicOne: Make = (walk) => {
  const { draw, now } = walk;
  if (now.largestFreeOrder < 1) return undefined;
  let order = 1;
  while (order < now.largestFreeOrder && draw.chance(1, 3)) order++;
  return atomicOf(walk, order);
};

/** A zone that has something on its per-CPU lists. */
function listedZone(walk: Walk): { readonly node: NodeId; readonly zone: ZoneType } | undefined {
  const zone = walk.now.zones[walk.draw.pick(walk.now.pcp).zone];
  return zone === undefined ? undefined : { node: zone.node, zone: zone.type };
}

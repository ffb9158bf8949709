/** Isolation and contiguous allocation: mm/page_isolation.c, mm/page_alloc.c, mm/cma.c. */
import { FrameUse, isolationModes, pfnAdd, pfnRange, rangeEnd } from "../../../models/index.ts";
import type { AllocContig, AllocationView, Isolate, IsolationMode, IsolationView, Op, Pfn, PfnRange, TokenId } from "../../../models/index.ts";
import { spanOf } from "../allocation.ts";
import { pickWhere } from "../draw.ts";
import { anyFrame, anyRange, drawPages, movableRange, onlineFrame, rangeInZone } from "../places.ts";
import { percent } from "../walk.ts";
import type { Make, Makers, Walk } from "../walk.ts";
import { drawNode } from "./pages.ts";

type IsolationOp = Extract<
  Op,
  "isolate" | "unisolate" | "test-isolated" | "alloc-contig" | "free-contig" | "alloc-contig-pages" | "cma-alloc" | "cma-release" | "fake-offline" | "fake-online"
>;

export function isolateOf(walk: Walk, { start, nrPages }: PfnRange, mode: IsolationMode): Isolate {
  return { op: "isolate", id: walk.labels.fresh("token"), start, nrPages, mode };
}

/** Who may isolate a pageblock: CMA for its own, anybody else for the others. */
export function modeAt(walk: Walk, pfn: number): IsolationMode {
  return walk.now.pageblock(pfn)?.type === "CMA" ? "cma" : walk.draw.pick(["offline", "contig"]);
}

export function contigOf(walk: Walk, { start, nrPages }: PfnRange, compound: boolean): AllocContig {
  return { op: "alloc-contig", id: walk.labels.fresh("alloc"), start, nrPages, compound, gfp: walk.draw.weighted([[4, "kernel"], [1, "nofs"]]) };
}

/** The token of an isolation that a token owns. */
export function tokenOf(isolation: IsolationView | undefined): TokenId | undefined {
  return isolation !== undefined && "token" in isolation.owner ? isolation.owner.token : undefined;
}

/** A part of a CMA area, or all of it. */
function cmaRange(walk: Walk): PfnRange | undefined {
  const { draw, now, world } = walk;
  const active = now.cma.filter(({ nrPages }) => nrPages > 0);
  if (active.length === 0) return undefined;
  const area = draw.pick(active);
  const nrPageblocks = area.nrPages / world.pageblock;
  const first = draw.below(nrPageblocks);
  return pfnRange(pfnAdd(area.base, first * world.pageblock), world.pageblock * (1 + draw.below(nrPageblocks - first)));
}

const isolateSome: Make = (walk) => {
  const inCma = walk.draw.chance(1, 8) ? cmaRange(walk) : undefined;
  if (inCma !== undefined) return isolateOf(walk, inCma, "cma");
  const range = movableRange(walk);
  return range === undefined ? undefined : isolateOf(walk, range, walk.draw.pick(["offline", "contig"]));
};

/** What a token owns, all of it or a part; the owner may ask for pageblocks of its neighbours too. */
const unisolateSome: Make = (walk) => {
  const { draw, now, world } = walk;
  const isolation = pickWhere(draw, now.isolations, ({ owner }) => "token" in owner);
  const id = tokenOf(isolation);
  if (isolation === undefined || id === undefined || isolation.pageblocks.length === 0) return undefined;
  const first = isolation.pageblocks[0] ?? draw.pick(isolation.pageblocks);
  const all = pfnRange(first, (isolation.pageblocks.at(-1) ?? first) + world.pageblock - first);
  const one = pfnRange(draw.pick(isolation.pageblocks), world.pageblock);
  const wider = pfnRange(pfnAdd(all.start, -Math.min(all.start, world.pageblock)), all.nrPages + 2 * world.pageblock);
  return { op: "unisolate", id, ...draw.weighted([[5, all], [2, one], [1, wider], [1, { ...all, nrPages: Math.max(1, all.nrPages - 1) }]]) };
};

function isolatedRange(walk: Walk): PfnRange | undefined {
  const { draw, now, world } = walk;
  if (now.isolations.length === 0) return undefined;
  const { pageblocks } = draw.pick(now.isolations);
  const first = pageblocks[0];
  return first === undefined ? undefined : pfnRange(first, (pageblocks.at(-1) ?? first) + world.pageblock - first);
}

function tokenInUse(walk: Walk): TokenId | undefined {
  return tokenOf(pickWhere(walk.draw, walk.now.isolations, ({ owner }) => "token" in owner));
}

/** Frames that an unmovable page is among, or that somebody isolates: they can not be isolated. */
function blockedRange(walk: Walk): PfnRange | undefined {
  const { draw, now } = walk;
  const isolated = draw.chance(1, 2) ? isolatedRange(walk) : undefined;
  if (isolated !== undefined) return isolated;
  const allocation = pickWhere(draw, now.allocations, ({ kind }) => kind !== "user" && kind !== "file" && kind !== "folio" && kind !== "hugetlb");
  return allocation === undefined ? undefined : spanOf(allocation);
}

const compoundRange = (walk: Walk): PfnRange | undefined => {
  const range = movableRange(walk);
  if (range === undefined) return undefined;
  const size = 2 ** Math.floor(Math.log2(range.nrPages));
  return pfnRange(range.start, size);
};

const contigSome: Make = (walk) => {
  const compound = walk.draw.chance(1, 4);
  const range = compound ? compoundRange(walk) : walk.draw.chance(3, 4) ? movableRange(walk) : rangeInZone(walk);
  return range === undefined ? undefined : contigOf(walk, range, compound);
};

const isContig = ({ kind }: AllocationView): boolean => kind === "contig";

const freeContigSome: Make = (walk) => {
  const { draw, now, habits } = walk;
  const allocation = pickWhere(draw, now.allocations, isContig);
  const range = allocation?.ranges[0];
  if (allocation === undefined || range === undefined) return undefined;
  const part = allocation.compound || draw.chance(3, 4) ? range : partOf(walk, range);
  return { op: "free-contig", ...part, pcp: percent(walk, habits.pcpPercent) };
};

function partOf(walk: Walk, range: PfnRange): PfnRange {
  const skip = walk.draw.below(range.nrPages);
  return pfnRange(pfnAdd(range.start, skip), 1 + walk.draw.below(range.nrPages - skip));
}

const cmaAllocSome: Make = (walk) => {
  const { draw, now, world, labels } = walk;
  if (now.cma.length === 0) return undefined;
  const area = draw.pick(now.cma);
  const free = area.bitmap.split("0").length - 1;
  if (free === 0) return undefined;
  const most = free * 2 ** area.orderPerBit;
  const align = draw.weighted([[4, 0], [1, 1], [1, 2], [1, 1 + draw.below(world.geometry.maxPageOrder + 1)]]);
  return { op: "cma-alloc", id: labels.fresh("alloc"), area: area.area, nrPages: 1 + draw.below(draw.chance(1, 2) ? Math.max(1, Math.floor(most / 2)) : most), align };
};

const isCma = ({ kind }: AllocationView): boolean => kind === "cma";

function areaAt(walk: Walk, pfn: number): number {
  return walk.now.cma.find(({ base, nrPages }) => pfn >= base && pfn < base + nrPages)?.area ?? 0;
}

const cmaReleaseSome: Make = (walk) => {
  const allocation = pickWhere(walk.draw, walk.now.allocations, isCma);
  const first = allocation?.ranges[0]?.start;
  return allocation === undefined || first === undefined ? undefined : { op: "cma-release", area: areaAt(walk, first), id: allocation.id, pcp: percent(walk, walk.habits.pcpPercent) };
};

function pageOffline(walk: Walk): PfnRange | undefined {
  const { draw, now } = walk;
  const start = now.frameOfUse(draw, draw.chance(1, 4) ? FrameUse.PageOfflineDropped : FrameUse.PageOffline);
  return start === undefined ? undefined : pfnRange(start, now.runOfUse(start, drawPages(walk, start)));
}

function allocInUse(walk: Walk): number {
  return walk.now.allocations.length === 0 ? walk.labels.fresh("alloc") : walk.draw.pick(walk.now.allocations).id;
}

const withRange = (command: (walk: Walk, range: PfnRange) => ReturnType<Make>, range: (walk: Walk) => PfnRange | undefined): Make => (walk) => {
  const found = range(walk);
  return found === undefined ? undefined : command(walk, found);
};

const isolateRange = (walk: Walk, range: PfnRange): Isolate => isolateOf(walk, range, walk.draw.pick(isolationModes));
const contigRange = (walk: Walk, range: PfnRange): AllocContig => contigOf(walk, range, walk.draw.chance(1, 4));
const fakeOffline = (walk: Walk, range: PfnRange): ReturnType<Make> => ({ op: "fake-offline", ...range, drops: walk.draw.chance(1, 2) });
const fakeOnline = (_: Walk, range: PfnRange): ReturnType<Make> => ({ op: "fake-online", ...range });
const testIsolated = (walk: Walk, range: PfnRange): ReturnType<Make> => ({ op: "test-isolated", ...range, mode: walk.draw.pick(isolationModes) });

export const isolationMakers: Makers<IsolationOp> = {
  isolate: {
    accepted: isolateSome,
    refused: [
      withRange(isolateRange, blockedRange),
      withRange(isolateRange, anyRange),
      (walk) => {
        const id = tokenInUse(walk);
        const range = id === undefined ? undefined : rangeInZone(walk);
        return id === undefined || range === undefined ? undefined : { ...isolateOf(walk, range, "offline"), id };
      },
      withRange((walk, range) => isolateOf(walk, range, "cma"), rangeInZone),
      withRange((walk, range) => isolateOf(walk, range, "contig"), cmaRange),
    ],
  },
  unisolate: {
    accepted: unisolateSome,
    refused: [(walk) => ({ op: "unisolate", id: walk.labels.dangling(walk.draw, "token"), ...(isolatedRange(walk) ?? anyRange(walk)) })],
  },
  "test-isolated": {
    accepted: withRange(testIsolated, isolatedRange),
    refused: [withRange(testIsolated, anyRange), withRange(testIsolated, movableRange)],
  },
  "alloc-contig": {
    accepted: contigSome,
    refused: [
      withRange(contigRange, blockedRange),
      withRange(contigRange, anyRange),
      withRange((walk, range) => ({ ...contigOf(walk, range, false), gfp: "nofail" }), rangeInZone),
      withRange((walk, range) => ({ ...contigOf(walk, range, false), id: allocInUse(walk) }), anyRange),
      // A compound range that is not a power of two, or not what free blocks make up.
      withRange((walk, range) => contigOf(walk, range, true), movableRange),
    ],
  },
  "free-contig": {
    accepted: freeContigSome,
    refused: [
      (walk) => ({ op: "free-contig", ...anyRange(walk), pcp: walk.draw.chance(1, 2) }),
      (walk) => {
        const range = pickWhere(walk.draw, walk.now.allocations, ({ kind, compound }) => kind === "contig" && compound)?.ranges[0];
        if (range === undefined) return undefined;
        const part = walk.draw.chance(1, 2) ? partOf(walk, range) : pfnRange(range.start, range.nrPages + (range.nrPages > 1 && walk.draw.chance(1, 2) ? -1 : 1));
        return { op: "free-contig", ...part, pcp: false };
      },
      (walk) => {
        const range = pickWhere(walk.draw, walk.now.allocations, isContig)?.ranges[0];
        return range === undefined ? undefined : { op: "free-contig", start: range.start, nrPages: range.nrPages + 1, pcp: false };
      },
    ],
  },
  "alloc-contig-pages": {
    accepted: (walk) => contigPagesOf(walk, 1 + walk.draw.below(walk.draw.chance(1, 4) ? walk.world.maxBlock : 2 * walk.world.pageblock)),
    refused: [
      (walk) => contigPagesOf(walk, walk.world.section + walk.draw.below(walk.world.section)),
      (walk) => ({ ...contigPagesOf(walk, walk.world.pageblock), node: walk.world.description.nodes.length + walk.draw.below(2) }),
      (walk) => ({ ...contigPagesOf(walk, walk.world.pageblock), id: allocInUse(walk) }),
    ],
  },
  "cma-alloc": {
    accepted: cmaAllocSome,
    refused: [
      (walk) => ({ op: "cma-alloc", id: walk.labels.fresh("alloc"), area: walk.world.description.cma.length + walk.draw.below(2), nrPages: 1, align: 0 }),
      (walk) => {
        if (walk.now.cma.length === 0) return undefined;
        const { area, nrPages } = walk.draw.pick(walk.now.cma);
        return { op: "cma-alloc", id: walk.labels.fresh("alloc"), area, nrPages: walk.draw.chance(1, 2) ? nrPages : nrPages + 1 + walk.draw.below(4), align: walk.draw.below(walk.world.geometry.maxPageOrder + 2) };
      },
      (walk) => ({ op: "cma-alloc", id: allocInUse(walk), area: 0, nrPages: 1, align: 0 }),
    ],
  },
  "cma-release": {
    accepted: cmaReleaseSome,
    refused: [
      (walk) => ({ op: "cma-release", area: walk.draw.below(walk.world.description.cma.length + 1), id: walk.labels.dangling(walk.draw, "alloc"), pcp: false }),
      (walk) => {
        const allocation = pickWhere(walk.draw, walk.now.allocations, isCma);
        if (allocation === undefined) return undefined;
        // Of another area, or of one that there is not.
        const nrAreas = walk.world.description.cma.length;
        const other = areaAt(walk, allocation.ranges[0]?.start ?? 0) + 1;
        return { op: "cma-release", area: nrAreas > 1 ? other % nrAreas : other, id: allocation.id, pcp: false };
      },
      (walk) => {
        const allocation = pickWhere(walk.draw, walk.now.allocations, ({ kind }) => kind !== "cma");
        return allocation === undefined ? undefined : { op: "cma-release", area: 0, id: allocation.id, pcp: false };
      },
    ],
  },
  "fake-offline": {
    accepted: withRange(fakeOffline, movableRange),
    refused: [withRange(fakeOffline, blockedRange), withRange(fakeOffline, anyRange)],
  },
  "fake-online": {
    accepted: withRange(fakeOnline, pageOffline),
    refused: [
      (walk) => fakeOnline(walk, anyRange(walk)),
      (walk) => {
        const start: Pfn | undefined = onlineFrame(walk);
        return fakeOnline(walk, pfnRange(start ?? anyFrame(walk), walk.world.pageblock));
      },
      (walk) => {
        // One frame more than there is.
        const range = pageOffline(walk);
        return range === undefined ? undefined : fakeOnline(walk, pfnRange(range.start, rangeEnd(range) - range.start + 1));
      },
    ],
  },
};

function contigPagesOf(walk: Walk, nrPages: number): Extract<NonNullable<ReturnType<Make>>, { op: "alloc-contig-pages" }> {
  const { draw, labels, habits } = walk;
  return { op: "alloc-contig-pages", id: labels.fresh("alloc"), nrPages, node: drawNode(walk), thisNode: percent(walk, habits.thisNodePercent), movable: draw.chance(1, 2) };
}

/**
 * Which block an allocation gets: zones in order, the watermark test, the search through the lists, claiming and stealing.
 *
 * Linux mm/page_alloc.c, v6.12. The search is what the specification does alone; `permittedGrant` is what it accepts from
 * others. Both end in `takeGrant`.
 */
import { changePageblockRange, freeBlockAround, freeBlocksIn, isMergeable, listOf, migratetypeOf, moveToFreeList, takeFromBlock } from "./buddy.ts";
import type { Choices } from "./choices.ts";
import { Inadmissible } from "./choices.ts";
import type { NodeId, ZoneType } from "./command.ts";
import { zoneTypes } from "./command.ts";
import type { Frame, Machine, Zone } from "./machine.ts";
import { allocationAt, frameAt, framesOf, isOffLru, pageOf, pageblockAt, pageblockOf, pageblockStart, pageblocksOf, zoneAt } from "./machine.ts";
import type { Grant } from "./outcome.ts";
import { pageKindTraits } from "./page-kind.ts";
import { alignDown, hex, isAligned, pfnRange, toPfn } from "./pfn.ts";
import type { Order, Pfn } from "./pfn.ts";
import { FrameUse } from "./view.ts";
import type { Migratetype, ZoneIndex } from "./view.ts";
import { zoneSpans, zonelist } from "./zone.ts";

/** What an allocation asks for. */
export interface Request {
  readonly order: Order;
  readonly type: "Unmovable" | "Movable" | "Reclaimable";
  readonly highestZone: ZoneType;
  /** The node whose zonelist is used. */
  readonly node: NodeId;
  /** Only zones of these nodes; null: any. */
  readonly nodes: readonly NodeId[] | null;
  /** ALLOC_HIGHATOMIC: it may use the reserve. */
  readonly atomic?: true;
}

type RequestType = Request["type"];

/** Linux `fallbacks[][]`, mm/page_alloc.c, v6.12. */
const fallbacks: Readonly<Record<RequestType, readonly RequestType[]>> = {
  Unmovable: ["Reclaimable", "Movable"],
  Movable: ["Reclaimable", "Unmovable"],
  Reclaimable: ["Unmovable", "Movable"],
};

/** The populated zones that the request may use, in the order of trying. */
export function allowedZones(machine: Machine, request: Request): readonly ZoneIndex[] {
  return zonelist(machine, request.node).filter((index) => {
    const zone = zoneAt(machine, index);
    return zoneTypes.indexOf(zone.type) <= zoneTypes.indexOf(request.highestZone) && (request.nodes === null || request.nodes.includes(zone.node));
  });
}

/** Linux `__zone_watermark_ok()`, mm/page_alloc.c, v6.12, with all marks 0. Frames on per-CPU lists do not count. */
function watermarkOk(zone: Zone, request: Request): boolean {
  const usable = zone.nrFree - (2 ** request.order - 1) - (request.type === "Movable" ? 0 : zone.nrFreeCma) - (request.atomic === true ? 0 : zone.nrFreeHighAtomic);
  if (usable <= 0) return false;
  return request.order === 0 || zone.freeArea.slice(request.order).some((lists) => usableTypes(request).some((type) => lists[type].length > 0));
}

/**
 * Some list that the request may use has a block for it. Follows from the watermark test, but for counters that KD-1 has
 * led astray; the kernel then goes on to the next zone.
 */
function hasBlock(zone: Zone, request: Request): boolean {
  if (zone.pcp.some(({ order, type }) => order === request.order && type === request.type)) return true;
  return zone.freeArea.slice(request.order).some((lists) => usableTypes(request).some((type) => lists[type].length > 0));
}

function usableTypes(request: Request): readonly Migratetype[] {
  return ["Unmovable", "Movable", "Reclaimable", ...(request.type === "Movable" ? (["CMA"] as const) : []), ...(request.atomic === true ? (["HighAtomic"] as const) : [])];
}

/** Whether the zone has a block for the request and gives it. */
export function canServe(zone: Zone, request: Request): boolean {
  return watermarkOk(zone, request) && hasBlock(zone, request);
}

/**
 * Takes a block: the one that was told, or the one that the kernel's search finds. undefined: there is none to be had,
 * which is permitted only where no allowed zone passes the watermark test.
 */
export function allocPages(machine: Machine, request: Request, choices: Choices, told: Grant | undefined): Grant | undefined {
  const zones = allowedZones(machine, request);
  const zone = zones.find((index) => canServe(zoneAt(machine, index), request));
  if (choices.kind === "alone") return zone === undefined ? undefined : rmqueue(machine, zone, request);
  if (told === undefined) {
    if (zone === undefined) return undefined;
    throw new Inadmissible("refusal-needless", `an allocation of order ${request.order} failed although ${zoneName(machine, zone)} passes the watermark test`, `a block of zone ${zoneAt(machine, zone).type} of node ${zoneAt(machine, zone).node}`);
  }
  return takeTold(machine, request, zones, told);
}

function zoneName(machine: Machine, index: ZoneIndex): string {
  const { type, node } = zoneAt(machine, index);
  return `zone ${type} of node ${node}`;
}

/** Linux `rmqueue()`: the per-CPU list first, then the buddy, its reserve first for those who may use it. A zone that passed the watermark test has a block. */
function rmqueue(machine: Machine, index: ZoneIndex, request: Request): Grant {
  const zone = zoneAt(machine, index);
  const entry = lowest(zone.pcp.filter(({ order, type }) => order === request.order && type === request.type).map(({ pfn }) => pfn));
  if (entry !== undefined) return takePcp(machine, zone, entry, request.order);
  const reserved = request.atomic === true ? rmqueueSmallest(machine, zone, request.order, "HighAtomic") : undefined;
  const grant = reserved ?? rmqueueBuddy(machine, zone, request);
  if (grant === undefined) throw new Error(`${zoneName(machine, index)} passes the watermark test and has no block of order ${request.order}`);
  return grant;
}

function takePcp(machine: Machine, zone: Zone, pfn: Pfn, order: Order): Grant {
  zone.pcp = zone.pcp.filter((entry) => entry.pfn !== pfn);
  for (const at of framesOf(pfnRange(pfn, 2 ** order))) pageOf(machine, at).use = FrameUse.Limbo;
  return { pfn, order };
}

function lowest(pfns: readonly Pfn[]): Pfn | undefined {
  return pfns.length === 0 ? undefined : toPfn(pfns.reduce((a, b) => Math.min(a, b), Number.MAX_SAFE_INTEGER));
}

/** Linux `__rmqueue()`, mm/page_alloc.c, v6.12. */
function rmqueueBuddy(machine: Machine, zone: Zone, request: Request): Grant | undefined {
  const movable = request.type === "Movable";
  if (movable && zone.nrFreeCma > Math.floor(zone.nrFree / 2)) {
    const cma = rmqueueSmallest(machine, zone, request.order, "CMA");
    if (cma !== undefined) return cma;
  }
  return (
    rmqueueSmallest(machine, zone, request.order, request.type) ??
    (movable ? rmqueueSmallest(machine, zone, request.order, "CMA") : undefined) ??
    rmqueueClaim(machine, zone, request) ??
    rmqueueSteal(machine, zone, request)
  );
}

/** Linux `__rmqueue_smallest()`: the smallest block that is large enough on this list. */
function rmqueueSmallest(machine: Machine, zone: Zone, low: Order, type: Migratetype): Grant | undefined {
  for (const [order, lists] of zone.freeArea.entries()) {
    const pfn = order >= low ? lowest(lists[type]) : undefined;
    if (pfn === undefined) continue;
    takeFromBlock(machine, { pfn, order }, pfn, low, type, type);
    return { pfn, order: low };
  }
  return undefined;
}

/** Linux `find_suitable_fallback()`: the first fallback type with a block of this order. */
function findFallback(zone: Zone, order: Order, type: RequestType): { readonly pfn: Pfn; readonly type: RequestType } | undefined {
  for (const fallback of fallbacks[type]) {
    const pfn = lowest(zone.freeArea[order]?.[fallback] ?? []);
    if (pfn !== undefined) return { pfn, type: fallback };
  }
  return undefined;
}

/** Linux `__rmqueue_claim()`: from the largest order down, whole pageblocks where that is worth it. */
function rmqueueClaim(machine: Machine, zone: Zone, request: Request): Grant | undefined {
  const { maxPageOrder, pageblockOrder } = machine.description.geometry;
  for (let order = maxPageOrder; order >= request.order; order--) {
    const found = findFallback(zone, order, request.type);
    if (found === undefined) continue;
    // Linux can_steal_fallback()
    if (order < Math.floor(pageblockOrder / 2) && request.type === "Movable") return undefined;
    const grant = tryToStealBlock(machine, zone, found.pfn, order, request);
    if (grant !== undefined) return grant;
  }
  return undefined;
}

/** Linux `try_to_steal_block()`. */
function tryToStealBlock(machine: Machine, zone: Zone, pfn: Pfn, order: Order, request: Request): Grant | undefined {
  const blockType = migratetypeOf(machine, pfn);
  if (order >= machine.description.geometry.pageblockOrder) {
    const retyped = pageblocksOf(machine, pfnRange(pfn, 2 ** order));
    changePageblockRange(machine, pfn, order, request.type);
    takeFromBlock(machine, { pfn, order }, pfn, request.order, blockType, request.type);
    return { pfn, order: request.order, retyped };
  }
  if (!isWorthClaiming(machine, zone, pfn, blockType, request.type)) return undefined;
  claimPageblock(machine, pfn, blockType, request.type);
  const grant = rmqueueSmallest(machine, zone, request.order, request.type);
  return grant === undefined ? undefined : { ...grant, retyped: [pageblockStart(machine, pfn)] };
}

/** Enough of the pageblock is free or of the kind that the request is: the counting half of `try_to_steal_block()`. */
function isWorthClaiming(machine: Machine, zone: Zone, pfn: Pfn, blockType: Migratetype, type: RequestType): boolean {
  const size = 2 ** machine.description.geometry.pageblockOrder;
  const pageblock = pfnRange(pageblockStart(machine, pfn), size);
  if (!pageblockInZone(zone, pageblock.start, size)) return false;
  const frames = [...framesOf(pageblock)];
  const nrFree = frames.filter((at) => frameAt(machine, at)?.use === FrameUse.Free).length;
  const nrMovable = frames.filter((at) => isOnLruOrDriverMovable(machine, at)).length;
  const alike = type === "Movable" ? nrMovable : blockType === "Movable" ? size - nrFree - nrMovable : 0;
  return nrFree + alike >= size / 2;
}

/** Linux `prep_move_freepages_block()`: the whole pageblock lies in the span of the zone. */
export function pageblockInZone(zone: Zone, start: Pfn, size: number): boolean {
  return zoneSpans(zone, start) && zoneSpans(zone, toPfn(start + size - 1));
}

/** PageLRU() or __PageMovable() of an allocated frame, include/linux/page-flags.h, v6.12. hugetlb pages are neither. */
export function isOnLruOrDriverMovable(machine: Machine, pfn: Pfn): boolean {
  const allocation = allocationAt(machine, pfn);
  if (allocation === undefined || allocation.kind === "contig" || allocation.kind === "cma") return false;
  return allocation.kind === "driver-movable" || (pageKindTraits[allocation.kind].lru && !isOffLru(allocation));
}

/** Linux `__move_freepages_block()`: every free block of the pageblock changes lists, and the pageblock its type. */
export function claimPageblock(machine: Machine, pfn: Pfn, from: Migratetype, to: Migratetype): void {
  const pageblock = pfnRange(pageblockStart(machine, pfn), 2 ** machine.description.geometry.pageblockOrder);
  for (const block of freeBlocksIn(machine, pageblock)) moveToFreeList(machine, block.pfn, block.order, from, to);
  Object.assign(pageblockOf(machine, pfn), { type: to, isolated: false });
}

/** Linux `__rmqueue_steal()`: from the smallest order up, one block; the pageblock keeps its type. */
function rmqueueSteal(machine: Machine, zone: Zone, request: Request): Grant | undefined {
  for (let order = request.order; order <= machine.description.geometry.maxPageOrder; order++) {
    const found = findFallback(zone, order, request.type);
    if (found === undefined) continue;
    takeFromBlock(machine, { pfn: found.pfn, order }, found.pfn, request.order, found.type, found.type);
    return { pfn: found.pfn, order: request.order };
  }
  return undefined;
}

/** Takes the block that someone else took, if the request permits it. */
function takeTold(machine: Machine, request: Request, zones: readonly ZoneIndex[], told: Grant): Grant {
  const { pfn } = told;
  const frames = [...framesOf(pfnRange(pfn, 2 ** request.order))];
  const refuse = (clause: string, because: string, permitted: string): never => {
    throw new Inadmissible(clause, because, permitted, frames.slice(0, 8));
  };
  if (told.order !== request.order || !isAligned(pfn, 2 ** request.order)) refuse("grant-aligned", `${hex(pfn)} was given as a block of order ${told.order}, because the request was for order ${request.order} it must be a multiple of ${2 ** request.order} frames`, `a block of order ${request.order}`);
  const page = frameAt(machine, pfn);
  const index = page?.zone ?? -1;
  if (page === undefined || !frames.every((at) => isFreeOrPcp(frameAt(machine, at)))) {
    return refuse("grant-free", `frames from ${hex(pfn)} were given, but they are not all free`, "free frames");
  }
  if (!zones.includes(index)) refuse("grant-zone", `${hex(pfn)} lies in ${zoneName(machine, index)}, which the request may not use`, zones.length === 0 ? "no zone" : zones.map((zone) => zoneName(machine, zone)).join(", "));
  const zone = zoneAt(machine, index);
  const entry = zone.pcp.find((at) => at.pfn === pfn && at.order === request.order);
  if (page.use === FrameUse.Pcp) {
    if (entry === undefined || entry.type !== request.type) return refuse("grant-type", `${hex(pfn)} is not a per-CPU entry of order ${request.order} and type ${request.type}`, "an entry of that order and type, or a block of the buddy");
    if (told.retyped !== undefined) refuse("grant-retype", "an allocation from a per-CPU list retypes nothing", "no retyped pageblock");
    return takePcp(machine, zone, pfn, request.order);
  }
  const block = freeBlockAround(machine, pfn);
  if (block === undefined || block.order < request.order) return refuse("grant-aligned", `the frames from ${hex(pfn)} are free, but not one block of order ${request.order}`, `a free block of at least order ${request.order}`);
  const type = listOf(machine, index, block) ?? "Isolate";
  if (type === "Isolate") refuse("grant-not-isolated", `${hex(pfn)} is free in an isolated pageblock`, "a frame of a pageblock that is not isolated");
  if (!usableTypes(request).includes(type)) refuse("grant-type", `${hex(pfn)} is on a ${type} list, and the request is ${request.type}`, usableTypes(request).join(", "));
  const earlier = earlierFallback(machine, request, zone, block, type, told);
  if (earlier !== undefined) refuse("grant-fallback", `${hex(pfn)} is on a ${type} list, and a ${request.type} request falls back to ${earlier} before, which has blocks of that order in ${zoneName(machine, index)}`, `a block of the ${earlier} list`);
  return takeBuddy(machine, request, zone, block, type, told);
}

/**
 * The type that Linux would have fallen back to instead: `find_suitable_fallback()` asks the types in their order for each
 * order. Which order was asked is not told: that of the block, or, where its pageblock was claimed for the sake of another
 * block, that of any block in there.
 */
function earlierFallback(machine: Machine, request: Request, zone: Zone, block: { readonly pfn: Pfn; readonly order: Order }, type: Migratetype, told: Grant): RequestType | undefined {
  if (type === request.type || type === "CMA" || type === "HighAtomic") return undefined;
  const { pageblockOrder } = machine.description.geometry;
  const claimed = told.retyped !== undefined && block.order < pageblockOrder;
  const asked = claimed ? freeBlocksIn(machine, pfnRange(pageblockStart(machine, told.pfn), 2 ** pageblockOrder)) : [block];
  const orders = asked.map(({ order }) => order).filter((order) => order >= request.order);
  return fallbacks[request.type].find((other, at, all) => all.slice(at + 1).some((later) => later === type) && orders.every((order) => (zone.freeArea[order]?.[other].length ?? 0) > 0));
}

function isFreeOrPcp(page: Frame | undefined): boolean {
  return page?.use === FrameUse.Free || page?.use === FrameUse.Pcp;
}

function takeBuddy(machine: Machine, request: Request, zone: Zone, block: { readonly pfn: Pfn; readonly order: Order }, type: Migratetype, told: Grant): Grant {
  const retyped = told.retyped ?? [];
  const { pageblockOrder } = machine.description.geometry;
  const size = 2 ** pageblockOrder;
  const claimable = block.order >= pageblockOrder ? pageblocksOf(machine, pfnRange(block.pfn, 2 ** block.order)) : [pageblockStart(machine, told.pfn)];
  if (retyped.length === 0) {
    takeFromBlock(machine, block, told.pfn, request.order, type, type);
    return told;
  }
  const stray = retyped.find((start) => !claimable.includes(start) || migratetypeOf(machine, start) === request.type);
  const whole = retyped.length === claimable.length && stray === undefined;
  // As in try_to_steal_block(): only a claim by counting asks whether the zone spans the pageblock.
  const inZone = block.order >= pageblockOrder || retyped.every((start) => pageblockInZone(zone, start, size));
  if (!isMergeable(type) || !whole || !inZone || !retyped.every((start) => pageblockAt(machine, start) !== undefined)) {
    throw new Inadmissible("grant-retype", `the pageblocks ${retyped.map(hex).join(", ")} became ${request.type}, because the block at ${hex(block.pfn)} was taken`, type === request.type ? "no retyped pageblock" : `none, or ${claimable.map(hex).join(", ")}`, retyped);
  }
  if (block.order >= pageblockOrder) {
    changePageblockRange(machine, block.pfn, block.order, request.type);
    takeFromBlock(machine, block, told.pfn, request.order, type, request.type);
    return told;
  }
  claimPageblock(machine, told.pfn, type, request.type);
  takeFromBlock(machine, block, told.pfn, request.order, request.type, request.type);
  return told;
}

/** The first frame of the largest-order chunk around a frame. */
export function maxOrderChunk(machine: Machine, pfn: Pfn): Pfn {
  return alignDown(pfn, 2 ** machine.description.geometry.maxPageOrder);
}

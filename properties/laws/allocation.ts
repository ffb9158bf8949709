/**
 * Taking pages: what an allocation may be given, and when it may fail.
 */
import { FrameFlag, FrameUse, hex, isAligned, pageKindTraits, toPfn, zoneTypes } from "../../models/index.ts";
import type { Alloc, Command, FreeBlockView, Grant, Migratetype, NodeId, View, ZoneIndex, ZoneType } from "../../models/index.ts";
import { freeBlockOfRow, isUnused, pageblockStarts, pageblockTypes, rowsOf, typeAt, zoneAt } from "../derived.ts";
import { FrameEvidence, allocationName, allocationPlace, useName, zoneName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Law, StepRecord } from "../rule.ts";
import { allocationChanges, eachFrame, sameFrames, succeeded } from "../step.ts";

interface Granted {
  readonly command: Alloc;
  readonly grant: Grant;
}

/** What is asked of the allocator: by a command that is nothing else, or by a balloon for a page of its driver. */
export function requestOf(command: Command): Alloc | undefined {
  if (command.op === "inflate") return { op: "alloc", id: command.id, kind: "driver-movable", order: 0, node: command.node, thisNode: false, zone: "normal" };
  if (command.op === "alloc-atomic") return { ...command, op: "alloc", kind: "kernel", thisNode: false };
  return command.op === "alloc" ? command : undefined;
}

/** An allocation that was given a block. */
function granted(step: StepRecord): Granted | undefined {
  const { grant, result } = step.outcome;
  const command = result === "ok" && grant !== undefined ? asked(step) : undefined;
  return command === undefined || grant === undefined ? undefined : { command, grant };
}

/** The request of an allocation. A page for a pool is asked for on its node alone, and is of the kind of the pool. */
function asked({ command, after }: StepRecord): Alloc | undefined {
  if (command.op !== "huge-grow") return requestOf(command);
  const fixed = given(after.allocations).find(({ id }) => id === command.id)?.kind === "hugetlb-fixed";
  return { ...command, op: "alloc", kind: fixed ? "hugetlb-fixed" : "hugetlb", thisNode: true, zone: "normal" };
}

const givesWhatWasAsked: Law = {
  id: "PG-55",
  title: "an allocation gives one aligned block of the order asked for, whose frames were free, and takes nothing else",
  source: "mm/page_alloc.c: rmqueue(), expand(), v6.12",
  needs: ["frames.use", "allocations"],
  ops: ["alloc", "alloc-atomic", "inflate", "huge-grow"],
  unless: [],
  find: (step) => {
    const taken = granted(step);
    if (taken === undefined) return [];
    const { command, grant } = taken;
    const { before, after } = step;
    const nrPages = 2 ** grant.order;
    const found = new FrameEvidence();
    if (grant.order !== command.order) found.add(grant.pfn, `order ${command.order}`, `order ${grant.order}`);
    if (!isAligned(grant.pfn, nrPages)) found.add(grant.pfn, `a multiple of ${nrPages}`, hex(grant.pfn));
    const made = given(after.allocations).find(({ id }) => id === command.id);
    const [range] = made?.ranges ?? [];
    if (made?.kind !== command.kind || made.order !== command.order || made.ranges.length !== 1 || range?.start !== grant.pfn || range.nrPages !== nrPages) found.add(grant.pfn, `of allocation ${command.id} (${command.kind}, order ${command.order})`, allocationName(made));
    const was = given(before.frames).use;
    const is = given(after.frames).use;
    for (let pfn = grant.pfn; pfn < grant.pfn + nrPages; pfn = toPfn(pfn + 1)) {
      const [from, to] = [was[rowsOf(before).of(pfn)], is[rowsOf(after).of(pfn)]];
      if (!isFree(from)) found.add(pfn, "free before it was given", from === undefined ? "no page" : useName(from));
      if (to !== FrameUse.Allocated) found.add(pfn, "allocated", to === undefined ? "no page" : useName(to));
    }
    eachFrame(step, (pfn, rowBefore, rowAfter) => {
      const [from, to] = [was[rowBefore], is[rowAfter]];
      const inside = pfn >= grant.pfn && pfn < grant.pfn + nrPages;
      if (!inside && from !== to && !(isUnused(from) && isUnused(to))) found.add(toPfn(pfn), useName(from), useName(to));
    });
    return found.found;
  },
};

/** Free to be allocated: in the buddy, or on a per-CPU list, which an implementation may refill. */
function isFree(use: number | undefined): boolean {
  return use === FrameUse.Free || use === FrameUse.Pcp;
}

/** The highest zone that the request may use. */
function highestZone({ kind, zone }: Alloc): ZoneType {
  const { highestZone: highest, takesZoneModifier } = pageKindTraits[kind];
  return takesZoneModifier && zone !== "normal" ? zone : highest;
}

function mayUse(view: View, command: Alloc, index: ZoneIndex | undefined): boolean {
  const zone = zoneAt(view, index);
  return zone !== undefined && zone.type !== "Device" && zoneTypes.indexOf(zone.type) <= zoneTypes.indexOf(highestZone(command)) && (!command.thisNode || zone.node === command.node);
}

const staysInItsZones: Law = {
  id: "PG-31",
  title: "an allocation comes from one zone, and from one that its kind, its zone modifier and its node allow",
  source: "include/linux/gfp.h: gfp_zone(); mm/page_alloc.c: get_page_from_freelist(), v6.12",
  needs: ["zones", "frames.zone", "allocations"],
  ops: ["alloc", "alloc-atomic", "inflate", "huge-grow"],
  unless: [],
  find: (step) => {
    const taken = granted(step);
    if (taken === undefined) return [];
    const { command, grant } = taken;
    const rows = rowsOf(step.before);
    const link = given(step.before.frames).zone;
    const found = new FrameEvidence();
    const first = link[rows.of(grant.pfn)];
    for (const { pfn, row } of framesOfGrant(step.before, grant)) {
      if (!mayUse(step.before, command, link[row])) found.add(pfn, `zone ${highestZone(command)} or lower${command.thisNode ? ` of node ${command.node}` : ""}`, zoneName(step.before, link[row]), `kind ${command.kind}`);
      else if (link[row] !== first) found.add(pfn, zoneName(step.before, first), zoneName(step.before, link[row]));
    }
    return found.found;
  },
};

/** Frames of a grant that the view knows. */
function framesOfGrant(view: View, grant: Grant): readonly { readonly pfn: Grant["pfn"]; readonly row: number }[] {
  const rows = rowsOf(view);
  const first = rows.of(grant.pfn);
  return first < 0 ? [] : Array.from({ length: 2 ** grant.order }, (_, index) => ({ pfn: rows.pfn(first + index), row: first + index }));
}

/** Every block that the step was given, with what it is for. */
export function allGrants({ outcome }: StepRecord): readonly { readonly grant: Grant; readonly what: string }[] {
  const { grant, memmap = [], moved = [], attempts = [] } = outcome;
  return [
    ...(grant === undefined ? [] : [{ grant, what: "allocation" }]),
    ...memmap.map((one) => ({ grant: one, what: "memmap" })),
    ...[...moved, ...attempts.flatMap((attempt) => attempt.moved ?? [])].map(({ id, to }) => ({ grant: to, what: `new place of allocation ${id}` })),
  ];
}

const isolatedIsNotGiven: Law = {
  id: "PG-21",
  title: "no frame of an isolated pageblock is given out, but from a per-CPU list that was not drained since",
  source: "mm/page_alloc.c: __rmqueue_smallest(), __rmqueue_pcplist(), v6.12",
  needs: ["pageblocks", "frames.use"],
  ops: [],
  unless: ["KD-1", "KD-2"],
  find: (step) => {
    const found = new FrameEvidence();
    const { before } = step;
    for (const { grant, what } of allGrants(step)) {
      for (const { pfn, row } of framesOfGrant(before, grant)) {
        if (typeAt(before, pfn) === "Isolate" && given(before.frames).use[row] !== FrameUse.Pcp) found.add(pfn, "not given, its pageblock is isolated", `given (${what})`);
      }
    }
    return found.found;
  },
};

const poisonIsNotGiven: Law = {
  id: "FC-52",
  title: "no poisoned frame is given out",
  source: "the contract; mm/page_alloc.c: free_pages_prepare(), v6.12",
  needs: ["frames.flags"],
  ops: [],
  unless: ["KD-8"],
  find: (step) => {
    const found = new FrameEvidence();
    for (const { grant, what } of allGrants(step)) {
      for (const { pfn, row } of framesOfGrant(step.before, grant)) if (((given(step.before.frames).flags[row] ?? 0) & FrameFlag.Hwpoison) !== 0) found.add(pfn, "not given, it is poisoned", `given (${what})`);
    }
    return found.found;
  },
};

function isPlain(type: Migratetype | undefined): boolean {
  return type === "Unmovable" || type === "Movable" || type === "Reclaimable";
}

/** Pageblocks whose type is not what it was, where both views have them. */
export function retyped({ before, after }: StepRecord): readonly { readonly start: number; readonly was: Migratetype; readonly is: Migratetype }[] {
  if (before.pageblocks === after.pageblocks) return [];
  const types = pageblockTypes(after);
  const changed: { start: number; was: Migratetype; is: Migratetype }[] = [];
  for (const { start, type } of given(before.pageblocks)) {
    const is = types.get(start);
    if (is !== undefined && is !== type) changed.push({ start, was: type, is });
  }
  return changed;
}

const claimsItsOwn: Law = {
  id: "PG-35",
  title: "taking and freeing pages changes a pageblock only among Unmovable, Movable and Reclaimable; an allocation only to its own type, and only pageblocks of the free block it was taken from",
  source: "mm/page_alloc.c: try_to_steal_block(), __free_one_page(), v6.12",
  needs: ["pageblocks", "freeBlocks", "frames", "allocations"],
  ops: ["alloc", "huge-grow", "huge-shrink", "free", "drain", "pcp-disable", "compact", "release", "pin", "pin-range", "unpin", "poison", "soft-offline", "unpoison", "free-reserved", "inflate", "deflate", "free-contig", "cma-release", "fake-online"],
  // A free block that KD-1 has put on the list of another type is claimed with its isolated pageblocks.
  unless: ["KD-1"],
  find: (step) => {
    const found = new FrameEvidence();
    const taken = granted(step);
    const changed = retyped(step);
    for (const { start, was, is } of changed) {
      const pfn = toPfn(start);
      if (!isPlain(was) || !isPlain(is)) found.add(pfn, `pageblock ${was}, for good`, is);
      else if (taken !== undefined && is !== pageKindTraits[taken.command.kind].migratetype) found.add(pfn, `pageblock ${was}, or ${pageKindTraits[taken.command.kind].migratetype}`, is);
      else if (taken !== undefined && !claimable(step.before, taken.grant).includes(start)) found.add(pfn, `pageblock ${was}: nothing was taken from it`, is);
    }
    if (taken !== undefined) {
      const told = (taken.grant.retyped ?? []).map(hex).join(" ");
      const seen = changed.map(({ start }) => hex(start)).join(" ");
      if (told !== seen) found.add(taken.grant.pfn, `retyped ${seen || "nothing"}`, `said to retype ${told || "nothing"}`);
    }
    return found.found;
  },
};

/** Pageblocks that the allocation may claim: all of the free block it was taken from, or the one around it. */
function claimable(view: View, { pfn, order }: Grant): readonly number[] {
  const row = rowsOf(view).of(pfn);
  const block = row < 0 ? undefined : given(view.freeBlocks)[(freeBlockOfRow(view)[row] ?? 0) - 1];
  const start = block ?? { pfn, order };
  return pageblockStarts(view, { start: start.pfn, nrPages: 2 ** start.order });
}

/** Whether the zone passes the watermark test for the request, all marks being 0. */
export function passesWatermark(view: View, index: ZoneIndex, order: number, movable: boolean): boolean {
  const zone = zoneAt(view, index);
  if (zone === undefined || zone.present === 0) return false;
  const { nrFree = 0, nrFreeCma = 0, nrFreeHighAtomic = 0 } = zone;
  if (nrFree - (2 ** order - 1) - (movable ? 0 : nrFreeCma) - nrFreeHighAtomic <= 0) return false;
  const serves = ({ type }: FreeBlockView): boolean => isPlain(type) || (movable && type === "CMA");
  return order === 0 || given(view.freeBlocks).some((block) => block.zone === index && block.order >= order && serves(block));
}

/** The zones that an allocation for this node tries. */
function zonelist(view: View, node: NodeId): readonly ZoneIndex[] {
  return given(view.nodes).find((one) => one.node === node)?.zonelist ?? [];
}

const failsOnlyWhenItMust: Law = {
  id: "PG-53",
  title: "an allocation fails only when no zone it may use passes the watermark test",
  source: "mm/page_alloc.c: __zone_watermark_ok(), get_page_from_freelist(), v6.12, all marks being 0",
  needs: ["zones.nrFree", "zones.nrFreeCma", "freeBlocks", "nodes.zonelist", "allocations"],
  ops: ["alloc", "inflate", "huge-grow"],
  unless: ["KD-1"],
  find: (step) => {
    const { before } = step;
    const command = step.outcome.result === "refused" ? asked(step) : undefined;
    if (command === undefined) return [];
    const movable = pageKindTraits[command.kind].migratetype === "Movable";
    return zonelist(before, command.node)
      .filter((index) => mayUse(before, command, index) && passesWatermark(before, index, command.order, movable))
      .map((index) => ({ where: zoneName(before, index), was: `order ${command.order} given to ${command.kind}: the zone passes the watermark test`, is: "refused" }));
  },
};

const leavesOthersAlone: Law = {
  id: "FC-53",
  title: "taking, holding and isolating pages, draining, and devices that come and go leave the pages of others where they are",
  source: "mm/page_alloc.c: prep_new_page(), v6.12",
  needs: ["allocations"],
  ops: ["alloc", "alloc-atomic", "unreserve", "huge-grow", "huge-shrink", "huge-use", "hold", "release", "lru-isolate", "lru-putback", "lru-batch", "free-reserved", "inflate", "deflate", "isolate", "unisolate", "drain", "pcp-disable", "pcp-enable", "fake-online", "device-map", "device-unmap", "kmem-probe", "kmem-remove", "vmem-request", "remove"],
  unless: [],
  find: (step) => {
    const own = "id" in step.command ? step.command.id : undefined;
    const found: Evidence[] = [];
    for (const { id, before, after } of allocationChanges(step)) {
      if (id === own && step.command.op !== "isolate" && step.command.op !== "device-map") continue;
      if (before !== undefined && after !== undefined && sameFrames(before, after)) continue;
      found.push({ ...allocationPlace(before ?? after), was: before === undefined ? "not there" : "unchanged", is: after === undefined ? "gone" : before === undefined ? "there" : "in other frames" });
    }
    return succeeded(step) ? found : [];
  },
};

export const allocationLaws: readonly Law[] = [givesWhatWasAsked, staysInItsZones, isolatedIsNotGiven, poisonIsNotGiven, claimsItsOwn, failsOnlyWhenItMust, leavesOthersAlone];

/**
 * Giving pages back, and frames that must not appear or disappear.
 */
import { FrameFlag, FrameUse, hex, rangeContains, toPfn } from "../../models/index.ts";
import type { Op, View } from "../../models/index.ts";
import { rowsOf, typeAt, zoneAt, zoneCounts } from "../derived.ts";
import { FrameEvidence, allocationName, allocationPlace, useName, zoneName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Law } from "../rule.ts";
import { allocationChanges, commandOf, contigRange, eachFrame, framesOf, nrFrames, succeeded, zonePairs } from "../step.ts";

function useOf(view: View, pfn: number): number | undefined {
  const row = rowsOf(view).of(pfn);
  return row < 0 ? undefined : given(view.frames).use[row];
}

const framesAreConserved: Law = {
  id: "PG-14",
  title: "taking, giving back, moving and isolating pages leaves the allocator as many frames in each zone, those counted that it has given out",
  source: "the contract; mm/page_alloc.c: adjust_managed_page_count(), v6.12",
  needs: ["zones", "frames.use", "frames.zone"],
  // Not those that give the allocator frames, or take frames from it.
  ops: [
    "alloc", "alloc-atomic", "unreserve", "free", "drain", "pcp-disable", "pcp-enable", "compact", "hold", "release", "lru-isolate", "lru-putback", "lru-batch", "lru-drain", "pin", "pin-range", "unpin", "poison", "soft-offline", "unpoison", "inflate", "deflate", "vmstat-refresh", "isolate", "unisolate", "test-isolated", "alloc-contig", "free-contig",
    "alloc-contig-pages", "cma-alloc", "cma-release", "group-static", "group-dynamic", "group-unregister", "device-map", "device-unmap", "huge-grow", "huge-shrink", "huge-reserve", "huge-use", "set", "veto", "fail-next",
  ],
  unless: [],
  find: (step) => {
    const found: Evidence[] = [];
    for (const { index } of zonePairs(step)) {
      const was = zoneCounts(step.before).managed[index] ?? 0;
      const is = zoneCounts(step.after).managed[index] ?? 0;
      if (was !== is) found.push({ where: zoneName(step.before, index), was: `${was} frames free, per-CPU, allocated, of memmaps or poisoned`, is: `${is}` });
    }
    return found;
  },
};

const isolatedSkipsPcp: Law = {
  id: "PG-23",
  title: "a frame that is freed while its pageblock is isolated does not go to a per-CPU list",
  source: "mm/page_alloc.c: free_unref_page(), v6.12; it could be given out from there",
  needs: ["pageblocks", "frames.use"],
  ops: [],
  unless: [],
  find: (step) => {
    const was = given(step.before.frames).use;
    const is = given(step.after.frames).use;
    const found = new FrameEvidence();
    if (step.after.pcp?.length === 0) return found.found;
    eachFrame(step, (pfn, rowBefore, rowAfter) => {
      if (is[rowAfter] === FrameUse.Pcp && was[rowBefore] !== FrameUse.Pcp && typeAt(step.after, pfn) === "Isolate") found.add(rowsOf(step.after).pfn(rowAfter), "free, its pageblock is isolated", "on a per-CPU list");
    });
    return found.found;
  },
};

const freedIsFree: Law = {
  id: "FC-54",
  title: "the frames of an allocation that is gone are free or on a per-CPU list, poisoned ones kept from use",
  source: "mm/page_alloc.c: __free_pages(), free_pages_prepare(), v6.12",
  needs: ["allocations", "frames.use", "frames.flags"],
  ops: ["free", "deflate", "release", "unpin", "lru-drain", "free-contig", "cma-release", "huge-shrink"],
  unless: ["KD-8"],
  find: (step) => {
    const flags = given(step.before.frames).flags;
    const found = new FrameEvidence();
    for (const { before, after } of allocationChanges(step)) {
      if (before === undefined || (after !== undefined && nrFrames(after) === nrFrames(before))) continue;
      const left = new Set(after === undefined ? [] : framesOf(after));
      for (const pfn of framesOf(before)) {
        const row = rowsOf(step.before).of(pfn);
        if (left.has(pfn) || row < 0) continue;
        const poisoned = ((flags[row] ?? 0) & FrameFlag.Hwpoison) !== 0;
        const use = useOf(step.after, pfn);
        if (poisoned ? use !== FrameUse.Poisoned : use !== FrameUse.Free && use !== FrameUse.Pcp) found.add(rowsOf(step.before).pfn(row), poisoned ? "kept from use" : "free", useName(use), allocationName(before));
      }
    }
    return found.found;
  },
};

const ownersDropWhatTheyHave: Law = {
  id: "FC-55",
  title: "freeing ends the allocation, unless others refer to it or it is of a pool; then it is marked freed and keeps at least its first frame",
  source: "mm/page_alloc.c: __free_pages(), v6.12",
  needs: ["allocations"],
  ops: ["free", "deflate"],
  unless: [],
  find: (step) => {
    const { command } = step;
    const change = (command.op === "free" || command.op === "deflate") && succeeded(step) ? allocationChanges(step).find(({ id }) => id === command.id) : undefined;
    if (change?.before === undefined) return [];
    const { before, after } = change;
    const referred = before.holds + before.pins + before.longTermPins > 0 || before.pool === true || (before.lruBatch ?? "none") !== "none";
    if (!referred) return after === undefined ? [] : [{ ...allocationPlace(before), was: "gone, nobody refers to it", is: "still there" }];
    const keeps = before.order !== null && before.order > 0 && !before.compound ? 1 : nrFrames(before);
    if (after?.freed === true && nrFrames(after) === keeps && after.ranges[0]?.start === before.ranges[0]?.start) return [];
    return [{ ...allocationPlace(before), was: `freed, with ${keeps} frames from ${hex(before.ranges[0]?.start ?? 0)} on`, is: after === undefined ? "gone" : `${after.freed ? "freed" : "not freed"}, with ${nrFrames(after)} frames` }];
  },
};

const contigFreesItsFrames: Law = {
  id: "PG-40",
  title: "freeing contiguous frames takes exactly those from their allocations",
  source: "mm/page_alloc.c: free_contig_range(), v6.12",
  needs: ["allocations"],
  ops: ["free-contig"],
  unless: [],
  find: (step) => {
    const range = contigRange(step);
    if (range === undefined || !succeeded(step)) return [];
    const found: Evidence[] = [];
    for (const { before, after } of allocationChanges(step)) {
      if (before === undefined) continue;
      const was = framesOf(before).filter((pfn) => !rangeContains(range, toPfn(pfn)));
      const is = after === undefined ? [] : framesOf(after);
      if (was.length !== is.length || was.some((pfn, at) => is[at] !== pfn)) found.push({ ...allocationPlace(before), was: `${was.length} frames left`, is: `${is.length}` });
    }
    return found;
  },
};

/** Ops after which a frame may no longer be reserved. */
const releasesReserved: ReadonlySet<Op> = new Set(["free-reserved", "remove", "offline-and-remove"]);

const reservedStays: Law = {
  id: "PG-52",
  title: "a reserved frame stays reserved until it is given up or its memmap goes, and no frame becomes reserved",
  source: "include/linux/mm.h: free_reserved_page(); mm/bootmem_info.c: put_page_bootmem(), v6.12",
  needs: ["frames.use"],
  ops: [],
  unless: [],
  find: (step) => {
    const was = given(step.before.frames).use;
    const is = given(step.after.frames).use;
    const { command } = step;
    const found = new FrameEvidence();
    eachFrame(step, (pfn, rowBefore, rowAfter) => {
      if ((was[rowBefore] === FrameUse.Reserved) === (is[rowAfter] === FrameUse.Reserved)) return;
      const may = was[rowBefore] === FrameUse.Reserved && releasesReserved.has(command.op) && (command.op !== "free-reserved" || command.pfn === pfn);
      if (!may) found.add(rowsOf(step.before).pfn(rowBefore), useName(was[rowBefore]), useName(is[rowAfter]));
    });
    return found.found;
  },
};

const drainEmpties: Law = {
  id: "PG-54",
  title: "after a drain the zone has nothing on its per-CPU lists",
  source: "mm/page_alloc.c: drain_all_pages(), zone_pcp_disable(), v6.12",
  needs: ["zones", "pcp"],
  ops: ["drain", "pcp-disable"],
  unless: [],
  find: (step) => {
    const { after, command } = step;
    if ((command.op !== "drain" && command.op !== "pcp-disable") || !succeeded(step)) return [];
    return given(after.pcp)
      .filter((entry) => zoneAt(after, entry.zone)?.node === command.node && zoneAt(after, entry.zone)?.type === command.zone)
      .map(({ pfn, order, zone }) => ({ pfn, nrPages: 2 ** order, where: zoneName(after, zone), was: "drained", is: "on a per-CPU list" }));
  },
};

const countsWhatItFrees: Law = {
  id: "FC-56",
  title: "giving up a reserved frame, taking or giving back PageOffline frames, and a balloon that takes or gives back a page, change managed by exactly those",
  source: "include/linux/mm.h: free_reserved_page(); drivers/virtio/virtio_mem.c: virtio_mem_fake_offline(); drivers/virtio/virtio_balloon.c: fill_balloon(), v6.12",
  needs: ["zones"],
  ops: ["free-reserved", "fake-offline", "fake-online", "inflate", "deflate"],
  unless: [],
  find: (step) => {
    const command = commandOf(step);
    if (!succeeded(step)) return [];
    const wanted = command.op === "fake-offline" ? -command.nrPages : command.op === "fake-online" ? command.nrPages : command.op === "inflate" ? -1 : 1;
    let delta = 0;
    for (const { before, after } of zonePairs(step)) delta += after.managed - before.managed;
    return delta === wanted ? [] : [{ where: "managed of all zones", was: `${wanted > 0 ? "+" : ""}${wanted}`, is: `${delta}` }];
  },
};

export const freeingLaws: readonly Law[] = [framesAreConserved, isolatedSkipsPcp, freedIsFree, ownersDropWhatTheyHave, contigFreesItsFrames, reservedStays, drainEmpties, countsWhatItFrees];

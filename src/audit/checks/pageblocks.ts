/**
 * Pageblocks, CMA and the memmap counters: counts that stand for whole ranges of memory.
 */
import { pageblockPages } from "../../../models/index.ts";
import type { Evidence } from "../../../properties/index.ts";
import { doesNotApply, found, given, iomemIsMemblock, read } from "../cross-check.ts";
import type { CrossCheck, Moved } from "../cross-check.ts";
import { countedPageblocks, deferredMemory, expectedPageblocks } from "../deferred.ts";
import { zoneLabel } from "../layout.ts";
import type { ZoneEntry } from "../layout.ts";
import type { Snapshot } from "../snapshot.ts";
import { heldBack } from "./free.ts";

/** Pageblocks of one type in a zone; null: this kernel does not list the type. */
function blocksOfType(snapshot: Snapshot, zone: ZoneEntry, type: "CMA" | "Isolate"): number | null {
  const { types, blocks } = read(snapshot.files.pagetypeinfo);
  const at = types.indexOf(type);
  if (at < 0) return null;
  return blocks.find((row) => row.node === zone.node && row.zone === zone.type)?.count[at] ?? 0;
}

const pageblocksAreCounted: CrossCheck = {
  id: "AU-11",
  title: "the pageblocks of all types are those that begin online in the zone",
  source: "mm/vmstat.c: pagetypeinfo_showblockcount_print(), v6.12",
  strength: "exact",
  drift: "changes with hotplug only; where a hole lies between two zones of a block, it may count for either",
  needs: ["zoneinfo", "pagetypeinfo", "layout", "iomem"],
  find: (snapshot) => {
    if (given(snapshot.sizes).arch !== "x86-64") return doesNotApply(iomemIsMemblock);
    const late = deferredMemory(snapshot);
    const evidence: Evidence[] = [];
    let judged = 0;
    for (const zone of snapshot.zones) {
      const expected = expectedPageblocks(snapshot, zone);
      if (expected === undefined || late?.zones.includes(zone) === true) continue;
      judged++;
      const counted = countedPageblocks(snapshot, zone);
      const was = `${expected.least === expected.most ? `${expected.most}` : `${expected.least} to ${expected.most}`} pageblocks, by its span and blocks`;
      if (counted === undefined || counted < expected.least || counted > expected.most) evidence.push({ where: zoneLabel(zone), was, is: counted === undefined ? "no line in pagetypeinfo" : `${counted}` });
    }
    return judged === 0 && late !== undefined ? doesNotApply(late.why) : found(evidence);
  },
};

const cmaIsWhole: CrossCheck = {
  id: "AU-12",
  title: "the CMA pages of a zone are its CMA pageblocks, and no more of them are free",
  source: "mm/mm_init.c: init_cma_reserved_pageblock(), v6.12",
  strength: "exact",
  drift: "set at boot; an isolated pageblock may be one of CMA, and CPUs may hold back part of the free count",
  needs: ["zoneinfo", "pagetypeinfo"],
  find: (snapshot) => {
    const size = pageblockPages(given(snapshot.geometry));
    if (snapshot.zones.every(({ info }) => info?.cma == null)) return doesNotApply("this kernel does not show CMA pages of zones");
    const evidence: Evidence[] = [];
    for (const zone of snapshot.zones) {
      const cma = zone.info?.cma;
      if (cma == null) continue;
      const least = (blocksOfType(snapshot, zone, "CMA") ?? 0) * size;
      const most = least === 0 && blocksOfType(snapshot, zone, "CMA") === null ? 0 : least + (blocksOfType(snapshot, zone, "Isolate") ?? 0) * size;
      if (cma < least || cma > most) evidence.push({ where: zoneLabel(zone), was: `${least === most ? `${least}` : `${least} to ${most}`} CMA pages in its pageblocks`, is: `${cma}` });
      const populated = zone.info?.populated;
      const free = populated?.nrFreeCma ?? 0;
      if (populated != null && free > cma + heldBack(populated)) evidence.push({ where: zoneLabel(zone), was: `at most ${cma} free CMA pages`, is: `${free}` });
    }
    return found(evidence);
  },
};

const memmapIsWhole: CrossCheck = {
  id: "AU-13",
  title: "the memmap counters are the memmap of whole sections, one for each section of memory",
  source: "mm/sparse.c: sparse_init_nid(); mm/sparse-vmemmap.c: sparse_add_section(); mm/page_ext.c, v6.12",
  strength: "exact",
  drift: "changes with hotplug only; device memory and hugetlb pages change the counters in ways of their own, and then it is not judged",
  needs: ["zoneinfo", "layout", "iomem", "vmstat"],
  find: (snapshot) => {
    if (given(snapshot.sizes).arch !== "x86-64") return doesNotApply(iomemIsMemblock);
    const { vmstat, meminfo } = snapshot.files;
    const [boot, added] = ["nr_memmap_boot_pages", "nr_memmap_pages"].map((name) => read(vmstat).get(name));
    if (boot === undefined || added === undefined) return doesNotApply("this kernel does not count its memmap");
    if (snapshot.zones.some(({ type, info }) => type === "Device" && (info?.spanned ?? 0) > 0)) return doesNotApply("there is device memory, whose memmap counts too");
    if (!meminfo.available || (meminfo.value.values.get("Hugetlb") ?? 0) > 0) return doesNotApply("hugetlb pages may have given back part of their memmap");
    return found(snapshot.memmap !== null ? [] : [{ where: "vmstat", was: "the memmap of whole sections", is: `nr_memmap_boot_pages ${boot}, nr_memmap_pages ${added}` }]);
  },
};

const isolationEnds: CrossCheck = {
  id: "AU-26",
  title: "no pageblock is isolated unless a block goes offline",
  source: "mm/page_isolation.c: undo_isolate_page_range(), v6.12; a pageblock that is left isolated is lost to allocations",
  strength: "drifting",
  drift: "a contiguous allocation isolates pageblocks for a moment; never more than begin in the span of the zone",
  needs: ["zoneinfo", "pagetypeinfo", "layout"],
  find: (snapshot) => {
    if (given(snapshot.layout).blocks.some(({ state }) => state === "going-offline")) return doesNotApply("a memory block goes offline");
    const size = pageblockPages(given(snapshot.geometry));
    const evidence: Evidence[] = [];
    const moved: Moved[] = [];
    for (const zone of snapshot.zones) {
      const isolated = blocksOfType(snapshot, zone, "Isolate") ?? 0;
      const most = Math.ceil((zone.info?.spanned ?? 0) / size);
      if (isolated > most) evidence.push({ where: zoneLabel(zone), was: `isolated at most its ${most} pageblocks`, is: `${isolated}` });
      else if (isolated > 0) moved.push({ evidence: { where: zoneLabel(zone), was: "no isolated pageblock, nothing goes offline", is: `${isolated}` }, frames: isolated * size });
    }
    return found(evidence, moved);
  },
};

export const pageblockChecks: readonly CrossCheck[] = [pageblocksAreCounted, cmaIsWhole, memmapIsWhole, isolationEnds];

/**
 * Present and managed frames: each counter recomputed from the frames that it counts.
 */
import { FrameUse, blockPages, hex } from "../../models/index.ts";
import type { View } from "../../models/index.ts";
import { earlyCounts, inflatedCounts, outsideSpan, rowsOf, taskOfBlock, zoneCounts } from "../derived.ts";
import { recount, zoneName } from "../evidence.ts";
import { filled, given, perView } from "../per-view.ts";
import type { Evidence, Invariant } from "../rule.ts";

const managedCounted: Invariant = {
  id: "PG-13",
  title: "managed is the number of frames that the allocator has or has given out; reserved, self-hosted, PageOffline and inflated frames do not count",
  source: "mm/page_alloc.c: __free_pages_core(), adjust_managed_page_count(); mm/memory_hotplug.c: offline_pages(), v6.12",
  needs: ["zones", "frames.use", "frames.zone"],
  unless: [],
  find: (view) => recount(view, (index) => (zoneCounts(view).managed[index] ?? 0) - (inflatedCounts(view)[index] ?? 0), ({ managed }) => managed, "managed frames"),
};

/** Self-hosted frames in the zone that a half-done task has out of the present counts: offline begins with them, online ends with them. */
const unaccounted: (view: View) => readonly number[] = perView((view) => {
  const { use, zone } = given(view.frames);
  const rows = rowsOf(view);
  const size = blockPages(view.geometry);
  const counts = filled(given(view.zones).length, 0);
  const held = taskOfBlock(view);
  if (held.size === 0) return counts;
  for (const { block, selfHosted = 0 } of given(view.blocks)) {
    if (!held.has(block)) continue;
    for (let pfn = block * size; pfn < block * size + selfHosted; pfn++) {
      const row = rows.of(pfn);
      const index = row < 0 || use[row] !== FrameUse.SelfHosted ? counts.length : (zone[row] ?? counts.length);
      if (index < counts.length) counts[index] = (counts[index] ?? 0) + 1;
    }
  }
  return counts;
});

const presentCounted: Invariant = {
  id: "HP-29",
  title: "present is the number of frames of online memory that link to the zone",
  source: "mm/memory_hotplug.c: adjust_present_page_count(), v6.12; no frame is lost or counted twice",
  needs: ["zones", "frames.use", "frames.zone", "blocks.selfHosted", "tasks"],
  unless: [],
  find: (view) => recount(view, (index) => (zoneCounts(view).online[index] ?? 0) - (unaccounted(view)[index] ?? 0), ({ present }) => present, "frames of online memory"),
};

const presentIsSpanned: Invariant = {
  id: "HP-30",
  title: "a zone has no more frames present than it spans, but for subsections that it shares with another zone",
  source: "include/linux/mmzone.h: struct zone, v6.12",
  needs: ["zones"],
  unless: [],
  find: (view) => {
    const found: Evidence[] = [];
    const outside = outsideSpan(view);
    for (const [index, { present, spanned }] of given(view.zones).entries()) if (present > spanned + outside) found.push({ where: zoneName(view, index), was: `present at most ${spanned}`, is: `${present}` });
    return found;
  },
};

const earlyIsPresent: Invariant = {
  id: "FC-39",
  title: "a zone has no more early frames present than frames",
  source: "mm/memory_hotplug.c: adjust_present_page_count(), v6.12",
  needs: ["zones.presentEarly"],
  unless: [],
  find: (view) => {
    const found: Evidence[] = [];
    for (const [index, { presentEarly = 0, present }] of given(view.zones).entries()) if (presentEarly > present) found.push({ where: zoneName(view, index), was: `present_early at most ${present}`, is: `${presentEarly}` });
    return found;
  },
};

const earlyCounted: Invariant = {
  id: "HP-31",
  title: "present_early is the number of frames of online memory in early sections that link to the zone",
  source: "mm/memory_hotplug.c: adjust_present_page_count(), v6.12; the auto-movable policy divides by it",
  needs: ["zones.presentEarly", "sections", "frames.use", "frames.zone"],
  unless: [],
  find: (view) => recount(view, (index) => earlyCounts(view)[index] ?? 0, ({ presentEarly }) => presentEarly, "frames of online memory in early sections"),
};

const managedIsPresent: Invariant = {
  id: "HP-32",
  title: "a zone manages no more frames than are present",
  source: "include/linux/mmzone.h: struct zone, v6.12",
  needs: ["zones"],
  unless: [],
  find: (view) => {
    const found: Evidence[] = [];
    for (const [index, { managed, present }] of given(view.zones).entries()) if (managed > present) found.push({ where: zoneName(view, index), was: `managed at most ${present}`, is: `${managed}` });
    return found;
  },
};

const emptyZoneIsEmpty: Invariant = {
  id: "HP-33",
  title: "a zone that spans nothing starts at 0 and counts nothing, but for subsections that it shares with another zone",
  source: "mm/memory_hotplug.c: shrink_zone_span(), v6.12",
  needs: ["zones"],
  unless: [],
  find: (view) => {
    const found: Evidence[] = [];
    const outside = outsideSpan(view);
    for (const [index, { start, spanned, present, managed }] of given(view.zones).entries()) {
      if (spanned === 0 && (start !== 0 || present > outside || managed > outside)) found.push({ where: zoneName(view, index), was: "start 0, present 0, managed 0", is: `start ${hex(start)}, present ${present}, managed ${managed}` });
    }
    return found;
  },
};

const totalramCounted: Invariant = {
  id: "HP-40",
  title: "totalram is the managed frames of all zones",
  source: "mm/page_alloc.c: adjust_managed_page_count(), v6.12",
  needs: ["zones", "totals"],
  unless: [],
  find: (view) => {
    let managed = 0;
    for (const zone of given(view.zones)) managed += zone.managed;
    const { totalram } = given(view.totals);
    return totalram === managed ? [] : [{ where: "totalram", was: `${managed}`, is: `${totalram}` }];
  },
};

function whole(n: number | undefined): boolean {
  return n === undefined || (Number.isSafeInteger(n) && n >= 0);
}

const countersAreWhole: Invariant = {
  id: "FC-14",
  title: "no counter that a zone shows is negative or broken",
  source: "mm/page_alloc.c, mm/memory_hotplug.c, v6.12; a counter that wraps below zero is a very large number",
  needs: ["zones"],
  unless: [],
  find: (view) => {
    const found: Evidence[] = [];
    for (const [index, zone] of given(view.zones).entries()) {
      const { start, spanned, present, presentEarly, managed, nrFree, nrFreeCma, nrFreeHighAtomic, nrReservedHighAtomic, nrIsolatePageblock, pcpDisabled } = zone;
      if (whole(start) && whole(spanned) && whole(present) && whole(presentEarly) && whole(managed) && whole(nrFree) && whole(nrFreeCma) && whole(nrFreeHighAtomic) && whole(nrReservedHighAtomic) && whole(nrIsolatePageblock) && whole(pcpDisabled)) continue;
      const is = Object.entries({ start, spanned, present, presentEarly, managed, nrFree, nrFreeCma, nrFreeHighAtomic, nrReservedHighAtomic, nrIsolatePageblock, pcpDisabled }).filter(([, value]) => !whole(value));
      found.push({ where: zoneName(view, index), was: "whole numbers from 0", is: is.map(([name, value]) => `${name} ${value}`).join(", ") });
    }
    return found;
  },
};

export const counterInvariants: readonly Invariant[] = [managedCounted, presentCounted, presentIsSpanned, earlyIsPresent, earlyCounted, managedIsPresent, emptyZoneIsEmpty, totalramCounted, countersAreWhole];

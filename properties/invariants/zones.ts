/**
 * Zones: what they span and what that says of the frames inside.
 */
import { FrameFlag, NONE, pageblockPages, showRange, toPfn, zoneTypes } from "../../models/index.ts";
import type { PfnRange, ZoneView } from "../../models/index.ts";
import { isOnlineMemory, mustSpan, rowsOf } from "../derived.ts";
import { FrameEvidence, useName, zoneName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Invariant } from "../rule.ts";

const span = ({ start, spanned }: ZoneView): PfnRange => ({ start, nrPages: spanned });

const spanCovers: Invariant = {
  id: "HP-34",
  title: "the span of a zone covers every frame of online memory that links to it, but for subsections that it shares with another zone",
  source: "mm/memory_hotplug.c: shrink_zone_span(), v6.12; the allocator asserts zone_spans_pfn()",
  needs: ["zones", "frames.use", "frames.zone"],
  unless: [],
  find: (view) => {
    const { use, zone } = given(view.frames);
    const rows = rowsOf(view);
    const zones = given(view.zones);
    const found = new FrameEvidence();
    let row = 0;
    for (const { start, nrPages } of given(view.frames).ranges) {
      for (let pfn = start; pfn < start + nrPages; pfn = toPfn(pfn + 1), row++) {
        const index = zone[row] ?? NONE;
        const of = zones[index];
        if (of === undefined || (pfn >= of.start && pfn < of.start + of.spanned) || !isOnlineMemory(use[row]) || !mustSpan(view, index, pfn)) continue;
        found.add(rows.pfn(row), `in the span of its zone, ${showRange(span(of))}`, "outside", `${zoneName(view, index)}, ${useName(use[row])}`);
      }
    }
    return found.found;
  },
};

const deviceZoneCountsNothing: Invariant = {
  id: "HP-37",
  title: "zone Device counts no frames",
  source: "mm/memory_hotplug.c: move_pfn_range_to_zone(), v6.12: device pages are not accounted",
  needs: ["zones"],
  unless: [],
  find: (view) => {
    const found: Evidence[] = [];
    for (const [index, { type, present, managed }] of given(view.zones).entries()) if (type === "Device" && (present !== 0 || managed !== 0)) found.push({ where: zoneName(view, index), was: "present 0, managed 0", is: `present ${present}, managed ${managed}` });
    return found;
  },
};

const deviceZoneIsNotContiguous: Invariant = {
  id: "FC-40",
  title: "zone Device is never contiguous",
  source: "mm/mm_init.c: set_zone_contiguous(), v6.12: its pages are not online",
  needs: ["zones.contiguous"],
  unless: ["EX-9"],
  find: (view) => {
    const found: Evidence[] = [];
    for (const [index, { type, contiguous }] of given(view.zones).entries()) if (type === "Device" && contiguous === true) found.push({ where: zoneName(view, index), was: "not contiguous", is: "contiguous" });
    return found;
  },
};

const contiguousIsTrue: Invariant = {
  id: "HP-43",
  title: "in a contiguous zone every pageblock of the span begins with an online frame of the zone and ends with a valid one",
  source: "mm/mm_init.c: set_zone_contiguous(), v6.12; walkers of such a zone do not check",
  needs: ["zones.contiguous", "frames.use", "frames.flags", "frames.zone"],
  unless: [],
  find: (view) => {
    const { flags, zone: link, use } = given(view.frames);
    const rows = rowsOf(view);
    const size = pageblockPages(view.geometry);
    const found = new FrameEvidence();
    for (const [index, zone] of given(view.zones).entries()) {
      if (zone.contiguous !== true) continue;
      const end = zone.start + zone.spanned;
      for (let start: number = zone.start; start < end; start = start - (start % size) + size) {
        const last = Math.min(start - (start % size) + size, end) - 1;
        const first = rows.of(start);
        const lastRow = rows.of(last);
        if (first < 0 || ((flags[first] ?? 0) & FrameFlag.Online) === 0 || link[first] !== index) found.add(toPfn(start), `an online frame of ${zoneName(view, index)}, which is contiguous`, first < 0 ? "no page" : `${useName(use[first])} of ${zoneName(view, link[first])}`);
        // A device may since have taken the hole at the end of the pageblock: that is not looked at again.
        else if (lastRow < 0 || ((flags[lastRow] ?? 0) & FrameFlag.Valid) === 0 || (link[lastRow] !== index && isOnlineMemory(use[lastRow]))) found.add(toPfn(last), `a valid frame of ${zoneName(view, index)}, which is contiguous`, lastRow < 0 ? "no page" : `${useName(use[lastRow])} of ${zoneName(view, link[lastRow])}`);
      }
    }
    return found.found;
  },
};

const zonesInOrder: Invariant = {
  id: "FC-17",
  title: "every node, from node 0 on, has each type of zone once, in order",
  source: "include/linux/mmzone.h: struct pglist_data, enum zone_type, v6.12",
  needs: ["zones"],
  unless: [],
  find: (view) => {
    const found: Evidence[] = [];
    for (const [index, { type, node }] of given(view.zones).entries()) {
      const [wantedType, wantedNode] = [zoneTypes[index % zoneTypes.length], Math.floor(index / zoneTypes.length)];
      if (type !== wantedType || node !== wantedNode) found.push({ where: `zone ${index} of the list`, was: `zone ${wantedType} of node ${wantedNode}`, is: zoneName(view, index) });
    }
    return found;
  },
};

export const zoneInvariants: readonly Invariant[] = [spanCovers, deviceZoneCountsNothing, deviceZoneIsNotContiguous, contiguousIsTrue, zonesInOrder];

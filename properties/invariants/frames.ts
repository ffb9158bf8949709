/**
 * Single frames: what they are used for, what lookups say of them, and the zone they link to.
 */
import { FrameFlag, FrameUse, NONE, rangeContains, rangeEnd, toPfn } from "../../models/index.ts";
import type { Pfn, PfnRange, View } from "../../models/index.ts";
import { Place, deviceOfRow, isOnlineMemory, keptByDrivers, placeOfRow, rowsOf, zoneAt } from "../derived.ts";
import { FrameEvidence, sectionName, useName, zoneName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Invariant } from "../rule.ts";

/** Whether a frame of such a section can have this use. */
function useFits(use: number, place: number): boolean {
  const early = (place & Place.Early) !== 0;
  if ((place & Place.Added) === 0) return use === FrameUse.Absent || (early && use === FrameUse.Hole);
  if (use === FrameUse.Device || (early && use === FrameUse.Hole)) return true;
  return (place & Place.Online) !== 0 ? isOnlineMemory(use) : use === FrameUse.Offline;
}

function sectionOf(view: View, pfn: number): string {
  return sectionName(Math.floor(pfn / view.geometry.sectionPages));
}

const oneClass: Invariant = {
  id: "PG-01",
  title: "every frame is in exactly one class, and in one that its section allows",
  source: "include/linux/mm_types.h, mm/sparse.c: online_mem_sections(), v6.12; a frame in two classes has two owners, a frame in none is lost",
  needs: ["sections", "frames.use"],
  unless: [],
  find: (view) => {
    const { use } = given(view.frames);
    const rows = rowsOf(view);
    const places = placeOfRow(view);
    const found = new FrameEvidence();
    for (let row = 0; row < rows.count; row++) {
      const place = places[row] ?? 0;
      if (place === 0 || useFits(use[row] ?? 0, place)) continue;
      const was = (place & Place.Added) === 0 ? "absent, the subsection was never added" : (place & Place.Online) === 0 ? "offline" : "a use of online memory";
      found.add(rows.pfn(row), was, useName(use[row]), sectionOf(view, rows.pfn(row)));
    }
    return found.found;
  },
};

const onlineIsValid: Invariant = {
  id: "HP-12",
  title: "a frame that can be looked at is valid, and a valid frame lies in a present section",
  source: "mm/memory_hotplug.c: pfn_to_online_page(); include/linux/mmzone.h: pfn_valid(), v6.12",
  needs: ["sections", "frames.flags"],
  unless: [],
  find: (view) => {
    const { flags } = given(view.frames);
    const rows = rowsOf(view);
    const places = placeOfRow(view);
    const found = new FrameEvidence();
    for (let row = 0; row < rows.count; row++) {
      const flag = (flags[row] ?? 0) & (FrameFlag.Valid | FrameFlag.Online);
      if (flag === FrameFlag.Online) found.add(rows.pfn(row), "valid, as it is online", "online and not valid");
      else if (flag !== 0 && ((places[row] ?? 0) & Place.Present) === 0) found.add(rows.pfn(row), "in a present section, as it is valid", "valid in a section that is not present");
    }
    return found.found;
  },
};

const deviceIsHidden: Invariant = {
  id: "HP-13",
  title: "a frame of a live device map can not be looked at as an online page",
  source: "mm/memory_hotplug.c: pfn_to_online_page(), v6.12; device memory must be invisible to walkers",
  needs: ["devices", "frames.flags"],
  unless: ["EX-9"],
  find: (view) => {
    const devices = given(view.devices);
    if (devices.length === 0) return [];
    const { flags } = given(view.frames);
    const rows = rowsOf(view);
    const deviceOf = deviceOfRow(view);
    const found = new FrameEvidence();
    for (let row = 0; row < rows.count; row++) {
      const device = devices[(deviceOf[row] ?? 0) - 1];
      if (device !== undefined && ((flags[row] ?? 0) & FrameFlag.Online) !== 0) found.add(rows.pfn(row), "not an online page", "an online page", `device ${device.device}`);
    }
    return found.found;
  },
};

const validFollowsSection: Invariant = {
  id: "FC-06",
  title: "a frame is valid exactly if its section has a memmap and is early or has the subsection",
  source: "include/linux/mmzone.h: pfn_valid(), pfn_section_valid(), v6.12",
  needs: ["sections", "frames.flags"],
  unless: [],
  find: (view) => {
    const { flags } = given(view.frames);
    const rows = rowsOf(view);
    const places = placeOfRow(view);
    const found = new FrameEvidence();
    for (let row = 0; row < rows.count; row++) {
      const place = places[row] ?? 0;
      if (place === 0) continue;
      const valid = ((flags[row] ?? 0) & FrameFlag.Valid) !== 0;
      const should = (place & Place.HasMemMap) !== 0 && (place & (Place.Early | Place.Added)) !== 0;
      if (valid !== should) found.add(rows.pfn(row), should ? "valid" : "not valid", valid ? "valid" : "not valid", sectionOf(view, rows.pfn(row)));
    }
    return found.found;
  },
};

const onlineFollowsSection: Invariant = {
  id: "FC-07",
  title: "a frame can be looked at exactly if its section is online, has the subsection, and no device in a tainted section covers it",
  source: "mm/memory_hotplug.c: pfn_to_online_page(), v6.12",
  needs: ["sections", "devices", "frames.flags"],
  unless: ["EX-9"],
  find: (view) => {
    const { flags } = given(view.frames);
    const rows = rowsOf(view);
    const places = placeOfRow(view);
    const devices = deviceOfRow(view);
    const found = new FrameEvidence();
    for (let row = 0; row < rows.count; row++) {
      const place = places[row] ?? 0;
      if (place === 0) continue;
      const is = ((flags[row] ?? 0) & FrameFlag.Online) !== 0;
      const should = (place & Place.Online) !== 0 && (place & Place.Added) !== 0 && !((place & Place.Taint) !== 0 && devices[row] !== 0);
      if (is !== should) found.add(rows.pfn(row), should ? "an online page" : "not an online page", is ? "an online page" : "not an online page", sectionOf(view, rows.pfn(row)));
    }
    return found.found;
  },
};

function isKept(kept: readonly PfnRange[], pfn: Pfn): boolean {
  return kept.some((range) => rangeContains(range, pfn));
}

const linksToOwnKindOfZone: Invariant = {
  id: "HP-28",
  title: "a frame has one zone: memory links to a zone that holds memory, a device frame to zone Device unless its driver keeps it",
  source: "include/linux/mm.h: page_zone(); mm/mm_init.c: memmap_init_zone_device(), v6.12",
  needs: ["zones", "frames.use", "frames.zone"],
  unless: [],
  find: (view) => {
    const { use, zone } = given(view.frames);
    const rows = rowsOf(view);
    const isDevice = given(view.zones).map(({ type }) => type === "Device");
    const kept = keptByDrivers(view);
    const found = new FrameEvidence();
    for (let row = 0; row < rows.count; row++) {
      const memory = isOnlineMemory(use[row]);
      if (!memory && (use[row] !== FrameUse.Device || isKept(kept, rows.pfn(row)))) continue;
      if (isDevice[zone[row] ?? NONE] !== !memory) found.add(rows.pfn(row), memory ? "a zone of memory" : "zone Device", zoneName(view, zone[row]), useName(use[row]));
    }
    return found.found;
  },
};

const linkExists: Invariant = {
  id: "HP-48",
  title: "every frame that can be looked at links to a zone",
  source: "include/linux/mm.h: page_zone(), page_to_nid(), v6.12; walkers of the zone would misplace it",
  needs: ["zones", "frames.flags", "frames.zone"],
  unless: [],
  find: (view) => {
    const { flags, zone, use } = given(view.frames);
    const rows = rowsOf(view);
    const nrZones = given(view.zones).length;
    const found = new FrameEvidence();
    for (let row = 0; row < rows.count; row++) {
      if (((flags[row] ?? 0) & FrameFlag.Online) !== 0 && (zone[row] ?? NONE) >= nrZones) found.add(rows.pfn(row), "a zone", "none", useName(use[row]));
    }
    return found.found;
  },
};

const offlineHasNoLink: Invariant = {
  id: "FC-08",
  title: "a frame that is offline or absent links to no zone",
  source: "mm/memory_hotplug.c: remove_pfn_range_from_zone(), v6.12: the page has left its zone",
  needs: ["zones", "frames.use", "frames.zone"],
  unless: [],
  find: (view) => {
    const { use, zone } = given(view.frames);
    const rows = rowsOf(view);
    const found = new FrameEvidence();
    for (let row = 0; row < rows.count; row++) {
      if ((use[row] === FrameUse.Offline || use[row] === FrameUse.Absent) && zone[row] !== NONE) found.add(rows.pfn(row), "no zone", zoneName(view, zone[row]), useName(use[row]));
    }
    return found.found;
  },
};

const reservedIsFromBoot: Invariant = {
  id: "HP-61",
  title: "only frames of early sections are reserved",
  source: "mm/mm_init.c: memmap_init_range(), v6.12: added memory starts as PageOffline",
  needs: ["sections", "frames.use"],
  unless: [],
  find: (view) => {
    const { use } = given(view.frames);
    const rows = rowsOf(view);
    const places = placeOfRow(view);
    const found = new FrameEvidence();
    for (let row = 0; row < rows.count; row++) {
      if (use[row] !== FrameUse.Reserved) continue;
      const place = places[row] ?? 0;
      if (place !== 0 && (place & Place.Early) === 0) found.add(rows.pfn(row), "not reserved, the memory was added", "reserved", sectionOf(view, rows.pfn(row)));
    }
    return found.found;
  },
};

const deviceFramesAreMapped: Invariant = {
  id: "FC-09",
  title: "a frame is a device frame exactly if a device map covers it",
  source: "mm/memremap.c: memremap_pages(), memunmap_pages(), v6.12",
  needs: ["devices", "frames.use"],
  unless: ["EX-9"],
  find: (view) => {
    const { use } = given(view.frames);
    const rows = rowsOf(view);
    const devices = deviceOfRow(view);
    const found = new FrameEvidence();
    for (let row = 0; row < rows.count; row++) {
      if ((use[row] === FrameUse.Device) === (devices[row] !== 0)) continue;
      const device = given(view.devices)[(devices[row] ?? 0) - 1];
      found.add(rows.pfn(row), device === undefined ? "not a device frame" : "a device frame", useName(use[row]), device === undefined ? undefined : `device ${device.device}`);
    }
    return found.found;
  },
};

const keptHaveNoLink: Invariant = {
  id: "FC-91",
  title: "a frame that the driver of a device keeps for itself links to no zone",
  source: "mm/mm_init.c: memmap_init_range(), memmap_init_zone_device(), v6.12: both leave its page alone",
  needs: ["devices", "frames.zone"],
  unless: [],
  find: (view) => {
    const { zone } = given(view.frames);
    const rows = rowsOf(view);
    const found = new FrameEvidence();
    for (const range of keptByDrivers(view)) {
      for (let pfn = range.start; pfn < rangeEnd(range); pfn = toPfn(pfn + 1)) {
        const row = rows.of(pfn);
        if (row >= 0 && zone[row] !== NONE) found.add(pfn, "no zone", zoneName(view, zone[row]));
      }
    }
    return found.found;
  },
};

const nothingLost: Invariant = {
  id: "FC-10",
  title: "no frame is in use by nobody and free to nobody",
  source: "the contract; mm/page_alloc.c: alloc_contig_range_noprof(), mm/memory-failure.c: unpoison_memory(), v6.12 are where Linux loses frames",
  needs: ["frames.use"],
  unless: ["KD-3", "KD-8"],
  find: (view) => {
    const { use, zone } = given(view.frames);
    const rows = rowsOf(view);
    const found = new FrameEvidence();
    for (let row = 0; row < rows.count; row++) if (use[row] === FrameUse.Limbo) found.add(rows.pfn(row), "free, or owned", "limbo", zoneAt(view, zone[row])?.type);
    return found.found;
  },
};

export const frameInvariants: readonly Invariant[] = [
  oneClass, onlineIsValid, deviceIsHidden, validFollowsSection, onlineFollowsSection, linksToOwnKindOfZone, linkExists, offlineHasNoLink, reservedIsFromBoot, deviceFramesAreMapped, keptHaveNoLink, nothingLost,
];

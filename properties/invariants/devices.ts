/**
 * Device maps and the resource tree.
 */
import { blockPages, hex, pfnRange, rangeContainsRange, rangeEnd, rangesOverlap, showRange, toPfn } from "../../models/index.ts";
import type { DeviceView, PfnRange, ResourceView } from "../../models/index.ts";
import { blocksById, sectionAt, spans } from "../derived.ts";
import { FrameEvidence, blockName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Invariant } from "../rule.ts";

function deviceName({ device, range }: DeviceView): string {
  return `device ${device} at ${showRange(range)}`;
}

const deviceIsThere: Invariant = {
  id: "HP-55",
  title: "every subsection of a device map was added, and lies in the span of a zone Device",
  source: "mm/memremap.c: pagemap_range(), v6.12",
  needs: ["devices", "sections", "zones"],
  unless: [],
  find: (view) => {
    const { sectionPages, subsectionPages } = view.geometry;
    const found = new FrameEvidence();
    for (const device of given(view.devices)) {
      const { range } = device;
      for (let pfn = range.start; pfn < rangeEnd(range); pfn = toPfn(pfn + subsectionPages)) {
        if (sectionAt(view, pfn)?.subsectionMap[Math.floor((pfn % sectionPages) / subsectionPages)] !== "1") found.add(pfn, "an added subsection", "not added", deviceName(device));
      }
      const inSpan = given(view.zones).some((zone) => zone.type === "Device" && spans(zone, range.start) && spans(zone, rangeEnd(range) - 1));
      if (!inSpan) found.add(range.start, "in the span of a zone Device", "outside", deviceName(device));
    }
    return found.found;
  },
};

const devicesAreApart: Invariant = {
  id: "FC-30",
  title: "device maps consist of whole subsections and do not overlap",
  source: "mm/memory_hotplug.c: check_pfn_span(); mm/memremap.c: pagemap_range(), v6.12",
  needs: ["devices"],
  unless: [],
  find: (view) => {
    const { subsectionPages } = view.geometry;
    const list = given(view.devices);
    const found: Evidence[] = [];
    for (const [at, device] of list.entries()) {
      const { start, nrPages } = device.range;
      if (start % subsectionPages !== 0 || nrPages % subsectionPages !== 0 || nrPages < 1) found.push({ pfn: start, nrPages, where: deviceName(device), was: `whole subsections of ${subsectionPages} frames`, is: showRange(device.range) });
      const next = list[at + 1];
      if (next !== undefined && next.range.start < rangeEnd(device.range)) found.push({ pfn: next.range.start, where: deviceName(device), was: "apart from other devices, in order", is: `overlaps ${deviceName(next)} or comes after it` });
    }
    return found;
  },
};

function showRanges(ranges: readonly PfnRange[]): string {
  return ranges.map(showRange).join(" ") || "none";
}

/** Whether the ranges together cover this one; they are ascending. */
function covered(range: PfnRange, by: readonly PfnRange[]): boolean {
  let pfn: number = range.start;
  for (const { start, nrPages } of by) if (start <= pfn && start + nrPages > pfn) pfn = start + nrPages;
  return pfn >= rangeEnd(range);
}

const blocksAreInRam: Invariant = {
  id: "HP-52",
  title: "an added block lies in System RAM of the resource tree, and all System RAM lies in memory blocks",
  source: "mm/memory_hotplug.c: register_memory_resource(), try_remove_memory(), v6.12; the tree keeps a range from being added twice",
  needs: ["resources", "blocks.boot"],
  unless: [],
  find: (view) => {
    const size = blockPages(view.geometry);
    const ram = given(view.resources).filter(({ kind }) => kind === "ram").map(({ range }) => range);
    const found: Evidence[] = [];
    for (const { block, boot } of given(view.blocks)) {
      if (boot === false && !covered(pfnRange(toPfn(block * size), size), ram)) found.push({ pfn: toPfn(block * size), nrPages: size, where: blockName(block), was: "System RAM", is: "not in the resource tree, or not wholly" });
    }
    const blocks = blocksById(view);
    for (const range of ram) {
      for (let block = Math.floor(range.start / size); block * size < rangeEnd(range); block++) {
        if (!blocks.has(block)) found.push({ pfn: toPfn(block * size), where: blockName(block), was: `a memory block, System RAM ${showRange(range)} reaches into it`, is: "no such block" });
      }
    }
    return found;
  },
};

const resourcesAreApart: Invariant = {
  id: "FC-31",
  title: "busy resources do not overlap",
  source: "kernel/resource.c: __request_region_locked(), v6.12",
  needs: ["resources"],
  unless: [],
  find: (view) => {
    const list = given(view.resources).filter(({ kind }) => kind === "ram" || kind === "device");
    const found: Evidence[] = [];
    for (const [at, { range, kind }] of list.entries()) {
      const next = list[at + 1];
      if (next !== undefined && (rangesOverlap(range, next.range) || next.range.start < range.start)) found.push({ pfn: next.range.start, where: `${kind} ${showRange(range)}`, was: "apart from other resources, in order", is: `${next.kind} ${showRange(next.range)}` });
    }
    return found;
  },
};

/** Not busy: others may lie inside. */
function isHolder({ kind }: ResourceView): boolean {
  return kind === "window" || kind === "kmem" || kind === "virtio-mem";
}

const windowsHoldAll: Invariant = {
  id: "FC-92",
  title: "what is not busy in the resource tree, a window or what a driver reserved, holds all of every resource that it meets, or lies in it",
  source: "kernel/resource.c: __request_resource(), __request_region_locked(), v6.12",
  needs: ["resources"],
  unless: [],
  find: (view) => {
    const found: Evidence[] = [];
    for (const holder of given(view.resources).filter(isHolder)) {
      for (const other of given(view.resources)) {
        if (other === holder || !rangesOverlap(holder.range, other.range) || rangeContainsRange(holder.range, other.range)) continue;
        if (isHolder(other) && rangeContainsRange(other.range, holder.range)) continue;
        found.push({ pfn: other.range.start, where: `${holder.kind} ${showRange(holder.range)}`, was: "inside or apart", is: `${other.kind} ${showRange(other.range)}` });
      }
    }
    return found;
  },
};

const devicesAreResources: Invariant = {
  id: "FC-32",
  title: "the device ranges of the resource tree are those of the device maps",
  source: "kernel/resource.c: region_intersects(); mm/memremap.c: pagemap_range(), v6.12",
  needs: ["resources", "devices"],
  unless: [],
  find: (view) => {
    const was = showRanges(given(view.devices).map(({ range }) => range));
    const is = showRanges(given(view.resources).filter(({ kind }) => kind === "device").map(({ range }) => range));
    return was === is ? [] : [{ where: "resource tree", was: `devices ${was}`, is }];
  },
};

const maxPfnReaches: Invariant = {
  id: "HP-54",
  title: "max_pfn is not below the end of any System RAM",
  source: "arch/x86/mm/init_64.c: update_end_of_memory_vars(); arch/arm64/mm/mmu.c: arch_add_memory(), v6.12; lookups stop there",
  needs: ["resources", "totals"],
  unless: [],
  find: (view) => {
    const { maxPfn } = given(view.totals);
    return given(view.resources)
      .filter(({ kind, range }) => kind === "ram" && rangeEnd(range) > maxPfn)
      .map(({ range }) => ({ pfn: range.start, nrPages: range.nrPages, where: "max_pfn", was: `at least ${hex(rangeEnd(range))}`, is: hex(maxPfn) }));
  },
};

export const deviceInvariants: readonly Invariant[] = [deviceIsThere, devicesAreApart, blocksAreInRam, resourcesAreApart, windowsHoldAll, devicesAreResources, maxPfnReaches];

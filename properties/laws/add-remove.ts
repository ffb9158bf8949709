/**
 * Adding and removing memory: sections, blocks, resources and memmap come and go together, zones stay as they are.
 */
import { FrameUse, blockPages, memmapPages, rangeEnd, rangesOverlap, showRange, toPfn } from "../../models/index.ts";
import type { PfnRange, SectionView, View } from "../../models/index.ts";
import { blocksById, rowsOf, sectionAt, sectionsByNumber } from "../derived.ts";
import { FrameEvidence, blockName, nodeName, sectionName, useName, zoneName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Law, StepRecord } from "../rule.ts";
import { blockChanges, eachFrame, failed, succeeded, zonePairs } from "../step.ts";

/** The range that comes or goes: of memory, or of a device. */
function movedRange({ before, command }: StepRecord): PfnRange | undefined {
  if (command.op === "add" || command.op === "remove" || command.op === "offline-and-remove" || command.op === "device-map") return { start: command.start, nrPages: command.nrPages };
  return command.op === "device-unmap" ? given(before.devices).find(({ device }) => device === command.id)?.range : undefined;
}

/** Numbers of the sections that the range touches. */
function sectionsIn(view: View, range: PfnRange): readonly number[] {
  const { sectionPages } = view.geometry;
  const numbers: number[] = [];
  for (let number = Math.floor(range.start / sectionPages); number * sectionPages < rangeEnd(range); number++) numbers.push(number);
  return numbers;
}

/** The subsections of a section that a range covers, as its map would show them. */
function mapOf(view: View, number: number, range: PfnRange): string {
  const { sectionPages, subsectionPages } = view.geometry;
  return Array.from({ length: sectionPages / subsectionPages }, (_, index) => (rangesOverlap(range, { start: toPfn(number * sectionPages + index * subsectionPages), nrPages: subsectionPages }) ? "1" : "0")).join("");
}

/** The map of a section; one without a usage record has no subsection. */
function added(view: View, section: SectionView | undefined): string {
  const { sectionPages, subsectionPages } = view.geometry;
  return section === undefined || section.subsectionMap === "" ? "0".repeat(sectionPages / subsectionPages) : section.subsectionMap;
}

const subsectionsComeAndGo: Law = {
  id: "HP-57",
  title: "what is added sets exactly its subsections and no others, what is removed clears exactly those",
  source: "mm/sparse-vmemmap.c: fill_subsection_map(), clear_subsection_map(), v6.12",
  needs: ["sections", "devices"],
  ops: ["add", "remove", "offline-and-remove", "device-map", "device-unmap"],
  unless: [],
  find: (step) => {
    const range = movedRange(step);
    if (range === undefined || !succeeded(step)) return [];
    const { before, after, command } = step;
    const comes = command.op === "add" || command.op === "device-map";
    const [was, is] = [sectionsByNumber(before), sectionsByNumber(after)];
    const inRange = new Set(sectionsIn(before, range));
    const found: Evidence[] = [];
    for (const number of new Set([...was.keys(), ...is.keys(), ...inRange])) {
      const mapBefore = added(before, was.get(number));
      const mapAfter = added(after, is.get(number));
      const own = inRange.has(number) ? mapOf(before, number, range) : "0".repeat(mapBefore.length);
      const wanted = Array.from(mapBefore, (bit, index) => (own[index] === "1" ? (comes ? "1" : "0") : bit)).join("");
      // Linux leaves a section alone of which a subsection is missing.
      const leftAlone = !comes && Array.from(own).some((bit, index) => bit === "1" && mapBefore[index] !== "1");
      if (mapAfter !== (leftAlone ? mapBefore : wanted)) found.push({ where: sectionName(number), was: wanted, is: mapAfter });
    }
    return found;
  },
};

const blocksComeAndGo: Law = {
  id: "FC-67",
  title: "adding memory makes exactly the blocks and the resource of its range, removing it takes exactly those away",
  source: "drivers/base/memory.c: create_memory_block_devices(), remove_memory_block_devices(); mm/memory_hotplug.c: register_memory_resource(), release_memory_resource(), v6.12",
  needs: ["blocks", "resources"],
  ops: ["add", "remove", "offline-and-remove"],
  unless: [],
  find: (step) => {
    const range = movedRange(step);
    if (range === undefined || !succeeded(step)) return [];
    const comes = step.command.op === "add";
    const size = blockPages(step.before.geometry);
    const found: Evidence[] = [];
    const [was, is] = [blocksById(step.before), blocksById(step.after)];
    const inRange = Array.from({ length: range.nrPages / size }, (_, index) => range.start / size + index);
    for (const block of new Set([...was.keys(), ...is.keys(), ...inRange])) {
      const [before, after] = [was.get(block), is.get(block)];
      const own = inRange.includes(block);
      const wanted = own ? comes : before !== undefined;
      if (own && comes && before !== undefined) found.push({ where: blockName(block), was: "EEXIST, the block was there", is: "added" });
      if ((after !== undefined) !== wanted) found.push({ where: blockName(block), was: wanted ? "there" : "not there", is: after === undefined ? "not there" : "there" });
    }
    const ram = given(step.after.resources).filter((resource) => resource.kind === "ram" && rangesOverlap(resource.range, range));
    const covered = ram.some((resource) => resource.range.start <= range.start && rangeEnd(resource.range) >= rangeEnd(range));
    if (comes ? !covered : ram.length > 0) found.push({ pfn: range.start, nrPages: range.nrPages, where: "resource tree", was: comes ? "System RAM" : "no System RAM", is: ram.map((resource) => showRange(resource.range)).join(" ") || "nothing" });
    return found;
  },
};

const autoOnlineStops: Law = {
  id: "FC-85",
  title: "memory that comes online as it is added does so block by block, and none behind the first that fails",
  source: "mm/memory_hotplug.c: add_memory_resource(), online_memory_block(), v6.12",
  needs: ["blocks"],
  ops: ["add"],
  unless: [],
  find: (step) => {
    const found: Evidence[] = [];
    let failedAt: number | undefined;
    for (const { block, before, after } of blockChanges(step)) {
      if (before !== undefined || after === undefined) continue;
      if (after.state === "offline") failedAt ??= block;
      else if (failedAt !== undefined) found.push({ where: blockName(block), was: `offline, as ${blockName(failedAt)} before it`, is: after.state });
    }
    return found;
  },
};

const allHostOrNone: Law = {
  id: "HP-26",
  title: "of the blocks added in one call all host their memmap or none does",
  source: "mm/memory_hotplug.c: add_memory_resource(), v6.12",
  needs: ["blocks.selfHosted"],
  ops: ["add"],
  unless: [],
  find: (step) => {
    const made = blockChanges(step).filter(({ before, after }) => before === undefined && after !== undefined);
    const hosts = made.filter(({ after }) => (after?.selfHosted ?? 0) > 0);
    if (hosts.length === 0 || hosts.length === made.length) return [];
    return [{ where: made.map(({ block }) => blockName(block)).join(", "), was: "all host their memmap or none", is: `${hosts.map(({ block }) => block).join(", ")} alone` }];
  },
};

function backingAt(view: View, pfn: number): string | undefined {
  const { sectionPages, subsectionPages } = view.geometry;
  return sectionAt(view, pfn)?.backing[Math.floor((pfn % sectionPages) / subsectionPages)];
}

function hostedByDevice(view: View, pfn: number): boolean {
  return backingAt(view, pfn) === "d";
}

/** Two frames for each compound page that begins in the chunk. */
function sharedFrames(start: number, nrPages: number, compound: number): number {
  return 2 * (Math.ceil((start + nrPages) / compound) - Math.ceil(start / compound));
}

const memmapHasItsSize: Law = {
  id: "FC-68",
  title: "memory that was added takes exactly the frames that its memmap needs, and none if the blocks or the device host it or it was there from boot",
  source: "mm/sparse-vmemmap.c: section_activate(), populate_section_memmap(), v6.12",
  needs: ["sections", "blocks.selfHosted", "frames.use"],
  ops: ["add", "device-map"],
  unless: [],
  find: (step) => {
    const range = movedRange(step);
    if (range === undefined || !succeeded(step)) return [];
    const { before, after, outcome } = step;
    const blocks = blocksById(after);
    const size = blockPages(after.geometry);
    let needed = 0;
    for (const number of sectionsIn(before, range)) {
      const start = number * before.geometry.sectionPages;
      const early = sectionsByNumber(before).get(number)?.early === true;
      const hosted = step.command.op === "add" ? (blocks.get(Math.floor(start / size))?.selfHosted ?? 0) > 0 : hostedByDevice(after, Math.max(range.start, start));
      const chunk = Math.min(rangeEnd(range), start + before.geometry.sectionPages) - Math.max(range.start, start);
      const shared = step.command.op === "device-map" && backingAt(after, Math.max(range.start, start)) === "c" ? sharedFrames(Math.max(range.start, start), chunk, 2 ** (step.command.vmemmapShift ?? 0)) : undefined;
      if (!early && !hosted) needed += shared ?? memmapPages(before.geometry, chunk);
    }
    const found = new FrameEvidence();
    let taken = 0;
    for (const { pfn, order } of outcome.memmap ?? []) {
      taken += 2 ** order;
      for (let frame: number = pfn; frame < pfn + 2 ** order; frame++) {
        const use = given(after.frames).use[rowsOf(after).of(frame)];
        if (use !== FrameUse.Memmap) found.add(toPfn(frame), "memmap", useName(use));
      }
    }
    return taken === needed ? found.found : [...found.found, { pfn: range.start, nrPages: range.nrPages, where: "memmap", was: `${needed} frames`, is: `${taken}` }];
  },
};

const zonesAreNotTouched: Law = {
  id: "HP-67",
  title: "adding and removing memory or devices changes no page counter of a zone or node, but for the boot memmap that is given up",
  source: "mm/memory_hotplug.c: add_memory_resource(), try_remove_memory(); mm/bootmem_info.c: put_page_bootmem(), v6.12",
  needs: ["zones.presentEarly", "nodes", "frames.use", "frames.zone"],
  ops: ["add", "remove", "device-map", "device-unmap", "kmem-probe", "kmem-remove", "vmem-request"],
  unless: [],
  find: (step) => {
    // Blocks that came online on their own, or were to, change their zone.
    if ((step.outcome.events ?? []).length > 0) return [];
    const { before, after } = step;
    const givenUp = new Map<number, number>();
    eachFrame(step, (_pfn, rowBefore, rowAfter) => {
      const zone = given(before.frames).zone[rowBefore] ?? 0;
      if (given(before.frames).use[rowBefore] === FrameUse.Reserved && given(after.frames).use[rowAfter] !== FrameUse.Reserved) givenUp.set(zone, (givenUp.get(zone) ?? 0) + 1);
    });
    const found: Evidence[] = [];
    for (const { index, before: was, after: is } of zonePairs(step)) {
      const managed = was.managed + (givenUp.get(index) ?? 0);
      const moved = is.type !== "Device" && (was.start !== is.start || was.spanned !== is.spanned);
      if (moved || was.present !== is.present || was.presentEarly !== is.presentEarly || managed !== is.managed) {
        found.push({ where: zoneName(before, index), was: `${showRange({ start: was.start, nrPages: was.spanned })}, present ${was.present}, early ${was.presentEarly}, managed ${managed}`, is: `${showRange({ start: is.start, nrPages: is.spanned })}, present ${is.present}, early ${is.presentEarly}, managed ${is.managed}` });
      }
    }
    for (const node of given(before.nodes)) {
      const is = given(after.nodes).find((other) => other.node === node.node);
      if (is !== undefined && (is.present !== node.present || is.hasMemory !== node.hasMemory || is.hasNormalMemory !== node.hasNormalMemory)) found.push({ where: nodeName(node.node), was: `present ${node.present}, masks unchanged`, is: `present ${is.present}` });
    }
    return found;
  },
};

const failedAddLeavesNothing: Law = {
  id: "FC-69",
  title: "a failed add or device map leaves no section and no memmap behind",
  source: "the contract; mm/memory_hotplug.c: __add_pages(), v6.12",
  needs: ["sections", "totals"],
  ops: ["add", "device-map", "kmem-probe"],
  unless: ["EX-1"],
  find: (step) => {
    if (!failed(step)) return [];
    const { before, after } = step;
    const was = sectionsByNumber(before);
    const found: Evidence[] = [];
    for (const section of given(after.sections)) {
      const old = was.get(section.section);
      if (old?.present !== section.present || old.subsectionMap !== section.subsectionMap || old.usage !== section.usage || old.taint !== section.taint || old.backing !== section.backing) found.push({ where: sectionName(section.section), was: old?.present === true ? `as before: ${old.subsectionMap}` : "not present", is: `${section.present ? "present" : "not present"}: ${section.subsectionMap}` });
    }
    const [memmapBefore, memmapAfter] = [given(before.totals).nrMemmapPages, given(after.totals).nrMemmapPages];
    if (memmapBefore !== memmapAfter) found.push({ where: "nr_memmap_pages", was: `${memmapBefore}`, is: `${memmapAfter}` });
    return found;
  },
};

const failedAddKeepsMaxPfn: Law = {
  id: "FC-70",
  title: "a failed add leaves max_pfn as it was",
  source: "the contract; arch/x86/mm/init_64.c: add_pages(), v6.12",
  needs: ["totals"],
  ops: ["add", "kmem-probe"],
  unless: ["EX-3"],
  find: (step) => {
    const [was, is] = [given(step.before.totals).maxPfn, given(step.after.totals).maxPfn];
    return !failed(step) || was === is ? [] : [{ where: "max_pfn", was: `${was}`, is: `${is}` }];
  },
};

const failedMapLeavesDevices: Law = {
  id: "FC-71",
  title: "a failed device map leaves the frames of live devices as they were",
  source: "the contract; mm/memremap.c: pagemap_range(), v6.12",
  needs: ["devices", "frames.use", "frames.flags"],
  ops: ["device-map"],
  unless: ["EX-9"],
  find: (step) => {
    if (!failed(step)) return [];
    const { before, after } = step;
    const found = new FrameEvidence();
    for (const { device, range } of given(before.devices)) {
      for (let pfn: number = range.start; pfn < rangeEnd(range); pfn++) {
        const [rowBefore, rowAfter] = [rowsOf(before).of(pfn), rowsOf(after).of(pfn)];
        const same = given(before.frames).use[rowBefore] === given(after.frames).use[rowAfter] && given(before.frames).flags[rowBefore] === given(after.frames).flags[rowAfter];
        if (!same) found.add(toPfn(pfn), "as before", useName(given(after.frames).use[rowAfter]), `device ${device}`);
      }
    }
    return found.found;
  },
};

export const addRemoveLaws: readonly Law[] = [subsectionsComeAndGo, blocksComeAndGo, autoOnlineStops, allHostOrNone, memmapHasItsSize, zonesAreNotTouched, failedAddLeavesNothing, failedAddKeepsMaxPfn, failedMapLeavesDevices];

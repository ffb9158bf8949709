/**
 * Where the memmap of each section lies, and that its frames are counted.
 */
import { FrameUse, blockPages, memmapPages, pageblockPages, rangeContains, rangeEnd, showRange, toPfn } from "../../models/index.ts";
import type { Pfn, SectionView, View } from "../../models/index.ts";
import { blocksById, pageblockTypes, rowsOf, sectionAt, taskOfBlock } from "../derived.ts";
import { FrameEvidence, blockName, sectionName, useName, zoneName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Invariant } from "../rule.ts";

/** What `backing` must be by the flags and the map; the letter only where the rule is about the letter. */
function backedWhereAdded({ present, early, subsectionMap, backing }: SectionView): boolean {
  if (present && early) return !backing.includes("-");
  for (let index = 0; index < backing.length; index++) if ((backing[index] !== "-") !== (present && subsectionMap[index] === "1")) return false;
  return true;
}

const backedExactly: Invariant = {
  id: "HP-07",
  title: "the memmap is there for every subsection that was added, for all of an early section, and for nothing else",
  source: "mm/sparse-vmemmap.c: section_activate(), section_deactivate(), v6.12; too little is a use of freed pages, too much a leak",
  needs: ["sections"],
  unless: [],
  find: (view) =>
    given(view.sections)
      .filter((section) => !backedWhereAdded(section))
      .map((section) => ({ where: sectionName(section.section), was: section.present && section.early ? "every subsection backed" : `backed as added: ${section.subsectionMap}`, is: section.backing })),
};

/** Subsections with this letter in their section's backing. */
function nrBacked(view: View, letter: string): number {
  let count = 0;
  for (const { backing } of given(view.sections)) for (let index = 0; index < backing.length; index++) if (backing[index] === letter) count++;
  return count;
}

/**
 * Frames that hold the memmap which compound pages of devices share: two for each compound page. undefined: a map that failed
 * has left some behind, and of what size its compound pages were to be is not told.
 */
function nrSharedFrames(view: View): number | undefined {
  const { subsectionPages } = view.geometry;
  let frames = 0;
  let covered = 0;
  for (const { range, vmemmapShift } of view.devices ?? []) {
    if (vmemmapShift === undefined) continue;
    for (let pfn = range.start; pfn < rangeEnd(range); pfn = toPfn(pfn + subsectionPages)) if (backingAt(view, pfn) === "c") covered++;
    for (let pfn = range.start; pfn < rangeEnd(range); pfn = toPfn(pfn + 2 ** vmemmapShift)) if (backingAt(view, pfn) === "c") frames += 2;
  }
  return covered === nrBacked(view, "c") ? frames : undefined;
}

const memmapFramesAreOwned: Invariant = {
  id: "HP-08",
  title: "kernel zones hold exactly as many memmap frames as the sections backed by them need, compound pages of devices that share theirs two each",
  source: "mm/sparse-vmemmap.c: vmemmap_populate(), vmemmap_free(), v6.12; no frame backs two sections and none is forgotten",
  needs: ["sections", "frames.use"],
  unless: [],
  find: (view) => {
    const { use } = given(view.frames);
    let held = 0;
    for (let row = 0; row < use.length; row++) if (use[row] === FrameUse.Memmap) held++;
    const shared = nrSharedFrames(view);
    if (shared === undefined) return [];
    const needed = memmapPages(view.geometry, nrBacked(view, "k") * view.geometry.subsectionPages) + shared;
    return held === needed ? [] : [{ where: "all zones", was: `${needed} memmap frames`, is: `${held}` }];
  },
};

const bootMemmapCounted: Invariant = {
  id: "HP-09",
  title: "nr_memmap_boot_pages is the memmap of the early sections",
  source: "mm/vmstat.c: memmap_boot_pages_add(), v6.12",
  needs: ["sections", "totals"],
  unless: [],
  find: (view) => {
    let early = 0;
    for (const section of given(view.sections)) if (section.early) early++;
    const wanted = early * memmapPages(view.geometry, view.geometry.sectionPages);
    const { nrMemmapBootPages } = given(view.totals);
    return wanted === nrMemmapBootPages ? [] : [{ where: "nr_memmap_boot_pages", was: `${wanted} for ${early} early sections`, is: `${nrMemmapBootPages}` }];
  },
};

const memmapCounted: Invariant = {
  id: "HP-10",
  title: "nr_memmap_pages is the frames of the memmap of the subsections added outside early sections, each counted once where compound pages share them",
  source: "mm/vmstat.c: memmap_pages_add(); mm/sparse-vmemmap.c: section_activate(), section_deactivate(), v6.12",
  needs: ["sections", "totals"],
  unless: [],
  find: (view) => {
    let added = 0;
    for (const { early, present, subsectionMap } of given(view.sections)) {
      if (early || !present) continue;
      for (let index = 0; index < subsectionMap.length; index++) if (subsectionMap[index] === "1") added++;
    }
    const shared = nrSharedFrames(view);
    if (shared === undefined) return [];
    const wanted = memmapPages(view.geometry, (added - nrBacked(view, "c")) * view.geometry.subsectionPages) + shared;
    const { nrMemmapPages } = given(view.totals);
    return wanted === nrMemmapPages ? [] : [{ where: "nr_memmap_pages", was: `${wanted} for ${added} subsections`, is: `${nrMemmapPages}` }];
  },
};

/** Frames at the start of a block that hold its own memmap, where it does: the memmap, rounded up to whole pageblocks. */
function selfHostedPages(view: View): number {
  const pageblock = pageblockPages(view.geometry);
  return Math.ceil(memmapPages(view.geometry, blockPages(view.geometry)) / pageblock) * pageblock;
}

const selfHostedShape: Invariant = {
  id: "HP-24",
  title: "only an added block hosts its own memmap, in the whole pageblocks at its start that it needs, and has frames left",
  source: "mm/memory_hotplug.c: mhp_supports_memmap_on_memory(), create_altmaps_and_memory_blocks(), v6.12",
  needs: ["blocks.selfHosted", "blocks.boot"],
  unless: [],
  find: (view) => {
    const wanted = selfHostedPages(view);
    const found: Evidence[] = [];
    for (const { block, selfHosted = 0, boot } of given(view.blocks)) {
      if (selfHosted === 0) continue;
      if (boot === true) found.push({ where: blockName(block), was: "memmap elsewhere: the block was there at boot", is: `${selfHosted} frames of its own` });
      else if (selfHosted !== wanted || selfHosted >= blockPages(view.geometry)) found.push({ where: blockName(block), was: `${wanted} frames`, is: `${selfHosted}` });
    }
    return found;
  },
};

const selfHostedFrames: Invariant = {
  id: "HP-63",
  title: "the self-hosted memmap is the first frames of each online block that hosts it, in the block's zone, and nothing else",
  source: "mm/memory_hotplug.c: mhp_init_memmap_on_memory(), mhp_deinit_memmap_on_memory(), v6.12",
  needs: ["blocks.selfHosted", "blocks.zone", "frames.use", "frames.zone", "tasks"],
  unless: [],
  find: (view) => {
    const { use, zone } = given(view.frames);
    const rows = rowsOf(view);
    const size = blockPages(view.geometry);
    const blocks = blocksById(view);
    const held = taskOfBlock(view);
    const found = new FrameEvidence();
    for (const block of given(view.blocks)) {
      if (block.state === "offline") continue;
      for (let pfn = block.block * size; pfn < block.block * size + (block.selfHosted ?? 0); pfn++) {
        const row = rows.of(pfn);
        if (row < 0) continue;
        if (use[row] !== FrameUse.SelfHosted) found.add(toPfn(pfn), "self-hosted memmap", useName(use[row]), blockName(block.block));
        else if (block.zone !== null && zone[row] !== block.zone) found.add(toPfn(pfn), zoneName(view, block.zone), zoneName(view, zone[row]), blockName(block.block));
      }
    }
    for (let row = 0; row < rows.count; row++) {
      if (use[row] !== FrameUse.SelfHosted) continue;
      const pfn = rows.pfn(row);
      const block = blocks.get(Math.floor(pfn / size));
      const hosts = block !== undefined && pfn % size < (block.selfHosted ?? 0) && (block.state !== "offline" || held.get(block.block) === "online");
      if (!hosts) found.add(pfn, "not memmap: no online block hosts it here", "self-hosted memmap", block === undefined ? undefined : `${blockName(block.block)}, ${block.state}`);
    }
    return found.found;
  },
};

const selfHostedPageblocks: Invariant = {
  id: "FC-03",
  title: "the pageblocks of a self-hosted memmap are Unmovable, unless someone isolates them",
  source: "mm/memory_hotplug.c: mhp_init_memmap_on_memory(), v6.12",
  needs: ["blocks.selfHosted", "pageblocks"],
  unless: ["KD-4"],
  find: (view) => {
    const size = blockPages(view.geometry);
    const types = pageblockTypes(view);
    const found = new FrameEvidence();
    for (const { block, state, selfHosted = 0 } of given(view.blocks)) {
      if (state === "offline") continue;
      for (let pfn = block * size; pfn < block * size + selfHosted; pfn += pageblockPages(view.geometry)) {
        const type = types.get(pfn);
        if (type !== undefined && type !== "Unmovable" && type !== "Isolate") found.add(toPfn(pfn), "pageblock Unmovable", `pageblock ${type}`, blockName(block));
      }
    }
    return found.found;
  },
};

/** Whether the device there sets frames aside for its memmap. */
function setsAside(view: View, pfn: Pfn): boolean {
  return view.devices === undefined || view.devices.some(({ range, altmap }) => altmap !== undefined && altmap.free > 0 && rangeContains(range, pfn));
}

const setAsideIsUsed: Invariant = {
  id: "FC-90",
  title: "what a device sets aside for its memmap lies behind what its driver keeps, inside its range, and holds exactly the memmap that it backs",
  source: "include/linux/mm.h: vmem_altmap_offset(), vmem_altmap_free(); mm/sparse-vmemmap.c: altmap_alloc_block_buf(), v6.12; memunmap_pages() warns if any is left",
  needs: ["devices", "sections"],
  unless: [],
  find: (view) => {
    const { subsectionPages } = view.geometry;
    const found: Evidence[] = [];
    for (const { device, range, altmap } of given(view.devices)) {
      if (altmap === undefined) continue;
      const where = `device ${device} at ${showRange(range)}`;
      const { reserve, free, align, alloc } = altmap;
      if (reserve + free >= range.nrPages || align + alloc > free) found.push({ where, was: `at most ${free} frames in use and skipped, and ${reserve} + ${free} frames less than the range`, is: `${alloc} in use, ${align} skipped, ${range.nrPages} in all` });
      let backed = 0;
      for (let pfn = range.start; pfn < rangeEnd(range); pfn = toPfn(pfn + subsectionPages)) if (backingAt(view, pfn) === "d") backed += subsectionPages;
      const wanted = memmapPages(view.geometry, backed);
      if (alloc !== wanted) found.push({ where, was: `${wanted} frames of memmap`, is: `${alloc}` });
    }
    return found;
  },
};

function backingAt(view: View, pfn: Pfn): string | undefined {
  const { sectionPages, subsectionPages } = view.geometry;
  return sectionAt(view, pfn)?.backing[Math.floor((pfn % sectionPages) / subsectionPages)];
}

const backingFits: Invariant = {
  id: "FC-04",
  title: "an early section is backed by boot memory, an added one by a kernel zone, or by its own block or device, if that hosts its memmap",
  source: "mm/sparse-vmemmap.c: section_activate(); mm/memory_hotplug.c: add_memory_resource(), v6.12",
  needs: ["sections", "blocks.selfHosted"],
  unless: ["EX-1"],
  find: (view) => {
    const { sectionPages } = view.geometry;
    const size = blockPages(view.geometry);
    const blocks = blocksById(view);
    const found: Evidence[] = [];
    for (const { section, present, early, backing } of given(view.sections)) {
      if (!present) continue;
      const hosts = (blocks.get(Math.floor((section * sectionPages) / size))?.selfHosted ?? 0) > 0;
      const letter = early ? "b" : hosts ? "s" : "k";
      for (let index = 0; index < backing.length; index++) {
        if (backing[index] === letter || backing[index] === "-" || (backing[index] === "c" && letter === "k")) continue;
        if (backing[index] === "d" && letter === "k" && setsAside(view, toPfn(section * sectionPages + index * view.geometry.subsectionPages))) continue;
        found.push({ where: sectionName(section), was: `backed by ${letter === "b" ? "boot memory" : letter === "s" ? "its own block" : "a kernel zone"}`, is: backing });
        break;
      }
    }
    return found;
  },
};

export const memmapInvariants: readonly Invariant[] = [backedExactly, memmapFramesAreOwned, bootMemmapCounted, memmapCounted, selfHostedShape, selfHostedFrames, selfHostedPageblocks, backingFits, setAsideIsUsed];

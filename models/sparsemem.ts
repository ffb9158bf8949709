/**
 * Sections and subsections: which frames have a page, and which of those may be looked at.
 *
 * Linux mm/sparse.c, mm/sparse-vmemmap.c, include/linux/mmzone.h, v6.12.
 */
import type { Frame, Machine, MemmapChunk, Section } from "./machine.ts";
import { frameAt, framesOf, pageOf, sectionOf } from "./machine.ts";
import { pfnRange, rangeContains, toPfn } from "./pfn.ts";
import type { Pfn, PfnRange } from "./pfn.ts";
import { FrameUse } from "./view.ts";

/** Linux `pfn_valid()`, include/linux/mmzone.h, v6.12: the section has a memmap, and is early or has the subsection. */
export function pfnValid(machine: Machine, pfn: Pfn): boolean {
  const section = sectionOf(machine, pfn);
  return section !== undefined && section.hasMemMap && (section.early || subsectionSet(machine, section, pfn));
}

/** Linux `pfn_to_online_page()`, mm/memory_hotplug.c, v6.12: the page, unless nobody may look at it. */
export function pfnToOnlinePage(machine: Machine, pfn: Pfn): Frame | undefined {
  const section = sectionOf(machine, pfn);
  if (section === undefined || !section.online || !subsectionSet(machine, section, pfn)) return undefined;
  if (section.taint && Object.values(machine.devices).some(({ range, mapped }) => mapped && rangeContains(range, pfn))) return undefined;
  return frameAt(machine, pfn);
}

function subsectionSet(machine: Machine, section: Section, pfn: Pfn): boolean {
  return section.subsections[subsectionOf(machine, pfn)] === true;
}

/** Index of the frame's subsection within its section. */
function subsectionOf(machine: Machine, pfn: Pfn): number {
  const { sectionPages, subsectionPages } = machine.description.geometry;
  return Math.floor((pfn % sectionPages) / subsectionPages);
}

/** The part of the range in each section it touches, ascending. */
export function sectionChunks(machine: Machine, range: PfnRange): readonly PfnRange[] {
  const { sectionPages } = machine.description.geometry;
  const chunks: PfnRange[] = [];
  const end = range.start + range.nrPages;
  for (let pfn = range.start; pfn < end; ) {
    const next = toPfn(Math.min(end, pfn - (pfn % sectionPages) + sectionPages));
    chunks.push(pfnRange(pfn, next - pfn));
    pfn = next;
  }
  return chunks;
}

function subsectionsOf(machine: Machine, chunk: PfnRange): readonly number[] {
  const { subsectionPages } = machine.description.geometry;
  return Array.from({ length: chunk.nrPages / subsectionPages }, (_, index) => subsectionOf(machine, toPfn(chunk.start + index * subsectionPages)));
}

/** A page nobody has initialised. */
export function blankFrame(): Frame {
  return { use: FrameUse.Absent, zone: -1, order: -1, guard: -1, alloc: -1, poisoned: false, referenced: false, drops: false };
}

/** The descriptor of a section, made when it is first asked for; Linux never frees it. */
export function sectionFor(machine: Machine, nr: number): Section {
  const { sectionPages, subsectionPages } = machine.description.geometry;
  machine.sections[nr] ??= {
    nr,
    present: false,
    hasMemMap: false,
    online: false,
    early: false,
    taint: false,
    usage: "none",
    subsections: [],
    backing: Array.from({ length: sectionPages / subsectionPages }, () => "-" as const),
    memmap: [],
    frames: [],
    pageblocks: [],
  };
  return machine.sections[nr];
}

/** Gives the section pages and pageblocks that nobody has initialised. */
export function blankPages(machine: Machine, section: Section): void {
  const { sectionPages, pageblockOrder } = machine.description.geometry;
  section.frames = Array.from({ length: sectionPages }, blankFrame);
  section.pageblocks = Array.from({ length: sectionPages / 2 ** pageblockOrder }, () => ({ type: "Unmovable" as const, isolated: false }));
}

/** Why a chunk could not be added. */
export type SparseFailure = "fail-usage" | "section-in-use" | "no-memmap";

/** Where the memmap of a chunk comes from: taken frames, the block itself, or undefined where there was none to be had. */
export type PopulateMemmap = (chunk: PfnRange) => ({ readonly backing: "k" | "s" | "d" | "c" } & Pick<MemmapChunk, "grants" | "altmapPages" | "nrFrames">) | undefined;

/**
 * Linux `sparse_add_section()` and `section_activate()`, mm/sparse-vmemmap.c, v6.12, for a chunk inside one section.
 * The order: usage record, subsection map, memmap; a failure takes back what this call did.
 */
export function sparseAddSection(machine: Machine, chunk: PfnRange, allocateUsage: () => boolean, populate: PopulateMemmap): SparseFailure | undefined {
  const { sectionPages, subsectionPages } = machine.description.geometry;
  const section = sectionFor(machine, Math.floor(chunk.start / sectionPages));
  const madeUsage = section.usage === "none";
  if (madeUsage) {
    if (!allocateUsage()) return "fail-usage";
    section.usage = "allocated";
    section.subsections = Array.from({ length: sectionPages / subsectionPages }, () => false);
  }
  const subsections = subsectionsOf(machine, chunk);
  if (subsections.some((index) => section.subsections[index] === true)) {
    if (madeUsage) dropUsage(section);
    return "section-in-use";
  }
  for (const index of subsections) section.subsections[index] = true;
  if (!section.early) {
    const memmap = populate(chunk);
    if (memmap === undefined) {
      for (const index of subsections) section.subsections[index] = false;
      if (madeUsage) dropUsage(section);
      return "no-memmap";
    }
    section.memmap.push({ firstSubsection: subsections[0] ?? 0, nrSubsections: subsections.length, grants: memmap.grants, altmapPages: memmap.altmapPages, nrFrames: memmap.nrFrames });
    for (const index of subsections) section.backing[index] = memmap.backing;
  }
  if (!section.present) blankPages(machine, section);
  section.present = true;
  section.hasMemMap = true;
  machine.highestPresentSection = Math.max(machine.highestPresentSection, section.nr);
  return undefined;
}

function dropUsage(section: Section): void {
  section.usage = "none";
  section.subsections = [];
}

/** Memmap frames to be given back once their section no longer needs them. */
export interface Depopulated {
  /** Taken from kernel zones when the chunk was added. */
  readonly grants: readonly MemmapChunk["grants"][number][];
  /** Frames of the device's own range. */
  readonly altmapPages: number;
  /** The section was the last of its boot memmap: give back that of this boot section. */
  readonly bootMemmapOf: number | null;
  /** Frames of memmap that are gone, for the counters. */
  readonly nrFrames: number;
  readonly bootPages: boolean;
}

/**
 * Linux `section_deactivate()`, mm/sparse-vmemmap.c, v6.12, for a chunk inside one section. Does nothing (Linux warns)
 * if a subsection of the chunk is not there. The caller gives the frames back.
 */
export function sparseRemoveSection(machine: Machine, chunk: PfnRange): Depopulated | undefined {
  const section = sectionOf(machine, chunk.start);
  if (section === undefined || !section.hasMemMap) return undefined;
  const subsections = subsectionsOf(machine, chunk);
  if (subsections.some((index) => section.subsections[index] !== true)) return undefined;
  for (const index of subsections) section.subsections[index] = false;
  const empty = !section.subsections.includes(true);
  const early = section.early;
  const gone = section.memmap.filter(({ firstSubsection }) => subsections.includes(firstSubsection));
  section.memmap = section.memmap.filter((memmap) => !gone.includes(memmap));
  if (!early) for (const index of subsections) section.backing[index] = "-";
  // The pages of a boot section outlive the device that used them, with the link that it gave them.
  for (const pfn of framesOf(chunk)) Object.assign(pageOf(machine, pfn), early ? { use: FrameUse.Hole, poisoned: false } : blankFrame());
  if (empty) {
    section.present = false;
    section.hasMemMap = false;
    section.online = false;
    section.early = false;
    section.taint = false;
    section.frames = [];
    section.pageblocks = [];
    section.backing = section.backing.map(() => "-");
    if (section.usage === "allocated") dropUsage(section);
  }
  return { grants: gone.flatMap(({ grants }) => grants), altmapPages: gone.reduce((sum, { altmapPages }) => sum + altmapPages, 0), bootMemmapOf: early && empty ? section.nr : null, nrFrames: gone.reduce((sum, { nrFrames }) => sum + nrFrames, 0), bootPages: early && empty };
}

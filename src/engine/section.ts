/**
 * One section: its flags, what backs its memmap, and, once it was touched, its frames.
 *
 * Linux `struct mem_section` and `struct mem_section_usage`, include/linux/mmzone.h, v6.12, with the page flags that the
 * engine needs. A section that is online and has no frame bytes is untouched: all of it is free, in blocks of the largest
 * order, of one zone and one migratetype. It costs this object and nothing else.
 */
import type { Altmap } from "./altmap.ts";
import type { FreeLeaf } from "./free-bits.ts";
import { Type, byteAt, noZone } from "./layout.ts";

/** Frames that were taken for a memmap, as one block. */
export interface MemmapGrant {
  readonly pfn: number;
  readonly order: number;
}

/** Who pays for the memmap of a part of a section that was added in one go. */
export interface MemmapChunk {
  readonly start: number;
  readonly nrPages: number;
  readonly host: MemmapHost;
  readonly grants: readonly MemmapGrant[];
  /** Frames that hold it, wherever they are. */
  readonly nrFrames: number;
}

/** A device in compound pages of so many frames, whose memmap is shared: the buddy pays for two frames of each. */
export class CompoundPages {
  readonly nrPages: number;

  constructor(nrPages: number) {
    this.nrPages = nrPages;
  }
}

/** The buddy, alone or for compound pages, the block itself, or, as far as it goes, the range of a device. */
export type MemmapHost = "kernel" | CompoundPages | "self" | Altmap;

/** The part of a device that holds its memmap, where there is one. */
export function altmapOf(host: MemmapHost): Altmap | null {
  return typeof host === "string" || host instanceof CompoundPages ? null : host;
}

const noChunks: readonly MemmapChunk[] = [];
const noLeaves: (FreeLeaf | undefined)[] = [];
export const noZones: readonly number[] = [];

export class Section {
  readonly nr: number;
  readonly start: number;
  present = false;
  hasMemMap = false;
  online = false;
  early = false;
  taint = false;
  usage: "none" | "boot" | "allocated" = "none";
  /** Subsections whose bit is set; their bits are kept only where it is neither none nor all. */
  nrSubsections = 0;
  subsections: Uint8Array | null = null;
  memmap: readonly MemmapChunk[] = noChunks;
  /** The zone that the pages link to; `zones` where they do not all link to the same. */
  zone: number = noZone;
  zones: Uint8Array | null = null;
  /** Migratetype of every pageblock; `types` where they are not all the same. */
  type: number = Type.Unmovable;
  types: Uint8Array | null = null;
  /** Of isolated pageblocks: the type they had. */
  savedTypes: Uint8Array | null = null;
  nrIsolated = 0;
  /** One byte a frame (layout.ts), from the first touch while it is online. */
  frames: Uint8Array | null = null;
  /** Offsets of frames with PG_hwpoison. */
  poisoned: Set<number> | null = null;
  /** Free blocks by list, of the zone `zone`; of other zones in `otherLeaves`. */
  leaves: (FreeLeaf | undefined)[] = noLeaves;
  otherLeaves: Map<number, (FreeLeaf | undefined)[]> | null = null;
  /** How the section counts in its zones' search for holes. */
  wholeOf = -1;
  oddOf: readonly number[] = noZones;

  constructor(nr: number, start: number) {
    this.nr = nr;
    this.start = start;
  }
}

/** The zone that the page at the offset links to. */
export function zoneAt(section: Section, offset: number): number {
  return section.zones === null ? section.zone : byteAt(section.zones, offset);
}

/** The lists of a zone in this section; an empty list of lists where there are none yet. */
export function leavesOf(section: Section, zone: number): readonly (FreeLeaf | undefined)[] {
  return zone === section.zone ? section.leaves : (section.otherLeaves?.get(zone) ?? noLeaves);
}

/** As `leavesOf`, to be written to. */
export function ownLeavesOf(section: Section, zone: number): (FreeLeaf | undefined)[] {
  if (zone === section.zone) {
    if (section.leaves === noLeaves) section.leaves = [];
    return section.leaves;
  }
  section.otherLeaves ??= new Map();
  let leaves = section.otherLeaves.get(zone);
  if (leaves === undefined) {
    leaves = [];
    section.otherLeaves.set(zone, leaves);
  }
  return leaves;
}

/** Whether nothing of the section was touched since all of it became free. */
export function isUntouched(section: Section): boolean {
  return section.online && section.frames === null;
}

export function isPoisoned(section: Section, offset: number): boolean {
  return section.poisoned !== null && section.poisoned.has(offset);
}

/** Forgets everything that was known of the section's frames. */
export function forgetFrames(section: Section): void {
  section.frames = null;
  section.types = null;
  section.savedTypes = null;
  section.nrIsolated = 0;
  section.leaves = noLeaves;
  section.otherLeaves = null;
}

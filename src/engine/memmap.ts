/**
 * The memory that describes added memory: who pays for it, and who gets it back.
 *
 * Linux vmemmap_populate(), vmemmap_free(), arch/x86/mm/init_64.c, mm/sparse-vmemmap.c; free_map_bootmem(),
 * mhp_supports_memmap_on_memory(), mm/memory_hotplug.c, v6.12.
 */
import { bootMemmapRange, memmapPages } from "../../models/index.ts";
import { altmapAlloc, altmapOffset } from "./altmap.ts";
import type { Altmap } from "./altmap.ts";
import { lowerBound } from "./free-bits.ts";
import { FrameCode, Type, ZoneType, orderPages } from "./layout.ts";
import { grantOf } from "./log.ts";
import type { Machine } from "./machine.ts";
import { CompoundPages, altmapOf } from "./section.ts";
import type { MemmapChunk, MemmapGrant, Section } from "./section.ts";

/** vmemmap_populate_compound_pages(): a head and a tail frame for each compound page; of one that began in an earlier section nothing. */
function nrSharedFrames(start: number, nrPages: number, compound: CompoundPages): number {
  if (compound.nrPages <= nrPages) return (2 * nrPages) / compound.nrPages;
  return start % compound.nrPages === 0 ? 2 : 0;
}

export class Memmap {
  protected readonly m: Machine;
  readonly #bootStart: number;
  readonly #bootEnd: number;

  constructor(machine: Machine) {
    this.m = machine;
    const boot = bootMemmapRange(machine.description);
    this.#bootStart = boot?.start ?? 0;
    this.#bootEnd = boot === undefined ? 0 : boot.start + boot.nrPages;
  }

  /** Whether the frame held boot memmap at boot. */
  isBootMemmap(pfn: number): boolean {
    return pfn >= this.#bootStart && pfn < this.#bootEnd;
  }

  /** The memmap of n frames of one section; undefined: it could not be had, and nothing is left behind. */
  populate(start: number, nrPages: number, node: number, host: MemmapChunk["host"]): MemmapChunk | undefined {
    if (this.m.faults.fails("memmap")) return undefined;
    const shared = host instanceof CompoundPages ? nrSharedFrames(start, nrPages, host) : -1;
    const nrFrames = shared < 0 ? memmapPages(this.m.geometry, nrPages) : shared;
    const whole = shared < 0 && nrPages === this.m.sizes.sectionPages;
    const own = whole || this.m.description.arch === "arm64" ? altmapOf(host) : null;
    const grants = host === "self" ? [] : own === null ? this.#takeFrames(nrFrames, node, whole) : this.#takeOwn(own, nrFrames, whole);
    if (grants === undefined) return undefined;
    this.account(nrPages, 1, nrFrames);
    return { start, nrPages, host: own ?? (altmapOf(host) === null ? host : "kernel"), grants, nrFrames };
  }

  /** vmemmap_populate_hugepages() with an altmap, and on arm64 vmemmap_populate_basepages(): there is nowhere else to go. */
  #takeOwn(altmap: Altmap, nrFrames: number, whole: boolean): readonly MemmapGrant[] | undefined {
    const blockPages = whole ? Math.min(this.m.sizes.pmdPages, nrFrames) : 1;
    const grants: MemmapGrant[] = [];
    for (let left = nrFrames; left > 0; left -= blockPages) {
      const pfn = altmapAlloc(altmap, blockPages);
      if (pfn < 0) return undefined;
      grants.push({ pfn, order: Math.log2(blockPages) });
    }
    return grants;
  }

  /** nr_memmap_pages counts what the block hosts itself, too. */
  protected account(nrPages: number, sign: 1 | -1, nrFrames: number = memmapPages(this.m.geometry, nrPages)): void {
    this.m.totals.nrMemmapPages += sign * nrFrames;
  }

  /** vmemmap_populate_hugepages(): blocks for a whole section; where none is to be had, and for a part, single frames. */
  #takeFrames(nrFrames: number, node: number, whole: boolean): readonly MemmapGrant[] | undefined {
    const blockPages = whole ? Math.min(this.m.sizes.pmdPages, nrFrames) : 1;
    const grants: MemmapGrant[] = [];
    for (let left = nrFrames; left > 0; left -= blockPages) {
      if (this.#takeBlock(Math.log2(blockPages), node, grants)) continue;
      for (let singles = blockPages; singles > 0; singles--) {
        if (blockPages > 1 && this.#takeBlock(0, node, grants)) continue;
        for (const grant of grants) this.freeGrant(grant);
        return undefined;
      }
    }
    return grants;
  }

  #takeBlock(order: number, node: number, grants: MemmapGrant[]): boolean {
    const request = { order, type: Type.Unmovable, node, highest: ZoneType.Normal, nodes: null, retyped: [] };
    const pfn = this.m.choices.memmapBlock(request);
    if (pfn < 0) return false;
    this.m.frames.fillCodes(pfn, pfn + orderPages(order), FrameCode.Memmap);
    this.m.log.memmap(grantOf(pfn, order, request.retyped));
    grants.push({ pfn, order });
    return true;
  }

  /** Frees the memmap of what is taken out of a section that was not there at boot, grant by grant. */
  depopulate(section: Section, start: number, nrPages: number, altmap: Altmap | null): void {
    const gone = section.memmap.filter((chunk) => chunk.start >= start && chunk.start < start + nrPages);
    section.memmap = section.memmap.filter((chunk) => !gone.includes(chunk));
    for (const chunk of gone) {
      this.account(chunk.nrPages, -1, chunk.nrFrames);
      for (const grant of chunk.grants) {
        if (altmap !== null && this.isOfAltmap(altmap, grant.pfn)) altmap.alloc -= orderPages(grant.order);
        else this.freeGrant(grant);
      }
    }
  }

  /** Whether the frame holds memmap for the device whose range it is in. */
  isOfAltmap(altmap: Altmap, pfn: number): boolean {
    return pfn >= altmap.base && pfn < altmap.base + altmapOffset(altmap);
  }

  protected freeGrant(grant: MemmapGrant): void {
    this.m.frames.fillCodes(grant.pfn, grant.pfn + orderPages(grant.order), FrameCode.Tail);
    this.m.references.freePages(grant.pfn, grant.order, false);
  }

  /** free_map_bootmem(): the boot memmap of an emptied section goes to the buddy, frame by frame, as reserved frames do. */
  freeBootMemmap(section: Section): void {
    const nrFrames = memmapPages(this.m.geometry, this.m.sizes.sectionPages);
    this.m.totals.nrMemmapBootPages -= nrFrames;
    if (this.#bootEnd === 0) return;
    const first = this.#bootStart + lowerBound(this.m.bootSections, section.nr) * nrFrames;
    for (let pfn = first; pfn < first + nrFrames; pfn++) this.freeReserved(pfn);
  }

  /** free_reserved_page(). */
  freeReserved(pfn: number): void {
    const zone = this.m.frames.zone(pfn);
    this.m.zones.adjustManaged(zone, 1);
    this.m.buddy.freeBlock(pfn, 0);
  }

  /** mhp_supports_memmap_on_memory(): frames of a block that host its memmap; 0 where that can not be. Whole subsections, unlike Linux. */
  selfHostedPages(): number {
    const { pageblockPages, blockPages, pmdPages, subsectionPages } = this.m.sizes;
    const mode = this.m.description.memmapOnMemory;
    const memmap = memmapPages(this.m.geometry, blockPages);
    const withheld = mode === "force" ? Math.ceil(memmap / pageblockPages) * pageblockPages : memmap;
    const supported = mode !== "never" && withheld % pageblockPages === 0 && withheld !== blockPages && memmap % pmdPages === 0 && withheld % subsectionPages === 0;
    return supported ? withheld : 0;
  }
}

/** The first range of a size that can be had: Linux alloc_contig_pages_noprof(), pfn_range_valid_contig(), mm/page_alloc.c, v6.12. */
import { FrameCode, isAllocated } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { refused } from "./result.ts";
import type { Refusal } from "./result.ts";
import { zoneAt } from "./section.ts";
import type { Zone } from "./zone.ts";

/** A range was found, and the frames have the code of contiguous allocations; or none was. */
export type Found = { readonly start: number } | Refusal;

export class ContigSearch {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  run(zones: readonly Zone[], nrPages: number): Found {
    if (nrPages < 1) return refused("ENOMEM", "no-range");
    for (const zone of zones) {
      const start = this.#searchZone(zone, nrPages);
      if (start >= 0) return { start };
    }
    return refused("ENOMEM", "no-range");
  }

  #searchZone(zone: Zone, nrPages: number): number {
    let pfn = this.firstCandidate(zone, nrPages);
    while (zone.spans(pfn + nrPages - 1)) {
      const bad = this.badFrame(zone, pfn, nrPages);
      if (bad < 0 && this.#attempt(zone, pfn, nrPages)) return pfn;
      pfn = this.#nextCandidate(pfn, nrPages, bad);
    }
    return -1;
  }

  protected firstCandidate(zone: Zone, nrPages: number): number {
    return alignByMask(zone.start, nrPages);
  }

  /** The candidate after this one, or after all those that meet the same missing section. */
  #nextCandidate(pfn: number, nrPages: number, bad: number): number {
    const { sectionPages } = this.m.sizes;
    if (bad < 0 || this.m.sections.at(bad)?.online === true) return pfn + nrPages;
    const next = this.m.sections.table.following(Math.floor(bad / sectionPages) + 1);
    const target = next === undefined ? bad + sectionPages : next.start;
    return pfn + Math.max(1, Math.floor((target - pfn) / nrPages)) * nrPages;
  }

  #attempt(zone: Zone, start: number, nrPages: number): boolean {
    this.m.choices.beginAttempt(start);
    const refusal = this.m.contig.run(this.m.contig.plan(start, nrPages, zone));
    this.m.log.attempt(start, refusal?.errno);
    return refusal === undefined;
  }

  /** pfn_range_valid_contig(): the first frame that no contiguous allocation may have, or -1. */
  protected badFrame(zone: Zone, start: number, nrPages: number): number {
    const end = start + nrPages;
    const notOnline = this.firstUnusable(start, end);
    let bad = notOnline < end ? notOnline : -1;
    this.m.frames.forEachUnit(start, Math.min(end, notOnline), (code, first, behind) => {
      const from = Math.max(first, start);
      if (bad >= 0 && bad <= from) return;
      if (this.#isBadUnit(zone, code, first)) bad = Math.min(from, behind);
    });
    return bad;
  }

  /** Offline frames in the span are passed over. */
  protected firstUnusable(start: number, end: number): number {
    return this.m.sections.firstNotOnline(start, end);
  }

  #isBadUnit(zone: Zone, code: number, first: number): boolean {
    const section = this.m.frames.section(first);
    if (zoneAt(section, first - section.start) !== zone.index || code === FrameCode.Reserved || code === FrameCode.Hole) return true;
    return isAllocated(code) && this.m.allocations.kind(this.m.allocations.slotAt(first)).isHugetlb;
  }
}

const wordSize = 2 ** 32;

/**
 * ALIGN(), include/linux/align.h: adds n - 1 and clears the bits of n - 1. Where n is no power of two this is a frame at
 * or above pfn that need be no multiple of n. Bit operators cut to 32 bits, so both halves are masked on their own.
 */
export function alignByMask(pfn: number, n: number): number {
  const mask = n - 1;
  const sum = pfn + mask;
  const high = Math.floor(sum / wordSize) & ~Math.floor(mask / wordSize);
  const low = (sum & ~mask) >>> 0;
  return high * wordSize + low;
}

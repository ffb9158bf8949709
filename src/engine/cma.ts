/** Contiguous memory areas: Linux cma_activate_area(), __cma_alloc(), cma_release(), mm/cma.c, v6.12. */
import type { CmaAreaDescription } from "../../models/index.ts";
import { byteAt } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { refused } from "./result.ts";
import type { Refusal } from "./result.ts";

/** An area and its bitmap, one byte a bit. Its frames are reserved until it is activated, or given up. */
export interface CmaArea {
  readonly base: number;
  /** 0: given up. */
  nrPages: number;
  readonly orderPerBit: number;
  /** Empty unless the area is active. */
  bits: Uint8Array;
  /** Frames that it was declared with, and that stay reserved: none once the buddy has them. */
  nrReserved: number;
  readonly keepsReserved: boolean;
}

function newArea({ base, nrPages, orderPerBit, reservePagesOnError }: CmaAreaDescription): CmaArea {
  return { base, nrPages, orderPerBit, bits: new Uint8Array(0), nrReserved: nrPages, keepsReserved: reservePagesOnError === true };
}

export function isActive(area: CmaArea): boolean {
  return area.bits.length > 0;
}

export type CmaFound = { readonly start: number; readonly firstBit: number; readonly nrBits: number } | Refusal;

export class Cma {
  protected readonly m: Machine;
  readonly areas: readonly CmaArea[];

  constructor(machine: Machine) {
    this.m = machine;
    this.areas = machine.description.cma.map(newArea);
  }

  /** cma_init_reserved_areas(): an area that can not be activated does not keep the others from it. */
  activateAll(isInOneZone: (area: CmaArea) => boolean): void {
    for (const area of this.areas) this.activate(area, isInOneZone(area));
  }

  /** cma_activate_area(). */
  protected activate(area: CmaArea, isInOneZone: boolean): void {
    if (isInOneZone) {
      area.bits = new Uint8Array(area.nrPages / 2 ** area.orderPerBit);
      area.nrReserved = 0;
      return;
    }
    area.nrPages = 0;
    if (!area.keepsReserved) area.nrReserved = 0;
  }

  /** __cma_alloc(): the frames then have the code of contiguous allocations. */
  allocate(area: CmaArea, nrPages: number, align: number): CmaFound {
    if (!isActive(area)) return refused("ENOMEM", "not-active");
    const nrBits = Math.ceil(nrPages / 2 ** area.orderPerBit);
    if (nrBits > area.bits.length) return refused("ENOMEM", "too-large");
    if (nrPages < 1) return refused("ENOMEM", "no-range");
    let from = 0;
    for (;;) {
      const firstBit = this.findRun(area, from, nrBits, align);
      if (firstBit < 0) return refused("ENOMEM", "no-range");
      const start = area.base + firstBit * 2 ** area.orderPerBit;
      const refusal = this.#attempt(area, start, firstBit, nrPages, nrBits);
      if (refusal === undefined) return { start, firstBit, nrBits };
      if (refusal.errno !== "EBUSY") return refused("ENOMEM", "no-range");
      from = firstBit + this.step(area, align);
    }
  }

  #attempt(area: CmaArea, start: number, firstBit: number, nrPages: number, nrBits: number): Refusal | undefined {
    area.bits.fill(1, firstBit, firstBit + nrBits);
    this.m.choices.beginAttempt(start);
    const refusal = this.m.contig.run(this.m.contig.plan(start, nrPages, this.m.frames.zone(start), "cma"));
    this.m.log.attempt(start, refusal?.errno);
    if (refusal !== undefined) this.clearBits(area, firstBit, nrBits);
    return refusal;
  }

  /** bitmap_find_next_zero_area_off(): the first run of free bits from there on whose first frame is aligned, or -1. */
  protected findRun(area: CmaArea, from: number, nrBits: number, align: number): number {
    for (let at = from; at + nrBits <= area.bits.length; at++) {
      if (!this.isAligned(area, at, align)) continue;
      const taken = area.bits.indexOf(1, at);
      if (taken < 0 || taken >= at + nrBits) return at;
      at = taken;
    }
    return -1;
  }

  /** cma_bitmap_aligned_offset(): in frame numbers, not in places of the area. */
  protected isAligned(area: CmaArea, bit: number, align: number): boolean {
    return (area.base + bit * 2 ** area.orderPerBit) % 2 ** Math.max(align, 0) === 0;
  }

  /** How far the search goes on after a busy run: cma_bitmap_aligned_mask() and one. */
  protected step(area: CmaArea, align: number): number {
    return align > area.orderPerBit ? 2 ** (align - area.orderPerBit) : 1;
  }

  /** cma_clear_bitmap(). */
  clearBits(area: CmaArea, firstBit: number, nrBits: number): void {
    area.bits.fill(0, firstBit, firstBit + nrBits);
  }

  /** The bitmap, one character a bit. */
  show(area: CmaArea): string {
    return Array.from(area.bits, (_, at) => (byteAt(area.bits, at) === 1 ? "1" : "0")).join("");
  }
}

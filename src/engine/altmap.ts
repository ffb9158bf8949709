/**
 * The part of a device's range that holds its own memmap: struct vmem_altmap.
 *
 * Linux altmap_alloc_block_buf(), mm/sparse-vmemmap.c; vmem_altmap_offset(), vmem_altmap_free(), include/linux/mm.h, v6.12.
 */
export interface Altmap {
  /** First frame of the device. */
  readonly base: number;
  /** Frames that the driver keeps. */
  readonly reserve: number;
  /** Frames for the memmap, behind those. */
  readonly free: number;
  /** Of those, lost to alignment, and in use. */
  align: number;
  alloc: number;
}

/** vmem_altmap_offset(): frames of the device that are not the first one of use to anybody else. */
export function altmapOffset({ reserve, free }: Pick<Altmap, "reserve" | "free">): number {
  return reserve + free;
}

/** A block of frames, a power of two; -1: there is none left. */
export function altmapAlloc(altmap: Altmap, nrPages: number): number {
  const used = altmap.alloc + altmap.align;
  const next = altmap.base + altmap.reserve + used;
  const first = Math.ceil(next / nrPages) * nrPages;
  if (first - next + nrPages > altmap.free - used) return -1;
  altmap.align += first - next;
  altmap.alloc += nrPages;
  return first;
}

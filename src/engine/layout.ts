/**
 * What the bytes and words of the engine mean. No other file of the engine knows a bit.
 *
 * Every frame of a touched online section has one byte. A unit is what is given, freed or kept as a whole: a free block,
 * a per-CPU entry, a block from the allocator, or one frame of anything else. The first frame of a unit carries the code,
 * the others carry Tail; a unit of order o is aligned to 2^o, so the head of a frame is found by rounding down.
 *
 *   0b000ccccc  a single frame of class c (0: Tail)
 *   0b001ooooo  guard block of order o
 *   0b010ooooo  per-CPU entry of order o
 *   0b100ooooo  free block of order o
 *   0b110ooooo  block from the allocator, of order o
 */
export const FrameCode = {
  Tail: 0,
  /** No boot memory, in a section that was there at boot. Device pages of such a section have it too. */
  Hole: 1,
  Reserved: 2,
  /** A memmap of added memory, taken from a kernel zone. */
  Memmap: 3,
  SelfHosted: 4,
  /** Of an alloc-contig, alloc-contig-pages or cma-alloc allocation. */
  Contig: 5,
  /** Poisoned, with a reference. */
  Poisoned: 6,
  /** Freed while poisoned: without a reference. */
  PoisonedNoRef: 7,
  /** PageOffline; its driver never drops its reference. */
  PageOffline: 8,
  /** PageOffline; its driver drops its reference when the memory goes offline. */
  PageOfflineDrops: 9,
  PageOfflineDropped: 10,
  Limbo: 11,
  Guard: 0x20,
  Pcp: 0x40,
  Free: 0x80,
  Allocated: 0xc0,
} as const;

const kindMask = 0xc0;
const orderMask = 0x1f;

/** Orders stay below this, so that a set of orders fits in a word and 2^order is an exact shift. */
export const orderLimit = 31;

/** Frames of an order; a shift where one will do, because powers are slow. */
export function orderPages(order: number): number {
  return order < orderLimit ? 1 << order : 2 ** order;
}

export function freeCode(order: number): number {
  return FrameCode.Free | order;
}

export function pcpCode(order: number): number {
  return FrameCode.Pcp | order;
}

export function allocatedCode(order: number): number {
  return FrameCode.Allocated | order;
}

export function guardCode(order: number): number {
  return FrameCode.Guard | order;
}

export function isGuard(code: number): boolean {
  return code >= FrameCode.Guard && code < FrameCode.Pcp;
}

export function isFree(code: number): boolean {
  return (code & kindMask) === FrameCode.Free;
}

export function isPcp(code: number): boolean {
  return (code & kindMask) === FrameCode.Pcp;
}

export function isAllocated(code: number): boolean {
  return (code & kindMask) === FrameCode.Allocated;
}

/** Whether the code belongs to a unit that has an order. */
export function hasOrder(code: number): boolean {
  return code >= FrameCode.Guard;
}

export function orderOf(code: number): number {
  return code & orderMask;
}

/** Frames of a unit with this code. */
export function unitPages(code: number): number {
  return code >= FrameCode.Guard ? 1 << (code & orderMask) : 1;
}

/** Migratetypes as indices, in the order of `migratetypes`. */
export const Type = { Unmovable: 0, Movable: 1, Reclaimable: 2, HighAtomic: 3, Cma: 4, Isolate: 5 } as const;

/** Lists of a zone: one a migratetype, then the per-CPU lists of Unmovable, Movable, Reclaimable. */
export const pcpList = 6;
export const nrLists = 9;

/** Zone types as indices, in the order of `zoneTypes`. */
export const ZoneType = { DMA: 0, DMA32: 1, Normal: 2, Movable: 3, Device: 4 } as const;
export const zonesPerNode = 5;

/** No zone. */
export const noZone = 255;

/** Bits of an allocation. */
export const AllocFlag = { Compound: 1, LruIsolated: 2, Freed: 4, Inflated: 8, /** Of a pool of huge pages. */ Pooled: 16, /** Free in it. */ InPool: 32, /** In a batch of the LRU: to be added to it. */ BatchAdd: 64, /** To be moved on it. */ BatchMove: 128 } as const;

/** `array[index]` where the index is known to be inside. */
export function byteAt(array: Uint8Array, index: number): number {
  return array[index] ?? 0;
}

export function wordAt(array: Int32Array, index: number): number {
  return array[index] ?? 0;
}

/** Place of the lowest bit of a word that is not 0. */
export function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

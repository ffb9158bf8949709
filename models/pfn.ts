/**
 * Page frame numbers, ranges of them, and the small arithmetic that the kernel does on them.
 *
 * A page frame number (pfn) is a physical address divided by the page size. Ranges are half open everywhere:
 * `[start, start + nrPages)`. Numbers stay below 2^53, so plain arithmetic (never `<<`, `>>` or `&`, which cut to
 * 32 bits) is exact.
 */

declare const kind: unique symbol;

/** A page frame number. Prints in hex. */
export type Pfn = number & { readonly [kind]: "pfn" };

/** The number of a memory block: `pfn / pages per block`, as in `/sys/devices/system/memory/memoryN`. */
export type BlockId = number & { readonly [kind]: "block" };

/** A power of two of frames: order o means 2^o frames. */
export type Order = number;

/** Frames `[start, start + nrPages)`. */
export interface PfnRange {
  readonly start: Pfn;
  readonly nrPages: number;
}

/** The frame with number n (a count, not an address). */
export function toPfn(n: number): Pfn {
  return n as Pfn;
}

/** The memory block with number n. */
export function toBlockId(n: number): BlockId {
  return n as BlockId;
}

/** The frame n frames after (or, negative, before) this one. */
export function pfnAdd(pfn: Pfn, n: number): Pfn {
  return (pfn + n) as Pfn;
}

export function pfnRange(start: Pfn, nrPages: number): PfnRange {
  return { start, nrPages };
}

/** The first frame after the range. */
export function rangeEnd(range: PfnRange): Pfn {
  return (range.start + range.nrPages) as Pfn;
}

export function rangeContains(range: PfnRange, pfn: Pfn): boolean {
  return pfn >= range.start && pfn < range.start + range.nrPages;
}

/** Whether all of `inner` lies in `range`. */
export function rangeContainsRange(range: PfnRange, inner: PfnRange): boolean {
  return inner.start >= range.start && rangeEnd(inner) <= rangeEnd(range);
}

export function rangesOverlap(a: PfnRange, b: PfnRange): boolean {
  return a.start < b.start + b.nrPages && b.start < a.start + a.nrPages;
}

/** The largest multiple of n that is not above x. n is a count of frames, not necessarily a power of two. */
export function alignDown(x: number, n: number): Pfn {
  return (x - (x % n)) as Pfn;
}

/** The smallest multiple of n that is not below x. */
export function alignUp(x: number, n: number): Pfn {
  return (Math.ceil(x / n) * n) as Pfn;
}

export function isAligned(x: number, n: number): boolean {
  return x % n === 0;
}

export function isPowerOfTwo(n: number): boolean {
  return Number.isSafeInteger(n) && n > 0 && Number.isInteger(Math.log2(n));
}

/** A frame number as reports print it. */
export function hex(pfn: number): string {
  return `0x${pfn.toString(16)}`;
}

/** A range as reports print it: `[0x20, 0x40)`. */
export function showRange(range: PfnRange): string {
  return `[${hex(range.start)}, ${hex(rangeEnd(range))})`;
}

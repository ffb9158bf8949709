/** Frames that were taken by number: contiguous and CMA allocations, by label and by frame. */
import { lowerBound } from "./free-bits.ts";

interface Extent {
  readonly start: number;
  readonly end: number;
}

export interface ContigAllocation {
  readonly id: number;
  readonly kind: "contig" | "cma";
  readonly compound: boolean;
  /** Ascending, disjoint, coalesced. */
  ranges: readonly Extent[];
  /** Of a CMA allocation: its bits in its area's bitmap. */
  readonly area: number;
  readonly firstBit: number;
  readonly nrBits: number;
}

export class ContigAllocations {
  readonly #byId: Map<number, ContigAllocation> = new Map();
  /** Starts of all ranges, ascending, and whose each is. */
  readonly #starts: number[] = [];
  readonly #owners: ContigAllocation[] = [];

  get(id: number): ContigAllocation | undefined {
    return this.#byId.get(id);
  }

  /** By label. */
  all(): readonly ContigAllocation[] {
    return [...this.#byId.values()].toSorted((a, b) => a.id - b.id);
  }

  add(allocation: ContigAllocation): void {
    this.#byId.set(allocation.id, allocation);
    this.#enter(allocation);
  }

  /** The allocation that owns the frame. */
  at(pfn: number): ContigAllocation | undefined {
    const owner = this.#owners[lowerBound(this.#starts, pfn + 1) - 1];
    return owner?.ranges.some(({ start, end }) => pfn >= start && pfn < end) === true ? owner : undefined;
  }

  /** Frames leave their allocation; one with no frame left is gone. */
  removeFrames(allocation: ContigAllocation, start: number, end: number): void {
    this.#leave(allocation);
    allocation.ranges = allocation.ranges.flatMap((range) => [
      ...(range.start < Math.min(range.end, start) ? [{ start: range.start, end: Math.min(range.end, start) }] : []),
      ...(Math.max(range.start, end) < range.end ? [{ start: Math.max(range.start, end), end: range.end }] : []),
    ]);
    if (allocation.ranges.length === 0) this.#byId.delete(allocation.id);
    else this.#enter(allocation);
  }

  #enter(allocation: ContigAllocation): void {
    for (const { start } of allocation.ranges) {
      const at = lowerBound(this.#starts, start);
      this.#starts.splice(at, 0, start);
      this.#owners.splice(at, 0, allocation);
    }
  }

  #leave(allocation: ContigAllocation): void {
    for (const { start } of allocation.ranges) {
      const at = lowerBound(this.#starts, start);
      this.#starts.splice(at, 1);
      this.#owners.splice(at, 1);
    }
  }
}

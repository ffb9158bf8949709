/**
 * The entries of the catalogue of historic bugs that no mutant stands for, and why not.
 *
 * The catalogue has 92 entries, B01 to B92. Each is a mutant, is here, or is an interleaving of two processors.
 */

export interface NotModelled {
  readonly id: string;
  /** The feature that is missing. */
  readonly why: string;
}

/** Entries of the catalogue. */
export const catalogueSize = 92;

/** The ids of the catalogue, in its order. */
export const catalogueIds: readonly string[] = Array.from({ length: catalogueSize }, (_, index) => `B${String(index + 1).padStart(2, "0")}`);

/** Wrong only while two processors are inside an operation at once; commands are judged one after the other, and steps are taken where Linux waits. */
export const interleavings: readonly NotModelled[] = [
  { id: "B08", why: "pages freed by another processor during an offline, after the drain of the per-CPU lists" },
  { id: "B09", why: "a huge page that comes to be while an offline reads its size without a reference" },
  { id: "B19", why: "an allocation between the first free page of a block that comes online and the end of the online" },
  { id: "B34", why: "a lookup of a section between the test of its flag and the use of its map, while it is removed" },
  { id: "B48", why: "two processors that drop the last references of one block" },
  { id: "B59", why: "an interrupt that frees a page between the last look at a capture slot and its end" },
  { id: "B62", why: "two CMA allocations at work in one pageblock" },
  { id: "B75", why: "a page that becomes free between two tries of a soft offline" },
  { id: "B76", why: "an allocation between the test that a frame is free and its mark as bad" },
  { id: "B80", why: "a worker that frees huge pages later than the last test of an isolation" },
  { id: "B81", why: "a huge page that is dissolved between the look at it and the use of its pool" },
];

/** Entries that need something the model does not have. */
export const notModelled: readonly NotModelled[] = [
  { id: "B06", why: "a gigantic page is aligned to its size: met at a tail it covers the rest of the range, and skipping too far changes nothing that can be seen" },
  { id: "B07", why: "a gigantic page that crosses the border of a block covers the block to its end, and skipping past that changes nothing that can be seen" },
  { id: "B36", why: "without vmemmap, which is not modelled, the memmap of no memory is freed, and every removal stops the kernel; with it addresses follow from frames" },
  { id: "B43", why: "no caller isolates a range with a hole in it: offline refuses such blocks, and contiguous ranges are of pages that are there" },
  { id: "B63", why: "Linux 6.12 tests all that can be wrong with a declared area before it reserves the memory, so there is never anything to release" },
  { id: "B78", why: "in Linux 6.12 only a second bad frame of a huge page that is poisoned already misses the statistics, and outcomes by node are not counted here" },
];

/** Entries without a mutant, by reason. */
export interface LeftOut {
  readonly notModelled: readonly NotModelled[];
  readonly interleavings: readonly NotModelled[];
}

export const leftOut: LeftOut = { notModelled, interleavings };

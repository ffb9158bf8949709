/** Reading a frame table by frame number, and the frames in which two tables differ. */
import { NONE } from "../../models/index.ts";
import type { FrameTable, PfnRange } from "../../models/index.ts";

/** What a table says of one frame. */
export interface FrameFacts {
  readonly use: number;
  readonly flags: number;
  /** Index in `View.zones`, or NONE. */
  readonly zone: number;
}

/** The facts of a frame, or undefined where no section is present. */
export type FrameLookup = (pfn: number) => FrameFacts | undefined;

/** A lookup into the table; a table that is not there knows no frame. */
export function frameLookup(table: FrameTable | undefined): FrameLookup {
  if (table === undefined) return () => undefined;
  const offsets: number[] = [];
  let offset = 0;
  for (const { nrPages } of table.ranges) {
    offsets.push(offset);
    offset += nrPages;
  }
  return (pfn) => {
    const at = rangeAt(table.ranges, pfn);
    const range = table.ranges[at];
    if (range === undefined || pfn >= range.start + range.nrPages) return undefined;
    const index = (offsets[at] ?? 0) + pfn - range.start;
    return { use: table.use[index] ?? 0, flags: table.flags[index] ?? 0, zone: table.zone[index] ?? NONE };
  };
}

/** Index of the last range that does not start behind the frame; -1 where all do. */
function rangeAt(ranges: readonly PfnRange[], pfn: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((ranges[middle]?.start ?? Infinity) <= pfn) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Whether the frame is another one to the eye: use, poison, movability or zone. */
export function sameFacts(a: FrameFacts | undefined, b: FrameFacts | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.use === b.use && a.flags === b.flags && a.zone === b.zone;
}

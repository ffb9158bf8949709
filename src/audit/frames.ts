/**
 * Reads kpageflags and kpagecount in one pass each: counts by kind for every piece of memory, and a table of frames.
 *
 * A machine of 64 GiB has 16 million frames, so nothing here makes an object for a frame: the counts go into typed arrays,
 * and the table is four bytes a frame of the memory blocks.
 */
import { FrameFlag, FrameUse, NONE, toPfn } from "../../models/index.ts";
import type { FrameTable, PfnRange } from "../../models/index.ts";
import { FrameKind, LowBit, contradictory, frameKind, nrFrameKinds, showWord, wordBytes } from "../formats/kpage.ts";
import { misshapen, shaped } from "../formats/shape.ts";
import type { Shaped } from "../formats/shape.ts";
import { isOnline } from "./layout.ts";
import type { Layout, Segment } from "./layout.ts";
import { available } from "./source.ts";
import type { FileSource, Reading } from "./source.ts";

/** What kpageflags says, piece by piece. */
export interface FrameTally {
  /** Entries of the file. */
  readonly nrFrames: number;
  /** Frames of a kind in the segment with this index. */
  readonly count: (segment: number, kind: FrameKind) => number;
  /** The first of them; undefined where there is none. */
  readonly first: (segment: number, kind: FrameKind) => number | undefined;
  /** Frames with bits that exclude each other; the first few. */
  readonly contradictions: readonly { readonly pfn: number; readonly word: string }[];
  /** Frames with HWPOISON that are not of a hugetlb page, whose every frame shows the flag of the page. */
  readonly nrPoisoned: number;
  /** By block index: how many frames at its start are marked as its own memmap. */
  readonly selfHosted: readonly number[];
  /** Some frame carries NOPAGE: this kernel marks frames that have no page. */
  readonly marksNoPage: boolean;
  /** null: the machine is too large for a table. */
  readonly table: FrameTable | null;
}

/** Larger machines get counts only: the table would take 256 MiB. */
const mostTableFrames = 2 ** 26;
const mostContradictions = 16;

export const kpageflagsPath = "proc/kpageflags";
export const kpagecountPath = "proc/kpagecount";

export function readFrames(source: FileSource, layout: Layout): Shaped<Reading<FrameTally>> {
  const tally = new Tally(layout);
  const length = streamWords(source, kpageflagsPath, (words, pfn) => tally.take(words, pfn));
  if (!length.ok) return length;
  if (!length.value.available) return shaped(length.value);
  const memoryEnd = endOfMemory(layout);
  const nrFrames = length.value.value;
  if (nrFrames < memoryEnd) return misshapen(kpageflagsPath, null, `${nrFrames} words`, `at least ${memoryEnd}, one for each frame up to the end of memory: the file is cut off`);
  return shaped(available(tally.finish(nrFrames)));
}

/** The frame behind the last one that some online block has in RAM. */
function endOfMemory({ segments, blocks }: Layout): number {
  const last = segments.findLast(({ block, ram }) => block !== null && ram === true && isOnline(blocks[block]));
  return last?.end ?? 0;
}

const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
const lowHalf = littleEndian ? 0 : 1;

/** Feeds the file in pieces of whole words: pairs of 32 bits in the byte order of this machine. Gives the number of words. */
function streamWords(source: FileSource, path: string, take: (words: Uint32Array, pfn: number) => void): Shaped<Reading<number>> {
  let rest: Uint8Array = new Uint8Array(0);
  let pfn = 0;
  const length = source.stream(path, (bytes) => {
    const joined = rest.length === 0 ? bytes : concatenated(rest, bytes);
    const whole = joined.length - (joined.length % wordBytes);
    const start = joined.byteOffset % 4 === 0 ? joined : joined.slice();
    take(new Uint32Array(start.buffer, start.byteOffset, whole / 4), pfn);
    pfn += whole / wordBytes;
    rest = joined.slice(whole);
  });
  if (!length.available) return shaped(length);
  if (length.value === 0) return misshapen(path, null, "an empty file", "one word of 8 bytes for each frame");
  if (rest.length > 0) return misshapen(path, null, `${length.value} bytes`, `a multiple of ${wordBytes}, one word for each frame: the file is cut off`);
  return shaped(available(pfn));
}

function concatenated(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

/** How a frame of a kind looks in a view. Bare frames are on a per-CPU list or in use by the kernel: nobody can say. */
const useOfKind: readonly FrameUse[] = [
  FrameUse.Unknown, FrameUse.Absent, FrameUse.Free, FrameUse.Reserved, FrameUse.PageOffline, FrameUse.SelfHosted,
  FrameUse.Allocated, FrameUse.Allocated, FrameUse.Allocated, FrameUse.Allocated, FrameUse.Poisoned, FrameUse.Allocated,
];

/** Neighbouring frames with the same word. */
interface Run {
  readonly pfn: number;
  readonly nrPages: number;
  readonly low: number;
  readonly high: number;
}

interface Rows {
  readonly row: number;
  readonly nrPages: number;
  readonly segment: Segment;
  readonly online: boolean;
  readonly kind: FrameKind;
  readonly poisoned: boolean;
}

function fillRows(table: FrameTable, { row, nrPages, segment, online, kind, poisoned }: Rows): void {
  const end = row + nrPages;
  if (!online) {
    table.use.fill(FrameUse.Offline, row, end);
    table.flags.fill(FrameFlag.Valid, row, end);
    return;
  }
  const use = kind === FrameKind.Reserved && segment.ram === false ? FrameUse.Hole : (useOfKind[kind] ?? FrameUse.Unknown);
  let flags: number = FrameFlag.Valid;
  if (use !== FrameUse.Absent) flags += FrameFlag.Online;
  if (poisoned) flags += FrameFlag.Hwpoison;
  if (kind === FrameKind.User) flags += FrameFlag.Movable;
  if (kind === FrameKind.Slab || kind === FrameKind.PageTable) flags += FrameFlag.Unmovable;
  table.use.fill(use, row, end);
  table.flags.fill(flags, row, end);
  if (segment.zone !== null && segment.zone < NONE && use !== FrameUse.Unknown && use !== FrameUse.Absent) table.zone.fill(segment.zone, row, end);
}

class Tally {
  readonly #layout: Layout;
  readonly #count: Float64Array;
  readonly #first: Float64Array;
  readonly #selfHosted: Float64Array;
  readonly #contradictions: { pfn: number; word: string }[] = [];
  readonly #table: FrameTable | null;
  #nrPoisoned = 0;
  #marksNoPage = false;
  /** Where the next frame belongs: its segment, and its row where a block covers it. */
  #segment = 0;
  #row = 0;

  constructor(layout: Layout) {
    this.#layout = layout;
    this.#count = new Float64Array(layout.segments.length * nrFrameKinds);
    this.#first = new Float64Array(layout.segments.length * nrFrameKinds).fill(-1);
    this.#selfHosted = new Float64Array(layout.blocks.length);
    const rows = layout.blocks.length * layout.blockPages;
    this.#table = rows > mostTableFrames ? null : { ranges: blockRanges(layout), use: new Uint8Array(rows), flags: new Uint8Array(rows), zone: new Uint8Array(rows).fill(NONE), order: new Uint8Array(rows).fill(NONE) };
  }

  take(words: Uint32Array, start: number): void {
    const end = start + words.length / 2;
    let pfn = start;
    while (pfn < end) {
      const segment = this.#layout.segments[this.#segment];
      if (segment === undefined) return;
      const stop = Math.min(end, segment.end);
      this.#takeOf(segment, words, { start, from: pfn, to: stop });
      pfn = stop;
      if (pfn === segment.end) this.#segment++;
    }
  }

  /** Frames [from, to), all of one segment, in runs of equal words. `start` is the frame of the first word. */
  #takeOf(segment: Segment, words: Uint32Array, { start, from, to }: { readonly start: number; readonly from: number; readonly to: number }): void {
    let pfn = from;
    while (pfn < to) {
      const at = 2 * (pfn - start);
      const low = words[at + lowHalf] ?? 0;
      const high = words[at + 1 - lowHalf] ?? 0;
      let next = pfn + 1;
      for (let other = at + 2; next < to && words[other + lowHalf] === low && words[other + 1 - lowHalf] === high; other += 2) next++;
      this.#takeRun(segment, { pfn, nrPages: next - pfn, low, high });
      pfn = next;
    }
  }

  #takeRun(segment: Segment, { pfn, nrPages, low, high }: Run): void {
    const kind = frameKind(low, high);
    const cell = this.#segment * nrFrameKinds + kind;
    if (this.#count[cell] === 0) this.#first[cell] = pfn;
    this.#count[cell] = (this.#count[cell] ?? 0) + nrPages;
    if (kind === FrameKind.NoPage) this.#marksNoPage = true;
    if (contradictory(low, high) && this.#contradictions.length < mostContradictions) this.#contradictions.push({ pfn, word: showWord(low, high) });
    if ((low & (LowBit.Hwpoison + LowBit.Huge)) === LowBit.Hwpoison) this.#nrPoisoned += nrPages;
    if (segment.block === null) return;
    const block = this.#layout.blocks[segment.block];
    const own = this.#selfHosted[segment.block] ?? 0;
    if (kind === FrameKind.SelfHosted && block !== undefined && pfn === block.block * this.#layout.blockPages + own) this.#selfHosted[segment.block] = own + nrPages;
    if (this.#table !== null) fillRows(this.#table, { row: this.#row, nrPages, segment, online: isOnline(block), kind, poisoned: (low & LowBit.Hwpoison) !== 0 });
    this.#row += nrPages;
  }

  finish(nrFrames: number): FrameTally {
    const count = this.#count;
    const first = this.#first;
    return {
      nrFrames,
      count: (segment, kind) => count[segment * nrFrameKinds + kind] ?? 0,
      first: (segment, kind) => {
        const pfn = first[segment * nrFrameKinds + kind] ?? -1;
        return pfn < 0 ? undefined : pfn;
      },
      contradictions: this.#contradictions,
      nrPoisoned: this.#nrPoisoned,
      selfHosted: [...this.#selfHosted],
      marksNoPage: this.#marksNoPage,
      table: this.#table,
    };
  }
}

/** The frames of all blocks, neighbours coalesced. */
function blockRanges({ blocks, blockPages }: Layout): PfnRange[] {
  const ranges: PfnRange[] = [];
  for (const { block } of blocks) {
    const start = block * blockPages;
    const last = ranges.at(-1);
    if (last !== undefined && last.start + last.nrPages === start) ranges[ranges.length - 1] = { start: last.start, nrPages: last.nrPages + blockPages };
    else ranges.push({ start: toPfn(start), nrPages: blockPages });
  }
  return ranges;
}

/** What kpagecount says: how often pages are mapped. */
export interface MapCounts {
  readonly nrFrames: number;
  /** Frames of a segment with a count that is not 0. */
  readonly mapped: (segment: number) => number;
  readonly first: (segment: number) => number | undefined;
}

export function readMapCounts(source: FileSource, layout: Layout): Shaped<Reading<MapCounts>> {
  const mapped = new Float64Array(layout.segments.length);
  const first = new Float64Array(layout.segments.length).fill(-1);
  let segment = 0;
  const length = streamWords(source, kpagecountPath, (words, start) => {
    for (let at = nextMapped(words, 0); at < words.length; at = nextMapped(words, at + 2)) {
      const pfn = start + at / 2;
      while (pfn >= (layout.segments[segment]?.end ?? Number.POSITIVE_INFINITY)) segment++;
      if (mapped[segment] === 0) first[segment] = pfn;
      mapped[segment] = (mapped[segment] ?? 0) + 1;
    }
  });
  if (!length.ok) return length;
  if (!length.value.available) return shaped(length.value);
  return shaped(
    available({
      nrFrames: length.value.value,
      mapped: (index) => mapped[index] ?? 0,
      first: (index) => {
        const pfn = first[index] ?? -1;
        return pfn < 0 ? undefined : pfn;
      },
    }),
  );
}

/** The place of the first word from `from` on that is not 0: few are. */
function nextMapped(words: Uint32Array, from: number): number {
  let at = from;
  while (at < words.length && words[at] === 0 && words[at + 1] === 0) at += 2;
  return at;
}

/**
 * The searches that end in a contiguous allocation: any range of a size, and a run of a CMA area. And giving back.
 *
 * Linux `alloc_contig_pages_noprof()`, `free_contig_range()`, mm/page_alloc.c, and mm/cma.c, v6.12.
 */
import { alone, Inadmissible, toldByAttempt } from "./choices.ts";
import type { Choices } from "./choices.ts";
import type { AllocContigPages, AllocId, CmaAlloc } from "./command.ts";
import { allocContigRange } from "./contig.ts";
import type { CmaArea, Machine } from "./machine.ts";
import { allocationAt, everyFrame, framesOf, pageOf, someFrame, zoneAt } from "./machine.ts";
import type { Attempt, Errno } from "./outcome.ts";
import { allowedZones } from "./page-alloc.ts";
import { freePages } from "./pcp.ts";
import { hex, pfnRange, toPfn } from "./pfn.ts";
import type { Pfn, PfnRange } from "./pfn.ts";
import { pfnToOnlinePage } from "./sparsemem.ts";
import type { ContigTask } from "./task.ts";
import { newAccount, runningNow } from "./task.ts";
import { FrameUse } from "./view.ts";
import type { ZoneIndex } from "./view.ts";
import { zoneEnd } from "./zone.ts";

/** What a search came to. */
export interface SearchResult {
  readonly attempts: readonly Attempt[];
  /** First frame of the range that was taken; undefined: none worked. */
  readonly start: Pfn | undefined;
}

/** Tries ranges until one works or `next` has no more. `next` is given why the last one failed. */
function search(machine: Machine, choices: Choices, first: Pfn | undefined, next: (last: Pfn, errno: Errno) => Pfn | undefined, task: (start: Pfn) => ContigTask): SearchResult {
  const attempts: Attempt[] = [];
  let start = first;
  while (start !== undefined) {
    const told = choices.kind === "told" ? nextAttempt(choices.attempts, start) : undefined;
    const account = newAccount();
    const ending = allocContigRange(machine, task(start), told === undefined ? alone : told.choices, account);
    const errno = ending.result === "refused" ? ending.errno : undefined;
    if (told !== undefined && (told.attempt.errno !== errno || told.choices.moved.length + told.choices.dropped.length > 0)) {
      throw new Inadmissible("outcome-result", `the attempt at ${hex(start)} ended with ${told.attempt.errno ?? "success"}`, errno ?? "success", [start]);
    }
    attempts.push({ start, ...(errno === undefined ? {} : { errno }), ...(account.dropped.length > 0 ? { dropped: account.dropped } : {}), ...(account.moved.length > 0 ? { moved: account.moved } : {}) });
    if (errno === undefined) return { attempts, start };
    start = next(start, errno);
  }
  return { attempts, start: undefined };
}

function nextAttempt(attempts: Attempt[], start: Pfn): { readonly attempt: Attempt; readonly choices: ReturnType<typeof toldByAttempt> } {
  const attempt = attempts.shift();
  if (attempt?.start !== start) throw new Inadmissible("attempt-order", `the search ${attempt === undefined ? "ended" : `tried ${hex(attempt.start)}`}, because the next candidate is ${hex(start)} it had to be tried`, `an attempt at ${hex(start)}`, [start]);
  return { attempt, choices: toldByAttempt(attempt) };
}

/** Linux `alloc_contig_pages_noprof()`. */
export function allocContigPages(machine: Machine, command: AllocContigPages, choices: Choices): SearchResult {
  const { nrPages, node } = command;
  const zones = allowedZones(machine, { order: 0, type: "Movable", highestZone: command.movable ? "Movable" : "Normal", node, nodes: command.thisNode ? [node] : null });
  const ranges = candidates(machine, zones, nrPages);
  const next = (): Pfn | undefined => {
    for (let candidate = ranges.next(); candidate.done !== true; candidate = ranges.next()) {
      if (isValidContig(machine, pfnRange(candidate.value.start, nrPages), candidate.value.zone)) return candidate.value.start;
    }
    return undefined;
  };
  const task = (start: Pfn): ContigTask => ({ kind: "alloc-contig", task: runningNow, range: pfnRange(start, nrPages), zone: pageOf(machine, start).zone, mode: "contig", compound: false, gfp: "kernel", owner: { allocation: command.id }, phase: "isolated" });
  return search(machine, choices, next(), next, task);
}

function* candidates(machine: Machine, zones: readonly ZoneIndex[], nrPages: number): Generator<{ readonly zone: ZoneIndex; readonly start: Pfn }> {
  for (const index of zones) {
    const zone = zoneAt(machine, index);
    for (let start = alignByMask(zone.start, nrPages); start + nrPages <= zoneEnd(zone); start = toPfn(start + nrPages)) yield { zone: index, start };
  }
}

/** Linux `ALIGN()`, include/vdso/align.h, v6.12: clears the bits of n - 1, also where n is no power of two. */
function alignByMask(pfn: Pfn, n: number): Pfn {
  const mask = BigInt(n - 1);
  return toPfn(Number((BigInt(pfn) + mask) & ~mask));
}

/** Linux `pfn_range_valid_contig()`. */
function isValidContig(machine: Machine, range: PfnRange, zone: ZoneIndex): boolean {
  return everyFrame(range, (pfn) => {
    const page = pfnToOnlinePage(machine, pfn);
    const kind = allocationAt(machine, pfn)?.kind;
    return page?.zone === zone && page.use !== FrameUse.Reserved && page.use !== FrameUse.Hole && page.use !== FrameUse.Device && kind !== "hugetlb" && kind !== "hugetlb-fixed";
  });
}

/** Bits that an allocation of n frames takes: Linux `cma_bitmap_pages_to_bits()`, mm/cma.c, v6.12. */
function bitsFor(area: CmaArea, nrPages: number): number {
  return Math.ceil(nrPages / 2 ** area.orderPerBit);
}

/** Linux `__cma_alloc()`, mm/cma.c, v6.12. undefined: more bits are needed than the area has. */
export function cmaAlloc(machine: Machine, area: CmaArea, command: CmaAlloc, choices: Choices): SearchResult | undefined {
  const { nrPages, align } = command;
  const bits = bitsFor(area, nrPages);
  if (bits > area.bitmap.length) return undefined;
  const mask = align > area.orderPerBit ? 2 ** (align - area.orderPerBit) - 1 : 0;
  const pfnOf = (bit: number): Pfn => toPfn(area.base + bit * 2 ** area.orderPerBit);
  let bit = 0;
  const find = (from: number): Pfn | undefined => {
    const found = freeRun(area, from, bits, (at) => pfnOf(at) % 2 ** Math.max(align, area.orderPerBit) === 0 || mask === 0);
    if (found === undefined) return undefined;
    bit = found;
    area.bitmap.fill(true, found, found + bits);
    return pfnOf(found);
  };
  const next = (_last: Pfn, errno: Errno): Pfn | undefined => {
    area.bitmap.fill(false, bit, bit + bits);
    return errno === "EBUSY" ? find(bit + mask + 1) : undefined;
  };
  const task = (start: Pfn): ContigTask => ({ kind: "alloc-contig", task: runningNow, range: pfnRange(start, nrPages), zone: pageOf(machine, start).zone, mode: "cma", compound: false, gfp: "kernel", owner: { allocation: command.id }, phase: "isolated" });
  return search(machine, choices, find(0), next, task);
}

function freeRun(area: CmaArea, from: number, bits: number, aligned: (bit: number) => boolean): number | undefined {
  for (let bit = from; bit + bits <= area.bitmap.length; bit++) {
    if (aligned(bit) && area.bitmap.slice(bit, bit + bits).every((taken) => !taken)) return bit;
  }
  return undefined;
}

/** Linux `cma_release()`: the frames first, then the bits. */
export function cmaRelease(machine: Machine, area: CmaArea, id: AllocId, pcp: boolean): void {
  const allocation = machine.allocations[id];
  if (allocation === undefined) throw new Error(`no allocation ${id}`);
  const range = pfnRange(allocation.pfn, allocation.nrPages);
  freeFrames(machine, range, id, pcp);
  const bit = (range.start - area.base) / 2 ** area.orderPerBit;
  area.bitmap.fill(false, bit, bit + bitsFor(area, range.nrPages));
}

/** Linux `free_contig_range()`: single frames, ascending; a compound page as one block of its order. */
export function freeContigRange(machine: Machine, range: PfnRange, pcp: boolean): void {
  const head = allocationAt(machine, range.start);
  if (head?.compound === true && isBlock(machine, range)) {
    freePages(machine, range.start, head.order ?? 0, pcp);
    delete machine.allocations[head.id];
    return;
  }
  const ids = new Set([...framesOf(range)].map((pfn) => allocationAt(machine, pfn)?.id ?? -1));
  for (const id of ids) freeFrames(machine, range, id, pcp);
}

/** The frames can be freed as one block: the first is a multiple of the size, or of a pageblock where that is smaller. */
export function isBlock(machine: Machine, range: PfnRange): boolean {
  return range.start % Math.min(range.nrPages, 2 ** machine.description.geometry.pageblockOrder) === 0;
}

function freeFrames(machine: Machine, range: PfnRange, id: AllocId, pcp: boolean): void {
  const allocation = machine.allocations[id];
  for (const pfn of framesOf(range)) if (allocationAt(machine, pfn)?.id === id) freePages(machine, pfn, 0, pcp);
  if (allocation === undefined) return;
  const left = someFrame(pfnRange(allocation.pfn, allocation.nrPages), (pfn) => allocationAt(machine, pfn)?.id === id);
  if (!left) delete machine.allocations[id];
}

/** Every frame is of a contiguous allocation; a compound one only where the range starts with it. */
export function freeContigCallable(machine: Machine, range: PfnRange): boolean {
  if (!everyFrame(range, (pfn) => allocationAt(machine, pfn)?.kind === "contig")) return false;
  const head = allocationAt(machine, range.start);
  return (head?.compound === true && head.pfn === range.start) || everyFrame(range, (pfn) => allocationAt(machine, pfn)?.compound === false);
}

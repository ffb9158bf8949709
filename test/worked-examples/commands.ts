/**
 * Commands as the worked examples say them: ranges by first frame and end, everything that does not matter left out.
 */
import { toBlockId, toPfn } from "../../models/index.ts";
import type { Alloc, Command, Grant, IsolationMode, Outcome, PageKind, StateWord, Subject, TaskCommand, WriteState, ZoneModifier } from "../../models/index.ts";
import { told } from "./notation.ts";

/** alloc_pages() on node 0. */
export function alloc(id: number, kind: PageKind, order = 0, zone: ZoneModifier = "normal"): Alloc {
  return { op: "alloc", id, kind, order, node: 0, thisNode: false, zone };
}

/** Straight to the buddy allocator. */
export function free(id: number): Command {
  return { op: "free", id, pcp: false };
}

/** To the per-CPU list where that is allowed. */
export function freeToPcp(id: number): Command {
  return { op: "free", id, pcp: true };
}

/** Isolates the pageblocks around `[start, end)`. */
export function isolate(id: number, start: number, end: number, mode: IsolationMode = "contig"): Command {
  return { op: "isolate", id, start: toPfn(start), nrPages: end - start, mode };
}

/** Token `id` undoes isolation over `[start, end)`. */
export function unisolate(id: number, start: number, end: number): Command {
  return { op: "unisolate", id, start: toPfn(start), nrPages: end - start };
}

export function testIsolated(start: number, end: number, mode: IsolationMode = "contig"): Command {
  return { op: "test-isolated", start: toPfn(start), nrPages: end - start, mode };
}

/** alloc_contig_range() of `[start, end)`, singly. */
export function contig(id: number, start: number, end: number): TaskCommand {
  return { op: "alloc-contig", id, start: toPfn(start), nrPages: end - start, compound: false, gfp: "kernel" };
}

/** alloc_contig_range() of `[start, end)` as one compound page. */
export function compoundContig(id: number, start: number, end: number): TaskCommand {
  return { op: "alloc-contig", id, start: toPfn(start), nrPages: end - start, compound: true, gfp: "kernel" };
}

export function freeContig(start: number, end: number): Command {
  return { op: "free-contig", start: toPfn(start), nrPages: end - start, pcp: false };
}

export function cmaAlloc(id: number, nrPages: number, align = 0, area = 0): Command {
  return { op: "cma-alloc", id, area, nrPages, align };
}

export function cmaRelease(id: number, area = 0): Command {
  return { op: "cma-release", area, id, pcp: false };
}

/** Pins the pages of `first` from page `skip` on, and all of `last`, for long. */
export function pinRange(first: number | null, skip: number, last: number | null, zero = false): Command {
  return { op: "pin-range", first, skip, zero, last, longTerm: true };
}

export function pin(id: number, longTerm: boolean): Command {
  return { op: "pin", id, longTerm };
}

export function poison(pfn: number): Command {
  return { op: "poison", pfn: toPfn(pfn) };
}

export function softOffline(pfn: number): Command {
  return { op: "soft-offline", pfn: toPfn(pfn) };
}

export function unpoison(pfn: number): Command {
  return { op: "unpoison", pfn: toPfn(pfn) };
}

export function fakeOffline(start: number, end: number, drops: boolean): Command {
  return { op: "fake-offline", start: toPfn(start), nrPages: end - start, drops };
}

export function fakeOnline(start: number, end: number): Command {
  return { op: "fake-online", start: toPfn(start), nrPages: end - start };
}

/** add_memory() of `[start, end)` to node 0, its memmap taken from the kernel zones. */
export function add(start: number, end: number, group: number | null = null, node = 0): Command {
  return { op: "add", start: toPfn(start), nrPages: end - start, node, memmapOnMemory: false, group };
}

/** add_memory() that asks for the memmap to be hosted by the memory itself. */
export function addSelfHosted(start: number, end: number): Command {
  return { op: "add", start: toPfn(start), nrPages: end - start, node: 0, memmapOnMemory: true, group: null };
}

export function remove(start: number, end: number): Command {
  return { op: "remove", start: toPfn(start), nrPages: end - start };
}

export function offlineAndRemove(start: number, end: number): Command {
  return { op: "offline-and-remove", start: toPfn(start), nrPages: end - start };
}

/** A write to `memoryN/state`. */
export function writeState(id: number, value: StateWord): WriteState {
  return { op: "write-state", block: toBlockId(id), value };
}

/** A write to `memoryN/online`. */
export function writeOnline(id: number, value: boolean): Command {
  return { op: "write-online", block: toBlockId(id), value };
}

export function deviceMap(id: number, start: number, end: number): Command {
  return { op: "device-map", id, start: toPfn(start), nrPages: end - start, node: 0 };
}

export function deviceUnmap(id: number): Command {
  return { op: "device-unmap", id };
}

/** A block of free frames, with the pageblocks that get the type of the request. */
export function grant(pfn: number, order = 0, retyped: readonly number[] = []): Grant {
  return { pfn: toPfn(pfn), order, ...(retyped.length > 0 && { retyped: retyped.map(toPfn) }) };
}

/** An allocation that succeeds with this block. */
export function granted(pfn: number, order = 0, retyped: readonly number[] = []): Outcome {
  return { result: "ok", grant: grant(pfn, order, retyped) };
}

/** Frames `[start, end)`, for `occupy`. */
export function frames(start: number, end: number): readonly number[] {
  return Array.from({ length: end - start }, (_, at) => start + at);
}

/**
 * Gives each of these frames to an allocation of order 0 whose id is the number of the frame. The first one retypes the
 * pageblocks of `retyped`, as a claim does.
 */
export function occupy(subject: Subject, kind: PageKind, pfns: readonly number[], retyped: readonly number[] = []): void {
  for (const [index, pfn] of pfns.entries()) place(subject, alloc(pfn, kind), pfn, index === 0 ? retyped : []);
}

/** Gives the block at `pfn` to this allocation. A subject that does not admit it can not take the example. */
export function place(subject: Subject, request: Alloc, pfn: number, retyped: readonly number[] = []): void {
  const verdict = told(subject, request, granted(pfn, request.order, retyped));
  if (verdict !== "admitted") throw new Error(`the state of the example can not be reached: ${request.kind} at ${pfn}: ${verdict}`);
}

/** Runs a command that has to succeed for the example to begin. */
export function prepare(subject: Subject, ...commands: readonly Command[]): void {
  for (const command of commands) {
    const outcome = subject.apply(command);
    if (outcome.result !== "ok") throw new Error(`the state of the example can not be reached: ${JSON.stringify(command)} gave ${JSON.stringify(outcome)}`);
  }
}

/**
 * A memory block goes online.
 *
 * Linux `memory_block_online()`, drivers/base/memory.c; `online_pages()`, mm/memory_hotplug.c, v6.12.
 */
import { splitLargeBuddy } from "./buddy.ts";
import { undoIsolatePageRange } from "./isolation.ts";
import type { Block, Isolation, Machine } from "./machine.ts";
import { framesOf, nodeAt, pageOf, pageblockOf, pageblocksOf, permits, sectionOf, zoneAt } from "./machine.ts";
import { blockRange, dataRange, notify } from "./notifier.ts";
import { alignDown, pfnRange, toPfn } from "./pfn.ts";
import type { Pfn, PfnRange } from "./pfn.ts";
import { sectionChunks } from "./sparsemem.ts";
import type { Account, Ending, OnlineTask } from "./task.ts";
import { done, refuse, running, runningNow } from "./task.ts";
import { FrameUse } from "./view.ts";
import type { Migratetype, ZoneIndex } from "./view.ts";
import { adjustPresentPageCount, growSpans, removePfnRangeFromZone, setZoneContiguous, updateNodeSpan, updateNodeStates } from "./zone.ts";

export function blockOf(machine: Machine, id: number): Block {
  const block = machine.blocks[id];
  if (block === undefined) throw new Error(`no memory block ${id}`);
  return block;
}

/** The first step: everything that can be refused. */
export function startOnline(machine: Machine, task: OnlineTask, account: Account): Ending {
  const block = blockOf(machine, task.block);
  if (block.nrHwpoison > 0) return refuse("EHWPOISON", { kind: "block-has-poison", block: block.id });
  const refusedPrepare = notify(machine, block, "PREPARE_ONLINE", account.events);
  if (refusedPrepare !== undefined) return refuse(refusedPrepare, { kind: "veto", block: block.id, detail: "PREPARE_ONLINE" });
  const before = tracesOf(machine, task.zone);
  if (block.selfHosted > 0) initMemmapOnMemory(machine, block, task.zone);
  movePfnRangeToZone(machine, task.zone, dataRange(machine, block), "Movable");
  const refusedGoing = notify(machine, block, "GOING_ONLINE", account.events);
  if (refusedGoing === undefined) return running;
  notify(machine, block, "CANCEL_ONLINE", account.events);
  removePfnRangeFromZone(machine, task.zone, dataRange(machine, block));
  leaveZone(machine, dataRange(machine, block));
  if (block.selfHosted > 0) deinitMemmapOnMemory(machine, block, task.zone);
  eraseTraces(machine, task.zone, before);
  notify(machine, block, "FINISH_OFFLINE", account.events);
  return refuse(refusedGoing, { kind: "veto", block: block.id, detail: "GOING_ONLINE" });
}

/** The second and last step: nothing fails from here on. */
export function finishOnline(machine: Machine, task: OnlineTask, account: Account): Ending {
  const block = blockOf(machine, task.block);
  const data = dataRange(machine, block);
  const zone = zoneAt(machine, task.zone);
  const group = block.group === null ? undefined : machine.groups[block.group];
  const isolation: Isolation = { owner: { task: runningNow }, mode: "offline", pageblocks: [...pageblocksOf(machine, data)] };
  zone.nrIsolatePageblock += isolation.pageblocks.length;
  for (const start of isolation.pageblocks) pageblockOf(machine, start).isolated = true;
  onlinePagesRange(machine, data, task.zone);
  for (const chunk of sectionChunks(machine, data)) markOnline(machine, chunk.start, true);
  showSelfHosted(machine, block);
  adjustPresentPageCount(machine, task.zone, data.start, group, data.nrPages);
  updateNodeStates(machine, zone.node);
  undoIsolatePageRange(machine, data, isolation);
  notify(machine, block, "ONLINE", account.events);
  if (block.selfHosted > 0) adjustPresentPageCount(machine, task.zone, blockRange(machine, block).start, group, block.selfHosted);
  block.zone = task.zone;
  block.state = "online";
  block.onlineType = "offline";
  return done;
}

/** Linux `move_pfn_range_to_zone()`: spans, page links, pageblock types. No counter moves. */
function movePfnRangeToZone(machine: Machine, index: ZoneIndex, range: PfnRange, type: Migratetype): void {
  growSpans(machine, index, range);
  for (const pfn of framesOf(range)) pageOf(machine, pfn).zone = index;
  for (const start of pageblocksOf(machine, range)) Object.assign(pageblockOf(machine, start), { type, isolated: false });
  setZoneContiguous(machine, index);
}

/** The pages of the range link to no zone any more. */
function leaveZone(machine: Machine, range: PfnRange): void {
  for (const pfn of framesOf(range)) pageOf(machine, pfn).zone = -1;
}

/** Linux `online_pages_range()`: blocks as large as their alignment allows, isolated, so not yet free pages. */
function onlinePagesRange(machine: Machine, range: PfnRange, index: ZoneIndex): void {
  const { maxPageOrder } = machine.description.geometry;
  for (let pfn = range.start; pfn < range.start + range.nrPages; ) {
    let order = 0;
    while (order < maxPageOrder && pfn % 2 ** (order + 1) === 0) order++;
    splitLargeBuddy(machine, pfn, order);
    pfn = toPfn(pfn + 2 ** order);
  }
  zoneAt(machine, index).managed += range.nrPages;
  machine.totalram += range.nrPages;
}

/** Linux `online_mem_sections()` and `offline_mem_sections()`, mm/sparse.c, v6.12. */
function markOnline(machine: Machine, pfn: Pfn, online: boolean): void {
  const section = sectionOf(machine, pfn);
  if (section === undefined) throw new Error(`no section at ${pfn}`);
  section.online = online;
}

/** Linux `mhp_init_memmap_on_memory()`: the block's own memmap joins the zone; sections that it fills are online at once. */
function initMemmapOnMemory(machine: Machine, block: Block, index: ZoneIndex): void {
  const memmap = pfnRange(blockRange(machine, block).start, block.selfHosted);
  movePfnRangeToZone(machine, index, memmap, "Unmovable");
  for (const pfn of fullSections(machine, memmap)) markOnline(machine, pfn, true);
  showSelfHosted(machine, block);
}

/** Linux `mhp_deinit_memmap_on_memory()`. */
export function deinitMemmapOnMemory(machine: Machine, block: Block, index: ZoneIndex): void {
  const memmap = pfnRange(blockRange(machine, block).start, block.selfHosted);
  for (const pfn of fullSections(machine, memmap)) markOnline(machine, pfn, false);
  removePfnRangeFromZone(machine, index, memmap);
  for (const pfn of framesOf(memmap)) Object.assign(pageOf(machine, pfn), { zone: -1, use: FrameUse.Offline });
}

function fullSections(machine: Machine, range: PfnRange): readonly Pfn[] {
  const { sectionPages } = machine.description.geometry;
  const end = alignDown(range.start + range.nrPages, sectionPages);
  return range.start >= end ? [] : sectionChunks(machine, pfnRange(range.start, end - range.start)).map(({ start }) => start);
}

/** Self-hosted memmap frames are that where their section is online. */
function showSelfHosted(machine: Machine, block: Block): void {
  for (const pfn of framesOf(pfnRange(blockRange(machine, block).start, block.selfHosted))) {
    if (sectionOf(machine, pfn)?.online === true) pageOf(machine, pfn).use = FrameUse.SelfHosted;
  }
}

/** Takes data sections offline, whatever their pages are. */
export function markOffline(machine: Machine, range: PfnRange): void {
  for (const chunk of sectionChunks(machine, range)) markOnline(machine, chunk.start, false);
}

/** What a refused online may have changed for good: EX-6. */
interface Traces {
  readonly start: Pfn;
  readonly spanned: number;
  readonly contiguous: boolean;
  readonly nrZones: number;
}

function tracesOf(machine: Machine, index: ZoneIndex): Traces {
  const { start, spanned, contiguous, node } = zoneAt(machine, index);
  return { start, spanned, contiguous, nrZones: nodeAt(machine, node).nrZones };
}

function eraseTraces(machine: Machine, index: ZoneIndex, before: Traces): void {
  const { start, spanned, contiguous, nrZones } = before;
  const after = tracesOf(machine, index);
  const same = after.start === start && after.spanned === spanned && after.contiguous === contiguous && after.nrZones === nrZones;
  if (same || permits(machine, "EX-6")) return;
  const zone = zoneAt(machine, index);
  Object.assign(zone, { start, spanned, contiguous });
  nodeAt(machine, zone.node).nrZones = nrZones;
  updateNodeSpan(machine, zone.node);
}

/**
 * Goals about memory that comes and goes: blocks, zones, nodes, sections, devices, isolation and interleaving.
 */
import { FrameUse, blockPages, pageblockPages, rangeContains, rangeEnd } from "../../models/index.ts";
import type { BlockView, IsolationView, View, ZoneView } from "../../models/index.ts";
import { blocksById, rowsOf, sectionsByNumber, taskOfBlock, zoneAt } from "../derived.ts";
import type { Goal, StepRecord } from "../rule.ts";
import { blockChanges, blocksThatWent, commandOf, direction, failed, idle, partOf, subjectBlock, succeeded, taskOf } from "../step.ts";

interface ZoneStep {
  readonly before: ZoneView;
  readonly after: ZoneView;
}

/** Zones of a step, where both views have them. */
function zoneSteps({ before, after }: StepRecord): readonly ZoneStep[] {
  return (before.zones ?? []).flatMap((zone, index) => {
    const now = after.zones?.[index];
    return now === undefined ? [] : [{ before: zone, after: now }];
  });
}

function came(step: StepRecord): readonly BlockView[] {
  return step.before.blocks === undefined || step.after.blocks === undefined ? [] : blocksThatWent(step, "online").flatMap(({ after }) => after ?? []);
}

function went(step: StepRecord): readonly BlockView[] {
  return step.before.blocks === undefined || step.after.blocks === undefined ? [] : blocksThatWent(step, "offline").flatMap(({ before }) => before ?? []);
}

function block(step: StepRecord): BlockView | undefined {
  const id = subjectBlock(step);
  return id === undefined || step.before.blocks === undefined ? undefined : blocksById(step.before).get(id);
}

/** Frames of the block that the test accepts, before the step. */
function anyFrame({ before }: StepRecord, { block: id }: BlockView, accept: (use: number | undefined, row: number) => boolean): boolean {
  if (before.frames === undefined) return false;
  const size = blockPages(before.geometry);
  for (let pfn = id * size; pfn < (id + 1) * size; pfn++) {
    const row = rowsOf(before).of(pfn);
    if (row >= 0 && accept(before.frames.use[row], row)) return true;
  }
  return false;
}

function ownerKey({ owner }: IsolationView): string {
  return "token" in owner ? `token ${owner.token}` : `task ${owner.task}`;
}

/** The owner of each isolated pageblock. */
function owners(view: View): ReadonlyMap<number, string> {
  return new Map((view.isolations ?? []).flatMap((isolation) => isolation.pageblocks.map((start) => [start, ownerKey(isolation)] as const)));
}

const isolationGoals: readonly Goal[] = [
  {
    id: "isolate-neighbours",
    title: "two owners isolate neighbouring pageblocks",
    rules: ["PG-19", "PG-17"],
    reached: ({ after }) => {
      const held = owners(after);
      const size = pageblockPages(after.geometry);
      return held.size > 1 && [...held].some(([start, owner]) => (held.get(start + size) ?? owner) !== owner);
    },
  },
  {
    id: "isolated-merge-across-owners",
    title: "a free block reaches over pageblocks that different owners isolate",
    rules: ["PG-28", "PG-19"],
    reached: ({ after }) => {
      const held = owners(after);
      const size = pageblockPages(after.geometry);
      return (after.freeBlocks ?? []).some(({ pfn, order, type }) => type === "Isolate" && 2 ** order > size && held.get(pfn) !== held.get(pfn + 2 ** order - size));
    },
  },
  {
    id: "unisolate-part",
    title: "an owner undid a part of its isolation",
    rules: ["PG-28", "FC-80"],
    reached: (step) => step.command.op === "unisolate" && succeeded(step) && (step.after.isolations ?? []).some(({ owner }) => "token" in owner && step.command.op === "unisolate" && owner.token === step.command.id) && step.before.isolations !== step.after.isolations && owners(step.before).size > owners(step.after).size,
  },
  {
    id: "unisolate-foreign",
    title: "an owner undid isolation over a range that others isolate too",
    rules: ["PG-28", "PG-19"],
    reached: (step) => {
      const { before, command } = step;
      if (command.op !== "unisolate" || !succeeded(step)) return false;
      const size = pageblockPages(before.geometry);
      return [...owners(before)].some(([start, owner]) => owner !== `token ${command.id}` && start < command.start + command.nrPages && start + size > command.start);
    },
  },
  {
    id: "isolate-undone-half-way",
    title: "an isolation failed after its first pageblock",
    rules: ["PG-27", "FC-57"],
    reached: (step) => step.command.op === "isolate" && failed(step) && step.command.nrPages > pageblockPages(step.before.geometry),
  },
  {
    id: "isolate-at-zone-border",
    title: "a pageblock was asked to be isolated in which two zones meet",
    rules: ["PG-25", "PG-30"],
    reached: (step) => {
      const { before, command } = step;
      if ((command.op !== "isolate" && command.op !== "alloc-contig") || idle(step) || before.frames === undefined) return false;
      const size = pageblockPages(before.geometry);
      const first = command.start - (command.start % size);
      const links = new Set<number>();
      for (let pfn = first; pfn < first + size; pfn++) {
        const row = rowsOf(before).of(pfn);
        if (row >= 0 && before.frames.use[row] !== FrameUse.Hole) links.add(before.frames.zone[row] ?? -1);
      }
      return links.size > 1;
    },
  },
];

const blockGoals: readonly Goal[] = [
  { id: "online-movable", title: "a block came online in zone Movable", rules: ["HP-56", "HP-64"], reached: (step) => came(step).some(({ zone }) => zoneAt(step.after, zone)?.type === "Movable") },
  { id: "online-kernel", title: "a block came online in a kernel zone", rules: ["HP-56", "HP-64"], reached: (step) => came(step).some(({ zone }) => zoneAt(step.after, zone)?.type !== "Movable") },
  { id: "online-self-hosted", title: "a block that hosts its memmap came online", rules: ["HP-63", "HP-29", "FC-03"], reached: (step) => came(step).some(({ selfHosted = 0 }) => selfHosted > 0) },
  { id: "offline-self-hosted", title: "a block that hosts its memmap went offline", rules: ["HP-63", "HP-29", "HP-35"], reached: (step) => went(step).some(({ selfHosted = 0 }) => selfHosted > 0) },
  { id: "offline-boot-block", title: "a block from boot went offline", rules: ["HP-18", "HP-31"], reached: (step) => went(step).some(({ boot }) => boot === true) },
  {
    id: "remove-boot-block",
    title: "a block from boot was removed",
    rules: ["HP-09", "HP-04", "HP-67"],
    reached: (step) => (step.command.op === "remove" || step.command.op === "offline-and-remove") && succeeded(step) && step.before.blocks !== undefined && step.after.blocks !== undefined && blockChanges(step).some(({ before, after }) => before?.boot === true && after === undefined),
  },
  {
    id: "add-where-boot-was",
    title: "memory was added where a section from boot had been",
    rules: ["HP-05", "HP-04"],
    reached: ({ before, after, command, outcome }) => command.op === "add" && outcome.result === "ok" && before.sections !== undefined && after.sections !== undefined && after.sections.some(({ section, usage, present }) => present && usage === "boot" && sectionsByNumber(before).get(section)?.present === false),
  },
  { id: "offline-moves", title: "an offline moved a page", rules: ["HP-58", "FC-61", "FC-62"], reached: (step) => direction(step) === "offline" && (step.outcome.moved ?? []).length > 0 },
  { id: "offline-moves-then-fails", title: "an offline failed after pages had moved", rules: ["HP-60", "FC-81"], reached: (step) => direction(step) === "offline" && partOf(step) === "whole" && failed(step) && (step.outcome.moved ?? []).length > 0 },
  { id: "offline-with-poison", title: "a block with a poisoned frame went offline", rules: ["HP-58", "HP-27", "FC-34"], reached: (step) => went(step).some(({ nrHwpoison = 0 }) => nrHwpoison > 0) },
  { id: "offline-with-page-offline", title: "a block went offline with frames that a driver had given up", rules: ["FC-66", "PG-13"], reached: (step) => went(step).some((one) => anyFrame(step, one, (use) => use === FrameUse.PageOffline || use === FrameUse.PageOfflineDropped)) },
  { id: "online-poisoned-refused", title: "a block with poison was asked to come online", rules: ["HP-27"], reached: (step) => direction(step) === "online" && step.outcome.errno === "EHWPOISON" && (block(step)?.nrHwpoison ?? 0) > 0 },
  { id: "offline-pinned", title: "a block with a pinned page was asked to go offline", rules: ["PG-48", "HP-60"], reached: (step) => direction(step) === "offline" && failed(step) && (step.before.allocations ?? []).some(({ pins, longTermPins, ranges }) => pins + longTermPins > 0 && ranges.some(({ start }) => Math.floor(start / blockPages(step.before.geometry)) === subjectBlock(step))) },
  { id: "offline-of-two-zones", title: "a block in which two zones meet was asked to go offline", rules: ["HP-22"], reached: (step) => direction(step) === "offline" && failed(step) && block(step)?.zone === null && block(step)?.state === "online" },
  { id: "zone-drift", title: "a block came online in another zone than the one it had left before", rules: ["HP-66", "HP-21"], reached: (step) => came(step).some(({ boot, zone }) => boot === true && zoneAt(step.after, zone)?.type === "Movable") },
  { id: "auto-online", title: "added memory came online on its own", rules: ["HP-65", "HP-56"], reached: (step) => step.command.op === "add" && came(step).length > 0 },
  { id: "auto-online-stops", title: "added memory stayed offline because a notifier refused", rules: ["HP-65", "HP-67", "FC-85"], reached: (step) => step.command.op === "add" && succeeded(step) && (step.outcome.events ?? []).length > 0 && came(step).length === 0 },
  { id: "add-several-blocks", title: "several blocks were added in one call", rules: ["HP-26", "HP-57"], reached: (step) => step.command.op === "add" && succeeded(step) && step.command.nrPages > blockPages(step.before.geometry) },
  { id: "grouped-online", title: "a block of a memory group came online", rules: ["HP-49", "HP-51"], reached: (step) => came(step).some(({ group }) => group !== null && group !== undefined) },
  { id: "remove-comes-back", title: "an offline-and-remove failed and brought a block online again", rules: ["FC-76", "HP-65"], reached: (step) => step.command.op === "offline-and-remove" && failed(step) && (step.outcome.events ?? []).some(({ event }) => event === "OFFLINE") },
];

const memmapGoals: readonly Goal[] = [
  { id: "memmap-single-frames", title: "a memmap was made of single frames", rules: ["HP-08", "FC-68"], reached: ({ command, outcome }) => command.op === "add" && outcome.result === "ok" && (outcome.memmap ?? []).some(({ order }) => order === 0) },
  { id: "memmap-claims", title: "taking a memmap claimed a pageblock", rules: ["HP-08", "PG-15"], reached: ({ outcome }) => (outcome.memmap ?? []).some(({ retyped = [] }) => retyped.length > 0) },
  { id: "memmap-exhausted", title: "an add failed for want of memmap after it had taken some", rules: ["FC-69", "HP-08", "PG-14"], reached: ({ command, outcome }) => command.op === "add" && outcome.result === "refused" && outcome.errno === "ENOMEM" && (outcome.memmap ?? []).length > 0 },
  { id: "sections-left-behind", title: "a failed add left sections behind", rules: ["HP-03", "HP-07", "HP-10"], onlyWith: "EX-1", reached: ({ before, after, command, outcome }) => command.op === "add" && outcome.result === "refused" && (after.sections ?? []).filter(({ present }) => present).length > (before.sections ?? []).filter(({ present }) => present).length },
];

const zoneGoals: readonly Goal[] = [
  { id: "zone-begins", title: "an empty zone was given memory", rules: ["HP-33", "HP-46", "HP-47"], reached: (step) => zoneSteps(step).some(({ before, after }) => before.spanned === 0 && after.present > 0) },
  { id: "zone-ends", title: "a zone lost its last memory", rules: ["HP-33", "HP-47", "HP-44"], reached: (step) => zoneSteps(step).some(({ before, after }) => before.present > 0 && after.present === 0) },
  { id: "zone-shrinks-at-start", title: "a zone lost memory at its start", rules: ["HP-34", "HP-35", "HP-36"], reached: (step) => zoneSteps(step).some(({ before, after }) => after.spanned > 0 && after.start > before.start && before.spanned > 0) },
  { id: "zone-shrinks-at-end", title: "a zone lost memory at its end", rules: ["HP-34", "HP-35", "HP-36"], reached: (step) => zoneSteps(step).some(({ before, after }) => after.spanned > 0 && after.start === before.start && after.spanned < before.spanned) },
  { id: "zone-keeps-span", title: "a zone lost memory in its middle", rules: ["HP-34"], reached: (step) => zoneSteps(step).some(({ before, after }) => before.present > after.present && after.present > 0 && before.start === after.start && before.spanned === after.spanned) },
  {
    id: "zones-overlap",
    title: "the spans of two zones of a node overlap",
    rules: ["HP-28", "HP-34"],
    reached: ({ after }) => (after.zones ?? []).some((a, at) => a.spanned > 0 && a.type !== "Device" && (after.zones ?? []).some((b, other) => other > at && b.node === a.node && b.spanned > 0 && b.type !== "Device" && a.start < b.start + b.spanned && b.start < a.start + a.spanned)),
  },
  { id: "contiguous-again", title: "a zone became contiguous", rules: ["HP-43"], reached: (step) => zoneSteps(step).some(({ before, after }) => before.contiguous === false && after.contiguous === true && after.spanned > 0) },
  { id: "node-comes-online", title: "a node came online with its first memory", rules: ["HP-45", "FC-18"], reached: ({ before, after }) => (after.nodes ?? []).some(({ node, online }) => online && before.nodes?.find((one) => one.node === node)?.online === false) },
  { id: "node-goes-offline", title: "a node went offline with its last memory", rules: ["HP-45", "FC-18"], reached: ({ before, after }) => (after.nodes ?? []).some(({ node, online }) => !online && before.nodes?.find((one) => one.node === node)?.online === true) },
  { id: "movable-node", title: "a node has memory, and none up to zone Normal", rules: ["HP-44"], reached: ({ after }) => (after.nodes ?? []).some(({ hasMemory, hasNormalMemory }) => hasMemory && !hasNormalMemory) },
];

const deviceGoals: readonly Goal[] = [
  {
    id: "device-shares-section",
    title: "a device was mapped into a section that holds memory",
    rules: ["HP-13", "FC-06", "FC-07"],
    reached: ({ after, command, outcome }) => command.op === "device-map" && outcome.result === "ok" && after.sections !== undefined && sectionsByNumber(after).get(Math.floor(command.start / after.geometry.sectionPages))?.early === true,
  },
  {
    id: "device-alone",
    title: "a device was mapped into a section of its own, in part",
    rules: ["FC-06", "HP-07", "PG-01"],
    reached: ({ after, command, outcome }) => command.op === "device-map" && outcome.result === "ok" && after.sections !== undefined && sectionsByNumber(after).get(Math.floor(command.start / after.geometry.sectionPages))?.subsectionMap.includes("0") === true,
  },
  {
    id: "devices-share-section",
    title: "two devices share a section",
    rules: ["HP-11", "FC-30"],
    reached: ({ after }) => (after.devices ?? []).some(({ range }, at) => Math.floor((rangeEnd(range) - 1) / after.geometry.sectionPages) === Math.floor((after.devices?.[at + 1]?.range.start ?? -1) / after.geometry.sectionPages)),
  },
  { id: "taint-stays", title: "a section stayed tainted after its device was gone", rules: ["FC-07", "HP-55"], reached: ({ after, command, outcome }) => command.op === "device-unmap" && outcome.result === "ok" && (after.sections ?? []).some(({ taint }) => taint) },
  { id: "device-holds-memmap", title: "a device held part of its memmap itself, and some of what it sets aside was skipped", rules: ["FC-90", "FC-04", "FC-68"], reached: ({ after }) => (after.devices ?? []).some(({ altmap }) => altmap !== undefined && altmap.alloc > 0 && altmap.align > 0) },
  { id: "memmap-shared", title: "compound pages of a device, several in a section, share their memmap", rules: ["HP-08", "HP-10", "FC-68"], reached: (step) => sharesMemmap(step) && 2 ** shiftOf(step) < step.after.geometry.sectionPages },
  { id: "memmap-shared-across-sections", title: "a compound page of a device spans sections, which share its memmap", rules: ["HP-08", "HP-10", "FC-68"], reached: (step) => sharesMemmap(step) && 2 ** shiftOf(step) > step.after.geometry.sectionPages },
  { id: "driver-keeps-frames", title: "a device was unmapped of which its driver kept frames", rules: ["FC-91", "HP-28"], reached: ({ before, command, outcome }) => command.op === "device-unmap" && outcome.result === "ok" && (before.devices ?? []).some(({ device, altmap }) => device === command.id && (altmap?.reserve ?? 0) > 0) },
  { id: "memory-in-window", title: "memory was added inside a window", rules: ["FC-92"], reached: ({ after, command, outcome }) => command.op === "add" && outcome.result === "ok" && (after.resources ?? []).some(({ kind, range }) => kind === "window" && rangeContains(range, command.start)) },
  {
    id: "device-encloses-device",
    title: "a device map was refused that encloses a live one",
    rules: ["FC-71"],
    reached: ({ before, command, outcome }) => command.op === "device-map" && outcome.result === "refused" && (before.devices ?? []).some(({ range }) => command.start < range.start && rangeEnd(range) < command.start + command.nrPages),
  },
];

function anyTask(view: View, op: string): boolean {
  return (view.tasks ?? []).some((task) => task.op === op);
}

/** Whether the command is one of somebody else: no step of the task. */
function beside({ command }: StepRecord): boolean {
  return command.op !== "step" && command.op !== "signal" && command.op !== "start";
}

const taskGoals: readonly Goal[] = [
  { id: "task-online", title: "an online was taken step by step to its end", rules: ["HP-16", "HP-65"], reached: (step) => taskOf(step)?.op === "online" && succeeded(step) },
  { id: "task-offline", title: "an offline was taken step by step to its end", rules: ["HP-16", "HP-58", "HP-65", "PG-20", "FC-84"], reached: (step) => taskOf(step)?.op === "offline" && succeeded(step) },
  { id: "task-offline-fails", title: "an offline failed half way", rules: ["HP-60", "HP-16", "PG-20"], reached: (step) => taskOf(step)?.op === "offline" && failed(step) },
  { id: "task-contig", title: "a contiguous allocation was taken step by step to its end", rules: ["PG-38", "PG-20"], reached: (step) => taskOf(step)?.op === "alloc-contig" && succeeded(step) },
  { id: "task-contig-fails", title: "a contiguous allocation failed half way", rules: ["PG-36", "PG-20"], reached: (step) => taskOf(step)?.op === "alloc-contig" && failed(step) },
  { id: "task-interrupted", title: "a signal ended an operation", rules: ["HP-60", "HP-65"], reached: ({ command, outcome }) => command.op === "signal" && outcome.errno === "EINTR" },
  { id: "alloc-beside-online", title: "a page was allocated while an online was half done", rules: ["PG-21", "PG-55"], reached: (step) => step.command.op === "alloc" && succeeded(step) && anyTask(step.before, "online") },
  {
    id: "free-beside-offline",
    title: "a page of a block was freed while the block was going offline",
    rules: ["PG-23", "PG-22"],
    reached: (step) => {
      const { command, before } = step;
      if (command.op !== "free" || !succeeded(step) || before.tasks === undefined) return false;
      const page = before.allocations?.find(({ id }) => id === command.id)?.ranges[0]?.start;
      return page !== undefined && taskOfBlock(before).get(Math.floor(page / blockPages(before.geometry))) === "offline";
    },
  },
  { id: "alloc-beside-offline", title: "a page was allocated while an offline was half done", rules: ["PG-21", "PG-22"], reached: (step) => step.command.op === "alloc" && succeeded(step) && anyTask(step.before, "offline") },
  {
    id: "pin-beside-offline",
    title: "a page of a block was pinned while the block was going offline",
    rules: ["PG-39", "PG-48"],
    reached: (step) => {
      const { command, before } = step;
      if (command.op !== "pin" || !succeeded(step) || before.tasks === undefined) return false;
      const page = before.allocations?.find(({ id }) => id === command.id)?.ranges[0]?.start;
      return page !== undefined && taskOfBlock(before).get(Math.floor(page / blockPages(before.geometry))) === "offline";
    },
  },
  { id: "contig-beside-offline", title: "a contiguous allocation succeeded while an offline was half done", rules: ["PG-41", "PG-19"], reached: (step) => commandOf(step).op === "alloc-contig" && succeeded(step) && anyTask(step.before, "offline") },
  { id: "two-contig-tasks", title: "two contiguous allocations were half done at once", rules: ["PG-19", "PG-20"], reached: ({ after }) => (after.tasks ?? []).filter(({ op }) => op === "alloc-contig").length > 1 },
  {
    id: "poison-beside-task",
    title: "a frame was poisoned in the range of a half-done operation",
    rules: ["PG-50", "PG-51"],
    reached: (step) => step.command.op === "poison" && succeeded(step) && beside(step) && (step.before.tasks ?? []).some(({ range }) => step.command.op === "poison" && rangeContains(range, step.command.pfn)),
  },
  { id: "device-lock", title: "a command was skipped because a half-done operation holds the hotplug lock", rules: ["FC-36"], reached: ({ outcome }) => outcome.result === "skipped" && outcome.because?.kind === "hotplug-lock" },
];

function shiftOf({ command }: StepRecord): number {
  return command.op === "device-map" ? (command.vmemmapShift ?? 0) : 0;
}

/** Sections of which compound pages share the memmap. */
function nrShared({ sections = [] }: View): number {
  return sections.filter(({ backing }) => backing.includes("c")).length;
}

/** A device was mapped whose compound pages share their memmap. */
function sharesMemmap(step: StepRecord): boolean {
  return succeeded(step) && shiftOf(step) > 0 && nrShared(step.after) > nrShared(step.before);
}

export const memoryGoals: readonly Goal[] = [...isolationGoals, ...blockGoals, ...memmapGoals, ...zoneGoals, ...deviceGoals, ...taskGoals];

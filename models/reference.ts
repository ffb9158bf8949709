/**
 * The reference: one exhaustive switch over the commands, run alone or told what someone else did.
 */
import { autoOnlineBlocks, beginWriteState, offlineAndRemove, runToEnd, writeOnline } from "./block.ts";
import { deflate, inflate } from "./balloon.ts";
import { bootMachine } from "./boot.ts";
import { alone, Inadmissible, toldBy, unusedChoice } from "./choices.ts";
import type { Choices } from "./choices.ts";
import type { Alloc, AllocAtomic, Command, Inflate, PinRange, TaskCommand, TaskId } from "./command.ts";
import { compactZone } from "./compaction.ts";
import { allocContigRange, endContig, startContig, stepContig } from "./contig.ts";
import { allocContigPages, cmaAlloc, cmaRelease, freeContigRange, isBlock } from "./contig-pages.ts";
import type { SearchResult } from "./contig-pages.ts";
import { mapDevice, unmapDevice } from "./device.ts";
import { blockPages } from "./geometry.ts";
import { registerGroup, unregisterGroup } from "./group.ts";
import { allocAtomic, unreserveHighatomicPageblock } from "./high-atomic.ts";
import { growPool, poolOf, reservePages, shrinkPool, usePage } from "./hugetlb.ts";
import { addMemory, blocksIn, freeReservedPage, removeMemory } from "./hotplug.ts";
import { probeKmem, removeKmem } from "./kmem.ts";
import { startIsolatePageRange, testPagesIsolated, undoIsolatePageRange } from "./isolation.ts";
import type { Allocation, Isolation, Machine, Zone } from "./machine.ts";
import { allocationAt, framesOf, pageOf, permits, zoneAt, zoneIndex } from "./machine.ts";
import { cancel, stepOffline } from "./offline.ts";
import { finishOnline } from "./online.ts";
import type { Attempt, Because, Grant, Outcome } from "./outcome.ts";
import { allocPages } from "./page-alloc.ts";
import { pageKindTraits } from "./page-kind.ts";
import { drainZone, freePages } from "./pcp.ts";
import { alignUp, hex, isAligned, pfnRange, rangeContains, toPfn } from "./pfn.ts";
import type { Order, PfnRange } from "./pfn.ts";
import { drainBatches, enterBatch, pinPages, putOther, putOwner } from "./pin.ts";
import type { Listed } from "./pin.ts";
import { memoryFailure, softOfflinePage, unpoisonMemory } from "./poison.ts";
import { showMachine } from "./show.ts";
import { skippedBecause } from "./skipped.ts";
import type { Breach, CreateSubject, Subject, Verdict } from "./subject.ts";
import type { Account, ContigTask, Ending } from "./task.ts";
import { done, newAccount, refuse, running, runningNow } from "./task.ts";
import { FrameUse } from "./view.ts";
import { requestVirtioMem } from "./virtio-mem.ts";
import { countIsolated, refreshVmStats } from "./vmstat.ts";

/** The specification as a subject. */
export const createReference: CreateSubject = (description, profile) => {
  const machine = bootMachine(description, profile);
  return {
    apply: (command) => step(machine, command, alone),
    follow: (command, outcome) => follow(machine, command, outcome),
    view: (wanted) => showMachine(machine, wanted),
    permissionsUsed: () => ({ ...machine.permissionsUsed }),
  } satisfies Subject;
};

/** What one step made, besides how it ended. */
interface Told extends Account {
  readonly memmap: Grant[];
  grant?: Grant;
  attempts?: readonly Attempt[];
  start?: SearchResult["start"];
}

/** Runs one command. The machine changes in place. */
export function step(machine: Machine, command: Command, choices: Choices): Outcome {
  const reason = skippedBecause(machine, command);
  if (reason !== undefined) return { result: "skipped", because: { kind: reason } };
  const bug = stopsKernel(machine, command);
  if (bug !== undefined) return { result: "bug", because: bug };
  const told: Told = { ...newAccount(), memmap: [] };
  const ending = run(machine, command, choices, told);
  return {
    result: ending.result,
    ...("errno" in ending ? { errno: ending.errno, because: ending.because } : {}),
    ...(told.grant === undefined ? {} : { grant: told.grant }),
    ...(told.memmap.length === 0 ? {} : { memmap: told.memmap }),
    ...(told.dropped.length === 0 ? {} : { dropped: told.dropped }),
    ...(told.moved.length === 0 ? {} : { moved: told.moved }),
    ...(told.attempts === undefined || told.attempts.length === 0 ? {} : { attempts: told.attempts }),
    ...(told.start === undefined ? {} : { start: told.start }),
    ...(told.events.length === 0 ? {} : { events: told.events }),
  };
}

/** Calls that would end in BUG_ON(). */
function stopsKernel(machine: Machine, command: Command): Because | undefined {
  if (command.op === "remove") {
    const size = blockPages(machine.description.geometry);
    const aligned = command.nrPages > 0 && isAligned(command.start, size) && isAligned(command.nrPages, size);
    return aligned ? undefined : { kind: "block-alignment", pfn: command.start };
  }
  if (command.op !== "free-contig") return undefined;
  const range = pfnRange(command.start, command.nrPages);
  const misaligned = isWholeCompound(machine, range) && !isBlock(machine, range);
  return misaligned && permits(machine, "KD-11") ? { kind: "compound-misaligned", pfn: command.start } : undefined;
}

function isWholeCompound(machine: Machine, range: PfnRange): boolean {
  const head = allocationAt(machine, range.start);
  return head?.compound === true && head.pfn === range.start && head.nrPages === range.nrPages;
}

function run(machine: Machine, command: Command, choices: Choices, told: Told): Ending {
  switch (command.op) {
    case "alloc":
      return alloc(machine, command, choices, told);
    case "alloc-atomic":
      return allocateAtomic(machine, command, choices, told);
    case "unreserve":
      return always(() => unreserveHighatomicPageblock(machine, command));
    case "free":
      return always(() => putOwner(machine, allocationOf(machine, command.id), command.pcp));
    case "drain":
      return always(() => drainZone(machine, zoneOf(machine, command)));
    case "pcp-disable":
      return always(() => {
        drainZone(machine, zoneOf(machine, command));
        zoneOf(machine, command).pcpDisabledBy.push("command");
      });
    case "pcp-enable":
      return always(() => {
        zoneOf(machine, command).pcpDisabledBy = [];
      });
    case "compact":
      return always(() => {
        drainBatches(machine);
        told.moved.push(...compactZone(machine, zoneIndex(command.node, command.zone), choices));
      });
    case "hold":
      return always(() => {
        allocationOf(machine, command.id).holds += 1;
      });
    case "release":
      return always(() => {
        const allocation = allocationOf(machine, command.id);
        allocation.holds -= 1;
        putOther(machine, allocation);
      });
    case "lru-isolate":
      return always(() => {
        const allocation = allocationOf(machine, command.id);
        allocation.lruIsolated = true;
        countIsolated(machine, allocation, 1);
      });
    case "lru-putback":
      return always(() => {
        const allocation = allocationOf(machine, command.id);
        allocation.lruIsolated = false;
        countIsolated(machine, allocation, -1);
      });
    case "lru-batch":
      return always(() => enterBatch(machine, allocationOf(machine, command.id)));
    case "lru-drain":
      return always(() => drainBatches(machine));
    case "pin":
      return pinPages(machine, [{ allocation: allocationOf(machine, command.id), nrPages: 1 }], command.longTerm, choices, told);
    case "pin-range":
      return pinPages(machine, listedPages(machine, command), command.longTerm, choices, told);
    case "unpin":
      return always(() => {
        const allocation = allocationOf(machine, command.id);
        if (command.longTerm) allocation.longTermPins -= 1;
        else allocation.pins -= 1;
        putOther(machine, allocation);
      });
    case "poison":
      return memoryFailure(machine, command.pfn);
    case "soft-offline":
      return softOfflinePage(machine, command.pfn, choices, told);
    case "unpoison":
      return unpoisonMemory(machine, command.pfn);
    case "free-reserved":
      return always(() => freeReservedPage(machine, command.pfn));
    case "inflate":
      return inflateOne(machine, command, choices, told);
    case "deflate":
      return always(() => deflate(machine, allocationOf(machine, command.id)));
    case "vmstat-refresh":
      return always(() => refreshVmStats(machine));
    case "isolate": {
      const owner: Isolation = { owner: { token: command.id }, mode: command.mode, pageblocks: [] };
      const failed = startIsolatePageRange(machine, pfnRange(command.start, command.nrPages), owner);
      if (failed !== undefined) return refuse("EBUSY", { kind: "isolation", pfn: failed.pfn, detail: failed.kind });
      return always(() => machine.isolations.push(owner));
    }
    case "unisolate":
      return always(() => unisolate(machine, command.id, pfnRange(command.start, command.nrPages)));
    case "test-isolated": {
      const failed = testPagesIsolated(machine, pfnRange(command.start, command.nrPages), command.mode);
      return failed === undefined ? done : refuse("EBUSY", { kind: failed.kind, pfn: failed.pfn });
    }
    case "alloc-contig":
      return allocContigRange(machine, contigTask(machine, command, runningNow), choices, told);
    case "free-contig": {
      const range = pfnRange(command.start, command.nrPages);
      const head = allocationAt(machine, command.start);
      if (head?.compound === true && !isWholeCompound(machine, range)) return refuse("EINVAL", { kind: "compound-size", pfn: command.start, detail: `${head.nrPages} frames` });
      return always(() => freeContigRange(machine, range, command.pcp));
    }
    case "alloc-contig-pages":
      return found(allocContigPages(machine, command, choices), told);
    case "cma-alloc": {
      const area = machine.cma[command.area];
      if (area?.nrPages === 0) return refuse("ENOMEM", { kind: "not-active" });
      const result = area === undefined ? undefined : cmaAlloc(machine, area, command, choices);
      return result === undefined ? refuse("ENOMEM", { kind: "too-large" }) : found(result, told);
    }
    case "cma-release": {
      const area = machine.cma[command.area];
      const { pfn } = allocationOf(machine, command.id);
      if (area === undefined || !rangeContains(pfnRange(area.base, area.nrPages), pfn)) return refuse("EINVAL", { kind: "not-in-area", pfn });
      return always(() => cmaRelease(machine, area, command.id, command.pcp));
    }
    case "fake-offline":
      return fakeOffline(machine, pfnRange(command.start, command.nrPages), command.drops, choices, told);
    case "fake-online":
      return always(() => fakeOnline(machine, pfnRange(command.start, command.nrPages)));
    case "add": {
      const ending = addMemory(machine, command, choices, (grant) => told.memmap.push(grant));
      if (ending.result === "ok") autoOnlineBlocks(machine, pfnRange(command.start, command.nrPages), choices, told);
      return ending;
    }
    case "remove": {
      const range = pfnRange(command.start, command.nrPages);
      return removeMemory(machine, range, blocksIn(machine, range) ?? []);
    }
    case "offline-and-remove": {
      const range = pfnRange(command.start, command.nrPages);
      const size = blockPages(machine.description.geometry);
      if (range.nrPages === 0 || !isAligned(range.start, size) || !isAligned(range.nrPages, size)) return refuse("EINVAL", { kind: "block-alignment" });
      return offlineAndRemove(machine, range, blocksIn(machine, range) ?? [], choices, told);
    }
    case "write-state":
      return runToEnd(machine, beginWriteState(machine, machine.blocks[command.block], command.value, runningNow, told), choices, told);
    case "write-online":
      return writeOnline(machine, machine.blocks[command.block], command.value, choices, told);
    case "group-static":
    case "group-dynamic":
      return registerGroup(machine, command);
    case "group-unregister":
      return unregisterGroup(machine, command.id);
    case "device-map":
      return mapDevice(machine, command, choices, (grant) => told.memmap.push(grant));
    case "device-unmap": {
      const device = machine.devices[command.id];
      return always(() => device !== undefined && unmapDevice(machine, device));
    }
    case "huge-grow":
      return growPool(machine, command, choices, told);
    case "huge-shrink":
      return shrinkPool(machine, allocationOf(machine, command.id));
    case "huge-reserve":
      return reservePages(poolOf(machine, command.order), command.count);
    case "huge-use":
      return usePage(machine, allocationOf(machine, command.id), command.reserved);
    case "kmem-probe":
      return probeKmem(machine, command, choices, told, (grant) => told.memmap.push(grant));
    case "kmem-remove":
      return always(() => removeKmem(machine, command.device));
    case "vmem-request":
      return requestVirtioMem(machine, command, choices, told, (grant) => told.memmap.push(grant));
    case "set":
      return always(() => set(machine, command.setting));
    case "veto":
      return always(() => {
        machine.vetoes[command.event] = command.errno;
      });
    case "fail-next":
      return always(() => {
        machine.failures[command.what] = command.skip;
      });
    case "start":
      return startTask(machine, command.task, command.command, told);
    case "step":
      return stepTask(machine, command.task, choices, told);
    case "signal":
      return signalTask(machine, command.task, choices, told);
  }
}

function always(effect: () => void): Ending {
  effect();
  return done;
}

/** The pages of a range, the zero page left out. */
function listedPages(machine: Machine, { first, skip, last }: PinRange): readonly Listed[] {
  const list: Listed[] = [];
  if (first !== null) list.push({ allocation: allocationOf(machine, first), nrPages: 2 ** (allocationOf(machine, first).order ?? 0) - skip });
  if (last !== null) list.push({ allocation: allocationOf(machine, last), nrPages: 2 ** (allocationOf(machine, last).order ?? 0) });
  return list;
}

function allocationOf(machine: Machine, id: number): Allocation {
  const allocation = machine.allocations[id];
  if (allocation === undefined) throw new Error(`no allocation ${id}`);
  return allocation;
}

function zoneOf(machine: Machine, at: { readonly node: number; readonly zone: Zone["type"] }): Zone {
  return zoneAt(machine, zoneIndex(at.node, at.zone));
}

function alloc(machine: Machine, command: Alloc, choices: Choices, told: Told): Ending {
  const { id, kind, order, node } = command;
  const traits = pageKindTraits[kind];
  const highestZone = traits.takesZoneModifier && command.zone !== "normal" ? command.zone : traits.highestZone;
  const wanted = choices.kind === "told" ? choices.grant : undefined;
  if (choices.kind === "told") choices.grant = undefined;
  const grant = allocPages(machine, { order, type: traits.migratetype, highestZone, node, nodes: command.thisNode ? [node] : null }, choices, wanted);
  if (grant === undefined) return refuse("ENOMEM", { kind: "no-free-block" });
  told.grant = grant;
  own(machine, { id, kind, order, compound: traits.compound && order > 0, pfn: grant.pfn });
  return done;
}

function allocateAtomic(machine: Machine, command: AllocAtomic, choices: Choices, told: Told): Ending {
  const { id, order } = command;
  const wanted = choices.kind === "told" ? choices.grant : undefined;
  if (choices.kind === "told") choices.grant = undefined;
  const grant = allocAtomic(machine, command, choices, wanted);
  if (grant === undefined) return refuse("ENOMEM", { kind: "no-free-block" });
  told.grant = grant;
  own(machine, { id, kind: "kernel", order, compound: false, pfn: grant.pfn });
  return done;
}

/** The block belongs to the label now. */
function own(machine: Machine, block: Pick<Allocation, "id" | "compound" | "pfn" | "kind"> & { readonly order: Order }): void {
  const nrPages = 2 ** block.order;
  machine.allocations[block.id] = { ...block, nrPages, holds: 0, pins: 0, longTermPins: 0, lruIsolated: false, freed: false, inflated: false, pool: false, batch: "none" };
  for (const pfn of framesOf(pfnRange(block.pfn, nrPages))) Object.assign(pageOf(machine, pfn), { use: FrameUse.Allocated, alloc: block.id });
}

function inflateOne(machine: Machine, command: Inflate, choices: Choices, told: Told): Ending {
  const wanted = choices.kind === "told" ? choices.grant : undefined;
  if (choices.kind === "told") choices.grant = undefined;
  const grant = inflate(machine, command, choices, wanted);
  if (grant === undefined) return refuse("ENOMEM", { kind: "no-free-block" });
  told.grant = grant;
  return done;
}

function unisolate(machine: Machine, token: number, range: PfnRange): void {
  const isolation = machine.isolations.find(({ owner }) => "token" in owner && owner.token === token);
  if (isolation === undefined) return;
  const end = Math.min(range.start + range.nrPages, alignUp(machine.description.hotplugEnd, blockPages(machine.description.geometry)));
  if (end > range.start) undoIsolatePageRange(machine, pfnRange(range.start, end - range.start), isolation);
  machine.isolations = machine.isolations.filter((other) => other !== isolation || other.pageblocks.length > 0);
}

function contigTask(machine: Machine, command: TaskCommand & { readonly op: "alloc-contig" }, task: TaskId): ContigTask {
  return { kind: "alloc-contig", task, range: pfnRange(command.start, command.nrPages), zone: pageOf(machine, command.start).zone, mode: "contig", compound: command.compound, gfp: command.gfp, owner: { allocation: command.id }, phase: "isolated" };
}

/** How a search ended, in the words of the outcome. */
function found(result: SearchResult, told: Told): Ending {
  told.attempts = result.attempts;
  if (result.start === undefined) return refuse("ENOMEM", { kind: "no-range" });
  told.start = result.start;
  return done;
}

/** Linux `virtio_mem_fake_offline()`, drivers/virtio/virtio_mem.c, v6.12. */
function fakeOffline(machine: Machine, range: PfnRange, drops: boolean, choices: Choices, told: Told): Ending {
  const zone = zoneAt(machine, pageOf(machine, range.start).zone);
  const task: ContigTask = { kind: "alloc-contig", task: runningNow, range, zone: pageOf(machine, range.start).zone, mode: "contig", compound: false, gfp: "kernel", owner: { pageOffline: { drops } }, phase: "isolated" };
  const ending = allocContigRange(machine, task, choices, told);
  if (ending.result !== "ok") return ending;
  zone.managed -= range.nrPages;
  machine.totalram -= range.nrPages;
  return done;
}

/** Linux `virtio_mem_fake_online()`. */
function fakeOnline(machine: Machine, range: PfnRange): void {
  for (const pfn of framesOf(range)) {
    const zone = zoneAt(machine, pageOf(machine, pfn).zone);
    freePages(machine, pfn, 0, false);
    zone.managed += 1;
    machine.totalram += 1;
  }
}

function set(machine: Machine, setting: (Command & { readonly op: "set" })["setting"]): void {
  switch (setting.option) {
    case "auto_online_blocks":
      machine.autoOnline = setting.value;
      return;
    case "online_policy":
      machine.onlinePolicy = setting.value;
      return;
    case "auto_movable_ratio":
      machine.autoMovableRatio = setting.value;
      return;
    case "auto_movable_numa_aware":
      machine.autoMovableNumaAware = setting.value;
  }
}

function startTask(machine: Machine, id: TaskId, command: TaskCommand, told: Told): Ending {
  if (command.op === "alloc-contig") {
    const task = contigTask(machine, command, id);
    const ending = startContig(machine, task);
    if (ending.result === "running") machine.tasks[id] = task;
    return ending;
  }
  const begun = beginWriteState(machine, machine.blocks[command.block], command.value, id, told);
  if (begun.task !== null && begun.ending.result === "running") machine.tasks[id] = begun.task;
  return begun.ending;
}

function stepTask(machine: Machine, id: TaskId, choices: Choices, told: Told): Ending {
  const task = machine.tasks[id];
  if (task === undefined) return running;
  const ending = task.kind === "alloc-contig" ? stepContig(machine, task, choices, told) : task.kind === "offline" ? stepOffline(machine, task, choices, told) : finishOnline(machine, task, told);
  if (ending.result !== "running") delete machine.tasks[id];
  return ending;
}

function signalTask(machine: Machine, id: TaskId, choices: Choices, told: Told): Ending {
  const task = machine.tasks[id];
  if (task === undefined || task.phase !== "migrating") return stepTask(machine, id, choices, told);
  delete machine.tasks[id];
  const signal = refuse("EINTR", { kind: "signal", task: id });
  if (task.kind === "offline") return cancel(machine, task, told, signal);
  endContig(machine, task);
  return signal;
}

/** Runs the command with the told choices, and compares what cannot be chosen. */
function follow(machine: Machine, command: Command, outcome: Outcome): Verdict {
  const choices = toldBy(outcome, command.op === "start" || command.op === "step" || command.op === "signal");
  try {
    return judge(step(machine, command, choices), outcome, choices);
  } catch (error) {
    if (!(error instanceof Inadmissible)) throw error;
    return { verdict: "breach", clause: error.clause, because: error.message, permitted: error.permitted, frames: error.frames };
  }
}

function judge(mine: Outcome, theirs: Outcome, choices: Choices): Verdict {
  if (mine.result !== theirs.result || mine.errno !== theirs.errno) {
    return breach("outcome-result", `the outcome was ${resultWord(theirs)}${theirs.because === undefined ? "" : ` (${theirs.because.kind})`}, but the rules give ${resultWord(mine)}${mine.because === undefined ? "" : `, because of ${describe(mine.because)}`}`, resultWord(mine), mine.because?.pfn);
  }
  const unused = unusedChoice(choices);
  if (unused !== undefined) return breach("outcome-shape", `the outcome tells more choices than the command makes: ${unused}`, "only choices that were made");
  if (callsIn(mine) !== callsIn(theirs)) return breach("notifier-order", `the notifier calls were [${callsIn(theirs)}]`, `[${callsIn(mine)}]`);
  if (mine.start !== theirs.start) return breach("outcome-shape", `the range given starts at ${theirs.start === undefined ? "nowhere" : hex(theirs.start)}`, mine.start === undefined ? "none" : hex(mine.start), mine.start);
  return { verdict: "admitted" };
}

function resultWord({ result, errno }: Outcome): string {
  return errno ?? result;
}

function callsIn({ events }: Outcome): string {
  return (events ?? []).map(({ event, start, nrPages }) => `${event} ${hex(start)}+${nrPages}`).join(", ");
}

function describe(because: Because): string {
  return [because.kind, because.pfn === undefined ? "" : `at ${hex(because.pfn)}`, because.id === undefined ? "" : `a${because.id}`, because.block === undefined ? "" : `block ${because.block}`, because.detail ?? ""].filter((word) => word !== "").join(" ");
}

function breach(clause: string, because: string, permitted: string, pfn?: number): Breach {
  return { verdict: "breach", clause, because, permitted: [permitted], frames: pfn === undefined ? [] : [toPfn(pfn)] };
}

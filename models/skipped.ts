/**
 * Commands that can not be issued in this state: labels that name nothing, ranges no caller may pass, locks that a
 * half-done task holds. `skipped` in models/catalogue.ts, in the same order.
 */
import { freeContigCallable } from "./contig-pages.ts";
import type { Command, NodeId, Op, PinRange, Poison, SoftOffline, Unpoison, ZoneType } from "./command.ts";
import { crossesWindow, cutsCompoundPages, sharesMemmapFrame } from "./device.ts";
import { blockPages } from "./geometry.ts";
import { holdsBootMemmap } from "./boot.ts";
import { blocksIn } from "./hotplug.ts";
import { isFreeInPool } from "./hugetlb.ts";
import { isKmem } from "./kmem.ts";
import type { Allocation, Machine, Zone } from "./machine.ts";
import { everyFrame, frameAt, isOffLru, pageblockAt, pageblocksOf, zoneAt, zoneIndex } from "./machine.ts";
import { orderFits, pageKindTraits } from "./page-kind.ts";
import { isAligned, pfnRange } from "./pfn.ts";
import type { Pfn, PfnRange } from "./pfn.ts";
import { pfnToOnlinePage } from "./sparsemem.ts";
import { FrameUse } from "./view.ts";
import { isVirtioMem, virtioMemGroup } from "./virtio-mem.ts";

/** Why the command is skipped, or undefined. */
export function skippedBecause(machine: Machine, command: Command): string | undefined {
  if (needsHotplugLock(command) && hotplugLocked(machine)) return "hotplug-lock";
  switch (command.op) {
    case "alloc":
      if (allocationLabelInUse(machine, command.id)) return "label-in-use";
      if (!orderFits(machine.description.geometry, command.kind, command.order)) return "order-of-kind";
      return noNode(machine, command.node);
    case "alloc-atomic":
      if (machine.description.highAtomic !== true) return "no-high-atomic";
      if (allocationLabelInUse(machine, command.id)) return "label-in-use";
      return when(command.order === 0 || !orderFits(machine.description.geometry, "kernel", command.order), "order-of-kind") ?? noNode(machine, command.node);
    case "unreserve":
      return when(machine.description.highAtomic !== true, "no-high-atomic") ?? noNode(machine, command.node);
    case "free":
      return noAllocation(machine, command.id) ?? when(allocation(machine, command.id)?.freed === true, "freed-already") ?? notFromAlloc(machine, command.id) ?? when(allocation(machine, command.id)?.inflated === true, "inflated");
    case "inflate":
      return when(machine.description.balloon !== true, "no-balloon") ?? when(allocationLabelInUse(machine, command.id), "label-in-use") ?? noNode(machine, command.node);
    case "deflate":
      return noAllocation(machine, command.id) ?? when(allocation(machine, command.id)?.inflated === false, "not-inflated");
    case "vmstat-refresh":
      return when(machine.description.nodeStats !== true, "no-node-stats");
    case "hold":
      return noAllocation(machine, command.id) ?? when(allocation(machine, command.id)?.freed === true, "freed-already") ?? notFromAlloc(machine, command.id);
    case "pin":
      return noAllocation(machine, command.id) ?? when(allocation(machine, command.id)?.freed === true, "freed-already");
    case "pin-range":
      return pinRangeSkipped(machine, command);
    case "release":
      return noAllocation(machine, command.id) ?? when(allocation(machine, command.id)?.holds === 0, "not-held");
    case "unpin": {
      const pins = command.longTerm ? allocation(machine, command.id)?.longTermPins : allocation(machine, command.id)?.pins;
      return noAllocation(machine, command.id) ?? when(pins === 0, "not-pinned");
    }
    case "lru-isolate":
      return noAllocation(machine, command.id) ?? when(allocation(machine, command.id)?.freed === true, "freed-already") ?? when(!isOnLru(allocation(machine, command.id)), "not-on-lru");
    case "lru-putback":
      return noAllocation(machine, command.id) ?? when(allocation(machine, command.id)?.lruIsolated === false, "not-isolated");
    case "lru-batch":
      return when(machine.description.lruBatches !== true, "no-lru-batches") ?? noAllocation(machine, command.id) ?? when(allocation(machine, command.id)?.freed === true, "freed-already") ?? notBatchable(allocation(machine, command.id));
    case "lru-drain":
      return when(machine.description.lruBatches !== true, "no-lru-batches");
    case "drain":
      return noZone(machine, command.node);
    case "pcp-disable":
      return noZone(machine, command.node) ?? when(zoneOf(machine, command.node, command.zone)?.pcpDisabledBy.length !== 0, "pcp-lock");
    case "pcp-enable":
      return noZone(machine, command.node) ?? when(zoneOf(machine, command.node, command.zone)?.pcpDisabledBy.join(" ") !== "command", "pcp-lock");
    case "compact":
      return when(machine.description.compaction !== true, "no-compaction") ?? noZone(machine, command.node);
    case "poison":
    case "soft-offline":
    case "unpoison":
      return poisonSkipped(machine, command);
    case "free-reserved":
      return when(!isFreeableReserved(machine, command.pfn), "not-reserved");
    case "isolate": {
      const range = pfnRange(command.start, command.nrPages);
      if (machine.isolations.some(({ owner }) => "token" in owner && owner.token === command.id)) return "label-in-use";
      if (!inOneZone(machine, range)) return "not-one-zone";
      return when(command.mode === "cma" && !pageblocksOf(machine, range).every((start) => pageblockAt(machine, start)?.type === "CMA"), "not-cma");
    }
    case "unisolate":
      return when(!machine.isolations.some(({ owner }) => "token" in owner && owner.token === command.id), "no-such-label");
    case "alloc-contig":
      return when(allocationLabelInUse(machine, command.id), "label-in-use") ?? when(!onlineInOneZone(machine, pfnRange(command.start, command.nrPages)), "not-one-zone");
    case "fake-offline":
      return when(!inOneZone(machine, pfnRange(command.start, command.nrPages)), "not-one-zone");
    case "fake-online":
      return when(!everyFrame(pfnRange(command.start, command.nrPages), (pfn) => isPageOffline(machine, pfn)), "not-page-offline");
    case "free-contig":
      return when(!freeContigCallable(machine, pfnRange(command.start, command.nrPages)), "not-contig");
    case "alloc-contig-pages":
      return when(allocationLabelInUse(machine, command.id), "label-in-use") ?? noNode(machine, command.node);
    case "cma-alloc":
      return when(allocationLabelInUse(machine, command.id), "label-in-use") ?? when(machine.cma[command.area] === undefined, "no-such-area");
    case "cma-release":
      return when(allocation(machine, command.id)?.kind !== "cma", "no-such-label") ?? when(machine.cma[command.area] === undefined, "no-such-area");
    case "remove":
    case "offline-and-remove": {
      const size = blockPages(machine.description.geometry);
      const aligned = command.nrPages > 0 && isAligned(command.start, size) && isAligned(command.nrPages, size);
      return when(aligned && blocksIn(machine, pfnRange(command.start, command.nrPages)) === undefined, "no-such-block") ?? when(aligned && (isKmem(machine, pfnRange(command.start, command.nrPages)) || isVirtioMem(machine, pfnRange(command.start, command.nrPages))), "driver-memory");
    }
    case "group-static":
    case "group-dynamic":
      return when(machine.groups[command.id] !== undefined, "label-in-use");
    case "device-map":
      return when(machine.devices[command.id] !== undefined, "label-in-use") ?? noNode(machine, command.node) ?? when(sharesMemmapFrame(machine.description.geometry, pfnRange(command.start, command.nrPages)), "memmap-unit") ?? when(command.nrPages > 0 && (command.reserve ?? 0) + (command.free ?? 0) === command.nrPages, "nothing-left") ?? when(crossesWindow(machine, pfnRange(command.start, command.nrPages)), "window-edge") ?? when(command.vmemmapShift !== undefined && machine.description.compoundDevices !== true, "no-compound-devices") ?? when(cutsCompoundPages(command), "compound-range");
    case "device-unmap":
      return when(machine.devices[command.id] === undefined, "no-such-label");
    case "start":
      return when(machine.tasks[command.task] !== undefined, "label-in-use") ?? skippedBecause(machine, command.command) ?? when(command.command.op === "alloc-contig" && !inOneZone(machine, pfnRange(command.command.start, command.command.nrPages)), "not-one-zone");
    case "step":
    case "signal":
      return when(machine.tasks[command.task] === undefined, "no-such-label");
    case "huge-grow":
      return when(allocationLabelInUse(machine, command.id), "label-in-use") ?? noPool(machine, command.order) ?? noNode(machine, command.node);
    case "huge-shrink":
      return noAllocation(machine, command.id) ?? notFreeInPool(machine, command.id);
    case "huge-reserve":
      return noPool(machine, command.order);
    case "huge-use":
      return noAllocation(machine, command.id) ?? notFreeInPool(machine, command.id) ?? when(command.reserved && !hasPromised(machine, command.id), "nothing-promised");
    case "kmem-probe":
      return noDaxDevice(machine, command.device) ?? when(machine.kmem[command.device] !== undefined, "bound") ?? when(machine.groups[command.group] !== undefined, "label-in-use");
    case "kmem-remove":
      return noDaxDevice(machine, command.device) ?? when(machine.kmem[command.device] === undefined, "not-bound");
    case "vmem-request":
      return when(machine.description.virtioMem === undefined, "no-virtio-mem") ?? when(machine.virtioMemBroken, "device-broken");
    case "add":
      return when(isVirtioMem(machine, pfnRange(command.start, command.nrPages)), "driver-memory");
    case "group-unregister":
      return when(machine.description.virtioMem !== undefined && command.id === virtioMemGroup, "driver-group");
    case "write-state":
    case "write-online":
    case "set":
    case "veto":
    case "fail-next":
      return undefined;
  }
}

const hotplugOps: ReadonlySet<Op> = new Set(["add", "remove", "offline-and-remove", "write-state", "write-online", "group-static", "group-dynamic", "group-unregister", "device-map", "device-unmap", "kmem-probe", "kmem-remove", "vmem-request", "soft-offline"]);

function needsHotplugLock(command: Command): boolean {
  return hotplugOps.has(command.op);
}

/** device_hotplug_lock and mem_hotplug_lock, as far as one who does not wait can tell. */
function hotplugLocked(machine: Machine): boolean {
  return Object.values(machine.tasks).some(({ kind }) => kind !== "alloc-contig");
}

function when(condition: boolean, reason: string): string | undefined {
  return condition ? reason : undefined;
}

function allocation(machine: Machine, id: number): Allocation | undefined {
  return machine.allocations[id];
}

function noAllocation(machine: Machine, id: number): string | undefined {
  return when(machine.allocations[id] === undefined, "no-such-label");
}

function notFromAlloc(machine: Machine, id: number): string | undefined {
  const kind = machine.allocations[id]?.kind;
  return when(kind === "contig" || kind === "cma", "not-from-alloc");
}

/** The label names an allocation, or one that a half-done task will make. */
function allocationLabelInUse(machine: Machine, id: number): boolean {
  return machine.allocations[id] !== undefined || Object.values(machine.tasks).some((task) => task.kind === "alloc-contig" && "allocation" in task.owner && task.owner.allocation === id);
}

function noNode(machine: Machine, node: NodeId): string | undefined {
  return when(machine.nodes[node]?.online !== true, "no-such-node");
}

function noZone(machine: Machine, node: NodeId): string | undefined {
  return when(machine.nodes[node] === undefined, "no-such-zone");
}

function zoneOf(machine: Machine, node: NodeId, type: ZoneType): Zone | undefined {
  return machine.zones[zoneIndex(node, type)];
}

function isOnLru(found: Allocation | undefined): boolean {
  return found !== undefined && found.kind !== "contig" && found.kind !== "cma" && pageKindTraits[found.kind].lru && !isOffLru(found);
}

/** Linux `folio_may_be_lru_cached()`, include/linux/swap.h, v6.12: large folios never stay in a batch. */
function notBatchable(found: Allocation | undefined): string | undefined {
  const isSinglePage = found !== undefined && found.kind !== "contig" && found.kind !== "cma" && pageKindTraits[found.kind].lru && found.order === 0;
  return when(!isSinglePage, "not-single-lru") ?? when(found?.batch !== "none", "in-batch");
}

function noDaxDevice(machine: Machine, device: number): string | undefined {
  return when(machine.description.daxDevices?.[device] === undefined, "no-such-device");
}

function noPool(machine: Machine, order: number): string | undefined {
  return when(machine.hugePools.every((pool) => pool.order !== order), "no-such-pool");
}

function notFreeInPool(machine: Machine, id: number): string | undefined {
  const found = allocation(machine, id);
  return when(found === undefined || !isFreeInPool(found), "not-free-in-pool");
}

function hasPromised(machine: Machine, id: number): boolean {
  return machine.hugePools.some(({ order, reserved }) => order === allocation(machine, id)?.order && reserved > 0);
}

/** Every frame has an online page, and all pages link to one zone. */
function onlineInOneZone(machine: Machine, range: PfnRange): boolean {
  const zone = pfnToOnlinePage(machine, range.start)?.zone;
  return zone !== undefined && everyFrame(range, (pfn) => pfnToOnlinePage(machine, pfn)?.zone === zone);
}

/** And none is self-hosted memmap: whoever keeps pageblocks isolated would keep those of a block that can go off line. */
function inOneZone(machine: Machine, range: PfnRange): boolean {
  return onlineInOneZone(machine, range) && everyFrame(range, (pfn) => frameAt(machine, pfn)?.use !== FrameUse.SelfHosted);
}

/** A range of pages that there is: of two allocations at most, or the zero page, or both. */
function pinRangeSkipped(machine: Machine, { first, skip, zero, last }: PinRange): string | undefined {
  const ids = [first, last].filter((id) => id !== null);
  const missing = ids.map((id) => noAllocation(machine, id)).find((reason) => reason !== undefined);
  if (missing !== undefined) return missing;
  if (ids.some((id) => allocation(machine, id)?.freed === true)) return "freed-already";
  const nrPages = first === null ? 1 : nrPagesOf(machine, first);
  const named = (ids.length > 0 || zero) && (first === null || first !== last) && skip < nrPages && (!zero || machine.description.zeroPage !== undefined);
  return when(!named, "no-such-range");
}

/** Pages of a block from the allocator. Of what is no block, and so never mapped, any page will do. */
function nrPagesOf(machine: Machine, id: number): number {
  const order = allocation(machine, id)?.order ?? null;
  return order === null || notFromAlloc(machine, id) !== undefined ? Number.POSITIVE_INFINITY : 2 ** order;
}

function poisonSkipped(machine: Machine, command: Poison | SoftOffline | Unpoison): string | undefined {
  const page = pfnToOnlinePage(machine, command.pfn);
  if (command.op === "poison" && isMemmapFrame(machine, command.pfn)) return "memmap-frame";
  if (command.op === "poison" && page?.use === FrameUse.Guard) return "guard-page";
  return when(page !== undefined && page.zone >= 0 && zoneAt(machine, page.zone).pcpDisabledBy.length > 0, "pcp-lock");
}

/** A block hosts its memmap from the moment it is added, also while it is offline. */
function isMemmapFrame(machine: Machine, pfn: Pfn): boolean {
  const size = blockPages(machine.description.geometry);
  const block = machine.blocks[Math.floor(pfn / size)];
  const selfHosted = block !== undefined && pfn % size < block.selfHosted;
  return selfHosted || frameAt(machine, pfn)?.use === FrameUse.Memmap || holdsBootMemmap(machine, pfn);
}

function isFreeableReserved(machine: Machine, pfn: Pfn): boolean {
  const page = pfnToOnlinePage(machine, pfn);
  return page?.use === FrameUse.Reserved && !page.poisoned && !holdsBootMemmap(machine, pfn) && pfn !== machine.description.zeroPage;
}

function isPageOffline(machine: Machine, pfn: Pfn): boolean {
  const page = pfnToOnlinePage(machine, pfn);
  return page !== undefined && !page.poisoned && (page.use === FrameUse.PageOffline || page.use === FrameUse.PageOfflineDropped);
}

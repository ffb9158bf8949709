/**
 * What each command of the catalogue does: when it can not be issued, and which mechanism it is.
 */
import { orderFits, toPfn, zoneTypes } from "../../models/index.ts";
import type { Add, Alloc, AllocAtomic, AllocContig, AllocContigPages, CmaAlloc, Command, DeviceMap, FakeOffline, Inflate, HugeGrow, Isolate, Outcome, TestIsolated, Unreserve, ZoneType as ZoneTypeName } from "../../models/index.ts";
import { kindAt, kindNumber } from "./allocations.ts";
import type { Kind } from "./allocations.ts";
import type { ContigOp } from "./contig.ts";
import { newBook } from "./isolation.ts";
import { FrameCode, Type, ZoneType } from "./layout.ts";
import { grantOf, nothingTold } from "./log.ts";
import type { Machine } from "./machine.ts";
import type { PageRequest } from "./page-alloc.ts";
import { refused, skipped, unreachable } from "./result.ts";
import type { Refusal } from "./result.ts";
import type { StepResult } from "./tasks.ts";
import { deviceGroup } from "./virtio-mem.ts";
import type { Zone } from "./zone.ts";

/** What a command came to, besides the choices in the log. */
type Done = StepResult | Pick<Outcome, "grant" | "start">;

const ok: Outcome = { result: "ok" };

export class Commands {
  protected readonly m: Machine;
  /** The request of `alloc`, made once: allocating is what a machine does most. */
  readonly #request: PageRequest = { order: 0, type: 0, node: 0, highest: 0, nodes: null, retyped: [], fromPcp: false };

  constructor(machine: Machine) {
    this.m = machine;
  }

  run(command: Command): Outcome {
    if (command.op === "alloc") return this.#alloc(command);
    const done = this.#dispatch(command);
    const choices = this.m.log.take();
    const events = this.m.notifier.takeCalls();
    if (done === undefined && choices === nothingTold && events.length === 0) return ok;
    const told = events.length === 0 ? choices : { ...choices, events };
    if (done === undefined) return { result: "ok", ...told };
    if (done === "running") return { result: "running", ...told };
    return "result" in done ? { ...done, ...told } : { result: "ok", ...done, ...told };
  }

  #dispatch(command: Exclude<Command, Alloc>): Done {
    const { m } = this;
    switch (command.op) {
      case "alloc-atomic":
        return this.#allocAtomic(command);
      case "unreserve":
        return this.#unreserve(command);
      case "free":
        return m.references.free(command.id, command.pcp);
      case "drain":
        return this.#withZone(command.node, command.zone, (zone) => this.#drain(zone));
      case "pcp-disable":
        return this.#withZone(command.node, command.zone, (zone) => this.#pcpDisable(zone));
      case "pcp-enable":
        return this.#withZone(command.node, command.zone, (zone) => this.#pcpEnable(zone));
      case "compact":
        return m.description.compaction === true ? this.#withZone(command.node, command.zone, (zone) => this.#compact(zone)) : skipped("no-compaction");
      case "hold":
        return m.references.hold(command.id);
      case "release":
        return m.references.release(command.id);
      case "lru-isolate":
        return m.references.lruIsolate(command.id);
      case "lru-putback":
        return m.references.lruPutback(command.id);
      case "lru-batch":
        return m.lruBatches.enter(command.id);
      case "lru-drain":
        return m.lruBatches.drainAll();
      case "pin":
        return m.pins.pin(command.id, command.longTerm);
      case "pin-range":
        return m.pins.pinRange(command);
      case "unpin":
        return m.pins.unpin(command.id, command.longTerm);
      case "poison":
        return m.poison.poison(command.pfn);
      case "soft-offline":
        return this.hotplugLock() ?? m.poison.softOffline(command.pfn);
      case "unpoison":
        return m.poison.unpoison(command.pfn);
      case "free-reserved":
        return m.contigRelease.freeReserved(command.pfn);
      case "inflate":
        return this.#inflate(command);
      case "deflate":
        return m.balloon.deflate(command.id);
      case "vmstat-refresh":
        return this.#vmstatRefresh();
      case "isolate":
        return this.#isolate(command);
      case "unisolate":
        return this.#unisolate(command.id, command.start, command.nrPages);
      case "test-isolated":
        return this.#testIsolated(command);
      case "alloc-contig":
        return this.#allocContig(command);
      case "free-contig":
        return m.contigRelease.freeContig(command.start, command.nrPages, command.pcp);
      case "alloc-contig-pages":
        return this.#allocContigPages(command);
      case "cma-alloc":
        return this.#cmaAlloc(command);
      case "cma-release":
        return m.contigRelease.releaseCma(command.area, command.id, command.pcp);
      case "fake-offline":
        return this.#fakeOffline(command);
      case "fake-online":
        return m.contigRelease.fakeOnline(command.start, command.nrPages);
      case "add":
        return this.hotplugLock() ?? this.#ofVirtioMem(command) ?? m.hotplug.add(command);
      case "remove":
        return this.hotplugLock() ?? m.removal.remove(command.start, command.nrPages);
      case "offline-and-remove":
        return this.hotplugLock() ?? m.removal.offlineAndRemove(command.start, command.nrPages);
      case "write-state":
        return this.hotplugLock() ?? m.blockState.writeState(command.block, command.value);
      case "write-online":
        return this.hotplugLock() ?? m.blockState.writeOnline(command.block, command.value);
      case "group-static":
        return this.hotplugLock() ?? this.#register(command.id, command.node, false, command.maxPages);
      case "group-dynamic":
        return this.hotplugLock() ?? this.#register(command.id, command.node, true, command.unitPages);
      case "group-unregister":
        return this.hotplugLock() ?? this.#groupUnregister(command.id);
      case "device-map":
        return this.hotplugLock() ?? this.#deviceMap(command);
      case "device-unmap":
        return this.hotplugLock() ?? this.#deviceUnmap(command.id);
      case "huge-grow":
        return this.#hugeGrow(command);
      case "huge-shrink":
        return m.hugetlb.shrink(command.id);
      case "huge-reserve":
        return m.hugetlb.reserve(command.order, command.count);
      case "huge-use":
        return m.hugetlb.use(command.id, command.reserved);
      case "kmem-probe":
        return this.hotplugLock() ?? m.kmem.probe(command.device, command.group);
      case "kmem-remove":
        return this.hotplugLock() ?? m.kmem.remove(command.device);
      case "vmem-request":
        return this.hotplugLock() ?? m.virtioMem.request(command.nrPages);
      case "set":
        m.settings.set(command.setting);
        return undefined;
      case "veto":
        m.notifier.arm(command.event, command.errno);
        return undefined;
      case "fail-next":
        m.faults.arm(command.what, command.skip);
        return undefined;
      case "start":
        return m.tasks.start(command.task, command.command);
      case "step":
        return m.tasks.step(command.task);
      case "signal":
        return m.tasks.signal(command.task);
      default:
        return unreachable(command);
    }
  }

  /** Why a command that takes device_hotplug_lock can not be issued now. */
  hotplugLock(): Refusal | undefined {
    return this.m.tasks.holdHotplugLock ? skipped("hotplug-lock") : undefined;
  }

  /** A label that an allocation has, or a half-done contiguous allocation will have. */
  #isIdTaken(id: number): boolean {
    return this.m.allocations.slotOf(id) >= 0 || this.m.contigs.get(id) !== undefined || this.m.tasks.claimsId(id);
  }

  #isNodeUsable(node: number): boolean {
    return this.m.zones.node(node)?.online === true;
  }

  #alloc(command: Alloc): Outcome {
    const { id, order } = command;
    if (this.#isIdTaken(id)) return skipped("label-in-use", { id });
    if (!orderFits(this.m.geometry, command.kind, order)) return skipped("order-of-kind");
    if (!this.#isNodeUsable(command.node)) return skipped("no-such-node");
    const kind = kindNumber(command.kind);
    const request = this.#requestOf(command, kindAt(kind));
    const pfn = this.m.choices.allocate(request);
    if (pfn < 0) return refused("ENOMEM", "no-free-block");
    this.m.allocations.add(id, kind, order, pfn);
    return { result: "ok", grant: grantOf(pfn, order, request.retyped) };
  }

  #requestOf(command: Alloc, kind: Kind): PageRequest {
    const request = this.#request;
    request.order = command.order;
    request.type = kind.type;
    request.node = command.node;
    request.highest = kind.traits.takesZoneModifier && command.zone !== "normal" ? Math.min(kind.highest, ZoneType[command.zone]) : kind.highest;
    request.nodes = command.thisNode ? new Set([command.node]) : null;
    if (request.retyped.length > 0) request.retyped = [];
    return request;
  }

  #allocAtomic(command: AllocAtomic): Done {
    const { id, order, node } = command;
    if (this.m.description.highAtomic !== true) return skipped("no-high-atomic");
    if (this.#isIdTaken(id)) return skipped("label-in-use", { id });
    if (order === 0 || !orderFits(this.m.geometry, "kernel", order)) return skipped("order-of-kind");
    if (!this.#isNodeUsable(node)) return skipped("no-such-node");
    const request = this.m.highAtomic.request(command);
    const pfn = this.m.choices.allocate(request);
    if (pfn < 0) return refused("ENOMEM", "no-free-block");
    this.m.allocations.add(id, kindNumber("kernel"), order, pfn);
    this.m.highAtomic.reserve(pfn, request);
    return { grant: grantOf(pfn, order, request.retyped) };
  }

  #unreserve({ node, movable, force }: Unreserve): Refusal | undefined {
    if (this.m.description.highAtomic !== true) return skipped("no-high-atomic");
    if (!this.#isNodeUsable(node)) return skipped("no-such-node");
    this.m.highAtomic.unreserve(node, movable, force);
    return undefined;
  }

  #withZone(node: number, type: ZoneTypeName, call: (zone: Zone) => Refusal | undefined): Refusal | undefined {
    return this.m.zones.node(node) === undefined ? skipped("no-such-zone") : call(this.m.zones.of(node, zoneTypes.indexOf(type)));
  }

  #drain(zone: Zone): undefined {
    this.m.pcp.drain(zone);
  }

  #compact(zone: Zone): undefined {
    this.m.lruBatches.drain();
    this.m.choices.compact(zone);
  }

  #pcpDisable(zone: Zone): Refusal | undefined {
    if (this.m.pcp.isDisabled(zone)) return skipped("pcp-lock");
    zone.pcpDisabledByCommand = true;
    this.m.pcp.drain(zone);
    return undefined;
  }

  #pcpEnable(zone: Zone): Refusal | undefined {
    if (!zone.pcpDisabledByCommand || zone.pcpDisabledByTasks > 0) return skipped("pcp-lock");
    zone.pcpDisabledByCommand = false;
    return undefined;
  }

  #inflate({ id, node }: Inflate): Done {
    if (this.m.description.balloon !== true) return skipped("no-balloon");
    if (this.#isIdTaken(id)) return skipped("label-in-use", { id });
    return this.#isNodeUsable(node) ? this.m.balloon.inflate(id, node) : skipped("no-such-node");
  }

  #vmstatRefresh(): Refusal | undefined {
    if (this.m.description.nodeStats !== true) return skipped("no-node-stats");
    this.m.nodeStats.refresh();
    return undefined;
  }

  #isolate({ id, start, nrPages, mode }: Isolate): Refusal | undefined {
    const { tokens } = this.m.isolation;
    if (tokens.has(id)) return skipped("label-in-use", { id });
    if (this.m.frames.oneZone(start, nrPages) === undefined) return skipped("not-one-zone", { pfn: start });
    if (mode === "cma" && !this.m.pageblocks.allBelongTo(start, nrPages, Type.Cma)) return skipped("not-cma", { pfn: start });
    const book = newBook(mode);
    if (!this.m.isolation.startRange(start, nrPages, book)) return refused("EBUSY", "isolation", { pfn: start });
    tokens.set(id, book);
    return undefined;
  }

  #testIsolated({ start, nrPages, mode }: TestIsolated): Refusal | undefined {
    const reason = this.m.isolation.test(start, nrPages, mode);
    return reason === undefined ? undefined : refused("EBUSY", reason, { pfn: start });
  }

  #unisolate(id: number, start: number, nrPages: number): Refusal | undefined {
    const { tokens } = this.m.isolation;
    const book = tokens.get(id);
    if (book === undefined) return skipped("no-such-label", { id });
    this.m.isolation.undoRange(start, nrPages, book, true);
    if (book.pageblocks.size === 0) tokens.delete(id);
    return undefined;
  }

  /** What an alloc-contig would do, or why it can not be issued. `stepwise`: others may run while it holds its pageblocks. */
  planContig({ id, start, nrPages, gfp, compound }: AllocContig, stepwise: boolean): ContigOp | Refusal {
    if (this.#isIdTaken(id)) return skipped("label-in-use", { id });
    const zone = stepwise ? this.m.frames.oneZone(start, nrPages) : this.m.frames.onlineInOneZone(start, nrPages);
    return zone === undefined ? skipped("not-one-zone", { pfn: start }) : this.m.contig.plan(start, nrPages, zone, "contig", FrameCode.Contig, gfp, compound);
  }

  /** The frames of the operation belong to the label now. */
  ownContig(id: number, { start, nrPages, compound }: Pick<ContigOp, "start" | "nrPages" | "compound">): void {
    this.m.contigs.add({ id, kind: "contig", compound: compound && nrPages > 1, ranges: [{ start, end: start + nrPages }], area: -1, firstBit: 0, nrBits: 0 });
  }

  #allocContig(command: AllocContig): Refusal | undefined {
    const op = this.planContig(command, false);
    if ("result" in op) return op;
    const refusal = this.m.contig.run(op);
    if (refusal === undefined) this.ownContig(command.id, op);
    return refusal;
  }

  #allocContigPages({ id, nrPages, node, thisNode, movable }: AllocContigPages): Done {
    if (this.#isIdTaken(id)) return skipped("label-in-use", { id });
    if (!this.#isNodeUsable(node)) return skipped("no-such-node");
    const highest = movable ? ZoneType.Movable : ZoneType.Normal;
    const zones = this.m.pageAlloc.zonelist(node).filter((zone) => zone.type <= highest && (!thisNode || zone.node === node));
    const found = this.m.contigSearch.run(zones, nrPages);
    if ("result" in found) return found;
    this.ownContig(id, { start: found.start, nrPages, compound: false });
    return { start: toPfn(found.start) };
  }

  #cmaAlloc({ id, area: areaNr, nrPages, align }: CmaAlloc): Done {
    if (this.#isIdTaken(id)) return skipped("label-in-use", { id });
    const area = this.m.cma.areas[areaNr];
    if (area === undefined) return skipped("no-such-area");
    const found = this.m.cma.allocate(area, nrPages, align);
    if ("result" in found) return found;
    const { start, firstBit, nrBits } = found;
    this.m.contigs.add({ id, kind: "cma", compound: false, ranges: [{ start, end: start + nrPages }], area: areaNr, firstBit, nrBits });
    return { start: toPfn(start) };
  }

  #fakeOffline({ start, nrPages, drops }: FakeOffline): Refusal | undefined {
    const zone = this.m.frames.oneZone(start, nrPages);
    if (zone === undefined) return skipped("not-one-zone", { pfn: start });
    return this.m.contigRelease.fakeOffline(this.m.contig.plan(start, nrPages, zone, "contig", drops ? FrameCode.PageOfflineDrops : FrameCode.PageOffline));
  }

  #register(id: number, node: number, dynamic: boolean, pages: number): Refusal | undefined {
    return this.m.groups.get(id) === undefined ? this.m.groups.register(id, node, dynamic, pages) : skipped("label-in-use", { id });
  }

  #ofVirtioMem({ start, nrPages }: Add): Refusal | undefined {
    return this.m.virtioMem.owns(start, nrPages) ? skipped("driver-memory", { pfn: start }) : undefined;
  }

  #groupUnregister(id: number): Refusal | undefined {
    const isDevices = this.m.description.virtioMem !== undefined && id === deviceGroup;
    return isDevices ? skipped("driver-group", { id }) : this.m.groups.unregister(id);
  }

  #deviceMap(command: DeviceMap): Refusal | undefined {
    if (this.m.devices.get(command.id) !== undefined) return skipped("label-in-use", { id: command.id });
    if (!this.#isNodeUsable(command.node)) return skipped("no-such-node");
    if (this.#sharesMemmapFrame(command.start) || this.#sharesMemmapFrame(command.nrPages)) return skipped("memmap-unit");
    if (command.nrPages > 0 && (command.reserve ?? 0) + (command.free ?? 0) === command.nrPages) return skipped("nothing-left");
    if (this.m.resources.crossesWindow(command.start, command.nrPages)) return skipped("window-edge", { pfn: command.start });
    const { vmemmapShift } = command;
    if (vmemmapShift !== undefined && this.m.description.compoundDevices !== true) return skipped("no-compound-devices");
    if (vmemmapShift !== undefined && (command.start % 2 ** vmemmapShift !== 0 || command.nrPages % 2 ** vmemmapShift !== 0)) return skipped("compound-range");
    return this.m.devices.map(command);
  }

  /** A whole number of subsections whose memmap is not a whole number of frames. */
  #sharesMemmapFrame(nrPages: number): boolean {
    const { subsectionPages, structPageBytes, pageBytes } = this.m.geometry;
    return nrPages % subsectionPages === 0 && (nrPages * structPageBytes) % pageBytes !== 0;
  }

  #hugeGrow({ id, order, node }: HugeGrow): Done {
    if (this.#isIdTaken(id)) return skipped("label-in-use", { id });
    const pool = this.m.hugetlb.poolOfOrder(order);
    if (pool === undefined) return skipped("no-such-pool");
    if (!this.#isNodeUsable(node)) return skipped("no-such-node");
    return this.m.hugetlb.grow(id, pool, node);
  }

  #deviceUnmap(id: number): Refusal | undefined {
    const device = this.m.devices.get(id);
    if (device === undefined) return skipped("no-such-label", { id });
    return this.m.devices.unmap(device);
  }
}

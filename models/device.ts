/**
 * ZONE_DEVICE: device memory that has pages, and shares sections with System RAM.
 *
 * Linux `memremap_pages()`, `pagemap_range()`, `memunmap_pages()`, mm/memremap.c; `move_pfn_range_to_zone()`,
 * mm/memory_hotplug.c, v6.12.
 */
import type { Choices } from "./choices.ts";
import type { DeviceMap } from "./command.ts";
import type { Geometry } from "./geometry.ts";
import { addPages, removePages } from "./hotplug.ts";
import type { TellMemmap } from "./hotplug.ts";
import type { Device, Machine } from "./machine.ts";
import { frameAt, framesOf, insertResource, pageOf, pageblockOf, permits, sectionOf, someFrame, zoneIndex } from "./machine.ts";
import { isAligned, pfnRange, rangeContains, rangeContainsRange, rangeEnd, rangesOverlap, toPfn } from "./pfn.ts";
import type { PfnRange } from "./pfn.ts";
import type { Ending } from "./task.ts";
import { done, refuse } from "./task.ts";
import { FrameUse } from "./view.ts";
import { growSpans } from "./zone.ts";

/**
 * The memmap of the range would share a frame with that of its neighbour, so that removing one would take the other's
 * `struct page`s with it: an end of the range is a whole number of subsections, but its memmap not one of frames.
 */
export function sharesMemmapFrame(geometry: Geometry, range: PfnRange): boolean {
  return [range.start, range.nrPages].some((n) => isAligned(n, geometry.subsectionPages) && (n * geometry.structPageBytes) % geometry.pageBytes !== 0);
}

/** An end of the range lies inside a window that does not hold all of it: no driver could have requested it. */
export function crossesWindow(machine: Machine, range: PfnRange): boolean {
  return machine.resources.some(({ kind, range: window }) => kind === "window" && rangesOverlap(window, range) && !rangeContainsRange(window, range));
}

/** The range is not whole compound pages: no driver maps such a one. */
export function cutsCompoundPages({ start, nrPages, vmemmapShift = 0 }: DeviceMap): boolean {
  return !isAligned(start, 2 ** vmemmapShift) || !isAligned(nrPages, 2 ** vmemmapShift);
}

/** The checks of `memremap_pages()` and `pagemap_range()`, in their order. */
export function mapDevice(machine: Machine, command: DeviceMap, choices: Choices, tell: TellMemmap): Ending {
  const { geometry, hotplugEnd } = machine.description;
  const range = pfnRange(command.start, command.nrPages);
  if (conflictsWithDevice(machine, range)) return refuse("ENOMEM", { kind: "device-conflict", pfn: range.start });
  if (machine.resources.some((resource) => (resource.kind === "ram" || resource.kind === "virtio-mem") && rangesOverlap(resource.range, range))) return refuse("ENXIO", { kind: "ram-conflict", pfn: range.start });
  if (range.nrPages === 0 || rangeEnd(range) > hotplugEnd) return refuseAndForget(machine, range, "EINVAL", "not-mappable");
  const { reserve = 0, free = 0 } = command;
  const altmap = reserve + free === 0 ? null : { reserve, free, align: 0, alloc: 0 };
  if (reserve + free > range.nrPages) return refuseAndForget(machine, range, "EINVAL", "altmap-bounds");
  if (!isAligned(range.start, geometry.subsectionPages) || !isAligned(range.nrPages, geometry.subsectionPages)) return refuseAndForget(machine, range, "EINVAL", "subsection-alignment");
  const { vmemmapShift = 0 } = command;
  const failed = addPages(machine, range, command.node, false, choices, tell, altmap, vmemmapShift);
  if (failed !== undefined) {
    forgetEnclosed(machine, range);
    return failed;
  }
  joinZoneDevice(machine, command.node, range, reserve);
  machine.devices[command.id] = { id: command.id, range, node: command.node, altmap, vmemmapShift, mapped: true };
  insertResource(machine, { range, kind: "device" });
  return done;
}

/** Linux looks for a live map at the first and the last frame only (EX-9). */
function conflictsWithDevice(machine: Machine, range: PfnRange): boolean {
  const live = Object.values(machine.devices).filter(({ mapped }) => mapped);
  const last = toPfn(rangeEnd(range) - 1);
  if (live.some((device) => rangeContains(device.range, range.start) || (range.nrPages > 0 && rangeContains(device.range, last)))) return true;
  const enclosed = live.some((device) => rangesOverlap(device.range, range));
  return enclosed && !permits(machine, "EX-9");
}

function refuseAndForget(machine: Machine, range: PfnRange, errno: "EINVAL", kind: string): Ending {
  forgetEnclosed(machine, range);
  return refuse(errno, { kind, pfn: range.start });
}

/** Linux `pgmap_array_delete()`: the clean-up of a failed map erases every entry of its range. */
function forgetEnclosed(machine: Machine, range: PfnRange): void {
  for (const device of Object.values(machine.devices)) if (rangesOverlap(device.range, range)) device.mapped = false;
}

/**
 * The device part of `move_pfn_range_to_zone()` and `memmap_init_zone_device()`. Nobody initialises the pages of what the
 * driver keeps.
 */
function joinZoneDevice(machine: Machine, node: number, range: PfnRange, reserve: number): void {
  const { sectionPages, pageblockOrder } = machine.description.geometry;
  const index = zoneIndex(node, "Device");
  growSpans(machine, index, range);
  for (const edge of [range.start, rangeEnd(range)]) {
    const section = isAligned(edge, sectionPages) ? undefined : sectionOf(machine, edge);
    if (section !== undefined) section.taint = true;
  }
  for (const pfn of framesOf(range)) {
    pageOf(machine, pfn).use = FrameUse.Device;
    if (pfn < range.start + reserve) continue;
    pageOf(machine, pfn).zone = index;
    if (isAligned(pfn, 2 ** pageblockOrder) && !holdsRam(machine, pfnRange(pfn, 2 ** pageblockOrder))) Object.assign(pageblockOf(machine, pfn), { type: "Movable", isolated: false });
  }
}

/** Linux would retype such a pageblock under its free blocks: docs/fidelity.md#device-memory-beside-system-ram. */
function holdsRam(machine: Machine, pageblock: PfnRange): boolean {
  const noRam: ReadonlySet<FrameUse> = new Set([FrameUse.Absent, FrameUse.Hole, FrameUse.Offline, FrameUse.Device]);
  return someFrame(pageblock, (pfn) => !noRam.has(frameAt(machine, pfn)?.use ?? FrameUse.Absent));
}

/** Linux `memunmap_pages()`: spans, taint and the node's zones stay. */
export function unmapDevice(machine: Machine, device: Device): void {
  removePages(machine, device.range, device.altmap);
  machine.resources = machine.resources.filter(({ kind, range }) => !(kind === "device" && range.start === device.range.start));
  delete machine.devices[device.id];
}

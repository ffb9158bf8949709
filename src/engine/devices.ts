/** Device memory: Linux memremap_pages(), pagemap_range(), memunmap_pages(), mm/memremap.c, v6.12. */
import { isPowerOfTwo } from "../../models/index.ts";
import type { DeviceMap } from "../../models/index.ts";
import { altmapOffset } from "./altmap.ts";
import type { Altmap } from "./altmap.ts";
import { FrameCode, Type, ZoneType, noZone } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { bug, refused } from "./result.ts";
import type { Refusal } from "./result.ts";
import { CompoundPages } from "./section.ts";
import type { MemmapHost, Section } from "./section.ts";
import type { Zone } from "./zone.ts";

export interface Device {
  readonly id: number;
  readonly start: number;
  readonly nrPages: number;
  readonly altmap: Altmap | null;
  readonly vmemmapShift: number;
}

interface Extent {
  readonly start: number;
  readonly end: number;
}

export class Devices {
  protected readonly m: Machine;
  readonly #devices: Map<number, Device> = new Map();
  /** pgmap_array: the frames that are known to be of a live device. */
  #pgmap: readonly Extent[] = [];

  constructor(machine: Machine) {
    this.m = machine;
  }

  get(id: number): Device | undefined {
    return this.#devices.get(id);
  }

  /** By start. */
  all(): readonly Device[] {
    return [...this.#devices.values()].toSorted((a, b) => a.start - b.start);
  }

  /** Whether a live pgmap covers the frame. */
  isMapped(pfn: number): boolean {
    return this.#pgmap.some(({ start, end }) => pfn >= start && pfn < end);
  }

  /** Whether a driver keeps the frame for itself, so that nobody has initialised its page. */
  isKept(pfn: number): boolean {
    for (const { start, altmap } of this.#devices.values()) if (altmap !== null && pfn >= start && pfn < start + altmap.reserve) return true;
    return false;
  }

  /** memremap_pages() of one range. */
  map({ id, start, nrPages, node, reserve = 0, free = 0, vmemmapShift = 0 }: DeviceMap): Refusal | undefined {
    if (this.conflicts(start, nrPages)) return refused("ENOMEM", "device-conflict", { pfn: start });
    if (this.m.resources.meetsRam(start, nrPages)) return refused("ENXIO", "ram-conflict", { pfn: start });
    const altmap: Altmap | null = reserve > 0 || free > 0 ? { base: start, reserve, free, align: 0, alloc: 0 } : null;
    const refusal = this.checkRange(start, nrPages, altmap) ?? this.m.hotplug.addChunks(start, nrPages, node, altmap ?? this.#memmapHost(vmemmapShift));
    if (refusal !== undefined) {
      // The clean-up of the pgmap clears the whole range, live entries of others included.
      if (this.#meets(start, nrPages) && this.m.quirks.applies("EX-9")) this.#erase(start, start + nrPages);
      return refusal;
    }
    this.#devices.set(id, { id, start, nrPages, altmap, vmemmapShift });
    this.#pgmap = [...this.#pgmap, { start, end: start + nrPages }];
    this.m.resources.add(start, nrPages, "device");
    this.movePagesToZone(this.m.zones.of(node, ZoneType.Device), start, nrPages, reserve);
    return undefined;
  }

  /** vmemmap_can_optimize(): on x86-64, where three frames and more hold the memmap of a compound page, some of them the same. */
  #memmapHost(vmemmapShift: number): MemmapHost {
    const { arch, geometry } = this.m.description;
    const nrPages = 2 ** vmemmapShift;
    const saves = Math.floor((nrPages * geometry.structPageBytes) / geometry.pageBytes) > 2;
    return vmemmapShift > 0 && arch === "x86-64" && isPowerOfTwo(geometry.structPageBytes) && saves ? new CompoundPages(nrPages) : "kernel";
  }

  /** Linux looks at the first and the last frame only (EX-9). */
  protected conflicts(start: number, nrPages: number): boolean {
    if (this.isMapped(start) || (nrPages > 0 && this.isMapped(start + nrPages - 1))) return true;
    return this.#meets(start, nrPages) && !this.m.quirks.isOn("EX-9");
  }

  #meets(start: number, nrPages: number): boolean {
    return this.#pgmap.some((extent) => start < extent.end && extent.start < start + nrPages);
  }

  /** mhp_range_allowed(), the bounds of the altmap in __add_pages(), check_pfn_span(). */
  protected checkRange(start: number, nrPages: number, altmap: Altmap | null): Refusal | undefined {
    const { subsectionPages } = this.m.sizes;
    if (nrPages < 1 || start < 0 || start + nrPages > this.m.description.hotplugEnd) return refused("EINVAL", "not-mappable", { pfn: start });
    if (altmap !== null && altmapOffset(altmap) > nrPages) return refused("EINVAL", "altmap-bounds", { pfn: start });
    return start % subsectionPages === 0 && nrPages % subsectionPages === 0 ? undefined : refused("EINVAL", "subsection-alignment", { pfn: start });
  }

  #erase(start: number, end: number): void {
    this.#pgmap = this.#pgmap.flatMap((extent) => [
      ...(extent.start < Math.min(extent.end, start) ? [{ start: extent.start, end: Math.min(extent.end, start) }] : []),
      ...(Math.max(extent.start, end) < extent.end ? [{ start: Math.max(extent.start, end), end: extent.end }] : []),
    ]);
  }

  /** move_pfn_range_to_zone(), memmap_init_zone_device(): no counts, no masks; a section with an edge inside is tainted. What the driver keeps has no pages to be initialised. */
  protected movePagesToZone(zone: Zone, start: number, nrPages: number, reserve: number): void {
    const { sectionPages } = this.m.sizes;
    const end = start + nrPages;
    for (const section of this.m.sections.table.between(start, end)) {
      const first = Math.max(start + reserve, section.start);
      const behind = Math.min(end, section.start + sectionPages);
      if (start % sectionPages !== 0 && section.start < start) this.taint(section);
      if (end % sectionPages !== 0 && section.start + sectionPages > end) this.taint(section);
      // The memmap of a boot section is the one from boot; any other is new, and tells nothing.
      if (section.start < start + reserve && !section.early) this.m.zones.linkPages(section, Math.max(start, section.start), Math.min(start + reserve, behind) - Math.max(start, section.start), noZone);
      if (first < behind) {
        this.m.zones.linkPages(section, first, behind - first, zone.index);
        this.#setTypes(section, first - section.start, behind - section.start);
      }
      this.m.zones.noteSection(section);
    }
    this.m.zones.growSpan(zone, start, nrPages);
  }

  protected taint(section: Section): void {
    section.taint = true;
  }

  /** Pageblocks that begin in the range become Movable, but for those that hold system RAM too. */
  #setTypes(section: Section, first: number, behind: number): void {
    const { pageblockPages } = this.m.sizes;
    for (let offset = Math.ceil(first / pageblockPages) * pageblockPages; offset < behind; offset += pageblockPages) {
      if (!this.#holdsRam(section, offset)) this.m.pageblocks.setType(section, offset, Type.Movable);
    }
  }

  #holdsRam(section: Section, offset: number): boolean {
    return section.online && (section.frames === null || section.frames.subarray(offset, offset + this.m.sizes.pageblockPages).some((code) => code !== FrameCode.Hole));
  }

  /** memunmap_pages(). Spans stay, and taint where the section stays. */
  unmap(device: Device): Refusal | undefined {
    const { start, nrPages, altmap } = device;
    const zone = this.m.zones.ofPfn(this.initialisedPage(device));
    if (zone === undefined) return bug("page-poisoned", { pfn: start });
    this.m.zones.removeRange(zone, start, nrPages);
    this.m.hotplug.removePages(start, nrPages, altmap);
    this.#erase(start, start + nrPages);
    this.#devices.delete(device.id);
    this.m.resources.remove(start, nrPages);
    return undefined;
  }

  /** pfn_first(): a frame whose page says which zone the device is in. */
  protected initialisedPage({ start, altmap }: Device): number {
    return altmap === null ? start : start + altmapOffset(altmap);
  }
}

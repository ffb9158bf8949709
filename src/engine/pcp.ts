/**
 * Per-CPU lists, as one bag a zone: Linux free_unref_page(), __rmqueue_pcplist(), drain_all_pages(),
 * zone_pcp_disable(), mm/page_alloc.c, v6.12. Batches and limits are left out: whether a free goes there is the caller's.
 */
import { Type, allocatedCode, pcpCode, pcpList } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { zoneAt } from "./section.ts";
import type { Section } from "./section.ts";
import type { Zone } from "./zone.ts";

export class Pcp {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  isDisabled(zone: Zone): boolean {
    return zone.pcpDisabledByCommand || zone.pcpDisabledByTasks > 0;
  }

  /** pcp_allowed_order(). */
  isAllowedOrder(order: number): boolean {
    return order <= this.m.sizes.pcpMaxOrder;
  }

  /** Frames of an isolated pageblock go straight to the buddy. */
  protected takesType(type: number): boolean {
    return type !== Type.Isolate;
  }

  /** Which list a frame goes to: that of its pageblock's type now; CMA counts as Movable. */
  protected listFor(type: number): number {
    return type <= Type.Reclaimable ? type : Type.Movable;
  }

  /** free_unref_page(): whether the block could be put on a per-CPU list. */
  tryFree(pfn: number, order: number): boolean {
    const section = this.m.frames.section(pfn);
    const offset = pfn - section.start;
    const zone = this.m.zones.at(zoneAt(section, offset));
    const type = this.m.pageblocks.typeAt(section, offset);
    if (!this.isAllowedOrder(order) || !this.takesType(type) || this.isDisabled(zone)) return false;
    this.m.lists.frames(section)[offset] = pcpCode(order);
    this.m.lists.add(section, offset, order, zone.index, pcpList + this.listFor(type));
    return true;
  }

  /** __rmqueue_pcplist(): the lowest entry of exactly this order and type, or -1. */
  take(zone: Zone, order: number, type: number): number {
    if (type > Type.Reclaimable || order > this.m.sizes.pcpMaxOrder) return -1;
    const pfn = this.m.lists.lowest(zone.index, pcpList + type, order);
    if (pfn < 0) return -1;
    this.takeEntry(zone, pfn, order, pcpList + type);
    return pfn;
  }

  takeEntry(zone: Zone, pfn: number, order: number, list: number): void {
    const section = this.m.frames.section(pfn);
    this.m.lists.remove(section, pfn - section.start, order, zone.index, list);
    this.m.lists.frames(section)[pfn - section.start] = allocatedCode(order);
  }

  /** drain_all_pages(): every entry goes to the buddy, ascending. */
  drain(zone: Zone): void {
    for (let next = this.#lowest(zone); next !== undefined; next = this.#lowest(zone)) {
      const { pfn, order, list } = next;
      const section = this.m.frames.section(pfn);
      this.m.lists.remove(section, pfn - section.start, order, zone.index, list);
      this.m.buddy.freeOnePage(section, pfn - section.start, order, zone, this.drainType(section, pfn - section.start, list - pcpList));
    }
  }

  /** free_pcppages_bulk(): the type that the pageblock has now, whatever it was when the entry came. */
  protected drainType(section: Section, offset: number, _listType: number): number {
    return this.m.pageblocks.typeAt(section, offset);
  }

  #lowest(zone: Zone): { readonly pfn: number; readonly order: number; readonly list: number } | undefined {
    let found: { readonly pfn: number; readonly order: number; readonly list: number } | undefined;
    for (let type = 0; type <= Type.Reclaimable; type++) {
      const list = pcpList + type;
      for (let order = 0; order <= this.m.sizes.pcpMaxOrder; order++) {
        const pfn = this.m.lists.lowest(zone.index, list, order);
        if (pfn >= 0 && (found === undefined || pfn < found.pfn)) found = { pfn, order, list };
      }
    }
    return found;
  }

  /** zone_pcp_disable() by a task; it drains. */
  disable(zone: Zone): void {
    zone.pcpDisabledByTasks++;
    this.drain(zone);
  }

  /** zone_pcp_enable() by a task. */
  enable(zone: Zone): void {
    zone.pcpDisabledByTasks--;
  }
}

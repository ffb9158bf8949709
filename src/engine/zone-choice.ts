/**
 * Which zone a block is onlined to: Linux zone_for_pfn_range(), default_kernel_zone_for_pfn(), default_zone_for_pfn(),
 * auto_movable_zone_for_pfn(), auto_movable_can_online_movable(), mm/memory_hotplug.c, v6.12.
 *
 * The auto-movable arithmetic is that of unsigned 64-bit numbers and wraps where Linux wraps; hence bigint, and nowhere else.
 */
import type { OnlineWord } from "../../models/index.ts";
import { ZoneType } from "./layout.ts";
import type { Group } from "./groups.ts";
import type { Machine } from "./machine.ts";
import { zoneAt } from "./section.ts";
import type { Zone } from "./zone.ts";

const wrap = (n: bigint): bigint => BigInt.asUintN(64, n);
const big = (n: number): bigint => BigInt(Math.trunc(Number.isFinite(n) ? n : 0));

export class ZoneChoice {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  zoneFor(word: OnlineWord, node: number, group: number | null, start: number, nrPages: number): Zone {
    if (word === "online_kernel") return this.defaultKernelZone(node, start, nrPages);
    if (word === "online_movable") return this.m.zones.of(node, ZoneType.Movable);
    if (this.m.settings.onlinePolicy === "auto-movable") return this.autoMovable(node, group === null ? undefined : this.m.groups.get(group), start, nrPages);
    return this.defaultZone(node, start, nrPages);
  }

  /** The lowest zone below Normal whose span meets the range, else Normal. No address limit is asked. */
  protected defaultKernelZone(node: number, start: number, nrPages: number): Zone {
    return this.#kernelZoneMeeting(node, start, big(nrPages));
  }

  #kernelZoneMeeting(node: number, start: number, nrPages: bigint): Zone {
    const end = wrap(big(start) + nrPages);
    const meeting = [ZoneType.DMA, ZoneType.DMA32].map((type) => this.m.zones.of(node, type)).find((zone) => zone.spanned > 0 && start < zone.end && end > big(zone.start));
    return meeting ?? this.m.zones.of(node, ZoneType.Normal);
  }

  /** contig-zones: the zone that is there already; where neither or both are, the kernel zone unless `movable_node`. */
  protected defaultZone(node: number, start: number, nrPages: number): Zone {
    const kernel = this.defaultKernelZone(node, start, nrPages);
    const movable = this.m.zones.of(node, ZoneType.Movable);
    const inKernel = kernel.intersects(start, nrPages);
    const inMovable = movable.intersects(start, nrPages);
    if (inKernel !== inMovable) return inKernel ? kernel : movable;
    return this.m.description.movableNode ? movable : kernel;
  }

  /** The exits to the kernel zone use the frame and the length as they stand there, not those that were asked for. */
  protected autoMovable(node: number, group: Group | undefined, start: number, nrPages: number): Zone {
    if (Math.trunc(this.m.settings.autoMovableRatio) === 0) return this.defaultKernelZone(node, start, nrPages);
    let pfn = start;
    let max = nrPages;
    let online = 0;
    if (group !== undefined && !group.dynamic) {
      if (group.presentKernel > 0) return this.defaultKernelZone(node, start, nrPages);
      max = group.pages;
      online = group.presentMovable;
    } else if (group !== undefined && group.pages !== nrPages) {
      const unit = this.lookAtUnit(group, start);
      pfn = unit.pfn;
      if (unit.hasKernel) return this.defaultKernelZone(node, pfn, nrPages);
      max = group.pages;
      online = unit.online;
    }
    const rest = wrap(big(max) - big(online));
    const fits = this.canOnlineMovable(undefined, group, rest) && (!this.m.settings.autoMovableNumaAware || this.canOnlineMovable(node, group, rest));
    return fits ? this.m.zones.of(node, ZoneType.Movable) : this.#kernelZoneMeeting(node, pfn, rest);
  }

  /** The sections of the group's unit: how much is online in Movable, or the first that is online elsewhere. */
  protected lookAtUnit(group: Group, start: number): { readonly pfn: number; readonly online: number; readonly hasKernel: boolean } {
    const first = start - (start % group.pages);
    let online = 0;
    for (const section of this.m.sections.table.between(first, first + group.pages)) {
      if (section.start < first || !this.m.sections.isOnlineAt(section, 0)) continue;
      if (!this.m.zones.at(zoneAt(section, 0)).isMovable) return { pfn: section.start, online, hasKernel: true };
      online += this.m.sizes.sectionPages;
    }
    return { pfn: first + group.pages, online, hasKernel: false };
  }

  /** auto_movable_can_online_movable(), on one node or on all together. */
  protected canOnlineMovable(node: number | undefined, group: Group | undefined, nrPages: bigint): boolean {
    const ratio = big(this.m.settings.autoMovableRatio);
    let kernel = 0n;
    let movable = 0n;
    for (const zone of this.m.zones.all) {
      if ((node !== undefined && zone.node !== node) || !zone.isPopulated) continue;
      if (zone.isMovable) movable += big(zone.present);
      else {
        kernel += big(zone.presentEarly) - big(zone.cmaPages);
        movable += big(zone.cmaPages);
      }
    }
    let required = 0n;
    for (const other of this.m.groups.all()) {
      if (!other.dynamic || other === group || (node !== undefined && other.node !== node)) continue;
      const needs = (big(other.presentMovable) * 100n) / ratio - big(other.presentKernel);
      if (needs > 0n) required += needs;
      movable -= big(other.presentMovable);
    }
    kernel = wrap(kernel);
    if (kernel <= required) return false;
    kernel -= required;
    if (group !== undefined && group.dynamic) kernel += big(group.presentKernel);
    return wrap(movable + nrPages) <= wrap(ratio * kernel) / 100n;
  }
}

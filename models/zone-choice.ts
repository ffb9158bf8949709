/**
 * Which zone a block is onlined to, and what `valid_zones` says.
 *
 * Linux `zone_for_pfn_range()` and what it calls, mm/memory_hotplug.c; `valid_zones_show()`, drivers/base/memory.c, v6.12.
 */
import type { NodeId, OnlineWord } from "./command.ts";
import type { Block, Group, Machine } from "./machine.ts";
import { knownSections, pageOf, zoneAt, zoneIndex } from "./machine.ts";
import { blockRange } from "./notifier.ts";
import { alignDown, pfnRange, rangeContains, rangeEnd, toPfn } from "./pfn.ts";
import type { PfnRange } from "./pfn.ts";
import type { ZoneIndex } from "./view.ts";
import { isPopulated, zoneIntersects } from "./zone.ts";

/** Linux `zone_for_pfn_range()`. The length is always that of the whole block. */
export function zoneForPfnRange(machine: Machine, word: OnlineWord, block: Block): ZoneIndex {
  const range = blockRange(machine, block);
  const { node } = block;
  if (word === "online_kernel") return defaultKernelZone(machine, node, range);
  if (word === "online_movable") return zoneIndex(node, "Movable");
  return machine.onlinePolicy === "auto-movable" ? autoMovableZone(machine, node, block, range) : defaultZone(machine, node, range);
}

/** Linux `default_kernel_zone_for_pfn()`: the lowest zone below Normal whose span the range touches, else Normal. */
function defaultKernelZone(machine: Machine, node: NodeId, range: PfnRange): ZoneIndex {
  const low = [zoneIndex(node, "DMA"), zoneIndex(node, "DMA32")].find((index) => zoneIntersects(zoneAt(machine, index), range));
  return low ?? zoneIndex(node, "Normal");
}

/** Linux `default_zone_for_pfn()`: keep zones contiguous where exactly one of the two touches the range. */
function defaultZone(machine: Machine, node: NodeId, range: PfnRange): ZoneIndex {
  const kernel = defaultKernelZone(machine, node, range);
  const movable = zoneIndex(node, "Movable");
  const inKernel = zoneIntersects(zoneAt(machine, kernel), range);
  const inMovable = zoneIntersects(zoneAt(machine, movable), range);
  if (inKernel !== inMovable) return inKernel ? kernel : movable;
  return machine.description.movableNode ? movable : kernel;
}

/** Linux `auto_movable_zone_for_pfn()`, with the frame and length that its exits to the kernel zone really use. */
function autoMovableZone(machine: Machine, node: NodeId, block: Block, range: PfnRange): ZoneIndex {
  const group = block.group === null ? undefined : machine.groups[block.group];
  if (machine.autoMovableRatio === 0) return defaultKernelZone(machine, node, range);
  let { start, nrPages } = range;
  let remaining = nrPages;
  if (group !== undefined && !group.dynamic) {
    if (group.presentKernel > 0) return defaultKernelZone(machine, node, range);
    remaining = group.pages - group.presentMovable;
  } else if (group !== undefined && group.pages !== nrPages) {
    let movable = 0;
    const unit = pfnRange(alignDown(start, group.pages), group.pages);
    const { sectionPages } = machine.description.geometry;
    for (const section of knownSections(machine)) {
      start = toPfn(section.nr * sectionPages);
      if (!section.online || !rangeContains(unit, start)) continue;
      if (zoneAt(machine, pageOf(machine, start).zone).type !== "Movable") return defaultKernelZone(machine, node, pfnRange(start, nrPages));
      movable += sectionPages;
    }
    start = rangeEnd(unit);
    remaining = group.pages - movable;
  }
  nrPages = remaining;
  const scopes: readonly (NodeId | null)[] = machine.autoMovableNumaAware ? [null, node] : [null];
  const movable = scopes.every((scope) => canOnlineMovable(machine, scope, group, nrPages));
  return movable ? zoneIndex(node, "Movable") : defaultKernelZone(machine, node, pfnRange(start, unsigned(start + nrPages) - start));
}

/**
 * A sum as the kernel's unsigned long has it, where what was taken from it may have been more: below 0 it is larger than any
 * memory, and a later addition may bring it back.
 */
function unsigned(n: number): number {
  return n >= 0 ? n : Number.MAX_SAFE_INTEGER;
}

/** Linux `auto_movable_can_online_movable()`. `scope`: one node, or null for all. */
function canOnlineMovable(machine: Machine, scope: NodeId | null, group: Group | undefined, nrPages: number): boolean {
  const ratio = machine.autoMovableRatio;
  const zones = machine.zones.filter((zone) => isPopulated(zone) && (scope === null || zone.node === scope));
  let kernel = sum(zones.map((zone) => (zone.type === "Movable" ? 0 : zone.presentEarly - zone.cmaPages)));
  let movable = sum(zones.map((zone) => (zone.type === "Movable" ? zone.present : zone.cmaPages)));
  const others = Object.values(machine.groups).filter((other) => other.dynamic && other !== group && (scope === null || other.node === scope));
  const required = sum(others.map((other) => Math.max(0, Math.floor((other.presentMovable * 100) / ratio) - other.presentKernel)));
  if (kernel <= required) return false;
  kernel -= required;
  movable -= sum(others.map(({ presentMovable }) => presentMovable));
  if (group?.dynamic === true) kernel += group.presentKernel;
  return unsigned(movable + nrPages) <= Math.floor((ratio * kernel) / 100);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}

/** Linux `valid_zones_show()`: the zone of an online block; for another, what each word would choose. */
export function validZones(machine: Machine, block: Block): readonly string[] {
  if (block.state === "online") return [block.zone === null ? "none" : zoneAt(machine, block.zone).type];
  const [first, ...others] = (["online", "online_kernel", "online_movable"] as const).map((word) => zoneForPfnRange(machine, word, block));
  return [first, ...others.filter((index) => index !== first)].flatMap((index) => (index === undefined ? [] : [zoneAt(machine, index).type]));
}

/**
 * Zone and node spans, and the page counts that follow online and offline.
 *
 * Linux mm/memory_hotplug.c, mm/mm_init.c, v6.12.
 */
import type { Group, Machine, Zone } from "./machine.ts";
import { nodeAt, pageOf, sectionOf, zoneAt } from "./machine.ts";
import { alignUp, toPfn } from "./pfn.ts";
import type { Pfn, PfnRange } from "./pfn.ts";
import { pfnToOnlinePage, pfnValid } from "./sparsemem.ts";
import type { NodeId, ZoneType } from "./command.ts";
import { zoneTypes } from "./command.ts";
import type { ZoneIndex } from "./view.ts";

export function zoneEnd(zone: Zone): Pfn {
  return toPfn(zone.start + zone.spanned);
}

export function zoneSpans(zone: Zone, pfn: Pfn): boolean {
  return pfn >= zone.start && pfn < zoneEnd(zone);
}

/** Linux `zone_intersects()`, include/linux/mmzone.h, v6.12. */
export function zoneIntersects(zone: Zone, range: PfnRange): boolean {
  return zone.spanned > 0 && range.start < zoneEnd(zone) && zone.start < range.start + range.nrPages;
}

/** The zones of a node in index order. */
export function zonesOfNode(machine: Machine, node: NodeId): readonly Zone[] {
  return machine.zones.slice(node * zoneTypes.length, (node + 1) * zoneTypes.length);
}

export function isPopulated(zone: Zone): boolean {
  return zone.present > 0;
}

/** DMA, DMA32 and Normal: what N_NORMAL_MEMORY counts. */
function isNormalOrBelow(type: ZoneType): boolean {
  return zoneTypes.indexOf(type) <= zoneTypes.indexOf("Normal");
}

/** Linux `resize_zone_range()` and `resize_pgdat_range()`, mm/memory_hotplug.c, v6.12: spans only grow here. */
export function growSpans(machine: Machine, index: ZoneIndex, range: PfnRange): void {
  const zone = zoneAt(machine, index);
  const node = nodeAt(machine, zone.node);
  if (zone.spanned === 0) node.nrZones = Math.max(node.nrZones, zoneTypes.indexOf(zone.type) + 1);
  for (const span of [zone, node]) {
    const start = span.spanned === 0 ? range.start : Math.min(span.start, range.start);
    const end = span.spanned === 0 ? range.start + range.nrPages : Math.max(span.start + span.spanned, range.start + range.nrPages);
    span.start = toPfn(start);
    span.spanned = end - start;
  }
}

/**
 * Linux `shrink_zone_span()`, `find_smallest_section_pfn()`, `find_biggest_section_pfn()`, mm/memory_hotplug.c, v6.12.
 * At most the one end that the range touches moves, to the next online subsection of the zone.
 */
export function shrinkZoneSpan(machine: Machine, index: ZoneIndex, range: PfnRange): void {
  const zone = zoneAt(machine, index);
  const step = machine.description.geometry.subsectionPages;
  const ours = (pfn: Pfn): boolean => pfnToOnlinePage(machine, pfn)?.zone === index;
  const end = zoneEnd(zone);
  const rangeEnd = toPfn(range.start + range.nrPages);
  if (zone.start === range.start) {
    let pfn = rangeEnd;
    while (pfn < end && !ours(pfn)) pfn = toPfn(pfn + step);
    setSpan(zone, pfn < end ? pfn : undefined, end);
  } else if (end === rangeEnd) {
    let pfn = toPfn(range.start - 1);
    while (pfn >= zone.start && !ours(pfn)) pfn = toPfn(pfn - step);
    setSpan(zone, pfn >= zone.start ? zone.start : undefined, toPfn(pfn + 1));
  }
}

function setSpan(zone: Zone, start: Pfn | undefined, end: Pfn): void {
  zone.start = start ?? toPfn(0);
  zone.spanned = start === undefined ? 0 : end - start;
}

/** Linux `update_pgdat_span()`, mm/memory_hotplug.c, v6.12: the hull of the node's zones that span anything. */
export function updateNodeSpan(machine: Machine, nodeId: NodeId): void {
  const node = nodeAt(machine, nodeId);
  const spans = zonesOfNode(machine, nodeId).filter(({ spanned }) => spanned > 0);
  const start = spans.length === 0 ? 0 : Math.min(...spans.map((zone) => zone.start));
  const end = spans.length === 0 ? 0 : Math.max(...spans.map(zoneEnd));
  node.start = toPfn(start);
  node.spanned = end - start;
}

/**
 * Linux `set_zone_contiguous()` and `__pageblock_pfn_to_page()`, mm/mm_init.c, mm/compaction.c, v6.12: every pageblock of the
 * span has an online first page and a valid last page, both of this zone. True of a zone that spans nothing.
 */
export function setZoneContiguous(machine: Machine, index: ZoneIndex): void {
  const zone = zoneAt(machine, index);
  const pageblock = 2 ** machine.description.geometry.pageblockOrder;
  zone.contiguous = true;
  for (let start = zone.start; start < zoneEnd(zone); start = alignUp(start + 1, pageblock)) {
    const last = toPfn(Math.min(alignUp(start + 1, pageblock), zoneEnd(zone)) - 1);
    const first = pfnToOnlinePage(machine, start);
    if (!pfnValid(machine, start) || !pfnValid(machine, last) || first?.zone !== index || pageOf(machine, last).zone !== index) {
      zone.contiguous = false;
      return;
    }
  }
}

/** Linux `remove_pfn_range_from_zone()`, mm/memory_hotplug.c, v6.12. Zone Device keeps its span. */
export function removePfnRangeFromZone(machine: Machine, index: ZoneIndex, range: PfnRange): void {
  const zone = zoneAt(machine, index);
  if (zone.type === "Device") return;
  zone.contiguous = false;
  shrinkZoneSpan(machine, index, range);
  updateNodeSpan(machine, zone.node);
  setZoneContiguous(machine, index);
}

/**
 * Linux `adjust_present_page_count()`, mm/memory_hotplug.c, v6.12. Whether the pages are early is decided by the section
 * of the first one.
 */
export function adjustPresentPageCount(machine: Machine, index: ZoneIndex, first: Pfn, group: Group | undefined, nrPages: number): void {
  const zone = zoneAt(machine, index);
  if (sectionOf(machine, first)?.early === true) zone.presentEarly += nrPages;
  zone.present += nrPages;
  nodeAt(machine, zone.node).present += nrPages;
  if (group === undefined) return;
  if (zone.type === "Movable") group.presentMovable += nrPages;
  else group.presentKernel += nrPages;
}

/** N_MEMORY and N_NORMAL_MEMORY as the present pages say: Linux `node_states_set_node()`, `node_states_clear_node()`, mm/memory_hotplug.c, v6.12. */
export function updateNodeStates(machine: Machine, nodeId: NodeId): void {
  const node = nodeAt(machine, nodeId);
  const zones = zonesOfNode(machine, nodeId);
  node.hasMemory = zones.some(isPopulated);
  node.hasNormalMemory = zones.some((zone) => isNormalOrBelow(zone.type) && isPopulated(zone));
}

/**
 * The zones an allocation for this node tries: populated zones of the node from the highest down, then those of the
 * other nodes, nearest first. Linux `build_zonelists()`, mm/page_alloc.c, v6.12, with the distance of two nodes being that of
 * their numbers (docs/fidelity.md#zones-and-nodes). As there, a node counts by its memory and not by being online.
 */
export function zonelist(machine: Machine, nodeId: NodeId): readonly ZoneIndex[] {
  const nodes = machine.nodes
    .map((_, id) => ({ id }))
    .toSorted((a, b) => Math.abs(a.id - nodeId) - Math.abs(b.id - nodeId) || a.id - b.id);
  return nodes.flatMap(({ id }) =>
    zoneTypes
      .map((_, type) => id * zoneTypes.length + type)
      .filter((index) => isPopulated(zoneAt(machine, index)))
      .toReversed(),
  );
}

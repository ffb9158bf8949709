/**
 * Spans, present counts and the contiguous flag of zones.
 *
 * Linux mm/memory_hotplug.c (move_pfn_range_to_zone(), remove_pfn_range_from_zone(), shrink_zone_span(),
 * update_pgdat_span(), adjust_present_page_count()) and set_zone_contiguous() in mm/mm_init.c, v6.12.
 */
import type { Machine } from "./machine.ts";
import { noZone, zonesPerNode } from "./layout.ts";
import { broken } from "./result.ts";
import { noZones, zoneAt } from "./section.ts";
import type { Section } from "./section.ts";
import { NodeState, Zone } from "./zone.ts";

export class Zones {
  protected readonly m: Machine;
  readonly all: readonly Zone[];
  readonly nodes: readonly NodeState[];

  constructor(machine: Machine) {
    this.m = machine;
    this.all = Array.from({ length: machine.nrZones }, (_, index) => new Zone(index));
    this.nodes = machine.description.nodes.map(({ cpus }, node) => new NodeState(node, cpus));
  }

  at(index: number): Zone {
    const zone = this.all[index];
    if (zone === undefined) throw broken(`there is no zone ${index}`);
    return zone;
  }

  of(node: number, type: number): Zone {
    return this.at(node * zonesPerNode + type);
  }

  /** The zones of a node, in index order. */
  ofNode(node: number): readonly Zone[] {
    return this.all.slice(node * zonesPerNode, (node + 1) * zonesPerNode);
  }

  /** The node, or undefined where the machine has none of that number. */
  node(node: number): NodeState | undefined {
    return this.nodes[node];
  }

  nodeOf(zone: Zone): NodeState {
    const node = this.nodes[zone.node];
    if (node === undefined) throw broken(`zone ${zone.index} has no node`);
    return node;
  }

  /** The zone that the frame's page links to, or undefined where the link means nothing. */
  ofPfn(pfn: number): Zone | undefined {
    const section = this.m.sections.at(pfn);
    const index = section === undefined ? noZone : zoneAt(section, pfn - section.start);
    return index === noZone ? undefined : this.at(index);
  }

  /** The spans part of move_pfn_range_to_zone(). */
  growSpan(zone: Zone, start: number, nrPages: number): void {
    zone.contiguous = false;
    const node = this.nodeOf(zone);
    if (zone.spanned === 0) {
      node.nrZones = Math.max(node.nrZones, zone.type + 1);
      zone.start = start;
    }
    const end = Math.max(start + nrPages, zone.end);
    zone.start = Math.min(zone.start, start);
    zone.spanned = end - zone.start;
    const nodeEnd = Math.max(start + nrPages, node.end);
    if (node.spanned === 0 || start < node.start) node.start = start;
    node.spanned = nodeEnd - node.start;
    this.setContiguous(zone);
  }

  /** adjust_present_page_count(): the first frame stands for the range. */
  adjustPresent(pfn: number, group: number | null, nrPages: number): void {
    const zone = this.ofPfn(pfn);
    if (zone === undefined) throw broken(`frame ${pfn} has no zone to be present in`);
    if (this.m.sections.at(pfn)?.early === true) zone.presentEarly += nrPages;
    zone.present += nrPages;
    this.nodeOf(zone).present += nrPages;
    if (group !== null) this.m.groups.adjustPresent(group, zone.isMovable, nrPages);
  }

  /** adjust_managed_page_count(). */
  adjustManaged(zone: Zone, nrPages: number): void {
    zone.managed += nrPages;
    this.m.totals.totalram += nrPages;
  }

  /** remove_pfn_range_from_zone(). */
  removeRange(zone: Zone, start: number, nrPages: number): void {
    if (zone.isDevice) return;
    zone.contiguous = false;
    this.shrinkSpan(zone, start, start + nrPages);
    this.updateNodeSpan(this.nodeOf(zone));
    this.setContiguous(zone);
  }

  /** shrink_zone_span(): looks at the end of the span that the range touches, and at one only. */
  protected shrinkSpan(zone: Zone, start: number, end: number): void {
    if (zone.start === start) {
      const found = this.findSmallest(zone, end, zone.end);
      zone.spanned = found === 0 ? 0 : zone.end - found;
      zone.start = found;
    } else if (zone.end === end) {
      const found = this.findBiggest(zone, zone.start, start);
      if (found === 0) zone.start = 0;
      zone.spanned = found === 0 ? 0 : found - zone.start + 1;
    }
  }

  /** find_smallest_section_pfn(): 0 stands for none. Looks at one frame a subsection. */
  protected findSmallest(zone: Zone, start: number, end: number): number {
    const { subsectionPages, sectionPages } = this.m.sizes;
    let pfn = start;
    while (pfn < end) {
      const section = this.m.sections.at(pfn);
      if (section !== undefined && this.mayHold(section, zone)) {
        if (this.isOnlineOf(section, pfn - section.start, zone)) return pfn;
        pfn += subsectionPages;
        continue;
      }
      const next = this.m.sections.table.following(Math.floor(pfn / sectionPages) + 1);
      if (next === undefined) return 0;
      pfn += Math.ceil((next.start - pfn) / subsectionPages) * subsectionPages;
    }
    return 0;
  }

  /** find_biggest_section_pfn(): 0 stands for none. Linux would not end where it reaches frame 0. */
  protected findBiggest(zone: Zone, start: number, end: number): number {
    const { subsectionPages, sectionPages } = this.m.sizes;
    let pfn = end - 1;
    while (pfn >= start) {
      const section = this.m.sections.at(pfn);
      if (section !== undefined && this.mayHold(section, zone)) {
        if (this.isOnlineOf(section, pfn - section.start, zone)) return pfn;
        pfn -= subsectionPages;
        continue;
      }
      const before = this.m.sections.table.preceding(Math.floor(pfn / sectionPages) - 1);
      if (before === undefined) return 0;
      pfn -= Math.ceil((pfn - (before.start + sectionPages - 1)) / subsectionPages) * subsectionPages;
    }
    return 0;
  }

  /** Whether a page of the section can be of the zone at all; spares the look at each subsection. */
  protected mayHold(section: Section, zone: Zone): boolean {
    return section.online && (section.zones !== null || section.zone === zone.index);
  }

  protected isOnlineOf(section: Section, offset: number, zone: Zone): boolean {
    return this.m.sections.isOnlineAt(section, offset) && zoneAt(section, offset) === zone.index;
  }

  /** update_pgdat_span(): the hull of the zones that span something. */
  protected updateNodeSpan(node: NodeState): void {
    let start = 0;
    let end = 0;
    for (const zone of this.ofNode(node.node)) {
      if (!this.countsForNodeSpan(zone)) continue;
      start = end === 0 ? zone.start : Math.min(start, zone.start);
      end = Math.max(end, zone.end);
    }
    node.start = start;
    node.spanned = end - start;
  }

  protected countsForNodeSpan(zone: Zone): boolean {
    return zone.spanned > 0;
  }

  /** set_zone_contiguous(): every pageblock of the span begins online, ends valid, and is of this zone at both ends. */
  setContiguous(zone: Zone): void {
    zone.contiguous = this.isContiguous(zone);
  }

  /**
   * Each section that the span meets has to pass. Whole sections pass, a section without a page of the zone fails; so it
   * is enough to count the whole ones and to look at the odd ones.
   */
  protected isContiguous(zone: Zone): boolean {
    if (zone.spanned === 0) return true;
    const { sectionPages } = this.m.sizes;
    const nrMet = Math.floor((zone.end - 1) / sectionPages) - Math.floor(zone.start / sectionPages) + 1;
    let nrPassing = zone.nrWholeSections;
    for (const nr of zone.oddSections) {
      const start = nr * sectionPages;
      if (start >= zone.end || start + sectionPages <= zone.start) continue;
      const section = this.m.sections.table.get(nr);
      if (section === undefined || !this.passes(section, zone, Math.max(start, zone.start), Math.min(start + sectionPages, zone.end))) return false;
      nrPassing++;
    }
    return nrPassing === nrMet;
  }

  /** __pageblock_pfn_to_page() for the pageblocks of `[start, end)`, which lies in one section. */
  protected passes(section: Section, zone: Zone, start: number, end: number): boolean {
    const { pageblockPages } = this.m.sizes;
    for (let first = start; first < end; first = first - (first % pageblockPages) + pageblockPages) {
      const last = Math.min(first - (first % pageblockPages) + pageblockPages, end) - 1;
      if (!this.m.sections.pfnValid(last) || !this.isOnlineOf(section, first - section.start, zone)) return false;
      if (zoneAt(section, last - section.start) !== zone.index) return false;
    }
    return true;
  }

  /** To be called whenever a section's online flag, subsections, taint or links have changed. */
  noteSection(section: Section): void {
    if (section.wholeOf >= 0) this.at(section.wholeOf).nrWholeSections--;
    for (const index of section.oddOf) this.at(index).oddSections.delete(section.nr);
    section.wholeOf = -1;
    section.oddOf = noZones;
    if (!section.online) return;
    if (section.zones === null && section.subsections === null && !section.taint) {
      section.wholeOf = section.zone;
      this.at(section.zone).nrWholeSections++;
      return;
    }
    section.oddOf = section.zones === null ? [section.zone] : [...new Set(section.zones)].filter((index) => index !== noZone);
    for (const index of section.oddOf) this.at(index).oddSections.add(section.nr);
  }

  /** Makes the pages of `[start, start + nrPages)` link to the zone. The range lies in one section. */
  linkPages(section: Section, start: number, nrPages: number, zone: number): void {
    const { sectionPages } = this.m.sizes;
    if (nrPages === sectionPages) {
      section.zone = zone;
      section.zones = null;
      return;
    }
    if (section.zones === null && section.zone === zone) return;
    section.zones ??= new Uint8Array(sectionPages).fill(section.zone);
    section.zones.fill(zone, start - section.start, start - section.start + nrPages);
  }
}

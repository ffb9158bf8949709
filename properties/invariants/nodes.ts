/**
 * Nodes: span, counts, masks, and the order in which allocations try zones.
 */
import { NONE, hex, pfnRange, showRange, zoneTypes } from "../../models/index.ts";
import type { NodeView, View, ZoneIndex, ZoneView } from "../../models/index.ts";
import { isNormalOrBelow, outsideSpan, rowsOf, zoneRank } from "../derived.ts";
import { nodeName, zoneName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Invariant } from "../rule.ts";

const nodeSpanIsHull: Invariant = {
  id: "HP-38",
  title: "the span of a node is the hull of the spans of its zones, zone Device included",
  source: "mm/memory_hotplug.c: update_pgdat_span(), resize_pgdat_range(), v6.12",
  needs: ["zones", "nodes"],
  unless: [],
  find: (view) => {
    const found: Evidence[] = [];
    const zones = given(view.zones);
    for (const node of given(view.nodes)) {
      let start = Infinity;
      let end = 0;
      for (const zone of zones) {
        if (zone.node !== node.node || zone.spanned === 0) continue;
        start = Math.min(start, zone.start);
        end = Math.max(end, zone.start + zone.spanned);
      }
      if (end === 0) start = 0;
      if (node.start !== start || node.spanned !== end - start) found.push({ where: nodeName(node.node), was: `[${hex(start)}, ${hex(end)})`, is: showRange(pfnRange(node.start, node.spanned)) });
    }
    return found;
  },
};

const isolatedPagesCounted: Invariant = {
  id: "FC-89",
  title: "NR_ISOLATED_ANON and NR_ISOLATED_FILE of a node are the frames of its pages that someone has off the LRU, where they are kept",
  source: "mm/migrate.c: putback_movable_pages(); mm/vmstat.c: mod_node_page_state(), v6.12; throttling waits while they are high",
  needs: ["zones", "nodes", "allocations", "frames.zone"],
  unless: [],
  find: (view) => {
    const { zone } = given(view.frames);
    const zones = given(view.zones);
    const counts = new Map<string, number>();
    for (const { kind, lruIsolated, ranges } of given(view.allocations)) {
      const [range] = ranges;
      if (!lruIsolated || range === undefined) continue;
      const node = zones[zone[rowsOf(view).of(range.start)] ?? NONE]?.node;
      const key = `${node} ${kind === "file" ? "file" : "anon"}`;
      counts.set(key, (counts.get(key) ?? 0) + range.nrPages);
    }
    const found: Evidence[] = [];
    for (const { node, nrIsolatedAnon, nrIsolatedFile } of given(view.nodes)) {
      const [anon, file] = [counts.get(`${node} anon`) ?? 0, counts.get(`${node} file`) ?? 0];
      if (nrIsolatedAnon !== undefined && nrIsolatedAnon !== anon) found.push({ where: nodeName(node), was: `NR_ISOLATED_ANON ${anon}`, is: `${nrIsolatedAnon}` });
      if (nrIsolatedFile !== undefined && nrIsolatedFile !== file) found.push({ where: nodeName(node), was: `NR_ISOLATED_FILE ${file}`, is: `${nrIsolatedFile}` });
    }
    return found;
  },
};

const nodePresentCounted: Invariant = {
  id: "HP-39",
  title: "the present frames of a node are those of its zones",
  source: "mm/memory_hotplug.c: adjust_present_page_count(), v6.12",
  needs: ["zones", "nodes"],
  unless: [],
  find: (view) => {
    const found: Evidence[] = [];
    for (const node of given(view.nodes)) {
      let present = 0;
      for (const zone of given(view.zones)) if (zone.node === node.node) present += zone.present;
      if (present !== node.present) found.push({ where: nodeName(node.node), was: `${present} present in its zones`, is: `${node.present}` });
    }
    return found;
  },
};

/** One line of evidence for each node that has a mark it should not have, or lacks one. */
function judgeMark(view: View, mark: string, has: (node: NodeView) => boolean, should: (node: NodeView) => boolean, because: string): readonly Evidence[] {
  return given(view.nodes)
    .filter((node) => has(node) !== should(node))
    .map((node) => ({ where: nodeName(node.node), was: `${has(node) ? "not in" : "in"} ${mark}: ${because}`, is: `${has(node) ? "in" : "not in"} ${mark}` }));
}

const memoryMasks: Invariant = {
  id: "HP-44",
  title: "a node is in N_MEMORY exactly if it has present frames, in N_NORMAL_MEMORY exactly if a zone up to Normal has",
  source: "mm/memory_hotplug.c: node_states_check_changes_online(), node_states_check_changes_offline(), v6.12",
  needs: ["zones", "nodes"],
  unless: [],
  find: (view) => {
    const present = (node: NodeView, counts: (zone: ZoneView) => boolean): boolean => given(view.zones).some((zone) => zone.node === node.node && zone.present > 0 && counts(zone));
    return [
      ...judgeMark(view, "N_MEMORY", ({ hasMemory }) => hasMemory, (node) => present(node, () => true), "present frames decide"),
      ...judgeMark(view, "N_NORMAL_MEMORY", ({ hasNormalMemory }) => hasNormalMemory, (node) => present(node, isNormalOrBelow), "present frames up to zone Normal decide"),
    ];
  },
};

const memoryNodesAreOnline: Invariant = {
  id: "HP-45",
  title: "a node with memory, or with a memory block, is online, but for memory that its span leaves out",
  source: "mm/memory_hotplug.c: try_offline_node(), add_memory_resource(), v6.12",
  needs: ["nodes", "blocks"],
  unless: [],
  find: (view) => {
    const found: Evidence[] = [];
    for (const { node, online, hasMemory, present } of given(view.nodes)) {
      if (online) continue;
      const block = given(view.blocks).find((candidate) => candidate.node === node);
      const memory = hasMemory && present > outsideSpan(view);
      if (memory || block !== undefined) found.push({ where: nodeName(node), was: memory ? "online, it has memory" : `online, block ${block?.block} names it`, is: "offline" });
    }
    return found;
  },
};

const nrZonesReaches: Invariant = {
  id: "HP-46",
  title: "nr_zones of a node reaches its highest zone that spans anything",
  source: "mm/mm_init.c: init_currently_empty_zone(), v6.12; reclaim walks up to it",
  needs: ["zones", "nodes.nrZones"],
  unless: [],
  find: (view) => {
    const found: Evidence[] = [];
    for (const { node, nrZones = 0 } of given(view.nodes)) {
      let needed = 0;
      for (const zone of given(view.zones)) if (zone.node === node && zone.spanned > 0) needed = Math.max(needed, zoneRank(zone) + 1);
      if (nrZones < needed || nrZones > zoneTypes.length) found.push({ where: nodeName(node), was: `nr_zones from ${needed} to ${zoneTypes.length}`, is: `${nrZones}` });
    }
    return found;
  },
};

/**
 * Populated zones of the node from the highest down, then those of the other nodes, nearest number first. Of nodes that
 * are not online too: one goes offline when it spans nothing, and its span may leave memory out.
 */
function zonelistOf(view: View, node: NodeView): readonly ZoneIndex[] {
  const list: ZoneIndex[] = [];
  if (!node.online) return list;
  const zones = given(view.zones);
  const others = given(view.nodes).map((other) => other.node).toSorted((a, b) => Math.abs(a - node.node) - Math.abs(b - node.node) || a - b);
  for (const other of others) for (let index = zones.length - 1; index >= 0; index--) if (zones[index]?.node === other && (zones[index]?.present ?? 0) > 0) list.push(index);
  return list;
}

const zonelistHasPopulatedZones: Invariant = {
  id: "HP-47",
  title: "an allocation tries exactly the populated zones, those of its node first and the nearer node before the farther",
  source: "mm/page_alloc.c: build_zonelists(), build_zonerefs_node(), v6.12",
  needs: ["zones", "nodes.zonelist"],
  unless: [],
  find: (view) => {
    const found: Evidence[] = [];
    for (const node of given(view.nodes)) {
      const was = zonelistOf(view, node);
      const { zonelist = [] } = node;
      if (was.length === zonelist.length && was.every((index, at) => zonelist[at] === index)) continue;
      const names = (list: readonly ZoneIndex[]): string => (list.length === 0 ? "no zone" : list.map((index) => zoneName(view, index)).join(", "));
      found.push({ where: nodeName(node.node), was: names(was), is: names(zonelist) });
    }
    return found;
  },
};

const offlineNodeIsEmpty: Invariant = {
  id: "FC-18",
  title: "a node that is not online spans nothing, and has no memory but what its span leaves out",
  source: "mm/memory_hotplug.c: try_offline_node(), v6.12",
  needs: ["nodes"],
  unless: [],
  find: (view) =>
    given(view.nodes)
      .filter(({ online, spanned, present }) => !online && (spanned !== 0 || present > outsideSpan(view)))
      .map((node) => ({ where: nodeName(node.node), was: "no span, it is not online", is: `${showRange(pfnRange(node.start, node.spanned))}, ${node.present} present` })),
};

const nodesHaveZones: Invariant = {
  id: "FC-19",
  title: "the nodes are those that the zones belong to, each once and in order",
  source: "include/linux/mmzone.h: struct pglist_data, v6.12",
  needs: ["zones", "nodes"],
  unless: [],
  find: (view) => {
    const was = [...new Set(given(view.zones).map(({ node }) => node))].join(" ");
    const is = given(view.nodes).map(({ node }) => node).join(" ");
    return was === is ? [] : [{ where: "nodes", was, is }];
  },
};

export const nodeInvariants: readonly Invariant[] = [nodeSpanIsHull, isolatedPagesCounted, nodePresentCounted, memoryMasks, memoryNodesAreOnline, nrZonesReaches, zonelistHasPopulatedZones, offlineNodeIsEmpty, nodesHaveZones];

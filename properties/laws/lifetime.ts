/**
 * Facts that never change, only grow, or change only in one way.
 */
import { hex, showRange } from "../../models/index.ts";
import { sectionsByNumber } from "../derived.ts";
import { blockName, nodeName, sectionName, zoneName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Law } from "../rule.ts";
import { blockChanges, commandOf, direction, failed, idle, partOf, subjectBlock, zonePairs } from "../step.ts";

const neverEarlyAgain: Law = {
  id: "HP-05",
  title: "no section becomes early after boot",
  source: "mm/sparse.c: sparse_init_nid(), v6.12",
  needs: ["sections"],
  ops: [],
  unless: [],
  find: ({ before, after }) => {
    const was = sectionsByNumber(before);
    return given(after.sections)
      .filter(({ section, early }) => early && was.get(section)?.early !== true)
      .map(({ section }) => ({ where: sectionName(section), was: "not early", is: "early" }));
  },
};

const onlyGrows: Law = {
  id: "HP-68",
  title: "the highest present section, max_pfn, the span of zone Device, and nr_zones of a node that stays online never shrink",
  source: "mm/internal.h: __section_mark_present(); arch/x86/mm/init_64.c: update_end_of_memory_vars(); mm/mm_init.c: init_currently_empty_zone(), v6.12",
  needs: ["zones", "nodes.nrZones", "totals"],
  ops: [],
  unless: [],
  find: (step) => {
    const { before, after } = step;
    const found: Evidence[] = [];
    const [was, is] = [given(before.totals), given(after.totals)];
    if (is.highestPresentSection < was.highestPresentSection) found.push({ where: "highest present section", was: `at least ${was.highestPresentSection}`, is: `${is.highestPresentSection}` });
    if (is.maxPfn < was.maxPfn) found.push({ where: "max_pfn", was: `at least ${hex(was.maxPfn)}`, is: hex(is.maxPfn) });
    for (const { index, before: old, after: now } of zonePairs(step)) {
      if (old.type !== "Device" || old.spanned === 0 || (now.start <= old.start && now.start + now.spanned >= old.start + old.spanned)) continue;
      found.push({ where: zoneName(before, index), was: `at least ${showRange({ start: old.start, nrPages: old.spanned })}`, is: showRange({ start: now.start, nrPages: now.spanned }) });
    }
    for (const node of given(before.nodes)) {
      const now = given(after.nodes).find((other) => other.node === node.node);
      if (node.online && now?.online === true && (now.nrZones ?? 0) < (node.nrZones ?? 0)) found.push({ where: nodeName(node.node), was: `nr_zones at least ${node.nrZones}`, is: `${now.nrZones}` });
    }
    return found;
  },
};

const blockIsWhatItIs: Law = {
  id: "FC-74",
  title: "a block keeps its node, its group, its own memmap and whether it was there at boot",
  source: "drivers/base/memory.c: add_memory_block(), v6.12",
  needs: ["blocks.group", "blocks.selfHosted", "blocks.boot"],
  ops: [],
  unless: [],
  find: (step) =>
    blockChanges(step).flatMap(({ block, before, after }) => {
      if (before === undefined || after === undefined || (before.node === after.node && before.group === after.group && before.selfHosted === after.selfHosted && before.boot === after.boot)) return [];
      return [{ where: blockName(block), was: `node ${before.node}, group ${before.group}, self-hosted ${before.selfHosted}, boot ${before.boot}`, is: `node ${after.node}, group ${after.group}, self-hosted ${after.selfHosted}, boot ${after.boot}` }];
    }),
};

const vetoLeavesZones: Law = {
  id: "FC-75",
  title: "an online that is refused leaves the spans of zones and nodes, nr_zones and contiguous as they were",
  source: "the contract; mm/memory_hotplug.c: online_pages(), remove_pfn_range_from_zone(), v6.12",
  needs: ["zones.contiguous", "nodes.nrZones"],
  ops: ["write-state", "write-online"],
  unless: ["EX-6"],
  find: (step) => {
    if (!failed(step) || direction(step) !== "online") return [];
    const found: Evidence[] = [];
    for (const { index, before, after } of zonePairs(step)) {
      if (before.start === after.start && before.spanned === after.spanned && before.contiguous === after.contiguous) continue;
      found.push({ where: zoneName(step.before, index), was: `${showRange({ start: before.start, nrPages: before.spanned })}${before.contiguous === true ? ", contiguous" : ""}`, is: `${showRange({ start: after.start, nrPages: after.spanned })}${after.contiguous === true ? ", contiguous" : ""}` });
    }
    for (const node of given(step.before.nodes)) {
      const now = given(step.after.nodes).find((other) => other.node === node.node);
      if (now !== undefined && (now.start !== node.start || now.spanned !== node.spanned || now.nrZones !== node.nrZones)) found.push({ where: nodeName(node.node), was: `${showRange({ start: node.start, nrPages: node.spanned })}, nr_zones ${node.nrZones}`, is: `${showRange({ start: now.start, nrPages: now.spanned })}, nr_zones ${now.nrZones}` });
    }
    return found;
  },
};

const failedRemoveKeepsZones: Law = {
  id: "FC-76",
  title: "an offline-and-remove that fails leaves every block in the zone it had, or offline",
  source: "the contract; mm/memory_hotplug.c: offline_and_remove_memory(), v6.12",
  needs: ["blocks.zone"],
  ops: ["offline-and-remove"],
  unless: ["EX-10"],
  find: (step) => {
    if (!failed(step)) return [];
    return blockChanges(step).flatMap(({ block, before, after }) => {
      if (before === undefined || after === undefined) return [{ where: blockName(block), was: before === undefined ? "not there" : "there", is: before === undefined ? "there" : "gone" }];
      if (after.state === "offline" || (before.state === after.state && before.zone === after.zone)) return [];
      return [{ where: blockName(block), was: `${before.state}, ${zoneName(step.before, before.zone)}`, is: `${after.state}, ${zoneName(step.after, after.zone)}` }];
    });
  },
};

const onlyItsBlock: Law = {
  id: "FC-77",
  title: "a write to the state of a block changes the state of that block and of no other, and only if it succeeds",
  source: "drivers/base/memory.c: state_store(), v6.12",
  needs: ["blocks"],
  ops: ["write-state", "write-online"],
  unless: [],
  find: (step) => {
    const own = subjectBlock(step);
    const way = direction(step);
    const found: Evidence[] = [];
    for (const { block, before, after } of blockChanges(step)) {
      if (before === undefined || after === undefined) continue;
      const begun = partOf(step) === "begin" || partOf(step) === "middle";
      const reached = idle(step) ? before.state : begun ? (way === "offline" ? "going-offline" : "offline") : step.outcome.result === "ok" ? way : way === "offline" && before.state !== "offline" ? "online" : before.state;
      const was = block === own ? reached : before.state;
      if (after.state !== was) found.push({ where: blockName(block), was: was ?? before.state, is: after.state, owner: commandOf(step).op });
    }
    return found;
  },
};

export const lifetimeLaws: readonly Law[] = [neverEarlyAgain, onlyGrows, blockIsWhatItIs, vetoLeavesZones, failedRemoveKeepsZones, onlyItsBlock];

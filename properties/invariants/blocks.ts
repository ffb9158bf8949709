/**
 * Memory blocks: state, sections, zone and node.
 */
import { blockPages, pfnRange, toPfn, zoneTypes } from "../../models/index.ts";
import type { BlockView, SectionView, View, ZoneIndex } from "../../models/index.ts";
import { blockAt, eachRun, intersects, isOnlineMemory, sectionsByNumber, taskOfBlock, zoneAt } from "../derived.ts";
import { FrameEvidence, blockName, nodeName, sectionName, useName, zoneName } from "../evidence.ts";
import { given, perView } from "../per-view.ts";
import type { Evidence, Invariant } from "../rule.ts";

interface Fault {
  readonly was: string;
  readonly is: string;
}

/** One line of evidence for each block that the judgement finds fault with. */
function judgeBlocks(view: View, judge: (block: BlockView) => Fault | undefined): readonly Evidence[] {
  const found: Evidence[] = [];
  for (const block of given(view.blocks)) {
    const fault = judge(block);
    if (fault !== undefined) found.push({ where: blockName(block.block), ...fault });
  }
  return found;
}

/** The sections of each block, by number; a section that the view does not have is neither present nor has a usage record. */
const sectionsOfBlock: (view: View) => ReadonlyMap<number, readonly (SectionView | undefined)[]> = perView((view) => {
  const { blockSections } = view.geometry;
  const sections = sectionsByNumber(view);
  const ofBlock = new Map<number, (SectionView | undefined)[]>();
  for (const { block } of given(view.blocks)) {
    const list: (SectionView | undefined)[] = [];
    for (let index = 0; index < blockSections; index++) list.push(sections.get(block * blockSections + index));
    ofBlock.set(block, list);
  }
  return ofBlock;
});

function sectionsOf(view: View, { block }: BlockView): readonly (SectionView | undefined)[] {
  return sectionsOfBlock(view).get(block) ?? [];
}

const blockOnce: Invariant = {
  id: "HP-14",
  title: "each memory block is listed once, in order",
  source: "drivers/base/memory.c: add_memory_block(), v6.12: blocks live in an array by their number",
  needs: ["blocks"],
  unless: [],
  find: (view) => {
    let before = -1;
    return judgeBlocks(view, ({ block }) => {
      const fault = block > before ? undefined : { was: `a number above ${before}`, is: `${block}` };
      before = Math.max(before, block);
      return fault;
    });
  },
};

const hotBlockIsWhole: Invariant = {
  id: "HP-15",
  title: "every section of an added block is present, not early, and has all its subsections",
  source: "mm/memory_hotplug.c: __add_memory(), v6.12; online assumes that there are no holes",
  needs: ["blocks.boot", "sections"],
  unless: [],
  find: (view) =>
    judgeBlocks(view, (block) => {
      if (block.boot !== false) return undefined;
      const at = sectionsOf(view, block).findIndex((section) => section?.present !== true || section.early || section.subsectionMap.includes("0"));
      if (at < 0) return undefined;
      const section = sectionsOf(view, block)[at];
      const number = sectionName(block.block * view.geometry.blockSections + at);
      return { was: `${number} present with all subsections`, is: section?.present !== true ? `${number} absent` : section.early ? `${number} early` : `${number} has ${section.subsectionMap}` };
    }),
};

const goingOfflineHasTask: Invariant = {
  id: "HP-16",
  title: "a block is online or offline unless a half-done offline works on it, and then it is going offline",
  source: "drivers/base/memory.c: memory_block_change_state(), v6.12",
  needs: ["blocks", "tasks"],
  unless: [],
  find: (view) => {
    const held = taskOfBlock(view);
    return judgeBlocks(view, ({ block, state }) => {
      const task = held.get(block);
      const fits = task === "offline" ? state === "going-offline" : task === "online" ? state === "offline" : state !== "going-offline";
      return fits ? undefined : { was: task === undefined ? "online or offline, nobody works on it" : `${task === "offline" ? "going-offline" : "offline"}, a task is half done`, is: state };
    });
  },
};

const hotBlockSwitchesAllSections: Invariant = {
  id: "HP-17",
  title: "an added block is online exactly if all its sections are, and offline exactly if none is",
  source: "mm/sparse.c: online_mem_sections(), offline_mem_sections(), v6.12; walkers ask the section, policy asks the block",
  needs: ["blocks.boot", "sections", "tasks"],
  unless: [],
  find: (view) => {
    const held = taskOfBlock(view);
    return judgeBlocks(view, (block) => {
      if (block.boot !== false || held.get(block.block) === "online") return undefined;
      const online = block.state !== "offline";
      const at = sectionsOf(view, block).findIndex((section) => (section?.online ?? false) !== online);
      return at < 0 ? undefined : { was: `${block.state} with all its sections`, is: `${sectionName(block.block * view.geometry.blockSections + at)} is ${online ? "not online" : "online"}` };
    });
  },
};

const bootBlockSwitchesEarlySections: Invariant = {
  id: "HP-18",
  title: "an online boot block has all its early sections online, an offline one has no section online",
  source: "drivers/base/memory.c: add_boot_memory_block(); mm/sparse.c: online_mem_sections(), v6.12",
  needs: ["blocks.boot", "sections"],
  unless: [],
  find: (view) =>
    judgeBlocks(view, (block) => {
      if (block.boot !== true) return undefined;
      const online = block.state !== "offline";
      const at = sectionsOf(view, block).findIndex((section) => section !== undefined && (online ? section.early && !section.online : section.online));
      return at < 0 ? undefined : { was: online ? "online with its early sections" : "offline with all its sections", is: `${sectionName(block.block * view.geometry.blockSections + at)} is ${online ? "not online" : "online"}` };
    }),
};

const onlineSectionHasBlock: Invariant = {
  id: "HP-19",
  title: "every online section lies in a memory block that is online or going offline",
  source: "mm/sparse.c: online_mem_sections(), v6.12; online memory without a block could never go offline",
  needs: ["blocks", "sections", "tasks"],
  unless: [],
  find: (view) => {
    const held = taskOfBlock(view);
    const found: Evidence[] = [];
    for (const { section, online } of given(view.sections)) {
      if (!online) continue;
      const block = blockAt(view, section * view.geometry.sectionPages);
      if (block !== undefined && (block.state !== "offline" || held.get(block.block) === "online")) continue;
      found.push({ where: sectionName(section), was: "in an online block", is: block === undefined ? "in no block" : `in ${blockName(block.block)}, which is offline` });
    }
    return found;
  },
};

const zoneFollowsState: Invariant = {
  id: "HP-20",
  title: "an added block has a zone exactly while it is online, and no block has one while it is offline",
  source: "drivers/base/memory.c: memory_block_online(), memory_block_offline(), v6.12",
  needs: ["blocks.zone", "blocks.boot"],
  unless: [],
  find: (view) =>
    judgeBlocks(view, ({ state, zone, boot }) => {
      if (state === "offline") return zone === null ? undefined : { was: "no zone, the block is offline", is: zoneName(view, zone) };
      return boot === false && zone === null ? { was: `a zone, the block is ${state}`, is: "no zone" } : undefined;
    }),
};

const oneZone: Invariant = {
  id: "HP-21",
  title: "the memory of an online block that names a zone links to that zone, which is of the block's node",
  source: "drivers/base/memory.c: struct memory_block, early_node_zone_for_memory_block(), v6.12; offline reads the zone from the block",
  needs: ["blocks.zone", "frames.use", "frames.zone", "zones"],
  unless: [],
  find: (view) => {
    const { use, zone: link } = given(view.frames);
    const size = blockPages(view.geometry);
    const found = new FrameEvidence();
    for (const { block, state, zone, node } of given(view.blocks)) {
      if (state === "offline" || zone === null || zone === undefined) continue;
      const of = zoneAt(view, zone);
      if (of?.node !== node) found.add(toPfn(block * size), `a zone of ${nodeName(node)}`, zoneName(view, zone), blockName(block));
      eachRun(view, block * size, size, (first, pfn, count) => {
        for (let row = first; row < first + count; row++) {
          if (link[row] !== zone && isOnlineMemory(use[row])) found.add(toPfn(pfn + row - first), zoneName(view, zone), zoneName(view, link[row]), `${useName(use[row])}, ${blockName(block)}`);
        }
      });
    }
    return found.found;
  },
};

const onlyBootBlocksLackZone: Invariant = {
  id: "HP-22",
  title: "an online block without a zone is one from boot",
  source: "drivers/base/memory.c: memory_block_add_nid(), v6.12; such a block is permanent",
  needs: ["blocks.zone", "blocks.boot"],
  unless: [],
  find: (view) => judgeBlocks(view, ({ state, zone, boot }) => (state === "online" && zone === null && boot !== true ? { was: "one zone, or a block from boot", is: "no zone" } : undefined)),
};

const noPreferenceLeft: Invariant = {
  id: "HP-25",
  title: "no block remembers how it should be onlined next",
  source: "drivers/base/memory.c: memory_subsys_online(), state_store(), v6.12",
  needs: ["blocks.onlineType", "tasks"],
  unless: ["S-05"],
  find: (view) => {
    const held = taskOfBlock(view);
    return judgeBlocks(view, ({ block, onlineType }) => (onlineType === "offline" || held.get(block) === "online" ? undefined : { was: "offline, no preference", is: onlineType ?? "unknown" }));
  },
};

/** The lowest of DMA and DMA32 of the node whose span intersects the block, else Normal. */
function defaultKernelZone(view: View, node: number, block: number): ZoneIndex {
  const size = blockPages(view.geometry);
  const range = pfnRange(toPfn(block * size), size);
  const zones = given(view.zones);
  const low = zones.findIndex((zone) => zone.node === node && (zone.type === "DMA" || zone.type === "DMA32") && intersects(zone, range));
  return low >= 0 ? low : zones.findIndex((zone) => zone.node === node && zone.type === "Normal");
}

const validZonesFollow: Invariant = {
  id: "FC-05",
  title: "valid_zones names the zone of an online block, and the zones an offline one could go to",
  source: "drivers/base/memory.c: valid_zones_show(); mm/memory_hotplug.c: default_kernel_zone_for_pfn(), v6.12",
  needs: ["blocks.validZones", "blocks.zone", "zones"],
  unless: [],
  find: (view) =>
    judgeBlocks(view, ({ block, node, state, zone, validZones = [] }) => {
      const is = validZones.join(" ");
      if (state === "online") {
        const was = zoneAt(view, zone)?.type ?? "none";
        return is === was ? undefined : { was, is };
      }
      const kernel = zoneTypes[zoneTypes.indexOf(zoneAt(view, defaultKernelZone(view, node, block))?.type ?? "Normal")] ?? "Normal";
      // The first is the zone of a plain online, which the policy decides; under auto-movable it may be another kernel zone.
      const [first = ""] = validZones;
      const rest = [kernel, "Movable"].filter((name) => name !== first);
      const possible = zoneTypes.slice(0, zoneTypes.indexOf("Device")).some((name) => name === first);
      const was = [first, ...rest].join(" ");
      return possible && is === was ? undefined : { was: possible ? was : `a zone, then ${kernel} and Movable`, is };
    }),
};

const nobodyHoldsBlocks: Invariant = {
  id: "FC-93",
  title: "nobody goes on holding the device of a memory block that was looked up",
  source: "drivers/base/memory.c: find_memory_block(), memblk_nr_poison_inc(), memblk_nr_poison_sub(), v6.12; a block that is held is never released",
  needs: ["blocks.references"],
  unless: [],
  find: (view) => judgeBlocks(view, ({ references }) => (references === 0 ? undefined : { was: "no reference but the device core's", is: `${references} more` })),
};

export const blockInvariants: readonly Invariant[] = [
  blockOnce, hotBlockIsWhole, goingOfflineHasTask, hotBlockSwitchesAllSections, bootBlockSwitchesEarlySections, onlineSectionHasBlock, zoneFollowsState, oneZone, onlyBootBlocksLackZone, noPreferenceLeft, validZonesFollow, nobodyHoldsBlocks,
];

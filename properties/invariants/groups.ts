/**
 * Memory groups and their blocks.
 */
import { blockPages } from "../../models/index.ts";
import type { BlockView, GroupView, View } from "../../models/index.ts";
import { blocksById, zoneAt } from "../derived.ts";
import { blockName, nodeName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Invariant } from "../rule.ts";

function groupName({ group }: GroupView): string {
  return `group ${group}`;
}

/** Frames of the block that its group counts: all of them while it is online, without the self-hosted memmap while it is going offline. */
function accounted(view: View, { state, selfHosted = 0 }: BlockView): number {
  return state === "offline" ? 0 : state === "online" ? blockPages(view.geometry) : blockPages(view.geometry) - selfHosted;
}

const groupCountsBlocks: Invariant = {
  id: "HP-49",
  title: "a group counts the frames of its online blocks, those in zone Movable apart",
  source: "mm/memory_hotplug.c: adjust_present_page_count(), v6.12; the auto-movable policy adds them up",
  needs: ["groups", "blocks.group", "blocks.zone", "blocks.selfHosted", "zones"],
  unless: [],
  find: (view) => {
    const found: Evidence[] = [];
    for (const group of given(view.groups)) {
      let kernel = 0;
      let movable = 0;
      for (const block of given(view.blocks)) {
        if (block.group !== group.group) continue;
        if (zoneAt(view, block.zone)?.type === "Movable") movable += accounted(view, block);
        else kernel += accounted(view, block);
      }
      if (kernel !== group.presentKernel || movable !== group.presentMovable) found.push({ where: groupName(group), was: `${kernel} kernel, ${movable} movable`, is: `${group.presentKernel} kernel, ${group.presentMovable} movable` });
    }
    return found;
  },
};

const membersAgree: Invariant = {
  id: "HP-50",
  title: "a group lists exactly the blocks that name it, and a block names only a group that exists",
  source: "drivers/base/memory.c: add_memory_block(), memory_group_unregister(), v6.12",
  needs: ["groups", "blocks.group"],
  unless: [],
  find: (view) => {
    const found: Evidence[] = [];
    for (const group of given(view.groups)) {
      const members = given(view.blocks).filter((block) => block.group === group.group).map(({ block }) => block);
      if (members.length !== group.blocks.length || members.some((block, at) => group.blocks[at] !== block)) found.push({ where: groupName(group), was: `blocks ${members.join(" ") || "none"}`, is: group.blocks.join(" ") || "none" });
    }
    for (const { block, group } of given(view.blocks)) {
      if (group !== null && !given(view.groups).some((candidate) => candidate.group === group)) found.push({ where: blockName(block), was: "of a group that exists, or of none", is: `of group ${group}` });
    }
    return found;
  },
};

const nodeOfGroup: Invariant = {
  id: "HP-23",
  title: "a block of a group is on the group's node",
  source: "mm/memory_hotplug.c: add_memory_resource(), v6.12: MHP_NID_IS_MGID",
  needs: ["groups", "blocks"],
  unless: [],
  find: (view) => {
    const blocks = blocksById(view);
    const found: Evidence[] = [];
    for (const group of given(view.groups)) {
      for (const block of group.blocks) {
        const node = blocks.get(block)?.node;
        if (node !== undefined && node !== group.node) found.push({ where: blockName(block), was: `${nodeName(group.node)}, as ${groupName(group)}`, is: nodeName(node) });
      }
    }
    return found;
  },
};

const movableOfGroupsIsPresent: Invariant = {
  id: "HP-51",
  title: "the movable frames of the dynamic groups are at most those present in zone Movable, on each node",
  source: "mm/memory_hotplug.c: auto_movable_can_online_movable(), v6.12, which subtracts one from the other",
  needs: ["groups", "zones"],
  unless: [],
  find: (view) => {
    const found: Evidence[] = [];
    for (const { node, type, present } of given(view.zones)) {
      if (type !== "Movable") continue;
      let grouped = 0;
      for (const group of given(view.groups)) if (group.dynamic && group.node === node) grouped += group.presentMovable;
      if (grouped > present) found.push({ where: nodeName(node), was: `at most ${present} movable frames in groups`, is: `${grouped}` });
    }
    return found;
  },
};

export const groupInvariants: readonly Invariant[] = [nodeOfGroup, groupCountsBlocks, membersAgree, movableOfGroupsIsPresent];

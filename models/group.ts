/**
 * Memory groups: blocks that belong to one device.
 *
 * Linux `memory_group_register_static()`, `memory_group_register_dynamic()`, `memory_group_unregister()`,
 * drivers/base/memory.c, v6.12.
 */
import type { GroupDynamic, GroupId, GroupStatic } from "./command.ts";
import { blockPages } from "./geometry.ts";
import type { Machine } from "./machine.ts";
import { isPowerOfTwo } from "./pfn.ts";
import type { Ending } from "./task.ts";
import { done, refuse } from "./task.ts";

export function registerGroup(machine: Machine, command: GroupStatic | GroupDynamic): Ending {
  const dynamic = command.op === "group-dynamic";
  const pages = command.op === "group-dynamic" ? command.unitPages : command.maxPages;
  const sizeFits = dynamic ? isPowerOfTwo(pages) && pages >= blockPages(machine.description.geometry) : pages > 0;
  if (!sizeFits) return refuse("EINVAL", { kind: "size" });
  if (machine.nodes[command.node] === undefined) return refuse("EINVAL", { kind: "node-not-possible" });
  machine.groups[command.id] = { id: command.id, node: command.node, dynamic, pages, presentKernel: 0, presentMovable: 0 };
  return done;
}

export function unregisterGroup(machine: Machine, id: GroupId): Ending {
  if (machine.groups[id] === undefined) return refuse("EINVAL", { kind: "no-such-group" });
  const member = Object.values(machine.blocks).find(({ group }) => group === id);
  if (member !== undefined) return refuse("EBUSY", { kind: "group-has-blocks", block: member.id });
  delete machine.groups[id];
  return done;
}

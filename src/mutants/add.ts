/** Historic bugs of adding memory, and of the groups that it belongs to. */
import { Groups } from "../engine/groups.ts";
import { Hotplug } from "../engine/hotplug.ts";
import type { MemoryBlock } from "../engine/memory-blocks.ts";
import { shippedParts } from "../engine/parts.ts";
import type { Refusal } from "../engine/result.ts";
import { bootMemory } from "../../models/index.ts";
import type { Mutant } from "./mutant.ts";

class JoinsFirst extends Hotplug {
  protected override register(block: MemoryBlock): boolean {
    if (block.group !== null) this.m.groups.join(block.group, block.id);
    return super.register(block);
  }
}

export const groupMember: Mutant = {
  id: "B23",
  title: "drivers/base/memory: add memory block to memory group after registration succeeded",
  effect: "a block that could not be registered stays a member of its group, which can never be unregistered",
  machine: "tiny",
  parts: { ...shippedParts, Hotplug: JoinsFirst },
};

class BootLimitStays extends Hotplug {
  protected override mappableEnd(): number {
    return Math.max(...bootMemory(this.m.description).map(({ range }) => range.start + range.nrPages));
  }
}

export const bootLimit: Mutant = {
  id: "B31",
  title: "mm/hotplug: Only respect mem= parameter during boot stage",
  effect: "the end of memory that was set for boot is a limit for hotplug too, so that a legal add is too big",
  machine: "tiny",
  parts: { ...shippedParts, Hotplug: BootLimitStays },
};

class SizeInBytes extends Groups {
  override register(id: number, node: number, dynamic: boolean, pages: number): Refusal | undefined {
    return super.register(id, node, dynamic, dynamic ? pages : pages * this.m.geometry.pageBytes);
  }
}

export const groupSize: Mutant = {
  id: "B88",
  title: "dax/kmem: Pass valid argument to memory_group_register_static",
  effect: "the size of a static group is taken in bytes where frames are meant, so that the policy waits for memory that never comes",
  machine: "tiny",
  parts: { ...shippedParts, Groups: SizeInBytes },
};

/** Historic bugs of counting bad frames. */
import { MemoryBlocks } from "../engine/memory-blocks.ts";
import { shippedParts } from "../engine/parts.ts";
import { Poison } from "../engine/poison.ts";
import { refused } from "../engine/result.ts";
import type { Refusal } from "../engine/result.ts";
import type { Mutant } from "./mutant.ts";

class PoisonRemembered extends MemoryBlocks {
  protected override forgetPoison(): void {
    // What was bad in the block still counts when it is gone.
  }
}

export const poisonRemembered: Mutant = {
  id: "B28",
  title: "memory-hotplug: update mce_bad_pages when removing the memory",
  effect: "poisoned frames of memory that was removed stay in num_poisoned_pages",
  machine: "tiny-34",
  parts: { ...shippedParts, MemoryBlocks: PoisonRemembered },
};

class KeepsTheBlock extends Poison {
  protected override doneWith(): void {
    // What was looked up is never put.
  }
}

export const heldBlock: Mutant = {
  id: "B21",
  title: "drivers/base/memory: fix memory block reference leak in poison accounting",
  effect: "counting a bad frame looks its memory block up and keeps the reference, so that the block can never be released",
  machine: "tiny",
  parts: { ...shippedParts, Poison: KeepsTheBlock },
};

class EveryStrikeCounts extends Poison {
  protected override strikeAgain(pfn: number): Refusal {
    this.count(pfn, 1);
    return super.strikeAgain(pfn);
  }
}

export const countedTwice: Mutant = {
  id: "B73",
  title: "mm/hwpoison: fix wrong num_poisoned_pages accounting",
  effect: "a memory error on a frame that is bad already is counted again",
  machine: "tiny",
  parts: { ...shippedParts, Poison: EveryStrikeCounts },
};

class HeadsOnly extends Poison {
  protected override dissolve(pfn: number): Refusal | undefined {
    const slot = this.m.frames.slotOf(pfn);
    return this.m.allocations.head(slot) === pfn ? super.dissolve(pfn) : refused("EBUSY", "held", { pfn, id: this.m.allocations.id(slot) });
  }
}

export const hugetlbTail: Mutant = {
  id: "B72",
  title: "mm, hwpoison: fix condition in free hugetlb page path",
  effect: "an error in a tail of a hugetlb page without users does not dissolve it, and the page stays whole with a bad frame inside",
  machine: "tiny",
  parts: { ...shippedParts, Poison: HeadsOnly },
};

class StatusOfTheTry extends Poison {
  /** That the page was found is 0, and so is success. */
  override softOffline(pfn: number): Refusal | undefined {
    const refusal = super.softOffline(pfn);
    return refusal?.errno === "EBUSY" ? undefined : refusal;
  }
}

export const statusOfTry: Mutant = {
  id: "B77",
  title: "mm: memory-failure: fix unexpected return value in soft_offline_page()",
  effect: "where a page could not be contained, soft offline answers with the status of an earlier step, which reads as success",
  machine: "tiny",
  parts: { ...shippedParts, Poison: StatusOfTheTry },
};

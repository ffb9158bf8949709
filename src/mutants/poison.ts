/** Historic bugs of counting bad frames. */
import { MemoryBlocks } from "../engine/memory-blocks.ts";
import { shippedParts } from "../engine/parts.ts";
import { Poison } from "../engine/poison.ts";
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

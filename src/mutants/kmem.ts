/** Historic bugs of the driver of dax devices. */
import { Kmem } from "../engine/kmem.ts";
import { shippedParts } from "../engine/parts.ts";
import type { Mutant } from "./mutant.ts";

class AllRanges extends Kmem {
  protected override wasAdded(): boolean {
    return true;
  }
}

export const neverAdded: Mutant = {
  id: "B87",
  title: "dax/kmem: account for partial discontiguous resource upon removal",
  effect: "letting go of a device removes also those of its ranges that were never added, whoever has memory there, and releases a region that was never reserved",
  machine: "tiny-kmem",
  parts: { ...shippedParts, Kmem: AllRanges },
};

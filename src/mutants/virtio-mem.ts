/** Historic bugs of the virtio-mem driver. */
import { shippedParts } from "../engine/parts.ts";
import { VirtioMem } from "../engine/virtio-mem.ts";
import type { Mutant } from "./mutant.ts";

class WholeRegion extends VirtioMem {
  protected override pluggableEnd(): number {
    return Number.POSITIVE_INFINITY;
  }
}

export const pluggableRange: Mutant = {
  id: "B89",
  title: "virtio-mem: check against mhp_get_pluggable_range() which memory we can hotplug",
  effect: "the driver goes on asking for blocks of its region that can not be mapped, and gives the device up when the first of them is refused",
  machine: "tiny-vmem",
  parts: { ...shippedParts, VirtioMem: WholeRegion },
};

/**
 * Memory of a virtio-mem device.
 */
import { blockPages, pfnRange, rangeContainsRange, rangesOverlap, showRange, toPfn } from "../../models/index.ts";
import { blockName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Invariant } from "../rule.ts";

const blocksLieInRegion: Invariant = {
  id: "VM-01",
  title: "a memory block that reaches into the region of the virtio-mem device lies in it wholly, and is of the group of the device, 0",
  source: "drivers/virtio/virtio_mem.c: virtio_mem_init_hotplug(), virtio_mem_bbm_add_bb(), v6.12",
  needs: ["resources", "blocks.group"],
  unless: [],
  find: (view) => {
    const size = blockPages(view.geometry);
    const found: Evidence[] = [];
    for (const { range: region } of given(view.resources).filter(({ kind }) => kind === "virtio-mem")) {
      for (const { block, group } of given(view.blocks)) {
        const range = pfnRange(toPfn(block * size), size);
        if (!rangesOverlap(range, region) || (rangeContainsRange(region, range) && group === 0)) continue;
        found.push({ pfn: range.start, nrPages: size, where: blockName(block), was: `inside ${showRange(region)}, of group 0`, is: group === null ? "of no group" : `${showRange(range)}, of group ${group}` });
      }
    }
    return found;
  },
};

export const virtioMemInvariants: readonly Invariant[] = [blocksLieInRegion];

/** Requests of a virtio-mem device. Only on a machine that has one. */
import type { Makers, Walk } from "../walk.ts";

/** Blocks that the region holds, those included that can not be mapped. */
export function nrRegionBlocks({ world }: Walk): number {
  return Math.floor((world.description.virtioMem?.region.nrPages ?? 0) / world.block);
}

export const vmemMakers: Makers<"vmem-request"> = {
  "vmem-request": {
    accepted: (walk) => ({ op: "vmem-request", nrPages: walk.world.block * walk.draw.below(nrRegionBlocks(walk)) + (walk.draw.chance(1, 8) ? walk.draw.below(walk.world.block) : 0) }),
    refused: [(walk) => ({ op: "vmem-request", nrPages: walk.world.block * (nrRegionBlocks(walk) + walk.draw.below(2)) })],
  },
};

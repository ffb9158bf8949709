/** Commands of the driver of dax devices. Only on machines that have such devices. */
import type { Op } from "../../../models/index.ts";
import { pickWhere } from "../draw.ts";
import type { Makers, Walk } from "../walk.ts";

type KmemOp = Extract<Op, `kmem-${string}`>;

/** A device that the driver has, or does not have, of a certain sort. */
export function drawDax(walk: Walk, bound: boolean, fits: (device: number) => boolean = () => true): number | undefined {
  const devices = (walk.world.description.daxDevices ?? []).map((_, device) => device);
  return pickWhere(walk.draw, devices, (device) => walk.now.kmem.some((known) => known.device === device) === bound && fits(device));
}

function nrDevices(walk: Walk): number {
  return walk.world.description.daxDevices?.length ?? 0;
}

export const kmemMakers: Makers<KmemOp> = {
  "kmem-probe": {
    accepted: (walk) => {
      const device = drawDax(walk, false);
      return device === undefined ? undefined : { op: "kmem-probe", device, group: walk.labels.fresh("group") };
    },
    refused: [
      (walk) => ({ op: "kmem-probe", device: nrDevices(walk), group: walk.labels.fresh("group") }),
      (walk) => {
        const device = drawDax(walk, true);
        return device === undefined ? undefined : { op: "kmem-probe", device, group: walk.labels.fresh("group") };
      },
      (walk) => {
        const device = drawDax(walk, false);
        const taken = pickWhere(walk.draw, walk.now.groups, () => true);
        return device === undefined || taken === undefined ? undefined : { op: "kmem-probe", device, group: taken.group };
      },
    ],
  },
  "kmem-remove": {
    accepted: (walk) => {
      const device = drawDax(walk, true);
      return device === undefined ? undefined : { op: "kmem-remove", device };
    },
    refused: [
      (walk) => ({ op: "kmem-remove", device: nrDevices(walk) }),
      (walk) => {
        const device = drawDax(walk, false);
        return device === undefined ? undefined : { op: "kmem-remove", device };
      },
    ],
  },
};

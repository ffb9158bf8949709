/**
 * Goals about a virtio-mem device.
 */
import { blockPages, rangeContains, toPfn } from "../../models/index.ts";
import type { BlockView, View } from "../../models/index.ts";
import type { Goal } from "../rule.ts";
import { succeeded } from "../step.ts";

/** Blocks of the device, where the view shows them. */
function blocksOf({ geometry, resources = [], blocks = [] }: View): readonly BlockView[] {
  const region = resources.find(({ kind }) => kind === "virtio-mem")?.range;
  return region === undefined ? [] : blocks.filter(({ block }) => rangeContains(region, toPfn(block * blockPages(geometry))));
}

export const virtioMemGoals: readonly Goal[] = [
  {
    id: "vmem-part-added",
    title: "a request of the virtio-mem device was refused after some blocks had been added",
    rules: ["VM-01", "VM-02"],
    reached: ({ before, after, command, outcome }) => command.op === "vmem-request" && outcome.result === "refused" && blocksOf(after).length > blocksOf(before).length,
  },
  {
    id: "vmem-gap-filled",
    title: "a virtio-mem device got a block below one that it had",
    rules: ["VM-02"],
    reached: ({ before, after, command }) => {
      const [was, is] = [blocksOf(before), blocksOf(after)];
      return command.op === "vmem-request" && is.length > was.length && is.some(({ block }) => was.every((other) => other.block !== block) && was.some((other) => other.block > block));
    },
  },
  {
    id: "vmem-online-stays",
    title: "a virtio-mem device wanted less, and kept a block that was online",
    rules: ["VM-02"],
    reached: (step) => step.command.op === "vmem-request" && succeeded(step) && blocksOf(step.after).length > Math.ceil(step.command.nrPages / blockPages(step.after.geometry)),
  },
];

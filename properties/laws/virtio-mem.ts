/**
 * What the driver of a virtio-mem device adds and removes.
 */
import { alignUp, blockPages, rangeContains, toPfn } from "../../models/index.ts";
import type { BlockView, View } from "../../models/index.ts";
import { blockName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Law } from "../rule.ts";
import { idle, succeeded } from "../step.ts";

/** Blocks of the device, ascending. */
export function vmemBlocks(view: View): readonly BlockView[] {
  const region = given(view.resources).find(({ kind }) => kind === "virtio-mem")?.range;
  return region === undefined ? [] : given(view.blocks).filter(({ block }) => rangeContains(region, toPfn(block * blockPages(view.geometry))));
}

const comesNearer: Law = {
  id: "VM-02",
  title: "a virtio-mem device that wants more gets its lowest blocks that are not there, and all of them unless that is refused; one that wants less gives up its highest blocks that are offline, as many as there are",
  source: "drivers/virtio/virtio_mem.c: virtio_mem_bbm_plug_request(), virtio_mem_bbm_unplug_request(), v6.12",
  needs: ["blocks", "resources"],
  ops: ["vmem-request"],
  unless: [],
  find: (step) => {
    const { before, after, command } = step;
    const region = given(before.resources).find(({ kind }) => kind === "virtio-mem")?.range;
    if (command.op !== "vmem-request" || region === undefined || idle(step)) return [];
    const size = blockPages(before.geometry);
    const was = vmemBlocks(before).map(({ block }) => Number(block));
    const is = vmemBlocks(after).map(({ block }) => Number(block));
    const wanted = new Set(was);
    const difference = Math.trunc(command.nrPages / size - was.length);
    if (difference >= 0) {
      // As many as came; all of them unless it was refused.
      let left = succeeded(step) ? difference : Math.min(difference, Math.max(0, is.length - was.length));
      for (let block = alignUp(region.start, size) / size; left > 0; block++) {
        if (wanted.has(block)) continue;
        wanted.add(block);
        left--;
      }
    } else {
      const offline = vmemBlocks(before).filter(({ state }) => state === "offline").map(({ block }) => Number(block));
      for (const block of offline.toReversed().slice(0, -difference)) wanted.delete(block);
    }
    const found: Evidence[] = [];
    for (const block of new Set([...wanted, ...is])) {
      if (wanted.has(block) !== is.includes(block)) found.push({ where: blockName(block), was: wanted.has(block) ? "there" : "not there", is: wanted.has(block) ? "not there" : "there" });
    }
    return found;
  },
};

export const virtioMemLaws: readonly Law[] = [comesNearer];

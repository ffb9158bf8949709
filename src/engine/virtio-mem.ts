/**
 * The driver of a virtio-mem device in big block mode: Linux virtio_mem_init_hotplug(), virtio_mem_refresh_config(),
 * virtio_mem_run_wq(), drivers/virtio/virtio_mem.c, v6.12. A big block is a memory block; unplug_online is off.
 */
import type { Machine } from "./machine.ts";
import type { MemoryBlock } from "./memory-blocks.ts";
import { refused, skipped } from "./result.ts";
import type { Refusal } from "./result.ts";

/** mgid. */
export const deviceGroup = 0;

const gibibyte = 1_073_741_824;

export class VirtioMem {
  protected readonly m: Machine;
  #broken = false;

  constructor(machine: Machine) {
    this.m = machine;
  }

  /** virtio_mem_init_hotplug(). */
  init(): void {
    const device = this.m.description.virtioMem;
    if (device === undefined) return;
    this.m.resources.add(device.region.start, device.region.nrPages, "virtio-mem");
    this.m.groups.register(deviceGroup, device.node, true, this.m.sizes.blockPages);
  }

  /** Whether others keep their hands off the range. */
  owns(start: number, nrPages: number): boolean {
    const device = this.m.description.virtioMem;
    return device !== undefined && start < device.region.start + device.region.nrPages && device.region.start < start + nrPages;
  }

  /** first_bb_id, as a frame. */
  #first(): number {
    const { blockPages } = this.m.sizes;
    return Math.ceil((this.m.description.virtioMem?.region.start ?? 0) / blockPages) * blockPages;
  }

  #regionEnd(): number {
    const region = this.m.description.virtioMem?.region;
    return region === undefined ? 0 : region.start + region.nrPages;
  }

  /** mhp_get_pluggable_range(). */
  protected pluggableEnd(): number {
    return this.m.description.hotplugEnd;
  }

  #blocks(): readonly MemoryBlock[] {
    const first = this.#first();
    const { blockPages } = this.m.sizes;
    return this.m.blocks.between(first, Math.max(0, Math.floor((this.#regionEnd() - first) / blockPages)) * blockPages);
  }

  request(nrPages: number): Refusal | undefined {
    const device = this.m.description.virtioMem;
    if (device === undefined) return skipped("no-virtio-mem");
    if (this.#broken) return skipped("device-broken");
    const { blockPages } = this.m.sizes;
    const has = this.#blocks().length;
    // Towards zero: what is less than a block is left as it is.
    const difference = Math.trunc((nrPages - has * blockPages) / blockPages);
    if (difference > 0) return this.#plug(difference, device.node);
    if (difference < 0) this.#unplug(-difference);
    return undefined;
  }

  #plug(nrBlocks: number, node: number): Refusal | undefined {
    const { blockPages } = this.m.sizes;
    let start = this.#first();
    for (let left = nrBlocks; left > 0; left--) {
      if (!this.#mayAdd()) return refused("ENOSPC", "too-much-offline");
      while (this.m.blocks.between(start, blockPages).length > 0) start += blockPages;
      if (start + blockPages > Math.min(this.#regionEnd(), this.pluggableEnd())) return refused("ENOSPC", "no-usable-block");
      const failed = this.m.hotplug.addRange(start, blockPages, node, deviceGroup);
      if (failed === undefined) continue;
      if (failed.errno !== "ENOMEM") this.#broken = true;
      return failed;
    }
    return undefined;
  }

  /** virtio_mem_could_add_memory(). */
  #mayAdd(): boolean {
    const bytes = this.m.sizes.blockPages * this.m.geometry.pageBytes;
    const offline = this.#blocks().reduce((sum, { state }) => sum + (state === "offline" ? bytes : 0), 0);
    return offline + bytes <= Math.max(gibibyte, 2 * bytes);
  }

  #unplug(nrBlocks: number): void {
    let left = nrBlocks;
    for (const block of this.#blocks().toReversed()) {
      if (left === 0) return;
      if (block.state !== "offline") continue;
      if (this.m.removal.tryRemove(block.start, this.m.sizes.blockPages) === undefined) left--;
    }
  }
}

/** Memory of dax devices: Linux dev_dax_kmem_probe(), dev_dax_kmem_remove(), drivers/dax/kmem.c, v6.12. */
import type { DaxDeviceDescription } from "../../models/index.ts";
import type { Machine } from "./machine.ts";
import { broken, refused, skipped } from "./result.ts";
import type { Refusal } from "./result.ts";

/** The memory blocks of a range; none where nrPages is 0. */
export interface KmemRange {
  readonly start: number;
  readonly nrPages: number;
}

/** A device that the driver has. */
export interface KmemBinding {
  readonly group: number;
  readonly ranges: readonly KmemRange[];
  /** The places of the ranges that were added. */
  readonly added: Set<number>;
}

export class Kmem {
  protected readonly m: Machine;
  readonly #bindings: Map<number, KmemBinding> = new Map();

  constructor(machine: Machine) {
    this.m = machine;
  }

  /** By device. */
  all(): readonly (readonly [device: number, binding: KmemBinding])[] {
    return [...this.#bindings].toSorted(([a], [b]) => a - b);
  }

  #describe(device: number): DaxDeviceDescription | undefined {
    return this.m.description.daxDevices?.[device];
  }

  probe(device: number, group: number): Refusal | undefined {
    const dax = this.#describe(device);
    if (dax === undefined) return skipped("no-such-device");
    if (this.#bindings.has(device)) return skipped("bound");
    if (this.m.groups.get(group) !== undefined) return skipped("label-in-use", { id: group });
    const ranges = dax.ranges.map(({ start, nrPages }) => this.#wholeBlocks(start, start + nrPages));
    const nrPages = ranges.reduce((sum, range) => sum + range.nrPages, 0);
    if (nrPages === 0) return refused("EINVAL", "too-small");
    this.m.groups.register(group, dax.node, false, nrPages);
    const binding: KmemBinding = { group, ranges, added: new Set() };
    for (const [at, range] of ranges.entries()) {
      const failed = range.nrPages === 0 ? undefined : this.#add(range, dax.node, group);
      if (failed === undefined && range.nrPages > 0) binding.added.add(at);
      if (failed === undefined || binding.added.size > 0) continue;
      this.m.groups.unregister(group);
      return failed;
    }
    this.#bindings.set(device, binding);
    return undefined;
  }

  /** dax_kmem_range(). */
  #wholeBlocks(start: number, end: number): KmemRange {
    const { blockPages } = this.m.sizes;
    const first = Math.ceil(start / blockPages);
    const behind = Math.floor(end / blockPages);
    return { start: first * blockPages, nrPages: Math.max(0, behind - first) * blockPages };
  }

  #add({ start, nrPages }: KmemRange, node: number, group: number): Refusal | undefined {
    const { hotplug, resources } = this.m;
    if (resources.overlaps(start, nrPages)) return refused("EBUSY", "region-busy", { pfn: start });
    resources.add(start, nrPages, "kmem");
    const failed = hotplug.addRange(start, nrPages, node, group);
    if (failed !== undefined) this.release(start);
    return failed;
  }

  /** remove_resource(). */
  protected release(start: number): void {
    if (!this.m.resources.release(start)) throw broken(`no region at frame ${start} to release`);
  }

  /** What can not be removed stays reserved, and its group registered. */
  remove(device: number): Refusal | undefined {
    if (this.#describe(device) === undefined) return skipped("no-such-device");
    const binding = this.#bindings.get(device);
    if (binding === undefined) return skipped("not-bound");
    let nrLeft = binding.ranges.length;
    for (const [at, { start, nrPages }] of binding.ranges.entries()) {
      // Linux goes on here without counting the range as done.
      if (nrPages === 0) continue;
      if (this.wasAdded(binding, at)) {
        if (this.m.removal.tryRemove(start, nrPages) !== undefined) continue;
        this.release(start);
      }
      nrLeft--;
    }
    this.#bindings.delete(device);
    if (nrLeft === 0) this.m.groups.unregister(binding.group);
    return undefined;
  }

  /** res[]. */
  protected wasAdded({ added }: KmemBinding, at: number): boolean {
    return added.has(at);
  }
}

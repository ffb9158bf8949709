/** Removing memory: Linux try_remove_memory(), offline_and_remove_memory(), mm/memory_hotplug.c, v6.12. */
import type { Machine } from "./machine.ts";
import type { MemoryBlock } from "./memory-blocks.ts";
import { bug, refused, skipped } from "./result.ts";
import type { Refusal } from "./result.ts";
import type { Zone } from "./zone.ts";

export class Removal {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  /** remove_memory(). */
  remove(start: number, nrPages: number): Refusal | undefined {
    if (!this.#isAligned(start, nrPages)) return bug("block-alignment", { pfn: start });
    return this.#missingBlock(start, nrPages) ?? this.#ofDriver(start, nrPages) ?? this.tryRemove(start, nrPages);
  }

  #ofDriver(start: number, nrPages: number): Refusal | undefined {
    return this.m.resources.meetsKmem(start, nrPages) || this.m.virtioMem.owns(start, nrPages) ? skipped("driver-memory", { pfn: start }) : undefined;
  }

  #isAligned(start: number, nrPages: number): boolean {
    const { blockPages } = this.m.sizes;
    return nrPages > 0 && start % blockPages === 0 && nrPages % blockPages === 0;
  }

  #missingBlock(start: number, nrPages: number): Refusal | undefined {
    const blocks = this.m.blocks.between(start, nrPages);
    return blocks.length * this.m.sizes.blockPages === nrPages ? undefined : skipped("no-such-block", { pfn: start });
  }

  /** try_remove_memory(). */
  tryRemove(start: number, nrPages: number): Refusal | undefined {
    const blocks = this.m.blocks.between(start, nrPages);
    const online = blocks.find(({ state }) => state !== "offline");
    if (online !== undefined) return refused("EBUSY", "block-online", { block: online.id });
    const nrHosting = blocks.filter(({ selfHosted }) => selfHosted > 0).length;
    if (nrHosting > 0 && nrHosting < blocks.length) return refused("EINVAL", "mixed-memmap", { pfn: start });
    for (const block of blocks) this.m.blocks.remove(block);
    this.m.hotplug.removePages(start, nrPages);
    this.m.resources.remove(start, nrPages);
    const last = blocks.at(-1);
    const node = last === undefined ? undefined : this.m.zones.node(last.node);
    if (node !== undefined) this.m.nodes.tryOffline(node);
    return undefined;
  }

  /** offline_and_remove_memory(): blocks that were offline already are left so when it fails. */
  offlineAndRemove(start: number, nrPages: number): Refusal | undefined {
    if (!this.#isAligned(start, nrPages)) return refused("EINVAL", "block-alignment", { pfn: start });
    const missing = this.#missingBlock(start, nrPages) ?? this.#ofDriver(start, nrPages);
    if (missing !== undefined) return missing;
    const offlined: { readonly block: MemoryBlock; readonly zone: Zone }[] = [];
    let failed: Refusal | undefined;
    for (const block of this.m.blocks.between(start, nrPages)) {
      if (block.state === "offline") continue;
      const { zone } = block;
      failed = this.m.blockState.offline(block);
      if (failed !== undefined) break;
      if (zone !== null) offlined.push({ block, zone });
    }
    failed ??= this.tryRemove(start, nrPages);
    if (failed !== undefined) for (const { block, zone } of offlined) this.reonline(block, zone);
    return failed;
  }

  /** try_reonline_memory_block(): by word, so that the zone may be another (EX-10); the contract keeps the zone. Failures are ignored. */
  protected reonline(block: MemoryBlock, zone: Zone): void {
    const word = zone.isMovable ? "online_movable" : "online_kernel";
    const chosen = this.m.zoneChoice.zoneFor(word, block.node, block.group, block.start, this.m.sizes.blockPages);
    block.onlineType = word;
    if (chosen === zone || this.m.quirks.applies("EX-10")) this.m.blockState.online(block);
    else this.m.blockState.online(block, zone);
  }
}

/** Memory blocks: Linux struct memory_block, drivers/base/memory.c, v6.12. */
import type { AutoOnline } from "../../models/index.ts";
import { lowerBound } from "./free-bits.ts";
import type { Machine } from "./machine.ts";
import { broken } from "./result.ts";
import type { Zone } from "./zone.ts";

export class MemoryBlock {
  readonly id: number;
  readonly start: number;
  readonly node: number;
  readonly boot: boolean;
  /** Frames at its start that hold its own memmap. */
  readonly selfHosted: number;
  readonly group: number | null;
  state: "online" | "going-offline" | "offline";
  onlineType: AutoOnline = "offline";
  zone: Zone | null = null;
  nrHwpoison = 0;
  /** References to its device, the device core's aside. */
  nrReferences = 0;

  constructor(fields: Pick<MemoryBlock, "id" | "start" | "node" | "boot" | "selfHosted" | "group" | "state">) {
    this.id = fields.id;
    this.start = fields.start;
    this.node = fields.node;
    this.boot = fields.boot;
    this.selfHosted = fields.selfHosted;
    this.group = fields.group;
    this.state = fields.state;
  }
}

export class MemoryBlocks {
  protected readonly m: Machine;
  readonly #blocks: Map<number, MemoryBlock> = new Map();
  readonly #ids: number[] = [];

  constructor(machine: Machine) {
    this.m = machine;
  }

  get(id: number): MemoryBlock | undefined {
    return this.#blocks.get(id);
  }

  at(pfn: number): MemoryBlock | undefined {
    return this.#blocks.get(Math.floor(pfn / this.m.sizes.blockPages));
  }

  /** find_memory_block(): the block of the frame, with a reference to its device. */
  find(pfn: number): MemoryBlock | undefined {
    const block = this.at(pfn);
    if (block !== undefined) block.nrReferences++;
    return block;
  }

  /** put_device(). */
  put(block: MemoryBlock): void {
    if (block.nrReferences < 1) throw broken(`nobody holds block ${block.id}`);
    block.nrReferences--;
  }

  /** Ascending. */
  all(): readonly MemoryBlock[] {
    return [...this.#walk(0, Number.POSITIVE_INFINITY)];
  }

  /** walk_memory_blocks(): the blocks that exist of an aligned range, ascending. */
  between(start: number, nrPages: number): readonly MemoryBlock[] {
    return [...this.#walk(start / this.m.sizes.blockPages, (start + nrPages) / this.m.sizes.blockPages)];
  }

  *#walk(from: number, to: number): Iterable<MemoryBlock> {
    for (let at = lowerBound(this.#ids, from); at < this.#ids.length; at++) {
      const id = this.#ids[at] ?? Number.POSITIVE_INFINITY;
      if (id >= to) return;
      const block = this.#blocks.get(id);
      if (block !== undefined) yield block;
    }
  }

  add(block: MemoryBlock): void {
    this.#blocks.set(block.id, block);
    const last = this.#ids.at(-1);
    if (last === undefined || last < block.id) this.#ids.push(block.id);
    else this.#ids.splice(lowerBound(this.#ids, block.id), 0, block.id);
    if (block.group !== null) this.m.groups.join(block.group, block.id);
  }

  /** remove_memory_block_devices(): its poisoned frames are no longer this machine's. */
  remove(block: MemoryBlock): void {
    this.#blocks.delete(block.id);
    this.#ids.splice(lowerBound(this.#ids, block.id), 1);
    this.forgetPoison(block);
    if (block.group !== null) this.m.groups.leave(block.group, block.id);
  }

  protected forgetPoison(block: MemoryBlock): void {
    this.m.totals.numPoisoned -= block.nrHwpoison;
  }

  /** valid_zones_show(). */
  validZones(block: MemoryBlock): readonly string[] {
    if (block.state === "online") return [block.zone === null ? "none" : this.m.zoneName(block.zone)];
    const choose = (word: "online" | "online_kernel" | "online_movable"): Zone => this.m.zoneChoice.zoneFor(word, block.node, block.group, block.start, this.m.sizes.blockPages);
    const preferred = choose("online");
    const others = [choose("online_kernel"), choose("online_movable")].filter((zone) => zone !== preferred);
    return [preferred, ...others].map((zone) => this.m.zoneName(zone));
  }
}

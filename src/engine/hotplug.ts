/**
 * Adding memory: Linux add_memory_resource(), create_altmaps_and_memory_blocks(), create_memory_block_devices(),
 * __add_pages(), mm/memory_hotplug.c and drivers/base/memory.c, v6.12.
 */
import { toPfn } from "../../models/index.ts";
import type { Add } from "../../models/index.ts";
import type { Altmap } from "./altmap.ts";
import type { Machine } from "./machine.ts";
import { MemoryBlock } from "./memory-blocks.ts";
import { refused } from "./result.ts";
import type { Refusal } from "./result.ts";
import { altmapOf } from "./section.ts";
import type { MemmapHost } from "./section.ts";
import type { NodeState } from "./zone.ts";

/** What is being added. */
interface Adding {
  readonly start: number;
  readonly nrPages: number;
  readonly node: number;
  readonly group: number | null;
  /** Frames of each block that host its memmap; 0: the kernel zones pay for it. */
  readonly selfHosted: number;
}

export class Hotplug {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  /** __add_memory(). */
  add(command: Add): Refusal | undefined {
    const { start, nrPages } = command;
    const refusal = this.#check(command);
    if (refusal !== undefined) return refusal;
    const nodeNr = command.group === null ? command.node : this.m.groups.get(command.group)?.node;
    const node = nodeNr === undefined ? undefined : this.m.zones.node(nodeNr);
    if (node === undefined) return refused("EINVAL", "node-not-possible");
    const isNew = !node.online;
    if (isNew) {
      if (this.m.faults.fails("node")) return refused("ENOMEM", "fail-node");
      this.initialiseNode(node, command);
    }
    const adding: Adding = { start, nrPages, node: node.node, group: command.group, selfHosted: command.memmapOnMemory ? this.m.memmap.selfHostedPages() : 0 };
    const failed = adding.selfHosted > 0 ? this.#addSelfHosted(adding) : this.#addPlain(adding);
    if (failed !== undefined) return failed;
    if (isNew) this.m.nodes.setOnline(node);
    this.m.resources.add(start, nrPages, "ram");
    this.autoOnline(start, nrPages);
    return undefined;
  }

  /** add_memory_driver_managed(), of a group. */
  addRange(start: number, nrPages: number, node: number, group: number): Refusal | undefined {
    return this.add({ op: "add", start: toPfn(start), nrPages, node, memmapOnMemory: false, group });
  }

  /** hotadd_init_pgdat(): the node begins empty, whatever is being added. */
  protected initialiseNode(node: NodeState, _command: Add): void {
    this.m.nodes.initialise(node);
  }

  /** register_memory_resource(), check_hotplug_memory_range() and the group, in this order. */
  #check({ start, nrPages, group, node }: Add): Refusal | undefined {
    const { blockPages } = this.m.sizes;
    if (nrPages < 1 || start < 0 || start + nrPages > this.mappableEnd()) return refused("E2BIG", "not-mappable", { pfn: start });
    if (this.m.resources.overlaps(start, nrPages)) return refused("EEXIST", "resource-busy", { pfn: start });
    if (start % blockPages !== 0 || nrPages % blockPages !== 0) return refused("EINVAL", "block-alignment", { pfn: start });
    if (group !== null && this.m.groups.get(group) === undefined) return refused("EINVAL", "no-such-group");
    return group === null && this.m.zones.node(node) === undefined ? refused("EINVAL", "node-not-possible") : undefined;
  }

  /** mhp_get_pluggable_range(): a limit of memory at boot is none of memory that is added. */
  protected mappableEnd(): number {
    return this.m.description.hotplugEnd;
  }

  /** All sections, then all blocks. */
  #addPlain(adding: Adding): Refusal | undefined {
    const { start, nrPages } = adding;
    const { maxPfn } = this.m.totals;
    const failed = this.addPages(start, nrPages, adding.node, "kernel");
    if (failed !== undefined) {
      this.#settleMaxPfn(maxPfn);
      return failed;
    }
    this.growMaxPfn(start + nrPages);
    const unregistered = this.#createBlocks(adding, start, nrPages);
    if (unregistered === undefined) return undefined;
    this.removePages(start, nrPages);
    this.#settleMaxPfn(maxPfn);
    return unregistered;
  }

  /** Block by block: its sections, which host their memmap, then the block itself. */
  #addSelfHosted(adding: Adding): Refusal | undefined {
    const { blockPages } = this.m.sizes;
    const maxPfn = this.m.totals.maxPfn;
    for (let start = adding.start; start < adding.start + adding.nrPages; start += blockPages) {
      const failed = this.addPages(start, blockPages, adding.node, "self") ?? this.#createSelfHosted(adding, start);
      if (failed === undefined) {
        this.growMaxPfn(start + blockPages);
        continue;
      }
      for (const block of this.m.blocks.between(adding.start, start - adding.start)) this.#removeBlockAndPages(block);
      this.#settleMaxPfn(maxPfn);
      return failed;
    }
    return undefined;
  }

  #createSelfHosted(adding: Adding, start: number): Refusal | undefined {
    const failed = this.#createBlocks(adding, start, this.m.sizes.blockPages);
    if (failed === undefined) return undefined;
    this.growMaxPfn(start + this.m.sizes.blockPages);
    this.undoSelfHosted(start);
    return failed;
  }

  /** arch_remove_memory(): the block hosts its memmap itself, so that nothing goes to the buddy. */
  protected undoSelfHosted(start: number): void {
    this.removePages(start, this.m.sizes.blockPages);
  }

  #removeBlockAndPages(block: MemoryBlock): void {
    this.m.blocks.remove(block);
    this.removePages(block.start, this.m.sizes.blockPages);
  }

  /** create_memory_block_devices(): all of the range or none. */
  #createBlocks(adding: Adding, start: number, nrPages: number): Refusal | undefined {
    const { blockPages } = this.m.sizes;
    for (let at = start; at < start + nrPages; at += blockPages) {
      const block = new MemoryBlock({ id: at / blockPages, start: at, node: adding.node, boot: false, selfHosted: adding.selfHosted, group: adding.group, state: "offline" });
      if (this.register(block)) continue;
      for (const made of this.m.blocks.between(start, at - start)) this.m.blocks.remove(made);
      return refused("ENOMEM", "fail-memory-block", { block: block.id });
    }
    return undefined;
  }

  /** add_memory_block(): the block joins its group only once it is registered. */
  protected register(block: MemoryBlock): boolean {
    if (this.m.faults.fails("memory-block")) return false;
    this.m.blocks.add(block);
    return true;
  }

  /** __add_pages(), section by section. A failure leaves the earlier sections behind (EX-1), and on x86-64 a raised max_pfn. */
  addPages(start: number, nrPages: number, node: number, host: MemmapHost): Refusal | undefined {
    const failed = this.addChunks(start, nrPages, node, host);
    if (failed !== undefined && this.m.description.arch === "x86-64") this.growMaxPfn(start + nrPages);
    return failed;
  }

  /** As `addPages`, for a device: its pages do not count for max_pfn. */
  addChunks(start: number, nrPages: number, node: number, host: MemmapHost): Refusal | undefined {
    const added: { readonly start: number; readonly nrPages: number }[] = [];
    for (const chunk of this.chunks(start, nrPages)) {
      const failed = this.m.sections.add(chunk.start, chunk.nrPages, node, host);
      if (failed === undefined) {
        added.push(chunk);
        continue;
      }
      if (added.length > 0 && !this.m.quirks.applies("EX-1")) {
        const altmap = altmapOf(host);
        for (const { start: first, nrPages: n } of added.toReversed()) this.m.sections.remove(first, n, altmap);
      }
      return failed;
    }
    return undefined;
  }

  /** __remove_pages(). */
  removePages(start: number, nrPages: number, altmap: Altmap | null = null): void {
    for (const chunk of this.chunks(start, nrPages)) this.m.sections.remove(chunk.start, chunk.nrPages, altmap);
  }

  /** The parts of a range up to the section borders. */
  protected *chunks(start: number, nrPages: number): Iterable<{ readonly start: number; readonly nrPages: number }> {
    const { sectionPages } = this.m.sizes;
    const end = start + nrPages;
    for (let pfn = start; pfn < end; ) {
      const next = Math.min(end, pfn - (pfn % sectionPages) + sectionPages);
      yield { start: pfn, nrPages: next - pfn };
      pfn = next;
    }
  }

  protected growMaxPfn(end: number): void {
    this.m.totals.maxPfn = Math.max(this.m.totals.maxPfn, end);
  }

  /** After a failed add: Linux never takes back how far memory reached on the way (EX-3). */
  #settleMaxPfn(before: number): void {
    if (this.m.totals.maxPfn !== before && !this.m.quirks.applies("EX-3")) this.m.totals.maxPfn = before;
  }

  /** online_memory_block() for each block, until one can not be onlined; the result of the add stays ok. */
  protected autoOnline(start: number, nrPages: number): void {
    const word = this.m.settings.autoOnline;
    if (word === "offline") return;
    for (const block of this.m.blocks.between(start, nrPages)) {
      block.onlineType = word;
      if (this.m.blockState.online(block) !== undefined) return;
    }
  }
}

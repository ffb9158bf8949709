/** Memory groups: the blocks of one device. Linux struct memory_group, drivers/base/memory.c, v6.12. */
import { isPowerOfTwo } from "../../models/index.ts";
import type { Machine } from "./machine.ts";
import { refused } from "./result.ts";
import type { Refusal } from "./result.ts";

export interface Group {
  readonly id: number;
  readonly node: number;
  readonly dynamic: boolean;
  /** max_pages of a static group, unit_pages of a dynamic one. */
  readonly pages: number;
  presentKernel: number;
  presentMovable: number;
  readonly blocks: Set<number>;
}

export class Groups {
  protected readonly m: Machine;
  readonly #groups: Map<number, Group> = new Map();

  constructor(machine: Machine) {
    this.m = machine;
  }

  get(id: number): Group | undefined {
    return this.#groups.get(id);
  }

  /** By label. */
  all(): readonly Group[] {
    return [...this.#groups.values()].toSorted((a, b) => a.id - b.id);
  }

  /** memory_group_register_static(), memory_group_register_dynamic(). */
  register(id: number, node: number, dynamic: boolean, pages: number): Refusal | undefined {
    if (!this.isSize(dynamic, pages)) return refused("EINVAL", "size");
    if (this.m.zones.node(node) === undefined) return refused("EINVAL", "node-not-possible");
    this.#groups.set(id, { id, node, dynamic, pages, presentKernel: 0, presentMovable: 0, blocks: new Set() });
    return undefined;
  }

  protected isSize(dynamic: boolean, pages: number): boolean {
    if (!dynamic) return pages > 0;
    return pages >= this.m.sizes.blockPages && isPowerOfTwo(pages);
  }

  /** memory_group_unregister(). */
  unregister(id: number): Refusal | undefined {
    const group = this.#groups.get(id);
    if (group === undefined) return refused("EINVAL", "no-such-group");
    if (group.blocks.size > 0) return refused("EBUSY", "group-has-blocks");
    this.#groups.delete(id);
    return undefined;
  }

  join(id: number, block: number): void {
    this.#groups.get(id)?.blocks.add(block);
  }

  leave(id: number, block: number): void {
    this.#groups.get(id)?.blocks.delete(block);
  }

  adjustPresent(id: number, movable: boolean, nrPages: number): void {
    const group = this.#groups.get(id);
    if (group === undefined) return;
    if (movable) group.presentMovable += nrPages;
    else group.presentKernel += nrPages;
  }
}

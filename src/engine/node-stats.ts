/**
 * Counters of a node that are kept in a global part and in one of the CPU: Linux mod_node_page_state(), vmstat_refresh(),
 * mm/vmstat.c; free_area_init_core_hotplug(), mm/mm_init.c, v6.12.
 */
import type { Machine } from "./machine.ts";
import type { NodeState } from "./zone.ts";

/** NR_ISOLATED_ANON and NR_ISOLATED_FILE of a node, of each first the global part, then that of the CPU. */
export class Isolated {
  readonly anon: [number, number] = [0, 0];
  readonly file: [number, number] = [0, 0];
}

export class NodeStats {
  protected readonly m: Machine;
  readonly #nodes: Map<number, Isolated> = new Map();

  constructor(machine: Machine) {
    this.m = machine;
  }

  of(node: number): Isolated {
    const known = this.#nodes.get(node);
    if (known !== undefined) return known;
    const isolated = new Isolated();
    this.#nodes.set(node, isolated);
    return isolated;
  }

  /** Pages of the allocation were taken off the LRU, or are no longer kept off it. */
  count(slot: number, sign: 1 | -1): void {
    const { allocations, frames } = this.m;
    const isolated = this.of(frames.zone(allocations.head(slot)).node);
    (allocations.kind(slot).isFile ? isolated.file : isolated.anon)[1] += sign * allocations.nrPages(slot);
  }

  /** vmstat_refresh(): online nodes only. */
  refresh(): void {
    for (const node of this.m.zones.nodes) if (node.online) this.fold(node);
  }

  /** A node comes back: what was left in the parts of CPUs when it went. */
  reconcile(node: NodeState): void {
    this.fold(node);
  }

  protected fold({ node }: NodeState): void {
    const { anon, file } = this.of(node);
    for (const parts of [anon, file]) {
      parts[0] += parts[1];
      parts[1] = 0;
    }
  }
}

/**
 * NR_ISOLATED_ANON and NR_ISOLATED_FILE: how many pages of a node are off the LRU. Each has a global part and the part of a
 * CPU, which is folded into the global one later.
 *
 * Linux mm/vmstat.c: __mod_node_page_state(), refresh_cpu_vm_stats(); mm/mm_init.c: free_area_init_core_hotplug(), v6.12.
 * Who takes pages off the LRU counts them: add_folio_for_migration(), putback_movable_pages(), mm/migrate.c. The threshold
 * from which on a part is folded at once is left out (docs/fidelity.md#zones-and-nodes): it moves nothing that is shown.
 */
import type { NodeId } from "./command.ts";
import type { Allocation, Machine, Node, NodeStat } from "./machine.ts";
import { nodeAt, pageOf, zoneAt } from "./machine.ts";

/** Linux `node_stat_mod_folio()`: the part of the CPU changes by the pages of the folio. */
export function countIsolated(machine: Machine, allocation: Allocation, sign: 1 | -1): void {
  const node = nodeAt(machine, zoneAt(machine, pageOf(machine, allocation.pfn).zone).node);
  statOf(node, allocation).part += sign * 2 ** (allocation.order ?? 0);
}

function statOf(node: Node, { kind }: Allocation): NodeStat {
  return kind === "file" ? node.isolatedFile : node.isolatedAnon;
}

/** Linux `refresh_cpu_vm_stats()`: nodes that are not online are passed over. */
export function refreshVmStats(machine: Machine): void {
  for (const [id, { online }] of machine.nodes.entries()) if (online) foldNode(machine, id);
}

/** What the CPU has counted goes to the global part. */
export function foldNode(machine: Machine, id: NodeId): void {
  const node = nodeAt(machine, id);
  for (const stat of [node.isolatedAnon, node.isolatedFile]) {
    stat.global += stat.part;
    stat.part = 0;
  }
}

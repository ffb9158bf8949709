/** Nodes that come and go: Linux hotadd_init_pgdat(), try_offline_node(), node_states_set_node(), mm/memory_hotplug.c, v6.12. */
import type { Machine } from "./machine.ts";
import { ZoneType } from "./layout.ts";
import type { NodeState, Zone } from "./zone.ts";

export class Nodes {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  /** free_area_init_core_hotplug(): an offline node begins anew. It spans nothing then; what its span left out stays present. */
  initialise(node: NodeState): void {
    node.nrZones = 0;
    node.start = 0;
    this.m.nodeStats.reconcile(node);
  }

  setOnline(node: NodeState): void {
    node.online = true;
    this.m.zonelists.rebuild();
  }

  /** try_offline_node(): nothing spanned, no block that names it, no CPU. */
  tryOffline(node: NodeState): void {
    if (node.spanned > 0 || node.cpus || this.m.blocks.all().some((block) => block.node === node.node)) return;
    node.online = false;
    this.m.zonelists.rebuild();
  }

  /** check_for_memory(), mm/mm_init.c: memory of the zone was there at boot. */
  checkForMemory(zone: Zone): void {
    const node = this.m.zones.nodeOf(zone);
    if (zone.type <= ZoneType.Normal) node.hasNormalMemory = true;
    node.hasMemory = true;
  }

  /** node_states_set_node(): memory of the zone has come online. */
  memoryCame(zone: Zone): void {
    const node = this.m.zones.nodeOf(zone);
    if (zone.type <= ZoneType.Normal) this.setNormalMemory(node, true);
    node.hasMemory = true;
  }

  protected setNormalMemory(node: NodeState, value: boolean): void {
    node.hasNormalMemory = value;
  }

  /** node_states_clear_node(): n frames of the zone have gone, and the present counts know it. */
  memoryWent(zone: Zone): void {
    const node = this.m.zones.nodeOf(zone);
    const zones = this.m.zones.ofNode(zone.node);
    const normal = zones.filter(({ type }) => type <= ZoneType.Normal).reduce((sum, { present }) => sum + present, 0);
    const movable = this.m.zones.of(zone.node, ZoneType.Movable).present;
    if (zone.type <= ZoneType.Normal && normal <= 0) this.setNormalMemory(node, false);
    if (normal + movable <= 0) node.hasMemory = false;
  }
}

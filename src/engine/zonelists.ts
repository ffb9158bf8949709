/** The order in which zones are tried: Linux build_all_zonelists(), build_zonerefs_node(), mm/page_alloc.c, v6.12. */
import type { Machine } from "./machine.ts";
import type { NodeState, Zone } from "./zone.ts";

export class Zonelists {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  /** build_all_zonelists(): after a zone became populated or empty, or a node came online or went. */
  rebuild(): void {
    for (const node of this.m.zones.nodes) this.rebuildNode(node);
  }

  protected rebuildNode(node: NodeState): void {
    node.zonelist = this.nodesByDistance(node.node).flatMap((other) => this.m.zones.ofNode(other).filter((zone) => this.belongs(zone)).toReversed());
  }

  /** Populated, not managed: a zone whose frames all went to a balloon stays in the lists. */
  protected belongs(zone: Zone): boolean {
    return zone.isPopulated;
  }

  /** The node itself, then the others: nearest number first, the lower of two as near. */
  nodesByDistance(node: number): readonly number[] {
    return this.m.zones.nodes.map((other) => other.node).toSorted((a, b) => Math.abs(a - node) - Math.abs(b - node) || a - b);
  }
}

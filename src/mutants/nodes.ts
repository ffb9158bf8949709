/** Historic bugs of node masks, of nodes that come at run time, and of the lists of zones to try. */
import type { Add } from "../../models/index.ts";
import { Hotplug } from "../engine/hotplug.ts";
import { ZoneType } from "../engine/layout.ts";
import { Nodes } from "../engine/nodes.ts";
import { shippedParts } from "../engine/parts.ts";
import type { NodeState, Zone } from "../engine/zone.ts";
import { Zonelists } from "../engine/zonelists.ts";
import type { Mutant } from "./mutant.ts";

class OwnListOnly extends Zonelists {
  /** The lists of the other nodes are not made again when a zone of this one comes or goes. */
  protected override rebuildNode(node: NodeState): void {
    const listed = node.zonelist.filter((zone) => zone.node === node.node).length;
    const populated = this.m.zones.ofNode(node.node).filter((zone) => this.belongs(zone)).length;
    if (node.zonelist.length === 0 || listed !== populated) super.rebuildNode(node);
  }
}

export const otherZonelists: Mutant = {
  id: "B11",
  title: "mm/hotplug: correctly add new zone to all other nodes' zone lists",
  effect: "a zone that becomes populated enters the zonelist of its own node only, and other nodes never allocate from it",
  machine: "tiny",
  parts: { ...shippedParts, Zonelists: OwnListOnly },
};

class NormalMaskStays extends Nodes {
  protected override setNormalMemory(): void {
    // Only N_MEMORY follows what comes and goes.
  }
}

export const normalMask: Mutant = {
  id: "B13",
  title: "memory_hotplug: fix possible incorrect node_states[N_NORMAL_MEMORY]",
  effect: "N_NORMAL_MEMORY stays as it was at boot when kernel memory of a node comes online or goes",
  machine: "tiny",
  parts: { ...shippedParts, Nodes: NormalMaskStays },
};

class CountedBeforeOnline extends Hotplug {
  protected override initialiseNode(node: NodeState, command: Add): void {
    super.initialiseNode(node, command);
    const zone = this.m.zones.of(node.node, ZoneType.Normal);
    node.present += command.nrPages;
    zone.present += command.nrPages;
  }
}

export const newNodeCounts: Mutant = {
  id: "B14",
  title: "mem-hotplug: reset node present pages when hot-adding a new pgdat",
  effect: "memory of a node that is new counts as present as soon as it is added, and once more when it comes online",
  machine: "tiny",
  parts: { ...shippedParts, Hotplug: CountedBeforeOnline },
};

class ManagedOnly extends Zonelists {
  protected override belongs(zone: Zone): boolean {
    return zone.managed > 0;
  }
}

export const managedZonelists: Mutant = {
  id: "B49",
  title: "mm, page_alloc: fix build_zonerefs_node()",
  effect: "a zone whose frames a driver has taken, all of them, falls out of the zonelists, and stays out when they come back",
  machine: "tiny-34",
  parts: { ...shippedParts, Zonelists: ManagedOnly },
};

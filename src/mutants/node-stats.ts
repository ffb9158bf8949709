/** Historic bugs of the statistics of nodes. */
import { NodeStats } from "../engine/node-stats.ts";
import { shippedParts } from "../engine/parts.ts";
import type { NodeState } from "../engine/zone.ts";
import type { Mutant } from "./mutant.ts";

class PartsThrownAway extends NodeStats {
  override reconcile({ node }: NodeState): void {
    const { anon, file } = this.of(node);
    anon[1] = 0;
    file[1] = 0;
  }
}

export const strandedStats: Mutant = {
  id: "B17",
  title: "mm/vmstat: fold stranded per-cpu node stats when a node comes online",
  effect: "what a CPU had counted of a node is thrown away when the node comes back, so that pages count as isolated for ever",
  machine: "tiny-stats",
  parts: { ...shippedParts, NodeStats: PartsThrownAway },
};

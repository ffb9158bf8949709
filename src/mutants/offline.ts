/** Historic bugs of taking memory offline. */
import type { Command, Outcome } from "../../models/index.ts";
import { Commands } from "../engine/commands.ts";
import { Isolation } from "../engine/isolation.ts";
import { FrameCode } from "../engine/layout.ts";
import type { MemoryBlock } from "../engine/memory-blocks.ts";
import { Migration } from "../engine/migration.ts";
import { Offline } from "../engine/offline.ts";
import type { OfflineOp } from "../engine/offline.ts";
import { shippedParts } from "../engine/parts.ts";
import type { Refusal } from "../engine/result.ts";
import type { Section } from "../engine/section.ts";
import type { Mutant } from "./mutant.ts";

class FirstSectionOnly extends Offline {
  /** The pages of the other sections are as __offline_isolated_pages() left them then: reserved. */
  protected override offlineSections(op: OfflineOp): readonly Section[] {
    const [first, ...others] = super.offlineSections(op);
    for (const { start } of others) this.m.frames.fillCodes(start, start + this.m.sizes.sectionPages, FrameCode.Reserved);
    return first === undefined ? [] : [first];
  }
}

export const sectionsStayOnline: Mutant = {
  id: "B10",
  title: "mm: sections are not offlined during memory hotremove",
  effect: "of a block that goes offline only the first section loses its online mark",
  machine: "tiny",
  parts: { ...shippedParts, Offline: FirstSectionOnly },
};

class IsolatedStaysCounted extends Offline {
  protected override uncountIsolated(): void {
    // Undoing the isolation is trusted with it, and passes over what is offline already.
  }
}

export const isolatedCount: Mutant = {
  id: "B15",
  title: "mm/hotplug: fix offline undo_isolate_page_range()",
  effect: "the number of isolated pageblocks of the zone grows with every block that goes offline",
  machine: "tiny",
  parts: { ...shippedParts, Offline: IsolatedStaysCounted },
};

class AlwaysCancels extends Offline {
  protected override tellsCancel(): boolean {
    return true;
  }
}

export const cancelUntold: Mutant = {
  id: "B16",
  title: "mm/hotplug: fix notification in offline error path",
  effect: "CANCEL_OFFLINE is called where the isolation failed and nobody had been told GOING_OFFLINE",
  machine: "tiny",
  parts: { ...shippedParts, Offline: AlwaysCancels },
};

class OtherNodesOnly extends Migration {
  protected override nodesForOffline(node: number): ReadonlySet<number> {
    const others = new Set(super.nodesForOffline(node));
    others.delete(node);
    return others;
  }
}

export const onlyNode: Mutant = {
  id: "B18",
  title: "mem-hotplug: don't clear the only node in new_node_page()",
  effect: "pages of a block that goes offline may not move within their node, even if no other node has memory",
  machine: "tiny",
  parts: { ...shippedParts, Migration: OtherNodesOnly },
};

class PoisonIsInUse extends Isolation {
  protected override passesPoisoned(): boolean {
    return false;
  }
}

export const poisonBlocks: Mutant = {
  id: "B27",
  title: "memory-hotplug: skip HWPoisoned page when offlining pages",
  effect: "a poisoned frame, which is on no list, passes for one in use, and its block can never go offline",
  machine: "tiny-34",
  parts: { ...shippedParts, Isolation: PoisonIsInUse },
};

class UnlocksUntaken extends Commands {
  /** The lock counts one less than there are holders, from the first refusal on. */
  #isUnbalanced = false;

  override run(command: Command): Outcome {
    const outcome = super.run(command);
    if (command.op === "remove" && outcome.because?.kind === "block-online") this.#isUnbalanced = true;
    return outcome;
  }

  override hotplugLock(): Refusal | undefined {
    return this.#isUnbalanced ? undefined : super.hotplugLock();
  }
}

export const unpairedDone: Mutant = {
  id: "B20",
  title: "mm/memory_hotplug: fix unpaired mem_hotplug_begin/done",
  effect: "refusing to remove an online block gives up a lock that was never taken, and whoever holds it later does not keep others out",
  machine: "tiny-34",
  parts: { ...shippedParts, Commands: UnlocksUntaken },
};

class ZoneOfFirstPage extends Offline {
  override begin(block: MemoryBlock): OfflineOp | Refusal {
    const zone = this.m.frames.zone(block.start);
    const op = super.begin(block);
    return "result" in op ? op : { ...op, zone };
  }
}

export const firstPage: Mutant = {
  id: "B32",
  title: "drivers/base/memory: fix trying offlining memory blocks with memory holes on aarch64",
  effect: "the zone of a block is read from its first page before the block is tested for holes, and a block that begins with one has no such page",
  machine: "tiny-gaps",
  parts: { ...shippedParts, Offline: ZoneOfFirstPage },
};

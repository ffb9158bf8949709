/**
 * The classes that an engine is made of, one a mechanism. A variant of the engine is this table with one class replaced
 * by a subclass: its methods are the kernel's decisions, one each.
 */
import { Balloon } from "./balloon.ts";
import { BlockState } from "./block-state.ts";
import { Boot } from "./boot.ts";
import { Buddy } from "./buddy.ts";
import { Choices } from "./choices.ts";
import { Cma } from "./cma.ts";
import { Commands } from "./commands.ts";
import { Compaction } from "./compaction.ts";
import { Contig } from "./contig.ts";
import { ContigRelease } from "./contig-release.ts";
import { ContigSearch } from "./contig-search.ts";
import { Devices } from "./devices.ts";
import { Fallback } from "./fallback.ts";
import { Frames } from "./frames.ts";
import { FreeLists } from "./free-lists.ts";
import { Groups } from "./groups.ts";
import { HighAtomic } from "./high-atomic.ts";
import { Hotplug } from "./hotplug.ts";
import { Hugetlb } from "./hugetlb.ts";
import { Isolation } from "./isolation.ts";
import { LruBatches } from "./lru-batches.ts";
import { Kmem } from "./kmem.ts";
import type { Machine } from "./machine.ts";
import { Memmap } from "./memmap.ts";
import { MemoryBlocks } from "./memory-blocks.ts";
import { Migration } from "./migration.ts";
import { NodeStats } from "./node-stats.ts";
import { Nodes } from "./nodes.ts";
import { Notifier } from "./notifier.ts";
import { Offline } from "./offline.ts";
import { Online } from "./online.ts";
import { PageAlloc } from "./page-alloc.ts";
import { Pageblocks } from "./pageblocks.ts";
import { Pcp } from "./pcp.ts";
import { Pins } from "./pins.ts";
import { Poison } from "./poison.ts";
import { References } from "./references.ts";
import { Removal } from "./remove.ts";
import { Resources } from "./resources.ts";
import { Sections } from "./sections.ts";
import { Tasks } from "./tasks.ts";
import { Unmovable } from "./unmovable.ts";
import { VirtioMem } from "./virtio-mem.ts";
import { ZoneChoice } from "./zone-choice.ts";
import { Zonelists } from "./zonelists.ts";
import { Zones } from "./zones.ts";

type Part<T> = new (machine: Machine) => T;

export interface EngineParts {
  readonly Balloon: Part<Balloon>;
  readonly BlockState: Part<BlockState>;
  readonly Boot: Part<Boot>;
  readonly Buddy: Part<Buddy>;
  readonly Choices: Part<Choices>;
  readonly Cma: Part<Cma>;
  readonly Commands: Part<Commands>;
  readonly Compaction: Part<Compaction>;
  readonly Contig: Part<Contig>;
  readonly ContigRelease: Part<ContigRelease>;
  readonly ContigSearch: Part<ContigSearch>;
  readonly Devices: Part<Devices>;
  readonly Fallback: Part<Fallback>;
  readonly Frames: Part<Frames>;
  readonly FreeLists: Part<FreeLists>;
  readonly Groups: Part<Groups>;
  readonly HighAtomic: Part<HighAtomic>;
  readonly Hotplug: Part<Hotplug>;
  readonly Hugetlb: Part<Hugetlb>;
  readonly Isolation: Part<Isolation>;
  readonly LruBatches: Part<LruBatches>;
  readonly Kmem: Part<Kmem>;
  readonly Memmap: Part<Memmap>;
  readonly MemoryBlocks: Part<MemoryBlocks>;
  readonly Migration: Part<Migration>;
  readonly NodeStats: Part<NodeStats>;
  readonly Nodes: Part<Nodes>;
  readonly Notifier: Part<Notifier>;
  readonly Offline: Part<Offline>;
  readonly Online: Part<Online>;
  readonly PageAlloc: Part<PageAlloc>;
  readonly Pageblocks: Part<Pageblocks>;
  readonly Pcp: Part<Pcp>;
  readonly Pins: Part<Pins>;
  readonly Poison: Part<Poison>;
  readonly References: Part<References>;
  readonly Removal: Part<Removal>;
  readonly Resources: Part<Resources>;
  readonly Sections: Part<Sections>;
  readonly Tasks: Part<Tasks>;
  readonly Unmovable: Part<Unmovable>;
  readonly VirtioMem: Part<VirtioMem>;
  readonly ZoneChoice: Part<ZoneChoice>;
  readonly Zonelists: Part<Zonelists>;
  readonly Zones: Part<Zones>;
}

/** The engine as it ships. */
export const shippedParts: EngineParts = {
  Balloon, BlockState, Boot, Buddy, Choices, Cma, Commands, Compaction, Contig, ContigRelease, ContigSearch, Devices, Fallback, Frames, FreeLists, Groups, HighAtomic, Hotplug, Hugetlb, Isolation, LruBatches, Kmem, Memmap, MemoryBlocks, Migration, NodeStats, Nodes, Notifier, Offline, Online,
  PageAlloc, Pageblocks, Pcp, Pins, Poison, References, Removal, Resources, Sections, Tasks, Unmovable, VirtioMem, ZoneChoice, Zonelists, Zones,
};

/**
 * The machine: its parts, and the few numbers that are nobody's.
 *
 * Every mechanism is a part with a reference to the machine, and reaches the others through it. Parts are made from a
 * table of classes (parts.ts), so that a variant of the engine replaces a class and nothing else.
 */
import type { Geometry, MachineDescription, Profile } from "../../models/index.ts";
import { earlySections, zoneTypes } from "../../models/index.ts";
import { Allocations } from "./allocations.ts";
import type { Balloon } from "./balloon.ts";
import type { BlockState } from "./block-state.ts";
import type { Buddy } from "./buddy.ts";
import type { Choices } from "./choices.ts";
import type { Cma } from "./cma.ts";
import type { Commands } from "./commands.ts";
import { ContigAllocations } from "./contig-allocations.ts";
import type { Compaction } from "./compaction.ts";
import type { Contig } from "./contig.ts";
import type { ContigRelease } from "./contig-release.ts";
import type { ContigSearch } from "./contig-search.ts";
import type { Devices } from "./devices.ts";
import type { Fallback } from "./fallback.ts";
import { Faults } from "./faults.ts";
import type { Frames } from "./frames.ts";
import type { FreeLists } from "./free-lists.ts";
import type { Groups } from "./groups.ts";
import type { HighAtomic } from "./high-atomic.ts";
import type { Hotplug } from "./hotplug.ts";
import type { Hugetlb } from "./hugetlb.ts";
import type { Isolation } from "./isolation.ts";
import type { Kmem } from "./kmem.ts";
import { zonesPerNode } from "./layout.ts";
import { Log } from "./log.ts";
import type { LruBatches } from "./lru-batches.ts";
import type { Memmap } from "./memmap.ts";
import type { MemoryBlocks } from "./memory-blocks.ts";
import type { Migration } from "./migration.ts";
import type { NodeStats } from "./node-stats.ts";
import type { Nodes } from "./nodes.ts";
import type { Notifier } from "./notifier.ts";
import type { Offline } from "./offline.ts";
import type { Online } from "./online.ts";
import type { PageAlloc } from "./page-alloc.ts";
import type { Pageblocks } from "./pageblocks.ts";
import type { EngineParts } from "./parts.ts";
import type { Pcp } from "./pcp.ts";
import type { Pins } from "./pins.ts";
import type { Poison } from "./poison.ts";
import { Quirks } from "./quirks.ts";
import type { References } from "./references.ts";
import type { Removal } from "./remove.ts";
import type { Resources } from "./resources.ts";
import { broken } from "./result.ts";
import type { Sections } from "./sections.ts";
import { Settings } from "./settings.ts";
import { sizesOf } from "./sizes.ts";
import type { Sizes } from "./sizes.ts";
import type { Tasks } from "./tasks.ts";
import type { Unmovable } from "./unmovable.ts";
import type { Zone } from "./zone.ts";
import type { ZoneChoice } from "./zone-choice.ts";
import type { VirtioMem } from "./virtio-mem.ts";
import type { Zonelists } from "./zonelists.ts";
import type { Zones } from "./zones.ts";

export interface Totals {
  totalram: number;
  nrMemmapPages: number;
  nrMemmapBootPages: number;
  numPoisoned: number;
  maxPfn: number;
}

export class Machine {
  readonly description: MachineDescription;
  readonly geometry: Geometry;
  readonly sizes: Sizes;
  readonly nrZones: number;
  /** Numbers of the sections that hold boot memory, ascending. */
  readonly bootSections: readonly number[];
  readonly quirks: Quirks;
  readonly totals: Totals = { totalram: 0, nrMemmapPages: 0, nrMemmapBootPages: 0, numPoisoned: 0, maxPfn: 0 };
  readonly settings: Settings;
  readonly faults: Faults = new Faults();
  readonly resources: Resources;
  readonly log: Log = new Log();
  readonly allocations: Allocations = new Allocations();
  readonly contigs: ContigAllocations = new ContigAllocations();
  readonly sections: Sections;
  readonly lists: FreeLists;
  readonly pageblocks: Pageblocks;
  readonly zones: Zones;
  readonly zonelists: Zonelists;
  readonly nodes: Nodes;
  readonly nodeStats: NodeStats;
  readonly frames: Frames;
  readonly buddy: Buddy;
  readonly fallback: Fallback;
  readonly pcp: Pcp;
  readonly pageAlloc: PageAlloc;
  readonly highAtomic: HighAtomic;
  readonly unmovable: Unmovable;
  readonly isolation: Isolation;
  readonly migration: Migration;
  readonly compaction: Compaction;
  readonly contig: Contig;
  readonly contigSearch: ContigSearch;
  readonly contigRelease: ContigRelease;
  readonly cma: Cma;
  readonly references: References;
  readonly lruBatches: LruBatches;
  readonly balloon: Balloon;
  readonly pins: Pins;
  readonly poison: Poison;
  readonly blocks: MemoryBlocks;
  readonly groups: Groups;
  readonly zoneChoice: ZoneChoice;
  readonly memmap: Memmap;
  readonly notifier: Notifier;
  readonly hotplug: Hotplug;
  readonly hugetlb: Hugetlb;
  readonly kmem: Kmem;
  readonly virtioMem: VirtioMem;
  readonly removal: Removal;
  readonly online: Online;
  readonly offline: Offline;
  readonly blockState: BlockState;
  readonly devices: Devices;
  readonly tasks: Tasks;
  readonly commands: Commands;
  /** Who takes the decisions that are left open: this machine, or an outcome that it follows. */
  choices: Choices;

  constructor(description: MachineDescription, profile: Profile, parts: EngineParts) {
    this.description = description;
    this.geometry = description.geometry;
    this.sizes = sizesOf(description.geometry);
    this.bootSections = earlySections(description);
    this.nrZones = description.nodes.length * zonesPerNode;
    this.quirks = new Quirks(profile);
    this.settings = new Settings(description);
    this.resources = new parts.Resources(this);
    this.sections = new parts.Sections(this);
    this.lists = new parts.FreeLists(this);
    this.pageblocks = new parts.Pageblocks(this);
    this.zones = new parts.Zones(this);
    this.zonelists = new parts.Zonelists(this);
    this.nodes = new parts.Nodes(this);
    this.nodeStats = new parts.NodeStats(this);
    this.frames = new parts.Frames(this);
    this.buddy = new parts.Buddy(this);
    this.fallback = new parts.Fallback(this);
    this.pcp = new parts.Pcp(this);
    this.pageAlloc = new parts.PageAlloc(this);
    this.highAtomic = new parts.HighAtomic(this);
    this.unmovable = new parts.Unmovable(this);
    this.isolation = new parts.Isolation(this);
    this.migration = new parts.Migration(this);
    this.compaction = new parts.Compaction(this);
    this.contig = new parts.Contig(this);
    this.contigSearch = new parts.ContigSearch(this);
    this.contigRelease = new parts.ContigRelease(this);
    this.cma = new parts.Cma(this);
    this.references = new parts.References(this);
    this.lruBatches = new parts.LruBatches(this);
    this.balloon = new parts.Balloon(this);
    this.pins = new parts.Pins(this);
    this.poison = new parts.Poison(this);
    this.blocks = new parts.MemoryBlocks(this);
    this.groups = new parts.Groups(this);
    this.zoneChoice = new parts.ZoneChoice(this);
    this.memmap = new parts.Memmap(this);
    this.notifier = new parts.Notifier(this);
    this.hotplug = new parts.Hotplug(this);
    this.hugetlb = new parts.Hugetlb(this);
    this.kmem = new parts.Kmem(this);
    this.virtioMem = new parts.VirtioMem(this);
    this.removal = new parts.Removal(this);
    this.online = new parts.Online(this);
    this.offline = new parts.Offline(this);
    this.blockState = new parts.BlockState(this);
    this.devices = new parts.Devices(this);
    this.tasks = new parts.Tasks(this);
    this.commands = new parts.Commands(this);
    this.choices = new parts.Choices(this);
    new parts.Boot(this).run();
  }

  /** The zone's name in /proc/zoneinfo. */
  zoneName(zone: Zone): string {
    const name = zoneTypes[zone.type];
    if (name === undefined) throw broken(`zone ${zone.index} has no type`);
    return name;
  }
}

/**
 * What is known while a record is played: the subject, what the test holds, what the record told of the kernel's own doing.
 */
import { FrameUse, NONE, rangeContains, toPfn, zoneTypes } from "../../models/index.ts";
import type { Alloc, AllocId, Command, Errno, Fact, FrameTable, GroupId, MachineDescription, NotifierCall, Outcome, PageKind, Pfn, PfnRange, Subject, TaskId, TokenId, Verdict, VetoableEvent, View, ZoneIndex, ZoneView } from "../../models/index.ts";
import type { FidelityRecord } from "./record.ts";

/** A DIMM that is plugged. `added`: add_memory() took it. */
export interface Dimm {
  readonly range: PfnRange;
  readonly group: GroupId;
  readonly added: boolean;
}

/** Memory that a process of the test has mapped: its pages in order. */
export interface Mapping {
  readonly kind: PageKind;
  readonly order: number;
  /** Changes where a hugetlb page takes the place of another. */
  readonly pages: AllocId[];
}

/** The pools of hugetlb pages: 2 MiB ones, and those of 1 GiB by first frame. */
export interface HugePool {
  readonly free: AllocId[];
  /** Pages that processes use. */
  used: number;
  reserved: number;
  overcommit: number;
  /** How many there are to be, from the last write: what is above is surplus. */
  persistent: number;
  readonly gigantic: Map<number, AllocId>;
}

function newPool(): HugePool {
  return { free: [], used: 0, reserved: 0, overcommit: 0, persistent: 0, gigantic: new Map() };
}

export interface World {
  readonly record: FidelityRecord;
  readonly machine: MachineDescription;
  /** The step that is played. */
  step: number;
  /** Runs a command; the notifier's calls are kept. */
  readonly run: (command: Command) => Outcome;
  /** Tells the subject what the kernel chose. */
  readonly tell: (command: Command, outcome: Outcome) => Verdict;
  /** Facts as they are now; made once between commands. */
  readonly see: <F extends Fact>(fact: F) => NonNullable<View[F]>;
  readonly nextLabel: () => number;
  /** Free pages that were missing of the prediction when a zone was looked at first. */
  readonly firstLook: Map<ZoneIndex, number>;
  /** Notifier calls since they were last asked for. */
  events: NotifierCall[];
  /** Zones whose per-CPU lists may hold frames: something was allocated or freed there since they were last drained. */
  readonly undrained: Set<ZoneIndex>;
  readonly dimms: Map<string, Dimm>;
  readonly mappings: Map<string, Mapping>;
  /** Blocks that the kernel module holds, by first frame. */
  readonly held: Map<number, readonly AllocId[]>;
  readonly tokens: Map<string, TokenId>;
  /** What notifiers refuse until they are told otherwise. */
  readonly vetoes: Map<VetoableEvent, Errno>;
  /** Refusals that no call has met yet: the next one will. */
  readonly armed: Set<VetoableEvent>;
  /** Labels of memory groups by the number that the kernel gave. */
  readonly groups: Map<number, GroupId>;
  /** Settings outside the model, by file. */
  readonly settings: Map<string, string>;
  /** Pages moved since boot: base pages, and large folios. */
  readonly moved: { pages: number; folios: number };
  readonly pool: HugePool;
  /** Frames that the module holds and has marked PageOffline: the zone still manages them. */
  readonly markedOffline: Set<number>;
  /** What the kernel module allocated in the last step, if it did. */
  lastAlloc: Alloc | null;
  /** The half-done write in the background, or how it ended. */
  background: { readonly task: TaskId; ended: Outcome | null } | null;
}

export function createWorld(record: FidelityRecord, machine: MachineDescription, subject: Subject): World {
  let label = 0;
  const seen = new Map<Fact, NonNullable<View[Fact]>>();
  const world: World = {
    record,
    machine,
    step: 0,
    run: (command) => {
      seen.clear();
      const outcome = subject.apply(command);
      world.events.push(...(outcome.events ?? []));
      return outcome;
    },
    tell: (command, outcome) => {
      seen.clear();
      return subject.follow(command, outcome);
    },
    see: (fact) => {
      const known = seen.get(fact) ?? subject.view([fact])[fact];
      if (known === undefined) throw new Error(`the subject shows no ${fact}`);
      seen.set(fact, known);
      // The map holds each fact under its own name.
      return known as NonNullable<View[typeof fact]>;
    },
    nextLabel: () => ++label,
    firstLook: new Map(),
    events: [],
    undrained: new Set(),
    dimms: new Map(),
    mappings: new Map(),
    held: new Map(),
    tokens: new Map(),
    vetoes: new Map(),
    armed: new Set(),
    pool: newPool(),
    markedOffline: new Set(),
    lastAlloc: null,
    groups: new Map(),
    settings: new Map(),
    moved: { pages: 0, folios: 0 },
    background: null,
  };
  return world;
}

/** Bytes to frames. */
export function frames(world: World, bytes: number): number {
  return bytes / world.machine.geometry.pageBytes;
}

export function zoneName(zone: { readonly node: number; readonly type: string }): string {
  return `${zone.node}:${zone.type}`;
}

export function zoneNamed(world: World, node: number, type: string): ZoneIndex | undefined {
  const at = zoneTypes.findIndex((name) => name === type);
  return at === -1 || node >= world.machine.nodes.length ? undefined : node * zoneTypes.length + at;
}

export function zoneView(world: World, index: ZoneIndex): ZoneView | undefined {
  return world.see("zones")[index];
}

/**
 * Only the test allocates in this zone: its node has no processor, and no memory of the zone was there at boot. Everywhere
 * else the kernel and its processes come and go by themselves.
 */
export function isQuiet(world: World, index: ZoneIndex): boolean {
  const zone = zoneView(world, index);
  return zone !== undefined && world.machine.nodes[zone.node]?.cpus === false && (zone.presentEarly ?? 0) === 0;
}

/** What each frame is, by its number. */
export function frameReader(table: FrameTable): (pfn: number) => { readonly use: number; readonly flags: number; readonly zone: number; readonly order: number } {
  const starts: number[] = [];
  let total = 0;
  for (const { nrPages } of table.ranges) {
    starts.push(total);
    total += nrPages;
  }
  const nowhere = { use: FrameUse.Absent, flags: 0, zone: NONE, order: NONE };
  return (pfn) => {
    const at = table.ranges.findIndex((range) => rangeContains(range, toPfn(pfn)));
    const range = table.ranges[at];
    if (range === undefined) return nowhere;
    const index = (starts[at] ?? 0) + pfn - range.start;
    return { use: table.use[index] ?? 0, flags: table.flags[index] ?? 0, zone: table.zone[index] ?? NONE, order: table.order[index] ?? NONE };
  };
}

/** The first frame of each page of a mapping, where it still is. */
export function placesOf(world: World, pages: readonly AllocId[]): readonly (Pfn | undefined)[] {
  const starts = new Map(world.see("allocations").map(({ id, ranges }) => [id, ranges[0]?.start] as const));
  return pages.map((id) => starts.get(id));
}

/**
 * What a walk can see now: one view, and what follows from it, worked out only where somebody asks.
 *
 * A fact that a view does not show is taken as empty: the walk then makes fewer kinds of commands, and never a wrong one.
 */
import { FrameFlag, FrameUse, NONE, rangeContains, rangeEnd, rangesOverlap, toBlockId, toPfn } from "../../models/index.ts";
import type {
  AllocationView, BlockId, BlockView, CmaAreaView, DeviceView, FreeBlockView, GroupView, HugePoolView, IsolationView, KmemView, NodeId, PageblockView, Pfn, PfnRange, SectionView, TaskView, View, ZoneIndex, ZoneView,
} from "../../models/index.ts";
import { isFreeHugePage, isMovableNow } from "./allocation.ts";
import type { Draw } from "./draw.ts";
import type { World } from "./world.ts";

/** At most this many frames are looked at one by one for one command. */
const maxScan = 4096;

/** What keeps a block online for good, and what may go away. */
const usesForGood: readonly FrameUse[] = [FrameUse.Hole, FrameUse.Absent, FrameUse.Reserved, FrameUse.Device, FrameUse.Limbo];
const usesInTheWay: readonly FrameUse[] = [FrameUse.Memmap];

export class Situation {
  readonly world: World;
  #view: View;
  #managed = -1;
  #free = 0;

  constructor(world: World) {
    this.world = world;
    this.#view = { geometry: world.geometry };
  }

  /** Takes a new view. */
  look(view: View): void {
    this.#view = view;
    this.#managed = -1;
  }

  get zones(): readonly ZoneView[] {
    return this.#view.zones ?? [];
  }
  get blocks(): readonly BlockView[] {
    return this.#view.blocks ?? [];
  }
  get sections(): readonly SectionView[] {
    return this.#view.sections ?? [];
  }
  get pageblocks(): readonly PageblockView[] {
    return this.#view.pageblocks ?? [];
  }
  get freeBlocks(): readonly FreeBlockView[] {
    return this.#view.freeBlocks ?? [];
  }
  get pcp(): readonly FreeBlockView[] {
    return this.#view.pcp ?? [];
  }
  get allocations(): readonly AllocationView[] {
    return this.#view.allocations ?? [];
  }
  get isolations(): readonly IsolationView[] {
    return this.#view.isolations ?? [];
  }
  get tasks(): readonly TaskView[] {
    return this.#view.tasks ?? [];
  }
  get cma(): readonly CmaAreaView[] {
    return this.#view.cma ?? [];
  }
  get hugePools(): readonly HugePoolView[] {
    return this.#view.hugePools ?? [];
  }
  get groups(): readonly GroupView[] {
    return this.#view.groups ?? [];
  }
  get devices(): readonly DeviceView[] {
    return this.#view.devices ?? [];
  }

  get kmem(): readonly KmemView[] {
    return this.#view.kmem ?? [];
  }

  get nrPoisoned(): number {
    return this.#view.totals?.numPoisoned ?? 0;
  }

  /** An online or offline task is half done, so that no other hotplug operation can begin. */
  get hotplugBusy(): boolean {
    return this.tasks.some(({ op }) => op !== "alloc-contig");
  }

  isNodeOnline(node: NodeId): boolean {
    return this.#view.nodes?.[node]?.online ?? false;
  }

  block(id: BlockId): BlockView | undefined {
    return this.blocks.find(({ block }) => block === id);
  }

  allocation(id: number): AllocationView | undefined {
    return this.allocations.find((allocation) => allocation.id === id);
  }

  blockOf(pfn: Pfn): BlockId {
    return toBlockId(Math.floor(pfn / this.world.block));
  }

  blockRange(id: BlockId): PfnRange {
    return { start: toPfn(id * this.world.block), nrPages: this.world.block };
  }

  /** Frames that the allocators of all zones manage, and how many of them are free: percent in use. */
  get percentUsed(): number {
    if (this.#managed < 0) {
      this.#managed = 0;
      this.#free = 0;
      for (const zone of this.zones) {
        this.#managed += zone.managed;
        this.#free += zone.nrFree ?? 0;
      }
    }
    return this.#managed === 0 ? 100 : Math.floor(((this.#managed - this.#free) * 100) / this.#managed);
  }

  /** Free frames that a kernel request can have. */
  get nrFreeKernel(): number {
    let free = 0;
    for (const zone of this.zones) {
      if (zone.type !== "Movable") free += (zone.nrFree ?? 0) - (zone.nrFreeCma ?? 0);
    }
    return free;
  }

  /** The largest order that some free block has; -1: nothing is free. */
  get largestFreeOrder(): number {
    let largest = -1;
    for (const { nrFreeBlocks } of this.zones) {
      if (nrFreeBlocks === undefined) continue;
      for (let order = nrFreeBlocks.length - 1; order > largest; order--) {
        if ((nrFreeBlocks[order] ?? 0) > 0) largest = order;
      }
    }
    return largest;
  }

  /** The largest order of a free block that a kernel request can have; -1: there is none. */
  get largestKernelOrder(): number {
    let largest = -1;
    for (const { order, type, zone } of this.freeBlocks) {
      if (order > largest && type !== "CMA" && type !== "Isolate" && this.zones[zone]?.type !== "Movable") largest = order;
    }
    return largest;
  }

  /** Where a frame stands in the columns of the frame table, or -1. */
  frameIndex(pfn: number): number {
    let base = 0;
    for (const range of this.#view.frames?.ranges ?? []) {
      if (pfn < range.start) return -1;
      if (pfn < range.start + range.nrPages) return base + (pfn - range.start);
      base += range.nrPages;
    }
    return -1;
  }

  use(pfn: number): FrameUse {
    const index = this.frameIndex(pfn);
    return index < 0 ? FrameUse.Unknown : ((this.#view.frames?.use[index] ?? FrameUse.Unknown) as FrameUse);
  }

  /** Some frame of a range has one of these uses. A range that is not there has none. */
  hasUse(range: PfnRange, uses: readonly FrameUse[]): boolean {
    const first = this.frameIndex(range.start);
    const column = first < 0 ? undefined : this.#view.frames?.use.subarray(first, first + range.nrPages);
    return column !== undefined && uses.some((use) => column.includes(use));
  }

  hasFlag(pfn: number, flag: number): boolean {
    const flags = this.#view.frames?.flags[this.frameIndex(pfn)] ?? 0;
    return flags % (2 * flag) >= flag;
  }

  isOnline(pfn: number): boolean {
    return this.hasFlag(pfn, FrameFlag.Online);
  }

  zone(pfn: number): ZoneIndex {
    const index = this.frameIndex(pfn);
    return index < 0 ? NONE : (this.#view.frames?.zone[index] ?? NONE);
  }

  zoneView(pfn: number): ZoneView | undefined {
    return this.zones[this.zone(pfn)];
  }

  pageblockStart(pfn: number): Pfn {
    return toPfn(pfn - (pfn % this.world.pageblock));
  }

  /** The pageblock around a frame, if it is online. */
  pageblock(pfn: number): PageblockView | undefined {
    const start = this.pageblockStart(pfn);
    const { pageblocks } = this;
    let low = 0;
    let high = pageblocks.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((pageblocks[middle]?.start ?? 0) < start) low = middle + 1;
      else high = middle;
    }
    const found = pageblocks[low];
    return found?.start === start ? found : undefined;
  }

  isIsolated(pfn: number): boolean {
    return this.pageblock(pfn)?.type === "Isolate";
  }

  /** The pageblock is online, not isolated, and every frame in it is free or could be moved away. */
  isMovablePageblock(start: Pfn): boolean {
    const frames = this.#view.frames;
    const first = this.frameIndex(start);
    if (frames === undefined || first < 0 || this.isIsolated(start)) return false;
    for (let n = 0; n < this.world.pageblock; n++) {
      const use = frames.use[first + n];
      if (use === FrameUse.Free) {
        const order = frames.order[first + n] ?? NONE;
        if (order !== NONE) n += 2 ** order - 1;
      } else if (use !== FrameUse.Pcp && !(use === FrameUse.Allocated && (frames.flags[first + n] ?? 0) % (2 * FrameFlag.Movable) >= FrameFlag.Movable)) return false;
    }
    return true;
  }

  /** The block could go offline, once what is in the way now is gone. */
  mayGoOffline({ block, state, zone, boot }: BlockView): boolean {
    const { description } = this.world;
    if (state !== "online" || zone === null || (boot === true && description.arch === "arm64")) return false;
    const range = this.blockRange(block);
    return !description.cma.some(({ base, nrPages }) => rangesOverlap({ start: base, nrPages }, range)) && !this.hasUse(range, usesForGood);
  }

  /** Nothing that can be seen keeps the block from going offline now. */
  looksOfflineable(block: BlockView): boolean {
    if (!this.mayGoOffline(block)) return false;
    const range = this.blockRange(block.block);
    return !this.hasUse(range, usesInTheWay) && !this.allocations.some((allocation) => !isMovableNow(allocation) && !isFreeHugePage(allocation) && allocation.ranges.some((taken) => rangesOverlap(taken, range)));
  }

  /** How many frames from this one on are online pages of one zone, at most `limit`. */
  runInZone(pfn: number, limit: number): number {
    const frames = this.#view.frames;
    const first = this.frameIndex(pfn);
    const range = frames?.ranges.find((candidate) => rangeContains(candidate, toPfn(pfn)));
    if (frames === undefined || range === undefined) return 0;
    const zone = frames.zone[first];
    const most = Math.min(limit, rangeEnd(range) - pfn);
    const scanned = Math.min(most, maxScan);
    let length = 0;
    while (length < scanned && frames.zone[first + length] === zone && (frames.flags[first + length] ?? 0) % (2 * FrameFlag.Online) >= FrameFlag.Online) length++;
    // A range too long to look at is taken to be uniform if its last frame is: at worst the command is skipped.
    return length === maxScan && this.zone(pfn + most - 1) === zone ? most : length;
  }

  /** A frame with this use, from anywhere in the table on. */
  frameOfUse(draw: Draw, use: FrameUse): Pfn | undefined {
    const frames = this.#view.frames;
    if (frames === undefined || frames.use.length === 0) return undefined;
    const from = draw.below(frames.use.length);
    const behind = frames.use.indexOf(use, from);
    const index = behind >= 0 ? behind : frames.use.indexOf(use);
    return index < 0 ? undefined : this.#frameAt(index);
  }

  /** How many frames from this one on have its use, at most `limit`. */
  runOfUse(pfn: Pfn, limit: number): number {
    const use = this.use(pfn);
    let length = 1;
    while (length < limit && length < maxScan && this.use(pfn + length) === use) length++;
    return length;
  }

  #frameAt(index: number): Pfn | undefined {
    let left = index;
    for (const range of this.#view.frames?.ranges ?? []) {
      if (left < range.nrPages) return toPfn(range.start + left);
      left -= range.nrPages;
    }
    return undefined;
  }
}

/**
 * Bringing a block's frames to a zone and to the buddy: Linux memory_block_online(), drivers/base/memory.c;
 * online_pages(), online_pages_range(), mhp_init_memmap_on_memory(), mhp_deinit_memmap_on_memory(), mm/memory_hotplug.c, v6.12.
 */
import { FrameCode, Type, noZone, orderPages } from "./layout.ts";
import type { Machine } from "./machine.ts";
import type { MemoryBlock } from "./memory-blocks.ts";
import { refused } from "./result.ts";
import type { Refusal } from "./result.ts";
import { forgetFrames } from "./section.ts";
import type { Section } from "./section.ts";
import type { Zone } from "./zone.ts";

/** An online that has got past its notifiers. */
export interface OnlineOp {
  readonly block: MemoryBlock;
  readonly zone: Zone;
  /** The frames that go to the buddy: the block without its own memmap. */
  readonly start: number;
  readonly nrPages: number;
}

/** What a vetoed online has to leave as it was, without EX-6. */
interface Spans {
  readonly zone: readonly [start: number, spanned: number, contiguous: boolean];
  readonly node: readonly [start: number, spanned: number, nrZones: number];
}

export class Online {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  /** Tests, PREPARE_ONLINE, spans, GOING_ONLINE. */
  begin(block: MemoryBlock, zone: Zone): OnlineOp | Refusal {
    const { blockPages } = this.m.sizes;
    if (this.refusesPoison() && block.nrHwpoison > 0) return refused("EHWPOISON", "block-has-poison", { block: block.id });
    const prepared = this.m.notifier.call("PREPARE_ONLINE", block.start + block.selfHosted, blockPages - block.selfHosted);
    if (prepared !== undefined) return refused(prepared, "veto", { block: block.id });
    const op: OnlineOp = { block, zone, start: block.start + block.selfHosted, nrPages: blockPages - block.selfHosted };
    const before = this.#spansOf(zone);
    for (const section of this.m.sections.table.between(block.start, block.start + blockPages)) this.linkSection(section, zone);
    if (block.selfHosted > 0) this.initMemmap(op);
    this.m.zones.growSpan(zone, op.start, op.nrPages);
    const vetoed = this.m.notifier.call("GOING_ONLINE", op.start, op.nrPages);
    if (vetoed === undefined) return op;
    this.#cancel(op, before);
    return refused(vetoed, "veto", { block: block.id });
  }

  protected refusesPoison(): boolean {
    return true;
  }

  /** The pages of a hotplugged section all link to one zone. */
  protected linkSection(section: Section, zone: Zone): void {
    section.zone = zone.index;
    section.zones = null;
  }

  /** mhp_init_memmap_on_memory(): the block's own memmap joins the zone, and the sections that it fills go online. */
  protected initMemmap({ block, zone }: OnlineOp): void {
    const { sectionPages } = this.m.sizes;
    this.m.zones.growSpan(zone, block.start, block.selfHosted);
    const end = block.start + block.selfHosted;
    for (const section of this.m.sections.table.between(block.start, end)) {
      if (section.start + sectionPages > end) continue;
      this.m.pageblocks.setAll(section, Type.Unmovable);
      section.frames = new Uint8Array(sectionPages).fill(FrameCode.SelfHosted);
      section.online = true;
      this.m.zones.noteSection(section);
    }
  }

  /** mhp_deinit_memmap_on_memory(). */
  deinitMemmap(block: MemoryBlock, zone: Zone): void {
    const { sectionPages } = this.m.sizes;
    const end = block.start + block.selfHosted;
    for (const section of this.m.sections.table.between(block.start, end)) {
      if (section.start + sectionPages <= end) this.takeOffline(section);
    }
    this.m.zones.removeRange(zone, block.start, block.selfHosted);
  }

  /** offline_mem_sections(), for one section: nobody knows its frames any more. */
  takeOffline(section: Section): void {
    section.online = false;
    forgetFrames(section);
    this.m.zones.noteSection(section);
  }

  #cancel(op: OnlineOp, before: Spans): void {
    this.m.notifier.call("CANCEL_ONLINE", op.start, op.nrPages);
    this.m.zones.removeRange(op.zone, op.start, op.nrPages);
    if (op.block.selfHosted > 0) this.deinitMemmap(op.block, op.zone);
    for (const section of this.m.sections.table.between(op.block.start, op.block.start + this.m.sizes.blockPages)) section.zone = noZone;
    this.restoreSpans(op.zone, before);
    this.m.notifier.call("FINISH_OFFLINE", op.start, op.nrPages);
  }

  #spansOf(zone: Zone): Spans {
    const node = this.m.zones.nodeOf(zone);
    return { zone: [zone.start, zone.spanned, zone.contiguous], node: [node.start, node.spanned, node.nrZones] };
  }

  /** Linux leaves what shrinking made of them (EX-6). */
  protected restoreSpans(zone: Zone, before: Spans): void {
    const node = this.m.zones.nodeOf(zone);
    const after = this.#spansOf(zone);
    const differs = before.zone.some((value, at) => value !== after.zone[at]) || before.node.some((value, at) => value !== after.node[at]);
    if (!differs || this.m.quirks.applies("EX-6")) return;
    [zone.start, zone.spanned, zone.contiguous] = before.zone;
    [node.start, node.spanned, node.nrZones] = before.node;
  }

  /** Everything else: frames to the buddy, counts, masks, undoing the isolation, ONLINE. Nothing can fail any more. */
  finish(op: OnlineOp): void {
    const { block, zone } = op;
    const wasPopulated = zone.isPopulated;
    this.onlinePagesRange(op);
    this.m.zones.adjustManaged(zone, op.nrPages);
    this.m.zones.adjustPresent(op.start, block.group, op.nrPages);
    this.m.nodes.memoryCame(zone);
    if (!wasPopulated) this.m.zonelists.rebuild();
    this.undoIsolation(op);
    this.m.notifier.call("ONLINE", op.start, op.nrPages);
    if (block.selfHosted > 0) this.m.zones.adjustPresent(block.start, block.group, block.selfHosted);
    block.zone = zone;
  }

  /** online_pages_range(): the frames are free and isolated, the sections online. */
  protected onlinePagesRange(op: OnlineOp): void {
    for (const section of this.m.sections.table.between(op.start, op.start + op.nrPages)) {
      section.online = true;
      this.m.zones.noteSection(section);
      if (section.start >= op.start) this.#freeWhole(section, op.zone);
      else this.#freeRest(section, op);
    }
  }

  #freeWhole(section: Section, zone: Zone): void {
    const { sectionPages, sectionPageblocks } = this.m.sizes;
    forgetFrames(section);
    this.m.pageblocks.setAll(section, this.migratetypeWhileOnlining());
    this.m.lists.addUntouched(section);
    this.m.buddy.account(zone, sectionPages, section.type);
    if (section.type === Type.Isolate) zone.nrIsolatePageblock += sectionPageblocks;
  }

  /** A section whose first frames host the block's memmap. */
  #freeRest(section: Section, op: OnlineOp): void {
    const { sectionPages, pageblockPages, maxOrder } = this.m.sizes;
    const first = op.start - section.start;
    forgetFrames(section);
    this.m.pageblocks.setAll(section, Type.Unmovable);
    section.frames = new Uint8Array(sectionPages).fill(FrameCode.SelfHosted, 0, first);
    for (let offset = first; offset < sectionPages; offset += pageblockPages) this.m.pageblocks.setType(section, offset, this.migratetypeWhileOnlining());
    op.zone.nrIsolatePageblock += section.nrIsolated;
    for (let offset = first; offset < sectionPages; ) {
      let order = maxOrder;
      while ((section.start + offset) % orderPages(order) !== 0) order--;
      this.m.buddy.freeBlock(section.start + offset, order);
      offset += orderPages(order);
    }
  }

  /** Isolated, so that nobody gets a frame before the block is online. */
  protected migratetypeWhileOnlining(): number {
    return Type.Isolate;
  }

  /** undo_isolate_page_range() to Movable. */
  protected undoIsolation(op: OnlineOp): void {
    for (const section of this.m.sections.table.between(op.start, op.start + op.nrPages)) {
      if (section.frames === null) {
        if (section.type === Type.Isolate) this.m.isolation.unsetUntouched(section, Type.Movable);
        continue;
      }
      for (let offset = Math.max(0, op.start - section.start); offset < this.m.sizes.sectionPages; offset += this.m.sizes.pageblockPages) this.m.isolation.unset(section, offset, Type.Movable);
    }
  }
}

/**
 * Isolation of pageblocks: nothing in an isolated pageblock is given to anybody.
 *
 * Linux mm/page_isolation.c (start_isolate_page_range(), isolate_single_pageblock(), set_migratetype_isolate(),
 * unset_migratetype_isolate(), undo_isolate_page_range(), test_pages_isolated()) and move_freepages_block_isolate() in
 * mm/page_alloc.c, v6.12. Books say who isolated what; Linux keeps none, and clears what it finds (KD-2).
 */
import type { IsolationMode, SwitchId } from "../../models/index.ts";
import { FrameCode, Type, byteAt, isFree, orderOf, orderPages } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { isPoisoned, zoneAt } from "./section.ts";
import type { Section } from "./section.ts";
import type { Zone } from "./zone.ts";

/** The pageblocks that one owner has isolated and not undone, and for what. */
export interface Book {
  readonly mode: IsolationMode;
  /** The switch that makes undoing forget the types. */
  readonly forgets: Extract<SwitchId, "KD-4" | "EX-7">;
  readonly pageblocks: Set<number>;
}

export function newBook(mode: IsolationMode, forgets: Book["forgets"] = "KD-4"): Book {
  return { mode, forgets, pageblocks: new Set() };
}

export class Isolation {
  protected readonly m: Machine;
  /** Books of the `isolate` command, by token. */
  readonly tokens: Map<number, Book> = new Map();

  constructor(machine: Machine) {
    this.m = machine;
  }

  /** start_isolate_page_range(): first pageblock, last pageblock, then the inner ones. False: undone again, -EBUSY. */
  startRange(start: number, nrPages: number, book: Book): boolean {
    const { pageblockPages } = this.m.sizes;
    const around = this.m.pageblocks.around(start, nrPages);
    const last = around.end - pageblockPages;
    if (!this.isolateFirst(around.start, book)) return false;
    if (!this.isolateLast(last, around.start === last, book)) {
      this.#giveUp(around.start, book);
      return false;
    }
    for (let pageblock = around.start + pageblockPages; pageblock < last; pageblock += pageblockPages) {
      if (this.setIsolate(pageblock, book)) continue;
      for (let done = around.start; done < pageblock; done += pageblockPages) this.#giveUp(done, book);
      this.#giveUp(last, book);
      return false;
    }
    return true;
  }

  /** isolate_single_pageblock() behind the border. The look back reaches to the start of the MAX_PAGE_ORDER chunk only. */
  protected isolateFirst(pageblock: number, book: Book): boolean {
    if (!this.setIsolate(pageblock, book)) return false;
    const looks = pageblock % this.m.sizes.maxOrderPages !== 0 && this.m.sections.isOnline(pageblock - 1);
    if (!looks || !this.m.frames.isCrossed(pageblock)) return true;
    this.#giveUp(pageblock, book);
    return false;
  }

  /** isolate_single_pageblock() before the border; a pageblock that is the first one too is isolated already. */
  protected isolateLast(pageblock: number, isFirst: boolean, book: Book): boolean {
    const border = pageblock + this.m.sizes.pageblockPages;
    if (!isFirst && !this.setIsolate(pageblock, book)) return false;
    if (!this.m.sections.isOnline(border) || !this.m.frames.isCrossed(border)) return true;
    if (!isFirst) this.#giveUp(pageblock, book);
    return false;
  }

  /** Undoes a pageblock of a range isolation that fails. */
  #giveUp(pageblock: number, book: Book): void {
    const section = this.m.frames.section(pageblock);
    this.unset(section, pageblock - section.start, this.typeBack(section, pageblock - section.start, book));
    book.pageblocks.delete(pageblock);
  }

  /** set_migratetype_isolate(). False: -EBUSY, and nothing has changed. */
  protected setIsolate(pageblock: number, book: Book): boolean {
    const section = this.m.sections.at(pageblock);
    if (section === undefined || !section.online) return false;
    const offset = pageblock - section.start;
    if (this.m.pageblocks.typeAt(section, offset) === Type.Isolate) return false;
    if (this.m.unmovable.find(section, offset, book.mode) !== undefined) return false;
    const zone = this.m.zones.at(zoneAt(section, offset));
    if (!this.isInSpan(zone, pageblock)) return false;
    this.m.pageblocks.saveType(section, offset);
    this.moveFreepagesBlock(section, offset, zone, Type.Isolate);
    zone.nrIsolatePageblock++;
    book.pageblocks.add(pageblock);
    return true;
  }

  /** prep_move_freepages_block(): a pageblock that the zone's end cuts is not isolated. */
  protected isInSpan(zone: Zone, pageblock: number): boolean {
    return zone.spans(pageblock) && zone.spans(pageblock + this.m.sizes.pageblockPages - 1);
  }

  /** move_freepages_block_isolate(): a larger free block is freed again in pieces, a smaller one only changes lists. */
  protected moveFreepagesBlock(section: Section, offset: number, zone: Zone, type: number): void {
    const { buddy, fallback, pageblocks } = this.m;
    const frames = this.m.lists.frames(section);
    if (this.m.sizes.pageblockOrder < this.m.sizes.maxOrder) {
      const around = buddy.blockAround(section, offset);
      const head = around < 0 ? offset : around;
      const code = byteAt(frames, head);
      if (isFree(code) && orderOf(code) > this.m.sizes.pageblockOrder) {
        buddy.removeBlock(section, head, orderOf(code), zone, pageblocks.typeAt(section, head));
        pageblocks.setType(section, offset, type);
        buddy.freeBlock(section.start + head, orderOf(code));
        return;
      }
    }
    fallback.moveFreepagesBlock(section, offset, type);
  }

  /** The type that an isolated pageblock gets back: the one it had, or, as Linux does, that of the request. */
  protected typeBack(section: Section, offset: number, book: Book): number {
    const had = this.m.pageblocks.savedTypeAt(section, offset);
    const asked = book.mode === "cma" ? Type.Cma : Type.Movable;
    return had !== asked && this.m.quirks.applies(book.forgets) ? asked : had;
  }

  /** unset_migratetype_isolate(): the pageblock leaves the Isolate lists. */
  unset(section: Section, offset: number, type: number): void {
    const { buddy, pageblocks } = this.m;
    if (pageblocks.typeAt(section, offset) !== Type.Isolate) return;
    const zone = this.m.zones.at(zoneAt(section, offset));
    const order = this.#mergeableOrder(section, offset, zone);
    if (order < 0) this.moveFreepagesBlock(section, offset, zone, type);
    else {
      buddy.removeBlock(section, offset, order, zone, Type.Isolate);
      pageblocks.setType(section, offset, type);
      buddy.freeOnePage(section, offset, order, zone, type);
    }
    this.countUndone(zone);
  }

  /** As `unset` for every pageblock of an untouched section. */
  unsetUntouched(section: Section, type: number): void {
    const zone = this.m.zones.at(section.zone);
    this.m.lists.retypeUntouched(section, type);
    this.m.pageblocks.setAll(section, type);
    this.m.buddy.account(zone, this.m.sizes.sectionPages, type);
    for (let n = this.m.sizes.sectionPageblocks; n > 0; n--) this.countUndone(zone);
  }

  protected countUndone(zone: Zone): void {
    zone.nrIsolatePageblock--;
  }

  /** Order of the block that begins here, if it has a free buddy that is not isolated and so should be freed again to merge; else -1. */
  #mergeableOrder(section: Section, offset: number, zone: Zone): number {
    const { pageblockOrder, maxOrder } = this.m.sizes;
    const frames = this.m.lists.frames(section);
    const code = byteAt(frames, offset);
    const order = orderOf(code);
    if (!isFree(code) || order < pageblockOrder || order >= maxOrder) return -1;
    const buddy = offset ^ (1 << order);
    if (!this.m.buddy.pageIsBuddy(section, frames, buddy, order, zone) || this.m.pageblocks.typeAt(section, buddy) === Type.Isolate) return -1;
    return this.takesWholeBlock(order) ? order : -1;
  }

  /** Linux takes a larger block whole, other isolated pageblocks included (KD-1); the contract takes the pageblock's own. */
  protected takesWholeBlock(order: number): boolean {
    return order === this.m.sizes.pageblockOrder || this.m.quirks.applies("KD-1");
  }

  /** undo_isolate_page_range(): the isolated pageblocks of the range that the owner has, or all of them. */
  undoRange(start: number, nrPages: number, book: Book, anyOwner: boolean): void {
    const around = this.m.pageblocks.around(start, nrPages);
    for (const section of this.m.sections.table.between(around.start, around.end)) {
      if (section.online && section.nrIsolated > 0) this.#undoIn(section, around.start, around.end, book, anyOwner);
    }
    for (const pageblock of book.pageblocks) {
      if (pageblock >= around.start && pageblock < around.end) book.pageblocks.delete(pageblock);
    }
  }

  #undoIn(section: Section, start: number, end: number, book: Book, anyOwner: boolean): void {
    const { pageblockPages, sectionPages } = this.m.sizes;
    const first = Math.max(start - section.start, 0);
    const behind = Math.min(end - section.start, sectionPages);
    for (let offset = first; offset < behind; offset += pageblockPages) {
      if (this.m.pageblocks.typeAt(section, offset) !== Type.Isolate) continue;
      const owned = book.pageblocks.has(section.start + offset);
      if (!owned && !(anyOwner && this.clearsForeign())) continue;
      this.unset(section, offset, this.typeBack(section, offset, book));
    }
  }

  /** Linux clears isolation no matter who set it. */
  protected clearsForeign(): boolean {
    return this.m.quirks.applies("KD-2");
  }

  /** test_pages_isolated(): every sampled pageblock isolated, every frame free; in mode offline, poisoned or given up by its driver will do. */
  test(start: number, nrPages: number, mode: IsolationMode): "not-isolated" | "page-in-use" | undefined {
    const end = start + nrPages;
    for (let pfn = start; pfn < end; pfn += this.m.sizes.pageblockPages) {
      if (!this.isSampleIsolated(pfn)) return "not-isolated";
    }
    if (nrPages < 1) return "not-isolated";
    let pfn = start;
    while (pfn < end) {
      const behind = this.behindIsolated(pfn, mode);
      if (behind === pfn) return "page-in-use";
      pfn = behind;
    }
    return undefined;
  }

  protected isSampleIsolated(pfn: number): boolean {
    const section = this.m.sections.at(pfn);
    return section !== undefined && section.online && this.m.pageblocks.typeAt(section, pfn - section.start) === Type.Isolate;
  }

  /** The next frame to test, or the same where this one is in use. */
  protected behindIsolated(pfn: number, mode: IsolationMode): number {
    const section = this.m.sections.at(pfn);
    if (section === undefined || !section.online) return pfn;
    const offset = pfn - section.start;
    const code = this.m.frames.codeAt(section, offset);
    if (section.frames === null ? offset % this.m.sizes.maxOrderPages === 0 : isFree(code)) return pfn + orderPages(orderOf(code));
    const passes = mode === "offline" && (this.passesPoisoned(section, offset) || code === FrameCode.PageOfflineDropped);
    return passes ? pfn + 1 : pfn;
  }

  protected passesPoisoned(section: Section, offset: number): boolean {
    return isPoisoned(section, offset);
  }
}

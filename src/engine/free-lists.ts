/**
 * The free lists and the per-CPU lists of all zones, as sets ordered by frame number.
 *
 * A list is a zone and an index (layout.ts): a migratetype, or the per-CPU list of one. Blocks stand in the leaf of their
 * section; the sections that have blocks of an order stand in a set of the list. A section is entered when its first
 * block of the order comes and taken out lazily, when the search for the lowest block finds none there.
 */
import { FreeLeaf, SectionSet, leafShape } from "./free-bits.ts";
import type { LeafShape } from "./free-bits.ts";
import { freeCode, nrLists, orderPages, pcpList, wordAt } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { broken } from "./result.ts";
import { isUntouched, leavesOf, ownLeavesOf } from "./section.ts";
import type { Section } from "./section.ts";

/** One list of a zone. */
export class List {
  readonly zone: number;
  readonly nr: number;
  /** Blocks by order. */
  readonly count: Int32Array;
  /** By order: the sections that may have such blocks, once there were any, and the lowest of them if it is known. */
  readonly sections: (SectionSet | undefined)[] = [];
  readonly first: (Section | undefined)[] = [];

  constructor(zone: number, nr: number, nrOrders: number) {
    this.zone = zone;
    this.nr = nr;
    this.count = new Int32Array(nrOrders);
    for (let order = 0; order < nrOrders; order++) {
      this.sections.push(undefined);
      this.first.push(undefined);
    }
  }

  sectionsOf(order: number): SectionSet {
    return (this.sections[order] ??= new SectionSet());
  }
}

export class FreeLists {
  protected readonly m: Machine;
  readonly #shape: LeafShape;
  /** Made when the first block comes: most zones of most machines never have any. */
  readonly #lists: (List | undefined)[];
  readonly #maxOrder: number;
  /** Where `lowestSection` found the lowest block. */
  foundOffset = -1;

  constructor(machine: Machine) {
    this.m = machine;
    const { sectionPages, maxOrder } = machine.sizes;
    this.#shape = leafShape(sectionPages, maxOrder);
    this.#maxOrder = maxOrder;
    this.#lists = Array.from({ length: machine.nrZones * nrLists }, () => undefined);
  }

  list(zone: number, list: number): List {
    return this.#lists[zone * nrLists + list] ?? this.#make(zone, list);
  }

  #make(zone: number, list: number): List {
    const at = zone * nrLists + list;
    if (list >= nrLists || at >= this.#lists.length) throw broken(`there is no list ${list} in zone ${zone}`);
    return (this.#lists[at] = new List(zone, list, this.#maxOrder + 1));
  }

  /** The leaf of a list in a section, made if it is not there. */
  leaf(section: Section, { zone, nr }: List): FreeLeaf {
    const found = leavesOf(section, zone)[nr];
    if (found !== undefined) return found;
    const made = new FreeLeaf(this.#shape);
    ownLeavesOf(section, zone)[nr] = made;
    return made;
  }

  count(zone: number, list: number, order: number): number {
    const known = this.#lists[zone * nrLists + list];
    return known === undefined ? 0 : wordAt(known.count, order);
  }

  /** The lowest order, not below the given one, of which the list has blocks; -1: none. */
  orderFrom(zone: number, list: number, order: number): number {
    const known = this.#lists[zone * nrLists + list];
    if (known === undefined) return -1;
    const { count } = known;
    for (let from = order; from < count.length; from++) {
      if (count[from] !== 0) return from;
    }
    return -1;
  }

  add(section: Section, offset: number, order: number, zone: number, listNr: number): void {
    const list = this.list(zone, listNr);
    this.enter(list, this.leaf(section, list), section, offset, order);
  }

  /** As `add`, with the list and its leaf at hand. */
  enter(list: List, leaf: FreeLeaf, section: Section, offset: number, order: number): void {
    leaf.add(order, offset >>> order);
    list.count[order] = wordAt(list.count, order) + 1;
    if ((leaf.listed & (1 << order)) === 0) this.#enlist(list, leaf, section, order);
  }

  /** Enters the upper halves of a block, of orders `high - 1` down to `low`. */
  enterHalves(list: List, section: Section, frames: Uint8Array, offset: number, low: number, high: number): void {
    const leaf = this.leaf(section, list);
    leaf.addHalves(frames, list.count, offset, low, high);
    const missing = (1 << high) - (1 << low) - (leaf.listed & ((1 << high) - (1 << low)));
    if (missing === 0) return;
    for (let order = low; order < high; order++) if ((missing & (1 << order)) !== 0) this.#enlist(list, leaf, section, order);
  }

  #enlist(list: List, leaf: FreeLeaf, section: Section, order: number): void {
    leaf.listed |= 1 << order;
    list.sectionsOf(order).add(section.nr);
    const first = list.first[order];
    // The first one known may be an earlier section of the same number, which was removed since.
    if (first !== section && (first === undefined || section.nr <= first.nr)) list.first[order] = undefined;
  }

  remove(section: Section, offset: number, order: number, zone: number, listNr: number): void {
    const list = this.list(zone, listNr);
    const leaf = this.leaf(section, list);
    if (!leaf.has(order, offset >>> order)) throw broken(`block ${section.start + offset} of order ${order} is not on list ${listNr} of zone ${zone}`);
    this.leave(list, leaf, offset, order);
  }

  /** As `remove`, with the list and the leaf that is known to have the block at hand. */
  leave(list: List, leaf: FreeLeaf, offset: number, order: number): void {
    leaf.remove(order, offset >>> order);
    list.count[order] = wordAt(list.count, order) - 1;
  }

  has(section: Section, offset: number, order: number, zone: number, listNr: number): boolean {
    const leaf = leavesOf(section, zone)[listNr];
    if (leaf !== undefined) return leaf.has(order, offset >>> order);
    return order === this.#maxOrder && isUntouched(section) && section.zone === zone && section.type === listNr;
  }

  /** The free list that the block is on: that of its pageblock's type, unless the kernel has mixed them up (KD-1). */
  listOf(section: Section, offset: number, order: number, zone: number, type: number): number {
    if (this.has(section, offset, order, zone, type)) return type;
    for (let list = 0; list < pcpList; list++) {
      if (this.has(section, offset, order, zone, list)) return list;
    }
    throw broken(`block ${section.start + offset} of order ${order} is on no list of zone ${zone}`);
  }

  /** The lowest block of the list, or -1. */
  lowest(zone: number, listNr: number, order: number): number {
    const list = this.list(zone, listNr);
    const section = this.lowestSection(list, order);
    return section === undefined ? -1 : section.start + this.foundOffset;
  }

  /** The section with the lowest block of the list; where in it the block is, `foundOffset` says. */
  lowestSection(list: List, order: number): Section | undefined {
    if (wordAt(list.count, order) === 0) return undefined;
    for (;;) {
      const section = list.first[order] ?? this.#findFirst(list, order);
      this.foundOffset = this.#lowestIn(section, list, order);
      if (this.foundOffset >= 0) return section;
      list.sections[order]?.delete(section.nr);
      list.first[order] = undefined;
    }
  }

  #findFirst(list: List, order: number): Section {
    const sections = list.sections[order];
    for (;;) {
      const nr = sections?.first() ?? -1;
      if (nr < 0) throw broken(`list ${list.nr} of zone ${list.zone} has lost its blocks of order ${order}`);
      const section = this.m.sections.table.get(nr);
      list.first[order] = section;
      if (section !== undefined) return section;
      sections?.delete(nr);
    }
  }

  /** Offset of the lowest block of the list in the section, or -1. */
  #lowestIn(section: Section, list: List, order: number): number {
    const leaf = leavesOf(section, list.zone)[list.nr];
    if (leaf === undefined) return this.has(section, 0, order, list.zone, list.nr) ? 0 : -1;
    const place = leaf.lowest(order);
    if (place >= 0) return place * orderPages(order);
    leaf.listed &= ~(1 << order);
    return -1;
  }

  /** Enters an untouched section: all its blocks of the largest order. */
  addUntouched(section: Section): void {
    const list = this.list(section.zone, section.type);
    list.count[this.#maxOrder] = wordAt(list.count, this.#maxOrder) + this.#blocksOfSection();
    list.sectionsOf(this.#maxOrder).add(section.nr);
    list.first[this.#maxOrder] = undefined;
  }

  /** Moves all blocks of an untouched section to the list of another migratetype. */
  retypeUntouched(section: Section, type: number): void {
    const { count } = this.list(section.zone, section.type);
    count[this.#maxOrder] = wordAt(count, this.#maxOrder) - this.#blocksOfSection();
    section.type = type;
    this.addUntouched(section);
  }

  #blocksOfSection(): number {
    return this.m.sizes.sectionPages / this.m.sizes.maxOrderPages;
  }

  /** The frame bytes of an online section, made when it is touched for the first time. */
  frames(section: Section): Uint8Array {
    return section.frames ?? this.#touch(section);
  }

  #touch(section: Section): Uint8Array {
    const { sectionPages, maxOrderPages } = this.m.sizes;
    if (!section.online) throw broken(`section ${section.nr} is touched but not online`);
    const frames = new Uint8Array(sectionPages);
    const leaf = this.leaf(section, this.list(section.zone, section.type));
    for (let offset = 0; offset < sectionPages; offset += maxOrderPages) {
      frames[offset] = freeCode(this.#maxOrder);
      leaf.add(this.#maxOrder, offset >>> this.#maxOrder);
    }
    leaf.listed = 1 << this.#maxOrder;
    section.frames = frames;
    return frames;
  }

  /** Free blocks of the zone by order, isolated ones included: free_area[order].nr_free. */
  nrFreeBlocks(zone: number): readonly number[] {
    const sums: number[] = [];
    for (let order = 0; order <= this.#maxOrder; order++) sums.push(0);
    for (let list = 0; list < pcpList; list++) {
      const known = this.#lists[zone * nrLists + list];
      if (known !== undefined) for (let order = 0; order < sums.length; order++) sums[order] = (sums[order] ?? 0) + wordAt(known.count, order);
    }
    return sums;
  }

  /** For the self-check: whether the search would come by the section. */
  isListed(section: Section, zone: number, listNr: number, order: number): boolean {
    return this.#lists[zone * nrLists + listNr]?.sections[order]?.has(section.nr) ?? false;
  }
}

/**
 * Blocks that were handed out, in columns: one slot an allocation, found by label and by first frame.
 *
 * A slot stands for the references that Linux counts in `struct page`: the owner's, temporary ones (holds), pins.
 */
import { pageKindTraits, pageKinds } from "../../models/index.ts";
import type { PageKind, PageKindTraits } from "../../models/index.ts";
import { AllocFlag, ZoneType, orderPages } from "./layout.ts";
import { NumberMap } from "./number-map.ts";
import { broken } from "./result.ts";

/** Traits of a page kind as the engine asks for them. */
export interface Kind {
  readonly name: PageKind;
  readonly traits: PageKindTraits;
  /** Migratetype and highest zone type of the request. */
  readonly type: number;
  readonly highest: number;
  readonly isHugetlb: boolean;
  readonly isFile: boolean;
  /** Movable ops of a driver: __PageMovable(). */
  readonly isDriver: boolean;
}

const typeOfRequest = { Unmovable: 0, Movable: 1, Reclaimable: 2 } as const;

const kinds: readonly Kind[] = pageKinds.map((name) => {
  const traits = pageKindTraits[name];
  return {
    name,
    traits,
    type: typeOfRequest[traits.migratetype],
    highest: ZoneType[traits.highestZone],
    isHugetlb: name === "hugetlb" || name === "hugetlb-fixed",
    isFile: name === "file",
    isDriver: name === "driver-movable",
  };
});

const kindNumbers: ReadonlyMap<PageKind, number> = new Map(kinds.map(({ name }, nr) => [name, nr]));

export function kindNumber(name: PageKind): number {
  const nr = kindNumbers.get(name);
  if (nr === undefined) throw broken(`there is no page kind ${name}`);
  return nr;
}

export function kindAt(nr: number): Kind {
  const kind = kinds[nr];
  if (kind === undefined) throw broken(`there is no page kind ${nr}`);
  return kind;
}

export class Allocations {
  #capacity = 64;
  #heads = new Float64Array(64);
  #ids = new Int32Array(64);
  #orders = new Uint8Array(64);
  #kinds = new Uint8Array(64);
  #flags = new Uint8Array(64);
  #holds = new Int32Array(64);
  #pins = new Int32Array(64);
  #longTermPins = new Int32Array(64);
  readonly #freeSlots: number[] = [];
  #nrSlots = 0;
  readonly #byId: NumberMap = new NumberMap();
  readonly #byHead: NumberMap = new NumberMap();

  get size(): number {
    return this.#byId.size;
  }

  /** The slot of the label, or -1. */
  slotOf(id: number): number {
    return this.#byId.get(id);
  }

  /** The slot of the block whose first frame this is, or -1. */
  slotAt(head: number): number {
    return this.#byHead.get(head);
  }

  add(id: number, kind: number, order: number, head: number): number {
    const slot = this.#freeSlots.pop() ?? this.#nrSlots++;
    if (slot >= this.#capacity) this.#grow();
    this.#ids[slot] = id;
    this.#kinds[slot] = kind;
    this.#orders[slot] = order;
    this.#heads[slot] = head;
    this.#flags[slot] = order > 0 && kindAt(kind).traits.compound ? AllocFlag.Compound : 0;
    this.#holds[slot] = 0;
    this.#pins[slot] = 0;
    this.#longTermPins[slot] = 0;
    this.#byId.set(id, slot);
    this.#byHead.set(head, slot);
    return slot;
  }

  remove(slot: number): void {
    this.#byId.delete(this.id(slot));
    this.#byHead.delete(this.head(slot));
    this.#freeSlots.push(slot);
  }

  #grow(): void {
    this.#capacity *= 2;
    this.#heads = widen(this.#heads, new Float64Array(this.#capacity));
    this.#ids = widen(this.#ids, new Int32Array(this.#capacity));
    this.#orders = widen(this.#orders, new Uint8Array(this.#capacity));
    this.#kinds = widen(this.#kinds, new Uint8Array(this.#capacity));
    this.#flags = widen(this.#flags, new Uint8Array(this.#capacity));
    this.#holds = widen(this.#holds, new Int32Array(this.#capacity));
    this.#pins = widen(this.#pins, new Int32Array(this.#capacity));
    this.#longTermPins = widen(this.#longTermPins, new Int32Array(this.#capacity));
  }

  id(slot: number): number {
    return this.#ids[slot] ?? -1;
  }

  head(slot: number): number {
    return this.#heads[slot] ?? -1;
  }

  /** The block has moved. */
  setHead(slot: number, head: number): void {
    this.#byHead.delete(this.head(slot));
    this.#heads[slot] = head;
    this.#byHead.set(head, slot);
  }

  order(slot: number): number {
    return this.#orders[slot] ?? 0;
  }

  setOrder(slot: number, order: number): void {
    this.#orders[slot] = order;
  }

  nrPages(slot: number): number {
    return orderPages(this.order(slot));
  }

  kind(slot: number): Kind {
    return kindAt(this.#kinds[slot] ?? 0);
  }

  has(slot: number, flag: number): boolean {
    return ((this.#flags[slot] ?? 0) & flag) !== 0;
  }

  setFlag(slot: number, flag: number, value: boolean): void {
    const flags = this.#flags[slot] ?? 0;
    this.#flags[slot] = value ? flags | flag : flags & ~flag;
  }

  holds(slot: number): number {
    return this.#holds[slot] ?? 0;
  }

  addHolds(slot: number, n: number): void {
    this.#holds[slot] = this.holds(slot) + n;
  }

  pins(slot: number, longTerm: boolean): number {
    return (longTerm ? this.#longTermPins[slot] : this.#pins[slot]) ?? 0;
  }

  addPins(slot: number, longTerm: boolean, n: number): void {
    const pins = longTerm ? this.#longTermPins : this.#pins;
    pins[slot] = (pins[slot] ?? 0) + n;
  }

  /** References of others than the owner. */
  nrExtraReferences(slot: number): number {
    return this.holds(slot) + this.pins(slot, false) + this.pins(slot, true) + (this.has(slot, AllocFlag.BatchAdd | AllocFlag.BatchMove) ? 1 : 0);
  }

  /** All slots in use, by label. */
  slots(): readonly number[] {
    const free = new Set(this.#freeSlots);
    return Array.from({ length: this.#nrSlots }, (_, slot) => slot)
      .filter((slot) => !free.has(slot))
      .toSorted((a, b) => this.id(a) - this.id(b));
  }
}

function widen<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}

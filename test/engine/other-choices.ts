/**
 * An engine that uses its freedom: it takes any permitted block, claims or does not, moves pages in any order, moves file
 * pages or drops them. What it does must be admitted by whoever follows it.
 */
import { Choices } from "../../src/engine/choices.ts";
import type { ContigMigration, ContigOp } from "../../src/engine/contig.ts";
import { createEngineWith } from "../../src/engine/engine.ts";
import type { CreateEngine } from "../../src/engine/engine.ts";
import { Type, isFree, isPcp, orderOf, pcpList } from "../../src/engine/layout.ts";
import type { OfflineOp } from "../../src/engine/offline.ts";
import type { PageRequest } from "../../src/engine/page-alloc.ts";
import { shippedParts } from "../../src/engine/parts.ts";
import { zoneAt } from "../../src/engine/section.ts";
import type { Section } from "../../src/engine/section.ts";
import type { Zone } from "../../src/engine/zone.ts";
import { randomFrom } from "./walk.ts";
import type { Random } from "./walk.ts";

interface Candidate {
  readonly section: Section;
  readonly head: number;
  readonly order: number;
  readonly list: number;
  readonly zone: Zone;
}

class OtherChoices extends Choices {
  readonly #random: Random = randomFrom(4711);

  #below(n: number): number {
    return Math.floor(this.#random() * n);
  }

  #shuffled<T>(list: readonly T[]): readonly T[] {
    return list.map((entry) => ({ entry, key: this.#random() })).toSorted((a, b) => a.key - b.key).map(({ entry }) => entry);
  }

  override allocate(request: PageRequest): number {
    const [found] = this.#shuffled(this.#candidates(request));
    if (found === undefined || !this.m.pageAlloc.canAllocate(request)) return -1;
    const { section, head, order, list, zone } = found;
    if (list >= pcpList) {
      this.m.pageAlloc.takeChosenEntry(section.start + head, zone, request);
      return section.start + head;
    }
    const pfn = section.start + head + this.#below(2 ** (order - request.order)) * 2 ** request.order;
    const claims = list !== request.type && list <= Type.Reclaimable && this.#random() < 0.5;
    this.m.pageAlloc.takeChosen(pfn, head, order, list, zone, request, claims);
    return pfn;
  }

  override memmapBlock(request: PageRequest): number {
    return this.allocate(request);
  }

  override target(_slot: number, request: PageRequest): number {
    return this.allocate(request);
  }

  override dropsFile(): boolean {
    return this.#random() < 0.5;
  }

  override contigPages(op: ContigOp): ContigMigration {
    for (const slot of this.#shuffled(this.m.contig.movable(op))) {
      if (!this.m.contig.evict(slot)) return "no-target";
    }
    return "done";
  }

  override contigPage(op: ContigOp): "moved" | "none" | "no-target" {
    const [slot] = this.#shuffled(this.m.contig.movable(op));
    if (slot === undefined) return "none";
    return this.m.contig.evict(slot) ? "moved" : "no-target";
  }

  override offlinePages(op: OfflineOp): void {
    for (const slot of this.#shuffled(this.m.offline.movable(op))) this.m.migration.migrate(slot, "offline");
  }

  override offlinePage(op: OfflineOp): boolean {
    return this.#shuffled(this.m.offline.movable(op)).some((slot) => this.m.migration.migrate(slot, "offline"));
  }

  /** Every block that the request may be served from. */
  #candidates(request: PageRequest): readonly Candidate[] {
    const zones = this.m.pageAlloc.zonelist(request.node).filter((zone) => this.m.pageAlloc.isAllowed(zone, request));
    return this.m.sections.table.between(0, Number.POSITIVE_INFINITY).filter(({ online }) => online).flatMap((section) => this.#candidatesIn(section, zones, request));
  }

  #candidatesIn(section: Section, zones: readonly Zone[], request: PageRequest): readonly Candidate[] {
    const found: Candidate[] = [];
    for (const [head, code] of this.m.lists.frames(section).entries()) {
      const zone = zones.find(({ index }) => index === zoneAt(section, head));
      if (zone === undefined || !(isFree(code) || isPcp(code))) continue;
      const order = orderOf(code);
      for (const list of this.#listsFor(request, isPcp(code))) {
        // Of the other types the one that comes first, whichever order is asked for.
        if (list <= Type.Reclaimable && list !== request.type && this.m.fallback.fallbackOf(zone, order, request.type) !== list) continue;
        if ((isPcp(code) ? order === request.order : order >= request.order) && this.m.lists.has(section, head, order, zone.index, list)) found.push({ section, head, order, list, zone });
      }
    }
    return found;
  }

  #listsFor(request: PageRequest, pcp: boolean): readonly number[] {
    if (pcp) return [pcpList + request.type];
    return [Type.Unmovable, Type.Movable, Type.Reclaimable, ...(request.type === Type.Movable ? [Type.Cma] : [])];
  }
}

export const createOtherEngine: CreateEngine = createEngineWith({ ...shippedParts, Choices: OtherChoices });


/**
 * The open decisions as someone else took them: read from an outcome, each judged before it is taken over.
 *
 * The first breach is kept. After it the mechanisms go on with whatever keeps them going, because the state no longer
 * means anything.
 */
import { hex, migratetypes, toPfn } from "../../models/index.ts";
import type { AllocId, Attempt, Breach, Grant, Move, Outcome } from "../../models/index.ts";
import { Choices } from "./choices.ts";
import type { ContigMigration, ContigOp } from "./contig.ts";
import { Type, isFree, isPcp, orderOf, pcpList } from "./layout.ts";
import type { Machine } from "./machine.ts";
import type { Purpose } from "./migration.ts";
import type { OfflineOp } from "./offline.ts";
import type { PageRequest } from "./page-alloc.ts";
import { zoneAt } from "./section.ts";
import type { Section } from "./section.ts";
import type { Zone } from "./zone.ts";

export class ToldChoices extends Choices {
  readonly #told: Outcome;
  #breach: Breach | undefined = undefined;
  /** Of the outcome, or of the attempt that is being made. */
  #moves: readonly Move[];
  #drops: readonly AllocId[];
  #attempt: Attempt | undefined = undefined;
  #nrAttempts = 0;
  #nrMoves = 0;
  #nrMemmap = 0;

  constructor(machine: Machine, told: Outcome) {
    super(machine);
    this.#told = told;
    this.#moves = told.moved ?? [];
    this.#drops = told.dropped ?? [];
  }

  get breach(): Breach | undefined {
    return this.#breach;
  }

  #break(clause: string, because: string, permitted: string, frames: readonly number[]): void {
    this.#breach ??= { verdict: "breach", clause, because, permitted: [permitted], frames: frames.map(toPfn) };
  }

  override allocate(request: PageRequest): number {
    return this.#take(this.#told.grant, request, this.#told.result === "refused" ? "refusal-needless" : "outcome-shape");
  }

  override memmapBlock(request: PageRequest): number {
    const grant = this.#told.memmap?.[this.#nrMemmap];
    // A block could not be had, and single frames were taken: then no zone may have had a block.
    if (grant !== undefined && grant.order === 0 && request.order > 0) return this.#take(undefined, request, "refusal-needless");
    if (grant !== undefined && grant.order !== request.order) this.#break("memmap-size", `a grant of order ${grant.order} was told for a memmap, because a block of order ${request.order} was due`, `a block of order ${request.order}`, [grant.pfn]);
    if (grant !== undefined) this.#nrMemmap++;
    return this.#take(grant, request, "memmap-size");
  }

  override target(slot: number, request: PageRequest): number {
    const move = this.#moves[this.#nrMoves];
    const id = this.m.allocations.id(slot);
    const from = this.m.allocations.head(slot);
    if (move !== undefined && (move.id !== id || move.from !== from)) {
      this.#break("move-allowed", `allocation ${move.id} at ${hex(move.from)} was told to have moved, because it was the turn of allocation ${id} at ${hex(from)}`, `a move of allocation ${id}`, [move.from, from]);
      return super.target(slot, request);
    }
    if (move !== undefined) this.#nrMoves++;
    return this.#take(move?.to, request, "refusal-needless");
  }

  override dropsFile(slot: number): boolean {
    return this.#drops.includes(this.m.allocations.id(slot));
  }

  override beginAttempt(start: number): void {
    const attempt = this.#told.attempts?.[this.#nrAttempts++];
    this.#attempt = attempt;
    this.#moves = attempt?.moved ?? [];
    this.#drops = attempt?.dropped ?? [];
    this.#nrMoves = 0;
    if (attempt?.start === start) return;
    const instead = attempt === undefined ? "no further range was tried" : `${hex(attempt.start)} was tried`;
    this.#break("attempt-order", `${instead}, because ${hex(start)} is the next candidate`, `an attempt at ${hex(start)}`, [start]);
  }

  // Whole operations: what was dropped and moved first, then what is left.

  override contigPages(op: ContigOp): ContigMigration {
    for (const id of this.#drops) this.#drop(op, id);
    while (this.#nrMoves < this.#moves.length && this.#moveNext(op, "contig")) continue;
    const left = this.m.contig.movable(op);
    const errno = this.#attempt === undefined ? this.#told.errno : this.#attempt.errno;
    if (errno === "ENOMEM") return this.#judgeNoTarget(left);
    if (errno === "EBUSY") this.#judgeStuck(op);
    else this.#judgeLeft(left);
    return "done";
  }

  override contigPage(op: ContigOp): "moved" | "none" | "no-target" {
    if (this.#told.result === "running") {
      if (this.#moves.length + this.#drops.length !== 1) {
        this.#break("outcome-shape", `${this.#moves.length} pages were moved and ${this.#drops.length} dropped, because a step takes one`, "one page moved or dropped", [op.start]);
        return super.contigPage(op);
      }
      for (const id of this.#drops) this.#drop(op, id);
      if (this.#moves.length > 0) this.#moveNext(op, "contig");
      return "moved";
    }
    const left = this.m.contig.movable(op);
    if (this.#told.errno === "ENOMEM") return this.#judgeNoTarget(left) === "done" ? "none" : "no-target";
    this.#judgeLeft(left.filter((slot) => this.m.allocations.kind(slot).isFile || this.#hasTarget(slot, "contig")));
    if (left.length > 0) this.#judgeStuck(op);
    return "none";
  }

  override compact(zone: Zone): void {
    const seen = new Set<number>();
    for (const { id, from, to } of this.#moves) {
      const slot = this.m.allocations.slotOf(id);
      const mayMove = slot >= 0 && !seen.has(id) && this.m.allocations.head(slot) === from && this.m.compaction.canMove(slot) && this.m.compaction.isOf(zone, from, this.m.allocations.order(slot));
      if (!mayMove) {
        this.#break("move-allowed", `allocation ${id} at ${hex(from)} was moved, because it is not there, not of the zone, can not move or has moved already`, "pages of the zone that can move, each once", [from]);
        return;
      }
      const clause = to.order !== this.m.allocations.order(slot) ? "grant-aligned" : to.retyped !== undefined ? "grant-retype" : this.m.compaction.whyNot(zone, slot, to.pfn);
      if (clause !== undefined) {
        this.#break(clause, `allocation ${id} was moved to ${hex(to.pfn)}, because compaction may not use these frames`, "free frames of the zone, in a pageblock behind that is Movable or CMA and in use in part", [to.pfn]);
        return;
      }
      seen.add(id);
      this.m.compaction.move(slot, to.pfn);
      this.#nrMoves++;
    }
  }

  override offlinePages(op: OfflineOp): void {
    while (this.#isNextIn(op) && this.#moveNext(op, "offline")) continue;
    // Which pages have moved when it fails is not prescribed.
    const movable = this.m.offline.movable(op);
    const fails = this.#told.errno !== undefined && (this.m.offline.isHopeless(op) || movable.some((slot) => !this.#hasTarget(slot, "offline")));
    if (!fails) this.#judgeLeft(this.#movableOut(op));
  }

  override offlinePage(op: OfflineOp): boolean {
    if (this.#told.result === "running" && this.#moves.length > 0) {
      if (this.#moves.length > 1) this.#break("outcome-shape", `${this.#moves.length} pages were moved, because a step moves one`, "one page moved", [op.start]);
      return this.#moveNext(op, "offline");
    }
    this.#judgeLeft(this.#movableOut(op));
    return false;
  }

  /** Whether the next move told is out of this range; else it belongs to what comes later. */
  #isNextIn(op: OfflineOp): boolean {
    const move = this.#moves[this.#nrMoves];
    return move !== undefined && move.from >= op.start && move.from < op.start + op.nrPages;
  }

  #movableOut(op: OfflineOp): readonly number[] {
    return this.m.offline.movable(op).filter((slot) => this.#hasTarget(slot, "offline"));
  }

  #hasTarget(slot: number, purpose: Purpose): boolean {
    return this.m.pageAlloc.canAllocate(this.m.migration.request(slot, purpose));
  }

  #drop(op: ContigOp, id: AllocId): void {
    const slot = this.m.allocations.slotOf(id);
    if (slot >= 0 && this.m.allocations.kind(slot).isFile && this.m.contig.isTaken(op, slot) && this.m.migration.canMigrate(slot)) {
      this.m.migration.drop(slot);
      return;
    }
    this.#break("drop-allowed", `allocation ${id} was dropped, because it is not a clean page-cache page of the range that can be taken`, "clean page-cache pages of the range", slot < 0 ? [] : [this.m.allocations.head(slot)]);
  }

  /** Takes the next move over. False: it was not permitted. */
  #moveNext(op: ContigOp | OfflineOp, purpose: Purpose): boolean {
    const move = this.#moves[this.#nrMoves];
    if (move === undefined) return false;
    const slot = this.m.allocations.slotOf(move.id);
    const mayMove = slot >= 0 && this.m.allocations.head(slot) === move.from && this.m.migration.canMigrate(slot) && this.#isOf(op, slot);
    if (!mayMove) {
      this.#break("move-allowed", `allocation ${move.id} at ${hex(move.from)} was moved, because it is not there, not of the range, or can not be migrated`, "pages of the range that can be migrated, each once", [move.from]);
      return false;
    }
    return this.m.migration.migrate(slot, purpose);
  }

  #isOf(op: ContigOp | OfflineOp, slot: number): boolean {
    if ("gfp" in op) return this.m.contig.isTaken(op, slot);
    const head = this.m.allocations.head(slot);
    return head >= op.start && head < op.start + op.nrPages;
  }

  #judgeNoTarget(left: readonly number[]): ContigMigration {
    if (left.some((slot) => !this.#hasTarget(slot, "contig"))) return "no-target";
    this.#break("outcome-result", "ENOMEM was told, because every page that is left in the range has a target", "another result", left.map((slot) => this.m.allocations.head(slot)));
    return "done";
  }

  #judgeStuck(op: ContigOp): void {
    if (this.m.contig.stuckFrame(op) !== undefined) return;
    this.#break("outcome-result", "EBUSY was told, because no frame of the range is stuck", "another result", [op.start]);
  }

  #judgeLeft(left: readonly number[]): void {
    const slot = left[0];
    if (slot === undefined) return;
    const head = this.m.allocations.head(slot);
    this.#break("move-missing", `allocation ${this.m.allocations.id(slot)} is still at ${hex(head)}, because nobody moved it although it can be moved`, `a move of allocation ${this.m.allocations.id(slot)}`, [head]);
  }

  // Blocks of free frames.

  /** Takes the block told; without one, no allowed zone may pass the watermark test. */
  #take(grant: Grant | undefined, request: PageRequest, clauseWithout: string): number {
    if (grant === undefined) {
      if (!this.m.pageAlloc.canAllocate(request)) return -1;
      this.#break(clauseWithout, `no block of order ${request.order} was given, because an allowed zone passes the watermark test`, this.#describe(request), []);
      return this.m.pageAlloc.allocate(request);
    }
    return this.#takeGrant(grant, request) ? grant.pfn : this.m.pageAlloc.allocate(request);
  }

  #takeGrant(grant: Grant, request: PageRequest): boolean {
    const { pfn, order } = grant;
    const refuse = (clause: string, why: string): false => {
      this.#break(clause, `the block ${hex(pfn)} of order ${order} was given, because ${why}`, this.#describe(request), [pfn]);
      return false;
    };
    if (order !== request.order || !Number.isSafeInteger(pfn) || pfn < 0 || pfn % 2 ** order !== 0) return refuse("grant-aligned", `a block of order ${request.order}, aligned to it, was asked for`);
    const section = this.m.sections.at(pfn);
    if (section === undefined || !section.online) return refuse("grant-free", "the frame is not online");
    const head = this.m.frames.headOf(section, pfn - section.start);
    const code = this.m.frames.codeAt(section, head);
    if (!isFree(code) && !isPcp(code)) return refuse("grant-free", "the frame is in use");
    if (orderOf(code) < order) return refuse("grant-aligned", `its free block ${hex(section.start + head)} has order ${orderOf(code)} only`);
    const zone = this.m.zones.at(zoneAt(section, head));
    if (!this.m.pageAlloc.isAllowed(zone, request) || !this.m.pageAlloc.zonelist(request.node).includes(zone)) return refuse("grant-zone", `the request may not use zone ${this.m.zoneName(zone)} of node ${zone.node}`);
    return isPcp(code) ? this.#takeEntry(grant, request, section, head, zone, refuse) : this.#takeRun(grant, request, section, head, zone, refuse);
  }

  #takeEntry(grant: Grant, request: PageRequest, section: Section, head: number, zone: Zone, refuse: (clause: string, why: string) => false): boolean {
    if (section.start + head !== grant.pfn || orderOf(this.m.frames.codeAt(section, head)) !== grant.order) return refuse("grant-free", "it is part of a per-CPU entry of another order");
    if (request.type > Type.Reclaimable || !this.m.lists.has(section, head, grant.order, zone.index, pcpList + request.type)) return refuse("grant-type", "it is on the per-CPU list of another migratetype");
    if (grant.retyped !== undefined && grant.retyped.length > 0) return refuse("grant-retype", "a per-CPU entry retypes nothing");
    this.m.pageAlloc.takeChosenEntry(grant.pfn, zone, request);
    return true;
  }

  #takeRun(grant: Grant, request: PageRequest, section: Section, head: number, zone: Zone, refuse: (clause: string, why: string) => false): boolean {
    const order = orderOf(this.m.frames.codeAt(section, head));
    const list = this.m.lists.listOf(section, head, order, zone.index, this.m.pageblocks.typeAt(section, head));
    if (list === Type.Isolate) return refuse("grant-not-isolated", "its pageblock is isolated");
    if (list > Type.Reclaimable && !(list === Type.Cma && this.m.fallback.mayUseCma(request.type)) && !(list === Type.HighAtomic && request.atomic === true)) return refuse("grant-type", `the request may not use the list ${migratetypes[list] ?? list}`);
    const retyped = grant.retyped ?? [];
    const claims = retyped.length > 0;
    if (list <= Type.Reclaimable && list !== request.type && !this.#fallsBackTo(list, zone, request, section, head, order, claims)) return refuse("grant-fallback", "another type that the request falls back to first has a block of that order");
    if (claims && !this.#mayRetype(retyped, request, section, head, order, list)) return refuse("grant-retype", "it retypes pageblocks that this allocation may not claim, or not all of them");
    this.m.pageAlloc.takeChosen(grant.pfn, head, order, list, zone, request, claims);
    return true;
  }

  /** find_suitable_fallback() comes to this list: for the order of the block, or of one for which its pageblock may have been claimed. */
  #fallsBackTo(list: number, zone: Zone, request: PageRequest, section: Section, head: number, order: number, claims: boolean): boolean {
    const comesTo = (asked: number): boolean => asked >= request.order && this.m.fallback.fallbackOf(zone, asked, request.type) === list;
    if (!claims || order >= this.m.sizes.pageblockOrder) return comesTo(order);
    const start = section.start + head - (head % this.m.sizes.pageblockPages);
    let found = false;
    this.m.frames.forEachUnit(start, start + this.m.sizes.pageblockPages, (code) => {
      found ||= isFree(code) && comesTo(orderOf(code));
    });
    return found;
  }

  /** All pageblocks of a block of at least pageblock order, or the one around a smaller block; told are those that change. */
  #mayRetype(retyped: readonly number[], request: PageRequest, section: Section, head: number, order: number, list: number): boolean {
    if (list === request.type || list > Type.Reclaimable) return false;
    const { pageblockPages } = this.m.sizes;
    const first = head - (head % pageblockPages);
    const changing: number[] = [];
    for (let offset = first; offset < Math.max(first + pageblockPages, head + 2 ** order); offset += pageblockPages) {
      if (this.m.pageblocks.typeAt(section, offset) !== request.type) changing.push(section.start + offset);
    }
    return changing.length === retyped.length && changing.every((pfn, at) => pfn === retyped[at]);
  }

  #describe(request: PageRequest): string {
    const own = migratetypes[request.type] ?? "";
    const zones = this.m.pageAlloc.zonelist(request.node).filter((zone) => this.m.pageAlloc.isAllowed(zone, request));
    const names = zones.map((zone) => `${this.m.zoneName(zone)} of node ${zone.node}`).join(", ");
    return `${2 ** request.order} aligned frames of one free block on a list that a ${own} request may use, or a per-CPU entry of that order and type, in zone ${names === "" ? "(none)" : names}`;
  }
}

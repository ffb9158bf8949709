/**
 * Everything that the engine stores twice, counted again. Every new copy of a fact gets its line here.
 *
 * Where KD-1 was used, the kernel itself has let free counts and list types drift; those lines then say nothing.
 */
import { sumOf } from "./hugetlb.ts";
import { AllocFlag, FrameCode, Type, byteAt, isAllocated, isFree, isGuard, isPcp, nrLists, orderOf, orderPages, pcpList, unitPages, wordAt } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { CompoundPages, isUntouched, zoneAt } from "./section.ts";
import type { Section } from "./section.ts";
import type { Zone } from "./zone.ts";

/** One thing that is not as it should be: the shape of the evidence that invariants give. */
export interface SelfEvidence {
  readonly pfn?: number;
  readonly where?: string;
  readonly was: string;
  readonly is: string;
}

type Report = (evidence: SelfEvidence) => void;

/** What the frames of a zone add up to. */
class Recount {
  /** Blocks by list, and within it by order. */
  readonly listBlocks: Int32Array;
  nrFree = 0;
  nrFreeCma = 0;
  nrFreeHighAtomic = 0;
  nrIsolated = 0;
  managed = 0;
  present = 0;
  presentEarly = 0;
  nrWhole = 0;
  readonly #nrOrders: number;

  constructor(nrOrders: number) {
    this.listBlocks = new Int32Array(nrLists * nrOrders);
    this.#nrOrders = nrOrders;
  }

  addBlocks(list: number, order: number, n: number): void {
    const at = list * this.#nrOrders + order;
    this.listBlocks[at] = wordAt(this.listBlocks, at) + n;
  }

  blocks(list: number, order: number): number {
    return wordAt(this.listBlocks, list * this.#nrOrders + order);
  }
}

export function selfCheck(m: Machine): readonly SelfEvidence[] {
  const found: SelfEvidence[] = [];
  const report: Report = (evidence) => {
    found.push(evidence);
  };
  const recounts = m.zones.all.map(() => new Recount(m.sizes.maxOrder + 1));
  const drifted = (m.quirks.used()["KD-1"] ?? 0) > 0;
  for (const section of m.sections.table.between(0, Number.POSITIVE_INFINITY)) checkSection(m, section, recounts, drifted, report);
  for (const slot of m.allocations.slots()) {
    const recount = m.allocations.has(slot, AllocFlag.Inflated) ? recounts[m.frames.zone(m.allocations.head(slot)).index] : undefined;
    if (recount !== undefined) recount.managed--;
  }
  for (const [index, recount] of recounts.entries()) checkZone(m, m.zones.at(index), recount, drifted, report);
  checkNodes(m, report);
  checkAllocations(m, report);
  checkBooks(m, report);
  checkBlocks(m, report);
  checkPools(m, report);
  checkKmem(m, report);
  checkTotals(m, report);
  return found;
}

function expect(report: Report, where: string, was: number | string | boolean, is: number | string | boolean): void {
  if (was !== is) report({ where, was: String(was), is: String(is) });
}

function checkSection(m: Machine, section: Section, recounts: readonly Recount[], drifted: boolean, report: Report): void {
  const where = `section ${section.nr}`;
  const bits = section.subsections;
  if (bits !== null) expect(report, `${where}: subsections`, bits.reduce((sum, bit) => sum + bit, 0), section.nrSubsections);
  expect(report, `${where}: present`, section.nrSubsections > 0, section.present);
  if (section.types !== null) expect(report, `${where}: isolated pageblocks`, section.types.filter((type) => type === Type.Isolate).length, section.nrIsolated);
  if (!section.online) return;
  for (let offset = 0; offset < m.sizes.sectionPages; offset += m.sizes.pageblockPages) {
    const recount = recounts[zoneAt(section, offset)];
    if (recount !== undefined && m.pageblocks.typeAt(section, offset) === Type.Isolate) recount.nrIsolated++;
  }
  const whole = recounts[section.zone];
  if (whole !== undefined && section.zones === null && section.subsections === null && !section.taint) whole.nrWhole++;
  if (isUntouched(section)) countUntouched(m, section, recounts);
  else checkUnits(m, section, recounts, drifted, report);
}

function countUntouched(m: Machine, section: Section, recounts: readonly Recount[]): void {
  const recount = recounts[section.zone];
  if (recount === undefined) return;
  const { sectionPages, maxOrderPages, maxOrder } = m.sizes;
  addBlocks(recount, section.type, maxOrder, sectionPages / maxOrderPages);
  recount.managed += sectionPages;
  recount.present += sectionPages;
  if (section.early) recount.presentEarly += sectionPages;
}

function addBlocks(recount: Recount, list: number, order: number, n: number): void {
  recount.addBlocks(list, order, n);
  if (list >= pcpList) return;
  if (list !== Type.Isolate) recount.nrFree += n * orderPages(order);
  if (list === Type.Cma) recount.nrFreeCma += n * orderPages(order);
  if (list === Type.HighAtomic) recount.nrFreeHighAtomic += n * orderPages(order);
}

function checkUnits(m: Machine, section: Section, recounts: readonly Recount[], drifted: boolean, report: Report): void {
  const { frames } = section;
  if (frames === null) return;
  for (let offset = 0; offset < frames.length; ) {
    const code = byteAt(frames, offset);
    const pfn = section.start + offset;
    if (code === FrameCode.Tail) {
      report({ pfn, was: "the first frame of a unit", is: "inside one" });
      offset++;
      continue;
    }
    const behind = offset + unitPages(code);
    for (let inside = offset + 1; inside < behind; inside++) {
      if (byteAt(frames, inside) !== FrameCode.Tail) report({ pfn: section.start + inside, was: `inside the unit at ${pfn}`, is: `code ${byteAt(frames, inside)}` });
    }
    const recount = recounts[zoneAt(section, offset)];
    if (recount !== undefined) countUnit(section, recount, code, behind - offset);
    if (isFree(code) || isPcp(code)) checkListed(m, section, offset, code, recount, drifted, report);
    if (isGuard(code) && !m.frames.isGuardKept(pfn, orderOf(code), () => false)) report({ pfn, was: "merged with the half beside it", is: "a guard block" });
    if (isAllocated(code) && m.allocations.slotAt(pfn) < 0) report({ pfn, was: "an allocation", is: "of no label" });
    if (code === FrameCode.Contig && m.contigs.at(pfn) === undefined) report({ pfn, was: "of a contiguous allocation", is: "of no label" });
    offset = behind;
  }
}

const notManaged: ReadonlySet<number> = new Set([FrameCode.Reserved, FrameCode.SelfHosted, FrameCode.PageOffline, FrameCode.PageOfflineDrops, FrameCode.PageOfflineDropped]);

function countUnit(section: Section, recount: Recount, code: number, nrPages: number): void {
  if (code === FrameCode.Hole) return;
  recount.present += nrPages;
  if (section.early) recount.presentEarly += nrPages;
  if (!notManaged.has(code)) recount.managed += nrPages;
}

function checkListed(m: Machine, section: Section, offset: number, code: number, recount: Recount | undefined, drifted: boolean, report: Report): void {
  const pfn = section.start + offset;
  const order = orderOf(code);
  const zone = zoneAt(section, offset);
  let list = -1;
  let nrFound = 0;
  for (let nr = 0; nr < nrLists; nr++) {
    if (!m.lists.has(section, offset, order, zone, nr)) continue;
    list = nr;
    nrFound++;
  }
  if (nrFound !== 1 || list >= pcpList !== isPcp(code)) {
    const lists = Array.from({ length: nrLists }, (_, nr) => nr).filter((nr) => m.lists.has(section, offset, order, zone, nr));
    report({ pfn, was: isPcp(code) ? "on one per-CPU list" : "on one free list", is: `on lists ${lists.join(", ")}` });
    return;
  }
  if (recount !== undefined) addBlocks(recount, list, order, 1);
  if (!m.lists.isListed(section, zone, list, order)) report({ pfn, was: `found by list ${list} of zone ${zone}`, is: "not found" });
  if (isPcp(code) || drifted) return;
  for (let at = offset; at < offset + orderPages(order); at += m.sizes.pageblockPages) {
    if (m.pageblocks.typeAt(section, at) !== list) report({ pfn: section.start + at, was: `a pageblock of type ${list}, as its list`, is: `of type ${m.pageblocks.typeAt(section, at)}` });
  }
}

function checkZone(m: Machine, zone: Zone, recount: Recount, drifted: boolean, report: Report): void {
  const where = `zone ${m.zoneName(zone)} of node ${zone.node}`;
  for (let order = 0; order <= m.sizes.maxOrder; order++) {
    for (let list = 0; list < nrLists; list++) {
      const [found, counted] = [recount.blocks(list, order), m.lists.count(zone.index, list, order)];
      if (found !== counted) expect(report, `${where}: list ${list}, blocks of order ${order}`, found, counted);
    }
  }
  if (!drifted) {
    expect(report, `${where}: free frames`, recount.nrFree, zone.nrFree);
    expect(report, `${where}: free CMA frames`, recount.nrFreeCma, zone.nrFreeCma);
    expect(report, `${where}: free HighAtomic frames`, recount.nrFreeHighAtomic, zone.nrFreeHighAtomic);
    expect(report, `${where}: isolated pageblocks`, recount.nrIsolated, zone.nrIsolatePageblock);
  }
  expect(report, `${where}: sections wholly its own`, recount.nrWhole, zone.nrWholeSections);
  if (zone.isDevice) return;
  expect(report, `${where}: managed`, recount.managed, zone.managed);
  // A half-done operation has taken the memmap that a block hosts out of the present count, or not yet put it there.
  const hosted = m.tasks.all().reduce((sum, [, task]) => sum + (task.kind !== "alloc-contig" && task.op.zone === zone ? hostedOnline(m, task.op.block.start, task.op.block.selfHosted) : 0), 0);
  expect(report, `${where}: present`, recount.present - hosted, zone.present);
  expect(report, `${where}: present early`, recount.presentEarly, zone.presentEarly);
}

function hostedOnline(m: Machine, start: number, nrPages: number): number {
  let sum = 0;
  for (let pfn = start; pfn < start + nrPages; pfn++) sum += m.sections.isOnline(pfn) ? 1 : 0;
  return sum;
}

function checkNodes(m: Machine, report: Report): void {
  for (const node of m.zones.nodes) {
    const zones = m.zones.ofNode(node.node);
    expect(report, `node ${node.node}: present`, zones.reduce((sum, { present }) => sum + present, 0), node.present);
    expect(report, `node ${node.node}: has memory`, node.present > 0, node.hasMemory);
    expect(report, `node ${node.node}: zonelist`, zones.filter(({ isPopulated }) => isPopulated).length, node.zonelist.filter((zone) => zone.node === node.node).length);
  }
}

function checkAllocations(m: Machine, report: Report): void {
  let nrBatched = 0;
  for (const slot of m.allocations.slots()) {
    const id = m.allocations.id(slot);
    const head = m.allocations.head(slot);
    expect(report, `allocation ${id}: found by label`, slot, m.allocations.slotOf(id));
    expect(report, `allocation ${id}: found by frame`, slot, m.allocations.slotAt(head));
    const code = m.frames.codeOf(head);
    if (!isAllocated(code) || orderOf(code) !== m.allocations.order(slot)) report({ pfn: head, was: `the head of allocation ${id}`, is: `code ${code}` });
    const batches = [AllocFlag.BatchAdd, AllocFlag.BatchMove].filter((flag) => m.allocations.has(slot, flag)).length;
    expect(report, `allocation ${id}: batches of the LRU that have it`, m.lruBatches.has(slot) ? 1 : 0, batches);
    nrBatched += batches;
    const unused = m.allocations.has(slot, AllocFlag.Freed) && m.allocations.nrExtraReferences(slot) === 0;
    if (unused !== m.hugetlb.isFree(slot)) report({ pfn: head, was: unused ? "gone with the last reference" : "in use, not free in its pool", is: unused ? `allocation ${id}, freed` : `allocation ${id}, free in its pool` });
  }
  expect(report, "pages in batches of the LRU", nrBatched, m.lruBatches.size);
  for (const { id, ranges } of m.contigs.all()) {
    for (const { start, end } of ranges) {
      for (let pfn = start; pfn < end; pfn++) {
        if (m.frames.codeOf(pfn) !== FrameCode.Contig) report({ pfn, was: `a frame of contiguous allocation ${id}`, is: `code ${m.frames.codeOf(pfn)}` });
      }
    }
  }
  for (const [nr, area] of m.cma.areas.entries()) {
    const owned = m.contigs.all().filter((allocation) => allocation.kind === "cma" && allocation.area === nr);
    expect(report, `CMA area ${nr}: bits taken`, owned.reduce((sum, { nrBits }) => sum + nrBits, 0), area.bits.reduce((sum, bit) => sum + bit, 0));
  }
}

/** Without KD-2, a pageblock is isolated as long as one book says so. */
function checkBooks(m: Machine, report: Report): void {
  if ((m.quirks.used()["KD-2"] ?? 0) > 0 || (m.quirks.used()["KD-1"] ?? 0) > 0) return;
  const books = [...m.isolation.tokens.values(), ...m.tasks.all().flatMap(([, task]) => m.tasks.bookOf(task) ?? [])];
  const owned = books.flatMap(({ pageblocks }) => [...pageblocks]);
  expect(report, "isolated pageblocks with one owner", new Set(owned).size, owned.length);
  for (const pfn of owned) {
    if (m.pageblocks.typeOf(pfn) !== Type.Isolate) report({ pfn, was: "isolated, as a book says", is: "not isolated" });
  }
  const isolated = m.sections.table.between(0, Number.POSITIVE_INFINITY).reduce((sum, section) => sum + (section.online ? section.nrIsolated : 0), 0);
  expect(report, "isolated pageblocks in books", isolated, owned.length);
}

function checkBlocks(m: Machine, report: Report): void {
  for (const block of m.blocks.all()) {
    const sections = m.sections.table.between(block.start, block.start + m.sizes.blockPages);
    const where = `block ${block.id}`;
    expect(report, `${where}: poisoned frames`, sections.reduce((sum, { poisoned }) => sum + (poisoned?.size ?? 0), 0), block.nrHwpoison);
    expect(report, `${where}: in its group`, true, block.group === null || m.groups.get(block.group)?.blocks.has(block.id) === true);
    if (block.state === "offline") expect(report, `${where}: zone`, true, block.zone === null);
  }
}

function checkPools(m: Machine, report: Report): void {
  const pooled = m.allocations.slots().filter((slot) => m.hugetlb.isPooled(slot));
  for (const { order, nrPages, nrFree, reserved } of m.hugetlb.pools) {
    const pages = pooled.filter((slot) => m.allocations.order(slot) === order);
    for (const [node, count] of nrPages.entries()) {
      const here = pages.filter((slot) => m.frames.zone(m.allocations.head(slot)).node === node);
      expect(report, `pool of order ${order}, node ${node}: pages`, here.length, count);
      expect(report, `pool of order ${order}, node ${node}: free pages`, here.filter((slot) => m.hugetlb.isFree(slot)).length, nrFree[node] ?? 0);
    }
    expect(report, `pool of order ${order}: promised pages are free`, true, reserved <= sumOf(nrFree));
  }
}

function checkKmem(m: Machine, report: Report): void {
  const reserved = m.resources.all().filter(({ kind }) => kind === "kmem");
  for (const [device, { ranges, added }] of m.kmem.all()) {
    for (const [at, { start, nrPages }] of ranges.entries()) {
      if (added.has(at)) expect(report, `dax device ${device}, range ${at}: reserved`, true, reserved.some((entry) => entry.start === start && entry.end === start + nrPages));
    }
  }
}

function checkTotals(m: Machine, report: Report): void {
  const sections = m.sections.table.between(0, Number.POSITIVE_INFINITY);
  const chunks = sections.flatMap(({ memmap }) => memmap);
  const grants = chunks.flatMap((chunk) => (chunk.host === "kernel" || chunk.host instanceof CompoundPages ? chunk.grants : []));
  for (const { id, altmap } of m.devices.all()) {
    if (altmap === null) continue;
    const own = chunks.flatMap((chunk) => (chunk.host === altmap ? chunk.grants : []));
    expect(report, `device ${id}: frames that hold its memmap`, own.reduce((sum, { order }) => sum + orderPages(order), 0), altmap.alloc);
  }
  expect(report, "totalram", m.zones.all.reduce((sum, { managed }) => sum + managed, 0), m.totals.totalram);
  expect(report, "memmap frames", chunks.reduce((sum, { nrFrames }) => sum + nrFrames, 0), m.totals.nrMemmapPages);
  expect(report, "boot memmap frames", sections.filter(({ early }) => early).length * m.sections.memmapPages(m.sizes.sectionPages), m.totals.nrMemmapBootPages);
  expect(report, "poisoned frames", sections.reduce((sum, { poisoned }) => sum + (poisoned?.size ?? 0), 0), m.totals.numPoisoned);
  for (const { pfn, order } of grants) {
    for (let frame = pfn; frame < pfn + orderPages(order); frame++) {
      if (m.frames.codeOf(frame) !== FrameCode.Memmap) report({ pfn: frame, was: "a memmap frame", is: `code ${m.frames.codeOf(frame)}` });
    }
  }
  expect(report, "section numbers ascending", true, m.sections.table.numbers.every((nr, at, numbers) => at === 0 || nr > (numbers[at - 1] ?? -1)));
}

/** The frame table of a view: one column entry a frame of every present section. */
import { FrameFlag, FrameUse, NONE, toPfn } from "../../models/index.ts";
import type { FrameTable, PfnRange } from "../../models/index.ts";
import { FrameCode, byteAt, hasOrder, isAllocated, isFree, isGuard, isPcp, noZone, orderOf, unitPages } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { broken } from "./result.ts";
import { isUntouched, zoneAt } from "./section.ts";
import type { Section } from "./section.ts";

type Columns = Pick<FrameTable, "use" | "flags" | "zone" | "order">;

const useOfCode: ReadonlyMap<number, number> = new Map<number, number>([
  [FrameCode.Hole, FrameUse.Hole],
  [FrameCode.Reserved, FrameUse.Reserved],
  [FrameCode.Memmap, FrameUse.Memmap],
  [FrameCode.SelfHosted, FrameUse.SelfHosted],
  [FrameCode.Contig, FrameUse.Allocated],
  [FrameCode.Poisoned, FrameUse.Poisoned],
  [FrameCode.PoisonedNoRef, FrameUse.Poisoned],
  [FrameCode.PageOffline, FrameUse.PageOffline],
  [FrameCode.PageOfflineDrops, FrameUse.PageOffline],
  [FrameCode.PageOfflineDropped, FrameUse.PageOfflineDropped],
  [FrameCode.Limbo, FrameUse.Limbo],
]);

export function viewFrames(m: Machine): FrameTable {
  const sections = m.sections.table.between(0, Number.POSITIVE_INFINITY).filter(({ present }) => present);
  const { sectionPages } = m.sizes;
  const nrFrames = sections.length * sectionPages;
  const columns: Columns = { use: new Uint8Array(nrFrames), flags: new Uint8Array(nrFrames), zone: new Uint8Array(nrFrames).fill(NONE), order: new Uint8Array(nrFrames).fill(NONE) };
  for (const [at, section] of sections.entries()) fillSection(m, section, columns, at * sectionPages);
  return { ranges: coalesced(sections, sectionPages), ...columns };
}

function coalesced(sections: readonly Section[], sectionPages: number): readonly PfnRange[] {
  const ranges: { start: PfnRange["start"]; nrPages: number }[] = [];
  for (const { start } of sections) {
    const last = ranges.at(-1);
    if (last !== undefined && last.start + last.nrPages === start) last.nrPages += sectionPages;
    else ranges.push({ start: toPfn(start), nrPages: sectionPages });
  }
  return ranges;
}

function fillSection(m: Machine, section: Section, columns: Columns, at: number): void {
  if (isUntouched(section)) fillFree(m, columns, at);
  else if (section.online) fillUnits(m, section, columns, at);
  else fillOffline(m, section, columns, at);
  fillDevices(m, section, columns, at);
  fillFlags(m, section, columns, at);
}

function fillFree(m: Machine, columns: Columns, at: number): void {
  columns.use.fill(FrameUse.Free, at, at + m.sizes.sectionPages);
  for (let offset = 0; offset < m.sizes.sectionPages; offset += m.sizes.maxOrderPages) columns.order[at + offset] = m.sizes.maxOrder;
}

function fillOffline(m: Machine, section: Section, columns: Columns, at: number): void {
  const { sectionPages, subsectionPages } = m.sizes;
  for (let offset = 0; offset < sectionPages; offset += subsectionPages) {
    columns.use.fill(m.sections.isAdded(section, offset) ? FrameUse.Offline : FrameUse.Absent, at + offset, at + offset + subsectionPages);
  }
}

function fillUnits(m: Machine, section: Section, columns: Columns, at: number): void {
  const { frames } = section;
  if (frames === null) throw broken(`section ${section.nr} has no frames`);
  for (let offset = 0; offset < frames.length; ) {
    const code = byteAt(frames, offset);
    const behind = offset + unitPages(code);
    columns.use.fill(useOf(code), at + offset, at + behind);
    if (isFree(code)) columns.order[at + offset] = orderOf(code);
    columns.flags.fill(mobilityOf(m, section.start + offset, code), at + offset, at + behind);
    offset = behind;
  }
}

function useOf(code: number): number {
  if (hasOrder(code)) return isFree(code) ? FrameUse.Free : isPcp(code) ? FrameUse.Pcp : isGuard(code) ? FrameUse.Guard : FrameUse.Allocated;
  const use = useOfCode.get(code);
  if (use === undefined) throw broken(`a unit begins with code ${code}`);
  return use;
}

/** The flag that says whether the kind of page can move. */
function mobilityOf(m: Machine, pfn: number, code: number): number {
  if (code === FrameCode.Memmap || code === FrameCode.Contig) return FrameFlag.Unmovable;
  if (!isAllocated(code)) return 0;
  return m.allocations.kind(m.allocations.slotAt(pfn)).traits.movable ? FrameFlag.Movable : FrameFlag.Unmovable;
}

function fillDevices(m: Machine, section: Section, columns: Columns, at: number): void {
  const { sectionPages } = m.sizes;
  for (const { start, nrPages } of m.devices.all()) {
    const first = Math.max(0, start - section.start);
    const behind = Math.min(sectionPages, start + nrPages - section.start);
    if (first < behind) columns.use.fill(FrameUse.Device, at + first, at + behind);
  }
}

function fillFlags(m: Machine, section: Section, columns: Columns, at: number): void {
  const { sectionPages, subsectionPages } = m.sizes;
  for (let first = 0; first < sectionPages; first += subsectionPages) {
    const added = m.sections.isAdded(section, first);
    const valid = section.hasMemMap && (section.early || added) ? FrameFlag.Valid : 0;
    // Only devices make a difference inside a subsection.
    const online = m.sections.isOnlineAt(section, first);
    for (let offset = first; offset < first + subsectionPages; offset++) {
      let flags = byteAt(columns.flags, at + offset) | valid;
      if (section.taint ? m.sections.isOnlineAt(section, offset) : online) flags |= FrameFlag.Online;
      if (section.poisoned !== null && section.poisoned.has(offset)) flags |= FrameFlag.Hwpoison;
      columns.flags[at + offset] = flags;
      const use = byteAt(columns.use, at + offset);
      const hasLink = use !== FrameUse.Absent && use !== FrameUse.Offline && use !== FrameUse.Unknown;
      if (!hasLink) continue;
      const zone = zoneAt(section, offset);
      columns.zone[at + offset] = zone === noZone || (use === FrameUse.Device && m.devices.isKept(section.start + offset)) ? NONE : zone;
    }
  }
}

/**
 * The memory of the machine in pieces of which one thing can be said: which block, RAM or not, which zone.
 *
 * Blocks and their zones come from sysfs, RAM from iomem, the borders inside a block without a single zone from the spans in
 * zoneinfo. What the files leave open stays null.
 */
import { rangeEnd, toPfn, zoneTypes } from "../../models/index.ts";
import type { PfnRange, ZoneIndex, ZoneType } from "../../models/index.ts";
import type { ZoneInfo } from "../formats/zoneinfo.ts";
import type { BlockFiles, SystemFiles } from "./read-system.ts";
import type { Sizes } from "./sizes.ts";

/** A zone of a possible node; `View.zones` has them in the same order. */
export interface ZoneEntry {
  readonly index: ZoneIndex;
  readonly node: number;
  readonly type: ZoneType;
  /** null: zoneinfo does not list it, so it spans nothing. */
  readonly info: ZoneInfo | null;
}

/** Memory of iomem in whole frames, rounded inward as walk_system_ram_range() does. */
export interface RamRange extends PfnRange {
  readonly driver: string | null;
}

export interface Segment {
  readonly start: number;
  readonly end: number;
  /** Index in `blocks`; null: no block covers these frames. */
  readonly block: number | null;
  /** null: iomem is not available. */
  readonly ram: boolean | null;
  /** Whose driver added the RAM, as in iomem. */
  readonly driver: string | null;
  /** null: in no zone (offline), or which one is not known. */
  readonly zone: ZoneIndex | null;
}

export interface Layout {
  readonly blockPages: number;
  readonly blocks: readonly BlockFiles[];
  /** The zone that manages each block: as valid_zones says; null: none, several or not known. */
  readonly blockZone: readonly (ZoneIndex | null)[];
  readonly ram: readonly RamRange[];
  /** Ascending, without gaps, from frame 0 to 2^53. */
  readonly segments: readonly Segment[];
}

/** Every zone type of every node up to the highest that is online. A type that zoneinfo does not list is one the kernel was built without. */
export function zoneEntries(zones: readonly ZoneInfo[], online: readonly number[]): readonly ZoneEntry[] {
  const nodes = Math.max(-1, ...zones.map(({ node }) => node), ...online) + 1;
  const entries: ZoneEntry[] = [];
  for (let node = 0; node < nodes; node++) {
    for (const type of zoneTypes) entries.push({ index: entries.length, node, type, info: zones.find((zone) => zone.node === node && zone.type === type) ?? null });
  }
  return entries;
}

export function zoneLabel(zone: { readonly type: ZoneType; readonly node: number }): string {
  return `zone ${zone.type} of node ${zone.node}`;
}

/** The span of a populated zone; undefined of others, whose start is not shown. */
export function spanOf(entry: ZoneEntry | undefined): PfnRange | undefined {
  const info = entry?.info;
  return info?.populated == null ? undefined : { start: toPfn(info.populated.start), nrPages: info.spanned };
}

/** A block that goes offline is still online. */
export function isOnline(block: BlockFiles | undefined): boolean {
  return block !== undefined && block.state !== "offline";
}

export function findLayout(files: SystemFiles, sizes: Sizes, zones: readonly ZoneEntry[]): Layout | undefined {
  if (!files.memory.available || sizes.blockPages === null) return undefined;
  const { blocks } = files.memory.value;
  const { blockPages, pageBytes } = sizes;
  const ram = files.iomem.available ? ramRanges(files.iomem.value.ram, pageBytes) : [];
  const blockZone = blocks.map((block) => zoneOfBlock(block, zones));
  const segments: Segment[] = [];
  let at = 0;
  for (const [index, block] of blocks.entries()) {
    const start = block.block * blockPages;
    if (start > at) pushSegments(segments, { start: at, end: start, block: null }, { known: files.iomem.available, ram, zones: [] }, null);
    const spans = isOnline(block) && blockZone[index] === null ? zones.filter((zone) => block.nodes.length === 0 || block.nodes.includes(zone.node)) : [];
    pushSegments(segments, { start, end: start + blockPages, block: index }, { known: files.iomem.available, ram, zones: spans }, blockZone[index] ?? null);
    at = start + blockPages;
  }
  pushSegments(segments, { start: at, end: Number.MAX_SAFE_INTEGER, block: null }, { known: files.iomem.available, ram, zones: [] }, null);
  return { blockPages, blocks, blockZone, ram, segments };
}

function ramRanges(ram: readonly { readonly start: number; readonly end: number; readonly driver: string | null }[], pageBytes: number): readonly RamRange[] {
  return ram
    .map(({ start, end, driver }) => {
      const first = Math.ceil(start / pageBytes);
      return { start: toPfn(first), nrPages: Math.floor(end / pageBytes) - first, driver };
    })
    .filter(({ nrPages }) => nrPages > 0);
}

function zoneOfBlock(block: BlockFiles, zones: readonly ZoneEntry[]): ZoneIndex | null {
  const [type, ...more] = block.validZones ?? [];
  // A block that goes offline already shows where it could go next, not where it is.
  if (block.state !== "online" || type === undefined || more.length > 0 || block.nodes.length > 1) return null;
  return zones.find((zone) => zone.type === type && zone.node === (block.nodes[0] ?? 0))?.index ?? null;
}

interface Borders {
  readonly known: boolean;
  readonly ram: readonly RamRange[];
  /** Zones that may lie inside. */
  readonly zones: readonly ZoneEntry[];
}

function pushSegments(segments: Segment[], piece: { readonly start: number; readonly end: number; readonly block: number | null }, borders: Borders, zone: ZoneIndex | null): void {
  const spans = borders.zones.flatMap((entry) => {
    const span = spanOf(entry);
    return span === undefined ? [] : [{ index: entry.index, start: span.start, end: rangeEnd(span) }];
  });
  const cuts = new Set<number>([piece.start, piece.end]);
  const cut = (at: number): void => {
    if (at > piece.start && at < piece.end) cuts.add(at);
  };
  const near = borders.ram.filter((range) => range.start < piece.end && rangeEnd(range) > piece.start);
  for (const range of near) {
    cut(range.start);
    cut(rangeEnd(range));
  }
  for (const { start, end } of spans) {
    cut(start);
    cut(end);
  }
  const edges = [...cuts].toSorted((a, b) => a - b);
  for (const [index, start] of edges.slice(0, -1).entries()) {
    const end = edges[index + 1] ?? piece.end;
    const covering = near.find((range) => start >= range.start && start < rangeEnd(range));
    const around = spans.filter((span) => start >= span.start && start < span.end);
    const found = zone ?? (around.length === 1 ? (around[0]?.index ?? null) : null);
    segments.push({ start, end, block: piece.block, ram: borders.known ? covering !== undefined : null, driver: covering?.driver ?? null, zone: found });
  }
}

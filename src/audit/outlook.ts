/**
 * What keeps each memory block from going offline, as far as flags of frames tell.
 *
 * Follows offline_pages() and has_unmovable_pages(), v6.12. Some things are certain: a block without a single zone, with
 * holes, or with reserved, slab or page-table frames in a kernel zone is refused. Others are not: a frame without flags may
 * be on a per-CPU list or belong to the kernel, and what happens to page-offline and hugetlb frames is up to their owners.
 */
import { FrameKind } from "../formats/kpage.ts";
import { deferredMemory } from "./deferred.ts";
import { isOnline, spanOf } from "./layout.ts";
import type { Layout } from "./layout.ts";
import type { Snapshot } from "./snapshot.ts";

export interface Hindrance {
  readonly kind: "no-zone" | "hole" | "boot-arm64" | "reserved" | "slab" | "page-table" | "other" | "bare" | "not-set-up" | "hugetlb" | "page-offline";
  /** Offline is refused because of it. Otherwise it may be. */
  readonly certain: boolean;
  /** Frames; null: it is about the block as a whole. */
  readonly count: number | null;
  /** The first of them. */
  readonly first: number | null;
}

export interface BlockOutlook {
  readonly block: number;
  readonly state: string;
  /** The zone by name; null: none or not known. */
  readonly zone: string | null;
  /** Of an online block: `no` refused, `maybe` not known, `yes` nothing known that keeps it. Of others null. */
  readonly canGoOffline: "no" | "maybe" | "yes" | null;
  readonly hindrances: readonly Hindrance[];
}

export function blockOutlooks(snapshot: Snapshot): readonly BlockOutlook[] {
  const { layout } = snapshot;
  if (layout === null) return [];
  const own = layout.blocks.map((): number[] => []);
  for (const [index, { block }] of layout.segments.entries()) if (block !== null) own[block]?.push(index);
  const late = deferredMemory(snapshot)?.zones.map(({ index }) => index) ?? [];
  return layout.blocks.map((block, index): BlockOutlook => {
    const zone = layout.blockZone[index] ?? null;
    const name = zone === null ? null : (snapshot.zones[zone]?.type ?? null);
    if (!isOnline(block)) return { block: block.block, state: block.state, zone: name, canGoOffline: null, hindrances: [] };
    const hindrances = hindrancesOf(snapshot, layout, { index, segments: own[index] ?? [], late: zone !== null && late.includes(zone) });
    const canGoOffline = hindrances.some(({ certain }) => certain) ? "no" : hindrances.length > 0 || !snapshot.frames.available ? "maybe" : "yes";
    return { block: block.block, state: block.state, zone: name, canGoOffline, hindrances };
  });
}

interface Own {
  readonly index: number;
  readonly segments: readonly number[];
  /** Memory of the block's zone is not set up yet. */
  readonly late: boolean;
}

function hindrancesOf(snapshot: Snapshot, layout: Layout, own: Own): readonly Hindrance[] {
  const whole = (kind: Hindrance["kind"]): Hindrance => ({ kind, certain: true, count: null, first: null });
  const found: Hindrance[] = [];
  const block = layout.blocks[own.index];
  if (block?.state === "online" && block.validZones?.length === 0) found.push(whole("no-zone"));
  if (snapshot.sizes?.arch === "arm64" && snapshot.boot[own.index] === true) found.push(whole("boot-arm64"));
  const hole = frames(layout, own.segments, ({ ram }) => ram === false);
  if (hole.count > 0) found.push({ kind: "hole", certain: true, ...hole });
  return snapshot.frames.available ? [...found, ...kindHindrances(snapshot, layout, own)] : found;
}

function frames(layout: Layout, segments: readonly number[], accept: (segment: Layout["segments"][number]) => boolean): { readonly count: number; readonly first: number } {
  let count = 0;
  let first = -1;
  for (const index of segments) {
    const segment = layout.segments[index];
    if (segment === undefined || !accept(segment)) continue;
    if (count === 0) first = segment.start;
    count += segment.end - segment.start;
  }
  return { count, first };
}

const kinds: readonly (readonly [kind: FrameKind, name: Hindrance["kind"], certain: boolean])[] = [
  [FrameKind.Reserved, "reserved", true],
  [FrameKind.Slab, "slab", true],
  [FrameKind.PageTable, "page-table", true],
  [FrameKind.Other, "other", false],
  [FrameKind.Hugetlb, "hugetlb", false],
  [FrameKind.Offline, "page-offline", false],
  [FrameKind.Bare, "bare", false],
];

function kindHindrances({ frames: tally }: Snapshot, layout: Layout, own: Own): readonly Hindrance[] {
  if (!tally.available) return [];
  return kinds.flatMap(([kind, name, certain]): readonly Hindrance[] => {
    let count = 0;
    let first: number | null = null;
    for (const index of own.segments) {
      // Hole frames are reserved, too; they have been told already.
      if (layout.segments[index]?.ram === false) continue;
      first ??= tally.value.first(index, kind) ?? null;
      count += tally.value.count(index, kind);
    }
    if (count === 0) return [];
    return [{ kind: kind === FrameKind.Bare && own.late && count === layout.blockPages ? "not-set-up" : name, certain, count, first }];
  });
}

/** Names of the zones whose span touches the block: why it has no single one. */
export function zonesAround({ zones, layout }: Snapshot, block: number): readonly string[] {
  if (layout === null) return [];
  const start = block * layout.blockPages;
  return zones.filter((zone) => {
    const span = spanOf(zone);
    return span !== undefined && span.start < start + layout.blockPages && span.start + span.nrPages > start;
  }).map(({ type }) => type);
}

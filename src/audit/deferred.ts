/**
 * Memory that the kernel has not set up yet.
 *
 * Some kernels initialise the struct pages of most memory only when it is needed, long after boot, and count it in
 * MemTotal all the while. It shows in two files at once: zoneinfo manages less than MemTotal says, and pagetypeinfo
 * counts fewer pageblocks than the zone spans, because the pages do not link to the zone yet. Only both together count,
 * so that one wrong number is not explained away.
 */
import { pageblockPages, rangeEnd } from "../../models/index.ts";
import { isOnline, spanOf, zoneLabel } from "./layout.ts";
import type { ZoneEntry } from "./layout.ts";
import type { Snapshot } from "./snapshot.ts";

export interface DeferredMemory {
  readonly zones: readonly ZoneEntry[];
  readonly why: string;
}

/** undefined: all memory is set up, as far as the files show. */
export function deferredMemory(snapshot: Snapshot): DeferredMemory | undefined {
  const { files, sizes, geometry } = snapshot;
  if (sizes === null || geometry === null || !files.meminfo.available) return undefined;
  let managed = 0;
  for (const { info } of snapshot.zones) managed += info?.managed ?? 0;
  const excess = (files.meminfo.value.values.get("MemTotal") ?? 0) / sizes.pageBytes - managed;
  if (excess <= 0) return undefined;
  if (!files.pagetypeinfo.available || snapshot.layout === null) {
    return { zones: snapshot.zones, why: `MemTotal has ${excess} pages more than the zones manage; memory that is not set up yet would explain it, and pagetypeinfo, which would show it, is not available` };
  }
  const late: ZoneEntry[] = [];
  let frames = 0;
  for (const zone of snapshot.zones) {
    const expected = expectedPageblocks(snapshot, zone);
    const counted = countedPageblocks(snapshot, zone);
    if (expected === undefined || counted === undefined || counted >= expected.most) continue;
    late.push(zone);
    frames += (expected.most - counted) * pageblockPages(geometry);
  }
  if (late.length === 0 || frames < excess) return undefined;
  return { zones: late, why: `the kernel has not set up all memory yet: ${frames} frames of ${late.map(zoneLabel).join(", ")} have no pageblocks, and MemTotal counts ${excess} pages that no zone manages` };
}

/** The pageblocks of a zone in pagetypeinfo, of all types. undefined: the zone is not listed. */
export function countedPageblocks({ files }: Snapshot, zone: ZoneEntry): number | undefined {
  if (!files.pagetypeinfo.available) return undefined;
  const row = files.pagetypeinfo.value.blocks.find((line) => line.node === zone.node && line.zone === zone.type);
  if (row === undefined) return undefined;
  let sum = 0;
  for (const count of row.count) sum += count;
  return sum;
}

/**
 * The pageblocks that pagetypeinfo has to count: pagetypeinfo_showblockcount_print(), mm/vmstat.c, v6.12, takes steps of a
 * pageblock from the first frame of the span, and counts where the page is online and links to the zone. A page is online
 * where its block is and its subsection holds memory. undefined: the zone has no span.
 */
export function expectedPageblocks(snapshot: Snapshot, zone: ZoneEntry): { readonly least: number; readonly most: number } | undefined {
  const { geometry, layout, sizes } = snapshot;
  const span = spanOf(zone);
  if (geometry === null || layout === null || sizes === null || span === undefined) return undefined;
  const step = pageblockPages(geometry);
  let certain = 0;
  let possible = 0;
  for (const segment of layout.segments) {
    if (segment.block === null || !isOnline(layout.blocks[segment.block]) || (segment.zone !== null && segment.zone !== zone.index)) continue;
    const from = Math.max(segment.start, span.start);
    const to = Math.min(segment.end, rangeEnd(span));
    const first = span.start + Math.ceil((from - span.start) / step) * step;
    if (from >= to || first >= to) continue;
    let steps = 0;
    if (segment.ram === true) steps = Math.ceil((to - first) / step);
    else for (let pfn = first; pfn < to; pfn += step) if (holdsRam(snapshot, pfn - (pfn % sizes.subsectionPages), sizes.subsectionPages)) steps++;
    possible += steps;
    if (segment.zone !== null) certain += steps;
  }
  return { least: certain, most: possible };
}

function holdsRam({ layout }: Snapshot, start: number, nrPages: number): boolean {
  return layout !== null && layout.ram.some((range) => range.start < start + nrPages && rangeEnd(range) > start);
}

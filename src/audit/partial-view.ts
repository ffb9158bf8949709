/**
 * The facts of a view that the files of a running kernel give.
 *
 * Left out, because nothing shows them: sections, tasks, isolations, allocations, groups, single pageblocks, single free
 * blocks, and the totals (the exact max_pfn and the highest present section are not shown). Of frames the table says what
 * they are, but not where free blocks begin. Start, span and present pages of a node are those of its zones: rules that
 * compare the two can not be judged from here.
 */
import { rangeEnd, toBlockId, toPfn } from "../../models/index.ts";
import type { BlockView, FrameTable, Geometry, NodeView, ResourceView, View, ZoneView } from "../../models/index.ts";
import { spanOf } from "./layout.ts";
import type { Layout, ZoneEntry } from "./layout.ts";
import type { SystemFiles } from "./read-system.ts";

export interface Parts {
  readonly files: SystemFiles;
  readonly geometry: Geometry;
  readonly zones: readonly ZoneEntry[];
  readonly layout: Layout | null;
  /** By block of the layout. */
  readonly boot: readonly (boolean | null)[];
  readonly table: FrameTable | null;
}

export function partialView(parts: Parts): View {
  const zones = zoneViews(parts);
  const nodes = zones === undefined ? undefined : nodeViews(parts, zones);
  const blocks = blockViews(parts);
  const resources = resourceViews(parts);
  return {
    geometry: parts.geometry,
    ...(zones === undefined ? {} : { zones }),
    ...(nodes === undefined ? {} : { nodes }),
    ...(blocks === undefined ? {} : { blocks }),
    ...(parts.table === null ? {} : { frames: parts.table }),
    ...(resources === undefined ? {} : { resources }),
  };
}

/** undefined: some zone spans frames, but has no present ones, and then zoneinfo does not show where it begins. */
function zoneViews({ files, zones, geometry }: Parts): readonly ZoneView[] | undefined {
  if (!files.zoneinfo.available) return undefined;
  if (zones.some(({ info }) => info !== null && info.spanned > 0 && info.populated === null)) return undefined;
  return zones.map(({ node, type, info }): ZoneView => {
    const populated = info?.populated;
    const nrFreeCma = populated == null ? 0 : populated.nrFreeCma;
    const nrFreeBlocks = freeBlocksOf(files, { node, type, populated: populated != null }, geometry.maxPageOrder + 1);
    return {
      node,
      type,
      start: toPfn(populated?.start ?? 0),
      spanned: info?.spanned ?? 0,
      present: info?.present ?? 0,
      managed: info?.managed ?? 0,
      nrFree: populated?.nrFreePages ?? 0,
      ...(nrFreeCma === null ? {} : { nrFreeCma }),
      ...(nrFreeBlocks === undefined ? {} : { nrFreeBlocks }),
    };
  });
}

function freeBlocksOf(files: SystemFiles, zone: { readonly node: number; readonly type: string; readonly populated: boolean }, nrOrders: number): readonly number[] | undefined {
  if (!files.buddyinfo.available) return undefined;
  if (!zone.populated) return Array.from({ length: nrOrders }, () => 0);
  return files.buddyinfo.value.find((line) => line.node === zone.node && line.type === zone.type)?.nrFree;
}

function nodeViews({ files, zones: entries }: Parts, zones: readonly ZoneView[]): readonly NodeView[] | undefined {
  if (!files.nodes.available) return undefined;
  const { online, hasMemory, hasNormalMemory } = files.nodes.value;
  const numbers = [...new Set(entries.map(({ node }) => node))];
  return numbers.map((node): NodeView => {
    const spans = entries.filter((entry) => entry.node === node).flatMap((entry) => spanOf(entry) ?? []);
    const start = Math.min(...spans.map((span) => span.start));
    const end = Math.max(...spans.map(rangeEnd));
    let present = 0;
    for (const zone of zones) if (zone.node === node) present += zone.present;
    const span = spans.length === 0 ? { start: toPfn(0), spanned: 0 } : { start: toPfn(start), spanned: end - start };
    return { node, ...span, present, online: online.includes(node), hasMemory: hasMemory.includes(node), hasNormalMemory: hasNormalMemory.includes(node) };
  });
}

function blockViews({ layout, boot }: Parts): readonly BlockView[] | undefined {
  return layout?.blocks.map(({ block, state, nodes, validZones }, index): BlockView => {
    const fromBoot = boot[index];
    return {
      block: toBlockId(block),
      state,
      // A block of several nodes has the number of the last one registered, memory_block_add_nid().
      node: nodes.at(-1) ?? 0,
      // A block that goes offline has a zone and does not show it any more.
      ...(validZones === null || state === "going-offline" ? {} : { zone: layout.blockZone[index] ?? null }),
      ...(validZones === null ? {} : { validZones: validZones.length === 0 ? ["none"] : validZones }),
      ...(fromBoot == null ? {} : { boot: fromBoot }),
    };
  });
}

/** RAM only: which other entries are busy is not shown. */
function resourceViews({ files, layout }: Parts): readonly ResourceView[] | undefined {
  if (!files.iomem.available || layout === null) return undefined;
  return layout.ram.map(({ start, nrPages }) => ({ range: { start, nrPages }, kind: "ram" }));
}

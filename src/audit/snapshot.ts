/**
 * Everything that was read of one system at one time, and what follows from it.
 */
import type { Geometry, View } from "../../models/index.ts";
import { misshapen, shaped } from "../formats/shape.ts";
import type { Shaped } from "../formats/shape.ts";
import { bootBlocks, memmapCounters } from "./boot-memory.ts";
import type { MemmapCounters } from "./boot-memory.ts";
import { kpagecountPath, kpageflagsPath, readFrames, readMapCounts } from "./frames.ts";
import type { FrameTally, MapCounts } from "./frames.ts";
import { findLayout, zoneEntries } from "./layout.ts";
import type { Layout, ZoneEntry } from "./layout.ts";
import { partialView } from "./partial-view.ts";
import { readSystem, systemPaths } from "./read-system.ts";
import type { SystemFiles } from "./read-system.ts";
import { findGeometry, findSizes } from "./sizes.ts";
import type { Sizes } from "./sizes.ts";
import { notAvailable, uncovered } from "./source.ts";
import type { FileSource, Reading } from "./source.ts";

export interface Snapshot {
  readonly root: string;
  /** From a running machine, which can be read again. */
  readonly live: boolean;
  readonly files: SystemFiles;
  readonly zones: readonly ZoneEntry[];
  /** null: the page size can not be found out, and nothing that follows from it. */
  readonly sizes: Sizes | null;
  readonly geometry: Geometry | null;
  /** null: no memory blocks are shown. */
  readonly layout: Layout | null;
  readonly frames: Reading<FrameTally>;
  readonly mapCounts: Reading<MapCounts>;
  readonly memmap: MemmapCounters | null;
  /** By block of the layout: was there at boot; null: not known. */
  readonly boot: readonly (boolean | null)[];
  readonly view: View | null;
  readonly assumptions: readonly string[];
  /** Files that could not be read, and why. */
  readonly missing: readonly { readonly file: string; readonly why: string }[];
}

/** Reads a system once. A file that has not the shape of its kind is the error; a file that is missing is not. */
export function collect(all: FileSource): Shaped<Snapshot> {
  const source = uncovered(all);
  const read = readSystem(source);
  if (!read.ok) return read;
  const files = read.value;
  if (!files.zoneinfo.available && !files.memory.available) {
    return misshapen(systemPaths.zoneinfo, null, files.zoneinfo.why, `a readable file: ${source.live ? "this is not a Linux system" : "the folder holds no saved system"}, or its memory can not be seen`);
  }
  const zones = zoneEntries(files.zoneinfo.available ? files.zoneinfo.value : [], files.nodes.available ? files.nodes.value.online : []);
  const sizes = findSizes(files) ?? null;
  const layout = (sizes === null ? undefined : findLayout(files, sizes, zones)) ?? null;
  const frames = layout === null ? shaped(noBlocks) : readFrames(source, layout);
  if (!frames.ok) return frames;
  const mapCounts = layout === null ? shaped(noBlocks) : readMapCounts(source, layout);
  if (!mapCounts.ok) return mapCounts;
  return shaped(assemble(source, { files, zones, sizes, layout, frames: frames.value, mapCounts: mapCounts.value }));
}

const noBlocks = notAvailable("not read, because no memory blocks are shown");

type Read = Pick<Snapshot, "files" | "zones" | "sizes" | "layout" | "frames" | "mapCounts">;

function assemble(source: FileSource, read: Read): Snapshot {
  const { files, zones, sizes, layout, frames } = read;
  const missing = missingFiles(read);
  const base = { root: source.root, live: source.live, ...read, missing };
  if (sizes === null) return { ...base, geometry: null, memmap: null, boot: [], view: null, assumptions: ["the page size can not be found out, so nothing is said about frames"] };
  const nrFrames = frames.available ? frames.value.nrFrames : null;
  const rough = findGeometry(files, sizes, nrFrames, null);
  const memmap = layout === null ? null : memmapCounters(files, layout, rough.geometry);
  const { geometry, assumptions } = memmap === null ? rough : findGeometry(files, sizes, nrFrames, memmap.structPageBytes);
  const boot = layout === null ? [] : bootBlocks(files, layout, geometry, memmap);
  const view = partialView({ files, geometry, zones, layout, boot, table: frames.available ? frames.value.table : null });
  return { ...base, geometry, memmap, boot, view, assumptions };
}

function missingFiles({ files, frames, mapCounts }: Read): readonly { readonly file: string; readonly why: string }[] {
  const readings: readonly (readonly [string, Reading<unknown>])[] = [
    [systemPaths.zoneinfo, files.zoneinfo],
    [systemPaths.buddyinfo, files.buddyinfo],
    [systemPaths.pagetypeinfo, files.pagetypeinfo],
    [systemPaths.iomem, files.iomem],
    [systemPaths.memory, files.memory],
    [systemPaths.nodes, files.nodes],
    [systemPaths.meminfo, files.meminfo],
    [systemPaths.vmstat, files.vmstat],
    [systemPaths.cmdline, files.cmdline],
    [systemPaths.version, files.version],
    [kpageflagsPath, frames],
    [kpagecountPath, mapCounts],
  ];
  return readings.flatMap(([file, reading]) => (reading.available ? [] : [{ file, why: reading.why }]));
}

/**
 * The sizes of the machine, from what its files say.
 *
 * No file names them all, so each is derived, or taken as a constant of the architecture, or assumed; an assumption is told
 * to the reader.
 *
 * - page: a constant of x86-64; else MemTotal of a node by the managed pages of its zones, which count the same frames;
 *   else the bytes of RAM in use by present pages. Always a power of two.
 * - memory block: block_size_bytes.
 * - section: a constant of the architecture; else the largest power of two that a block and the length of kpageflags
 *   (rounded up to whole sections, get_max_dump_pfn()) have in common.
 * - subsection: 2 MiB everywhere (SUBSECTION_SHIFT).
 * - pageblock: pagetypeinfo. Largest order: the columns of buddyinfo or pagetypeinfo.
 * - struct page: the memmap counters of vmstat by the sections; see memmapPerSection().
 * - PMD: a table of one page with entries of eight bytes.
 */
import type { Arch, Geometry } from "../../models/index.ts";
import type { SystemFiles } from "./read-system.ts";

export interface Sizes {
  readonly arch: Arch | null;
  readonly pageBytes: number;
  /** Frames of a memory block; null: the kernel shows no blocks. */
  readonly blockPages: number | null;
  readonly subsectionPages: number;
}

const mebi = 2 ** 20;

/** What the layout of memory needs. undefined: the page size can not be found out. */
export function findSizes(files: SystemFiles): Sizes | undefined {
  const arch = findArch(files);
  const pageBytes = arch === "x86-64" ? 4096 : (pageOfNode(files) ?? pageOfRam(files));
  if (pageBytes === undefined) return undefined;
  const blockPages = files.memory.available ? files.memory.value.blockSizeBytes / pageBytes : null;
  return { arch, pageBytes, blockPages, subsectionPages: (2 * mebi) / pageBytes };
}

function findArch(files: SystemFiles): Arch | null {
  if (files.arch.available) return files.arch.value;
  return files.version.available ? files.version.value.arch : null;
}

const smallestPage = 4096;
const largestPage = 2 ** 18;

/** The power of two nearest to the quotient, if it is the size of a page. */
function nearestPage(bytes: number, pages: number): number | undefined {
  const size = 2 ** Math.round(Math.log2(bytes / pages));
  return size >= smallestPage && size <= largestPage ? size : undefined;
}

function pageOfNode(files: SystemFiles): number | undefined {
  if (!files.nodes.available || !files.zoneinfo.available) return undefined;
  for (const [node, { values }] of files.nodes.value.meminfo) {
    let managed = 0;
    for (const zone of files.zoneinfo.value) if (zone.node === node) managed += zone.managed;
    if (managed > 0) return nearestPage(values.get("MemTotal") ?? 0, managed);
  }
  return undefined;
}

function pageOfRam(files: SystemFiles): number | undefined {
  if (!files.iomem.available || !files.zoneinfo.available) return undefined;
  let bytes = 0;
  for (const { start, end } of files.iomem.value.ram) bytes += end - start;
  let present = 0;
  for (const zone of files.zoneinfo.value) present += zone.present;
  return present > 0 ? nearestPage(bytes, present) : undefined;
}

export interface FoundGeometry {
  readonly geometry: Geometry;
  /** Sentences about what is assumed and not known. */
  readonly assumptions: readonly string[];
}

/** The whole geometry. `nrFrames`: entries of kpageflags, null where that is not available. */
export function findGeometry(files: SystemFiles, sizes: Sizes, nrFrames: number | null, structPageBytes: number | null): FoundGeometry {
  const assumptions: string[] = [];
  const { arch, pageBytes, subsectionPages } = sizes;
  const blockPages = sizes.blockPages ?? sectionOf(arch, pageBytes) ?? (128 * mebi) / pageBytes;
  if (sizes.blockPages === null) assumptions.push(`a memory block is ${(blockPages * pageBytes) / mebi} MiB: block_size_bytes is not available`);
  const sectionPages = Math.min(blockPages, sectionOf(arch, pageBytes) ?? assumedSection(blockPages, nrFrames, assumptions));
  const pmdPages = pageBytes / 8;
  const types = files.pagetypeinfo.available ? files.pagetypeinfo.value : undefined;
  const columns = files.buddyinfo.available ? files.buddyinfo.value[0]?.nrFree.length : types?.nrOrders;
  if (columns === undefined) assumptions.push("the largest free block has 2^10 frames: neither buddyinfo nor pagetypeinfo is available");
  const maxPageOrder = (columns ?? 11) - 1;
  const pageblockOrder = types?.pageblockOrder ?? Math.min(Math.log2(pmdPages), maxPageOrder);
  if (types === undefined) assumptions.push(`a pageblock has 2^${pageblockOrder} frames: pagetypeinfo is not available`);
  if (structPageBytes === null) assumptions.push("a struct page has 64 bytes: the memmap counters do not tell");
  if (arch === null) assumptions.push(`the architecture is not named; a page has ${pageBytes} bytes by the counters`);
  const geometry: Geometry = { pageBytes, structPageBytes: structPageBytes ?? 64, pageblockOrder, maxPageOrder, subsectionPages, sectionPages, blockSections: blockPages / sectionPages, pmdPages };
  return { geometry, assumptions };
}

/** SECTION_SIZE_BITS of arch/x86 and arch/arm64, v6.12. */
function sectionOf(arch: Arch | null, pageBytes: number): number | undefined {
  if (arch === null) return undefined;
  return ((arch === "arm64" && pageBytes === 65536 ? 512 : 128) * mebi) / pageBytes;
}

function assumedSection(blockPages: number, nrFrames: number | null, assumptions: string[]): number {
  const length = nrFrames === null || nrFrames === 0 ? blockPages : nrFrames;
  let section = blockPages;
  while (section > 1 && length % section !== 0) section /= 2;
  assumptions.push(section === blockPages ? "a section is as large as a memory block" : `a section has ${section} frames, which the length of kpageflags is a multiple of`);
  return section;
}

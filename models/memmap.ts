/**
 * The memory that `struct page`s themselves take: from kernel zones, or from the block that they describe.
 *
 * Linux mm/sparse-vmemmap.c, arch/x86/mm/init_64.c: vmemmap_populate(), free_pagetable(); mm/memory_hotplug.c:
 * mhp_supports_memmap_on_memory(), v6.12.
 */
import { Inadmissible } from "./choices.ts";
import type { Choices } from "./choices.ts";
import type { NodeId } from "./command.ts";
import type { MemmapOnMemoryMode } from "./description.ts";
import { blockPages, memmapPages, pageblockPages } from "./geometry.ts";
import type { Geometry } from "./geometry.ts";
import type { Altmap, Machine } from "./machine.ts";
import { framesOf, pageOf } from "./machine.ts";
import type { Grant } from "./outcome.ts";
import { allocPages } from "./page-alloc.ts";
import { freePages } from "./pcp.ts";
import { alignUp, hex, isAligned, isPowerOfTwo, pfnRange } from "./pfn.ts";
import type { Order, Pfn, PfnRange } from "./pfn.ts";
import { FrameUse } from "./view.ts";

/**
 * Frames at the start of a block that host its own memmap, or 0 where the mode or the sizes forbid it.
 *
 * Linux `mhp_supports_memmap_on_memory()` and `memory_block_memmap_on_memory_pages()`. The last rule is ours: Linux does not
 * ask for whole subsections, and without them a zone could shrink past online frames (docs/fidelity.md#self-hosted-memmap).
 */
export function selfHostedMemmapPages(geometry: Geometry, mode: MemmapOnMemoryMode): number {
  if (mode === "never") return 0;
  const block = blockPages(geometry);
  const bytes = block * geometry.structPageBytes;
  const pageblock = pageblockPages(geometry);
  if (bytes % geometry.pageBytes !== 0) return 0;
  const exact = bytes / geometry.pageBytes;
  const pages = mode === "force" ? Math.ceil(exact / pageblock) * pageblock : exact;
  if (pages % pageblock !== 0 || pages === block) return 0;
  if (bytes % (geometry.pmdPages * geometry.pageBytes) !== 0) return 0;
  return pages % geometry.subsectionPages === 0 ? pages : 0;
}

/**
 * Takes the frames for the memmap of a chunk: for a whole section in PMD-sized blocks, one by one where there is none and
 * for parts of a section. undefined: there were not enough; those taken have been given back.
 */
export function takeMemmap(machine: Machine, chunk: PfnRange, node: NodeId, choices: Choices, tell: (grant: Grant) => void): readonly Grant[] | undefined {
  const { geometry } = machine.description;
  const nrPages = memmapPages(geometry, chunk.nrPages);
  const whole = chunk.nrPages === geometry.sectionPages;
  // A block that the allocator has not is not to be had either: then it is single frames.
  const blockOrder = Math.log2(Math.min(geometry.pmdPages, nrPages));
  const order = whole && blockOrder <= geometry.maxPageOrder ? blockOrder : 0;
  return takeFrames(machine, nrPages, order, node, choices, tell);
}

function takeFrames(machine: Machine, nrPages: number, order: Order, node: NodeId, choices: Choices, tell: (grant: Grant) => void): readonly Grant[] | undefined {
  const grants: Grant[] = [];
  for (let taken = 0; taken < nrPages; ) {
    const grant = takeMemmapBlock(machine, node, order, choices, nrPages - taken);
    if (grant === undefined) {
      freeMemmap(machine, grants);
      return undefined;
    }
    for (const pfn of framesOf(pfnRange(grant.pfn, 2 ** grant.order))) pageOf(machine, pfn).use = FrameUse.Memmap;
    grants.push(grant);
    tell(grant);
    taken += 2 ** grant.order;
  }
  return grants;
}

/**
 * Frames that the memmap of a chunk takes where the compound pages of a device share theirs, or undefined where they do not:
 * one for the head of each compound page and one for its tails, wherever the page goes on. Only where that saves any.
 *
 * Linux `vmemmap_can_optimize()`, include/linux/mm.h; `vmemmap_populate_compound_pages()`, `section_nr_vmemmap_pages()`,
 * mm/sparse-vmemmap.c, v6.12. arm64 does not select ARCH_WANT_OPTIMIZE_DAX_VMEMMAP.
 */
export function sharedMemmapPages(machine: Machine, chunk: PfnRange, altmap: Altmap | null, vmemmapShift: number): number | undefined {
  const { arch, geometry } = machine.description;
  const compound = 2 ** vmemmapShift;
  const memmap = Math.floor((compound * geometry.structPageBytes) / geometry.pageBytes);
  if (vmemmapShift === 0 || arch !== "x86-64" || altmap !== null || !isPowerOfTwo(geometry.structPageBytes) || memmap <= 2) return undefined;
  // Compound pages that begin in the chunk: of a larger one the sections behind the first have nothing of their own.
  return 2 * [...framesOf(chunk)].filter((pfn) => isAligned(pfn, compound)).length;
}

/** Takes single frames for a memmap that compound pages share. undefined: there were not enough. */
export function takeSharedMemmap(machine: Machine, nrFrames: number, node: NodeId, choices: Choices, tell: (grant: Grant) => void): readonly Grant[] | undefined {
  return takeFrames(machine, nrFrames, 0, node, choices, tell);
}

/** One block of the order, or a single frame. Linux `vmemmap_populate_hugepages()` falls back PMD by PMD. */
function takeMemmapBlock(machine: Machine, node: NodeId, order: Order, choices: Choices, missing: number): Grant | undefined {
  const request = (wanted: Order): Parameters<typeof allocPages>[1] => ({ order: wanted, type: "Unmovable", highestZone: "Normal", node, nodes: null });
  const inBlock = missing % 2 ** order === 0;
  if (choices.kind === "alone") return (inBlock ? allocPages(machine, request(order), choices, undefined) : undefined) ?? allocPages(machine, request(0), choices, undefined);
  const told = choices.memmap.shift();
  if (told === undefined) return allocPages(machine, request(0), choices, undefined);
  // Single frames are for where no block is to be had.
  if (told.order === 0 && order > 0 && inBlock) allocPages(machine, request(order), choices, undefined);
  if (told.order !== 0 && !(told.order === order && inBlock)) throw new Inadmissible("memmap-size", `${hex(told.pfn)} was taken for the memmap as a block of order ${told.order}`, `order ${order} or single frames`, [told.pfn]);
  return allocPages(machine, request(told.order), choices, told);
}

/**
 * Whether the memmap of a chunk comes out of the device's own range, where that has room for it: on x86-64 only that of a
 * whole section. Linux `vmemmap_populate()`, arch/x86/mm/init_64.c, arch/arm64/mm/mmu.c, v6.12.
 */
export function takesFromAltmap(machine: Machine, chunk: PfnRange): boolean {
  const { arch, geometry } = machine.description;
  return arch === "arm64" || chunk.nrPages === geometry.sectionPages;
}

/**
 * Linux `altmap_alloc_block_buf()`, mm/sparse-vmemmap.c, v6.12, for the memmap of a chunk: block after block, each at a
 * multiple of its size. false: there is not enough room, and what this chunk took has been given back, padding aside.
 */
export function takeFromAltmap(machine: Machine, altmap: Altmap, base: Pfn, chunk: PfnRange): boolean {
  const { geometry } = machine.description;
  const nrPages = memmapPages(geometry, chunk.nrPages);
  const block = chunk.nrPages === geometry.sectionPages ? Math.min(geometry.pmdPages, nrPages) : 1;
  for (let taken = 0; taken < nrPages; taken += block) {
    const next = base + altmap.reserve + altmap.alloc + altmap.align;
    const padding = alignUp(next, block) - next;
    if (padding + block > altmap.free - altmap.alloc - altmap.align) {
      altmap.alloc -= taken;
      return false;
    }
    altmap.align += padding;
    altmap.alloc += block;
  }
  return true;
}

/** Gives memmap frames back, block by block as they were taken. */
export function freeMemmap(machine: Machine, grants: readonly Grant[]): void {
  for (const { pfn, order } of grants) freePages(machine, pfn, order, false);
}

/**
 * Giving frames back that were taken by number: Linux free_contig_range(), free_reserved_page(), mm/page_alloc.c;
 * cma_release(), mm/cma.c; virtio_mem_fake_offline(), virtio_mem_fake_online(), drivers/virtio/virtio_mem.c, v6.12.
 */
import type { ContigAllocation } from "./contig-allocations.ts";
import type { ContigOp } from "./contig.ts";
import { FrameCode } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { bug, refused, skipped } from "./result.ts";
import type { Refusal } from "./result.ts";

export class ContigRelease {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  /** free_contig_range(). */
  freeContig(start: number, nrPages: number, pcp: boolean): Refusal | undefined {
    const end = start + nrPages;
    const owners = this.#ownersOf(start, end);
    if (owners === undefined) return skipped("not-contig", { pfn: start });
    const first = owners[0];
    if (first?.compound === true) return this.#freeCompound(first, start, nrPages, pcp);
    for (const owner of owners) this.m.contigs.removeFrames(owner, start, end);
    this.m.references.freeSingly(start, end, pcp);
    return undefined;
  }

  /** The contiguous allocations that the range is made of; undefined where there is another frame, or a compound one that the range does not start with. */
  #ownersOf(start: number, end: number): readonly ContigAllocation[] | undefined {
    const owners: ContigAllocation[] = [];
    for (let pfn = start; pfn < end; ) {
      const owner = this.m.frames.contigOf(pfn);
      const at = pfn;
      const range = owner?.ranges.find((extent) => at >= extent.start && at < extent.end);
      if (owner === undefined || range === undefined || owner.kind !== "contig" || (owner.compound && (pfn !== start || range.start !== start))) return undefined;
      if (!owners.includes(owner)) owners.push(owner);
      pfn = range.end;
    }
    return owners;
  }

  /** A compound page goes as one block. Linux does so also where it is not aligned to it (KD-11). */
  #freeCompound(allocation: ContigAllocation, start: number, nrPages: number, pcp: boolean): Refusal | undefined {
    const end = start + nrPages;
    if (allocation.ranges.some((range) => range.start < start || range.end > end) || allocation.ranges[0]?.end !== end) return refused("EINVAL", "compound-size", { pfn: start });
    const isAligned = start % Math.min(nrPages, this.m.sizes.pageblockPages) === 0;
    if (!isAligned && this.m.quirks.applies("KD-11")) return bug("compound-misaligned", { pfn: start });
    this.m.contigs.removeFrames(allocation, start, end);
    if (!isAligned) {
      this.m.references.freeSingly(start, end, pcp);
      return undefined;
    }
    this.m.frames.fillCodes(start, end, FrameCode.Tail);
    this.m.references.freePages(start, Math.log2(nrPages), pcp);
    return undefined;
  }

  /** cma_release(): frames first, then the bits. */
  releaseCma(areaNr: number, id: number, pcp: boolean): Refusal | undefined {
    const area = this.m.cma.areas[areaNr];
    const allocation = this.m.contigs.get(id);
    if (allocation === undefined || allocation.kind !== "cma") return skipped("no-such-label", { id });
    if (area === undefined) return skipped("no-such-area");
    const first = allocation.ranges[0]?.start ?? area.base;
    if (first < area.base || first >= area.base + area.nrPages) return refused("EINVAL", "not-in-area", { id });
    for (const { start, end } of allocation.ranges) {
      this.m.contigs.removeFrames(allocation, start, end);
      this.freeCmaFrames(start, end, pcp);
    }
    this.m.cma.clearBits(area, allocation.firstBit, allocation.nrBits);
    return undefined;
  }

  protected freeCmaFrames(start: number, end: number, pcp: boolean): void {
    this.m.references.freeSingly(start, end, pcp);
  }

  /** virtio_mem_fake_offline(): the frames have become PageOffline. */
  fakeOffline(op: ContigOp): Refusal | undefined {
    const refusal = this.m.contig.run(op);
    if (refusal === undefined) this.m.zones.adjustManaged(op.zone, -op.nrPages);
    return refusal;
  }

  /** virtio_mem_fake_online(). */
  fakeOnline(start: number, nrPages: number): Refusal | undefined {
    const end = start + nrPages;
    for (let pfn = start; pfn < end; pfn++) {
      if (!this.#isPageOffline(pfn)) return skipped("not-page-offline", { pfn });
    }
    for (let pfn = start; pfn < end; pfn++) {
      this.m.zones.adjustManaged(this.m.frames.zone(pfn), 1);
      this.m.buddy.freeBlock(pfn, 0);
    }
    return undefined;
  }

  #isPageOffline(pfn: number): boolean {
    const section = this.m.sections.at(pfn);
    if (section === undefined || !section.online || this.m.frames.isPoisoned(pfn)) return false;
    const code = this.m.frames.codeAt(section, this.m.frames.headOf(section, pfn - section.start));
    return code === FrameCode.PageOffline || code === FrameCode.PageOfflineDrops || code === FrameCode.PageOfflineDropped;
  }

  /** free_reserved_page(), of a frame that does not hold boot memmap. */
  freeReserved(pfn: number): Refusal | undefined {
    const isReserved = this.m.sections.isOnline(pfn) && this.m.frames.codeOf(pfn) === FrameCode.Reserved && pfn !== this.m.description.zeroPage;
    if (!isReserved || this.m.frames.isPoisoned(pfn) || this.m.memmap.isBootMemmap(pfn)) return skipped("not-reserved", { pfn });
    this.m.memmap.freeReserved(pfn);
    return undefined;
  }
}

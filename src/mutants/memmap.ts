/** Historic bugs of the memory that describes added memory. */
import { altmapOffset } from "../engine/altmap.ts";
import type { Altmap } from "../engine/altmap.ts";
import { Hotplug } from "../engine/hotplug.ts";
import { FrameCode, Type, orderPages } from "../engine/layout.ts";
import { Memmap } from "../engine/memmap.ts";
import { shippedParts } from "../engine/parts.ts";
import type { MemmapGrant, Section } from "../engine/section.ts";
import type { Mutant } from "./mutant.ts";

class FirstFrameFreed extends Memmap {
  protected override freeGrant({ pfn, order }: MemmapGrant): void {
    super.freeGrant({ pfn, order: 0 });
    this.m.frames.fillCodes(pfn + 1, pfn + orderPages(order), FrameCode.Limbo);
  }
}

export const memmapChunk: Mutant = {
  id: "B30",
  title: "x86/mm: Fix freeing of PMD-sized vmemmap pages",
  effect: "a memmap that was taken as one block of several frames is freed as a single frame, and the others are lost",
  machine: "tiny",
  parts: { ...shippedParts, Memmap: FirstFrameFreed },
};

class UncountsWhatNeverCame extends Memmap {
  override depopulate(section: Section, start: number, nrPages: number, altmap: Altmap | null): void {
    const came = section.memmap.some((chunk) => chunk.start >= start && chunk.start < start + nrPages);
    super.depopulate(section, start, nrPages, altmap);
    if (!came) this.account(nrPages, -1);
  }
}

export const memmapUnderflow: Mutant = {
  id: "B38",
  title: "mm/sparse-vmemmap: fix vmemmap accounting underflow",
  effect: "undoing a section whose memmap could not be had takes that memmap off nr_memmap_pages, though it was never counted",
  machine: "tiny",
  parts: { ...shippedParts, Memmap: UncountsWhatNeverCame },
};

class CountsAll extends Memmap {
  protected override account(nrPages: number, sign: 1 | -1): void {
    super.account(nrPages, sign);
  }
}

export const sharedCounted: Mutant = {
  id: "B39",
  title: "mm/sparse-vmemmap: fix DAX vmemmap accounting with optimization",
  effect: "nr_memmap_pages counts the whole memmap of a device in compound pages, also the part that has no frames of its own",
  machine: "tiny-compound",
  parts: { ...shippedParts, Memmap: CountsAll },
};

class BehindTheReserve extends Memmap {
  override isOfAltmap(altmap: Altmap, pfn: number): boolean {
    return pfn >= altmap.base && pfn < altmap.base + altmapOffset(altmap) + altmap.alloc + altmap.align;
  }
}

export const altmapBoundary: Mutant = {
  id: "B29",
  title: "powerpc/mm/altmap: Fix altmap boundary check",
  effect: "frames behind what a device sets aside for its memmap pass for part of it, as many as are in use and lost to alignment there, and are not freed with the memmap that they hold",
  machine: "tiny-device",
  parts: { ...shippedParts, Memmap: BehindTheReserve },
};

class FreedAsIfAllocated extends Hotplug {
  /** The memmap's pages, which nobody has initialised, go to the first zone there is. */
  protected override undoSelfHosted(start: number): void {
    const { lists, buddy, memmap, zones } = this.m;
    const zone = zones.at(0);
    for (let pfn = start; pfn < start + memmap.selfHostedPages(); pfn++) {
      const section = this.m.frames.section(pfn);
      lists.add(section, pfn - section.start, 0, zone.index, Type.Unmovable);
      buddy.account(zone, 1, Type.Unmovable);
    }
    super.undoSelfHosted(start);
  }
}

export const hostedRollback: Mutant = {
  id: "B22",
  title: "mm/memory_hotplug: fix error handling in add_memory_resource()",
  effect: "undoing the add of a block that hosts its memmap frees that memmap to the buddy, where frames of a range that is gone then count as free",
  machine: "tiny-34",
  parts: { ...shippedParts, Hotplug: FreedAsIfAllocated },
};

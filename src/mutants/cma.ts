/** Historic bugs of contiguous memory areas. */
import { Cma } from "../engine/cma.ts";
import type { CmaArea } from "../engine/cma.ts";
import { ContigRelease } from "../engine/contig-release.ts";
import { FrameCode } from "../engine/layout.ts";
import { shippedParts } from "../engine/parts.ts";
import type { Mutant } from "./mutant.ts";

class AlignedInArea extends Cma {
  protected override isAligned(area: CmaArea, bit: number, align: number): boolean {
    return super.isAligned({ ...area, base: 0 }, bit, align);
  }
}

export const areaAlignment: Mutant = {
  id: "B61",
  title: "mm: cma: align to physical address, not CMA region position",
  effect: "the alignment of a CMA allocation is counted from the start of its area",
  machine: "tiny",
  parts: { ...shippedParts, Cma: AlignedInArea },
};

class NeverFreed extends ContigRelease {
  protected override freeCmaFrames(start: number, end: number): void {
    this.m.frames.fillCodes(start, end, FrameCode.Limbo);
  }
}

export const droppedInCheck: Mutant = {
  id: "B64",
  title: "mm/cma: move put_page_testzero() out of VM_WARN_ON in cma_release()",
  effect: "the references of released CMA frames are dropped in a debug check only, so that they never come back",
  machine: "tiny",
  parts: { ...shippedParts, ContigRelease: NeverFreed },
};

class StopsAtTheFirst extends Cma {
  override activateAll(isInOneZone: (area: CmaArea) => boolean): void {
    for (const area of this.areas) {
      this.activate(area, isInOneZone(area));
      if (area.nrPages === 0) return;
    }
  }
}

export const firstArea: Mutant = {
  id: "B60",
  title: "cma: don't quit at first error when activating reserved areas",
  effect: "a CMA area that can not be activated keeps the areas behind it from being activated, and their frames stay reserved",
  machine: "tiny-pins",
  parts: { ...shippedParts, Cma: StopsAtTheFirst },
};

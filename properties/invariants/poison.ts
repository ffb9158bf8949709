/**
 * Poisoned frames: kept from use, and counted.
 */
import { FrameFlag, FrameUse, blockPages } from "../../models/index.ts";
import { blocksById, rowsOf } from "../derived.ts";
import type { View } from "../../models/index.ts";
import { FrameEvidence, blockName, useName } from "../evidence.ts";
import { given, perView } from "../per-view.ts";
import type { Evidence, Invariant } from "../rule.ts";

function isPoisoned(flags: number | undefined): boolean {
  return ((flags ?? 0) & FrameFlag.Hwpoison) !== 0;
}

/** Rows whose frame is poisoned. Few, so that the rules need not walk the table each. */
const poisonedRows: (view: View) => readonly number[] = perView((view) => {
  const { flags } = given(view.frames);
  const poisoned: number[] = [];
  for (let row = 0; row < flags.length; row++) if (isPoisoned(flags[row])) poisoned.push(row);
  return poisoned;
});

const poisonIsKept: Invariant = {
  id: "PG-50",
  title: "a poisoned frame is on no free list and no per-CPU list",
  source: "the contract; mm/page_alloc.c: free_pages_prepare(), take_page_off_buddy(), v6.12; it would be given out again",
  needs: ["frames.use", "frames.flags"],
  unless: ["KD-8"],
  find: (view) => {
    const { use } = given(view.frames);
    const rows = rowsOf(view);
    const found = new FrameEvidence();
    for (const row of poisonedRows(view)) if (use[row] === FrameUse.Free || use[row] === FrameUse.Pcp) found.add(rows.pfn(row), "kept from use, it is poisoned", useName(use[row]));
    return found.found;
  },
};

const poisonedIsMarked: Invariant = {
  id: "FC-33",
  title: "a frame kept from use as bad is marked poisoned",
  source: "mm/memory-failure.c: page_handle_poison(), v6.12",
  needs: ["frames.use", "frames.flags"],
  unless: [],
  find: (view) => {
    const { use, flags } = given(view.frames);
    const rows = rowsOf(view);
    const found = new FrameEvidence();
    for (let row = 0; row < rows.count; row++) if (use[row] === FrameUse.Poisoned && !isPoisoned(flags[row])) found.add(rows.pfn(row), "marked poisoned", "not marked");
    return found.found;
  },
};

const poisonOfBlocksCounted: Invariant = {
  id: "FC-34",
  title: "each block counts its poisoned frames",
  source: "drivers/base/memory.c: memblk_nr_poison_inc(), memblk_nr_poison_sub(), v6.12; a block with poison does not come online again",
  needs: ["blocks.nrHwpoison", "frames.flags"],
  unless: [],
  find: (view) => {
    const rows = rowsOf(view);
    const size = blockPages(view.geometry);
    const counts = new Map<number, number>();
    for (const row of poisonedRows(view)) {
      const block = Math.floor(rows.pfn(row) / size);
      counts.set(block, (counts.get(block) ?? 0) + 1);
    }
    const found: Evidence[] = [];
    for (const { block, nrHwpoison = 0 } of given(view.blocks)) if (nrHwpoison !== (counts.get(block) ?? 0)) found.push({ where: blockName(block), was: `${counts.get(block) ?? 0} poisoned frames`, is: `${nrHwpoison}` });
    const blocks = blocksById(view);
    for (const [block, count] of counts) if (!blocks.has(block)) found.push({ where: blockName(block), was: "no poison, there is no such block", is: `${count} poisoned frames` });
    return found;
  },
};

const poisonCounted: Invariant = {
  id: "FC-35",
  title: "num_poisoned_pages is the number of poisoned frames",
  source: "mm/memory-failure.c: num_poisoned_pages_inc(), num_poisoned_pages_sub(), v6.12: HardwareCorrupted",
  needs: ["totals", "frames.flags"],
  unless: [],
  find: (view) => {
    const { numPoisoned } = given(view.totals);
    const was = poisonedRows(view).length;
    return was === numPoisoned ? [] : [{ where: "num_poisoned_pages", was: `${was}`, is: `${numPoisoned}` }];
  },
};

export const poisonInvariants: readonly Invariant[] = [poisonIsKept, poisonedIsMarked, poisonOfBlocksCounted, poisonCounted];

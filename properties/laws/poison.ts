/**
 * Memory errors: one frame is struck, its neighbours stay what they are.
 */
import { FrameFlag, FrameUse, rangeContains, toPfn } from "../../models/index.ts";
import { allocationOfRow, blocksById, isUnused, rowsOf } from "../derived.ts";
import { FrameEvidence, blockName, useName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Law, StepRecord } from "../rule.ts";
import { blockChanges, eachFrame, endsWithBatch, isFreeInPool, succeeded } from "../step.ts";

/** The frame that the command strikes. */
function struck({ command }: StepRecord): number | undefined {
  return command.op === "poison" || command.op === "soft-offline" || command.op === "unpoison" ? command.pfn : undefined;
}

function isPoisoned(flags: number | undefined): boolean {
  return ((flags ?? 0) & FrameFlag.Hwpoison) !== 0;
}

const neighboursStay: Law = {
  id: "PG-51",
  title: "a memory error changes the use of its frame and of the page that the frame belongs to, and at most drains per-CPU lists and batches besides",
  source: "mm/page_alloc.c: take_page_off_buddy(), put_page_back_buddy(); mm/memory-failure.c: memory_failure(), v6.12",
  needs: ["allocations", "frames.use"],
  ops: ["poison", "soft-offline", "unpoison"],
  unless: [],
  find: (step) => {
    const own = struck(step);
    const { before, after, outcome } = step;
    if (own === undefined) return [];
    const was = given(before.frames).use;
    const is = given(after.frames).use;
    const owners = allocationOfRow(before);
    const owner = owners[rowsOf(before).of(own)] ?? 0;
    const targets = outcome.moved ?? [];
    const found = new FrameEvidence();
    eachFrame(step, (pfn, rowBefore, rowAfter) => {
      const [from, to] = [was[rowBefore], is[rowAfter]];
      if (pfn === own || from === to || (isUnused(from) && (to === FrameUse.Free || to === FrameUse.Guard)) || (owner !== 0 && owners[rowBefore] === owner)) return;
      const other = given(before.allocations)[(owners[rowBefore] ?? 0) - 1];
      if (other !== undefined && endsWithBatch(other) && (to === FrameUse.Free || to === FrameUse.Poisoned)) return;
      if (targets.some((move) => pfn >= move.to.pfn && pfn < move.to.pfn + 2 ** move.to.order)) return;
      found.add(rowsOf(before).pfn(rowBefore), useName(from), useName(to));
    });
    return found.found;
  },
};

const poisonIsSet: Law = {
  id: "FC-64",
  title: "a frame that was contained is poisoned and out of use, one that was unpoisoned is not poisoned and free",
  source: "mm/memory-failure.c: memory_failure(), soft_offline_page(), unpoison_memory(), v6.12",
  needs: ["allocations", "frames.use", "frames.flags"],
  ops: ["poison", "soft-offline", "unpoison"],
  unless: ["KD-8"],
  find: (step) => {
    const own = struck(step);
    if (own === undefined || !succeeded(step)) return [];
    const row = rowsOf(step.after).of(own);
    const use = given(step.after.frames).use[row];
    const marked = isPoisoned(given(step.after.frames).flags[row]);
    const wasMarked = isPoisoned(given(step.before.frames).flags[rowsOf(step.before).of(own)]);
    // Soft offline of a frame that is poisoned already does nothing, whoever has the frame.
    if (step.command.op === "soft-offline" && wasMarked) return [];
    const wanted = step.command.op !== "unpoison";
    // A frame of a free huge page that could not be dissolved has its page still.
    if (!wanted && !marked && given(step.before.allocations).some((page) => isFreeInPool(page) && page.ranges.some((range) => rangeContains(range, toPfn(own))))) return [];
    if (marked === wanted && (wanted ? use === FrameUse.Poisoned : use === FrameUse.Free)) return [];
    return [{ pfn: rowsOf(step.after).pfn(row), was: wanted ? "poisoned and kept from use" : "not poisoned, and free", is: `${marked ? "poisoned" : "not poisoned"}, ${useName(use)}` }];
  },
};

const poisonStaysWhereItIs: Law = {
  id: "FC-65",
  title: "only a memory error marks a frame, and only unpoisoning or removing the memory clears it",
  source: "mm/memory-failure.c: memory_failure(), unpoison_memory(), v6.12",
  needs: ["frames.flags"],
  ops: [],
  unless: [],
  find: (step) => {
    const was = given(step.before.frames).flags;
    const is = given(step.after.frames).flags;
    const own = struck(step);
    const found = new FrameEvidence();
    if (was === is) return found.found;
    const removes = step.command.op === "remove" || step.command.op === "offline-and-remove" || step.command.op === "kmem-remove" || step.command.op === "vmem-request";
    eachFrame(step, (pfn, rowBefore, rowAfter) => {
      const [marked, now] = [isPoisoned(was[rowBefore]), isPoisoned(is[rowAfter])];
      if (marked === now || (pfn === own && (now ? step.command.op !== "unpoison" : step.command.op === "unpoison")) || (removes && !now)) return;
      found.add(rowsOf(step.before).pfn(rowBefore), marked ? "poisoned" : "not poisoned", now ? "poisoned" : "not poisoned");
    });
    return found.found;
  },
};

const poisonedBlockStaysOffline: Law = {
  id: "HP-27",
  title: "a block that is offline and holds poison does not come online",
  source: "drivers/base/memory.c: memory_block_online(), v6.12",
  needs: ["blocks.nrHwpoison"],
  ops: ["add", "offline-and-remove", "write-state", "write-online"],
  unless: [],
  find: (step) => {
    const found: Evidence[] = [];
    const now = blocksById(step.after);
    for (const { block, before } of blockChanges(step)) {
      const state = now.get(block)?.state;
      if (before?.state === "offline" && (before.nrHwpoison ?? 0) > 0 && state === "online") found.push({ where: blockName(block), was: "offline: EHWPOISON", is: state });
    }
    return found;
  },
};

export const poisonLaws: readonly Law[] = [neighboursStay, poisonIsSet, poisonStaysWhereItIs, poisonedBlockStaysOffline];

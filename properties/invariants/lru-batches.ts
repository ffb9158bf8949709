/**
 * Batches of the LRU: which pages can be in one, and when none may.
 */
import { pageKindTraits } from "../../models/index.ts";
import type { AllocationView } from "../../models/index.ts";
import { allocationPlace } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Invariant } from "../rule.ts";

function isSingleLruPage({ kind, order }: AllocationView): boolean {
  return kind !== "contig" && kind !== "cma" && pageKindTraits[kind].lru && order === 0;
}

const batchesHoldSinglePages: Invariant = {
  id: "LB-01",
  title: "a page in a batch of the LRU is a single page of a kind that is on the LRU, and nobody else has one that is still to be added",
  source: "mm/swap.c: __folio_batch_add_and_move(), folio_add_lru(); include/linux/swap.h: folio_may_be_lru_cached(), v6.12",
  needs: ["allocations"],
  unless: [],
  find: (view) =>
    given(view.allocations).flatMap((page) => {
      const { lruBatch = "none", lruIsolated } = page;
      if (lruBatch === "none" || (isSingleLruPage(page) && !(lruBatch === "add" && lruIsolated))) return [];
      return [{ ...allocationPlace(page), was: isSingleLruPage(page) ? "in the hands of one only" : "in no batch of the LRU", is: `in the batch ${lruBatch}${lruIsolated ? ", and taken off the LRU" : ""}` }];
    }),
};

const disabledBatchesAreEmpty: Invariant = {
  id: "LB-02",
  title: "while an offline is half done, and while a contiguous allocation moves pages, no page is in a batch of the LRU",
  source: "mm/swap.c: lru_cache_disable(); mm/memory_hotplug.c: offline_pages(); mm/page_alloc.c: __alloc_contig_migrate_range(), v6.12",
  needs: ["allocations", "tasks"],
  unless: [],
  find: (view) => {
    const by = given(view.tasks).find(({ op, phase }) => op === "offline" || (op === "alloc-contig" && phase === "migrating"));
    if (by === undefined) return [];
    return given(view.allocations)
      .filter(({ lruBatch = "none" }) => lruBatch !== "none")
      .map((page) => ({ ...allocationPlace(page), was: `in no batch, task ${by.task} has disabled them`, is: `in the batch ${page.lruBatch}` }));
  },
};

export const lruBatchInvariants: readonly Invariant[] = [batchesHoldSinglePages, disabledBatchesAreEmpty];

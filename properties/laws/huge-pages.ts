/**
 * Pools of huge pages: who makes them larger and smaller, and what is promised.
 */
import type { HugePoolView } from "../../models/index.ts";
import { given } from "../per-view.ts";
import type { Evidence, Law, StepRecord } from "../rule.ts";
import { allocationChanges, isFreeInPool, opsOf, succeeded } from "../step.ts";

interface PoolPair {
  readonly before: HugePoolView;
  readonly after: HugePoolView;
}

function poolPairs({ before, after }: StepRecord): readonly PoolPair[] {
  return given(before.hugePools).flatMap((pool) => {
    const now = given(after.hugePools).find(({ order }) => order === pool.order);
    return now === undefined ? [] : [{ before: pool, after: now }];
  });
}

/** Ops that give huge pages up: memory goes, or is bad. */
const dissolving: ReadonlySet<string> = new Set(["huge-shrink", "write-state", "write-online", "offline-and-remove", "poison", "soft-offline"]);

const poolsChangeByPages: Law = {
  id: "HT-05",
  title: "a pool gets a page only where it is made to grow, and loses one only where it is made to shrink, memory goes offline or is bad",
  source: "mm/hugetlb.c: alloc_pool_huge_folio(), remove_pool_hugetlb_folio(), dissolve_free_hugetlb_folio(), v6.12; a page that moves is as many pages as before",
  needs: ["hugePools"],
  ops: [],
  unless: [],
  find: (step) => {
    const { command } = step;
    return poolPairs(step).flatMap(({ before, after }) => {
      const most = command.op === "huge-grow" && succeeded(step) && command.order === before.order ? before.total + 1 : before.total;
      const least = opsOf(step).some((op) => dissolving.has(op)) ? 0 : most;
      return after.total >= least && after.total <= most ? [] : [{ where: `pool of order ${before.order}`, was: least === most ? `${most} pages` : `at most ${most} pages`, is: `${after.total} pages` }];
    });
  },
};

const promisesAreKept: Law = {
  id: "HT-06",
  title: "what a pool has promised changes only by promising, and by one where a page is used as promised",
  source: "mm/hugetlb.c: hugetlb_acct_memory(), dequeue_hugetlb_folio_vma(), v6.12: resv_huge_pages",
  needs: ["hugePools", "allocations"],
  ops: [],
  unless: [],
  find: (step) => {
    const { command } = step;
    return poolPairs(step).flatMap(({ before, after }) => {
      const ok = succeeded(step);
      const sets = ok && command.op === "huge-reserve" && command.order === before.order;
      const page = ok && command.op === "huge-use" && command.reserved ? given(step.before.allocations).find(({ id }) => id === command.id) : undefined;
      const was = sets ? command.count : before.reserved - (page?.order === before.order ? 1 : 0);
      return after.reserved === was ? [] : [{ where: `pool of order ${before.order}`, was: `${was} promised`, is: `${after.reserved} promised` }];
    });
  },
};

const promisedAreNotDissolved: Law = {
  id: "HT-07",
  title: "no free huge page is given up that was promised: a pool never loses more pages than it had free and not promised, but for those in use that are bad",
  source: "mm/hugetlb.c: dissolve_free_hugetlb_folio(): available_huge_pages(), v6.12",
  needs: ["hugePools", "allocations"],
  ops: ["huge-shrink", "write-state", "write-online", "offline-and-remove", "poison", "soft-offline"],
  unless: [],
  find: (step) => {
    const found: Evidence[] = [];
    for (const { before } of poolPairs(step)) {
      const gone = allocationChanges(step).filter((change) => change.after === undefined && change.before?.order === before.order && isFreeInPool(change.before));
      const spare = before.free - before.reserved;
      if (gone.length > spare) found.push({ where: `pool of order ${before.order}`, was: `at most ${spare} free pages given up, ${before.reserved} of ${before.free} are promised`, is: `${gone.length} given up` });
    }
    return found;
  },
};

export const hugePageLaws: readonly Law[] = [poolsChangeByPages, promisesAreKept, promisedAreNotDissolved];

/**
 * Pools of huge pages: what they count, and what belongs to them.
 */
import { NONE } from "../../models/index.ts";
import type { AllocationView, HugePoolView, View } from "../../models/index.ts";
import { rowsOf, zoneAt } from "../derived.ts";
import { allocationPlace } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Invariant } from "../rule.ts";
import { isFreeInPool } from "../step.ts";

function poolName({ order }: HugePoolView): string {
  return `pool of order ${order}`;
}

function pagesOf(view: View, { order }: HugePoolView): readonly AllocationView[] {
  return given(view.allocations).filter((page) => page.pool === true && page.order === order);
}

const poolsCountPages: Invariant = {
  id: "HT-01",
  title: "a pool counts its huge pages and the free ones among them, on each node",
  source: "mm/hugetlb.c: enqueue_hugetlb_folio(), remove_hugetlb_folio(), v6.12: nr_huge_pages_node, free_huge_pages_node",
  needs: ["hugePools", "allocations", "zones", "frames.zone"],
  unless: [],
  find: (view) => {
    const found: Evidence[] = [];
    const link = given(view.frames).zone;
    const nodeOf = (page: AllocationView): number | undefined => zoneAt(view, link[rowsOf(view).of(page.ranges[0]?.start ?? -1)] ?? NONE)?.node;
    for (const pool of given(view.hugePools)) {
      const pages = pagesOf(view, pool);
      for (const [node, { total, free }] of pool.nodes.entries()) {
        const here = pages.filter((page) => nodeOf(page) === node);
        const nrFree = here.filter(isFreeInPool).length;
        if (here.length !== total || nrFree !== free) found.push({ where: `${poolName(pool)}, node ${node}`, was: `${here.length} pages, ${nrFree} free`, is: `${total} pages, ${free} free` });
      }
    }
    return found;
  },
};

const poolsAddUp: Invariant = {
  id: "HT-02",
  title: "the pages and free pages of a pool are the sums over its nodes",
  source: "mm/hugetlb.c: nr_huge_pages, free_huge_pages and their parts by node, v6.12",
  needs: ["hugePools"],
  unless: [],
  find: (view) =>
    given(view.hugePools).flatMap((pool) => {
      const [total, free] = pool.nodes.reduce(([pages, frees], part) => [pages + part.total, frees + part.free], [0, 0] as readonly [number, number]);
      return total === pool.total && free === pool.free ? [] : [{ where: poolName(pool), was: `${total} pages, ${free} free`, is: `${pool.total} pages, ${pool.free} free` }];
    }),
};

const promisedAreFree: Invariant = {
  id: "HT-03",
  title: "no pool has promised more pages than are free",
  source: "mm/hugetlb.c: available_huge_pages(), hugetlb_acct_memory(), v6.12; a process that was promised a page would be killed",
  needs: ["hugePools"],
  unless: [],
  find: (view) => given(view.hugePools).flatMap((pool) => (pool.reserved <= pool.free ? [] : [{ where: poolName(pool), was: `at most ${pool.free} promised, so many are free`, is: `${pool.reserved} promised` }])),
};

const pagesHaveAPool: Invariant = {
  id: "HT-04",
  title: "a page of a pool is a hugetlb page of an order that has a pool",
  source: "mm/hugetlb.c: size_to_hstate(), v6.12",
  needs: ["hugePools", "allocations"],
  unless: [],
  find: (view) =>
    given(view.allocations).flatMap((page) => {
      const fits = (page.kind === "hugetlb" || page.kind === "hugetlb-fixed") && given(view.hugePools).some(({ order }) => order === page.order);
      return page.pool !== true || fits ? [] : [{ ...allocationPlace(page), was: "a hugetlb page of the order of a pool", is: `${page.kind} of order ${page.order}` }];
    }),
};

export const hugePageInvariants: readonly Invariant[] = [poolsCountPages, poolsAddUp, promisedAreFree, pagesHaveAPool];

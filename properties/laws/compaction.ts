/**
 * Compaction: which pages it moves, and where to.
 */
import { hex, pageblockPages, toPfn } from "../../models/index.ts";
import { allocationsById, rowsOf, typeAt } from "../derived.ts";
import { allocationName, allocationPlace, zoneName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Law, StepRecord } from "../rule.ts";
import { allocationChanges, endsWithBatch, sameFrames } from "../step.ts";

/** The zone that is compacted, as an index. */
function zoneOf({ before, command }: StepRecord): number {
  return command.op === "compact" ? given(before.zones).findIndex(({ node, type }) => node === command.node && type === command.zone) : -1;
}

const staysInItsZone: Law = {
  id: "FC-95",
  title: "compaction moves pages between frames of its zone, and inside its span",
  source: "mm/compaction.c: isolate_migratepages(), isolate_freepages(), pageblock_pfn_to_page(), v6.12; the pages of another zone are under another lock",
  needs: ["zones", "frames.zone"],
  ops: ["compact"],
  unless: [],
  find: (step) => {
    const { before, outcome } = step;
    const zone = zoneOf(step);
    const { start = 0, spanned = 0 } = given(before.zones)[zone] ?? {};
    const found: Evidence[] = [];
    for (const { id, from, to } of outcome.moved ?? []) {
      for (const place of [from, to.pfn]) {
        for (let pfn = place; pfn < place + 2 ** to.order; pfn = toPfn(pfn + 1)) {
          const link = given(before.frames).zone[rowsOf(before).of(pfn)];
          if (link !== zone || pfn < start || pfn >= start + spanned) found.push({ pfn, was: `in ${zoneName(before, zone)}, which is compacted`, is: zoneName(before, link), owner: `${place === from ? "left by" : "taken for"} allocation ${id}` });
        }
      }
    }
    return found;
  },
};

const goesUpToItsLike: Law = {
  id: "FC-96",
  title: "a page that compaction moves goes to a pageblock behind its own that is Movable or CMA",
  source: "mm/compaction.c: suitable_migration_target(), compact_scanners_met(), v6.12; else the scanners would never meet, and movable pages would spread",
  needs: ["pageblocks"],
  ops: ["compact"],
  unless: [],
  find: ({ before, outcome }) => {
    const size = pageblockPages(before.geometry);
    const found: Evidence[] = [];
    for (const { id, from, to } of outcome.moved ?? []) {
      const type = typeAt(before, to.pfn);
      if (type !== "Movable" && type !== "CMA") found.push({ pfn: to.pfn, was: "in a pageblock Movable or CMA", is: type ?? "in none", owner: `allocation ${id}` });
      if (Math.floor(to.pfn / size) <= Math.floor(from / size)) found.push({ pfn: to.pfn, was: `in a pageblock behind ${hex(from)}`, is: "not behind it", owner: `allocation ${id}` });
    }
    return found;
  },
};

const movesAsTold: Law = {
  id: "FC-97",
  title: "compaction moves no hugetlb page and none as large as a pageblock, and leaves every page that it does not tell of where it is",
  source: "mm/compaction.c: isolate_migratepages_block(), skip_isolation_on_order(), v6.12",
  needs: ["allocations"],
  ops: ["compact"],
  unless: [],
  find: (step) => {
    const { before, outcome } = step;
    const moved = new Set((outcome.moved ?? []).map(({ id }) => id));
    const found: Evidence[] = [];
    for (const { id, from, to } of outcome.moved ?? []) {
      const page = allocationsById(before).get(id);
      if (page?.kind === "hugetlb" || to.order >= before.geometry.pageblockOrder) found.push({ pfn: from, nrPages: 2 ** to.order, was: "in place, compaction leaves it", is: "moved", owner: allocationName(page) });
    }
    for (const change of allocationChanges(step)) {
      if (change.before !== undefined && change.after !== undefined && (moved.has(change.id) || sameFrames(change.before, change.after))) continue;
      if (change.before !== undefined && change.after === undefined && endsWithBatch(change.before)) continue;
      found.push({ ...allocationPlace(change.before ?? change.after), was: change.before === undefined ? "not there" : "in its place", is: change.after === undefined ? "gone" : change.before === undefined ? "there" : "in other frames" });
    }
    return found;
  },
};

export const compactionLaws: readonly Law[] = [staysInItsZone, goesUpToItsLike, movesAsTold];

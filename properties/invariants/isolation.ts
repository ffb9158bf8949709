/**
 * Isolation: counters, owners, and where isolated pageblocks may lie.
 */
import { NONE, blockPages, hex, pageblockPages, pfnRange, toPfn } from "../../models/index.ts";
import type { IsolationView, TaskView, View } from "../../models/index.ts";
import { blockAt, mustSpan, pageblockStarts, pageblockTypes, rowsOf, spans, zoneAt } from "../derived.ts";
import { FrameEvidence, recount, zoneName } from "../evidence.ts";
import { filled, given, perView } from "../per-view.ts";
import type { Evidence, Invariant } from "../rule.ts";

/** Isolated pageblocks of each zone: a pageblock is of the zone that its first frame links to. */
const isolatedPageblocks: (view: View) => readonly number[] = perView((view) => {
  const { zone: link } = given(view.frames);
  const rows = rowsOf(view);
  const counts = filled(given(view.zones).length, 0);
  for (const { start, type } of given(view.pageblocks)) {
    if (type !== "Isolate") continue;
    const row = rows.of(start);
    const zone = row < 0 ? undefined : link[row];
    if (zone !== undefined && zone < counts.length) counts[zone] = (counts[zone] ?? 0) + 1;
  }
  return counts;
});

const isolatedCounted: Invariant = {
  id: "PG-12",
  title: "nr_isolate_pageblock is the number of isolated pageblocks of the zone in online sections",
  source: "mm/page_isolation.c: set_migratetype_isolate(), unset_migratetype_isolate(), v6.12",
  needs: ["zones.nrIsolatePageblock", "pageblocks", "frames.zone"],
  unless: ["KD-1"],
  find: (view) => recount(view, (index) => isolatedPageblocks(view)[index] ?? 0, ({ nrIsolatePageblock }) => nrIsolatePageblock, "isolated pageblocks"),
};

/** Pageblocks that isolation owners hold, by zone of the first frame. */
const heldPageblocks: (view: View) => readonly number[] = perView((view) => {
  const { zone: link } = given(view.frames);
  const rows = rowsOf(view);
  const counts = filled(given(view.zones).length, 0);
  for (const { pageblocks } of given(view.isolations)) {
    for (const start of pageblocks) {
      const row = rows.of(start);
      const zone = row < 0 ? undefined : link[row];
      if (zone !== undefined && zone < counts.length) counts[zone] = (counts[zone] ?? 0) + 1;
    }
  }
  return counts;
});

const isolationCounterIsHeld: Invariant = {
  id: "HP-41",
  title: "nr_isolate_pageblock is the number of pageblocks that somebody isolates, and 0 where nobody does",
  source: "mm/page_isolation.c: set_migratetype_isolate(); mm/memory_hotplug.c: online_pages(), offline_pages(), v6.12",
  needs: ["zones.nrIsolatePageblock", "isolations", "frames.zone"],
  unless: ["KD-1", "KD-2"],
  find: (view) => recount(view, (index) => heldPageblocks(view)[index] ?? 0, ({ nrIsolatePageblock }) => nrIsolatePageblock, "pageblocks isolated by somebody"),
};

function ownerName({ owner }: IsolationView): string {
  return "token" in owner ? `token ${owner.token}` : `task ${owner.task}`;
}

/** Owners of each pageblock that somebody's book names. */
const ownersOf: (view: View) => ReadonlyMap<number, readonly string[]> = perView((view) => {
  const owners = new Map<number, string[]>();
  for (const isolation of given(view.isolations)) {
    for (const start of isolation.pageblocks) {
      const known = owners.get(start);
      if (known === undefined) owners.set(start, [ownerName(isolation)]);
      else known.push(ownerName(isolation));
    }
  }
  return owners;
});

const isolatedIsWanted: Invariant = {
  id: "HP-42",
  title: "where nobody isolates anything, no pageblock of online memory is isolated",
  source: "mm/memory_hotplug.c: online_pages(), offline_pages(), v6.12; nothing can be allocated from a pageblock left behind",
  needs: ["pageblocks", "isolations"],
  unless: ["KD-1"],
  find: (view) => {
    if (given(view.isolations).length > 0) return [];
    const found = new FrameEvidence();
    for (const { start, type } of given(view.pageblocks)) if (type === "Isolate") found.add(start, "not isolated, nobody isolates anything", "isolated");
    return found.found;
  },
};

const oneIsolationOwner: Invariant = {
  id: "PG-19",
  title: "a pageblock is isolated exactly if one owner holds it",
  source: "the contract; mm/page_isolation.c: start_isolate_page_range(), undo_isolate_page_range(), v6.12, which know no owners",
  needs: ["pageblocks", "isolations"],
  unless: ["KD-1", "KD-2"],
  find: (view) => {
    const owners = ownersOf(view);
    const found = new FrameEvidence();
    for (const { start, type } of given(view.pageblocks)) {
      const held = owners.get(start) ?? [];
      if (type === "Isolate" ? held.length === 1 : held.length === 0) continue;
      found.add(start, type === "Isolate" ? "one owner, it is isolated" : "isolated, somebody holds it", type === "Isolate" ? (held.length === 0 ? "nobody holds it" : "several hold it") : `of type ${type}`, held.length === 0 ? undefined : held.join(", "));
    }
    return found.found;
  },
};

const heldIsOnline: Invariant = {
  id: "FC-20",
  title: "an owner of an isolation holds pageblocks of online memory, each once, and at least one",
  source: "mm/page_isolation.c: start_isolate_page_range(), v6.12",
  needs: ["pageblocks", "isolations"],
  unless: ["KD-1", "KD-2"],
  find: (view) => {
    const types = pageblockTypes(view);
    const found: Evidence[] = [];
    for (const isolation of given(view.isolations)) {
      if (isolation.pageblocks.length === 0) found.push({ where: ownerName(isolation), was: "at least one pageblock", is: "none" });
      let before = -1;
      for (const start of isolation.pageblocks) {
        if (!types.has(start) || start <= before) found.push({ pfn: start, was: types.has(start) ? "held once, in order" : "a pageblock of online memory", is: types.has(start) ? "held twice or out of order" : "no such pageblock", owner: ownerName(isolation) });
        before = start;
      }
    }
    return found;
  },
};

/** The frames whose pageblocks a task isolates: an offline leaves the block's self-hosted memmap alone. */
function isolatedBy(view: View, { op, range }: TaskView): readonly number[] {
  if (op === "online") return [];
  const selfHosted = op === "offline" ? (blockAt(view, range.start)?.selfHosted ?? 0) : 0;
  const end = op === "offline" ? range.start - (range.start % blockPages(view.geometry)) + blockPages(view.geometry) : range.start + range.nrPages;
  const start = op === "offline" ? end - blockPages(view.geometry) + selfHosted : range.start;
  return pageblockStarts(view, pfnRange(toPfn(start), end - start));
}

const operationsLeaveNothing: Invariant = {
  id: "PG-20",
  title: "a half-done offline or contiguous allocation isolates the pageblocks of its range, an operation that has ended none",
  source: "mm/memory_hotplug.c: offline_pages(); mm/page_alloc.c: alloc_contig_range_noprof(), v6.12",
  needs: ["isolations", "tasks", "blocks.selfHosted"],
  unless: [],
  find: (view) => {
    const found: Evidence[] = [];
    const books = new Map<number, IsolationView>();
    for (const isolation of given(view.isolations)) if ("task" in isolation.owner) books.set(isolation.owner.task, isolation);
    for (const task of given(view.tasks)) {
      const wanted = isolatedBy(view, task);
      const held = books.get(task.task)?.pageblocks ?? [];
      books.delete(task.task);
      if (wanted.length !== held.length || wanted.some((start, at) => held[at] !== start)) found.push({ where: `task ${task.task} (${task.op})`, was: `isolates ${wanted.map(hex).join(" ") || "nothing"}`, is: held.map(hex).join(" ") || "nothing" });
    }
    for (const task of books.keys()) found.push({ where: `task ${task}`, was: "no isolation, there is no such task", is: "isolates pageblocks" });
    return found;
  },
};

const isolatedInSpan: Invariant = {
  id: "PG-25",
  title: "an isolated pageblock lies in the span of its zone, but for subsections that it shares with another zone",
  source: "mm/page_alloc.c: prep_move_freepages_block(), v6.12",
  needs: ["pageblocks", "zones", "frames.zone"],
  unless: [],
  find: (view) => {
    const { zone: link } = given(view.frames);
    const rows = rowsOf(view);
    const found = new FrameEvidence();
    for (const { start, type } of given(view.pageblocks)) {
      const row = type === "Isolate" ? rows.of(start) : -1;
      if (row < 0) continue;
      const zone = zoneAt(view, link[row]);
      const end = start + pageblockPages(view.geometry) - 1;
      const index = link[row] ?? NONE;
      if (zone === undefined || (!spans(zone, start) && mustSpan(view, index, start)) || (!spans(zone, end) && mustSpan(view, index, end))) found.add(start, "in the span of one zone, it is isolated", `${zoneName(view, link[row])} ends inside or elsewhere`);
    }
    return found.found;
  },
};

const pageblocksAreListed: Invariant = {
  id: "FC-21",
  title: "the pageblocks are those of the online sections, each once",
  source: "include/linux/mmzone.h: struct mem_section_usage, v6.12: each section keeps the types of its pageblocks",
  needs: ["pageblocks", "sections"],
  unless: [],
  find: (view) => {
    const size = pageblockPages(view.geometry);
    const { sectionPages } = view.geometry;
    const list = given(view.pageblocks);
    const found: Evidence[] = [];
    let at = 0;
    for (const { section, online } of given(view.sections)) {
      if (!online) continue;
      for (let start = section * sectionPages; start < (section + 1) * sectionPages; start += size) {
        if (list[at]?.start === start) at++;
        else if (found.length === 0) found.push({ pfn: toPfn(start), was: "a pageblock of online memory", is: list[at] === undefined ? "missing" : `the next is ${hex(list[at]?.start ?? 0)}` });
      }
    }
    const rest = list[at];
    if (found.length === 0 && rest !== undefined) found.push({ pfn: rest.start, was: "no more pageblocks", is: "a pageblock" });
    return found;
  },
};

const savedTypeOfIsolated: Invariant = {
  id: "FC-22",
  title: "only an isolated pageblock has a type to get back, and that is not Isolate",
  source: "the contract; include/linux/pageblock-flags.h, v6.12 has no bit for isolation, so that there the type is lost",
  needs: ["pageblocks.savedType"],
  unless: [],
  find: (view) => {
    const found = new FrameEvidence();
    for (const { start, type, savedType } of given(view.pageblocks)) {
      if (savedType === undefined || (type === "Isolate" && savedType !== "Isolate")) continue;
      found.add(start, type === "Isolate" ? "a type other than Isolate to get back" : "no type to get back", `${type}, to become ${savedType}`);
    }
    return found.found;
  },
};

export const isolationInvariants: readonly Invariant[] = [isolatedCounted, isolationCounterIsHeld, isolatedIsWanted, oneIsolationOwner, heldIsOnline, operationsLeaveNothing, isolatedInSpan, pageblocksAreListed, savedTypeOfIsolated];

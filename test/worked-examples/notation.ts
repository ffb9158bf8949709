/**
 * Prints what a subject shows in the notation of the worked examples, so that an expectation is one line.
 *
 * `o4/M:[0,16]` is the free list of order 4 and migratetype Movable with its blocks ascending (the order on a list is
 * policy). `pb=` has one letter a pageblock, `nf` is NR_FREE_PAGES, `iso` is nr_isolate_pageblock.
 */
import { FrameFlag, frameUseNames, migratetypes, rangeContains, rangeEnd, toBlockId, toPfn } from "../../models/index.ts";
import type { AllocId, AllocationView, BlockView, Command, Fact, Migratetype, NodeView, Outcome, SectionView, Subject, TotalsView, View, ZoneType, ZoneView } from "../../models/index.ts";

/** Who is asked, or what was seen before: where frames are many and facts too, one view serves for all. */
export type Shown = Subject | View;

/** The free lists, pageblocks and free counts of one zone: `o4/M:[16] o3/U:[8] pb=UUUUMMMM nf 24 iso 0`. */
export function allocator(shown: Shown, type: ZoneType = "Normal"): string {
  return `${freeLists(shown, type)} pb=${pageblocks(shown, type)} ${counts(shown, type)}`.trimStart();
}

/** `nf 24 iso 0`; `nf 24 cma 8 iso 0` where pages of CMA areas are free. */
export function counts(shown: Shown, type: ZoneType = "Normal"): string {
  const { nrFree, nrFreeCma = 0, nrIsolatePageblock } = zoneView(shown, type);
  return `nf ${nrFree}${nrFreeCma === 0 ? "" : ` cma ${nrFreeCma}`} iso ${nrIsolatePageblock}`;
}

/** The free blocks of one zone of node 0, largest order first, then by type: `o4/M:[0,16] o2/I:[8]`. */
export function freeLists(shown: Shown, type: ZoneType = "Normal"): string {
  const view = look(shown, "zones", "freeBlocks");
  const index = fact(view, "zones").findIndex((zone) => zone.node === 0 && zone.type === type);
  const lists: string[] = [];
  for (let order = view.geometry.maxPageOrder; order >= 0; order--) {
    for (const migratetype of migratetypes) {
      const heads = fact(view, "freeBlocks").filter((block) => block.zone === index && block.order === order && block.type === migratetype);
      if (heads.length > 0) lists.push(`o${order}/${letter(migratetype)}:[${heads.map(({ pfn }) => pfn).join(",")}]`);
    }
  }
  return lists.join(" ");
}

/** One letter for each pageblock whose first frame lies in the zone's span, ascending: `UUUUMMMM`. */
export function pageblocks(shown: Shown, type: ZoneType = "Normal"): string {
  const { start, spanned } = zoneView(shown, type);
  return pageblocksOf(shown, start, start + spanned);
}

/** One letter for each pageblock that starts in `[start, end)`. */
export function pageblocksOf(shown: Shown, start: number, end: number): string {
  return seen(shown, "pageblocks")
    .filter((pageblock) => pageblock.start >= start && pageblock.start < end)
    .map((pageblock) => letter(pageblock.type))
    .join("");
}

/** The per-CPU list entries of all zones: `o0/M:[5]`. */
export function pcpLists(shown: Shown): string {
  return seen(shown, "pcp")
    .map(({ pfn, order, type }) => `o${order}/${letter(type)}:[${pfn}]`)
    .join(" ");
}

/** `[start, spanned, present, managed]` of a zone. */
export function zoneTuple(shown: Shown, type: ZoneType, node = 0): readonly number[] {
  const { start, spanned, present, managed } = zoneView(shown, type, node);
  return [start, spanned, present, managed];
}

/** `[start, spanned, present]` of a node. */
export function nodeTuple(shown: Shown, node = 0): readonly number[] {
  const { start, spanned, present } = nodeView(shown, node);
  return [start, spanned, present];
}

export function zoneView(shown: Shown, type: ZoneType, node = 0): ZoneView {
  return only(
    seen(shown, "zones").filter((view) => view.node === node && view.type === type),
    `zone ${type} of node ${node}`,
  );
}

export function nodeView(shown: Shown, node: number): NodeView {
  return only(
    seen(shown, "nodes").filter((view) => view.node === node),
    `node ${node}`,
  );
}

export function totals(shown: Shown): TotalsView {
  return seen(shown, "totals");
}

/** The block, or undefined where there is none of that number. */
export function blockView(shown: Shown, id: number): BlockView | undefined {
  return seen(shown, "blocks").find((view) => view.block === toBlockId(id));
}

/** `online Movable`, `online none` (no single zone), `offline`, or `absent`. */
export function blockState(shown: Shown, id: number): string {
  const view = look(shown, "blocks", "zones");
  const found = fact(view, "blocks").find((entry) => entry.block === toBlockId(id));
  if (found === undefined) return "absent";
  if (found.state !== "online") return found.state;
  const type = found.zone === undefined || found.zone === null ? undefined : fact(view, "zones")[found.zone]?.type;
  return `online ${type ?? "none"}`;
}

/** What `valid_zones` of the block says: `Movable Normal`. */
export function validZones(shown: Shown, id: number): string {
  return (blockView(shown, id)?.validZones ?? ["absent"]).join(" ");
}

/** The section, or undefined where nothing is known of it. */
export function section(shown: Shown, nr: number): SectionView | undefined {
  return seen(shown, "sections").find((view) => view.section === nr);
}

/** The flags and maps of a section: `present memmap online early usage boot 1111`, or `absent`. */
export function sectionText(shown: Shown, nr: number): string {
  const found = section(shown, nr);
  if (found === undefined) return "absent";
  const flags = [
    found.present ? "present" : "",
    found.hasMemMap ? "memmap" : "",
    found.online ? "online" : "",
    found.early ? "early" : "",
    found.taint ? "taint" : "",
    `usage ${found.usage}`,
    found.subsectionMap,
  ];
  return flags.filter((word) => word !== "").join(" ");
}

/** The allocation, or undefined where it is gone. */
export function allocation(shown: Shown, id: AllocId): AllocationView | undefined {
  return seen(shown, "allocations").find((view) => view.id === id);
}

/** The frames of an allocation: `5`, `8-15`, `2-3 8`; `none` where it is gone. */
export function framesOf(shown: Shown, id: AllocId): string {
  const ranges = allocation(shown, id)?.ranges ?? [];
  const texts = ranges.map((range) => (range.nrPages === 1 ? `${range.start}` : `${range.start}-${rangeEnd(range) - 1}`));
  return texts.length === 0 ? "none" : texts.join(" ");
}

/** What a frame is, in the words of `frameUseNames`; `no section` where no section covers it. */
export function useOf(shown: Shown, pfn: number): string {
  const { use } = columnsOf(shown, pfn);
  return use === undefined ? "no section" : (frameUseNames[use] ?? `use ${use}`);
}

/** pfn_valid(). */
export function isValid(shown: Shown, pfn: number): boolean {
  return hasFlag(shown, pfn, FrameFlag.Valid);
}

/** pfn_to_online_page() gives a page. */
export function isOnline(shown: Shown, pfn: number): boolean {
  return hasFlag(shown, pfn, FrameFlag.Online);
}

export function isHwpoison(shown: Shown, pfn: number): boolean {
  return hasFlag(shown, pfn, FrameFlag.Hwpoison);
}

/** The result of a command as one word: `ok`, the errno, `skipped`, `livelock`, `bug`, `running`. */
export function answer(outcome: Outcome): string {
  return outcome.result === "refused" ? (outcome.errno ?? "refused") : outcome.result;
}

/** Runs the command alone and tells the result as one word. */
export function run(subject: Subject, command: Command): string {
  return answer(subject.apply(command));
}

/** Tells the subject what someone else did: `admitted`, or what it says against it. */
export function told(subject: Subject, command: Command, outcome: Outcome): string {
  const verdict = subject.follow(command, outcome);
  return verdict.verdict === "breach" ? `breach of ${verdict.clause}: ${verdict.because}` : verdict.verdict;
}

/** The notifier calls of an outcome: `GOING_OFFLINE[96,128) CANCEL_OFFLINE[96,128)`. */
export function events(outcome: Outcome): string {
  return (outcome.events ?? []).map(({ event, start, nrPages }) => `${event}[${start},${start + nrPages})`).join(" ");
}

/** The fact of the view; an example that needs one that is missing can not be judged. */
export function fact<Name extends Fact>(view: View, name: Name): NonNullable<View[Name]> {
  const value = view[name];
  if (value === undefined || value === null) throw new Error(`the view does not show ${name}`);
  return value;
}

/** These facts only: those of a machine of real size take long to make. */
function look(shown: Shown, ...wanted: readonly Fact[]): View {
  return "view" in shown ? shown.view(wanted) : shown;
}

function seen<Name extends Fact>(shown: Shown, name: Name): NonNullable<View[Name]> {
  return fact(look(shown, name), name);
}

const letters: Readonly<Record<Migratetype, string>> = { Unmovable: "U", Movable: "M", Reclaimable: "R", HighAtomic: "H", CMA: "C", Isolate: "I" };

function letter(type: Migratetype): string {
  return letters[type];
}

function only<T>(found: readonly T[], what: string): T {
  const [first, ...others] = found;
  if (first === undefined || others.length > 0) throw new Error(`the view shows ${what} ${found.length} times`);
  return first;
}

function columnsOf(shown: Shown, pfn: number): { readonly use: number | undefined; readonly flags: number } {
  const { ranges, use, flags } = seen(shown, "frames");
  let before = 0;
  for (const range of ranges) {
    if (rangeContains(range, toPfn(pfn))) {
      const at = before + (pfn - range.start);
      return { use: use[at], flags: flags[at] ?? 0 };
    }
    before += range.nrPages;
  }
  return { use: undefined, flags: 0 };
}

// Flags are bits of one byte, so the arithmetic stays far below 32 bits.
function hasFlag(shown: Shown, pfn: number, flag: number): boolean {
  return Math.floor(columnsOf(shown, pfn).flags / flag) % 2 === 1;
}

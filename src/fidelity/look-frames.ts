/** What steps look at, frame by frame: types of pageblocks, struct pages, page flags. */
import { FrameFlag, FrameUse, NONE, toPfn } from "../../models/index.ts";
import type { Migratetype } from "../../models/index.ts";
import { answer, words } from "./observed.ts";
import type { StepOf } from "./steps.ts";
import { agreesBy, all, compare, differs, missing } from "./verdict.ts";
import type { StepVerdict } from "./verdict.ts";
import { frameReader, isQuiet } from "./world.ts";
import type { World } from "./world.ts";

type Ranged = StepOf<"types" | "pages" | "flags" | "flag-sums">;

const letterOf: Readonly<Record<Migratetype, string>> = { Unmovable: "U", Movable: "M", Reclaimable: "R", HighAtomic: "H", CMA: "C", Isolate: "I" };

/** Types that stand for one another where the kernel's own allocations claim pageblocks. */
const claimable: ReadonlySet<string> = new Set(["U", "M", "R"]);

/** The kernel allocates for itself in this zone, and not only movable pages. */
function isBusyKernelZone(world: World, zone: number): boolean {
  return !isQuiet(world, zone) && world.see("zones")[zone]?.type !== "Movable";
}

/** A row of frames that show the same, both ends included. */
interface Run {
  readonly first: number;
  readonly last: number;
  readonly text: string;
}

/** Rows as `1048576-1049599 U`, or undefined where one is none. */
function runsOf(observed: unknown): readonly Run[] | undefined {
  const runs = (answer(observed)?.out ?? []).map((row) => /^(\d+)-(\d+) (.*)$/u.exec(row)).map((parts) => (parts === null ? undefined : { first: Number(parts[1]), last: Number(parts[2]), text: parts[3] ?? "" }));
  return runs.every((run) => run !== undefined) && runs.length > 0 ? runs : undefined;
}

/** The rows show every frame that was asked for, once and in order. */
function complete(runs: readonly Run[], { start, end }: Ranged): StepVerdict {
  let next = start;
  for (const { first, last } of runs) {
    if (first !== next || last < first) return differs(`a row from frame ${next} on`, `frames ${first} to ${last}`);
    next = last + 1;
  }
  return compare("the last frame:", end - 1, next - 1);
}

/** `1048576-1049599 U`: types of pageblocks, in runs of frames. */
export function types(world: World, range: Ranged, observed: unknown): StepVerdict {
  const { start, end } = range;
  const seen = new Map<number, string>();
  const size = 2 ** world.machine.geometry.pageblockOrder;
  const runs = runsOf(observed);
  if (runs === undefined || runs.some(({ text }) => !/^[UMRHCI]$/u.test(text))) return missing("what the types of pageblocks show", false);
  const whole = complete(runs, range);
  if (whole.verdict !== "agrees") return whole;
  for (const { first, last, text } of runs) for (let at = Math.floor(first / size) * size; at <= last; at += size) seen.set(at, text);
  const refilled = refill(world, seen);
  const predicted = new Map(world.see("pageblocks").map((pageblock) => [pageblock.start as number, letterOf[pageblock.type]] as const));
  const read = frameReader(world.see("frames"));
  const verdicts: StepVerdict[] = refilled ? [agreesBy("refill")] : [];
  for (let at = Math.floor(start / size) * size; at < end; at += size) {
    const verdict = pageblockType(world, read(at).zone, `pageblock ${at}:`, predicted.get(at) ?? "none", seen.get(at) ?? "none");
    if (verdict.verdict !== "agrees") return verdict;
    verdicts.push(verdict);
  }
  return all(verdicts);
}

function pageblockType(world: World, zone: number, what: string, predicted: string, found: string): StepVerdict {
  if (isBusyKernelZone(world, zone) && claimable.has(predicted) && claimable.has(found)) return agreesBy("types-busy");
  return compare(what, predicted, found);
}

/**
 * A per-CPU list is filled with several blocks at a time, and may claim more pageblocks than the one that was asked for. Such
 * an allocation is told to the subject and given back, so that it can say whether it was permitted. true: it was.
 */
function refill(world: World, seen: ReadonlyMap<number, string>): boolean {
  const last = world.lastAlloc;
  if (last === null || last.kind === "user" || last.kind === "folio") return false;
  const size = 2 ** world.machine.geometry.pageblockOrder;
  const claimed: ReadonlySet<number> = new Set(world.see("pageblocks").filter(({ start, type }) => type === "Movable" && ["U", "R"].includes(seen.get(start) ?? "M")).map(({ start }) => start));
  const read = frameReader(world.see("frames"));
  for (const { pfn, order } of world.see("freeBlocks")) {
    if (order < world.machine.geometry.pageblockOrder || !claimed.has(pfn) || !isQuiet(world, read(pfn).zone)) continue;
    const id = world.nextLabel();
    const retyped = Array.from({ length: 2 ** order / size }, (_, index) => toPfn(pfn + index * size));
    const verdict = world.tell({ ...last, id }, { result: "ok", grant: { pfn, order: last.order, retyped } });
    if (verdict.verdict === "admitted") world.run({ op: "free", id, pcp: false });
    return verdict.verdict === "admitted";
  }
  return false;
}

/** `1048576-1048576 online=1 zone=0:3 flags=20908 BUDDY ref=2 order=-1 mt=M`: struct pages, in runs. */
export function pages(world: World, range: Ranged, observed: unknown): StepVerdict {
  const runs = runsOf(observed);
  if (runs === undefined) return missing("what the struct pages show", false);
  const whole = complete(runs, range);
  if (whole.verdict !== "agrees") return whole;
  const read = frameReader(world.see("frames"));
  const predictedTypes = new Map(world.see("pageblocks").map((pageblock) => [pageblock.start as number, letterOf[pageblock.type]] as const));
  const verdicts: StepVerdict[] = [];
  for (const { first, last, text } of runs) {
    for (let pfn = first; pfn <= last; pfn++) {
      const verdict = page(world, read, predictedTypes, pfn, text);
      if (verdict.verdict !== "agrees") return verdict;
      verdicts.push(verdict);
    }
  }
  return all(verdicts);
}

function page(world: World, read: ReturnType<typeof frameReader>, predictedTypes: ReadonlyMap<number, string>, pfn: number, text: string): StepVerdict {
  const seen = words(text);
  const marks = text.split(" ");
  if (["online", "zone", "ref", "order", "mt"].some((name) => !seen.has(name))) return missing("what the struct pages show", false);
  const { use, flags: has, zone, order } = read(pfn);
  const online = (has & FrameFlag.Online) !== 0;
  const poisoned = (has & FrameFlag.Hwpoison) !== 0;
  const exact = [compare(`frame ${pfn}: online`, online ? "1" : "0", seen.get("online") ?? ""), compare(`frame ${pfn}: HWPOISON`, poisoned ? "yes" : "no", marks.includes("HWPOISON") ? "yes" : "no")];
  if (!online) return all(exact);
  const view = world.see("zones")[zone];
  const index = zone === NONE || view === undefined ? "none" : `${view.node}:${zone % 5}`;
  const buddy = marks.includes("BUDDY");
  const seenOrder = Number(seen.get("order"));
  const quiet = isQuiet(world, zone) && !world.undrained.has(zone);
  const state = quiet
    ? [compare(`frame ${pfn}: order`, order === NONE ? -1 : order, buddy ? seenOrder : -1), compare(`frame ${pfn}: in use`, inUse(use) ? "yes" : "no", Number(seen.get("ref")) > 0 ? "yes" : "no")]
    : [busyPage(world, read, pfn, use, buddy ? seenOrder : null, Number(seen.get("ref")))];
  const size = 2 ** world.machine.geometry.pageblockOrder;
  const type = predictedTypes.get(Math.floor(pfn / size) * size) ?? "none";
  return all([...exact, compare(`frame ${pfn}: zone`, index, seen.get("zone") ?? ""), pageblockType(world, zone, `frame ${pfn}: pageblock`, type, seen.get("mt") ?? "none"), ...state]);
}

/** Somebody has a reference. The tails of a compound page have none of their own. */
function inUse(use: number): boolean {
  return use !== FrameUse.Free && use !== FrameUse.Limbo && use !== FrameUse.Pcp;
}

function busyPage(world: World, read: ReturnType<typeof frameReader>, pfn: number, use: number, order: number | null, references: number): StepVerdict {
  if (order !== null) {
    for (let at = pfn; at < pfn + 2 ** order; at++) if (read(at).use !== FrameUse.Free && read(at).use !== FrameUse.Pcp) return differs(`frame ${at} is not free`, `a free block of order ${order} at frame ${pfn}`);
  }
  const tail = world.see("allocations").some(({ compound, ranges }) => compound && ranges.some(({ start, nrPages }) => pfn > start && pfn < start + nrPages));
  const held = inUse(use) && !tail;
  if (held && references === 0) return differs(`frame ${pfn} is in use`, `no reference on frame ${pfn}`);
  return agreesBy("frames-busy");
}

/** `n=32768 zero=1 BUDDY=24569 HUGE=10240`: how many frames of the range have each flag. */
export function flagSums(world: World, range: Ranged, observed: unknown): StepVerdict {
  const seen = words(answer(observed)?.out[0] ?? "");
  if (!seen.has("n")) return missing("what the page flags show", false);
  return compareSums(world, range, (name) => Number(seen.get(name) ?? "0"));
}

/** `1048576-1048576 UPTODATE MMAP CHEAD HUGE`: flags of frames, in runs. */
export function flags(world: World, range: Ranged, observed: unknown): StepVerdict {
  const runs = runsOf(observed);
  if (runs === undefined) return missing("what the page flags show", false);
  const sums = new Map<string, number>();
  for (const { first, last, text } of runs) for (const name of ["n", ...text.split(" ")]) sums.set(name, (sums.get(name) ?? 0) + last - first + 1);
  return all([complete(runs, range), compareSums(world, range, (name) => sums.get(name) ?? 0)]);
}

function compareSums(world: World, { start, end }: Ranged, seen: (name: string) => number): StepVerdict {
  const predicted = { n: end - start, NOPAGE: 0, HWPOISON: 0, HUGE: 0, OFFLINE: 0, BUDDY: 0, COMPOUND: 0, THP: 0 };
  const read = frameReader(world.see("frames"));
  for (let pfn = start; pfn < end; pfn++) {
    const { use, flags: has } = read(pfn);
    if ((has & FrameFlag.Online) === 0) predicted.NOPAGE += 1;
    if ((has & FrameFlag.Hwpoison) !== 0) predicted.HWPOISON += 1;
    if (use === FrameUse.PageOffline || use === FrameUse.PageOfflineDropped) predicted.OFFLINE += 1;
    if (use === FrameUse.Free || use === FrameUse.Pcp) predicted.BUDDY += 1;
  }
  const gigantic = new Set(world.pool.gigantic.values());
  for (const { id, kind, compound, ranges } of world.see("allocations")) {
    const within = ranges.reduce((sum, range) => sum + Math.max(0, Math.min(end, range.start + range.nrPages) - Math.max(start, range.start)), 0);
    if (kind === "hugetlb" || gigantic.has(id)) predicted.HUGE += within;
    else if (compound) predicted.COMPOUND += within;
    if (kind === "folio") predicted.THP += within;
  }
  const exact = (["n", "NOPAGE", "HWPOISON", "HUGE", "OFFLINE"] as const).map((name) => compare(name, predicted[name], seen(name)));
  return all([
    ...exact,
    seen("BUDDY") <= predicted.BUDDY ? agreesBy("sums") : differs(`BUDDY at most ${predicted.BUDDY}`, `BUDDY ${seen("BUDDY")}`),
    atLeast("compound pages", predicted.COMPOUND + predicted.HUGE, seen("CHEAD") + seen("CTAIL")),
    atLeast("THP", predicted.THP, seen("THP")),
  ]);
}

function atLeast(name: string, least: number, found: number): StepVerdict {
  return found >= least ? agreesBy("sums") : differs(`${name} at least ${least}`, `${name} ${found}`);
}

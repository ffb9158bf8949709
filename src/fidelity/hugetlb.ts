/**
 * Pools of hugetlb pages, on top of the model's commands: the model has hugetlb pages, and no pool.
 *
 * A page of the pool is a hugetlb allocation that nobody uses; a 1 GiB page is a contiguous allocation from the kernel zones.
 * Going off line dissolves free pages of the pool, which is done before the model's offline and comes to the same where that
 * succeeds. Linux mm/hugetlb.c, v6.12: `set_max_huge_pages()`, `hugetlb_acct_memory()`, `dissolve_free_hugetlb_folios()`.
 */
import { pfnRange, rangesOverlap, toPfn } from "../../models/index.ts";
import type { AllocId, BlockId, PfnRange } from "../../models/index.ts";
import { execute, touch, zoneOfFrame } from "./act.ts";
import { answer, field, fileValue, table } from "./observed.ts";
import type { Answer } from "./observed.ts";
import { readStep } from "./steps.ts";
import { agrees, agreesBy, all, compare, differs, missing } from "./verdict.ts";
import type { StepVerdict } from "./verdict.ts";
import { isQuiet } from "./world.ts";
import type { World } from "./world.ts";

/** Order of a page of the pool: one of 2 MiB. */
export const hugeOrder = 9;
const giganticPages = 262_144;

interface PoolFile {
  readonly field: "count" | "overcommit" | "free";
  readonly gigantic: boolean;
  readonly node: number | null;
}

/** Whether the file is one of the pools', and which. */
export function poolFile(file: string): PoolFile | undefined {
  if (file === "/proc/sys/vm/nr_hugepages") return { field: "count", gigantic: false, node: null };
  if (file === "/proc/sys/vm/nr_overcommit_hugepages") return { field: "overcommit", gigantic: false, node: null };
  const parts = /^\/sys\/(?:kernel\/mm|devices\/system\/node\/node(\d+))\/hugepages\/hugepages-(2048|1048576)kB\/(nr|free)_hugepages$/u.exec(file);
  if (parts === null) return undefined;
  return { field: parts[3] === "nr" ? "count" : "free", gigantic: parts[2] === "1048576", node: parts[1] === undefined ? null : Number(parts[1]) };
}

export function writePool(world: World, file: string, value: string, observed: Answer): StepVerdict {
  const which = poolFile(file);
  if (which === undefined || which.field === "free" || !/^\d+$/u.test(value)) return missing(`a write to ${file}`, true);
  if (which.field === "overcommit") world.pool.overcommit = Number(value);
  else if (which.gigantic) setGigantic(world, Number(value), which.node);
  else if (!setPool(world, Number(value))) return missing("a hugetlb pool that ends where memory does: in which zones its pages are is not told", true);
  return compare("errno", "0", observed.errno);
}

/** false: there were not so many to be had. */
function setPool(world: World, wanted: number): boolean {
  const { pool } = world;
  while (pool.free.length + pool.used > wanted && pool.free.length > pool.reserved) release(world);
  while (pool.free.length + pool.used < wanted && grow(world));
  pool.persistent = pool.free.length + pool.used;
  return pool.persistent >= wanted;
}

function grow(world: World): boolean {
  const id = world.nextLabel();
  const outcome = execute(world, { op: "alloc", id, kind: "hugetlb", order: hugeOrder, node: 0, thisNode: false, zone: "normal" });
  if (outcome.result === "ok") world.pool.free.push(id);
  return outcome.result === "ok";
}

function release(world: World): void {
  const id = world.pool.free.pop();
  if (id !== undefined) execute(world, { op: "free", id, pcp: false });
}

/** Pages of the pool for a mapping; surplus ones where it has too few. */
export function takeFromPool(world: World, nrPages: number): AllocId[] {
  const { pool } = world;
  growTo(world, nrPages);
  const taken = pool.free.splice(0, nrPages);
  pool.used += taken.length;
  return taken;
}

/** A mapping that is not filled reserves its pages. */
export function reserve(world: World, nrPages: number): void {
  world.pool.reserved += nrPages;
  growTo(world, world.pool.reserved);
}

function growTo(world: World, nrFree: number): void {
  const { pool } = world;
  while (pool.free.length < nrFree && pool.free.length + pool.used < pool.persistent + pool.overcommit && grow(world));
}

export function giveBack(world: World, pages: readonly AllocId[], reserved: number): void {
  const { pool } = world;
  pool.free.push(...pages);
  pool.used -= pages.length;
  pool.reserved -= reserved;
  while (pool.free.length + pool.used > pool.persistent && pool.free.length > pool.reserved) release(world);
}

/** Free pages of the pools in a block that goes off line are given up. true: there were some. */
export function dissolve(world: World, block: BlockId): boolean {
  const { sectionPages, blockSections } = world.machine.geometry;
  const range = pfnRange(toPfn(block * sectionPages * blockSections), sectionPages * blockSections);
  const small = inRange(world, world.pool.free, range);
  for (const id of small) {
    world.pool.free.splice(world.pool.free.indexOf(id), 1);
    world.pool.persistent = Math.max(0, world.pool.persistent - 1);
    execute(world, { op: "free", id, pcp: false });
  }
  const large = [...world.pool.gigantic.keys()].filter((start) => rangesOverlap(pfnRange(toPfn(start), giganticPages), range));
  for (const start of large) freeGigantic(world, start);
  return small.length + large.length > 0;
}

function inRange(world: World, ids: readonly AllocId[], range: PfnRange): readonly AllocId[] {
  if (ids.length === 0) return [];
  const wanted = new Set(ids);
  return world.see("allocations").flatMap(({ id, ranges }) => (wanted.has(id) && ranges.some((part) => rangesOverlap(part, range)) ? [id] : []));
}

/**
 * A contiguous allocation moves a page in use to a free page of the pool, and the frames that it leaves stay in the pool: the
 * range stays busy (KD-7). The two change places here; the pages that stand in the way now are given. Free pages of the pool
 * are replaced by new ones, which is what moving them comes to.
 */
export function moveIntoPool(world: World, range: PfnRange): readonly AllocId[] {
  const { pool } = world;
  const left: AllocId[] = [];
  for (const mapping of world.mappings.values()) {
    if (mapping.kind !== "hugetlb") continue;
    for (const id of inRange(world, mapping.pages, range)) {
      const inside = inRange(world, pool.free, range);
      const target = pool.free.find((free) => !inside.includes(free));
      if (target === undefined) continue;
      mapping.pages.splice(mapping.pages.indexOf(id), 1, target);
      pool.free.splice(pool.free.indexOf(target), 1, id);
      left.push(id);
    }
  }
  return left;
}

/** The range holds a hugetlb page, of the pool or of a process. */
export function touchesHugetlb(world: World, range: PfnRange): boolean {
  if (world.pool.free.length + world.pool.used === 0) return false;
  return world.see("allocations").some(({ kind, ranges }) => kind === "hugetlb" && ranges.some((part) => rangesOverlap(part, range)));
}

/**
 * 1 GiB pages. Where the record shows in which windows the kernel found them, there; else the first windows that do. Of those
 * in a zone where the kernel allocates for itself no more are kept than the record counts next.
 */
function setGigantic(world: World, wanted: number, node: number | null): void {
  const { gigantic } = world.pool;
  for (const start of [...gigantic.keys()].toReversed()) if (gigantic.size > wanted) freeGigantic(world, start);
  for (const start of windowsSeen(world)) if (gigantic.size < wanted && !gigantic.has(start)) takeWindow(world, start);
  const before = new Set(gigantic.keys());
  while (gigantic.size < wanted && takeAnyWindow(world, node));
  // In a kernel zone that is not quiet pages of the kernel's own can stand in any window.
  const counted = countedNext(world) ?? wanted;
  for (const start of [...gigantic.keys()].toReversed()) {
    const zone = zoneOfFrame(world, start);
    const blockable = zone !== undefined && !isQuiet(world, zone) && world.see("zones")[zone]?.type !== "Movable";
    if (gigantic.size > counted && blockable && !before.has(start)) freeGigantic(world, start);
  }
}

function takeWindow(world: World, start: number): void {
  const id = world.nextLabel();
  if (execute(world, { op: "alloc-contig", id, start: toPfn(start), nrPages: giganticPages, compound: false, gfp: "kernel" }).result === "ok") world.pool.gigantic.set(start, id);
}

function takeAnyWindow(world: World, node: number | null): boolean {
  const id = world.nextLabel();
  const outcome = execute(world, { op: "alloc-contig-pages", id, nrPages: giganticPages, node: node ?? 0, thisNode: node !== null, movable: false });
  if (outcome.start === undefined) return false;
  world.pool.gigantic.set(outcome.start, id);
  return true;
}

function freeGigantic(world: World, start: number): void {
  execute(world, { op: "free-contig", start: toPfn(start), nrPages: giganticPages, pcp: false });
  touch(world, start);
  world.pool.gigantic.delete(start);
}

/** The steps up to the next one that changes a pool. */
function* untilNextWrite(world: World): Generator<{ readonly do: string; readonly observed: unknown }> {
  for (const step of world.record.steps.slice(world.step + 1)) {
    const read = readStep(step.do);
    if (read.kind === "write" || read.kind === "contig-alloc" || read.kind === "contig-pages") return;
    yield step;
  }
}

/** Windows of 1 GiB that page flags show to be one hugetlb page before the pool changes again. */
function windowsSeen(world: World): readonly number[] {
  const windows: number[] = [];
  for (const { do: line, observed } of untilNextWrite(world)) {
    const read = readStep(line);
    if (read.kind === "flag-sums" && (answer(observed)?.out[0] ?? "").includes(`HUGE=${giganticPages}`)) windows.push(read.start);
  }
  return windows;
}

function countedNext(world: World): number | undefined {
  for (const { do: line, observed } of untilNextWrite(world)) {
    const read = readStep(line);
    if (read.kind === "read" && poolFile(read.file)?.field === "count") return Number(fileValue(observed));
  }
  return undefined;
}

export function readPool(world: World, file: string, value: string): StepVerdict {
  const which = poolFile(file);
  const { pool } = world;
  const count = which?.gigantic === true ? pool.gigantic.size : pool.free.length + pool.used;
  const free = which?.gigantic === true ? pool.gigantic.size : pool.free.length;
  const verdict = compare(file.slice(file.lastIndexOf("/") + 1), which?.field === "free" ? free : count, Number(value));
  return which?.gigantic === true && verdict.verdict === "agrees" && count > 0 ? agreesBy("windows") : verdict;
}

/** `nr_hugepages`, `free_hugepages`, `resv_hugepages` and `surplus_hugepages` of the 2 MiB pool. */
export function comparePool(world: World, observed: unknown): StepVerdict {
  const seen = table(observed);
  if (seen === undefined || field(observed, "nr_hugepages") === undefined) return missing("what the pool shows", false);
  const { pool } = world;
  const total = pool.free.length + pool.used;
  const predicted = { nr_hugepages: total, free_hugepages: pool.free.length, resv_hugepages: pool.reserved, surplus_hugepages: Math.max(0, total - pool.persistent) };
  const verdicts = Object.entries(predicted).map(([name, number]) => {
    const found = Number(seen.get(name));
    return number === found ? agrees : differs(`${name} ${number}`, `${name} ${seen.get(name) ?? "nothing"}`);
  });
  return all(verdicts);
}

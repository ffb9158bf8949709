/** What processes of the test do with their memory, as commands. */
import { FrameFlag, toPfn } from "../../models/index.ts";
import type { Alloc, AllocId, PageKind } from "../../models/index.ts";
import { act, execute, touch, zoneOfFrame } from "./act.ts";
import { giveBack, hugeOrder, reserve, takeFromPool } from "./hugetlb.ts";
import { answer } from "./observed.ts";
import type { Answer } from "./observed.ts";
import { readStep } from "./steps.ts";
import type { StepOf } from "./steps.ts";
import { softOfflineFrame } from "./sysfs.ts";
import { agreesBy, all, compare, differs, done, missing } from "./verdict.ts";
import type { StepVerdict } from "./verdict.ts";
import { frameReader, frames, placesOf, zoneName } from "./world.ts";
import type { Mapping, World } from "./world.ts";

/** mmap() with every page touched. Where the record says next which frames these are, exactly those. */
export function map(world: World, step: StepOf<"map">, observed: Answer): StepVerdict {
  const { name, bytes, options } = step;
  if (observed.errno !== "0") return missing("a mapping that could not be had", true);
  if (world.mappings.has(name)) return missing(`a second mapping ${name}`, true);
  const unknown = options.find((option) => !/^(?:nothp|thp|fill|lock|tmpfs|nopop|h2m|node\d+)$/u.test(option));
  if (unknown !== undefined || bytes === 0) return missing(`mapping memory as "${step.options.join(" ")}"`, true);
  if (options.includes("h2m")) return mapHuge(world, step, observed);
  const large = options.includes("thp");
  const order = large ? world.machine.geometry.pageblockOrder : 0;
  const kind: PageKind = large ? "folio" : "user";
  const node = Number(options.find((option) => /^node\d+$/u.test(option))?.slice(4) ?? "0");
  const request = (): Alloc => ({ op: "alloc", id: world.nextLabel(), kind, order, node, thisNode: options.some((option) => option.startsWith("node")), zone: "normal" });
  const pages = Array.from({ length: frames(world, bytes) / 2 ** order }, request);
  const told = large ? new Map<number, number>() : framesToldNext(world, name);
  const verdicts: StepVerdict[] = [];
  for (const [index, page] of pages.entries()) {
    const pfn = told.get(index);
    if (pfn === undefined) continue;
    const verdict = world.tell(page, { result: "ok", grant: { pfn: toPfn(pfn), order } });
    if (verdict.verdict !== "admitted") return differs("permitted" in verdict ? verdict.permitted.join(", ") : verdict.because, `page ${index} of ${name} at frame ${pfn}`);
    touch(world, pfn);
  }
  for (const [index, page] of pages.entries()) if (!told.has(index) && execute(world, page).result !== "ok") verdicts.push(differs("no frame for the mapping", "mapped"));
  world.mappings.set(name, { kind, order, pages: pages.map(({ id }) => id) });
  verdicts.push(mapped(bytes, observed));
  return all([...verdicts, agreesBy(...(told.size > 0 ? (["placed"] as const) : []))]);
}

function mapHuge(world: World, { name, bytes, options }: StepOf<"map">, observed: Answer): StepVerdict {
  const nrPages = frames(world, bytes) / 2 ** hugeOrder;
  if (options.includes("nopop")) {
    reserve(world, nrPages);
    world.mappings.set(name, { kind: "hugetlb", order: hugeOrder, pages: [] });
    return mapped(bytes, observed);
  }
  const pages = takeFromPool(world, nrPages);
  world.mappings.set(name, { kind: "hugetlb", order: hugeOrder, pages });
  return pages.length === nrPages ? mapped(bytes, observed) : differs("too few hugetlb pages", "mapped");
}

function mapped(bytes: number, observed: Answer): StepVerdict {
  return compare("output:", `mapped ${bytes} bytes`, observed.out[0] ?? "nothing");
}

/** Frames of pages by their index, as `pfns` shows them before anything else happens. */
function framesToldNext(world: World, name: string): ReadonlyMap<number, number> {
  const told = new Map<number, number>();
  for (const { do: line, observed } of world.record.steps.slice(world.step + 1)) {
    const step = readStep(line);
    if (!["frames-of", "flag-sums", "flags", "zones", "pages", "types", "meminfo", "pool", "blocks", "nothing"].includes(step.kind)) break;
    if (step.kind !== "frames-of" || step.name !== name) continue;
    for (const [index, pfn] of runs(answer(observed)?.out ?? []).entries()) told.set(frames(world, step.offset) + index, pfn);
  }
  return told;
}

/** `1048596-1048596,1048578-1048592`, or one such run a line: the frames in order. Runs without end are none. */
function runs(lines: readonly string[]): readonly number[] {
  return lines
    .flatMap((line) => line.split(","))
    .flatMap((run) => {
      const [, first, last] = /^\s*(\d+)-(\d+)\s*$/u.exec(run) ?? [];
      if (first === undefined || Number(last) - Number(first) >= 2 ** 20) return [];
      return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index);
    });
}

function mapping(world: World, name: string): Mapping | undefined {
  return world.mappings.get(name);
}

export function unmap(world: World, { name }: StepOf<"unmap">): StepVerdict {
  const found = mapping(world, name);
  if (found === undefined) return missing(`a mapping ${name}`, true);
  const places = placesOf(world, found.pages);
  if (found.kind === "hugetlb") giveBack(world, found.pages, found.pages.length === 0 ? world.pool.reserved : 0);
  else for (const id of found.pages) execute(world, { op: "free", id, pcp: false });
  for (const pfn of places) if (pfn !== undefined) touch(world, pfn);
  world.mappings.delete(name);
  return done;
}

/** The pages that are there and not poisoned. */
function alive(world: World, { pages }: Mapping): readonly boolean[] {
  const read = frameReader(world.see("frames"));
  return placesOf(world, pages).map((pfn) => pfn !== undefined && (read(pfn).flags & FrameFlag.Hwpoison) === 0);
}

/** Every page still has what was written to it: pages keep their identity when they move. */
export function check(world: World, { name }: StepOf<"check">, observed: Answer): StepVerdict {
  const found = mapping(world, name);
  if (found === undefined) return missing(`a mapping ${name}`, false);
  const count = alive(world, found).filter(Boolean).length * 2 ** found.order;
  return compare("check", `checked=${count} bad=0`, observed.out[0] ?? "nothing");
}

/** How many frames, and in which zones. Which frames is the kernel's choice. */
export function framesOf(world: World, { name, offset, bytes }: StepOf<"frames-of">, observed: Answer): StepVerdict {
  const found = mapping(world, name);
  if (found === undefined) return missing(`a mapping ${name}`, false);
  const seen = runs(observed.out);
  const first = frames(world, offset) / 2 ** found.order;
  const pages = found.pages.slice(first, bytes === null ? undefined : first + frames(world, bytes) / 2 ** found.order);
  const places = placesOf(world, pages);
  const zones = new Set(places.flatMap((pfn) => (pfn === undefined ? [] : [zoneOfFrame(world, pfn)])));
  const named = [...zones].map((zone) => (zone === undefined ? "no one zone" : zoneName(world.see("zones")[zone] ?? { node: 0, type: "none" })));
  const stray = seen.find((pfn) => !zones.has(zoneOfFrame(world, pfn)));
  const place = stray === undefined ? agreesBy("places") : differs(`frames of ${name} in ${named.join(", ")}`, `frame ${stray}`);
  return all([compare("frames", places.filter((pfn) => pfn !== undefined).length * 2 ** found.order, seen.length), place]);
}

function pageAt(world: World, name: string, offset: number): AllocId | undefined {
  const found = mapping(world, name);
  return found?.pages[Math.floor(frames(world, offset) / 2 ** found.order)];
}

export function touchPage(world: World, { name, offset }: StepOf<"touch">, observed: Answer): StepVerdict {
  const found = mapping(world, name);
  const id = pageAt(world, name, offset);
  if (found === undefined || id === undefined) return missing(`a page of ${name}`, false);
  return compare("touching the page", alive(world, { ...found, pages: [id] })[0] === true ? "ok" : "SIGBUS", observed.out[0] ?? "nothing");
}

/** madvise(MADV_HWPOISON) and madvise(MADV_SOFT_OFFLINE) of one page. */
export function adviseBad(world: World, { kind, name, offset }: StepOf<"poison-page" | "soft-offline-page">, observed: Answer): StepVerdict {
  const id = pageAt(world, name, offset);
  const [pfn] = id === undefined ? [] : placesOf(world, [id]);
  if (pfn === undefined) return missing(`a page of ${name}`, true);
  if (mapping(world, name)?.kind === "hugetlb") return missing("a memory error in a page of the hugetlb pool", true);
  return kind === "poison-page" ? act(world, { op: "poison", pfn }, observed) : softOfflineFrame(world, pfn, observed);
}

/** Somebody else's reference on the first page: a registered buffer, or a page in a pipe. */
export function reference(world: World, { kind, name }: StepOf<"pin" | "unpin" | "hold" | "release">, observed: Answer): StepVerdict {
  const id = pageAt(world, name, 0);
  if (id === undefined) return missing(`a page of ${name}`, true);
  switch (kind) {
    case "pin":
      return act(world, { op: "pin", id, longTerm: true }, observed);
    case "unpin":
      return act(world, { op: "unpin", id, longTerm: true }, observed);
    case "hold":
      return act(world, { op: "hold", id }, observed);
    case "release":
      return act(world, { op: "release", id }, observed);
  }
}

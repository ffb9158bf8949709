/**
 * What each invariant is about. An invariant holds of a view in which there is nothing of its sort, and says nothing there.
 *
 * The table names the sorts that a machine may be without. An invariant that stands in none of its lines is about the
 * facts that it reads: it says something where the first of them has an entry. A line is not narrower than what can break
 * its invariants: where the thing is missing, no view breaks them.
 */
import { FrameFlag, FrameUse, NONE } from "../../models/index.ts";
import type { AllocationView, BlockView, View, ZoneView } from "../../models/index.ts";
import type { Invariant } from "../rule.ts";

interface Thing {
  /** In words, as in "no view had ...". */
  readonly what: string;
  readonly there: (view: View) => boolean;
  readonly invariants: readonly string[];
}

function someUse(view: View, ...uses: readonly FrameUse[]): boolean {
  return view.frames !== undefined && uses.some((use) => view.frames?.use.includes(use) === true);
}

function someZone({ zones = [] }: View, fits: (zone: ZoneView) => boolean): boolean {
  return zones.some(fits);
}

function someBlock({ blocks = [] }: View, fits: (block: BlockView) => boolean): boolean {
  return blocks.some(fits);
}

function someAllocation({ allocations = [] }: View, fits: (allocation: AllocationView) => boolean): boolean {
  return allocations.some(fits);
}

function someIsolated(view: View): boolean {
  return view.pageblocks?.some(({ type, savedType }) => type === "Isolate" || savedType !== undefined) === true || (view.isolations ?? []).length > 0 || someZone(view, ({ nrIsolatePageblock = 0 }) => nrIsolatePageblock !== 0);
}

function somePoisoned(view: View): boolean {
  return someUse(view, FrameUse.Poisoned) || someBlock(view, ({ nrHwpoison = 0 }) => nrHwpoison > 0) || (view.totals?.numPoisoned ?? 0) !== 0 || view.frames?.flags.some((flags) => (flags & FrameFlag.Hwpoison) !== 0) === true;
}

function someCma(view: View): boolean {
  return (view.cma ?? []).length > 0 || view.pageblocks?.some(({ type, savedType }) => type === "CMA" || savedType === "CMA") === true || someAllocation(view, ({ kind }) => kind === "cma");
}

function someFreeCma(view: View): boolean {
  return someZone(view, ({ nrFreeCma = 0 }) => nrFreeCma !== 0) || view.freeBlocks?.some(({ type }) => type === "CMA") === true || view.pageblocks?.some(({ type }) => type === "CMA") === true;
}

export const things: readonly Thing[] = [
  { what: "an early section", there: ({ sections = [] }) => sections.some(({ early }) => early), invariants: ["FC-02", "HP-09", "HP-31"] },
  { what: "a section that is not present", there: ({ sections = [] }) => sections.some(({ present }) => !present), invariants: ["HP-02", "HP-04"] },
  { what: "an added section", there: ({ sections = [], totals }) => sections.some(({ early }) => !early) || (totals?.nrMemmapPages ?? 0) !== 0, invariants: ["HP-10", "HP-11"] },
  { what: "a block that was added", there: (view) => someBlock(view, ({ boot }) => boot === false), invariants: ["HP-15", "HP-17"] },
  { what: "an online block that names its zone", there: (view) => someBlock(view, ({ state, zone }) => state !== "offline" && zone !== null), invariants: ["HP-21"] },
  { what: "an online block without a zone", there: (view) => someBlock(view, ({ state, zone }) => state === "online" && zone === null), invariants: ["HP-22"] },
  { what: "a block that hosts its memmap", there: (view) => someBlock(view, ({ selfHosted = 0 }) => selfHosted > 0) || someUse(view, FrameUse.SelfHosted), invariants: ["FC-03", "HP-24", "HP-63"] },
  { what: "a page of a pool of huge pages", there: (view) => someAllocation(view, ({ pool }) => pool === true), invariants: ["HT-04"] },
  { what: "a virtio-mem device", there: ({ resources = [] }) => resources.some(({ kind }) => kind === "virtio-mem"), invariants: ["VM-01"] },
  { what: "memory that a driver has reserved", there: ({ resources = [] }) => resources.some(({ kind }) => kind === "kmem"), invariants: ["KM-02"] },
  { what: "a memmap that was allocated", there: (view) => someUse(view, FrameUse.Memmap) || view.sections?.some(({ backing }) => backing.includes("k") || backing.includes("c")) === true, invariants: ["HP-08"] },
  { what: "memory that is offline or absent", there: (view) => someUse(view, FrameUse.Offline, FrameUse.Absent), invariants: ["FC-08", "HP-59"] },
  { what: "a reserved frame", there: (view) => someUse(view, FrameUse.Reserved), invariants: ["HP-61"] },
  { what: "a device, or a frame of one", there: (view) => (view.devices ?? []).length > 0 || someUse(view, FrameUse.Device) || view.resources?.some(({ kind }) => kind === "device") === true, invariants: ["FC-09", "FC-30", "FC-32", "HP-13", "HP-55"] },
  { what: "a zone Device that spans something", there: (view) => someZone(view, ({ type, spanned, present, managed, contiguous }) => type === "Device" && (spanned > 0 || present > 0 || managed > 0 || contiguous === true)), invariants: ["FC-40", "HP-37"] },
  { what: "a zone that spans nothing", there: (view) => someZone(view, ({ spanned }) => spanned === 0), invariants: ["HP-33"] },
  { what: "a contiguous zone", there: (view) => someZone(view, ({ contiguous }) => contiguous === true), invariants: ["HP-43"] },
  { what: "a node that is not online", there: ({ nodes = [] }) => nodes.some(({ online }) => !online), invariants: ["FC-18", "HP-45"] },
  { what: "a free frame", there: (view) => (view.freeBlocks ?? []).length > 0 || someUse(view, FrameUse.Free) || someZone(view, ({ nrFree = 0, nrFreeBlocks = [] }) => nrFree !== 0 || nrFreeBlocks.some((count) => count !== 0)) || view.frames?.order.some((order) => order !== NONE) === true, invariants: ["FC-11", "PG-03", "PG-04", "PG-05", "PG-06", "PG-09", "PG-10", "PG-15", "PG-17", "PG-24"] },
  { what: "a CMA area", there: someCma, invariants: ["FC-28", "PG-42", "PG-44", "PG-46"] },
  { what: "a free frame of CMA", there: someFreeCma, invariants: ["FC-15", "FC-16", "PG-11"] },
  { what: "a CMA allocation", there: (view) => someAllocation(view, ({ kind }) => kind === "cma") || view.cma?.some(({ bitmap }) => bitmap.includes("1")) === true, invariants: ["FC-29", "PG-43"] },
  { what: "a frame in use in a CMA pageblock", there: (view) => someFreeCma(view) && someUse(view, FrameUse.Allocated, FrameUse.Memmap), invariants: ["PG-33"] },
  { what: "an isolated pageblock", there: someIsolated, invariants: ["FC-20", "FC-22", "HP-41", "PG-12", "PG-16", "PG-18", "PG-19", "PG-25"] },
  { what: "an isolated pageblock and a CMA area", there: (view) => someIsolated(view) && someCma(view), invariants: ["FC-41"] },
  { what: "nobody who isolates anything", there: ({ isolations = [] }) => isolations.length === 0, invariants: ["HP-42"] },
  { what: "a page that somebody else refers to", there: (view) => someAllocation(view, ({ holds, pins, longTermPins, lruIsolated, freed }) => holds !== 0 || pins !== 0 || longTermPins !== 0 || lruIsolated || freed), invariants: ["FC-25"] },
  { what: "a page with a long-term pin", there: (view) => someAllocation(view, ({ longTermPins }) => longTermPins > 0), invariants: ["FC-27"] },
  { what: "an allocation, or a memmap that was allocated", there: (view) => someAllocation(view, () => true) || view.frames?.flags.some((flags) => (flags & (FrameFlag.Movable | FrameFlag.Unmovable)) !== 0) === true || someUse(view, FrameUse.Memmap), invariants: ["FC-26"] },
  { what: "an allocation", there: (view) => someAllocation(view, () => true) || someUse(view, FrameUse.Allocated), invariants: ["FC-13", "PG-07"] },
  { what: "a frame in use in zone Movable", there: (view) => someUse(view, FrameUse.Allocated, FrameUse.Memmap) && view.frames?.zone.some((index) => view.zones?.[index]?.type === "Movable") === true, invariants: ["HP-62", "PG-32"] },
  { what: "a frame on a per-CPU list", there: (view) => (view.pcp ?? []).length > 0 || someUse(view, FrameUse.Pcp), invariants: ["FC-12", "PG-08"] },
  { what: "a zone whose per-CPU lists are disabled", there: (view) => someZone(view, ({ pcpDisabled = 0 }) => pcpDisabled > 0), invariants: ["PG-22"] },
  { what: "a poisoned frame", there: somePoisoned, invariants: ["FC-33", "FC-34", "FC-35", "PG-50"] },
  { what: "a half-done online or offline", there: (view) => (view.tasks ?? []).some(({ op }) => op !== "alloc-contig") || someBlock(view, ({ state }) => state === "going-offline"), invariants: ["FC-36", "HP-16"] },
  { what: "a half-done offline", there: ({ tasks = [] }) => tasks.some(({ op }) => op === "offline"), invariants: ["FC-38"] },
  { what: "a half-done operation, or what it isolates", there: ({ tasks = [], isolations = [] }) => tasks.length > 0 || isolations.some(({ owner }) => "task" in owner), invariants: ["PG-20"] },
  { what: "a block of a group", there: (view) => someBlock(view, ({ group = null }) => group !== null) || (view.groups ?? []).some(({ blocks, presentKernel, presentMovable }) => blocks.length > 0 || presentKernel !== 0 || presentMovable !== 0), invariants: ["HP-23", "HP-49", "HP-50"] },
  { what: "a dynamic group with movable frames", there: ({ groups = [] }) => groups.some(({ dynamic, presentMovable }) => dynamic && presentMovable > 0), invariants: ["HP-51"] },
  { what: "a page in a batch of the LRU", there: (view) => someAllocation(view, ({ lruBatch = "none" }) => lruBatch !== "none"), invariants: ["LB-01"] },
  { what: "an operation that keeps batches of the LRU disabled", there: (view) => someAllocation(view, ({ lruBatch }) => lruBatch !== undefined) && (view.tasks ?? []).some(({ op, phase }) => op === "offline" || phase === "migrating"), invariants: ["LB-02"] },
  { what: "a HighAtomic pageblock", there: ({ pageblocks = [] }) => pageblocks.some(({ type, savedType }) => type === "HighAtomic" || savedType === "HighAtomic"), invariants: ["HA-01"] },
  { what: "a free HighAtomic frame", there: (view) => someZone(view, ({ nrFreeHighAtomic = 0 }) => nrFreeHighAtomic !== 0) || view.freeBlocks?.some(({ type }) => type === "HighAtomic") === true, invariants: ["HA-02"] },
];

const thingOf: ReadonlyMap<string, Thing> = new Map(things.flatMap((thing) => thing.invariants.map((id) => [id, thing] as const)));

/** Whether the view has what the invariant is about. */
export function speaksOfView({ id, needs }: Invariant, view: View): boolean {
  const thing = thingOf.get(id);
  if (thing !== undefined) return thing.there(view);
  const [fact] = (needs[0] ?? "").split(".");
  const value: unknown = Object.entries(view).find(([name]) => name === fact)?.[1];
  return Array.isArray(value) ? value.length > 0 : value !== undefined;
}

/** What a view has to have for the invariant to say something, in words. */
export function thingWords({ id, needs }: Invariant): string {
  return thingOf.get(id)?.what ?? `anything in ${needs[0] ?? "it"}`;
}

/**
 * What an operation may change: every fact that it has no business with stays as it was.
 *
 * A path is a fact or a field of its entries, as `needs` names them; `freeBlocks.*` stands for the entries of the fact and
 * all their fields.
 */
import type { Op } from "../../models/index.ts";
import { changedPaths, compareViews } from "../compare.ts";
import { allocationsById } from "../derived.ts";
import { maxEvidence } from "../evidence.ts";
import type { Evidence, Law, Need, StepRecord } from "../rule.ts";
import { commandOf, direction, failed, idle, opsOf, subjectBlock, taskOf } from "../step.ts";

/** What freeing, draining and merging change. */
const lists = ["frames.use", "frames.order", "zones.nrFree", "zones.nrFreeCma", "zones.nrFreeHighAtomic", "zones.nrFreeBlocks", "pageblocks.type", "freeBlocks.*", "pcp.*"];

/** What taking and giving pages changes besides the allocations. */
const pages = [...lists, "frames.flags"];

/** Counters of pages off the LRU: they follow the page that is taken off, goes back, or is gone. */
const isolated = ["nodes.nrIsolatedAnon", "nodes.nrIsolatedFile"];

/** What a migration changes besides. */
const moves = [...pages, "allocations.ranges"];

/** What draining the batches of the LRU changes: pages are in none, and those go that were freed. */
const batches = [...pages, ...isolated, "allocations", "allocations.lruBatch"];

const isolation = ["frames.order", "zones.nrFree", "zones.nrFreeCma", "zones.nrFreeHighAtomic", "zones.nrFreeBlocks", "zones.nrIsolatePageblock", "pageblocks.type", "pageblocks.savedType", "freeBlocks.*", "isolations.*"];

// KD-2 undoes the isolation of others; that is left to the law about owners.
const contig = [...moves, ...batches, "hugePools.nodes", "allocations", "zones.nrIsolatePageblock", "pageblocks.savedType"];

/** What the pools of huge pages count. */
const pools = ["hugePools.total", "hugePools.free", "hugePools.nodes"];

const poison = [...batches, ...pools, "blocks.nrHwpoison", "totals.numPoisoned"];

/** What changes when sections come and go. */
const sections = [...pages, "sections.*", "frames", "frames.zone", "totals.nrMemmapPages", "totals.highestPresentSection"];

/** What a block changes that goes online or offline. */
const hotplug = [
  ...moves, ...batches, ...pools, "frames.zone", "pageblocks.*", "sections.online", "blocks.state", "blocks.onlineType", "blocks.zone", "blocks.validZones", "zones.start", "zones.spanned", "zones.present", "zones.presentEarly", "zones.managed",
  "zones.contiguous", "nodes.start", "nodes.spanned", "nodes.present", "nodes.hasMemory", "nodes.hasNormalMemory", "nodes.nrZones", "nodes.zonelist", "groups.presentKernel", "groups.presentMovable", "totals.totalram",
];

/** What a half-done operation holds. */
const task = ["tasks.*", "isolations.*", "zones.nrIsolatePageblock", "zones.pcpDisabled", "pageblocks.savedType"];

const add = [...sections, "blocks", "blocks.validZones", "nodes.online", "nodes.zonelist", "nodes.nrZones", "groups.blocks", "resources.*", "totals.maxPfn"];

const remove = [...sections, "blocks", "blocks.validZones", "zones.managed", "nodes.online", "nodes.zonelist", "groups.blocks", "resources.*", "totals.totalram", "totals.nrMemmapBootPages", "totals.numPoisoned"];

const device = [...sections, "zones.start", "zones.spanned", "nodes.start", "nodes.spanned", "nodes.nrZones", "devices.*", "resources.*"];

/** What a successful command changes. Steps of tasks: what their command changes, and what the task holds. */
const onSuccess: Readonly<Record<Exclude<Op, "start" | "step" | "signal">, readonly string[]>> = {
  alloc: [...pages, "allocations"],
  "alloc-atomic": [...pages, "allocations", "zones.nrReservedHighAtomic"],
  unreserve: [...lists, "zones.nrReservedHighAtomic"],
  free: [...pages, ...isolated, "allocations", "allocations.ranges", "allocations.order", "allocations.freed", "hugePools.free", "hugePools.nodes"],
  drain: lists,
  "pcp-disable": [...lists, "zones.pcpDisabled"],
  "pcp-enable": ["zones.pcpDisabled"],
  compact: [...moves, ...batches],
  hold: ["allocations.holds"],
  release: [...pages, ...isolated, "allocations", "allocations.holds", "hugePools.free", "hugePools.nodes"],
  "lru-isolate": ["allocations.lruIsolated", ...isolated],
  "lru-putback": ["allocations.lruIsolated", ...isolated],
  "lru-batch": ["allocations.lruIsolated", "allocations.lruBatch", ...isolated],
  "lru-drain": batches,
  pin: [...moves, ...batches, "hugePools.nodes", "allocations.pins", "allocations.longTermPins"],
  "pin-range": [...moves, ...batches, "hugePools.nodes", "allocations.pins", "allocations.longTermPins"],
  unpin: [...pages, ...isolated, "hugePools.free", "hugePools.nodes", "allocations", "allocations.pins", "allocations.longTermPins"],
  poison,
  "soft-offline": [...poison, "allocations.ranges"],
  unpoison: [...pages, "blocks.nrHwpoison", "totals.numPoisoned"],
  "free-reserved": [...lists, "zones.managed", "totals.totalram"],
  inflate: [...pages, "allocations", "zones.managed", "totals.totalram"],
  deflate: [...pages, "allocations", "allocations.freed", "allocations.inflated", "zones.managed", "totals.totalram"],
  "vmstat-refresh": [],
  isolate: isolation,
  unisolate: isolation,
  "test-isolated": [],
  "alloc-contig": contig,
  "free-contig": [...pages, "allocations", "allocations.ranges"],
  "alloc-contig-pages": contig,
  "cma-alloc": [...contig, "cma.bitmap"],
  "cma-release": [...pages, "allocations", "cma.bitmap"],
  "fake-offline": [...contig, "zones.managed", "totals.totalram"],
  "fake-online": [...lists, "zones.managed", "totals.totalram"],
  add,
  remove,
  "offline-and-remove": [...hotplug, ...remove],
  "write-state": hotplug,
  "write-online": hotplug,
  "group-static": ["groups"],
  "group-dynamic": ["groups"],
  "group-unregister": ["groups"],
  "device-map": device,
  "device-unmap": device,
  "huge-grow": [...pages, "allocations", ...pools],
  "huge-shrink": [...pages, "allocations", ...pools],
  "huge-reserve": ["hugePools.reserved"],
  "huge-use": ["allocations.freed", "hugePools.free", "hugePools.nodes", "hugePools.reserved"],
  "kmem-probe": [...add, "groups", "kmem"],
  "kmem-remove": [...remove, "groups", "kmem"],
  "vmem-request": [...add, ...remove],
  set: ["blocks.validZones"],
  veto: [],
  "fail-next": [],
};

/** What a refused command may leave behind; the exceptions that are switches have laws of their own. Not listed: nothing. */
const onRefusal: Readonly<Partial<Record<Op, readonly string[]>>> = {
  pin: [...moves, ...batches, "hugePools.nodes"],
  "pin-range": [...moves, ...batches, "hugePools.nodes"],
  poison: [...batches, "blocks.nrHwpoison", "totals.numPoisoned"],
  "soft-offline": batches,
  unpoison: lists,
  isolate: ["frames.order", "zones.nrFreeHighAtomic", "zones.nrFreeBlocks", "pageblocks.type", "freeBlocks.*"],
  "alloc-contig": contig,
  "alloc-contig-pages": contig,
  "cma-alloc": contig,
  "fake-offline": contig,
  add: [...sections, "nodes.nrZones", "totals.maxPfn"],
  "offline-and-remove": hotplug,
  "vmem-request": add,
  "kmem-probe": [...sections, "nodes.nrZones", "totals.maxPfn"],
  "device-map": sections,
};

const onlineRefusal = ["blocks.onlineType", "blocks.validZones", "zones.start", "zones.spanned", "zones.contiguous", "nodes.start", "nodes.spanned", "nodes.nrZones"];

// Huge pages that were dissolved before the offline was refused are lost.
const offlineRefusal = [...moves, ...batches, ...pools];

// A failed step takes back what the task held, too.
const offlineStepRefusal = [...offlineRefusal, ...task, "blocks.state", "zones.present", "zones.presentEarly", "nodes.present", "groups.presentKernel", "groups.presentMovable", "blocks.validZones"];

/** Inflated pages that moved take their place among the managed pages of their zone along. */
function movedInflated({ before, outcome }: StepRecord): readonly string[] {
  if (before.allocations === undefined) return [];
  const inflated = allocationsById(before);
  const all = [...(outcome.moved ?? []), ...(outcome.attempts ?? []).flatMap(({ moved }) => moved ?? [])];
  return all.some(({ id }) => inflated.get(id)?.inflated === true) ? ["zones.managed"] : [];
}

function allowedOnSuccess(step: StepRecord): readonly string[] {
  const [, inner] = opsOf(step);
  const op = inner ?? step.command.op;
  if (op === "start" || op === "step" || op === "signal") return [];
  if (inner !== undefined) return [...onSuccess[op], ...task];
  // Blocks that add onlines on its own, or fails to, change what a write to their state file changes.
  return (op === "add" || op === "kmem-probe" || op === "vmem-request") && (step.outcome.events ?? []).length > 0 ? [...onSuccess[op], ...hotplug] : onSuccess[op];
}

function allowedOnRefusal(step: StepRecord): readonly string[] {
  if (taskOf(step) !== undefined) return direction(step) === "offline" ? offlineStepRefusal : [...contig, ...task];
  const command = commandOf(step);
  const way = direction(step);
  const noSuchBlock = step.before.blocks?.every(({ block }) => block !== subjectBlock(step)) === true;
  if (way !== undefined) return noSuchBlock ? [] : way === "online" ? onlineRefusal : offlineRefusal;
  // Blocks that were added before the refusal may have come online.
  if (command.op === "vmem-request" && (step.outcome.events ?? []).length > 0) return [...add, ...hotplug];
  return command.op === "alloc-contig" && command.gfp === "nofail" ? [] : (onRefusal[command.op] ?? []);
}

function permitted(path: Need, allowed: readonly string[]): boolean {
  const fact = path.includes(".") ? path.slice(0, path.indexOf(".")) : path;
  return allowed.includes(path) || allowed.includes(`${fact}.*`);
}

/** Evidence for each change outside the allowed paths. */
function forbiddenChanges({ before, after }: StepRecord, allowed: readonly string[]): readonly Evidence[] {
  if (changedPaths(before, after).every((path) => permitted(path, allowed))) return [];
  const found: Evidence[] = [];
  compareViews(before, after, (path, evidence) => {
    if (!permitted(path, allowed) && found.length < maxEvidence) found.push(...evidence());
  });
  return found;
}

const changesItsOwn: Law = {
  id: "FC-50",
  title: "of all that is shown, an operation changes only what it is about",
  source: "models/catalogue.ts: the effects of each command",
  needs: [],
  ops: [],
  unless: [],
  find: (step) => (failed(step) || idle(step) ? [] : forbiddenChanges(step, [...allowedOnSuccess(step), ...movedInflated(step)])),
};

const failureChangesNothing: Law = {
  id: "HP-60",
  title: "of all that is shown, a command that is skipped or stops the kernel changes nothing, one that is refused only what its refusal is known to leave behind",
  source: "the contract; mm/memory_hotplug.c: online_pages(), offline_pages(), __add_pages(), v6.12 are where Linux leaves something",
  needs: [],
  ops: [],
  unless: [],
  find: (step) => (idle(step) ? forbiddenChanges(step, []) : failed(step) ? forbiddenChanges(step, [...allowedOnRefusal(step), ...movedInflated(step)]) : []),
};

const testingChangesNothing: Law = {
  id: "FC-51",
  title: "looking at a range, and arming a refusal or a failure, change nothing that is shown",
  source: "mm/page_isolation.c: test_pages_isolated(), v6.12",
  needs: [],
  ops: ["test-isolated", "veto", "fail-next"],
  unless: [],
  find: (step) => forbiddenChanges(step, []),
};

export const footprintLaws: readonly Law[] = [changesItsOwn, failureChangesNothing, testingChangesNothing];

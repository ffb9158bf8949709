/**
 * Memory is added to the machine and taken out again.
 *
 * Linux `__add_memory()`, `add_memory_resource()`, `__add_pages()`, `try_remove_memory()`, mm/memory_hotplug.c, v6.12.
 */
import type { Choices } from "./choices.ts";
import type { Add, FailurePoint, NodeId } from "./command.ts";
import { bootMemmapRange, earlySections } from "./description.ts";
import { blockPages, memmapPages } from "./geometry.ts";
import type { Altmap, Block, Machine } from "./machine.ts";
import { framesOf, holdsOthers, insertResource, nodeAt, pageOf, permits, sectionOf, zoneAt } from "./machine.ts";
import { freeMemmap, selfHostedMemmapPages, sharedMemmapPages, takeFromAltmap, takeMemmap, takeSharedMemmap, takesFromAltmap } from "./memmap.ts";
import { blockRange } from "./notifier.ts";
import type { Grant } from "./outcome.ts";
import { freePages } from "./pcp.ts";
import { alignUp, isAligned, pfnRange, rangeContainsRange, rangeEnd, rangesOverlap, toBlockId, toPfn } from "./pfn.ts";
import type { PfnRange } from "./pfn.ts";
import { sectionChunks, sparseAddSection, sparseRemoveSection } from "./sparsemem.ts";
import type { Ending, Refusal } from "./task.ts";
import { done, refuse } from "./task.ts";
import { FrameUse } from "./view.ts";
import { foldNode } from "./vmstat.ts";

/** Whether the armed failure strikes this attempt. */
function failsHere(machine: Machine, what: FailurePoint): boolean {
  const left = machine.failures[what];
  if (left === undefined) return false;
  if (left === 0) delete machine.failures[what];
  else machine.failures[what] = left - 1;
  return left === 0;
}

/** Memmap frames an add took, told as they are taken. */
export type TellMemmap = (grant: Grant) => void;

/** The checks of `__add_memory()` and `add_memory_resource()`, in their order, and then the memory itself. */
export function addMemory(machine: Machine, command: Add, choices: Choices, tell: TellMemmap): Ending {
  const { geometry, hotplugEnd } = machine.description;
  const range = pfnRange(command.start, command.nrPages);
  const size = blockPages(geometry);
  if (range.nrPages === 0 || rangeEnd(range) > hotplugEnd) return refuse("E2BIG", { kind: "not-mappable" });
  if (!resourceIsFree(machine, range)) return refuse("EEXIST", { kind: "resource-busy" });
  if (!isAligned(range.start, size) || !isAligned(range.nrPages, size)) return refuse("EINVAL", { kind: "block-alignment" });
  const group = command.group === null ? undefined : machine.groups[command.group];
  if (command.group !== null && group === undefined) return refuse("EINVAL", { kind: "no-such-group" });
  const nodeId = group?.node ?? command.node;
  const node = machine.nodes[nodeId];
  if (node === undefined) return refuse("EINVAL", { kind: "node-not-possible" });
  if (!node.online) {
    if (failsHere(machine, "node")) return refuse("ENOMEM", { kind: "fail-node" });
    node.nrZones = 0;
    foldNode(machine, nodeId);
  }
  const selfHosted = command.memmapOnMemory ? selfHostedMemmapPages(geometry, machine.description.memmapOnMemory) : 0;
  const { maxPfn } = machine;
  const failed = selfHosted > 0 ? addSelfHosted(machine, range, nodeId, command.group, selfHosted, choices, tell) : addPlain(machine, range, nodeId, command.group, choices, tell);
  if (failed !== undefined) {
    if (machine.maxPfn !== maxPfn && !permits(machine, "EX-3")) machine.maxPfn = maxPfn;
    return failed;
  }
  node.online = true;
  insertResource(machine, { range, kind: "ram" });
  return done;
}

function addPlain(machine: Machine, range: PfnRange, node: NodeId, group: number | null, choices: Choices, tell: TellMemmap): Refusal | undefined {
  const failed = archAddMemory(machine, range, node, 0, choices, tell);
  if (failed !== undefined) return failed;
  return createBlocks(machine, range, node, group, 0, () => removePages(machine, range));
}

/** Linux `create_altmaps_and_memory_blocks()`: block by block; what earlier blocks got is taken back if a later one fails. */
function addSelfHosted(machine: Machine, range: PfnRange, node: NodeId, group: number | null, selfHosted: number, choices: Choices, tell: TellMemmap): Refusal | undefined {
  const size = blockPages(machine.description.geometry);
  for (let start = range.start; start < rangeEnd(range); start = toPfn(start + size)) {
    const one = pfnRange(start, size);
    const failed = archAddMemory(machine, one, node, selfHosted, choices, tell) ?? createBlocks(machine, one, node, group, selfHosted, () => removePages(machine, one));
    if (failed === undefined) continue;
    for (let made = range.start; made < start; made = toPfn(made + size)) {
      delete machine.blocks[made / size];
      removePages(machine, pfnRange(made, size));
    }
    return failed;
  }
  return undefined;
}

function createBlocks(machine: Machine, range: PfnRange, node: NodeId, group: number | null, selfHosted: number, undo: () => void): Refusal | undefined {
  const size = blockPages(machine.description.geometry);
  for (let start = range.start; start < rangeEnd(range); start = toPfn(start + size)) {
    if (!failsHere(machine, "memory-block")) {
      const id = toBlockId(start / size);
      machine.blocks[id] = { id, state: "offline", onlineType: "offline", node, zone: null, selfHosted, group, nrHwpoison: 0, references: 0, boot: false };
      continue;
    }
    for (let made = range.start; made < start; made = toPfn(made + size)) delete machine.blocks[made / size];
    undo();
    return refuse("ENOMEM", { kind: "fail-memory-block", block: toBlockId(start / size) });
  }
  return undefined;
}

/** Linux `arch_add_memory()`: sections, and how far memory reaches. */
function archAddMemory(machine: Machine, range: PfnRange, node: NodeId, selfHosted: number, choices: Choices, tell: TellMemmap): Refusal | undefined {
  const failed = addPages(machine, range, node, selfHosted > 0, choices, tell);
  if (failed === undefined) for (const pfn of framesOf(range)) pageOf(machine, pfn).use = FrameUse.Offline;
  if (failed === undefined || machine.description.arch === "x86-64") machine.maxPfn = toPfn(Math.max(machine.maxPfn, rangeEnd(range)));
  return failed;
}

/**
 * Linux `__add_pages()`: section by section. With EX-1 the sections before the one that failed stay, and stay in the way.
 */
export function addPages(machine: Machine, range: PfnRange, node: NodeId, selfHosted: boolean, choices: Choices, tell: TellMemmap, altmap: Altmap | null = null, vmemmapShift = 0): Refusal | undefined {
  const { geometry } = machine.description;
  const chunks = sectionChunks(machine, range);
  for (const [index, chunk] of chunks.entries()) {
    const failure = sparseAddSection(
      machine,
      chunk,
      () => !failsHere(machine, "usage"),
      () => {
        if (failsHere(machine, "memmap")) return undefined;
        const nrFrames = memmapPages(geometry, chunk.nrPages);
        if (selfHosted) return { backing: "s", grants: [], altmapPages: 0, nrFrames };
        if (altmap !== null && takesFromAltmap(machine, chunk)) return takeFromAltmap(machine, altmap, range.start, chunk) ? { backing: "d", grants: [], altmapPages: nrFrames, nrFrames } : undefined;
        const shared = sharedMemmapPages(machine, chunk, altmap, vmemmapShift);
        const grants = shared === undefined ? takeMemmap(machine, chunk, node, choices, tell) : takeSharedMemmap(machine, shared, node, choices, tell);
        return grants === undefined ? undefined : { backing: shared === undefined ? "k" : "c", grants, altmapPages: 0, nrFrames: shared ?? nrFrames };
      },
    );
    if (failure === undefined) {
      if (sectionOf(machine, chunk.start)?.early === false) machine.nrMemmapPages += sharedMemmapPages(machine, chunk, altmap, vmemmapShift) ?? memmapPages(geometry, chunk.nrPages);
      continue;
    }
    const added = chunks.slice(0, index);
    if (added.length > 0 && permits(machine, "EX-1")) {
      for (const left of added) for (const pfn of framesOf(left)) leaveBehind(machine, pfn);
    } else {
      for (const left of added.toReversed()) removePages(machine, left);
    }
    return refuse(failure === "section-in-use" ? "EEXIST" : "ENOMEM", { kind: failure, pfn: chunk.start });
  }
  return undefined;
}

/** A section left behind by a failed add: memory nobody will ever online. Holes of boot sections stay holes. */
function leaveBehind(machine: Machine, pfn: Parameters<typeof pageOf>[1]): void {
  const page = pageOf(machine, pfn);
  if (page.use === FrameUse.Absent) page.use = FrameUse.Offline;
}

/** Linux `__remove_pages()`: section by section; the memmap goes back to where it came from. */
export function removePages(machine: Machine, range: PfnRange, altmap: Altmap | null = null): void {
  const { geometry } = machine.description;
  for (const chunk of sectionChunks(machine, range)) {
    const gone = sparseRemoveSection(machine, chunk);
    if (gone === undefined) continue;
    freeMemmap(machine, gone.grants);
    if (altmap !== null) altmap.alloc -= gone.altmapPages;
    machine.nrMemmapPages -= gone.nrFrames;
    if (gone.bootMemmapOf === null) continue;
    machine.nrMemmapBootPages -= memmapPages(geometry, geometry.sectionPages);
    freeBootMemmap(machine, gone.bootMemmapOf);
  }
}

/** Linux `free_map_bootmem()`, mm/sparse-vmemmap.c, and `free_pagetable()`: the frames become free and managed. */
function freeBootMemmap(machine: Machine, section: number): void {
  const all = bootMemmapRange(machine.description);
  if (all === undefined) return;
  const nrPages = memmapPages(machine.description.geometry, machine.description.geometry.sectionPages);
  const start = all.start + earlySections(machine.description).indexOf(section) * nrPages;
  for (const pfn of framesOf(pfnRange(toPfn(start), nrPages))) freeReservedPage(machine, pfn);
}

/** Linux `free_reserved_page()`, include/linux/mm.h, v6.12. */
export function freeReservedPage(machine: Machine, pfn: Parameters<typeof pageOf>[1]): void {
  const zone = zoneAt(machine, pageOf(machine, pfn).zone);
  freePages(machine, pfn, 0, false);
  zone.managed += 1;
  machine.totalram += 1;
}

/** The blocks of an aligned range; undefined where one does not exist. */
export function blocksIn(machine: Machine, range: PfnRange): readonly Block[] | undefined {
  const size = blockPages(machine.description.geometry);
  if (rangeEnd(range) > alignUp(machine.description.hotplugEnd, size)) return undefined;
  const blocks = Array.from({ length: range.nrPages / size }, (_, index) => machine.blocks[range.start / size + index]);
  const found = blocks.filter((block) => block !== undefined);
  return found.length === blocks.length ? found : undefined;
}

/** Linux `try_remove_memory()`, for blocks that all exist. */
export function removeMemory(machine: Machine, range: PfnRange, blocks: readonly Block[]): Ending {
  const online = blocks.find(({ state }) => state !== "offline");
  if (online !== undefined) return refuse("EBUSY", { kind: "block-online", block: online.id });
  const selfHosted = blocks.filter(({ selfHosted: pages }) => pages > 0);
  if (selfHosted.length > 0 && selfHosted.length < blocks.length) return refuse("EINVAL", { kind: "mixed-memmap" });
  for (const block of blocks) {
    machine.numPoisoned -= block.nrHwpoison;
    delete machine.blocks[block.id];
  }
  for (const block of blocks) removePages(machine, blockRange(machine, block));
  releaseResource(machine, range);
  const node = blocks.at(-1)?.node;
  if (node !== undefined) tryOfflineNode(machine, node);
  return done;
}

/** Linux `__request_region_locked()`, kernel/resource.c, v6.12: nothing busy is in the way, and what is not busy holds all of the range where it is met. */
export function resourceIsFree(machine: Machine, range: PfnRange): boolean {
  return machine.resources.every((resource) => !rangesOverlap(resource.range, range) || (holdsOthers(resource) && rangeContainsRange(resource.range, range)));
}

/** Linux `release_mem_region_adjustable()`, kernel/resource.c, v6.12: frees, trims or splits the entry that holds the range. */
function releaseResource(machine: Machine, range: PfnRange): void {
  machine.resources = machine.resources.flatMap((resource) => {
    if (holdsOthers(resource) || !rangesOverlap(resource.range, range)) return [resource];
    const before = pfnRange(resource.range.start, Math.max(0, range.start - resource.range.start));
    const after = pfnRange(rangeEnd(range), Math.max(0, rangeEnd(resource.range) - rangeEnd(range)));
    return [before, after].filter(({ nrPages }) => nrPages > 0).map((left) => ({ range: left, kind: resource.kind }));
  });
}

/** Linux `try_offline_node()`: nothing spanned, no block, no CPU. */
function tryOfflineNode(machine: Machine, nodeId: NodeId): void {
  const node = nodeAt(machine, nodeId);
  if (node.spanned > 0 || node.cpus || Object.values(machine.blocks).some((block) => block.node === nodeId)) return;
  node.online = false;
}

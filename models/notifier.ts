/**
 * The memory notifier chain: who is told, and who may refuse.
 *
 * Linux `memory_notify()`, drivers/base/memory.c, and arch/arm64/mm/mmu.c: prevent_bootmem_remove_notifier(), v6.12.
 */
import type { VetoableEvent } from "./command.ts";
import { vetoableEvents } from "./command.ts";
import type { Block, Machine } from "./machine.ts";
import type { Errno, NotifierCall, NotifierEvent } from "./outcome.ts";
import { blockPages } from "./geometry.ts";
import { pfnRange, toPfn } from "./pfn.ts";
import type { PfnRange } from "./pfn.ts";
import { sectionChunks } from "./sparsemem.ts";
import { sectionOf } from "./machine.ts";

/** The frames of a block. */
export function blockRange(machine: Machine, block: Block): PfnRange {
  const size = blockPages(machine.description.geometry);
  return pfnRange(toPfn(block.id * size), size);
}

/** The frames of a block behind its self-hosted memmap: what goes online and offline. */
export function dataRange(machine: Machine, block: Block): PfnRange {
  const range = blockRange(machine, block);
  return pfnRange(toPfn(range.start + block.selfHosted), range.nrPages - block.selfHosted);
}

/** Tells everyone; the errno of who refuses, or undefined. Only the first three events of either direction can be refused. */
export function notify(machine: Machine, block: Block, event: NotifierEvent, events: NotifierCall[]): Errno | undefined {
  const range = dataRange(machine, block);
  events.push({ event, ...range });
  if (!isVetoable(event)) return undefined;
  // The architecture's notifier has the higher priority: a veto of its own leaves the armed one armed.
  if (event === "GOING_OFFLINE" && keepsBootMemory(machine, range)) return "EPERM";
  const armed = machine.vetoes[event];
  delete machine.vetoes[event];
  return armed;
}

function isVetoable(event: NotifierEvent): event is VetoableEvent {
  return vetoableEvents.some((vetoable) => vetoable === event);
}

function keepsBootMemory(machine: Machine, range: PfnRange): boolean {
  return machine.description.arch === "arm64" && sectionChunks(machine, range).some(({ start }) => sectionOf(machine, start)?.early === true);
}

/**
 * Dax devices whose memory is added as System RAM.
 *
 * Linux `dax_kmem_range()`, `dev_dax_kmem_probe()`, `dev_dax_kmem_remove()`, drivers/dax/kmem.c, v6.12.
 */
import { autoOnlineBlocks } from "./block.ts";
import type { Choices } from "./choices.ts";
import type { DaxId, GroupId, KmemProbe, NodeId } from "./command.ts";
import { blockPages } from "./geometry.ts";
import type { Geometry } from "./geometry.ts";
import { registerGroup, unregisterGroup } from "./group.ts";
import { addMemory, blocksIn, removeMemory, resourceIsFree } from "./hotplug.ts";
import type { TellMemmap } from "./hotplug.ts";
import type { Machine } from "./machine.ts";
import { insertResource } from "./machine.ts";
import { alignDown, alignUp, pfnRange, rangeEnd, rangesOverlap, toPfn } from "./pfn.ts";
import type { PfnRange } from "./pfn.ts";
import type { Account, Ending, Refusal } from "./task.ts";
import { done, refuse } from "./task.ts";

/** The whole memory blocks of a range, or null where there are none. */
export function kmemRange(geometry: Geometry, range: PfnRange): PfnRange | null {
  const start = alignUp(range.start, blockPages(geometry));
  const end = alignDown(rangeEnd(range), blockPages(geometry));
  return start < end ? pfnRange(toPfn(start), end - start) : null;
}

/** An error of the first range ends the probe. Once some memory was added, a range that can not be is passed over. */
export function probeKmem(machine: Machine, { device, group }: KmemProbe, choices: Choices, account: Account, tell: TellMemmap): Ending {
  const dax = machine.description.daxDevices?.[device];
  if (dax === undefined) throw new RangeError(`no dax device ${device}`);
  const ranges = dax.ranges.map((range) => kmemRange(machine.description.geometry, range));
  const total = ranges.reduce((sum, range) => sum + (range?.nrPages ?? 0), 0);
  if (total === 0) return refuse("EINVAL", { kind: "too-small" });
  registerGroup(machine, { op: "group-static", id: group, node: dax.node, maxPages: total });
  const added: (PfnRange | null)[] = ranges.map(() => null);
  for (const [index, range] of ranges.entries()) {
    if (range === null) continue;
    const failed = addRange(machine, range, dax.node, group, choices, account, tell);
    if (failed === undefined) {
      added[index] = range;
    } else if (added.every((earlier) => earlier === null)) {
      unregisterGroup(machine, group);
      return failed;
    }
  }
  machine.kmem[device] = { device, group, added };
  return done;
}

/** request_mem_region(), which is made not busy, and add_memory_driver_managed(). */
function addRange(machine: Machine, range: PfnRange, node: NodeId, group: GroupId, choices: Choices, account: Account, tell: TellMemmap): Refusal | undefined {
  if (!resourceIsFree(machine, range)) return refuse("EBUSY", { kind: "region-busy", pfn: range.start });
  insertResource(machine, { range, kind: "kmem" });
  const ending = addMemory(machine, { op: "add", start: range.start, nrPages: range.nrPages, node, memmapOnMemory: false, group }, choices, tell);
  if ("errno" in ending) {
    releaseRegion(machine, range);
    return ending;
  }
  autoOnlineBlocks(machine, range, choices, account);
  return undefined;
}

/** Linux `remove_resource()`: what lay inside stays. */
function releaseRegion(machine: Machine, range: PfnRange): void {
  machine.resources = machine.resources.filter((resource) => !(resource.kind === "kmem" && resource.range.start === range.start));
}

/**
 * Never fails: memory that is online stays, with its region and its group, and nobody can remove it any more. A range that
 * is too small for a block is not counted among those that are done, so that the group of its device stays too.
 */
export function removeKmem(machine: Machine, device: DaxId): void {
  const kmem = machine.kmem[device];
  const dax = machine.description.daxDevices?.[device];
  if (kmem === undefined || dax === undefined) throw new RangeError(`no dax device ${device} of the driver`);
  let nrDone = 0;
  for (const [index, range] of dax.ranges.entries()) {
    if (kmemRange(machine.description.geometry, range) === null) continue;
    const added = kmem.added[index] ?? null;
    if (added !== null) {
      const ending = removeMemory(machine, added, blocksIn(machine, added) ?? []);
      if (ending.result !== "ok") continue;
      releaseRegion(machine, added);
    }
    nrDone += 1;
  }
  delete machine.kmem[device];
  if (nrDone === dax.ranges.length) unregisterGroup(machine, kmem.group);
}

/** Memory that the driver added, and nobody else removes. */
export function isKmem(machine: Machine, range: PfnRange): boolean {
  return machine.resources.some((resource) => resource.kind === "kmem" && rangesOverlap(resource.range, range));
}

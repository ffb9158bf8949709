/**
 * A virtio-mem device: the hypervisor says how much of its region the guest should have, and the driver adds and removes
 * memory blocks until that is so.
 *
 * Linux `virtio_mem_init_hotplug()`, `virtio_mem_refresh_config()`, `virtio_mem_run_wq()`, drivers/virtio/virtio_mem.c,
 * v6.12, in big block mode (force_bbm=Y) with blocks of one memory block, and unplug_online=N.
 */
import { autoOnlineBlocks } from "./block.ts";
import type { Choices } from "./choices.ts";
import type { GroupId, VmemRequest } from "./command.ts";
import { blockPages } from "./geometry.ts";
import { addMemory, removeMemory } from "./hotplug.ts";
import type { TellMemmap } from "./hotplug.ts";
import type { Block, Machine } from "./machine.ts";
import { insertResource } from "./machine.ts";
import { blockRange } from "./notifier.ts";
import { alignDown, alignUp, pfnRange, rangeContains, rangeEnd, rangesOverlap, toPfn } from "./pfn.ts";
import type { Pfn, PfnRange } from "./pfn.ts";
import type { Account, Ending } from "./task.ts";
import { done, refuse } from "./task.ts";

/** The label of the dynamic memory group of the device. */
export const virtioMemGroup: GroupId = 0;

/** VIRTIO_MEM_DEFAULT_OFFLINE_THRESHOLD, and room for two blocks: no more memory than this is added and not yet online. */
function offlineThreshold(blockBytes: number): number {
  return Math.max(2 * blockBytes, 2 ** 30);
}

/** Linux `virtio_mem_create_resource()` and the memory group. */
export function initVirtioMem(machine: Machine): void {
  const { virtioMem, geometry } = machine.description;
  if (virtioMem === undefined) return;
  insertResource(machine, { range: virtioMem.region, kind: "virtio-mem" });
  machine.groups[virtioMemGroup] = { id: virtioMemGroup, node: virtioMem.node, dynamic: true, pages: blockPages(geometry), presentKernel: 0, presentMovable: 0 };
}

/** The range is, or may become, memory of the device: nobody else adds or removes it. */
export function isVirtioMem(machine: Machine, range: PfnRange): boolean {
  const { virtioMem } = machine.description;
  return virtioMem !== undefined && rangesOverlap(virtioMem.region, range);
}

/** Blocks of the device, ascending. */
function pluggedBlocks(machine: Machine, region: PfnRange): readonly Block[] {
  return Object.values(machine.blocks)
    .filter((block) => rangeContains(region, blockRange(machine, block).start))
    .toSorted((a, b) => a.id - b.id);
}

/** First frames of the blocks that lie in the region and in what can be mapped: first_bb_id to last_usable_bb_id. */
function usableBlocks(machine: Machine, region: PfnRange): readonly Pfn[] {
  const size = blockPages(machine.description.geometry);
  const first = alignUp(region.start, size);
  const end = alignDown(Math.min(rangeEnd(region), machine.description.hotplugEnd), size);
  return Array.from({ length: Math.max(0, end - first) / size }, (_, index) => toPfn(first + index * size));
}

/** One run of the worker. What it has added or removed by the time of an error stays so. */
export function requestVirtioMem(machine: Machine, { nrPages }: VmemRequest, choices: Choices, account: Account, tell: TellMemmap): Ending {
  const { virtioMem, geometry } = machine.description;
  if (virtioMem === undefined) throw new RangeError("there is no virtio-mem device");
  const size = blockPages(geometry);
  const plugged = pluggedBlocks(machine, virtioMem.region);
  const missing = nrPages - plugged.length * size;
  if (missing < 0) return unplug(machine, plugged, Math.floor(-missing / size));
  for (let left = Math.floor(missing / size); left > 0; left--) {
    const ending = plugOne(machine, virtioMem.region, choices, account, tell);
    if (ending.result !== "ok") return ending;
  }
  return done;
}

/** Linux `virtio_mem_bbm_plug_request()`: the lowest block that is unused. */
function plugOne(machine: Machine, region: PfnRange, choices: Choices, account: Account, tell: TellMemmap): Ending {
  const { geometry, virtioMem } = machine.description;
  const size = blockPages(geometry);
  const offline = pluggedBlocks(machine, region).filter(({ state }) => state === "offline").length;
  const blockBytes = size * geometry.pageBytes;
  if ((offline + 1) * blockBytes > offlineThreshold(blockBytes)) return refuse("ENOSPC", { kind: "too-much-offline" });
  const start = usableBlocks(machine, region).find((pfn) => machine.blocks[pfn / size] === undefined);
  if (start === undefined) return refuse("ENOSPC", { kind: "no-usable-block" });
  const ending = addMemory(machine, { op: "add", start, nrPages: size, node: virtioMem?.node ?? 0, memmapOnMemory: false, group: virtioMemGroup }, choices, tell);
  if ("errno" in ending) {
    if (ending.errno !== "ENOMEM") machine.virtioMemBroken = true;
    return ending;
  }
  autoOnlineBlocks(machine, pfnRange(start, size), choices, account);
  return done;
}

/** Linux `virtio_mem_bbm_unplug_request()`: blocks that are offline, the highest first. Fewer than asked for are no error. */
function unplug(machine: Machine, plugged: readonly Block[], nrBlocks: number): Ending {
  const offline = plugged.filter(({ state }) => state === "offline").toReversed();
  for (const block of offline.slice(0, nrBlocks)) removeMemory(machine, blockRange(machine, block), [block]);
  return done;
}

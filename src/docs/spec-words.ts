/** What docs/spec.md says of the words that commands, answers and views are made of. */
import { frameUseNames, namedMachines } from "../../models/index.ts";
import type { Op, Result } from "../../models/index.ts";

/** The ways in which a command can end. */
export const resultWords: Readonly<Record<Result, string>> = {
  ok: "done",
  refused: "the errno came back; what has changed by then is what the effects say of a refusal",
  skipped: "the command could not be issued in this state: a label that names nothing, a range that no caller may pass, a lock that a half-done task holds. Nothing changed",
  livelock: "the operation would repeat until a signal; the state is the one after that signal, and the errno is EINTR",
  bug: "the kernel would stop here (BUG_ON); nothing changed",
  running: "a task took a step and is not done",
};

const uses: Readonly<Record<string, readonly [name: string, meaning: string]>> = {
  unknown: ["Unknown", "nobody can say; only in views of a live kernel"],
  absent: ["Absent", "the section is present, this subsection was never added"],
  hole: ["Hole", "part of a boot section in which there is no memory"],
  offline: ["Offline", "memory of a section that is not online"],
  reserved: ["Reserved", "taken at boot, before the buddy allocator: PageReserved. Boot memmap included"],
  free: ["Free", "in a free block of the buddy allocator"],
  pcp: ["Pcp", "on a per-CPU list"],
  allocated: ["Allocated", "owned by an allocation"],
  memmap: ["Memmap", "taken by the kernel for a memmap"],
  "self-hosted memmap": ["SelfHosted", "the block's own memmap (memmap_on_memory)"],
  "page-offline": ["PageOffline", "PageOffline inside an online section, still referenced by its driver"],
  "page-offline dropped": ["PageOfflineDropped", "PageOffline, the driver gave up its reference"],
  poisoned: ["Poisoned", "bad, kept from use"],
  guard: ["Guard", "in a guard block: half of a split block, kept out of use until the other half is free again"],
  limbo: ["Limbo", "in use by nobody and free to nobody: lost"],
  device: ["Device", "ZONE_DEVICE"],
};

/** What a frame is: code, name, meaning. */
export const frameUseWords: readonly (readonly [code: string, name: string, meaning: string])[] = frameUseNames.map((use, code) => {
  const words = uses[use];
  if (words === undefined) throw new Error(`docs/spec.md has no words for the use "${use}"`);
  return [String(code), ...words];
});

/** The commands by what they are about, in the order of the catalogue. */
export const commandGroups: readonly { readonly title: string; readonly ops: readonly Op[] }[] = [
  { title: "Page allocator", ops: ["alloc", "alloc-atomic", "unreserve", "free", "drain", "pcp-disable", "pcp-enable", "compact"] },
  { title: "References and pins", ops: ["hold", "release", "lru-isolate", "lru-putback", "lru-batch", "lru-drain", "pin", "pin-range", "unpin"] },
  { title: "Memory errors and reserved frames", ops: ["poison", "soft-offline", "unpoison", "free-reserved"] },
  { title: "Balloon", ops: ["inflate", "deflate"] },
  { title: "Statistics", ops: ["vmstat-refresh"] },
  { title: "Isolation", ops: ["isolate", "unisolate", "test-isolated"] },
  { title: "Contiguous allocation", ops: ["alloc-contig", "free-contig", "alloc-contig-pages", "cma-alloc", "cma-release", "fake-offline", "fake-online"] },
  { title: "Hotplug", ops: ["add", "remove", "offline-and-remove", "write-state", "write-online"] },
  { title: "Memory groups", ops: ["group-static", "group-dynamic", "group-unregister"] },
  { title: "Device memory", ops: ["device-map", "device-unmap"] },
  { title: "Memory of dax devices", ops: ["kmem-probe", "kmem-remove"] },
  { title: "Memory of a virtio-mem device", ops: ["vmem-request"] },
  { title: "Pools of huge pages", ops: ["huge-grow", "huge-shrink", "huge-reserve", "huge-use"] },
  { title: "Surroundings", ops: ["set", "veto", "fail-next"] },
  { title: "Long operations, step by step", ops: ["start", "step", "signal"] },
];

/** What the fields of commands mean; a field of this name means the same in every command that has it. */
export const fieldWords: Readonly<Record<string, string>> = {
  id: "the label of what the command makes or uses. Each kind of thing counts for itself: allocation 1 and token 1 are different things",
  task: "the label of a half-done operation",
  kind: "what the pages are for, one of the page kinds",
  order: "2^order frames",
  reserve: "frames at the start of a device range that its driver keeps for itself; left out: none",
  free: "frames behind them that are set aside for the memmap of the range; left out: none",
  vmemmapShift: "order of the compound pages of a device; left out: single pages",
  node: "index in the machine's list of nodes",
  area: "index in the machine's list of CMA areas",
  block: "number of a memory block, as in memoryN",
  pfn: "one frame",
  start: "first frame of a range",
  nrPages: "frames of the range, or frames wanted",
  thisNode: "__GFP_THISNODE: no other node will do",
  zone: "of `alloc`: the highest zone that a kernel request may use, ignored by the other kinds; elsewhere: the zone",
  pcp: "the frames may go to a per-CPU list; false: to the buddy",
  longTerm: "FOLL_LONGTERM: the page is moved out of zone Movable and CMA first",
  first: "the allocation in which the range begins; null: none",
  zero: "the zero page is in the range, behind the pages of `first`",
  last: "the allocation in which the range ends, as a whole; null: none",
  mode: "who isolates, and so which pages may stay in the range",
  compound: "__GFP_COMP: one compound page instead of single frames",
  gfp: "reclaim bits of the request: `nofs` leaves file pages alone, `nofail` is not allowed and refused",
  movable: "zone Movable may be used",
  align: "an order: the first frame is a multiple of 2^align",
  drops: "the driver gives up its reference when the block goes offline",
  memmapOnMemory: "MHP_MEMMAP_ON_MEMORY: the blocks are to host their own memmap",
  group: "of `add`: the memory group of the blocks, which then names the node; null: none. Of `kmem-probe`: the label of the group that the driver registers",
  device: "index in the machine's list of dax devices",
  value: "the word or flag that is written",
  maxPages: "frames that the device has at most",
  unitPages: "frames of the unit in which the device grows",
  setting: "the setting and its new value: `auto_online_blocks`, `online_policy`, `auto_movable_ratio` (percent) or `auto_movable_numa_aware`",
  event: "the notifier event that is refused next",
  errno: "the errno it is refused with",
  what: "where the failure strikes",
  skip: "of `fail-next`: attempts that still succeed before; of `pin-range`: the page of `first` where the range begins",
  force: "the last pageblock too",
  count: "pages that are promised from now on",
  reserved: "the page is one of those that were promised",
  command: "the operation that is taken step by step: an `alloc-contig` or a `write-state`",
};

/** The machines that have a name. */
export const machineNames: string = namedMachines.map(({ name }) => `\`${name}\``).join(", ");
